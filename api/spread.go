package api

import (
	"context"
	"slices"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/spread"
)

// SpreadRequest is POST /api/spread.
type SpreadRequest struct {
	Minute *int   `json:"minute,omitempty"` // of the day in UTC, 0 to 1439; the fullest one if it is missing
	Within string `json:"within,omitempty"` // how much later a slot may become, PT1M to PT12H; PT59M if it is missing
	Filter string `json:"filter,omitempty"` // only these jobs
}

// SpreadProposal is what could be done about a minute at which many jobs are due.
type SpreadProposal struct {
	Minute int          `json:"minute"` // of the day in UTC
	Due    int          `json:"due"`    // jobs at that minute
	Before []int        `json:"before"` // jobs due at each minute of the day (UTC)
	After  []int        `json:"after"`  // with all of the moves
	Moves  []SpreadMove `json:"moves"`
	Kept   []SpreadKept `json:"kept"` // the first 1000
}

// SpreadMove is the change of one job: its schedule, and notBefore, which is its
// next slot by the old times.
type SpreadMove struct {
	Job       string    `json:"job"`
	Revision  uint64    `json:"revision"` // of the definition that it is about
	Minutes   int       `json:"minutes"`  // by which each slot comes later
	Before    string    `json:"before"`   // the schedule
	After     string    `json:"after"`
	TimeZone  string    `json:"scheduleTimeZone,omitempty"`
	NotBefore string    `json:"notBefore"`
	Next      time.Time `json:"next"`  // the next slot by the old times
	Later     time.Time `json:"later"` // and by the new ones
	Due       []int     `json:"due"`   // minutes of the day (UTC) at which it is due by the old times
}

// SpreadKept is a job that is left alone.
type SpreadKept struct {
	Job    string `json:"job"`
	Reason string `json:"reason"` // form, room, jitter, skip, managed, soon, clock, limit, denied
}

// SpreadMoves is POST /api/spread/moves: what is wanted of a proposal.
type SpreadMoves struct {
	Moves []WantedMove `json:"moves"`
}

// WantedMove names a job, the revision that was looked at, and by how many
// minutes its slots shall come later.
type WantedMove struct {
	Job      string `json:"job"`
	Revision uint64 `json:"revision"`
	Minutes  int    `json:"minutes"`
}

// SpreadDone tells what came of it.
type SpreadDone struct {
	Done   int           `json:"done"`
	Failed []BulkFailure `json:"failed"` // each job that is as it was, and why
}

// Times of spreading jobs.
const (
	spreadWithin = 59 * time.Minute // if the client does not say
	spreadSoon   = 10 * time.Minute // what is due by then is not proposed: people look at the proposal first
	spreadSafe   = 30 * time.Second // what is due by then is not moved
	maxKept      = 1000
)

// spreadReasons say why a job is left alone.
var spreadReasons = map[spread.Reason]error{
	spread.Form:    message.Errorf("its schedule has no minute that could be a later one"),
	spread.Jitter:  message.Errorf("its starts are spread by its jitter already"),
	spread.Skip:    message.Errorf("somebody wants its next slot skipped"),
	spread.Managed: message.Errorf("its definition comes from a folder of job files, which would put it back"),
	spread.Soon:    message.Errorf("it is due in a moment"),
	spread.Clock:   message.Errorf("clocks are changed between its old times and the new ones"),
}

// apiSpread proposes how jobs that are due at one minute come to be due at several.
func (s *server) apiSpread(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	var in SpreadRequest
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	r := spread.Request{At: time.Now(), Soon: spreadSoon}
	if r.Within, err = readWithin(in.Within); err != nil {
		return response{}, err
	}
	if in.Minute != nil && (*in.Minute < 0 || *in.Minute >= spread.Minutes) {
		return response{}, &job.FieldError{Field: "minute", Err: message.Errorf("%d is not from 0 to %d", *in.Minute, spread.Minutes-1)}
	}
	meant, err := readFilter(in.Filter)
	if err != nil {
		return response{}, err
	}
	rows := s.rows.of(v)
	out := s.loadOf(rows, r.At, in.Minute)
	r.Minute = out.Minute
	var jobs []spread.Job
	revisions := map[string]uint64{}
	for _, row := range matching(meant, rows, r.At) {
		j := s.spreadable(row.Job)
		switch {
		case j == nil || !dueAt(j, r):
		case s.mayDefine(c.Context(), v, row.Job) != nil:
			out.keep(j.Def.Name, "denied")
		default:
			jobs, revisions[j.Def.Name] = append(jobs, *j), row.Revision
		}
	}
	out.fill(spread.Propose(jobs, out.Before, r), revisions)
	return marshal(out)
}

// loadOf begins a proposal with the load of the day, for a minute of it or for the fullest one.
func (s *server) loadOf(rows []*row, now time.Time, minute *int) SpreadProposal {
	out := SpreadProposal{Before: make([]int, spread.Minutes), Moves: []SpreadMove{}, Kept: []SpreadKept{}}
	for _, r := range rows {
		s.addLoad(r, now, out.Before)
	}
	if minute != nil {
		out.Minute = *minute
	} else {
		out.Minute = slices.Index(out.Before, slices.Max(out.Before))
	}
	out.Due = out.Before[out.Minute]
	return out
}

