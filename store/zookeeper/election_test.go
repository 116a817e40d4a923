package zookeeper

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// candidates campaign one after the other, so that their order is known.
type candidates struct {
	*fixture
	handles []*Backend
	won     []<-chan *store.Term
	seen    []chan string
}

func (f *fixture) line(n int) *candidates {
	f.Helper()
	c := &candidates{fixture: f}
	for i := range n {
		b := f.open()
		seen := make(chan string, 100)
		c.handles, c.seen = append(c.handles, b), append(c.seen, seen)
		c.won = append(c.won, background(func() *store.Term {
			term, err := b.Campaign(f.Context(), fmt.Sprintf("host%d:4400", i), func(leader string) { seen <- leader })
			if err != nil && f.Context().Err() == nil && !errors.Is(err, store.ErrClosed) {
				f.Errorf("campaign %d: %v", i, err)
			}
			return term
		}))
		f.eventually("the candidate's node", func() bool {
			names, _, err := f.admin.Children(f.at.election())
			return err == nil && len(names) == i+1
		})
	}
	return c
}

// wantSeen reads what a candidate is told until it is told leader.
func (c *candidates) wantSeen(i int, leader string) {
	c.Helper()
	for {
		if got := wait(c.fixture, c.seen[i], "the address "+leader); got == leader {
			return
		}
	}
}

// Candidates are elected in the order in which they came, whether the one before
// resigns or dies, and all others are told.
func TestOrder(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const n = 5
	c := f.line(n)
	last := int64(0)
	for i := range n {
		term := wait(f, c.won[i], "the election of the next in line")
		if term.Number <= last {
			t.Errorf("term %d after %d", term.Number, last)
		}
		last = term.Number
		for j := i; j < n; j++ {
			c.wantSeen(j, fmt.Sprintf("host%d:4400", i))
		}
		for j := i + 1; j < n; j++ {
			if len(c.won[j]) > 0 {
				t.Fatalf("%d leads while %d does", j, i)
			}
		}
		switch i % 3 {
		case 0:
			term.Resign()
		case 1:
			f.depose()
		default:
			c.handles[i].Close()
		}
	}
}

// Who waits in the middle may go: it is told, and nobody is elected for that.
func TestGapInLine(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.lead(f.open())
	gone, last := f.open(), f.open()
	left := background(func() error { _, err := gone.Campaign(t.Context(), "gone:1", nil); return err })
	f.eventually("the second", func() bool { return len(f.children(f.at.election())) == 2 })
	won := background(func() *store.Term { return f.lead(last) })
	f.eventually("the third", func() bool { return len(f.children(f.at.election())) == 3 })
	f.remove(f.at.candidate(inLine(f.children(f.at.election()))[1])) // as if its session had expired
	f.wantErr("Campaign of who is gone", wait(f, left, "its end"), errDeposed)
	if len(won) > 0 || isOver(first) {
		t.Error("the third was elected while the first leads")
	}
	first.Resign()
	wait(f, won, "the election of the third")
}

// Followers that nobody leads are told so.
func TestNobodyLeads(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	c := f.line(3)
	wait(f, c.won[0], "the election")
	c.wantSeen(2, "host0:4400")
	// The second in line is held up: its node stays while it does nothing.
	stuck := f.at.candidate(inLine(f.children(f.at.election()))[1])
	c.handles[1].Close()
	f.make(stuck, nil)
	f.depose()
	c.wantSeen(2, "")
	f.remove(stuck)
	wait(f, c.won[2], "the election of the last")
}

// When the leader goes only its successor looks who is next: nobody watches the
// list, and each watches the one before.
func TestNoHerd(t *testing.T) {
	t.Parallel()
	server := zookeepertest.Start(t, zookeepertest.Config{}) // where only this test watches
	f := fixtureOn(t, server)
	const n = 5
	c := f.line(n)
	wait(f, c.won[0], "the election")
	c.wantSeen(n-1, "host0:4400")
	names := inLine(f.children(f.at.election()))
	watchers := map[string]int{} // sessions by path
	path := ""
	for line := range strings.Lines(server.Ask("wchp")) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "/") {
			path = line
		} else if line != "" {
			watchers[path]++
		}
	}
	for path, sessions := range watchers {
		want := 2 // itself and the next
		switch {
		case path == f.at.term(), path == f.at.candidate(names[0]):
			want = n // who leads is for all to know
		case !strings.HasPrefix(path, f.at.election()+"/"):
			want = 0
		}
		if sessions > want {
			t.Errorf("%s is watched by %d sessions, want at most %d", path, sessions, want)
		}
	}
	if len(watchers) < n {
		t.Errorf("only %d nodes are watched: %v", len(watchers), watchers)
	}
}

// The order is that of the numbers, and what is not a candidate is none.
func TestInLine(t *testing.T) {
	t.Parallel()
	got := inLine([]string{"c-0000000010", "other", "c-0000000009", "c-", "c-x", "x-0000000001", "c-9999999999"})
	if want := "c-0000000009 c-0000000010 c-9999999999"; strings.Join(got, " ") != want {
		t.Errorf("line is %q, want %s", got, want)
	}
}

// BenchmarkHandOver resigns while another one waits. The target is less than a
// second; it should be a few milliseconds.
func BenchmarkHandOver(b *testing.B) {
	path := zookeepertest.Path()
	handles := []*Backend{benchOpen(b, path), benchOpen(b, path)}
	campaign := func(i int) chan *store.Term {
		won, waits := make(chan *store.Term, 1), make(chan struct{}, 10)
		go func() {
			term, err := handles[i%2].Campaign(b.Context(), fmt.Sprint(i), func(string) { waits <- struct{}{} })
			if err != nil {
				b.Error(err)
			}
			won <- term
		}()
		<-waits
		return won
	}
	leader := <-campaign(0)
	for i := 1; b.Loop(); i++ {
		b.StopTimer()
		next := campaign(i)
		b.StartTimer()
		leader.Resign()
		leader = <-next
	}
}
