package schedule

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// moments finds by trial when a zone's clock shows a time (given as if in UTC), and
// the end of the gap if it never does.
func moments(loc *time.Location, wall time.Time) (at []time.Time, gap bool) {
	offset := func(u time.Time) time.Duration { _, o := u.In(loc).Zone(); return time.Duration(o) * time.Second }
	for probe := wall.Add(-40 * time.Hour); probe.Before(wall.Add(40 * time.Hour)); probe = probe.Add(4 * time.Hour) {
		if u := wall.Add(-offset(probe)); offset(u) == offset(probe) && !slices.ContainsFunc(at, u.Equal) {
			at = append(at, u)
		}
	}
	slices.SortFunc(at, time.Time.Compare)
	if len(at) > 0 {
		return at, false
	}
	u := wall.Add(-16 * time.Hour).Truncate(time.Minute)
	for u.Add(offset(u)).Before(wall) {
		u = u.Add(time.Minute)
	}
	return []time.Time{u}, true
}

// modelInterval returns the slots 0 to n-1 of an interval, in order, counted one by one from the start.
func modelInterval(loc *time.Location, start time.Time, p Period, n int, o Options) (slots []time.Time) {
	for k := range n {
		y, m, d := start.Date()
		first := time.Date(y, m+time.Month(k*(12*int(p.Years)+int(p.Months))), 1, 0, 0, 0, 0, time.UTC)
		wall := start.AddDate(first.Year()-y, 0, 0) // only for the time of day
		d = min(d, time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, time.UTC).Day())
		wall = time.Date(first.Year(), first.Month(), d, wall.Hour(), wall.Minute(), wall.Second(), wall.Nanosecond(), time.UTC)
		at, gap := moments(loc, wall.AddDate(0, 0, k*(7*int(p.Weeks)+int(p.Days))))
		if gap && o.Gap == GapSkip && (p.days() != 0 || p.months() != 0) {
			continue
		}
		if o.Overlap != OverlapBoth || p.days() == 0 && p.months() == 0 {
			at = at[:1]
		}
		elapsed := time.Duration(p.Hours)*time.Hour + time.Duration(p.Minutes)*time.Minute + time.Duration(p.Seconds)*time.Second + time.Duration(p.Milli)*time.Millisecond
		for _, u := range at {
			slots = append(slots, u.Add(time.Duration(k)*elapsed))
		}
	}
	slices.SortFunc(slots, time.Time.Compare)
	return slices.CompactFunc(slots, time.Time.Equal)
}

// drawInterval draws an interval that often meets a jump of the clock.
func drawInterval(t *rapid.T, jumps []time.Time, loc *time.Location) (start time.Time, p Period) {
	number := func(name string, high int32, often int) int32 {
		if rapid.IntRange(0, often).Draw(t, "no "+name) != 0 {
			return 0
		}
		return rapid.Int32Range(0, high).Draw(t, name)
	}
	switch rapid.IntRange(0, 5).Draw(t, "period") {
	case 0:
		p = Period{Hours: number("h", 50, 1), Minutes: number("m", 200, 1), Seconds: number("s", 4000, 2), Milli: number("ms", 999, 3)}
		if p.millis() < 1000 {
			p = Period{Minutes: 30}
		}
	case 1, 2:
		p = Period{Days: 1}
	case 3:
		p = Period{Weeks: number("w", 3, 1), Days: 1 + number("d", 10, 1)}
	default:
		p = Period{
			Years: number("Y", 3, 4), Months: number("M", 13, 1), Weeks: number("W", 5, 5), Days: number("D", 10, 3),
			Hours: number("h", 50, 4), Minutes: number("m", 90, 4), Seconds: number("s", 90, 4), Milli: number("ms", 999, 6),
		}
		if p.days() == 0 && p.months() == 0 {
			p.Months = 1
		}
	}
	// From a wall-clock time near the jump some periods back, to meet it.
	at := drawMoment(t, jumps)
	_, offset := at.Add(-1).In(loc).Zone()
	shift := rapid.SampledFrom([]time.Duration{0, time.Minute, 29 * time.Minute, 30 * time.Minute, time.Hour - 1e6, time.Hour, -time.Minute, -30 * time.Minute, -time.Hour, 12 * time.Hour}).Draw(t, "shift")
	start = at.Add(time.Duration(offset)*time.Second + shift)
	if back := int(rapid.IntRange(0, 20).Draw(t, "periods back")); p.Hours == 0 || p.days() != 0 {
		start = start.AddDate(0, -back*int(p.months()), -back*int(p.days()))
	}
	return start, p
}

