package scheduler

import (
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/retry"
)

// newRun makes a run and settles it with the other runs of the job that are
// not over. It returns false if there are too many of them.
func (s *State) newRun(e *entity, r Run) bool {
	r.RunKey = RunKey{e.rec.UID, e.state.Runs}
	r.JobName, r.Created = e.rec.Job.Name, s.now
	if r.By == (Actor{}) {
		r.By = s.by()
	}
	if e.def.Jitter > 0 && r.Kind != OfBackfill {
		r.NotBefore = r.NotBefore.Add(time.Duration(retry.Fraction(TaskID(&r)) * float64(e.def.Jitter)))
	}
	if old := s.superseded(e, &r); old != nil {
		s.supersede(e, old, &r)
	}
	active := s.active(e)
	switch {
	case r.Kind == OfBackfill:
		r.State = Ready
	case len(e.runs) >= job.MaxConcurrent:
		s.skip(e, &r, message.Keep("%d runs of the job are not over, which is the limit", len(e.runs)))
		return false
	case active > 0 && e.def.Overlap == job.Skip:
		s.skip(e, &r, message.Keep("another run is not over, and overlap is skip"))
		return true
	case active >= s.width(e):
		r.State = Waiting
	default:
		r.State = Ready
	}
	s.setState(e, func(st *JobState) { st.Runs++ })
	e.runs = append(e.runs, r.RunKey)
	run := s.setRun(&r, func(*Run) {})
	s.notice(Notice{Kind: RunCreated, Job: r.JobName, Run: run})
	if r.State == Waiting && e.def.Overlap == job.Replace {
		for _, key := range slices.Clone(e.runs) {
			if old := s.runs[key]; old == nil || old.Kind == OfBackfill {
				continue
			} else if old.State == Launched {
				s.kill(old, ByReplacement)
			} else if old.State == Awaiting {
				s.giveUp(old, ByReplacement)
			} else if old.RunKey != run.RunKey { // it waits for an offer, or for another one
				s.finish(old, Killed, ByReplacement.note())
			}
		}
	}
	return true
}

// width is how many runs of the job may be on their way at once.
func (s *State) width(e *entity) int {
	if e.def.Overlap != job.Allow {
		return 1
	}
	if e.def.MaxConcurrent > 0 {
		return e.def.MaxConcurrent
	}
	return job.MaxConcurrent
}

// active counts the runs that are on their way, without those of a backfill,
// which has a width of its own.
func (s *State) active(e *entity) int {
	n := 0
	for _, key := range e.runs {
		if r := s.runs[key]; r.State != Waiting && r.Kind != OfBackfill {
			n++
		}
	}
	return n
}

// superseded returns the run that the new one stands for as well: one of the
// same kind that has not started. By hand only the same arguments are the same.
func (s *State) superseded(e *entity, r *Run) *Run {
	if r.Keep || e.def.Overlap == job.Allow && r.Kind != OfHand {
		return nil
	}
	for _, key := range e.runs {
		old := s.runs[key]
		if old.hasTask() || old.Attempt > 0 || old.Keep || (old.Kind == OfHand) != (r.Kind == OfHand) {
			continue
		}
		if r.Kind != OfHand || slices.Equal(old.Arguments, r.Arguments) && slices.Equal(old.Environment, r.Environment) {
			return old
		}
	}
	return nil
}

func (s *State) supersede(e *entity, old, by *Run) {
	next, at := message.Keep("the next order"), by.Slot.UTC().Format(time.RFC3339)
	switch by.Kind {
	case OfSlot:
		next = message.Keep("the next slot, %s", at)
	case OfRelease:
		next = message.Keep("the next release, %s", at)
	}
	if old.State == Waiting {
		s.end(e, old, Skipped, message.Keep("another run was not over before %v", next))
		return
	}
	s.end(e, old, Missed, message.Keep("no offer came before %v", next))
}

// skip records a run that never comes into being.
func (s *State) skip(e *entity, r *Run, why message.Note) {
	entry := s.record(e, Entry{Kind: r.Kind, Slot: r.Slot, Count: 1, Outcome: Skipped, Reason: why.String(), Created: s.now, Ended: s.now})
	s.tell(e, Notice{Kind: SlotsPassed, Entry: entry, Text: why.String()})
}

