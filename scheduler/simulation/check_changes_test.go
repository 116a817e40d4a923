package simulation

import (
	"slices"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/scheduler"
)

// change takes one written record in.
func (c *checker) change(change scheduler.Change, report *scheduler.Status, reported *runView) {
	switch ch := change.(type) {
	case scheduler.PutJobRecord:
		c.putJob(ch.Job)
	case scheduler.PutJobState:
		c.putState(ch.State)
	case scheduler.PutRun:
		c.putRun(ch.Run)
	case scheduler.PutEntry:
		c.putEntry(ch.Entry, report, reported)
	case scheduler.DropRun:
		r, j := c.runs[ch.RunKey], c.jobs[ch.UID]
		if r != nil && !r.over {
			j.open--
			if r.run.Task != nil && r.run.State == scheduler.Launched && j.gone.IsZero() {
				if _, deletes := c.step.Event.(scheduler.DeleteJob); deletes {
					c.breaks(c.step.At, stopped, "%s is forgotten with its job, and not killed", r.run.Task.ID)
				}
			}
			r.over = true // the entry comes next, or never if the job is deleted
			if _, deletes := c.step.Event.(scheduler.DeleteJob); !deletes && j.gone.IsZero() && !c.entryFollows(ch.RunKey) {
				c.breaks(c.step.At, runOnce, "run %s vanishes without an entry", ch.RunKey)
			}
		}
	case scheduler.DropJob:
		if j := c.jobs[ch.UID]; j != nil {
			j.gone = c.step.At
		}
	}
}

// entryFollows tells whether this step writes the end of a run.
func (c *checker) entryFollows(key scheduler.RunKey) bool {
	return slices.ContainsFunc(c.step.Changes, func(ch scheduler.Change) bool {
		e, ok := ch.(scheduler.PutEntry)
		return ok && e.Entry.Run == key.String()
	})
}

func (c *checker) putJob(rec *scheduler.JobRecord) {
	def, err := job.Compile(rec.Job, rec.Anchor, job.Defaults{RetryInterval: config().RetryInterval})
	if err != nil {
		c.breaks(c.step.At, withinLimits, "a definition is written that cannot be read: %v", err)
		return
	}
	j := c.jobs[rec.UID]
	if j == nil {
		j = &jobView{slots: map[int64]bool{}, fresh: map[string]fresh{}, anchored: true}
		c.jobs[rec.UID] = j
		c.order = append(c.order, rec.UID)
	} else if old := j.rec; old.Job.Schedule != rec.Job.Schedule || old.Job.Zone != rec.Job.Zone {
		if j.def.When != nil {
			if slot, n := j.def.When.Range(j.state.Decided, c.step.At); n != j.counted {
				c.breaks(c.step.At, slotOnce, "%s: its schedule is replaced, and of %d slots up to %v %d are decided", rec.Job.Name, n, slot, j.counted)
			}
		}
		j.anchored, j.counted, j.pauses = true, 0, nil // the slots of a new schedule are new
	}
	j.rec, j.def = rec, def
	j.allow = j.allow || def.Overlap == job.Allow
	width := 1
	if def.Overlap == job.Allow {
		if width = def.MaxConcurrent; width == 0 {
			width = job.MaxConcurrent
		}
	}
	j.width = max(j.width, width)
	switch {
	case !rec.Job.Disabled:
		if !j.disabled.IsZero() && !j.anchored {
			j.pauses = append(j.pauses, pause{j.disabled, c.step.At})
		}
		j.disabled = time.Time{}
	case j.disabled.IsZero():
		j.disabled = c.step.At
	}
	kept := map[string]fresh{} // parents that stay keep what is unspent, new ones begin with nothing
	if def.Gate != nil {
		for _, p := range def.Gate.Names() {
			kept[p] = j.fresh[p]
		}
	}
	j.fresh = kept
}

func (c *checker) putState(st *scheduler.JobState) {
	j := c.jobs[st.UID]
	if j == nil {
		c.breaks(c.step.At, writtenFirst, "the state of %d is written, and no job", st.UID)
		return
	}
	old := j.state
	j.state = st
	if old == nil || st.Decided.Equal(old.Decided) {
		return
	}
	if st.Decided.Before(old.Decided) {
		c.breaks(c.step.At, slotOnce, "%s: decided goes back from %v to %v", j.rec.Job.Name, old.Decided, st.Decided)
	}
	if j.def.When != nil && !j.anchored {
		if _, want := j.def.When.Range(old.Decided, st.Decided); want != j.counted {
			c.breaks(c.step.At, slotOnce, "%s: %d slots from %v to %v, and %d decisions", j.rec.Job.Name, want, old.Decided, st.Decided, j.counted)
		}
	}
	j.counted, j.anchored = 0, false
}

