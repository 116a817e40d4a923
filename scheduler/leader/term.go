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

	var others sync.WaitGroup
	id := state.FrameworkID() // from here on the state is for one goroutine
	others.Go(func() { t.act(ctx) })
	others.Go(func() { t.connect(ctx, cancel, id) })
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
	others.Wait()
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
func (t *term) run(ctx context.Context, stop <-chan struct{}) error {
	timer := time.NewTimer(0) // the first Tick takes up what is stored
	defer timer.Stop()
	for {
		select {
		case <-stop: // before what else there is to do: finish does that
			return nil
		default:
		}
		var first request
		select {
		case <-stop:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-t.store.Lost:
			return errLost
		case first = <-t.inbox:
		case <-timer.C:
		}
		if err := t.batch(ctx, first); err != nil {
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
	for len(t.inbox) > 0 && ctx.Err() == nil {
		if err := t.batch(ctx, <-t.inbox); err != nil {
			return err
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
	writes  store.Batch
	effects []scheduler.Effect
	notices []scheduler.Notice
	changes []scheduler.Change
	answers []func()
	events  int
}

// batch steps through what has come in, commits it, and only then publishes,
// answers and acts: who was answered can rely on it and sees it, and nothing
// is done that is not stored. The first request may be empty.
func (t *term) batch(ctx context.Context, first request) error {
	var b batch
	began := time.Now()
	for r, more := first, true; more; {
		if err := t.take(&b, r); err != nil {
			return err
		}
		more = false
		if b.events < MaxBatch && b.writes.Bytes() < maxBytes {
			select {
			case r = <-t.inbox:
				more = true
			default:
			}
		}
	}
	if err := t.take(&b, request{event: scheduler.Tick{}}); err != nil {
		return err
	}
	stepped := time.Now()
	if b.writes.Len() > 0 || len(b.effects) > 0 {
		// Without writes the fence alone is checked: a deposed leader does not act either.
		if err := t.opts.Store.Commit(ctx, t.store, &b.writes); err != nil {
			t.opts.Metrics.storeFailed(opCommit)
			return fmt.Errorf("commit: %w", err)
		}
	}
	committed := time.Now()
	t.opts.Metrics.committed(b.events, &b.writes, stepped.Sub(began), committed.Sub(stepped))
	for _, c := range b.changes {
		t.publisher.apply(c)
	}
	t.publish(t.publisher.publish(committed))
	for _, answer := range b.answers {
		answer()
	}
	t.opts.Metrics.noticed(b.notices)
	t.opts.Metrics.gauge(t.state.Load())
	if t.opts.Observe != nil && len(b.notices) > 0 {
		t.opts.Observe(committed, b.notices)
	}
	return t.send(ctx, b.effects)
}

// take steps one event.
func (t *term) take(b *batch, r request) error {
	if r.event == nil {
		return nil
	}
	switch r.event.(type) {
	case scheduler.Subscribed:
		t.publisher.view.Subscribed = true
	case scheduler.Disconnected:
		t.publisher.view.Subscribed = false
	}
	out := t.state.Step(time.Now(), r.event)
	b.events++
	b.changes = append(b.changes, out.Changes...)
	b.effects = append(b.effects, out.Effects...)
	b.notices = append(b.notices, out.Notices...)
	t.wake = out.Wake
	if r.reply != nil {
		b.answers = append(b.answers, func() { r.reply <- out.Err })
	}
	return b.writes.Add(out.Changes)
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
