package zookeeper

import (
	"testing"
	"time"

	"github.com/hora-scheduler/hora/zookeepertest"
)

// A ZooKeeper whose disk is full stores nothing: no commit succeeds, the term
// ends, nobody is elected. When there is room again all that was committed is there.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	server := zookeepertest.Start(t, zookeepertest.Config{})
	f := fixtureOn(t, server)
	b, other := f.open(timeout(short)), f.open(timeout(short))
	term := f.lead(b)
	f.commit(b, term, "a", "1")
	server.FillDisk(t)
	if err := b.Commit(t.Context(), term, ops("b", "2")); err == nil {
		t.Fatal("a commit succeeds though nothing can be written")
	}
	wait(f, term.Lost, "the end of the term")
	if _, err := other.Campaign(t.Context(), "other:1", nil); err == nil {
		t.Error("the other one is elected though nothing can be written")
	}
	server.Kill()
	server.Restart(t)
	next := f.lead(other)
	got, err := loadAll(t.Context(), other)
	if err != nil || got["a"] != "1" || len(got) > 2 { // b may be there or not
		t.Fatalf("records are %v, %v", got, err)
	}
	f.commit(other, next, "c", "3")
}

// A ZooKeeper that is slow, but not as slow as a session lasts, is waited for: it
// costs no term. One that is slower does.
func TestSlow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	p := f.proxy()
	b := f.open(through(p), timeout(long))
	term := f.lead(b)
	p.Delay(200 * time.Millisecond)
	began := time.Now()
	f.commit(b, term, "a", "1")
	if took := time.Since(began); took < 400*time.Millisecond {
		t.Errorf("a commit took %v: nothing was delayed, the test is broken", took)
	}
	select {
	case <-term.Lost:
		t.Error("the term is over though the session lives")
	default:
	}
	p.Delay(0)
	q := f.proxy()
	other := f.open(through(q), timeout(short))
	term.Resign()
	term = f.lead(other)
	q.Delay(time.Minute)
	wait(f, term.Lost, "the end of a term whose ZooKeeper takes longer than the session lasts")
	q.Delay(0)
	q.Reset()
	next := f.lead(other)
	f.commit(other, next, "b", "2")
	f.wantRecords(other, "a", "1", "b", "2")
}
