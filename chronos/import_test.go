package chronos_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// race are nodes of which one is changed by somebody each time it was read.
type race struct {
	*nodes
	node string
}

func (r *race) Read(ctx context.Context, name string) ([]byte, int32, bool, error) {
	data, version, ok, err := r.nodes.Read(ctx, name)
	if name == r.node {
		r.version[name]++
	}
	return data, version, ok, err
}

func stored(name, more string) string {
	return fmt.Sprintf(`{"name":%q,"command":"true","epsilon":"PT1M",%s}`, name, more)
}

const daily = `"schedule":"R/2030-01-01T00:00:00Z/P1D"`

// verdicts are what a plan says of each job.
func verdicts(p *chronos.Plan) map[string]string {
	out := make(map[string]string)
	for _, it := range p.Items {
		out[it.Name] = strings.TrimSpace(string(it.Verdict) + " " + it.Reason)
	}
	return out
}

// TestGarbage: what is no job does no harm; what cannot be imported is refused
// with its reason, and so is what depends on it; the others come.
func TestGarbage(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := newNodes()
		for name, value := range map[string]string{
			"J_a": stored("a", daily), "J_z": stored("z", `"parents":["a"]`), "J_deep": stored("deep", `"parents":["z","a"]`),
			"J_orphan": stored("orphan", `"parents":["nobody"]`), "J_behind": stored("behind", `"parents":["orphan"]`),
			"J_x": stored("x", `"parents":["y"]`), "J_y": stored("y", `"parents":["x"]`), "J_self": stored("self", `"parents":["self"]`),
			"J_zone": stored("zone", daily+`,"scheduleTimeZone":"Mars/Olympus"`), "J_zero": stored("zero", `"schedule":"R/2030-01-01T00:00:00Z/PT0S"`),
			"J_once": stored("once", `"owner":"x"`), "J_garbage": `{"name":`, "J_other": stored("another", daily),
			"J_seen": stored("seen", daily+`,"lastSuccess":"null","lastError":"yesterday","successCount":3`), "J_gone": "",
			"T_ct:1:0:nobody:": "{}", "T_old-form": "{}", "T_ct:946684800000:0:a:x/y": "{}", "stray": "x",
		} {
			n.put(t, name, value)
		}
		n.data["J_broken"] = []byte{0xff, 0xff}
		server := memory.NewServer()
		plan := run(t, server, n, true)
		got := verdicts(plan)
		for name, want := range map[string]string{
			"a": "new", "z": "new", "deep": "new", "seen": "new", "orphan": `refused parent "nobody" does not exist`, "behind": `refused parent "orphan" is refused`,
			"x": "refused it is in a cycle", "y": "refused it is in a cycle", "self": "refused it is its own parent", "zone": "refused scheduleTimeZone:",
			"zero": "refused schedule:", "once": "refused schedule: is missing", "garbage": "refused the body is not JSON", "other": `refused name: is "another"`,
		} {
			if got[name] != want && !(strings.HasPrefix(got[name], want) && want != "new") {
				t.Errorf("%s: %q, want %q", name, got[name], want)
			}
		}
		var skipped []string
		for _, s := range plan.Skipped {
			skipped = append(skipped, s.Node)
		}
		if want := []string{"J_broken", "J_gone", "T_ct:1:0:nobody:", "T_old-form", "stray"}; !slices.Equal(slices.Sorted(slices.Values(skipped)), want) {
			t.Errorf("skipped %q, want %q", skipped, want)
		}
		for _, it := range plan.Items {
			if it.Name == "seen" && len(it.Notes) != 2 {
				t.Errorf("notes of seen: %q", it.Notes)
			}
		}
	})
}

// TestImportAgain: while hora has not led, what goes on in Chronos is taken over
// again; afterwards what hora has counts.
func TestImportAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, server := newNodes(), memory.NewServer()
		for _, name := range []string{"a", "b", "c"} {
			n.put(t, "J_"+name, stored(name, daily))
		}
		run(t, server, n, true)
		time.Sleep(time.Hour)
		n.put(t, "J_b", stored("b", daily+`,"successCount":1`))
		n.put(t, "J_d", stored("d", `"parents":["a"]`))
		delete(n.data, "J_c")
		want := map[string]string{"a": "same", "b": "changed", "c": "removed", "d": "new"}
		for _, apply := range []bool{false, true} {
			if got := verdicts(run(t, server, n, apply)); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("apply %v: %v, want %v", apply, got, want)
			}
		}
		if plan := run(t, server, n, true); plan.Changes() {
			t.Errorf("again: %v", verdicts(plan))
		}
		edit(t, server, scheduler.Subscribed{FrameworkID: "F"}, time.Now())
		edit(t, server, scheduler.Tick{}, time.Now().Add(time.Minute))
		n.put(t, "J_a", stored("a", daily+`,"retries":9`))
		want = map[string]string{"a": "kept it was changed or run here since it was imported", "b": "same", "d": "same"}
		if got := verdicts(run(t, server, n, true)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("after hora has led: %v, want %v", got, want)
		}
		snap, err := chronos.Read(t.Context(), n, defaults)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := chronos.ImportInto(t.Context(), store.New(server.Open()), snap, chronos.ImportOptions{Apply: true, Overwrite: true})
		if err != nil || verdicts(plan)["a"] != "changed" {
			t.Errorf("overwriting: %v, %v", plan, err)
		}
	})
}

