package api

import (
	"slices"
	"time"

	"github.com/hora-scheduler/hora/language"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/spread"
)

// Now is GET /api/now: what goes on, what should and does not, what comes.
type Now struct {
	At      time.Time `json:"at"`
	Running []Run     `json:"running"`
	Waiting []Run     `json:"waiting"` // want to start, and have not
	Late    []JobRow  `json:"late"`
	Failing []JobRow  `json:"failing"`
	Missed  []Missed  `json:"missed"` // of the last day
	Lanes   []Lane    `json:"lanes"`  // of the last and the next day, by job: who ran last, then who is due first
	Next    []Coming  `json:"next"`   // of the next day, in order
	Load    []int     `json:"load"`   // jobs due at each minute of a day (UTC), from now on
	Totals  Totals    `json:"totals"`
}

// Totals are how many there are, where lists are cut.
type Totals struct {
	Jobs     int `json:"jobs"`
	Running  int `json:"running"`
	Waiting  int `json:"waiting"`
	Late     int `json:"late"`
	Failing  int `json:"failing"`
	Disabled int `json:"disabled"`
}

// Missed is a decision about slots that did not run.
type Missed struct {
	Job     string    `json:"job"`
	Slot    time.Time `json:"slot"`
	Count   int64     `json:"count"`
	Outcome string    `json:"outcome"`
	Reason  string    `json:"reason"`
	At      time.Time `json:"at"`
}

// Lane is a job's runs in time.
type Lane struct {
	Job  string      `json:"job"`
	Runs []Bar       `json:"runs"`
	Next []time.Time `json:"next"` // its slots of the next day, at most 100
}

// Bar is a run in a lane.
type Bar struct {
	Run     string     `json:"run,omitempty"`
	From    time.Time  `json:"from"`
	To      *time.Time `json:"to,omitempty"` // absent: it goes on
	Outcome string     `json:"outcome"`      // running while it goes on
}

// Coming is a slot that will be due.
type Coming struct {
	Job string    `json:"job"`
	At  time.Time `json:"at"`
}

// Limits of what is shown of now.
const (
	nowList  = 100 // runs and jobs of a list
	nowLanes = 60
	nowSlots = 100 // of a lane
	nowNext  = 500
	nowSpan  = 24 * time.Hour
)

func (s *server) apiNow(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	now := time.Now()
	out := Now{
		At: v.At.UTC(), Running: []Run{}, Waiting: []Run{}, Late: []JobRow{}, Failing: []JobRow{}, Missed: []Missed{}, Lanes: []Lane{}, Next: []Coming{},
		Load: make([]int, spread.Minutes), Totals: Totals{Jobs: v.Len()},
	}
	rows, in := s.rows.of(v), c.language()
	for _, r := range rows {
		out.addRow(r, now, in)
	}
	callerOf(c.Context()).hideRuns(v, out.Running, out.Waiting)
	c.translate(out.Running)
	c.translate(out.Waiting)
	s.addNext(&out, rows, now)
	if err := s.addLanes(c, v, &out, rows, now); err != nil {
		return response{}, err
	}
	return marshal(out)
}

// addRow adds a job to the lists that it belongs to.
func (out *Now) addRow(r *row, now time.Time, in language.Language) {
	if r.Job.Job.Disabled {
		out.Totals.Disabled++
	}
	if r.failing() {
		if out.Totals.Failing++; len(out.Failing) < nowList {
			out.Failing = append(out.Failing, rowJSON(r, now, in))
		}
	}
	if r.late(now) {
		if out.Totals.Late++; len(out.Late) < nowList {
			out.Late = append(out.Late, rowJSON(r, now, in))
		}
	}
	for _, run := range r.Runs {
		list, total := &out.Waiting, &out.Totals.Waiting
		if run.State == scheduler.Launched {
			list, total = &out.Running, &out.Totals.Running
		}
		if *total++; len(*list) < nowList {
			*list = append(*list, runJSON(run, now))
		}
	}
}

