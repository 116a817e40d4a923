package bolt

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

// asNobody calls f with the file rights of a user that owns nothing, if the
// test runs as root, who may do everything. The rights belong to the thread,
// which ends with the goroutine.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	done := make(chan syscall.Errno)
	go func() {
		runtime.LockOSThread()
		syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		now, _, errno := syscall.RawSyscall(syscall.SYS_SETFSUID, 65534, 0, 0)
		if errno == 0 && now != 65534 {
			errno = syscall.EPERM
		}
		if errno == 0 {
			f()
		}
		done <- errno
	}()
	if errno := <-done; errno != 0 {
		t.Fatalf("setfsuid: %v", errno)
	}
}

func TestReadOnly(t *testing.T) {
	t.Parallel()
	top := t.TempDir()
	dir := filepath.Join(top, "data")
	fill(t, dir)
	path := filepath.Join(dir, FileName)
	empty := filepath.Join(top, "empty")
	if err := os.Mkdir(empty, 0o555); err != nil {
		t.Fatal(err)
	}
	for name, mode := range map[string]fs.FileMode{top: 0o555, filepath.Dir(top): 0o755, dir: 0o555, path: 0o444} {
		if err := os.Chmod(name, mode); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { errors.Join(os.Chmod(top, 0o700), os.Chmod(dir, 0o700), os.Chmod(empty, 0o700)) })
	for name, named := range map[string]string{
		dir:                         path,
		empty:                       filepath.Join(empty, FileName) + ":",
		filepath.Join(top, "other"): filepath.Join(top, "other"),
	} {
		var err error
		asNobody(t, func() { _, err = Open(name) })
		wantNamed(t, err, named)
		if !errors.Is(err, fs.ErrPermission) {
			t.Errorf("Open(%s) = %v, want %v", name, err, fs.ErrPermission)
		}
	}
}
