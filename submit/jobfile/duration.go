package jobfile

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/schedule"
)

// units of durations as people write them, in thousandths of a second.
var units = []struct {
	letter string
	milli  float64
}{{"w", 7 * 86400e3}, {"d", 86400e3}, {"h", 3600e3}, {"m", 60e3}, {"s", 1e3}, {"ms", 1}}

// ReadDuration reads 90s, 2h30m, 1d, 1.5h, a number of seconds, or an ISO 8601
// duration, and returns it in ISO 8601: what is ISO already as it is, the others
// in days, hours, minutes and seconds. "" stays "".
func ReadDuration(text string) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return "", nil
	}
	if c := text[0] | 0x20; c == 'p' {
		if _, err := schedule.ParseDuration(text); err != nil {
			return "", err
		}
		return text, nil
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		return isoDuration(text, seconds*1000)
	}
	sum, rest, last := 0.0, text, -1
	for rest != "" {
		n := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if n <= 0 {
			return "", notDuration(text)
		}
		number, err := strconv.ParseFloat(rest[:n], 64)
		if err != nil {
			return "", notDuration(text)
		}
		rest = rest[n:]
		letters := rest
		if n := strings.IndexAny(rest, "0123456789. "); n >= 0 {
			letters = rest[:n]
		}
		u := -1
		for i := range units {
			if units[i].letter == letters {
				u = i
			}
		}
		if u <= last {
			return "", notDuration(text)
		}
		sum, rest, last = sum+number*units[u].milli, strings.TrimLeft(rest[len(letters):], " "), u
	}
	return isoDuration(text, sum)
}

func notDuration(text string) error {
	return fmt.Errorf("%.40q is not a duration, want for example 90s, 2h30m, 1d or PT90S", text)
}

// isoDuration writes thousandths of a second. Weeks and days are whole days of 24 hours.
func isoDuration(text string, milli float64) (string, error) {
	if math.IsNaN(milli) || milli < 0 || milli > 1e15 || math.Abs(milli-math.Round(milli)) > 1e-6 {
		return "", fmt.Errorf("%.40q is out of range, want 0 or more, in thousandths of a second at the finest", text)
	}
	ms := int64(math.Round(milli))
	if ms == 0 {
		return "PT0S", nil
	}
	var b strings.Builder
	b.WriteByte('P')
	if d := ms / 86400000; d > 0 {
		fmt.Fprintf(&b, "%dD", d)
	}
	if ms %= 86400000; ms == 0 {
		return b.String(), nil
	}
	b.WriteByte('T')
	if h := ms / 3600000; h > 0 {
		fmt.Fprintf(&b, "%dH", h)
	}
	ms %= 3600000
	if m := ms / 60000; m > 0 {
		fmt.Fprintf(&b, "%dM", m)
	}
	if ms %= 60000; ms > 0 {
		b.WriteString(strconv.FormatFloat(float64(ms)/1000, 'f', -1, 64) + "S")
	}
	return b.String(), nil
}
