package schedule

import (
	"slices"
	"time"
)

// How many slots are compared one by one, of both sides together.
const (
	maxCompared = 50_000
	maxWhole    = 1_000_000 // if a set is not exact
)

// window is a stretch of time, (after, thru] in Unix milliseconds.
type window struct{ after, thru int64 }

// difference compares the slots of the schedule given with those of a set.
//
// They are compared one by one unless they are too many. Then a stretch at the start
// and one around each jump of the clock are compared, and all slots counted: the slots of
// sets that may be exact are the same on each day, week, month or year that the clock does not jump.
// If anything differs, all are compared after all.
func (c *converter) difference(set []engine) Difference {
	all := window{c.from - 1, c.until}
	given := countOf(c.given.engine, all)
	total, balance := given, given
	for _, e := range set {
		n := countOf(e, all)
		total, balance = total+n, balance-n
	}
	d := Difference{Slots: given}
	if total > maxCompared && !(c.whole && total <= maxWhole) {
		d = c.sampled(set, given, balance)
		if d.Total() == 0 || total > maxWhole {
			return d
		}
		d = Difference{Slots: given}
	}
	d.compare(c.given.engine, set, all)
	return d
}

// sampled compares parts; balance is how many slots the set lacks in all.
func (c *converter) sampled(set []engine, given, balance int64) Difference {
	d := Difference{Slots: given, Sampled: true}
	start := c.from + dayMillis
	if given < 400*maxWhole { // not each second, or nearly so
		start += 8 * dayMillis
	}
	d.compare(c.given.engine, set, window{c.from - 1, start})
	for _, j := range c.shifts {
		around := max(j.by, -j.by) + 3*3600
		d.compare(c.given.engine, set, window{max(start, (j.at-around)*1000), min(c.until, (j.at+around)*1000)})
	}
	switch balance -= d.Missing.Count - d.Extra.Count - d.Twice.Count; {
	case balance > 0:
		d.Missing.add(start, balance)
	case balance < 0:
		d.Extra.add(start, -balance)
	}
	return d
}

func countOf(e engine, w window) int64 {
	_, n := e.span(w.after, w.thru)
	return n
}

// compare looks at each slot in the window.
func (d *Difference) compare(given engine, set []engine, w window) {
	var slots []int64
	for _, e := range set {
		for at, ok := e.next(w.after); ok && at <= w.thru; at, ok = e.next(at) {
			slots = append(slots, at)
		}
	}
	slices.Sort(slots)
	want, more := given.next(w.after)
	more = more && want <= w.thru
	for i := 0; i < len(slots) || more; {
		switch {
		case i == len(slots) || more && want < slots[i]:
			d.Missing.add(want, 1)
		case !more || slots[i] < want:
			d.Extra.add(slots[i], 1)
			i++
			continue
		default:
			at := slots[i]
			for i++; i < len(slots) && slots[i] == at; i++ {
				d.Twice.add(at, 1)
			}
		}
		want, more = given.next(want)
		more = more && want <= w.thru
	}
}

func (v *Deviation) add(at, n int64) {
	if v.Count += n; v.First.IsZero() || at < v.First.UnixMilli() {
		v.First = time.UnixMilli(at).UTC()
	}
}
