package api

import (
	"context"
	"slices"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// RunLink names a run beside another one.
type RunLink struct {
	Run   string `json:"run"`
	Job   string `json:"job,omitempty"`   // "" if the job is no longer there
	State string `json:"state,omitempty"` // its outcome, or what it does; "" if it is no longer kept
}

// Limits of what is told of a run's kin.
const (
	maxKinJobs = 50  // children that are looked through
	maxKin     = 100 // runs
)

// parentRuns returns the runs whose ends released a run.
func parentRuns(ctx context.Context, v *leader.View, keys []scheduler.RunKey) ([]RunLink, error) {
	out, now := []RunLink{}, time.Now()
	for _, key := range keys {
		f, err := keptRun(ctx, v, key)
		if err != nil {
			return nil, err
		}
		link := RunLink{Run: key.String(), State: f.state(now)}
		if f.job != nil {
			link.Job = f.job.Job.Name
		}
		out = append(out, link)
	}
	return out, nil
}

// childRuns returns the runs that the end of a run has released.
func (s *server) childRuns(ctx context.Context, v *leader.View, parent *leader.Job, key scheduler.RunKey) ([]RunLink, error) {
	out := []RunLink{}
	names := s.family.of(v)[parent.Job.Name]
	for _, name := range names[:min(len(names), maxKinJobs)] {
		j := v.Job(name)
		if j == nil {
			continue
		}
		err := eachRun(ctx, v, j, func(id, state string, parents []scheduler.RunKey) {
			if slices.Contains(parents, key) && len(out) < maxKin {
				out = append(out, RunLink{id, name, state})
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// eachRun goes through all runs of a job that are kept, the newest last.
func eachRun(ctx context.Context, v *leader.View, j *leader.Job, f func(id, state string, parents []scheduler.RunKey)) error {
	entries, err := v.History(ctx, j)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Run != "" {
			f(e.Run, e.Outcome.String(), e.Parents)
		}
	}
	now := time.Now()
	for _, r := range j.Runs {
		f(r.RunKey.String(), stateOf(r, now), r.Parents)
	}
	return nil
}