func dueAt(j *spread.Job, r spread.Request) bool {
	for m := range spread.MinutesOf(j.When, j.Next, r.At.Add(nowSpan)) {
		if m == r.Minute {
			return true
		}
	}
	return false
}

func readWithin(text string) (time.Duration, error) {
	if text == "" {
		return spreadWithin, nil
	}
	p, err := schedule.ParseDuration(text)
	if err != nil {
		return 0, &job.FieldError{Field: "within", Err: err}
	}
	d, fixed := p.Fixed()
	if !fixed || d < time.Minute || d > spread.MaxWithin {
		return 0, &job.FieldError{Field: "within", Err: message.Errorf("%q is not from PT1M to PT12H", text)}
	}
	return d, nil
}

// spreadable is a job with its schedule, as it would be spread; nil if it has no slots.
func (s *server) spreadable(j *leader.Job) *spread.Job {
	next := s.shown.next(j)
	when := s.shown.of(j)
	if next.IsZero() || when == nil {
		return nil
	}
	return &spread.Job{Def: j.Job, When: when, Next: next, Skip: !j.State.SkipSlot.IsZero()}
}

// mayDefine tells whether who asks may change a job's definition.
func (s *server) mayDefine(ctx context.Context, v *leader.View, j *leader.Job) error {
	if s.Gate == nil {
		return nil
	}
	return callerOf(ctx).may(v, scheduler.PutJob{Job: j.Job})
}

func (out *SpreadProposal) keep(name, reason string) {
	if len(out.Kept) < maxKept {
		out.Kept = append(out.Kept, SpreadKept{name, reason})
	}
}

func (out *SpreadProposal) fill(p spread.Proposal, revisions map[string]uint64) {
	out.After = p.After
	for _, m := range p.Moves {
		out.Moves = append(out.Moves, SpreadMove{
			Job: m.Job.Name, Revision: revisions[m.Job.Name], Minutes: int(m.By / time.Minute), Before: m.Job.Schedule, After: m.Schedule, TimeZone: m.Job.Zone,
			NotBefore: m.NotBefore, Next: m.Next.UTC(), Later: m.Later.UTC(), Due: m.Due,
		})
	}
	for _, k := range p.Kept {
		out.keep(k.Job.Name, string(k.Reason))
	}
}

// apiSpreadMoves moves jobs. Each move is worked out anew from what is there, and
// is an ordinary change of a definition: for the revision that was looked at, and
// before the next slot by the old times.
func (s *server) apiSpreadMoves(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	var in SpreadMoves
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	if n := len(in.Moves); n == 0 || n > spread.MaxMoves {
		return response{}, &job.FieldError{Field: "moves", Err: message.Errorf("has %d jobs, want 1 to %d", n, spread.MaxMoves)}
	}
	done := SpreadDone{Failed: []BulkFailure{}}
	orders, seen := map[string]scheduler.PutJob{}, map[string]bool{}
	var names []string
	for _, m := range in.Moves {
		if seen[m.Job] {
			return response{}, &job.FieldError{Field: "moves", Err: message.Errorf("names %q twice", m.Job)}
		}
		seen[m.Job] = true
		ev, err := s.moveOf(v.Job(m.Job), m)
		if err != nil {
			done.Failed = append(done.Failed, BulkFailure{m.Job, c.say(err)})
			continue
		}
		orders[m.Job], names = ev, append(names, m.Job)
	}
	results := s.each(c.Context(), names, func(name string) scheduler.Event { return orders[name] })
	for _, r := range results {
		if r.err != nil {
			done.Failed = append(done.Failed, BulkFailure{r.name, c.say(r.err)})
		} else {
			done.Done++
		}
	}
	return marshal(done)
}

// moveOf works out the change of one job.
func (s *server) moveOf(j *leader.Job, m WantedMove) (scheduler.PutJob, error) {
	if j == nil {
		return scheduler.PutJob{}, scheduler.ErrNoJob
	}
	if j.Revision != m.Revision {
		return scheduler.PutJob{}, message.Errorf("%w: it is at revision %d, not %d", scheduler.ErrRevision, j.Revision, m.Revision)
	}
	x := s.spreadable(j)
	if x == nil {
		return scheduler.PutJob{}, scheduler.ErrNoSlot
	}
	by := time.Duration(m.Minutes) * time.Minute
	if m.Minutes < 1 || by > spread.MaxWithin {
		return scheduler.PutJob{}, message.Errorf("%d minutes are not from 1 to %d", m.Minutes, spread.MaxWithin/time.Minute)
	}
	move, reason := x.Move(by, time.Now().Add(spreadSafe))
	if reason != "" {
		return scheduler.PutJob{}, spreadReasons[reason]
	}
	return scheduler.PutJob{Job: move.Changed(), IfRevision: &m.Revision, Until: move.Next}, nil
}
