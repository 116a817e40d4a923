package crontab

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/schedule"
)

var (
	realFrom  = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	realUntil = time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	realZones = []string{"UTC", "Europe/Berlin", "Asia/Shanghai"}
)

const dayMinutes = 24 * 60

// wallClock is a zone's clock, looked at in each minute of the four years: when it
// shows what. Minutes on the wall are counted from a day before the first.
type wallClock struct {
	loc           *time.Location
	minutes       int     // of the four years
	day           int     // day number of wall minute 0, as Go counts hours since 1970
	first, second []int32 // of each wall minute the minute that shows it; -1 if none
	gapEnd        []int32 // of a wall minute that is not shown, the minute after the jump; -1
}

func newWallClock(t *testing.T, zone string) *wallClock {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	w := &wallClock{loc: loc, minutes: int(realUntil.Sub(realFrom) / time.Minute), day: int(realFrom.Unix()/86400) - 1}
	size := w.minutes + 3*dayMinutes
	for _, list := range []*[]int32{&w.first, &w.second, &w.gapEnd} {
		*list = slices.Repeat([]int32{-1}, size)
	}
	before, offset := 0, 0
	for u := range w.minutes {
		if u%15 == 0 { // no clock jumps but at quarters
			_, seconds := realFrom.Add(time.Duration(u) * time.Minute).In(loc).Zone()
			before, offset = offset, seconds/60
			if u == 0 {
				before = offset
			}
		} else {
			before = offset
		}
		wall := dayMinutes + u + offset
		for skipped := dayMinutes + u + before; skipped < wall; skipped++ {
			w.gapEnd[skipped] = int32(u)
		}
		if w.first[wall] < 0 {
			w.first[wall] = int32(u)
		} else {
			w.second[wall] = int32(u)
		}
	}
	return w
}

// numbers reads a field of cron the simple way.
func numbers(t *testing.T, text string, low, high int, names string) (set [64]bool) {
	number := func(s string) int {
		if i := strings.Index(names, strings.ToLower(s)); i >= 0 && len(s) == 3 {
			return i/3 + low
		}
		n, err := strconv.Atoi(s)
		if err != nil {
			t.Fatalf("model: %q: %v", text, err)
		}
		return n
	}
	for item := range strings.SplitSeq(text, ",") {
		base, step, _ := strings.Cut(item, "/")
		from, to, every := low, high, 1
		if step != "" {
			every = number(step)
		}
		if a, b, ranged := strings.Cut(base, "-"); base != "*" {
			from = number(a)
			if to = from; ranged {
				if to = number(b); to == 0 {
					to = 7
				}
			}
		}
		for n := from; n <= to; n += every {
			set[n] = true
		}
	}
	if high == 7 {
		set[0] = set[0] || set[7]
	}
	return set
}

var nicknames = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0", "@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

// cron marks the minutes at which cron runs: each minute that the wall's clock shows and that
// matches; fixed times once when it comes twice, and at the gap's end when it does not come.
func (w *wallClock) cron(t *testing.T, text string) []uint8 {
	if plain, ok := nicknames[text]; ok {
		text = plain
	}
	f := strings.Fields(text)
	minute, hour := numbers(t, f[0], 0, 59, ""), numbers(t, f[1], 0, 23, "")
	dom, month := numbers(t, f[2], 1, 31, ""), numbers(t, f[3], 1, 12, "janfebmaraprmayjunjulaugsepoctnovdec")
	dow := numbers(t, f[4], 0, 7, "sunmontuewedthufrisat")
	elapsed := strings.ContainsAny(f[0]+f[1], "*/")
	var times []int
	for m := range dayMinutes {
		if hour[m/60] && minute[m%60] {
			times = append(times, m)
		}
	}
	marks := make([]uint8, w.minutes)
	for d := 0; d*dayMinutes < len(w.first); d++ {
		date := time.Unix(int64(w.day+d)*86400, 0).UTC()
		matches := dom[date.Day()] || dow[date.Weekday()]
		if f[2][0] == '*' || f[4][0] == '*' {
			matches = dom[date.Day()] && dow[date.Weekday()]
		}
		if !matches || !month[date.Month()] {
			continue
		}
		for _, m := range times {
			wall := d*dayMinutes + m
			switch first, second, end := w.first[wall], w.second[wall], w.gapEnd[wall]; {
			case first >= 0:
				marks[first] = 1
				if elapsed && second >= 0 {
					marks[second] = 1
				}
			case end >= 0 && !elapsed:
				marks[end] = 1
			}
		}
	}
	return marks
}

var isoForm = regexp.MustCompile(`^R/(\S+)/P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?$`)

