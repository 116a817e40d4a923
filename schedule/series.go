package schedule

import "math"

// An engine knows the instants of a schedule, in Unix milliseconds. It does
// not change, and answers only for the years 1 to 9999.
type engine interface {
	next(after int64) (int64, bool)           // the first one after
	span(after, thru int64) (newest, n int64) // those in (after, thru]
}

// A series is an engine whose slots are numbered from 0.
type series interface {
	engine
	index(after int64) int64 // the number of the first slot after, not limited by how many there are
	at(k int64) int64        // when slot k is, not limited either
}

// steps are slots at equal distances: start + k × length, for k < limit.
type steps struct{ start, length, limit int64 }

func (s *steps) at(k int64) int64 {
	if most := (maxMillis - s.start) / s.length; k > most {
		return maxMillis
	}
	return s.start + k*s.length
}

func (s *steps) index(after int64) int64 {
	if after < s.start {
		return 0
	}
	return (after-s.start)/s.length + 1
}

func (s *steps) next(after int64) (int64, bool) {
	k := s.index(after)
	if k >= s.limit || k > (maxMillis-s.start)/s.length {
		return 0, false
	}
	return s.start + k*s.length, true
}

func (s *steps) span(after, thru int64) (newest, n int64) {
	from, to := s.index(after), min(s.index(thru), s.limit)
	if from >= to {
		return 0, 0
	}
	return s.at(to - 1), to - from
}

// noLimit is the limit of a series that does not end.
const noLimit = int64(math.MaxInt64)
