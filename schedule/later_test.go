package schedule

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestLater(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text   string
		leeway int // minutes
		by     int
		want   string
	}{
		{"0 0 * * *", 1439, 37, "37 0 * * *"},
		{"0 0 * * *", 1439, 97, "37 1 * * *"},
		{"30 23 * * 1", 29, 29, "59 23 * * 1"},
		{"0 * * * *", 59, 59, "59 * * * *"},
		{"5 */2 * * *", 54, 10, "15 */2 * * *"},
		{"15 0 12 1 * ?", 719, 1, "15 1 12 1 * ?"},
		{"@daily", 1439, 61, "1 1 * * *"},
		{"@hourly", 59, 7, "7 * * * *"},
		{"@weekly", 1439, 7, "7 0 * * 0"},
		{"TZ=Europe/Berlin 0 3 * * *", 1259, 10, "TZ=Europe/Berlin 10 3 * * *"},
		{"R/2026-01-01T00:00:00Z/P1D", 1439, 90, "R/2026-01-01T01:30:00Z/P1D"},
		{"R/2026-01-31T23:58:30.250+02:00/P1M", 1, 1, "R/2026-01-31T23:59:30.250+02:00/P1M"},
		{"R/2026-01-01T00:00:00/PT1H", 59, 59, "R/2026-01-01T00:59:00/PT1H"},
		{"R/2026-01-01T23:30:00Z/PT1H", 59, 59, "R/2026-01-02T00:29:00Z/PT1H"},
		{"R/2026-01-01T00:00:00Z/PT30S", 0, 1, ""},
		{"*/5 * * * *", 0, 1, ""},
		{"0,30 * * * *", 0, 1, ""},
		{"H 3 * * *", 0, 1, ""},
		{"* * * * *", 0, 1, ""},
		{"*/10 0 * * * *", 0, 1, ""},
		{"@every 1h", 0, 1, ""},
		{"R5/2026-01-01T00:00:00Z/P1D", 0, 1, ""},
		{"R//P1D", 0, 1, ""},
		{"59 23 * * *", 0, 1, ""},
	} {
		s, err := Parse(c.text, Options{})
		if err != nil {
			t.Fatal(c.text, err)
		}
		if got := s.Leeway(); got != time.Duration(c.leeway)*time.Minute {
			t.Errorf("%s: leeway %s, want %d minutes", c.text, got, c.leeway)
		}
		got, ok := s.Later(time.Duration(c.by) * time.Minute)
		if got != c.want || ok != (c.want != "") {
			t.Errorf("%s by %d: %q, want %q", c.text, c.by, got, c.want)
		}
		for _, bad := range []time.Duration{0, -time.Minute, time.Second, s.Leeway() + time.Minute} {
			if got, ok := s.Later(bad); ok {
				t.Errorf("%s by %s: %q", c.text, bad, got)
			}
		}
	}
}

// TestLaterIsLater: in a zone without changes of the clock each slot of the
// other text is one of the first, later by just that much.
func TestLaterIsLater(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		minute, hour := rapid.IntRange(0, 59).Draw(t, "minute"), rapid.IntRange(0, 23).Draw(t, "hour")
		text := rapid.SampledFrom([]string{
			fmt.Sprintf("%d %d * * *", minute, hour), fmt.Sprintf("%d * * * *", minute), fmt.Sprintf("%d %d * * 1-5", minute, hour), fmt.Sprintf("%d %d 1,15 * *", minute, hour),
			fmt.Sprintf("%d 0,6,12,18 * * *", minute), fmt.Sprintf("R/2025-12-31T%02d:%02d:00Z/P1D", hour, minute), fmt.Sprintf("R/2025-12-31T%02d:%02d:00Z/P1M", hour, minute),
			fmt.Sprintf("R/2025-12-31T%02d:%02d:00Z/PT%dM", hour, minute, rapid.IntRange(1, 3000).Draw(t, "period")),
		}).Draw(t, "text")
		s, err := Parse(text, Options{})
		if err != nil {
			t.Fatal(err)
		}
		by := time.Duration(rapid.IntRange(min(1, int(s.Leeway()/time.Minute)), int(s.Leeway()/time.Minute)).Draw(t, "by")) * time.Minute
		other, ok := s.Later(by)
		if by == 0 { // it is at the end of its day, or comes every minute
			return
		}
		if !ok {
			t.Fatalf("%s has a leeway of %s and is not moved by %s", text, s.Leeway(), by)
		}
		moved, err := Parse(other, Options{})
		if err != nil {
			t.Fatal(err)
		}
		from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(rapid.IntRange(0, 1_000_000).Draw(t, "from")) * time.Minute)
		want, got := Upcoming(s, from, 30), Upcoming(moved, from.Add(by), 30)
		for i := range want {
			if !got[i].Equal(want[i].Add(by)) {
				t.Fatalf("%s moved by %s is %s: slot %s, want %s", text, by, other, got[i], want[i].Add(by))
			}
			if i > 0 && want[i].Sub(want[i-1]) <= by {
				t.Fatalf("%s is moved by %s, its slots are %s apart", text, by, want[i].Sub(want[i-1]))
			}
		}
	})
}
