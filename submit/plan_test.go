package submit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// jobs reads a job file.
func jobs(t testing.TB, text string) []*jobfile.Job {
	t.Helper()
	name := filepath.Join(t.TempDir(), "jobs.yaml")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var l jobfile.Loader
	out, err := l.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

var defaults = jobfile.Defaults{CPUs: .1, Mem: 128, Disk: 256, User: "me"}

// have is a server that has these jobs; edit changes what it has of each.
func have(t testing.TB, text string, edit func(*remote.Record)) *remote.Known {
	t.Helper()
	k := &remote.Known{Defaults: defaults, Jobs: make(map[string]*remote.Record)}
	for _, j := range jobs(t, text) {
		r := &remote.Record{Job: jobfile.Complete(j.Job, defaults)}
		if edit != nil {
			edit(r)
		}
		k.Jobs[j.Name] = r
	}
	return k
}

// tell writes a plan as a text.
func tell(p *Plan) string {
	var b strings.Builder
	for _, s := range p.Steps {
		fmt.Fprintf(&b, "%d %s %s", s.Level, s.Action, s.Name)
		for _, c := range s.Changes {
			if s.Action == Change {
				fmt.Fprintf(&b, " %s:%s>%s", c.Field, c.From, c.To)
			}
		}
		for _, n := range s.Notes {
			fmt.Fprintf(&b, " (%s)", n)
		}
		b.WriteString("\n")
	}
	for _, l := range p.Left {
		fmt.Fprintf(&b, "left %s\n", l)
	}
	return b.String()
}

const abc = `
- {name: c, command: c, parents: [a, b]}
- {name: a, command: a, schedule: "@daily"}
- {name: b, command: b, trigger: failed(a)}
`

func managed(by string) func(*remote.Record) {
	return func(r *remote.Record) { r.Job.ManagedBy = by }
}

// monday is when the plans of the tests are made.
var monday = time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)

