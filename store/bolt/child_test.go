//go:build unix

package bolt

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/store"
)

// Some tests need a process of their own: the test binary runs again with
// childEnv set to what it is to do, and the data directory as its argument.
const childEnv = "HORA_BOLT_TEST_CHILD"

func TestMain(m *testing.M) {
	var err error
	switch do := os.Getenv(childEnv); do {
	case "":
		os.Exit(m.Run())
	case "batches":
		err = writeBatches(os.Args[1])
	case "full":
		err = fillUp(os.Args[1])
	default:
		err = fmt.Errorf("unknown %s: %s", childEnv, do)
	}
	fmt.Fprintln(os.Stderr, err)
	if err != nil {
		os.Exit(1)
	}
}

func child(t *testing.T, do, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], dir)
	cmd.Env = append(os.Environ(), childEnv+"="+do)
	return cmd
}

// batch returns the ops of batch n: between 1 and 40 records of a page or so
// together, and the deletion of an earlier batch.
func batch(n int) []store.Op {
	var ops []store.Op
	for i := range 1 + n*7%40 {
		ops = append(ops, store.Op{
			Key:   fmt.Sprintf("batch/%06d/%02d", n, i),
			Value: []byte(strings.Repeat(strconv.Itoa(n)+" ", 1+n%100)),
		})
	}
	if n > keep {
		for _, op := range batch(n - keep)[:1+(n-keep)*7%40] {
			ops = append(ops, store.Op{Key: op.Key})
		}
	}
	return append(ops, store.Op{Key: "last", Value: []byte(strconv.Itoa(n))})
}

// keep is how many batches stay before they are deleted.
const keep = 30

// writeBatches goes on with the batches in dir, and prints the number of each
// once it is committed, until it is killed.
func writeBatches(dir string) error {
	b, err := Open(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	term, err := b.Campaign(ctx, "child", nil)
	if err != nil {
		return err
	}
	n := 0
	err = b.Load(ctx, "last", func(_ string, value []byte) (err error) {
		n, err = strconv.Atoi(string(value))
		return err
	})
	for err == nil {
		n++
		if err = b.Commit(ctx, term, batch(n)); err == nil {
			_, err = fmt.Println(n)
		}
	}
	return err
}

// A process that is killed while it commits loses nothing that it was told is
// committed, and leaves no half of a batch.
func TestKilled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 0)) // moments can't be repeated anyway
	printed, terms := 0, int64(0)
	for range 10 {
		printed = killWhileCommitting(t, dir, printed, rnd)
		b, err := Open(dir)
		if err != nil {
			t.Fatal(err)
		}
		got, err := loadAll(t, b)
		if err != nil {
			t.Fatal(err)
		}
		last, err := strconv.Atoi(got["last"])
		if err != nil || last < printed || last > printed+1 {
			t.Fatalf("last batch is %d (%v), but %d was committed", last, err, printed)
		}
		wantBatches(t, got, last)
		term := mustLead(t, b)
		if term.Number <= terms+1 { // the child had one, too
			t.Errorf("term %d after %d and one more", term.Number, terms)
		}
		terms, printed = term.Number, last
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d batches", printed)
}

// killWhileCommitting lets a child commit for up to 60 ms after its first
// batch, kills it and returns the last number that it printed.
func killWhileCommitting(t *testing.T, dir string, printed int, rnd *rand.Rand) int {
	t.Helper()
	cmd := child(t, "batches", dir)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var kill *time.Timer
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadString('\n')
		if err != nil { // a number that was cut off doesn't count
			if err != io.EOF {
				t.Error(err)
			}
			break
		}
		n, err := strconv.Atoi(strings.TrimSuffix(line, "\n"))
		if err != nil || n != printed+1 {
			t.Errorf("child printed %q after %d", line, printed)
		}
		printed = n
		if kill == nil {
			kill = time.AfterFunc(time.Duration(rnd.IntN(60_000))*time.Microsecond, func() { cmd.Process.Kill() })
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("child ended with %v, want it killed: %s", err, &stderr)
	}
	return printed
}

// wantBatches fails unless got is exactly what batches 1 to last leave.
func wantBatches(t *testing.T, got map[string]string, last int) {
	t.Helper()
	want := map[string]string{}
	for n := max(1, last-keep); n <= last; n++ {
		for _, op := range batch(n) {
			if op.Value == nil {
				delete(want, op.Key)
			} else {
				want[op.Key] = string(op.Value)
			}
		}
	}
	for key, value := range want {
		if got[key] != value {
			t.Errorf("%s = %.20q, want %.20q", key, got[key], value)
		}
	}
	if len(got) != len(want) {
		t.Errorf("%d records, want %d", len(got), len(want))
	}
}

// When the file can't grow any more, a commit fails with the path, nothing
// that was committed is lost, and all goes on when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	if out, err := child(t, "full", t.TempDir()).CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// fillUp has the system refuse to let files grow, by a limit of its process.
func fillUp(dir string) error {
	b, err := Open(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	term, err := b.Campaign(ctx, "child", nil)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	room := limit.Cur
	limit.Cur = 1 << 20
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	op := func(n int) []store.Op {
		return []store.Op{{Key: fmt.Sprint(n), Value: make([]byte, 20_000)}, {Key: "n", Value: []byte(strconv.Itoa(n))}}
	}
	committed := 0
	for err == nil && committed < 1000 {
		if err = b.Commit(ctx, term, op(committed+1)); err == nil {
			committed++
		}
	}
	// bbolt doesn't wrap the error of the system.
	if err == nil || !strings.Contains(err.Error(), "write "+b.file.path) || errors.Is(err, store.ErrFenced) || committed == 0 {
		return fmt.Errorf("after %d commits: error %v, want one that names %s", committed, err, b.file.path)
	}
	<-term.Lost
	if err := b.Commit(ctx, term, nil); !errors.Is(err, store.ErrFenced) {
		return fmt.Errorf("commit after a failed one: %v, want %v", err, store.ErrFenced)
	}
	if err := wantCount(ctx, b, committed); err != nil {
		return err
	}
	limit.Cur = room
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		return err
	}
	if term, err = b.Campaign(ctx, "child", nil); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := b.Commit(ctx, term, op(committed+1)); err != nil {
		return fmt.Errorf("with room again: %w", err)
	}
	if err := wantCount(ctx, b, committed+1); err != nil {
		return err
	}
	return b.Close()
}

func wantCount(ctx context.Context, b *Backend, n int) error {
	records, last := 0, ""
	err := b.Load(ctx, "", func(key string, value []byte) error {
		records++
		if key == "n" {
			last = string(value)
		}
		return nil
	})
	if err != nil || records != n+1 || last != strconv.Itoa(n) {
		return fmt.Errorf("%d records, last %q, %v; want %d and %d", records, last, err, n+1, n)
	}
	return nil
}
