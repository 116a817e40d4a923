package cluster

import (
	"net/http"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// mode is what a master that does not lead answers to everything.
type mode struct {
	mu     sync.Mutex
	leader string // host:port to redirect to
	down   string // text of a 503
}

func (m *mode) set(leader, down string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leader, m.down = leader, down
}

// aside tells whether this master does not lead.
func (m *mode) aside() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.leader != "" || m.down != ""
}

// answered answers in the place of a leading master, if this one does not lead.
func (m *mode) answered(w http.ResponseWriter, r *http.Request, path string) bool {
	m.mu.Lock()
	leader, down := m.leader, m.down
	m.mu.Unlock()
	switch {
	case leader != "":
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", "//"+leader+path)
		plain(w, http.StatusTemporaryRedirect, "")
	case down != "":
		plain(w, http.StatusServiceUnavailable, down)
	default:
		return false
	}
	return true
}

// Texts of a master's 503 (Mesos contract 1.1).
const (
	NoLeader   = "No leader elected"
	Recovering = "Master has not finished recovery"
)

type damage int

const (
	damageBreak damage = iota
	damageMidRecord
	damageFreeze
)

// Faults makes things go wrong on purpose. Its methods may be called at any
// time from any goroutine. Message kinds are the names of Call and Event types,
// such as "ACCEPT", "KILL", "ACKNOWLEDGE", "UPDATE", "OFFERS" or "RESCIND".
type Faults struct {
	core    *core
	mode    *mode // of the first master
	cluster *Cluster

	mu      sync.Mutex
	streams map[string]chan damage
	fates   map[string][]mesossim.Fate // by kind, for the next messages
	slow    time.Duration
	chunk   int
}

func newFaults() *Faults {
	return &Faults{streams: map[string]chan damage{}, fates: map[string][]mesossim.Fate{}}
}

func (f *Faults) plan(kind string, n int, fate mesossim.Fate) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for range n {
		f.fates[kind] = append(f.fates[kind], fate)
	}
}

// Lose makes the next n messages of a kind vanish. A lost call is answered with
// 202 all the same.
func (f *Faults) Lose(kind string, n int) { f.plan(kind, n, mesossim.Fate{Lose: true}) }

// Duplicate makes the next n messages of a kind arrive twice.
func (f *Faults) Duplicate(kind string, n int) { f.plan(kind, n, mesossim.Fate{Copies: 1}) }

// Delay makes the next n messages of a kind arrive later; others overtake them.
func (f *Faults) Delay(kind string, n int, d time.Duration) {
	f.plan(kind, n, mesossim.Fate{Delay: d})
}

func (f *Faults) tamper(msg mesossim.Message) mesossim.Fate {
	kind := ""
	if msg.Call != nil {
		kind = msg.Call.Type.String()
	} else {
		kind = msg.Event.Type.String()
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.fates[kind]
	if len(list) == 0 {
		return mesossim.Fate{}
	}
	f.fates[kind] = list[1:]
	return list[0]
}

// BreakStream closes the connection of a framework's stream without an end; with
// inRecord in the middle of a record.
func (f *Faults) BreakStream(frameworkID string, inRecord bool) {
	d := damageBreak
	if inRecord {
		d = damageMidRecord
	}
	f.harm(frameworkID, d)
}

// FreezeStream leaves a framework's stream half open: nothing is sent on it any
// more, not even heartbeats, and the master believes it connected until the
// client hangs up.
func (f *Faults) FreezeStream(frameworkID string) { f.harm(frameworkID, damageFreeze) }

func (f *Faults) harm(frameworkID string, d damage) {
	var stream string
	f.core.view(func(m *mesossim.Model) { stream = m.StreamOf(frameworkID) })
	f.mu.Lock()
	defer f.mu.Unlock()
	if c := f.streams[stream]; c != nil {
		select {
		case c <- d:
		default: // harmed already
		}
	}
}

func (f *Faults) watch(stream string) <-chan damage {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan damage, 1)
	f.streams[stream] = c
	return c
}

func (f *Faults) unwatch(stream string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.streams, stream)
}

// What happens to agents, numbered from 0; see the methods of mesossim.Model of
// the same names.

func (f *Faults) AgentLost(i int)    { f.agent(i, (*mesossim.Model).AgentLost) }
func (f *Faults) AgentDies(i int)    { f.agent(i, (*mesossim.Model).AgentDies) }
func (f *Faults) AgentSilent(i int)  { f.agent(i, (*mesossim.Model).AgentSilent) }
func (f *Faults) AgentLeaves(i int)  { f.agent(i, (*mesossim.Model).AgentLeaves) }
func (f *Faults) AgentGone(i int)    { f.agent(i, (*mesossim.Model).AgentGone) }
func (f *Faults) AgentReturns(i int) { f.agent(i, (*mesossim.Model).AgentReturns) }

// RescindOffers takes back all offers of an agent.
func (f *Faults) RescindOffers(i int) { f.agent(i, (*mesossim.Model).RescindOffers) }

func (f *Faults) agent(i int, do func(*mesossim.Model, time.Time, int)) {
	f.core.do(func(m *mesossim.Model, now time.Time) { do(m, now, i) })
}

// RestartMaster replaces the master by a new one that knows no framework. All
// streams break. Agents come back with AgentReturns.
func (f *Faults) RestartMaster() {
	f.core.do(func(m *mesossim.Model, now time.Time) { m.MasterFails(now) })
}

// KillMaster ends a master, numbered from 0, as kill -9 does: its port closes,
// connections break, and if it led another one takes over as Config.Election
// tells. The agents come back to that one.
func (f *Faults) KillMaster(i int) { f.cluster.killMaster(i) }

// StartMaster starts a master that was killed, at the same address. It joins
// behind the others.
func (f *Faults) StartMaster(i int) error { return f.cluster.startMaster(i) }

// Standby makes the first master redirect everything to leader, host:port.
func (f *Faults) Standby(leader string) { f.mode.set(leader, "") }

// Unavailable makes the master answer 503 with a text, NoLeader or Recovering.
func (f *Faults) Unavailable(text string) { f.mode.set("", text) }

// Lead makes the master lead again.
func (f *Faults) Lead() { f.mode.set("", "") }
