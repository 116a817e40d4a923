// Package leader is the shell around the scheduler's core: it wins an
// election, loads what is stored, and for as long as the term lasts feeds
// events to the core, commits what it decides, and only then answers, publishes
// and acts.
//
// It decides nothing itself. One goroutine owns the state, for one term; a
// failed commit or a lost term ends it, and the state is thrown away. Readers
// use views, which are immutable.
package leader

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
	"github.com/tidwall/btree"
)

// Cluster is the Mesos cluster as the leader sees it.
type Cluster interface {
	// Run keeps the framework subscribed and delivers what happens, in order,
	// until ctx ends. deliver blocks while the leader is busy.
	Run(ctx context.Context, frameworkID string, deliver func(scheduler.Event)) error
	// Perform sends one effect to the master. What cannot be sent is lost; the
	// core makes good for it.
	Perform(ctx context.Context, e scheduler.Effect) error
}

// Options say what a leader works with. Store, Cluster and Log are required.
type Options struct {
	Store   *store.Store
	Cluster Cluster
	Config  scheduler.Config
	Self    string // the address that followers proxy to
	Log     *slog.Logger
	Metrics *Metrics                                  // nil: none
	Observe func(now time.Time, n []scheduler.Notice) // called after each commit with something to tell; nil: nobody listens
}

// Limits of the shell.
const (
	InboxSize   = 1024      // events waiting; then senders wait
	MaxBatch    = 512       // events a commit
	maxBytes    = 256 << 10 // of a batch, before one more event is taken in
	effectQueue = 256       // batches of effects on their way to the master

	// handover bounds how long a term that is given up goes on to store, answer
	// and perform what it has taken in.
	handover = 500 * time.Millisecond
)

// Errors of Do.
var (
	// ErrNotLeader says that another process leads, or none; View().Leader tells which.
	ErrNotLeader = message.Errorf("this process does not lead")
	// ErrUncertain says that the term ended before the answer was known: the
	// event may or may not have taken effect.
	ErrUncertain = message.Errorf("the term of leadership ended before the outcome was known")
)

// Leader campaigns and leads, term after term.
type Leader struct {
	opts Options
	term atomic.Pointer[term] // the one that takes events; nil: none
	view atomic.Pointer[View]
}

// New returns a leader that does nothing before Run.
func New(o Options) *Leader {
	if o.Metrics == nil {
		o.Metrics = NewMetrics()
	}
	l := &Leader{opts: o}
	l.view.Store(l.blank())
	return l
}

// View returns what is known now. Check Leading before relying on it.
func (l *Leader) View() *View { return l.view.Load() }

// Do hands an event to the term and waits until what it led to is stored. The
// error is the core's answer, ErrNotLeader, ErrUncertain, or that of ctx, after
// which the event may still take effect.
func (l *Leader) Do(ctx context.Context, ev scheduler.Event) error {
	t := l.term.Load()
	if t == nil {
		return ErrNotLeader
	}
	r := request{ev, make(chan error, 1)}
	select {
	case t.inbox <- r:
	case <-t.over:
		return ErrNotLeader
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case err := <-r.reply:
		return err
	case <-ctx.Done():
		return ctx.Err()
	case <-t.over:
	}
	select {
	case err := <-r.reply: // answered while the term ended
		return err
	default:
		return ErrUncertain
	}
}

// Pauses between terms that failed.
const (
	minPause = 100 * time.Millisecond
	maxPause = 10 * time.Second
)

// Run campaigns and leads until ctx ends. Then it hands over: what was taken in
// is stored, answered and done, and the leadership given up, so that another
// process is elected at once. It does not return because a server is away. It returns early only if what is stored cannot be understood:
// leading then would mean to overwrite it.
func (l *Leader) Run(ctx context.Context) error {
	pause := minPause
	for ctx.Err() == nil {
		began := time.Now()
		err := l.lead(ctx)
		var corrupt *store.CorruptError
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.As(err, &corrupt) || errors.Is(err, errRecords):
			return err
		}
		l.opts.Log.Error("this process does not lead", "error", err)
		if time.Since(began) > maxPause {
			pause = minPause
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause/2 + rand.N(pause/2)):
		}
		pause = min(2*pause, maxPause)
	}
	return nil
}

// follow publishes who leads while this process does not. What was known of the
// jobs stays readable as long as nobody else leads: then it is old, and no use.
func (l *Leader) follow(leader string) {
	v := *l.view.Load()
	if leader != "" && leader != l.opts.Self {
		v = *l.blank()
	}
	v.Leading, v.Subscribed, v.Leader = false, false, leader
	l.view.Store(&v)
}

// blank is a view of nothing.
func (l *Leader) blank() *View {
	return &View{jobs: new(btree.Map[string, *Job]), order: new(btree.Map[scheduler.UID, string]), store: l.opts.Store}
}
