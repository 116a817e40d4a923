package mesossim

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"hash/fnv"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"
)

func TestUnacknowledgedUpdatesComeAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Profile: Mesos1_11}, 1)
	w.subscribe(framework1())
	c := w.launch("a")
	w.events = nil
	w.m.Started(w.now, c, 1)
	w.m.Exited(w.now, c, Exit{})
	w.pump()
	first := w.updates()
	if len(first) != 1 || *first[0].State != mesos.TASK_STARTING {
		t.Fatalf("first: %v", first)
	}
	for _, wait := range []time.Duration{10, 20, 40, 80, 160, 320, 600, 600} {
		w.advance(wait*time.Second - 1)
		w.expect("before the retry", "")
		w.advance(1)
		again := w.updates()
		if len(again) != 1 || string(again[0].UUID) != string(first[0].UUID) {
			t.Fatalf("retry after %d s: %v", wait, again)
		}
	}
	w.ack(first[0])
	next := w.updates()
	if len(next) != 1 || *next[0].State != mesos.TASK_RUNNING {
		t.Fatalf("after the first acknowledgement: %v", next)
	}
	w.ack(first[0]) // a second time: no effect
	w.expect("after a double acknowledgement", "")
	w.ack(next[0])
	last := w.updates()
	w.ack(last[0])
	w.reconcile()
	w.expect("when all is acknowledged", "")
}

// TestReconciliation is the table of Mesos contract 3.4 with the recordings'
// corrections, for each profile and both kinds of framework.
func TestReconciliation(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		profile                Profile
		aware                  bool
		registered, lost       string
		gone, unknown, nowhere string
	}{
		{Mesos1_0, false, "TASK_LOST", "TASK_LOST", "TASK_LOST", "TASK_LOST", "TASK_LOST"},
		{Mesos1_3, false, "TASK_LOST", "TASK_LOST", "TASK_LOST", "TASK_LOST", "TASK_LOST"},
		{Mesos1_3, true, "TASK_UNKNOWN", "TASK_UNREACHABLE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN", "TASK_UNKNOWN"},
		{Mesos1_11, false, "TASK_LOST", "TASK_LOST", "TASK_LOST", "TASK_LOST", "TASK_LOST"},
		{Mesos1_11, true, "TASK_GONE", "TASK_UNREACHABLE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN", "TASK_UNKNOWN"},
	} {
		t.Run(fmt.Sprintf("%s aware=%v", x.profile.Version(), x.aware), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, Options{Profile: x.profile}, 3)
			info := framework1()
			if x.aware {
				info = framework1(mesos.FrameworkInfo_Capability_PARTITION_AWARE)
			}
			w.subscribe(info)
			id := func(i int) string { return w.m.AgentID(i) }
			w.m.AgentLost(w.now, 1)
			w.advance(75 * time.Second)
			w.m.AgentGone(w.now, 2)
			w.pump()
			w.events = nil
			for _, q := range []struct{ agent, want, message string }{
				{id(0), x.registered, "Reconciliation: Task is unknown to the agent"},
				{id(1), x.lost, "Reconciliation: Task is unreachable"},
				{id(2), x.gone, "Reconciliation: Task is gone"},
				{"no-such-agent", x.unknown, "Reconciliation: Task is unknown"},
				{"", x.nowhere, "Reconciliation: Task is unknown"},
			} {
				w.reconcile(ask("t", q.agent))
				got := w.updates()
				if len(got) != 1 || got[0].State.String() != q.want || got[0].GetMessage() != q.message || got[0].UUID != nil || (got[0].AgentID == nil) != (q.agent == "") {
					t.Errorf("agent %q: got %v, want %s %q", q.agent, got, q.want, q.message)
				}
			}
			c := w.launch("t")
			w.events = nil
			w.reconcile(ask("t", "no-such-agent"))
			w.expect("a staged task", "TASK_STAGING")
			w.m.Started(w.now, c, 1)
			w.pump()
			w.events = nil
			w.m.MasterFails(w.now)
			w.pump()
			w.subscribe(info)
			w.events = nil
			w.reconcile(ask("t", id(0)), ask("t", ""))
			w.reconcile()
			w.expect("before agents return to a new master", "")
			w.reconcile(ask("t", "no-such-agent"))
			w.expect("an agent that no master knew", x.unknown)
		})
	}
}

