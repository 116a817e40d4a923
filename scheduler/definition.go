package scheduler

import (
	"slices"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/message"
)

// putJob makes a job or replaces its definition. Everything is checked before
// anything is changed.
func (s *State) putJob(ev PutJob) error {
	old := s.jobs[ev.Job.Name]
	def, parents, err := s.examine(ev, old)
	switch {
	case err != nil:
		return err
	case old == nil:
		s.addJob(ev, def, parents)
		s.passBygone(s.jobs[ev.Job.Name], nil)
	default:
		was := old.def
		s.replaceJob(old, ev, def, parents)
		s.passBygone(old, was)
	}
	return nil
}

// examine says what a definition means and whether it may take the place of
// old, which may be nil. It changes nothing.
func (s *State) examine(ev PutJob, old *entity) (def *job.Compiled, parents []string, err error) {
	if ev.IfRevision != nil {
		have := uint64(0)
		if old != nil {
			have = old.rec.Revision
		}
		if have != *ev.IfRevision {
			return nil, nil, message.Errorf("%w: it is at revision %d, not %d", ErrRevision, have, *ev.IfRevision)
		}
	}
	if !ev.Until.IsZero() && !s.now.Before(ev.Until) {
		return nil, nil, message.Errorf("%w: before %s", ErrTooLate, ev.Until.UTC().Format(time.RFC3339))
	}
	anchor := s.now
	if old != nil && sameSchedule(old.rec.Job, ev.Job) {
		anchor = old.rec.Anchor
	}
	if def, err = s.compile(ev.Job, anchor); err != nil {
		return nil, nil, err
	}
	if def.Gate != nil {
		parents = def.Gate.Names()
	}
	if err := s.graph.Check(ev.Job.Name, parents); err != nil {
		return nil, nil, parentError(def, err)
	}
	return def, parents, nil
}

func parentError(def *job.Compiled, err error) error {
	if def.Trigger != "" {
		return &job.FieldError{Field: "trigger", Err: err}
	}
	return &job.FieldError{Field: "parents", Err: err}
}

func sameSchedule(a, b *job.Job) bool {
	return a.Schedule == b.Schedule && a.Zone == b.Zone && a.DSTGap == b.DSTGap && a.DSTOverlap == b.DSTOverlap
}

// sameSlots: bounds that are moved do not bring back slots of the past.
func sameSlots(a, b *job.Job) bool {
	return sameSchedule(a, b) && a.NotBefore == b.NotBefore && a.NotAfter == b.NotAfter
}

func (s *State) addJob(ev PutJob, def *job.Compiled, parents []string) {
	meta := *s.meta
	meta.LastUID++
	s.meta = &meta
	s.change(PutMeta{s.meta})
	rec := &JobRecord{UID: meta.LastUID, Job: ev.Job, Created: s.now, Updated: s.now, Anchor: s.now, Revision: 1, By: s.by()}
	e := &entity{rec: rec, def: def, state: &JobState{UID: rec.UID, Decided: firstSlots(def, s.now)}}
	if ev.Counters != nil {
		e.state.Counters = *ev.Counters
	}
	s.jobs[ev.Job.Name], s.byUID[rec.UID] = e, e
	s.mustSet(ev.Job.Name, parents)
	s.change(PutJobRecord{rec})
	s.setState(e, func(*JobState) {})
	s.adopt(e)
	s.plan(e)
	s.notice(Notice{Kind: JobChanged, Job: rec.Job.Name})
	s.audit(Audit{Action: ActionCreate, Job: rec.Job.Name, Revision: 1})
}

// mustSet links a job whose parents were checked.
func (s *State) mustSet(name string, parents []string) {
	if err := s.graph.Set(name, parents); err != nil {
		panic("scheduler: checked parents are refused: " + err.Error())
	}
}

func (s *State) replaceJob(e *entity, ev PutJob, def *job.Compiled, parents []string) {
	s.decide(e) // what is due by the old definition stays due
	old := e.rec
	changes := job.Compare(old.Job, ev.Job)
	if len(changes) == 0 { // clients that keep a folder and a server alike send everything again
		if ev.Counters != nil {
			s.setState(e, func(st *JobState) { st.Counters = *ev.Counters })
		}
		return
	}
	rec := *old
	rec.Job, rec.Updated, rec.Revision, rec.By = ev.Job, s.now, rec.Revision+1, s.by()
	if !sameSchedule(old.Job, ev.Job) {
		rec.Anchor = s.now
	}
	same := sameSlots(old.Job, ev.Job)
	wasDisabled := old.Job.Disabled
	if wasDisabled && (!ev.Job.Disabled || !same) {
		s.passDisabled(e)
	}
	e.rec, e.def = &rec, def
	s.mustSet(ev.Job.Name, parents)
	s.keepRevision(old)
	s.change(PutJobRecord{&rec})
	s.setState(e, func(st *JobState) {
		if !same {
			st.SkipSlot = time.Time{}
			if from := firstSlots(def, s.now); from.After(st.Decided) {
				st.Decided = from
			}
		}
		if ev.Counters != nil {
			st.Counters = *ev.Counters
		}
		st.DisabledReason = ""
	})
	s.adopt(e)
	s.settle(e, wasDisabled)
	s.notice(Notice{Kind: JobChanged, Job: rec.Job.Name})
	s.audit(Audit{Action: ActionUpdate, Job: rec.Job.Name, Revision: rec.Revision, Changes: changes})
}

// settle brings everything that depends on a job's definition up to date.
func (s *State) settle(e *entity, wasDisabled bool) {
	if e.rec.Job.Disabled && !wasDisabled {
		s.cancelPending(e, message.Keep("the job was disabled"))
	}
	for _, key := range slices.Clone(e.runs) {
		s.index(s.runs[key]) // priority and resources may differ now
	}
	s.plan(e)
	s.advance(e)
	s.release(e)
	s.fill(e)
}

