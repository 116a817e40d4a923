package scheduler

import (
	"slices"
	"time"
)

// add takes an offer in. Several of one agent are one.
func (m *session) add(o Offer, now time.Time) {
	id := o.AgentID
	if o.Role != "" {
		id += " " + o.Role // offers of several roles do not go into one ACCEPT (Mesos contract 2.3)
	}
	if len(m.agents) == 0 {
		m.oldest = now
	}
	a := m.agents[id]
	if a == nil {
		a = &agent{id: id, agentID: o.AgentID, since: now}
		m.agents[id] = a
	}
	a.hostname, a.attributes, a.unavailable = o.Hostname, o.Attributes, o.Unavailable
	a.offers = append(a.offers, o.ID)
	m.offerOf[o.ID] = id
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

// offers takes offers in. Those that come when none are wanted go back with the next Tick.
func (s *State) offers(list []Offer) {
	for _, o := range list {
		s.mesos.add(o, s.now)
	}
}

// refuseLong is for how long offers are declined when there is nothing to do.
// The next REVIVE forgets it.
const refuseLong = time.Hour

// tune tells the master whether we want offers, and gives back those that are
// of no use: what is held is kept from other frameworks.
func (s *State) tune() {
	m := &s.mesos
	m.reviveAt = time.Time{}
	if !m.subscribed {
		return
	}
	wanting := s.ready.len() > 0
	switch {
	case (wanting || s.soon(s.cfg.Lead)) && (m.suppressed || !m.stated):
		s.revive()
	case !wanting && !s.soon(2*s.cfg.Lead):
		s.decline(refuseLong)
		if !m.suppressed || !m.stated {
			m.stated, m.suppressed = true, true
			s.effect(Suppress{})
		}
	case m.suppressed:
		s.decline(refuseLong)
	default:
		if wanting && !s.soon(s.cfg.Lead) {
			s.decline(s.cfg.Refuse) // tried just now: what waits does not fit in
		}
		s.surplus()
		// Work that has come since the last REVIVE may fit what was declined.
		if len(m.agents) == 0 && s.soon(s.cfg.Lead) || wanting && m.seen < s.ready.added {
			if m.reviveAt = m.revived.Add(s.cfg.MinRevive); !m.reviveAt.After(s.now) {
				s.revive()
				m.reviveAt = s.now.Add(s.cfg.MinRevive)
			}
		}
	}
}

// soon tells whether work is due within d.
func (s *State) soon(d time.Duration) bool {
	next := s.due.next()
	return !next.IsZero() && !next.After(s.now.Add(d))
}

func (s *State) revive() {
	m := &s.mesos
	m.stated, m.suppressed, m.revived, m.reviveAt, m.seen = true, false, s.now, time.Time{}, s.ready.added
	s.effect(Revive{})
}

// decline gives all offers back.
func (s *State) decline(refuse time.Duration) { s.giveBack(s.mesos.sorted(), refuse) }

func (s *State) giveBack(agents []*agent, refuse time.Duration) {
	var ids []string
	for _, a := range agents {
		ids = append(ids, a.offers...)
		s.mesos.forget(a)
	}
	if len(ids) > 0 {
		s.effect(Decline{ids, refuse})
	}
}

// surplus gives back what has been held for long and is not needed for what is
// due soon. Without it, a job that is due every second would keep the whole
// cluster from other frameworks.
func (s *State) surplus() {
	m := &s.mesos
	if m.oldest.IsZero() || s.now.Before(m.oldest.Add(s.cfg.Hold)) {
		return
	}
	agents := m.sorted()
	needed := s.needed(agents)
	m.oldest = time.Time{}
	var rest []*agent
	for _, a := range agents {
		switch {
		case needed[a]:
			a.since = s.now
		case !s.now.Before(a.since.Add(s.cfg.Hold)):
			rest = append(rest, a)
			continue
		}
		if m.oldest.IsZero() || a.since.Before(m.oldest) {
			m.oldest = a.since
		}
	}
	s.giveBack(rest, s.cfg.Refuse)
}

// maxForeseen is for how much of the work to come the need is reckoned; if
// there is more, all that is offered may be needed.
const maxForeseen = 1000

// needed finds the agents on which the work that is due soon would run.
func (s *State) needed(agents []*agent) map[*agent]bool {
	out := make(map[*agent]bool, len(agents))
	work, all := s.due.until(s.now.Add(s.cfg.Lead), maxForeseen)
	if !all {
		for _, a := range agents {
			out[a] = true
		}
		return out
	}
	before := make([]room, len(agents))
	for i, a := range agents {
		before[i], a.tasks = a.room, s.onAgent[a.agentID]
	}
	for _, it := range work {
		e := s.byUID[it.key.UID]
		if e == nil {
			continue
		}
		if a := s.choose(eligible(agents, e.def), e.def); a != nil {
			a.room = a.minus(demand(e.def))
			a.tasks++
			out[a] = true
		}
	}
	for i, a := range agents {
		a.room = before[i]
	}
	return out
}

// inverse answers inverse offers: agents are to be taken away for a while,
// and we use them (Mesos contract 2.9). We agree if every task there will have
// been ended by its time-out; otherwise the operator sees that work goes on, and
// we are asked again later. No new task is placed there either way.
func (s *State) inverse(list []InverseOffer) {
	if !s.mesos.subscribed {
		return
	}
	latest := make(map[string]time.Time) // by agent: when its last task is over
	for _, key := range s.tasks {
		t := s.runs[key].Task
		end := t.Timeout
		if end.IsZero() {
			end = farFuture
		}
		if end.After(latest[t.AgentID]) {
			latest[t.AgentID] = end
		}
	}
	var leave, stay []string
	for _, o := range list {
		if end := latest[o.AgentID]; end.After(o.Unavailable.Start) {
			stay = append(stay, o.ID)
		} else {
			leave = append(leave, o.ID)
		}
	}
	if len(leave) > 0 {
		s.effect(AnswerInverse{IDs: leave, Leave: true, Refuse: refuseLong})
	}
	if len(stay) > 0 {
		s.effect(AnswerInverse{IDs: stay, Refuse: inverseEvery})
	}
}

// inverseEvery is when an inverse offer that was declined may come again.
const inverseEvery = time.Minute

var farFuture = time.Unix(1<<40, 0)