// end takes a run out of the state and writes it into the history.
func (s *State) end(e *entity, r *Run, o Outcome, why message.Note) {
	s.dropRun(r)
	entry := s.record(e, Entry{
		Kind: r.Kind, Slot: r.Slot, Count: 1, Run: r.RunKey.String(), Outcome: o, Reason: why.String(),
		Created: r.Created, Ended: s.now, By: r.By, Parents: r.Parents, Arguments: r.Arguments, Environment: r.Environment, Override: r.Override, Attempts: r.Attempts,
	})
	if len(r.Attempts) > 0 && r.Kind != OfBackfill {
		s.setState(e, func(st *JobState) {
			recent := append(slices.Clone(st.Recent), o)
			st.Recent = recent[max(0, len(recent)-MaxRecent):]
			st.Last.Slot, st.Last.Began, st.Last.Ended = r.Slot, r.Attempts[len(r.Attempts)-1].Running, s.now
		})
	}
	n := Notice{Kind: RunEnded, Run: r, Entry: entry, Text: why.String()}
	if len(r.Attempts) > 0 {
		n.Attempt = &r.Attempts[len(r.Attempts)-1]
	}
	s.tell(e, n)
}

// finish ends a run and does what follows from it: counts, children, the next
// run of the job, the end of its schedule.
func (s *State) finish(r *Run, o Outcome, why message.Note) {
	e := s.byUID[r.UID]
	if e == nil { // the job was deleted
		s.dropRun(r)
		return
	}
	s.end(e, r, o, why)
	if r.Kind == OfBackfill { // of the past: it neither counts nor releases
		s.fill(e)
		return
	}
	switch o {
	case Succeeded:
		s.succeed(e, r.Seq+1)
	case Failed:
		s.fail(e, r.Seq+1)
	}
	s.advance(e)
	if o == Succeeded || o == Failed {
		s.releaseChildren(e)
	}
	s.release(e)
	if o == Succeeded {
		s.exhaust(e)
	}
}

// succeed counts a success, for people and for the children: of the run with that
// Seq + 1, or 0.
func (s *State) succeed(e *entity, run uint64) {
	s.setState(e, func(st *JobState) {
		st.Successes++
		st.Last.Succeeded = run
		st.SuccessCount++
		st.ErrorsSinceLastSuccess = 0
		st.LastSuccess = s.now
	})
}

func (s *State) fail(e *entity, run uint64) {
	s.setState(e, func(st *JobState) {
		if e.rec.Job.SoftError {
			st.Successes++
			st.Last.Succeeded = run
		} else {
			st.Failures++
			st.Last.Failed = run
		}
		st.ErrorCount++
		st.ErrorsSinceLastSuccess++
		st.LastError = s.now
	})
	if limit := s.cfg.DisableAfterFailures; limit > 0 && e.state.ErrorsSinceLastSuccess >= limit && !e.rec.Job.Disabled {
		s.disable(e, message.KeepCount(e.state.ErrorsSinceLastSuccess, "%d failure since the last success", "%d failures since the last success"))
	}
}

// exhaust disables a job whose schedule has no more slots, as Chronos does.
func (s *State) exhaust(e *entity) {
	if e.def.When == nil || e.rec.Job.Disabled || len(e.runs) > 0 {
		return
	}
	if _, finite := e.def.When.Repetitions(); finite && e.def.When.Next(e.state.Decided).IsZero() {
		s.disable(e, message.Keep("all repetitions of the schedule are done"))
	}
}

// disable switches a job off by the scheduler's own decision.
func (s *State) disable(e *entity, why message.Note) {
	s.setJob(e, func(j *job.Job) { j.Disabled = true })
	s.setState(e, func(st *JobState) { st.DisabledReason = why.String() })
	s.cancelPending(e, message.Keep("the job was disabled: %v", why))
	s.plan(e)
	s.tell(e, Notice{Kind: JobDisabled, Text: why.String()})
}

// cancelPending ends the runs of a disabled job that have no task, but those that
// somebody wants of a disabled one, too: they need not wait for the others any more.
func (s *State) cancelPending(e *entity, why message.Note) {
	for _, key := range slices.Clone(e.runs) {
		switch r := s.runs[key]; {
		case r.hasTask() || r.Forced:
		case r.Attempt == 0:
			s.end(e, r, Skipped, why)
		default:
			s.end(e, r, Cancelled, why)
		}
	}
	s.advance(e)
}

// advance lets waiting runs go, as far as the overlap policy allows.
func (s *State) advance(e *entity) {
	for s.active(e) < s.width(e) {
		i := slices.IndexFunc(e.runs, func(k RunKey) bool { return s.runs[k].State == Waiting })
		if i < 0 {
			return
		}
		s.setRun(s.runs[e.runs[i]], func(r *Run) {
			r.State = Ready
			if r.NotBefore.Before(s.now) {
				r.NotBefore = s.now
			}
		})
	}
}

// late tells, once, that a run is not over though it was expected to be.
func (s *State) late(r *Run) {
	e := s.byUID[r.UID]
	if e == nil || e.def.Expected == 0 || r.Late {
		return
	}
	r = s.setRun(r, func(r *Run) { r.Late = true })
	s.tell(e, Notice{Kind: RunLate, Run: r, Text: message.Keep("not over within %s", e.rec.Job.ExpectedDuration).String()})
}

