package simulation

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// Options say what a run is like. Zero values mean their defaults.
type Options struct {
	Storm time.Duration // how long things go wrong
	Rest  time.Duration // how long they do not, afterwards
	Trace io.Writer     // a readable trace
	Until time.Time     // the trace ends here; zero: at the end
	Crash float64       // probability of a crash at each point where one may happen; negative: none

	Stay bool // no failover after the storm

	// Workload sets up what clients do; nil is a mixture of everything.
	Workload func(*world)
}

// Result is what came of a run.
type Result struct {
	Log   []Fact
	Hash  uint64 // of every event, write and effect
	Steps int
	Terms int
	Tasks int // executed
}

// epoch is when every simulation begins.
var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// world is everything: time, the cluster, the store, the nodes and the clients.
type world struct {
	rnd     *rand.Rand
	opts    Options
	now     time.Time
	actions agenda
	seq     int

	model   *mesossim.Model
	agents  []bool // by index: away
	procs   map[string]*process
	streams map[string]*node

	server  *memory.Server
	hooked  hooked
	nodes   []*node
	holder  *node     // of the seat of the leader
	spare   time.Time // the Jepsen workload takes no process away before
	latest  int64     // number of the latest term
	written *mirror

	storm   bool
	clients clients
	result  Result
}

// hooked is what the hooks of the store need to know.
type hooked struct {
	away    time.Time // the store answers nobody before
	written bool      // the last commit
}

type action struct {
	at  time.Time
	seq int
	do  func()
}

type agenda []action

func (a agenda) Len() int { return len(a) }
func (a agenda) Less(i, j int) bool {
	return a[i].at.Before(a[j].at) || a[i].at.Equal(a[j].at) && a[i].seq < a[j].seq
}
func (a agenda) Swap(i, j int) { a[i], a[j] = a[j], a[i] }
func (a *agenda) Push(x any)   { *a = append(*a, x.(action)) }
func (a *agenda) Pop() any {
	old := *a
	x := old[len(old)-1]
	old[len(old)-1] = action{}
	*a = old[:len(old)-1]
	return x
}

// offerTimeout is the master's: without a failover nothing else frees an offer
// whose ACCEPT got lost.
func offerTimeout(o Options) time.Duration {
	if o.Stay {
		return time.Minute
	}
	return 0
}

// Run simulates one seed.
func Run(seed uint64, o Options) Result {
	if o.Storm == 0 {
		o.Storm = 3 * time.Minute
	}
	if o.Rest == 0 {
		o.Rest = 4 * time.Minute
	}
	if o.Crash == 0 {
		o.Crash = 1.0 / 400
	}
	w := &world{
		rnd: rand.New(rand.NewPCG(seed, 0x686f7261)), opts: o, now: epoch, procs: map[string]*process{}, streams: map[string]*node{},
		server: memory.NewServer(), written: newMirror(), storm: true,
	}
	w.result.Hash = 14695981039346656037
	w.server.SetHooks(w.hooks())
	profile := []mesossim.Profile{mesossim.Mesos1_3, mesossim.Mesos1_4, mesossim.Mesos1_11}[w.rnd.IntN(3)]
	w.model = mesossim.New(w.now, mesossim.Options{Profile: profile, Seed: seed, Tamper: w.tamper, CompletedTasks: -1, OfferTimeout: offerTimeout(o)})
	w.addAgents()
	for i := range 2 + w.rnd.IntN(2) {
		n := &node{w: w, name: fmt.Sprint("node", i+1), store: store.New(w.server.Open())}
		w.nodes = append(w.nodes, n)
		w.after(time.Duration(i*50)*time.Millisecond, n.guard(n.campaign))
	}
	if o.Workload != nil {
		o.Workload(w)
	} else {
		w.mixture()
	}
	if o.Crash > 0 {
		w.after(w.between(5*time.Second, 20*time.Second), w.fault)
	}
	w.after(o.Storm, w.calm)
	end := epoch.Add(o.Storm + o.Rest)
	w.run(end)
	w.rest()
	return w.result
}

func (w *world) run(end time.Time) {
	for {
		var next time.Time
		if len(w.actions) > 0 {
			next = w.actions[0].at
		}
		if m := w.model.Next(); !m.IsZero() && (next.IsZero() || m.Before(next)) {
			if m.After(end) {
				break
			}
			if m.After(w.now) {
				w.now = m
			}
			w.model.Advance(w.now)
		} else {
			if next.IsZero() || next.After(end) {
				break
			}
			a := heap.Pop(&w.actions).(action)
			if a.at.After(w.now) {
				w.now = a.at
			}
			a.do()
		}
		w.pump()
	}
	w.now = end
}

// after does something later.
func (w *world) after(d time.Duration, do func()) {
	w.seq++
	heap.Push(&w.actions, action{w.now.Add(d), w.seq, do})
}

func (w *world) between(from, to time.Duration) time.Duration {
	return from + time.Duration(w.rnd.Int64N(int64(to-from)))
}

func (w *world) chance(p float64) bool { return p > 0 && w.rnd.Float64() < p }

func (w *world) note(f Fact) { w.result.Log = append(w.result.Log, f) }

func (w *world) broken(promise, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	w.tracef("BROKEN %s: %s", promise, text)
	w.note(Broken{at{w.now}, promise, text})
}

func (w *world) tracef(format string, args ...any) {
	if w.opts.Trace != nil && (w.opts.Until.IsZero() || !w.now.After(w.opts.Until)) {
		fmt.Fprintf(w.opts.Trace, "%9.3f  %s\n", w.now.Sub(epoch).Seconds(), fmt.Sprintf(format, args...))
	}
}

