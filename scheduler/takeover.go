package scheduler

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
)

type (
	// ImportJob makes a job that another scheduler has had until now, with what
	// that one counted and promised. A job that was imported and that nobody has
	// touched since is replaced whole; importing the same again changes nothing.
	ImportJob struct {
		Job      *job.Job
		Counters Counters
		Promises []Promise
		Into     *Import // filled in with what it came to; nil: not wanted
	}
	// Promise is a task that another scheduler has written down and, as far as is
	// written there, not started (contracts/chronos.md 7.2, T_).
	Promise struct {
		TaskID  string
		Slot    time.Time
		Attempt int
	}
	// ImportFramework takes over the id under which another scheduler is known to
	// Mesos, and with it that one's running tasks.
	ImportFramework struct{ ID string }
)

func (ImportJob) event()       {}
func (ImportFramework) event() {}

// Import is what importing a job came to.
type Import uint8

// What importing a job may come to.
const (
	ImportSame    Import = iota // nothing was to be done
	ImportNew                   // it was made
	ImportChanged               // it was replaced
)

// Reasons for refusing an import.
var (
	// ErrInUse says that a job has been changed or run here: what another
	// scheduler says of it is older.
	ErrInUse = message.Errorf("the job has been changed or run here since it was imported")
	// ErrFramework says that Mesos knows us under another id already.
	ErrFramework = message.Errorf("there is a framework id already")
)

// adoptionTime is how long nothing is launched after the first subscription
// with an imported state: what Mesos tells of running tasks comes first.
const adoptionTime = 10 * time.Second

// importedRuns is the least Seq of the runs of an imported job. They begin at the
// time of the import, so that no argument of Chronos', which ends the id of its
// tasks, can be taken for one of them: "1-0" is one that people write.
const importedRuns = 1 << 32

// maxForeign is how many tasks of another scheduler are remembered, of one
// job, as counted: Mesos may tell of an end again.
const maxForeign = 20

func (s *State) importJob(ev ImportJob) error {
	def, err := s.compile(ev.Job, s.now)
	if err != nil {
		return err
	}
	var parents []string
	if def.Gate != nil {
		parents = def.Gate.Names()
	}
	if err := s.graph.Check(ev.Job.Name, parents); err != nil {
		return parentError(def, err)
	}
	e := s.jobs[ev.Job.Name]
	result := ImportNew
	promised, missed := s.sortPromises(def, ev.Promises)
	switch {
	case e == nil:
		s.addJob(PutJob{Job: ev.Job, Counters: &ev.Counters}, def, parents)
		e = s.jobs[ev.Job.Name]
		s.setState(e, func(st *JobState) { st.Runs = uint64(max(importedRuns, s.now.UnixMilli())) })
	case len(job.Compare(e.rec.Job, ev.Job)) == 0 && (!s.untouched(e) || e.state.Counters == ev.Counters && s.keeps(e, promised)):
		if ev.Into != nil {
			*ev.Into = ImportSame
		}
		return nil
	case !s.untouched(e):
		return message.Errorf("%w: %q", ErrInUse, ev.Job.Name)
	default:
		result = ImportChanged
		s.reimport(e, ev, def, parents)
	}
	s.adopting()
	s.setState(e, func(st *JobState) { st.Decided, st.Imported = undecidedFrom(def, s.now), s.now })
	for _, p := range promised {
		s.promise(e, p)
	}
	if n := len(missed); n > 0 {
		s.record(e, Entry{
			Kind: OfSlot, Slot: missed[n-1].Slot, Count: int64(n), Outcome: Missed, Created: s.now, Ended: s.now,
			Reason: message.Keep("promised by the scheduler before, and not started in time").String(),
		})
	}
	s.plan(e)
	if ev.Into != nil {
		*ev.Into = result
	}
	return nil
}

// untouched tells whether a job is as it was imported: nobody has led with it
// and launched anything, nobody has edited it.
func (s *State) untouched(e *entity) bool {
	ordered := func(key RunKey) bool { k := s.runs[key].Kind; return k == OfHand || k == OfBackfill }
	return s.meta.Adopting && e.rec.Updated.Equal(e.state.Imported) && !slices.ContainsFunc(e.runs, ordered)
}

// undecidedFrom returns the instant up to which the slots of an imported
// schedule count as decided: each one that it still has is owed, as the other
// scheduler takes off what it has started.
func undecidedFrom(def *job.Compiled, now time.Time) time.Time {
	if def.When == nil {
		return now
	}
	first := def.When.Next(time.Time{})
	if first.IsZero() || first.After(now) {
		return now
	}
	return first.UTC().Add(-1)
}

