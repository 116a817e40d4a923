package process

import (
	"errors"
	"os"
	"syscall"
	"unsafe"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// launchAttr is how a process is to be started.
type launchAttr struct {
	dir      string
	env      []string
	in       *os.File
	out, err *os.File
	cred     *syscall.Credential
}

// proc is a child process, the leader of its own group.
type proc struct {
	pid   int
	pidfd *os.File // nil if the kernel has none
}

// startProc starts a process from the calling thread.
func startProc(path string, argv []string, a *launchAttr) (*proc, error) {
	fd := -1
	pid, _, err := syscall.StartProcess(path, argv, &syscall.ProcAttr{
		Dir:   a.dir,
		Env:   a.env,
		Files: []uintptr{a.in.Fd(), a.out.Fd(), a.err.Fd()},
		Sys: &syscall.SysProcAttr{
			Setpgid:    true,
			Pdeathsig:  syscall.SIGKILL,
			Credential: a.cred,
			PidFD:      &fd,
		},
	})
	if err != nil {
		return nil, &os.PathError{Op: "exec", Path: path, Err: err}
	}
	p := &proc{pid: pid}
	if fd >= 0 {
		if syscall.SetNonblock(fd, true) == nil {
			p.pidfd = os.NewFile(uintptr(fd), "pidfd")
		} else {
			syscall.Close(fd)
		}
	}
	return p, nil
}

// Arguments of waitid(2).
const (
	waitPID  = 1 // P_PID
	waitNow  = 0x00000001
	waitExit = 0x00000004
	waitKeep = 0x01000000
)

// exited tells whether the process is a zombie, without reaping it.
func (p *proc) exited(flags uintptr) (bool, error) {
	var info [128]byte
	for {
		_, _, e := syscall.Syscall6(syscall.SYS_WAITID, waitPID, uintptr(p.pid),
			uintptr(unsafe.Pointer(&info)), waitExit|waitKeep|flags, 0, 0)
		switch {
		case e == syscall.EINTR:
			continue
		case e != 0:
			return false, e
		}
		// si_signo is 0 when no child was waitable.
		return info[0] != 0 || info[1] != 0, nil
	}
}

// wait waits for the end without holding a thread where the kernel allows it,
// calls atEnd while the process is still a zombie, and reaps it.
func (p *proc) wait(atEnd func()) syscall.WaitStatus {
	if !p.poll() {
		for {
			if done, err := p.exited(0); done || err != nil {
				break
			}
		}
	}
	atEnd()
	var status syscall.WaitStatus
	for {
		_, err := syscall.Wait4(p.pid, &status, 0, nil)
		if !errors.Is(err, syscall.EINTR) {
			return status
		}
	}
}

// poll waits by the runtime's poller; false if that is not possible.
func (p *proc) poll() bool {
	if p.pidfd == nil {
		return false
	}
	defer p.pidfd.Close()
	conn, err := p.pidfd.SyscallConn()
	if err != nil {
		return false
	}
	done := false
	err = conn.Read(func(uintptr) bool {
		var waitErr error
		done, waitErr = p.exited(waitNow)
		return done || waitErr != nil
	})
	return err == nil && done
}

// signalGroup sends a signal to a process group.
func signalGroup(pgid int, sig syscall.Signal) { _ = syscall.Kill(-pgid, sig) }

func exitOf(s syscall.WaitStatus) mesossim.Exit {
	if s.Signaled() {
		return mesossim.Exit{Signal: signalName(s.Signal()), CoreDumped: s.CoreDump()}
	}
	return mesossim.Exit{Status: s.ExitStatus()}
}

// signalName is what strsignal(3) of glibc says.
func signalName(s syscall.Signal) string {
	if name, ok := signalNames[s]; ok {
		return name
	}
	return s.String()
}

var signalNames = map[syscall.Signal]string{
	syscall.SIGHUP: "Hangup", syscall.SIGINT: "Interrupt", syscall.SIGQUIT: "Quit",
	syscall.SIGILL: "Illegal instruction", syscall.SIGTRAP: "Trace/breakpoint trap",
	syscall.SIGABRT: "Aborted", syscall.SIGBUS: "Bus error", syscall.SIGFPE: "Floating point exception",
	syscall.SIGKILL: "Killed", syscall.SIGUSR1: "User defined signal 1",
	syscall.SIGSEGV: "Segmentation fault", syscall.SIGUSR2: "User defined signal 2",
	syscall.SIGPIPE: "Broken pipe", syscall.SIGALRM: "Alarm clock", syscall.SIGTERM: "Terminated",
	syscall.SIGXCPU: "CPU time limit exceeded", syscall.SIGXFSZ: "File size limit exceeded",
}
