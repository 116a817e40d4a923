package api

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// CalendarPage is GET /api/jobs/{name}/calendar.
type CalendarPage struct {
	Days []CalendarDay `json:"days"` // on which there was something, oldest first; about a year
}

// CalendarDay tells what the runs of a job that ended, and its slots that were
// given up, came to on one day of UTC. Backfills do not count.
type CalendarDay struct {
	Day       string `json:"day"` // 2026-01-31
	Succeeded uint64 `json:"succeeded"`
	Failed    uint64 `json:"failed"`
	Missed    uint64 `json:"missed"`
	Other     uint64 `json:"other"` // skipped, killed, cancelled
}

// apiCalendar gives what a job came to, day by day, for longer than its runs are kept.
func (s *server) apiCalendar(c call) (response, error) {
	v, j, err := s.find(c)
	if err != nil {
		return response{}, err
	}
	days := map[string]*CalendarDay{}
	day := func(at time.Time) *CalendarDay {
		name := at.UTC().Format(time.DateOnly)
		if days[name] == nil {
			days[name] = &CalendarDay{Day: name}
		}
		return days[name]
	}
	months, err := v.Tallies(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	var began time.Time // the first day that was counted
	for _, month := range append(months, &j.State.Tally) {
		for _, d := range month.Counts() {
			if at := month.Date(d.Day); began.IsZero() || at.Before(began) {
				began = at
			}
			out := day(month.Date(d.Day))
			out.Succeeded, out.Failed, out.Missed, out.Other = d.Succeeded, d.Failed, d.Missed, d.Other
		}
	}
	// Of the time before days were counted its runs tell, as far as they are kept.
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	for _, e := range entries {
		if e.Kind != scheduler.OfBackfill && (began.IsZero() || e.Ended.Before(began)) {
			day(e.Ended).add(e.Outcome, uint64(e.Count))
		}
	}
	out := CalendarPage{Days: []CalendarDay{}}
	for _, d := range slices.SortedFunc(maps.Values(days), func(a, b *CalendarDay) int { return strings.Compare(a.Day, b.Day) }) {
		out.Days = append(out.Days, *d)
	}
	return marshal(out)
}

func (d *CalendarDay) add(o scheduler.Outcome, n uint64) {
	switch o {
	case scheduler.Succeeded:
		d.Succeeded += n
	case scheduler.Failed:
		d.Failed += n
	case scheduler.Missed:
		d.Missed += n
	default:
		d.Other += n
	}
}
