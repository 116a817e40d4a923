package scheduler

import (
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
)

// newJobGrace is how old the first slot of an ISO 8601 schedule may be when
// the job is made, without an epsilon: clients write "now" and it takes a while
// to get here.
const newJobGrace = time.Minute

// missedAfter is how late a slot counts as missed for catchUp none.
const missedAfter = time.Minute

// plan puts the job's next slot on the agenda.
func (s *State) plan(e *entity) {
	var next time.Time
	if e.def.When != nil && !e.rec.Job.Disabled {
		next = e.def.When.Next(e.state.Decided)
	}
	s.due.set(item{slotDue, RunKey{UID: e.rec.UID}}, next)
}

// firstSlots returns up to which instant the slots of a schedule that came at
// now count as decided. A cron job begins with the next slot, an interval also
// with one that is only just past.
func firstSlots(def *job.Compiled, now time.Time) time.Time {
	if def.When == nil || def.When.Kind() != schedule.ISO {
		return now
	}
	grace := def.Epsilon
	if grace == 0 {
		grace = newJobGrace
	}
	if newest, n := def.When.Range(now.Add(-grace), now); n > 0 {
		return newest.UTC().Add(-1)
	}
	return now
}

// passBygone records the slots of R[n] that were over when the schedule came:
// they are some of the n, and nothing will run for them. Without it a job whose
// slots are all in the past would do nothing and say nothing. A schedule without
// end loses none by what was before it; nor does one that was there before, of
// which was, the definition until now, has decided.
func (s *State) passBygone(e *entity, was *job.Compiled) {
	if e.def.When == nil || e.def == was {
		return
	}
	if _, finite := e.def.When.Repetitions(); !finite {
		return
	}
	if was != nil && was.When != nil {
		newest, n := e.def.When.Range(time.Time{}, e.state.Decided)
		if _, known := was.When.Range(newest.Add(-1), newest); n == 0 || known > 0 {
			return
		}
	}
	s.pass(e, time.Time{}, e.state.Decided, Missed, message.Keep("due before the job had this schedule"))
}

// decide turns the slots in (Decided, now] into runs, or into entries that say
// why there is none. Every slot ends in one of the two.
func (s *State) decide(e *entity) {
	def, after := e.def, e.state.Decided
	if def.When == nil || e.rec.Job.Disabled {
		return
	}
	newest, n := def.When.Range(after, s.now)
	if n == 0 {
		return
	}
	newest = newest.UTC()
	switch late := s.now.Sub(newest); {
	case def.CatchUp == job.Every:
		s.catchUp(e, after, newest, n)
	case def.CatchUp == job.None && late > missedAfter:
		s.pass(e, after, newest, Missed, message.Keep("decided %s late, and catchUp is none", late.Round(time.Second)))
	case e.state.SkipSlot.Equal(newest):
		s.pass(e, after, newest.Add(-1), Missed, message.Keep("no leader decided it in time"))
		s.slotRun(e, newest, false)
	default:
		s.pass(e, after, newest.Add(-1), Missed, message.Keep("no leader decided it in time; the newest slot stands for it"))
		s.slotRun(e, newest, false)
	}
	s.setState(e, func(st *JobState) {
		st.Decided = newest
		if !st.SkipSlot.After(newest) {
			st.SkipSlot = time.Time{}
		}
	})
}

// catchUp makes a run for each slot, oldest first, up to a limit.
func (s *State) catchUp(e *entity, after, newest time.Time, n int64) {
	if n > MaxCatchUp {
		from := lastButMany(e.def.When, after, newest, MaxCatchUp)
		s.pass(e, after, from, Missed, message.Keep("beyond the catch-up limit of %d slots", MaxCatchUp))
		after = from
	}
	for slot := e.def.When.Next(after); !slot.IsZero() && !slot.After(newest); slot = e.def.When.Next(slot) {
		s.slotRun(e, slot.UTC(), true)
	}
}

// lastButMany returns an instant after which at most n slots lie in (after,
// newest], and before which lie more. Slots are a second or more apart.
func lastButMany(when *schedule.Schedule, after, newest time.Time, n int64) time.Time {
	low, high := after, newest
	for high.Sub(low) > time.Millisecond {
		mid := low.Add(high.Sub(low) / 2)
		if _, left := when.Range(mid, newest); left > n {
			low = mid
		} else {
			high = mid
		}
	}
	return high
}

// pass records that the slots in (after, thru] are not run.
func (s *State) pass(e *entity, after, thru time.Time, o Outcome, why message.Note) {
	newest, n := e.def.When.Range(after, thru)
	if n == 0 {
		return
	}
	entry := s.record(e, Entry{Kind: OfSlot, Slot: newest.UTC(), Count: n, Outcome: o, Reason: why.String(), Created: s.now, Ended: s.now})
	s.tell(e, Notice{Kind: SlotsPassed, Entry: entry, Text: why.String()})
}

// slotRun makes the run of one slot, unless its deadline has passed. It is due
// at its slot, however late it is decided: lateness counts from there. Only
// what jitter is to spread counts from now, if its time is over.
func (s *State) slotRun(e *entity, slot time.Time, keep bool) {
	if e.state.SkipSlot.Equal(slot) {
		s.pass(e, slot.Add(-1), slot, Skipped, message.Keep("somebody wanted it skipped"))
		return
	}
	r := Run{Kind: OfSlot, Slot: slot, NotBefore: slot, Keep: keep}
	if e.def.Jitter > 0 && s.now.Sub(slot) >= e.def.Jitter {
		r.NotBefore = s.now
	}
	if e.def.Epsilon > 0 {
		if r.Deadline = slot.Add(e.def.Epsilon); s.now.After(r.Deadline) {
			s.pass(e, slot.Add(-1), slot, Missed, message.Keep("decided later than epsilon allows"))
			return
		}
	}
	s.newRun(e, r)
}

// record writes a line of history, and deletes the one that is too old.
func (s *State) record(e *entity, entry Entry) *Entry {
	entry.UID, entry.JobName, entry.Seq = e.rec.UID, e.rec.Job.Name, e.state.Entries
	tally := e.state.Tally
	if entry.Kind != OfBackfill { // of the past: it does not count
		tally = s.count(e, &entry)
	}
	s.setState(e, func(st *JobState) { st.Entries, st.Tally = st.Entries+1, tally })
	s.change(PutEntry{&entry})
	if entry.Seq >= s.cfg.History {
		s.change(DropEntry{entry.UID, entry.Seq - s.cfg.History})
	}
	return &entry
}
