package schedule

import (
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var newYear = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// brief writes a conversion: its texts, if there are few, or how many of each period.
func brief(v *Conversion) string {
	text := strings.Join(v.Texts, " ")
	if len(v.Texts) > 2 && strings.HasPrefix(text, "R/") {
		n := make(map[string]int)
		var periods []string
		for _, t := range v.Texts {
			p := t[strings.LastIndexByte(t, '/')+1:]
			if n[p]++; n[p] == 1 {
				periods = append(periods, p)
			}
		}
		text = ""
		for _, p := range periods {
			text += fmt.Sprintf("%d*%s ", n[p], p)
		}
		text = text[:len(text)-1]
	}
	if v.Exact {
		return text
	}
	d := v.Difference
	return fmt.Sprintf("%s -%d +%d x%d: %s", text, d.Missing.Count, d.Extra.Count, d.Twice.Count, v.Reason)
}

func TestConvertToIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, cron, want string }{
		{"UTC", "*/5 * * * *", "R/2026-01-01T00:00:00Z/PT5M"},
		{"Asia/Shanghai", "*/5 * * * *", "R/2026-01-01T08:00:00+08:00/PT5M"},
		{"UTC", "0 9 * * 1-5", "5*P1W"},
		{"UTC", "0 9 * * 1,3", "R/2026-01-05T09:00:00Z/P1W R/2026-01-07T09:00:00Z/P1W"},
		{"UTC", "*/7 * * * *", "9*PT1H"},
		{"UTC", "0 0 1,15 * *", "R/2026-01-01T00:00:00Z/P1M R/2026-01-15T00:00:00Z/P1M"},
		{"UTC", "0 0 31 * *", "7*P1Y"},
		{"UTC", "0 0 30 * *", "11*P1Y"},
		{"UTC", "0 0 29-31 1,3 *", "6*P1Y"},
		{"UTC", "* * * * *", "R/2026-01-01T00:00:00Z/PT1M"},
		{"UTC", "* * * * * *", "R/2026-01-01T00:00:00Z/PT1S"},
		{"UTC", "*/7 * * * * *", "9*PT1M"},
		{"UTC", "30 */10 * * * *", "R/2026-01-01T00:00:30Z/PT10M"},
		{"UTC", "0 9,21 * * *", "R/2026-01-01T09:00:00Z/PT12H"},
		{"UTC", "0,30 9,21 * * *", "R/2026-01-01T09:00:00Z/PT12H R/2026-01-01T09:30:00Z/PT12H"},
		{"UTC", "*/2,*/3 * * * *", "R/2026-01-01T00:00:00Z/PT2M R/2026-01-01T00:03:00Z/PT6M"},
		{"UTC", "0 */5 * * *", "5*P1D"},
		{"UTC", "*/5 9-17 * * *", "108*P1D"},
		{"UTC", "0 0 1 */3 *", "R/2026-01-01T00:00:00Z/P3M"},
		{"UTC", "0 0 1 1,7 *", "R/2026-01-01T00:00:00Z/P6M"},
		{"UTC", "0 0 1 1,2,8 *", "R/2026-01-01T00:00:00Z/P1Y R/2026-02-01T00:00:00Z/P6M"},
		{"UTC", "0 0 1-31 * 1", "R/2026-01-01T00:00:00Z/P1D"},
		{"UTC", "0 0 1 * 0-6", "R/2026-01-01T00:00:00Z/P1D"},
		{"UTC", "0 0 * 4 *", "30*P1Y"},
		{"UTC", "0 0 1-30 4 1", "30*P1Y"},
		{"UTC", "@yearly", "R/2026-01-01T00:00:00Z/P1Y"},
		{"UTC", "@every 90s", "R/2026-01-01T00:01:30Z/PT1M30S"},
		{"Europe/Berlin", "@every 24h", "R/2026-01-02T01:00:00+01:00/PT24H"},
		{"Europe/Berlin", "*/5 * * * *", "R/2026-01-01T01:00:00+01:00/PT5M"},
		{"Europe/Berlin", "0 * * * *", "R/2026-01-01T01:00:00+01:00/PT1H"},
		{"Europe/Berlin", "0 */6 * * *", "4*P1D"},
		{"Europe/Berlin", "30 2 * * *", "R/2026-01-01T02:30:00+01:00/P1D"},
		{"Australia/Lord_Howe", "*/30 * * * *", "R/2026-01-01T11:00:00+11:00/PT30M"},
		{"GMT+5:30", "0 9,21 * * *", "R/2026-01-01T09:00:00+05:30/PT12H"},

		{"UTC", "0 0 29 2 *", "R/2028-02-29T00:00:00Z/P4Y -0 +0 x0: 29 February comes every four years, but not in 2100: no period follows it"},
		{"UTC", "0 0 13 * 5", "R/2026-01-02T00:00:00Z/P1W R/2026-01-13T00:00:00Z/P1M -0 +0 x48: it means a day of the month or a weekday, whichever comes: on days that are both, such as 2026-02-13, two intervals would have the same slot"},
		{"UTC", "0 0 */2 * 1", "R/2026-01-05T00:00:00Z/P1W -0 +716 x0: it means days that are both a weekday and a day of the month: no period follows both"},
		{"UTC", "0 9 * 6-8 1", "R/2026-01-05T09:00:00Z/P1W -0 +1093 x0: it means weekdays in some months of the year: weeks do not keep to months"},
		{"UTC", "* 9-17 * * 1-5", " -0 +0 x0: an exact set has 2700 intervals, at most 1000 are allowed"},
		{"UTC", "* * 9-17 * * *", " -0 +0 x0: an exact set has more than the 1000 intervals that are allowed"},
		{"Europe/Berlin", "0 2,3 * * *", "R/2026-01-01T02:00:00+01:00/P1D R/2026-01-01T03:00:00+01:00/P1D -0 +0 x28: the clock of Europe/Berlin goes from 02:00 to 03:00 on 2026-03-29, and the conversion would repeat a slot at 2026-03-29T03:00:00+02:00"},
		{"Europe/Berlin", "30 */2 * * *", "12*P1D -28 +28 x0: the clock of Europe/Berlin goes from 02:00 to 03:00 on 2026-03-29, and the conversion would add a slot at 2026-03-29T03:00:00+02:00"},
	} {
		v, err := Intervals(c.cron, Options{Zone: c.zone, Anchor: newYear}, 0)
		if err != nil {
			t.Errorf("%s: %v", c.cron, err)
			continue
		}
		if got := brief(v); got != c.want || v.Smallest != v.Exact {
			t.Errorf("%s in %s becomes (smallest: %v)\n%s, want\n%s", c.cron, c.zone, v.Smallest, got, c.want)
		}
	}
}

