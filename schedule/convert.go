package schedule

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// ComparedYears is over how many years a conversion is compared with what it
// was made from. In the Gregorian calendar the weekdays of all dates come again after
// 28 years, but for the change of a century.
const ComparedYears = 28

// DefaultMost is how many schedules a conversion may have.
const DefaultMost = 1000

// A Conversion is a schedule in the other form: a set of schedules whose slots
// together are those of the one that was given, none of them twice.
//
// Intervals have the periods PTnS (written in hours, minutes and seconds) where n
// seconds divide the day and all jumps of the zone's clock, P1D, P1W, PnM where n divides 12, and P1Y. Months are
// counted from days that each month has, 1 to 28, alone: from the others Chronos
// drifts (Chronos contract 3.3), and 29 February has no period at all, because
// none leaves out the year 2100. A set is the smallest if no other set of such intervals is
// exact with fewer of them.
type Conversion struct {
	Texts    []string
	Zone     string // the zone to read them in
	Jumps    bool   // the zone's clock jumps between From and Until
	Exact    bool
	Smallest bool            // proven to be the smallest exact set
	Reason   message.Message // if not exact, why no set is
	From     time.Time       // the first instant that counts
	Until    time.Time       // ComparedYears later
	Begins   time.Time       // of expressions: slots before it do not exist, which cron can't say; else zero

	// Difference is how the slots of Texts differ. Without an exact set, Texts are the closest known.
	Difference Difference

	// WithPolicies says that the set is exact for jobs that skip gaps and take both
	// copies of what comes twice (Options.Gap, Options.Overlap), though not for others.
	WithPolicies bool

	// InGap is the first slot of the intervals whose wall-clock time the zone's clock jumps
	// over; zero if there is none. There Chronos goes on with the shifted time for ever.
	InGap time.Time
}

// Difference tells how the slots of two schedules differ between two instants.
type Difference struct {
	Slots   int64     // of the schedule that was given
	Missing Deviation // its slots that the conversion lacks
	Extra   Deviation // slots that it has besides
	Twice   Deviation // slots that two of its schedules have
	Sampled bool      // looked at around each jump of the clock and counted elsewhere, for there are too many
}

// Deviation counts instants.
type Deviation struct {
	Count int64
	First time.Time
}

// Total is how many instants are wrong.
func (d Difference) Total() int64 { return d.Missing.Count + d.Extra.Count + d.Twice.Count }

// Intervals turns cron into the smallest exact set of ISO 8601 intervals, in
// order of their starts, if there is one of at most most (DefaultMost for 0). Slots from
// o.Anchor on count, and @every counts from it. o.NotBefore and o.NotAfter do
// not count. Errors are those of Parse.
func Intervals(text string, o Options, most int) (*Conversion, error) {
	o.NotBefore, o.NotAfter = time.Time{}, time.Time{}
	s, err := Parse(text, o)
	if err != nil {
		return nil, err
	}
	c := newConverter(s, o, most)
	switch e := s.engine.(type) {
	case *wall:
		return c.fromCron(e)
	case *steps:
		if s.kind == Cron {
			return c.exact([]piece{{local: e.start + c.clock.offsetAt(e.start/1000)*1000, at: e.start, period: timePeriod(e.length)}}, true)
		}
	}
	return nil, message.Errorf("schedule %q: %w", text, syntaxf("it is an ISO 8601 interval already, want cron"))
}

// converter is what a conversion needs to know.
type converter struct {
	given  *Schedule
	clock  clock
	o      Options // to read the result with
	from   int64   // Unix milliseconds
	until  int64
	most   int
	shifts []shift // of the clock, between from and until
	whole  bool    // compare every slot: the set is known not to be exact
}

// shift is a jump of the clock.
type shift struct{ at, by int64 } // Unix seconds, seconds

func newConverter(s *Schedule, o Options, most int) *converter {
	if most <= 0 {
		most = DefaultMost
	}
	if o.Zone = s.loc.String(); strings.IndexAny(o.Zone, "+-") == 0 { // the offset of a start
		o.Zone = "GMT" + o.Zone
	}
	from := max(minMillis+dayMillis, min(toMillis(o.Anchor.Add(time.Millisecond-1)), maxMillis-dayMillis))
	if o.Anchor.IsZero() {
		from = 0
	}
	until := min(time.UnixMilli(from).UTC().AddDate(ComparedYears, 0, 0).UnixMilli(), maxMillis)
	c := &converter{given: s, clock: newClock(s.loc), o: o, from: from, until: until, most: most}
	if !c.clock.fixed {
		c.clock.remember(from/1000-400*daySeconds, until/1000+400*daySeconds)
	}
	switch e := s.engine.(type) { // which is the converter's alone
	case *wall:
		e.clock = c.clock
	case *calendar:
		e.clock = c.clock
	}
	for e := c.clock.eraAt(from / 1000); e.end < until/1000; {
		next := c.clock.eraAt(e.end)
		if next.offset != e.offset {
			c.shifts = append(c.shifts, shift{e.end, next.offset - e.offset})
		}
		e = next
	}
	return c
}

