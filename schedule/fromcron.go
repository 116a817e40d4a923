package schedule

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/hora-scheduler/hora/message"
)

// dayKind says by what rule a cron expression chooses days.
type dayKind uint8

const (
	everyDay  dayKind = iota
	weekDays          // by the weekday, in all months
	monthDays         // by the date, whatever the weekday
	either            // a date or a weekday
	bothDays          // a date that is a weekday, or a weekday in some months
)

// daysOf is what a cron expression says about days, in one of few forms.
type daysOf struct {
	kind    dayKind
	week    uint32     // weekdays, a bit each; 0 is Sunday
	dates   [13]uint32 // of each month the days, bits 1 to 31
	leapDay bool       // 29 February is among them
}

// monthsOfYear are bits 1 to 12.
const monthsOfYear = 1<<13 - 2

// readDays looks at what the fields mean, not at how they are written.
func readDays(f *fields) (d daysOf) {
	for day := 1; day <= 7; day++ { // of a month that begins on a Sunday
		d.week |= f.byWeekday[0] >> day & 1 << (day - 1)
	}
	anyDate, anyWeekday := true, d.week == 1<<7-1
	for m := 1; m <= 12; m++ {
		if f.month>>m&1 == 1 {
			has := uint32(2<<daysIn(2000, m) - 2)
			d.dates[m] = f.dom & has
			anyDate = anyDate && d.dates[m] == has
		}
	}
	all := f.month&monthsOfYear == monthsOfYear
	whole := anyDate && anyWeekday || !f.both && (anyDate || anyWeekday)
	switch {
	case whole && all:
		d.kind = everyDay
	case whole || f.both && anyWeekday:
		d.kind = monthDays
	case f.both && anyDate && all:
		d.kind = weekDays
	case f.both:
		d.kind = bothDays
	default:
		d.kind = either
	}
	if whole {
		for m := 1; m <= 12; m++ {
			if f.month>>m&1 == 1 {
				d.dates[m] = uint32(2<<daysIn(2000, m) - 2)
			}
		}
	}
	d.leapDay = d.dates[2]>>29&1 == 1
	return d
}

// fromCron finds the smallest set, or says why there is none.
func (c *converter) fromCron(w *wall) (*Conversion, error) {
	days := readDays(&w.fields)
	times := w.times()
	switch days.kind {
	case everyDay:
		return c.daily(w, times)
	case weekDays:
		return c.enough(bits.OnesCount32(days.week)*len(times), func() (*Conversion, error) { return c.exact(c.weekly(days, times), true) })
	case monthDays:
		dates := c.dated(days, 0)
		if days.leapDay {
			return c.closest(message.Of("29 February comes every four years, but not in 2100: no period follows it"), c.dated, days, times)
		}
		return c.enough(len(dates)*len(times), func() (*Conversion, error) { return c.exact(c.at(c.dated, days, times), true) })
	case either:
		return c.closest(message.Of("it means a day of the month or a weekday, whichever comes: on days that are both, such as %s, two intervals would have the same slot", c.meets(days)), nil, days, times)
	}
	reason := message.Of("it means days that are both a weekday and a day of the month: no period follows both")
	if w.fields.month&monthsOfYear != monthsOfYear {
		reason = message.Of("it means weekdays in some months of the year: weeks do not keep to months")
	}
	return c.closest(reason, nil, days, times)
}

// times are the times of a matching day, in seconds.
func (f *fields) times() (times []int) {
	for t, ok := f.timeFrom(0); ok; t, ok = f.timeFrom(t + 1) {
		if times = append(times, int(t)); t == f.lastTime {
			break
		}
	}
	return times
}

// enough refuses sets that are too large before they are made.
func (c *converter) enough(n int, then func() (*Conversion, error)) (*Conversion, error) {
	if n <= c.most {
		return then()
	}
	v := c.conversion()
	v.Reason = message.Of("an exact set has %d intervals, at most %d are allowed", n, c.most)
	return v, nil
}

// daily finds the set for an expression that means the same times on every day.
func (c *converter) daily(w *wall, times []int) (*Conversion, error) {
	step := daySeconds
	for _, j := range c.shifts {
		step = gcd(step, int(j.by))
	}
	var best *Conversion
	for _, step := range []int{step, 0} {
		// Elapsed time has second copies; fixed times that come twice run once.
		if step > 0 && len(c.shifts) > 0 && !w.twice {
			continue
		}
		if step == 0 && len(c.shifts) == 0 {
			break
		}
		pieces, proven, ok := c.dailyPieces(times, step)
		if !ok {
			continue
		}
		v, err := c.exact(pieces, proven)
		if err != nil || v.Exact {
			return v, err
		}
		if best == nil || v.Difference.Total() < best.Difference.Total() {
			best = v
		}
	}
	if best != nil {
		return best, nil
	}
	v := c.conversion()
	v.Reason = message.Of("an exact set has more than the %d intervals that are allowed", c.most)
	return v, nil
}

