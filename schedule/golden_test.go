package schedule

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"
)

// golden returns the lines of a file in testdata: a quoted text, and the rest.
func golden(t *testing.T, name string) (lines [][2]string) {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(line, "#") {
			continue
		}
		quoted, err := strconv.QuotedPrefix(line)
		if err != nil {
			t.Fatalf("%s: %q: %v", name, line, err)
		}
		text, _ := strconv.Unquote(quoted)
		lines = append(lines, [2]string{text, strings.TrimSpace(line[len(quoted):])})
	}
	if len(lines) < 50 {
		t.Fatalf("%s has %d lines only", name, len(lines))
	}
	return lines
}

func TestPeriodsAsJoda(t *testing.T) {
	t.Parallel()
	// Joda-Time loses the sign of -0.5.
	lost := func(text string) bool { return strings.Contains(text, "-0.") || strings.Contains(text, "-0,") }
	for _, line := range golden(t, "joda_periods.txt") {
		text, want := line[0], line[1]
		p, err := ParseDuration(text)
		got := "error"
		if err == nil {
			got = fmt.Sprint(p, p.Years, p.Months, p.Weeks, p.Days, p.Hours, p.Minutes, p.Seconds, p.Milli)
		} else if !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: error %v is no ErrSyntax", text, err)
		}
		if got != want && !lost(text) {
			t.Errorf("%q: got %s, want %s (%v)", text, got, want, err)
		}
	}
}

func TestStartsAsJoda(t *testing.T) {
	t.Parallel()
	for _, line := range golden(t, "joda_starts.txt") {
		text, want := line[0], line[1]
		s, err := parseStart(text)
		got := "error"
		if err == nil {
			got = time.UnixMilli(s.local).UTC().Format("2006-01-02T15:04:05.000") + " -"
			if s.hasOffset {
				got = got[:len(got)-1] + time.Unix(0, 0).In(time.FixedZone("", s.offset)).Format("Z07:00")
			}
		} else if !errors.Is(err, ErrSyntax) {
			t.Errorf("%q: error %v is no ErrSyntax", text, err)
		}
		if got == want {
			continue
		}
		// Joda-Time knows years that are not in 1 to 9999, and offsets with milliseconds.
		year, _, _ := strings.Cut(strings.TrimPrefix(want, "-"), "-")
		strange := len(year) > 4 || year == "0000" || strings.HasPrefix(want, "-") || strings.Contains(err.Error(), "whole seconds")
		if got != "error" || !strange {
			t.Errorf("%q: got %s, want %s (%v)", text, got, want, err)
		}
	}
}

func TestZonesAsJava(t *testing.T) {
	t.Parallel()
	january, july := time.Date(2026, 1, 15, 12, 0, 0, 0, time.UTC), time.Date(2026, 7, 15, 12, 0, 0, 0, time.UTC)
	var zones Zones
	for _, line := range golden(t, "java_zones.txt") {
		name, want := line[0], line[1]
		loc, err := zones.Load(name)
		got := "unknown"
		if err == nil {
			_, a := january.In(loc).Zone()
			_, b := july.In(loc).Zone()
			got = fmt.Sprint(a, b)
			if again, _ := zones.Load(name); again != loc {
				t.Errorf("%q is loaded twice", name)
			}
		} else if !errors.Is(err, ErrZone) {
			t.Errorf("%q: error %v is no ErrZone", name, err)
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
	for _, name := range []string{"Local", "../etc/passwd", "Europe/Berlin\x00", "GMT+:30"} {
		if loc, err := zones.Load(name); err == nil {
			t.Errorf("%q is loaded: %v", name, loc)
		}
	}
}
