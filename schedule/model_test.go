package schedule

import (
	"flag"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var long = flag.Bool("long", false, "sweep all transitions of the clock and all expressions")

// failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

var zoneNames = []string{
	"America/New_York", "Europe/Berlin", "Australia/Lord_Howe", "Africa/Cairo", "America/Sao_Paulo", "Pacific/Apia",
	"Asia/Kathmandu", "Asia/Shanghai", "UTC", "Africa/Casablanca", "Asia/Tehran", "Europe/Dublin",
}

func zone(t failer, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// transitions finds when a zone's offset changed from 2005 to 2030, by looking.
func transitions(loc *time.Location) (found []time.Time) {
	offset := func(u int64) int { _, o := time.Unix(u, 0).In(loc).Zone(); return o }
	end := time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	const step = 12 * 3600
	for u := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC).Unix(); u < end; u += step {
		if offset(u) == offset(u+step) {
			continue
		}
		low, high := u, u+step
		for high-low > 1 {
			if mid := (low + high) / 2; offset(mid) == offset(low) {
				low = mid
			} else {
				high = mid
			}
		}
		found = append(found, time.Unix(high, 0).UTC())
	}
	return found
}

// wallTime is what a clock on the wall shows.
type wallTime struct{ year, month, day, hour, minute, second, weekday int }

func wallOf(t time.Time) wallTime {
	return wallTime{t.Year(), int(t.Month()), t.Day(), t.Hour(), t.Minute(), t.Second(), int(t.Weekday())}
}

// tick is one instant of a strip: what the clock shows, whether it showed the
// same before, and what it has jumped over just before.
type tick struct {
	at      time.Time
	wall    wallTime
	again   bool
	skipped []wallTime
}

// strip looks at a zone's clock at every step of [from, to).
func strip(loc *time.Location, from, to time.Time, step time.Duration) (ticks []tick) {
	offset := func(at time.Time) int { _, o := at.In(loc).Zone(); return o }
	for at := from; at.Before(to); at = at.Add(step) {
		k := tick{at: at, wall: wallOf(at.In(loc))}
		now, before := offset(at), offset(at.Add(-step))
		// All clocks that go back do so by an hour or by half an hour.
		k.again = offset(at.Add(-time.Hour)) == now+3600 || offset(at.Add(-time.Hour/2)) == now+1800
		for jumped := step; jumped <= time.Duration(now-before)*time.Second; jumped += step {
			k.skipped = append(k.skipped, wallOf(at.In(loc).Add(-jumped).In(time.FixedZone("", now))))
		}
		ticks = append(ticks, k)
	}
	return ticks
}

// modelSet reads a field of a cron expression the simple way.
func modelSet(t failer, text string, low, high int) (set [64]bool) {
	number := func(text string) int {
		if i := strings.Index("sunmontuewedthufrisat", strings.ToLower(text)); i >= 0 && high == 7 {
			return i / 3
		}
		if i := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(text)); i >= 0 && high == 12 {
			return i/3 + 1
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("model: %q: %v", text, err)
		}
		return n
	}
	for _, item := range strings.Split(text, ",") {
		base, step, stepped := strings.Cut(item, "/")
		a, b, ranged := strings.Cut(base, "-")
		every, from, to := 1, low, high
		if stepped {
			every = number(step)
		}
		if base != "*" {
			from = number(a)
			if to = from; ranged {
				to = number(b)
			} else if stepped {
				to = high // n/step goes on to the end
				if high == 7 && from < 7 {
					to = 6
				}
			}
		}
		for n := from; n <= to; n += every {
			if high == 7 {
				set[n%7] = true
			} else {
				set[n] = true
			}
		}
	}
	return set
}

// modelExpr is a cron expression, read the simple way.
type modelExpr struct {
	sets     [6][64]bool
	star     bool // of day of month or day of week
	elapsed  bool
	atGapEnd bool
	twice    bool
}

func newModel(t failer, text string, gap Gap, overlap Overlap) *modelExpr {
	f := strings.Fields(text)
	if len(f) == 5 {
		f = append([]string{"0"}, f...)
	}
	m := &modelExpr{star: strings.HasPrefix(f[3], "*") || strings.HasPrefix(f[5], "*")}
	for i, bounds := range [6][2]int{{0, 59}, {0, 59}, {0, 23}, {1, 31}, {1, 12}, {0, 7}} {
		m.sets[i] = modelSet(t, f[i], bounds[0], bounds[1])
	}
	m.elapsed = strings.ContainsAny(f[1]+f[2], "*/")
	m.atGapEnd = gap == GapRun || gap == GapDefault && !m.elapsed
	m.twice = overlap == OverlapBoth || overlap == OverlapDefault && m.elapsed
	return m
}

