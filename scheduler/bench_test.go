package scheduler_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// many is a core with so many jobs, each with up to three random parents
// among the others, but for every tenth, which has a schedule. The last one,
// child, has three parents of its own.
func many(b *testing.B, jobs int, now time.Time) *scheduler.State {
	s, err := scheduler.New(scheduler.DefaultConfig(), scheduler.Records{})
	if err != nil {
		b.Fatal(err)
	}
	put := func(name, schedule string, parents ...string) {
		j := &job.Job{Name: name, Command: "true", Shell: true, CPUs: .1, Mem: 16, Schedule: schedule, Parents: parents}
		if out := s.Step(now, scheduler.PutJob{Job: j}); out.Err != nil {
			b.Fatal(out.Err)
		}
	}
	rnd := rand.New(rand.NewPCG(1, 2))
	for i := range jobs {
		if i%10 == 0 {
			put(fmt.Sprint("job", i), "R/2040-01-01T00:00:00Z/PT1H")
			continue
		}
		var parents []string
		for range 3 {
			parents = append(parents, fmt.Sprint("job", rnd.IntN(i)))
		}
		put(fmt.Sprint("job", i), "", parents...)
	}
	for i := range 3 {
		put(fmt.Sprint("parent", i), "R/2040-01-01T00:00:00Z/PT1H")
	}
	put("child", "", "parent0", "parent1", "parent2")
	return s
}

// BenchmarkRelease: three parents succeed and a child is released. The cost is
// that of the parents, not of the graph.
func BenchmarkRelease(b *testing.B) {
	for _, jobs := range []int{100, 10_000, 100_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			s := many(b, jobs, now)
			b.ReportAllocs()
			for b.Loop() {
				for _, name := range []string{"parent0", "parent1", "parent2"} {
					if out := s.Step(now, scheduler.MarkSuccess{Name: name}); out.Err != nil {
						b.Fatal(out.Err)
					}
				}
			}
		})
	}
}

// BenchmarkEdit: a job is given another parent and loses it again, with the
// check for cycles, in a graph of 300,000 edges.
func BenchmarkEdit(b *testing.B) {
	const jobs = 100_000
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := many(b, jobs, now)
	rnd := rand.New(rand.NewPCG(3, 4))
	b.ReportAllocs()
	for b.Loop() {
		parents := []string{"parent0", "parent1", fmt.Sprint("job", rnd.IntN(jobs))}
		j := &job.Job{Name: "child", Command: "true", Shell: true, CPUs: .1, Mem: 16, Parents: parents}
		if out := s.Step(now, scheduler.PutJob{Job: j}); out.Err != nil {
			b.Fatal(out.Err)
		}
	}
}

// BenchmarkIdleTick: nothing is due.
func BenchmarkIdleTick(b *testing.B) {
	for _, jobs := range []int{100, 100_000} {
		b.Run(fmt.Sprintf("jobs=%d", jobs), func(b *testing.B) {
			now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			s := many(b, jobs, now)
			b.ReportAllocs()
			for b.Loop() {
				s.Step(now, scheduler.Tick{})
			}
		})
	}
}
