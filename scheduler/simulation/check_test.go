package simulation

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
)

// Violation is a promise that was not kept.
type Violation struct {
	At      time.Time
	Promise string
	Text    string
}

func (v Violation) String() string {
	return fmt.Sprintf("%.3f %s: %s", v.At.Sub(epoch).Seconds(), v.Promise, v.Text)
}

// The promises by name.
const (
	slotOnce      = "every slot has one decision"
	runOnce       = "every run has one end"
	writtenFirst  = "nothing is done before it is written"
	launchOnce    = "no attempt is launched twice"
	oneAttempt    = "an attempt begins after the one before it ended or was lost"
	parentsFirst  = "a child starts after a success of each parent"
	successIsTrue = "a success is a task that succeeded"
	retryInTime   = "a retry comes its interval after the failure"
	retryKept     = "no retry is forgotten, and none is made up"
	overlapKept   = "runs overlap only where they may"
	stopped       = "nothing starts after a deletion or a pause"
	withinLimits  = "limits"
	withinEpsilon = "no first attempt starts later than epsilon allows"
	heldIsStored  = "held equals loaded"
	fenced        = "a deposed leader cannot write"
	answersHold   = "what was answered is written"
	timeoutKept   = "a timeout ends a task"
	reportedOnce  = "a report counts once, for the attempt it names"
	settled       = "everything comes to rest"
)

// inFlight is how long a decision may be on its way to an agent: as long as the
// longest sleep of a process, and some more.
const inFlight = 75 * time.Second

// late is how long after it is due something may still be undone at the end.
const late = 100 * time.Second

// orphanLate is how long after the end of the storm a task that was given up
// and lives on may be unknown: masters before 1.5 do not tell when its agent
// returns, and all tasks are asked for every 15 minutes.
const orphanLate = 18 * time.Minute

// taskView is what is known of a task.
type taskView struct {
	id       string
	run      scheduler.RunKey
	attempt  int
	agent    string
	started  time.Time
	ended    time.Time // zero: it runs
	exit     int
	killed   bool
	reported bool // to the scheduler, as ended or lost
}

// runView is what is known of a run.
type runView struct {
	run      *scheduler.Run
	over     bool
	launched map[int]string // task by attempt, as it was written
	tasks    []*taskView    // as executed
	epsilon  time.Duration  // of the job when the run was made
	retryAt  time.Time      // its present attempt must not start before
}

// fresh is how often a parent succeeded and failed since the child spent it.
type fresh struct{ successes, failures int }

// pause is when a job was disabled.
type pause struct{ from, to time.Time }

// jobView is what is known of a job.
type jobView struct {
	rec      *scheduler.JobRecord
	state    *scheduler.JobState
	def      *job.Compiled
	counted  int64            // slots that were accounted for since state.Decided
	bygone   int64            // slots that were over when the schedule came
	slots    map[int64]bool   // slots with a run
	fresh    map[string]fresh // by parent: what was not spent
	allow    bool             // overlap was allowed at some time
	width    int              // most tasks that may run at once
	disabled time.Time        // since when; zero: it is enabled
	pauses   []pause          // that are over
	gone     time.Time        // deleted; zero: it is there
	open     int
	runs     []*runView
	anchored bool // the schedule was just replaced: it begins where it likes
}

type checker struct {
	found    []Violation
	jobs     map[scheduler.UID]*jobView
	order    []scheduler.UID
	runs     map[scheduler.RunKey]*runView
	tasks    map[string]*taskView
	asked    map[int]scheduler.Event
	done     map[string]int // steps that were not refused, by event
	calm     time.Time
	step     *Stepped
	newRuns  map[scheduler.UID]int              // of slots, in this step
	replaced []scheduler.RunKey                 // runs made in this step that replace the others
	said     map[string]*scheduler.ReportResult // what was reported of a task, and taken
	session  map[int64]time.Time                // when the session of a term began
}

// Check reads a log and returns the promises that it breaks.
func Check(log []Fact) []Violation {
	c := &checker{
		jobs: map[scheduler.UID]*jobView{}, runs: map[scheduler.RunKey]*runView{}, tasks: map[string]*taskView{},
		asked: map[int]scheduler.Event{}, done: map[string]int{}, session: map[int64]time.Time{}, said: map[string]*scheduler.ReportResult{},
	}
	for _, f := range log {
		switch f := f.(type) {
		case Started:
			c.started(f)
		case Ended:
			c.ended(f)
		case Stepped:
			c.stepped(f)
		case Committed:
			c.committed(f)
		case Asked:
			c.asked[f.ID] = f.Event
		case Answered:
			c.answered(f)
		case Loaded:
			if f.Written != f.Read {
				c.breaks(f.At, heldIsStored, "%s", difference(f.Written, f.Read))
			}
		case Broken:
			c.breaks(f.At, f.Promise, "%s", f.Text)
		case Calm:
			c.calm = f.At
		case Rest:
			c.rest(f)
		}
	}
	return c.found
}

