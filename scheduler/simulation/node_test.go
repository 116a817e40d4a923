package simulation

import (
	"context"
	"errors"
	"fmt"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/store"
)

// sessionTimeout is how long the seat of a leader that says nothing is kept.
const sessionTimeout = 5 * time.Second

// node is one scheduler process: what package leader is, without goroutines.
type node struct {
	w     *world
	name  string
	store *store.Store

	life   int      // a new one with every term and every start: old plans are void
	asleep bool     // stopped, as by a debugger or a long pause
	parked []func() // what it will do when it wakes

	term     *store.Term // nil: it does not lead
	state    *scheduler.State
	shadow   *scheduler.State // loaded when the session ended; must decide the same
	shadowed int              // batches that it still takes
	wake     time.Time
	timer    int // number of the latest timer
	planned  bool
	inbox    []request
	effects  []scheduler.Effect
	acting   bool
	stream   string
	fid      string
}

type request struct {
	event scheduler.Event
	reply func(Answer)
}

// guard makes a plan that is void when the node's life is over, and waits while it sleeps.
func (n *node) guard(do func()) func() {
	life := n.life
	return func() {
		switch {
		case n.life != life:
		case n.asleep:
			n.parked = append(n.parked, n.guard(do))
		default:
			do()
		}
	}
}

// campaign tries to get the seat. Who does not get it tries again when it is free.
func (n *node) campaign() {
	w := n.w
	if w.holder != nil || n.term != nil {
		return
	}
	again := func() { w.after(w.between(500*time.Millisecond, 2*time.Second), n.guard(n.campaign)) }
	term, err := n.store.Campaign(context.Background(), n.name, nil)
	if err != nil {
		again()
		return
	}
	w.holder, w.latest = n, term.Number
	records, err := n.store.Load(context.Background())
	if err != nil {
		term.Resign()
		w.seatFree()
		again()
		return
	}
	n.begin(term, records)
}

// begin takes up what is stored.
func (n *node) begin(term *store.Term, records scheduler.Records) {
	w := n.w
	w.result.Terms++
	w.tracef("%s leads, term %d: %d jobs, %d runs", n.name, term.Number, len(records.Jobs), len(records.Runs))
	w.note(Loaded{at{w.now}, dump(w.written.records()), dump(records)})
	state, err := scheduler.New(config(), records)
	if err != nil {
		w.broken("what is stored can be used", "%v", err)
		return
	}
	n.life++
	n.term, n.state, n.fid = term, state, state.FrameworkID()
	n.inbox, n.effects, n.acting, n.planned, n.stream, n.shadow = nil, nil, false, false, "", nil
	w.after(w.between(time.Millisecond, 30*time.Millisecond), n.guard(n.subscribe))
	w.after(0, n.guard(n.batch))
}

func config() scheduler.Config {
	c := scheduler.DefaultConfig()
	c.History, c.DisableAfterFailures, c.RetryInterval = 3000, 0, 10*time.Second
	return c
}

// seatFree lets everybody try.
func (w *world) seatFree() {
	w.holder = nil
	for _, n := range w.nodes {
		if n.term == nil {
			w.after(w.between(time.Millisecond, 300*time.Millisecond), n.guard(n.campaign))
		}
	}
}

// subscribe opens a session with the master.
func (n *node) subscribe() {
	w := n.w
	info := framework.Info("hora", "root")
	call := &calls.Call{Type: calls.Call_SUBSCRIBE, Subscribe: &calls.Call_Subscribe{FrameworkInfo: &info}}
	if n.fid != "" {
		id := mesosv1.FrameworkID{Value: n.fid}
		call.FrameworkID, info.ID = &id, &id
	}
	n.stream = w.model.Subscribe(w.now, call, "")
	w.streams[n.stream] = n
}

// receive takes an event of the stream.
func (n *node) receive(ev *calls.Event) {
	if ev.Type == calls.Event_SUBSCRIBED {
		n.fid = ev.Subscribed.FrameworkID.GetValue()
		n.take(request{event: scheduler.Subscribed{FrameworkID: n.fid}})
		return
	}
	if ev.Type == calls.Event_ERROR {
		n.w.tracef("%s: the master says %s", n.name, ev.Error.Message)
	}
	if out := framework.Event(ev); out != nil {
		n.take(request{event: out})
	}
}

func (n *node) streamEnded(stream string) {
	if n.stream != stream {
		return
	}
	n.w.after(time.Millisecond, n.guard(func() {
		if n.stream != stream {
			return
		}
		n.w.tracef("%s: disconnected", n.name)
		n.stream = ""
		n.take(request{event: scheduler.Disconnected{}})
		n.w.after(n.w.between(500*time.Millisecond, 3*time.Second), n.guard(n.subscribe))
	}))
}

// take puts something into the inbox.
func (n *node) take(r request) {
	n.inbox = append(n.inbox, r)
	if !n.planned {
		n.planned = true
		n.w.after(n.w.between(time.Millisecond, 5*time.Millisecond), n.guard(n.batch))
	}
}

