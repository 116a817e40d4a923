package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/store"
)

// Why a session that leads is given up.
var (
	errDeposed  = errors.New("the candidate's node is gone")
	errResigned = errors.New("resigned")
)

// candidatePrefix begins the name of a candidate's node; ZooKeeper adds a number
// that grows.
const candidatePrefix = "c-"

// candidate is one call of Campaign.
type candidate struct {
	b       *Backend
	session *session
	name    string // of its node
	self    string
	seen    func(string)
	told    *string // what seen was told last
}

// Campaign implements [store.Backend].
func (b *Backend) Campaign(ctx context.Context, self string, seen func(leader string)) (*store.Term, error) {
	t, err := b.campaign(ctx, self, seen)
	if err != nil {
		return nil, fmt.Errorf("zookeeper: campaign: %w", err)
	}
	return store.NewTerm(t.number, t.session.over, t.resign), nil
}

func (b *Backend) campaign(ctx context.Context, self string, seen func(string)) (*term, error) {
	c := &candidate{b: b, self: self, seen: seen}
	for {
		if err := b.check(ctx); err != nil {
			return nil, err
		}
		within, s, err := b.use(ctx)
		if err != nil {
			return nil, err
		}
		c.session, c.name = s, ""
		t, err := c.run(within)
		if err == nil {
			return t, nil
		}
		lost := errors.Is(s.reason(), errLost) || isConnectionLoss(err)
		b.finish(s, err)
		if !lost || c.name == "" { // one that got as far as to stand stands again
			return nil, err
		}
	}
}

// isConnectionLoss says whether an answer did not come because the connection
// was lost.
func isConnectionLoss(err error) bool {
	var network *net.OpError
	return errors.Is(err, zk.ErrConnectionClosed) || errors.As(err, &network)
}

// run stands for election, waits and begins the term.
func (c *candidate) run(ctx context.Context) (*term, error) {
	if err := c.b.prepare(ctx, c.session); err != nil {
		return nil, err
	}
	if err := c.stand(ctx); err != nil {
		return nil, err
	}
	t, err := c.elected(ctx)
	if err != nil {
		c.b.leave(c.b.at.candidate(c.name))
	}
	return t, err
}

func (c *candidate) elected(ctx context.Context) (*term, error) {
	if err := c.wait(ctx); err != nil {
		return nil, err
	}
	t, err := c.begin(ctx)
	if err != nil {
		return nil, err
	}
	// All watches have come: on the nodes of those that were ahead, which are gone,
	// and on that of the term, which was just set.
	c.session.watch(false)
	if err := t.load(ctx); err != nil {
		return nil, err
	}
	if err := c.b.lead(t); err != nil {
		return nil, err
	}
	c.tell(c.self)
	return t, nil
}

// stand makes the candidate's node. Those of earlier candidates of this handle,
// which are given up, may still be there if ZooKeeper could not be told; nobody
// needs to wait for their expiry.
func (c *candidate) stand(ctx context.Context) error {
	c.session.watch(true)
	path, err := c.session.create(ctx, c.b.at.candidate(candidatePrefix), encodeJSON(candidateV1{c.self}),
		zk.FlagEphemeral|zk.FlagSequence, c.session.acl)
	if err != nil {
		return err
	}
	c.name = strings.TrimPrefix(path, c.b.at.election()+"/")
	go c.session.keep(path)
	c.b.mu.Lock()
	left := c.b.left
	c.b.left = nil
	c.b.mu.Unlock()
	for _, path := range left {
		if err := c.session.remove(ctx, path); err != nil {
			c.b.leave(path)
		}
	}
	return nil
}

// leave notes that a candidate is given up.
func (b *Backend) leave(path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = append(b.left, path)
}

