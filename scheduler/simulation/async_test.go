package simulation

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// asyncMark ends the command of an async job: its task hands the work over, and
// a client reports how that went.
const asyncMark = " async"

// isAsync tells whether the i-th job is async. It is for as long as there is one
// of this name: else it would not be known what the end of a task means.
func isAsync(i int) bool { return i%6 == 5 }

// willReport plans what clients say of a task: mostly once and in time, but also
// early, twice and otherwise, long after, of an attempt that never was, or not
// at all.
func (w *world) willReport(task string) {
	say := func(task string, least, most time.Duration, status int) {
		w.after(w.between(least, most), func() { w.insist(scheduler.ReportResult{TaskID: task, Status: status}) })
	}
	status := pick(w, 0, 0, 0, 1, 75)
	switch w.rnd.IntN(10) {
	case 0: // it gets lost
	case 1: // before the task has ended, perhaps before it is known to run
		say(task, 0, 300*time.Millisecond, status)
	case 2:
		say(task, 0, 10*time.Second, status)
		say(task, 0, 10*time.Second, 1-min(status, 1))
	case 3:
		say(task, 30*time.Second, 2*time.Minute, status)
	case 4:
		say(strings.Replace(task, ":", ":9", 1), 0, 10*time.Second, 0)
		fallthrough
	default:
		say(task, 0, 10*time.Second, status)
	}
}

// said is what was reported of an attempt, and taken.
func said(st scheduler.Status, status int) scheduler.Status {
	st.State, st.Reason, st.Message = scheduler.TaskFinished, "", ""
	if status != 0 {
		st.State, st.Message = scheduler.TaskFailed, fmt.Sprintf("a client reported that it exited with status %d", status)
	}
	return st
}

// meant is what the end of an async job's task means for its run: what was
// reported of it, if that was; false if the report is to come.
func (c *checker) meant(st scheduler.Status, run *scheduler.Run) (scheduler.Status, bool) {
	wanted := run.Kill != nil && run.Kill.Cause != scheduler.ByTimeout && st.State != scheduler.TaskFinished && st.State != scheduler.TaskError
	ev := c.said[st.TaskID]
	switch {
	case ev != nil && !wanted:
		return said(st, ev.Status), true
	case st.State != scheduler.TaskFinished:
	case run.Kill == nil:
		return st, false
	default:
		st.State = scheduler.TaskKilled
	}
	return st, true
}

// resulted takes in a client's report that was not refused. It returns the run
// whose present attempt that ends, and how.
func (c *checker) resulted(ev scheduler.ReportResult) (*runView, scheduler.Status) {
	st := said(scheduler.Status{TaskID: ev.TaskID}, ev.Status)
	key, attempt, err := parseTask(ev.TaskID)
	r := c.runs[key]
	switch {
	case err != nil || r == nil || r.over || r.run.Task == nil || r.run.Task.ID != ev.TaskID || r.run.Attempt != attempt:
		c.breaks(c.step.At, reportedOnce, "a report on %s is taken, and no attempt with it is open", ev.TaskID)
		return nil, st
	case !c.jobs[key.UID].rec.Job.Async:
		c.breaks(c.step.At, reportedOnce, "a report on %s is taken, and its job is not async", ev.TaskID)
	case r.run.Report != nil || c.said[ev.TaskID] != nil:
		c.breaks(c.step.At, reportedOnce, "%s is reported on twice", ev.TaskID)
	}
	c.said[ev.TaskID] = &ev
	if r.run.State != scheduler.Awaiting {
		return nil, st // what counts is known when the task has ended
	}
	c.counts(r, st)
	return r, st
}

// counts counts the success of a run for its children.
func (c *checker) counts(r *runView, st scheduler.Status) {
	if st.State == scheduler.TaskFinished && r.run.Kind != scheduler.OfBackfill { // those are of the past, and count for nobody
		c.success(c.jobs[r.run.UID].rec.Job.Name)
	}
}

// reportedWell tells whether a success of a run of an async job was reported.
func (c *checker) reportedWell(r *runView) bool {
	ev := c.said[r.launched[r.run.Attempt]]
	return ev != nil && ev.Status == 0
}

