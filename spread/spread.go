// Package spread proposes how jobs that are due at one minute of the day come to
// be due at several: each keeps its period and its order of slots, only its
// minute becomes a later one.
//
// # What becomes of slots
//
// A job that is moved by m minutes has, from its next slot on, each slot m minutes
// later. The new definition says so in two fields: schedule, and notBefore, which is
// the next slot by the old times. Before that instant the new times do not exist, so
// that the slot which has just run does not come again m minutes later; and as m is
// less than the period, the first new slot is the next old one. So each old slot has
// just one new one, none twice and none left out – if the definition takes effect
// before the next old slot, which PutJob.Until holds.
//
// The package is pure: it knows no current time and changes nothing.
package spread

import (
	"hash/fnv"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/schedule"
)

// Minutes of a day, by which its load is counted.
const Minutes = 24 * 60

// Limits of a proposal.
const (
	MaxWithin = 12 * time.Hour
	MaxMoves  = 5000
)

// Reason says why a job is left alone.
type Reason string

// Reasons.
const (
	Form    Reason = "form"    // its schedule has no minute that could be a later one
	Room    Reason = "room"    // no later minute is emptier, within its period and day
	Jitter  Reason = "jitter"  // its starts are spread already
	Skip    Reason = "skip"    // somebody wants its next slot skipped
	Managed Reason = "managed" // its definition comes from a folder, which would put it back
	Soon    Reason = "soon"    // it is due before the change would be safe
	Clock   Reason = "clock"   // clocks are changed between its old times and the new ones
	Limit   Reason = "limit"   // there are MaxMoves others
)

// Job is a job that has a schedule and is not disabled.
type Job struct {
	Def  *job.Job
	When *schedule.Schedule
	Next time.Time // its next slot
	Skip bool      // somebody wants a slot skipped
}

// Move is a job's change.
type Move struct {
	Job       *job.Job
	By        time.Duration
	Schedule  string    // the new one
	NotBefore string    // the next slot by the old times
	Next      time.Time // by the old times
	Later     time.Time // by the new ones
	Due       []int     // the minutes of the day (UTC) at which it is due by the old times; of a proposal
}

// Changed returns the definition that makes the move.
func (m Move) Changed() *job.Job {
	j := m.Job.Clone()
	j.Schedule, j.NotBefore = m.Schedule, m.NotBefore
	return j
}

// Kept is a job that is left alone, and why.
type Kept struct {
	Job    *job.Job
	Reason Reason
}

// Request says what is to be spread.
type Request struct {
	At     time.Time     // when the proposal is made
	Minute int           // of the day, in UTC
	Within time.Duration // slots move by at most that much
	Soon   time.Duration // what is due within that time is left alone
}

// Proposal is what could be done.
type Proposal struct {
	Moves []Move
	Kept  []Kept
	After []int // the load of the day with these moves
}

// MinutesOf gives the minutes of the day (UTC) at which a schedule is due from a
// slot of it on, through end; each once, however often it is due within it.
func MinutesOf(when *schedule.Schedule, slot, end time.Time) iter.Seq[int] {
	return func(yield func(int) bool) {
		for at, n := slot, 0; !at.IsZero() && !at.After(end) && n < Minutes; n++ {
			at = at.UTC()
			if !yield(at.Hour()*60 + at.Minute()) {
				return
			}
			at = when.Next(at.Truncate(time.Minute).Add(time.Minute - 1))
		}
	}
}

// Propose says which of the jobs that are due at a minute could come later, and
// by how much. load is how many jobs are due at each minute of the day, these ones
// included. No minute of the day has more afterwards than the fullest one had; the
// same jobs at the same load are always moved alike, each to the emptiest minute of
// its reach, of several the one that its name points to.
func Propose(jobs []Job, load []int, r Request) Proposal {
	p := Proposal{After: slices.Clone(load)}
	jobs = slices.Clone(jobs)
	slices.SortFunc(jobs, func(a, b Job) int {
		if x, y := hash(a.Def.Name), hash(b.Def.Name); x != y {
			if x < y {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Def.Name, b.Def.Name)
	})
	for _, j := range jobs {
		due := slices.Collect(MinutesOf(j.When, j.Next, r.At.Add(24*time.Hour)))
		if !slices.Contains(due, r.Minute) {
			continue
		}
		reason := j.fixed(r.At.Add(r.Soon))
		if reason == "" && len(p.Moves) == MaxMoves {
			reason = Limit
		}
		if reason != "" {
			p.Kept = append(p.Kept, Kept{j.Def, reason})
			continue
		}
		p.place(j, due, r.Within)
	}
	return p
}

// place finds the emptiest minute for a job and counts it there.
func (p *Proposal) place(j Job, due []int, within time.Duration) {
	for _, m := range due {
		p.After[m]--
	}
	reach := int(min(within, j.When.Leeway())/time.Minute) + 1
	wish := int(hash(j.Def.Name) % uint64(reach))
	best, least := 0, -1
	for i := range reach {
		by, most := (wish+i)%reach, 0
		for _, m := range due {
			most = max(most, p.After[(m+by)%Minutes])
		}
		if least < 0 || most < least {
			best, least = by, most
		}
	}
	stay := 0
	for _, m := range due {
		stay = max(stay, p.After[m])
	}
	move, reason := Move{}, Room
	if least < stay {
		move, reason = j.Move(time.Duration(best)*time.Minute, time.Time{})
	}
	if reason != "" {
		best = 0
		p.Kept = append(p.Kept, Kept{j.Def, reason})
	} else {
		move.Due = due
		p.Moves = append(p.Moves, move)
	}
	for _, m := range due {
		p.After[(m+best)%Minutes]++
	}
}

// fixed says why a job cannot be moved at all; safe is an instant before which
// its next slot must not be.
func (j Job) fixed(safe time.Time) Reason {
	switch {
	case j.Def.Jitter != "":
		return Jitter
	case j.Def.ManagedBy != "":
		return Managed
	case j.Skip:
		return Skip
	case j.When.Leeway() == 0:
		return Form
	case !j.Next.After(safe):
		return Soon
	}
	return ""
}

// Slots of the old and the new times are compared: the first ones, of which
// people are told, one by one; their number over all changes of clocks of a year.
const (
	compared = 4
	year     = 400 * 24 * time.Hour
)

// Move works out the change of one job, or says why there is none. Its next slot
// must lie behind safe.
func (j Job) Move(by time.Duration, safe time.Time) (Move, Reason) {
	if reason := j.fixed(safe); reason != "" {
		return Move{}, reason
	}
	text, ok := j.When.Later(by)
	if !ok || by == 0 {
		return Move{}, Form
	}
	m := Move{Job: j.Def, By: by, Schedule: text, NotBefore: j.Next.UTC().Format(time.RFC3339Nano), Next: j.Next}
	moved, err := job.ReadSchedule(m.Changed(), time.Time{}, nil)
	if err != nil {
		return Move{}, Form
	}
	old, next := j.Next, moved.Next(time.Time{})
	m.Later = next
	for range compared {
		if old.IsZero() && next.IsZero() {
			break
		}
		if !next.Equal(old.Add(by)) {
			return Move{}, Clock
		}
		old, next = j.When.Next(old), moved.Next(next)
	}
	last, n := j.When.Range(j.Next.Add(-1), j.Next.Add(year))
	if _, others := moved.Range(j.Next.Add(-1), last.Add(by)); others != n {
		return Move{}, Clock
	}
	return m, ""
}

func hash(name string) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // it cannot fail
	return h.Sum64()
}