// wait returns when no candidate is ahead. Only the node of the one just ahead,
// that of the leader, and the one that says who leads are watched, so that the
// end of a leader sends nobody but its successor looking.
func (c *candidate) wait(ctx context.Context) error {
	var ahead, leads, term <-chan zk.Event
	var now termV1
	for {
		if ahead == nil {
			first, changed, err := c.look(ctx)
			if err != nil || first {
				return err
			}
			ahead = changed
		}
		if term == nil {
			path := c.b.at.term()
			n, changed, err := c.session.getWatched(ctx, path)
			if err != nil {
				return err
			}
			now = termV1{}
			if err := readJSON(path, n, &now); err != nil {
				return err
			}
			if err := c.b.saw(now.Number); err != nil {
				return err
			}
			term, leads = changed, nil
		}
		if leads == nil {
			changed, err := c.follow(ctx, now)
			if err != nil {
				return err
			}
			leads = changed
		}
		select {
		case <-ahead:
			ahead = nil
		case <-term:
			term = nil
		case <-leads:
			leads = nil
		case <-c.session.over:
			return c.session.reason()
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// follow tells who leads, and returns a channel that gets an event when that
// one leads no more.
func (c *candidate) follow(ctx context.Context, now termV1) (<-chan zk.Event, error) {
	never := make(chan zk.Event)
	if now.Candidate == "" { // there was no term yet
		c.tell("")
		return never, nil
	}
	n, changed, err := c.session.getWatched(ctx, c.b.at.candidate(now.Candidate))
	if err != nil {
		return nil, err
	}
	if n.gone {
		c.tell("")
		return never, nil
	}
	c.tell(now.Leader)
	return changed, nil
}

func (c *candidate) tell(leader string) {
	if c.seen != nil && (c.told == nil || *c.told != leader) {
		c.seen(leader)
	}
	c.told = &leader
}

// look says whether c is the first in line, or returns a channel that gets an
// event when the one before has gone.
func (c *candidate) look(ctx context.Context) (first bool, gone <-chan zk.Event, err error) {
	for {
		names, err := c.session.children(ctx, c.b.at.election())
		if err != nil {
			return false, nil, err
		}
		line := inLine(names)
		i := slices.Index(line, c.name)
		if i < 0 {
			c.session.end(errDeposed)
			return false, nil, fmt.Errorf("%s: %w", c.b.at.candidate(c.name), errDeposed)
		}
		if i == 0 {
			return true, nil, nil
		}
		n, gone, err := c.session.getWatched(ctx, c.b.at.candidate(line[i-1]))
		if err != nil {
			return false, nil, err
		}
		if !n.gone {
			return false, gone, nil
		}
	}
}

// inLine returns the names of candidates in their order.
func inLine(names []string) []string {
	number := func(name string) int64 {
		n, err := strconv.ParseInt(strings.TrimPrefix(name, candidatePrefix), 10, 64)
		if err != nil || !strings.HasPrefix(name, candidatePrefix) {
			return -1
		}
		return n
	}
	line := slices.DeleteFunc(slices.Clone(names), func(name string) bool { return number(name) < 0 })
	slices.SortFunc(line, func(a, b string) int { return int(number(a) - number(b)) })
	return line
}

// begin begins the term: from here on no earlier one can write.
func (c *candidate) begin(ctx context.Context) (*term, error) {
	path := c.b.at.term()
	n, err := c.session.get(ctx, path)
	if err != nil {
		return nil, err
	}
	var last termV1
	if err := readJSON(path, n, &last); err != nil {
		return nil, err
	}
	if err := c.b.saw(last.Number); err != nil {
		return nil, err
	}
	now := termV1{Number: last.Number + 1, Leader: c.self, Candidate: c.name}
	mine := c.b.at.candidate(c.name)
	sent := time.Now()
	results, _, err := c.session.multi(ctx, []any{
		&zk.CheckVersionRequest{Path: mine, Version: anyVersion},
		&zk.SetDataRequest{Path: path, Data: encodeJSON(now), Version: n.stat.Version},
	})
	if err != nil {
		return nil, fmt.Errorf("begin term %d: %w", now.Number, err)
	}
	c.session.answered(sent)
	if err := c.b.saw(now.Number); err != nil {
		return nil, err
	}
	return newTerm(c.b, c.session, now.Number, []any{
		&zk.CheckVersionRequest{Path: mine, Version: anyVersion},
		&zk.CheckVersionRequest{Path: path, Version: results[1].Stat.Version},
	}), nil
}

// anyVersion asks for a node that is there, whatever its version.
const anyVersion = -1

// lead makes t the term of this handle.
func (b *Backend) lead(t *term) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return store.ErrClosed
	}
	if b.term != nil { // its node was gone before t could win
		b.term.session.end(errDeposed)
	}
	b.term = t
	b.using.Go(t.run)
	return nil
}
