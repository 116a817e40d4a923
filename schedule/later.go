package schedule

import (
	"math/bits"
	"strconv"
	"strings"
	"time"
)

const dayMinutes = 24 * 60

// Leeway returns by how many whole minutes at most the slots of a schedule can be
// moved to later times by changing its text alone, so that each slot stays
// within its period and its day: 0 if they cannot be, because the text names no
// minute of its own (stars, lists, H, @every, an interval without a start), or
// because it ends.
func (s *Schedule) Leeway() time.Duration {
	if s.last < maxMillis {
		return 0
	}
	if s.iso != nil {
		return s.iso.leeway(s.text)
	}
	f := s.cronTexts()
	if f == nil {
		return 0
	}
	minute := bits.TrailingZeros64(s.sets.minute)
	if !isNumber(f[2]) {
		return time.Duration(59-minute) * time.Minute // the hours stay
	}
	return time.Duration(dayMinutes-1-60*bits.TrailingZeros64(s.sets.hour)-minute) * time.Minute
}

// Later returns the text of a schedule whose slots are those of s, each later by
// so many whole minutes; false if there is none (see Leeway).
func (s *Schedule) Later(by time.Duration) (string, bool) {
	if by <= 0 || by%time.Minute != 0 || by > s.Leeway() {
		return "", false
	}
	if s.iso != nil {
		return laterStart(s.text, by)
	}
	f := s.cronTexts()
	at := bits.TrailingZeros64(s.sets.minute) + int(by/time.Minute)
	if isNumber(f[2]) {
		at += 60 * bits.TrailingZeros64(s.sets.hour)
		f[2] = strconv.Itoa(at / 60)
	}
	f[1] = strconv.Itoa(at % 60)
	if f[0] == "" { // no seconds were given
		f = f[1:]
	}
	if zone := strings.Fields(s.text)[0]; strings.Contains(zone, "TZ=") {
		f = append([]string{zone}, f...)
	}
	return strings.Join(f, " "), true
}

// cronTexts are the six fields of an expression whose minute is one number; the
// seconds are "" if they were not given. nil if there is no such minute.
func (s *Schedule) cronTexts() []string {
	if s.sets == nil {
		return nil
	}
	texts := strings.Fields(s.text)
	if strings.Contains(texts[0], "TZ=") {
		texts = texts[1:]
	}
	if len(texts) == 1 {
		texts = strings.Fields(descriptor(texts[0]))
	}
	if len(texts) == 5 {
		texts = append([]string{""}, texts...)
	}
	if texts[0] != "" && !isNumber(texts[0]) || !isNumber(texts[1]) {
		return nil
	}
	return texts
}

func isNumber(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }

func (i *interval) leeway(text string) time.Duration {
	start := startOf(text)
	given, err := parseStart(start)
	if i.limit != noLimit || start == "" || err != nil {
		return 0
	}
	length, fixed := i.period.Fixed()
	if fixed && i.period.days() == 0 {
		return max(0, (length - 1).Truncate(time.Minute))
	}
	_, at := floorDiv(given.local, dayMillis) // within its day
	return time.Duration(dayMillis-1-at) * time.Millisecond / time.Minute * time.Minute
}

// startOf returns the middle part of an interval.
func startOf(text string) string {
	_, rest, _ := strings.Cut(text, "/")
	return rest[:max(0, strings.LastIndex(rest, "/P"))]
}

// laterStart moves the start of an interval; its offset stays.
func laterStart(text string, by time.Duration) (string, bool) {
	old := startOf(text)
	given, err := parseStart(old)
	if err != nil {
		return "", false
	}
	start := time.UnixMilli(given.local).UTC().Add(by)
	layout := "2006-01-02T15:04:05"
	if given.local%1000 != 0 {
		layout += ".000"
	}
	moved := start.Format(layout)
	if given.hasOffset {
		moved += offsetText(given.offset)
	}
	repeat, rest, _ := strings.Cut(text, "/")
	return repeat + "/" + moved + rest[len(old):], true
}
