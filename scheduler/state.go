// Package scheduler decides: which slots and releases become runs, which run
// starts where and when, what follows from the end of an attempt.
//
// It is a pure state machine with one door, State.Step: facts go in (an Event
// and the time), a decision comes out (records to write, effects to perform
// after they are written, when to look again). It reads no clock, does no I/O
// and starts nothing; package scheduler/leader is the shell that does. It does
// not know Mesos' wire format, HTTP, or how records are stored.
package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
)

// Config is what flags say about deciding. It does not change during a term.
type Config struct {
	RetryInterval        time.Duration // of jobs that do not say (--failure_retry)
	DisableAfterFailures int64         // 0: never (--disable_after_failures)
	History              uint64        // entries kept of a job
	Revisions            uint64        // replaced definitions kept of a job
	Audits               uint64        // lines of the audit log that are kept
	Placement
}

// Placement is the part of Config that is about offers. A zero Lead, MinRevive
// or Maintenance is taken as it is, a zero Refuse, Hold or Reconcile as unset.
type Placement struct {
	Lead        time.Duration // how long before work is due offers are asked for, and then held
	MinRevive   time.Duration // between two REVIVEs for want of offers (--min_revive_offers_interval)
	Refuse      time.Duration // how long offers in which nothing fits are declined (--decline_offer_duration)
	Hold        time.Duration // how long an offer is held that is not needed for what is due soon
	Reconcile   time.Duration // between two comparisons of all tasks (--reconciliation_interval)
	Maintenance time.Duration // an agent is not used that will be unavailable so soon
	Binpack     bool          // fill agents one by one, instead of spreading (--placement)
	Roles       []string      // to which offers are made, for explanations
}

// DefaultConfig is the configuration without flags.
func DefaultConfig() Config {
	return Config{RetryInterval: time.Minute, History: 50, Revisions: 20, Audits: 10_000, Placement: Placement{
		Lead: 5 * time.Second, MinRevive: time.Second, Refuse: 5 * time.Second, Hold: 10 * time.Second,
		Reconcile: 15 * time.Minute, Maintenance: time.Hour,
	}}
}

// orDefault sets what has to have a value.
func (p Placement) orDefault() Placement {
	def := DefaultConfig().Placement
	for _, d := range []struct{ value, def *time.Duration }{{&p.Refuse, &def.Refuse}, {&p.Hold, &def.Hold}, {&p.Reconcile, &def.Reconcile}} {
		if *d.value <= 0 {
			*d.value = *d.def
		}
	}
	return p
}

// MaxCatchUp is how many missed slots catchUp all runs; older ones are recorded as missed.
const MaxCatchUp = 100

// maxStepBytes bounds, by estimate, what one step writes, so that no commit
// grows beyond what a store takes. What is left over is done by the next Tick.
const maxStepBytes = 300 << 10

// Reasons for refusing an event. Test with errors.Is; a mistake in a job's
// definition is a *job.FieldError.
var (
	ErrNoJob       = message.Errorf("job not found")
	ErrRevision    = message.Errorf("the job has been changed meanwhile")
	ErrTooManyRuns = message.Errorf("too many runs of the job are not over")
	ErrTooBig      = message.Errorf("too many jobs would change at once")
	ErrNoRun       = message.Errorf("no such run is in progress")
	ErrNoSlot      = message.Errorf("the job has no such slot")
	ErrTooLate     = message.Errorf("it would have had to be done earlier")
	ErrBackfill    = message.Errorf("a backfill of the job is in progress")
)

// State is all that the scheduler knows during a term. It is for one goroutine.
type State struct {
	cfg      Config
	now      time.Time // the latest time seen; it never goes back
	meta     *Meta
	jobs     map[string]*entity
	byUID    map[UID]*entity
	graph    *jobgraph.Graph
	runs     map[RunKey]*Run   // all that are not over, those of deleted jobs too
	tasks    map[string]RunKey // by task id
	awaiting map[string]RunKey // by task id: tasks that ended and whose results are to be reported
	onAgent  map[string]int    // how many of them, by agent id
	ready    *queue            // runs that want an offer now
	due      *agenda           // slots and retries: what brings work
	watch    *agenda           // deadlines, timeouts, repetitions: what looks after it
	mesos    session           // what is known of offers and of the master
	zones    schedule.Zones    // time zones in use
	actor    *Actor            // who ordered the step in progress; nil: nobody
	out      Output            // of the step in progress
	written  int               // bytes that it writes, by estimate
}

