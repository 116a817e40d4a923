package schedule

import (
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Words says what the schedule means, such as "at 02:30 on Monday to Friday" or
// "every 5 minutes". H stands for its value.
func (s *Schedule) Words() message.Message {
	w, isWall := s.engine.(*wall)
	if !isWall {
		return s.intervalWords()
	}
	text := s.sets.words(w.fields.both)
	if zone := s.loc.String(); zone != "UTC" {
		return message.Of("%v, %s time", text, zone)
	}
	return text
}

func (s *Schedule) intervalWords() message.Message {
	if s.iso == nil {
		return message.Of("every %v", strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(s.text), "@every")))
	}
	text, first := s.iso.period.words(), s.Next(time.Time{})
	at := first.In(s.loc)
	day, clock := shortWeekday(at.Weekday()), at.Format("2006-01-02 15:04:05")
	n, finite := s.Repetitions()
	switch {
	case finite && n == 0:
		return message.Of("never")
	case finite && n == 1 && first.IsZero():
		return message.Of("once")
	case finite && n == 1:
		return message.Of("once, from %v %s %s", day, clock, s.loc)
	case finite:
		text = message.Of("%d times, %v", n, text)
	}
	if first.IsZero() {
		return text
	}
	return message.Of("%v, from %v %s %s", text, day, clock, s.loc)
}

// words says how often slots with the period come: "every 2 hours 30 minutes".
func (p Period) words() message.Message {
	var parts []message.Message
	add := func(n int32, one, more message.Message) {
		switch n {
		case 0:
		case 1:
			parts = append(parts, one)
		default:
			parts = append(parts, more)
		}
	}
	add(p.Years, message.Of("1 year"), message.Of("%d years", p.Years))
	add(p.Months, message.Of("1 month"), message.Of("%d months", p.Months))
	add(p.Weeks, message.Of("1 week"), message.Of("%d weeks", p.Weeks))
	add(p.Days, message.Of("1 day"), message.Of("%d days", p.Days))
	add(p.Hours, message.Of("1 hour"), message.Of("%d hours", p.Hours))
	add(p.Minutes, message.Of("1 minute"), message.Of("%d minutes", p.Minutes))
	if ms := int64(p.Seconds)*1000 + int64(p.Milli); ms == 1000 {
		parts = append(parts, message.Of("1 second"))
	} else if ms != 0 {
		parts = append(parts, message.Of("%s seconds", strings.TrimSuffix(time.Duration(ms*int64(time.Millisecond)).String(), "s")))
	}
	if once, is := p.single(); is {
		return once
	}
	text := parts[0]
	for _, next := range parts[1:] {
		text = message.Of("%v %v", text, next)
	}
	return message.Of("every %v", text)
}

// single is for periods of one unit.
func (p Period) single() (message.Message, bool) {
	switch p {
	case Period{Years: 1}:
		return message.Of("every year"), true
	case Period{Months: 1}:
		return message.Of("every month"), true
	case Period{Weeks: 1}:
		return message.Of("every week"), true
	case Period{Days: 1}:
		return message.Of("every day"), true
	case Period{Hours: 1}:
		return message.Of("every hour"), true
	case Period{Minutes: 1}:
		return message.Of("every minute"), true
	case Period{Seconds: 1}:
		return message.Of("every second"), true
	}
	return message.Message{}, false
}

// words says what the sets of a cron expression mean.
func (b bitSets) words(both bool) message.Message {
	text, often := b.timeWords()
	const allDays, allMonths = 1<<32 - 2, 1<<13 - 2
	dom, dow, month := b.dom&allDays, b.dow&127, b.month&allMonths
	anyDay, anyWeekday, anyMonth := dom == allDays, dow == 127, month == allMonths
	monthDays, weekDays, in := inWords(dom, numbers), inWords(dow, weekdays), inWords(month, months)
	switch {
	case anyDay && anyWeekday && often && anyMonth:
		return text
	case anyDay && anyWeekday && often:
		return message.Of("%v in %v", text, in)
	case anyDay && anyWeekday && anyMonth:
		return message.Of("%v every day", text)
	case anyDay && anyWeekday:
		return message.Of("%v every day in %v", text, in)
	case anyDay && anyMonth:
		return message.Of("%v on %v", text, weekDays)
	case anyDay:
		return message.Of("%v on %v in %v", text, weekDays, in)
	case anyWeekday && anyMonth:
		return message.Of("%v on day %v of the month", text, monthDays)
	case anyWeekday && bits.OnesCount64(dom) == 1 && bits.OnesCount64(month) == 1:
		return message.Of("%v on day %d of the month in %v", text, bits.TrailingZeros64(dom), in)
	case anyWeekday:
		return message.Of("%v on day %v of the month in %v", text, monthDays, in)
	case both && anyMonth:
		return message.Of("%v on day %v of the month, if that is %v", text, monthDays, weekDays)
	case both:
		return message.Of("%v on day %v of the month, if that is %v in %v", text, monthDays, weekDays, in)
	case anyMonth:
		return message.Of("%v on day %v of the month, or on %v", text, monthDays, weekDays)
	}
	return message.Of("%v on day %v of the month, or on %v in %v", text, monthDays, weekDays, in)
}

