package bolt

import (
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/hora-scheduler/hora/store"
)

const benchRecords = 100_000

// benchBackend returns a leader with n records of 300 bytes.
func benchBackend(b *testing.B, n int) (*Backend, *store.Term) {
	b.Helper()
	backend, err := Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { backend.Close() })
	term, err := backend.Campaign(b.Context(), "x", nil)
	if err != nil {
		b.Fatal(err)
	}
	for from := 0; from < n; from += 2000 {
		ops := make([]store.Op, 2000)
		for i := range ops {
			ops[i] = store.Op{Key: fmt.Sprintf("job/%06d", from+i), Value: make([]byte, 300)}
		}
		if err := backend.Commit(b.Context(), term, ops); err != nil {
			b.Fatal(err)
		}
	}
	return backend, term
}

// BenchmarkCommit replaces records at random among 10,000, with fsync.
func BenchmarkCommit(b *testing.B) {
	for _, size := range []int{1, 10, 100} {
		b.Run(fmt.Sprintf("ops=%d", size), func(b *testing.B) {
			backend, term := benchBackend(b, 10_000)
			rnd := rand.New(rand.NewPCG(1, 1))
			ops := make([]store.Op, size)
			for b.Loop() {
				for i := range ops {
					ops[i] = store.Op{Key: fmt.Sprintf("job/%06d", rnd.IntN(10_000)), Value: make([]byte, 300)}
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

func BenchmarkFence(b *testing.B) {
	backend, term := benchBackend(b, 0)
	for b.Loop() {
		if err := backend.Commit(b.Context(), term, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoad(b *testing.B) {
	backend, _ := benchBackend(b, benchRecords)
	b.ReportAllocs()
	for b.Loop() {
		n := 0
		err := backend.Load(b.Context(), "", func(string, []byte) error { n++; return nil })
		if err != nil || n != benchRecords {
			b.Fatal(n, err)
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	backend, _ := benchBackend(b, benchRecords)
	path := backend.file.path
	if err := backend.Close(); err != nil {
		b.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		db, err := openDB(path)
		if err != nil {
			b.Fatal(err)
		}
		if err := db.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(info.Size())/(1<<20), "MiB")
}