// addNext looks ahead for a day: which slots come first, and how many jobs are
// due at each minute.
func (s *server) addNext(out *Now, rows []*row, now time.Time) {
	end := now.Add(nowSpan)
	for _, r := range rows {
		if r.next.IsZero() || r.next.After(end) {
			continue
		}
		out.Next = append(out.Next, Coming{r.Job.Job.Name, r.next})
		s.addLoad(r, now, out.Load)
	}
	slices.SortFunc(out.Next, func(a, b Coming) int { return a.At.Compare(b.At) })
	out.Next = out.Next[:min(len(out.Next), nowNext)]
}

// addLoad counts a job at the minutes of the day to come at which it is due.
func (s *server) addLoad(r *row, now time.Time, load []int) {
	end := now.Add(nowSpan)
	if r.next.IsZero() || r.next.After(end) {
		return
	}
	if when := s.shown.of(r.Job); when != nil {
		for m := range spread.MinutesOf(when, r.next, end) {
			load[m]++
		}
	}
}

// addLanes reads what the jobs that ran last did in the last day.
func (s *server) addLanes(c call, v *leader.View, out *Now, rows []*row, now time.Time) error {
	from := now.Add(-nowSpan)
	active := slices.DeleteFunc(slices.Clone(rows), func(r *row) bool { return len(r.Runs) == 0 && r.State.Last.Ended.Before(from) })
	slices.SortFunc(active, func(a, b *row) int { return b.State.Last.Ended.Compare(a.State.Last.Ended) })
	for _, r := range active[:min(len(active), nowLanes)] {
		entries, err := v.History(c.Context(), r.Job)
		if err != nil {
			return err
		}
		lane := s.lane(r, now)
		for _, e := range entries {
			switch {
			case e.Ended.Before(from):
			case e.Run == "" || len(e.Attempts) == 0:
				out.Missed = append(out.Missed, Missed{e.JobName, e.Slot, e.Count, e.Outcome.String(), e.Reason, e.Ended})
			default:
				lane.Runs = append(lane.Runs, Bar{e.Run, began(e.Attempts[0]), moment(e.Ended), e.Outcome.String()})
			}
		}
		for _, run := range r.Runs {
			if run.State == scheduler.Launched {
				lane.Runs = append(lane.Runs, Bar{run.RunKey.String(), run.Task.Launched, nil, "running"})
			}
		}
		out.Lanes = append(out.Lanes, lane)
	}
	s.addComing(out, rows, now)
	slices.SortFunc(out.Missed, func(a, b Missed) int { return b.At.Compare(a.At) })
	out.Missed = out.Missed[:min(len(out.Missed), nowList)]
	for i := range out.Missed {
		out.Missed[i].Reason = c.recall(out.Missed[i].Reason)
	}
	return nil
}

// lane begins the lane of a job with its slots to come.
func (s *server) lane(r *row, now time.Time) Lane {
	lane := Lane{Job: r.Job.Job.Name, Runs: []Bar{}, Next: []time.Time{}}
	when, end := s.shown.of(r.Job), now.Add(nowSpan)
	for at := r.next; when != nil && !at.IsZero() && !at.After(end) && len(lane.Next) < nowSlots; at = when.Next(at) {
		lane.Next = append(lane.Next, at.UTC())
	}
	return lane
}

// addComing gives lanes to jobs that did not run, as long as there is room, those first that are due first.
func (s *server) addComing(out *Now, rows []*row, now time.Time) {
	there := map[string]bool{}
	for _, l := range out.Lanes {
		there[l.Job] = true
	}
	for _, c := range out.Next {
		if len(out.Lanes) >= nowLanes {
			return
		}
		if i, is := slices.BinarySearchFunc(rows, c.Job, byName); is && !there[c.Job] {
			out.Lanes = append(out.Lanes, s.lane(rows[i], now))
		}
	}
}

// began is when an attempt ran, or else when it was launched.
func began(a scheduler.Attempt) time.Time {
	if a.Running.IsZero() {
		return a.Launched
	}
	return a.Running
}