func TestIntervalAsModel(t *testing.T) {
	t.Parallel()
	jumps := jumpsOf(t)
	rapid.Check(t, func(t *rapid.T) {
		name, loc := drawZone(t)
		start, p := drawInterval(t, jumps[name], loc)
		o := Options{Zone: name}
		if p.days() != 0 || p.months() != 0 {
			o.Gap = rapid.SampledFrom([]Gap{GapDefault, GapDefault, GapRun, GapSkip}).Draw(t, "gap")
			o.Overlap = rapid.SampledFrom([]Overlap{OverlapDefault, OverlapDefault, OverlapFirst, OverlapBoth}).Draw(t, "overlap")
		}
		repeat, n := "R", 30
		if rapid.Bool().Draw(t, "finite") {
			n = rapid.IntRange(0, 30).Draw(t, "n")
			repeat = fmt.Sprint("R", n)
		}
		text := fmt.Sprintf("%s/%s/%s", repeat, start.UTC().Format("2006-01-02T15:04:05.000"), p)
		s := mustRapid(t, text, o)
		var want []time.Time
		from := start.Add(-40 * time.Hour)
		to := start.AddDate(0, 0, 3)
		if p.days() == 0 && p.months() == 0 {
			first, _ := moments(loc, start.UTC())
			want = modelInterval(time.UTC, first[0], p, n, o)
		} else {
			want = modelInterval(loc, start.UTC(), p, n, o)
		}
		if repeat == "R" { // the model's last slots may lack a neighbour
			to = want[len(want)-4]
			want = want[:len(want)-4]
		}
		if repeat != "R" && len(want) > 0 {
			to = want[len(want)-1].AddDate(0, 0, 3) // and no more
		}
		compare(t, s, want, from, to)
		if o.Gap != GapSkip && o.Overlap != OverlapBoth && len(want) > 0 {
			checkRemaining(t, s, o, want)
		}
	})
}

