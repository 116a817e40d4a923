package api

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

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
	kind    string
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
	r := &row{Job: j, next: shown.next(j), kind: kindOf(j)}
	def := j.Job
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

// state is what the job is doing, in one word.
func (r *row) state(now time.Time) string {
	switch {
	case r.running > 0:
		return "running"
	case !r.retry.IsZero() && r.retry.After(now):
		return "retrying"
	case !r.queued.IsZero() || !r.retry.IsZero():
		return "queued"
	case r.waiting:
		return "waiting"
	case r.Job.Job.Disabled:
		return "disabled"
	}
	return "idle"
}

func (r *row) failing() bool { return r.State.ErrorsSinceLastSuccess > 0 }

func (r *row) late(now time.Time) bool {
	return !r.oldest.IsZero() && now.Sub(r.oldest) > lateAfter
}

// took is how long the last run ran, false if that is not known.
func (r *row) took() (time.Duration, bool) {
	last := r.State.Last
	return last.Ended.Sub(last.Began), !last.Began.IsZero()
}

// rows are all jobs in the order of their names, made anew for each view out of
// what is left of the one before.
type rows struct {
	shown *schedules

	mu   sync.Mutex
	view *leader.View
	list []*row
}

func (x *rows) of(v *leader.View) []*row {
	x.mu.Lock()
	defer x.mu.Unlock()
	if v == x.view {
		return x.list
	}
	old, out := x.list, make([]*row, 0, v.Len())
	for j := range v.Jobs() {
		for len(old) > 0 && old[0].Job.Job.Name < j.Job.Name {
			old = old[1:]
		}
		if len(old) > 0 && old[0].Job == j {
			out = append(out, old[0])
		} else {
			out = append(out, newRow(j, x.shown))
		}
	}
	x.view, x.list = v, out
	return out
}

// jobFields are what a filter of jobs may name.
var jobFields = filter.Fields{
	"name": filter.Text, "state": filter.Text, "kind": filter.Text, "owner": filter.Text, "user": filter.Text, "host": filter.Text,
	"parent": filter.Text, "zone": filter.Text, "command": filter.Text, "schedule": filter.Text, "priority": filter.Text, "disabled": filter.Text,
	"failures": filter.Number, "successes": filter.Number, "runs": filter.Number, "retries": filter.Number,
	"next": filter.Ahead, "last": filter.Ago, "duration": filter.Span,
}

// subject is a row as a filter sees it.
type subject struct {
	*row
	now time.Time
}

func (s subject) Contains(text string) bool { return strings.Contains(s.lower, text) }

func (s subject) Texts(field string) []string {
	def := s.Job.Job
	var out []string
	switch field {
	case "name":
		out = []string{def.Name}
	case "state":
		out = []string{s.state(s.now)}
		if s.failing() {
			out = append(out, "failing")
		}
		if s.late(s.now) {
			out = append(out, "late")
		}
	case "kind":
		out = []string{s.kind}
	case "owner":
		out = append(owners(def.Owner), def.OwnerName)
	case "user":
		out = []string{def.RunAsUser}
	case "host":
		for _, run := range s.Runs {
			if run.Task != nil {
				out = append(out, run.Task.Hostname)
			}
		}
	case "parent":
		out = slices.Clone(parentsOf(s.Job))
	case "zone":
		out = []string{def.Zone}
	case "command":
		out = []string{def.Command}
	case "schedule":
		out = []string{def.Schedule}
	case "priority":
		out = []string{"normal"}
		if def.HighPriority {
			out[0] = "high"
		}
	case "disabled":
		out = []string{"no", "false"}
		if def.Disabled {
			out = []string{"yes", "true"}
		}
	}
	for i := range out {
		out[i] = strings.ToLower(out[i])
	}
	return out
}

// owners splits a list of mail addresses.
func owners(list string) []string {
	var out []string
	for o := range strings.SplitSeq(list, ",") {
		if o = strings.TrimSpace(o); o != "" {
			out = append(out, o)
		}
	}
	return out
}

func (s subject) Number(field string) (float64, bool) {
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

// place is where a row stands in an order: by number, then by text, then by
// name. What has nothing to sort by stands last.
type place struct {
	Number float64 `json:"n,omitempty"`
	Text   string  `json:"t,omitempty"`
	Name   string  `json:"name"`
}

func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.Number, q.Number), strings.Compare(p.Text, q.Text), strings.Compare(p.Name, q.Name))
}

// orders are the ways to sort jobs: what a row is sorted by, and whether it has that.
var orders = map[string]func(r *row, now time.Time) (place, bool){
	"name":  func(*row, time.Time) (place, bool) { return place{}, true },
	"next":  func(r *row, _ time.Time) (place, bool) { return atTime(r.next) },
	"last":  func(r *row, _ time.Time) (place, bool) { return atTime(r.State.Last.Ended) },
	"state": func(r *row, now time.Time) (place, bool) { return place{Text: r.state(now)}, true },
	"owner": func(r *row, _ time.Time) (place, bool) { return place{Text: r.Job.Job.Owner}, r.Job.Job.Owner != "" },
	"failures": func(r *row, _ time.Time) (place, bool) {
		return place{Number: float64(r.State.ErrorsSinceLastSuccess)}, true
	},
	"duration": func(r *row, _ time.Time) (place, bool) {
		d, known := r.took()
		return place{Number: d.Seconds()}, known
	},
}

func atTime(t time.Time) (place, bool) {
	return place{Number: float64(t.UnixMicro())}, !t.IsZero()
}

// nowhere is the place of what has nothing to sort by.
const nowhere = math.MaxFloat64
