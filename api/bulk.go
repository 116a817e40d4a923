package api

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// BulkRequest is POST /api/jobs/bulk.
type BulkRequest struct {
	Filter *string  `json:"filter,omitempty"` // which jobs: all that it means
	Names  []string `json:"names,omitempty"`  // or these
	Action string   `json:"action"`           // pause, resume, run, kill, delete
	Reason string   `json:"reason,omitempty"`
	DryRun bool     `json:"dryRun,omitempty"`
	Expect *int     `json:"expect,omitempty"` // how many jobs the preview found
}

// BulkAnswer tells what came of it.
type BulkAnswer struct {
	Matched int           `json:"matched"`
	Names   []string      `json:"names"`             // the first hundred
	Missing []string      `json:"missing,omitempty"` // of the names asked for: there is no such job (any more); the first hundred
	Done    int           `json:"done"`
	Failed  []BulkFailure `json:"failed"`
}

// BulkFailure is a job for which it did not work.
type BulkFailure struct {
	Name   string `json:"name"`
	Detail string `json:"detail"`
}

// Limits of a bulk action.
const (
	maxBulkAsked    = 10_000 // names in a request; a filter may mean any number
	maxBulkNames    = 100
	maxBulkFailures = 100
)

// bulkActions are what can be done to many jobs.
var bulkActions = map[string]func(name, reason string) scheduler.Event{
	"pause": func(name, reason string) scheduler.Event {
		return scheduler.SetDisabled{Name: name, Disabled: true, Reason: reason}
	},
	"resume": func(name, _ string) scheduler.Event { return scheduler.SetDisabled{Name: name} },
	"run":    func(name, _ string) scheduler.Event { return scheduler.RunJob{Name: name, Disabled: true} },
	"kill":   func(name, _ string) scheduler.Event { return scheduler.KillJob{Name: name} },
	"delete": func(name, _ string) scheduler.Event { return scheduler.DeleteJob{Name: name} },
}

// chosen are the jobs that a request is about, in the order of their names, and
// the names that are no job's.
func (in *BulkRequest) chosen(all []*row) (out []*row, missing []string, err error) {
	switch {
	case in.Filter != nil && in.Names != nil:
		return nil, nil, &job.FieldError{Field: "names", Err: message.Errorf("stands beside filter, want one of the two")}
	case in.Filter != nil:
		meant, err := readFilter(*in.Filter)
		if err != nil {
			return nil, nil, err
		}
		return matching(meant, all, time.Now()), nil, nil
	case len(in.Names) == 0:
		return nil, nil, &job.FieldError{Field: "filter", Err: message.Errorf("is missing, want a filter (empty for all jobs) or names")}
	case len(in.Names) > maxBulkAsked:
		return nil, nil, &job.FieldError{Field: "names", Err: message.Errorf("has %d names, at most %d are allowed; a filter may mean more", len(in.Names), maxBulkAsked)}
	}
	names := slices.Clone(in.Names)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		if i, is := slices.BinarySearchFunc(all, name, byName); is {
			out = append(out, all[i])
		} else {
			missing = append(missing, name)
		}
	}
	return out, missing, nil
}

// apiBulk does one thing to all jobs that a filter means, or to those that are
// named, after a preview of their number.
func (s *server) apiBulk(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	var in BulkRequest
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	act := bulkActions[in.Action]
	if act == nil {
		return response{}, &job.FieldError{Field: "action", Err: message.Errorf("%.40q is unknown, want one of %v", in.Action, names(bulkActions))}
	}
	matched, missing, err := in.chosen(s.rows.of(v))
	if err != nil {
		return response{}, err
	}
	out := BulkAnswer{Matched: len(matched), Names: []string{}, Missing: missing[:min(len(missing), maxBulkNames)], Failed: []BulkFailure{}}
	for _, r := range matched[:min(len(matched), maxBulkNames)] {
		out.Names = append(out.Names, r.Job.Job.Name)
	}
	switch {
	case in.DryRun:
		return marshal(out)
	case in.Expect == nil:
		return response{}, &job.FieldError{Field: "expect", Err: message.Errorf("is missing, want the number of jobs that dryRun found: %d now", len(matched))}
	case *in.Expect != len(matched):
		return response{}, &failure{status: http.StatusConflict, said: message.Count(len(matched), "it would be %d job now, not %d", "it would be %d jobs now, not %d", *in.Expect)}
	}
	names := make([]string, len(matched))
	for i, r := range matched {
		names[i] = r.Job.Job.Name
	}
	for _, r := range s.each(c.Context(), names, func(name string) scheduler.Event { return act(name, in.Reason) }) {
		switch {
		case r.err == nil:
			out.Done++
		case len(out.Failed) < maxBulkFailures:
			out.Failed = append(out.Failed, BulkFailure{r.name, c.say(r.err)})
		}
	}
	return marshal(out)
}

// bulkWidth is how many orders of one request are under way at once, so that
// they are committed together.
const bulkWidth = 64

// outcome is what came of one order of many.
type outcome struct {
	name string
	err  error
}

// each orders something of each job, many at once, and returns what came of them.
func (s *server) each(ctx context.Context, names []string, order func(name string) scheduler.Event) []outcome {
	results := make(chan outcome, bulkWidth)
	slots := make(chan struct{}, bulkWidth)
	go func() {
		for _, name := range names {
			slots <- struct{}{}
			go func() {
				results <- outcome{name, s.Scheduler.Do(ctx, order(name))}
				<-slots
			}()
		}
	}()
	out := make([]outcome, 0, len(names))
	for range names {
		out = append(out, <-results)
	}
	return out
}
