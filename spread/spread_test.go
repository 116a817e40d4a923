package spread_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/spread"
)

var now = time.Date(2026, 3, 3, 9, 17, 42, 0, time.UTC)

func made(t interface{ Fatal(...any) }, def *job.Job, now time.Time) spread.Job {
	when, err := job.ReadSchedule(def, now.Add(-time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	return spread.Job{Def: def, When: when, Next: when.Next(now)}
}

func loadOf(jobs []spread.Job, now time.Time) []int {
	load := make([]int, spread.Minutes)
	for _, j := range jobs {
		for m := range spread.MinutesOf(j.When, j.Next, now.Add(24*time.Hour)) {
			load[m]++
		}
	}
	return load
}

// drawn are jobs of every kind, many of them due at midnight.
func drawn(t *rapid.T, now time.Time) []spread.Job {
	texts := []string{
		"0 0 * * *", "0 0 * * *", "0 0 * * *", "@daily", "0 * * * *", "@hourly", "0 0 * * 1", "0 0 1 * *", "0 0,12 * * *", "0 */6 * * *", "30 0 0 * * *",
		"R/2026-01-01T00:00:00Z/P1D", "R/2026-01-01T00:00:00Z/PT1H", "R/2026-01-01T00:00:00Z/PT15M", "R9/2026-01-01T00:00:00Z/P1D", "*/5 * * * *", "0,30 * * * *", "H 0 * * *",
		"@every 1h", "59 23 * * *", "R//PT1H", "7 4 * * *", "TZ=Europe/Berlin 0 1 * * *", "0 0 29 2 *",
	}
	var out []spread.Job
	for i := range rapid.IntRange(0, 150).Draw(t, "jobs") {
		def := &job.Job{
			Name: fmt.Sprintf("job-%d", i), Schedule: rapid.SampledFrom(texts).Draw(t, "schedule"),
			Jitter: rapid.SampledFrom([]string{"", "", "", "", "PT5M"}).Draw(t, "jitter"), ManagedBy: rapid.SampledFrom([]string{"", "", "", "", "folder"}).Draw(t, "managedBy"),
		}
		j := made(t, def, now)
		j.Skip = rapid.IntRange(0, 9).Draw(t, "skip") == 0
		if !j.Next.IsZero() {
			out = append(out, j)
		}
	}
	return out
}

// TestPropose: the fullest minute does not get fuller, none gets as full; each
// slot by the old times has just one by the new ones, later by less than the
// period; what must be left alone is; and the same is proposed again.
func TestPropose(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		now := now.Add(time.Duration(rapid.IntRange(0, 100_000).Draw(t, "now")) * time.Second)
		jobs := drawn(t, now)
		load := loadOf(jobs, now)
		r := spread.Request{At: now, Minute: slices.Index(load, slices.Max(load)), Within: time.Duration(rapid.IntRange(1, 720).Draw(t, "within")) * time.Minute, Soon: 10 * time.Minute}
		p := spread.Propose(jobs, load, r)

		moved := map[string]spread.Move{}
		for _, m := range p.Moves {
			moved[m.Job.Name] = m
		}
		var after []spread.Job
		seen := 0
		for _, j := range jobs {
			m, is := moved[j.Def.Name]
			if !is {
				after = append(after, j)
				continue
			}
			seen++
			if j.Def.Jitter != "" || j.Def.ManagedBy != "" || j.Skip || !j.Next.After(now.Add(r.Soon)) || m.By <= 0 || m.By > r.Within {
				t.Fatalf("%+v is moved: %+v", j, m)
			}
			when, err := job.ReadSchedule(m.Changed(), now, nil)
			if err != nil {
				t.Fatal(err)
			}
			next := spread.Job{Def: m.Changed(), When: when, Next: when.Next(now)}
			after = append(after, next)
			for old, later, n := j.Next, next.Next, 0; n < 40 && !old.IsZero(); n++ {
				following := j.When.Next(old)
				gap := j.When.Location() != time.UTC && later.After(old) && later.Before(old.Add(m.By)) // the end of one, where the time would be in it
				if !later.Equal(old.Add(m.By)) && !gap || !following.IsZero() && m.By >= following.Sub(old) {
					t.Fatalf("%s by %s is %s: slot %s becomes %s, then comes %s", j.Def.Schedule, m.By, m.Schedule, old, later, following)
				}
				old, later = following, when.Next(later)
			}
		}
		if seen != len(p.Moves) || len(p.Moves)+len(p.Kept) > len(jobs) {
			t.Fatalf("%d moves and %d kept of %d jobs", len(p.Moves), len(p.Kept), len(jobs))
		}
		undone := slices.Clone(p.After) // who leaves moves out can tell what the load is then
		for _, m := range p.Moves {
			for _, at := range m.Due {
				undone[at]++
				undone[(at+int(m.By/time.Minute))%spread.Minutes]--
			}
		}
		if !slices.Equal(undone, load) {
			t.Fatal("the moves are not what is between the two loads")
		}
		before, peak := slices.Max(load), p.After[r.Minute]
		if got := slices.Max(p.After); got > before || len(p.Moves) > 0 && peak >= before {
			t.Fatalf("the fullest minute had %d jobs and has %d, another one %d", before, peak, got)
		}
		counted := loadOf(after, now)
		for m := range counted { // a slot that leaves the 24 hours at their end comes in at their beginning
			if d := counted[m] - p.After[m]; d > 0 {
				t.Fatalf("minute %d is said to have %d jobs, and has %d", m, p.After[m], counted[m])
			}
		}
		slices.Reverse(jobs)
		again := spread.Propose(jobs, load, r)
		if len(again.Moves) != len(p.Moves) || !slices.Equal(again.After, p.After) {
			t.Fatal("the order of the jobs makes a difference")
		}
	})
}

