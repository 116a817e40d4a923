package leader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
)

// errRecords says that the stored records contradict each other.
var errRecords = errors.New("stored records cannot be used")

// errLost says that the term was taken from us.
var errLost = errors.New("leadership was lost")

// term is one period of leadership. It begins with what is stored and is
// thrown away at its end.
type term struct {
	opts      *Options
	log       *slog.Logger // with the term
	store     *store.Term
	state     *scheduler.State
	publisher *publisher
	publish   func(*View)

	inbox chan request
	acts  chan []scheduler.Effect
	acted chan struct{} // closed when nothing will be done any more
	over  chan struct{} // closed when the term takes no more events
	wake  time.Time

	next   batch // what is stepped and not committed yet
	flying batch // what is being committed; its done is nil if nothing is
	others sync.WaitGroup
}

type request struct {
	event scheduler.Event
	reply chan error // capacity 1; nil if nobody waits
}

// lead wins an election and leads until the term ends, or until stop, when it
// hands over: win, load, subscribe, run.
func (l *Leader) lead(stop context.Context) error {
	won, err := l.opts.Store.Campaign(stop, l.opts.Self, l.follow)
	if err != nil {
		if stop.Err() == nil {
			l.opts.Metrics.storeFailed(opCampaign)
		}
		return fmt.Errorf("campaign: %w", err)
	}
	defer won.Resign()
	defer l.follow("") // also if what is stored cannot be loaded
	ctx, cancel := outlast(stop, handover)
	defer cancel()

	began := time.Now()
	records, err := l.opts.Store.Load(stop)
	if err != nil {
		l.opts.Metrics.storeFailed(opLoad)
		return fmt.Errorf("load: %w", err)
	}
	state, err := scheduler.New(l.opts.Config, records)
	if err != nil {
		return fmt.Errorf("%w: %w", errRecords, err)
	}
	log := l.opts.Log.With("term", won.Number)
	t := &term{
		opts: &l.opts, log: log, store: won, state: state, publish: l.view.Store,
		publisher: newPublisher(View{Leading: true, Leader: l.opts.Self, Term: won.Number, store: l.opts.Store}, records),
		inbox:     make(chan request, InboxSize), acts: make(chan []scheduler.Effect, effectQueue),
		acted: make(chan struct{}), over: make(chan struct{}),
	}
	log.Info("term began", "jobs", len(records.Jobs), "runs", len(records.Runs), "took", time.Since(began).Round(time.Millisecond))
	l.opts.Metrics.termBegan(won.Number, time.Since(began))
	defer l.opts.Metrics.termEnded()

	id := state.FrameworkID() // from here on the state is for one goroutine
	t.others.Go(func() { t.act(ctx) })
	t.others.Go(func() { t.connect(ctx, cancel, id) })
	t.publish(t.publisher.publish(time.Now()))
	l.term.Store(t)
	err = t.run(ctx, stop.Done())
	l.term.Store(nil)
	if err == nil {
		err = t.finish(ctx)
	}
	close(t.over)
	l.follow("")
	cancel()
	t.others.Wait()
	log.Info("term ended", "lasted", time.Since(began).Round(time.Millisecond))
	return err
}

// outlast returns a context that ends some time after another one.
func outlast(stop context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(stop))
	release := context.AfterFunc(stop, func() {
		timer := time.NewTimer(by)
		defer timer.Stop()
		select {
		case <-timer.C:
			cancel()
		case <-ctx.Done():
		}
	})
	return ctx, func() { release(); cancel() }
}

// maxSleep bounds how long the loop sleeps. Timers do not notice that a clock
// was set forward or that the machine slept; looking at the clock does.
const maxSleep = 30 * time.Second

// connect runs the cluster's side. If it gives up, so does the term.
func (t *term) connect(ctx context.Context, giveUp func(), frameworkID string) {
	err := t.opts.Cluster.Run(ctx, frameworkID, func(ev scheduler.Event) {
		select {
		case t.inbox <- request{event: ev}:
		case <-ctx.Done():
		}
	})
	if ctx.Err() == nil {
		t.log.Error("the connection to Mesos gave up", "error", err)
		giveUp()
	}
}

// act performs effects, in order, until the term is over or there will be no more.
func (t *term) act(ctx context.Context) {
	defer close(t.acted)
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.store.Lost:
			return
		case effects, more := <-t.acts:
			if !more {
				return
			}
			for _, e := range effects {
				if ctx.Err() != nil || lost(t.store) {
					return
				}
				if err := t.opts.Cluster.Perform(ctx, e); err != nil {
					t.log.Warn("an effect was not performed", "effect", fmt.Sprintf("%T", e), "error", err)
					t.opts.Metrics.effectFailed()
				} else {
					t.opts.Metrics.performed(e, time.Now())
				}
			}
		}
	}
}

// lost tells whether a term is, or may be, over.
func lost(t *store.Term) bool {
	select {
	case <-t.Lost:
		return true
	default:
		return false
	}
}

