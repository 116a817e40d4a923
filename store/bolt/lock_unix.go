//go:build linux || darwin || freebsd || netbsd || openbsd || dragonfly

package bolt

import (
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lock locks f for this process alone, in the way bbolt does, so that bbolt
// finds it locked by itself. The lock goes when f is closed or the process
// ends, however it ends.
func lock(f *os.File) error {
	deadline := time.Now().Add(lockTimeout)
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			return &os.PathError{Op: "lock", Path: f.Name(), Err: err}
		case time.Now().After(deadline):
			return &os.PathError{Op: "lock", Path: f.Name(), Err: fmt.Errorf("%w (waited %v)", ErrInUse, lockTimeout)}
		default:
			time.Sleep(lockRetry)
		}
	}
}
