package leader_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// cluster is a Mesos that offers without end and runs every task for an instant.
type cluster struct {
	mu      sync.Mutex
	effects []string
	deliver func(scheduler.Event)
	offers  int
	still   bool                                                                  // tasks are launched and then nothing is heard of them
	runs    func(ctx context.Context, taskID string, tell func(scheduler.Status)) // what a task does; nil: it ends at once
	ctx     context.Context
}

func (c *cluster) Run(ctx context.Context, frameworkID string, deliver func(scheduler.Event)) error {
	c.mu.Lock()
	c.deliver, c.ctx = deliver, ctx
	c.mu.Unlock()
	deliver(scheduler.Subscribed{FrameworkID: "F"})
	<-ctx.Done()
	return nil
}

func (c *cluster) Perform(_ context.Context, e scheduler.Effect) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.effects = append(c.effects, fmt.Sprintf("%T", e))
	switch e := e.(type) {
	case scheduler.Revive:
		c.offer()
	case scheduler.Accept:
		c.offer()
		for _, l := range e.Launches {
			c.effects = append(c.effects, l.TaskID)
			switch {
			case c.runs != nil:
				deliver := c.deliver
				go c.runs(c.ctx, l.TaskID, func(st scheduler.Status) {
					st.TaskID, st.AgentID, st.UUID = l.TaskID, l.AgentID, fmt.Sprint(l.TaskID, st.State)
					deliver(scheduler.Update{Status: st})
				})
			case !c.still:
				id := scheduler.Status{TaskID: l.TaskID, AgentID: l.AgentID, State: scheduler.TaskFinished, UUID: "u"}
				go c.deliver(scheduler.Update{Status: id})
			}
		}
	}
	return nil
}

func (c *cluster) offer() {
	c.offers++
	o := scheduler.Offer{ID: fmt.Sprint("o", c.offers), AgentID: "agent", Resources: []scheduler.Resource{{Name: "cpus", Milli: 1e6}, {Name: "mem", Milli: 1e9}}}
	go c.deliver(scheduler.Offers{Offers: []scheduler.Offer{o}})
}

func (c *cluster) seen() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.effects)
}

// bubble runs a leader over a server in virtual time, from 2000-01-01 on.
func bubble(t *testing.T, f func(t *testing.T, server *memory.Server, start func(self string) (*leader.Leader, *cluster))) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		server := memory.NewServer()
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		f(t, server, func(self string) (*leader.Leader, *cluster) {
			c := &cluster{}
			l := leader.New(leader.Options{
				Store: store.New(server.Open()), Cluster: c, Config: scheduler.DefaultConfig(), Self: self, Log: slog.New(slog.DiscardHandler),
				Metrics: metrics(t, self),
			})
			running.Go(func() {
				if err := l.Run(ctx); err != nil {
					t.Errorf("run: %v", err)
				}
			})
			synctest.Wait()
			return l, c
		})
		cancel()
		running.Wait()
	})
}

func hourly() scheduler.PutJob {
	return scheduler.PutJob{Job: &job.Job{Name: "hourly", Command: "true", Shell: true, CPUs: .1, Mem: 32, Schedule: "R/2000-01-01T01:00:07Z/PT1H"}}
}

func do(t *testing.T, l *leader.Leader, ev scheduler.Event) {
	t.Helper()
	if err := l.Do(t.Context(), ev); err != nil {
		t.Fatalf("%T: %v", ev, err)
	}
}

// TestVirtualDay: an hourly job runs 24 times in a day, each at its time, and
// nothing is done in between.
func TestVirtualDay(t *testing.T) {
	bubble(t, func(t *testing.T, _ *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, c := start("me:1")
		do(t, l, hourly())
		time.Sleep(24*time.Hour + time.Minute)
		synctest.Wait()
		j := l.View().Job("hourly")
		if j.State.SuccessCount != 24 || len(j.Runs) != 0 {
			t.Errorf("%d successes and %d runs, want 24 and 0", j.State.SuccessCount, len(j.Runs))
		}
		entries, err := l.View().History(t.Context(), j)
		if err != nil || len(entries) != 24 {
			t.Fatalf("%d entries of history (%v), want 24", len(entries), err)
		}
		for i, e := range entries {
			if late := e.Attempts[0].Launched.Sub(e.Slot); e.Outcome != scheduler.Succeeded || late != 0 || e.Slot.Hour() != (i+1)%24 {
				t.Errorf("entry %d: %+v, launched %v late", i, e, late)
			}
		}
		count := map[string]int{}
		for _, e := range c.seen() {
			count[e]++
		}
		want := map[string]int{"scheduler.Accept": 24, "scheduler.Acknowledge": 24, "scheduler.Revive": 24}
		for kind, n := range want {
			if count[kind] != n {
				t.Errorf("%d × %s in a day, want %d", count[kind], kind, n)
			}
		}
	})
}