func (c *checker) putRun(run *scheduler.Run) {
	j := c.jobs[run.UID]
	if j == nil {
		c.breaks(c.step.At, writtenFirst, "run %s is written, and no job", run.RunKey)
		return
	}
	r := c.runs[run.RunKey]
	if r == nil {
		r = c.newRun(j, run)
	}
	if r.over {
		c.breaks(c.step.At, runOnce, "run %s is over, and is written again", run.RunKey)
	}
	r.run = run
	if run.State != scheduler.Launched || r.launched[run.Attempt] == run.Task.ID {
		return
	}
	if other := r.launched[run.Attempt]; other != "" {
		c.breaks(c.step.At, launchOnce, "attempt %d of run %s is %s and %s", run.Attempt, run.RunKey, other, run.Task.ID)
	}
	r.launched[run.Attempt] = run.Task.ID
	switch {
	case !j.gone.IsZero():
		c.breaks(c.step.At, stopped, "run %s is launched, and its job is deleted", run.RunKey)
	case !j.disabled.IsZero() && !run.Forced:
		c.breaks(c.step.At, stopped, "run %s is launched, and its job is disabled", run.RunKey)
	case c.step.At.Before(r.retryAt) || c.step.At.Before(run.NotBefore):
		c.breaks(c.step.At, retryInTime, "run %s is launched, and is not to be before %v", run.RunKey, run.NotBefore)
	case r.epsilon > 0 && run.Attempt == 0 && c.step.At.After(run.Slot.Add(r.epsilon)):
		c.breaks(c.step.At, withinEpsilon, "run %s is launched %v after its slot, epsilon is %v", run.RunKey, c.step.At.Sub(run.Slot), r.epsilon)
	}
}

// newRun takes in a run that was not known.
func (c *checker) newRun(j *jobView, run *scheduler.Run) *runView {
	r := &runView{run: run, launched: map[int]string{}}
	c.runs[run.RunKey] = r
	j.runs = append(j.runs, r)
	if j.open++; j.open > job.MaxConcurrent {
		c.breaks(c.step.At, withinLimits, "%d runs of %s are not over", j.open, j.rec.Job.Name)
	}
	if !j.gone.IsZero() || !j.disabled.IsZero() && !run.Forced {
		c.breaks(c.step.At, stopped, "run %s is made, and its job is deleted or disabled", run.RunKey)
	}
	if run.State == scheduler.Waiting && j.def.Overlap == job.Skip {
		c.breaks(c.step.At, overlapKept, "run %s waits for another one, and overlap is skip", run.RunKey)
	}
	if run.State == scheduler.Waiting && j.def.Overlap == job.Replace {
		c.replaced = append(c.replaced, run.RunKey)
	}
	switch run.Kind {
	case scheduler.OfSlot:
		for _, p := range j.pauses {
			if run.Slot.After(p.from) && run.Slot.Before(p.to) {
				c.breaks(c.step.At, stopped, "slot %v of %s passed while it was disabled, and has a run", run.Slot, j.rec.Job.Name)
			}
		}
		r.epsilon = j.def.Epsilon
		c.newRuns[run.UID]++
		j.counted++
		if j.slots[run.Slot.UnixNano()] {
			c.breaks(c.step.At, slotOnce, "slot %v of %s has two runs", run.Slot, j.rec.Job.Name)
		}
		j.slots[run.Slot.UnixNano()] = true
		if _, n := j.def.When.Range(run.Slot.Add(-1), run.Slot); n != 1 {
			c.breaks(c.step.At, slotOnce, "%v is no slot of %s, and has a run", run.Slot, j.rec.Job.Name)
		}
	case scheduler.OfRelease:
		c.released(j)
	case scheduler.OfBackfill:
		c.backfilled(j, run)
	}
	return r
}

// backfilled looks at the run of a slot that is past.
func (c *checker) backfilled(j *jobView, run *scheduler.Run) {
	if _, n := j.def.When.Range(run.Slot.Add(-1), run.Slot); n != 1 || run.Slot.After(j.state.Decided) {
		c.breaks(c.step.At, slotOnce, "%v is no past slot of %s, and is run again", run.Slot, j.rec.Job.Name)
	}
	others := 0
	for _, other := range j.runs {
		if !other.over && other.run.Kind == scheduler.OfBackfill && other.run.RunKey != run.RunKey {
			others++
		}
	}
	if others >= scheduler.MaxBackfillParallel {
		c.breaks(c.step.At, withinLimits, "%d runs of %s are of a backfill", others+1, j.rec.Job.Name)
	}
}