func TestConvertToExpressions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, iso, want string }{
		{"UTC", "R/2026-01-01T00:00:00Z/PT5M", "*/5 * * * *"},
		{"UTC", "R/2026-01-01T00:02:00Z/PT5M", "2-57/5 * * * *"},
		{"UTC", "R/2020-01-01T00:00:10Z/PT30S", "10,40 * * * * *"},
		{"UTC", "R/2020-01-01T00:00:00Z/PT1S", "* * * * * *"},
		{"UTC", "R/2020-01-01T00:00:00Z/PT90M", "0 */3 * * * 30 1-22/3 * * *"},
		{"UTC", "R/2020-01-01T09:00:00Z/PT12H", "0 9,21 * * *"},
		{"UTC", "R/2020-01-01T09:30:00Z/P1W", "30 9 * * 3"},
		{"UTC", "R/2020-01-01T09:30:00Z/PT168H", "30 9 * * 3"},
		{"UTC", "R/2020-01-01T09:30:07Z/P1D", "7 30 9 * * *"},
		{"UTC", "R/2020-01-15T09:30:00Z/P1M", "30 9 15 * *"},
		{"UTC", "R/2020-02-15T09:30:00Z/P3M", "30 9 15 2-11/3 *"},
		{"UTC", "R/2020-12-31T09:30:00Z/P1Y", "30 9 31 12 *"},
		{"Europe/Berlin", "R/2020-01-01T00:00:00/PT1H", "0 * * * *"},
		{"Europe/Berlin", "R/2020-01-01T02:30:00/P1D", "30 2 * * *"},

		{"UTC", "R5/2020-01-01T00:00:00Z/PT1H", "it ends after 5 slots, which cron can't say"},
		{"UTC", "R/2020-01-01T00:00:00.5Z/PT1H", "it has slots between seconds, which cron can't say"},
		{"UTC", "R/2020-01-01T00:00:00Z/PT1.5S", "it has slots between seconds, which cron can't say"},
		{"UTC", "R/2020-01-01T00:00:00Z/PT7M", "its period, 7m0s, does not divide the day: it comes at other times each day"},
		{"UTC", "R/2020-01-01T00:00:00Z/P2W", "a period of 14 days keeps to neither weeks nor months"},
		{"Europe/Berlin", "R/2020-01-01T00:00:00/P2D", "a period of 2 days keeps to neither weeks nor months"},
		{"UTC", "R/2020-01-31T00:00:00Z/P1M", "its slots are on day 31 or on the last day of a shorter month, which cron can't say"},
		{"UTC", "R/2020-02-29T00:00:00Z/P1Y", "from 29 February a year leads to 28 February mostly, which cron can't say"},
		{"UTC", "R/2020-01-01T00:00:00Z/P2Y", "cron can't leave out years, but its period is 2 years"},
		{"UTC", "R/2020-01-01T00:00:00Z/P5M", "a period of 5 months comes in other months each year"},
		{"UTC", "R/2020-01-01T00:00:00Z/P1M1D", "its period mixes months with days"},
		{"Europe/Berlin", "R/2020-01-01T00:00:00/P1DT1H", "its period mixes days or months with hours, minutes or seconds"},
		{"Europe/Berlin", "R/2020-01-01T00:00:00/PT24H", "goes from 02:00 to 03:00"},
		{"Europe/Berlin", "R/2020-01-01T00:00:00/PT2H", "goes from 02:00 to 03:00"},
	} {
		v, err := Expressions(c.iso, Options{Zone: c.zone, Anchor: newYear}, 0)
		if err != nil {
			t.Errorf("%s: %v", c.iso, err)
			continue
		}
		if got := strings.Join(v.Texts, " "); v.Exact && got != c.want || !v.Exact && !strings.Contains(v.Reason.String(), c.want) || !v.Begins.IsZero() {
			t.Errorf("%s in %s becomes %s, %s (%v), want %s", c.iso, c.zone, got, v.Reason, v.Begins, c.want)
		}
	}
	v, err := Expressions("R/2030-01-01T09:00:00Z/P1D", Options{Anchor: newYear}, 0)
	if err != nil || !v.Exact || v.Begins.Year() != 2030 {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err = Expressions("R/2020-01-01T09:00:00+05:30/P1D", Options{Anchor: newYear}, 0); err != nil || !v.Exact || v.Zone != "GMT+05:30" {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err = Expressions("R/2020-01-01T09:00:00+05:30:15/P1D", Options{Anchor: newYear}, 0); err != nil || v.Exact || !strings.Contains(v.Reason.String(), "seconds") {
		t.Errorf("%+v, %v", v, err)
	}
	if v, err = Expressions("R/2020-01-01T00:00:00Z/PT864S", Options{Anchor: newYear}, 10); err != nil || v.Exact || !strings.Contains(v.Reason.String(), "25 lines") {
		t.Errorf("%+v, %v", v, err)
	}
}

// TestConvertWrong: the other form, and what is no schedule, are refused.
func TestConvertWrong(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]error{"R/2026-01-01T00:00:00Z/PT1H": ErrSyntax, "61 * * * *": ErrSyntax, "0 0 30 2 *": ErrImpossible, "TZ=Mars/X 0 0 * * *": ErrZone} {
		if v, err := Intervals(text, Options{}, 0); !errors.Is(err, want) {
			t.Errorf("Intervals(%q) = %v, %v", text, v, err)
		}
	}
	for text, want := range map[string]error{"0 0 * * *": ErrSyntax, "@every 1h": ErrSyntax, "R/2026-01-01T00:00:00Z/PT0S": ErrPeriod} {
		if v, err := Expressions(text, Options{}, 0); !errors.Is(err, want) {
			t.Errorf("Expressions(%q) = %v, %v", text, v, err)
		}
	}
}

