package schedule

import (
	"strings"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Zones keeps the time zones that Parse has loaded, so that many schedules of
// one zone share one table (a table takes some kilobytes and some time to
// read). It must not be used by two goroutines at once; the schedules made with
// it may. The zero value is ready.
type Zones struct{ loaded map[string]*time.Location }

// Load returns the zone of a name: an IANA name, or one of java.util.TimeZone's
// other names, which jobs of Chronos use: GMT+8, GMT-05:30, and the old short
// names such as PST. Those mean what Java takes them for (CST is Chicago, IST
// Kolkata). Names are told apart by case. An unknown name gives ErrZone.
func (z *Zones) Load(name string) (*time.Location, error) {
	if z == nil {
		return loadZone(name)
	}
	if loc, ok := z.loaded[name]; ok {
		return loc, nil
	}
	loc, err := loadZone(name)
	if err != nil {
		return nil, err
	}
	if z.loaded == nil {
		z.loaded = make(map[string]*time.Location)
	}
	z.loaded[name] = loc
	return loc, nil
}

func loadZone(name string) (*time.Location, error) {
	if offset, ok := fixedOffset(name); ok {
		return time.FixedZone(name, offset), nil
	}
	iana := name
	if long := longName(name); long != "" {
		iana = long
	}
	// "" and "Local" mean something to time.LoadLocation, but nothing here.
	if iana != "" && iana != "Local" {
		if loc, err := time.LoadLocation(iana); err == nil {
			return loc, nil
		}
	}
	return nil, message.Errorf("%w %q, want an IANA name such as Europe/Berlin, or GMT+5:30", ErrZone, name)
}

// fixedOffset reads GMT±h, GMT±hh, GMT±hmm, GMT±hhmm and GMT±h:mm, and the
// short names that Java gives a fixed offset. The offset is in seconds.
func fixedOffset(name string) (int, bool) {
	switch name {
	case "EST":
		return -5 * 3600, true
	case "MST":
		return -7 * 3600, true
	case "HST":
		return -10 * 3600, true
	}
	rest, ok := strings.CutPrefix(name, "GMT")
	if !ok || len(rest) < 2 || (rest[0] != '+' && rest[0] != '-') {
		return 0, false
	}
	hours, minutes, colon := strings.Cut(rest[1:], ":")
	if !colon && len(hours) > 2 {
		hours, minutes = hours[:len(hours)-2], hours[len(hours)-2:]
		colon = true
	}
	h, m := 0, 0
	if h, ok = smallNumber(hours, 2); !ok || h > 23 {
		return 0, false
	}
	if colon {
		if m, ok = smallNumber(minutes, 2); !ok || len(minutes) != 2 || m > 59 {
			return 0, false
		}
	}
	offset := h*3600 + m*60
	if rest[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// smallNumber reads a number of 1 to digits digits.
func smallNumber(text string, digits int) (n int, ok bool) {
	if text == "" || len(text) > digits {
		return 0, false
	}
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// shortNames is what java.time.ZoneId.SHORT_IDS has for short names, without those of a fixed offset.
const shortNames = `
ACT=Australia/Darwin
AET=Australia/Sydney
AGT=America/Argentina/Buenos_Aires
ART=Africa/Cairo
AST=America/Anchorage
BET=America/Sao_Paulo
BST=Asia/Dhaka
CAT=Africa/Harare
CNT=America/St_Johns
CST=America/Chicago
CTT=Asia/Shanghai
EAT=Africa/Addis_Ababa
ECT=Europe/Paris
IET=America/Indiana/Indianapolis
IST=Asia/Kolkata
JST=Asia/Tokyo
MIT=Pacific/Apia
NET=Asia/Yerevan
NST=Pacific/Auckland
PLT=Asia/Karachi
PNT=America/Phoenix
PRT=America/Puerto_Rico
PST=America/Los_Angeles
SST=Pacific/Guadalcanal
VST=Asia/Ho_Chi_Minh
`

// longName returns the IANA name for one of Java's short names, or "".
func longName(short string) string {
	if _, rest, ok := strings.Cut(shortNames, "\n"+short+"="); ok && len(short) == 3 {
		name, _, _ := strings.Cut(rest, "\n")
		return name
	}
	return ""
}

// margin is longer than any jump of any zone's clock, and than any zone's
// distance from UTC.
const margin = 36 * 3600

// An era is a stretch of time, [start, end) in Unix seconds, in which a zone
// keeps one offset; the next may have the same. Open ends are far beyond all slots.
type era struct{ start, end, offset int64 }

const never = int64(1) << 60

// clock is a zone with its eras.
type clock struct {
	loc    *time.Location
	fixed  bool // one offset for ever
	offset int64
	known  []era // eras that were looked up already, in order and without holes; see remember
}

// remember looks up the eras of a stretch of time, in Unix seconds, so that
// they are found faster afterwards.
func (c *clock) remember(from, to int64) {
	known := []era{c.eraAt(from)}
	for last := &known[0]; last.end <= to; {
		e := c.eraAt(last.end)
		if e.offset == last.offset {
			last.end = e.end
			continue
		}
		e.start = last.end
		known = append(known, e)
		last = &known[len(known)-1]
	}
	c.known = known
}

// recall finds an era that is remembered.
func (c *clock) recall(u int64) (era, bool) {
	n := len(c.known)
	if n == 0 || u < c.known[0].start || u >= c.known[n-1].end {
		return era{}, false
	}
	low, high := 0, n
	for high-low > 1 {
		if mid := (low + high) / 2; c.known[mid].start <= u {
			low = mid
		} else {
			high = mid
		}
	}
	return c.known[low], true
}

func newClock(loc *time.Location) clock {
	c := clock{loc: loc}
	if e := c.eraAt(0); e.start == -never && e.end == never {
		c.fixed, c.offset = true, e.offset
	}
	return c
}

func (c *clock) eraAt(u int64) era {
	if c.fixed {
		return era{-never, never, c.offset}
	}
	if e, ok := c.recall(u); ok {
		return e
	}
	t := time.Unix(u, 0).In(c.loc)
	_, offset := t.Zone()
	e := era{-never, never, int64(offset)}
	start, end := t.ZoneBounds()
	if !start.IsZero() {
		e.start = start.Unix()
	}
	if !end.IsZero() {
		// After a zone's last listed change, package time ends its eras with each
		// year, and that a day early in leap years. An era that ends where nothing
		// changes does no harm here, one that ends before u would.
		if e.end = end.Unix(); e.end <= u {
			day, _ := floorDiv(u, daySeconds)
			e.end = (day + 1) * daySeconds
		}
	}
	return e
}

func (c *clock) offsetAt(u int64) int64 {
	if c.fixed {
		return c.offset
	}
	if e, ok := c.recall(u); ok {
		return e.offset
	}
	_, offset := time.Unix(u, 0).In(c.loc).Zone()
	return int64(offset)
}

// moment says where a wall-clock time lies: once, twice, or in a gap.
type moment struct {
	first, second int64 // Unix seconds; equal unless the time comes twice
	gap           bool  // the time does not exist; first is the gap's end
}

// find returns when the clock shows the local time (seconds).
func (c *clock) find(local int64) moment {
	e := c.eraAt(local - margin)
	for local >= e.end+e.offset {
		next := c.eraAt(e.end)
		if local < next.start+next.offset {
			return moment{next.start, next.start, true}
		}
		e = next
	}
	m := moment{first: local - e.offset, second: local - e.offset}
	if e.end-m.first <= margin {
		if u := local - c.offsetAt(e.end); u >= e.end {
			m.second = u
		}
	}
	return m
}

// findMilli is find for milliseconds.
func (c *clock) findMilli(local int64) moment {
	s, ms := floorDiv(local, 1000)
	m := c.find(s)
	m.first, m.second = m.first*1000, m.second*1000
	if !m.gap {
		m.first, m.second = m.first+ms, m.second+ms
	}
	return m
}
