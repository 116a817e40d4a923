package scheduler

import (
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
)

// Backfill is a range of slots that are run again, oldest first.
type Backfill struct {
	From, To time.Time
	Cursor   time.Time // slots up to and including this instant have their run
	Parallel int       // how many runs at once
	Slots    int64     // in all
	Made     int64     // that have their run
	By       Actor
}

// Limits of a backfill.
const (
	MaxBackfillSlots    = 100_000
	MaxBackfillParallel = job.MaxConcurrent / 2 // the other half is for the job's own runs
)

func (s *State) startBackfill(ev StartBackfill) error {
	e := s.jobs[ev.Name]
	refuse := func(field string, err error) error { return &job.FieldError{Field: field, Err: err} }
	switch {
	case e == nil:
		return message.Errorf("%w: %q", ErrNoJob, ev.Name)
	case e.def.When == nil:
		return message.Errorf("%w: %q has no schedule", ErrNoSlot, ev.Name)
	case e.rec.Job.Disabled:
		return refuse("disabled", message.Errorf("the job is disabled, want one that may run"))
	case e.state.Backfill != nil:
		return message.Errorf("%w: %q, up to %s", ErrBackfill, ev.Name, e.state.Backfill.To.Format(time.RFC3339))
	case ev.Parallel < 1 || ev.Parallel > MaxBackfillParallel:
		return refuse("parallelism", message.Errorf("%d is not from 1 to %d", ev.Parallel, MaxBackfillParallel))
	case ev.To.Before(ev.From):
		return refuse("to", message.Errorf("lies before from"))
	}
	after, to := ev.From.UTC().Add(-1), ev.To.UTC()
	if to.After(e.state.Decided) { // what lies ahead runs by itself
		to = e.state.Decided
	}
	var n int64
	if to.After(after) {
		_, n = e.def.When.Range(after, to)
	}
	switch {
	case n == 0:
		return message.Errorf("%w: none from %s to %s that is past", ErrNoSlot, ev.From.Format(time.RFC3339), ev.To.Format(time.RFC3339))
	case n > MaxBackfillSlots:
		return refuse("from", message.Errorf("there are %d slots from here, at most %d are allowed", n, MaxBackfillSlots))
	}
	if ev.Into != nil {
		*ev.Into = n
	}
	b := &Backfill{From: ev.From.UTC(), To: to, Cursor: after, Parallel: ev.Parallel, Slots: n, By: s.by()}
	s.setState(e, func(st *JobState) { st.Backfill = b })
	s.audit(Audit{Action: ActionBackfill, Job: ev.Name, Detail: message.KeepCount(n, "%d slot from %s to %s, %d at once", "%d slots from %s to %s, %d at once",
		b.From.Format(time.RFC3339), b.To.Format(time.RFC3339), b.Parallel).String()})
	s.fill(e)
	return nil
}

// fill makes the next runs of a backfill, as many as may be on their way, and
// ends it after the last one is over.
func (s *State) fill(e *entity) {
	for b := e.state.Backfill; b != nil && !e.rec.Job.Disabled; b = e.state.Backfill {
		under := s.backfilling(e)
		if under >= b.Parallel || len(e.runs) >= job.MaxConcurrent {
			return
		}
		var slot time.Time
		if e.def.When != nil {
			slot = e.def.When.Next(b.Cursor)
		}
		if slot.IsZero() || slot.After(b.To) {
			if under == 0 {
				s.setState(e, func(st *JobState) { st.Backfill = nil })
			}
			return
		}
		next := *b
		next.Cursor, next.Made = slot.UTC(), b.Made+1
		s.setState(e, func(st *JobState) { st.Backfill = &next })
		s.newRun(e, Run{Kind: OfBackfill, Slot: slot.UTC(), NotBefore: s.now, Keep: true, By: b.By})
	}
}

// backfilling counts the runs of a backfill that are not over.
func (s *State) backfilling(e *entity) int {
	n := 0
	for _, key := range e.runs {
		if s.runs[key].Kind == OfBackfill {
			n++
		}
	}
	return n
}

func (s *State) cancelBackfill(name string) error {
	e := s.jobs[name]
	switch {
	case e == nil:
		return message.Errorf("%w: %q", ErrNoJob, name)
	case e.state.Backfill == nil:
		return nil
	}
	s.setState(e, func(st *JobState) { st.Backfill = nil })
	s.audit(Audit{Action: ActionCancel, Job: name})
	return nil
}

// skipNext marks the next slot to be passed over, or takes the mark away.
func (s *State) skipNext(ev SkipNext) error {
	e := s.jobs[ev.Name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, ev.Name)
	}
	action, slot := ActionUnskip, time.Time{}
	if !ev.Undo {
		if e.def.When == nil || e.rec.Job.Disabled {
			return message.Errorf("%w: %q waits for none", ErrNoSlot, ev.Name)
		}
		from := e.state.Decided
		if s.now.After(from) { // what is due is decided already, in all but name
			from = s.now
		}
		action, slot = ActionSkip, e.def.When.Next(from)
		if slot.IsZero() {
			return message.Errorf("%w: the schedule of %q has no more", ErrNoSlot, ev.Name)
		}
	}
	slot = slot.UTC()
	if ev.Into != nil {
		*ev.Into = slot
	}
	if e.state.SkipSlot.Equal(slot) {
		return nil
	}
	s.setState(e, func(st *JobState) { st.SkipSlot = slot })
	detail := ""
	if !slot.IsZero() {
		detail = slot.Format(time.RFC3339)
	}
	s.audit(Audit{Action: action, Job: ev.Name, Detail: detail})
	return nil
}
