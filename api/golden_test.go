package api_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

var (
	update = flag.Bool("update", false, "rewrite testdata/chronos/differences.txt")
	only   = flag.String("case", "", "replay this recording alone, and tell all that differs")
)

const (
	differences   = "testdata/chronos/differences.txt"
	compatibility = "../docs/compatibility.md"
)

// TestGolden replays the recordings of both real servers: what was asked of
// them is asked of hora, and what is answered, and what Mesos sees, has to be
// the same. docs/compatibility.md lists the steps that differ on purpose, and
// testdata/chronos/differences.txt how: another difference fails the test, and
// so does one that is listed and does not occur any more.
func TestGolden(t *testing.T) {
	t.Parallel()
	found := &findings{how: map[string]string{}}
	total := 0
	t.Run("replay", func(t *testing.T) {
		for _, version := range []string{"2.4.0", "3.0.2"} {
			for _, s := range scenarios(t, version) {
				if *only != "" && *only != s.Name {
					continue
				}
				total += s.compared()
				t.Run(version+"/"+s.Name, func(t *testing.T) {
					t.Parallel()
					replay(t, s, found)
				})
			}
		}
	})
	if *only != "" {
		for _, key := range slices.SortedFunc(maps.Keys(found.how), compareSteps) {
			t.Logf("%s: %s", key, found.how[key])
		}
		return
	}
	t.Logf("%d of %d steps are equal", total-len(found.how), total)
	listed := listedSteps(t)
	for _, key := range slices.SortedFunc(maps.Keys(found.how), compareSteps) {
		if listed[key] == "" {
			t.Errorf("%s differs, and %s does not say so: %s", key, compatibility, found.how[key])
		}
	}
	for _, key := range slices.SortedFunc(maps.Keys(listed), compareSteps) {
		if found.how[key] == "" {
			t.Errorf("%s says under %s that %s differs, but it does not", compatibility, listed[key], key)
		}
	}
	found.check(t)
}

// findings are the steps that differ, and how.
type findings struct {
	mu  sync.Mutex
	how map[string]string
}

func (f *findings) add(key, how string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.how[key] = how
}

// check compares how steps differ with how they did.
func (f *findings) check(t *testing.T) {
	t.Helper()
	var b strings.Builder
	for _, key := range slices.SortedFunc(maps.Keys(f.how), compareSteps) {
		fmt.Fprintf(&b, "%s: %s\n", key, strings.ReplaceAll(f.how[key], "\n", `\n`))
	}
	if *update {
		if err := os.WriteFile(differences, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(differences)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) == b.String() {
		return
	}
	was := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		was[line] = true
	}
	for line := range strings.Lines(b.String()) {
		if !was[line] {
			t.Errorf("differs otherwise than %s says (go test -update rewrites it):\n%s", differences, line)
		}
	}
	if !t.Failed() {
		t.Errorf("%s has lines too many", differences)
	}
}

// compared is how many steps of a scenario are compared.
func (s *scenario) compared() int {
	n := 0
	for _, x := range s.alive() {
		if x.Response != nil || x.Result != nil {
			n++
		}
	}
	return n
}

// alive are the steps until the real server died, if it did.
func (s *scenario) alive() []step {
	for i, x := range s.Steps {
		if x.Response != nil && x.Response.Error != "" {
			return s.Steps[:i]
		}
	}
	return s.Steps
}

func replay(t *testing.T, s scenario, found *findings) {
	uid := fmt.Sprintf("u%x", rand.Uint64())
	t.Cleanup(func() { os.Remove("/tmp/golden-" + uid) }) // what a task keeps in mind from one attempt to the next
	play(t, s.API, func(st *stage) {
		vars := newPlaceholders(nil, uid)
		want, got := side{newPlaceholders(s.Vars, ""), s.Base}, side{vars, self}
		for i, x := range s.alive() {
			c := compared{s.Version, x, s.Normalize, want, got}
			if how := takeStep(t, st, c, vars); how != "" {
				found.add(fmt.Sprintf("%s %s#%d", s.Version, s.Name, i+1), strings.ReplaceAll(how, uid, "{{uid}}"))
			}
		}
	})
}

// takeStep performs a step and tells how it differs.
func takeStep(t *testing.T, st *stage, c compared, vars *placeholders) string {
	x, late := c.step, ""
	if x.Wait != nil && !st.wait(x.Wait, vars) {
		late = " (" + x.Wait.Until + " did not come)"
	}
	how := ""
	switch {
	case x.Request != nil:
		headers := map[string]string{}
		for name, value := range x.Request.Headers {
			headers[name] = vars.fill(value)
		}
		how = c.answer(st.ask(x.Request.Method, vars.fill(x.Request.Path), headers, x.Request.content(t, vars)))
		if how != "" && strings.HasPrefix(x.Request.Path, "/metrics") && headers["Accept"] == "" {
			how += "; with Accept: application/json: " // who wants Chronos' figures has to say so
			if asked := c.answer(st.ask(x.Request.Method, vars.fill(x.Request.Path), map[string]string{"Accept": "application/json"}, nil)); asked != "" {
				how += asked
			} else {
				how += "the same"
			}
		}
	case x.Observe != nil:
		how = c.observed(st.mesos.observe(*x.Observe, vars))
	case x.Control == "restart":
		st.restart()
	}
	if how == "" {
		return ""
	}
	return x.what() + ": " + how + late
}

var stepForm = regexp.MustCompile(`^(\S+) (\S+)#(\d+)$`)

// compareSteps orders steps such as "3.0.2 run-r0#4".
func compareSteps(a, b string) int {
	x, y := stepForm.FindStringSubmatch(a), stepForm.FindStringSubmatch(b)
	if n := strings.Compare(x[1]+" "+x[2], y[1]+" "+y[2]); n != 0 {
		return n
	}
	m, _ := strconv.Atoi(x[3])
	n, _ := strconv.Atoi(y[3])
	return m - n
}

// listedSteps reads the tables of docs/compatibility.md: in rows that begin
// with a bold name, steps stand as `VERSION recording 1, 3-5`.
func listedSteps(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(compatibility)
	if err != nil {
		t.Fatal(err)
	}
	row, steps := regexp.MustCompile(`^\| \*\*(.+?)\*\* \|`), regexp.MustCompile("`(2\\.4\\.0|3\\.0\\.2) ([\\w-]+) ([\\d, -]+)`")
	listed := map[string]string{}
	for line := range strings.Lines(string(text)) {
		name := row.FindStringSubmatch(line)
		if name == nil {
			continue
		}
		for _, m := range steps.FindAllStringSubmatch(line, -1) {
			for _, part := range strings.Split(m[3], ",") {
				first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
				if !isRange {
					last = first
				}
				from, err1 := strconv.Atoi(first)
				to, err2 := strconv.Atoi(last)
				if err1 != nil || err2 != nil || to < from {
					t.Fatalf("%s: %s: steps %q", compatibility, name[1], part)
				}
				for n := from; n <= to; n++ {
					key := fmt.Sprintf("%s %s#%d", m[1], m[2], n)
					if listed[key] != "" {
						t.Errorf("%s lists %s twice, under %s and %s", compatibility, key, listed[key], name[1])
					}
					listed[key] = name[1]
				}
			}
		}
	}
	return listed
}
