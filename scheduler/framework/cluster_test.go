package framework_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// patience is how long a test waits for what must come; it is no measure of speed.
const patience = 30 * time.Second

// rig is a leader with a framework at a simulated cluster, over HTTP. It listens
// to all that passes between them.
type rig struct {
	*framework.Framework
	t      *testing.T
	sim    *cluster.Cluster
	leader *leader.Leader
	config mesos.Config
	heard  chan any // events, effects and notices
	dir    string
}

// Run implements leader.Cluster.
func (r *rig) Run(ctx context.Context, id string, deliver func(scheduler.Event)) error {
	return r.Framework.Run(ctx, id, func(ev scheduler.Event) {
		r.heard <- ev
		deliver(ev)
	})
}

// Perform implements leader.Cluster.
func (r *rig) Perform(ctx context.Context, e scheduler.Effect) error {
	err := r.Framework.Perform(ctx, e)
	if err == nil {
		r.heard <- e
	}
	return err
}

func start(t *testing.T, c cluster.Config, o framework.Options) *rig {
	t.Helper()
	return startWith(t, c, o, func(*scheduler.Config) {})
}

// startWith is start with a scheduler that is configured otherwise.
func startWith(t *testing.T, c cluster.Config, o framework.Options, edit func(*scheduler.Config)) *rig {
	t.Helper()
	c.WorkDir = t.TempDir()
	if c.AllocationInterval == 0 {
		c.AllocationInterval = 50 * time.Millisecond
	}
	sim, err := cluster.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	o.Name, o.User = "hora", ""
	if o.User = os.Getenv("USER"); o.User == "" {
		o.User = "root"
	}
	info, err := o.Info()
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, sim: sim, heard: make(chan any, 100_000), dir: t.TempDir()}
	r.config = mesos.Config{Detector: mesos.Masters(sim.MasterURLs()...), Framework: info, Backoff: mesos.Backoff{First: time.Millisecond, Min: 50 * time.Millisecond, Max: 50 * time.Millisecond}}
	r.Framework = framework.New(r.config)
	cfg := scheduler.DefaultConfig()
	cfg.MinRevive, cfg.Roles = 50*time.Millisecond, framework.Roles(&info)
	edit(&cfg)
	r.leader = leader.New(leader.Options{
		Store: store.New(memory.NewServer().Open()), Cluster: r, Config: cfg, Self: "me:1", Log: slog.New(slog.DiscardHandler),
		Observe: func(_ time.Time, list []scheduler.Notice) {
			for _, n := range list {
				r.heard <- n
			}
		},
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- r.leader.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	hear(r, "a subscription", func(scheduler.Subscribed) bool { return true })
	hear(r, "what follows once its id is stored", func(scheduler.Effect) bool { return true })
	return r
}

// hear waits for something to be heard, and passes by what comes before it.
func hear[T any](r *rig, what string, match func(T) bool) T {
	r.t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case x := <-r.heard:
			if v, ok := x.(T); ok && match(v) {
				return v
			}
		case <-timeout:
			r.t.Fatalf("%s did not come", what)
		}
	}
}

func (r *rig) notice(kind scheduler.NoticeKind, name string) scheduler.Notice {
	r.t.Helper()
	return hear(r, fmt.Sprintf("notice %d of %s", kind, name), func(n scheduler.Notice) bool { return n.Kind == kind && n.Job == name })
}

// over waits for the end of a run.
func (r *rig) over(name string, want scheduler.Outcome) *scheduler.Entry {
	r.t.Helper()
	e := r.notice(scheduler.RunEnded, name).Entry
	if e.Outcome != want {
		message := ""
		for _, a := range e.Attempts {
			message += fmt.Sprintf("\n%s %s %s", a.State, a.Reason, a.Message)
		}
		r.t.Fatalf("the run of %s %s (%s), want %s%s", name, e.Outcome, e.Reason, want, message)
	}
	return e
}

func (r *rig) do(ev scheduler.Event) {
	r.t.Helper()
	if err := r.leader.Do(r.t.Context(), ev); err != nil {
		r.t.Fatalf("%T: %v", ev, err)
	}
}

// run makes a job and runs it by hand.
func (r *rig) run(j *job.Job) {
	r.t.Helper()
	j.Shell, j.Schedule = true, "R1/2200-01-01T00:00:00Z/P1D"
	if j.CPUs == 0 {
		j.CPUs = .1
	}
	if j.Mem == 0 {
		j.Mem = 32
	}
	r.do(scheduler.PutJob{Job: j})
	r.do(scheduler.RunJob{Name: j.Name})
}

