package api

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// taskIDs are the ids of tasks as each release knows them (Chronos contract 5.1).
var (
	taskID24 = regexp.MustCompile(`^ct:\d+:\d+:[\w\s#_-]+:?.*$`)
	taskID30 = regexp.MustCompile(`^ct:\d+:\d+:[\w.-]+:?.*$`)
)

// reportTask takes the result of an async job's task (Chronos contract 1.8). As
// in 2.4.0 it is 204 whatever the id is; what had no effect says why in a header.
func (s *server) reportTask(c call) (response, error) {
	if _, err := s.look(); err != nil {
		return response{}, err
	}
	tree, err := c.object("statusCode")
	if err != nil {
		return response{}, err
	}
	r := &reader{node: &tree}
	status := r.small("statusCode", 0)
	if r.err != nil {
		return response{}, r.err
	}
	err = s.Scheduler.Do(c.Context(), scheduler.ReportResult{TaskID: c.segment("task"), Status: status})
	if errors.Is(err, scheduler.ErrNoTask) {
		return response{header: map[string]string{reasonHeader: headerText(err.Error())}}, nil
	}
	return response{}, err
}

// object reads a body that is an object with numbers under some of these names
// and nothing else.
func (c call) object(fields ...string) (node, error) {
	body, err := c.body()
	if err != nil {
		return node{}, err
	}
	tree, err := parse(body)
	if err != nil {
		return node{}, err
	}
	if tree.kind != object {
		return node{}, badRequest("the body is %v, want a JSON object", kindNames[tree.kind])
	}
	for _, name := range tree.names {
		if !slices.Contains(fields, name) {
			return node{}, &job.FieldError{Field: name, Err: errors.New("is unknown, want " + fields[0])}
		}
	}
	return tree, nil
}

// purgers is how many jobs are taken out of the queue at once: the scheduler
// commits what comes together.
const purgers = 64

// purge is 2.4.0's DELETE task/all: what waits to be launched is taken out of
// the queue. Tasks go on, and so do jobs whose retry is not due yet.
func (s *server) purge(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	names := make(chan string)
	failed := make(chan error, purgers)
	ctx, cancel := context.WithCancel(c.Context())
	defer cancel()
	var workers sync.WaitGroup
	for range purgers {
		workers.Go(func() {
			for name := range names {
				err := s.Scheduler.Do(ctx, scheduler.DropQueued{Name: name})
				if err != nil && !errors.Is(err, scheduler.ErrNoJob) {
					failed <- err
					cancel()
					return
				}
			}
		})
	}
	for j := range v.Jobs() {
		if !slices.ContainsFunc(j.Runs, waits) {
			continue
		}
		select {
		case names <- j.Job.Name:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
	}
	close(names)
	workers.Wait()
	select {
	case err = <-failed:
	default:
		err = c.Context().Err()
	}
	return response{}, err
}

// waits tells whether a run wants to be launched.
func waits(r *scheduler.Run) bool {
	return r.State == scheduler.Waiting || r.State == scheduler.Ready
}

// taskProgress counts what a task has processed; job/stat shows it. As in
// Chronos without Cassandra, tasks that are not known are passed over.
func (s *server) taskProgress(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	tree, err := c.object(progressFields...)
	if err != nil {
		return response{}, err
	}
	n, err := readProgress(tree)
	if err != nil {
		return response{}, err
	}
	if err := checkProgress(c, v, n); err != nil || n == 0 {
		return response{}, err
	}
	return response{}, s.Scheduler.Do(c.Context(), scheduler.ReportProgress{TaskID: c.segment("task"), Elements: n})
}

func checkProgress(c call, v *leader.View, n int64) error {
	name, task, word := c.segment("name"), c.segment("task"), jobWord(c.dialect)
	j := v.Job(name)
	valid := taskID24
	if c.dialect == v30 {
		valid = taskID30
	}
	switch {
	case j == nil:
		return noJob(word, name)
	case !valid.MatchString(task):
		return &sentence{text: "requirement failed: Invalid task id format " + task}
	case !j.Job.DataJob:
		return &sentence{text: "requirement failed: " + word + " '" + name + "' is not enabled to track data"}
	case n < 0:
		return &sentence{text: "requirement failed: numAdditionalElementsProcessed (" + strconv.FormatInt(n, 10) + ") is not positive"}
	}
	return nil
}

// progressFields are what 2.4.0 and 3.0.2 know in such a body.
var progressFields = strings.Fields("numAdditionalElementsProcessed taskId jobName taskSlaveId numElementsProcessed TASK_ID TASK_EVENT_TIMESTAMP taskDuration taskStartTs TASK_SLAVE_ID JOB_NAME taskEndTs TASK_STATE taskStatus")

func readProgress(tree node) (int64, error) {
	r := &reader{node: &tree}
	n, _ := r.member("numAdditionalElementsProcessed")
	if n != nil && n.kind != number && n.kind != null {
		r.fail("numAdditionalElementsProcessed", "is %v, want a number", n.quoted())
	}
	return r.integer("numAdditionalElementsProcessed", 0), r.err
}
