package scheduler

import (
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
)

// session is what is known of the master and of its offers. It begins anew
// with every subscription and is never stored.
type session struct {
	subscribed bool
	began      time.Time          // of the session
	compared   bool               // the master was asked for all that it knows of us
	unanswered map[string]TaskRef // tasks whose state we asked for
	askDelay   time.Duration      // until they are asked for again
	askNow     bool               // with the next Tick
	strays     map[string]stray   // tasks that no run has, and that may live
	market
}

// market is what is known of offers, and what the master was told about them.
type market struct {
	stated     bool // the master has been told whether we want offers
	suppressed bool
	agents     map[string]*agent
	offerOf    map[string]string          // agent by offer
	revived    time.Time                  // the last REVIVE
	reviveAt   time.Time                  // when one is due, zero: none
	seen       uint64                     // queue.added at the last REVIVE
	oldest     time.Time                  // no offer has been held since before
	misfits    map[string]message.Message // why no offer did at the last try, by job.Compiled.Signature
}

// stray is a task that was given up, or that this store does not know.
type stray struct {
	TaskRef
	until time.Time // it is looked for
}

// agent is what one agent offers us, all its offers for one role merged.
type agent struct {
	id          string // of the agent, with the role if there are several
	agentID     string
	hostname    string
	attributes  []job.Attribute
	unavailable Window
	offers      []string
	since       time.Time  // it has been held, or found to be of use
	free        []Resource // reserved before unreserved
	room
	tasks    int      // of ours there
	launches []Launch // of the round of placement in progress
}

// room is what is free, over all pools; scalars in thousandths.
type room struct{ cpus, mem, disk, gpus, ports int64 }

// Spacing of what is repeated until it is answered.
const (
	confirmAfter = time.Minute      // a launch without any update is asked about
	trustAfter   = time.Minute      // a launch that the master does not know may be on its way (Mesos contract 3.4)
	killInterval = 30 * time.Second // a kill is repeated
	askFirst     = 5 * time.Second  // reconciliation is repeated, with doubling
	askLast      = time.Minute
	strayEvery   = time.Minute // strays are asked for
	strayFor     = time.Hour   // and so long; afterwards they show up when everything is compared
)

// Bounds of what one RECONCILE names, and of the strays that are looked for.
const (
	maxAsked  = 1000
	maxStrays = 1000
)

func newSession() session {
	return session{
		unanswered: make(map[string]TaskRef), strays: make(map[string]stray),
		market: market{agents: make(map[string]*agent), offerOf: make(map[string]string), misfits: make(map[string]message.Message)},
	}
}

// ask notes that a task's state is wanted.
func (m *session) ask(t *Task) {
	if t != nil {
		m.unanswered[t.ID] = TaskRef{t.ID, t.AgentID}
	}
}

func (m *session) answered(task string) { delete(m.unanswered, task) }

// subscribed starts a session: what the master knows of us has to be compared
// with what we know.
func (s *State) subscribed(ev Subscribed) {
	s.disconnected()
	s.mesos.subscribed, s.mesos.began = true, s.now
	// A framework that is new to the master can have no tasks there.
	s.mesos.compared = ev.FrameworkID != s.meta.FrameworkID
	s.setFrameworkID(ev.FrameworkID)
	s.askEach()
	s.recallStrays()
	if s.meta.Adopting {
		s.mesos.compared = true
		s.effect(Reconcile{})
		s.watch.set(item{topic: adopted}, s.now.Add(adoptionTime))
	}
	for _, id := range s.launched() {
		if r := s.runs[s.tasks[id]]; r.Kill != nil {
			s.sendKill(r)
		}
	}
}

// disconnected ends a session: no offer of it is worth anything any more.
func (s *State) disconnected() {
	s.mesos = newSession()
	for _, t := range []topic{askAgain, askAll, askStrays, adopted} {
		s.watch.drop(item{topic: t})
	}
}

func (s *State) setFrameworkID(id string) {
	if id == s.meta.FrameworkID {
		return
	}
	m := *s.meta
	m.FrameworkID = id
	s.meta = &m
	s.change(PutMeta{s.meta})
}