// gate is a command that goes on until open is called with the same name.
func (r *rig) gate(name string) string {
	return "while [ ! -e " + filepath.Join(r.dir, name) + " ]; do sleep 0.02; done"
}

func (r *rig) open(name string) {
	if err := os.WriteFile(filepath.Join(r.dir, name), nil, 0o644); err != nil {
		r.t.Fatal(err)
	}
}

func (r *rig) explain(name string) string {
	r.t.Helper()
	var x scheduler.Explanation
	r.do(scheduler.Explain{Name: name, Into: &x})
	var out []string
	for _, reason := range x.Reasons {
		out = append(out, reason.Text.String())
	}
	return strings.Join(out, "; ")
}

// TestReservedResources: what is reserved for our role is used first, together
// with what is not; nothing that is reserved for another, revocable, or a disk of
// its own. The task learns its ports.
func TestReservedResources(t *testing.T) {
	t.Parallel()
	for version, role := range map[string]string{"1.0": "batch", "1.3": "batch", "1.11": "eng/batch"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			agent := "cpus:0.5;cpus(ROLE):0.25;cpus(ROLE,ops):0.25;cpus(web):4;cpus{REV}:8;mem:512;mem(ROLE,ops):64;disk:100;disk(ROLE)[MOUNT:/d]:9999;ports(ROLE):[31000-31001];ports:[31005-31010]"
			r := start(t, cluster.Config{Version: version, Agents: []cluster.AgentConfig{{Resources: strings.ReplaceAll(agent, "ROLE", role)}}}, framework.Options{Roles: []string{role}})
			r.run(&job.Job{Name: "a", CPUs: .75, Mem: 128, Ports: 3, Command: `echo $PORT $PORT0 $PORT1 $PORT2 $PORTS; test "$PORT $PORT0 $PORT1 $PORT2 $PORTS" = "31000 31000 31001 31005 31000,31001,31005"`})
			r.over("a", scheduler.Succeeded)
			r.run(&job.Job{Name: "whole", CPUs: 1, Mem: 576, Disk: 100, Command: "true"})
			r.over("whole", scheduler.Succeeded)
			r.run(&job.Job{Name: "large", CPUs: 1.001, Command: "true"})
			hear(r, "offers", func(scheduler.Decline) bool { return true })
			if got, want := r.explain("large"), "the only agent with offers to role "+role+" has too few cpus (want 1.001, most free 1)"; !strings.Contains(got, want) {
				t.Errorf("explained as %q, want %q", got, want)
			}
			r.run(&job.Job{Name: "disk", Disk: 101, Command: "true"})
			hear(r, "offers", func(scheduler.Decline) bool { return true })
			if got := r.explain("disk"); !strings.Contains(got, "too little disk (want 101 MiB, most free 100)") {
				t.Errorf("explained as %q", got)
			}
		})
	}
}

// TestRoles: with several roles each offer belongs to one.
func TestRoles(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.11", Agents: []cluster.AgentConfig{{Resources: "cpus(etl):1;mem(etl):512;cpus(batch):2;mem(batch):512"}}}, framework.Options{Roles: []string{"batch", "etl"}})
	r.run(&job.Job{Name: "two", CPUs: 2, Command: "true"})
	r.over("two", scheduler.Succeeded)
	r.run(&job.Job{Name: "three", CPUs: 3, Command: "true"})
	hear(r, "both offers", func(d scheduler.Decline) bool { return len(d.OfferIDs) == 2 })
	if got := r.explain("three"); !strings.Contains(got, "to role batch, etl") || !strings.Contains(got, "want 3, most free 2") {
		t.Errorf("explained as %q", got)
	}
}

