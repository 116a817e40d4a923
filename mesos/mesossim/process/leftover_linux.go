package process

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// ErrInUse says that another program runs tasks in the same work directory.
var ErrInUse = errors.New("work directory is in use")

// lockDir makes sure that only one Runner uses a work directory.
func lockDir(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, ".lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	return f, nil
}

// endLeftovers kills what an earlier program left running in a work directory.
// When a program is killed the kernel kills the processes that it started, but
// not their children; those are known by the variable that every task has.
func endLeftovers(dir string) {
	mark := []byte("\x00MESOS_DIRECTORY=" + dir + "/")
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		env, err := os.ReadFile(filepath.Join("/proc", e.Name(), "environ"))
		if err == nil && bytes.Contains(append([]byte{0}, env...), mark) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}
