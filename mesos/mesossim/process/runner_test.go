package process

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// report is what a Runner said of a task.
type report struct {
	container string
	pid       int            // Started
	failure   string         // LaunchFailed
	exit      *mesossim.Exit // Exited
	healthy   *bool          // Checked
}

type reports chan report

func (r reports) Started(c string, pid int)        { r <- report{container: c, pid: pid} }
func (r reports) LaunchFailed(c, message string)   { r <- report{container: c, failure: message} }
func (r reports) Exited(c string, e mesossim.Exit) { r <- report{container: c, exit: &e} }
func (r reports) Checked(c string, healthy bool)   { r <- report{container: c, healthy: &healthy} }

type fixture struct {
	*testing.T
	*Runner
	reports reports
	dir     string
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	dir, err := os.MkdirTemp("", "process-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	f := &fixture{T: t, reports: make(reports, 1000), dir: dir}
	f.Runner, err = NewRunner(Config{WorkDir: dir, Env: []string{"PATH=/usr/local/bin:/usr/bin:/bin"}}, f.reports)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		f.Close()
		os.RemoveAll(dir)
	})
	return f
}

func spec(id string, c *mesos.CommandInfo) *mesossim.LaunchSpec {
	return &mesossim.LaunchSpec{
		AgentID: "S0", FrameworkID: "F", User: c.GetUser(),
		Task: &mesos.TaskInfo{Name: id, TaskID: mesos.TaskID{Value: id}, Command: c},
	}
}

func (f *fixture) next() report {
	f.Helper()
	select {
	case r := <-f.reports:
		return r
	case <-time.After(patience):
		f.Fatal("no report came")
		return report{}
	}
}

// run runs a command to its end and returns how it ended and what it printed.
func (f *fixture) run(c *mesos.CommandInfo) (exit string, stdout, stderr string) {
	f.Helper()
	s := spec("task", c)
	id := f.Name()[strings.LastIndexByte(f.Name(), '/')+1:] + strconv.Itoa(int(time.Now().UnixNano()))
	f.Do(mesossim.Command{Kind: mesossim.Launch, ContainerID: id, Launch: s})
	for {
		r := f.next()
		switch {
		case r.failure != "":
			exit = "launch: " + r.failure
		case r.exit != nil && r.exit.Signal != "":
			exit = r.exit.Signal
		case r.exit != nil:
			exit = strconv.Itoa(r.exit.Status)
		default:
			continue
		}
		dir := Sandbox(f.dir, id, s)
		out, _ := os.ReadFile(filepath.Join(dir, "stdout"))
		errOut, _ := os.ReadFile(filepath.Join(dir, "stderr"))
		return exit, string(out), string(errOut)
	}
}

func ptr[T any](v T) *T { return &v }