// TestConvertPolicies: what is not exact by default may be with policies.
func TestConvertPolicies(t *testing.T) {
	t.Parallel()
	o := Options{Zone: "Europe/Berlin", Anchor: newYear}
	v, err := Intervals("0 */2 * * *", o, 0)
	if err != nil || v.Exact || !v.WithPolicies {
		t.Fatalf("%+v, %v", v, err)
	}
	o.Gap, o.Overlap = GapSkip, OverlapBoth
	if v, err = Intervals("0 */2 * * *", o, 0); err != nil || !v.Exact {
		t.Fatalf("%+v, %v", v, err)
	}
	if v, err = Intervals("0 2,3 * * *", Options{Zone: "Europe/Berlin", Anchor: newYear, Gap: GapSkip}, 0); err != nil || !v.Exact || v.InGap.IsZero() {
		t.Fatalf("%+v, %v", v, err)
	}
	if v, err = Intervals("0 1 * * *", Options{Zone: "Europe/Berlin", Anchor: newYear}, 0); err != nil || !v.Exact || !v.InGap.IsZero() {
		t.Fatalf("%+v, %v", v, err)
	}
}

// TestSampledAsWhole: looking around the jumps alone finds what looking everywhere finds.
func TestSampledAsWhole(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, cron string }{
		{"Europe/Berlin", "0 * * * *"}, {"Europe/Berlin", "0 */2 * * *"}, {"Europe/Berlin", "30 */6 * * *"}, {"Europe/Berlin", "0 2,3 * * *"}, {"Europe/Berlin", "*/20 2 * * 0"},
		{"Australia/Lord_Howe", "0 * * * *"}, {"Africa/Casablanca", "15 */3 * * *"}, {"America/New_York", "0 9-17 * * 1-5"}, {"Asia/Shanghai", "0 0 31 * *"},
	} {
		o := Options{Zone: c.zone, Anchor: newYear}
		v, err := Intervals(c.cron, o, 0)
		if err != nil {
			t.Fatal(err)
		}
		k := newConverter(must(t, c.cron, o), o, 0)
		var set []engine
		var whole Difference
		balance := countOf(k.given.engine, window{k.from - 1, k.until})
		for _, text := range v.Texts {
			set = append(set, must(t, text, o).engine)
			balance -= countOf(set[len(set)-1], window{k.from - 1, k.until})
		}
		whole.compare(k.given.engine, set, window{k.from - 1, k.until})
		got := k.sampled(set, 0, balance)
		got.Sampled = false
		if got != whole || v.Difference.Missing != whole.Missing || v.Difference.Extra != whole.Extra || v.Difference.Twice != whole.Twice {
			t.Errorf("%s in %s: %+v, sampled %+v, wholly %+v", c.cron, c.zone, v.Difference, got, whole)
		}
	}
}