// sortPromises says which promises are to be kept, in order of their slots, and
// which have not been started in time. Slots that the schedule still has are
// left to it.
func (s *State) sortPromises(def *job.Compiled, list []Promise) (kept, missed []Promise) {
	decided := undecidedFrom(def, s.now)
	for _, p := range list {
		if def.When != nil && p.Slot.After(decided) && p.Attempt == 0 {
			if _, n := def.When.Range(p.Slot.Add(-1), p.Slot); n > 0 {
				continue
			}
		}
		late := def.Epsilon > 0 && p.Attempt == 0 && s.now.After(p.Slot.Add(def.Epsilon))
		if late || def.Disabled {
			missed = append(missed, p)
		} else {
			kept = append(kept, p)
		}
	}
	order := func(a, b Promise) int {
		return cmp.Or(a.Slot.Compare(b.Slot), cmp.Compare(a.Attempt, b.Attempt), cmp.Compare(a.TaskID, b.TaskID))
	}
	slices.SortFunc(kept, order)
	if n := len(kept) - job.MaxConcurrent; n > 0 {
		missed, kept = append(missed, kept[:n]...), kept[n:]
	}
	slices.SortFunc(missed, order)
	return kept, missed
}

// keeps tells whether a job's runs are these promises.
func (s *State) keeps(e *entity, list []Promise) bool {
	return slices.EqualFunc(e.runs, list, func(key RunKey, p Promise) bool {
		r := s.runs[key]
		return r.Slot.Equal(p.Slot) && r.Attempt == p.Attempt
	})
}

// reimport replaces a job that was imported and is untouched.
func (s *State) reimport(e *entity, ev ImportJob, def *job.Compiled, parents []string) {
	rec := *e.rec
	rec.Job, rec.Updated, rec.Anchor, rec.Revision, rec.By = ev.Job, s.now, s.now, rec.Revision+1, s.by()
	for _, key := range slices.Clone(e.runs) {
		s.dropRun(s.runs[key])
	}
	s.keepRevision(e.rec)
	e.rec, e.def = &rec, def
	s.mustSet(rec.Job.Name, parents)
	s.change(PutJobRecord{&rec})
	s.setState(e, func(st *JobState) { st.Counters, st.DisabledReason = ev.Counters, "" })
	s.adopt(e)
}

// promise makes the run that another scheduler has promised. What is due already
// may have been launched: that is for Mesos to say.
func (s *State) promise(e *entity, p Promise) {
	r := Run{Kind: e.kind(), Slot: p.Slot, NotBefore: p.Slot, Keep: true, Attempt: p.Attempt, Failures: p.Attempt}
	if e.def.Epsilon > 0 {
		r.Deadline = p.Slot.Add(e.def.Epsilon)
	}
	if p.Slot.After(s.now) {
		s.newRun(e, r)
		return
	}
	r.State, r.Task = Launched, &Task{ID: p.TaskID}
	s.addForeign(e, &r)
}

// kind is what the runs of a job are owed to.
func (e *entity) kind() Kind {
	if e.def.Gate != nil {
		return OfRelease
	}
	return OfSlot
}

// addForeign takes in a run whose task is another scheduler's.
func (s *State) addForeign(e *entity, r *Run) *Run {
	r.RunKey = RunKey{e.rec.UID, e.state.Runs}
	r.JobName, r.Created = e.rec.Job.Name, s.now
	s.setState(e, func(st *JobState) { st.Runs++ })
	e.runs = append(e.runs, r.RunKey)
	r = s.setRun(r, func(*Run) {})
	s.notice(Notice{Kind: RunCreated, Job: r.JobName, Run: r})
	return r
}

func (s *State) importFramework(id string) error {
	if old := s.meta.FrameworkID; old != "" && old != id {
		return message.Errorf("%w: %s", ErrFramework, old)
	}
	if s.meta.FrameworkID != id {
		s.setFrameworkID(id)
		s.adopting()
	}
	return nil
}

// adopting notes that there may be tasks of another scheduler to be adopted.
func (s *State) adopting() { s.setAdopting(true) }

func (s *State) setAdopting(is bool) {
	if s.meta.Adopting == is {
		return
	}
	m := *s.meta
	m.Adopting = is
	s.meta = &m
	s.change(PutMeta{s.meta})
}

