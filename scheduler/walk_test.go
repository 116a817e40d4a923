package scheduler_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// walk drives the core at random, from a seed: jobs are made, edited, deleted,
// paused, run and killed; offers and updates come and go; the process crashes
// and loads what it stored. What every step must hold is checked at once.
type walk struct {
	t     *testing.T
	rnd   *rand.Rand
	seed  uint64
	now   time.Time
	state *scheduler.State
	store *store.Store
	term  *store.Term
	cfg   scheduler.Config

	subscribed bool
	offers     map[string]scheduler.Offer
	tasks      map[string]*simTask // live, by id
	used       map[string]bool     // task ids ever launched
	counter    int
	check      func(ev scheduler.Event, out scheduler.Output)
}

type simTask struct {
	agent  string
	killed bool
	state  scheduler.TaskState
}

func newWalk(t *testing.T, seed uint64) *walk {
	w := &walk{
		t: t, seed: seed, rnd: rand.New(rand.NewPCG(seed, 7)), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), cfg: scheduler.DefaultConfig(),
		store: store.New(memory.NewServer().Open()), offers: map[string]scheduler.Offer{}, tasks: map[string]*simTask{}, used: map[string]bool{},
	}
	w.cfg.History, w.cfg.DisableAfterFailures = 5, 4
	var err error
	if w.term, err = w.store.Campaign(t.Context(), "me", nil); err != nil {
		t.Fatal(err)
	}
	w.load()
	return w
}

func (w *walk) fatalf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf("seed %d, at %s: %s", w.seed, w.now.Format(time.RFC3339Nano), fmt.Sprintf(format, args...))
}

// load throws the state away and takes what is stored.
func (w *walk) load() {
	records, err := w.store.Load(context.Background())
	if err != nil {
		w.fatalf("load: %v", err)
	}
	if w.state, err = scheduler.New(w.cfg, records); err != nil {
		w.fatalf("new: %v", err)
	}
	w.subscribed = false
}

func (w *walk) step(ev scheduler.Event) {
	out := w.commit(ev)
	if out.Err != nil && len(out.Changes)+len(out.Effects) > 0 {
		w.fatalf("%T was refused (%v) and changed something", ev, out.Err)
	}
	if err := w.state.CheckIndexes(); err != nil {
		w.fatalf("after %T %+v: %v", ev, ev, err)
	}
	for _, e := range out.Effects {
		w.perform(e)
	}
	if w.check != nil {
		w.check(ev, out)
	}
}

// commit steps and stores.
func (w *walk) commit(ev scheduler.Event) scheduler.Output {
	out := w.state.Step(w.now, ev)
	var b store.Batch
	if err := b.Add(out.Changes); err != nil {
		w.fatalf("%T: %v", ev, err)
	}
	if b.Bytes() > store.MaxCommitBytes/2 || b.Len() > store.MaxCommitOps {
		w.fatalf("%T writes %d bytes in %d records", ev, b.Bytes(), b.Len())
	}
	if err := w.store.Commit(context.Background(), w.term, &b); err != nil {
		w.fatalf("commit: %v", err)
	}
	return out
}

// perform is the Mesos of this test.
func (w *walk) perform(e scheduler.Effect) {
	if !w.subscribed {
		w.fatalf("effect %T without a subscription", e)
	}
	switch e := e.(type) {
	case scheduler.Accept:
		var cpus int64
		for _, id := range e.OfferIDs {
			o, there := w.offers[id]
			if !there || o.AgentID != e.AgentID {
				w.fatalf("offer %s of %s is used and is not there", id, e.AgentID)
			}
			delete(w.offers, id)
			for _, r := range o.Resources {
				if r.Name == "cpus" {
					cpus += r.Milli
				}
			}
		}
		for _, l := range e.Launches {
			if w.used[l.TaskID] {
				w.fatalf("task id %s is used twice", l.TaskID)
			}
			w.used[l.TaskID] = true
			w.tasks[l.TaskID] = &simTask{agent: e.AgentID, state: scheduler.TaskStaging}
			for _, r := range l.Resources {
				if r.Name == "cpus" {
					cpus -= r.Milli
				}
			}
		}
		if cpus < 0 {
			w.fatalf("agent %s has %d thousandths of a cpu too few", e.AgentID, -cpus)
		}
	case scheduler.Decline:
		for _, id := range e.OfferIDs {
			delete(w.offers, id)
		}
	case scheduler.KillTask:
		if task := w.tasks[e.TaskID]; task != nil {
			task.killed = true
		}
	case scheduler.Reconcile:
		for _, ref := range e.Tasks {
			st := scheduler.Status{TaskID: ref.TaskID, AgentID: ref.AgentID, State: scheduler.TaskGone, Reason: "REASON_RECONCILIATION"}
			if task := w.tasks[ref.TaskID]; task != nil {
				st.State = max(task.state, scheduler.TaskRunning)
			}
			if w.rnd.IntN(4) > 0 {
				defer w.step(scheduler.Update{Status: st})
			}
		}
	}
}