// union collects the slots of schedules in [from, to), sorted.
func union(t failer, texts []string, o Options, from, to time.Time) (slots []time.Time) {
	t.Helper()
	for _, text := range texts {
		s := must(t, text, o)
		for at := s.Next(from.Add(-1)); !at.IsZero() && at.Before(to); at = s.Next(at) {
			slots = append(slots, at)
		}
	}
	slices.SortFunc(slots, time.Time.Compare)
	return slots
}

// TestConvertAsModel: cron, its intervals and the cron made of these have the
// slots of the model, wherever one looks.
func TestConvertAsModel(t *testing.T) {
	t.Parallel()
	jumps := jumpsOf(t)
	rapid.Check(t, func(t *rapid.T) {
		name, loc := drawZone(t)
		p := rapid.SampledFrom(policies).Draw(t, "policy")
		day := rapid.SampledFrom([]string{"* * *", "* * *", "* * *", "* * 1-5", "* * 0", "1,15 * *", "31 * *", "28 2 *", "1 */3 *", "13 * 5", "29 * *"}).Draw(t, "day")
		text := drawField(t, "minute", 0, 59) + " " + drawField(t, "hour", 0, 23) + " " + day
		anchor := drawMoment(t, jumps[name]).Add(time.Duration(rapid.IntRange(-200, 200).Draw(t, "minutes")) * time.Minute)
		o := Options{Zone: name, Gap: p.gap, Overlap: p.overlap, Anchor: anchor}
		v, err := Intervals(text, o, 40)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Exact {
			return
		}
		from := anchor
		if far := drawMoment(t, jumps[name]).Add(-40 * time.Hour); far.After(from) && far.Before(v.Until.Add(-80*time.Hour)) {
			from = far
		}
		from = from.Truncate(time.Minute).Add(time.Minute)
		to := from.Add(70 * time.Hour)
		want := newModel(t, text, p.gap, p.overlap).slots(strip(loc, from, to, time.Minute))
		if got := union(t, v.Texts, o, from, to); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%s in %s from %v becomes %v: from %v there are\n%v, want\n%v", text, name, anchor, v.Texts, from, got, want)
		}
		o.Anchor = from
		var lines []string
		for _, iso := range v.Texts {
			back, err := Expressions(iso, o, 0)
			if err != nil {
				t.Fatal(err)
			}
			if !back.Exact {
				return
			}
			lines = append(lines, back.Texts...)
		}
		if len(day) == 5 { // every day: all intervals have begun
			if got := union(t, lines, o, from.Add(24*time.Hour), to); !slices.EqualFunc(got, union(t, v.Texts, o, from.Add(24*time.Hour), to), time.Time.Equal) {
				t.Fatalf("%s becomes %v, and back %v", text, v.Texts, lines)
			}
		}
	})
}