// work is a batch in progress.
type work struct {
	batch   store.Batch
	steps   []Stepped
	effects []scheduler.Effect
	answers []func(Answer)
	said    []Answer
	hungUp  bool
}

// batch takes what is in the inbox, decides, writes, answers, and then acts.
func (n *node) batch() {
	n.planned = false
	b := &work{}
	for len(n.inbox) > 0 && len(b.steps) < 512 && b.batch.Bytes() < 128<<10 {
		r := n.inbox[0]
		n.inbox = n.inbox[1:]
		n.step(b, r)
	}
	n.step(b, request{event: scheduler.Tick{}})
	unknown := func() {
		for _, reply := range b.answers {
			reply(Unknown)
		}
	}
	n.crashPoint("before the commit", unknown, func() {
		if err := n.commit(b); err != nil {
			unknown()
			n.w.tracef("%s: %v", n.name, err)
			n.over()
			return
		}
		n.crashPoint("after the commit", unknown, func() { n.finish(b) })
	})
}

// finish answers, acts, and plans what is next.
func (n *node) finish(b *work) {
	for i, reply := range b.answers {
		reply(b.said[i])
	}
	n.effects = append(n.effects, b.effects...)
	n.act()
	w := n.w
	if n.shadowed > 0 {
		if n.shadowed--; n.shadowed == 0 {
			n.shadow = nil
		}
	}
	if b.hungUp && n.stream == "" && n.term.Number == w.latest {
		n.follow()
	}
	if len(n.inbox) > 0 && !n.planned {
		n.planned = true
		w.after(time.Millisecond, n.guard(n.batch))
	}
	n.timer++
	if number := n.timer; !n.wake.IsZero() {
		w.after(max(n.wake.Sub(w.now), time.Millisecond), n.guard(func() {
			if n.timer == number && !n.planned {
				n.batch()
			}
		}))
	}
}

func (n *node) step(b *work, r request) {
	w := n.w
	w.result.Steps++
	out := n.state.Step(w.now, r.event)
	w.mixTime()
	w.mix(eventName(r.event))
	if w.opts.Trace != nil {
		n.traceStep(r.event, out)
	}
	if n.shadow != nil {
		n.compare(r.event, out)
	}
	if out.Err != nil && len(out.Changes)+len(out.Effects) > 0 {
		w.broken("a refusal changes nothing", "%s was refused (%v) with %d changes", eventName(r.event), out.Err, len(out.Changes))
	}
	b.steps = append(b.steps, Stepped{at{w.now}, n.term.Number, r.event, out.Err != nil, out.Changes, len(out.Effects)})
	b.effects = append(b.effects, out.Effects...)
	if r.reply != nil {
		said := OK
		if out.Err != nil {
			said = RefusedAnswer
		}
		b.answers, b.said = append(b.answers, r.reply), append(b.said, said)
	}
	n.wake = out.Wake
	if _, ok := r.event.(scheduler.Disconnected); ok {
		b.hungUp = true
	}
	if err := b.batch.Add(out.Changes); err != nil {
		w.broken("limits", "%v", err)
	}
}

// commit writes a batch and notes what was written, whatever the store says.
func (n *node) commit(b *work) error {
	w := n.w
	if b.batch.Len() == 0 && len(b.effects) == 0 {
		w.noteSteps(b)
		return nil
	}
	w.hooked.written = false
	latest := w.latest
	err := n.store.Commit(context.Background(), n.term, &b.batch)
	w.note(Committed{at{w.now}, n.term.Number, latest, b.batch.Len(), b.batch.Bytes(), w.hooked.written})
	if w.hooked.written {
		w.noteSteps(b)
	}
	if err != nil && !errors.Is(err, store.ErrFenced) && !errors.Is(err, errAway) {
		w.broken("limits", "commit: %v", err)
	}
	return err
}

func (w *world) noteSteps(b *work) {
	for _, s := range b.steps {
		if _, tick := s.Event.(scheduler.Tick); tick && len(s.Changes) == 0 {
			continue
		}
		w.note(s)
		for _, c := range s.Changes {
			w.written.apply(c)
		}
	}
}

// act performs effects, one at a time.
func (n *node) act() {
	if n.acting || len(n.effects) == 0 {
		return
	}
	n.acting = true
	latency := n.w.between(100*time.Microsecond, 2*time.Millisecond)
	if n.w.storm && n.w.chance(.01) {
		latency = n.w.between(10*time.Millisecond, 3*time.Second)
	}
	n.w.after(latency, n.guard(func() {
		n.crashPoint("before an effect", nil, func() {
			n.acting = false
			if len(n.effects) == 0 {
				return
			}
			e := n.effects[0]
			n.effects = n.effects[1:]
			n.perform(e)
			n.act()
		})
	}))
}

