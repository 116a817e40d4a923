package scheduler

import (
	"slices"
	"time"

	"github.com/hora-scheduler/hora/job"
)

// session is what is known of the master and of its offers. It begins anew
// with every subscription and is never stored.
type session struct {
	subscribed bool
	stated     bool // the master has been told whether we want offers
	suppressed bool
	agents     map[string]*agent
	offerOf    map[string]string  // agent by offer
	unanswered map[string]TaskRef // tasks whose state we asked for
	askDelay   time.Duration      // until they are asked for again
	revived    time.Time          // the last REVIVE
	reviveAt   time.Time          // when one is due, zero: none
	refused    uint64             // queue.added when offers were declined because nothing fitted
	misfits    map[string]string  // why no offer did at the last try, by job.Compiled.Signature
}

// agent is what one agent offers us, all its offers merged.
type agent struct {
	id         string
	hostname   string
	attributes []job.Attribute
	offers     []string
	free       []Resource // reserved before unreserved
	cpus, mem  int64      // thousandths, over all pools
	disk, gpus int64
	ports      int64
	launches   []Launch // of the round of placement in progress
}

// Spacing of what is repeated until it is answered.
const (
	confirmAfter = time.Minute      // a launch without any update is asked about
	killInterval = 30 * time.Second // a kill is repeated
	askFirst     = 5 * time.Second  // reconciliation is repeated, with doubling
	askLast      = time.Minute
	askAllEvery  = 15 * time.Minute
	refuseLong   = time.Hour       // decline when there is nothing to do
	refuseShort  = 5 * time.Second // decline of what did not fit
)

// maxAsked is how many tasks one RECONCILE names.
const maxAsked = 1000

func newSession() session {
	return session{agents: make(map[string]*agent), offerOf: make(map[string]string), unanswered: make(map[string]TaskRef), misfits: make(map[string]string)}
}

func (m *session) add(o Offer) {
	a := m.agents[o.AgentID]
	if a == nil {
		a = &agent{id: o.AgentID}
		m.agents[o.AgentID] = a
	}
	a.hostname, a.attributes = o.Hostname, o.Attributes
	a.offers = append(a.offers, o.ID)
	m.offerOf[o.ID] = o.AgentID
	for _, r := range o.Resources {
		r.Ports = slices.Clone(r.Ports)
		a.free = append(a.free, r)
		a.count(r, 1)
	}
	slices.SortStableFunc(a.free, func(x, y Resource) int {
		switch {
		case x.Pool != "" && y.Pool == "":
			return -1
		case x.Pool == "" && y.Pool != "":
			return 1
		}
		return 0
	})
}

func (a *agent) count(r Resource, sign int64) {
	switch r.Name {
	case "cpus":
		a.cpus += sign * r.Milli
	case "mem":
		a.mem += sign * r.Milli
	case "disk":
		a.disk += sign * r.Milli
	case "gpus":
		a.gpus += sign * r.Milli
	case "ports":
		for _, p := range r.Ports {
			a.ports += sign * int64(p.End-p.Begin+1)
		}
	}
}

// rescind forgets an offer. What else the agent offered cannot be told apart
// any more, so it is given up too; the caller declines it.
func (m *session) rescind(offer string) (others []string) {
	a := m.agents[m.offerOf[offer]]
	if a == nil {
		return nil
	}
	others = slices.DeleteFunc(a.offers, func(id string) bool { return id == offer })
	m.forget(a)
	delete(m.offerOf, offer)
	return others
}

func (m *session) forget(a *agent) {
	for _, id := range a.offers {
		delete(m.offerOf, id)
	}
	delete(m.agents, a.id)
}

// sorted returns the agents in order of their ids.
func (m *session) sorted() []*agent {
	out := make([]*agent, 0, len(m.agents))
	for _, a := range m.agents {
		out = append(out, a)
	}
	slices.SortFunc(out, func(x, y *agent) int {
		if x.id < y.id {
			return -1
		}
		return 1
	})
	return out
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
	s.mesos = newSession()
	s.mesos.subscribed = true
	s.setFrameworkID(ev.FrameworkID)
	s.askEach()
	for _, id := range s.launched() {
		if r := s.runs[s.tasks[id]]; r.Kill != nil {
			s.sendKill(r)
		}
	}
}

// disconnected ends a session: no offer of it is worth anything any more.
func (s *State) disconnected() {
	s.mesos = newSession()
	s.watch.drop(item{topic: askAgain})
	s.watch.drop(item{topic: askAll})
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
	if !m.subscribed || len(m.unanswered) == 0 {
		s.watch.drop(item{topic: askAgain})
		return
	}
	refs := make([]TaskRef, 0, len(m.unanswered))
	for _, ref := range m.unanswered {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(x, y TaskRef) int {
		if x.TaskID < y.TaskID {
			return -1
		}
		return 1
	})
	for batch := range slices.Chunk(refs, maxAsked) {
		s.effect(Reconcile{batch})
	}
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
	s.watch.set(item{topic: askAll}, s.now.Add(askAllEvery))
}

// askAll compares all that the master knows of us with all that we know: tasks
// that we do not know of show up as well.
func (s *State) askAll() {
	if s.mesos.subscribed {
		s.effect(Reconcile{})
		s.askEach()
	}
}

// offers takes offers in. Those that come when none are wanted go back with the next Tick.
func (s *State) offers(list []Offer) {
	for _, o := range list {
		s.mesos.add(o)
	}
}

// tune tells the master whether we want offers, and gives back those that are
// of no use: what is held is kept from other frameworks.
func (s *State) tune() {
	m := &s.mesos
	m.reviveAt = time.Time{}
	if !m.subscribed {
		return
	}
	next := s.due.next()
	soon := func(d time.Duration) bool { return !next.IsZero() && !next.After(s.now.Add(d)) }
	switch wanting := s.ready.len() > 0; {
	case (wanting || soon(s.cfg.Lead)) && (m.suppressed || !m.stated):
		s.revive()
	case !wanting && !soon(2*s.cfg.Lead):
		s.decline(refuseLong)
		if !m.suppressed || !m.stated {
			m.stated, m.suppressed = true, true
			s.effect(Suppress{})
		}
	case m.suppressed:
		s.decline(refuseLong)
	case wanting && !soon(s.cfg.Lead) && len(m.agents) > 0:
		s.decline(refuseShort) // tried just now: what waits does not fit in
		m.refused = s.ready.added
	case len(m.agents) == 0 && (soon(s.cfg.Lead) || wanting && m.refused < s.ready.added):
		if m.reviveAt = m.revived.Add(s.cfg.MinRevive); !m.reviveAt.After(s.now) {
			s.revive()
			m.reviveAt = s.now.Add(s.cfg.MinRevive)
		}
	}
}

func (s *State) revive() {
	m := &s.mesos
	m.stated, m.suppressed, m.revived, m.reviveAt = true, false, s.now, time.Time{}
	s.effect(Revive{})
}

// decline gives all offers back.
func (s *State) decline(refuse time.Duration) {
	var ids []string
	for _, a := range s.mesos.sorted() {
		ids = append(ids, a.offers...)
		s.mesos.forget(a)
	}
	if len(ids) > 0 {
		s.effect(Decline{ids, refuse})
	}
}
