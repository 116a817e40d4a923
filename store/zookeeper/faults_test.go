package zookeeper

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/faultproxy"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// A leader that ZooKeeper does not answer any more gives up, by its own clock,
// before ZooKeeper lets anybody else lead.
func TestLostBeforeExpiry(t *testing.T) {
	t.Parallel()
	for name, d := range map[string]faultproxy.Direction{"Up": faultproxy.Upstream, "Down": faultproxy.Downstream, "Both": faultproxy.Both} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			p := f.proxy()
			term := f.lead(f.open(through(p), timeout(9*time.Second))) // a third of it is what a busy machine may lose
			path := f.at.candidate(f.latest().Candidate)
			_, _, gone, err := f.admin.ExistsW(path)
			if err != nil {
				t.Fatal(err)
			}
			p.Stall(d)
			given := background(func() time.Time { <-term.Lost; return time.Now() })
			expired := background(func() time.Time { <-gone; return time.Now() })
			if g, e := wait(f, given, "the end of the term"), wait(f, expired, "the end of the session"); !g.Before(e) {
				t.Errorf("the leader gave up %v after its session had expired", g.Sub(e))
			}
		})
	}
}

// The beats that are answered late count from when they were sent, and a
// process that slept looks at the clock first.
func TestSleeperTrustsNothing(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.open()
	term := f.lead(b)
	s := b.term.session
	s.mu.Lock()
	s.heard = time.Now().Add(-s.trust() - time.Second) // it slept since
	s.mu.Unlock()
	s.answered(time.Now().Add(-s.trust() - time.Millisecond)) // an answer that came meanwhile
	f.wantErr("Commit", b.Commit(t.Context(), term, ops("a", "1")), store.ErrFenced)
	wait(f, term.Lost, "the end of the term")
	f.wantRecords(b)
}

// A leader that was deposed and does not know it, because nothing reaches it,
// writes nothing, however late its packets arrive.
func TestDeposedButUnaware(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	a, b := f.open(through(p)), f.open()
	old := f.lead(a)
	f.commit(a, old, "x", "old")
	p.Stall(faultproxy.Downstream)
	f.depose()
	next := f.lead(b)
	if isOver(old) {
		t.Fatal("the old leader knows that it is deposed: nothing is tested")
	}
	late := background(func() error { return a.Commit(t.Context(), old, ops("x", "late", "y", "late")) })
	f.wantRecords(b, "x", "old")
	f.commit(b, next, "x", "new")
	f.wantRecords(b, "x", "new")
	p.Stall(0)
	f.wantErr("Commit of the deposed leader", wait(f, late, "the late commit"), store.ErrFenced)
	wait(f, old.Lost, "the end of the old term")
	f.wantRecords(b, "x", "new")
}

// Packets that were held back on the way, and come when another one leads, do
// nothing either.
func TestLatePackets(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	a, b := f.open(through(p)), f.open()
	old := f.lead(a)
	p.Stall(faultproxy.Upstream)
	big := strings.Repeat("x", 300_000)
	late := background(func() error { return a.Commit(t.Context(), old, ops("x", big)) })
	f.eventually("the commit to be under way", func() bool { return p.Held(faultproxy.Upstream) > len(big) })
	f.depose()
	next := f.lead(b)
	f.wantRecords(b)
	p.Stall(0)
	f.wantErr("late Commit", wait(f, late, "the late commit"), store.ErrFenced)
	f.commit(b, next)
	f.wantRecords(b)
}

// Each of the two checks of the fence is enough.
func TestEachCheck(t *testing.T) {
	t.Parallel()
	for name, breakIt := range map[string]func(*fixture){
		"Candidate": (*fixture).depose,
		"Term":      func(f *fixture) { f.set(f.at.term(), f.data(f.at.term())) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			p := f.proxy()
			b := f.open(through(p))
			term := f.lead(b)
			p.Stall(faultproxy.Downstream) // so that it learns of it by the answer alone
			breakIt(f)
			failed := background(func() error { return b.Commit(t.Context(), term, ops("a", "1")) })
			p.Stall(0)
			f.wantErr("Commit", wait(f, failed, "the commit"), store.ErrFenced)
			f.wantErr("next Commit", b.Commit(t.Context(), term, nil), store.ErrFenced)
			wait(f, term.Lost, "the end of the term")
			f.wantRecords(b)
		})
	}
}

