package leader_test

import (
	"context"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// registries are those of the leaders of a test, by test and address.
var registries sync.Map

func metrics(t *testing.T, self string) *leader.Metrics {
	t.Helper()
	m, r := leader.NewMetrics(), prometheus.NewPedanticRegistry()
	if err := m.Register(r); err != nil {
		t.Fatal(err)
	}
	registries.Store(t.Name()+" "+self, r)
	return m
}

// registry is where the metrics of a leader are registered.
func registry(t *testing.T, self string) *prometheus.Registry {
	r, _ := registries.Load(t.Name() + " " + self)
	return r.(*prometheus.Registry)
}

// gather reads the figures of a leader: a counter's or gauge's value, a
// histogram's count and, with " sum", its sum.
func gather(t *testing.T, self string) map[string]float64 {
	t.Helper()
	families, err := registry(t, self).Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			name := f.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
			if h := m.GetHistogram(); h != nil {
				values[name+" sum"] = h.GetSampleSum()
			}
		}
	}
	return values
}

// TestMetrics: what happened is what is counted.
func TestMetrics(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, c := start("me:1")
		c.runs = func(_ context.Context, id string, tell func(scheduler.Status)) {
			tell(scheduler.Status{State: scheduler.TaskRunning})
			time.Sleep(time.Second)
			st := scheduler.Status{State: scheduler.TaskFinished}
			if strings.Contains(id, ":fails:") {
				st = scheduler.Status{State: scheduler.TaskFailed, Message: "exit 1"}
			}
			tell(st)
		}
		do(t, l, hourly()) // due at 01:00:07, 02:00:07 …
		do(t, l, scheduler.PutJob{Job: &job.Job{
			Name: "fails", Command: "false", Shell: true, CPUs: .1, Mem: 32, Schedule: "R1/2000-01-01T00:30:00Z/PT1H", Retries: 2, RetryInterval: "PT3S",
		}})
		do(t, l, scheduler.PutJob{Job: &job.Job{
			Name: "big", Command: "true", Shell: true, CPUs: 1e6, Mem: 32, Schedule: "R1/2000-01-01T00:30:00Z/PT1H", Epsilon: "PT1M",
		}})
		time.Sleep(30*time.Minute + 500*time.Millisecond)
		synctest.Wait()
		if got := gather(t, "me:1"); got["hora_runs_queued"] != 1 || got["hora_runs_launched"] != 1 || got["hora_leading"] != 1 {
			t.Errorf("at 00:30: %v queued, %v launched, leading %v; want 1 each", got["hora_runs_queued"], got["hora_runs_launched"], got["hora_leading"])
		}
		// A commit that takes 5 s, until after the slot of 01:00:07: the slot is decided late, and that is lag.
		time.Sleep(30*time.Minute + 4*time.Second)
		if got := gather(t, "me:1"); got["hora_offers_held"] != 1 {
			t.Errorf("%v offers are held just before a slot, want 1", got["hora_offers_held"])
		}
		server.SetHooks(memory.Hooks{BeforeCommit: func(context.Context, *store.Term, []store.Op) error {
			server.SetHooks(memory.Hooks{})
			time.Sleep(5 * time.Second)
			return nil
		}})
		do(t, l, scheduler.PutJob{Job: &job.Job{Name: "other", Command: "true", Shell: true, CPUs: .1, Mem: 1, Schedule: "R/2001-01-01T00:00:00Z/P1D"}})
		time.Sleep(time.Minute)
		synctest.Wait()
		got := gather(t, "me:1")
		for name, want := range map[string]float64{
			"hora_runs_total slot succeeded": 1, "hora_runs_total slot failed": 1, "hora_runs_total slot missed": 1,
			"hora_attempts_total failed": 2, "hora_schedule_lag_seconds accepted": 4, "hora_schedule_lag_seconds running": 4,
			"hora_mesos_calls_total accept": 4, "hora_mesos_calls_total acknowledge": 8, "hora_offers_total accepted": 4,
			"hora_runs_queued": 0, "hora_runs_launched": 0, "hora_store_errors_total commit": 0, "hora_term": 1,
		} {
			if value, there := got[name]; !there || value != want {
				t.Errorf("%s is %v, want %v", name, value, want)
			}
		}
		// 01:00:04.5 + 5 s is 2.5 s after the slot.
		if lag := got["hora_schedule_lag_seconds accepted sum"]; lag < 2.4 || lag > 2.6 {
			t.Errorf("the lag until acceptance is %v s in all, want 2.5 s of one slot", lag)
		}
		if got["hora_commit_seconds"] < 10 || got["hora_commit_bytes sum"] < 1000 || got["hora_commit_records sum"] < 10 || got["hora_commit_seconds sum"] < 5 {
			t.Errorf("commits: %v, of %v s, %v bytes, %v records", got["hora_commit_seconds"], got["hora_commit_seconds sum"], got["hora_commit_bytes sum"], got["hora_commit_records sum"])
		}

		// The store goes away.
		away := errors.New("away")
		server.SetHooks(memory.Hooks{
			BeforeCommit: func(context.Context, *store.Term, []store.Op) error { return away },
			Load:         func(context.Context, string) error { return away },
		})
		if err := l.Do(t.Context(), scheduler.RunJob{Name: "hourly"}); !errors.Is(err, leader.ErrUncertain) {
			t.Errorf("%v, want ErrUncertain", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		got = gather(t, "me:1")
		if got["hora_store_errors_total commit"] != 1 || got["hora_store_errors_total load"] == 0 || got["hora_leading"] != 0 {
			t.Errorf("%v failed commits, %v failed loads, leading %v; want 1, some, 0", got["hora_store_errors_total commit"], got["hora_store_errors_total load"], got["hora_leading"])
		}
		server.SetHooks(memory.Hooks{})
	})
}

// TestMetricNames: Prometheus' conventions. A name says what is measured and its unit.
func TestMetricNames(t *testing.T) {
	t.Parallel()
	metrics(t, "me:1")
	bubble(t, func(t *testing.T, _ *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, _ := start("me:1")
		do(t, l, hourly())
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		families, err := registry(t, "me:1").Gather()
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, f := range families {
			name := f.GetName()
			seen[name] = true
			if !regexp.MustCompile(`^hora_[a-z]+(_[a-z]+)*$`).MatchString(name) || f.GetHelp() == "" || !strings.HasSuffix(f.GetHelp(), ".") {
				t.Errorf("%s: %q; want a name in small letters, and a sentence of help", name, f.GetHelp())
			}
			counter := f.GetType().String() == "COUNTER"
			if counter != strings.HasSuffix(name, "_total") {
				t.Errorf("%s is a %v: counters, and they alone, end with _total", name, f.GetType())
			}
			if f.GetType().String() == "HISTOGRAM" && !regexp.MustCompile(`_(seconds|bytes|records)$`).MatchString(name) {
				t.Errorf("%s has no unit", name)
			}
		}
		for _, want := range []string{"hora_runs_total", "hora_schedule_lag_seconds", "hora_runs_queued", "hora_offers_total", "hora_commit_seconds", "hora_commit_bytes", "hora_store_errors_total"} {
			if !seen[want] {
				t.Errorf("there is no %s among %v", want, slices.Sorted(maps.Keys(seen)))
			}
		}
	})
}