func (m *modelExpr) matches(w wallTime) bool {
	dom, dow := m.sets[3][w.day], m.sets[5][w.weekday]
	day := dom || dow
	if m.star {
		day = dom && dow
	}
	return day && m.sets[4][w.month] && m.sets[2][w.hour] && m.sets[1][w.minute] && m.sets[0][w.second]
}

// slots returns the slots of a strip.
func (m *modelExpr) slots(ticks []tick) (slots []time.Time) {
	for _, k := range ticks {
		slot := m.matches(k.wall) && (m.twice || !k.again)
		if m.atGapEnd && !slot {
			slot = slices.ContainsFunc(k.skipped, m.matches)
		}
		if slot {
			slots = append(slots, k.at)
		}
	}
	return slots
}

// compare holds a schedule against the slots it should have in [from, to), with Next and with Range.
func compare(t failer, s *Schedule, want []time.Time, from, to time.Time) {
	t.Helper()
	at := from.Add(-1)
	for i := 0; ; i++ {
		next := s.Next(at)
		if next.IsZero() || !next.Before(to) {
			if i < len(want) {
				t.Fatalf("%q in %v: after %v comes %v, want %v", s, s.Location(), at.In(s.Location()), next.In(s.Location()), want[i].In(s.Location()))
			}
			break
		}
		if i >= len(want) || !next.Equal(want[i]) {
			t.Fatalf("%q in %v: after %v comes %v, want slot %d of %d: %v", s, s.Location(), at.In(s.Location()), next.In(s.Location()), i, len(want), append(slices.Clip(want), time.Time{})[i].In(s.Location()))
		}
		at = next
	}
	// Ranges of all kinds of borders: on slots, and just before and after them.
	borders := []time.Time{from.Add(-1), to.Add(-1)}
	for i := 0; i < len(want); i += max(1, len(want)/6) {
		borders = append(borders, want[i].Add(-1), want[i], want[i].Add(1), want[i].Add(17*time.Minute))
	}
	for i, odd := 2, 0; i < len(want) && odd < 5; i++ { // and where the distance changes
		if want[i].Sub(want[i-1]) != want[i-1].Sub(want[i-2]) {
			borders = append(borders, want[i].Add(-1), want[i-1].Add(-1), want[i])
			odd++
		}
	}
	for _, a := range borders {
		for _, b := range borders {
			if b.Before(a) || !b.Before(to) {
				continue
			}
			low, _ := slices.BinarySearchFunc(want, a.Add(1), time.Time.Compare)
			high, _ := slices.BinarySearchFunc(want, b.Add(1), time.Time.Compare)
			newest, n := s.Range(a, b)
			if n != int64(high-low) || n > 0 && !newest.Equal(want[high-1]) || n == 0 && !newest.IsZero() {
				t.Fatalf("%q in %v: Range(%v, %v) = %v, %d, want %d slots, %v", s, s.Location(), a, b, newest, n, high-low, want[low:high])
			}
		}
	}
}

var sweepExpressions = []string{
	"0 0 * * *", "30 0 * * *", "0 1 * * *", "30 1 * * *", "59 1 * * *", "0 2 * * *", "15 2 * * *", "30 2 * * *", "45 1,2 * * *", "0 3 * * *",
	"0,15,30,45 0,1,2,3 * * *", "0 2-4 * * *", "* * * * *", "*/5 * * * *", "*/30 * * * *", "7/20 1-3 * * *", "30 */2 * * *", "0 * * * *", "15 * * * *",
	"* 2 * * *", "0 12 * * *", "59 23 * * *", "0 0 1 * *", "0 0 * * 0", "30 2 * 3 SUN", "0 0 29,30,31 * *", "0 0 1-7 * SUN", "0 0 */2 * MON", "0 12 30 12 *", "0 0 */100,1-7 * SUN,7",
}

var policies = []struct {
	gap     Gap
	overlap Overlap
}{{GapDefault, OverlapDefault}, {GapRun, OverlapBoth}, {GapSkip, OverlapFirst}, {GapSkip, OverlapBoth}, {GapRun, OverlapFirst}}

// TestCronAroundTransitions looks at the days around each jump of the clocks minute by minute.
func TestCronAroundTransitions(t *testing.T) {
	for _, name := range zoneNames {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			loc := zone(t, name)
			moments := transitions(loc)
			if len(moments) == 0 {
				moments = []time.Time{time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)}
			}
			for i, moment := range moments {
				if !*long && i%8 != 0 && !(name == "Pacific/Apia" && moment.Year() == 2011) {
					continue
				}
				from, to := moment.Add(-50*time.Hour), moment.Add(30*time.Hour)
				ticks := strip(loc, from, to, time.Minute)
				for j, text := range sweepExpressions {
					for k, p := range policies {
						if !*long && (i+j+k)%3 != 0 {
							continue
						}
						s := must(t, text, Options{Zone: name, Gap: p.gap, Overlap: p.overlap})
						compare(t, s, newModel(t, text, p.gap, p.overlap).slots(ticks), from, to)
					}
				}
			}
		})
	}
}

