// Package schedule turns the texts of schedules into instants: ISO 8601
// repeating intervals, R[n]/[start]/period, as Chronos has them, and cron
// expressions.
//
// It is pure: it starts nothing, knows no current time and keeps no state. It
// does not decide what happens to a slot that was missed; it tells which slots
// there are, between any two instants.
//
// # Clocks that jump
//
// A slot is an instant, and one instant is one slot. Where a zone's clock jumps
// forward, a wall-clock time in the gap means the end of the gap: 02:30 is 03:00
// when the clock goes from 02:00 to 03:00, and several such times are one slot.
// Where it jumps backward and a wall-clock time comes twice, the first is
// meant. This is the rule of Vixie cron, here also for ISO intervals in days,
// weeks, months and years. Cron expressions with a star or a step in their
// minute or hour mean elapsed time instead: nothing extra in the gap, and both
// copies. Options.Gap and Options.Overlap choose otherwise. Periods in hours,
// minutes and seconds are elapsed time always.
package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Kind is how a schedule is written.
type Kind uint8

// The kinds of schedules.
const (
	ISO  Kind = iota + 1 // a repeating interval of ISO 8601
	Cron                 // a cron expression, or @every
)

// Gap says what a wall-clock time means that the zone's clock jumps over.
type Gap uint8

// Choices for the gap.
const (
	GapDefault Gap = iota // see the package comment
	GapRun                // one slot at the end of the gap, also for cron expressions with stars
	GapSkip               // no slot
)

// Overlap says what a wall-clock time means that comes twice.
type Overlap uint8

// Choices for the overlap.
const (
	OverlapDefault Overlap = iota // see the package comment
	OverlapFirst                  // one slot, the first, also for cron expressions with stars
	OverlapBoth                   // two slots
)

// Options hold what a schedule's text does not say.
type Options struct {
	Zone    string    // see Zones.Load for names; "" is UTC, or the offset that an ISO start has
	Name    string    // the job's name, which is hashed for H
	Anchor  time.Time // what an empty start, and @every, count from: when the job was created
	Gap     Gap
	Overlap Overlap

	NotBefore, NotAfter time.Time // slots outside do not exist; the zero time is no bound

	Zones *Zones // where loaded zones are kept; may be nil
}

// maxText is the length of the longest text, in bytes.
const maxText = 1024

// Schedule is a schedule that has been read. It does not change, and may be used
// by several goroutines.
type Schedule struct {
	text   string
	kind   Kind
	loc    *time.Location
	engine engine
	first  int64     // bounds of the slots, Unix milliseconds
	last   int64     //
	iso    *interval // nil unless the kind is ISO
	sets   *bitSets  // nil unless it is a cron expression with fields
}

// interval is what an ISO schedule has besides.
type interval struct {
	series series
	period Period
	limit  int64
}

// Parse reads a schedule. Errors wrap ErrSyntax, ErrZone, ErrPeriod or
// ErrImpossible, and say which part is wrong and what was expected.
func Parse(text string, o Options) (*Schedule, error) {
	s, err := parse(text, o)
	if errors.Is(err, ErrZone) {
		return nil, err
	}
	if err != nil {
		if len(text) > maxText {
			text = text[:maxText]
		}
		return nil, message.Errorf("schedule %q: %w", text, err)
	}
	return s, nil
}

func parse(text string, o Options) (*Schedule, error) {
	if len(text) > maxText {
		return nil, syntaxf("%d bytes are too many, want at most %d", len(text), maxText)
	}
	s := &Schedule{text: text, first: minMillis, last: maxMillis}
	if !o.NotBefore.IsZero() {
		s.first = toMillis(o.NotBefore.Add(time.Millisecond - 1))
	}
	if !o.NotAfter.IsZero() {
		s.last = toMillis(o.NotAfter)
		if o.NotAfter.Before(o.NotBefore) {
			return nil, message.Errorf("%w: it ends %s, before it begins %s", ErrImpossible, o.NotAfter.Format(time.RFC3339), o.NotBefore.Format(time.RFC3339))
		}
	}
	if looksISO(text) {
		return s, s.readInterval(o)
	}
	return s, s.readExpression(o)
}

