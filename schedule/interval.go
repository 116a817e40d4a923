package schedule

import (
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// readInterval reads R[n]/[start]/period (Chronos contract 3.1).
func (s *Schedule) readInterval(o Options) error {
	s.kind = ISO
	repeat, rest, ok1 := strings.Cut(s.text, "/")
	split := strings.LastIndex(rest, "/P")
	if !ok1 || split < 0 {
		return syntaxf("want R[n]/[start]/period, for example R/2030-01-01T02:00:00Z/P1D")
	}
	limit, err := readRepetitions(repeat)
	if err != nil {
		return err
	}
	period, err := parsePeriod(rest[split+1:])
	if err != nil {
		return message.Errorf("period %q: %w", rest[split+1:], err)
	}
	if err := period.check(rest[split+1:]); err != nil {
		return err
	}
	c := &calendar{months: min(period.months(), mostMonths), days: period.days(), millis: period.millis(), limit: limit}
	c.skip, c.twice = o.Gap == GapSkip, o.Overlap == OverlapBoth
	if err := s.readStart(rest[:split], c, o); err != nil {
		return err
	}
	s.iso = &interval{series: c, period: period, limit: limit}
	if c.months == 0 && (c.days == 0 || c.clock.fixed) {
		s.iso.series = &steps{start: c.slot(0).first, length: c.days*dayMillis + c.millis, limit: limit}
	}
	s.engine = s.iso.series
	return nil
}

func readRepetitions(text string) (int64, error) {
	digits, ok := strings.CutPrefix(text, "R")
	if !ok {
		return 0, syntaxf("it begins with %q, want R or R and a number", text)
	}
	if digits == "" {
		return noLimit, nil
	}
	for _, c := range []byte(digits) {
		if c < '0' || c > '9' {
			return 0, syntaxf("repetitions %q are not a number", digits)
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n == noLimit {
		return 0, syntaxf("repetitions %s are too many", digits)
	}
	return n, nil
}

// readStart finds the zone and the wall-clock time of slot 0. A zone in the
// options replaces the offset of the start, whose fields are kept; the offset
// only tells which is meant of a time that comes twice.
func (s *Schedule) readStart(text string, c *calendar, o Options) (err error) {
	var given start
	if text != "" {
		if given, err = parseStart(text); err != nil {
			return err
		}
	}
	switch {
	case o.Zone != "":
		if s.loc, err = o.Zones.Load(o.Zone); err != nil {
			return err
		}
	case given.offset != 0:
		s.loc = time.FixedZone(offsetText(given.offset), given.offset)
	default:
		s.loc = time.UTC
	}
	c.clock = newClock(s.loc)
	if text == "" {
		at := max(minMillis, toMillis(o.Anchor))
		if o.Anchor.IsZero() {
			at = 0
		}
		c.local = at + c.clock.offsetAt(at/1000)*1000
		c.pin = &at
		return nil
	}
	c.local = given.local
	if m := c.clock.findMilli(c.local); given.hasOffset && m.second != m.first && c.local-m.second == int64(given.offset)*1000 {
		c.pin = &m.second
	}
	return nil
}
