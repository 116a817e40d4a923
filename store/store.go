package store

import (
	"context"
	"fmt"
	"runtime"
	"sync"

	"github.com/hora-scheduler/hora/scheduler"
)

// Store keeps the scheduler's records in a Backend. It may be used by several
// goroutines at once.
type Store struct{ backend Backend }

// New returns a store over a backend.
func New(b Backend) *Store { return &Store{b} }

// Campaign waits until this process leads; see [Backend].
func (s *Store) Campaign(ctx context.Context, self string, seen func(leader string)) (*Term, error) {
	return s.backend.Campaign(ctx, self, seen)
}

// Close closes the backend.
func (s *Store) Close() error { return s.backend.Close() }

// Load reads all that a term begins with. A record that cannot be read is a
// *CorruptError that names its key.
func (s *Store) Load(ctx context.Context) (scheduler.Records, error) {
	var r scheduler.Records
	var metas []*scheduler.Meta
	unfinished := func([]byte) (struct{}, error) { return struct{}{}, ErrUnfinished }
	var reading sync.WaitGroup
	var errs [5]error
	for i, read := range []func() error{
		func() (err error) { metas, err = all(ctx, s, metaKey, decodeMeta); return err },
		func() (err error) { r.Jobs, err = all(ctx, s, jobPrefix, decodeJob); return err },
		func() (err error) { r.States, err = all(ctx, s, statePrefix, decodeState); return err },
		func() (err error) { r.Runs, err = all(ctx, s, runPrefix, decodeRun); return err },
		func() error { _, err := all(ctx, s, restoring, unfinished); return err },
	} {
		reading.Go(func() { errs[i] = read() })
	}
	reading.Wait()
	for _, err := range errs {
		if err != nil {
			return scheduler.Records{}, err
		}
	}
	if len(metas) > 0 {
		r.Meta = metas[0]
	}
	return r, nil
}

func appendTo[T any](list *[]T, decode func([]byte) (T, error), value []byte) error {
	item, err := decode(value)
	*list = append(*list, item)
	return err
}

// History reads the history of a job, oldest first.
func (s *Store) History(ctx context.Context, uid scheduler.UID) ([]*scheduler.Entry, error) {
	return all(ctx, s, entryPrefix+hex(uint64(uid))+"/", decodeEntry)
}

// Revisions reads the definitions of a job that were replaced and kept, oldest first.
func (s *Store) Revisions(ctx context.Context, uid scheduler.UID) ([]*scheduler.Revision, error) {
	return all(ctx, s, revisionPrefix+hex(uint64(uid))+"/", decodeRevision)
}

// Tallies reads the days of a job in months that are over, oldest first.
func (s *Store) Tallies(ctx context.Context, uid scheduler.UID) ([]*scheduler.Tally, error) {
	return all(ctx, s, tallyPrefix+hex(uint64(uid))+"/", decodeTally)
}

// Audit reads the audit log, oldest first.
func (s *Store) Audit(ctx context.Context) ([]*scheduler.Audit, error) {
	return all(ctx, s, auditPrefix, decodeAudit)
}

// decoded is how many records are decoded by one goroutine while the next ones are read.
const decoded = 512

// all reads the records whose keys begin with a prefix, in the order of their
// keys. They are decoded on all processors while others are read. Of several
// that cannot be read the error names the first.
func all[T any](ctx context.Context, s *Store, prefix string, decode func([]byte) (T, error)) ([]T, error) {
	var parts []*part[T]
	var workers sync.WaitGroup
	free := make(chan struct{}, runtime.GOMAXPROCS(0))
	last := new(part[T])
	begin := func() {
		p := last
		parts, last = append(parts, p), new(part[T])
		free <- struct{}{}
		workers.Go(func() { p.decode(decode); <-free })
	}
	count := 0
	err := s.backend.Load(ctx, prefix, func(key string, value []byte) error {
		count++
		if last.ops = append(last.ops, Op{key, value}); len(last.ops) == decoded {
			begin()
		}
		return nil
	})
	begin()
	workers.Wait()
	out := make([]T, 0, count)
	for _, p := range parts {
		if p.err != nil {
			return nil, p.err
		}
		out = append(out, p.items...)
	}
	return out, err
}

// part is some records that follow each other.
type part[T any] struct {
	ops   []Op
	items []T
	err   error // of the first that cannot be read
}

func (p *part[T]) decode(decode func([]byte) (T, error)) {
	p.items = make([]T, len(p.ops))
	for i, op := range p.ops {
		if p.items[i], p.err = decode(op.Value); p.err != nil {
			p.err = &CorruptError{op.Key, p.err}
			return
		}
	}
	p.ops = nil
}