func TestMasterFailover(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Profile: Mesos1_11}, 1)
	w.subscribe(framework1())
	c := w.launch("a")
	w.m.Started(w.now, c, 1)
	w.pump()
	old := w.fid.Value
	w.m.MasterFails(w.now)
	w.pump()
	if w.ended != Broken {
		t.Errorf("the old stream's end: %v", w.ended)
	}
	if r := w.m.Admit(&scheduler.Call{Type: scheduler.Call_REVIVE, FrameworkID: w.fid}, w.stream, ""); r == nil || r.Body != "Framework cannot be found" {
		t.Errorf("a call to the new master: %v", r)
	}
	w.subscribe(framework1())
	if w.fid.Value != old {
		t.Errorf("the framework id changed from %s to %s", old, w.fid.Value)
	}
	if len(w.offers) != 0 {
		t.Errorf("offers before an agent is back: %v", w.offers)
	}
	w.events = nil
	w.m.AgentReturns(w.now, 0)
	w.pump()
	w.expect("the unacknowledged update", "TASK_STARTING")
	if len(w.offers) != 1 || w.offers[0].Resources[0].Scalar.Value != 3.9 {
		t.Errorf("offers after the return: %v", w.offers)
	}
}

func TestUnreachableAgentReturns(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		profile     Profile
		aware       bool
		lost, later string
	}{
		{Mesos1_3, false, "TASK_LOST", "TASK_LOST"}, // killed on return
		{Mesos1_3, true, "TASK_UNREACHABLE", "TASK_RUNNING"},
		{Mesos1_11, false, "TASK_LOST", "TASK_RUNNING TASK_RUNNING"}, // AGENT_REREGISTERED, then the answer
		{Mesos1_11, true, "TASK_UNREACHABLE", "TASK_RUNNING TASK_RUNNING"},
	} {
		w := newWorld(t, Options{Profile: x.profile}, 1)
		info := framework1()
		if x.aware {
			info = framework1(mesos.FrameworkInfo_Capability_PARTITION_AWARE)
		}
		w.subscribe(info)
		c := w.launch("a")
		w.m.Started(w.now, c, 1)
		w.pump()
		for ups := w.updates(); len(ups) > 0; ups = w.updates() {
			w.ack(ups[0])
		}
		w.m.AgentSilent(w.now, 0)
		w.advance(75 * time.Second)
		w.expect("given up", x.lost)
		w.m.AgentReturns(w.now, 0)
		w.pump()
		w.reconcile(ask("a", w.m.AgentID(0)))
		w.expect(fmt.Sprintf("%s aware=%v: back", x.profile.Version(), x.aware), x.later)
	}
}

func TestFailoverTimeoutCountsFromTheDisconnect(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Profile: Mesos1_11}, 1)
	w.subscribe(framework1())
	w.launch("a")
	w.m.Disconnected(w.now, w.stream)
	w.advance(time.Hour - 1)
	if r := w.m.Admit(&scheduler.Call{Type: scheduler.Call_REVIVE, FrameworkID: w.fid}, w.stream, ""); r == nil || r.Status != 403 {
		t.Errorf("just before: %v", r)
	}
	w.advance(1)
	if r := w.m.Admit(&scheduler.Call{Type: scheduler.Call_REVIVE, FrameworkID: w.fid}, w.stream, ""); r == nil || r.Status != 400 {
		t.Errorf("at the timeout: %v", r)
	}
	if len(w.live) != 0 {
		t.Errorf("tasks that live on: %v", w.live)
	}
	w.subscribe(framework1())
	if len(w.events) != 1 || w.events[0].GetError().GetMessage() != "Framework has been removed" || w.ended != Finished {
		t.Errorf("subscribing again: %v", w.events)
	}
}