// TestPlan: what is compared with what, and what comes of it.
func TestPlan(t *testing.T) {
	t.Parallel()
	paused := func(r *remote.Record) { r.Job.Disabled, r.Reason = true, "it failed" }
	for _, c := range []struct {
		name, files string
		known       *remote.Known
		release     api.Release
		o           Options
		want        string
	}{
		{"all new, parents first", abc, have(t, "[]", nil), api.Hora, Options{}, "0 add a\n1 add b\n2 add c\n"},
		{"nothing to do", abc, have(t, abc, nil), api.Hora, Options{}, "0 keep a\n1 keep b\n2 keep c\n"},
		{"field by field", `[{name: a, command: x, schedule: "@daily", cpus: 2, retries: 2}]`, have(t, abc, nil), api.Hora, Options{}, "0 change a command:a>x cpus:0.1>2\n"},
		{"taken out of the file", `[{name: a, command: a, schedule: "@daily"}]`, have(t, `[{name: a, command: a, schedule: "@daily", cpus: 2}]`, nil), api.Hora, Options{}, "0 change a cpus:2>0.1\n"},
		{"secrets that one may not see", `[{name: a, command: a, schedule: "@daily", environmentVariables: {K: v}, uris: ["https://u:p@h/x"]}]`, have(t, `[{name: a, command: a, schedule: "@daily", environmentVariables: {K: (hidden-by-hora)}, uris: ["https://(hidden-by-hora)@h/x"]}]`, nil), api.Hora, Options{}, "0 keep a (its secrets are hidden from you, and are not compared)\n"},
		{"a variable more", `[{name: a, command: a, schedule: "@daily", environmentVariables: {K: v, L: v}}]`, have(t, `[{name: a, command: a, schedule: "@daily", environmentVariables: {K: (hidden-by-hora)}}]`, nil), api.Hora, Options{}, "0 change a environmentVariables:K=\"(hidden-by-hora)\">K=\"(hidden-by-hora)\", L=\"(hidden-by-hora)\" (its secrets are hidden from you, and are not compared)\n"},
		{"a paused one stays so", `[{name: a, command: x, schedule: "@daily"}]`, have(t, `[{name: a, command: a, schedule: "@daily"}]`, paused), api.Hora, Options{}, "0 change a command:a>x (is paused on the server and stays so: it failed)\n"},
		{"unless the file says so", `[{name: a, command: a, schedule: "@daily", disabled: false}]`, have(t, `[{name: a, command: a, schedule: "@daily"}]`, paused), api.Hora, Options{}, "0 change a disabled:true>false (is paused on the server; this resumes it)\n"},
		{"a folder marks its jobs", `[{name: a, command: a, schedule: "@daily"}]`, have(t, `[{name: a, command: a, schedule: "@daily"}]`, nil), api.Hora, Options{Folder: "f"}, "0 change a managedBy:>f\n"},
		{"submit does not take the mark away", `[{name: a, command: a, schedule: "@daily"}]`, have(t, `[{name: a, command: a, schedule: "@daily"}]`, managed("f")), api.Hora, Options{}, "0 keep a\n"},
		{"another folder's job", `[{name: a, command: a, schedule: "@daily"}]`, have(t, `[{name: a, command: a, schedule: "@daily"}]`, managed("g")), api.Hora, Options{Folder: "f"}, `managed by the folder "g", not by "f"`},
		{"taken over", `[{name: a, command: a, schedule: "@daily"}]`, have(t, `[{name: a, command: a, schedule: "@daily"}]`, managed("g")), api.Hora, Options{Folder: "f", Adopt: true}, "0 change a managedBy:g>f\n"},
		{"left over", "[]", have(t, abc, managed("f")), api.Hora, Options{Folder: "f"}, "left a\nleft b\nleft c\n"},
		{"pruned, children first", "[]", have(t, abc, managed("f")), api.Hora, Options{Folder: "f", Prune: true}, "3 delete c\n4 delete b\n5 delete a\n"},
		{"only the folder's own", "[]", have(t, abc, managed("g")), api.Hora, Options{Folder: "f", Prune: true}, ""},
		{"a parent that is pruned", `[{name: c, command: c, parents: [a]}]`, have(t, abc, managed("f")), api.Hora, Options{Folder: "f", Prune: true}, `"c" has the parent "a", which is in no file and would be deleted`},
		{"unknown parent", `[{name: c, command: c, parents: [zz]}]`, have(t, abc, nil), api.Hora, Options{}, `jobs.yaml:1:33: the job "c" has the parent "zz", which is neither in the files nor on the server`},
		{"its own parent", `[{name: c, command: c, parents: [c]}]`, have(t, abc, nil), api.Hora, Options{}, `the job "c" is its own parent`},
		{"a circle", `[{name: c, command: c, parents: [d]}, {name: d, command: c, parents: [e]}, {name: e, command: c, parents: [c]}]`, have(t, "[]", nil), api.Hora, Options{}, `circle: c → d → e → c`},

		{"Chronos: the schedule has moved on", `[{name: a, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H}]`, have(t, `[{name: a, command: a, schedule: "R/2026-03-01T05:00:00.000Z/PT1H", cpus: 7}]`, nil), api.Chronos30, Options{}, "0 keep a\n"},
		{"Chronos: it counts down", `[{name: a, command: a, schedule: R9/2026-01-01T00:00:00Z/PT60M}]`, have(t, `[{name: a, command: a, schedule: "R4/2026-01-01T05:00:00.000Z/PT1H"}]`, nil), api.Chronos24, Options{}, "0 keep a\n"},
		{"Chronos: another schedule", `[{name: a, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H}]`, have(t, `[{name: a, command: a, schedule: "R/2026-01-01T00:30:00Z/PT1H"}]`, nil), api.Chronos24, Options{}, "0 change a schedule:R/2026-01-01T00:30:00Z/PT1H>R/2026-01-01T00:00:00Z/PT1H\n"},
		{"Chronos: what it lacks", `[{name: a, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H, retryInterval: 5m, catchUp: all}]`, have(t, "[]", nil), api.Chronos24, Options{}, `does not know catchUp, retryInterval; take it out, or let it be left out with --drop_unsupported`},
		{"Chronos: left out", `[{name: a, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H, retryInterval: 5m}]`, have(t, "[]", nil), api.Chronos24, Options{Drop: true}, "0 add a (this Chronos does not know retryInterval, left out)\n"},
		{"Chronos: no triggers", `[{name: a, command: a, trigger: b}]`, have(t, `[{name: b, command: b, schedule: "@daily"}]`, nil), api.Chronos24, Options{Drop: true}, `has no triggers`},
		{"Chronos 3.0 has concurrent", `[{name: a, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H, overlap: allow}]`, have(t, "[]", nil), api.Chronos30, Options{}, "0 add a\n"},
		{"Chronos 2.4 has not", `[{name: a, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H, overlap: allow}]`, have(t, "[]", nil), api.Chronos24, Options{}, "does not know overlap"},
		{"Chronos: cron that is one interval", `[{name: a, command: a, schedule: "30 2 * * *"}]`, have(t, "[]", nil), api.Chronos24, Options{Now: monday}, "0 add a\n"},
		{"Chronos: it is repeatable", `[{name: a, command: a, schedule: "30 2 * * *"}]`, have(t, `[{name: a, command: a, schedule: "R/2026-01-02T02:30:00Z/P1D"}]`, nil), api.Chronos24, Options{Now: monday}, "0 keep a\n"},
		{"Chronos: cron that is five", `[{name: a, command: a, schedule: "0 9 * * 1-5"}]`, have(t, "[]", nil), api.Chronos24, Options{Now: monday}, "is 5 ISO 8601 intervals, and Chronos takes one for a job; --split makes 5 jobs of it, a-1 to a-5"},
		{"Chronos: split", `[{name: a, command: a, schedule: "0 9 * * 1,3"}]`, have(t, "[]", nil), api.Chronos24, Options{Now: monday, Split: true}, "0 add a-1\n0 add a-2\n"},
		{"Chronos: split on another day", `[{name: a, command: a, schedule: "0 9 * * 1,3"}]`, have(t, `[{name: a-1, command: a, schedule: "R/2026-11-23T09:00:00Z/P1W"}, {name: a-2, command: a, schedule: "R/2026-11-25T09:00:00Z/P1W"}]`, nil), api.Chronos24, Options{Now: monday.Add(30 * time.Hour), Split: true}, "0 keep a-1\n0 keep a-2\n"},
		{"Chronos: others depend on it", `[{name: a, command: a, schedule: "0 9 * * 1,3"}, {name: b, command: b, parents: [a]}]`, have(t, "[]", nil), api.Chronos24, Options{Now: monday, Split: true}, "other jobs depend on it"},
		{"Chronos: cron that is none", `[{name: a, command: a, schedule: "0 0 13 * 5"}]`, have(t, "[]", nil), api.Chronos24, Options{Now: monday, Split: true}, "a day of the month or a weekday"},
		{"Chronos: summer time", `[{name: a, command: a, schedule: "30 2 * * *", scheduleTimeZone: Europe/Berlin}]`, have(t, "[]", nil), api.Chronos24, Options{Now: monday}, "0 add a (its time does not exist at 2027-03-28T01:00:00Z, when the clock is changed; from then on Chronos runs it at the shifted time)\n"},
		{"Chronos 3.0: names", `[{name: a b, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H}]`, have(t, "[]", nil), api.Chronos30, Options{}, "this Chronos allows letters, digits, _, - and ."},
		{"Chronos 2.4: names", `[{name: a.b, command: a, schedule: R/2026-01-01T00:00:00Z/PT1H}]`, have(t, "[]", nil), api.Chronos24, Options{}, "this Chronos allows letters, digits, blanks, _, - and #"},
	} {
		if c.release != api.Hora { // it does not tell its defaults
			c.known.Defaults = jobfile.Defaults{}
		}
		p, err := NewPlan(jobs(t, c.files), c.known, c.release, c.o)
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = tell(p)
		}
		if got != c.want && (err == nil || c.want == "" || !strings.Contains(got, c.want)) {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, got, c.want)
		}
	}
}