// TestBothParentsForTwoMinutes: A every 10 s, B every 15 s, each of which takes
// its time and fails now and then, and C after A and B. In the stored history,
// C never starts before both have succeeded since C's last start; in the
// middle of it another process takes over.
func TestBothParentsForTwoMinutes(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		runs := func(_ context.Context, id string, tell func(scheduler.Status)) {
			tell(scheduler.Status{State: scheduler.TaskRunning})
			st := scheduler.Status{State: scheduler.TaskFinished}
			name, ms := strings.Split(id, ":")[3], strings.Split(id, ":")[1]
			switch {
			case name == "A":
				time.Sleep(time.Second)
			case name == "B" && strings.HasSuffix(ms, "45000"): // the fourth
				st = scheduler.Status{State: scheduler.TaskFailed, Message: "exit 1"}
			case name == "B":
				time.Sleep(2 * time.Second)
			case name == "C":
				time.Sleep(500 * time.Millisecond)
			}
			tell(st)
		}
		l, c := start("first:1")
		next, other := start("second:2")
		c.runs, other.runs = runs, runs
		for name, every := range map[string]string{"A": "PT10S", "B": "PT15S"} {
			do(t, l, scheduler.PutJob{Job: &job.Job{Name: name, Command: "true", Shell: true, CPUs: .1, Mem: 32, Schedule: "R/2000-01-01T00:00:00Z/" + every}})
		}
		do(t, l, scheduler.PutJob{Job: &job.Job{Name: "C", Command: "true", Shell: true, CPUs: .1, Mem: 32, Parents: []string{"A", "B"}}})
		time.Sleep(63500 * time.Millisecond) // A and B are over, C too
		server.Depose()
		time.Sleep(55500 * time.Millisecond)
		synctest.Wait()
		if !next.View().Leading {
			t.Fatal("the second process does not lead: the test is broken")
		}
		history := func(name string) []*scheduler.Entry {
			entries, err := next.View().History(t.Context(), next.View().Job(name))
			if err != nil {
				t.Fatal(err)
			}
			return entries
		}
		since := time.Time{}
		for i, run := range history("C") {
			began := run.Attempts[0].Launched
			for _, parent := range []string{"A", "B"} {
				if !slices.ContainsFunc(history(parent), func(e *scheduler.Entry) bool {
					return e.Outcome == scheduler.Succeeded && e.Ended.After(since) && !e.Ended.After(began)
				}) {
					t.Errorf("run %d of C starts at %v, and %s has no success since its last start at %v", i, began, parent, since)
				}
			}
			since = began
		}
		// Of B's 8 runs in 119 s one fails, after each of the others C runs.
		if a, b, c := len(history("A")), len(history("B")), len(history("C")); a != 12 || b != 8 || c != 7 {
			t.Errorf("A ran %d times, B %d times and C %d times, want 12, 8 and 7", a, b, c)
		}
	})
}

// TestRetriesComeInTime: attempts 0, 1 and 2, each the interval after the end
// of the one before, to the instant; also where another process takes over
// between two of them, which may cost less than a second.
func TestRetriesComeInTime(t *testing.T) {
	for _, over := range []bool{false, true} {
		bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
			runs := func(_ context.Context, _ string, tell func(scheduler.Status)) {
				tell(scheduler.Status{State: scheduler.TaskRunning})
				time.Sleep(700 * time.Millisecond)
				tell(scheduler.Status{State: scheduler.TaskFailed, Message: "exit 7"})
			}
			l, c := start("first:1")
			next, other := start("second:2")
			c.runs, other.runs = runs, runs
			do(t, l, scheduler.PutJob{Job: &job.Job{
				Name: "f", Command: "exit 7", Shell: true, CPUs: .1, Mem: 32, Schedule: "R1/2000-01-01T00:00:05Z/PT1H", Retries: 2, RetryInterval: "PT3S",
			}})
			last := l
			if over {
				time.Sleep(8 * time.Second) // between attempts 0 and 1
				server.Depose()
				last = next
			}
			time.Sleep(30 * time.Second)
			synctest.Wait()
			entries, err := last.View().History(t.Context(), last.View().Job("f"))
			if err != nil || len(entries) != 1 || entries[0].Outcome != scheduler.Failed || len(entries[0].Attempts) != 3 {
				t.Fatalf("%+v, %v, want one run that failed after 3 attempts", entries, err)
			}
			for i, a := range entries[0].Attempts[1:] {
				late := a.Launched.Sub(entries[0].Attempts[i].Ended) - 3*time.Second
				if a.Number != i+1 || late < 0 || late >= time.Second || late > 0 && !over {
					t.Errorf("attempt %d comes %v late", a.Number, late)
				}
			}
		})
	}
}