// TestTwoOffersOfOneAgent: what a task gives back comes as an offer of its own
// while the rest is held; both together do for a task that needs all.
func TestTwoOffersOfOneAgent(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.3", Agents: []cluster.AgentConfig{{Resources: "cpus:4;mem:4096"}}}, framework.Options{})
	r.run(&job.Job{Name: "half", CPUs: 2, Command: r.gate("half")})
	r.notice(scheduler.AttemptRunning, "half")
	due := time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339)
	r.do(scheduler.PutJob{Job: &job.Job{Name: "whole", CPUs: 4, Mem: 32, Command: "true", Shell: true, Schedule: "R1/" + due + "/PT1S"}})
	hear(r, "the rest", func(o scheduler.Offers) bool { return len(o.Offers) == 1 })
	r.open("half")
	r.over("half", scheduler.Succeeded)
	a := hear(r, "ACCEPT", func(a scheduler.Accept) bool { return a.Launches[0].Job.Name == "whole" })
	if len(a.OfferIDs) != 2 {
		t.Errorf("accepted with the offers %q, want two", a.OfferIDs)
	}
	r.over("whole", scheduler.Succeeded)
}

// TestMasterFailover: tasks outlive their master, and the framework follows.
func TestMasterFailover(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.3", Masters: 3, Agents: cluster.DefaultAgents(2, "")}, framework.Options{})
	r.run(&job.Job{Name: "long", Command: r.gate("long")})
	task := r.notice(scheduler.AttemptRunning, "long").Run.Task.ID
	for i := range 2 {
		r.sim.Faults().KillMaster(i)
		hear(r, "the next subscription", func(scheduler.Subscribed) bool { return true })
		hear(r, "the answer to reconciliation", func(u scheduler.Update) bool {
			return u.Status.TaskID == task && u.Status.State == scheduler.TaskRunning
		})
	}
	r.open("long")
	if e := r.over("long", scheduler.Succeeded); len(e.Attempts) != 1 {
		t.Errorf("%d attempts, want one: %+v", len(e.Attempts), e.Attempts)
	}
	r.run(&job.Job{Name: "next", Command: "true"})
	r.over("next", scheduler.Succeeded)
}

// TestUnreachableAgentReturns: its task was made good elsewhere, so the old one
// is killed when it comes back.
func TestUnreachableAgentReturns(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.11", Agents: cluster.DefaultAgents(2, ""), PingTimeout: 200 * time.Millisecond}, framework.Options{})
	r.run(&job.Job{Name: "long", Command: r.gate("long"), Constraints: []job.Constraint{{Attribute: "hostname", Operator: "LIKE", Value: "agent[12]"}}})
	first := r.notice(scheduler.AttemptRunning, "long").Run.Task
	r.sim.Faults().AgentSilent(int(first.Hostname[len("agent")] - '1'))
	if n := r.notice(scheduler.AttemptEnded, "long"); !n.Lost || n.Attempt.State != scheduler.TaskUnreachable {
		t.Errorf("the attempt ended with %+v, want it lost, as the agent is unreachable", n.Attempt)
	}
	second := r.notice(scheduler.AttemptRunning, "long").Run.Task
	if second.Hostname == first.Hostname {
		t.Fatalf("both on %s", first.Hostname)
	}
	r.sim.Faults().AgentReturns(int(first.Hostname[len("agent")] - '1'))
	hear(r, "the kill of the old task", func(k scheduler.KillTask) bool { return k.TaskID == first.ID })
	hear(r, "its end", func(u scheduler.Update) bool {
		return u.Status.TaskID == first.ID && u.Status.State == scheduler.TaskKilled
	})
	r.open("long")
	if e := r.over("long", scheduler.Succeeded); len(e.Attempts) != 2 || e.Attempts[1].TaskID != second.ID {
		t.Errorf("attempts %+v", e.Attempts)
	}
}

// TestOldestVersion: a master that knows nothing of what came after 1.0.
func TestOldestVersion(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.0", Agents: cluster.DefaultAgents(1, ""), PingTimeout: 200 * time.Millisecond}, framework.Options{GPUs: true})
	r.run(&job.Job{Name: "env", Command: `test "$MESOS_TASK_ID" = "$mesos_task_id" && test "$CHRONOS_JOB_NAME" = env && test "$HOST" = agent1`})
	r.over("env", scheduler.Succeeded)
	r.run(&job.Job{Name: "fails", Command: "exit 3"})
	if e := r.over("fails", scheduler.Failed); e.Attempts[0].ExitCode != 3 {
		t.Errorf("exit code %d", e.Attempts[0].ExitCode)
	}
	r.run(&job.Job{Name: "killed", Command: r.gate("killed")})
	r.notice(scheduler.AttemptRunning, "killed")
	r.do(scheduler.KillJob{Name: "killed"})
	r.over("killed", scheduler.Killed)
	r.run(&job.Job{Name: "lost", Command: r.gate("lost")})
	r.notice(scheduler.AttemptRunning, "lost")
	r.sim.Faults().AgentSilent(0)
	if n := r.notice(scheduler.AttemptEnded, "lost"); !n.Lost || n.Attempt.State != scheduler.TaskLost {
		t.Errorf("the attempt ended with %+v, want it lost", n.Attempt)
	}
	r.sim.Faults().AgentReturns(0)
	r.open("lost")
	r.over("lost", scheduler.Succeeded)
}

