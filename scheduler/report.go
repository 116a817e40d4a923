package scheduler

import (
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// ErrNoTask says that a report names no attempt that waits for one.
var ErrNoTask = message.Errorf("no attempt of an async job has this task id and waits for its result")

// ReportResult is a client's word on how an attempt of an async job ended
// (contracts/chronos.md 1.8): the task's own end says only that it has handed
// the work over. Status 0 is success.
type ReportResult struct {
	TaskID string
	Status int
}

// DropQueued takes the runs of a job that want an offer, or wait for another
// run, out of the queue. Those between two attempts stay, and so do tasks.
type DropQueued struct{ Name string }

// ReportProgress adds to how many elements a task has processed
// (contracts/chronos.md 1.9). Said of a task that is not known it means nothing.
type ReportProgress struct {
	TaskID   string
	Elements int64
}

func (ReportResult) event()   {}
func (DropQueued) event()     {}
func (ReportProgress) event() {}

// Report is what a client reported of an attempt before its task ended.
type Report struct{ Status int }

// hasTask tells whether the current attempt has begun: there is, or was, a task.
func (r *Run) hasTask() bool { return r.State == Launched || r.State == Awaiting }

// report takes a client's word. What the task does until its end is waited for,
// but says nothing any more.
func (s *State) report(ev ReportResult) error {
	r := s.reported(ev.TaskID)
	if r == nil {
		return message.Errorf("%w: %.300q", ErrNoTask, ev.TaskID)
	}
	if r.State == Launched {
		s.setRun(r, func(r *Run) { r.Report = &Report{ev.Status} })
		return nil
	}
	s.conclude(r, ev.Status)
	return nil
}

// progress counts on, up to the largest number.
func (s *State) progress(ev ReportProgress) {
	key, there := s.tasks[ev.TaskID]
	if !there {
		key, there = s.awaiting[ev.TaskID]
	}
	if !there || ev.Elements <= 0 {
		return
	}
	s.setRun(s.runs[key], func(r *Run) {
		t := *r.Task
		t.Elements += min(ev.Elements, math.MaxInt64-t.Elements)
		r.Task = &t
	})
}

// ownSuffix is how the ids of our tasks end.
var ownSuffix = regexp.MustCompile(`^[0-9a-z]+-[0-9a-z]+$`)

// reported finds the run that a report is about. Clients that make up Chronos'
// ids themselves do not know ours; such an id is good for the only attempt of
// its job. One of ours is good for its own attempt alone.
func (s *State) reported(taskID string) *Run {
	key, there := s.awaiting[taskID]
	if !there {
		key, there = s.tasks[taskID]
	}
	if there {
		if e := s.byUID[key.UID]; e == nil || s.runs[key].Report != nil || !e.rec.Job.Async && s.runs[key].State == Launched {
			return nil
		}
		return s.runs[key]
	}
	parts := strings.SplitN(taskID, ":", 5)
	if len(parts) < 4 || parts[0] != "ct" || len(parts) == 5 && ownSuffix.MatchString(parts[4]) {
		return nil
	}
	e := s.jobs[parts[3]]
	if e == nil || !e.rec.Job.Async {
		return nil
	}
	var only *Run
	for _, key := range e.runs {
		if r := s.runs[key]; r.hasTask() && r.Report == nil {
			if only != nil {
				return nil
			}
			only = r
		}
	}
	return only
}

// handedOver says what the end of an async job's task means: what was reported,
// if that was, else that the report is to come, unless the end was wanted.
func handedOver(r *Run, st Status, v verdict) (Status, verdict) {
	switch {
	case r.Report != nil && v != wasKilled:
		return said(r, r.Report.Status)
	case v != ended:
		return st, v
	case r.Kill == nil:
		return st, unreported
	case r.Kill.Cause == ByTimeout:
		return st, failed
	}
	return st, wasKilled
}

// await notes that the task of an async job has ended well: from now on only a
// report, the timeout, or a person ends the attempt.
func (s *State) await(r *Run, st Status) {
	s.mesos.answered(r.Task.ID)
	s.setRun(r, func(r *Run) {
		t := *r.Task
		t.State = st.State
		r.State, r.Task = Awaiting, &t
	})
}

// conclude ends an attempt whose task has ended, as it was reported.
func (s *State) conclude(r *Run, status int) {
	st, v := said(r, status)
	s.attemptEnded(r, st, v)
}

// said is a reported result in the words of a status update.
func said(r *Run, status int) (Status, verdict) {
	st := Status{TaskID: r.Task.ID, AgentID: r.Task.AgentID, State: TaskFinished}
	if status == 0 {
		return st, ended
	}
	st.State, st.Message = TaskFailed, message.Keep("a client reported that it exited with status %d", status).String()
	return st, failed
}

// giveUp ends an attempt whose result was not reported.
func (s *State) giveUp(r *Run, cause KillCause) {
	next := *r
	next.Kill = &Kill{cause, s.now}
	v := wasKilled
	if cause == ByTimeout {
		v = failed
	}
	s.attemptEnded(&next, Status{TaskID: r.Task.ID, AgentID: r.Task.AgentID, State: TaskKilled, Message: message.Keep("no result was reported").String()}, v)
}

// dropQueued takes runs of a job out of the queue.
func (s *State) dropQueued(name string) error {
	e := s.jobs[name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, name)
	}
	for _, key := range slices.Clone(e.runs) {
		switch r := s.runs[key]; {
		case r == nil || r.hasTask() || r.State == Ready && r.NotBefore.After(s.now):
		case r.Attempt > 0:
			s.finish(r, Killed, ByPerson.note())
		default:
			s.finish(r, Skipped, message.Keep("somebody emptied the queue"))
		}
	}
	s.audit(Audit{Action: ActionKill, Job: name, Detail: message.Keep("what was queued").String()})
	return nil
}
