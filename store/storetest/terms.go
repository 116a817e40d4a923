package storetest

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/hora-scheduler/hora/store"
)

func testElected(t *testing.T, o Opener) {
	b := openBackend(t, o)
	won, seen := campaign(t.Context(), b, "host:4400")
	r := receive(t, won, "election")
	if r.err != nil {
		t.Fatalf("Campaign: %v", r.err)
	}
	if r.term.Number < 1 {
		t.Errorf("term has number %d, want at least 1", r.term.Number)
	}
	wantNotLost(t, r.term)
	wantLeaders(t, seen, "host:4400")
	commit(t, b, r.term)
	commit(t, b, r.term, set("a", "1"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel() // the term outlives what it was won with
	if _, err := b.Campaign(ctx, "x", nil); err == nil {
		t.Error("a campaign that was over before it began was won")
	}
	commit(t, b, r.term, set("a", "2"))
}

// wantLeaders checks what a campaign that is over was told: no value twice in
// a row, and last the winner.
func wantLeaders(t *testing.T, seen <-chan string, last string) {
	t.Helper()
	var all []string
	for leader := range seen {
		if len(all) > 0 && all[len(all)-1] == leader {
			t.Errorf("seen was told %q again after %q", leader, all)
		}
		all = append(all, leader)
	}
	if len(all) == 0 || all[len(all)-1] != last {
		t.Errorf("seen was told %q, want %q last", all, last)
	}
}

func testFencedByNextTerm(t *testing.T, o Opener) {
	a, old := leading(t, o)
	commit(t, a, old, set("a", "old"))
	o.Depose(t)
	b, next := leading(t, o)
	if next.Number <= old.Number {
		t.Errorf("term %d came after term %d", next.Number, old.Number)
	}
	want(t, load(t, b, ""), "a", "old")
	wantFenced(t, a, old)
	wantFenced(t, b, old) // the term counts, not who commits
	commit(t, b, next, set("a", "new"))
	wantFenced(t, a, old)
	wantLost(t, old)
	old.Resign() // which must not end the term of another one
	wantNotLost(t, next)
	commit(t, b, next)
	want(t, load(t, a, ""), "a", "new")
}

func testFencedAfterResign(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "1"))
	term.Resign()
	wantLost(t, term)
	wantFenced(t, b, term) // though nobody else leads
	term.Resign()
	next := lead(t, b)
	wantFenced(t, b, term)
	commit(t, b, next, set("a", "2"))
	want(t, load(t, b, ""), "a", "2")
}

func testFencedAfterDepose(t *testing.T, o Opener) {
	b, term := leading(t, o)
	o.Depose(t)
	wantFenced(t, b, term)
	wantLost(t, term)
	next := lead(t, b) // the same backend may lead again
	wantFenced(t, b, term)
	commit(t, b, next)
}

func testFencedWithoutTerm(t *testing.T, o Opener) {
	b := openBackend(t, o)
	wantFenced(t, b, nil)
	wantFenced(t, b, store.NewTerm(0, nil, nil))
	wantFenced(t, b, store.NewTerm(1, nil, nil)) // before any term
	term := lead(t, b)
	wantFenced(t, b, nil)
	wantFenced(t, b, store.NewTerm(0, nil, nil))
	wantFenced(t, b, store.NewTerm(term.Number+1, nil, nil))
}

// testFenceUnderLoad deposes a leader in the middle of its commits. What a
// successor finds when its term begins must not change any more.
func testFenceUnderLoad(t *testing.T, o Opener) {
	a, old := leading(t, o)
	b := openBackend(t, o)
	var count atomic.Int64
	begun, stop, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		for n, last := 1, false; ; n++ {
			select {
			case <-stop:
				last = true // one more, which must fail at the latest
			default:
			}
			err := a.Commit(t.Context(), old, []store.Op{set("x", fmt.Sprint(n)), set("y", fmt.Sprint(n))})
			if err != nil || last {
				ended <- err
				return
			}
			count.Store(int64(n))
			if n == 3 {
				close(begun)
			}
		}
	}()
	receive(t, begun, "third commit")
	o.Depose(t)
	next := lead(t, b)
	first := load(t, b, "")
	close(stop)
	if err := receive(t, ended, "end of the old leader"); err == nil {
		t.Error("the old leader can still commit")
	} else {
		wantErr(t, "Commit of the old leader", err, store.ErrFenced)
	}
	n := fmt.Sprint(count.Load())
	want(t, first, "x", n, "y", n)
	wantMap(t, load(t, b, ""), first)
	commit(t, b, next, set("x", "new"))
}

