package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/retry"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Run is one obligation to execute a job, over or not.
type Run struct {
	ID          string                `json:"id,omitempty"` // "" of slots that were decided without a run
	Job         string                `json:"job"`
	Kind        string                `json:"kind"` // slot, release, hand, backfill
	Slot        time.Time             `json:"slot"`
	Count       int64                 `json:"count"` // how many slots were decided at once; 1 of a run
	Created     time.Time             `json:"created"`
	State       string                `json:"state"` // waiting, queued, deferred, retrying, staging, running, ending, awaiting, ended
	Outcome     string                `json:"outcome,omitempty"`
	Reason      string                `json:"reason,omitempty"`
	NotBefore   *time.Time            `json:"notBefore,omitempty"`
	Ended       *time.Time            `json:"ended,omitempty"`
	By          string                `json:"by,omitempty"`
	Arguments   []string              `json:"arguments,omitempty"`
	Environment []EnvironmentVariable `json:"environment,omitempty"`
	Attempts    []Attempt             `json:"attempts"` // oldest first; the last one may go on
}

// EnvironmentVariable is a variable of a task's environment.
type EnvironmentVariable struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// runJSON writes a run that is not over.
func runJSON(r *scheduler.Run, now time.Time) Run {
	out := Run{
		ID: r.RunKey.String(), Job: r.JobName, Kind: r.Kind.String(), Slot: r.Slot, Count: 1, Created: r.Created, State: stateOf(r, now),
		By: r.By.Name, Arguments: r.Arguments, Environment: variables(r.Environment), Attempts: attemptsJSON(r.Attempts),
	}
	if r.State == scheduler.Ready {
		out.NotBefore = moment(r.NotBefore)
	}
	if r.Kill != nil {
		out.Reason = r.Kill.Cause.String()
	}
	if t := r.Task; t != nil {
		out.Attempts = append(out.Attempts, Attempt{
			Number: r.Attempt, Task: t.ID, Agent: t.AgentID, Host: t.Hostname, Launched: t.Launched, Running: t.Running, State: t.State.String(),
		})
	}
	return out
}

// stateOf says in one word what a run is doing.
func stateOf(r *scheduler.Run, now time.Time) string {
	switch {
	case r.State == scheduler.Waiting:
		return "waiting"
	case r.State == scheduler.Awaiting:
		return "awaiting"
	case r.State == scheduler.Launched && r.Kill != nil:
		return "ending"
	case r.State == scheduler.Launched && r.Task.State >= scheduler.TaskRunning:
		return "running"
	case r.State == scheduler.Launched:
		return "staging"
	case r.Attempt > 0 && r.NotBefore.After(now):
		return "retrying"
	case r.NotBefore.After(now):
		return "deferred"
	}
	return "queued"
}

// entryRun writes a line of history as a run.
func entryRun(e *scheduler.Entry) Run {
	return Run{
		ID: e.Run, Job: e.JobName, Kind: e.Kind.String(), Slot: e.Slot, Count: e.Count, Created: e.Created, State: "ended", Outcome: e.Outcome.String(),
		Reason: e.Reason, Ended: moment(e.Ended), By: e.By.Name, Arguments: e.Arguments, Environment: variables(e.Environment), Attempts: attemptsJSON(e.Attempts),
	}
}

func variables(list []job.Variable) []EnvironmentVariable {
	var out []EnvironmentVariable
	for _, v := range list {
		out = append(out, EnvironmentVariable(v))
	}
	return out
}

// runFilter is what a request for runs asks for.
type runFilter struct {
	job      string
	states   []string
	outcomes []string
	from, to time.Time
	limit    int
}

// RunPage is GET /api/runs: those that are not over first, then by their end, newest first.
type RunPage struct {
	Runs []Run  `json:"runs"`
	Next string `json:"next,omitempty"` // to= of the next page
}

func readRunFilter(c call) (runFilter, error) {
	q := c.URL.Query()
	f := runFilter{job: q.Get("job")}
	if err := known(q, "job", "state", "outcome", "from", "to", "limit"); err != nil {
		return f, err
	}
	for name, to := range map[string]*[]string{"state": &f.states, "outcome": &f.outcomes} {
		if text := q.Get(name); text != "" {
			*to = strings.Split(text, ",")
		}
	}
	for name, to := range map[string]*time.Time{"from": &f.from, "to": &f.to} {
		if text := q.Get(name); text != "" {
			at, err := time.Parse(time.RFC3339Nano, text)
			if err != nil {
				return f, badRequest("%s: %.40q is not a time such as 2026-01-31T00:00:00Z", name, text)
			}
			*to = at
		}
	}
	var err error
	f.limit, err = queryNumber(q.Get("limit"), "limit", pageSize, maxPage)
	return f, err
}

