package main

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/bolt"
)

// rig is the whole path but the API: leader, core, bbolt, framework, HTTP to a
// simulated master whose tasks end at once.
type rig struct {
	leader *leader.Leader
	meter  *meter
	ended  atomic.Int64
}

// meter is a cluster that notes how late tasks are accepted.
type meter struct {
	leader.Cluster
	mu   sync.Mutex
	lags []time.Duration
}

func (m *meter) Perform(ctx context.Context, e scheduler.Effect) error {
	err := m.Cluster.Perform(ctx, e)
	if a, ok := e.(scheduler.Accept); ok && err == nil {
		now := time.Now()
		m.mu.Lock()
		for _, l := range a.Launches {
			m.lags = append(m.lags, now.Sub(l.Run.NotBefore))
		}
		m.mu.Unlock()
	}
	return err
}

// quantile of the lags since the last call of reset, in milliseconds.
func (m *meter) quantile(q float64) float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	slices.Sort(m.lags)
	if len(m.lags) == 0 {
		return -1
	}
	return float64(m.lags[min(len(m.lags)-1, int(q*float64(len(m.lags))))]) / float64(time.Millisecond)
}

func (m *meter) reset() {
	m.mu.Lock()
	m.lags = nil
	m.mu.Unlock()
}

func newRig(b *testing.B) *rig {
	backend, err := bolt.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	return newRigOn(b, backend)
}

