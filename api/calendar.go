package api

import (
	"maps"
	"slices"
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
	days := map[time.Time]*scheduler.DayCount{} // by midnight in UTC
	months, err := v.Tallies(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	var began time.Time // the first day that was counted
	for _, month := range append(months, &j.State.Tally) {
		for _, d := range month.Counts() {
			at := month.Date(d.Day)
			if began.IsZero() || at.Before(began) {
				began = at
			}
			days[at] = &d
		}
	}
	// Of the time before days were counted its runs tell, as far as they are kept.
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	for _, e := range entries {
		if e.Kind != scheduler.OfBackfill && (began.IsZero() || e.Ended.Before(began)) {
			day := e.Ended.UTC().Truncate(24 * time.Hour)
			if days[day] == nil {
				days[day] = &scheduler.DayCount{}
			}
			days[day].Add(e.Outcome, uint64(e.Count))
		}
	}
	out := CalendarPage{Days: []CalendarDay{}}
	for _, at := range slices.SortedFunc(maps.Keys(days), time.Time.Compare) {
		d := days[at]
		out.Days = append(out.Days, CalendarDay{at.Format(time.DateOnly), d.Succeeded, d.Failed, d.Missed, d.Other})
	}
	return marshal(out)
}
