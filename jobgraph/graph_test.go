package jobgraph

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSetRefusesAndChangesNothing(t *testing.T) {
	t.Parallel()
	g := New()
	must(t, g.Set("a", nil))
	must(t, g.Set("b", []string{"a"}))
	must(t, g.Set("c", []string{"b", "a", "b"}))
	for _, tt := range []struct {
		name    string
		parents []string
		want    error
		text    string
	}{
		{"x", []string{"nobody"}, ErrUnknownParent, `unknown parent: "nobody"`},
		{"x", []string{"x"}, ErrSelf, `a job cannot be its own parent: "x"`},
		{"a", []string{"a"}, ErrSelf, `a job cannot be its own parent: "a"`},
		{"a", []string{"c"}, ErrCycle, ""},
		{"a", []string{"b"}, ErrCycle, `dependency cycle: "a" -> "b" -> "a"`},
		{"b", []string{"a", "c"}, ErrCycle, `dependency cycle: "b" -> "c" -> "b"`},
	} {
		err := g.Set(tt.name, tt.parents)
		if !errors.Is(err, tt.want) || tt.text != "" && err.Error() != tt.text {
			t.Errorf("Set(%s, %v) = %v, want %v %s", tt.name, tt.parents, err, tt.want, tt.text)
		}
	}
	if g.Has("x") {
		t.Error("a refused job is in the graph")
	}
	if got := g.Parents("c"); !slices.Equal(got, []string{"b", "a"}) {
		t.Errorf("parents of c: %v, want [b a]: in order, duplicates once", got)
	}
	if got := g.Children("a"); !slices.Equal(got, []string{"b", "c"}) {
		t.Errorf("children of a: %v, want [b c]", got)
	}
	must(t, g.Set("c", []string{"a"}))
	if got := g.Children("b"); len(got) != 0 {
		t.Errorf("children of b: %v, want none", got)
	}
	g.Remove("a")
	if g.Has("a") || len(g.Parents("b")) != 0 || len(g.Parents("c")) != 0 {
		t.Error("a removed job has left edges")
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestGraphAgainstModel compares the graph with lists of parents and a search through all of them.
func TestGraphAgainstModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		g, model := New(), map[string][]string{}
		names := make([]string, 8)
		for i := range names {
			names[i] = fmt.Sprint("j", i)
		}
		reaches := func(from, to string) bool { // from is an ancestor of to
			var up func(string) bool
			up = func(n string) bool {
				return n == from || slices.ContainsFunc(model[n], up)
			}
			return up(to)
		}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			name := rapid.SampledFrom(names).Draw(t, "name")
			if rapid.IntRange(0, 5).Draw(t, "what") == 0 {
				g.Remove(name)
				delete(model, name)
				for n, ps := range model {
					model[n] = slices.DeleteFunc(slices.Clone(ps), func(p string) bool { return p == name })
				}
			} else {
				parents := rapid.SliceOfN(rapid.SampledFrom(names), 0, 3).Draw(t, "parents")
				_, exists := model[name]
				ok := true
				for _, p := range parents {
					_, known := model[p]
					ok = ok && known && p != name && !(exists && reaches(name, p))
				}
				if err := g.Set(name, parents); (err == nil) != ok {
					t.Fatalf("Set(%s, %v) = %v, want success %v; graph %v", name, parents, err, ok, model)
				}
				if ok {
					var once []string
					for _, p := range parents {
						if !slices.Contains(once, p) {
							once = append(once, p)
						}
					}
					model[name] = once
				}
			}
			checkModel(t, g, model)
		}
	})
}

func checkModel(t *rapid.T, g *Graph, model map[string][]string) {
	for n, ps := range model {
		if got := g.Parents(n); !slices.Equal(got, ps) {
			t.Fatalf("parents of %s: %v, want %v", n, got, ps)
		}
		for _, p := range ps {
			if !slices.Contains(g.Children(p), n) {
				t.Fatalf("%s is no child of %s", n, p)
			}
			if g.nodes[p].place >= g.nodes[n].place {
				t.Fatalf("the order has %s (%d) before its parent %s (%d)", n, g.nodes[n].place, p, g.nodes[p].place)
			}
		}
	}
	if len(g.nodes) != len(model) {
		t.Fatalf("%d nodes, want %d", len(g.nodes), len(model))
	}
}

// BenchmarkSet adds edges to a graph of 100,000 jobs and 300,000 edges.
func BenchmarkSet(b *testing.B) {
	const jobs = 100_000
	rnd := rand.New(rand.NewPCG(1, 2))
	g := New()
	names := make([]string, jobs)
	for i := range names {
		names[i] = fmt.Sprint("job", i)
		var parents []string
		for range min(i, 3) {
			parents = append(parents, names[rnd.IntN(i)])
		}
		if err := g.Set(names[i], parents); err != nil {
			b.Fatal(err)
		}
	}
	b.ResetTimer()
	refused := 0
	for b.Loop() {
		// A random pair: half of the edges go against the order.
		a, c := names[rnd.IntN(jobs)], names[rnd.IntN(jobs)]
		old := g.Parents(c)
		if err := g.Set(c, append(old, a)); err != nil {
			refused++
			continue
		}
		_ = g.Set(c, old)
	}
	b.ReportMetric(float64(refused)/float64(b.N), "refused/op")
}