// A connection that is cut while a commit is under way leaves its outcome
// unknown: the term ends, and the next one sees what came of it.
func TestAnswerIsCut(t *testing.T) {
	t.Parallel()
	for name, done := range map[string]bool{"Done": true, "NotDone": false} {
		for how, cut := range map[string]func(*faultproxy.Proxy){"Cut": (*faultproxy.Proxy).Cut, "Reset": (*faultproxy.Proxy).Reset} {
			t.Run(name+how, func(t *testing.T) {
				t.Parallel()
				f := newFixture(t)
				p := f.proxy()
				b := f.open(through(p))
				term := f.lead(b)
				f.commit(b, term, "a", "1")
				big := strings.Repeat("x", 300_000)
				commit := func() <-chan error {
					return background(func() error { return b.Commit(t.Context(), term, ops("a", "2", "big", big)) })
				}
				var outcome <-chan error
				want := []string{"a", "1"}
				if done {
					want = []string{"a", "2", "big", big}
					p.Stall(faultproxy.Downstream)
					outcome = commit()
					f.eventually("the commit to be done", func() bool { return len(f.children(f.at.journal())) == 2 })
				} else {
					p.Stall(faultproxy.Upstream)
					outcome = commit()
					f.eventually("the commit to be under way", func() bool { return p.Held(faultproxy.Upstream) > len(big) })
				}
				cut(p)
				p.Stall(0)
				err := wait(f, outcome, "the commit")
				for _, certain := range []error{nil, store.ErrFenced, store.ErrTooLarge, store.ErrInvalid, store.ErrClosed} {
					if errors.Is(err, certain) {
						t.Errorf("Commit: error %v, which says that the outcome is known", err)
					}
				}
				wait(f, term.Lost, "the end of the term")
				f.wantErr("next Commit", b.Commit(t.Context(), term, nil), store.ErrFenced)
				next := f.lead(b)
				f.wantRecords(b, want...)
				f.commit(b, next)
			})
		}
	}
}

// A connection that is lost while nothing is under way does no harm.
func TestReconnect(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	b := f.open(through(p))
	term := f.lead(b)
	for range 3 {
		before := p.Accepted()
		p.Reset()
		f.eventually("a new connection", func() bool { return p.Accepted() > before })
		f.eventually("an answer", func() bool { _, err := loadAll(t.Context(), b); return err == nil })
		f.commit(b, term, "a", "1")
	}
	if isOver(term) {
		t.Error("the term is over")
	}
	f.depose() // the watch is there again
	wait(f, term.Lost, "the end of the term")
}

// One who waits and loses the connection goes on waiting, and is told who leads
// now; its old place in line is given up.
func TestFollowerReconnects(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	first, second := f.open(), f.open()
	term := f.lead(first)
	seen := make(chan string, 100)
	follower := f.open(through(p))
	won := background(func() *store.Term {
		term, err := follower.Campaign(t.Context(), "follower:1", func(leader string) { seen <- leader })
		if err != nil {
			t.Errorf("Campaign: %v", err)
		}
		return term
	})
	wait(f, seen, "the leader's address")
	for range 3 {
		before := inLine(f.children(f.at.election()))
		p.Reset()
		f.eventually("another place in line", func() bool {
			now := inLine(f.children(f.at.election()))
			return len(now) == 2 && now[1] != before[1]
		})
	}
	next := background(func() *store.Term {
		term, err := second.Campaign(t.Context(), "second:1", nil)
		if err != nil {
			t.Errorf("Campaign: %v", err)
		}
		return term
	})
	f.eventually("the third in line", func() bool { return len(f.children(f.at.election())) == 3 })
	p.Cut() // now the follower goes behind the second
	f.eventually("another order", func() bool { return len(f.children(f.at.election())) == 3 })
	term.Resign()
	for range 2 {
		select {
		case term := <-won:
			term.Resign()
			won = nil
		case term := <-next:
			term.Resign()
			next = nil
		}
	}
}

// A session that expires: another one leads, the old one is fenced off, may
// campaign again, and is elected in its turn.
func TestExpiry(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	a, b := f.open(through(p), timeout(short)), f.open()
	old := f.lead(a)
	a.Commit(t.Context(), old, ops("x", "old")) // may be lost already if the machine is busy
	p.Stall(faultproxy.Both)
	next := f.lead(b)
	if !isOver(old) {
		t.Error("another one leads, but the old one has not given up")
	}
	if next.Number <= old.Number {
		t.Errorf("term %d came after term %d", next.Number, old.Number)
	}
	f.wantErr("Commit", a.Commit(t.Context(), old, ops("x", "late")), store.ErrFenced)
	p.Stall(0)
	again := background(func() *store.Term { return f.lead(a) })
	f.commit(b, next, "x", "new")
	next.Resign()
	if third := wait(f, again, "the old leader to lead again"); third.Number <= next.Number {
		t.Errorf("term %d came after term %d", third.Number, next.Number)
	}
}

