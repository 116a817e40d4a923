package submit

import (
	"context"
	"errors"
	"sync"

	"github.com/hora-scheduler/hora/submit/remote"
)

// Parallel is how many requests are under way at once, at most.
const Parallel = 16

// ApplyOptions say how a plan is carried out.
type ApplyOptions struct {
	Parallel int                // 0 is Parallel
	Guard    bool               // jobs have to be as they were when they were compared; the first that is not stops everything
	Done     func(*Step, error) // told of each step that is over; calls do not overlap. May be nil
}

// Failure is a step that was not done, and why.
type Failure struct {
	Step *Step
	Err  error
}

// Result is what became of a plan.
type Result struct {
	Done     int // steps that were carried out, Keep not counted
	Failures []Failure
	Conflict bool // it was stopped, as somebody else had changed a job
}

// ErrParentFailed says that a step was left out, as one before it failed.
var ErrParentFailed = errors.New("not sent, as a parent could not be sent")

// ErrStopped says that a step was left out, as everything was stopped.
var ErrStopped = errors.New("not sent, as an earlier job was changed by somebody else")

// Apply carries out a plan, level by level.
func Apply(ctx context.Context, server remote.Server, p *Plan, o ApplyOptions) *Result {
	a := &applier{ApplyOptions: o, server: server, failed: make(map[string]bool), result: &Result{}}
	if a.Parallel <= 0 {
		a.Parallel = Parallel
	}
	for i := 0; i < len(p.Steps); {
		k := i
		for k < len(p.Steps) && p.Steps[k].Level == p.Steps[i].Level {
			k++
		}
		a.level(ctx, p.Steps[i:k])
		i = k
	}
	return a.result
}

type applier struct {
	ApplyOptions
	server remote.Server

	mu     sync.Mutex
	failed map[string]bool
	result *Result
}

// level carries out steps that do not depend on each other.
func (a *applier) level(ctx context.Context, steps []*Step) {
	gate := make(chan struct{}, a.Parallel)
	var all sync.WaitGroup
	var added []string
	for _, s := range steps {
		if s.Action == Keep {
			continue
		}
		gate <- struct{}{}
		if err := a.hindrance(ctx, s); err != nil {
			a.over(s, err)
			<-gate
			continue
		}
		if s.Action == Add {
			added = append(added, s.Name)
		}
		all.Go(func() {
			defer func() { <-gate }()
			a.over(s, a.perform(ctx, s))
		})
	}
	all.Wait()
	if len(added) == 0 {
		return
	}
	if err := a.server.Settle(ctx, a.arrived(added)); err != nil {
		for _, s := range steps {
			if s.Action == Add && !a.failed[s.Name] {
				a.result.Done--
				a.over(s, err)
			}
		}
	}
}

// arrived are the names of which no step failed.
func (a *applier) arrived(names []string) []string {
	var out []string
	for _, n := range names {
		if !a.failed[n] {
			out = append(out, n)
		}
	}
	return out
}

// hindrance says why a step cannot be tried.
func (a *applier) hindrance(ctx context.Context, s *Step) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.result.Conflict {
		return ErrStopped
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if s.Action != Delete {
		for _, parent := range Parents(s.Job) {
			if a.failed[parent] {
				return ErrParentFailed
			}
		}
	}
	return nil
}

func (a *applier) perform(ctx context.Context, s *Step) error {
	if s.Action == Delete {
		return a.server.Delete(ctx, s.Old, a.Guard)
	}
	return a.server.Put(ctx, s.Job, s.Old, a.Guard)
}

func (a *applier) over(s *Step, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if err == nil {
		a.result.Done++
	} else {
		a.failed[s.Name] = true
		a.result.Failures = append(a.result.Failures, Failure{s, err})
		a.result.Conflict = a.result.Conflict || a.Guard && errors.Is(err, remote.ErrConflict)
	}
	if a.Done != nil {
		a.Done(s, err)
	}
}
