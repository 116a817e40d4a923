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

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// TestHandOver: a leader that is told to stop stores, answers and does what it
// has taken in; then another one leads, without delay.
func TestHandOver(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		c := &cluster{still: true}
		l := leader.New(leader.Options{
			Store: store.New(server.Open()), Cluster: c, Config: scheduler.DefaultConfig(), Self: "old:1", Log: slog.New(slog.DiscardHandler),
		})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := l.Run(ctx); err != nil {
				t.Error(err)
			}
		})
		synctest.Wait()
		next, _ := start("next:2")
		do(t, l, hourly())
		due := time.Date(2000, 1, 1, 1, 0, 7, 0, time.UTC)
		time.Sleep(time.Until(due.Add(-time.Millisecond))) // an offer is at hand
		slow := func(ctx context.Context, _ *store.Term, _ []store.Op) error {
			time.Sleep(10 * time.Millisecond)
			return ctx.Err()
		}
		server.SetHooks(memory.Hooks{BeforeCommit: slow})
		time.Sleep(2 * time.Millisecond) // the slot is being committed
		const n = 20
		var answers sync.WaitGroup
		for i := range n {
			answers.Go(func() {
				ev := hourly()
				ev.Job.Name = fmt.Sprint("job", i)
				if err := l.Do(t.Context(), ev); err != nil {
					t.Errorf("%s: %v", ev.Job.Name, err)
				}
			})
		}
		time.Sleep(6 * time.Millisecond) // the slot is due
		synctest.Wait()                  // one is being committed, the others are in the inbox
		began := time.Now()
		stop()
		running.Wait()
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("it took %v", took)
		}
		answers.Wait()
		if !slices.ContainsFunc(c.seen(), func(s string) bool { return strings.Contains(s, ":hourly:") }) {
			t.Errorf("the run that was stored was not launched: %v", c.seen())
		}
		server.SetHooks(memory.Hooks{})
		synctest.Wait()
		if v := next.View(); !v.Leading || v.Len() != n+1 {
			t.Errorf("the next one leads: %v, and knows %d jobs, want %d", v.Leading, v.Len(), n+1)
		}
		if err := l.Do(t.Context(), hourly()); !errors.Is(err, leader.ErrNotLeader) {
			t.Errorf("after the hand-over: %v", err)
		}
	})
}

// TestHandOverIsBounded: a store that hangs does not keep a process from ending.
func TestHandOverIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		l := leader.New(leader.Options{
			Store: store.New(server.Open()), Cluster: &cluster{}, Config: scheduler.DefaultConfig(), Self: "old:1", Log: slog.New(slog.DiscardHandler),
		})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = l.Run(ctx) })
		synctest.Wait()
		next, _ := start("next:2")
		server.SetHooks(memory.Hooks{BeforeCommit: func(ctx context.Context, _ *store.Term, _ []store.Op) error {
			<-ctx.Done()
			return ctx.Err()
		}})
		answer := make(chan error, 1)
		go func() { answer <- l.Do(t.Context(), hourly()) }()
		synctest.Wait()
		began := time.Now()
		stop()
		running.Wait()
		if took := time.Since(began); took >= time.Second {
			t.Errorf("it took %v", took)
		}
		if err := <-answer; !errors.Is(err, leader.ErrUncertain) {
			t.Errorf("answered %v, want ErrUncertain", err)
		}
		server.SetHooks(memory.Hooks{})
		time.Sleep(time.Minute)
		synctest.Wait()
		if !next.View().Leading {
			t.Error("nobody leads")
		}
	})
}

// TestFollowerForgets: what a deposed leader knew is of no use once another leads.
func TestFollowerForgets(t *testing.T) {
	bubble(t, func(t *testing.T, server *memory.Server, start func(string) (*leader.Leader, *cluster)) {
		old, _ := start("old:1")
		do(t, old, hourly())
		next, _ := start("next:2")
		server.Depose()
		time.Sleep(time.Minute)
		synctest.Wait()
		if v := next.View(); !v.Leading || v.Len() != 1 {
			t.Fatalf("next leads: %v, with %d jobs", v.Leading, v.Len())
		}
		if v := old.View(); v.Leading || v.Leader != "next:2" || v.Len() != 0 || v.Term != 0 {
			t.Errorf("the deposed one leads: %v, says %q leads, and shows %d jobs of term %d", v.Leading, v.Leader, v.Len(), v.Term)
		}
	})
}