// TestConvertSmallest: no set of the allowed intervals is exact with fewer of
// them, and where none is found there is none: all sets are tried, on the
// days of 28 years.
func TestConvertSmallest(t *testing.T) {
	t.Parallel()
	family := allowedDays()
	rapid.Check(t, func(t *rapid.T) {
		pick := func(name string, few ...string) string { return rapid.SampledFrom(few).Draw(t, name) }
		text := "0 0 " + pick("dom", "*", "*", "1", "15", "1,15", "29", "30", "31", "28-31", "*/10", "*/2", "1-31", "13") + " " +
			pick("month", "*", "*", "*", "1", "2", "*/2", "*/3", "1-6", "2,8", "4,6", "1,2,3,7,8", "1,5,9,3") + " " + pick("dow", "*", "*", "*", "1", "1-5", "0,6", "*/7", "0-6", "5")
		v, err := Intervals(text, Options{Anchor: newYear}, 0)
		if err != nil {
			t.Skip(err)
		}
		s := must(t, text, Options{})
		var want dayset
		for at := s.Next(newYear.Add(-1)); at.Before(v.Until); at = s.Next(at) {
			want.set(int(at.Sub(newYear) / (24 * time.Hour)))
		}
		found, tried := cheapest(&want, family, len(v.Texts), v.Exact)
		if !tried {
			t.Skip("too many sets")
		}
		if v.Exact != (found >= 0) || v.Exact && found != len(v.Texts) {
			t.Fatalf("%s: %s, but a set of %d intervals is exact", text, brief(v), found)
		}
	})
}

// dayset are days from the new year of 2026 on.
type dayset [160]uint64

func (d *dayset) set(i int) { d[i/64] |= 1 << (i % 64) }

func (d *dayset) has(i int) bool { return d[i/64]>>(i%64)&1 == 1 }

func (d *dayset) holds(k *dayset) bool {
	for i := range d {
		if k[i]&^d[i] != 0 {
			return false
		}
	}
	return true
}

func (d *dayset) count() (n int) {
	for _, w := range d {
		n += bits.OnesCount64(w)
	}
	return n
}

// allowedDays are the days of all intervals that a conversion may use, at one time of the day.
func allowedDays() (family []*dayset) {
	until := newYear.AddDate(28, 0, 0)
	add := func(next func(at time.Time) time.Time, from time.Time) {
		k := new(dayset)
		for at := from; at.Before(until); at = next(at) {
			k.set(int(at.Sub(newYear) / (24 * time.Hour)))
		}
		family = append(family, k)
	}
	days := func(n int) func(time.Time) time.Time {
		return func(at time.Time) time.Time { return at.AddDate(0, 0, n) }
	}
	add(days(1), newYear)
	for i := range 7 {
		add(days(7), newYear.AddDate(0, 0, i))
	}
	for _, n := range []int{1, 2, 3, 4, 6, 12} {
		for m := range n {
			for day := 1; day <= 31; day++ {
				from := time.Date(2026, time.Month(1+m), day, 0, 0, 0, 0, time.UTC)
				if from.Day() == day && (n == 12 || day <= 28) {
					add(func(at time.Time) time.Time { return at.AddDate(0, n, 0) }, from)
				}
			}
		}
	}
	return family
}