func TestTamper(t *testing.T) {
	t.Parallel()
	fates := map[string]Fate{}
	w := newWorld(t, Options{Profile: Mesos1_3, Tamper: func(m Message) Fate {
		name := ""
		if m.Call != nil {
			name = m.Call.Type.String()
		} else {
			name = m.Event.Type.String()
		}
		f := fates[name]
		delete(fates, name)
		return f
	}}, 1)
	w.subscribe(framework1())
	c := w.launch("a")
	w.events = nil
	fates["UPDATE"] = Fate{Lose: true}
	w.m.Started(w.now, c, 1)
	w.pump()
	w.expect("lost", "")
	w.advance(10 * time.Second)
	w.expect("sent again", "TASK_RUNNING")
	fates["KILL"] = Fate{Delay: time.Minute, Copies: 1}
	w.call(&scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: "a"}}})
	before := len(w.trace)
	w.advance(time.Minute)
	kills := 0
	for _, line := range w.trace[before:] {
		if strings.Contains(line, "command "+strconv.Itoa(int(Kill))) {
			kills++
		}
	}
	if kills != 2 {
		t.Errorf("%d kills after a delayed and doubled one: %v", kills, w.trace[before:])
	}
}

// TestRandomLife lives through random events twice and checks after each that
// nothing is lost: of resources, of updates, of repeatability.
func TestRandomLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		profile := rapid.SampledFrom([]Profile{Mesos1_0, Mesos1_3, Mesos1_4, Mesos1_11}).Draw(rt, "profile")
		seed := rapid.Uint64Range(0, 1<<40).Draw(rt, "seed")
		// The steps come from the seed, not from rapid, whose numbers are mostly small.
		source := idSource{state: seed}
		steps := make([]uint64, rapid.IntRange(1, 300).Draw(rt, "steps"))
		for i := range steps {
			steps[i] = source.next()
		}
		one := live(t, rt, profile, seed, steps)
		two := live(t, rt, profile, seed, steps)
		if one != two {
			rt.Fatalf("two lives from one seed differ")
		}
	})
}

// fatalTB lets a world fail a rapid check.
type fatalTB struct {
	testing.TB
	rt *rapid.T
}

func (f fatalTB) Helper()                           {}
func (f fatalTB) Fatal(args ...any)                 { f.rt.Fatal(args...) }
func (f fatalTB) Fatalf(format string, args ...any) { f.rt.Fatalf(format, args...) }
func (f fatalTB) Errorf(format string, args ...any) { f.rt.Errorf(format, args...) }

func live(t *testing.T, rt *rapid.T, profile Profile, seed uint64, steps []uint64) uint64 {
	w := newWorld(fatalTB{t, rt}, Options{Profile: profile, Seed: seed}, 3)
	info := func() *mesos.FrameworkInfo {
		if seed%2 == 0 {
			return framework1(mesos.FrameworkInfo_Capability_PARTITION_AWARE)
		}
		return framework1()
	}
	w.subscribe(info())
	n := 0
	var unacked []*mesos.TaskStatus
	for _, step := range steps {
		pick := func(k int) int { v := int(step>>8) % k; return v }
		switch step % 16 {
		case 0, 1, 2, 3:
			if len(w.offers) > 0 {
				n++
				o := w.offers[0]
				w.offers = w.offers[1:]
				w.accept(float64(pick(4)), []mesos.OfferID{o.ID}, taskInfo(fmt.Sprintf("t%d", n%40), o.AgentID.Value, float64(pick(50))/10, 32))
			}
		case 4:
			if len(w.offers) > 0 {
				w.call(&scheduler.Call{Type: scheduler.Call_DECLINE, Decline: &scheduler.Call_Decline{OfferIDs: []mesos.OfferID{w.offers[0].ID}}})
				w.offers = w.offers[1:]
			}
		case 5, 6:
			if len(w.order) > 0 {
				w.m.Started(w.now, w.order[pick(len(w.order))], 1)
			}
		case 7, 8:
			if len(w.order) > 0 {
				w.m.Exited(w.now, w.order[pick(len(w.order))], Exit{Status: pick(2)})
			}
		case 9, 10:
			if len(unacked) > 0 {
				i := pick(len(unacked))
				w.ack(unacked[i])
				unacked = append(unacked[:i:i], unacked[i+1:]...)
			}
		case 11:
			w.call(&scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesos.TaskID{Value: fmt.Sprintf("t%d", pick(40))}}})
		default:
			w.misfortune(int(step%16), pick, info)
		}
		w.pump()
		w.advance(time.Duration(step>>16%3000) * time.Millisecond)
		for _, st := range w.updates() {
			if st.UUID != nil {
				unacked = append(unacked, st)
			}
		}
		w.conserved()
	}
	h := fnv.New64a()
	for _, line := range w.trace {
		h.Write([]byte(line))
	}
	return h.Sum64()
}