// TestInboxIsBounded: while a commit does not come back, one more batch is
// stepped, events wait, and beyond the limit so do their senders; one that gives
// up has changed nothing.
func TestInboxIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, _ := start("me:1")
		release := make(chan struct{})
		server.SetHooks(memory.Hooks{BeforeCommit: func(context.Context, *store.Term, []store.Op) error {
			<-release
			return nil
		}})
		put := func(ctx context.Context, name string) error {
			ev := hourly()
			ev.Job.Name = name
			return l.Do(ctx, ev)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if err := put(t.Context(), "first"); err != nil { // its commit is on its way
				t.Error(err)
			}
		})
		synctest.Wait()
		for range leader.MaxBatch { // the next batch, stepped while the first is stored
			wg.Go(func() {
				if err := l.Do(t.Context(), scheduler.RunJob{Name: "none"}); !errors.Is(err, scheduler.ErrNoJob) {
					t.Errorf("answered %v, want that there is no such job", err)
				}
			})
		}
		synctest.Wait()
		for i := range leader.InboxSize {
			wg.Go(func() {
				if err := put(t.Context(), fmt.Sprint("job", i)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if err := put(ctx, "late"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one event too many: %v, want that its sender waits until it gives up", err)
		}
		server.SetHooks(memory.Hooks{})
		close(release)
		wg.Wait()
		synctest.Wait()
		if n := l.View().Len(); n != leader.InboxSize+1 || l.View().Job("late") != nil {
			t.Errorf("%d jobs, want the %d that were taken in and no other", n, leader.InboxSize+1)
		}
	})
}

// TestNothingBeforeCommit: as long as a commit has not come back, nobody is
// answered, no view shows it, and nothing is done.
func TestNothingBeforeCommit(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, c := start("me:1")
		do(t, l, hourly())
		synctest.Wait()
		before := c.seen()
		release := make(chan struct{})
		server.SetHooks(memory.Hooks{BeforeCommit: func(ctx context.Context, _ *store.Term, ops []store.Op) error {
			<-release
			return nil
		}})
		answered := make(chan error, 1)
		go func() { answered <- l.Do(t.Context(), scheduler.RunJob{Name: "hourly"}) }()
		time.Sleep(time.Minute)
		synctest.Wait()
		select {
		case err := <-answered:
			t.Errorf("answered before the commit: %v", err)
		default:
		}
		if n := len(l.View().Job("hourly").Runs); n != 0 {
			t.Errorf("the view shows %d runs before the commit", n)
		}
		if now := c.seen(); !slices.Equal(now, before) {
			t.Errorf("done before the commit: %v", now[len(before):])
		}
		server.SetHooks(memory.Hooks{})
		close(release)
		if err := <-answered; err != nil {
			t.Error(err)
		}
	})
}

// TestNextBatchWaits: what is stepped while a commit is under way is neither
// committed nor answered, shown or done before that one has come back; if it
// fails, all of it is void.
func TestNextBatchWaits(t *testing.T) {
	for _, failed := range []error{nil, errors.New("disk full")} {
		bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
			l, c := start("me:1")
			do(t, l, hourly())
			time.Sleep(time.Minute)
			before := c.seen()
			var commits []chan error // under way
			server.SetHooks(memory.Hooks{BeforeCommit: func(ctx context.Context, _ *store.Term, _ []store.Op) error {
				back := make(chan error)
				commits = append(commits, back)
				select {
				case err := <-back:
					return err
				case <-ctx.Done():
					return ctx.Err()
				}
			}})
			answers := make(chan error, 2)
			put := hourly()
			put.Job.Name = "other"
			for _, ev := range []scheduler.Event{put, scheduler.RunJob{Name: "hourly"}} {
				go func() { answers <- l.Do(t.Context(), ev) }()
				synctest.Wait()
			}
			if n := len(commits); n != 1 {
				t.Errorf("%d commits at once, want 1", n)
				return
			}
			nothing := func(when string) {
				t.Helper()
				if v := l.View(); v.Job("other") != nil && failed != nil || len(v.Job("hourly").Runs) != 0 {
					t.Errorf("%s the view shows what is not stored", when)
				}
				if now := c.seen(); !slices.Equal(now, before) {
					t.Errorf("%s, done: %v", when, now[len(before):])
				}
			}
			nothing("before the first commit")
			commits[0] <- failed
			synctest.Wait()
			nothing("after the first commit")
			if failed != nil {
				server.SetHooks(memory.Hooks{})
				for range 2 {
					if err := <-answers; !errors.Is(err, leader.ErrUncertain) {
						t.Errorf("answered %v, want ErrUncertain", err)
					}
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				if v := l.View(); !v.Leading || v.Term != 2 || v.Len() != 1 || v.Job("hourly").State.Runs != 0 {
					t.Errorf("term %d knows %d jobs, want a second one that knows of nothing", v.Term, v.Len())
				}
				return
			}
			if err := <-answers; err != nil || len(answers) != 0 || len(commits) != 2 {
				t.Errorf("after the first commit: answered %v and %d more, %d commits", err, len(answers), len(commits))
			}
			server.SetHooks(memory.Hooks{})
			commits[1] <- nil
			if err := <-answers; err != nil {
				t.Error(err)
			}
			synctest.Wait()
			if slices.Equal(c.seen(), before) {
				t.Error("nothing was done after the second commit")
			}
		})
	}
}