// wants tells whether a run passes.
func (f *runFilter) wants(r Run) bool {
	at := r.Created
	if r.Ended != nil {
		at = *r.Ended
	}
	return (len(f.states) == 0 || slices.Contains(f.states, r.State)) && (len(f.outcomes) == 0 || slices.Contains(f.outcomes, r.Outcome)) &&
		(f.from.IsZero() || !at.Before(f.from)) && (f.to.IsZero() || at.Before(f.to))
}

// apiRuns lists runs of one job, or of all.
func (s *server) apiRuns(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	f, err := readRunFilter(c)
	if err != nil {
		return response{}, err
	}
	jobs, err := s.jobsOf(v, f)
	if err != nil {
		return response{}, err
	}
	out, now := []Run{}, time.Now()
	for _, j := range jobs {
		for _, r := range j.Runs {
			if run := runJSON(r, now); f.wants(run) {
				out = append(out, run)
			}
		}
	}
	slices.SortFunc(out, func(a, b Run) int { return a.Created.Compare(b.Created) })
	if len(f.states) == 0 || slices.Contains(f.states, "ended") {
		ended, err := s.endedRuns(c.Context(), v, jobs, f)
		if err != nil {
			return response{}, err
		}
		out = append(out, ended...)
	}
	page := RunPage{Runs: out[:min(len(out), f.limit)]}
	callerOf(c.Context()).hideRuns(v, page.Runs)
	c.translate(page.Runs)
	if n := len(page.Runs); n < len(out) && page.Runs[n-1].Ended != nil {
		page.Next = page.Runs[n-1].Ended.Format(time.RFC3339Nano)
	}
	return marshal(page)
}

// jobsOf returns the jobs whose runs are asked for.
func (s *server) jobsOf(v *leader.View, f runFilter) ([]*leader.Job, error) {
	if f.job != "" {
		j := v.Job(f.job)
		if j == nil {
			return nil, message.Errorf("%w: %q", scheduler.ErrNoJob, f.job)
		}
		return []*leader.Job{j}, nil
	}
	var out []*leader.Job
	for j := range v.Jobs() {
		if len(j.Runs) > 0 || !j.State.Last.Ended.IsZero() {
			out = append(out, j)
		}
	}
	return out, nil
}

// endedRuns reads the newest ended runs. The newest n of all jobs are among
// those of the n jobs that ended one last.
func (s *server) endedRuns(ctx context.Context, v *leader.View, jobs []*leader.Job, f runFilter) ([]Run, error) {
	if f.job == "" {
		jobs = slices.DeleteFunc(slices.Clone(jobs), func(j *leader.Job) bool {
			return j.State.Last.Ended.IsZero() || j.State.Last.Ended.Before(f.from)
		})
		slices.SortFunc(jobs, func(a, b *leader.Job) int { return b.State.Last.Ended.Compare(a.State.Last.Ended) })
		jobs = jobs[:min(len(jobs), f.limit+1)]
	}
	var out []Run
	for _, j := range jobs {
		entries, err := v.History(ctx, j)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if run := entryRun(e); f.wants(run) {
				out = append(out, run)
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Run) int { return b.Ended.Compare(*a.Ended) })
	return out, nil
}

// runID reads the id of a run: the job's uid and the run's number, in base 36.
func runID(text string) (scheduler.RunKey, error) {
	key, err := scheduler.ParseRunKey(text)
	if err != nil {
		return key, fault(http.StatusNotFound, "there is no run %.60q", text)
	}
	return key, nil
}

// found is a run that was looked for: one of the two is there, if it is kept.
type found struct {
	view  *leader.View
	job   *leader.Job
	run   *scheduler.Run
	entry *scheduler.Entry
	key   scheduler.RunKey
}

// is tells whether there is such a run.
func (f found) is() bool { return f.run != nil || f.entry != nil }

// state is its outcome, or what it does; "" if it is no longer kept.
func (f found) state(now time.Time) string {
	switch {
	case f.entry != nil:
		return f.entry.Outcome.String()
	case f.run != nil:
		return stateOf(f.run, now)
	}
	return ""
}

// parents are the runs whose ends released it.
func (f found) parents() []scheduler.RunKey {
	if f.entry != nil {
		return f.entry.Parents
	}
	return f.run.Parents
}

// findRun looks for the run that the path names.
func (s *server) findRun(c call) (found, error) {
	v, err := s.look()
	if err != nil {
		return found{}, err
	}
	id := c.segment("run")
	key, err := runID(id)
	if err != nil {
		return found{}, err
	}
	f, err := keptRun(c.Context(), v, key)
	if err == nil && !f.is() {
		err = fault(http.StatusNotFound, "there is no run %.60q; what is old is not kept", id)
	}
	return f, err
}

