package schedule

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Period is an ISO 8601 duration as Chronos reads and writes it (Chronos
// contract 3.1). Its fields are kept apart: PT60S is not PT1M when written,
// and a day is not 24 hours where the clock is changed. The zero value is PT0S.
type Period struct {
	Years, Months, Weeks, Days     int32
	Hours, Minutes, Seconds, Milli int32 // Seconds and Milli have the same sign
}

// ParseDuration reads P[nY][nM][nW][nD][T[nH][nM][nS]]. Each n may have a sign,
// the seconds also a fraction, of which milliseconds count. Letters may be
// small. A bare P is zero. Joda-Time, which Chronos uses, reads just the same
// texts, but takes PT-0.5S for half a second; here it is negative.
func ParseDuration(text string) (Period, error) {
	p, err := parsePeriod(text)
	if err != nil {
		return Period{}, message.Errorf("duration %q: %w", text, err)
	}
	return p, nil
}

// unitLetters are in their order; the T stands before the fifth.
const unitLetters = "YMWDHMS"

func parsePeriod(text string) (p Period, err error) {
	if text == "" || text[0]|0x20 != 'p' {
		return p, syntaxf("it begins with P, for example P1D or PT90S")
	}
	fields := [...]*int32{&p.Years, &p.Months, &p.Weeks, &p.Days, &p.Hours, &p.Minutes, &p.Seconds}
	next, limit := 0, 4 // which letters may come
	rest := text[1:]
	for rest != "" {
		if rest[0]|0x20 == 't' && limit == 4 {
			next, limit, rest = 4, 7, rest[1:]
			if rest == "" {
				return p, syntaxf("T is followed by hours, minutes or seconds, for example PT1H")
			}
			continue
		}
		number, after := cutNumber(rest)
		if number == "" {
			return p, syntaxf("want a number at %q", rest)
		}
		if after == "" {
			return p, syntaxf("want one of %s after %s", unitLetters[next:limit], number)
		}
		letter := strings.IndexByte(unitLetters[next:limit], after[0]&^0x20)
		if letter < 0 {
			return p, syntaxf("%q is not one of %q, which may follow here (order: P1Y2M3W4DT5H6M7S)", after[:1], unitLetters[next:limit])
		}
		if *fields[next+letter], p.Milli, err = readNumber(number, next+letter == 6); err != nil {
			return p, err
		}
		next += letter + 1
		rest = after[1:]
	}
	return p, nil
}

// cutNumber cuts a signed decimal number off the text.
func cutNumber(text string) (number, rest string) {
	i, digits := 0, 0
	if text[0] == '-' || text[0] == '+' {
		i++
		if i == len(text) || text[i] < '0' || text[i] > '9' {
			return "", text
		}
	}
	for point := false; i < len(text); i++ {
		switch c := text[i]; {
		case c >= '0' && c <= '9':
			digits++
			continue
		case (c == '.' || c == ',') && !point:
			point = true
			continue
		}
		break
	}
	if digits == 0 {
		return "", text
	}
	return text[:i], text[i:]
}

// readNumber reads what cutNumber has cut off. Ten digits are the most.
func readNumber(text string, fraction bool) (whole, milli int32, err error) {
	w, f := text, ""
	if i := strings.IndexAny(text, ".,"); i >= 0 {
		if !fraction {
			return 0, 0, syntaxf("%s has a fraction, which only seconds may have", text)
		}
		w, f = text[:i], text[i+1:]
	}
	if len(strings.TrimLeft(w, "+-"))+len(f) > 10 {
		return 0, 0, syntaxf("%s has more than 10 digits", text)
	}
	n, err := strconv.ParseInt("0"+w, 10, 32)
	if w != "" {
		n, err = strconv.ParseInt(w, 10, 32)
	}
	if err != nil {
		return 0, 0, syntaxf("%s is out of range, want at most %d", text, math.MaxInt32)
	}
	if f != "" {
		ms, _ := strconv.Atoi((f + "00")[:3]) // digits only
		milli = int32(ms)
		if w != "" && w[0] == '-' {
			milli = -milli
		}
	}
	return int32(n), milli, nil
}

// String writes the period in the canonical form of Joda-Time: fields that are
// 0 are left out, seconds have three decimals or none, nothing at all is PT0S.
func (p Period) String() string {
	b := append(make([]byte, 0, 32), 'P')
	add := func(n int32, unit byte) {
		if n != 0 {
			b = append(strconv.AppendInt(b, int64(n), 10), unit)
		}
	}
	add(p.Years, 'Y')
	add(p.Months, 'M')
	add(p.Weeks, 'W')
	add(p.Days, 'D')
	if p.Hours == 0 && p.Minutes == 0 && p.Seconds == 0 && p.Milli == 0 {
		if len(b) > 1 {
			return string(b)
		}
		return "PT0S"
	}
	b = append(b, 'T')
	add(p.Hours, 'H')
	add(p.Minutes, 'M')
	if p.Milli == 0 {
		add(p.Seconds, 'S')
		return string(b)
	}
	total := int64(p.Seconds)*1000 + int64(p.Milli)
	if total < 0 {
		b, total = append(b, '-'), -total
	}
	return string(fmt.Appendf(b, "%d.%03dS", total/1000, total%1000))
}

// months, days and millis are the three kinds of a period's parts: those that
// follow the calendar, those that follow the wall clock, and elapsed time.
func (p Period) months() int64 { return int64(p.Years)*12 + int64(p.Months) }

func (p Period) days() int64 { return int64(p.Weeks)*7 + int64(p.Days) }

func (p Period) millis() int64 {
	return ((int64(p.Hours)*60+int64(p.Minutes))*60+int64(p.Seconds))*1000 + int64(p.Milli)
}

// Fixed returns the length of a period without years and months; a day has 24
// hours. Lengths beyond 292 years are given as the longest time.Duration.
func (p Period) Fixed() (time.Duration, bool) {
	if p.Years != 0 || p.Months != 0 {
		return 0, false
	}
	const most = int64(math.MaxInt64) / int64(time.Millisecond)
	ms := p.days()*dayMillis + p.millis()
	switch {
	case ms > most:
		return math.MaxInt64, true
	case ms < -most:
		return math.MinInt64, true
	}
	return time.Duration(ms) * time.Millisecond, true
}

// AddTo returns t plus k times the period, counted at once from t in the
// calendar of t's zone: 31 January plus 2 times P1M is 31 March. Years, months,
// weeks and days keep the wall clock's time (see the package comment for times that do
// not exist, or come twice); hours, minutes and seconds are elapsed time. Results
// outside the years 1 to 9999 are given as the zero time.
func (p Period) AddTo(t time.Time, k int64) time.Time {
	months, ok1 := times(p.months(), k)
	days, ok2 := times(p.days(), k)
	millis, ok3 := times(p.millis(), k)
	if !ok1 || !ok2 || !ok3 || t.Unix() < minSeconds || t.Unix() > maxSeconds {
		return time.Time{}
	}
	ms, sub := t.UnixMilli(), t.Nanosecond()%1e6
	if months != 0 || days != 0 {
		c := clock{loc: t.Location()}
		local := addMonths(ms+c.offsetAt(t.Unix())*1000, months) + days*dayMillis
		if local < minMillis-dayMillis || local > maxMillis+dayMillis {
			return time.Time{}
		}
		ms = c.findMilli(local).first
	}
	if ms += millis; ms < minMillis || ms > maxMillis {
		return time.Time{}
	}
	return time.UnixMilli(ms).Add(time.Duration(sub)).In(t.Location())
}

// times multiplies; ok says that the product is smaller than all of time (in milliseconds).
func times(n, k int64) (product int64, ok bool) {
	const all = 1 << 49
	if n == 0 || k == 0 {
		return 0, true
	}
	product = n * k
	return product, product/k == n && product < all && product > -all
}

// check says whether a schedule may have the period, which was given as text.
func (p Period) check(text string) error {
	months, days, millis := p.months(), p.days(), p.millis()
	switch {
	case months == 0 && days == 0 && millis == 0:
		return message.Errorf("period %q is zero: %w", text, ErrPeriod)
	case months < 0 || days < 0 || millis < 0:
		return message.Errorf("period %q is negative: %w", text, ErrPeriod)
	case months == 0 && days == 0 && millis < 1000:
		return message.Errorf("period %q is shorter than a second: %w", text, ErrPeriod)
	}
	return nil
}
