package remote

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/submit/jobfile"
)

// Record is a job as a server has it.
type Record struct {
	Job      *job.Job
	Tag      string             // entity tag of hora; "" if the server has none
	Reason   string             // why the scheduler disabled it
	Counters scheduler.Counters // of Chronos, which forgets them unless they are sent along
	Err      error              // it can't be read; then Job has only the name
}

// Known is all that a server has.
type Known struct {
	Defaults jobfile.Defaults // of jobs that do not say
	Jobs     map[string]*Record
}

// Server is where jobs are sent.
type Server interface {
	// Release says who answers.
	Release() api.Release
	// Jobs reads all jobs.
	Jobs(ctx context.Context) (*Known, error)
	// Put makes a job, or replaces old, which is nil if there is none. With
	// guard it fails with ErrConflict if the job is no longer old.
	Put(ctx context.Context, j *job.Job, old *Record, guard bool) error
	// Delete removes a job, likewise.
	Delete(ctx context.Context, old *Record, guard bool) error
	// Settle waits until jobs that were put can be seen.
	Settle(ctx context.Context, names []string) error
}

// Connect finds out which server answers, and under which path.
func (c *Client) Connect(ctx context.Context) (Server, error) {
	var status struct{ Leading *bool }
	err := c.getJSON(ctx, &status, "/api/status")
	switch {
	case err == nil && status.Leading != nil:
		return &hora{c}, nil
	case err != nil && !answered(err):
		return nil, err
	}
	var leader struct{ Leader *string }
	switch err := c.getJSON(ctx, &leader, "/v1/scheduler/leader"); {
	case err == nil && leader.Leader != nil:
		return &chronos{c, api.Chronos30, "/v1/scheduler"}, nil
	case err != nil && !answered(err):
		return nil, err
	}
	var jobs []json.RawMessage
	a, err := c.Do(ctx, Request{Method: http.MethodGet, Path: "/scheduler/jobs/search", Query: map[string][]string{"limit": {"1"}}})
	switch {
	case err != nil && !answered(err):
		return nil, err
	case err == nil && json.Unmarshal(a.Body, &jobs) == nil:
		return &chronos{c, api.Chronos24, "/scheduler"}, nil
	}
	return nil, ErrUnknown
}

// answered tells whether an error is a server's answer that says: not here. A
// server that wants a login says nothing of what it is.
func answered(err error) bool {
	var status *StatusError
	if !errors.As(err, &status) {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		return errors.As(err, &syntax) || errors.As(err, &kind)
	}
	return status.Code == http.StatusNotFound || status.Code == http.StatusMethodNotAllowed || status.Code >= 500
}
