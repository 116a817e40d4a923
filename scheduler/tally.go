package scheduler

import (
	"encoding/binary"
	"time"
)

// keptMonths is for how many months before the current one a job's days are kept.
const keptMonths = 13

// Tally counts what a job's slots and runs came to, day by day, in one month of
// UTC. Backfills do not count. The month that goes on is part of the job's
// state; when the next one begins it becomes a record of its own.
type Tally struct {
	Month uint64 // 12 × year + month - 1; 0: nothing was counted yet
	Since uint64 // the first month in which something was counted
	Days  []byte // packed (see Counts): all tallies are held, of all jobs
}

// DayCount is what the runs that ended, and the slots that were given up, on one day came to.
type DayCount struct {
	Day       uint64 // of the month, from 1
	Succeeded uint64
	Failed    uint64
	Missed    uint64
	Other     uint64 // skipped, killed, cancelled
}

// Add counts n more of an outcome.
func (d *DayCount) Add(o Outcome, n uint64) {
	switch o {
	case Succeeded:
		d.Succeeded += n
	case Failed:
		d.Failed += n
	case Missed:
		d.Missed += n
	default:
		d.Other += n
	}
}

// Date is the day of a tally as a time, midnight in UTC.
func (t Tally) Date(day uint64) time.Time {
	return time.Date(int(t.Month/12), time.Month(t.Month%12)+1, int(day), 0, 0, 0, 0, time.UTC)
}

// Counts returns the days on which there was something, in their order. Each is
// five uvarints; what cannot be read is left out.
func (t Tally) Counts() []DayCount {
	var out []DayCount
	for rest := t.Days; len(rest) > 0; {
		var d DayCount
		for _, to := range []*uint64{&d.Day, &d.Succeeded, &d.Failed, &d.Missed, &d.Other} {
			v, n := binary.Uvarint(rest)
			if n <= 0 {
				return out
			}
			*to, rest = v, rest[n:]
		}
		out = append(out, d)
	}
	return out
}

// with returns the tally with n more of an outcome. What is before the last day
// that was counted, for the clock went back, is counted to that day.
func (t Tally) with(at time.Time, o Outcome, n uint64) Tally {
	month, day := monthOf(at), uint64(at.UTC().Day())
	days := t.Counts()
	if t.Month == 0 {
		t.Month, t.Since = month, month
	}
	if last := len(days) - 1; last < 0 || month == t.Month && day > days[last].Day {
		days = append(days, DayCount{Day: day})
	}
	days[len(days)-1].Add(o, n)
	t.Days = make([]byte, 0, len(t.Days)+8)
	for _, d := range days {
		for _, v := range []uint64{d.Day, d.Succeeded, d.Failed, d.Missed, d.Other} {
			t.Days = binary.AppendUvarint(t.Days, v)
		}
	}
	return t
}

func monthOf(at time.Time) uint64 {
	year, month, _ := at.UTC().Date()
	return uint64(12*year) + uint64(month) - 1
}

// count is the job's tally with what the entry came to. If a month is over its
// tally is kept, and what is older than keptMonths is deleted.
func (s *State) count(e *entity, entry *Entry) Tally {
	t, month := e.state.Tally, monthOf(s.now)
	if t.Month != 0 && month > t.Month {
		first := month - keptMonths
		if t.Month >= first {
			s.change(PutTally{e.rec.UID, t})
		}
		for m := t.oldest(); m < min(first, t.Month); m++ {
			s.change(DropTally{e.rec.UID, m})
		}
		t = Tally{Month: month, Since: t.Since}
	}
	return t.with(s.now, entry.Outcome, uint64(entry.Count))
}

// oldest is the first month of which there may be a record.
func (t Tally) oldest() uint64 { return max(t.Since, t.Month-min(t.Month, keptMonths)) }

// dropTallies deletes what is kept of a job that goes.
func (s *State) dropTallies(e *entity) {
	for m := e.state.Tally.oldest(); m < e.state.Tally.Month; m++ {
		s.change(DropTally{e.rec.UID, m})
	}
}