// misfortune is what happens to streams, agents and masters.
func (w *world) misfortune(kind int, pick func(int) int, info func() *mesos.FrameworkInfo) {
	switch {
	case kind == 12:
		w.m.Disconnected(w.now, w.stream)
		w.advance(time.Duration(pick(20)) * time.Second)
		w.subscribe(info())
	case kind == 13:
		do := []func(time.Time, int){w.m.AgentLost, w.m.AgentSilent, w.m.AgentDies, w.m.AgentLeaves, w.m.AgentGone}
		do[pick(len(do))](w.now, pick(3))
	case kind == 14:
		w.m.AgentReturns(w.now, pick(3))
	case pick(8) == 0:
		w.m.MasterFails(w.now)
		w.pump()
		w.subscribe(info())
	default:
		w.reconcile()
	}
}

// conserved checks that every agent's resources are free, offered or used.
func (w *world) conserved() {
	w.t.Helper()
	for _, a := range w.m.agents {
		if a.state != agentActive {
			continue
		}
		sum := a.free
		for _, o := range w.m.offersOf(nil, a) {
			sum = sum.plus(o.amount)
		}
		for tk := range a.tasks {
			if !tk.freed {
				sum = sum.plus(tk.amount)
			}
			if tk.fw.tasks[tk.id()] != tk {
				w.t.Fatalf("task %s is on its agent but not in its framework", tk.id())
			}
		}
		if !sum.within(a.total) || !a.total.within(sum) {
			w.t.Fatalf("agent %s: %v in all, %v accounted for", a.id, a.total, sum)
		}
	}
	for _, fw := range w.m.master.order {
		for _, tk := range fw.tasks {
			if _, ok := tk.agent.tasks[tk]; !ok {
				w.t.Fatalf("task %s is in its framework but not on its agent", tk.id())
			}
		}
	}
}

// TestPurity holds that the model has no clock, no I/O, no goroutine and no
// randomness of its own.
func TestPurity(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	forbidden := []string{"os", "io", "net", "sync", "math/rand", "crypto", "log", "context", "runtime", "unsafe"}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), ".go") || strings.HasSuffix(f.Name(), "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), f.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, imp := range file.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			for _, bad := range forbidden {
				if path == bad || strings.HasPrefix(path, bad+"/") {
					t.Errorf("%s imports %s", f.Name(), path)
				}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType:
				t.Errorf("%s uses concurrency", f.Name())
			case *ast.SelectorExpr:
				if id, ok := x.X.(*ast.Ident); ok && id.Name == "time" && strings.Contains(" Now Since Until Sleep After AfterFunc NewTimer NewTicker Tick ", " "+x.Sel.Name+" ") {
					t.Errorf("%s uses time.%s", f.Name(), x.Sel.Name)
				}
			}
			return true
		})
	}
}

// BenchmarkLife measures a step of a task's whole life: accept, started, exited,
// two acknowledgements and the time between.
func BenchmarkLife(b *testing.B) {
	w := newWorld(b, Options{Profile: Mesos1_11, CompletedTasks: -1}, 10)
	w.subscribe(framework1())
	n := 0
	for b.Loop() {
		for len(w.offers) == 0 {
			w.advance(time.Second)
		}
		n++
		c := w.launch(fmt.Sprintf("t%d", n))
		delete(w.live, c)
		w.order = w.order[:0]
		w.m.Started(w.now, c, 1)
		w.m.Exited(w.now, c, Exit{})
		w.pump()
		for range 3 {
			for _, st := range w.updates() {
				w.ack(st)
			}
		}
		w.trace = w.trace[:0]
	}
}