// keptRun looks for a run in progress or in the history of its job. What is found
// is no run if it is not kept, and has no job if that is not there.
func keptRun(ctx context.Context, v *leader.View, key scheduler.RunKey) (found, error) {
	f := found{view: v, job: v.JobByUID(key.UID), key: key}
	if f.job == nil {
		return f, nil
	}
	for _, r := range f.job.Runs {
		if r.RunKey == key {
			f.run = r
			return f, nil
		}
	}
	entries, err := v.History(ctx, f.job)
	if err != nil {
		return f, err
	}
	for _, e := range slices.Backward(entries) {
		if e.Run == key.String() {
			f.entry = e
			break
		}
	}
	return f, nil
}

// RunDocument is GET /api/runs/{run}.
type RunDocument struct {
	Run
	Waiting []Reason `json:"waiting,omitempty"` // why it has not started
	May     May      `json:"may"`               // to its job

	Parents  []RunLink `json:"parents"`  // whose ends released it, as far as that is known
	Children []RunLink `json:"children"` // that its end has released, of those that are kept
}

func (s *server) apiRun(c call) (response, error) {
	f, err := s.findRun(c)
	if err != nil {
		return response{}, err
	}
	who := callerOf(c.Context())
	runs := make([]Run, 1)
	if f.entry != nil {
		runs[0] = entryRun(f.entry)
	} else {
		runs[0] = runJSON(f.run, time.Now())
	}
	who.hideRuns(f.view, runs)
	c.translate(runs)
	out := RunDocument{Run: runs[0], May: c.may(f.job.Job)}
	if out.Parents, err = parentRuns(c.Context(), f.view, f.parents()); err != nil {
		return response{}, err
	}
	if out.Children, err = s.childRuns(c.Context(), f.view, f.job, f.key); err != nil {
		return response{}, err
	}
	if f.entry != nil {
		return marshal(out)
	}
	if f.run.State != scheduler.Launched {
		x, err := s.explain(c, f.job.Job.Name)
		if err != nil && !errors.Is(err, leader.ErrNotLeader) { // a follower, or nobody, knows of no offers
			return response{}, err
		}
		for _, r := range x.Reasons {
			if r.Run == out.ID {
				out.Waiting = append(out.Waiting, r)
			}
		}
	}
	return marshal(out)
}

func (s *server) apiKillRun(c call) (response, error) {
	key, err := runID(c.segment("run"))
	if err != nil {
		return response{}, err
	}
	return response{}, s.Scheduler.Do(c.Context(), scheduler.KillRun{Run: key})
}

// Made is the answer to what makes a run.
type Made struct {
	Run string `json:"run,omitempty"` // "" if a policy was against it; the history says so
}

// apiRetryRun runs an ended run again: the same slot, the same arguments.
func (s *server) apiRetryRun(c call) (response, error) {
	f, err := s.findRun(c)
	if err != nil {
		return response{}, err
	}
	if f.entry == nil {
		return response{}, fault(http.StatusConflict, "the run is not over")
	}
	return s.order(c, scheduler.RunJob{
		Name: f.job.Job.Name, Disabled: true, Slot: f.entry.Slot, Override: f.entry.Override, Arguments: f.entry.Arguments, Environment: f.entry.Environment,
	})
}

// order makes a run by hand.
func (s *server) order(c call, ev scheduler.RunJob) (response, error) {
	var key scheduler.RunKey
	ev.Into = &key
	if err := s.Scheduler.Do(c.Context(), ev); err != nil {
		return response{}, err
	}
	out := Made{}
	if key.UID != 0 {
		out.Run = key.String()
	}
	resp, err := marshal(out)
	resp.status = http.StatusAccepted
	return resp, err
}

// apiSucceedRun counts a run that failed as a success, for the children.
func (s *server) apiSucceedRun(c call) (response, error) {
	f, err := s.findRun(c)
	switch {
	case err != nil:
		return response{}, err
	case f.entry == nil:
		return response{}, fault(http.StatusConflict, "the run is not over")
	case f.entry.Outcome == scheduler.Succeeded:
		return response{}, fault(http.StatusConflict, "the run has succeeded already")
	}
	return response{}, s.Scheduler.Do(c.Context(), scheduler.MarkSuccess{Name: f.job.Job.Name})
}

func attemptsJSON(list []scheduler.Attempt) []Attempt {
	out := []Attempt{}
	for _, a := range list {
		x := Attempt{
			Number: a.Number, Task: a.TaskID, Agent: a.AgentID, Host: a.Hostname, Launched: a.Launched, Running: a.Running, Ended: a.Ended,
			State: a.State.String(), Reason: a.Reason, Message: a.Message,
		}
		if a.ExitCode != retry.NoCode {
			x.ExitCode = &a.ExitCode
		}
		out = append(out, x)
	}
	return out
}