// piece is an interval to be: its first slot on the wall clock and as an instant, in milliseconds.
type piece struct {
	local, at int64
	period    Period
}

// text writes the interval. Its start has the offset that tells which is meant
// of a time that comes twice.
func (p piece) text() string {
	layout := "2006-01-02T15:04:05"
	if p.local%1000 != 0 {
		layout += ".000"
	}
	return "R/" + time.UnixMilli(p.local).UTC().Format(layout) + offsetText(int((p.local-p.at)/1000)) + "/" + p.period.String()
}

// timePeriod writes milliseconds as hours, minutes and seconds.
func timePeriod(ms int64) Period {
	return Period{Hours: int32(ms / 3_600_000), Minutes: int32(ms / 60_000 % 60), Seconds: int32(ms / 1000 % 60), Milli: int32(ms % 1000)}
}

// exact finishes a conversion whose set should be exact: the engine has the last word.
func (c *converter) exact(pieces []piece, proven bool) (*Conversion, error) {
	v, err := c.compared(pieces)
	if err != nil {
		return nil, err
	}
	if v.Difference.Total() == 0 {
		v.Exact, v.Smallest = true, proven
		return v, nil
	}
	v.Reason = c.whyNot(v.Difference)
	if w, ok := c.given.engine.(*wall); ok && w.twice && !w.atGapEnd {
		elapsed := *c
		elapsed.o.Gap, elapsed.o.Overlap = GapSkip, OverlapBoth
		same, err := elapsed.compared(pieces)
		v.WithPolicies = err == nil && same.Difference.Total() == 0
	}
	return v, nil
}

// compared reads the intervals and compares them with the schedule given.
func (c *converter) compared(pieces []piece) (*Conversion, error) {
	slices.SortFunc(pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.period.String(), b.period.String()))
	})
	v := c.conversion()
	var set []engine
	for _, p := range pieces {
		text := p.text()
		s, err := Parse(text, c.o)
		if err != nil {
			return nil, fmt.Errorf("conversion of %q: %w", c.given.text, err)
		}
		v.Texts = append(v.Texts, text)
		set = append(set, s.engine)
		if cal, ok := s.engine.(*calendar); ok {
			cal.clock = c.clock
			c.lookForGap(v, cal)
		}
	}
	v.Difference = c.difference(set)
	return v, nil
}

func (c *converter) conversion() *Conversion {
	return &Conversion{Zone: c.o.Zone, Jumps: len(c.shifts) > 0, From: time.UnixMilli(c.from).UTC(), Until: time.UnixMilli(c.until).UTC()}
}

// lookForGap notes the first slot that the clock jumps over.
func (c *converter) lookForGap(v *Conversion, cal *calendar) {
	for _, j := range c.shifts {
		if j.by <= 0 {
			continue
		}
		if !v.InGap.IsZero() && v.InGap.Unix() <= j.at {
			return
		}
		low := j.at + c.clock.offsetAt(j.at-1)
		if k := cal.indexLocal(low * 1000); cal.localOf(k) < (low+j.by)*1000 {
			v.InGap = time.Unix(j.at, 0).UTC()
			return
		}
	}
}

// whyNot explains a difference by the first instant that is wrong.
func (c *converter) whyNot(d Difference) message.Message {
	first, what := d.Missing.First, message.Of("lack")
	for _, x := range []struct {
		Deviation
		what message.Message
	}{{d.Extra, message.Of("add")}, {d.Twice, message.Of("repeat")}} {
		if x.Count > 0 && (first.IsZero() || x.First.Before(first)) {
			first, what = x.First, x.what
		}
	}
	for _, j := range c.shifts {
		if first.Unix()-j.at > margin || j.at-first.Unix() > margin {
			continue
		}
		before := time.Unix(j.at, 0).In(time.FixedZone("", int(c.clock.offsetAt(j.at-1))))
		return message.Of("the clock of %s goes from %s to %s on %s, and the conversion would %v a slot at %s", c.given.loc,
			before.Format("15:04"), time.Unix(j.at, 0).In(c.given.loc).Format("15:04"), before.Format(time.DateOnly), what, first.In(c.given.loc).Format(time.RFC3339))
	}
	return message.Of("the conversion would %v a slot at %s", what, first.In(c.given.loc).Format(time.RFC3339))
}
