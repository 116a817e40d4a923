package schedule

import (
	"cmp"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Expressions turns an ISO 8601 interval into cron expressions, mostly one, if
// their slots together are exactly the interval's from o.Anchor on, none twice. An interval that begins
// later is exact from its start on, which cron can't say: see
// Conversion.Begins. The other fields of the options, most and the errors are those of Intervals.
func Expressions(text string, o Options, most int) (*Conversion, error) {
	o.NotBefore, o.NotAfter = time.Time{}, time.Time{}
	s, err := Parse(text, o)
	if err != nil {
		return nil, err
	}
	if s.iso == nil {
		return nil, message.Errorf("schedule %q: %w", text, syntaxf("it is cron already, want an ISO 8601 interval"))
	}
	c := newConverter(s, o, most)
	v := c.conversion()
	if n, finite := s.Repetitions(); finite {
		v.Reason = message.Count(n, "it ends after %d slot, which cron can't say", "it ends after %d slots, which cron can't say")
		return v, nil
	}
	if strings.Count(v.Zone, ":") == 2 {
		v.Reason = message.Of("its offset has seconds, which no zone has that cron could be read in")
		return v, nil
	}
	start := s.iso.series.at(0)
	if start%1000 != 0 {
		v.Reason = message.Of("it has slots between seconds, which cron can't say")
		return v, nil
	}
	begins := start >= c.from
	if begins {
		c.from = start
		c.until = min(time.UnixMilli(start).UTC().AddDate(ComparedYears, 0, 0).UnixMilli(), maxMillis)
	}
	lines, reason := c.lines(s.iso.series)
	if reason.Empty() && len(lines) > c.most {
		reason = message.Of("it takes %d lines of cron, at most %d are allowed", len(lines), c.most)
	}
	if !reason.Empty() {
		v.Reason = reason
		return v, nil
	}
	return c.checked(lines, begins)
}

// checked reads the lines and compares them with the interval.
func (c *converter) checked(lines []string, begins bool) (*Conversion, error) {
	v := c.conversion()
	var set []engine
	early := false
	o := c.o
	for _, line := range lines {
		s, err := Parse(line, o)
		if err != nil {
			return nil, fmt.Errorf("conversion of %q: %w", c.given.text, err)
		}
		s.engine.(*wall).clock = c.clock
		v.Texts = append(v.Texts, line)
		set = append(set, s.engine)
		at, ok := s.engine.next(toMillis(c.o.Anchor) - 1)
		early = early || ok && at < c.from
	}
	v.Difference = c.difference(set)
	if v.Exact = v.Difference.Total() == 0; !v.Exact {
		v.Reason = c.whyNot(v.Difference)
		return v, nil
	}
	v.Smallest = len(lines) == 1
	if begins && early {
		v.Begins = v.From
	}
	return v, nil
}

// lines writes the slots of a series as cron, or says why it can't.
func (c *converter) lines(s series) (lines []string, reason message.Message) {
	switch s := s.(type) {
	case *calendar:
		local := s.local
		switch {
		case s.millis != 0:
			return nil, message.Of("its period mixes days or months with hours, minutes or seconds")
		case s.months != 0 && s.days != 0:
			return nil, message.Of("its period mixes months with days")
		case s.months != 0:
			return datedLine(local, s.months)
		case s.days == 1 || s.days == 7:
			return dayLine(local, s.days), message.Message{}
		}
		return nil, oddDays(s.days)
	case *steps:
		local := s.start + c.clock.offsetAt(s.start/1000)*1000
		switch n := s.length / 1000; {
		case s.length%1000 != 0:
			return nil, message.Of("it has slots between seconds, which cron can't say")
		case n == daySeconds || n == 7*daySeconds:
			return dayLine(local, n/daySeconds), message.Message{}
		case n%daySeconds == 0:
			return nil, oddDays(n / daySeconds)
		case daySeconds%n != 0:
			return nil, message.Of("its period, %v, does not divide the day: it comes at other times each day", time.Duration(n)*time.Second)
		default:
			_, rest := floorDiv(local/1000, n)
			return timeLines(int(rest), int(n)), message.Message{}
		}
	}
	return nil, message.Of("it is no interval")
}

func oddDays(n int64) message.Message {
	return message.Of("a period of %d days keeps to neither weeks nor months", n)
}

// atTime writes the fields up to the hour.
func atTime(local int64) string {
	_, t := floorDiv(local/1000, daySeconds)
	second, text := t%60, fmt.Sprint(t/60%60, t/3600)
	if second != 0 {
		return fmt.Sprint(second, " ", text)
	}
	return text
}

func dayLine(local, days int64) []string {
	day, _ := floorDiv(local, dayMillis)
	if days == 1 {
		return []string{atTime(local) + " * * *"}
	}
	return []string{fmt.Sprint(atTime(local), " * * ", weekdayOf(day))}
}

func datedLine(local, months int64) ([]string, message.Message) {
	days, _ := floorDiv(local, dayMillis)
	_, month, day := dateOf(days)
	switch {
	case 12%months != 0 && months%12 == 0:
		return nil, message.Of("cron can't leave out years, but its period is %d years", months/12)
	case 12%months != 0:
		return nil, message.Of("a period of %d months comes in other months each year", months)
	case month == 2 && day == 29:
		return nil, message.Of("from 29 February a year leads to 28 February mostly, which cron can't say")
	case day > 28 && months < 12:
		return nil, message.Of("its slots are on day %d or on the last day of a shorter month, which cron can't say", day)
	}
	set := uint64(0)
	for m := 1; m <= 12; m++ {
		if int64(m-month)%months == 0 {
			set |= 1 << m
		}
	}
	return []string{fmt.Sprint(atTime(local), " ", day, " ", fieldText(set, 1, 12), " *")}, message.Message{}
}

// timeLines writes the times rest, rest + step, … of each day. Hours with the
// same minutes, and minutes with the same seconds, go together.
func timeLines(rest, step int) (lines []string) {
	var seconds [24][60]uint64
	for t := rest; t < daySeconds; t += step {
		seconds[t/3600][t/60%60] |= 1 << (t % 60)
	}
	hours := make(map[string]uint64) // of each kind of hour, written as minutes and seconds
	for h := range 24 {
		minutes := make(map[uint64]uint64)
		for m, set := range seconds[h] {
			if set != 0 {
				minutes[set] |= 1 << m
			}
		}
		for set, at := range minutes {
			text := fieldText(at, 0, 59)
			if set != 1 {
				text = fieldText(set, 0, 59) + " " + text
			}
			hours[text] |= 1 << h
		}
	}
	for _, text := range slices.SortedFunc(maps.Keys(hours), func(a, b string) int {
		return cmp.Or(cmp.Compare(bits.TrailingZeros64(hours[a]), bits.TrailingZeros64(hours[b])), cmp.Compare(a, b))
	}) {
		lines = append(lines, text+" "+fieldText(hours[text], 0, 23)+" * * *")
	}
	return lines
}

// fieldText writes a set of numbers as people do: *, */5, 9-17, 1-59/2, 1,15.
func fieldText(set uint64, low, high int) string {
	var numbers []int
	for n := low; n <= high; n++ {
		if set>>n&1 == 1 {
			numbers = append(numbers, n)
		}
	}
	if len(numbers) == high-low+1 {
		return "*"
	}
	if n := len(numbers); n > 2 || n == 2 && numbers[0] == low && 2*numbers[1]-numbers[0] > high {
		step := numbers[1] - numbers[0]
		even := true
		for i := 1; i < n; i++ {
			even = even && numbers[i]-numbers[i-1] == step
		}
		first, last := numbers[0], numbers[n-1]
		switch {
		case even && step == 1:
			return fmt.Sprintf("%d-%d", first, last)
		case even && first == low && last+step > high:
			return fmt.Sprintf("*/%d", step)
		case even:
			return fmt.Sprintf("%d-%d/%d", first, last, step)
		}
	}
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ",")
}
