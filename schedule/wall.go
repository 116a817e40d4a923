package schedule

// wall is a cron expression in a zone. Its times are Unix milliseconds, as
// those of each engine.
//
// A wall-clock time that matches is a slot, with two exceptions where the clock
// jumps. Forward: the matching times in the gap together are one slot at the
// gap's end (atGapEnd), or none. Backward: of the times that come twice, the
// first copies are slots; the second ones only if twice is set.
type wall struct {
	fields
	clock    clock
	atGapEnd bool
	twice    bool
}

// enter returns the wall-clock second from which on the era's times count, as
// seen from u, which lies in the era. hit says that u itself is a slot because
// it is the end of a gap.
func (c *wall) enter(e era, u int64) (local int64, hit bool) {
	local = u + e.offset
	if u-e.start > margin {
		return local, false
	}
	before := c.clock.offsetAt(e.start - 1)
	switch {
	case before < e.offset && c.atGapEnd && u == e.start:
		missing, ok := c.fields.next(u + before)
		hit = ok && missing < local
	case before > e.offset && !c.twice:
		local = max(local, e.start+before)
	}
	return local, hit
}

func (c *wall) next(after int64) (int64, bool) {
	u, _ := floorDiv(after, 1000)
	u++
	for {
		e := c.clock.eraAt(u)
		from, hit := c.enter(e, u)
		if hit {
			return u * 1000, true
		}
		local, ok := c.fields.next(from)
		if !ok {
			return 0, false
		}
		if local < e.end+e.offset {
			return (local - e.offset) * 1000, true
		}
		// Not in this era. If it is far, the eras before it are passed over,
		// unless the next jump may go back to before from.
		if far := local - margin; far > e.end && e.end-(from-e.offset) > margin {
			u = far
		} else {
			u = e.end
		}
	}
}

func (c *wall) span(after, thru int64) (newest, n int64) {
	u, _ := floorDiv(after, 1000)
	last, _ := floorDiv(thru, 1000)
	for u++; u <= last; {
		e := c.clock.eraAt(u)
		from, hit := c.enter(e, u)
		if hit && !c.matches(from) {
			newest = u
			n++
		}
		to := min(e.end, last+1) + e.offset
		if k := c.count(from, to); k > 0 {
			local, _ := c.previous(to - 1)
			newest = local - e.offset
			n += k
		}
		u = e.end
	}
	return newest * 1000, n
}