// Batch is what is committed at once. A later change of a record replaces an
// earlier one in the batch. The zero Batch is empty.
type Batch struct {
	ops   []Op
	index map[string]int
	bytes int
}

// Add encodes changes into the batch. An error names what is too large to be
// stored; the batch must not be committed then.
func (b *Batch) Add(changes []scheduler.Change) error {
	for _, c := range changes {
		for _, op := range encode(c) {
			if len(op.Value) > MaxValueBytes {
				return fmt.Errorf("record %s has %d bytes, at most %d can be stored: %w", op.Key, len(op.Value), MaxValueBytes, ErrTooLarge)
			}
			b.put(op)
		}
	}
	return nil
}

func (b *Batch) put(op Op) {
	if b.index == nil {
		b.index = make(map[string]int)
	}
	i, there := b.index[op.Key]
	if there {
		b.bytes -= len(b.ops[i].Value)
		b.ops[i] = op
	} else {
		b.index[op.Key] = len(b.ops)
		b.ops = append(b.ops, op)
		b.bytes += len(op.Key)
	}
	b.bytes += len(op.Value)
}

// Bytes is how much the batch writes.
func (b *Batch) Bytes() int { return b.bytes }

// Len is how many records the batch writes or deletes.
func (b *Batch) Len() int { return len(b.ops) }

// Commit writes the batch, all or nothing, if the term is still the latest.
func (s *Store) Commit(ctx context.Context, term *Term, b *Batch) error {
	return s.backend.Commit(ctx, term, b.ops)
}

// Where records are kept. Numbers are written so that their order is that of the keys.
const (
	metaKey        = "meta"
	jobPrefix      = "job/"
	statePrefix    = "state/"
	runPrefix      = "run/"
	entryPrefix    = "history/"
	revisionPrefix = "revision/"
	tallyPrefix    = "tally/"
	auditPrefix    = "audit/"
)

func hex(n uint64) string { return fmt.Sprintf("%016x", n) }

func runKey(k scheduler.RunKey) string { return runPrefix + hex(uint64(k.UID)) + "/" + hex(k.Seq) }

func entryKey(uid scheduler.UID, seq uint64) string {
	return entryPrefix + hex(uint64(uid)) + "/" + hex(seq)
}

func revisionKey(uid scheduler.UID, number uint64) string {
	return revisionPrefix + hex(uint64(uid)) + "/" + hex(number)
}

func tallyKey(uid scheduler.UID, month uint64) string {
	return tallyPrefix + hex(uint64(uid)) + "/" + hex(month)
}

// encode turns a change into ops.
func encode(c scheduler.Change) []Op {
	switch c := c.(type) {
	case scheduler.PutMeta:
		return []Op{{metaKey, encodeMeta(c.Meta)}}
	case scheduler.PutJobRecord:
		return []Op{{jobPrefix + hex(uint64(c.Job.UID)), encodeJob(c.Job)}}
	case scheduler.PutJobState:
		return []Op{{statePrefix + hex(uint64(c.State.UID)), encodeState(c.State)}}
	case scheduler.PutRun:
		return []Op{{runKey(c.Run.RunKey), encodeRun(c.Run)}}
	case scheduler.PutEntry:
		return []Op{{entryKey(c.Entry.UID, c.Entry.Seq), encodeEntry(c.Entry)}}
	case scheduler.PutRevision:
		return []Op{{revisionKey(c.Revision.UID, c.Revision.Number), encodeRevision(c.Revision)}}
	case scheduler.PutAudit:
		return []Op{{auditPrefix + hex(c.Audit.Seq), encodeAudit(c.Audit)}}
	case scheduler.DropJob:
		uid := hex(uint64(c.UID))
		return []Op{{Key: jobPrefix + uid}, {Key: statePrefix + uid}}
	case scheduler.DropRun:
		return []Op{{Key: runKey(c.RunKey)}}
	case scheduler.DropEntry:
		return []Op{{Key: entryKey(c.UID, c.Seq)}}
	case scheduler.DropRevision:
		return []Op{{Key: revisionKey(c.UID, c.Number)}}
	case scheduler.PutTally:
		return []Op{{tallyKey(c.UID, c.Tally.Month), encodeTally(&c.Tally)}}
	case scheduler.DropTally:
		return []Op{{Key: tallyKey(c.UID, c.Month)}}
	case scheduler.DropAudit:
		return []Op{{Key: auditPrefix + hex(c.Seq)}}
	}
	panic(fmt.Sprintf("store: change of unknown type %T", c))
}