func (c *checker) breaks(when time.Time, promise, format string, args ...any) {
	c.found = append(c.found, Violation{when, promise, fmt.Sprintf(format, args...)})
}

// difference returns the first lines that differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return "held\n" + x[i] + "\nstored\n" + y[i]
		}
	}
	return fmt.Sprintf("%d records are held, %d stored", len(x), len(y))
}

func (c *checker) started(f Started) {
	if old := c.tasks[f.Task]; old != nil {
		c.breaks(f.At, launchOnce, "task %s was executed at %v already", f.Task, old.started)
		return
	}
	t := &taskView{id: f.Task, run: f.Run, attempt: f.Attempt, agent: f.Agent, started: f.At}
	c.tasks[f.Task] = t
	r := c.runs[f.Run]
	if r == nil || r.launched[f.Attempt] != f.Task {
		c.breaks(f.At, writtenFirst, "task %s is executed, and no run with it is written", f.Task)
		return
	}
	for _, o := range r.tasks {
		switch {
		case o.attempt == f.Attempt:
			c.breaks(f.At, launchOnce, "attempt %d of run %s is executed as %s and as %s", f.Attempt, f.Run, o.id, f.Task)
		case o.attempt > f.Attempt:
			c.breaks(f.At, oneAttempt, "attempt %d of run %s begins after attempt %d", f.Attempt, f.Run, o.attempt)
		case o.ended.IsZero() && !o.reported:
			c.breaks(f.At, oneAttempt, "attempt %d of run %s begins, and %s runs", f.Attempt, f.Run, o.id)
		}
	}
	r.tasks = append(r.tasks, t)
	if f.At.Before(r.retryAt) && r.run.Attempt == f.Attempt {
		c.breaks(f.At, retryInTime, "%s begins %v too early", f.Task, r.retryAt.Sub(f.At))
	}
	if r.epsilon > 0 && f.Attempt == 0 && f.At.After(r.run.Slot.Add(r.epsilon+inFlight)) {
		c.breaks(f.At, withinEpsilon, "%s begins %v after its slot", f.Task, f.At.Sub(r.run.Slot))
	}
	c.overlap(f, r)
}

// overlap looks at the other tasks of a job whose task begins.
func (c *checker) overlap(f Started, r *runView) {
	j := c.jobs[f.Run.UID]
	switch {
	case !j.gone.IsZero() && f.At.After(j.gone.Add(inFlight)):
		c.breaks(f.At, stopped, "%s begins %v after the job was deleted", f.Task, f.At.Sub(j.gone))
	case !j.disabled.IsZero() && !r.run.Forced && f.At.After(j.disabled.Add(inFlight)):
		c.breaks(f.At, stopped, "%s begins %v after the job was disabled", f.Task, f.At.Sub(j.disabled))
	}
	if r.run.Kind == scheduler.OfBackfill {
		return // it runs beside the job's own runs
	}
	live := 1
	for _, other := range j.runs {
		if other == r || other.run.Kind == scheduler.OfBackfill {
			continue
		}
		for _, t := range other.tasks {
			if t.ended.IsZero() && !t.reported {
				live++
				if !j.allow {
					c.breaks(f.At, overlapKept, "%s begins, and %s runs", f.Task, t.id)
				}
			}
		}
	}
	if j.allow && live > j.width {
		c.breaks(f.At, overlapKept, "%s begins: %d tasks of the job run, and %d may", f.Task, live, j.width)
	}
}

func (c *checker) ended(f Ended) {
	t := c.tasks[f.Task]
	if t == nil {
		return // its beginning was complained about
	}
	t.ended, t.exit, t.killed = f.At, f.Exit, f.Killed
	j := c.jobs[t.run.UID]
	if j == nil || j.def == nil || j.def.Timeout == 0 || c.calm.IsZero() || t.started.Before(c.calm.Add(inFlight)) {
		return
	}
	if d := f.At.Sub(t.started); d > j.def.Timeout+15*time.Second {
		c.breaks(f.At, timeoutKept, "%s took %v, its timeout is %v", f.Task, d, j.def.Timeout)
	}
}

