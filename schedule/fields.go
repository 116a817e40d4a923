package schedule

import "math/bits"

// fields are the bit sets of a cron expression: which seconds, minutes, … it
// names. They speak of a wall clock and know no zones. Bit n stands for n.
type fields struct {
	second, minute, hour uint64
	month                uint32
	dom                  uint32
	byWeekday            [7]uint32 // days of a month that begins on that weekday
	both                 bool      // a day must match both dom and byWeekday (else either)
	perDay               int64     // matching seconds of a matching day
	firstTime, lastTime  int64     // of a matching day
}

// bitSets are the fields of a cron expression, a bit for each value.
type bitSets struct{ second, minute, hour, dom, month, dow uint64 }

func newFields(b bitSets, both bool) fields {
	f := fields{second: b.second, minute: b.minute, hour: b.hour, dom: uint32(b.dom), month: uint32(b.month), both: both}
	for first := range 7 {
		for day := 1; day <= 31; day++ {
			if b.dow>>((first+day-1)%7)&1 == 1 {
				f.byWeekday[first] |= 1 << day
			}
		}
	}
	f.perDay = int64(bits.OnesCount64(b.second) * bits.OnesCount64(b.minute) * bits.OnesCount64(b.hour))
	f.firstTime, _ = f.timeFrom(0)
	f.lastTime, _ = f.timeUpTo(daySeconds - 1)
	return f
}

// days returns the matching days of a month, as bits.
func (f *fields) days(y int64, m int) uint32 {
	if f.month>>m&1 == 0 {
		return 0
	}
	set := f.byWeekday[weekdayOf(dayOf(y, m, 1))]
	if f.both {
		set &= f.dom
	} else {
		set |= f.dom
	}
	return set & (2<<daysIn(y, m) - 2)
}

// possible says whether any day matches. The calendar repeats after 400 years.
func (f *fields) possible() bool {
	for y := int64(2000); y < 2400; y++ {
		for m := 1; m <= 12; m++ {
			if f.days(y, m) != 0 {
				return true
			}
		}
	}
	return false
}

// atLeast returns the lowest member of the set from n on, or -1.
func atLeast(set uint64, n int) int {
	if set = set >> n << n; set == 0 {
		return -1
	}
	return bits.TrailingZeros64(set)
}

// atMost returns the highest member of the set up to n, which may be -1, or -1.
func atMost(set uint64, n int) int {
	return bits.Len64(set&(1<<(n+1)-1)) - 1
}

// timeFrom returns the first matching time of the day from t on, in seconds.
func (f *fields) timeFrom(t int64) (int64, bool) {
	h, m, s := int(t/3600), int(t/60%60), int(t%60)
	if f.hour>>h&1 == 1 {
		if f.minute>>m&1 == 1 {
			if s = atLeast(f.second, s); s >= 0 {
				return clockTime(h, m, s), true
			}
		}
		if m = atLeast(f.minute, m+1); m >= 0 {
			return clockTime(h, m, atLeast(f.second, 0)), true
		}
	}
	if h = atLeast(f.hour, h+1); h >= 0 {
		return clockTime(h, atLeast(f.minute, 0), atLeast(f.second, 0)), true
	}
	return 0, false
}

// timeUpTo returns the last matching time of the day up to t.
func (f *fields) timeUpTo(t int64) (int64, bool) {
	h, m, s := int(t/3600), int(t/60%60), int(t%60)
	if f.hour>>h&1 == 1 {
		if f.minute>>m&1 == 1 {
			if s = atMost(f.second, s); s >= 0 {
				return clockTime(h, m, s), true
			}
		}
		if m = atMost(f.minute, m-1); m >= 0 {
			return clockTime(h, m, atMost(f.second, 59)), true
		}
	}
	if h = atMost(f.hour, h-1); h >= 0 {
		return clockTime(h, atMost(f.minute, 59), atMost(f.second, 59)), true
	}
	return 0, false
}

func clockTime(h, m, s int) int64 { return int64(h)*3600 + int64(m)*60 + int64(s) }

// timesBefore counts the matching times of a day before t.
func (f *fields) timesBefore(t int64) int64 {
	h, m, s := int(t/3600), int(t/60%60), int(t%60)
	below := func(set uint64, n int) int { return bits.OnesCount64(set & (1<<n - 1)) }
	n := below(f.hour, h) * bits.OnesCount64(f.minute) * bits.OnesCount64(f.second)
	if f.hour>>h&1 == 1 {
		n += below(f.minute, m) * bits.OnesCount64(f.second)
		if f.minute>>m&1 == 1 {
			n += below(f.second, s)
		}
	}
	return int64(n)
}

// matches says whether a wall-clock second matches.
func (f *fields) matches(local int64) bool {
	day, t := floorDiv(local, daySeconds)
	y, m, d := dateOf(day)
	at, ok := f.timeFrom(t)
	return ok && at == t && f.days(y, m)>>d&1 == 1
}

// next returns the first matching wall-clock second from local on.
func (f *fields) next(local int64) (int64, bool) {
	day, t := floorDiv(local, daySeconds)
	y, m, d := dateOf(day)
	set := f.days(y, m)
	if set>>d&1 == 1 {
		if t, ok := f.timeFrom(t); ok {
			return day*daySeconds + t, true
		}
	}
	for set = set >> d >> 1 << d << 1; set == 0; set = f.days(y, m) {
		m = atLeast(uint64(f.month), m+1)
		if m < 0 {
			y, m = y+1, atLeast(uint64(f.month), 0)
		}
		if y > maxYear {
			return 0, false
		}
	}
	return dayOf(y, m, bits.TrailingZeros32(set))*daySeconds + f.firstTime, true
}

// previous returns the last matching wall-clock second up to local.
func (f *fields) previous(local int64) (int64, bool) {
	day, t := floorDiv(local, daySeconds)
	y, m, d := dateOf(day)
	set := f.days(y, m)
	if set>>d&1 == 1 {
		if t, ok := f.timeUpTo(t); ok {
			return day*daySeconds + t, true
		}
	}
	for set &= 1<<d - 1; set == 0; set = f.days(y, m) {
		m = atMost(uint64(f.month), m-1)
		if m < 0 {
			y, m = y-1, atMost(uint64(f.month), 12)
		}
		if y < minYear {
			return 0, false
		}
	}
	return dayOf(y, m, bits.Len32(set)-1)*daySeconds + f.lastTime, true
}

// count returns how many wall-clock seconds in [from, to) match.
func (f *fields) count(from, to int64) int64 {
	if from >= to {
		return 0
	}
	dayA, a := floorDiv(from, daySeconds)
	dayB, b := floorDiv(to, daySeconds)
	n := f.countDays(dayA, dayB) * f.perDay
	if f.countDays(dayB, dayB+1) == 1 {
		n += f.timesBefore(b)
	}
	if f.countDays(dayA, dayA+1) == 1 {
		n -= f.timesBefore(a)
	}
	return n
}

// countDays counts the matching days in [a, b).
func (f *fields) countDays(a, b int64) (n int64) {
	if a >= b {
		return 0
	}
	y, m, d := dateOf(a)
	endY, endM, endD := dateOf(b)
	set := f.days(y, m) >> d << d
	for y < endY || m < endM {
		n += int64(bits.OnesCount32(set))
		if m++; m > 12 {
			y, m = y+1, 1
		}
		set = f.days(y, m)
	}
	return n + int64(bits.OnesCount32(set&(1<<endD-1)))
}
