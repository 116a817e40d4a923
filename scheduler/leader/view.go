package leader

import (
	"context"
	"iter"
	"slices"
	"time"

	"github.com/tidwall/btree"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
)

// View is what is known of the jobs at one moment. It is immutable: it may be
// kept and read by any goroutine, and shows later changes only in later views.
type View struct {
	Leading     bool      // this process leads and the view is current
	Leader      string    // address of the leader, "" if there is none or it is not known
	Term        int64     // the term that the view is of; 0 before the first
	At          time.Time // when it was published
	Subscribed  bool      // the Mesos master has accepted us
	FrameworkID string

	jobs  *btree.Map[string, *Job]
	order *btree.Map[scheduler.UID, string]
	store *store.Store // for what is not held: history, revisions, the audit log
}

// Job is a job as a view shows it. Its records are immutable.
type Job struct {
	*scheduler.JobRecord
	State *scheduler.JobState
	Runs  []*scheduler.Run // not over, oldest first
}

// Len is how many jobs there are.
func (v *View) Len() int { return v.jobs.Len() }

// Job returns the job of that name, nil if there is none.
func (v *View) Job(name string) *Job {
	j, _ := v.jobs.Get(name)
	return j
}

// JobByUID returns the job with that uid, nil if there is none.
func (v *View) JobByUID(uid scheduler.UID) *Job {
	name, there := v.order.Get(uid)
	if !there {
		return nil
	}
	return v.Job(name)
}

// Jobs returns all jobs in order of their names.
func (v *View) Jobs() iter.Seq[*Job] {
	return func(yield func(*Job) bool) {
		v.jobs.Scan(func(_ string, j *Job) bool { return yield(j) })
	}
}

// Created returns all jobs in the order in which they were made.
func (v *View) Created() iter.Seq[*Job] {
	return func(yield func(*Job) bool) {
		v.order.Scan(func(_ scheduler.UID, name string) bool {
			j, _ := v.jobs.Get(name)
			return yield(j)
		})
	}
}

// History reads what is kept of a job's past, oldest first. It may be newer than the view.
func (v *View) History(ctx context.Context, j *Job) ([]*scheduler.Entry, error) {
	return v.store.History(ctx, j.UID)
}

// Revisions reads the definitions of a job that were replaced, oldest first.
func (v *View) Revisions(ctx context.Context, j *Job) ([]*scheduler.Revision, error) {
	return v.store.Revisions(ctx, j.UID)
}

// Tallies reads a job's days of the months that are over, oldest first.
func (v *View) Tallies(ctx context.Context, j *Job) ([]*scheduler.Tally, error) {
	return v.store.Tallies(ctx, j.UID)
}

// Audit reads who ordered what, oldest first.
func (v *View) Audit(ctx context.Context) ([]*scheduler.Audit, error) { return v.store.Audit(ctx) }

// NewView returns the view with which a first term over these records begins.
func NewView(s *store.Store, r scheduler.Records) *View {
	return newPublisher(View{Leading: true, Term: 1, store: s}, r).publish(time.Time{})
}

// With returns the view that follows when changes are made.
func (v *View) With(changes ...scheduler.Change) *View {
	p := &publisher{view: *v}
	p.view.jobs, p.view.order = v.jobs.Copy(), v.order.Copy()
	for _, c := range changes {
		p.apply(c)
	}
	return p.publish(v.At)
}

// publisher follows the changes of a term and makes views of them.
type publisher struct {
	view View // the next one
}

func newPublisher(v View, r scheduler.Records) *publisher {
	v.jobs, v.order = new(btree.Map[string, *Job]), new(btree.Map[scheduler.UID, string])
	p := &publisher{view: v}
	for _, rec := range r.Jobs {
		p.apply(scheduler.PutJobRecord{Job: rec})
	}
	for _, st := range r.States {
		p.apply(scheduler.PutJobState{State: st})
	}
	for _, run := range r.Runs {
		p.apply(scheduler.PutRun{Run: run})
	}
	if r.Meta != nil {
		p.view.FrameworkID = r.Meta.FrameworkID
	}
	return p
}

// apply takes one change over.
func (p *publisher) apply(c scheduler.Change) {
	switch c := c.(type) {
	case scheduler.PutMeta:
		p.view.FrameworkID = c.Meta.FrameworkID
	case scheduler.PutJobRecord:
		p.view.order.Set(c.Job.UID, c.Job.Job.Name)
		p.edit(c.Job.UID, c.Job.Job.Name, func(j *Job) { j.JobRecord = c.Job })
	case scheduler.PutJobState:
		p.edit(c.State.UID, "", func(j *Job) { j.State = c.State })
	case scheduler.PutRun:
		p.edit(c.Run.UID, "", func(j *Job) { j.Runs = putRun(j.Runs, c.Run) })
	case scheduler.DropRun:
		p.edit(c.UID, "", func(j *Job) {
			j.Runs = slices.DeleteFunc(slices.Clone(j.Runs), func(r *scheduler.Run) bool { return r.RunKey == c.RunKey })
		})
	case scheduler.DropJob:
		p.view.order.Delete(c.UID)
		p.view.jobs.Delete(c.Name)
	}
}

// edit replaces a job by an edited copy. What belongs to a deleted job is passed over.
func (p *publisher) edit(uid scheduler.UID, name string, f func(*Job)) {
	if name == "" {
		var there bool
		if name, there = p.view.order.Get(uid); !there {
			return
		}
	}
	next := Job{}
	if old, there := p.view.jobs.Get(name); there {
		next = *old
	}
	f(&next)
	p.view.jobs.Set(name, &next)
}

func putRun(runs []*scheduler.Run, r *scheduler.Run) []*scheduler.Run {
	out := slices.Clone(runs)
	for i, old := range out {
		if old.RunKey == r.RunKey {
			out[i] = r
			return out
		}
	}
	return append(out, r)
}

// publish returns the view of this moment.
func (p *publisher) publish(now time.Time) *View {
	v := p.view
	v.At = now
	v.jobs, v.order = p.view.jobs.Copy(), p.view.order.Copy()
	return &v
}