func (c *checker) committed(f Committed) {
	if f.Written && f.Term < f.Latest {
		c.breaks(f.At, fenced, "term %d wrote while term %d was the latest", f.Term, f.Latest)
	}
	if f.Ops > store.MaxCommitOps || f.Bytes > store.MaxCommitBytes {
		c.breaks(f.At, withinLimits, "a commit of %d bytes in %d records", f.Bytes, f.Ops)
	}
}

// eventKey tells requests apart.
func eventKey(ev scheduler.Event) string {
	if put, ok := ev.(scheduler.PutJob); ok {
		return fmt.Sprintf("put %s %p", put.Job.Name, put.Job)
	}
	return eventName(ev)
}

func (c *checker) answered(f Answered) {
	ev := c.asked[f.ID]
	if ev == nil || f.Outcome != OK {
		return
	}
	key := eventKey(ev)
	if c.done[key] == 0 {
		c.breaks(f.At, answersHold, "%s was answered ok, and was not written", eventName(ev))
		return
	}
	c.done[key]--
}

// stepped takes a step in.
func (c *checker) stepped(f Stepped) {
	c.step, c.newRuns, c.replaced = &f, map[scheduler.UID]int{}, nil
	var report *scheduler.Status
	var before *runView
	switch ev := f.Event.(type) {
	case scheduler.Update:
		st := ev.Status
		if before, st = c.report(st); before != nil {
			report = &st
		}
	case scheduler.ReportResult:
		if !f.Refused {
			r, st := c.resulted(ev)
			if before = r; r != nil {
				report = &st
			}
		}
	case scheduler.MarkSuccess:
		if !f.Refused {
			c.success(ev.Name)
		}
	case scheduler.Subscribed:
		c.session[f.Term] = f.At
	case scheduler.Tick, scheduler.Disconnected, scheduler.Offers, scheduler.Rescind:
	}
	if _, tick := f.Event.(scheduler.Tick); !tick && !f.Refused {
		c.done[eventKey(f.Event)]++
	}
	var was scheduler.Run
	if before != nil {
		was = *before.run
	}
	for _, change := range f.Changes {
		c.change(change, report, before)
	}
	if report != nil {
		c.afterReport(*report, &was, before)
	}
	if put, is := f.Event.(scheduler.PutJob); is && !f.Refused {
		c.bygone(put.Job.Name)
	}
	for _, by := range c.replaced {
		for _, r := range c.jobs[by.UID].runs {
			if r.run.Kind != scheduler.OfBackfill && r.run.Seq < by.Seq && !r.over && r.run.State == scheduler.Launched && r.run.Kill == nil {
				c.breaks(f.At, overlapKept, "run %s is to be replaced, and is not killed", r.run.RunKey)
			}
		}
	}
	for uid, n := range c.newRuns {
		if n > scheduler.MaxCatchUp {
			c.breaks(f.At, withinLimits, "one step makes %d runs of %d", n, uid)
		}
	}
}

// report takes in what the scheduler is told about a task. It returns the run
// whose present attempt that ends.
func (c *checker) report(st scheduler.Status) (*runView, scheduler.Status) {
	if st.State <= scheduler.TaskKilling {
		return nil, st
	}
	if t := c.tasks[st.TaskID]; t != nil {
		t.reported = true
	}
	key, attempt, err := parseTask(st.TaskID)
	if err != nil {
		return nil, st
	}
	r := c.runs[key]
	if r == nil || r.over || r.run.Task == nil || r.run.Task.ID != st.TaskID || r.run.Attempt != attempt || r.run.State == scheduler.Awaiting {
		return nil, st
	}
	j := c.jobs[key.UID]
	if !j.gone.IsZero() || c.premature(st, r.run.Task) {
		return nil, st
	}
	if st.State == scheduler.TaskFinished {
		if t := c.tasks[st.TaskID]; t == nil || t.ended.IsZero() || t.exit != 0 || t.killed {
			c.breaks(c.step.At, successIsTrue, "%s is taken as finished, and it did not succeed", st.TaskID)
			return r, st
		}
	}
	if j.rec.Job.Async {
		var known bool
		if st, known = c.meant(st, r.run); !known {
			return nil, st
		}
	}
	c.counts(r, st)
	return r, st
}