// interval adds a mark at each slot of R/start/period, read the simple way.
func (w *wallClock) interval(t *testing.T, text string, marks []uint8) {
	m := isoForm.FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("interval %q", text)
	}
	var n [8]int
	for i := 2; i < len(m); i++ {
		n[i], _ = strconv.Atoi(m[i])
	}
	start, err := time.Parse(time.RFC3339, m[1])
	if err != nil {
		t.Fatal(err)
	}
	if step := n[6]*60 + n[7]; step > 0 {
		for u := int(start.Sub(realFrom) / time.Minute); u < w.minutes; u += step {
			marks[u]++
		}
		return
	}
	year, month, day := start.Date()
	for k := 0; ; k++ {
		date := time.Date(year+k*n[2], month+time.Month(k*n[3]), day+k*(n[4]*7+n[5]), start.Hour(), start.Minute(), 0, 0, time.UTC)
		if n[4]+n[5] == 0 && date.Day() != day {
			t.Fatalf("%s falls on a day that is not there", text)
		}
		wall := int(date.Unix()/60) - w.day*dayMinutes
		if wall >= len(w.first) {
			return
		}
		if u := max(w.first[wall], w.gapEnd[wall]); u >= 0 {
			marks[u]++
		}
	}
}

// inWords says how many intervals of what periods there are, or why there are none.
func inWords(v *schedule.Conversion) string {
	if !v.Exact {
		d := v.Difference
		return fmt.Sprintf("no: %s (-%d +%d x%d)", strings.SplitN(v.Reason.String(), ",", 2)[0], d.Missing.Count, d.Extra.Count, d.Twice.Count)
	}
	n := make(map[string]int)
	for _, text := range v.Texts {
		n[text[strings.LastIndexByte(text, '/')+1:]]++
	}
	var parts []string
	for _, p := range []string{"PT1M", "P1D", "P1W", "P1M", "P1Y"} {
		if n[p] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[p], p))
			delete(n, p)
		}
	}
	var others []string
	for p, k := range n {
		others = append(others, fmt.Sprintf("%d %s", k, p))
	}
	slices.Sort(others)
	return strings.Join(append(parts, others...), " ")
}

// TestRealWorld: more than 200 lines as they stand in crontabs become intervals with exactly cron's slots, checked
// against a clock looked at minute by minute over four years in three zones, or are refused as the table says.
func TestRealWorld(t *testing.T) {
	t.Parallel()
	clocks := make([]*wallClock, len(realZones))
	for i, zone := range realZones {
		clocks[i] = newWallClock(t, zone)
	}
	lines := 0
	known := make(map[string]string)
	for _, file := range []string{"testdata/realworld.system.table", "testdata/realworld.user.table"} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var out strings.Builder
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(line, "#") {
				continue
			}
			lines++
			jobs, problems := Parse(strings.NewReader(line), Options{System: strings.Contains(file, "system")})
			if len(jobs) == 0 {
				fmt.Fprintf(&out, "# refused: %s\n%s", problems[0].Reason, line)
				continue
			}
			answer, ok := known[jobs[0].Schedule]
			if !ok {
				utc := answerOf(t, jobs[0].Schedule, clocks[0])
				answer = utc
				for i, zone := range realZones[1:] {
					if got := answerOf(t, jobs[0].Schedule, clocks[i+1]); got != utc {
						answer += "; " + zone + ": " + got
					}
				}
				known[jobs[0].Schedule] = answer
			}
			fmt.Fprintf(&out, "# %s\n%s", answer, line)
		}
		if *update {
			if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if got := out.String(); got != string(text) {
			for i, want := range strings.Split(string(text), "\n") {
				if g := strings.Split(got, "\n"); i < len(g) && g[i] != want {
					t.Errorf("%s:%d: %s, want %s", file, i+1, g[i], want)
				}
			}
		}
	}
	if lines < 200 {
		t.Errorf("the tables have %d lines, want 200", lines)
	}
}

// answerOf converts, and holds the answer against the clock.
func answerOf(t *testing.T, cron string, w *wallClock) string {
	t.Helper()
	zone := w.loc.String()
	o := schedule.Options{Zone: zone, Anchor: realFrom}
	v, err := schedule.Intervals(cron, o, 0)
	if err != nil {
		t.Fatal(err)
	}
	want, got := w.cron(t, cron), make([]uint8, w.minutes)
	for _, text := range v.Texts {
		w.interval(t, text, got)
	}
	leap := strings.HasPrefix(v.Reason.String(), "29 February") // which is wrong in 2100 alone
	if same := bytes.Equal(want, got); same != (v.Exact || leap) {
		u := 0
		for u < len(want)-1 && want[u] == got[u] {
			u++
		}
		t.Errorf("%s in %s: exact is %v; at %v cron has %d slots, the intervals %d", cron, zone, v.Exact, realFrom.Add(time.Duration(u)*time.Minute).In(w.loc), want[u], got[u])
	}
	s, err := schedule.Parse(cron, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, n := s.Range(realFrom.Add(-1), realUntil.Add(-1)); n != int64(bytes.Count(want, []byte{1})) {
		t.Errorf("%s in %s has %d slots, the clock shows %d", cron, zone, n, bytes.Count(want, []byte{1}))
	}
	return inWords(v)
}