func TestCommands(t *testing.T) {
	t.Parallel()
	for name, x := range map[string]struct {
		command mesos.CommandInfo
		exit    string
		stdout  string
	}{
		"status":                  {mesos.CommandInfo{Value: ptr("exit 3")}, "3", ""},
		"empty":                   {mesos.CommandInfo{Value: ptr("")}, "0", ""},
		"not found":               {mesos.CommandInfo{Value: ptr("no-such-command-xyz")}, "127", ""},
		"not executable":          {mesos.CommandInfo{Value: ptr("/etc/passwd")}, "126", ""},
		"killed":                  {mesos.CommandInfo{Value: ptr("kill -KILL $$")}, "Killed", ""},
		"terminated":              {mesos.CommandInfo{Value: ptr("kill -TERM $$")}, "Terminated", ""},
		"shell ignores arguments": {mesos.CommandInfo{Value: ptr(`echo "$#"`), Arguments: []string{"a", "b"}}, "0", "0\n"},
		"argv":                    {mesos.CommandInfo{Shell: ptr(false), Value: ptr("/bin/sh"), Arguments: []string{"sh", "-c", `echo "$0 $1"; exit 5`, "zero", "one two"}}, "5", "zero one two\n"},
		"argv 0":                  {mesos.CommandInfo{Shell: ptr(false), Value: ptr("/bin/echo"), Arguments: []string{"hello"}}, "0", "\n"},
		"path":                    {mesos.CommandInfo{Shell: ptr(false), Value: ptr("echo"), Arguments: []string{"echo", "x"}}, "0", "x\n"},
		"missing binary":          {mesos.CommandInfo{Shell: ptr(false), Value: ptr("/no/such/binary"), Arguments: []string{"x"}}, "1", ""},
		"missing in path":         {mesos.CommandInfo{Shell: ptr(false), Value: ptr("no-such-binary-xyz")}, "1", ""},
		"stdin is empty":          {mesos.CommandInfo{Value: ptr("cat; echo end")}, "0", "end\n"},
		"environment": {mesos.CommandInfo{Value: ptr(`echo "$A|$B|$MESOS_EXECUTOR_ID|$MESOS_FRAMEWORK_ID"`), Environment: &mesos.Environment{Variables: []mesos.Environment_Variable{
			{Name: "A", Value: ptr("one")}, {Name: "B", Value: ptr(`a'b"c$HOME`)}, {Name: "A", Value: ptr("again")},
		}}}, "0", "again|a'b\"c$HOME|task|F\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			exit, stdout, stderr := newFixture(t).run(&x.command)
			if exit != x.exit || stdout != x.stdout {
				t.Errorf("got %q, stdout %q, stderr %q; want %q, %q", exit, stdout, stderr, x.exit, x.stdout)
			}
		})
	}
}

func TestMergeEnv(t *testing.T) {
	t.Parallel()
	got := mergeEnv([]string{"A=1", "B=2"}, []string{"B=3", "C=\x00"}, []string{"A=4", "D=a=b"})
	if s := strings.Join(got, " "); s != "A=4 B=3 D=a=b" {
		t.Errorf("got %s", s)
	}
}

func TestSandboxIsTheWorkingDirectory(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	_, stdout, _ := f.run(&mesos.CommandInfo{Value: ptr(`pwd; echo "$MESOS_SANDBOX"; echo "$PWD"`)})
	lines := strings.Split(stdout, "\n")
	if len(lines) != 4 || lines[0] != lines[1] || lines[1] != lines[2] || !strings.HasPrefix(lines[0], f.dir+"/slaves/S0/frameworks/F/executors/task/runs/") {
		t.Errorf("stdout %q", stdout)
	}
}

func TestKillReachesTheGroupAndTheGraceHolds(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	start := func(id, command string) {
		f.Do(mesossim.Command{Kind: mesossim.Launch, ContainerID: id, Launch: spec(id, &mesos.CommandInfo{Value: &command})})
		if r := f.next(); r.pid == 0 {
			t.Fatalf("%s: %+v", id, r)
		}
	}
	wait := func(file string) {
		for deadline := time.Now().Add(patience); ; {
			if b, err := os.ReadFile(file); err == nil && len(b) > 0 {
				return
			}
			if time.Now().After(deadline) {
				t.Fatalf("%s did not appear", file)
			}
			<-time.After(5 * time.Millisecond)
		}
	}
	// The child of a task that obeys is in its group and goes, too.
	start("obeys", "sh -c 'sleep 1000 & wait' & echo ready > "+f.dir+"/a; wait")
	wait(f.dir + "/a")
	f.Do(mesossim.Command{Kind: mesossim.Kill, ContainerID: "obeys", Grace: time.Hour})
	if r := f.next(); r.exit == nil || r.exit.Signal != "Terminated" {
		t.Errorf("obeys: %+v", r.exit)
	}
	// One that ignores SIGTERM lives until a second kill shortens its grace.
	start("ignores", "trap '' TERM; echo ready > "+f.dir+"/b; while :; do sleep 0.05; done")
	wait(f.dir + "/b")
	f.Do(mesossim.Command{Kind: mesossim.Kill, ContainerID: "ignores", Grace: time.Hour})
	f.Do(mesossim.Command{Kind: mesossim.Kill, ContainerID: "ignores", Grace: 2 * time.Hour})
	f.Do(mesossim.Command{Kind: mesossim.Kill, ContainerID: "ignores", Grace: time.Millisecond})
	if r := f.next(); r.exit == nil || r.exit.Signal != "Killed" {
		t.Errorf("ignores: %+v", r.exit)
	}
	// A later kill does not extend the grace of an earlier one.
	start("impatient", "trap '' TERM; echo ready > "+f.dir+"/c; while :; do sleep 0.05; done")
	wait(f.dir + "/c")
	f.Do(mesossim.Command{Kind: mesossim.Kill, ContainerID: "impatient", Grace: 50 * time.Millisecond})
	f.Do(mesossim.Command{Kind: mesossim.Kill, ContainerID: "impatient", Grace: time.Hour})
	if r := f.next(); r.exit == nil || r.exit.Signal != "Killed" {
		t.Errorf("impatient: %+v", r.exit)
	}
	// A destroyed one goes without a word.
	start("destroyed", "sleep 1000")
	f.Do(mesossim.Command{Kind: mesossim.Destroy, ContainerID: "destroyed"})
	f.Close()
	if n := len(f.reports); n != 0 || f.Running() != 0 {
		t.Errorf("%d reports and %d tasks left after Close", n, f.Running())
	}
}

