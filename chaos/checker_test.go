package chaos_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestChecker: the checker finds each kind of damage, and none where there is none.
func TestChecker(t *testing.T) {
	t.Parallel()
	at := func(s float64) time.Time {
		return time.Unix(1_700_000_000, 0).Add(time.Duration(s * float64(time.Second)))
	}
	run := func(task string, slot, start, end float64) *ran {
		r := &ran{task: task, slot: at(slot).UnixMilli(), start: at(start)}
		if end > 0 {
			r.end = at(end)
		}
		return r
	}
	past := func(slot float64, outcome string, tasks ...string) entry {
		e := entry{Slot: at(slot), Count: 1, Outcome: outcome}
		for _, x := range tasks {
			e.Attempts = append(e.Attempts, struct {
				Task     string
				State    string
				Reason   string
				Launched time.Time
				Ended    time.Time
			}{Task: x, Ended: at(slot + 2)})
		}
		return e
	}
	g := steady{name: "s", start: at(0), interval: 3 * time.Second, count: 2}
	good := []entry{past(0, "succeeded", "a"), past(3, "succeeded", "b")}
	for name, c := range map[string]struct {
		runs          []*ran
		past          []entry
		lost, doubled int
		bad           bool
	}{
		"whole":           {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4)}, good, 0, 0, false},
		"not recorded":    {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4)}, good[:1], 0, 0, true},
		"missed":          {[]*ran{run("a", 0, 0, 1)}, []entry{good[0], past(3, "missed")}, 1, 0, true},
		"incomplete":      {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 0)}, good, 1, 0, true},
		"unknown attempt": {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4), run("c", 3, 3, 4)}, good, 0, 2, true},
		"after its end":   {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4), run("c", 3, 9, 10)}, []entry{good[0], past(3, "succeeded", "b", "c")}, 0, 1, true},
		"again":           {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4), run("c", 3, 3, 4)}, []entry{good[0], past(3, "succeeded", "b", "c")}, 0, 0, false},
		"no slot":         {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4), run("d", 6, 6, 7)}, good, 0, 1, true},
		"recorded twice":  {[]*ran{run("a", 0, 0, 1), run("b", 3, 3, 4)}, append(good[:2:2], good[1]), 0, 0, true},
	} {
		r := &report{}
		g.check(c.runs, c.past, r)
		if r.lost != c.lost || r.doubled != c.doubled || len(r.bad) > 0 != c.bad {
			t.Errorf("%s: %d lost, %d doubled, %v", name, r.lost, r.doubled, r.bad)
		}
	}
	// Jepsen's own cases: an extra and an incomplete run are no harm, a missing one is.
	j := target{name: "j", start: at(10), duration: time.Second, epsilon: 10 * time.Second, interval: 30 * time.Second, count: 3, sure: true}
	whole := []*ran{run("a", 0, 11, 12), run("b", 0, 40, 41), run("c", 0, 42, 0), run("d", 0, 43, 44), run("e", 0, 70, 71)}
	for name, c := range map[string]struct {
		runs []*ran
		read float64
		lost int
	}{
		"too early to tell": {nil, 15, 0}, "whole": {whole, 200, 0}, "second missing": {[]*ran{whole[0], whole[2], whole[4]}, 200, 1},
		"late": {[]*ran{whole[0], run("b", 0, 56, 57), whole[4]}, 200, 1}, "early": {[]*ran{run("a", 0, 9, 12), whole[1], whole[4]}, 200, 1},
	} {
		for _, x := range c.runs {
			x.used = false
		}
		r := &report{}
		j.check(c.runs, at(c.read), r)
		if r.lost != c.lost {
			t.Errorf("%s: %d lost, want %d: %v", name, r.lost, c.lost, r.bad)
		}
	}
	w := &world{t: t, records: t.TempDir()}
	text := "start 1700000000.5 a 1700000000000\nend 1700000001.0 a\nstart 1700000002.0 a 1700000000000\nend 1.0 b\nx\n"
	if err := os.WriteFile(filepath.Join(w.records, "twice"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if runs, bad := w.runs("twice"); len(runs) != 1 || !runs[0].complete() || len(bad) != 3 {
		t.Errorf("%d runs, %q", len(runs), bad)
	}
}
