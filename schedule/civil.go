package schedule

// Wall-clock time is counted here as if it were UTC: seconds or milliseconds
// since 1970-01-01T00:00 on the wall's own clock. Days are counted likewise.

const (
	daySeconds = 86400
	dayMillis  = daySeconds * 1000

	// No slot lies outside the years 1 to 9999, which is what RFC 3339 can write.
	minYear    = 1
	maxYear    = 9999
	minSeconds = -62135596800
	maxSeconds = 253402300799
	minMillis  = minSeconds * 1000
	maxMillis  = maxSeconds*1000 + 999
)

// floorDiv divides and rounds down; the rest is never negative.
func floorDiv(a, b int64) (q, rest int64) {
	q, rest = a/b, a%b
	if rest < 0 {
		q, rest = q-1, rest+b
	}
	return q, rest
}

// dayOf returns the day number of a date. The month may be 1 to 12 only, the day any.
// Years count from March, so that the leap day comes last.
func dayOf(y int64, m, d int) int64 {
	if m <= 2 {
		y--
		m += 12
	}
	era, yoe := floorDiv(y, 400)
	doy := int64(153*(m-3)+2)/5 + int64(d) - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// dateOf is the inverse of dayOf.
func dateOf(day int64) (y int64, m, d int) {
	era, doe := floorDiv(day+719468, 146097)
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d = int(doy-(153*mp+2)/5) + 1
	y = yoe + era*400
	if mp < 10 {
		return y, int(mp) + 3, d
	}
	return y + 1, int(mp) - 9, d
}

// weekdayOf returns 0 for Sunday.
func weekdayOf(day int64) int {
	_, w := floorDiv(day+4, 7)
	return int(w)
}

func leap(y int64) bool { return y%4 == 0 && (y%100 != 0 || y%400 == 0) }

func daysIn(y int64, m int) int {
	switch m {
	case 2:
		if leap(y) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// addMonths moves a wall-clock time by months. A day that the month does not
// have becomes its last one.
func addMonths(local, months int64) int64 {
	if months == 0 {
		return local
	}
	day, rest := floorDiv(local, dayMillis)
	y, m, d := dateOf(day)
	y, m0 := floorDiv(y*12+int64(m-1)+months, 12)
	m = int(m0) + 1
	return dayOf(y, m, min(d, daysIn(y, m)))*dayMillis + rest
}