// When ZooKeeper dies and comes back, an idle term goes on; a commit meanwhile
// ends it, and the next one has all that was committed.
func TestServerRestarts(t *testing.T) {
	t.Parallel()
	server := zookeepertest.Start(t, zookeepertest.Config{})
	f := fixtureOn(t, server)
	b := f.open()
	term := f.lead(b)
	f.commit(b, term, "a", "1")
	server.Kill()
	server.Restart(t)
	f.eventually("an answer", func() bool { _, err := loadAll(t.Context(), b); return err == nil })
	f.commit(b, term, "b", "2")
	server.Kill()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := b.Commit(ctx, term, ops("c", "3")); err == nil || errors.Is(err, store.ErrFenced) {
		t.Errorf("Commit without ZooKeeper: error %v", err)
	}
	wait(f, term.Lost, "the end of the term")
	server.Restart(t)
	next := f.lead(b)
	got, err := loadAll(t.Context(), b)
	if err != nil || got["a"] != "1" || got["b"] != "2" { // c may be there: the library had it
		t.Fatalf("records are %v, %v", got, err)
	}
	f.commit(b, next, "d", "4")
}

// When ZooKeeper sleeps, everything gives up in time, and is well afterwards.
func TestServerSleeps(t *testing.T) {
	t.Parallel()
	server := zookeepertest.Start(t, zookeepertest.Config{})
	f := fixtureOn(t, server)
	b, other := f.open(timeout(short)), f.open(timeout(short))
	term := f.lead(b)
	b.Commit(t.Context(), term, ops("a", "1"))
	waiting := background(func() error { _, err := other.Campaign(t.Context(), "other:1", nil); return err })
	server.Pause(t)
	f.eventually("no more commits", func() bool { return b.Commit(t.Context(), term, ops("a", "2")) != nil })
	wait(f, term.Lost, "the end of the term")
	if err := wait(f, waiting, "the end of the other campaign"); err == nil {
		t.Error("the other one was elected while ZooKeeper slept")
	}
	if _, err := b.Campaign(t.Context(), "b:1", nil); !errors.Is(err, errSilent) {
		t.Errorf("Campaign while ZooKeeper sleeps: error %v, want %v", err, errSilent)
	}
	if _, err := loadAll(t.Context(), b); err == nil {
		t.Error("Load succeeds while ZooKeeper sleeps")
	}
	server.Resume(t)
	f.lead(b)
	if got, err := loadAll(t.Context(), b); err == nil && got["a"] != "1" && got["a"] != "2" {
		t.Errorf("records are %v", got)
	}
}

// Nobody answers at all.
func TestNoServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	p.Refuse(true)
	b := f.open(through(p), timeout(MinSessionTimeout))
	_, err := b.Campaign(t.Context(), "x", nil)
	if err == nil || !strings.Contains(err.Error(), p.Addr()) {
		t.Errorf("Campaign: error %v, want one that names %s", err, p.Addr())
	}
	if _, err := loadAll(t.Context(), b); err == nil {
		t.Error("Load succeeds without a server")
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("because")
	patient := f.open(through(p))
	ended := background(func() error { _, err := patient.Campaign(ctx, "x", nil); return err })
	cancel(why)
	f.wantErr("Campaign that is cancelled", wait(f, ended, "its end"), why)
	p.Refuse(false)
	f.lead(b)
}

// Close ends in time even if ZooKeeper does not answer.
func TestCloseWithoutServer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	a, b := f.open(through(p)), f.open(through(p))
	term := f.lead(a)
	seen := make(chan string, 10)
	waiting := background(func() error {
		_, err := b.Campaign(t.Context(), "b:1", func(leader string) { seen <- leader })
		return err
	})
	wait(f, seen, "the leader's address")
	p.Stall(faultproxy.Both)
	for _, handle := range []*Backend{a, b} {
		if err := wait(f, background(handle.Close), "Close"); err != nil {
			t.Error(err)
		}
	}
	wait(f, term.Lost, "the end of the term")
	f.wantErr("Campaign", wait(f, waiting, "its end"), store.ErrClosed)
}

// A commit whose context ends while it is under way ends the term: nobody knows
// what came of it.
func TestCommitIsGivenUp(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	b := f.open(through(p))
	term := f.lead(b)
	p.Stall(faultproxy.Both)
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("because")
	ended := background(func() error { return b.Commit(ctx, term, ops("a", strings.Repeat("x", 100_000))) })
	f.eventually("the commit to be under way", func() bool { return p.Held(faultproxy.Upstream) > 100_000 })
	cancel(why)
	f.wantErr("Commit", wait(f, ended, "its end"), why)
	wait(f, term.Lost, "the end of the term")
	p.Stall(0)
	f.lead(b)
}

