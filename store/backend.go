package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The limits of a commit. They are the same for every backend, so that what
// was accepted with one can be carried over to another, and are derived from
// ZooKeeper: a packet, which holds a whole commit, is at most 1 MiB
// (jute.maxbuffer).
const (
	// MaxKeyBytes is how long a key may be. A longer one is [ErrInvalid].
	MaxKeyBytes = 512

	// MaxValueBytes is how long a value may be. A longer one is [ErrTooLarge].
	MaxValueBytes = 768 << 10

	// MaxCommitBytes is how much one commit may write: the sum of all keys and
	// values, deletions and repeated keys included. It leaves 128 KiB of the
	// packet for paths and framing. More is [ErrTooLarge].
	MaxCommitBytes = 896 << 10

	// MaxCommitOps is how many ops a commit may have. More is [ErrTooLarge].
	MaxCommitOps = 4096
)

// The errors of a backend. They come wrapped with what they are about; match
// them with errors.Is. After each of these nothing was written.
var (
	// ErrFenced says that the term of a commit is over: another process leads
	// or may lead, or the term was resigned. It never becomes valid again.
	ErrFenced = errors.New("term is over")

	// ErrTooLarge says that a commit exceeds MaxValueBytes, MaxCommitBytes or
	// MaxCommitOps.
	ErrTooLarge = errors.New("too large")

	// ErrInvalid says that a key is empty, too long, or contains a NUL byte.
	ErrInvalid = errors.New("invalid key")

	// ErrClosed says that the backend was closed.
	ErrClosed = errors.New("store is closed")
)

// CorruptError says that stored bytes cannot be read. Whoever meets it must
// not lead and must not overwrite them: a person has to look.
type CorruptError struct {
	Key string // the record, or the file or node that holds the records
	Err error  // what is wrong with it
}

// Error names the record and what is wrong with it.
func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s can't be read: %v", e.Key, e.Err)
}

// Unwrap returns e.Err.
func (e *CorruptError) Unwrap() error { return e.Err }

// Op writes one record, or deletes it when Value is nil. An empty Value that
// is not nil is a record without content. Deleting what isn't there is no
// error.
type Op struct {
	Key   string
	Value []byte
}

// Backend keeps bytes under keys and elects the process that may write them.
// Its methods may be called by several goroutines at once. Several backends
// may stand for the same data, in one process or in many.
type Backend interface {
	// Campaign blocks until this process leads, or ctx ends. The new term
	// fences off every earlier one: their commits fail with ErrFenced, and a
	// Load that begins now sees all that they have committed. While another
	// term lasts, also one of this same backend, Campaign waits for its end.
	//
	// self is the address that other members are told. seen, which may be nil,
	// is called with the address of the leader, "" for none, before Campaign
	// blocks and whenever it has changed since; values in between may be left
	// out. The calls are made one after the other, the last one with self,
	// and none after Campaign has returned.
	//
	// Campaign fails with the error of ctx, with ErrClosed, or because the
	// store can't be reached, read or written; it may then be called again.
	Campaign(ctx context.Context, self string, seen func(leader string)) (*Term, error)

	// Load calls f for every record whose key begins with prefix, in the order
	// of the bytes of the keys. The value is a copy that belongs to f. An error
	// of f ends Load and is returned as it is. f may use the backend.
	//
	// Each record is whole, and if nothing commits meanwhile the records are
	// those of one moment: a leader that loads before its first commit can
	// rely on that, since all others are fenced off. Of a record that is
	// committed meanwhile, f may see either form.
	//
	// A record that is damaged ends Load with a *CorruptError.
	Load(ctx context.Context, prefix string, f func(key string, value []byte) error) error

	// Commit writes all ops or none, durably, if term is still the latest and
	// not over; else it fails with ErrFenced. The ops take effect in their
	// order: of several with the same key the last one counts. Without ops, the
	// fence alone is checked. The ops belong to the caller again when Commit
	// returns.
	//
	// After an error other than ErrFenced, ErrTooLarge, ErrInvalid and
	// ErrClosed the outcome is unknown until the records are loaded again, in
	// a new term.
	Commit(ctx context.Context, term *Term, ops []Op) error

	// Close ends the term, if this backend has one, and every Campaign that
	// waits. Later calls fail with ErrClosed; closing again does nothing.
	Close() error
}

// Term is one period of leadership of one process.
type Term struct {
	// Number grows with every term, over restarts too. The first is 1 or more.
	Number int64

	// Lost is closed when the term is, or may be, over. A commit can fail with
	// ErrFenced before that.
	Lost <-chan struct{}

	resign func()
}

// NewTerm returns a term for a backend to hand out. resign ends the term: it
// is called by each [Term.Resign] and must bear that.
func NewTerm(number int64, lost <-chan struct{}, resign func()) *Term {
	return &Term{Number: number, Lost: lost, resign: resign}
}

// Resign gives up the leadership, so that another process is elected without
// delay. Afterwards Lost is closed and commits of the term fail with
// ErrFenced. Resigning again, or from a term that is over, does nothing.
func (t *Term) Resign() {
	if t.resign != nil {
		t.resign()
	}
}

// CheckOps says whether ops may be committed together: nil, or an error that
// wraps ErrInvalid or ErrTooLarge and names the op. Every backend calls it
// first thing in Commit.
func CheckOps(ops []Op) error {
	if len(ops) > MaxCommitOps {
		return fmt.Errorf("commit of %d ops, at most %d: %w", len(ops), MaxCommitOps, ErrTooLarge)
	}
	sum := 0
	for i, op := range ops {
		if err := checkKey(op.Key); err != nil {
			return fmt.Errorf("op %d: %w", i, err)
		}
		if len(op.Value) > MaxValueBytes {
			return fmt.Errorf("op %d: value of %q has %d bytes, at most %d: %w",
				i, op.Key, len(op.Value), MaxValueBytes, ErrTooLarge)
		}
		sum += len(op.Key) + len(op.Value)
	}
	if sum > MaxCommitBytes {
		return fmt.Errorf("commit of %d bytes in %d ops, at most %d bytes: %w",
			sum, len(ops), MaxCommitBytes, ErrTooLarge)
	}
	return nil
}

func checkKey(key string) error {
	switch {
	case key == "":
		return fmt.Errorf("key is empty: %w", ErrInvalid)
	case len(key) > MaxKeyBytes:
		return fmt.Errorf("key %.40q… has %d bytes, at most %d: %w", key, len(key), MaxKeyBytes, ErrInvalid)
	case strings.IndexByte(key, 0) >= 0:
		return fmt.Errorf("key %q contains a NUL byte: %w", key, ErrInvalid)
	}
	return nil
}