func TestUsers(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	exit, _, _ := f.run(&mesos.CommandInfo{Value: ptr("true"), User: ptr("no_such_user")})
	if !strings.Contains(exit, "launch: Failed to chown '") || !strings.Contains(exit, "Failed to get user information for 'no_such_user'") {
		t.Errorf("unknown user: %s", exit)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		t.Fatalf("this test needs the user nobody: %v", err)
	}
	exit, stdout, _ := f.run(&mesos.CommandInfo{Value: ptr("id -u; id -G; touch mine && echo ok"), User: ptr("nobody")})
	if os.Getuid() != 0 {
		if !strings.Contains(exit, "only root can run tasks as another user") {
			t.Errorf("another user without root: %s", exit)
		}
		return
	}
	groups, err := nobody.GroupIds()
	if err != nil {
		t.Fatal(err)
	}
	if want := nobody.Uid + "\n" + strings.Join(groups, " ") + "\nok\n"; exit != "0" || stdout != want {
		t.Errorf("as nobody: %s %q, want %q", exit, stdout, want)
	}
}

func TestFetch(t *testing.T) {
	t.Parallel()
	var tgz bytes.Buffer
	gz := gzip.NewWriter(&tgz)
	tw := tar.NewWriter(gz)
	tw.WriteHeader(&tar.Header{Name: "in/a.txt", Mode: 0o640, Size: 3, Typeflag: tar.TypeReg})
	tw.Write([]byte("abc"))
	tw.Close()
	gz.Close()
	var evil bytes.Buffer
	tw = tar.NewWriter(&evil)
	tw.WriteHeader(&tar.Header{Name: "../../escaped", Mode: 0o644, Size: 1, Typeflag: tar.TypeReg})
	tw.Write([]byte("x"))
	tw.Close()
	var zipped bytes.Buffer
	zw := zip.NewWriter(&zipped)
	w, _ := zw.Create("z/b.txt")
	w.Write([]byte("zip"))
	zw.Close()
	pages := map[string][]byte{"/x.tgz": tgz.Bytes(), "/evil.tar": evil.Bytes(), "/y.zip": zipped.Bytes(), "/run.sh": []byte("#!/bin/sh\necho ran\n")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p, ok := pages[r.URL.Path]; ok {
			w.Write(p)
			return
		}
		http.NotFound(w, r)
	}))
	t.Cleanup(server.Close)
	uri := func(value string, change ...func(*mesos.CommandInfo_URI)) mesos.CommandInfo_URI {
		u := mesos.CommandInfo_URI{Value: value}
		for _, c := range change {
			c(&u)
		}
		return u
	}
	executable := func(u *mesos.CommandInfo_URI) { u.Executable = ptr(true) }
	whole := func(u *mesos.CommandInfo_URI) { u.Extract = ptr(false) }
	as := func(name string) func(*mesos.CommandInfo_URI) {
		return func(u *mesos.CommandInfo_URI) { u.OutputFile = &name }
	}
	for _, x := range []struct {
		uri          mesos.CommandInfo_URI
		command      string
		exit, stdout string
	}{
		{uri(server.URL + "/x.tgz?a=b"), "cat in/a.txt", "0", "abc"},
		{uri(server.URL+"/x.tgz", whole), "test ! -e in && ls", "0", "stderr\nstdout\nx.tgz\n"},
		{uri(server.URL + "/y.zip"), "cat z/b.txt", "0", "zip"},
		{uri(server.URL+"/run.sh", executable), "./run.sh", "0", "ran\n"},
		{uri("file:///etc/passwd", as("sub/p")), "head -c 4 sub/p", "0", "root"},
		{uri("file:///no/such/file"), "true", "failed", ""},
		{uri(server.URL + "/nothing"), "true", "failed", ""},
		{uri("nope://host/x"), "true", "failed", ""},
		{uri("just-a-name"), "true", "failed", ""},
		{uri("file:///etc/passwd", as("../out")), "true", "failed", ""},
		{uri(server.URL + "/evil.tar"), "true", "failed", ""},
	} {
		f := newFixture(t)
		exit, stdout, stderr := f.run(&mesos.CommandInfo{Value: &x.command, URIs: []mesos.CommandInfo_URI{x.uri}})
		if x.exit == "failed" {
			if !strings.HasPrefix(exit, "launch: Failed to fetch all URIs for container '") || !strings.HasSuffix(exit, "' with exit status: 256") || stderr == "" {
				t.Errorf("%s: %q, stderr %q", x.uri.Value, exit, stderr)
			}
			continue
		}
		if exit != x.exit || stdout != x.stdout {
			t.Errorf("%s: %q, %q, stderr %q; want %q, %q", x.uri.Value, exit, stdout, stderr, x.exit, x.stdout)
		}
	}
}