// TestDeposedLeaderDoesNothing: a leader that is deposed and does not know it
// cannot write, and so neither answers nor launches; the other one does.
func TestDeposedLeaderDoesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		old, oldCluster := start("old:1")
		next, nextCluster := start("next:2")
		do(t, old, hourly())
		synctest.Wait()
		if v := next.View(); v.Leading || v.Leader != "old:1" {
			t.Errorf("the follower believes that %q leads (itself: %v)", v.Leader, v.Leading)
		}
		if err := next.Do(t.Context(), hourly()); !errors.Is(err, leader.ErrNotLeader) {
			t.Errorf("the follower answers %v, want ErrNotLeader", err)
		}
		tell := server.DeposeUnseen()
		synctest.Wait()
		before := oldCluster.seen()
		if !old.View().Leading || !next.View().Leading {
			t.Fatalf("old leads %v, next leads %v: the test is broken", old.View().Leading, next.View().Leading)
		}
		// Both are awake at the slot; only the term counts.
		time.Sleep(time.Hour + time.Minute)
		synctest.Wait()
		if now := oldCluster.seen(); !slices.Equal(now, before) {
			t.Errorf("the deposed leader did %v", now[len(before):])
		}
		if !slices.Contains(nextCluster.seen(), "ct:946688407000:0:hourly:1-0") {
			t.Errorf("the leader did %v, and did not launch the slot", nextCluster.seen())
		}
		if old.View().Leading {
			t.Error("the deposed leader's commit failed and it still believes to lead")
		}
		tell()
	})
}

// TestUncertain: whoever asked when the term ended is told that the outcome is not known.
func TestUncertain(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, _ := start("me:1")
		lost := errors.New("the answer got lost")
		server.SetHooks(memory.Hooks{AfterCommit: func(context.Context, *store.Term, []store.Op) error { return lost }})
		if err := l.Do(t.Context(), hourly()); !errors.Is(err, leader.ErrUncertain) {
			t.Errorf("answered %v, want ErrUncertain", err)
		}
		server.SetHooks(memory.Hooks{})
		time.Sleep(time.Minute) // the next term
		synctest.Wait()
		if l.View().Job("hourly") == nil {
			t.Error("the next term does not know what was written")
		}
	})
}

// TestTakesUpAgain: a store that is away for a while ends the term, not the process.
func TestTakesUpAgain(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, _ := start("me:1")
		do(t, l, hourly())
		away := errors.New("away")
		server.SetHooks(memory.Hooks{
			Campaign:     func(context.Context, string) error { return away },
			BeforeCommit: func(context.Context, *store.Term, []store.Op) error { return away },
		})
		time.Sleep(3*time.Hour + time.Minute)
		synctest.Wait()
		if v := l.View(); v.Leading || v.Job("hourly") == nil {
			t.Errorf("without a store: leading %v; the old view must stay readable", v.Leading)
		}
		server.SetHooks(memory.Hooks{})
		time.Sleep(time.Minute)
		synctest.Wait()
		entries, err := l.View().History(t.Context(), l.View().Job("hourly"))
		if err != nil || len(entries) != 2 || entries[0].Outcome != scheduler.Missed || entries[0].Count != 2 || entries[1].Outcome != scheduler.Succeeded {
			t.Errorf("history after three hours without a store: %+v, %v; want 2 missed slots and 1 success", entries, err)
		}
	})
}

// TestManyAtOnce: what comes in together is stored together, and everybody is answered.
func TestManyAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l, _ := start("me:1")
		commits := 0
		var mu sync.Mutex
		server.SetHooks(memory.Hooks{BeforeCommit: func(context.Context, *store.Term, []store.Op) error {
			mu.Lock()
			commits++
			mu.Unlock()
			time.Sleep(time.Millisecond)
			return nil
		}})
		const n = 2000
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				ev := hourly()
				ev.Job.Name = fmt.Sprint("job", i)
				if err := l.Do(t.Context(), ev); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if got := l.View().Len(); got != n {
			t.Errorf("%d jobs, want %d", got, n)
		}
		if commits > n/10 {
			t.Errorf("%d commits for %d events", commits, n)
		}
	})
}
