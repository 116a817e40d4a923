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
	c := child{name: "c", each: true, parents: []string{"a", "b"}, created: at(0)}
	parents := [][]time.Time{{at(1), at(4)}, {at(2), at(5)}}
	for name, x := range map[string]struct {
		runs          []*ran
		past          []entry
		lost, doubled int
	}{
		"whole":             {[]*ran{run("x", 2, 2, 3), run("y", 5, 5, 6)}, []entry{past(2, "succeeded", "x"), past(5, "succeeded", "y")}, 0, 0},
		"one is missing":    {[]*ran{run("x", 2, 2, 3)}, []entry{past(2, "succeeded", "x")}, 1, 0},
		"after one parent":  {[]*ran{run("x", 2, 2, 3), run("y", 4, 4.5, 6)}, []entry{past(2, "succeeded", "x"), past(4, "succeeded", "y")}, 0, 1},
		"one too many":      {[]*ran{run("x", 2, 2, 3), run("y", 5, 5, 6), run("z", 7, 7, 8)}, []entry{past(2, "succeeded", "x"), past(5, "succeeded", "y"), past(7, "succeeded", "z")}, 0, 2},
		"at once":           {[]*ran{run("x", 5, 5, 6), run("y", 5, 5, 6)}, []entry{past(5, "succeeded", "x"), past(5, "succeeded", "y")}, 0, 0},
		"failed":            {[]*ran{run("x", 2, 2, 3), run("y", 5, 5, 6)}, []entry{past(2, "succeeded", "x"), past(5, "failed", "y")}, 1, 0},
		"incomplete":        {[]*ran{run("x", 2, 2, 3), run("y", 5, 5, 0)}, []entry{past(2, "succeeded", "x"), past(5, "succeeded", "y")}, 1, 0},
		"after its end":     {[]*ran{run("x", 2, 2, 3), run("y", 5, 5, 6), run("z", 5, 9, 10)}, []entry{past(2, "succeeded", "x"), past(5, "succeeded", "y", "z")}, 0, 1},
		"one isn't written": {[]*ran{run("x", 2, 2, 3), run("y", 5, 5, 6)}, []entry{past(2, "succeeded", "x")}, 1, 1},
	} {
		r := &report{}
		if c.check(x.runs, x.past, parents, r); r.lost != x.lost || r.doubled != x.doubled {
			t.Errorf("child, %s: %d lost, %d doubled, want %d and %d: %v", name, r.lost, r.doubled, x.lost, x.doubled, r.bad)
		}
	}
	ch := &changes{edited: "new", unsure: []string{"perhaps"}, gone: map[string]time.Time{"g": at(0)}}
	for name, x := range map[string]struct {
		description   string
		there         []string
		start         float64
		lost, doubled int
	}{
		"whole": {"new", nil, -1, 0, 0}, "unsure": {"perhaps", nil, 1, 0, 0}, "older": {"old", nil, -1, 1, 0},
		"there": {"new", []string{"g"}, -1, 1, 0}, "goes on": {"new", nil, 60, 0, 1},
	} {
		r := &report{}
		if ch.check(x.description, x.there, map[string][]*ran{"g": {run("t", x.start, x.start, 0)}}, r); r.lost != x.lost || r.doubled != x.doubled {
			t.Errorf("changes, %s: %d lost, %d doubled: %v", name, r.lost, r.doubled, r.bad)
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
