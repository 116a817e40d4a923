package schedule

import (
	"fmt"
	"math/bits"
	"strings"
	"time"
)

// Words says in English what the schedule means, such as "at 02:30 on Monday to
// Friday" or "every 5 minutes". H stands for its value.
func (s *Schedule) Words() string {
	w, isWall := s.engine.(*wall)
	if !isWall {
		return s.intervalWords()
	}
	text := s.sets.words(w.fields.both)
	if zone := s.loc.String(); zone != "UTC" {
		text += ", " + zone + " time"
	}
	return text
}

func (s *Schedule) intervalWords() string {
	if s.iso == nil {
		return "every " + strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s.text), "@every"))
	}
	text := "every " + s.iso.period.words()
	first := s.Next(time.Time{})
	if n, finite := s.Repetitions(); finite {
		switch n {
		case 0:
			return "never"
		case 1:
			text = "once"
		default:
			text = fmt.Sprintf("%d times, %s", n, text)
		}
	}
	if first.IsZero() {
		return text
	}
	at := first.In(s.loc)
	return text + ", from " + at.Format("Mon 2006-01-02 15:04:05") + " " + s.loc.String()
}

// words writes a period: "2 hours 30 minutes".
func (p Period) words() string {
	var parts []string
	for _, u := range []struct {
		n    int32
		unit string
	}{{p.Years, "year"}, {p.Months, "month"}, {p.Weeks, "week"}, {p.Days, "day"}, {p.Hours, "hour"}, {p.Minutes, "minute"}} {
		if u.n != 0 {
			parts = append(parts, amount(fmt.Sprint(u.n), u.unit))
		}
	}
	if ms := int64(p.Seconds)*1000 + int64(p.Milli); ms != 0 {
		parts = append(parts, amount(strings.TrimSuffix(time.Duration(ms*int64(time.Millisecond)).String(), "s"), "second"))
	}
	if len(parts) == 1 {
		return strings.TrimPrefix(parts[0], "1 ")
	}
	return strings.Join(parts, " ")
}

func amount(n, unit string) string {
	if n == "1" {
		return n + " " + unit
	}
	return n + " " + unit + "s"
}

// words says what the sets of a cron expression mean.
func (b bitSets) words(both bool) string {
	text := b.timeWords()
	const days, months = 1<<32 - 2, 1<<13 - 2
	dom, dow, month := b.dom&days, b.dow&127, b.month&months
	anyDay, anyWeekday := dom == days, dow == 127
	switch {
	case anyDay && anyWeekday:
		if !strings.Contains(text, "every") {
			text += " every day"
		}
	case anyDay:
		text += " on " + inWords(dow, func(i int) string { return time.Weekday(i).String() })
	case anyWeekday:
		text += " on day " + inWords(dom, decimal) + " of the month"
	case both:
		text += " on day " + inWords(dom, decimal) + " of the month, if that is " + inWords(dow, func(i int) string { return time.Weekday(i).String() })
	default:
		text += " on day " + inWords(dom, decimal) + " of the month, or on " + inWords(dow, func(i int) string { return time.Weekday(i).String() })
	}
	if month != months {
		text += " in " + inWords(month, func(i int) string { return time.Month(i).String() })
	}
	return text
}

// timeWords says at which times of a day.
func (b bitSets) timeWords() string {
	const sixty, day = 1<<60 - 1, 1<<24 - 1
	second, minute, hour := b.second&sixty, b.minute&sixty, b.hour&day
	within := ""
	if hour != day {
		within = " in the hours " + inWords(hour, func(i int) string { return fmt.Sprintf("%02d", i) })
	}
	if second != 1 {
		if n, is := every(second, 60); is && minute == sixty {
			return "every " + plural(n, "second") + within
		}
		return "at second " + inWords(second, decimal) + " of minute " + inWords(minute, decimal) + within
	}
	if n, is := every(minute, 60); is {
		return "every " + plural(n, "minute") + within
	}
	if n, is := every(hour, 24); is && bits.OnesCount64(minute) == 1 {
		at := fmt.Sprintf(" at minute %d", bits.TrailingZeros64(minute))
		if n == 24 {
			return fmt.Sprintf("at 00:%02d", bits.TrailingZeros64(minute))
		}
		return "every " + plural(n, "hour") + at
	}
	if bits.OnesCount64(minute)*bits.OnesCount64(hour) <= 6 {
		var times []string
		for h := range 24 {
			for m := range 60 {
				if hour>>h&1 == 1 && minute>>m&1 == 1 {
					times = append(times, fmt.Sprintf("%02d:%02d", h, m))
				}
			}
		}
		return "at " + strings.Join(times, ", ")
	}
	return "at minute " + inWords(minute, decimal) + " of every hour" + within
}

func plural(n int, unit string) string {
	if n == 1 {
		return unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// every tells whether a set is 0, n, 2n … below size, and n divides size.
func every(set uint64, size int) (n int, is bool) {
	for _, n := range []int{1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 24, 30} {
		if size%n != 0 {
			continue
		}
		var want uint64
		for i := 0; i < size; i += n {
			want |= 1 << i
		}
		if set == want {
			return n, true
		}
	}
	return 0, false
}

func decimal(i int) string { return fmt.Sprint(i) }

// inWords lists a set, runs of three or more as "x to y".
func inWords(set uint64, name func(int) string) string {
	var out []string
	for i := 0; i < 64; {
		if set>>i&1 == 0 {
			i++
			continue
		}
		end := i
		for end+1 < 64 && set>>(end+1)&1 == 1 {
			end++
		}
		switch {
		case end-i >= 2:
			out = append(out, name(i)+" to "+name(end))
		case end > i:
			out = append(out, name(i), name(end))
		default:
			out = append(out, name(i))
		}
		i = end + 1
	}
	return strings.Join(out, ", ")
}
