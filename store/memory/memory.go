// Package memory keeps records in memory, for tests and for simulation.
//
// A [Server] holds the data and outlives its handles, as a file or a ZooKeeper
// outlives the processes that use it. Each handle is a backend of its own and
// may campaign, so that one test can have several leaders of whom all but the
// last are deposed. A Server does nothing by itself and knows no time; what
// goes wrong, and when, is decided by [Hooks] and [Server.Depose]. Nothing is
// kept when the process ends.
package memory

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tidwall/btree"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/election"
)

// Server holds records and the election over them. It is safe for concurrent
// use.
type Server struct {
	election *election.Election

	mu      sync.Mutex
	records btree.Map[string, []byte] // the values are never modified
	number  int64                     // of the latest term
	hooks   Hooks
}

// Hooks let a test fail or delay the calls of all handles. Each may be nil.
// They are called without a lock and may block, as a store does that is slow
// or away; whoever blocks should mind ctx.
type Hooks struct {
	// Campaign is called when a campaign begins. Its error fails it.
	Campaign func(ctx context.Context, self string) error

	// Load is called before records are read. Its error fails the load.
	Load func(ctx context.Context, prefix string) error

	// BeforeCommit is called before the fence is checked, so that a leader
	// that is deposed while it is blocked here can't write. Its error fails
	// the commit, and nothing is written.
	BeforeCommit func(ctx context.Context, term *store.Term, ops []store.Op) error

	// AfterCommit is called after ops were written. Its error is returned by
	// Commit all the same: the answer that got lost.
	AfterCommit func(ctx context.Context, term *store.Term, ops []store.Op) error
}

// NewServer returns a server without records.
func NewServer() *Server {
	s := &Server{}
	s.election = election.New(func() (int64, error) {
		// Waits for a commit in progress: it belongs to an earlier term.
		s.mu.Lock()
		defer s.mu.Unlock()
		s.number++
		return s.number, nil
	})
	return s
}

// Open returns a new handle.
func (s *Server) Open() *Backend {
	return &Backend{server: s, member: s.election.Join()}
}

// SetHooks replaces all hooks, for calls that begin from now on.
func (s *Server) SetHooks(h Hooks) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = h
}

// Depose ends the current term, as if its session had expired, and tells its
// holder. Who campaigns is elected. Without a term it does nothing.
func (s *Server) Depose() { s.election.Depose()() }

// DeposeUnseen ends the current term, but its holder, asleep or cut off, does
// not learn of it before tell is called: Lost stays open while its commits
// fail and another one is elected.
func (s *Server) DeposeUnseen() (tell func()) { return s.election.Depose() }

// Snapshot returns a copy of all records.
func (s *Server) Snapshot() map[string][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := make(map[string][]byte, s.records.Len())
	s.records.Scan(func(key string, value []byte) bool {
		m[key] = copyOf(value)
		return true
	})
	return m
}

func (s *Server) currentHooks() Hooks {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hooks
}

// write checks the fence and writes ops, in one step.
func (s *Server) write(term *store.Term, ops []store.Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.election.Current(term) {
		return store.ErrFenced
	}
	for _, op := range ops {
		if op.Value == nil {
			s.records.Delete(op.Key)
		} else {
			s.records.Set(op.Key, copyOf(op.Value))
		}
	}
	return nil
}

// Backend is a handle on a Server and implements [store.Backend].
type Backend struct {
	server *Server
	member *election.Member
}

// Campaign implements [store.Backend].
func (b *Backend) Campaign(ctx context.Context, self string, seen func(leader string)) (*store.Term, error) {
	if h := b.server.currentHooks(); h.Campaign != nil {
		if err := h.Campaign(ctx, self); err != nil {
			return nil, fmt.Errorf("memory: campaign: %w", err)
		}
	}
	term, err := b.member.Campaign(ctx, self, seen)
	if err != nil {
		return nil, fmt.Errorf("memory: %w", err)
	}
	return term, nil
}

// Load implements [store.Backend]. The records are always those of one moment.
func (b *Backend) Load(ctx context.Context, prefix string, f func(key string, value []byte) error) error {
	if h := b.server.currentHooks(); h.Load != nil {
		if err := h.Load(ctx, prefix); err != nil {
			return fmt.Errorf("memory: load %q: %w", prefix, err)
		}
	}
	if err := b.check(ctx); err != nil {
		return fmt.Errorf("memory: load %q: %w", prefix, err)
	}
	b.server.mu.Lock()
	records := b.server.records.Copy() // shares its nodes until they are written
	b.server.mu.Unlock()

	var err error
	records.Ascend(prefix, func(key string, value []byte) bool {
		if !strings.HasPrefix(key, prefix) {
			return false
		}
		if cause := b.check(ctx); cause != nil {
			err = fmt.Errorf("memory: load %q: %w", prefix, cause)
			return false
		}
		err = f(key, copyOf(value))
		return err == nil
	})
	return err
}

// Commit implements [store.Backend].
func (b *Backend) Commit(ctx context.Context, term *store.Term, ops []store.Op) error {
	if err := store.CheckOps(ops); err != nil {
		return fmt.Errorf("memory: %w", err)
	}
	h := b.server.currentHooks()
	if h.BeforeCommit != nil {
		if err := h.BeforeCommit(ctx, term, ops); err != nil {
			return fmt.Errorf("memory: commit: %w", err)
		}
	}
	if err := b.check(ctx); err != nil {
		return fmt.Errorf("memory: commit: %w", err)
	}
	if err := b.server.write(term, ops); err != nil {
		return fmt.Errorf("memory: commit: %w", err)
	}
	if h.AfterCommit != nil {
		if err := h.AfterCommit(ctx, term, ops); err != nil {
			return fmt.Errorf("memory: commit: %w", err)
		}
	}
	return nil
}

// Close implements [store.Backend]. The records stay with the server.
func (b *Backend) Close() error {
	b.member.Withdraw()
	return nil
}

// check says why a call must not go on.
func (b *Backend) check(ctx context.Context) error {
	if b.member.Gone() {
		return store.ErrClosed
	}
	return ctx.Err()
}

// copyOf returns a copy of value that is never nil.
func copyOf(value []byte) []byte {
	return append(make([]byte, 0, len(value)), value...)
}
