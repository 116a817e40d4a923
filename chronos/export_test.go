package chronos_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

var releases = map[string]api.Release{"2.4.0": api.Chronos24, "3.0.2": api.Chronos30}

// export writes what a store holds to nodes.
func export(t *testing.T, server *memory.Server, n chronos.Nodes, r api.Release, prune bool) *chronos.ExportPlan {
	t.Helper()
	records, err := store.New(server.Open()).Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan := chronos.Export(records, r, defaults)
	if err := plan.ExportTo(t.Context(), n, defaults, true, prune); err != nil {
		t.Fatal(err)
	}
	return plan
}

// TestThereAndBack: what was imported and is exported to an empty path is what
// the real Chronos had stored, but for jobs that it did not show, and for tasks
// that hora has taken over.
func TestThereAndBack(t *testing.T) {
	t.Parallel()
	for version, release := range releases {
		synctest.Test(t, func(t *testing.T) {
			from, to, server := recorded(t, version).at(t, 1), newNodes(), memory.NewServer()
			run(t, server, from, true)
			plan := export(t, server, to, release, false)
			want := from.values(t)
			delete(want, "zk-orphan")
			same(t, version, to.values(t), want)
			for _, x := range plan.Jobs {
				if x.Verdict != chronos.New || len(x.Lost) > 0 {
					t.Errorf("%s: %s is %s (%s), lost %q", version, x.Name, x.Verdict, x.Reason, x.Lost)
				}
			}
			snap, err := chronos.Read(t.Context(), to, defaults)
			if err != nil {
				t.Fatal(err)
			}
			if old, _ := chronos.Read(t.Context(), from, defaults); snap.FrameworkID != old.FrameworkID || snap.FrameworkID == "" {
				t.Errorf("framework id %q, want %q", snap.FrameworkID, old.FrameworkID)
			}
			// Back to where they came from: nothing to do but to take away what hora has run.
			plan = export(t, server, from, release, false)
			if n := plan.Count(chronos.Same); n != len(want) {
				t.Errorf("%s: %d of %d are the same", version, n, len(want))
			}
			if slices.ContainsFunc(keys(from.data), func(s string) bool { return strings.HasPrefix(s, "T_") }) {
				t.Errorf("%s: promised tasks are left: %q", version, keys(from.data))
			}
		})
	}
}

// TestExportSaysWhatIsLost: what Chronos has no field for is named; what it
// could not run is not written, nor what depends on it.
func TestExportSaysWhatIsLost(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		state, err := scheduler.New(scheduler.DefaultConfig(), scheduler.Records{})
		if err != nil {
			t.Fatal(err)
		}
		var r scheduler.Records
		for _, j := range []job.Job{
			{Name: "plain", Schedule: "R/2030-01-01T00:00:00Z/P1D", Epsilon: "PT1M"},
			{Name: "rich", Schedule: "R/2030-01-01T00:00:00Z/P1D", RetryInterval: "PT5M", Timeout: "PT1H", Overlap: "allow", Notify: "none"},
			{Name: "cron", Schedule: "@daily"},
			{Name: "child of cron", Parents: []string{"cron"}},
			{Name: "branch", Trigger: "failed(plain)"},
			{Name: "dotted.name", Schedule: "R/2030-01-01T00:00:00Z/P1D"},
		} {
			j.Command, j.Shell, j.CPUs, j.Mem, j.Disk, j.Retries, j.RunAsUser = "true", true, .1, 128, 256, 2, "root"
			for _, c := range state.Step(time.Now(), scheduler.PutJob{Job: &j}).Changes {
				switch c := c.(type) {
				case scheduler.PutJobRecord:
					r.Jobs = append(r.Jobs, c.Job)
				case scheduler.PutJobState:
					r.States = append(r.States, c.State)
				}
			}
		}
		say := func(release api.Release) map[string]string {
			out := make(map[string]string)
			for _, x := range chronos.Export(r, release, defaults).Jobs {
				if out[x.Name] = strings.Join(x.Lost, " "); x.Verdict == chronos.Refused {
					out[x.Name] = x.Reason
				}
				if strings.Contains(string(x.Value), "retryInterval") {
					t.Errorf("%s", x.Value)
				}
			}
			return out
		}
		for release, want := range map[api.Release]map[string]string{
			api.Chronos24: {
				"plain": "", "rich": "concurrent epsilon (it has none, 2.4 needs one: PT60S) notify retryInterval timeout",
				"cron": "schedule: it is cron", "child of cron": `parent "cron" is refused`, "branch": "trigger:", "dotted.name": "name:",
			},
			api.Chronos30: {
				"plain": "epsilon", "rich": "notify retryInterval timeout", "cron": "schedule: it is cron", "child of cron": "name:", "branch": "trigger:", "dotted.name": "",
			},
		} {
			got := say(release)
			for name, w := range want {
				if got[name] != w && (w == "" || !strings.HasPrefix(got[name], w)) {
					t.Errorf("release %d: %s: %q, want %q", release, name, got[name], w)
				}
			}
		}
	})
}

// TestExportMindsOthers: a node that somebody changes meanwhile is not
// overwritten, and a job that hora does not have goes only when asked for.
func TestExportMindsOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, server := recorded(t, "2.4.0").at(t, 1), memory.NewServer()
		run(t, server, n, true)
		n.put(t, "J_theirs", `{"name":"theirs","command":"true","epsilon":"PT1M","schedule":"R/2030/P1D"}`)
		plan := export(t, server, n, api.Chronos24, false)
		if plan.Count(chronos.Kept) != 1 || n.data["J_theirs"] == nil {
			t.Errorf("%d are kept", plan.Count(chronos.Kept))
		}
		export(t, server, n, api.Chronos24, true)
		if n.data["J_theirs"] != nil {
			t.Error("it was to be deleted, and is there")
		}
		n.put(t, "J_zk-minimal", `{"name":"zk-minimal","command":"other","epsilon":"PT1M","schedule":"R/2030/P1D"}`)
		records, err := store.New(server.Open()).Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		racing := &race{nodes: n, node: "J_zk-minimal"}
		if err := chronos.Export(records, api.Chronos24, defaults).ExportTo(t.Context(), racing, defaults, true, false); !errors.Is(err, chronos.ErrChanged) {
			t.Errorf("a node that was changed meanwhile: %v", err)
		}
	})
}
