package zookeepertest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long a server may take to start or to end. A busy machine
// needs seconds.
const patience = 2 * time.Minute

// tick is ZooKeeper's unit of time in tests, and how often sessions are looked
// at for expiry: the session of a dead client outlives its time-out by up to
// one.
const tick = 200 * time.Millisecond

// Config says what is special about a server. The zero Config is an ordinary one.
type Config struct {
	// Settings are further lines of zoo.cfg.
	Settings []string

	// Flags are further flags of the Java machine.
	Flags []string

	// Jars are further jars, below the directory of ZooKeeper's.
	Jars []string
}

// Server is a ZooKeeper server on loopback.
type Server struct {
	config     Config
	dir        string
	port       int
	securePort int
	authority  string
	given      string // address of a server that is not ours
	members    string // the servers of an ensemble, as lines of zoo.cfg

	mu  sync.Mutex
	cmd *exec.Cmd
	log bytes.Buffer
	end chan struct{} // closed when the process has ended
}

// Start starts a server for one test. It ends with the test.
func Start(tb testing.TB, config Config) *Server {
	tb.Helper()
	requireJars(tb)
	s, err := newServer(config)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.remove)
	if err := s.run(); err != nil {
		tb.Fatal(err)
	}
	return s
}

// StartEnsemble starts n servers that replicate each other, which takes some
// seconds. They end with the test.
func StartEnsemble(tb testing.TB, n int) []*Server {
	tb.Helper()
	requireJars(tb)
	var members strings.Builder
	servers := make([]*Server, n)
	for i := range servers {
		s, err := newServer(Config{Settings: []string{"initLimit=100", "syncLimit=25"}})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(s.remove)
		servers[i] = s
		ports, err := freePorts(2)
		if err != nil {
			tb.Fatal(err)
		}
		fmt.Fprintf(&members, "server.%d=127.0.0.1:%d:%d\n", i+1, ports[0], ports[1])
		if err := os.WriteFile(filepath.Join(s.dir, "myid"), []byte(strconv.Itoa(i+1)), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	for _, s := range servers {
		s.members = members.String()
		if err := s.launch(); err != nil {
			tb.Fatal(err)
		}
	}
	for _, s := range servers {
		if err := s.await(); err != nil {
			tb.Fatal(err)
		}
	}
	return servers
}

func newServer(config Config) (*Server, error) {
	dir, err := os.MkdirTemp(tmpfs(), fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
	if err != nil {
		return nil, err
	}
	return &Server{config: config, dir: dir}, nil
}

const dirPrefix = "hora-zookeeper-"

// tmpfs is where data is put: in memory if the machine has a place for that.
// What test binaries left behind that were killed is removed.
func tmpfs() string {
	dir := os.TempDir()
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir = "/dev/shm"
	}
	old, _ := filepath.Glob(filepath.Join(dir, dirPrefix+"*"))
	for _, path := range old {
		owner, _, _ := strings.Cut(strings.TrimPrefix(filepath.Base(path), dirPrefix), "-")
		if pid, err := strconv.Atoi(owner); err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(path)
		}
	}
	return dir
}

// Addr is host:port of the server. It stays the same when it starts again.
func (s *Server) Addr() string {
	if s.given != "" {
		return s.given
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port))
}

// Dir is where the server keeps its data.
func (s *Server) Dir() string { return s.dir }

// Kill ends the server at once, as kill -9 does, and waits for its end. What it
// had acknowledged is kept.
func (s *Server) Kill() {
	s.mu.Lock()
	cmd, end := s.cmd, s.end
	s.cmd = nil
	s.mu.Unlock()
	if cmd == nil {
		return
	}
	_ = cmd.Process.Kill()
	<-end
}

// Restart starts the server after Kill, and waits until it answers.
func (s *Server) Restart(tb testing.TB) {
	tb.Helper()
	if err := s.run(); err != nil {
		tb.Fatal(err)
	}
}

// Relaunch starts the server after Kill and does not wait.
func (s *Server) Relaunch(tb testing.TB) {
	tb.Helper()
	if err := s.launch(); err != nil {
		tb.Fatal(err)
	}
}

// Wipe kills the server, removes all that it keeps, and starts it again.
func (s *Server) Wipe(tb testing.TB) {
	tb.Helper()
	s.Kill()
	if err := os.RemoveAll(filepath.Join(s.dir, "version-2")); err != nil {
		tb.Fatal(err)
	}
	s.Restart(tb)
}

