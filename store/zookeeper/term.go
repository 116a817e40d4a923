package zookeeper

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/tidwall/btree"

	"github.com/hora-scheduler/hora/store"
)

// overlay is what is in the journal: keys and their values, nil for deleted
// ones. The values are never modified.
type overlay = btree.Map[string, []byte]

// term is a term of this handle. Whatever it writes comes after its fence: two
// checks, one that the candidate's node is there, one that the term is the
// latest.
type term struct {
	b        *Backend
	session  *session
	number   int64
	fence    []any
	requests chan *request
	ended    chan struct{} // closed when the session is closed
	folds    sync.WaitGroup

	// arranging is held to read by who reads pages, and to write while pages or
	// entries are made or deleted.
	arranging sync.RWMutex

	mu      sync.Mutex
	fresh   *overlay // what was committed since the last fold began
	folding *overlay // what is being folded; nil if nothing is
	dir     directory
	journal extent
	folded  chan struct{} // closed when the fold that is running has ended
}

// extent is how long the journal is.
type extent struct {
	first, next uint64 // its first entry, and the one that comes next
	sizes       map[uint64]int
	bytes       int // the sum of sizes
}

func (e *extent) add(size int) {
	e.sizes[e.next] = size
	e.bytes += size
	e.next++
}

// cut takes entries away up to before end.
func (e *extent) cut(end uint64) {
	for ; e.first < end; e.first++ {
		e.bytes -= e.sizes[e.first]
		delete(e.sizes, e.first)
	}
}

// directory says where pages begin, in order, as of a version of the node that
// holds them.
type directory struct {
	starts  []string
	version int32
}

// request is a commit.
type request struct {
	records []record
	bytes   int
	done    chan error
}

func newTerm(b *Backend, s *session, number int64, fence []any) *term {
	return &term{
		b: b, session: s, number: number, fence: fence,
		requests: make(chan *request), ended: make(chan struct{}),
	}
}

// load reads the journal and where the pages are.
func (t *term) load(ctx context.Context) error {
	j, err := t.b.readJournal(ctx, t.session)
	if err != nil {
		return err
	}
	starts, err := t.b.listPages(ctx, t.session)
	if err != nil {
		return err
	}
	t.fresh, t.journal, t.dir = &j.overlay, j.extent, directory{starts, j.version}
	return nil
}

// resign ends the term and has its node deleted.
func (t *term) resign() {
	t.session.end(errResigned)
	timer := time.NewTimer(resignTime)
	defer timer.Stop()
	select {
	case <-t.ended:
	case <-timer.C:
	}
}

// commit has ops written with what else is waiting.
func (t *term) commit(ctx context.Context, ops []store.Op) error {
	r := &request{records: make([]record, len(ops)), done: make(chan error, 1)}
	for i, op := range ops {
		r.records[i] = record{op.Key, bytes.Clone(op.Value)}
		r.bytes += len(op.Key) + len(op.Value)
	}
	select {
	case t.requests <- r:
	case <-t.session.over:
		return store.ErrFenced
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	select {
	case err := <-r.done:
		return err
	case <-ctx.Done():
		t.session.end(context.Cause(ctx))
		return fmt.Errorf("the outcome is unknown: %w", context.Cause(ctx))
	}
}

// run writes commits, one after the other, all that wait at once, until the
// term is over.
func (t *term) run() {
	for over := false; !over; {
		select {
		case r := <-t.requests:
			t.write(t.gather(r))
		case <-t.session.over:
			over = true
		}
	}
	cause := t.session.reason()
	t.b.leave(pathOf(t.fence[0]))
	t.b.opts.Logger.Info("term is over", "term", t.number, "because", cause)
	t.folds.Wait() // it ends with what it has under way
	t.session.close(cause)
	close(t.ended)
}

// gather adds the commits that wait to the first one, as far as one packet goes.
func (t *term) gather(first *request) []*request {
	batch := []*request{first}
	size, count := first.bytes, len(first.records)
	for {
		select {
		case r := <-t.requests:
			if size+r.bytes > store.MaxCommitBytes || count+len(r.records) > store.MaxCommitOps {
				t.write(batch)
				batch, size, count = nil, 0, 0
			}
			batch = append(batch, r)
			size, count = size+r.bytes, count+len(r.records)
		default:
			return batch
		}
	}
}

// write writes a batch of commits as one entry of the journal.
func (t *term) write(batch []*request) {
	err := t.try(batch)
	for _, r := range batch {
		r.done <- err
	}
}

func (t *term) try(batch []*request) error {
	t.makeRoom()
	var records []record
	for _, r := range batch {
		records = append(records, r.records...)
	}
	t.mu.Lock()
	seq := t.journal.next
	t.mu.Unlock()
	var data []byte
	var ops []any
	if len(records) > 0 {
		data = encodeEntry(seq, records)
		ops = append(ops, &zk.CreateRequest{Path: t.b.at.entry(seq), Data: data, Acl: t.session.acl})
	}
	if _, err := t.fenced(context.Background(), ops); err != nil {
		return err
	}
	if len(records) > 0 {
		t.apply(records, len(data))
	}
	return nil
}

// fenced does ops under the fence, and returns their results. After any error
// the term is over.
func (t *term) fenced(ctx context.Context, ops []any) ([]zk.MultiResponse, error) {
	if !t.session.fresh() {
		return nil, store.ErrFenced
	}
	sent := time.Now()
	all := append(append(make([]any, 0, len(t.fence)+len(ops)), t.fence...), ops...)
	results, failed, err := t.session.multi(ctx, all)
	switch {
	case err == nil:
		t.session.answered(sent)
		return results[len(t.fence):], nil
	case failed >= 0 && failed < len(t.fence) && (errors.Is(err, zk.ErrNoNode) || errors.Is(err, zk.ErrBadVersion)):
		t.session.end(errDeposed)
		return nil, store.ErrFenced
	case failed >= 0: // nothing was written
		t.session.end(err)
		return nil, err
	}
	t.session.end(err)
	return nil, fmt.Errorf("the outcome is unknown: %w", err)
}

// apply notes what was committed.
func (t *term) apply(records []record, size int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, r := range records {
		t.fresh.Set(r.key, r.value)
	}
	t.journal.add(size)
	if t.folding == nil && t.full(1) {
		t.startFold()
	}
}

// full says whether the journal is as long as it may become, times a factor.
func (t *term) full(factor int) bool {
	l := t.b.limits
	bytes := min(max(l.minBytes, len(t.dir.starts)*l.page/2), l.maxBytes)
	return len(t.journal.sizes) >= factor*l.entries || t.journal.bytes >= factor*bytes
}

// makeRoom waits while the journal is much too long, until the fold that is
// running has ended.
func (t *term) makeRoom() {
	t.mu.Lock()
	wait := t.folded
	if t.folding == nil || !t.full(3) {
		wait = nil
	}
	t.mu.Unlock()
	if wait == nil {
		return
	}
	select {
	case <-wait:
	case <-t.session.over:
	}
}
