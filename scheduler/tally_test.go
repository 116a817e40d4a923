package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/job"
)

// TestTallyAgainstModel: the days of the months that are kept are what was
// counted, however far apart; nothing older is left, and nothing of a job that goes.
func TestTallyAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := &State{now: time.Date(2026, 1, 30, 23, 0, 0, 0, time.UTC)}
		e := &entity{rec: &JobRecord{UID: 1, Job: &job.Job{}}, state: &JobState{UID: 1}}
		kept := map[uint64]Tally{}
		model := map[time.Time]DayCount{}
		var last time.Time // the last day that was counted
		apply := func() {
			for _, c := range s.out.Changes {
				switch c := c.(type) {
				case PutTally:
					kept[c.Tally.Month] = c.Tally
				case DropTally:
					delete(kept, c.Month)
				}
			}
			s.out.Changes = nil
		}
		for range rapid.IntRange(1, 40).Draw(t, "entries") {
			s.now = s.now.Add(rapid.SampledFrom([]time.Duration{0, time.Hour, 25 * time.Hour, -30 * time.Hour, 20 * 24 * time.Hour, 700 * 24 * time.Hour, 400 * 24 * time.Hour}).Draw(t, "later"))
			o := rapid.SampledFrom([]Outcome{Succeeded, Failed, Missed, Skipped, Killed}).Draw(t, "outcome")
			n := rapid.SampledFrom([]int64{1, 2, 300}).Draw(t, "count")
			st := *e.state
			st.Tally = s.count(e, &Entry{Outcome: o, Count: n})
			e.state = &st
			apply()
			if day := s.now.Truncate(24 * time.Hour); day.After(last) {
				last = day
			}
			d := model[last]
			*map[Outcome]*uint64{Succeeded: &d.Succeeded, Failed: &d.Failed, Missed: &d.Missed, Skipped: &d.Other, Killed: &d.Other}[o] += uint64(n)
			model[last] = d
			first := monthOf(last) - keptMonths
			maps.DeleteFunc(model, func(day time.Time, _ DayCount) bool { return monthOf(day) < first })
		}
		got := map[time.Time]DayCount{}
		all := append(slices.Collect(maps.Values(kept)), e.state.Tally)
		for _, tally := range all {
			for _, d := range tally.Counts() {
				at := tally.Date(d.Day)
				d.Day = 0
				got[at] = d
			}
		}
		if !maps.Equal(got, model) {
			t.Fatalf("kept %v, want %v", got, model)
		}
		if len(kept) > keptMonths {
			t.Fatalf("%d months are kept", len(kept))
		}
		s.dropTallies(e)
		apply()
		if len(kept) > 0 {
			t.Fatalf("left behind: %v", kept)
		}
	})
}

// TestTallyIsSmall: a month of a busy job takes few bytes.
func TestTallyIsSmall(t *testing.T) {
	t.Parallel()
	var tally Tally
	for hour := range 31 * 24 {
		at := time.Date(2026, 1, 1, hour, 0, 0, 0, time.UTC)
		tally = tally.with(at, Succeeded, 60).with(at, Failed, 2)
	}
	if n := len(tally.Days); n > 31*8 || len(tally.Counts()) != 31 {
		t.Errorf("%d bytes for %d days", n, len(tally.Counts()))
	}
}

// TestTallyUnreadable: bytes that are none are no days, and no panic.
func TestTallyUnreadable(t *testing.T) {
	t.Parallel()
	for _, days := range []string{"\x80", "\x01\x02\x03\x04", "\x01\x02\x03\x04\x05\x06"} {
		tally := Tally{Month: 24312, Days: []byte(days)}
		if got := fmt.Sprint(tally.with(time.Date(2026, 1, 9, 0, 0, 0, 0, time.UTC), Missed, 1).Counts()); got != "[{9 0 0 1 0}]" && got != "[{1 2 3 4 5} {9 0 0 1 0}]" {
			t.Errorf("%q: %s", days, got)
		}
	}
}
