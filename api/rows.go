package api

import (
	"iter"
	"strings"
	"time"
	"unique"

	"github.com/hora-scheduler/hora/api/filter"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// lateAfter is how long after its slot a run that has not started is late.
const lateAfter = time.Minute

// row is a job as lists show it, with what is worked out of it once: a job in a
// view is immutable, so a row is good for as long as the job is the same.
type row struct {
	*leader.Job
	next    time.Time // zero: none
	off     bool      // disabled; it is in the record, but lists ask every row
	broken  bool      // it failed since its last success
	kind    word
	user    word
	owners  []word
	running int
	oldest  time.Time // slot of the oldest run that has not started; zero: there is none
	retry   time.Time // when the earliest run between two attempts goes on
	waiting bool      // a run waits for another one
	queued  time.Time // since when the oldest run wants an offer; zero: none does
	lower   string    // what bare words are looked for in
}

// Kinds of jobs.
const (
	kindCron      = "cron"
	kindISO       = "iso"
	kindOnce      = "once"
	kindDependent = "dependent"
)

func newRow(j *leader.Job, shown *schedules) *row {
	r := &row{Job: j, next: shown.next(j), kind: unique.Make(kindOf(j)), user: unique.Make(j.Job.RunAsUser), off: j.Job.Disabled, broken: j.State.ErrorsSinceLastSuccess > 0}
	def := j.Job
	for o := range owners(def.Owner) {
		r.owners = append(r.owners, unique.Make(o))
	}
	r.lower = strings.ToLower(def.Name + "\n" + def.Description + "\n" + def.Owner + "\n" + def.OwnerName + "\n" + def.Command)
	for _, run := range j.Runs {
		if run.State >= scheduler.Launched {
			r.running++
			continue
		}
		if run.Attempt == 0 && run.Kind == scheduler.OfSlot && (r.oldest.IsZero() || run.Slot.Before(r.oldest)) {
			r.oldest = run.Slot
		}
		switch {
		case run.State == scheduler.Waiting:
			r.waiting = true
		case run.Attempt > 0 && (r.retry.IsZero() || run.NotBefore.Before(r.retry)):
			r.retry = run.NotBefore
		case r.queued.IsZero() || run.NotBefore.Before(r.queued):
			r.queued = run.NotBefore
		}
	}
	return r
}

func kindOf(j *leader.Job) string {
	switch s := j.Job.Schedule; {
	case s == "":
		return kindDependent
	case strings.HasPrefix(s, "R1/") || strings.HasPrefix(s, "R0/"):
		return kindOnce
	case strings.HasPrefix(s, "R"):
		return kindISO
	}
	return kindCron
}

// restless tells whether time alone may change the job's state.
func (r *row) restless() bool { return !r.retry.IsZero() }

// What a job may be doing: places in doings.
const (
	running = iota
	retrying
	queued
	waiting
	disabled
	idle
)

var doings = [...]string{"running", "retrying", "queued", "waiting", "disabled", "idle"}

// does is what the job is doing.
func (r *row) does(now time.Time) int {
	switch {
	case r.running > 0:
		return running
	case !r.retry.IsZero() && r.retry.After(now):
		return retrying
	case !r.queued.IsZero() || !r.retry.IsZero():
		return queued
	case r.waiting:
		return waiting
	case r.off:
		return disabled
	}
	return idle
}

// state is what the job is doing, in one word.
func (r *row) state(now time.Time) string { return doings[r.does(now)] }

func (r *row) failing() bool { return r.broken }

func (r *row) late(now time.Time) bool {
	return !r.oldest.IsZero() && now.Sub(r.oldest) > lateAfter
}

// took is how long the last run ran, false if that is not known.
func (r *row) took() (time.Duration, bool) {
	last := r.State.Last
	return last.Ended.Sub(last.Began), !last.Began.IsZero()
}

// jobFields are what a filter of jobs may name.
var jobFields = filter.Fields{
	"name": filter.Text, "state": filter.Text, "kind": filter.Text, "owner": filter.Text, "user": filter.Text, "host": filter.Text,
	"parent": filter.Text, "zone": filter.Text, "command": filter.Text, "schedule": filter.Text, "priority": filter.Text, "disabled": filter.Text,
	"failures": filter.Number, "successes": filter.Number, "runs": filter.Number, "retries": filter.Number,
	"next": filter.Ahead, "last": filter.Ago, "duration": filter.Span,
}

// subject is a row as a filter sees it. One subject is shown all rows, one after the other.
type subject struct {
	*row
	now   time.Time
	texts []string // what Texts gave last
}

func (s *subject) Contains(text string) bool { return strings.Contains(s.lower, text) }

func (s *subject) Texts(field string) []string {
	out := s.texts[:0] // the definition is read only where it is asked for: it lies elsewhere in memory
	switch field {
	case "name":
		out = append(out, s.Job.Job.Name)
	case "state":
		out = append(out, s.state(s.now))
		if s.failing() {
			out = append(out, "failing")
		}
		if s.late(s.now) {
			out = append(out, "late")
		}
	case "kind":
		out = append(out, s.kind.Value())
	case "owner":
		for _, o := range s.owners {
			out = append(out, o.Value())
		}
		out = append(out, s.Job.Job.OwnerName)
	case "user":
		out = append(out, s.Job.Job.RunAsUser)
	case "host":
		for _, run := range s.Runs {
			if run.Task != nil {
				out = append(out, run.Task.Hostname)
			}
		}
	case "parent":
		out = append(out, parentsOf(s.Job)...)
	case "zone":
		out = append(out, s.Job.Job.Zone)
	case "command":
		out = append(out, s.Job.Job.Command)
	case "schedule":
		out = append(out, s.Job.Job.Schedule)
	case "priority":
		out = append(out, "normal")
		if s.Job.Job.HighPriority {
			out[0] = "high"
		}
	case "disabled":
		out = append(out, no...)
		if s.Job.Job.Disabled {
			out = append(out[:0], yes...)
		}
	}
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	s.texts = out
	return out
}

// Words for a field that is true or not: the first is the usual one.
var (
	yes = []string{"yes", "true"}
	no  = []string{"no", "false"}
)

// owners are the addresses of a list.
func owners(list string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for o := range strings.SplitSeq(list, ",") {
			if o = strings.TrimSpace(o); o != "" && !yield(o) {
				return
			}
		}
	}
}

func (s *subject) Number(field string) (float64, bool) {
	st := s.State
	switch field {
	case "failures":
		return float64(st.ErrorsSinceLastSuccess), true
	case "successes":
		return float64(st.SuccessCount), true
	case "runs":
		return float64(s.running), true
	case "retries":
		return float64(s.Job.Job.Retries), true
	case "next":
		return s.next.Sub(s.now).Seconds(), !s.next.IsZero()
	case "last":
		return s.now.Sub(st.Last.Ended).Seconds(), !st.Last.Ended.IsZero()
	case "duration":
		d, known := s.took()
		return d.Seconds(), known
	}
	return 0, false
}
