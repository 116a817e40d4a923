package schedule

import (
	"math"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// start is the middle part of an ISO 8601 schedule.
type start struct {
	local     int64 // wall clock, milliseconds
	offset    int   // seconds east of UTC
	hasOffset bool
}

// parseStart reads the texts that Joda-Time's DateTime.parse reads (Chronos
// contract 3.1): dates with month, week or day of year, parts from the right
// left out, then perhaps T and a time, whose last part may have a fraction,
// then perhaps an offset; or just T and a time, on 1970-01-01. Only years 1 to
// 9999, and offsets of whole seconds.
func parseStart(text string) (s start, err error) {
	r := reader{text: text}
	var day int64
	if !r.literal('T') {
		if day, err = r.date(); err != nil {
			return s, err
		}
		s.local = day * dayMillis
		if r.done() {
			return s, nil
		}
		if !r.literal('T') {
			return s, r.unexpected(message.Of("T and a time, or nothing"))
		}
		if r.done() {
			return s, nil
		}
	} else if r.done() || !r.digit() {
		return s, r.unexpected(message.Of("a time, for example T10:00"))
	}
	if r.digit() {
		ms, err := r.time()
		if err != nil {
			return s, err
		}
		s.local += ms
	}
	if !r.done() {
		if s.offset, err = r.offset(); err != nil {
			return s, err
		}
		s.hasOffset = true
	}
	if !r.done() {
		return s, r.unexpected(message.Of("the end"))
	}
	return s, nil
}

// reader is a position in a text.
type reader struct {
	text string
	at   int
}

func (r *reader) done() bool { return r.at == len(r.text) }

func (r *reader) peek() byte {
	if r.done() {
		return 0
	}
	return r.text[r.at]
}

func (r *reader) digit() bool { c := r.peek(); return c >= '0' && c <= '9' }

// literal reads one character, letters in any case.
func (r *reader) literal(c byte) bool {
	if r.done() || strings.ToUpper(r.text[r.at : r.at+1])[0] != c {
		return false
	}
	r.at++
	return true
}

func (r *reader) unexpected(want message.Message) error {
	if r.done() {
		return syntaxf("start %q ends where %s is expected", r.text, want)
	}
	return syntaxf("start %q: want %s, not %q", r.text, want, r.text[r.at:])
}

// number reads 1 to most digits and checks the range.
func (r *reader) number(name message.Message, most, low, high int) (int, error) {
	from, n := r.at, 0
	for r.digit() && r.at-from < most {
		n = n*10 + int(r.text[r.at]-'0')
		r.at++
	}
	if r.at == from {
		return 0, r.unexpected(name)
	}
	if n < low || n > high {
		return 0, syntaxf("start %q: %s %d is not in %d to %d", r.text, name, n, low, high)
	}
	return n, nil
}

// date reads a date of any of the three kinds; the day number is returned.
func (r *reader) date() (int64, error) {
	if r.peek() == '+' {
		r.at++
	}
	year, err := r.number(message.Of("year"), 9, minYear, maxYear)
	if err != nil {
		return 0, err
	}
	y := int64(year)
	if !r.literal('-') {
		return dayOf(y, 1, 1), nil
	}
	if r.literal('W') {
		return r.week(y)
	}
	from := r.at
	for r.digit() {
		r.at++
	}
	digits := r.at - from
	r.at = from
	if digits == 3 {
		days := 365
		if leap(y) {
			days = 366
		}
		n, err := r.number(message.Of("day of the year"), 3, 1, days)
		return dayOf(y, 1, 1) + int64(n) - 1, err
	}
	month, err := r.number(message.Of("month"), 2, 1, 12)
	if err != nil {
		return 0, err
	}
	if !r.literal('-') {
		return dayOf(y, month, 1), nil
	}
	n, err := r.number(message.Of("day"), 2, 1, daysIn(y, month))
	return dayOf(y, month, n), err
}

// week reads the rest of a week date; its first day is Monday.
func (r *reader) week(y int64) (int64, error) {
	first, next := firstWeek(y), firstWeek(y+1)
	week, err := r.number(message.Of("week"), 2, 1, int(next-first)/7)
	if err != nil {
		return 0, err
	}
	day := 1
	if r.literal('-') {
		if day, err = r.number(message.Of("day of the week"), 1, 1, 7); err != nil {
			return 0, err
		}
	}
	return first + int64(week-1)*7 + int64(day-1), nil
}

// firstWeek returns the Monday of the year's first ISO week, which holds 4 January.
func firstWeek(y int64) int64 {
	day := dayOf(y, 1, 4)
	return day - int64((weekdayOf(day)+6)%7)
}

// time reads hours, minutes and seconds; the last of them may have a fraction.
func (r *reader) time() (ms int64, err error) {
	high, unit := 23, int64(3600*1000)
	for i, name := range [...]message.Message{message.Of("hour"), message.Of("minute"), message.Of("second")} {
		n, err := r.number(name, 2, 0, high)
		if err != nil {
			return 0, err
		}
		ms += int64(n) * unit
		if r.peek() == '.' || r.peek() == ',' {
			r.at++
			part, err := r.fraction(unit)
			return ms + part, err
		}
		if i == 2 || !r.literal(':') {
			break
		}
		high, unit = 59, unit/60
	}
	return ms, nil
}

// fraction reads up to 9 decimals of a unit and rounds down, digit by digit, as
// Joda-Time does: a third of an hour is 19:59.999.
func (r *reader) fraction(unit int64) (int64, error) {
	if !r.digit() {
		return 0, r.unexpected(message.Of("decimals"))
	}
	sum := int64(0)
	for i := 0; r.digit(); i++ {
		if i == 9 {
			return 0, syntaxf("start %q has more than 9 decimals", r.text)
		}
		sum += int64(r.text[r.at]-'0') * unit
		unit /= 10
		r.at++
	}
	return sum / 10, nil
}

// offset reads Z, ±hh, ±hhmm, ±hh:mm or either with seconds, which may have up to
// three decimals.
func (r *reader) offset() (int, error) {
	if r.literal('Z') {
		return 0, nil
	}
	sign := r.peek()
	if sign != '+' && sign != '-' {
		return 0, r.unexpected(message.Of("an offset (Z or +hh:mm), or nothing"))
	}
	r.at++
	seconds, unit, high := 0, 3600, 23
	colons := false
	for i, name := range [...]message.Message{message.Of("hours of the offset"), message.Of("minutes of the offset"), message.Of("seconds of the offset")} {
		if i == 1 {
			colons = r.peek() == ':'
		}
		if i > 0 && (r.done() || (colons && !r.literal(':'))) {
			break
		}
		from := r.at
		n, err := r.number(name, 2, 0, high)
		if err != nil {
			return 0, err
		}
		if r.at-from != 2 {
			return 0, syntaxf("start %q: the %s need two digits", r.text, name)
		}
		seconds += n * unit
		unit, high = unit/60, 59
	}
	if unit == 0 && !r.done() { // seconds were read
		if colons && (r.peek() == '.' || r.peek() == ',') {
			r.at++
		}
		if n, err := r.number(message.Of("fraction of the offset"), 3, 0, math.MaxInt); err != nil || n != 0 {
			return 0, syntaxf("start %q: the offset needs whole seconds", r.text)
		}
	}
	if sign == '-' {
		seconds = -seconds
	}
	return seconds, nil
}