// dailyPieces divides times of the day into periods that divide step, and P1D
// for what is left. A period that divides all jumps of the clock does not see them.
func (c *converter) dailyPieces(times []int, step int) (pieces []piece, proven, ok bool) {
	var single, whole []int
	if step == 0 {
		single = times
	} else {
		count := make(map[int]int)
		for _, t := range times {
			count[t%step]++
		}
		for _, t := range times {
			switch full := count[t%step] == daySeconds/step; {
			case !full:
				single = append(single, t)
			case t < step:
				whole = append(whole, t)
			}
		}
	}
	if len(single) > c.most {
		return nil, false, false
	}
	modulus := max(step, 1)
	cosets, proven := partition(whole, modulus, c.most-len(single))
	if len(whole) > 0 && cosets == nil {
		return nil, false, false
	}
	for _, k := range cosets {
		if k.step == daySeconds {
			single = append(single, k.rest)
			continue
		}
		at := c.from + c.clock.offsetAt(c.from/1000)*1000
		_, late := floorDiv(at-int64(k.rest)*1000, int64(k.step)*1000)
		first := c.from
		if late > 0 {
			first += int64(k.step)*1000 - late
		}
		pieces = append(pieces, piece{first + c.clock.offsetAt(first/1000)*1000, first, timePeriod(int64(k.step) * 1000)})
	}
	today, _ := floorDiv(c.from+c.clock.offsetAt(c.from/1000)*1000, dayMillis)
	for _, t := range single {
		pieces = append(pieces, c.first(t, Period{Days: 1}, func(i int64) (int64, bool) { return today + i, true }))
	}
	return pieces, proven, true
}

// first makes an interval: of the days, numbered from -1 on, it finds the first whose slot
// counts. A day's number may be one that the month does not have.
func (c *converter) first(t int, period Period, day func(i int64) (int64, bool)) piece {
	for i := int64(-1); ; i++ {
		d, there := day(i)
		if !there {
			continue
		}
		local := (d*daySeconds + int64(t)) * 1000
		m := c.clock.findMilli(local)
		last := m.first
		if c.o.Overlap == OverlapBoth {
			last = m.second
		}
		switch {
		case last < c.from && i < 5000: // no date is so rare
		case m.gap:
			// Written as if the clock had not jumped yet; it is read as the gap's end.
			return piece{local, local - c.clock.offsetAt(m.first/1000-1)*1000, period}
		default:
			return piece{local, m.first, period}
		}
	}
}

// weekly makes one interval for each weekday and time.
func (c *converter) weekly(d daysOf, times []int) (pieces []piece) {
	today, _ := floorDiv(c.from+c.clock.offsetAt(c.from/1000)*1000, dayMillis)
	for _, t := range times {
		for weekday := range 7 {
			if d.week>>weekday&1 == 1 {
				pieces = append(pieces, c.first(t, Period{Weeks: 1}, func(i int64) (int64, bool) {
					return today + i, weekdayOf(today+i) == weekday
				}))
			}
		}
	}
	return pieces
}

// at makes the intervals of all times.
func (c *converter) at(dates func(daysOf, int) []piece, d daysOf, times []int) (pieces []piece) {
	for _, t := range times {
		pieces = append(pieces, dates(d, t)...)
	}
	return pieces
}

// dated makes the intervals for a time on dates: for each day of the month the
// smallest partition of its months. 29 February gets four years, which are too few in 2100.
func (c *converter) dated(d daysOf, t int) (pieces []piece) {
	for day := 1; day <= 31; day++ {
		var months []int
		for m := 1; m <= 12; m++ {
			if d.dates[m]>>day&1 == 1 {
				months = append(months, m-1)
			}
		}
		cosets := []coset{}
		switch {
		case day <= 28:
			cosets, _ = partition(months, 12, 12)
		default:
			for _, m := range months {
				cosets = append(cosets, coset{m, 12})
			}
		}
		for _, k := range cosets {
			pieces = append(pieces, c.datedPiece(k, day, t))
		}
	}
	return pieces
}

// datedPiece makes the interval of one day of the month; the coset's numbers are months from 0.
func (c *converter) datedPiece(k coset, day, t int) piece {
	today, _ := floorDiv(c.from+c.clock.offsetAt(c.from/1000)*1000, dayMillis)
	y, m, _ := dateOf(today)
	period := Period{Months: int32(k.step)}
	switch {
	case day == 29 && k == coset{1, 12}:
		period = Period{Years: 4}
	case k.step == 12:
		period = Period{Years: 1}
	}
	return c.first(t, period, func(i int64) (int64, bool) {
		year, month := floorDiv(y*12+int64(m-1)+i, 12)
		if (int(month)-k.rest)%k.step != 0 || daysIn(year, int(month)+1) < day {
			return 0, false
		}
		return dayOf(year, int(month)+1, day), true
	})
}

// meets finds a day that both rules mean.
func (c *converter) meets(d daysOf) string {
	today, _ := floorDiv(c.from+c.clock.offsetAt(c.from/1000)*1000, dayMillis)
	for i := range int64(12 * 400) {
		y, m, day := dateOf(today + i)
		if d.dates[m]>>day&1 == 1 && d.week>>weekdayOf(today+i)&1 == 1 {
			return fmt.Sprintf("%04d-%02d-%02d", y, m, day)
		}
	}
	return "none"
}

// closest tries sets for an expression that has no exact one, and keeps the best.
func (c *converter) closest(reason message.Message, dates func(daysOf, int) []piece, d daysOf, times []int) (*Conversion, error) {
	best := c.conversion()
	best.Reason = reason
	c.whole = true
	var tries [][]piece
	try := func(n int, make func() []piece) {
		if n > 0 && n*len(times) <= c.most {
			tries = append(tries, make())
		}
	}
	byDate, byWeek := len(c.dated(d, 0)), bits.OnesCount32(d.week)
	dated := func() []piece { return c.at(c.dated, d, times) }
	weekly := func() []piece { return c.weekly(d, times) }
	try(byDate, dated)
	if dates == nil {
		try(byWeek, weekly)
	}
	if d.kind == either {
		try(byDate+byWeek, func() []piece { return slices.Concat(dated(), weekly()) })
	}
	for _, pieces := range tries {
		v, err := c.compared(pieces)
		if err != nil {
			return nil, err
		}
		if best.Texts == nil || v.Difference.Total() < best.Difference.Total() {
			v.Reason = reason
			best = v
		}
	}
	return best, nil
}