// newRigOn is a rig with its state in this store.
func newRigOn(b *testing.B, backend store.Backend) *rig {
	reserveHeap()
	sim, err := cluster.Start(b.Context(), cluster.Config{
		Agents: cluster.DefaultAgents(3, devResources), AllocationInterval: 50 * time.Millisecond, Instant: true,
	})
	if err != nil {
		b.Fatal(err)
	}
	r := &rig{meter: &meter{Cluster: framework.New(mesos.Config{Detector: mesos.Masters(sim.MasterURL()), Framework: framework.Info("bench", "root")})}}
	cfg := scheduler.DefaultConfig()
	cfg.MinRevive = 10 * time.Millisecond
	r.leader = leader.New(leader.Options{
		Store: store.New(backend), Cluster: r.meter, Config: cfg, Self: "bench", Log: slog.New(slog.DiscardHandler),
		Observe: func(_ time.Time, list []scheduler.Notice) {
			for _, n := range list {
				if n.Kind == scheduler.RunEnded {
					r.ended.Add(1)
				}
			}
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.leader.Run(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
		_ = sim.Close()
		_ = backend.Close()
	})
	until(func() bool { return r.leader.View().Subscribed })
	return r
}

// all hands n events in, from 64 goroutines.
func (r *rig) all(b *testing.B, n int, event func(i int) scheduler.Event) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				if err := r.leader.Do(b.Context(), event(i)); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func benchJob(name, when string) scheduler.PutJob {
	return scheduler.PutJob{Job: &job.Job{Name: name, Command: "true", Shell: true, CPUs: .1, Mem: 16, Schedule: when, Overlap: "allow", CatchUp: "all"}}
}

// BenchmarkWholePath reports launches a second (runs by hand, all at once) and
// how late slots are accepted (100 a second), with so many jobs besides.
func BenchmarkWholePath(b *testing.B) {
	for _, jobs := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			r := newRig(b)
			began := time.Now()
			r.all(b, jobs, func(i int) scheduler.Event { return benchJob(fmt.Sprint("idle", i), "R/2040-01-01T00:00:00Z/PT1H") })
			puts := float64(jobs) / time.Since(began).Seconds()
			for b.Loop() {
				r.launches(b, jobs)
				r.lag(b)
			}
			b.ReportMetric(puts, "puts/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func (r *rig) launches(b *testing.B, jobs int) {
	const n = 10_000
	before := r.ended.Load()
	began := time.Now()
	r.all(b, n, func(i int) scheduler.Event { return scheduler.RunJob{Name: fmt.Sprint("idle", i*7%jobs)} })
	until(func() bool { return r.ended.Load() >= before+n })
	b.ReportMetric(n/time.Since(began).Seconds(), "launches/s")
}

func (r *rig) lag(b *testing.B) {
	const every, seconds = 10 * time.Millisecond, 5
	start := time.Now().Add(time.Second).Truncate(time.Second)
	for i := range int(time.Second / every) {
		ev := benchJob(fmt.Sprint("slot", i), fmt.Sprintf("R%d/%s/PT1S", seconds, start.Add(time.Duration(i)*every).UTC().Format(time.RFC3339Nano)))
		if err := r.leader.Do(b.Context(), ev); err != nil {
			b.Fatal(err)
		}
	}
	r.meter.reset()
	before := r.ended.Load()
	until(func() bool { return r.ended.Load() >= before+seconds*int64(time.Second/every) })
	b.ReportMetric(r.meter.quantile(.5), "lag-p50-ms")
	b.ReportMetric(r.meter.quantile(.99), "lag-p99-ms")
	r.all(b, int(time.Second/every), func(i int) scheduler.Event { return scheduler.DeleteJob{Name: fmt.Sprint("slot", i)} })
}

// benchStore is an embedded store with many jobs that were posted at that time.
func benchStore(b *testing.B, jobs int, schedule, catchUp string, at time.Time) (*store.Store, *store.Term) {
	backend, err := bolt.Open(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { backend.Close() })
	return fillStore(b, backend, jobs, schedule, catchUp, at)
}

// fillStore makes many jobs in a store.
func fillStore(b *testing.B, backend store.Backend, jobs int, schedule, catchUp string, at time.Time) (*store.Store, *store.Term) {
	s := store.New(backend)
	term, err := s.Campaign(b.Context(), "bench", nil)
	if err != nil {
		b.Fatal(err)
	}
	state, err := scheduler.New(scheduler.DefaultConfig(), scheduler.Records{})
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < jobs; {
		var batch store.Batch
		for ; i < jobs && batch.Bytes() < store.MaxCommitBytes/2; i++ {
			put := benchJob(fmt.Sprint("job", i), schedule)
			put.Job.CatchUp = catchUp
			if err := batch.Add(state.Step(at, put).Changes); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Commit(b.Context(), term, &batch); err != nil {
			b.Fatal(err)
		}
	}
	return s, term
}

func benchLoad(b *testing.B, s *store.Store) *scheduler.State {
	records, err := s.Load(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	state, err := scheduler.New(scheduler.DefaultConfig(), records)
	if err != nil {
		b.Fatal(err)
	}
	return state
}

// BenchmarkTakeOver loads 100,000 jobs from bbolt and makes the state of them.
func BenchmarkTakeOver(b *testing.B) {
	s, _ := benchStore(b, 100_000, "*/5 * * * *", "all", time.Now())
	var state *scheduler.State
	for b.Loop() {
		state = benchLoad(b, s)
	}
	var mem runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&mem)
	b.ReportMetric(float64(mem.HeapAlloc)/(1<<20), "heap-MiB")
	runtime.KeepAlive(state)
}

// BenchmarkWeekWithoutLeader takes up 100,000 jobs that were due each minute
// for a week: loads them, and decides and stores what becomes of a billion slots.
func BenchmarkWeekWithoutLeader(b *testing.B) {
	const week = 7 * 24 * time.Hour
	now := time.Now()
	commits, bytes := 0, 0
	for range b.N {
		b.StopTimer()
		s, term := benchStore(b, 100_000, "R//PT1M", "latest", now.Add(-week))
		b.StartTimer()
		state := benchLoad(b, s)
		for done := false; !done; commits++ {
			out := state.Step(now, scheduler.Tick{})
			var batch store.Batch
			if err := batch.Add(out.Changes); err != nil {
				b.Fatal(err)
			}
			bytes += batch.Bytes()
			if err := s.Commit(b.Context(), term, &batch); err != nil {
				b.Fatal(err)
			}
			done = out.Wake.After(now)
		}
	}
	b.ReportMetric(float64(commits)/float64(b.N), "commits")
	b.ReportMetric(float64(bytes)/float64(b.N)/(1<<20), "MiB-written")
}