func (n *node) perform(e scheduler.Effect) {
	w := n.w
	name := effectName(e)
	w.mix(name)
	if n.stream == "" {
		w.tracef("%s: not subscribed, lost: %s", n.name, name)
		return
	}
	call, err := framework.Call(e)
	if err != nil {
		w.broken("calls are well formed", "%v", err)
		return
	}
	call.FrameworkID = &mesosv1.FrameworkID{Value: n.fid}
	if r := w.model.Validate(call, true, ""); r != nil {
		w.broken("calls are well formed", "%s: %v", name, r)
		return
	}
	if r := w.model.Admit(call, n.stream, ""); r != nil {
		w.tracef("%s: refused: %s: %v", n.name, name, r)
		return
	}
	w.tracef("%s: %s", n.name, name)
	w.model.Call(w.now, call)
}

// crashPoint is where a process may die or fall asleep.
func (n *node) crashPoint(where string, dead, next func()) {
	w := n.w
	if !w.storm || !w.chance(w.opts.Crash) {
		next()
		return
	}
	if w.rnd.IntN(2) == 0 {
		w.tracef("%s dies %s", n.name, where)
		if dead != nil {
			dead()
		}
		n.die()
		return
	}
	d := w.between(100*time.Millisecond, 8*time.Second)
	if w.rnd.IntN(2) == 0 {
		d = w.between(8*time.Second, 60*time.Second)
	}
	w.tracef("%s falls asleep %s for %v", n.name, where, d)
	n.parked = append(n.parked, n.guard(next))
	n.sleep(d)
}

// sleep stops a process for a while. If that takes too long, it is deposed without knowing.
func (n *node) sleep(d time.Duration) {
	if n.asleep {
		return
	}
	w := n.w
	n.asleep = true
	life := n.life
	var tell func()
	if d > sessionTimeout {
		w.after(sessionTimeout, func() {
			if n.life == life && n.asleep && w.holder == n {
				tell = w.server.DeposeUnseen()
				w.seatFree()
			}
		})
	}
	w.after(d, func() {
		if n.life != life {
			return
		}
		w.tracef("%s wakes", n.name)
		n.asleep = false
		if tell != nil {
			w.after(w.between(0, 3*time.Second), n.guard(func() {
				tell()
				w.tracef("%s learns that it is deposed", n.name)
				n.over()
			}))
		}
		parked := n.parked
		n.parked = nil
		for _, do := range parked {
			do()
		}
	})
}

// stop forgets everything; what clients still wait for is unknown to them.
func (n *node) stop() {
	for _, r := range n.inbox {
		if r.reply != nil {
			r.reply(Unknown)
		}
	}
	n.life++
	n.asleep, n.parked, n.inbox, n.effects, n.acting, n.planned = false, nil, nil, nil, false, false
	n.term, n.state, n.shadow = nil, nil, nil
}

// die ends the process at once. The others notice later.
func (n *node) die() {
	w := n.w
	stream, held := n.stream, w.holder == n
	n.stop()
	n.stream = ""
	delete(w.streams, stream)
	w.after(w.between(0, 2*time.Second), func() { w.model.Disconnected(w.now, stream) })
	if held {
		w.after(w.between(sessionTimeout/2, sessionTimeout), func() {
			w.server.Depose()
			w.seatFree()
		})
	}
	w.after(w.between(time.Second, 20*time.Second), n.guard(n.campaign))
}

// over ends a term, as package leader does: resign, hang up, campaign again.
func (n *node) over() {
	w := n.w
	term, stream := n.term, n.stream
	n.stop()
	n.stream = ""
	delete(w.streams, stream)
	if stream != "" {
		w.model.Disconnected(w.now, stream)
	}
	if term != nil {
		term.Resign()
	}
	if w.holder == n {
		w.seatFree()
	}
	w.after(w.between(time.Second, 2*time.Second), n.guard(n.campaign))
}

// follow loads what is stored and lets it take the same steps for a while. It
// begins without a session, when nothing is known that is not stored.
func (n *node) follow() {
	records, err := n.store.Load(context.Background())
	if err != nil {
		return
	}
	if n.shadow, err = scheduler.New(config(), records); err != nil {
		n.w.broken("what is stored can be used", "%v", err)
		return
	}
	n.shadowed = 100
}

// compare lets the state that was loaded take the same step.
func (n *node) compare(ev scheduler.Event, held scheduler.Output) {
	loaded := n.shadow.Step(n.w.now, ev)
	if a, b := describe(held), describe(loaded); a != b {
		n.w.broken(heldIsStored, "%s: %s", eventName(ev), difference(a, b))
		n.shadow = nil
	}
}

// describe writes out what was decided. Questions and kills are repeated by a
// clock that is not stored.
func describe(o scheduler.Output) string {
	s := fmt.Sprint(o.Err, "\n")
	for _, c := range o.Changes {
		s += changeName(c) + "\n"
	}
	for _, e := range o.Effects {
		if accept, ok := e.(scheduler.Accept); ok {
			s += effectName(accept) + "\n"
		}
	}
	return s
}
