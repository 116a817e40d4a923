package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// none are the figures of a job that was never run.
var none scheduler.Counters

// chronos is a real Chronos. It has no revisions: what somebody else changes
// meanwhile is not noticed.
type chronos struct {
	*Client
	release api.Release
	root    string
}

func (c *chronos) Release() api.Release { return c.release }

func (c *chronos) Jobs(ctx context.Context) (*Known, error) {
	var list []json.RawMessage
	if err := c.getJSON(ctx, &list, c.root+"/jobs"); err != nil {
		return nil, err
	}
	k := &Known{Jobs: make(map[string]*Record, len(list))}
	for _, text := range list {
		j, counters, err := api.DecodeDefinition(text)
		if err == nil && c.release == api.Chronos30 && len(j.URIs) > 0 && len(j.Fetch) > 0 {
			untangle(j)
		}
		k.add(&Record{Job: j, Counters: counters, Err: err}, text)
	}
	return k, nil
}

// untangle undoes what 3.0.2 does to show a job: it fills uris from fetch and
// fetch from uris (contracts/chronos.md 1.3).
func untangle(j *job.Job) {
	for i, f := range j.Fetch {
		if i >= len(j.URIs) || f != (job.Fetch{URI: j.URIs[i], Extract: true}) {
			j.URIs = nil
			return
		}
	}
	j.Fetch = nil
}

// Put posts a definition, with the figures that the job has: a post without
// them resets them (contracts/chronos.md 1.4).
func (c *chronos) Put(ctx context.Context, j *job.Job, old *Record, _ bool) error {
	path, counters := "/iso8601", none
	if j.Schedule == "" {
		path = "/dependency"
	}
	if old != nil {
		counters = old.Counters
	}
	_, err := c.Do(ctx, Request{Method: http.MethodPost, Path: c.root + path, Body: api.EncodeDefinition(j, counters, c.release)})
	return err
}

func (c *chronos) Delete(ctx context.Context, old *Record, _ bool) error {
	a, err := c.Do(ctx, Request{Method: http.MethodDelete, Path: c.root + Path("job", old.Job.Name)})
	if a != nil && err != nil { // an earlier attempt may have done it
		known, listErr := c.Jobs(ctx)
		if listErr == nil && known.Jobs[old.Job.Name] == nil {
			return nil
		}
	}
	return err
}

// Settle waits until 3.0.2 shows the jobs: it answers a post before its main
// loop has taken the job up (contracts/chronos.md 1.4).
func (c *chronos) Settle(ctx context.Context, names []string) error {
	if c.release != api.Chronos30 || len(names) == 0 {
		return nil
	}
	const patience = 30 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("the server took the jobs, but does not show them after %s", patience))
	defer cancel()
	for pause := c.pause; ; pause = min(2*pause, longestPause) {
		known, err := c.Jobs(ctx)
		if err != nil {
			return err
		}
		missing := 0
		for _, name := range names {
			if known.Jobs[name] == nil {
				missing++
			}
		}
		if missing == 0 {
			return nil
		}
		if err := sleep(ctx, pause); err != nil {
			return context.Cause(ctx)
		}
	}
}