var names = []string{"a", "b", "c", "d", "e f", "g"}

// random does one thing at random.
func (w *walk) random() {
	name := names[w.rnd.IntN(len(names))]
	switch n := w.rnd.IntN(44); {
	case n < 12:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(8000)) * time.Millisecond)
		w.step(scheduler.Tick{})
	case n == 12:
		w.now = w.now.Add(time.Duration(w.rnd.IntN(600)) * time.Second)
		w.step(scheduler.Tick{})
	case n < 17:
		w.step(scheduler.PutJob{Job: w.job(name)})
	case n == 17:
		w.step(scheduler.DeleteJob{Name: name})
	case n < 20:
		w.step(scheduler.SetDisabled{Name: name, Disabled: w.rnd.IntN(3) == 0})
	case n == 20:
		w.step(scheduler.RunJob{Name: name, Disabled: w.rnd.IntN(4) == 0})
	case n == 21:
		w.step(scheduler.KillJob{Name: name})
	case n == 22:
		switch w.rnd.IntN(4) {
		case 0:
			w.step(scheduler.DropQueued{Name: name})
		case 1:
			w.step(scheduler.MarkSuccess{Name: name})
		default:
			w.step(scheduler.ReportResult{TaskID: "ct:1:0:" + name + ":", Status: w.rnd.IntN(2)})
		}
	case n == 23:
		w.load()
	case n == 24:
		w.subscribed, w.offers = false, map[string]scheduler.Offer{}
		w.step(scheduler.Disconnected{})
	case n < 27 || !w.subscribed:
		w.subscribed, w.offers = true, map[string]scheduler.Offer{}
		w.step(scheduler.Subscribed{FrameworkID: "F"})
	case n < 32:
		w.offer()
	case n == 32:
		if ids := slices.Sorted(maps.Keys(w.offers)); len(ids) > 0 {
			delete(w.offers, ids[0])
			w.step(scheduler.Rescind{OfferID: ids[0]})
		}
	case n < 40:
		w.update()
	default:
		w.order(name)
	}
}

// order is what people do now and then.
func (w *walk) order(name string) {
	by := func(ev scheduler.Event) { w.step(scheduler.By{Actor: scheduler.Actor{Name: "ann"}, Event: ev}) }
	switch w.rnd.IntN(6) {
	case 0:
		by(scheduler.SkipNext{Name: name, Undo: w.rnd.IntN(3) == 0})
	case 1, 2:
		from := w.now.Add(-time.Duration(w.rnd.IntN(300)) * time.Second)
		by(scheduler.StartBackfill{Name: name, From: from, To: from.Add(time.Duration(w.rnd.IntN(300)) * time.Second), Parallel: 1 + w.rnd.IntN(4)})
	case 3:
		by(scheduler.CancelBackfill{Name: name})
	case 4:
		by(scheduler.KillRun{Run: scheduler.RunKey{UID: scheduler.UID(1 + w.rnd.IntN(8)), Seq: uint64(w.rnd.IntN(20))}})
	default:
		by(scheduler.SetDisabled{Name: name, Disabled: w.rnd.IntN(3) == 0, Reason: "ann says so"})
	}
}

func (w *walk) offer() {
	w.counter++
	o := scheduler.Offer{
		ID: fmt.Sprint("o", w.counter), AgentID: fmt.Sprint("agent", w.rnd.IntN(3)),
		Resources: []scheduler.Resource{{Name: "cpus", Milli: int64(w.rnd.IntN(4000))}, {Name: "mem", Milli: 4096000}},
	}
	w.offers[o.ID] = o
	w.step(scheduler.Offers{Offers: []scheduler.Offer{o}})
}

// update lets a task go on, end, or get lost.
func (w *walk) update() {
	ids := make([]string, 0, len(w.tasks))
	for id := range w.tasks {
		ids = append(ids, id)
	}
	if len(ids) == 0 {
		return
	}
	slices.Sort(ids)
	id := ids[w.rnd.IntN(len(ids))]
	task := w.tasks[id]
	st := scheduler.Status{TaskID: id, AgentID: task.agent, UUID: "u"}
	switch n := w.rnd.IntN(10); {
	case task.killed && n < 8:
		st.State = scheduler.TaskKilled
	case n < 3:
		st.State = scheduler.TaskRunning
	case n < 6:
		st.State = scheduler.TaskFinished
	case n < 8:
		st.State, st.Message = scheduler.TaskFailed, "Command exited with status 1"
	case n == 8:
		st.State, st.Reason, st.UUID = scheduler.TaskLost, "REASON_AGENT_REMOVED", ""
	default:
		st.State, st.Reason = scheduler.TaskError, "REASON_TASK_INVALID"
	}
	if task.state = st.State; st.State > scheduler.TaskKilling {
		delete(w.tasks, id)
	}
	w.step(scheduler.Update{Status: st})
	if w.rnd.IntN(5) == 0 {
		w.step(scheduler.Update{Status: st}) // repeated by Mesos
	}
}

