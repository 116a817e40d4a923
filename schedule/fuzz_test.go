package schedule

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// FuzzDuration: what is read and written again means the same, and writing is stable.
func FuzzDuration(f *testing.F) {
	for _, text := range []string{"P", "PT1H", "P1Y2M3W4DT5H6M7.5S", "PT-7.5S", "PT-0.5S", "PT.5S", "pt1h", "P+1D", "PT2147483647S", "P1M-1D", "PT1.S", "P1,5D", "PT99999999999S", "PT60S"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParseDuration(text)
		if err != nil {
			if !errors.Is(err, ErrSyntax) || p != (Period{}) {
				t.Fatalf("%q: %v with error %v", text, p, err)
			}
			return
		}
		again, err := ParseDuration(p.String())
		if err != nil || again != p {
			t.Fatalf("%q is written %q, which is read as %+v, %v, want %+v", text, p, again, err, p)
		}
		at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
		if d, fixed := p.Fixed(); fixed && d > -1<<60 && d < 1<<60 && !p.AddTo(at, 1).Equal(at.Add(d)) {
			t.Fatalf("%q: %v + %v = %v", text, at, d, p.AddTo(at, 1))
		}
	})
}

// FuzzParse: no text makes the parser or the walk fall; a schedule that is
// read has slots in order, agrees with itself about their number, means
// the same when read again, and says the remaining ones in a text that can be read.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"* * * * *", "*/5 1-3 * * MON-FRI", "0 0 29 2 *", "0 0 30 2 *", "H H(0-7) H * H", "30 2 1,15 * SUN,7", "0 30 2 * * ?", "@daily", "@every 90s", "@every 1h1ms",
		"TZ=Europe/Berlin 30 2 * * *", "CRON_TZ=UTC @hourly", "TZ=", "5/20 * * * *", "1,,2 * * * *",
		"R/2026-03-28T02:30/P1D", "R3/2026-01-31T10:00:00Z/P1M", "R//PT1H", "R0//P", "R12/2030-W05-2T10:00+05:30/P1Y2M3W4DT5H6M7.5S", "R/T10.5/PT0.5S", "R/2030-123/P2W",
		"R/0001-01-01/P1Y", "R/9999-12-31T23:59:59.999Z/PT1S", "R/2026/P2147483647Y", "R/2026/P9999M2147483647DT2147483647H", "R99999999999999999999//P1D", "R/2026/P1D/P1D",
	} {
		f.Add(text, uint8(0), int64(1774747800))
		f.Add(text, uint8(13), int64(1792890000))
	}
	f.Fuzz(func(t *testing.T, text string, choice uint8, unix int64) {
		if unix < minSeconds || unix > maxSeconds {
			return
		}
		from := time.Unix(unix, 123456789)
		o := Options{Name: "job", Anchor: from.Add(-time.Hour), Gap: Gap(choice % 3), Overlap: Overlap(choice / 3 % 3)}
		if z := int(choice) / 9; z < len(zoneNames) {
			o.Zone = zoneNames[z]
		}
		s, err := Parse(text, o)
		if err != nil {
			if !errors.Is(err, ErrSyntax) && !errors.Is(err, ErrZone) && !errors.Is(err, ErrPeriod) && !errors.Is(err, ErrImpossible) {
				t.Fatalf("%q: %v is none of the errors", text, err)
			}
			return
		}
		slots := Upcoming(s, from, 5)
		last := from
		for i, slot := range slots {
			if !slot.After(last) || slot.Location() != time.UTC {
				t.Fatalf("%q: slot %v after %v", text, slot, last)
			}
			last = slot
			if newest, n := s.Range(from, slot); n != int64(i+1) || !newest.Equal(slot) {
				t.Fatalf("%q: Range(%v, %v) = %v, %d; Next gives %v", text, from, slot, newest, n, slots)
			}
			if _, n := s.Range(from, slot.Add(-1)); n != int64(i) {
				t.Fatalf("%q: Range(%v, just before %v) has %d, want %d", text, from, slot, n, i)
			}
		}
		if len(slots) < 5 {
			if _, n := s.Range(from, time.Unix(maxSeconds, 999999999)); n != int64(len(slots)) {
				t.Fatalf("%q: Range to the end has %d, Next gives %v", text, n, slots)
			}
		}
		rest, err := Parse(s.Remaining(last), o)
		if err != nil {
			if strings.Contains(s.Remaining(last), "/9999-12-31") || strings.Contains(s.Remaining(last), "/10000") {
				return // there is no next one to write
			}
			t.Fatalf("%q after %v remains %q: %v", text, last, s.Remaining(last), err)
		}
		if rest.Kind() != s.Kind() {
			t.Fatalf("%q remains %q", text, rest)
		}
	})
}