// stub is a server in memory.
type stub struct {
	mu     sync.Mutex
	known  *remote.Known
	puts   []string
	refuse map[string]error
}

func (s *stub) Release() api.Release { return api.Hora }

func (s *stub) Jobs(context.Context) (*remote.Known, error) { return s.known, nil }

func (s *stub) Put(_ context.Context, j *job.Job, _ *remote.Record, _ bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refuse[j.Name]; err != nil {
		return err
	}
	for _, p := range Parents(j) {
		if s.known.Jobs[p] == nil {
			return fmt.Errorf("unknown parent %q", p)
		}
	}
	s.puts = append(s.puts, j.Name)
	s.known.Jobs[j.Name] = &remote.Record{Job: j}
	return nil
}

func (s *stub) Delete(_ context.Context, old *remote.Record, _ bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.refuse[old.Job.Name]; err != nil {
		return err
	}
	for name, r := range s.known.Jobs {
		if slices.Contains(Parents(r.Job), old.Job.Name) {
			return fmt.Errorf("%q has the child %q", old.Job.Name, name)
		}
	}
	delete(s.known.Jobs, old.Job.Name)
	return nil
}

func (s *stub) Settle(context.Context, []string) error { return nil }

// TestApply: parents first; children of what failed are not sent; a conflict
// stops everything.
func TestApply(t *testing.T) {
	t.Parallel()
	plan := func(k *remote.Known) *Plan {
		p, err := NewPlan(jobs(t, abc+"- {name: z, command: z, schedule: \"@daily\"}\n"), k, api.Hora, Options{})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	s := &stub{known: have(t, "[]", nil)}
	if r := Apply(t.Context(), s, plan(s.known), ApplyOptions{}); r.Done != 4 || len(r.Failures) != 0 {
		t.Errorf("%+v", r)
	}
	if p := plan(s.known); !p.Empty() {
		t.Errorf("it is not repeatable:\n%s", tell(p))
	}
	s = &stub{known: have(t, "[]", nil), refuse: map[string]error{"a": errors.New("no")}}
	r := Apply(t.Context(), s, plan(s.known), ApplyOptions{})
	if r.Done != 1 || len(r.Failures) != 3 || !errors.Is(r.Failures[1].Err, ErrParentFailed) || !errors.Is(r.Failures[2].Err, ErrParentFailed) || r.Conflict {
		t.Errorf("%+v", r)
	}
	s = &stub{known: have(t, "[]", nil), refuse: map[string]error{"a": remote.ErrConflict}}
	if r := Apply(t.Context(), s, plan(s.known), ApplyOptions{Guard: true, Parallel: 1}); r.Done != 0 || !r.Conflict || len(s.puts) != 0 {
		t.Errorf("%+v, sent %v", r, s.puts)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s = &stub{known: have(t, "[]", nil)}
	if r := Apply(ctx, s, plan(s.known), ApplyOptions{}); r.Done != 0 || len(r.Failures) != 4 || !errors.Is(r.Failures[0].Err, context.Canceled) {
		t.Errorf("%+v", r)
	}
}

// TestApplyAnyGraph: whatever the graph, and whatever was there before, a plan
// can be carried out, and then there is nothing left to do.
func TestApplyAnyGraph(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(label string) []*jobfile.Job {
			var out []*jobfile.Job
			order := rapid.Permutation([]string{"a", "b", "c", "d", "e", "f"}).Draw(rt, label)
			for i, name := range order[:rapid.IntRange(0, len(order)).Draw(rt, "n")] {
				j := &jobfile.Job{Job: jobfile.Blank()}
				j.Name, j.Command = name, rapid.SampledFrom([]string{"x", "y"}).Draw(rt, "command")
				for _, p := range order[:i] {
					if rapid.IntRange(0, 2).Draw(rt, "edge") == 0 {
						j.Parents = append(j.Parents, p)
					}
				}
				if len(j.Parents) == 0 {
					j.Schedule = "@daily"
				}
				out = append(out, j)
			}
			return out
		}
		s := &stub{known: &remote.Known{Defaults: defaults, Jobs: map[string]*remote.Record{}}}
		for _, label := range []string{"before", "after"} {
			files := draw(label)
			o := Options{Folder: "f", Prune: true}
			p, err := NewPlan(files, s.known, api.Hora, o)
			if err != nil {
				rt.Fatal(err)
			}
			if r := Apply(rt.Context(), s, p, ApplyOptions{Guard: true}); len(r.Failures) > 0 {
				rt.Fatalf("%v: %v\n%s", r.Failures[0].Step.Name, r.Failures[0].Err, tell(p))
			}
			again, err := NewPlan(files, s.known, api.Hora, o)
			if err != nil || !again.Empty() || len(s.known.Jobs) != len(files) {
				rt.Fatalf("%v, %d jobs of %d\n%s", err, len(s.known.Jobs), len(files), tell(again))
			}
		}
	})
}