// missDeadline ends a run that has not started in time.
func (s *State) missDeadline(r *Run) {
	e := s.byUID[r.UID]
	if e == nil || r.hasTask() || r.Attempt > 0 {
		return
	}
	outcome, why := Missed, message.Keep("no offer came within epsilon")
	if r.State == Waiting {
		outcome, why = Skipped, message.Keep("another run was not over within epsilon")
	}
	s.end(e, r, outcome, why)
	s.advance(e)
	s.release(e) // with parentsMode each it may have held up a release
}

// kill wants the end of a run's task.
func (s *State) kill(r *Run, cause KillCause) {
	if r.Task == nil || r.Kill != nil && (r.Kill.Cause == cause || r.Kill.Cause == ByDeletion) {
		return
	}
	r = s.setRun(r, func(r *Run) { r.Kill = &Kill{cause, s.now} })
	s.sendKill(r)
}

// sendKill asks Mesos for the end, and again after a while: kills can be lost (Mesos contract 2.6).
func (s *State) sendKill(r *Run) {
	if s.mesos.subscribed {
		s.effect(KillTask{r.Task.ID, r.Task.AgentID})
	}
	s.watch.set(item{killAgain, r.RunKey}, s.now.Add(killInterval))
}

func (s *State) killJob(name string) error {
	e := s.jobs[name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, name)
	}
	for _, key := range slices.Clone(e.runs) {
		switch r := s.runs[key]; {
		case r.State == Launched:
			s.kill(r, ByPerson)
		case r.State == Awaiting:
			s.giveUp(r, ByPerson)
		case r.Attempt > 0: // between two attempts
			s.finish(r, Killed, ByPerson.note())
		}
	}
	s.audit(Audit{Action: ActionKill, Job: name})
	return nil
}

// killRun ends one run, wherever it is on its way.
func (s *State) killRun(key RunKey) error {
	r := s.runs[key]
	if r == nil || s.byUID[key.UID] == nil {
		return message.Errorf("%w: %s", ErrNoRun, key)
	}
	switch {
	case r.State == Launched:
		s.kill(r, ByPerson)
	case r.State == Awaiting:
		s.giveUp(r, ByPerson)
	case r.Attempt > 0:
		s.finish(r, Killed, ByPerson.note())
	default:
		s.finish(r, Skipped, message.Keep("somebody ended it before it began"))
	}
	s.audit(Audit{Action: ActionKill, Job: r.JobName, Run: key.String()})
	return nil
}

// MaxOverrideBytes bounds the arguments and the environment of one run by hand.
const MaxOverrideBytes = 16 << 10

func (s *State) runJob(ev RunJob) error {
	e := s.jobs[ev.Name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, ev.Name)
	}
	bytes := 0
	for _, a := range ev.Arguments {
		bytes += len(a)
	}
	for _, v := range ev.Environment {
		bytes += len(v.Name) + len(v.Value)
	}
	if bytes > MaxOverrideBytes {
		return &job.FieldError{Field: "arguments", Err: message.Errorf("arguments and environment have %d bytes, at most %d are allowed", bytes, MaxOverrideBytes)}
	}
	slot := s.now
	if !ev.Slot.IsZero() {
		slot = ev.Slot.UTC()
	}
	r := Run{
		Kind: OfHand, Forced: ev.Disabled, Slot: slot, NotBefore: s.now,
		Override: ev.Override, Arguments: ev.Arguments, Environment: ev.Environment,
	}
	if e.rec.Job.Disabled && !ev.Disabled {
		s.skip(e, &r, message.Keep("the job is disabled"))
		return nil
	}
	if len(e.runs) >= job.MaxConcurrent && s.superseded(e, &r) == nil {
		return message.Errorf("%w: %q has %d, at most %d are allowed", ErrTooManyRuns, ev.Name, len(e.runs), job.MaxConcurrent)
	}
	made := RunKey{e.rec.UID, e.state.Runs}
	s.newRun(e, r)
	if s.runs[made] == nil { // a policy was against it, and the history says so
		made = RunKey{}
	}
	if ev.Into != nil {
		*ev.Into = made
	}
	s.audit(Audit{Action: ActionRun, Job: ev.Name, Run: made.String(), Detail: strings.Join(ev.Arguments, " ")})
	return nil
}

func (s *State) markSuccess(name string) error {
	e := s.jobs[name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, name)
	}
	s.succeed(e, 0)
	s.releaseChildren(e)
	s.audit(Audit{Action: ActionSuccess, Job: name})
	return nil
}