// run takes events in batches until the term ends, or until stop: then its error is nil.
// While a batch is being committed, the next one is stepped. It waits for that
// commit, so that all is committed, answered and done in the order in which it was decided.
func (t *term) run(ctx context.Context, stop <-chan struct{}) error {
	timer := time.NewTimer(0) // the first Tick takes up what is stored
	defer timer.Stop()
	for {
		select {
		case <-stop: // before what else there is to do: finish does that
			return nil
		default:
		}
		inbox, tick := t.inbox, timer.C
		if t.next.full() {
			inbox, tick = nil, nil // the commit comes first
		}
		var err error
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.store.Lost:
			return errLost
		case committed := <-t.flying.done:
			err = t.conclude(ctx, committed)
		case r := <-inbox:
			err = t.take(r)
		case <-tick:
			err = t.take(request{event: scheduler.Tick{}})
		}
		if err == nil {
			err = t.proceed(ctx)
		}
		if err != nil {
			return err
		}
		sleep := maxSleep
		if !t.wake.IsZero() {
			sleep = min(sleep, time.Until(t.wake))
		}
		timer.Reset(sleep)
	}
}

// finish brings what was taken in to its end: stored, answered, done.
func (t *term) finish(ctx context.Context) error {
	for {
		if err := t.proceed(ctx); err != nil {
			return err
		}
		if t.flying.done == nil {
			break
		}
		select {
		case committed := <-t.flying.done:
			if err := t.conclude(ctx, committed); err != nil {
				return err
			}
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	close(t.acts)
	select {
	case <-t.acted:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// batch is a number of events that are committed together.
type batch struct {
	writes     store.Batch
	effects    []scheduler.Effect
	notices    []scheduler.Notice
	changes    []scheduler.Change
	answers    []func()
	subscribed *bool // what it says of the subscription; nil: nothing
	events     int
	stepping   time.Duration // how long it took to decide

	began time.Time  // its commit
	done  chan error // what became of the commit; nil before it began
}

// full tells whether no more events may be taken in. One more and a Tick have room even so.
func (b *batch) full() bool { return b.events >= MaxBatch || b.writes.Bytes() >= maxBytes }

// proceed takes in what has come and begins to commit it, unless a commit is under way.
func (t *term) proceed(ctx context.Context) error {
	if t.flying.done != nil {
		return nil
	}
	for more := true; more && !t.next.full(); {
		select {
		case r := <-t.inbox:
			if err := t.take(r); err != nil {
				return err
			}
		default:
			more = false
		}
	}
	if t.next.events == 0 {
		return nil
	}
	if err := t.take(request{event: scheduler.Tick{}}); err != nil {
		return err
	}
	t.commit(ctx)
	return nil
}

// commit begins to commit what was stepped. Nothing of it is published,
// answered or done before conclude knows that it is stored.
func (t *term) commit(ctx context.Context) {
	t.flying, t.next = t.next, batch{}
	b := &t.flying
	b.began, b.done = time.Now(), make(chan error, 1)
	if b.writes.Len() == 0 && len(b.effects) == 0 {
		b.done <- nil
		return
	}
	// Without writes the fence alone is checked: a deposed leader does not act either.
	writes, done := &b.writes, b.done
	t.others.Go(func() { done <- t.opts.Store.Commit(ctx, t.store, writes) })
}

// conclude ends the batch whose commit has come back: only now it publishes,
// answers and acts. Who was answered can rely on it and sees it. If it could not
// be stored, the term is over, and with it what was stepped since.
func (t *term) conclude(ctx context.Context, committed error) error {
	b := t.flying
	t.flying = batch{}
	if committed != nil {
		t.opts.Metrics.storeFailed(opCommit)
		return fmt.Errorf("commit: %w", committed)
	}
	now := time.Now()
	t.opts.Metrics.committed(b.events, &b.writes, b.stepping, now.Sub(b.began))
	for _, c := range b.changes {
		t.publisher.apply(c)
	}
	if b.subscribed != nil {
		t.publisher.view.Subscribed = *b.subscribed
	}
	t.publish(t.publisher.publish(now))
	for _, answer := range b.answers {
		answer()
	}
	t.opts.Metrics.noticed(b.notices)
	t.opts.Metrics.gauge(t.state.Load())
	if t.opts.Observe != nil && len(b.notices) > 0 {
		t.opts.Observe(now, b.notices)
	}
	return t.send(ctx, b.effects)
}

// take steps one event.
func (t *term) take(r request) error {
	began := time.Now()
	b := &t.next
	switch r.event.(type) {
	case scheduler.Subscribed:
		b.subscribed = new(true)
	case scheduler.Disconnected:
		b.subscribed = new(false)
	}
	out := t.state.Step(began, r.event)
	b.events++
	b.changes = append(b.changes, out.Changes...)
	b.effects = append(b.effects, out.Effects...)
	b.notices = append(b.notices, out.Notices...)
	t.wake = out.Wake
	if r.reply != nil {
		b.answers = append(b.answers, func() { r.reply <- out.Err })
	}
	err := b.writes.Add(out.Changes)
	b.stepping += time.Since(began)
	return err
}

// send hands effects to the goroutine that performs them.
func (t *term) send(ctx context.Context, effects []scheduler.Effect) error {
	if len(effects) == 0 {
		return nil
	}
	select {
	case t.acts <- effects:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
