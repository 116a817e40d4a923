// Package election elects one leader at a time among the campaigners of one
// process, for backends whose data only this process can write. Seats are
// given in the order of the calls. It keeps nothing: the numbers of terms come
// from the backend, which also has to check the fence in the same breath as it
// writes.
package election

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/hora-scheduler/hora/store"
)

// Election is the election over one set of data. It is safe for concurrent
// use.
type Election struct {
	number func() (int64, error)

	mu      sync.Mutex
	seat    *candidate    // holds the only seat: leads, or is about to
	queue   []*candidate  // who waits for it, first come first
	leader  string        // address of the leader, "" for none
	changed chan struct{} // closed when leader changes, then made anew
}

// Member is who may campaign: a handle on the data. It is safe for concurrent
// use.
type Member struct {
	election *Election
	gone     bool // withdrawn; guarded by the mutex of the election
}

// candidate is one call of Campaign and the term that comes of it.
type candidate struct {
	member *Member
	seated chan struct{} // closed when it got the seat
	lost   chan struct{} // closed when it is, or may be, over
	told   bool          // lost is closed
	term   int64         // 0 until the term begins
}

// New returns an election without members. number is called whenever a
// term begins, by one goroutine at a time, and returns the number of that
// term. It has to see to it that no commit of an earlier term comes after.
func New(number func() (int64, error)) *Election {
	return &Election{number: number, changed: make(chan struct{})}
}

// Join returns a new member.
func (e *Election) Join() *Member { return &Member{election: e} }

// Campaign is the Campaign of a [store.Backend].
func (m *Member) Campaign(ctx context.Context, self string, seen func(string)) (*store.Term, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	e := m.election
	c, err := e.enter(m)
	if err != nil {
		return nil, fmt.Errorf("campaign: %w", err)
	}
	last, err := e.wait(ctx, c, seen)
	if err != nil {
		e.leave(c)
		return nil, fmt.Errorf("campaign: %w", err)
	}
	number, err := e.number()
	if err != nil {
		e.leave(c)
		return nil, fmt.Errorf("campaign: %w", err)
	}
	if !e.begin(c, number, self) {
		return nil, fmt.Errorf("campaign: %w", store.ErrClosed)
	}
	if seen != nil && (last == nil || *last != self) {
		seen(self)
	}
	return store.NewTerm(number, c.lost, func() { e.leave(c) }), nil
}

// Withdraw ends the term of m, and makes its campaigns, also later ones, fail
// with store.ErrClosed.
func (m *Member) Withdraw() {
	e := m.election
	e.mu.Lock()
	defer e.mu.Unlock()
	m.gone = true
	for _, c := range slices.Clone(e.queue) {
		if c.member == m {
			e.drop(c)
			c.tell()
		}
	}
	// Last, so that the seat does not pass to another campaign of m.
	if c := e.seat; c != nil && c.member == m {
		e.drop(c)
		c.tell()
	}
}

// Gone says whether m was withdrawn.
func (m *Member) Gone() bool {
	m.election.mu.Lock()
	defer m.election.mu.Unlock()
	return m.gone
}

// enter puts a new candidate at the end of the queue, or on the empty seat.
func (e *Election) enter(m *Member) (*candidate, error) {
	c := &candidate{member: m, seated: make(chan struct{}), lost: make(chan struct{})}
	e.mu.Lock()
	defer e.mu.Unlock()
	if m.gone {
		return nil, store.ErrClosed
	}
	e.queue = append(e.queue, c)
	e.fill()
	return c, nil
}

// wait returns when c has the seat. Until then it tells seen who leads; last
// is what it said last, nil for nothing.
func (e *Election) wait(ctx context.Context, c *candidate, seen func(string)) (last *string, err error) {
	for {
		e.mu.Lock()
		leader, changed, mine := e.leader, e.changed, e.seat == c
		e.mu.Unlock()
		if mine {
			return last, nil
		}
		if seen != nil && (last == nil || *last != leader) {
			seen(leader)
			last = &leader
		}
		select {
		case <-c.lost:
			return last, store.ErrClosed
		case <-ctx.Done():
			return last, ctx.Err()
		case <-c.seated:
		case <-changed:
		}
	}
}

// begin starts the term of c, unless c was withdrawn.
func (e *Election) begin(c *candidate, number int64, self string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.seat != c {
		return false
	}
	c.term = number
	e.announce(self)
	return true
}

// leave ends the term or the wait of c and tells it so.
func (e *Election) leave(c *candidate) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.drop(c)
	c.tell()
}

// Current says whether term is the latest one and not over.
func (e *Election) Current(term *store.Term) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return term != nil && term.Number != 0 && e.seat != nil && e.seat.term == term.Number
}

// Depose ends the current term, if there is one. Its holder learns of it only
// when the returned function is called; until then the holder is a leader
// that is deposed and does not know it.
func (e *Election) Depose() (tell func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.seat
	if c == nil || c.term == 0 {
		return func() {}
	}
	e.drop(c)
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		c.tell()
	}
}

// drop takes c off the seat or out of the queue; e.mu is held.
func (e *Election) drop(c *candidate) {
	if e.seat == c {
		e.seat = nil
		e.announce("")
		e.fill()
		return
	}
	if i := slices.Index(e.queue, c); i >= 0 {
		e.queue = slices.Delete(e.queue, i, i+1)
	}
}

// fill gives the empty seat to the first of the queue; e.mu is held.
func (e *Election) fill() {
	if e.seat != nil || len(e.queue) == 0 {
		return
	}
	e.seat = e.queue[0]
	e.queue = slices.Delete(e.queue, 0, 1)
	close(e.seat.seated)
}

// announce makes leader known to those who wait; e.mu is held.
func (e *Election) announce(leader string) {
	if e.leader == leader {
		return
	}
	e.leader = leader
	close(e.changed)
	e.changed = make(chan struct{})
}

// tell closes c.lost once; the election's mutex is held.
func (c *candidate) tell() {
	if !c.told {
		c.told = true
		close(c.lost)
	}
}