// foreign finds the job whose task another scheduler has launched under that
// id: nil if the id is one of ours, or if no imported job has that name.
func (s *State) foreign(id string) (e *entity, slot time.Time, attempt int) {
	ms, attempt, name, suffix, ok := parseTaskID(id)
	if e = s.jobs[name]; !ok || e == nil || e.state.Imported.IsZero() || s.isOwn(e, suffix) {
		return nil, time.Time{}, 0
	}
	return e, time.UnixMilli(ms).UTC(), attempt
}

// isOwn tells whether a suffix is that of one of the job's runs.
func (s *State) isOwn(e *entity, suffix string) bool {
	key, ok := parseRunKey(suffix)
	return ok && key.UID == e.rec.UID && key.Seq >= importedRuns && key.Seq < e.state.Runs
}

// takeOver adopts a task that another scheduler has launched: it becomes a run
// of the job. Of a task that has ended, only an update that Mesos will repeat
// until it is acknowledged counts, and that once.
func (s *State) takeOver(st Status) bool {
	e, slot, attempt := s.foreign(st.TaskID)
	switch {
	case e == nil:
		return false
	case slices.Contains(e.state.Foreign, st.TaskID):
		if st.State.alive() && s.mesos.subscribed { // it was given up, and another attempt made
			s.effect(KillTask{st.TaskID, st.AgentID})
			s.notice(Notice{Kind: TaskOrphaned, Text: st.TaskID})
		}
		return true
	case !st.State.alive() && st.UUID == "", len(e.runs) >= job.MaxConcurrent:
		return true
	}
	t := &Task{ID: st.TaskID, AgentID: st.AgentID, State: TaskStaging, Launched: slot}
	r := s.addForeign(e, &Run{Kind: e.kind(), Slot: slot, NotBefore: slot, State: Launched, Attempt: attempt, Failures: attempt, Task: t})
	s.notice(Notice{Kind: TaskAdopted, Job: r.JobName, Run: r})
	if v := judge(st, nil); v != stillRuning {
		s.attemptEnded(r, st, v)
		return true
	}
	s.taskAlive(r, st)
	s.hold(e)
	return true
}

// hold lets runs that have no task yet wait for those that turned out to have one.
func (s *State) hold(e *entity) {
	for i := len(e.runs) - 1; i >= 0 && s.active(e) > s.width(e); i-- {
		if r := s.runs[e.runs[i]]; r.State == Ready && r.Kind != OfBackfill {
			s.setRun(r, func(r *Run) { r.State = Waiting })
		}
	}
}

// counted remembers a task of another scheduler whose end was counted.
func (s *State) counted(e *entity, id string) {
	if e.state.Imported.IsZero() {
		return
	}
	if owner, _, _ := s.foreign(id); owner != e {
		return
	}
	s.setState(e, func(st *JobState) {
		list := append(slices.Clone(st.Foreign), id)
		st.Foreign = list[max(0, len(list)-maxForeign):]
	})
}

// parseTaskID takes a task's id apart, ours or Chronos' (contracts/chronos.md 5.1).
func parseTaskID(id string) (ms int64, attempt int, name, suffix string, ok bool) {
	parts := strings.SplitN(id, ":", 5)
	if len(parts) < 4 || parts[0] != "ct" || parts[3] == "" {
		return 0, 0, "", "", false
	}
	ms, err := strconv.ParseInt(parts[1], 10, 64)
	attempt, err2 := strconv.Atoi(parts[2])
	if err != nil || err2 != nil || ms < 0 || ms > maxMillis || attempt < 0 || attempt > job.MaxRetries {
		return 0, 0, "", "", false
	}
	if len(parts) == 5 {
		suffix = parts[4]
	}
	return ms, attempt, parts[3], suffix, true
}

// maxMillis is the end of the year 9999, beyond which times cannot be stored.
const maxMillis = 253402300799999

// ParseTaskID reads the slot, the attempt and the job out of the id of a task
// of ours or of Chronos (contracts/chronos.md 5.1).
func ParseTaskID(id string) (slot time.Time, attempt int, name string, ok bool) {
	ms, attempt, name, _, ok := parseTaskID(id)
	return time.UnixMilli(ms).UTC(), attempt, name, ok
}

// parseRunKey reads what RunKey.String writes.
func parseRunKey(text string) (RunKey, bool) {
	a, b, _ := strings.Cut(text, "-")
	uid, err := strconv.ParseUint(a, 36, 64)
	seq, err2 := strconv.ParseUint(b, 36, 64)
	key := RunKey{UID(uid), seq}
	return key, err == nil && err2 == nil && key.String() == text
}