func mustRapid(t *rapid.T, text string, o Options) *Schedule {
	s, err := Parse(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkRemaining: what remains after a slot, read again, goes on with the next slot.
func checkRemaining(t *rapid.T, s *Schedule, o Options, slots []time.Time) {
	if got := s.Remaining(slots[0].Add(-1)); got != s.String() {
		t.Fatalf("%q before its first slot: %q", s, got)
	}
	for _, decided := range slots {
		rest := mustRapid(t, s.Remaining(decided), o)
		if got, want := rest.Next(decided), s.Next(decided); !got.Equal(want) {
			t.Fatalf("%q after %v remains %q; next is %v, want %v", s, decided, rest, got, want)
		}
	}
}

var (
	anchor = time.Date(2026, 5, 6, 7, 8, 9, 123456789, time.UTC)
	berlin = Options{Zone: "Europe/Berlin"}
)

var intervals = []struct {
	text  string
	o     Options
	after string
	want  []string // in the schedule's zone; nothing more after "-"
}{
	{"R3/2026-01-01T00:00:00Z/P1D", Options{}, "", []string{"2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z", "2026-01-03T00:00:00Z", "-"}},
	{"R1/2026-01-01T00:00:00Z/P1D", Options{}, "", []string{"2026-01-01T00:00:00Z", "-"}},
	{"R0/2026-01-01T00:00:00Z/P1D", Options{}, "", []string{"-"}},
	{"R007/2026-01-01T00:00:00Z/P1D", Options{}, "2026-01-06T12:00:00Z", []string{"2026-01-07T00:00:00Z", "-"}},
	// The day comes back after short months.
	{"R/2026-01-31T10:00:00Z/P1M", Options{}, "", []string{"2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z", "2026-03-31T10:00:00Z", "2026-04-30T10:00:00Z", "2026-05-31T10:00:00Z"}},
	{"R/2024-02-29T10:00:00Z/P1Y", Options{}, "2027-03-01T00:00:00Z", []string{"2028-02-29T10:00:00Z", "2029-02-28T10:00:00Z"}},
	{"R/2024-02-29T10:00:00Z/P1Y1M", Options{}, "2024-03-01T00:00:00Z", []string{"2025-03-29T10:00:00Z", "2026-04-29T10:00:00Z"}},
	// No month is skipped after a long gap, and no year (Chronos contract 3.6).
	{"R/2016-01-10T00:00:00Z/P1M", Options{}, "2017-02-10T00:00:01Z", []string{"2017-03-10T00:00:00Z"}},
	{"R/2012-01-01T00:00:00Z/P1Y", Options{}, "2016-12-31T00:00:00Z", []string{"2017-01-01T00:00:00Z"}},
	// An offset of its own; a zone that replaces it.
	{"R/2030-01-01T00:00:00+05:00/PT12H", Options{}, "", []string{"2030-01-01T00:00:00+05:00", "2030-01-01T12:00:00+05:00"}},
	{"R/2030-01-01T00:00:00+05:00/PT12H", Options{Zone: "PST"}, "", []string{"2030-01-01T00:00:00-08:00", "2030-01-01T12:00:00-08:00"}},
	{"R/2030-01-01T00:00:00/PT24H", Options{Zone: "GMT+05:30"}, "", []string{"2030-01-01T00:00:00+05:30"}},
	{"R/T10:00/P1D", Options{}, "", []string{"1970-01-01T10:00:00Z", "1970-01-02T10:00:00Z"}},
	{"R/1960-01-01/P1Y", Options{}, "", []string{"1960-01-01T00:00:00Z", "1961-01-01T00:00:00Z"}},
	// Clocks that jump: the gap's end, and 02:30 again the next day (not as Chronos, contract 3.3).
	{"R/2026-03-28T02:30/P1D", berlin, "", []string{"2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
	{"R/2026-03-29T02:30/P1D", berlin, "", []string{"2026-03-29T03:00:00+02:00", "2026-03-30T02:30:00+02:00"}},
	{"R/2026-03-28T02:30/P1D", Options{Zone: "Europe/Berlin", Gap: GapSkip}, "", []string{"2026-03-28T02:30:00+01:00", "2026-03-30T02:30:00+02:00"}},
	{"R/2026-10-24T02:30/P1D", berlin, "", []string{"2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"}},
	{"R/2026-10-24T02:30/P1D", Options{Zone: "Europe/Berlin", Overlap: OverlapBoth}, "", []string{"2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"}},
	{"R2/2026-10-24T02:30/P1D", Options{Zone: "Europe/Berlin", Overlap: OverlapBoth}, "2026-10-25T00:30:00Z", []string{"2026-10-25T02:30:00+01:00", "-"}},
	{"R/2026-10-25T02:30/P1D", berlin, "", []string{"2026-10-25T02:30:00+02:00"}},
	{"R/2026-10-25T02:30+01:00/P1D", berlin, "", []string{"2026-10-25T02:30:00+01:00", "2026-10-26T02:30:00+01:00"}},
	{"R/2026-10-25T02:30+01:00/PT1H", berlin, "", []string{"2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"}},
	{"R/2026-10-25T01:30/PT1H", berlin, "", []string{"2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"}},
	{"R/2026-10-24T12:00/PT24H", berlin, "", []string{"2026-10-24T12:00:00+02:00", "2026-10-25T11:00:00+01:00"}},
	{"R/2026-10-24T12:00/P1D", berlin, "", []string{"2026-10-24T12:00:00+02:00", "2026-10-25T12:00:00+01:00"}},
	{"R/2018-11-03T00:00/P1D", Options{Zone: "America/Sao_Paulo"}, "", []string{"2018-11-03T00:00:00-03:00", "2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
	{"R/2011-12-29T12:00/P1D", Options{Zone: "Pacific/Apia"}, "", []string{"2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"}},
	{"R/2011-12-29T00:00/P1D", Options{Zone: "Pacific/Apia"}, "", []string{"2011-12-29T00:00:00-10:00", "2011-12-31T00:00:00+14:00", "2012-01-01T00:00:00+14:00"}},
	{"R/2011-12-29T12:00/P1DT1H", Options{Zone: "Pacific/Apia"}, "", []string{"2011-12-29T12:00:00-10:00", "2011-12-31T01:00:00+14:00", "2011-12-31T14:00:00+14:00"}},
	// What counts from the anchor: milliseconds, as Chronos.
	{"R//PT1H", Options{Anchor: anchor}, "", []string{"2026-05-06T07:08:09.123Z", "2026-05-06T08:08:09.123Z"}},
	{"R2//P1D", Options{Anchor: anchor, Zone: "Europe/Berlin"}, "", []string{"2026-05-06T09:08:09.123+02:00", "2026-05-07T09:08:09.123+02:00", "-"}},
	{"@every 90s", Options{Anchor: anchor}, "2026-05-01T00:00:00Z", []string{"2026-05-06T07:09:39.123Z", "2026-05-06T07:11:09.123Z"}},
	{"R/2026-01-01T00:00:00Z/PT1.5S", Options{}, "", []string{"2026-01-01T00:00:00Z", "2026-01-01T00:00:01.5Z", "2026-01-01T00:00:03Z"}},
	{"R/2026-01-01T00:00:00Z/PT1H-30M", Options{}, "", []string{"2026-01-01T00:00:00Z", "2026-01-01T00:30:00Z"}},
	{"R/2026-01-01T00:00:00Z/P1W-1D", Options{}, "", []string{"2026-01-01T00:00:00Z", "2026-01-07T00:00:00Z"}},
	// Far ends.
	{"R/9999-12-30T12:00:00Z/P1D", Options{}, "", []string{"9999-12-30T12:00:00Z", "9999-12-31T12:00:00Z", "-"}},
	{"R/9999-11-30T12:00:00Z/P1M", berlin, "", []string{"9999-11-30T12:00:00+01:00", "9999-12-30T12:00:00+01:00", "-"}},
	{"R9223372036854775806/2026-01-01T00:00:00Z/P2147483647Y", Options{}, "", []string{"2026-01-01T00:00:00Z", "-"}},
	{"R/2026-01-01T00:00:00Z/PT2147483647H", Options{}, "", []string{"2026-01-01T00:00:00Z", "-"}},
}

func TestIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range intervals {
		s := must(t, c.text, c.o)
		at := time.Time{}
		if c.after != "" {
			at = instant(t, c.after)
		}
		for _, want := range c.want {
			at = s.Next(at)
			got := "-"
			if !at.IsZero() {
				got = at.In(s.Location()).Format(time.RFC3339Nano)
			}
			if got != want {
				t.Errorf("%s in %q: got %s, want %s of %v", c.text, c.o.Zone, got, want, c.want)
				break
			}
		}
	}
}

func instant(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestRemaining(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, zone, decided, want string }{
		{"R3/2026-01-01T00:00:00Z/PT60S", "", "2025-12-31T00:00:00Z", "R3/2026-01-01T00:00:00Z/PT60S"},
		{"R3/2026-01-01T00:00:00Z/PT60S", "", "2026-01-01T00:00:00Z", "R2/2026-01-01T00:01:00.000Z/PT60S"},
		{"R3/2026-01-01T00:00:00Z/PT60S", "", "2026-01-01T00:01:59Z", "R1/2026-01-01T00:02:00.000Z/PT60S"},
		{"R3/2026-01-01T00:00:00Z/PT60S", "", "2029-01-01T00:00:00Z", "R0/2026-01-01T00:03:00.000Z/PT60S"},
		{"R0/2026-01-01T00:00:00Z/PT60S", "", "2029-01-01T00:00:00Z", "R0/2026-01-01T00:00:00Z/PT60S"},
		{"R/2026-01-01/P1DT0.5S", "", "2026-01-01T00:00:00Z", "R/2026-01-02T00:00:00.500Z/P1DT0.500S"},
		{"R/2026-01-01T00:00+05:30/P7D", "", "2026-01-01T00:00:00Z", "R/2026-01-08T00:00:00.000+05:30/P7D"},
		{"R/2026-01-01T00:00-00:00:30/P7D", "", "2026-01-02T00:00:00Z", "R/2026-01-08T00:00:00.000-00:00:30/P7D"},
		{"R1/2026-11-23T16:08:54.699Z/PT24H", "America/New_York", "2026-11-24T00:00:00Z", "R0/2026-11-24T16:08:54.699-05:00/PT24H"},
		{"R/2026-01-31T01:00Z/P1M", "Europe/London", "2026-02-01T00:00:00Z", "R/2026-02-28T01:00:00.000Z/P1M"},
		{"R/2026-03-28T02:30/P1D", "Europe/Berlin", "2026-03-28T12:00:00Z", "R/2026-03-29T03:00:00.000+02:00/P1D"},
		{"R/2026-03-28T02:30/P1D", "Europe/Berlin", "2026-03-29T12:00:00Z", "R/2026-03-30T02:30:00.000+02:00/P1D"},
		{"30 2 * * *", "Europe/Berlin", "2026-03-29T12:00:00Z", "30 2 * * *"},
		{"@every 1h", "", "2026-03-29T12:00:00Z", "@every 1h"},
	} {
		s := must(t, c.text, Options{Zone: c.zone})
		if got := s.Remaining(instant(t, c.decided)); got != c.want {
			t.Errorf("%s in %q after %s: got %s, want %s", c.text, c.zone, c.decided, got, c.want)
		}
	}
}

func TestRepetitions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		kind   Kind
		n      int64
		finite bool
	}{
		{"R/2026/P1D", ISO, 0, false}, {"R0/2026/P1D", ISO, 0, true}, {"R12/2026/P1M", ISO, 12, true},
		{"* * * * *", Cron, 0, false}, {"@every 5m", Cron, 0, false}, {"@daily", Cron, 0, false},
	} {
		s := must(t, c.text, Options{})
		if n, finite := s.Repetitions(); n != c.n || finite != c.finite || s.Kind() != c.kind || s.String() != c.text {
			t.Errorf("%s: %v, %v, kind %v, text %s", c.text, n, finite, s.Kind(), s)
		}
	}
}

// TestBounds: slots outside of NotBefore and NotAfter do not exist, those on them do.
func TestBounds(t *testing.T) {
	t.Parallel()
	o := Options{NotBefore: instant(t, "2026-01-02T00:00:00Z"), NotAfter: instant(t, "2026-01-04T00:00:00Z")}
	for _, text := range []string{"R/2026-01-01T00:00:00Z/P1D", "0 0 * * *", "@every 24h"} {
		s := must(t, text, o)
		got := fmt.Sprint(Upcoming(s, time.Time{}, 10))
		if want := "[2026-01-02 00:00:00 +0000 UTC 2026-01-03 00:00:00 +0000 UTC 2026-01-04 00:00:00 +0000 UTC]"; got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
		if newest, n := s.Range(time.Time{}, o.NotAfter.AddDate(1, 0, 0)); n != 3 || !newest.Equal(o.NotAfter) {
			t.Errorf("%s: Range gives %v, %d", text, newest, n)
		}
	}
	s := must(t, "R/2026-01-01T00:00:00Z/P1D", o)
	if got := s.Remaining(o.NotBefore.Add(-1)); got != s.String() {
		t.Errorf("before the first slot remains %s", got)
	}
	o.NotBefore = o.NotBefore.Add(1)
	if got := must(t, "0 0 * * *", o).Next(time.Time{}); !got.Equal(instant(t, "2026-01-03T00:00:00Z")) {
		t.Errorf("the first slot not before %v is %v", o.NotBefore, got)
	}
	o.NotAfter = o.NotBefore.Add(-1)
	if _, err := Parse("0 0 * * *", o); !errors.Is(err, ErrImpossible) {
		t.Errorf("an end before the begin: %v", err)
	}
}

func TestPeriodAddTo(t *testing.T) {
	t.Parallel()
	berlin := zone(t, "Europe/Berlin")
	for _, c := range []struct {
		period string
		from   time.Time
		k      int64
		want   string
	}{
		{"P1M", time.Date(2026, 1, 31, 10, 0, 0, 5, time.UTC), 1, "2026-02-28T10:00:00.000000005Z"},
		{"P1M", time.Date(2026, 1, 31, 10, 0, 0, 5, time.UTC), 2, "2026-03-31T10:00:00.000000005Z"},
		{"P1M", time.Date(2026, 3, 31, 10, 0, 0, 0, time.UTC), -1, "2026-02-28T10:00:00Z"},
		{"P1Y2M3W4DT5H6M7.5S", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 1, "2027-03-26T05:06:07.5Z"},
		{"P1D", time.Date(2026, 3, 28, 2, 30, 0, 0, berlin), 1, "2026-03-29T03:00:00+02:00"},
		{"PT24H", time.Date(2026, 3, 28, 2, 30, 0, 0, berlin), 1, "2026-03-29T03:30:00+02:00"},
		{"P1DT24H", time.Date(2026, 3, 28, 2, 30, 0, 0, berlin), 1, "2026-03-30T03:00:00+02:00"},
		{"P1D", time.Date(2026, 10, 25, 1, 30, 0, 0, time.UTC).In(berlin), 0, "2026-10-25T02:30:00+01:00"},
		{"PT1H", time.Date(2026, 10, 25, 0, 30, 0, 0, time.UTC).In(berlin), 1, "2026-10-25T02:30:00+01:00"},
		{"P1Y", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 7973, "9999-01-01T00:00:00Z"},
		{"P1Y", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 7974, "0001-01-01T00:00:00Z"},
		{"P1Y", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 1 << 62, "0001-01-01T00:00:00Z"},
		{"PT1S", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), -1 << 63, "0001-01-01T00:00:00Z"},
		{"P-1D", time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), 2, "2025-12-30T00:00:00Z"},
	} {
		p, err := ParseDuration(c.period)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.AddTo(c.from, c.k).Format(time.RFC3339Nano); got != c.want {
			t.Errorf("%v + %d × %s = %s, want %s", c.from, c.k, c.period, got, c.want)
		}
	}
}

func TestPeriodFixed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text  string
		want  time.Duration
		fixed bool
	}{
		{"P1DT2H3M4.005S", 26*time.Hour + 3*time.Minute + 4005*time.Millisecond, true},
		{"P1W", 7 * 24 * time.Hour, true}, {"P", 0, true}, {"PT-1.5S", -1500 * time.Millisecond, true},
		{"P1M", 0, false}, {"P1Y", 0, false}, {"P0Y0MT1S", time.Second, true},
		{"P2147483647W", 1<<63 - 1, true}, {"P-2147483648W", -1 << 63, true},
	} {
		p, err := ParseDuration(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if got, fixed := p.Fixed(); got != c.want || fixed != c.fixed {
			t.Errorf("%s: %v, %v, want %v, %v", c.text, got, fixed, c.want, c.fixed)
		}
	}
}
