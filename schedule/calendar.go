package schedule

// calendar are the slots of an ISO 8601 interval whose period has years,
// months, weeks or days, in a zone whose clock jumps, or with months. Slot k is
// the wall-clock time of the start, moved by k times the period's months and
// then days; where the zone's clock shows it; plus k times the period's time.
//
// A wall-clock time that the clock jumps over is taken for the end of the
// gap, like a fixed time of cron; with skip such slots do not exist (their
// numbers do). Slots that fall on the same instant are one. Of a time that
// comes twice the first is taken; with twice both are slots, of one number.
type calendar struct {
	clock                clock
	local                int64 // the start on the wall clock, milliseconds
	months, days, millis int64
	limit                int64
	pin                  *int64 // where slot 0 is, if not where the clock shows it first
	skip, twice          bool
}

// mostMonths are longer than all of time.
const mostMonths = 12 * maxYear

// average is the mean length of the period.
func (c *calendar) average() int64 {
	const month = 146097 * dayMillis / 4800
	return c.months*month + c.days*dayMillis + c.millis
}

// localOf returns the wall-clock time of slot k, without the period's time; of
// numbers that no slot has, some time after all slots.
func (c *calendar) localOf(k int64) int64 {
	if k > c.beyond() {
		return maxMillis + 4*dayMillis
	}
	return addMonths(c.local, k*c.months) + k*c.days*dayMillis
}

// slot returns where slot k lies.
func (c *calendar) slot(k int64) moment {
	if k == 0 && c.pin != nil {
		return moment{*c.pin, *c.pin, false}
	}
	m := c.clock.findMilli(c.localOf(k))
	elapsed := min(k, c.beyond()) * c.millis
	m.first += elapsed
	m.second += elapsed
	return m
}

// beyond is a number that no slot has, so small that nothing overflows.
func (c *calendar) beyond() int64 { return (maxMillis-c.local)/c.average() + 4 }

func (c *calendar) at(k int64) int64 { return min(c.slot(k).first, maxMillis) }

// index estimates and corrects. The estimate by the average length is never too
// high: slots are less than a period from where it has them, for the zone's offset and
// jumps make less than a day of it, and the months' lengths less than a week.
func (c *calendar) index(after int64) int64 {
	k := max(0, (after-c.local)/c.average())
	for c.slot(k).first <= after {
		k++
	}
	return k
}

// indexLocal is the number of the first slot whose wall-clock time is not before local.
func (c *calendar) indexLocal(local int64) int64 {
	k := max(0, (local-c.local)/(c.average()-c.millis))
	for c.localOf(k) < local {
		k++
	}
	return k
}

func (c *calendar) next(after int64) (int64, bool) {
	k := c.index(after)
	best, found := int64(0), false
	if c.twice {
		// The second copy of an earlier slot may still come.
		for i := max(0, k-2); i < min(k, c.limit); i++ {
			if m := c.slot(i); m.second > after && (!found || m.second < best) {
				best, found = m.second, true
			}
		}
	}
	for ; k < c.limit; k++ {
		m := c.slot(k)
		if m.first > maxMillis {
			break
		}
		if m.gap && c.skip {
			continue
		}
		if !found || m.first < best {
			best, found = m.first, true
		}
		break
	}
	return best, found && best <= maxMillis
}

func (c *calendar) span(after, thru int64) (newest, n int64) {
	from, to := c.index(after), min(c.index(thru), c.limit)
	n = max(0, to-from)
	if !c.clock.fixed {
		n += c.jumps(bounds{after, thru, from, to})
	}
	if n == 0 {
		return 0, 0
	}
	found := false
	for k := to - 1; k >= 0 && (!found || k >= to-3); k-- {
		m := c.slot(k)
		if m.gap && c.skip {
			continue
		}
		if !found || m.first > newest {
			newest, found = m.first, true
		}
		if c.twice && m.second <= thru {
			newest = max(newest, m.second)
		}
	}
	return newest, n
}

// bounds are a range of instants, (after, thru], and of slot numbers, [from, to).
type bounds struct{ after, thru, from, to int64 }

// jumps returns by how many the slots in the bounds differ from the numbers, because
// of the jumps of the clock. It visits each jump, two a year.
func (c *calendar) jumps(b bounds) (n int64) {
	if b.to == 0 {
		return 0
	}
	first, _ := floorDiv(c.localOf(max(0, min(b.from, b.to-1)-2)), 1000)
	last, _ := floorDiv(c.localOf(b.to-1), 1000)
	for e := c.clock.eraAt(first - 2*margin); e.end-margin <= last; {
		next := c.clock.eraAt(e.end)
		low, high := e.end+e.offset, e.end+next.offset
		switch {
		case low < high:
			n -= c.lost(low, high, b)
		case low > high && c.twice:
			n += c.gained(high, low, b)
		}
		e = next
	}
	return n
}

// lost counts the slots that the gap [low, high) of the wall clock takes away.
func (c *calendar) lost(low, high int64, b bounds) int64 {
	i, j := c.indexLocal(low*1000), c.indexLocal(high*1000)
	if !c.skip && c.millis == 0 && c.localOf(j) == high*1000 {
		j++ // falls together with the gap's end, too
	}
	k := max(0, min(j, b.to)-max(i, b.from))
	if c.skip {
		return k
	}
	if c.millis != 0 {
		return 0
	}
	return max(0, k-1)
}

// gained counts the second copies in the bounds of the wall-clock times [low, high).
func (c *calendar) gained(low, high int64, b bounds) (n int64) {
	for k := c.indexLocal(low * 1000); k < b.to && c.localOf(k) < high*1000; k++ {
		if m := c.slot(k); m.second != m.first && m.second > b.after && m.second <= b.thru {
			n++
		}
	}
	return n
}