// entity is a job with everything around it.
type entity struct {
	rec   *JobRecord
	state *JobState
	def   *job.Compiled
	runs  []RunKey // not over, oldest first
}

// New makes the state that these records describe. An error names the record
// that cannot be understood.
func New(cfg Config, r Records) (*State, error) {
	cfg.Placement = cfg.orDefault()
	s := &State{
		cfg: cfg, meta: r.Meta, graph: jobgraph.New(), ready: newQueue(), due: newAgenda(), watch: newAgenda(),
		jobs: make(map[string]*entity, len(r.Jobs)), byUID: make(map[UID]*entity, len(r.Jobs)),
		runs: make(map[RunKey]*Run, len(r.Runs)), tasks: make(map[string]RunKey), awaiting: make(map[string]RunKey), onAgent: make(map[string]int), mesos: newSession(),
	}
	if s.meta == nil {
		s.meta = &Meta{}
	}
	if err := s.loadJobs(r.Jobs, r.States); err != nil {
		return nil, err
	}
	if err := s.loadGraph(); err != nil {
		return nil, err
	}
	runs := slices.SortedFunc(slices.Values(r.Runs), func(a, b *Run) int { return compareKeys(a.RunKey, b.RunKey) })
	for _, run := range runs {
		if e := s.byUID[run.UID]; e != nil {
			e.runs = append(e.runs, run.RunKey)
		}
		s.index(run)
	}
	for _, e := range s.jobs {
		s.plan(e)
	}
	return s, nil
}

func compareKeys(a, b RunKey) int {
	switch {
	case a.UID < b.UID || a.UID == b.UID && a.Seq < b.Seq:
		return -1
	case a == b:
		return 0
	}
	return 1
}

func (s *State) loadJobs(jobs []*JobRecord, states []*JobState) error {
	for _, rec := range jobs {
		def, err := s.compile(rec.Job, rec.Anchor)
		if err != nil {
			return message.Errorf("stored job %q: %w", rec.Job.Name, err)
		}
		if s.jobs[rec.Job.Name] != nil {
			return message.Errorf("stored job %q: there are two of that name", rec.Job.Name)
		}
		e := &entity{rec: rec, def: def}
		s.jobs[rec.Job.Name], s.byUID[rec.UID] = e, e
	}
	for _, st := range states {
		if e := s.byUID[st.UID]; e != nil {
			e.state = st
		}
	}
	for _, e := range s.byUID {
		if e.state == nil {
			return message.Errorf("stored job %q has no stored state", e.rec.Job.Name)
		}
	}
	return nil
}

// loadGraph adds the edges, parents first.
func (s *State) loadGraph() error {
	order := make([]*entity, 0, len(s.byUID))
	for _, e := range s.byUID {
		order = append(order, e)
	}
	slices.SortFunc(order, func(a, b *entity) int { return compareKeys(RunKey{UID: a.rec.UID}, RunKey{UID: b.rec.UID}) })
	for _, e := range order {
		if err := s.graph.Set(e.rec.Job.Name, nil); err != nil {
			return err
		}
	}
	for _, e := range order {
		if e.def.Gate == nil {
			continue
		}
		if err := s.graph.Set(e.rec.Job.Name, e.def.Gate.Names()); err != nil {
			return message.Errorf("stored job %q: %w", e.rec.Job.Name, err)
		}
	}
	return nil
}

func (s *State) compile(j *job.Job, anchor time.Time) (*job.Compiled, error) {
	return job.Compile(j, anchor, job.Defaults{RetryInterval: s.cfg.RetryInterval, Zones: &s.zones})
}

// Step takes in one event that happened at now, and decides what follows.
func (s *State) Step(now time.Time, ev Event) Output {
	if now.After(s.now) {
		s.now = now.Round(0).UTC() // records hold nothing of the clock or place they were made by
	}
	s.out, s.written, s.actor = Output{}, 0, nil
	if by, ordered := ev.(By); ordered {
		s.actor, ev = &by.Actor, by.Event
	}
	s.take(ev)
	s.out.Wake = s.wake()
	return s.out
}

