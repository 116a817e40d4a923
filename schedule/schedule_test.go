package schedule

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

var badTexts = []struct {
	text, zone string
	is         error
	want       string // part of the message
}{
	{"61 * * * *", "", ErrSyntax, `schedule "61 * * * *": minute 61 is above 59`},
	{"* 24 * * *", "", ErrSyntax, "hour 24 is above 23"},
	{"60 * * * * *", "", ErrSyntax, "second 60 is above 59"},
	{"* * 0 * *", "", ErrSyntax, "day of month 0 is below 1"},
	{"* * * 13 *", "", ErrSyntax, "month 13 is above 12"},
	{"* * * * 8", "", ErrSyntax, "day of week 8 is above 7"},
	{"5-1 * * * *", "", ErrSyntax, `minute "5-1": 5 is after 1`},
	{"*/0 * * * *", "", ErrSyntax, `minute "*/0": the step is not a number from 1 on`},
	{"1/2/3 * * * *", "", ErrSyntax, "the step is not a number"},
	{"1-2-3 * * * *", "", ErrSyntax, `"2-3" is not a number`},
	{"*-5 * * * *", "", ErrSyntax, `"*" is not a number`},
	{"1,,2 * * * *", "", ErrSyntax, `minute "": "" is not a number`},
	{"+5 * * * *", "", ErrSyntax, `"+5" is not a number`},
	{"-5 * * * *", "", ErrSyntax, "is not a number"},
	{"* * * JUNE *", "", ErrSyntax, `month "JUNE": "JUNE" is neither a number nor a name such as FEB`},
	{"* * * * FRI-MON", "", ErrSyntax, "FRI is after MON"},
	{"MON * * * *", "", ErrSyntax, `"MON" is not a number`},
	{"0 0 L * *", "", ErrSyntax, "L, W and # are not known"},
	{"0 0 * * 5#3", "", ErrSyntax, "L, W and # are not known"},
	{"H * * H *", "", ErrSyntax, `month "H": H may stand for`},
	{"0 0 H(1-31) * *", "", ErrSyntax, "day of month 31 is above 28"},
	{"H(5 * * * *", "", ErrSyntax, "want H, H(from-to)"},
	{"H(9-5) * * * *", "", ErrSyntax, "9 is after 5"},
	{"Hx * * * *", "", ErrSyntax, "want H, H(from-to)"},
	{"* * * *", "", ErrSyntax, "4 fields found, want 5"},
	{"* * * * * * *", "", ErrSyntax, "7 fields found"},
	{"", "", ErrSyntax, "0 fields found"},
	{"foo", "", ErrSyntax, "ISO 8601"},
	{"@reboot", "", ErrSyntax, "@reboot is unknown, want @hourly"},
	{"@every", "", ErrSyntax, "want one duration after @every"},
	{"@every 5", "", ErrSyntax, "want a duration such as 90s"},
	{"@every 1ms", "", ErrPeriod, "@every 1ms"},
	{"@every -1h", "", ErrPeriod, "@every -1h"},
	{"@every 1.0000005s", "", ErrSyntax, "whole milliseconds"},
	{"0 0 30 2 *", "", ErrImpossible, "no month 2 has a day 30"},
	{"0 0 31 2,4,6,9,11 *", "", ErrImpossible, "no month"},
	{"0 0 31 4 */2", "", ErrImpossible, "no month"},
	{"0 0 * * *", "Mars/Base", ErrZone, `unknown time zone "Mars/Base", want an IANA name`},
	{"0 0 * * *", "europe/berlin", ErrZone, "europe/berlin"},
	{"TZ=Mars/Base 0 0 * * *", "", ErrZone, "Mars/Base"},
	{"TZ= 0 0 * * *", "", ErrSyntax, "TZ= without a zone"},
	{"TZ=UTC", "", ErrSyntax, "0 fields found"},
	{"TZ=UTC 0 0 * * *", "Europe/Berlin", ErrSyntax, "its zone UTC is not the job's, Europe/Berlin"},
	{strings.Repeat("1,", 600) + "1 * * * *", "", ErrSyntax, "bytes are too many"},
	{"R/2030-01-01T00:00:00Z/PT1H", "Mars/Base", ErrZone, "Mars/Base"},
	{"R/2030-01-01T00:00:00Z/PT0S", "", ErrPeriod, `period "PT0S" is zero`},
	{"R/2030-01-01T00:00:00Z/P", "", ErrPeriod, `period "P" is zero`},
	{"R/2030-01-01T00:00:00Z/PT0.999S", "", ErrPeriod, "is shorter than a second"},
	{"R/2030-01-01T00:00:00Z/PT-1H", "", ErrPeriod, "is negative"},
	{"R/2030-01-01T00:00:00Z/P1M-1D", "", ErrPeriod, "is negative"},
	{"R9223372036854775807/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, "are too many"},
	{"R/2030-02-30/P1D", "", ErrSyntax, "day 30 is not in 1 to 28"},
	{"R/20300101T000000Z/P1D", "", ErrSyntax, "year 20300101 is not in 1 to 9999"},
	{"R//PT1H/", "", ErrSyntax, `period "PT1H/"`},
	{"R/PT1H/2030-01-01", "", ErrSyntax, "want R[n]/[start]/period"},
	// Those of the recordings (golden, schedules-invalid).
	{"R", "", ErrSyntax, "want R[n]/[start]/period"},
	{"R/", "", ErrSyntax, ""},
	{"R//", "", ErrSyntax, ""},
	{"2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, ""},
	{"5/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, `it begins with "5"`},
	{"R-1/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, `repetitions "-1" are not a number`},
	{"R1.5/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, ""},
	{"r/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, `it begins with "r"`},
	{" R/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, ""},
	{"R/2030-13-01T00:00:00Z/P1D", "", ErrSyntax, "month 13 is not in 1 to 12"},
	{"R/2030-01-01T25:00:00Z/P1D", "", ErrSyntax, "hour 25 is not in 0 to 23"},
	{"R/2030-01-01 00:00:00/P1D", "", ErrSyntax, ""},
	{"R/now/PT1H", "", ErrSyntax, `want year, not "now"`},
	{"R/2030-01-01T00:00:00Z/1H", "", ErrSyntax, ""},
	{"R/2030-01-01T00:00:00Z/PT", "", ErrSyntax, "T is followed by"},
	{"R/2030-01-01T00:00:00Z/PXX", "", ErrSyntax, ""},
	{"R/2030-01-01T00:00:00Z/P1H", "", ErrSyntax, `"H" is not one of "YMWD"`},
	{"R/2030-01-01T00:00:00Z/PT1D", "", ErrSyntax, `"D" is not one of "HMS"`},
	{"R/2030-01-01T00:00:00Z/P1.5D", "", ErrSyntax, "1.5 has a fraction"},
	{"R/2030-01-01T00:00:00Z/pt1h", "", ErrSyntax, ""},
	{"R/2030-01-01T00:00:00Z", "", ErrSyntax, ""},
	{"R/2030-01-01T00:00:00Z/2030-02-01T00:00:00Z", "", ErrSyntax, ""},
	{"R/2030-01-01T00:00:00Z/PT1H ", "", ErrSyntax, ""},
	{"R99999999999999999999/2030-01-01T00:00:00Z/PT1H", "", ErrSyntax, "are too many"},
	{"R/2030-01-01T00:00:00Z/PT99999999999S", "", ErrSyntax, "more than 10 digits"},
}

func TestErrors(t *testing.T) {
	t.Parallel()
	for _, c := range badTexts {
		s, err := Parse(c.text, Options{Zone: c.zone, Name: "job"})
		if err == nil {
			t.Errorf("%q in %q is accepted: next is %v", c.text, c.zone, s.Next(time.Time{}))
		} else if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q in %q: got %v (%T), want %v with %q", c.text, c.zone, err, err, c.is, c.want)
		}
	}
}

// TestCronForms: texts that mean the same.
func TestCronForms(t *testing.T) {
	t.Parallel()
	from := instant(t, "2026-02-03T04:05:06Z")
	for _, c := range [][2]string{
		{"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}, {"@monthly", "0 0 1 * *"}, {"@weekly", "0 0 * * 0"},
		{"@daily", "0 0 * * *"}, {"@midnight", "0 0 * * *"}, {"@hourly", "0 * * * *"}, {"  0 0\t* *  * ", "0 0 * * *"},
		{"0 5 4 * * *", "5 4 * * *"}, {"0 0 * * 7", "0 0 * * 0"}, {"0 0 * * SUN", "0 0 * * 0"}, {"0 0 * * sat-sun", "0 0 * * 6,0"},
		{"0 0 * * 5-7", "0 0 * * 0,5,6"}, {"0 0 * * 1-7", "0 0 * * *"}, {"0 0 * * Mon-fRi", "0 0 * * 1-5"}, {"0 0 * jan,DEC *", "0 0 * 1,12 *"},
		{"0 0 ? * MON", "0 0 * * 1"}, {"5/20 * * * *", "5,25,45 * * * *"}, {"0-10/5 05 * * *", "0,5,10 5 * * *"}, {"*/70 * * * *", "0 * * * *"},
		{"0 0 * * 0-7/7", "0 0 * * 0"}, {"0 0 * * 3/2", "0 0 * * 3,5"}, {"CRON_TZ=UTC 0 0 * * *", "0 0 * * *"}, {"TZ=GMT+2 0 2 * * *", "0 0 * * *"},
	} {
		a, b := Upcoming(must(t, c[0], Options{}), from, 30), Upcoming(must(t, c[1], Options{}), from, 30)
		if fmt.Sprint(a) != fmt.Sprint(b) || len(a) != 30 {
			t.Errorf("%q gives %v, but %q %v", c[0], a, c[1], b)
		}
	}
	if s := must(t, "TZ=Europe/Berlin 0 0 * * *", Options{Zone: "Europe/Berlin"}); s.Location().String() != "Europe/Berlin" {
		t.Errorf("the same zone twice: %v", s.Location())
	}
}

// TestDayRule: either day matches, unless one of the two fields begins with a star (Vixie cron).
func TestDayRule(t *testing.T) {
	t.Parallel()
	// October 2026 begins on a Thursday.
	days := func(text string) string {
		var got []int
		for _, slot := range Upcoming(must(t, text, Options{}), instant(t, "2026-09-30T23:59:59Z"), 31) {
			if slot.Month() == time.October && slot.Year() == 2026 {
				got = append(got, slot.Day())
			}
		}
		return fmt.Sprint(got)
	}
	for text, want := range map[string]string{
		"0 0 13 * FRI":     "[2 9 13 16 23 30]",
		"0 0 13 * *":       "[13]",
		"0 0 * * FRI":      "[2 9 16 23 30]",
		"0 0 */2 * FRI":    "[9 23]",
		"0 0 1-31/2 * FRI": "[1 2 3 5 7 9 11 13 15 16 17 19 21 23 25 27 29 30 31]",
		"0 0 13 * */2":     "[13]", // a Tuesday
		"0 0 12 * */2":     "[]",
		"0 0 9,* * FRI":    "[1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31]",
		"0 0 ? * FRI":      "[2 9 16 23 30]",
	} {
		if got := days(text); got != want {
			t.Errorf("%s: days %s, want %s", text, got, want)
		}
	}
}

// TestHash: H is the same for ever, in range, and spreads jobs.
func TestHash(t *testing.T) {
	t.Parallel()
	from := instant(t, "2026-02-01T00:00:00Z")
	// These values must not change: stored jobs keep their times.
	for _, c := range []struct{ text, name, want string }{
		{"H H * * *", "backup", "02-01 23:37:00"},
		{"H H H * *", "backup", "02-25 23:37:00"},
		{"H H * * H", "report", "02-07 11:01:00"},
		{"H/15 * * * *", "backup", "02-01 00:07:00"},
		{"H(0-29) * * * *", "backup", "02-01 00:07:00"},
		{"H(0-29)/10 * * * *", "backup", "02-01 00:07:00"},
	} {
		s := must(t, c.text, Options{Name: c.name})
		if got := s.Next(from.Add(-1)).Format("01-02 15:04:05"); got != c.want {
			t.Errorf("%s of %s: %s, want %s", c.text, c.name, got, c.want)
		}
	}
	minutes, days := make(map[int]int), make(map[int]int)
	for i := range 3000 {
		at := must(t, "H(10-39) H H * *", Options{Name: fmt.Sprint("job-", i)}).Next(from)
		minutes[at.Minute()]++
		days[at.Day()]++
		quarters := Upcoming(must(t, "H/15 * * * *", Options{Name: fmt.Sprint("job-", i)}), from.Add(-1), 5)
		if quarters[0].Minute() > 14 || quarters[4].Sub(quarters[0]) != time.Hour {
			t.Fatalf("job-%d: %v", i, quarters)
		}
	}
	for m := range 60 {
		if n := minutes[m]; (m < 10 || m > 39) != (n == 0) || n > 200 {
			t.Errorf("minute %d: %d jobs of 3000", m, n)
		}
	}
	for d := 1; d <= 31; d++ {
		if n := days[d]; (d > 28) != (n == 0) || n > 250 {
			t.Errorf("day %d: %d jobs of 3000", d, n)
		}
	}
	// A hashed minute is a fixed time, with a step it is not: see the gap.
	gap := instant(t, "2026-03-29T01:00:00Z")
	if got := must(t, "H 2 * * *", Options{Name: "x", Zone: "Europe/Berlin"}).Next(gap.Add(-1)); !got.Equal(gap) {
		t.Errorf("fixed time in the gap: %v", got)
	}
	if got := must(t, "H/10 2 * * *", Options{Name: "x", Zone: "Europe/Berlin"}).Next(gap.Add(-1)); got.Sub(gap) < 20*time.Hour {
		t.Errorf("step in the gap: %v", got)
	}
}

// TestCronJumps: known nights, written out.
func TestCronJumps(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, zone, after string
		o                 Options
		want              []string
	}{
		{"30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{}, []string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:30:00-04:00"}},
		{"30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{Gap: GapSkip}, []string{"2026-03-09T02:30:00-04:00"}},
		{"0,20,40 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{}, []string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"}},
		{"30 2,3 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{}, []string{"2026-03-08T03:00:00-04:00", "2026-03-08T03:30:00-04:00", "2026-03-09T02:30:00-04:00"}},
		{"0 2,3 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{}, []string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"}},
		{"30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", Options{}, []string{"2026-11-01T01:30:00-04:00", "2026-11-02T01:30:00-05:00"}},
		{"30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", Options{Overlap: OverlapBoth}, []string{"2026-11-01T01:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:30:00-05:00"}},
		{"30 1 * * *", "America/New_York", "2026-11-01T05:45:00Z", Options{}, []string{"2026-11-02T01:30:00-05:00"}},
		{"*/30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", Options{}, []string{"2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-01T01:00:00-05:00", "2026-11-01T01:30:00-05:00", "2026-11-02T01:00:00-05:00"}},
		{"*/30 1 * * *", "America/New_York", "2026-11-01T00:00:00Z", Options{Overlap: OverlapFirst}, []string{"2026-11-01T01:00:00-04:00", "2026-11-01T01:30:00-04:00", "2026-11-02T01:00:00-05:00"}},
		{"*/30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{}, []string{"2026-03-09T02:00:00-04:00"}},
		{"*/30 2 * * *", "America/New_York", "2026-03-07T12:00:00Z", Options{Gap: GapRun}, []string{"2026-03-08T03:00:00-04:00", "2026-03-09T02:00:00-04:00"}},
		{"15 2 * * *", "Australia/Lord_Howe", "2026-10-03T12:00:00Z", Options{}, []string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"}},
		{"45 1 * * *", "Australia/Lord_Howe", "2026-04-04T12:00:00Z", Options{}, []string{"2026-04-05T01:45:00+11:00", "2026-04-06T01:45:00+10:30"}},
		{"0 0 * * *", "Africa/Cairo", "2025-04-24T12:00:00Z", Options{}, []string{"2025-04-25T01:00:00+03:00", "2025-04-26T00:00:00+03:00"}},
		{"0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", Options{}, []string{"2018-11-04T01:00:00-02:00", "2018-11-05T00:00:00-02:00"}},
		{"0 1 4 11 *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", Options{}, []string{"2018-11-04T01:00:00-02:00", "2019-11-04T01:00:00-03:00"}},
		{"0 12 * * *", "Pacific/Apia", "2011-12-29T00:00:00Z", Options{}, []string{"2011-12-29T12:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T12:00:00+14:00"}},
		{"0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", Options{}, []string{"2011-12-31T00:00:00+14:00", "2012-12-30T12:00:00+14:00"}},
		{"0 12 30 12 *", "Pacific/Apia", "2011-12-01T00:00:00Z", Options{Gap: GapSkip}, []string{"2012-12-30T12:00:00+14:00"}},
		{"0 * * * *", "Pacific/Apia", "2011-12-30T08:30:00Z", Options{}, []string{"2011-12-29T23:00:00-10:00", "2011-12-31T00:00:00+14:00"}},
	} {
		c.o.Zone = c.zone
		s := must(t, c.text, c.o)
		at := instant(t, c.after)
		for _, want := range c.want {
			at = s.Next(at)
			if got := at.In(s.Location()).Format(time.RFC3339); got != want {
				t.Errorf("%s in %s: got %s, want %v", c.text, c.zone, got, c.want)
				break
			}
		}
	}
}

// TestRangeOfYears: a year of seconds costs no more than a year of days. Next is checked at both ends.
func TestRangeOfYears(t *testing.T) {
	t.Parallel()
	from, to := instant(t, "2024-01-01T00:00:00Z"), instant(t, "2025-01-01T00:00:00Z")
	for _, c := range []struct {
		text, zone string
		n          int64
		newest     string
	}{
		{"* * * * * *", "", 366 * 86400, "2025-01-01T00:00:00Z"},
		{"* * * * *", "America/New_York", 366 * 1440, "2025-01-01T00:00:00Z"},
		{"R/2000-01-01T00:00:00.5Z/PT1S", "", 366 * 86400, "2024-12-31T23:59:59.5Z"},
		{"@every 1s", "", 366 * 86400, "2025-01-01T00:00:00Z"},
		{"30 2 * * *", "America/New_York", 366, "2024-12-31T07:30:00Z"},
		{"R/2020-01-01T02:30/P1D", "America/New_York", 366, "2024-12-31T07:30:00Z"},
		{"R/2020-01-31T00:00/P1M", "", 12, "2024-12-31T00:00:00Z"},
		{"0 0 29 2 *", "", 1, "2024-02-29T00:00:00Z"},
	} {
		newest, n := must(t, c.text, Options{Zone: c.zone}).Range(from, to)
		if n != c.n || newest.Format(time.RFC3339Nano) != c.newest {
			t.Errorf("%s: %d, newest %s, want %d, %s", c.text, n, newest.Format(time.RFC3339Nano), c.n, c.newest)
		}
	}
	// All of time.
	if _, n := must(t, "0 0 1 1 *", Options{}).Range(time.Time{}, time.Unix(1<<40, 0)); n != 9998 {
		t.Errorf("%d years, want 9998: the first midnight is not after the beginning", n)
	}
	s := must(t, "0 0 1 1 *", Options{})
	if newest, n := s.Range(to, from); n != 0 || !newest.IsZero() {
		t.Errorf("a range that ends before it begins: %v, %d", newest, n)
	}
	if got := s.Next(instant(t, "9999-06-01T00:00:00Z")); !got.IsZero() {
		t.Errorf("after the last year comes %v", got)
	}
}

// TestDailyInZones compares years of daily slots with the model, through all jumps, under all policies.
func TestDailyInZones(t *testing.T) {
	t.Parallel()
	n, start := 800, instant(t, "2010-06-01T00:00:00Z")
	if *long {
		n = 8000
	}
	for i, name := range zoneNames {
		loc := zone(t, name)
		for j, clockTime := range []string{"00:00", "00:30", "01:00", "01:30", "02:00", "02:15", "02:30", "03:00"} {
			for k, p := range policies {
				if !*long && (i+j+k)%5 != 0 && name != "America/New_York" {
					continue
				}
				o := Options{Zone: name, Gap: p.gap, Overlap: p.overlap}
				s := must(t, "R/2010-06-01T"+clockTime+"/P1D", o)
				want := modelInterval(loc, instant(t, "2010-06-01T"+clockTime+":00Z"), Period{Days: 1}, n, o)
				compare(t, s, want[:len(want)-4], start.AddDate(0, 0, -3), want[len(want)-4])
			}
		}
	}
}

func TestAllocations(t *testing.T) {
	from := instant(t, "2026-03-08T06:59:00Z")
	for _, c := range benchmarks {
		s := must(t, c.text, Options{Zone: c.zone})
		if n := testing.AllocsPerRun(100, func() { s.Next(from) }); n != 0 {
			t.Errorf("Next of %s in %s allocates %v times", c.text, c.zone, n)
		}
		if n := testing.AllocsPerRun(100, func() { s.Range(from, from.AddDate(1, 0, 0)) }); n != 0 {
			t.Errorf("Range of %s in %s allocates %v times", c.text, c.zone, n)
		}
	}
}

var benchmarks = []struct{ text, zone string }{
	{"*/5 * * * *", "UTC"},
	{"*/5 * * * *", "America/New_York"},
	{"30 2 * * *", "America/New_York"},
	{"0 0 1 1 *", "America/New_York"},
	{"0 0 29 2 */7", "America/New_York"},
	{"0 0 29 2 MON", "America/New_York"},
	{"R/2020-01-01T02:30:00Z/PT1H", ""},
	{"R/2020-01-01T02:30:00/P1D", "America/New_York"},
	{"R/2020-01-31T02:30:00/P1M", "America/New_York"},
}

func BenchmarkNext(b *testing.B) {
	from := time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC)
	for _, c := range benchmarks {
		s, err := Parse(c.text, Options{Zone: c.zone})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.text+" "+c.zone, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Next(from)
			}
		})
	}
}

func BenchmarkRangeYear(b *testing.B) {
	from := time.Date(2026, 3, 7, 12, 0, 0, 0, time.UTC)
	for _, c := range benchmarks {
		s, err := Parse(c.text, Options{Zone: c.zone})
		if err != nil {
			b.Fatal(err)
		}
		b.Run(c.text+" "+c.zone, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s.Range(from, from.AddDate(1, 0, 0))
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for _, text := range []string{"30 2 * * *", "R/2020-01-31T02:30:00/P1M"} {
		for _, zones := range []*Zones{nil, {}} {
			b.Run(fmt.Sprintf("%s zones kept %v", text, zones != nil), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := Parse(text, Options{Zone: "America/New_York", Zones: zones}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