// edit steps one event over what is stored. Of what follows from the session
// only the end of the adoption matters here.
func edit(t *testing.T, server *memory.Server, ev scheduler.Event, now time.Time) {
	t.Helper()
	s := store.New(server.Open())
	defer s.Close()
	term, err := s.Campaign(t.Context(), "hora", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer term.Resign()
	records, err := s.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state, err := scheduler.New(scheduler.DefaultConfig(), records)
	if err != nil {
		t.Fatal(err)
	}
	var b store.Batch
	if _, tick := ev.(scheduler.Tick); tick {
		state.Step(now.Add(-time.Minute), scheduler.Subscribed{FrameworkID: "F"})
	}
	if err := b.Add(state.Step(now, ev).Changes); err != nil {
		t.Fatal(err)
	}
	if err := s.Commit(t.Context(), term, &b); err != nil {
		t.Fatal(err)
	}
}

// TestLed: nothing is written below a hora that leads; a dry run reads.
func TestLed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		server := memory.NewServer()
		other := store.New(server.Open())
		term, err := other.Campaign(t.Context(), "hora1:4400", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer term.Resign()
		snap := &chronos.Snapshot{}
		_, err = chronos.ImportInto(t.Context(), store.New(server.Open()), snap, chronos.ImportOptions{Apply: true})
		if !errors.Is(err, chronos.ErrLed) || !strings.Contains(err.Error(), "hora1:4400") {
			t.Errorf("%v, want ErrLed that names the leader", err)
		}
		if _, err := chronos.ImportInto(t.Context(), store.New(server.Open()), snap, chronos.ImportOptions{}); err != nil {
			t.Errorf("a dry run: %v", err)
		}
	})
}

// many are so many jobs, in chains of ten.
func many(t testing.TB, count int) *nodes {
	n := newNodes()
	for i := range count {
		when := daily
		if i%10 > 0 {
			when = fmt.Sprintf(`"parents":["job-%d"]`, i-1)
		}
		n.put(t, fmt.Sprintf("J_job-%d", i), stored(fmt.Sprintf("job-%d", i), when+`,"owner":"team@example.com","description":"one of many","successCount":12`))
	}
	return n
}

// TestStopsAnywhere: an import that was cut off goes on when it is done again.
func TestStopsAnywhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, server := many(t, 2000), memory.NewServer()
		commits := 0
		cut := errors.New("cut off")
		server.SetHooks(memory.Hooks{BeforeCommit: func(context.Context, *store.Term, []store.Op) error {
			if commits++; commits == 3 {
				return cut
			}
			return nil
		}})
		snap, err := chronos.Read(t.Context(), n, defaults)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := chronos.ImportInto(t.Context(), store.New(server.Open()), snap, chronos.ImportOptions{Apply: true}); !errors.Is(err, cut) {
			t.Fatalf("%v, want the cut", err)
		}
		server.SetHooks(memory.Hooks{})
		plan := run(t, server, n, true)
		if plan.Count(chronos.Same) == 0 || plan.Count(chronos.New) == 0 || plan.Count(chronos.Same)+plan.Count(chronos.New) != 2000 {
			t.Errorf("%d the same, %d new", plan.Count(chronos.Same), plan.Count(chronos.New))
		}
		if plan := run(t, server, n, true); plan.Count(chronos.Same) != 2000 {
			t.Errorf("again: %d the same", plan.Count(chronos.Same))
		}
	})
}

// BenchmarkImport imports 50,000 jobs: less than 30 s are wanted, with ZooKeeper
// on both sides.
func BenchmarkImport(b *testing.B) {
	n := many(b, 50_000)
	for b.Loop() {
		if plan := run(b, memory.NewServer(), n, true); plan.Count(chronos.New) != 50_000 {
			b.Fatalf("%d new", plan.Count(chronos.New))
		}
	}
}
