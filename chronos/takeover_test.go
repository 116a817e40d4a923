package chronos_test

import (
	"context"
	"log/slog"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/chronos"
	jobs "github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// patience is how long a test waits for what must come, however busy the machine.
const patience = time.Minute

// launch plays the Chronos: it starts a task under that id and goes. It returns
// its framework id.
func launch(t *testing.T, config mesos.Config, id string, j *jobs.Job) (frameworkID string) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	f := framework.New(config)
	running := make(chan struct{})
	launched := false
	var over sync.WaitGroup
	over.Go(func() {
		_ = f.Run(ctx, "", func(ev scheduler.Event) {
			switch ev := ev.(type) {
			case scheduler.Subscribed:
				frameworkID = ev.FrameworkID
			case scheduler.Offers:
				if launched {
					return
				}
				launched = true
				o := ev.Offers[0]
				l := scheduler.Launch{
					TaskID: id, Run: &scheduler.Run{}, Job: j, AgentID: o.AgentID, Hostname: o.Hostname,
					Resources: []scheduler.Resource{{Name: "cpus", Milli: 100}, {Name: "mem", Milli: 32000}},
				}
				if err := f.Perform(ctx, scheduler.Accept{OfferIDs: []string{o.ID}, AgentID: o.AgentID, Launches: []scheduler.Launch{l}}); err != nil {
					t.Error(err)
				}
			case scheduler.Update:
				if ev.Status.State == scheduler.TaskRunning {
					close(running) // it stays unacknowledged: Mesos will say it again
					return
				}
				if err := f.Perform(ctx, scheduler.Acknowledge{AgentID: ev.Status.AgentID, TaskID: id, UUID: ev.Status.UUID}); err != nil {
					t.Error(err)
				}
			}
		})
	})
	select {
	case <-running:
	case <-time.After(patience):
		t.Error("the task does not run")
	}
	stop()
	over.Wait()
	return frameworkID
}

// TestRunningTasksAreAdopted: a task that a Chronos has started on a cluster
// lives on when hora takes the framework id over. It is the job's run, its next
// slot waits, its end counts, and it ran once.
func TestRunningTasksAreAdopted(t *testing.T) {
	t.Parallel()
	sim, err := cluster.Start(t.Context(), cluster.Config{WorkDir: t.TempDir(), AllocationInterval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	me, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	config := mesos.Config{Detector: mesos.Masters(sim.MasterURL()), Framework: framework.Info("chronos", me.Username), Logger: slog.New(slog.DiscardHandler)}
	dir := t.TempDir()
	trace, gate := filepath.Join(dir, "trace"), filepath.Join(dir, "gate")
	command := "echo began >> " + trace + "; while [ ! -e " + gate + " ]; do sleep .05; done; echo ended >> " + trace
	due := time.Now().Add(-time.Minute).Truncate(time.Millisecond).UTC()
	id := "ct:" + strconv.FormatInt(due.UnixMilli(), 10) + ":0:long:"
	frameworkID := launch(t, config, id, &jobs.Job{Name: "long", Command: command, Shell: true, CPUs: .1, Mem: 32, RunAsUser: me.Username})

	n, server := newNodes(), memory.NewServer()
	next := time.Now().Add(-time.Second).UTC().Format("2006-01-02T15:04:05.000Z") // its next slot is due as well
	n.put(t, "J_long", `{"name":"long","command":"echo again >> `+trace+`","epsilon":"PT10M","runAsUser":"`+me.Username+`","schedule":"R/`+next+`/PT10M","cpus":0.1,"mem":32,"disk":1}`)
	n.put(t, "frameworkId", "\n"+string(rune(len(frameworkID)))+frameworkID)
	if plan := run(t, server, n, true); !plan.TakesOver || plan.Count(chronos.New) != 1 {
		t.Fatalf("plan: %+v", plan)
	}
	adopted, killed := make(chan string, 10), make(chan string, 10)
	l := leader.New(leader.Options{
		Store: store.New(server.Open()), Cluster: framework.New(config), Config: scheduler.DefaultConfig(), Log: slog.New(slog.DiscardHandler),
		Observe: func(_ time.Time, list []scheduler.Notice) {
			for _, x := range list {
				switch x.Kind {
				case scheduler.TaskAdopted:
					adopted <- x.Run.Task.ID
				case scheduler.TaskOrphaned:
					killed <- x.Text
				}
			}
		},
	})
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = l.Run(ctx) })
	defer running.Wait()
	defer stop()
	select {
	case got := <-adopted:
		if got != id {
			t.Errorf("%s was adopted, want %s", got, id)
		}
	case <-time.After(patience):
		t.Fatal("nothing was adopted")
	}
	if j := l.View().Job("long"); len(j.Runs) == 0 || j.Runs[len(j.Runs)-1].Task == nil {
		t.Errorf("runs: %+v", j.Runs)
	}
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); l.View().Job("long").State.SuccessCount < 2; {
		if time.Now().After(end) {
			t.Fatalf("state: %+v", l.View().Job("long").State)
		}
		select {
		case what := <-killed:
			t.Fatalf("%s was killed", what)
		case <-time.After(20 * time.Millisecond):
		}
	}
	text, err := os.ReadFile(trace)
	if got := strings.Fields(string(text)); err != nil || strings.Join(got, " ") != "began ended again" {
		t.Errorf("what ran: %q, %v; want the old task once, and after it the next slot once", got, err)
	}
}
