package mesossim

import "time"

// MasterFails replaces the master by a new one that knows nothing but which
// agents there were: all streams break, offers and frameworks are forgotten, and
// each agent is awaited until AgentReturns (contract 1.7).
func (m *Model) MasterFails(now time.Time) {
	m.enter(now)
	for _, fw := range m.master.order {
		fw.beat.stop()
		fw.failover.stop()
		m.send(fw.stream, nil, Broken)
		fw.state = fwRemoved // late timers and messages of the old master find nobody
	}
	for _, o := range m.master.offers {
		o.timeout.stop()
	}
	m.elect()
	for _, a := range m.agents {
		if a.state == agentRemoved || a.state == agentGone {
			continue
		}
		a.silence.stop()
		if a.upkeep != nil {
			a.upkeep.answers = map[*framework]*answer{} // the plan is in the registry
		}
		a.state = agentRecovered
		a.cut = true
		a.tasks = map[*task]struct{}{}
		a.free = a.total
	}
	m.allocation.timer.stop()
}

// NewID makes an id for a master.
func (m *Model) NewID() string { return m.ids.uuidText() }

// MasterIdentity says who the master is.
type MasterIdentity struct {
	ID           string // prefix of the ids of frameworks, agents and offers
	Hostname, IP string
	Port         int
}

// MasterElected tells who the master is that took over after MasterFails, or
// the first one. It must come before what the master does.
func (m *Model) MasterElected(now time.Time, who MasterIdentity) {
	m.enter(now)
	m.opts.Hostname, m.opts.IP, m.opts.Port = who.Hostname, who.IP, who.Port
	m.master.id, m.master.started = who.ID, m.now
}

// AwaitedReturn brings back all agents that a new master awaits.
func (m *Model) AwaitedReturn(now time.Time) {
	for i, a := range m.agents {
		if a.state == agentRecovered {
			m.AgentReturns(now, i)
		}
	}
}
