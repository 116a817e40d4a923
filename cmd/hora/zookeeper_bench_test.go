package main

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/zookeeper"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// openZooKeeper opens a store in a ZooKeeper of the benchmark's own.
func openZooKeeper(b *testing.B, server *zookeepertest.Server) *zookeeper.Backend {
	backend, err := zookeeper.Open(zookeeper.Options{Servers: []string{server.Addr()}, Path: "/bench", SessionTimeout: time.Minute})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { backend.Close() })
	return backend
}

// BenchmarkZooKeeper is the whole path with the state in a real ZooKeeper:
// launches a second, how late slots are accepted at 100 a second, and how long
// it takes until 10,000 slots are accepted that are due within one second.
func BenchmarkZooKeeper(b *testing.B) {
	for _, jobs := range []int{1000, 10_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			r := newRigOn(b, openZooKeeper(b, zookeepertest.Start(b, zookeepertest.Config{})))
			began := time.Now()
			r.all(b, jobs, func(i int) scheduler.Event { return benchJob(fmt.Sprint("idle", i), "R/2040-01-01T00:00:00Z/PT1H") })
			puts := float64(jobs) / time.Since(began).Seconds()
			for b.Loop() {
				r.launches(b, jobs)
				r.lag(b)
				r.burst(b, 10_000)
			}
			b.ReportMetric(puts, "puts/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// burst makes n jobs, each due once, all within one second.
func (r *rig) burst(b *testing.B, n int) {
	start := time.Now().Add(30 * time.Second).Truncate(time.Second)
	r.all(b, n, func(i int) scheduler.Event {
		return benchJob(fmt.Sprint("burst", i), fmt.Sprintf("R1/%s/PT1H", start.Add(time.Duration(i)*time.Second/time.Duration(n)).UTC().Format(time.RFC3339Nano)))
	})
	if late := time.Since(start); late > 0 {
		b.Logf("the jobs of the burst were made %v too late: its figure says nothing", late)
	}
	r.meter.reset()
	until(func() bool { return r.meter.count() >= n })
	b.ReportMetric(time.Since(start).Seconds(), "s-to-accept-burst")
	r.all(b, n, func(i int) scheduler.Event { return scheduler.DeleteJob{Name: fmt.Sprint("burst", i)} })
}

// count is how many tasks were accepted since the last call of reset.
func (m *meter) count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.lags)
}

// BenchmarkZooKeeperTakeOver loads so many jobs as a new leader does, from its
// election on, and tells how much memory the state takes.
func BenchmarkZooKeeperTakeOver(b *testing.B) {
	for _, jobs := range []int{1000, 100_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			server := zookeepertest.Start(b, zookeepertest.Config{})
			_, filled := fillStore(b, openZooKeeper(b, server), jobs, "*/5 * * * *", "latest", time.Now())
			filled.Resign()
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			var state *scheduler.State
			for b.Loop() {
				backend := openZooKeeper(b, server)
				term, err := backend.Campaign(b.Context(), "next", nil)
				if err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				state = benchLoad(b, store.New(backend))
				b.ReportMetric(time.Since(began).Seconds(), "s-to-load")
				term.Resign()
			}
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/(1<<20), "heap-MiB")
			b.ReportMetric(0, "ns/op")
			runtime.KeepAlive(state)
		})
	}
}