func must(t failer, text string, o Options) *Schedule {
	t.Helper()
	s, err := Parse(text, o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawField draws a field of a cron expression.
func drawField(t *rapid.T, name string, low, high int) string {
	number := rapid.IntRange(low, high)
	var items []string
	for i := range rapid.SampledFrom([]int{1, 1, 1, 2, 4}).Draw(t, name+" items") {
		switch label := fmt.Sprint(name, i); rapid.SampledFrom([]string{"*", "*", "n", "n", "n", "a-b", "*/n", "a-b/n"}).Draw(t, label) {
		case "*":
			items = append(items, "*")
		case "n":
			items = append(items, strconv.Itoa(number.Draw(t, label)))
		case "*/n":
			items = append(items, fmt.Sprintf("*/%d", rapid.IntRange(1, high).Draw(t, label)))
		case "a-b", "a-b/n":
			a, b := number.Draw(t, label), number.Draw(t, label)
			a, b = min(a, b), max(a, b)
			if high == 7 && b == 0 {
				b = 1
			}
			step := rapid.SampledFrom([]string{"", "", "/2", "/3", "/7", "/1"}).Draw(t, label)
			items = append(items, fmt.Sprintf("%d-%d%s", a, b, step))
		}
	}
	return strings.Join(items, ",")
}

func drawZone(t *rapid.T) (string, *time.Location) {
	name := rapid.SampledFrom(zoneNames).Draw(t, "zone")
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return name, loc
}

// drawMoment draws an instant, often one at which the clock jumps.
func drawMoment(t *rapid.T, jumps []time.Time) time.Time {
	if len(jumps) > 0 && rapid.IntRange(0, 3).Draw(t, "at a jump") > 0 {
		return rapid.SampledFrom(jumps).Draw(t, "jump")
	}
	hour := rapid.IntRange(0, 26*365*24).Draw(t, "hour")
	return time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(hour) * time.Hour)
}

// jumpsOf are the transitions of all zones, found once.
func jumpsOf(t *testing.T) map[string][]time.Time {
	jumps := make(map[string][]time.Time)
	for _, name := range zoneNames {
		jumps[name] = transitions(zone(t, name))
	}
	return jumps
}

// TestCronAsModel compares random expressions with the clock, minute by minute or second by second.
func TestCronAsModel(t *testing.T) {
	t.Parallel()
	jumps := jumpsOf(t)
	rapid.Check(t, func(t *rapid.T) {
		name, loc := drawZone(t)
		p := rapid.SampledFrom(policies).Draw(t, "policy")
		text := drawField(t, "minute", 0, 59) + " " + drawField(t, "hour", 0, 23) + " " + drawField(t, "dom", 1, 31) + " " +
			rapid.SampledFrom([]string{"*", "*", "*", "1-6", "MAR,apr,Oct", "2,3,9-11"}).Draw(t, "month") + " " + drawField(t, "dow", 0, 7)
		before, after, step := 40*time.Hour, 30*time.Hour, time.Minute
		if rapid.IntRange(0, 4).Draw(t, "seconds") == 0 {
			text = drawField(t, "second", 0, 59) + " " + text
			before, after, step = 40*time.Minute, 70*time.Minute, time.Second
		}
		s, err := Parse(text, Options{Zone: name, Gap: p.gap, Overlap: p.overlap})
		if err != nil {
			t.Skip(err) // an impossible day
		}
		moment := drawMoment(t, jumps[name])
		from, to := moment.Add(-before), moment.Add(after)
		compare(t, s, newModel(t, text, p.gap, p.overlap).slots(strip(loc, from, to, step)), from, to)
	})
}

// TestCronFar compares Next over months and years with the days of the model:
// the walk must not lose its way between far slots.
func TestCronFar(t *testing.T) {
	t.Parallel()
	texts := []string{"0 0 1 1 *", "30 2 29 2 *", "30 1 1 11 *", "0 0 29 2 */7", "30 2 8-14 3 */7", "0 0 31 12 *", "30 2 1-7 10 */7", "0 */6 13 * */5", "30 2 * 3,4,10,11 *"}
	for _, name := range zoneNames {
		loc := zone(t, name)
		from, to := time.Date(2010, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2012, 12, 31, 0, 0, 0, 0, time.UTC)
		if *long {
			from, to = from.AddDate(-6, 0, 0), to.AddDate(18, 0, 0)
		}
		// Half hours are enough: all these texts and all jumps are on them.
		step := 30 * time.Minute
		if name == "Asia/Kathmandu" { // 05:45
			step = 15 * time.Minute
		}
		ticks := strip(loc, from, to, step)
		for _, text := range texts {
			for _, p := range policies {
				s := must(t, text, Options{Zone: name, Gap: p.gap, Overlap: p.overlap})
				compare(t, s, newModel(t, text, p.gap, p.overlap).slots(ticks), from, to)
			}
		}
	}
}