// cheapest finds how few of the family have the days of the set, none twice: at
// most most, or any number, of which the first is taken, if none need be the smallest. It is -1
// without such a set; tried is false if it gave up.
func cheapest(want *dayset, family []*dayset, most int, smallest bool) (best int, tried bool) {
	inside := make(map[int][]*dayset) // by day, the longest first
	longest := 1
	for _, k := range family {
		if want.holds(k) {
			longest = max(longest, k.count())
			for i := range len(k) * 64 {
				if k.has(i) {
					inside[i] = append(inside[i], k)
				}
			}
		}
	}
	best, effort, limit := -1, 20000, 1<<20
	if smallest {
		limit = most
	}
	var search func(rest dayset, used int)
	search = func(rest dayset, used int) {
		n := rest.count()
		if n == 0 {
			best, limit = used, used-1
			return
		}
		first := 0
		for rest[first/64] == 0 {
			first += 64
		}
		first += bits.TrailingZeros64(rest[first/64])
		effort--
		for _, k := range inside[first] {
			if effort < 0 || used+(n+longest-1)/longest > limit || best >= 0 && !smallest {
				return
			}
			if rest.holds(k) {
				left := rest
				for i := range left {
					left[i] &^= k[i]
				}
				search(left, used+1)
			}
		}
	}
	search(*want, 0)
	return best, effort >= 0
}

// FuzzConvert: whatever is read is converted in bounded time, what is said to be
// exact is, and both ways agree.
func FuzzConvert(f *testing.F) {
	for _, text := range []string{
		"*/5 * * * *", "*/7 1-3 * * MON-FRI", "0 0 29 2 *", "H H(0-7) H * H", "30 2 1,15 * SUN,7", "0 30 2 * * ?", "@daily", "@every 90s", "@every 1h1ms",
		"TZ=Europe/Berlin 30 2 * * *", "0 0 13 * 5", "*/2,*/3,*/5 * * * *", "* * * * * *", "R/2026-03-28T02:30/P1D", "R/2026-01-31T10:00:00Z/P1M", "R//PT90S", "R/2030-W05-2T10:00+05:30/P1Y",
	} {
		f.Add(text, uint8(0), int64(1774747800))
		f.Add(text, uint8(13), int64(1792890000))
	}
	f.Fuzz(func(t *testing.T, text string, choice uint8, unix int64) {
		if unix < minSeconds || unix > maxSeconds {
			return
		}
		from := time.Unix(unix, 0).UTC()
		o := Options{Name: "job", Anchor: from, Gap: Gap(choice % 3), Overlap: Overlap(choice / 3 % 3)}
		if z := int(choice) / 9; z < len(zoneNames) {
			o.Zone = zoneNames[z]
		}
		s, err := Parse(text, o)
		if err != nil {
			return
		}
		convert := Intervals
		if s.Kind() == ISO {
			convert = Expressions
		}
		v, err := convert(text, o, 50)
		if err != nil {
			t.Fatal(err)
		}
		if !v.Exact {
			if v.Reason.Empty() {
				t.Fatalf("%q: no reason", text)
			}
			return
		}
		if len(v.Texts) == 0 || len(v.Texts) > 50 {
			t.Fatalf("%q: %v", text, v.Texts)
		}
		o.Zone = v.Zone
		if !v.Begins.IsZero() {
			from = v.Begins
		}
		want := Upcoming(s, from.Add(-1), 40)
		if len(want) == 0 {
			return
		}
		if got := union(t, v.Texts, o, from, want[len(want)-1].Add(1)); !slices.EqualFunc(got, want, time.Time.Equal) {
			t.Fatalf("%q in %s becomes %v: %v, want %v", text, o.Zone, v.Texts, got, want)
		}
	})
}

// BenchmarkIntervals: most of the time goes into the comparison.
func BenchmarkIntervals(b *testing.B) {
	for _, text := range []string{"*/5 * * * *", "0 9 * * 1-5", "30 2 * * *", "*/5 9-16 * * 1-5", "0 */2 * * *", "* * * * * *"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				if _, err := Intervals(text, Options{Zone: "Europe/Berlin", Anchor: newYear}, 0); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