// TestRemovedFramework: its tasks died with it; they are made good under a new id.
func TestRemovedFramework(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.3"}, framework.Options{})
	r.run(&job.Job{Name: "long", Command: r.gate("long")})
	r.notice(scheduler.AttemptRunning, "long")
	id := r.frameworkID()
	r.sim.Faults().RemoveFramework(id)
	hear(r, "word of it", func(scheduler.Removed) bool { return true })
	if ev := hear(r, "a new id", func(scheduler.Subscribed) bool { return true }); ev.FrameworkID == id {
		t.Errorf("the id is %s again", id)
	}
	r.open("long")
	if e := r.over("long", scheduler.Succeeded); len(e.Attempts) != 2 || e.Attempts[0].State != scheduler.TaskUnknown {
		t.Errorf("attempts %+v", e.Attempts)
	}
}

// frameworkID asks the master for the id of the only framework.
func (r *rig) frameworkID() string {
	r.t.Helper()
	body := r.get("/frameworks")
	_, rest, found := strings.Cut(body, `"frameworks":[`)
	_, rest, found2 := strings.Cut(rest, `"id":"`)
	id, _, found3 := strings.Cut(rest, `"`)
	if !found || !found2 || !found3 {
		r.t.Fatalf("no framework in %s", body)
	}
	return id
}