// timeWords says at which times of a day; often means that it tells by itself
// how often.
func (b bitSets) timeWords() (text message.Message, often bool) {
	const sixty, day = 1<<60 - 1, 1<<24 - 1
	second, minute, hour := b.second&sixty, b.minute&sixty, b.hour&day
	within := func(text message.Message) message.Message {
		if hour == day {
			return text
		}
		return message.Of("%v in the hours %v", text, inWords(hour, hours))
	}
	if second != 1 {
		switch n, is := every(second, 60); {
		case is && minute == sixty && n == 1:
			return within(message.Of("every second")), true
		case is && minute == sixty:
			return within(message.Of("every %d seconds", n)), true
		}
		if times := b.times(); times != nil {
			return message.Of("at %s", times), false
		}
		return within(message.Of("at second %v of minute %v of every hour", inWords(second, numbers), inWords(minute, numbers))), true
	}
	switch n, is := every(minute, 60); {
	case is && n == 1:
		return within(message.Of("every minute")), true
	case is:
		return within(message.Of("every %d minutes", n)), true
	}
	if n, is := every(hour, 24); is && bits.OnesCount64(minute) == 1 {
		at := bits.TrailingZeros64(minute)
		switch n {
		case 1:
			return message.Of("every hour at minute %d", at), true
		case 24:
			return message.Of("at %s", fmt.Sprintf("00:%02d", at)), false
		}
		return message.Of("every %d hours at minute %d", n, at), true
	}
	if times := b.times(); times != nil {
		return message.Of("at %s", times), false
	}
	return within(message.Of("at minute %v of every hour", inWords(minute, numbers))), true
}

// times lists the times of a day, if they are few.
func (b bitSets) times() (out message.Names) {
	if bits.OnesCount64(b.second&(1<<60-1))*bits.OnesCount64(b.minute&(1<<60-1))*bits.OnesCount64(b.hour&(1<<24-1)) > 6 {
		return nil
	}
	for t := range 24 * 3600 {
		h, m, s := t/3600, t/60%60, t%60
		switch {
		case (b.hour>>h)&(b.minute>>m)&(b.second>>s)&1 == 0:
		case b.second == 1:
			out = append(out, fmt.Sprintf("%02d:%02d", h, m))
		default:
			out = append(out, fmt.Sprintf("%02d:%02d:%02d", h, m, s))
		}
	}
	return out
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

// naming says the members of a set: one, and two with those between them.
type naming struct {
	one  func(int) message.Message
	span func(from, to int) message.Message
}

var (
	numbers = naming{
		func(i int) message.Message { return message.Of("%d", i) },
		func(from, to int) message.Message { return message.Of("%d to %d", from, to) },
	}
	hours = naming{
		func(i int) message.Message { return message.Of("%02d", i) },
		func(from, to int) message.Message { return message.Of("%02d to %02d", from, to) },
	}
	weekdays = naming{weekday, func(from, to int) message.Message { return message.Of("%v to %v", weekday(from), weekday(to)) }}
	months   = naming{month, func(from, to int) message.Message { return message.Of("%s to %s", month(from), month(to)) }}
)

func weekday(i int) message.Message {
	return [...]message.Message{
		message.Of("Sunday"), message.Of("Monday"), message.Of("Tuesday"), message.Of("Wednesday"), message.Of("Thursday"), message.Of("Friday"), message.Of("Saturday"),
	}[i]
}

func shortWeekday(d time.Weekday) message.Message {
	return [...]message.Message{
		message.Of("Sun"), message.Of("Mon"), message.Of("Tue"), message.Of("Wed"), message.Of("Thu"), message.Of("Fri"), message.Of("Sat"),
	}[d]
}

func month(i int) message.Message {
	return [...]message.Message{
		1: message.Of("January"), message.Of("February"), message.Of("March"), message.Of("April"), message.Of("May"), message.Of("June"), message.Of("July"),
		message.Of("August"), message.Of("September"), message.Of("October"), message.Of("November"), message.Of("December"),
	}[i]
}

// inWords lists a set, runs of three or more as "x to y".
func inWords(set uint64, in naming) message.Series {
	var out message.Series
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
			out = append(out, in.span(i, end))
		case end > i:
			out = append(out, in.one(i), in.one(end))
		default:
			out = append(out, in.one(i))
		}
		i = end + 1
	}
	return out
}