// A ZooKeeper that was wiped is refused by all who knew the store.
func TestWiped(t *testing.T) {
	t.Parallel()
	server := zookeepertest.Start(t, zookeepertest.Config{})
	f := fixtureOn(t, server)
	b := f.open(timeout(short))
	b.Commit(t.Context(), f.lead(b), ops("a", "1"))
	identity := b.Identity()
	if identity == "" {
		t.Fatal("the store has no identity")
	}
	server.Wipe(t)
	refuses := func(b *Backend) {
		t.Helper()
		f.eventually("an answer", func() bool { // the first connection may still be to the server that was
			_, err := b.Campaign(t.Context(), "x", nil)
			if err == nil {
				t.Fatal("Campaign in a store that was wiped succeeds")
			}
			return errors.Is(err, ErrForgotten)
		})
		f.eventually("an answer", func() bool {
			_, err := loadAll(t.Context(), b)
			if err == nil {
				t.Fatal("Load from a store that was wiped succeeds")
			}
			return errors.Is(err, ErrForgotten)
		})
	}
	refuses(b)
	refuses(f.open(func(o *Options) { o.Identity = identity }))
	fresh := f.open()
	f.lead(fresh)
	if fresh.Identity() == identity {
		t.Error("the new store has the identity of the old one")
	}
	refuses(b) // what is there now is another store
	f.wantRecords(fresh)
}

// So is one that was set back to an earlier state.
func TestSetBack(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	b := f.open()
	f.lead(b).Resign()
	before := f.data(f.at.term())
	f.lead(b).Resign()
	f.set(f.at.term(), before)
	if _, err := b.Campaign(t.Context(), "x", nil); !errors.Is(err, ErrForgotten) {
		t.Fatalf("Campaign: error %v, want %v", err, ErrForgotten)
	}
	f.lead(f.open()) // who starts anew accepts it
}

// An ensemble: a term begins with all that earlier ones committed, whichever
// server it talks to, and outlives the loss of any one of them.
func TestEnsemble(t *testing.T) {
	t.Parallel()
	servers := zookeepertest.StartEnsemble(t, 3)
	f := fixtureOn(t, servers[0])
	all := func(o *Options) {
		o.Servers = nil
		for _, s := range servers {
			o.Servers = append(o.Servers, s.Addr())
		}
	}
	one := func(i int) func(*Options) { return func(o *Options) { o.Servers = []string{servers[i].Addr()} } }
	// What one server was told all others know when a term begins.
	want := ""
	for i := range 6 {
		b := f.open(one(i % 3))
		term := f.lead(b)
		got, err := loadAll(t.Context(), b)
		if err != nil || got["n"] != want {
			t.Fatalf("server %d has %v, %v, want %q", i%3, got, err, want)
		}
		want += "|"
		f.commit(b, term, "n", want)
		if got, err := loadAll(t.Context(), f.open(one((i+1)%3))); err != nil || got["n"] != want {
			t.Fatalf("server %d has %v, %v, want %q", (i+1)%3, got, err, want)
		}
		term.Resign()
	}
	// One server after the other dies and comes back, the leader among them.
	b := f.open(all)
	for i, s := range servers {
		s.Kill()
		f.eventually("a commit", func() bool {
			term := f.lead(b)
			defer term.Resign()
			got, err := loadAll(t.Context(), b)
			if err != nil {
				return false
			}
			if got["n"] != want && got["n"] != want+"|" { // the latter if a commit's answer was lost
				t.Fatalf("without server %d: %v, want %q", i, got, want)
			}
			want = got["n"]
			if b.Commit(t.Context(), term, ops("n", want+"|")) != nil {
				return false
			}
			want += "|"
			return true
		})
		s.Restart(t)
	}
}

// What is left in the directory of the tests is removed with them.
func TestServersLeaveNothing(t *testing.T) {
	t.Parallel()
	var dir string
	t.Run("Server", func(t *testing.T) {
		s := zookeepertest.Start(t, zookeepertest.Config{})
		dir = s.Dir()
		if s.Mode() != "standalone" {
			t.Errorf("the server is %q", s.Mode())
		}
	})
	if dir != "" {
		if _, err := os.Stat(filepath.Join(dir, "zoo.cfg")); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there: %v", dir, err)
		}
	}
}