// FillDisk has every write to a file fail from now on, as on a disk that is full,
// until the server is started again. The test is skipped where the system has
// nothing to do that with.
func (s *Server) FillDisk(tb testing.TB) {
	tb.Helper()
	tool, err := exec.LookPath("prlimit")
	if err != nil {
		tb.Skip("there is no prlimit (Linux, Debian package util-linux)")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		tb.Fatal("the server does not run")
	}
	if out, err := exec.Command(tool, "--fsize=0", "--pid", strconv.Itoa(s.cmd.Process.Pid)).CombinedOutput(); err != nil {
		tb.Fatalf("prlimit: %v: %s", err, out)
	}
}

// Pause stops the server by SIGSTOP: connections stay and nothing is answered.
func (s *Server) Pause(tb testing.TB) { s.signal(tb, syscall.SIGSTOP) }

// Resume has a paused server go on.
func (s *Server) Resume(tb testing.TB) { s.signal(tb, syscall.SIGCONT) }

func (s *Server) signal(tb testing.TB, sig syscall.Signal) {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd == nil {
		tb.Fatal("the server does not run")
	}
	if err := s.cmd.Process.Signal(sig); err != nil {
		tb.Fatal(err)
	}
}

// remove ends the server and deletes its data.
func (s *Server) remove() {
	s.Kill()
	_ = os.RemoveAll(s.dir)
}

// run launches the server and waits until it answers. The port of a new server
// was free a moment ago; should another process have it now, a next one is tried.
func (s *Server) run() error {
	for attempt := 1; ; attempt++ {
		fresh := s.port == 0
		if err := s.launch(); err != nil {
			return err
		}
		err := s.await()
		if err == nil || !fresh || attempt == 3 {
			return err
		}
		s.Kill()
		s.port = 0
	}
}

// launch starts the process.
func (s *Server) launch() error {
	if s.port == 0 {
		ports, err := freePorts(1)
		if err != nil {
			return err
		}
		s.port = ports[0]
	}
	config := fmt.Sprintf("dataDir=%s\nclientPort=%d\nclientPortAddress=127.0.0.1\ntickTime=%d\nmaxSessionTimeout=120000\n"+
		"maxClientCnxns=0\nadmin.enableServer=false\n4lw.commands.whitelist=*\n%s%s\n",
		s.dir, s.port, tick.Milliseconds(), s.members, strings.Join(s.config.Settings, "\n"))
	path := filepath.Join(s.dir, "zoo.cfg")
	if err := os.WriteFile(path, []byte(config), 0o600); err != nil {
		return err
	}
	args := append([]string{"-Xmx1g", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.preAllocSize=1024"}, s.config.Flags...)
	args = append(args, "-cp", classPath(s.config.Jars), "org.apache.zookeeper.server.quorum.QuorumPeerMain", path)
	cmd := exec.Command("java", args...)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		return errors.New("the server runs already")
	}
	s.log.Reset()
	cmd.Stdout, cmd.Stderr = &s.log, &s.log
	end, err := startBound(cmd)
	if err != nil {
		return fmt.Errorf("start ZooKeeper: %w", err)
	}
	s.cmd, s.end = cmd, end
	return nil
}

// startBound starts a process that ends with this one, however this one ends.
// The system binds it to the thread that started it, which therefore stays.
func startBound(cmd *exec.Cmd) (end chan struct{}, err error) {
	end = make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		bind(cmd)
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(end)
		}
	}()
	return end, <-started
}

// await waits until the server answers.
func (s *Server) await() error {
	s.mu.Lock()
	end := s.end
	s.mu.Unlock()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if serves(s.Addr()) {
			return nil
		}
		select {
		case <-again.C:
		case <-end:
			return fmt.Errorf("ZooKeeper at %s ended: %s", s.Addr(), s.log.String())
		case <-deadline.C:
			return fmt.Errorf("ZooKeeper at %s did not answer within %v", s.Addr(), patience)
		}
	}
}

// Mode is what the server says it is: standalone, leader, follower, or "" if it
// does not serve.
func (s *Server) Mode() string {
	_, rest, _ := strings.Cut(ask(s.Addr(), "srvr"), "Mode: ")
	mode, _, _ := strings.Cut(rest, "\n")
	return mode
}

// Ask sends one of ZooKeeper's four-letter words and returns the answer, "" if
// there is none.
func (s *Server) Ask(word string) string { return ask(s.Addr(), word) }

// serves says whether the server at addr serves clients.
func serves(addr string) bool { return strings.Contains(ask(addr, "srvr"), "Mode: ") }

func ask(addr, word string) string {
	conn, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return ""
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := io.WriteString(conn, word); err != nil {
		return ""
	}
	answer, _ := io.ReadAll(conn)
	return string(answer)
}

// freePorts returns ports that nobody listens on.
func freePorts(n int) ([]int, error) {
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports, nil
}