// premature tells whether the master says that it does not know a task which
// may be on its way to it: nothing was heard of it, and it was launched less than
// a minute ago in this session (Mesos contract 3.4).
func (c *checker) premature(st scheduler.Status, task *scheduler.Task) bool {
	switch st.State {
	case scheduler.TaskGone, scheduler.TaskLost, scheduler.TaskUnknown:
		return st.UUID == "" && st.Reason == "REASON_RECONCILIATION" && task.State == scheduler.TaskLaunching &&
			task.Launched.After(c.session[c.step.Term]) && c.step.At.Sub(task.Launched) < time.Minute
	}
	return false
}

// success counts a success of a job for all its children.
func (c *checker) success(name string) { c.count(name, fresh{1, 0}) }

func (c *checker) count(name string, more fresh) {
	for _, uid := range c.order {
		j := c.jobs[uid]
		if f, there := j.fresh[name]; there && j.gone.IsZero() {
			j.fresh[name] = fresh{f.successes + more.successes, f.failures + more.failures}
		}
	}
}

// afterReport looks what followed from the end of an attempt.
func (c *checker) afterReport(st scheduler.Status, was *scheduler.Run, r *runView) {
	j := c.jobs[was.UID]
	if st.State == scheduler.TaskFinished && !r.over {
		c.breaks(c.step.At, runOnce, "%s finished, and run %s is not over", st.TaskID, was.RunKey)
	}
	if r.over || j.def == nil {
		return
	}
	run := r.run
	if run.Attempt != was.Attempt+1 || run.Task != nil {
		c.breaks(c.step.At, retryKept, "%s ended (%s), and run %s goes on with attempt %d", st.TaskID, st.State, run.RunKey, run.Attempt)
		return
	}
	early, latest := lossDelay(run.Losses), lossDelay(run.Losses)
	plain := st.State == scheduler.TaskFailed && st.Reason == ""
	switch {
	case run.Failures == was.Failures+1:
		early, latest = retryDelay(j.def.Job, run.Failures)
		if !plain && was.Kill == nil && st.State != scheduler.TaskFailed && st.State != scheduler.TaskKilled {
			c.breaks(c.step.At, retryKept, "%s was lost (%s), and it cost a retry", st.TaskID, st.State)
		}
	case plain:
		c.breaks(c.step.At, retryKept, "%s failed, and it cost no retry", st.TaskID)
	}
	r.retryAt = c.step.At.Add(early)
	if run.NotBefore.Before(r.retryAt) || run.NotBefore.After(c.step.At.Add(latest)) {
		c.breaks(c.step.At, retryInTime, "%s ended at %v, the next attempt is planned %v later, want %v to %v", st.TaskID, c.step.At.Sub(epoch),
			run.NotBefore.Sub(c.step.At), early, latest)
	}
}

// lossDelay is what DESIGN section 3 says of losses: at once, then 1 s, 2 s, 4 s … up to a minute.
func lossDelay(losses int) time.Duration {
	if losses <= 1 {
		return 0
	}
	return min(time.Second<<min(losses-2, 20), time.Minute)
}

// seconds reads the simple durations that the simulation uses.
func seconds(text string) time.Duration {
	var n int
	if _, err := fmt.Sscanf(text, "PT%dS", &n); err != nil {
		panic(err)
	}
	return time.Duration(n) * time.Second
}

// retryDelay is how long after its failures-th failure a run is tried again, at least and at most.
func retryDelay(j *job.Job, failures int) (least, most time.Duration) {
	d := 10 * time.Second
	if j.RetryInterval != "" {
		d = seconds(j.RetryInterval)
	}
	if j.RetryBackoff == "exponential" {
		d <<= failures - 1
		if j.RetryMaxInterval != "" {
			d = min(d, seconds(j.RetryMaxInterval))
		}
	}
	return d, d + time.Duration(j.RetryJitter*float64(d))
}

// worthRetrying tells whether a failure with this message may be retried.
func worthRetrying(on []string, message string) bool {
	if len(on) == 0 {
		return true
	}
	var code int
	if _, after, found := strings.Cut(message, " exited with status "); !found {
		return false
	} else if _, err := fmt.Sscanf(after, "%d", &code); err != nil {
		return false
	}
	return slices.ContainsFunc(on, func(s string) bool {
		var from, to int
		if n, _ := fmt.Sscanf(s, "%d-%d", &from, &to); n == 1 {
			to = from
		}
		return from <= code && code <= to
	})
}
