package cluster

import (
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// Timing says how long masters take to elect a leader. The zero value is at once.
type Timing struct {
	Detect   time.Duration // after its start a master knows of no leader for so long: 503
	Session  time.Duration // a dead master stays in the group for so long: the others redirect to it. With ZooKeeper this is the session's time-out, and zero is 10 s
	Recovery time.Duration // a new leader reads its registry for so long: 503
	Agents   time.Duration // after its recovery the agents come back; negative: only by AgentReturns
}

// masters are the processes that elect the leading master of a cluster: the one
// that joined the group first (Mesos contract 1.4). A dead one stays in the group
// until its session is over.
type masters struct {
	core   *core
	timing Timing
	join   func(index, life int) // makes a master join and leave the group by setGroup; nil: there is no ZooKeeper

	mu       sync.Mutex
	list     []*contender
	group    []member // by sequence
	sequence int64
	leader   *contender // who was elected last; nil once it is dead
	elected  bool       // there was a leader before
	closed   bool
}

// contender is one master.
type contender struct {
	index    int
	handler  *handler
	who      mesossim.MasterIdentity
	up       bool
	life     int  // counts starts
	detected bool // it has seen the group
	ready    bool // it leads and has recovered
}

// member is an entry of the group.
type member struct {
	sequence int64
	process  *contender // nil: none of ours
	life     int
	address  string
}

func newMasters(c *core, t Timing) *masters { return &masters{core: c, timing: t} }

// add adds a master that is not started yet.
func (m *masters) add(h *handler) {
	m.list = append(m.list, &contender{index: len(m.list), handler: h})
}

// start starts a master.
func (m *masters) start(i int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.list[i]
	if p.up || m.closed {
		return
	}
	host, port, _ := net.SplitHostPort(p.handler.address) // of a listener
	number, _ := strconv.Atoi(port)
	p.who = mesossim.MasterIdentity{Hostname: host, IP: host, Port: number}
	m.core.do(func(model *mesossim.Model, _ time.Time) { p.who.ID = model.NewID() })
	p.up, p.ready, p.detected = true, false, m.timing.Detect <= 0
	p.life++
	life := p.life
	if m.join == nil {
		m.group = append(m.group, member{m.sequence, p, life, p.handler.address})
		m.sequence++
	} else {
		m.join(i, life)
	}
	if !p.detected {
		m.later(m.timing.Detect, func() { p.detected = p.detected || p.life == life })
	}
	m.settle()
}

// later changes something, under the lock, after a time.
func (m *masters) later(d time.Duration, do func()) {
	time.AfterFunc(d, func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if !m.closed {
			do()
			m.settle()
		}
	})
}

// setGroup says who is in the group, by sequence.
func (m *masters) setGroup(list []member) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.closed {
		return
	}
	m.group = list
	m.settle()
}

// kill ends a master's process, and returns which of its lives that was.
func (m *masters) kill(i int) (life int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.list[i]
	life = p.life
	if !p.up {
		return life
	}
	p.up = false
	if m.leader == p {
		m.fails()
	}
	leave := func() {
		m.group = slices.DeleteFunc(m.group, func(x member) bool { return x.process == p && x.life == life })
	}
	switch {
	case m.join != nil: // its entry goes when its session does
	case m.timing.Session <= 0:
		leave()
	default:
		m.later(m.timing.Session, leave)
	}
	m.settle()
	return life
}

// fails ends the leader's life: all that it knew is forgotten.
func (m *masters) fails() {
	m.leader.ready = false
	m.leader = nil
	m.core.do(func(model *mesossim.Model, now time.Time) { model.MasterFails(now) })
}

// settle makes who is first in the group the leader, and tells each master what
// to answer.
func (m *masters) settle() {
	var first member
	if len(m.group) > 0 {
		first = m.group[0]
	}
	if m.leader != nil && m.leader != first.process {
		m.fails() // its session is over; a real one ends itself then
	}
	if p := first.process; p != nil && p.up && p.life == first.life && p.detected && m.leader == nil {
		m.lead(p)
	}
	for _, p := range m.list {
		switch {
		case p.up && p == m.leader && p.ready:
			p.handler.mode.set("", "")
		case p.up && p == m.leader:
			p.handler.mode.set("", Recovering)
		case !p.detected || first.address == "":
			p.handler.mode.set("", NoLeader)
		default:
			p.handler.mode.set(first.address, "")
		}
	}
}

// lead begins a master's leadership.
func (m *masters) lead(p *contender) {
	again := m.elected
	m.leader, m.elected = p, true
	m.core.do(func(model *mesossim.Model, now time.Time) { model.MasterElected(now, p.who) })
	recovered := func() {
		p.ready = true
		if again && m.timing.Agents >= 0 {
			time.AfterFunc(m.timing.Agents, m.agentsReturn)
		}
	}
	if m.timing.Recovery <= 0 || !again {
		recovered()
		return
	}
	life := p.life
	m.later(m.timing.Recovery, func() {
		if p.life == life && m.leader == p {
			recovered()
		}
	})
}

func (m *masters) agentsReturn() {
	m.core.do(func(model *mesossim.Model, now time.Time) { model.AwaitedReturn(now) })
}

// leading returns the index of the master that leads and is ready, -1 if there is none.
func (m *masters) leading() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.leader == nil || !m.leader.ready {
		return -1
	}
	return m.leader.index
}

// alive tells whether a master still lives one of its lives, and who it is.
func (m *masters) alive(i, life int) (mesossim.MasterIdentity, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.list[i]
	return p.who, p.up && p.life == life && !m.closed
}

// find finds the process that has an id now, nil if none of ours has.
func (m *masters) find(id string) (p *contender, life int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, p := range m.list {
		if p.who.ID == id {
			return p, p.life
		}
	}
	return nil, 0
}

func (m *masters) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
}