func (w *walk) job(name string) *job.Job {
	pick := func(words ...string) string { return words[w.rnd.IntN(len(words))] }
	j := &job.Job{
		Name: name, Command: "true", Shell: true, CPUs: []float64{.1, 1, 8}[w.rnd.IntN(3)], Mem: 32, Retries: w.rnd.IntN(4),
		RetryInterval: pick("", "PT3S", "PT0S"), Zone: pick("", "Europe/Berlin"), RetryBackoff: pick("", "exponential"), Overlap: pick("", "queue", "skip", "allow", "replace"),
		CatchUp: pick("", "latest", "all", "none"), Epsilon: pick("", "", "PT20S"), Timeout: pick("", "", "PT15S"), Jitter: pick("", "", "PT4S"),
		HighPriority: w.rnd.IntN(4) == 0, SoftError: w.rnd.IntN(4) == 0, Async: w.rnd.IntN(5) == 0, Disabled: w.rnd.IntN(6) == 0, ParentsMode: pick("", "each"),
	}
	switch w.rnd.IntN(5) {
	case 0, 1:
		j.Parents = []string{names[w.rnd.IntN(len(names))], names[w.rnd.IntN(len(names))]}
	case 2:
		j.Trigger = fmt.Sprintf("%s || failed(%s)", names[w.rnd.IntN(4)], names[w.rnd.IntN(4)])
	default:
		start := w.now.Add(time.Duration(w.rnd.IntN(60)-30) * time.Second).Truncate(time.Second)
		j.Schedule = fmt.Sprintf("R%s/%s/PT%dS", pick("", "", "3"), start.Format(time.RFC3339), 1+w.rnd.IntN(30))
		if w.rnd.IntN(4) == 0 {
			j.Schedule = "*/1 * * * *"
		}
	}
	return j
}

func seeds(t *testing.T, n int, f func(t *testing.T, seed uint64)) {
	if testing.Short() {
		n /= 10
	}
	for seed := range uint64(n) {
		f(t, seed)
	}
}

// TestIndexesAgainstScan: after every step each index says what a scan of all records says.
// (The check is in walk.step, as are: refused events change nothing, effects only in a
// subscription, no task id twice, no offer used twice, no agent overbooked.)
func TestIndexesAgainstScan(t *testing.T) {
	t.Parallel()
	seeds(t, 60, func(t *testing.T, seed uint64) {
		w := newWalk(t, seed)
		for range 400 {
			w.random()
		}
	})
}