// TestPeakFalls: 412 jobs at midnight become at most 7 a minute of an hour.
func TestPeakFalls(t *testing.T) {
	t.Parallel()
	var jobs []spread.Job
	for i := range 412 {
		jobs = append(jobs, made(t, &job.Job{Name: fmt.Sprintf("nightly-%d", i), Schedule: "0 0 * * *"}, now))
	}
	p := spread.Propose(jobs, loadOf(jobs, now), spread.Request{At: now, Within: 59 * time.Minute, Soon: time.Minute})
	if got := slices.Max(p.After); got != 7 || len(p.Moves) != 412-6 && len(p.Moves) != 412-7 {
		t.Errorf("%d moves, at most %d a minute", len(p.Moves), got)
	}
}

func TestReasons(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		def    job.Job
		now    string
		skip   bool
		reason spread.Reason
	}{
		{job.Job{Schedule: "0 0 * * *"}, "2026-03-03T12:00:00Z", false, ""},
		{job.Job{Schedule: "0 0 * * *"}, "2026-03-03T23:55:00Z", false, spread.Soon},
		{job.Job{Schedule: "0 0 * * *", Jitter: "PT1M"}, "2026-03-03T12:00:00Z", false, spread.Jitter},
		{job.Job{Schedule: "0 0 * * *", ManagedBy: "nightly"}, "2026-03-03T12:00:00Z", false, spread.Managed},
		{job.Job{Schedule: "0 0 * * *"}, "2026-03-03T12:00:00Z", true, spread.Skip},
		{job.Job{Schedule: "*/5 0 * * *"}, "2026-03-03T12:00:00Z", false, spread.Form},
		{job.Job{Schedule: "0 0 * * *", NotAfter: "2027-01-01T00:00:00Z"}, "2026-03-03T12:00:00Z", false, spread.Form},
		{job.Job{Schedule: "R3/2026-03-04T00:00:00Z/P1D"}, "2026-03-03T12:00:00Z", false, spread.Form},
		{job.Job{Schedule: "59 23 * * *"}, "2026-03-03T12:00:00Z", false, spread.Form},
		{job.Job{Schedule: "45 1 * * *", Zone: "Europe/Berlin"}, "2026-03-27T12:00:00Z", false, spread.Clock}, // 02:15 does not exist on the 29th
		{job.Job{Schedule: "45 1 * * *", Zone: "Europe/Berlin"}, "2026-04-27T12:00:00Z", false, ""},
		{job.Job{Schedule: "45 1 * * *", Zone: "Europe/Berlin", DSTGap: "skip"}, "2026-04-27T12:00:00Z", false, spread.Clock},
		{job.Job{Schedule: "45 1 * * *", Zone: "Europe/Berlin", DSTOverlap: "both"}, "2026-04-27T12:00:00Z", false, spread.Clock},
	} {
		at, _ := time.Parse(time.RFC3339, c.now)
		c.def.Name = "x"
		j := made(t, &c.def, at)
		j.Skip = c.skip
		if _, got := j.Move(30*time.Minute, at.Add(10*time.Minute)); got != c.reason {
			t.Errorf("%+v: %q, want %q", c.def.Schedule, got, c.reason)
		}
	}
}