func testTermNumbersGrow(t *testing.T, o Opener) {
	var last int64
	grow := func(term *store.Term, how string) {
		t.Helper()
		if term.Number <= last {
			t.Errorf("%s: term %d after term %d", how, term.Number, last)
		}
		last = term.Number
	}
	for range 3 {
		b := o.Open(t)
		term := lead(t, b)
		grow(term, "after reopening")
		term.Resign()
		grow(lead(t, b), "after resigning")
		o.Depose(t)
		grow(lead(t, b), "after being deposed")
		if err := b.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
}

func testLostOnClose(t *testing.T, o Opener) {
	a := o.Open(t)
	old := lead(t, a)
	b := openBackend(t, o)
	won, _ := campaign(t.Context(), b, "b:1")
	if err := a.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	wantLost(t, old)
	r := receive(t, won, "election after the leader has closed")
	if r.err != nil {
		t.Fatalf("Campaign: %v", r.err)
	}
	wantFenced(t, b, old)
	commit(t, b, r.term)
	old.Resign()
	commit(t, b, r.term)
}

func testSameBackendWaits(t *testing.T, o Opener) {
	b := openBackend(t, o)
	first, seen := campaign(t.Context(), b, "b:1")
	term := receive(t, first, "election").term
	wantLeaders(t, seen, "b:1")
	second, seen := campaign(t.Context(), b, "b:2")
	if leader := receive(t, seen, "address of the leader"); leader != "b:1" {
		t.Errorf("leader is %q, want b:1", leader)
	}
	wantWaiting(t, second)
	wantNotLost(t, term)
	commit(t, b, term)
	term.Resign()
	r := receive(t, second, "second election")
	if r.err != nil {
		t.Fatalf("Campaign: %v", r.err)
	}
	wantLeaders(t, seen, "b:2")
	commit(t, b, r.term)
}

func wantWaiting(t *testing.T, won <-chan result) {
	t.Helper()
	select {
	case r := <-won:
		t.Fatalf("Campaign returned %v, %v while another term lasts", r.term, r.err)
	default:
	}
}

func testCampaignCancelled(t *testing.T, o Opener) {
	a, term := leading(t, o)
	b := openBackend(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	won, seen := campaign(ctx, b, "b:1")
	receive(t, seen, "address of the leader")
	cancel()
	r := receive(t, won, "end of the campaign")
	wantErr(t, "Campaign", r.err, context.Canceled)
	if r.term != nil {
		t.Error("a campaign that was cancelled has a term")
	}
	_, err := b.Campaign(ctx, "b:1", nil)
	wantErr(t, "Campaign with a context that is over", err, context.Canceled)

	// It does not stay in line: the next one is elected, and b can come back.
	term.Resign()
	next := lead(t, a)
	commit(t, a, next)
	next.Resign()
	commit(t, b, lead(t, b))
}

func testCampaignClosed(t *testing.T, o Opener) {
	a, term := leading(t, o)
	b := o.Open(t)
	won, seen := campaign(t.Context(), b, "b:1")
	receive(t, seen, "address of the leader")
	if err := b.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
	wantErr(t, "Campaign", receive(t, won, "end of the campaign").err, store.ErrClosed)
	wantNotLost(t, term)
	commit(t, a, term)
	term.Resign()
	commit(t, a, lead(t, a))
}

// testSeenFollowsLeader has c wait while a and then b lead.
func testSeenFollowsLeader(t *testing.T, o Opener) {
	a, b, c := openBackend(t, o), openBackend(t, o), openBackend(t, o)
	first, _ := campaign(t.Context(), a, "a:1")
	termA := receive(t, first, "election of a").term

	second, seenB := campaign(t.Context(), b, "b:1")
	if leader := receive(t, seenB, "address of a"); leader != "a:1" {
		t.Errorf("b was told %q, want a:1", leader)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	third, seenC := campaign(ctx, c, "c:1")
	if leader := receive(t, seenC, "address of a"); leader != "a:1" {
		t.Errorf("c was told %q, want a:1", leader)
	}

	termA.Resign()
	// Who is first in line is not said: either b or c.
	var termB *store.Term
	leader := "c:1"
	select {
	case r := <-second:
		termB, leader = r.term, "b:1"
		wantLeaders(t, seenB, "b:1")
	case r := <-third:
		termB = r.term
		wantLeaders(t, seenC, "c:1")
	case <-t.Context().Done():
	}
	waiting, seen := third, seenC
	if leader == "c:1" {
		waiting, seen = second, seenB
	}
	told := receive(t, seen, "next leader")
	if told == "" {
		told = receive(t, seen, "next leader")
	}
	if told != leader {
		t.Errorf("who waits was told %q, want %q", told, leader)
	}
	wantWaiting(t, waiting)
	termB.Resign()
	if r := receive(t, waiting, "last election"); r.err != nil {
		t.Errorf("Campaign: %v", r.err)
	}
}

// testOneLeaderOfMany has several backends lead in turn and add one to a
// counter, which only one leader at a time can do without losing any.
func testOneLeaderOfMany(t *testing.T, o Opener) {
	const backends, turns = 4, 5
	var leaders atomic.Int32
	ended := make(chan error, backends)
	for i := range backends {
		b := openBackend(t, o)
		go func() {
			ended <- func() error {
				for range turns {
					term, err := b.Campaign(t.Context(), fmt.Sprintf("b%d:1", i), nil)
					if err != nil {
						return err
					}
					if n := leaders.Add(1); n != 1 {
						return fmt.Errorf("%d leaders at once", n)
					}
					records, err := tryLoad(t.Context(), b, "n")
					if err != nil {
						return err
					}
					op := store.Op{Key: "n", Value: append([]byte(records["n"]), '|')}
					if err := b.Commit(t.Context(), term, []store.Op{op}); err != nil {
						return err
					}
					leaders.Add(-1)
					term.Resign()
				}
				return nil
			}()
		}()
	}
	for range backends {
		if err := receive(t, ended, "leaders"); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(load(t, openBackend(t, o), "")["n"]); n != backends*turns {
		t.Errorf("the counter is %d, want %d", n, backends*turns)
	}
}
