//go:build unix

package zookeeper

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// Some tests need a process of their own: the test binary runs again with this
// set to the address of ZooKeeper and a path.
const childEnv = "HORA_ZOOKEEPER_TEST_CHILD"

func TestMain(m *testing.M) {
	if addr, path, ok := strings.Cut(os.Getenv(childEnv), "/"); ok {
		fmt.Println(child(addr, "/"+path))
		os.Exit(0)
	}
	os.Exit(zookeepertest.Main(m))
}

// child leads, commits a number that grows, and prints each once it is
// committed, until its term ends; then it returns why.
func child(addr, path string) error {
	b, err := Open(Options{Servers: []string{addr}, Path: path, SessionTimeout: short})
	if err != nil {
		return err
	}
	defer b.Close()
	ctx := context.Background()
	term, err := b.Campaign(ctx, "child:1", nil)
	for n := 1; err == nil; n++ {
		if err = b.Commit(ctx, term, []store.Op{{Key: "n", Value: []byte(strconv.Itoa(n))}}); err == nil {
			fmt.Println(n)
		}
	}
	return err
}

// startChild starts a child and waits until it has committed something.
func (f *fixture) startChild() (cmd *exec.Cmd, lines *bufio.Scanner) {
	f.Helper()
	cmd = exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+f.addr+f.path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		f.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	lines = bufio.NewScanner(out)
	for range 3 {
		if !lines.Scan() {
			f.Fatal("the child has ended")
		}
	}
	return cmd, lines
}

// A leader that is stopped (SIGSTOP) until another one leads, and then goes on,
// writes nothing any more.
func TestSleeper(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cmd, lines := f.startChild()
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	b := f.open()
	term := f.lead(b) // once the session of the sleeper has expired
	before, err := loadAll(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	printed, last := "", ""
	for lines.Scan() {
		printed, last = last, lines.Text()
	}
	if _, err := strconv.Atoi(last); err == nil {
		t.Errorf("the sleeper ended with the commit %s", last)
	}
	if got, want := number(printed), number(before["n"]); got > want {
		t.Errorf("the sleeper committed %d, but %d was the last when another one led", got, want)
	}
	f.wantRecords(b, "n", before["n"])
	f.commit(b, term, "n", "new")
	f.wantRecords(b, "n", "new")
}

func number(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// A leader that is killed (SIGKILL) is followed when its session has expired, by
// one that finds all that it had committed.
func TestKilled(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	cmd, lines := f.startChild()
	next := f.open()
	won := background(func() *store.Term { return f.lead(next) })
	f.eventually("the next to wait", func() bool { return len(f.children(f.at.election())) == 2 })
	_ = cmd.Process.Kill()
	killed := time.Now()
	printed := 0
	for lines.Scan() {
		if n, err := strconv.Atoi(lines.Text()); err == nil {
			printed = n
		}
	}
	term := wait(f, won, "the election of the next")
	t.Logf("another one led %v after the leader was killed; its session lasted %v", time.Since(killed).Round(time.Millisecond), short)
	got, err := loadAll(t.Context(), next)
	if err != nil || number(got["n"]) < printed {
		t.Errorf("the last commit is %q, %v; %d was committed", got["n"], err, printed)
	}
	f.commit(next, term, "n", "new")
}

// BenchmarkFailover kills the leader. The target is the session time-out (3 s
// here) and a second; ZooKeeper looks for sessions that have expired once a tick.
func BenchmarkFailover(b *testing.B) {
	path := zookeepertest.Path()
	addr := zookeepertest.Shared(b).Addr()
	var total time.Duration
	for b.Loop() {
		b.StopTimer()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+addr+path)
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		if lines := bufio.NewScanner(out); !lines.Scan() {
			b.Fatal(errors.New("the child has ended"))
		}
		next := benchOpen(b, path)
		won, waits := make(chan error, 1), make(chan struct{}, 10)
		go func() {
			term, err := next.Campaign(b.Context(), "next:1", func(string) { waits <- struct{}{} })
			if err == nil {
				err = next.Commit(b.Context(), term, nil)
			}
			won <- err
		}()
		<-waits
		b.StartTimer()
		began := time.Now()
		_ = cmd.Process.Kill()
		if err := <-won; err != nil {
			b.Fatal(err)
		}
		total += time.Since(began)
		b.StopTimer()
		_ = cmd.Wait()
		next.Close()
		b.StartTimer()
	}
	b.ReportMetric(total.Seconds()/float64(b.N), "s/failover")
}