// mix adds something to the hash of the trace (FNV-1a).
func (w *world) mix(s string) {
	h := w.result.Hash
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	w.result.Hash = (h ^ 0xff) * 1099511628211
}

func (w *world) mixTime() {
	w.result.Hash = (w.result.Hash ^ uint64(w.now.UnixNano())) * 1099511628211
}

var errAway = errors.New("the store does not answer")

func (w *world) isAway() bool { return w.now.Before(w.hooked.away) }

func (w *world) hooks() memory.Hooks {
	return memory.Hooks{
		Campaign: func(context.Context, string) error {
			if w.isAway() {
				return errAway
			}
			return nil
		},
		Load: func(context.Context, string) error {
			if w.isAway() {
				return errAway
			}
			return nil
		},
		BeforeCommit: func(_ context.Context, _ *store.Term, ops []store.Op) error {
			w.hooked.written = false
			if w.isAway() && w.rnd.IntN(3) > 0 {
				return errAway
			}
			for _, op := range ops {
				w.mix(op.Key)
				w.mix(string(op.Value))
			}
			return nil
		},
		AfterCommit: func(context.Context, *store.Term, []store.Op) error {
			w.hooked.written = true
			if w.isAway() {
				return errAway
			}
			return nil
		},
	}
}

func (w *world) addAgents() {
	for i := range 3 + w.rnd.IntN(3) {
		resources, err := mesossim.ParseResources("cpus:32;mem:65536;disk:100000;ports:[31000-31999]")
		if err != nil {
			panic(err)
		}
		attributes, err := mesossim.ParseAttributes(fmt.Sprintf("rack:r%d", i%2))
		if err != nil {
			panic(err)
		}
		spec := mesossim.AgentSpec{Hostname: fmt.Sprint("agent", i+1), Port: 5051 + i, Resources: resources, Attributes: attributes}
		if _, err := w.model.AddAgent(w.now, spec); err != nil {
			panic(err)
		}
		w.agents = append(w.agents, false)
	}
}

// process is the execution of a task.
type process struct {
	spec    *mesossim.LaunchSpec
	started bool
	over    bool
}

// pump takes what the cluster gave out to those whom it concerns.
func (w *world) pump() {
	for _, d := range w.model.Drain() {
		n := w.streams[d.Stream]
		if n == nil {
			continue
		}
		if d.Event != nil {
			n.receive(d.Event)
		}
		if d.End != mesossim.Open {
			delete(w.streams, d.Stream)
			n.streamEnded(d.Stream)
		}
	}
	for _, c := range w.model.Commands() {
		w.command(c)
	}
}

// command is what executors do.
func (w *world) command(c mesossim.Command) {
	id := c.ContainerID
	switch c.Kind {
	case mesossim.Launch:
		p := &process{spec: c.Launch}
		w.procs[id] = p
		task := c.Launch.Task.TaskID.Value
		key, attempt, err := parseTask(task)
		if err != nil {
			w.broken("task ids", "%v", err)
		}
		w.result.Tasks++
		w.mix("start " + task)
		w.tracef("agent%d executes %s", c.Launch.Agent+1, task)
		w.note(Started{at{w.now}, task, key, attempt, fmt.Sprint("agent", c.Launch.Agent+1)})
		life := behaviour(w, c.Launch.Task.Command.GetValue())
		if strings.HasSuffix(c.Launch.Task.Command.GetValue(), asyncMark) {
			w.willReport(task)
		}
		if life.broken {
			w.after(100*time.Millisecond, func() {
				if w.end(id, 1, true) {
					w.model.LaunchFailed(w.now, id, "no such image")
				}
			})
			return
		}
		w.after(life.start, func() { w.begin(id) })
		w.after(life.start+life.duration, func() { w.exit(id, mesossim.Exit{Status: life.exit}) })
	case mesossim.Kill:
		grace := w.between(10*time.Millisecond, 600*time.Millisecond)
		w.after(grace, func() { w.exit(id, mesossim.Exit{Signal: "Terminated"}) })
	case mesossim.Destroy:
		w.end(id, -1, true)
	}
}

func (w *world) begin(id string) {
	if p := w.procs[id]; p != nil && !p.over && !p.started {
		p.started = true
		w.model.Started(w.now, id, 100+len(w.procs))
	}
}

func (w *world) exit(id string, e mesossim.Exit) {
	w.begin(id)
	if w.end(id, e.Status, e.Signal != "") {
		w.model.Exited(w.now, id, e)
	}
}

// end notes that a process is over; false if it was.
func (w *world) end(id string, status int, killed bool) bool {
	p := w.procs[id]
	if p == nil || p.over {
		return false
	}
	p.over = true
	task := p.spec.Task.TaskID.Value
	w.mix("end " + task)
	w.tracef("agent%d: %s is over, status %d, killed %v", p.spec.Agent+1, task, status, killed)
	w.note(Ended{at{w.now}, task, status, killed})
	return true
}

type life struct {
	start, duration time.Duration
	exit            int
	broken          bool
}

// behaviour reads a command of the form "run <ms> <percent that fails> <exit code>".
func behaviour(w *world, command string) life {
	var ms, percent, code int
	if _, err := fmt.Sscanf(command, "run %d %d %d", &ms, &percent, &code); err != nil {
		w.broken("commands", "command %q: %v", command, err)
	}
	l := life{start: w.between(10*time.Millisecond, 400*time.Millisecond), duration: time.Duration(ms) * time.Millisecond}
	if ms > 0 {
		l.duration += w.between(0, 100*time.Millisecond)
	}
	if w.rnd.IntN(100) < percent {
		l.exit = code
	}
	l.broken = w.storm && percent > 0 && w.chance(.02)
	return l
}