// looksISO says which of the two grammars the text's author had in mind.
func looksISO(text string) bool {
	field, _, _ := strings.Cut(strings.TrimSpace(text), " ")
	return strings.HasPrefix(field, "R") || strings.HasPrefix(field, "r") || strings.Contains(strings.ToUpper(field), "/P")
}

// toMillis rounds down, and limits the result to a bit more than where slots can be.
func toMillis(t time.Time) int64 {
	switch s := t.Unix(); {
	case s < minSeconds:
		return minMillis - 1
	case s > maxSeconds:
		return maxMillis
	}
	return t.UnixMilli()
}

// Next returns the first slot strictly after an instant, in UTC, or the zero
// time if there is none. Slots are within the years 1 to 9999. It allocates
// nothing.
func (s *Schedule) Next(after time.Time) time.Time {
	ms, ok := s.engine.next(max(toMillis(after), s.first-1))
	if !ok || ms > s.last {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// Range describes the slots in (after, thru]: the newest, in UTC, and how many
// there are. The cost does not depend on their number, only a little on the
// length of the time.
func (s *Schedule) Range(after, thru time.Time) (newest time.Time, n int64) {
	from, to := max(toMillis(after), s.first-1), min(toMillis(thru), s.last)
	if from >= to {
		return time.Time{}, 0
	}
	ms, n := s.engine.span(from, to)
	if n == 0 {
		return time.Time{}, 0
	}
	return time.UnixMilli(ms).UTC(), n
}

// Upcoming returns the next slots after an instant, n at most.
func Upcoming(s *Schedule, from time.Time, n int) []time.Time {
	var slots []time.Time
	for t := s.Next(from); !t.IsZero() && len(slots) < n; t = s.Next(t) {
		slots = append(slots, t)
	}
	return slots
}

// String returns the text as it was given.
func (s *Schedule) String() string { return s.text }

// Kind returns ISO or Cron.
func (s *Schedule) Kind() Kind { return s.kind }

// Location returns the zone in which the schedule counts.
func (s *Schedule) Location() *time.Location { return s.loc }

// Repetitions returns the n of R[n], and whether there is one. A schedule of
// cron has none.
func (s *Schedule) Repetitions() (n int64, finite bool) {
	if s.iso == nil || s.iso.limit == noLimit {
		return 0, false
	}
	return s.iso.limit, true
}

// Remaining returns what remains of an ISO schedule after all slots up to and
// including decided: R[n]/start/period in Chronos' canonical form. Until a slot
// has been used, that is the text as it was given (Chronos contract 3.1). The
// text of a cron expression never changes.
func (s *Schedule) Remaining(decided time.Time) string {
	if s.iso == nil {
		return s.text
	}
	if first := s.Next(time.Time{}); first.IsZero() || first.After(decided) {
		return s.text
	}
	k := min(s.iso.series.index(toMillis(decided)), s.iso.limit)
	repeat := "R"
	if s.iso.limit != noLimit {
		repeat = fmt.Sprint("R", s.iso.limit-k)
	}
	start := time.UnixMilli(s.iso.series.at(k)).In(s.loc)
	_, offset := start.Zone()
	return repeat + "/" + start.Format("2006-01-02T15:04:05.000") + offsetText(offset) + "/" + s.iso.period.String()
}

// offsetText writes Z, ±hh:mm or ±hh:mm:ss.
func offsetText(seconds int) string {
	sign := '+'
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	switch {
	case seconds == 0:
		return "Z"
	case seconds%60 == 0:
		return fmt.Sprintf("%c%02d:%02d", sign, seconds/3600, seconds/60%60)
	}
	return fmt.Sprintf("%c%02d:%02d:%02d", sign, seconds/3600, seconds/60%60, seconds%60)
}