// launched returns the ids of all tasks, sorted.
func (s *State) launched() []string {
	ids := make([]string, 0, len(s.tasks))
	for id := range s.tasks {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// askAgain asks for the tasks that were not answered for yet, and puts the
// next time on the agenda if there are any.
func (s *State) askAgain() {
	m := &s.mesos
	m.askNow = false
	if !m.subscribed || len(m.unanswered) == 0 {
		s.watch.drop(item{topic: askAgain})
		return
	}
	refs := make([]TaskRef, 0, len(m.unanswered))
	for _, ref := range m.unanswered {
		refs = append(refs, ref)
	}
	s.reconcile(refs)
	m.askDelay = max(m.askDelay, askFirst)
	s.watch.set(item{topic: askAgain}, s.now.Add(m.askDelay))
	m.askDelay = min(2*m.askDelay, askLast)
}

// askEach asks for each task that we hold: the master may have lost it and not
// have told us, or told the one who led before (Mesos contract 3.4).
func (s *State) askEach() {
	for _, key := range s.tasks {
		s.mesos.ask(s.runs[key].Task)
	}
	s.mesos.askDelay = askFirst
	s.askAgain()
	s.watch.set(item{topic: askAll}, s.now.Add(s.cfg.Reconcile))
}

// askAll compares all that the master knows of us with all that we know: tasks
// that we do not know of show up as well.
func (s *State) askAll() {
	if s.mesos.subscribed {
		s.mesos.compared = true
		s.effect(Reconcile{})
		s.askEach()
	}
}

// compare asks for all that the master knows once each task of ours is answered
// for, as the docs of reconciliation advise: what a former leader left behind
// shows up then, not a quarter of an hour later.
func (s *State) compare() {
	if m := &s.mesos; m.subscribed && !m.compared && len(m.unanswered) == 0 {
		m.compared = true
		s.effect(Reconcile{})
	}
}

// lookFor notes a task that no run has and that may live: Mesos does not always
// tell when its agent comes back (OBSERVATIONS 2.10 of the recordings of 1.3.2),
// and a kill can be lost.
func (s *State) lookFor(ref TaskRef, since time.Time) {
	m := &s.mesos
	until := since.Add(strayFor)
	if !m.subscribed || ref.AgentID == "" || !until.After(s.now) || len(m.strays) >= maxStrays {
		return
	}
	m.strays[ref.TaskID] = stray{ref, until}
	if s.watch.at(item{topic: askStrays}).IsZero() {
		s.watch.set(item{topic: askStrays}, s.now.Add(strayEvery))
	}
}

// recallStrays finds the attempts that were given up by what is stored of runs
// that are not over.
func (s *State) recallStrays() {
	var given []Attempt
	for _, r := range s.runs {
		for _, a := range r.Attempts {
			if a.State.mayReturn() {
				given = append(given, a)
			}
		}
	}
	slices.SortFunc(given, func(x, y Attempt) int { return strings.Compare(x.TaskID, y.TaskID) })
	for _, a := range given {
		s.lookFor(TaskRef{a.TaskID, a.AgentID}, a.Ended)
	}
}

// askStrays asks for the strays. Those that live are killed when the answer
// comes, each time until their end is reported.
func (s *State) askStrays() {
	m := &s.mesos
	refs := make([]TaskRef, 0, len(m.strays))
	for id, x := range m.strays {
		if x.until.After(s.now) {
			refs = append(refs, x.TaskRef)
		} else {
			delete(m.strays, id)
		}
	}
	if len(refs) == 0 {
		return
	}
	s.reconcile(refs)
	s.watch.set(item{topic: askStrays}, s.now.Add(strayEvery))
}

// reconcile asks for tasks, in batches.
func (s *State) reconcile(refs []TaskRef) {
	slices.SortFunc(refs, func(x, y TaskRef) int { return strings.Compare(x.TaskID, y.TaskID) })
	for batch := range slices.Chunk(refs, maxAsked) {
		s.effect(Reconcile{batch})
	}
}
