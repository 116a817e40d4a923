package zookeeper

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/zookeepertest"
)

const benchRecords = 100_000

// benchBackend returns a leader with n jobs: a definition of 500 bytes and a
// state of 150 each.
func benchBackend(b *testing.B, n int) (*Backend, *store.Term, string) {
	b.Helper()
	path := zookeepertest.Path()
	backend := benchOpen(b, path)
	term, err := backend.Campaign(b.Context(), "x", nil)
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < n; from += 1000 {
		var ops []store.Op
		for i := from; i < min(from+1000, n); i++ {
			ops = append(ops, store.Op{Key: fmt.Sprintf("job/%016x", i), Value: make([]byte, 500)},
				store.Op{Key: fmt.Sprintf("state/%016x", i), Value: make([]byte, 150)})
		}
		if err := backend.Commit(b.Context(), term, ops); err != nil {
			b.Fatal(err)
		}
	}
	return backend, term, path
}

func benchOpen(b *testing.B, path string) *Backend {
	b.Helper()
	backend, err := Open(Options{Servers: []string{zookeepertest.Shared(b).Addr()}, Path: path, SessionTimeout: long})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { backend.Close() })
	return backend
}

// BenchmarkCommit replaces records of 200 bytes at random among those of
// 10,000 jobs, with the folding that comes of it.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 100, 500} {
		b.Run(fmt.Sprintf("ops=%d", size), func(b *testing.B) {
			backend, term, _ := benchBackend(b, 10_000)
			rnd := rand.New(rand.NewPCG(1, 1))
			ops := make([]store.Op, size)
			for b.Loop() {
				for i := range ops {
					ops[i] = store.Op{Key: fmt.Sprintf("state/%016x", rnd.IntN(10_000)), Value: make([]byte, 200)}
				}
				if err := backend.Commit(b.Context(), term, ops); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "commits/s")
			b.ReportMetric(float64(b.N*size)/b.Elapsed().Seconds(), "ops/s")
		})
	}
}

// BenchmarkLaunches commits what runs write: each op batch is 100 launches of
// jobs among 10,000, and the end of 100 earlier ones with their history.
func BenchmarkLaunches(b *testing.B) {
	const launches, jobs, history = 100, 10_000, 50
	backend, term, _ := benchBackend(b, jobs)
	run := func(n int) string { return fmt.Sprintf("run/%016x/%016x", n%jobs, n/jobs) }
	entry := func(n int) string { return fmt.Sprintf("history/%016x/%016x", n%jobs, n/jobs) }
	n := 0
	for b.Loop() {
		var ops []store.Op
		for range launches {
			ops = append(ops, store.Op{Key: run(n), Value: make([]byte, 300)},
				store.Op{Key: fmt.Sprintf("state/%016x", n%jobs), Value: make([]byte, 200)})
			if old := n - launches; old >= 0 {
				ops = append(ops, store.Op{Key: run(old)}, store.Op{Key: entry(old), Value: make([]byte, 200)})
			}
			if old := n - history*jobs; old >= 0 {
				ops = append(ops, store.Op{Key: entry(old)})
			}
			n++
		}
		if err := backend.Commit(b.Context(), term, ops); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "launches/s")
}

func BenchmarkFence(b *testing.B) {
	backend, term, _ := benchBackend(b, 0)
	for b.Loop() {
		if err := backend.Commit(b.Context(), term, nil); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTakeOver wins an election and loads 100,000 jobs.
func BenchmarkTakeOver(b *testing.B) {
	backend, term, path := benchBackend(b, benchRecords)
	term.Resign()
	if err := backend.Close(); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		next := benchOpen(b, path)
		term, err := next.Campaign(b.Context(), "y", nil)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		err = next.Load(b.Context(), "", func(string, []byte) error { n++; return nil })
		if err != nil || n != 2*benchRecords {
			b.Fatal(n, err)
		}
		term.Resign()
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/takeover")
}

// BenchmarkHistory reads the history of one job among 100,000, as the API does.
func BenchmarkHistory(b *testing.B) {
	backend, _, _ := benchBackend(b, benchRecords)
	for b.Loop() {
		n := 0
		err := backend.Load(b.Context(), "state/0000000000001234", func(string, []byte) error { n++; return nil })
		if err != nil || n != 1 {
			b.Fatal(n, err)
		}
	}
}
