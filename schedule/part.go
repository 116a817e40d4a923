package schedule

import (
	"hash/fnv"
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// A part is one field of a cron expression.
type part struct {
	name      string          // never changes: it is hashed
	said      message.Message // the same, for people
	low, high int
	names     string // three letters each, from low on
	hashHigh  int    // the highest number that H stands for; 0 if H may not be used
}

func partOf(i int) part {
	switch i {
	case 0:
		return part{name: "second", said: message.Of("second"), high: 59}
	case 1:
		return part{name: "minute", said: message.Of("minute"), high: 59, hashHigh: 59}
	case 2:
		return part{name: "hour", said: message.Of("hour"), high: 23, hashHigh: 23}
	case 3:
		return part{name: "day of month", said: message.Of("day of month"), low: 1, high: 31, hashHigh: 28}
	case 4:
		return part{name: "month", said: message.Of("month"), low: 1, high: 12, names: "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}
	}
	return part{name: "day of week", said: message.Of("day of week"), high: 7, names: "SUNMONTUEWEDTHUFRISAT", hashHigh: 6}
}

// plain checks one item of the field's list and writes it in numbers: *, */n, a
// number or a list of numbers.
func (p part) plain(item, job string) (string, error) {
	base, stepText, stepped := strings.Cut(item, "/")
	step := 1
	if stepped {
		var ok bool
		if step, ok = smallNumber(stepText, 4); !ok || step == 0 {
			return "", message.Errorf("%s %q: the step is not a number from 1 on", p.said, item)
		}
	}
	if base == "*" || base == "?" {
		if stepped {
			return "*/" + stepText, nil
		}
		return "*", nil
	}
	var from, to int
	var err error
	if rest, ok := strings.CutPrefix(base, "H"); ok {
		if from, to, err = p.hashed(rest, item); err == nil {
			choice := to - from + 1 // without a step H is one of all
			if stepped {
				choice = min(step, choice)
			}
			from += int(p.hash(job) % uint64(choice))
			if !stepped {
				to = from
			}
		}
	} else {
		from, to, err = p.bounds(base, item, stepped)
	}
	if err != nil {
		return "", err
	}
	var numbers []string
	for n := from; n <= to; n += step {
		if p.high == 7 {
			numbers = append(numbers, strconv.Itoa(n%7)) // 7 is Sunday, too
		} else {
			numbers = append(numbers, strconv.Itoa(n))
		}
	}
	return strings.Join(numbers, ","), nil
}

// bounds reads a number, a name, or two with a hyphen. A number with a step goes on to the end.
func (p part) bounds(base, item string, stepped bool) (from, to int, err error) {
	low, high, ranged := strings.Cut(base, "-")
	if from, err = p.number(low, item); err != nil {
		return 0, 0, err
	}
	switch {
	case ranged:
		if to, err = p.number(high, item); err != nil {
			return 0, 0, err
		}
		if p.high == 7 && to == 0 && from > 0 {
			to = 7 // SAT-SUN
		}
	case stepped:
		to = p.high
		if p.high == 7 && from < 7 {
			to = 6
		}
	default:
		to = from
	}
	if from > to {
		return 0, 0, message.Errorf("%s %q: %s is after %s", p.said, item, low, high)
	}
	return from, to, nil
}

func (p part) number(text, item string) (int, error) {
	if i := strings.Index(p.names, strings.ToUpper(text)); len(text) == 3 && i >= 0 && i%3 == 0 {
		return i/3 + p.low, nil
	}
	n, ok := smallNumber(text, 9)
	switch {
	case !ok && strings.ContainsAny(text, "LWlw#"):
		return 0, message.Errorf("%s %q: L, W and # are not known", p.said, item)
	case !ok && p.names != "":
		return 0, message.Errorf("%s %q: %q is neither a number nor a name such as %s", p.said, item, text, p.names[3:6])
	case !ok:
		return 0, message.Errorf("%s %q: %q is not a number", p.said, item, text)
	case n < p.low:
		return 0, message.Errorf("%s %d is below %d", p.said, n, p.low)
	case n > p.high:
		return 0, message.Errorf("%s %d is above %d", p.said, n, p.high)
	}
	return n, nil
}

// hashed reads what follows an H: nothing, or (from-to).
func (p part) hashed(rest, item string) (from, to int, err error) {
	if p.hashHigh == 0 {
		return 0, 0, message.Errorf("%s %q: H may stand for minute, hour, day of month and day of week only", p.said, item)
	}
	if rest == "" {
		return p.low, p.hashHigh, nil
	}
	low, high, ok := strings.Cut(strings.TrimSuffix(strings.TrimPrefix(rest, "("), ")"), "-")
	if !ok || rest[0] != '(' || rest[len(rest)-1] != ')' {
		return 0, 0, message.Errorf("%s %q: want H, H(from-to), H/step or H(from-to)/step", p.said, item)
	}
	q := p
	q.high = p.hashHigh
	if from, err = q.number(low, item); err == nil {
		to, err = q.number(high, item)
	}
	if err == nil && from > to {
		err = message.Errorf("%s %q: %s is after %s", p.said, item, low, high)
	}
	return from, to, err
}

// hash spreads jobs evenly: FNV-1a, 64 bits, of the job's name, a zero byte and
// the field's name. It never changes: stored jobs keep their times.
func (p part) hash(job string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(job + "\x00" + p.name))
	return h.Sum64()
}
