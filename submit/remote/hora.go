package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/jobfile"
)

// hora is a server of ours.
type hora struct{ *Client }

func (h *hora) Release() api.Release { return api.Hora }

// definitions is GET /api/definitions.
type definitions struct {
	Defaults struct {
		CPUs, Mem, Disk float64
		RunAsUser       string
	}
	Jobs []struct {
		ETag           string
		DisabledReason string
		Definition     json.RawMessage
	}
}

func (h *hora) Jobs(ctx context.Context) (*Known, error) {
	var all definitions
	if err := h.getJSON(ctx, &all, "/api/definitions"); err != nil {
		return nil, err
	}
	d := all.Defaults
	k := &Known{Defaults: jobfile.Defaults{CPUs: d.CPUs, Mem: d.Mem, Disk: d.Disk, User: d.RunAsUser}, Jobs: make(map[string]*Record, len(all.Jobs))}
	for _, one := range all.Jobs {
		j, _, err := api.DecodeDefinition(one.Definition)
		k.add(&Record{Job: j, Tag: one.ETag, Reason: one.DisabledReason, Err: err}, one.Definition)
	}
	return k, nil
}

// add takes a record in, under its name even if the rest can't be read.
func (k *Known) add(r *Record, text []byte) {
	if r.Err != nil {
		var named struct{ Name string }
		_ = json.Unmarshal(text, &named) // without a name there is nothing to say
		r.Job = &job.Job{Name: named.Name}
	}
	k.Jobs[r.Job.Name] = r
}

func (h *hora) Put(ctx context.Context, j *job.Job, old *Record, guard bool) error {
	r := Request{Method: http.MethodPut, Path: Path("api", "jobs", j.Name), Body: api.EncodeDefinition(j, none, api.Hora), Header: ifMatch(old, guard)}
	a, err := h.Do(ctx, r)
	if err != nil && a != nil && errors.Is(err, ErrConflict) && h.is(ctx, j) {
		return nil // an earlier attempt has done it, and its answer was lost
	}
	return err
}

// ifMatch says that a job has to be as it was.
func ifMatch(old *Record, guard bool) map[string]string {
	switch {
	case !guard:
		return nil
	case old == nil:
		return map[string]string{"If-None-Match": "*"}
	}
	return map[string]string{"If-Match": old.Tag}
}

// is tells whether the server has the job just so.
func (h *hora) is(ctx context.Context, j *job.Job) bool {
	known, err := h.Jobs(ctx)
	if err != nil {
		return false
	}
	r := known.Jobs[j.Name]
	return r != nil && r.Err == nil && len(jobfile.Diff(r.Job, jobfile.Complete(j, known.Defaults))) == 0
}

func (h *hora) Delete(ctx context.Context, old *Record, guard bool) error {
	a, err := h.Do(ctx, Request{Method: http.MethodDelete, Path: Path("api", "jobs", old.Job.Name), Header: ifMatch(old, guard)})
	if a != nil && errors.Is(err, ErrNotFound) {
		return nil // an earlier attempt has done it
	}
	return err
}

func (h *hora) Settle(context.Context, []string) error { return nil }