// TestHeldEqualsLoaded: nothing is known that is not stored.
func TestHeldEqualsLoaded(t *testing.T) {
	t.Parallel()
	seeds(t, 40, func(t *testing.T, seed uint64) {
		w := newWalk(t, seed+1000)
		for i := range 400 {
			w.random()
			if i%10 == 0 {
				held := w.state.Durable()
				records, err := w.store.Load(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				loaded, err := scheduler.New(w.cfg, records)
				if err != nil {
					w.fatalf("%v", err)
				}
				if got := loaded.Durable(); got != held {
					w.fatalf("held:\n%s\nloaded:\n%s", held, got)
				}
			}
		}
	})
}

// TestEverySlotIsDecidedOnce: whenever slots are decided, there is a run or an
// entry for each of them.
func TestEverySlotIsDecidedOnce(t *testing.T) {
	t.Parallel()
	seeds(t, 60, func(t *testing.T, seed uint64) {
		w := newWalk(t, seed+2000)
		decided := map[scheduler.UID]time.Time{}
		known := map[scheduler.RunKey]bool{}
		w.check = func(ev scheduler.Event, out scheduler.Output) {
			n, to := map[scheduler.UID]int64{}, map[scheduler.UID]time.Time{}
			for _, c := range out.Changes {
				switch c := c.(type) {
				case scheduler.PutRun:
					if c.Run.Kind == scheduler.OfSlot && !known[c.Run.RunKey] {
						known[c.Run.RunKey] = true
						n[c.Run.UID]++
					}
				case scheduler.PutEntry:
					if c.Entry.Kind == scheduler.OfSlot && c.Entry.Run == "" {
						n[c.Entry.UID] += c.Entry.Count
					}
				case scheduler.PutJobState:
					to[c.State.UID] = c.State.Decided
				}
			}
			for uid, thru := range to {
				from, seen := decided[uid]
				decided[uid] = thru
				if _, put := ev.(scheduler.PutJob); put || !seen {
					continue // a new schedule begins where it likes
				}
				def := w.state.Definition(uid)
				if def == nil || def.When == nil {
					continue
				}
				if _, want := def.When.Range(from, thru); want != n[uid] {
					w.fatalf("%T: %q decided %d slots from %v to %v, and %d are accounted for", ev, def.Name, want, from, thru, n[uid])
				}
			}
		}
		for range 400 {
			w.random()
		}
	})
}

// TestDeterministic: the same events at the same times give the same outputs, in the same order.
func TestDeterministic(t *testing.T) {
	t.Parallel()
	seeds(t, 20, func(t *testing.T, seed uint64) {
		var traces [2]strings.Builder
		for i := range traces {
			w := newWalk(t, seed+3000)
			w.check = func(ev scheduler.Event, out scheduler.Output) {
				fmt.Fprintf(&traces[i], "%T %v %v\n", ev, out.Err, out.Wake)
				for _, c := range out.Changes {
					fmt.Fprintf(&traces[i], "%T\n", c)
				}
				for _, e := range out.Effects {
					if a, ok := e.(scheduler.Accept); ok {
						fmt.Fprintf(&traces[i], "%v %s", a.OfferIDs, a.AgentID)
						for _, l := range a.Launches {
							fmt.Fprintf(&traces[i], " %s %v", l.TaskID, l.Resources)
						}
					} else {
						fmt.Fprintf(&traces[i], "%+v\n", e)
					}
				}
			}
			for range 300 {
				w.random()
			}
		}
		if a, b := traces[0].String(), traces[1].String(); a != b {
			t.Fatalf("seed %d: two runs differ: %s", seed+3000, diff(a, b)[:200])
		}
	})
}

// TestCatchUpLimit: catchUp all runs the newest missed slots up to the limit,
// and records the others.
func TestCatchUpLimit(t *testing.T) {
	t.Parallel()
	w := newWalk(t, 1)
	w.commit(scheduler.PutJob{Job: &job.Job{
		Name: "a", Command: "true", Shell: true, CPUs: .1, Mem: 1, CatchUp: "all", Overlap: "allow", Schedule: "R/2026-01-01T00:00:01Z/PT1S",
	}})
	w.now = w.now.Add(1000 * time.Second)
	var missed int64
	var slots []time.Time
	for _, c := range w.commit(scheduler.Tick{}).Changes {
		switch c := c.(type) {
		case scheduler.PutEntry:
			missed += c.Entry.Count
		case scheduler.PutRun:
			slots = append(slots, c.Run.Slot)
		}
	}
	if missed != 900 || len(slots) != scheduler.MaxCatchUp {
		t.Fatalf("%d slots were recorded as missed and %d run, want 900 and %d", missed, len(slots), scheduler.MaxCatchUp)
	}
	if first := w.now.Add(-99 * time.Second); !slots[0].Equal(first) || !slices.IsSortedFunc(slots, time.Time.Compare) {
		t.Errorf("the slots from %v on run, want those from %v on, oldest first", slots[0], first)
	}
}

// TestStepsStayWithinACommit: however much is due, a step writes no more than
// half of what a commit takes (walk.commit checks it), and what is left over is
// done by the next.
func TestStepsStayWithinACommit(t *testing.T) {
	t.Parallel()
	w := newWalk(t, 1)
	const jobs = 600
	for i := range jobs {
		w.commit(scheduler.PutJob{Job: &job.Job{
			Name: fmt.Sprint("job", i), Command: "true", Shell: true, CPUs: .1, Mem: 1, CatchUp: []string{"latest", "all"}[i%2],
			Schedule: "R/2026-01-01T00:00:10Z/PT1S",
		}})
	}
	w.now = w.now.Add(30 * time.Second)
	runs, ticks := 0, 0
	for again := true; again; ticks++ {
		out := w.commit(scheduler.Tick{})
		for _, c := range out.Changes {
			if _, ok := c.(scheduler.PutRun); ok {
				runs++
			}
		}
		again = !out.Wake.IsZero() && !out.Wake.After(w.now)
	}
	if want := jobs/2 + jobs/2*21; runs != want {
		t.Errorf("%d runs were made, want %d", runs, want)
	}
	if ticks < 10 {
		t.Errorf("%d ticks sufficed: the limit of a step was not tried", ticks)
	}
	if err := w.state.CheckIndexes(); err != nil {
		t.Error(err)
	}
}
