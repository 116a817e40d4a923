package remote

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
)

// Actions are what people do with a job that is there.
type Actions interface {
	// Run runs it now, with arguments and environment of this run alone. It
	// returns the run's id, "" if the server does not tell.
	Run(ctx context.Context, name string, arguments []string, environment []job.Variable) (run string, err error)
	// Kill ends its tasks.
	Kill(ctx context.Context, name string) error
	// Pause disables it; Resume does the contrary.
	Pause(ctx context.Context, name, reason string) error
	Resume(ctx context.Context, name string) error
}

func (h *hora) post(ctx context.Context, body any, once bool, path string) (*Answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	return h.Do(ctx, Request{Method: http.MethodPost, Path: path, Body: text, Once: once})
}

func (h *hora) Run(ctx context.Context, name string, arguments []string, environment []job.Variable) (string, error) {
	var body struct {
		Arguments   []string                  `json:"arguments,omitempty"`
		Environment []api.EnvironmentVariable `json:"environment,omitempty"`
	}
	body.Arguments = arguments
	for _, v := range environment {
		body.Environment = append(body.Environment, api.EnvironmentVariable(v))
	}
	a, err := h.post(ctx, body, true, Path("api", "jobs", name, "run"))
	if err != nil {
		return "", err
	}
	var made api.Made
	err = json.Unmarshal(a.Body, &made)
	return made.Run, err
}

func (h *hora) Kill(ctx context.Context, name string) error {
	_, err := h.post(ctx, struct{}{}, false, Path("api", "jobs", name, "kill"))
	return err
}

func (h *hora) Pause(ctx context.Context, name, reason string) error {
	_, err := h.post(ctx, struct {
		Reason string `json:"reason,omitempty"`
	}{reason}, false, Path("api", "jobs", name, "pause"))
	return err
}

func (h *hora) Resume(ctx context.Context, name string) error {
	_, err := h.post(ctx, struct{}{}, false, Path("api", "jobs", name, "resume"))
	return err
}

// Run orders a run. 2.4.0 takes no notice of arguments (contracts/chronos.md 1.6), and none of an environment.
func (c *chronos) Run(ctx context.Context, name string, arguments []string, environment []job.Variable) (string, error) {
	if len(environment) > 0 || len(arguments) > 0 && c.release == api.Chronos24 {
		return "", fmt.Errorf("this Chronos takes no environment for a run, and 2.4 no arguments either")
	}
	r := Request{Method: http.MethodPut, Path: c.root + Path("job", name), Once: true}
	if len(arguments) > 0 {
		r.Query = url.Values{"arguments": {strings.Join(arguments, " ")}}
	}
	_, err := c.Do(ctx, r)
	return "", err
}

func (c *chronos) Kill(ctx context.Context, name string) error {
	_, err := c.Do(ctx, Request{Method: http.MethodDelete, Path: c.root + Path("task", "kill", name)})
	return err
}

func (c *chronos) Pause(ctx context.Context, name, _ string) error { return c.disable(ctx, name, true) }

func (c *chronos) Resume(ctx context.Context, name string) error { return c.disable(ctx, name, false) }

// disable posts the job again: a Chronos has no other way.
func (c *chronos) disable(ctx context.Context, name string, disabled bool) error {
	known, err := c.Jobs(ctx)
	if err != nil {
		return err
	}
	r := known.Jobs[name]
	switch {
	case r == nil:
		return &StatusError{Code: http.StatusNotFound, Message: fmt.Sprintf("there is no job %q", name)}
	case r.Err != nil:
		return r.Err
	case r.Job.Disabled == disabled:
		return nil
	}
	j := r.Job.Clone()
	j.Disabled = disabled
	return c.Put(ctx, j, r, false)
}

// List asks hora for jobs: filter and sort are those of GET /api/jobs, most is how many.
func (c *Client) List(ctx context.Context, filter, sort string, most int, fields ...string) (rows []api.JobRow, total int, err error) {
	const page = 1000
	cursor := ""
	for len(rows) < most {
		q := url.Values{"limit": {strconv.Itoa(min(page, most-len(rows)))}}
		for k, v := range map[string]string{"q": filter, "sort": sort, "cursor": cursor, "fields": strings.Join(fields, ",")} {
			if v != "" {
				q.Set(k, v)
			}
		}
		var answer struct {
			Jobs  []api.JobRow `json:"jobs"`
			Total int          `json:"total"`
			Next  string       `json:"next"`
		}
		if err := c.query(ctx, &answer, "/api/jobs", q); err != nil {
			return nil, 0, err
		}
		rows, total = append(rows, answer.Jobs...), answer.Total
		if cursor = answer.Next; cursor == "" {
			break
		}
	}
	return rows, total, nil
}

func (c *Client) query(ctx context.Context, into any, path string, q url.Values) error {
	a, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path, Query: q})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("the answer of %s%s can't be read: %w", c.Server(), path, err)
	}
	return nil
}

// Document asks hora for all about a job.
func (c *Client) Document(ctx context.Context, name string) (*api.JobDocument, error) {
	var d api.JobDocument
	return &d, c.query(ctx, &d, Path("api", "jobs", name), nil)
}

// Explain asks hora why a job is where it is.
func (c *Client) Explain(ctx context.Context, name string) (*api.Explanation, error) {
	var x api.Explanation
	return &x, c.query(ctx, &x, Path("api", "jobs", name, "explain"), nil)
}

// Runs asks hora for runs; the query is that of GET /api/runs.
func (c *Client) Runs(ctx context.Context, q url.Values) ([]api.Run, error) {
	var page api.RunPage
	err := c.query(ctx, &page, "/api/runs", q)
	return page.Runs, err
}

// RunDocument asks hora for a run.
func (c *Client) RunDocument(ctx context.Context, id string) (*api.RunDocument, error) {
	var d api.RunDocument
	return &d, c.query(ctx, &d, Path("api", "runs", id), nil)
}

// KillRun ends a run of hora.
func (c *Client) KillRun(ctx context.Context, id string) error {
	_, err := c.Do(ctx, Request{Method: http.MethodPost, Path: Path("api", "runs", id, "kill"), Body: []byte("{}")})
	return err
}

// Output reads a part of a file in the sandbox of an attempt, from an offset
// on, which counts from the end if it is below 0. It returns where the part begins.
func (c *Client) Output(ctx context.Context, run string, attempt int, file string, offset int64) (part []byte, at int64, err error) {
	a, err := c.Do(ctx, Request{
		Method: http.MethodGet, Path: Path("api", "runs", run, "attempts", strconv.Itoa(attempt), "files", file), Query: url.Values{"offset": {strconv.FormatInt(offset, 10)}},
	})
	if err != nil {
		return nil, 0, err
	}
	if at, err = strconv.ParseInt(a.Header.Get("X-Offset"), 10, 64); err != nil {
		return nil, 0, fmt.Errorf("the answer of %s has no X-Offset", c.Server())
	}
	return a.Body, at, nil
}