// satisfied tells whether what was not spent is enough for a run.
func (j *jobView) satisfied() bool {
	return j.def.Gate != nil && j.def.Gate.Eval(func(c jobgraph.Condition, parent string) bool {
		f := j.fresh[parent]
		return c != jobgraph.Failed && f.successes > 0 || c != jobgraph.Succeeded && f.failures > 0
	})
}

// released spends the results of the parents.
func (c *checker) released(j *jobView) {
	if !j.satisfied() {
		c.breaks(c.step.At, parentsFirst, "%s is released by parents %v, trigger %q, and what it has not spent is %v", j.rec.Job.Name, j.rec.Job.Parents, j.rec.Job.Trigger, j.fresh)
	}
	for p, f := range j.fresh {
		if j.def.Each {
			j.fresh[p] = fresh{max(0, f.successes-1), max(0, f.failures-1)}
		} else {
			j.fresh[p] = fresh{}
		}
	}
}

func (c *checker) putEntry(e *scheduler.Entry, report *scheduler.Status, reported *runView) {
	j := c.jobs[e.UID]
	if j == nil {
		c.breaks(c.step.At, writtenFirst, "history of %d is written, and no job", e.UID)
		return
	}
	if e.Run == "" {
		switch e.Kind {
		case scheduler.OfSlot:
			c.passed(j, e)
		case scheduler.OfRelease:
			c.released(j)
		}
		return
	}
	r := c.runOf(j, e.Run)
	switch {
	case r == nil:
		c.breaks(c.step.At, runOnce, "run %s has an end, and no beginning", e.Run)
		return
	case !r.over:
		c.breaks(c.step.At, runOnce, "run %s has an end, and is still written", e.Run)
	}
	switch e.Outcome {
	case scheduler.Succeeded:
		if j.rec.Job.Async {
			if !c.reportedWell(r) {
				c.breaks(c.step.At, successIsTrue, "run %s succeeded, and no client said so", e.Run)
			}
			break
		}
		if !slices.ContainsFunc(r.tasks, func(t *taskView) bool { return !t.ended.IsZero() && t.exit == 0 && !t.killed }) {
			c.breaks(c.step.At, successIsTrue, "run %s succeeded, and no task of it did", e.Run)
		}
	case scheduler.Failed:
		switch {
		case e.Kind == scheduler.OfBackfill: // it counts for nobody
		case j.rec.Job.SoftError:
			c.success(e.JobName)
		default:
			c.count(e.JobName, fresh{0, 1})
		}
		if !c.givenUp(j, r) && (r != reported || !c.explained(j, r, report)) {
			c.breaks(c.step.At, retryKept, "run %s failed for good with %d failures and %d losses: %s", e.Run, r.run.Failures, r.run.Losses, e.Reason)
		}
	}
}

// passed takes in slots that are not run: those that are decided now, or those
// of R[n] that were over when the schedule came.
func (c *checker) passed(j *jobView, e *scheduler.Entry) {
	if e.Slot.After(j.state.Decided) {
		j.counted += e.Count
		return
	}
	_, put := c.step.Event.(scheduler.PutJob)
	_, finite := j.def.When.Repetitions()
	if _, n := j.def.When.Range(time.Time{}, j.state.Decided); !put || !finite || e.Outcome != scheduler.Missed || n != e.Count {
		c.breaks(c.step.At, slotOnce, "%d slots up to %v of %s are said to be %s, and were decided", e.Count, e.Slot, e.JobName, e.Outcome)
	}
	j.bygone += e.Count
}

// bygone looks whether the slots of R[n] that were over when a job was made are
// accounted for.
func (c *checker) bygone(name string) {
	for _, uid := range c.order {
		j := c.jobs[uid]
		if j.rec.Job.Name != name || j.rec.Revision != 1 || !j.rec.Created.Equal(c.step.At) || j.def.When == nil {
			continue
		}
		if _, finite := j.def.When.Repetitions(); finite {
			if slot, n := j.def.When.Range(time.Time{}, j.state.Decided); n != j.bygone {
				c.breaks(c.step.At, slotOnce, "%s: of %d slots up to %v, before it was made, %d are decided", name, n, slot, j.bygone)
			}
		}
	}
}

