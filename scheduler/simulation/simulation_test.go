package simulation

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

var (
	seedFlag  = flag.Int64("seed", -1, "run this seed alone, with a full trace")
	seedsFlag = flag.Int("seeds", 0, "how many seeds to run")
	firstFlag = flag.Int("first", 0, "first seed")
)

// tail keeps the last lines that are written to it.
type tail struct {
	lines []string
}

func (t *tail) Write(p []byte) (int, error) {
	t.lines = append(t.lines, strings.TrimSuffix(string(p), "\n"))
	if len(t.lines) > 120 {
		t.lines = append(t.lines[:0], t.lines[60:]...)
	}
	return len(p), nil
}

// complain reports what a seed breaks, with the end of its trace.
func complain(t *testing.T, seed uint64, o Options, found []Violation) {
	t.Helper()
	var b strings.Builder
	for i, v := range found {
		if i == 5 {
			fmt.Fprintf(&b, "… and %d more\n", len(found)-5)
			break
		}
		fmt.Fprintf(&b, "%s\n", v)
	}
	last := &tail{}
	o.Trace = last
	o.Until = found[0].At
	attempted(seed, o)
	lines := last.lines[max(0, len(last.lines)-60):]
	t.Errorf("seed %d breaks a promise; run it again with -run %s -seed %d\n%s%s", seed, t.Name(), seed, b.String(), strings.Join(lines, "\n"))
}

// attempted runs a seed; a panic is a promise broken on the spot.
func attempted(seed uint64, o Options) (r Result) {
	defer func() {
		if p := recover(); p != nil {
			r.Log = append(r.Log, Broken{at{epoch.Add(1000 * time.Hour)}, "no panic", fmt.Sprintf("%v\n%s", p, debug.Stack())})
		}
	}()
	return Run(seed, o)
}

type failure struct {
	seed  uint64
	found []Violation
}

// figures are what seeds add up to.
type figures struct {
	seeds, steps, terms, tasks int
}

func (f figures) String() string {
	return fmt.Sprintf("%d seeds: %d steps, %d failovers, %d launches", f.seeds, f.steps, f.terms-f.seeds, f.tasks)
}

// some runs seeds and checks them.
func some(t *testing.T, n int, o Options, also func(Result) []Violation) (sum figures) {
	first := *firstFlag
	if *seedsFlag > 0 {
		n = *seedsFlag
	} else if n /= slower; testing.Short() {
		n = max(1, n/10)
	}
	if *seedFlag >= 0 {
		first, n = int(*seedFlag), 1
		o.Trace = t.Output()
	}
	if also == nil {
		also = func(Result) []Violation { return nil }
	}
	var mu sync.Mutex
	var bad []failure
	var next atomic.Int64
	next.Store(int64(first))
	var wg sync.WaitGroup
	for range min(n, runtime.GOMAXPROCS(0)) {
		wg.Go(func() {
			for {
				seed := next.Add(1) - 1
				mu.Lock()
				enough := seed >= int64(first+n) || len(bad) >= 3
				mu.Unlock()
				if enough {
					return
				}
				r := attempted(uint64(seed), o)
				found := append(Check(r.Log), also(r)...)
				mu.Lock()
				sum = figures{sum.seeds + 1, sum.steps + r.Steps, sum.terms + r.Terms, sum.tasks + r.Tasks}
				if len(found) > 0 {
					bad = append(bad, failure{uint64(seed), found})
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for _, f := range bad {
		complain(t, f.seed, o, f.found)
	}
	return sum
}

// TestSimulation holds every promise under every fault.
func TestSimulation(t *testing.T) {
	t.Parallel()
	began := time.Now()
	sum := some(t, 300, Options{}, nil)
	t.Logf("%v; %.0f steps/s", sum, float64(sum.steps)/time.Since(began).Seconds())
}

// TestSimulationOfALongRest has no failover after the storm: what got lost has
// to be found by asking again, and kills that got lost by killing again.
func TestSimulationOfALongRest(t *testing.T) {
	t.Parallel()
	some(t, 20, Options{Rest: 22 * time.Minute, Stay: true}, nil)
}

// TestSimulationOfALongOutage: nobody leads for minutes, and much is missed.
func TestSimulationOfALongOutage(t *testing.T) {
	t.Parallel()
	some(t, 10, Options{Storm: 5 * time.Minute, Workload: func(w *world) {
		for i, catchUp := range []string{"all", "latest", "none"} {
			j := w.job(1000 + i)
			j.Parents, j.Trigger, j.CPUs, j.Constraints, j.Command, j.Epsilon = nil, "", .1, nil, "run 0 0 0", ""
			j.Async = false
			j.Schedule, j.CatchUp, j.Overlap = "R//PT1S", catchUp, "queue"
			w.after(time.Second, func() { w.insist(scheduler.PutJob{Job: j}) })
		}
		w.mixture()
		w.after(100*time.Second, func() {
			w.tracef("the store is away for long")
			w.hooked.away = w.now.Add(w.between(105*time.Second, 150*time.Second))
		})
	}}, nil)
}

// TestSimulationIsDeterministic: a seed is enough to see it all again.
func TestSimulationIsDeterministic(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		if a, b := Run(seed, Options{}), Run(seed, Options{}); a.Hash != b.Hash || len(a.Log) != len(b.Log) {
			t.Errorf("seed %d: two runs have the traces %x and %x", seed, a.Hash, b.Hash)
		}
		if a, b := Run(seed, Options{}), Run(seed+1, Options{}); a.Hash == b.Hash {
			t.Errorf("seeds %d and %d have one trace", seed, seed+1)
		}
	}
}

// BenchmarkSimulation reports how many steps a second one processor simulates and checks.
func BenchmarkSimulation(b *testing.B) {
	steps, seed := 0, uint64(0)
	for b.Loop() {
		r := Run(seed, Options{})
		if found := Check(r.Log); len(found) > 0 {
			b.Fatal(found)
		}
		steps, seed = steps+r.Steps, seed+1
	}
	b.ReportMetric(float64(steps)/b.Elapsed().Seconds(), "steps/s")
}
