package scheduler_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// limited is a core with a job that may run many times at once, and a cluster that is there.
func limited(t *testing.T) *walk {
	w := newWalk(t, 1)
	w.commit(scheduler.PutJob{Job: &job.Job{
		Name: "a", Command: "true", Shell: true, CPUs: .1, Mem: 1, Overlap: "allow", Retries: 1000, RetryInterval: "PT0S", Schedule: "R/2026-01-01T01:00:00Z/PT1H",
	}})
	w.commit(scheduler.Subscribed{FrameworkID: "F"})
	return w
}

// last returns the latest change of a kind.
func last[C scheduler.Change](t *testing.T, list []scheduler.Change) C {
	t.Helper()
	for i := len(list) - 1; i >= 0; i-- {
		if c, ok := list[i].(C); ok {
			return c
		}
	}
	t.Fatalf("no change of that kind among %d", len(list))
	panic("unreachable")
}

// TestRunsOfAJobAreLimited: orders beyond the limit are refused, slots beyond it are recorded as skipped.
func TestRunsOfAJobAreLimited(t *testing.T) {
	t.Parallel()
	w := limited(t)
	order := func(i int) scheduler.Output {
		return w.commit(scheduler.RunJob{Name: "a", Override: true, Arguments: []string{fmt.Sprint(i)}})
	}
	for i := range job.MaxConcurrent {
		if out := order(i); out.Err != nil {
			t.Fatalf("order %d: %v", i, out.Err)
		}
	}
	if out := order(job.MaxConcurrent); !errors.Is(out.Err, scheduler.ErrTooManyRuns) || len(out.Changes) > 0 {
		t.Errorf("one order too many: %v and %d changes, want ErrTooManyRuns and none", out.Err, len(out.Changes))
	}
	w.now = w.now.Add(time.Hour)
	out := w.commit(scheduler.Tick{})
	if e := last[scheduler.PutEntry](t, out.Changes).Entry; e.Outcome != scheduler.Skipped || !e.Slot.Equal(w.now) || !strings.Contains(e.Reason, "limit") {
		t.Errorf("a slot beyond the limit: %+v, want it skipped, and why", e)
	}
}

// TestOverridesAreLimited: what an order brings with it is stored with its run.
func TestOverridesAreLimited(t *testing.T) {
	t.Parallel()
	w := limited(t)
	most := strings.Repeat("x", scheduler.MaxOverrideBytes)
	if out := w.commit(scheduler.RunJob{Name: "a", Override: true, Arguments: []string{most}}); out.Err != nil {
		t.Error(out.Err)
	}
	for _, ev := range []scheduler.RunJob{
		{Name: "a", Override: true, Arguments: []string{most, "y"}},
		{Name: "a", Override: true, Environment: []job.Variable{{Name: "N", Value: most}}},
	} {
		var field *job.FieldError
		if out := w.commit(ev); !errors.As(out.Err, &field) || field.Field != "arguments" || len(out.Changes) > 0 {
			t.Errorf("%v and %d changes, want an error that names arguments", out.Err, len(out.Changes))
		}
	}
}

// TestRecordsAreBounded: attempts of a run, outcomes of a job and messages of
// tasks are kept up to a limit.
func TestRecordsAreBounded(t *testing.T) {
	t.Parallel()
	w := limited(t)
	message := strings.Repeat("ä", scheduler.MaxMessage)
	w.commit(scheduler.RunJob{Name: "a"})
	task := func(i int) string {
		w.counter++
		o := scheduler.Offer{ID: fmt.Sprint("o", w.counter), AgentID: "agent", Resources: []scheduler.Resource{{Name: "cpus", Milli: 1000}, {Name: "mem", Milli: 1e6}}}
		w.commit(scheduler.Offers{Offers: []scheduler.Offer{o}})
		return last[scheduler.PutRun](t, w.commit(scheduler.Tick{}).Changes).Run.Task.ID
	}
	var run *scheduler.Run
	for i := range scheduler.MaxAttempts + 3 {
		id := task(i)
		run = last[scheduler.PutRun](t, w.commit(scheduler.Update{Status: scheduler.Status{TaskID: id, AgentID: "agent", State: scheduler.TaskFailed, Message: message}}).Changes).Run
	}
	if n := len(run.Attempts); n != scheduler.MaxAttempts || run.Attempts[0].Number != 3 || run.Failures != scheduler.MaxAttempts+3 {
		t.Errorf("%d attempts from number %d on are kept of %d, want the last %d", n, run.Attempts[0].Number, run.Failures, scheduler.MaxAttempts)
	}
	for _, a := range run.Attempts {
		if len(a.Message) > scheduler.MaxMessage+len("…") || !strings.HasSuffix(a.Message, "…") || !utf8.ValidString(a.Message) {
			t.Fatalf("a message of %d bytes is kept, want at most %d and …", len(a.Message), scheduler.MaxMessage)
		}
	}
	var state *scheduler.JobState
	for i := range scheduler.MaxRecent + 3 {
		w.commit(scheduler.RunJob{Name: "a"})
		id := task(i)
		state = last[scheduler.PutJobState](t, w.commit(scheduler.Update{Status: scheduler.Status{TaskID: id, AgentID: "agent", State: scheduler.TaskFinished}}).Changes).State
	}
	if n := len(state.Recent); n != scheduler.MaxRecent {
		t.Errorf("%d outcomes are kept, want %d", n, scheduler.MaxRecent)
	}
}

// TestTooManyChildren: a parent whose deletion would rewrite more than a step
// may write is not deleted, and nothing is changed.
func TestTooManyChildren(t *testing.T) {
	t.Parallel()
	w := limited(t)
	for i := range 20 {
		w.commit(scheduler.PutJob{Job: &job.Job{
			Name: fmt.Sprint("child", i), Command: strings.Repeat("x", 20<<10), Shell: true, CPUs: .1, Mem: 1, Parents: []string{"a"},
		}})
	}
	if out := w.commit(scheduler.DeleteJob{Name: "a"}); !errors.Is(out.Err, scheduler.ErrTooBig) || len(out.Changes) > 0 {
		t.Errorf("%v and %d changes, want ErrTooBig and none", out.Err, len(out.Changes))
	}
	w.commit(scheduler.DeleteJob{Name: "child0"})
	if err := w.state.CheckIndexes(); err != nil {
		t.Error(err)
	}
}