func (c *checker) runOf(j *jobView, id string) *runView {
	for _, r := range slices.Backward(j.runs) {
		if r.run.RunKey.String() == id {
			return r
		}
	}
	return nil
}

// explained tells whether a run may fail for good with this report.
func (c *checker) explained(j *jobView, r *runView, st *scheduler.Status) bool {
	run, def := r.run, j.rec.Job
	switch {
	case st.State == scheduler.TaskError:
		return true
	case def.Disabled && !run.Forced:
		return true
	case run.Losses+1 > 10 && st.State != scheduler.TaskFailed:
		return true
	case st.State != scheduler.TaskFailed && st.State != scheduler.TaskKilled && run.Kill == nil:
		return false // lost
	}
	return run.Failures+1 > def.Retries || !worthRetrying(def.RetryOn, st.Message)
}

// rest looks at the end for what is due and not done.
func (c *checker) rest(f Rest) {
	due := f.At.Add(-late)
	live := map[string]bool{}
	for _, uid := range c.order {
		j := c.jobs[uid]
		for _, r := range j.runs {
			for _, t := range r.tasks {
				if t.ended.IsZero() {
					live[t.id] = true
					if r.over && t.started.Before(due) && f.At.Sub(c.calm) > orphanLate {
						c.breaks(f.At, settled, "%s runs on, and its run is over", t.id)
					}
				}
			}
		}
		if j.gone.IsZero() && j.disabled.IsZero() {
			c.restJob(f.At, j)
		}
	}
	for _, run := range f.Records.Runs {
		c.restRun(f.At, run, live)
	}
}

// placeable tells whether some agent could execute the job.
func placeable(j *job.Job) bool {
	return j.CPUs < 32 && !slices.ContainsFunc(j.Constraints, func(c job.Constraint) bool { return c.Value == "nowhere" })
}

func (c *checker) restJob(now time.Time, j *jobView) {
	name := j.rec.Job.Name
	if j.def.When != nil {
		if slot, n := j.def.When.Range(j.state.Decided, now.Add(-5*time.Second)); n > 0 {
			c.breaks(now, settled, "%s: %d slots up to %v are not decided", name, n, slot)
		}
	}
	waits := slices.ContainsFunc(j.runs, func(r *runView) bool { return !r.over && r.run.State != scheduler.Launched && r.run.Attempt == 0 })
	if j.satisfied() && !(j.def.Each && waits) && j.open < job.MaxConcurrent {
		c.breaks(now, settled, "%s: its parents allow a run (%v), and there is none", name, j.fresh)
	}
}

func (c *checker) restRun(now time.Time, run *scheduler.Run, live map[string]bool) {
	j := c.jobs[run.UID]
	if j == nil {
		c.breaks(now, settled, "run %s is stored, and its job was never", run.RunKey)
		return
	}
	due := now.Add(-late)
	switch run.State {
	case scheduler.Awaiting:
		c.restAwaiting(now, run)
	case scheduler.Ready:
		if run.NotBefore.Before(due) && placeable(j.rec.Job) {
			c.breaks(now, settled, "run %s of %s is ready since %v", run.RunKey, run.JobName, run.NotBefore)
		}
	case scheduler.Waiting:
		active := slices.ContainsFunc(j.runs, func(r *runView) bool {
			return !r.over && r.run.State != scheduler.Waiting && r.run.Kind != scheduler.OfBackfill
		})
		if !active {
			c.breaks(now, settled, "run %s of %s waits for nothing", run.RunKey, run.JobName)
		}
	case scheduler.Launched:
		t := c.tasks[run.Task.ID]
		switch {
		case !run.Task.Launched.Before(due):
		case t == nil:
			c.breaks(now, settled, "run %s of %s has task %s, which was never executed", run.RunKey, run.JobName, run.Task.ID)
		case !live[t.id] && t.ended.Before(due):
			c.breaks(now, settled, "run %s of %s has task %s, which is over since %v", run.RunKey, run.JobName, t.id, t.ended)
		case live[t.id] && run.Kill != nil && run.Kill.Since.Before(due):
			c.breaks(now, settled, "%s runs, and is to be killed since %v (%s)", t.id, run.Kill.Since, run.Kill.Cause)
		case live[t.id] && !run.Task.Timeout.IsZero() && run.Task.Timeout.Before(due):
			c.breaks(now, timeoutKept, "%s runs, and was to end at %v", t.id, run.Task.Timeout)
		case live[t.id] && !j.gone.IsZero():
			c.breaks(now, settled, "%s runs, and its job was deleted at %v", t.id, j.gone)
		}
	}
}