// take does what an event asks for.
func (s *State) take(ev Event) {
	switch ev := ev.(type) {
	case Tick:
		s.tick()
	case PutJob:
		s.out.Err = s.putJob(ev)
	case CheckJob:
		_, _, s.out.Err = s.examine(ev.PutJob, s.jobs[ev.Job.Name])
	case DeleteJob:
		s.out.Err = s.deleteJob(ev)
	case SetDisabled:
		s.out.Err = s.setDisabled(ev)
	case RunJob:
		s.out.Err = s.runJob(ev)
	case KillJob:
		s.out.Err = s.killJob(ev.Name)
	case Inspect:
		s.inspect(ev)
	case Explain:
		s.out.Err = s.explain(ev)
	case KillRun:
		s.out.Err = s.killRun(ev.Run)
	case ReportResult:
		s.out.Err = s.report(ev)
	case ReportProgress:
		s.progress(ev)
	case DropQueued:
		s.out.Err = s.dropQueued(ev.Name)
	case MarkSuccess:
		s.out.Err = s.markSuccess(ev.Name)
	case SkipNext:
		s.out.Err = s.skipNext(ev)
	case StartBackfill:
		s.out.Err = s.startBackfill(ev)
	case CancelBackfill:
		s.out.Err = s.cancelBackfill(ev.Name)
	case ImportJob:
		s.out.Err = s.importJob(ev)
	case ImportFramework:
		s.out.Err = s.importFramework(ev.ID)
	case Subscribed:
		s.subscribed(ev)
	case Disconnected:
		s.disconnected()
	case Removed:
		s.disconnected()
		s.setFrameworkID("")
	case Offers:
		s.offers(ev.Offers)
	case Rescind:
		if others := s.mesos.rescind(ev.OfferID); len(others) > 0 {
			s.effect(Decline{others, 0})
		}
	case InverseOffers:
		s.inverse(ev.Offers)
	case Update:
		s.update(ev.Status)
	default:
		panic(fmt.Sprintf("scheduler: event of unknown type %T", ev))
	}
}

// FrameworkID is the id that Mesos gave us, "" before the first subscription.
func (s *State) FrameworkID() string { return s.meta.FrameworkID }

// Load tells how many runs want an offer, how many have a task, and how many offers are at hand.
func (s *State) Load() (queued, launched, offers int) {
	return s.ready.len(), len(s.tasks), len(s.mesos.offerOf)
}

// tick looks at everything whose time has come, then matches runs with offers.
func (s *State) tick() {
	for _, a := range []*agenda{s.due, s.watch} {
		for s.written < maxStepBytes/2 {
			it, ok := a.pop(s.now)
			if !ok {
				break
			}
			s.turn(it)
		}
	}
	if s.mesos.askNow {
		s.askAgain()
	}
	if s.meta.Adopting {
		return
	}
	s.place()
	s.tune()
	s.compare()
}

// turn deals with one item of an agenda.
func (s *State) turn(it item) {
	switch it.topic {
	case slotDue:
		if e := s.byUID[it.key.UID]; e != nil {
			s.decide(e)
			s.plan(e)
		}
	case askAgain:
		s.askAgain()
	case askAll:
		s.askAll()
	case askStrays:
		s.askStrays()
	case adopted:
		s.setAdopting(false)
	default:
		if r := s.runs[it.key]; r != nil {
			s.turnRun(it.topic, r)
		}
	}
}

func (s *State) turnRun(t topic, r *Run) {
	switch t {
	case runReady:
		s.index(r)
	case deadlineOf:
		s.missDeadline(r)
	case timeoutOf:
		if r.State == Awaiting {
			s.giveUp(r, ByTimeout)
		} else {
			s.kill(r, ByTimeout)
		}
	case lateOf:
		s.late(r)
	case killAgain:
		if r.Kill != nil && r.Task != nil {
			s.sendKill(r)
		}
	case confirm:
		s.mesos.ask(r.Task)
		s.mesos.askNow = true // once for all launches that were silent
	}
}

