// Package retry decides whether an attempt that ended badly is followed by
// another one, and when.
//
// It knows nothing of jobs, tasks or Mesos: it gets a policy and the facts of
// one attempt's end, and answers. It is pure; its jitter is a hash, so that the
// same attempt is always given the same delay.
package retry

import (
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Backoff says how the interval grows from one retry to the next.
type Backoff uint8

// Kinds of back-off.
const (
	Fixed       Backoff = iota // always Interval
	Exponential                // Interval, 2 × Interval, 4 × Interval …
)

// Policy is what a job says about its retries.
type Policy struct {
	Retries     int           // failures after which one more attempt follows
	Interval    time.Duration // between the end of a failed attempt and the next
	Backoff     Backoff
	MaxInterval time.Duration // bound of an exponential interval; 0 is MaxDelay
	Jitter      float64       // 0…1: up to that part of the interval is added
	On          []Codes       // exit codes worth a retry; empty is every failure
}

// MaxDelay bounds every delay, so that doubling never overflows.
const MaxDelay = 30 * 24 * time.Hour

// Codes is a range of exit codes, both ends included.
type Codes struct{ From, To int }

// ParseCodes reads "75" or "1-63". Exit codes are 0 to 255.
func ParseCodes(text string) (Codes, error) {
	from, to, isRange := strings.Cut(text, "-")
	if !isRange {
		to = from
	}
	a, errA := strconv.Atoi(from)
	b, errB := strconv.Atoi(to)
	if errA != nil || errB != nil || a < 0 || b > 255 || a > b {
		return Codes{}, message.Errorf("%q is not an exit code or a range of them, want for example \"75\" or \"1-63\" within 0 to 255", text)
	}
	return Codes{a, b}, nil
}

// String is the text that ParseCodes reads.
func (c Codes) String() string {
	if c.From == c.To {
		return strconv.Itoa(c.From)
	}
	return strconv.Itoa(c.From) + "-" + strconv.Itoa(c.To)
}

// NoCode stands for a failure without an exit code (killed by a signal, memory limit …).
const NoCode = -1

// Next tells whether the job's failure number `failures` (1 is the first) of
// one run is followed by another attempt and after how long. code is the exit
// code or NoCode; with a list of codes a failure without code is final.
// key makes the jitter: it should name the attempt.
func (p Policy) Next(failures, code int, key string) (delay time.Duration, again bool) {
	if failures > p.Retries || !p.worth(code) {
		return 0, false
	}
	return p.delay(failures, key), true
}

func (p Policy) worth(code int) bool {
	if len(p.On) == 0 {
		return true
	}
	for _, c := range p.On {
		if c.From <= code && code <= c.To {
			return true
		}
	}
	return false
}

func (p Policy) delay(failures int, key string) time.Duration {
	limit := p.MaxInterval
	if limit <= 0 || limit > MaxDelay {
		limit = MaxDelay
	}
	d := p.Interval
	if p.Backoff == Exponential {
		d = double(d, failures-1, limit)
	}
	if p.Jitter > 0 {
		d += time.Duration(p.Jitter * Fraction(key) * float64(d))
	}
	return d
}

// Lost bounds and spaces the attempts that follow losses which are not the
// job's fault. They do not use up retries.
const (
	MaxLosses    = 10               // in one run; after that the run fails
	lossInterval = time.Second      // after the second loss; the first is made good at once
	lossMax      = 60 * time.Second // bound of the doubling
)

// AfterLoss tells whether loss number `losses` (1 is the first) of a run is
// followed by another attempt and after how long: at once, then 1 s, 2 s, 4 s …
// up to a minute.
func AfterLoss(losses int) (delay time.Duration, again bool) {
	switch {
	case losses > MaxLosses:
		return 0, false
	case losses <= 1:
		return 0, true
	}
	return double(lossInterval, losses-2, lossMax), true
}

func double(d time.Duration, times int, limit time.Duration) time.Duration {
	for ; times > 0 && d < limit; times-- {
		d *= 2
	}
	return min(d, limit)
}

// Fraction hashes a key (FNV-1a, mixed) to a number from 0 up to but not
// including 1: the same key always gives the same number.
func Fraction(key string) float64 {
	h := fnv.New64a()
	h.Write([]byte(key))
	x := h.Sum64()
	// FNV's high bits are weak for short keys; the finalizer of MurmurHash3 spreads them.
	x ^= x >> 33
	x *= 0xff51afd7ed558ccd
	x ^= x >> 33
	x *= 0xc4ceb9fe1a85ec53
	x ^= x >> 33
	return float64(x>>11) / (1 << 53)
}