// givenUp tells whether a run may fail because its result was not reported in time.
func (c *checker) givenUp(j *jobView, r *runView) bool {
	t := r.run.Task
	return r.run.State == scheduler.Awaiting && !t.Timeout.IsZero() && !c.step.At.Before(t.Timeout) &&
		(r.run.Failures+1 > j.rec.Job.Retries || !worthRetrying(j.rec.Job.RetryOn, "") || !j.disabled.IsZero())
}

// restAwaiting looks at the end for results that were reported and not taken.
func (c *checker) restAwaiting(now time.Time, run *scheduler.Run) {
	switch timeout := run.Task.Timeout; {
	case c.said[run.Task.ID] != nil:
		c.breaks(now, settled, "run %s of %s waits for a result, and that of %s was reported", run.RunKey, run.JobName, run.Task.ID)
	case !timeout.IsZero() && timeout.Before(now.Add(-late)):
		c.breaks(now, timeoutKept, "run %s of %s waits for a result, and was to end at %v", run.RunKey, run.JobName, timeout)
	}
}

// TestSimulationOfAsyncJobs: every job is async.
func TestSimulationOfAsyncJobs(t *testing.T) {
	t.Parallel()
	some(t, 40, Options{Workload: func(w *world) {
		w.clients.async = true
		w.mixture()
	}}, func(r Result) []Violation {
		taken := 0
		for _, f := range r.Log {
			if s, is := f.(Stepped); is && !s.Refused {
				if _, is := s.Event.(scheduler.ReportResult); is {
					taken++
				}
			}
		}
		if taken == 0 {
			return []Violation{{epoch, "the workload reports", "no report was taken"}}
		}
		return nil
	})
}

// badReports are logs in which something is wrong with the results of an async job.
func badReports() []badLog {
	a := minutely(func(j *job.Job) { j.Async = true })
	once := minutely(func(j *job.Job) { j.Async, j.Schedule = true, "R1/2026-01-01T00:00:10Z/PT1M" })
	timed := awaiting(0, 10)
	timed.Run.Task.Timeout = sec(20)
	id := task(0, 10, 0)
	finished := step(12, update(id, scheduler.TaskFinished, ""), awaiting(0, 10))
	report := func(s float64, status int, changes ...scheduler.Change) Stepped {
		return step(s, scheduler.ReportResult{TaskID: id, Status: status}, changes...)
	}
	begun := []Fact{put(a), made(0, 10), started(10, id), ended(12, id, 0)}
	then := func(facts ...Fact) []Fact { return append(append([]Fact{}, begun...), facts...) }
	good := over(0, 10, scheduler.Succeeded)
	return []badLog{
		{"success without a report", successIsTrue, then(step(12, update(id, scheduler.TaskFinished, ""), good...))},
		{"success after a bad report", successIsTrue, then(finished, report(13, 1, good...))},
		{"failure after a good report", retryKept, then(finished, report(13, 0, over(0, 10, scheduler.Failed)...))},
		{"a report counts twice", reportedOnce, then(report(11, 0), report(11.5, 0))},
		{"a report on what is over", reportedOnce, then(finished, report(13, 0, good...), report(14, 0))},
		{"a report on a job that is not async", reportedOnce, []Fact{put(minutely(nil)), made(0, 10), started(10, id), report(11, 0)}},
		{"a report after which nothing comes", runOnce, then(finished, report(13, 0))},
		{"a bad report cost no retry", retryKept, then(finished, report(13, 1, over(0, 10, scheduler.Failed)...))},
		{"reported, and it waits", runOnce, then(report(11, 0), finished)},
		{"a result that is not in time", timeoutKept, []Fact{put(once), made(0, 10), started(10, id), ended(12, id, 0), step(12, update(id, scheduler.TaskFinished, ""), timed), rest(200, records(timed))}},
	}
}

// awaiting is a run whose task has ended.
func awaiting(seq uint64, s float64) scheduler.PutRun {
	p := launched(seq, s, 0)
	p.Run.State = scheduler.Awaiting
	return p
}