// wake says when the next Tick is wanted. Offers are asked for a little before work is due.
func (s *State) wake() time.Time {
	due := s.due.next()
	if m := &s.mesos; !due.IsZero() && m.subscribed && (m.suppressed || len(m.agents) == 0) {
		if early := due.Add(-s.cfg.Lead); early.After(s.now) {
			due = early
		}
	}
	next := due
	if w := s.watch.next(); next.IsZero() || !w.IsZero() && w.Before(next) {
		next = w
	}
	early := func(at time.Time) {
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	early(s.mesos.reviveAt)
	if m := &s.mesos; !m.oldest.IsZero() && len(m.agents) > 0 {
		early(m.oldest.Add(s.cfg.Hold))
	}
	return next
}

// Writing: each of these puts a record into the state and into the output.

func (s *State) change(c Change) {
	s.out.Changes = append(s.out.Changes, c)
	s.written += size(c)
}

func (s *State) effect(e Effect) { s.out.Effects = append(s.out.Effects, e) }

func (s *State) notice(n Notice) { s.out.Notices = append(s.out.Notices, n) }

// tell is a notice about a job, with its records as they are.
func (s *State) tell(e *entity, n Notice) {
	n.Job, n.Record, n.State = e.rec.Job.Name, e.rec, e.state
	s.notice(n)
}

// setState replaces a job's state by an edited copy.
func (s *State) setState(e *entity, edit func(*JobState)) {
	st := *e.state
	edit(&st)
	e.state = &st
	s.change(PutJobState{e.state})
}

// setRun replaces a run by an edited copy and keeps the indexes right.
func (s *State) setRun(r *Run, edit func(*Run)) *Run {
	c := *r
	edit(&c)
	s.runs[c.RunKey] = &c
	if r.Task != nil && (c.Task == nil || c.Task.ID != r.Task.ID) {
		s.dropTask(r.Task)
	}
	s.change(PutRun{&c})
	s.index(&c)
	return &c
}

// index makes every index agree with the run.
func (s *State) index(r *Run) {
	s.runs[r.RunKey] = r
	var readyAt, deadline, timeout, late time.Time
	queued := false
	switch r.State {
	case Ready:
		if r.NotBefore.After(s.now) {
			readyAt = r.NotBefore
		} else {
			queued = true
		}
	case Launched:
		if _, known := s.tasks[r.Task.ID]; !known {
			s.onAgent[r.Task.AgentID]++
		}
		s.tasks[r.Task.ID] = r.RunKey
		if r.Kill == nil {
			timeout = r.Task.Timeout
		}
	case Awaiting:
		s.dropTask(r.Task)
		s.awaiting[r.Task.ID] = r.RunKey
		timeout = r.Task.Timeout
	}
	if !r.hasTask() && r.Attempt == 0 {
		deadline = r.Deadline
	}
	e := s.byUID[r.UID]
	if e != nil && e.def.Expected > 0 && !r.Late {
		late = r.Created.Add(e.def.Expected)
	}
	if queued && e != nil {
		s.ready.add(r.RunKey, r.NotBefore, lineKey{e.def.HighPriority, e.def.Signature})
	} else {
		s.ready.remove(r.RunKey)
	}
	s.due.set(item{runReady, r.RunKey}, readyAt)
	s.watch.set(item{deadlineOf, r.RunKey}, deadline)
	s.watch.set(item{timeoutOf, r.RunKey}, timeout)
	s.watch.set(item{lateOf, r.RunKey}, late)
	if r.State != Launched || r.Task.State != TaskLaunching {
		s.watch.drop(item{confirm, r.RunKey})
	}
	if r.State != Launched || r.Kill == nil {
		s.watch.drop(item{killAgain, r.RunKey})
	}
}

// dropTask takes a task out of the indexes.
func (s *State) dropTask(t *Task) {
	delete(s.awaiting, t.ID)
	if _, known := s.tasks[t.ID]; !known {
		return
	}
	delete(s.tasks, t.ID)
	if s.onAgent[t.AgentID]--; s.onAgent[t.AgentID] == 0 {
		delete(s.onAgent, t.AgentID)
	}
}

// dropRun takes a run that is over out of the state.
func (s *State) dropRun(r *Run) {
	delete(s.runs, r.RunKey)
	if r.Task != nil {
		s.dropTask(r.Task)
		s.mesos.answered(r.Task.ID)
	}
	s.ready.remove(r.RunKey)
	s.due.drop(item{runReady, r.RunKey})
	for _, t := range []topic{deadlineOf, timeoutOf, lateOf, killAgain, confirm} {
		s.watch.drop(item{t, r.RunKey})
	}
	if e := s.byUID[r.UID]; e != nil {
		e.runs = slices.DeleteFunc(e.runs, func(k RunKey) bool { return k == r.RunKey })
	}
	s.change(DropRun{r.RunKey, r.JobName})
}