// passDisabled records the slots that went by while the job was disabled.
func (s *State) passDisabled(e *entity) {
	if e.def.When == nil {
		return
	}
	newest, n := e.def.When.Range(e.state.Decided, s.now)
	if n == 0 {
		return
	}
	s.pass(e, e.state.Decided, newest, Skipped, message.Keep("the job was disabled"))
	s.setState(e, func(st *JobState) { st.Decided = newest.UTC() })
}

func (s *State) setDisabled(ev SetDisabled) error {
	e := s.jobs[ev.Name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, ev.Name)
	}
	was := e.rec.Job.Disabled
	if was == ev.Disabled {
		return nil
	}
	if was && e.def.When == nil && e.def.Gate == nil {
		return &job.FieldError{Field: "schedule", Err: job.ErrNoRun}
	}
	if was {
		s.passDisabled(e)
	} else {
		s.decide(e)
	}
	s.setJob(e, func(j *job.Job) { j.Disabled = ev.Disabled })
	s.setState(e, func(st *JobState) { st.DisabledReason = ev.Reason })
	s.settle(e, was)
	action := ActionResume
	if ev.Disabled {
		action = ActionPause
	}
	s.audit(Audit{Action: action, Job: ev.Name, Revision: e.rec.Revision, Detail: ev.Reason})
	return nil
}

// setJob replaces a definition by an edited copy that differs only in what
// cannot be wrong.
func (s *State) setJob(e *entity, edit func(*job.Job)) {
	j := e.rec.Job.Clone()
	edit(j)
	rec := *e.rec
	rec.Job, rec.Updated, rec.Revision, rec.By = j, s.now, rec.Revision+1, s.by()
	def, err := s.compile(j, rec.Anchor)
	if err != nil {
		panic("scheduler: an edited definition is refused: " + err.Error())
	}
	s.keepRevision(e.rec)
	e.rec, e.def = &rec, def
	s.change(PutJobRecord{&rec})
	s.notice(Notice{Kind: JobChanged, Job: j.Name})
}

// deleteJob removes a job. Its children get its parents instead; a child left
// without any is disabled, with the reason.
func (s *State) deleteJob(ev DeleteJob) error {
	name := ev.Name
	e := s.jobs[name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, name)
	}
	if ev.IfRevision != nil && *ev.IfRevision != e.rec.Revision {
		return message.Errorf("%w: it is at revision %d, not %d", ErrRevision, e.rec.Revision, *ev.IfRevision)
	}
	children := s.graph.Children(name)
	bytes := 0
	for _, child := range children {
		bytes += jobSize(s.jobs[child].rec.Job)
	}
	if bytes > maxStepBytes {
		return message.Errorf("%w: %q has %d children with %d bytes of definitions, at most %d bytes can be re-linked at once", ErrTooBig, name, len(children), bytes, maxStepBytes)
	}
	for _, child := range children {
		s.relink(s.jobs[child], e)
	}
	for _, key := range slices.Clone(e.runs) {
		if r := s.runs[key]; r.State == Launched {
			s.kill(r, ByDeletion)
		} else {
			s.dropRun(r)
		}
	}
	s.graph.Remove(name)
	s.due.drop(item{slotDue, RunKey{UID: e.rec.UID}})
	delete(s.jobs, name)
	delete(s.byUID, e.rec.UID)
	s.change(DropJob{e.rec.UID, name})
	for seq := e.state.Entries - min(e.state.Entries, s.cfg.History); seq < e.state.Entries; seq++ {
		s.change(DropEntry{e.rec.UID, seq})
	}
	s.dropRevisions(e.rec)
	s.dropTallies(e)
	s.tell(e, Notice{Kind: JobDeleted})
	s.audit(Audit{Action: ActionDelete, Job: name, Revision: e.rec.Revision})
	for _, child := range children {
		s.release(s.jobs[child])
	}
	return nil
}

// relink gives a child the parents of its parent, which goes.
func (s *State) relink(child, gone *entity) {
	name, old := child.rec.Job.Name, gone.rec.Job.Name
	grandparents := s.graph.Parents(old)
	var instead *jobgraph.Trigger
	if len(grandparents) > 0 {
		instead = jobgraph.All(grandparents)
	}
	left := child.def.Gate.Without(old, instead)
	orphan := left == nil
	s.setJob(child, func(j *job.Job) {
		j.Parents, j.Trigger = relinked(j, old, grandparents, left)
		j.Disabled = j.Disabled || orphan
	})
	var parents []string
	if child.def.Gate != nil {
		parents = child.def.Gate.Names()
	}
	s.mustSet(name, parents)
	s.adopt(child)
	if orphan {
		s.setState(child, func(st *JobState) {
			st.DisabledReason = message.Keep("its parent %q was deleted, and no other is left", old).String()
		})
		s.cancelPending(child, message.Keep("the job was disabled: its last parent was deleted"))
		s.tell(child, Notice{Kind: JobDisabled, Text: child.state.DisabledReason})
	}
}

// relinked returns a child's new parents, or its new trigger.
func relinked(j *job.Job, gone string, grandparents []string, left *jobgraph.Trigger) ([]string, string) {
	if j.Trigger != "" {
		if left == nil {
			return nil, ""
		}
		return nil, left.String()
	}
	var parents []string
	for _, p := range append(slices.Clone(j.Parents), grandparents...) {
		if p != gone && !slices.Contains(parents, p) {
			parents = append(parents, p)
		}
	}
	return parents, ""
}