// TestTasksDieWithTheProgram kills a program that runs a task with SIGKILL.
func TestTasksDieWithTheProgram(t *testing.T) {
	if os.Getenv("PROCESS_TEST_CHILD") != "" {
		f := newFixture(t)
		f.Do(mesossim.Command{Kind: mesossim.Launch, ContainerID: "c", Launch: spec("t", &mesos.CommandInfo{Value: ptr("exec sleep 1000")})})
		fmt.Printf("\npid %d\n", f.next().pid)
		select {}
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestTasksDieWithTheProgram$")
	cmd.Env = append(os.Environ(), "PROCESS_TEST_CHILD=1", "TMPDIR="+t.TempDir())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pid := 0
	for buf := make([]byte, 4096); pid == 0; {
		n, err := out.Read(buf)
		if _, rest, ok := strings.Cut(string(buf[:n]), "pid "); ok {
			fmt.Sscanf(rest, "%d", &pid)
		}
		if err != nil {
			break
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if pid == 0 {
		t.Fatal("the child told no pid")
	}
	for deadline := time.Now().Add(patience); alive(pid); <-time.After(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			syscall.Kill(pid, syscall.SIGKILL)
			t.Fatalf("task %d outlives the program that ran it", pid)
		}
	}
}

// alive tells whether a process exists and is no zombie.
func alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z") && !strings.HasPrefix(rest, "X")
}

// TestLeftoversEnd starts a child of a task that outlives its program, as after a
// SIGKILL, and a Runner on the same work directory.
func TestLeftoversEnd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	child := exec.Command("sleep", "1000")
	child.Env = []string{"X=1", "MESOS_DIRECTORY=" + dir + "/slaves/S/frameworks/F/executors/E/runs/C"}
	other := exec.Command("sleep", "1000")
	other.Env = []string{"MESOS_DIRECTORY=" + dir + "-other/slaves"}
	for _, c := range []*exec.Cmd{child, other} {
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
	}
	r, err := NewRunner(Config{WorkDir: dir}, make(reports, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := child.Wait(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("the leftover ended with %v", err)
	}
	if !alive(other.Process.Pid) {
		t.Error("a process of another work directory was killed")
	}
	other.Process.Kill()
	other.Wait()
	if _, err := NewRunner(Config{WorkDir: dir}, make(reports, 1)); !errors.Is(err, ErrInUse) {
		t.Errorf("a second runner in one work directory: %v", err)
	}
}
