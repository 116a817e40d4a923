package chronos_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// nobody is a Mesos that never answers.
type nobody struct{}

func (nobody) Run(ctx context.Context, _ string, _ func(scheduler.Event)) error {
	<-ctx.Done()
	return nil
}
func (nobody) Perform(context.Context, scheduler.Effect) error { return nil }

// defaults are what the recorded servers had.
var defaults = api.Defaults{CPUs: .1, Mem: 128, Disk: 256, User: "root", Epsilon: time.Minute}

// run imports nodes into a store.
func run(t testing.TB, server *memory.Server, n chronos.Nodes, apply bool) *chronos.Plan {
	t.Helper()
	snap, err := chronos.Read(t.Context(), n, defaults)
	if err != nil {
		t.Fatal(err)
	}
	backend := server.Open()
	defer backend.Close()
	plan, err := chronos.ImportInto(t.Context(), store.New(backend), snap, chronos.ImportOptions{Apply: apply})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// shown is what hora answers to GET jobs over that store, by name.
func shown(t *testing.T, server *memory.Server, root string) map[string]any {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	l := leader.New(leader.Options{Store: store.New(server.Open()), Cluster: nobody{}, Config: scheduler.DefaultConfig(), Log: slog.New(slog.DiscardHandler)})
	running.Go(func() {
		if err := l.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
	rec := httptest.NewRecorder()
	api.New(api.Options{Scheduler: l}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, root+"/jobs", nil))
	cancel()
	running.Wait()
	if rec.Code != http.StatusOK {
		t.Fatalf("GET jobs: %d %s", rec.Code, rec.Body)
	}
	return byName(t, rec.Body.String())
}

func byName(t *testing.T, list string) map[string]any {
	t.Helper()
	var jobs []map[string]any
	if err := json.Unmarshal([]byte(list), &jobs); err != nil {
		t.Fatal(err)
	}
	out := make(map[string]any)
	for _, j := range jobs {
		out[j["name"].(string)] = j
	}
	return out
}

// same reports the members in which two sets of jobs differ.
func same(t *testing.T, what string, got, want map[string]any) {
	t.Helper()
	if !slices.Equal(keys(got), keys(want)) {
		t.Errorf("%s: jobs %q, want %q", what, keys(got), keys(want))
		return
	}
	for name := range want {
		g, w := got[name].(map[string]any), want[name].(map[string]any)
		for _, k := range keys(w) {
			if !reflect.DeepEqual(g[k], w[k]) {
				t.Errorf("%s: %s of %q is %v, want %v", what, k, name, g[k], w[k])
			}
		}
		for _, k := range keys(g) {
			if _, there := w[k]; !there {
				t.Errorf("%s: %q has %s too", what, name, k)
			}
		}
	}
}

// TestRecordedStates: what real Chronos kept in ZooKeeper at five moments comes
// out of hora as Chronos showed it: GET jobs of 2.4.0 shows just what is stored.
// 3.0.2 shows each address under uris and under fetch as well, and no job whose
// parents do not exist.
func TestRecordedStates(t *testing.T) {
	t.Parallel()
	for version, root := range map[string]string{"2.4.0": "/scheduler", "3.0.2": "/v1/scheduler"} {
		r := recorded(t, version)
		for moment := range r.Snapshots {
			synctest.Test(t, func(t *testing.T) {
				what := fmt.Sprintf("%s, %s", version, r.Snapshots[moment].When)
				n := r.at(t, moment)
				want := n.values(t)
				if version == "3.0.2" {
					for _, j := range want {
						fetchLikeShown(j.(map[string]any))
					}
					delete(want, "zk-orphan")
				}
				server := memory.NewServer()
				plan := run(t, server, n, true)
				if plan.Count(chronos.New) != len(want) {
					t.Errorf("%s: %d new of %d: %+v", what, plan.Count(chronos.New), len(want), plan.Items)
				}
				same(t, what, shown(t, server, root), want)
				if moment == 1 {
					same(t, what+", as it was shown then", shown(t, server, root), byName(t, r.List))
				}
				again := run(t, server, n, true)
				if again.Changes() {
					t.Errorf("%s: importing again changes something: %+v", what, again.Items)
				}
			})
		}
	}
}

// fetchLikeShown fills fetch and uris as 3.0.2 does for showing (contracts/chronos.md 1.3).
func fetchLikeShown(j map[string]any) {
	uris, fetch := j["uris"].([]any), j["fetch"].([]any)
	if len(fetch) == 0 {
		for _, u := range uris {
			fetch = append(fetch, map[string]any{"uri": u, "executable": false, "cache": false, "extract": true})
		}
		j["fetch"] = fetch
	}
	if len(j["fetch"].([]any)) > 0 {
		uris = nil
		for _, f := range j["fetch"].([]any) {
			uris = append(uris, f.(map[string]any)["uri"])
		}
		j["uris"] = uris
	}
}

// TestRecordedPromises: the slot that 2.4.0 had scheduled and not started is a
// run of hora's, and its framework id is hora's.
func TestRecordedPromises(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := recorded(t, "2.4.0").at(t, 1)
		server := memory.NewServer()
		dry := run(t, server, n, false)
		plan := run(t, server, n, true)
		if !reflect.DeepEqual(dry, plan) {
			t.Errorf("the plan is %+v\nand what was done %+v", dry, plan)
		}
		if plan.Leader == "" || !plan.TakesOver || !strings.HasPrefix(plan.Framework, "8caa6744-b396-4987-aae4-74f6ca3ad651-0006 ") {
			t.Errorf("leader %q, framework %q", plan.Leader, plan.Framework)
		}
		records, err := store.New(server.Open()).Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(records.Runs) != 1 || records.Runs[0].JobName != "zk-soon" || records.Runs[0].Slot.UnixMilli() != 1795468862057 {
			t.Errorf("runs: %+v", records.Runs)
		}
		if !records.Meta.Adopting || records.Meta.FrameworkID != "8caa6744-b396-4987-aae4-74f6ca3ad651-0006" {
			t.Errorf("meta: %+v", records.Meta)
		}
		for _, it := range plan.Items {
			if it.Name == "zk name #1 x" && !slices.ContainsFunc(it.Notes, func(s string) bool { return strings.Contains(s, "3.0 cannot run") }) {
				t.Errorf("nothing is said of the name %q: %q", it.Name, it.Notes)
			}
		}
	})
}