func (r *rig) get(path string) string {
	r.t.Helper()
	resp, err := http.Get(r.sim.MasterURL() + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(body)
}

// TestFailedOver: another instance with our id ends the term; the next takes over again.
func TestFailedOver(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.3"}, framework.Options{})
	term := r.leader.View().Term
	other, err := mesos.New(r.config)
	if err != nil {
		t.Fatal(err)
	}
	s, err := other.Subscribe(t.Context(), r.frameworkID(), false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	hear(r, "the end of the session", func(scheduler.Disconnected) bool { return true })
	hear(r, "the next term's", func(scheduler.Subscribed) bool { return true })
	defer time.AfterFunc(patience, func() { s.Close() }).Stop()
	for {
		if _, err := s.Next(); err != nil {
			if !errors.Is(err, mesos.ErrFailedOver) {
				t.Errorf("the other was told %v", err)
			}
			break
		}
	}
	if now := r.leader.View().Term; now <= term {
		t.Errorf("term %d after term %d", now, term)
	}
	r.run(&job.Job{Name: "next", Command: "true"})
	r.over("next", scheduler.Succeeded)
}

// TestMaintenanceIsAnswered: an operator plans maintenance of an agent that runs
// a task of ours, and sees that it is in use; no new task is placed there.
func TestMaintenanceIsAnswered(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.3", Agents: cluster.DefaultAgents(2, "")}, framework.Options{})
	pinned := []job.Constraint{{Attribute: "hostname", Operator: "EQUALS", Value: "agent1"}}
	r.run(&job.Job{Name: "long", Command: r.gate("long"), Constraints: pinned})
	r.notice(scheduler.AttemptRunning, "long")
	soon := time.Now().Add(10 * time.Minute).UnixNano()
	plan := fmt.Sprintf(`{"windows":[{"machine_ids":[{"hostname":"agent1","ip":"127.0.0.1"}],"unavailability":{"start":{"nanoseconds":%d},"duration":{"nanoseconds":%d}}}]}`, soon, int64(time.Hour))
	resp, err := http.Post(r.sim.MasterURL()+"/maintenance/schedule", "application/json", strings.NewReader(plan))
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("the plan: %v, %v", resp, err)
	}
	resp.Body.Close()
	hear(r, "the answer", func(a scheduler.AnswerInverse) bool { return !a.Leave && len(a.IDs) == 1 })
	if status := r.get("/maintenance/status"); !strings.Contains(status, "DECLINE") {
		t.Errorf("the operator sees %s", status)
	}
	for i := range 4 {
		name := fmt.Sprint("other", i)
		r.run(&job.Job{Name: name, Command: "true"})
		if e := r.over(name, scheduler.Succeeded); e.Attempts[0].Hostname != "agent2" {
			t.Errorf("%s ran on %s", name, e.Attempts[0].Hostname)
		}
	}
	r.run(&job.Job{Name: "waits", Command: "true", Constraints: pinned})
	hear(r, "offers", func(scheduler.Decline) bool { return true })
	if got := r.explain("waits"); !strings.Contains(got, "1 will be unavailable soon for maintenance") {
		t.Errorf("explained as %q", got)
	}
	r.open("long")
	r.over("long", scheduler.Succeeded)
}

// TestOtherFrameworksGetOffers: a job that is due every second needs an offer at
// hand all the time. Another framework gets the rest of the cluster all the same,
// and while it holds that, and refuses what the job needs, the job goes on.
func TestOtherFrameworksGetOffers(t *testing.T) {
	t.Parallel()
	r := startWith(t, cluster.Config{Version: "1.3", Agents: cluster.DefaultAgents(3, "")}, framework.Options{}, func(c *scheduler.Config) {
		c.Hold, c.Refuse = 100*time.Millisecond, time.Second
	})
	r.do(scheduler.PutJob{Job: &job.Job{Name: "often", Command: "true", Shell: true, CPUs: .1, Mem: 32, Schedule: "R/2026-01-01T00:00:00Z/PT1S", CatchUp: "none",
		Constraints: []job.Constraint{{Attribute: "hostname", Operator: "EQUALS", Value: "agent1"}}}})
	hear(r, "a success", func(n scheduler.Notice) bool {
		return n.Kind == scheduler.RunEnded && n.Entry.Outcome == scheduler.Succeeded
	})
	other := r.config
	other.Framework = framework.Info("other", "root")
	client, err := mesos.New(other)
	if err != nil {
		t.Fatal(err)
	}
	s, err := client.Subscribe(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	got := map[string]bool{}
	timeout := time.AfterFunc(patience, func() { s.Close() })
	defer timeout.Stop()
	for !got["agent2"] || !got["agent3"] {
		ev, err := s.Next()
		if err != nil {
			t.Fatalf("the other framework was offered %v in %v, want agent2 and agent3: %v", got, patience, err)
		}
		for _, o := range ev.GetOffers().GetOffers() {
			if got[o.Hostname] = true; o.Hostname != "agent1" {
				continue
			}
			hour := 3600.0
			if err := s.Call(t.Context(), &calls.Call{Type: calls.Call_DECLINE, Decline: &calls.Call_Decline{OfferIDs: []mesosv1.OfferID{o.ID}, Filters: &mesosv1.Filters{RefuseSeconds: &hour}}}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 2 { // not in a row: the other may have been offered agent1 when a run was due
		hear(r, "a success", func(n scheduler.Notice) bool {
			return n.Kind == scheduler.RunEnded && n.Entry.Outcome == scheduler.Succeeded
		})
	}
}

// TestRefusedLaunch: a launch that the master does not take is told to the core,
// which does not wait for a task that never will be.
func TestRefusedLaunch(t *testing.T) {
	t.Parallel()
	r := start(t, cluster.Config{Version: "1.3"}, framework.Options{})
	bad := func(id string) scheduler.Launch {
		return scheduler.Launch{TaskID: id, Job: &job.Job{Name: "x"}, Run: &scheduler.Run{}, Resources: []scheduler.Resource{{Name: "cpus", Milli: 1, Pool: "no message"}}}
	}
	for n, want := range map[int]scheduler.TaskState{1: scheduler.TaskError, 2: scheduler.TaskDropped} {
		a := scheduler.Accept{AgentID: "S1"}
		for i := range n {
			a.Launches = append(a.Launches, bad(fmt.Sprintf("%d of %d", i, n)))
		}
		if err := r.Perform(t.Context(), a); err == nil || !strings.Contains(err.Error(), "resource cpus") {
			t.Errorf("%d launches: %v", n, err)
		}
		for range n {
			hear(r, "word of it", func(u scheduler.Update) bool {
				return u.Status.State == want && strings.HasSuffix(u.Status.TaskID, fmt.Sprintf("of %d", n)) && u.Status.AgentID == "S1" && u.Status.UUID == ""
			})
		}
	}
}
