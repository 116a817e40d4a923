package zookeeper

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/store"
)

// Backend is a handle on a store in ZooKeeper and implements [store.Backend].
// It holds a session only while it campaigns, leads or loads.
type Backend struct {
	opts   Options
	at     layout
	limits limits
	ctx    context.Context // ends with Close
	cancel context.CancelCauseFunc
	using  sync.WaitGroup // sessions that are not closed yet

	mu       sync.Mutex
	closed   bool
	identity string
	number   int64    // the highest number of a term that was seen
	term     *term    // the latest that was won; it may be over
	left     []string // candidates of ours that are given up, but whose nodes may still be there
}

// limits say when the journal is folded into the pages, and how long pages get.
// Tests make them small.
type limits struct {
	entries            int // in the journal
	minBytes, maxBytes int // in the journal; it may be as long as half the pages, within these
	page               int // bytes in a page that is made new; one is split when it has twice as much
	batch              int // bytes of pages that are written at once
	window             int // pages that are read at once
}

var defaultLimits = limits{
	entries: 4096, minBytes: 4 << 20, maxBytes: 48 << 20,
	page: 16 << 10, batch: 256 << 10, window: 128,
}

// resignTime is how long giving up a session may take before it is left to
// expire.
const resignTime = time.Second

// Open returns a handle. It does not connect: an error says what is wrong with
// the options.
func Open(o Options) (*Backend, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("zookeeper: %w", err)
	}
	b := &Backend{opts: o, at: layout{o.Path}, limits: defaultLimits, identity: o.Identity}
	b.ctx, b.cancel = context.WithCancelCause(context.Background())
	return b, nil
}

// Identity is the random name that the store was given when it was made, ""
// until this handle has seen it. Who keeps it, and gives it to Open when it
// starts anew, is not fooled by a ZooKeeper that was wiped meanwhile.
func (b *Backend) Identity() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.identity
}

// Commit implements [store.Backend]. A term belongs to the handle that won it.
// When ctx ends before the outcome is known, the term ends.
func (b *Backend) Commit(ctx context.Context, term *store.Term, ops []store.Op) error {
	if err := store.CheckOps(ops); err != nil {
		return fmt.Errorf("zookeeper: %w", err)
	}
	if err := b.check(ctx); err != nil {
		return fmt.Errorf("zookeeper: commit: %w", err)
	}
	t := b.leading()
	if t == nil || term == nil || term.Number != t.number {
		return fmt.Errorf("zookeeper: commit: %w", store.ErrFenced)
	}
	if err := t.commit(ctx, ops); err != nil {
		return fmt.Errorf("zookeeper: commit: %w", err)
	}
	return nil
}

// Close implements [store.Backend]. It gives up leadership, which takes up to
// three seconds if ZooKeeper can't be reached.
func (b *Backend) Close() error {
	b.mu.Lock()
	b.closed = true
	t := b.term
	b.mu.Unlock()
	b.cancel(store.ErrClosed)
	if t != nil {
		t.session.end(store.ErrClosed)
	}
	b.using.Wait()
	return nil
}

// check says why a call must not go on.
func (b *Backend) check(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return store.ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

// leading returns the term that this handle leads in, or nil.
func (b *Backend) leading() *term {
	b.mu.Lock()
	t := b.term
	b.mu.Unlock()
	if t == nil || !t.session.fresh() {
		return nil
	}
	return t
}

// use begins a session. The context ends with ctx and with the handle.
func (b *Backend) use(ctx context.Context) (context.Context, *session, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(b.ctx, func() { cancel(store.ErrClosed) })
	fail := func(err error) (context.Context, *session, error) {
		stop()
		cancel(nil)
		return nil, nil, err
	}
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return fail(store.ErrClosed)
	}
	b.using.Add(1)
	b.mu.Unlock()
	s, err := dial(ctx, &b.opts)
	if err != nil {
		b.using.Done()
		return fail(err)
	}
	context.AfterFunc(ctx, func() { stop() })
	go func() {
		<-s.gone
		cancel(s.reason())
		b.using.Done()
	}()
	return ctx, s, nil
}

// finish closes a session. It waits, not for long, until the server knows.
func (b *Backend) finish(s *session, cause error) {
	s.end(cause)
	connected := s.conn.State() == zk.StateHasSession
	go s.close(cause)
	if !connected {
		return
	}
	timer := time.NewTimer(resignTime)
	defer timer.Stop()
	select {
	case <-s.gone:
	case <-timer.C:
	}
}

// saw notes the number of a term. One that is lower than an earlier one shows
// that ZooKeeper was set back.
func (b *Backend) saw(number int64) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if number < b.number {
		return corrupt(b.at.term(), "it has term %d, it had %d: %w", number, b.number, ErrForgotten)
	}
	b.number = number
	return nil
}
