package mesossim

import (
	"fmt"
	"sort"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

type agentState int

const (
	agentActive       agentState = iota
	agentDisconnected            // the connection is gone, the master still waits
	agentUnreachable             // given up by the master, may return
	agentRecovered               // known to a new master from the registry, not back yet
	agentRemoved                 // left; returns only under a new id
	agentGone                    // marked gone by the operator
)

// AgentSpec describes an agent.
type AgentSpec struct {
	Hostname   string
	IP         string
	Port       int
	Resources  []mesos.Resource
	Attributes []mesos.Attribute
}

// agent is an agent: what the master knows of it, and the agent itself.
type agent struct {
	index    int
	spec     AgentSpec
	id       string
	url      *mesos.URL
	layout   layout
	ordinary bool // everything on it is for everybody
	total    vector
	free     vector
	state    agentState // in the master's eyes
	absence
	tasks  map[*task]struct{}
	runs   map[key]*run // by task, while their updates or executors live
	runSeq uint64
	past   []*run  // ended executors, for the read side
	upkeep *upkeep // nil: none is planned
}

// absence is an agent's being away and there.
type absence struct {
	cut      bool      // no messages pass between master and agent
	dead     bool      // the agent's process is gone; its executors may live
	draining bool      // the operator wants it empty: no offers
	frozen   bool      // the agent's process stands still; its executors wait for it
	silence  *timer    // until the master gives it up
	lostAt   time.Time // since when it is unreachable

	registered time.Time
	returned   time.Time // re-registered with a master
}

// AddAgent registers an agent and returns its index. Agents are numbered from 0
// and stay in the list when they go.
func (m *Model) AddAgent(now time.Time, spec AgentSpec) (index int, err error) {
	m.enter(now)
	a := &agent{index: len(m.agents), spec: spec}
	if spec.IP == "" {
		a.spec.IP = "127.0.0.1"
	}
	for i := range spec.Resources {
		x := slotOf(&spec.Resources[i])
		if a.layout.find(x.key) >= 0 {
			return 0, fmt.Errorf("agent %s: resource %q is given twice", spec.Hostname, x.name)
		}
		a.layout = append(a.layout, x)
	}
	a.ordinary = a.layout.plain()
	a.total, _ = a.layout.vectorOf(spec.Resources)
	path := "/slave(1)"
	a.url = &mesos.URL{
		Scheme:  "http",
		Address: mesos.Address{Hostname: &a.spec.Hostname, IP: &a.spec.IP, Port: int32(spec.Port)},
		Path:    &path,
	}
	m.agents = append(m.agents, a)
	m.register(a)
	return a.index, nil
}

// register gives an agent a new id and nothing to remember.
func (m *Model) register(a *agent) {
	a.id = fmt.Sprintf("%s-S%d", m.master.id, m.master.agentSeq)
	m.master.agentSeq++
	a.free = a.total
	a.state = agentActive
	a.cut = false
	a.tasks = map[*task]struct{}{}
	a.runs = map[key]*run{}
	a.registered = m.now
	m.allocate([]*agent{a})
}

// agent finds an agent by id; nil if no agent has it now.
func (m *Model) agent(id string) *agent {
	if id == "" {
		return nil
	}
	for _, a := range m.agents {
		if a.id == id {
			return a
		}
	}
	return nil
}

// AgentID returns the present id of the agent with an index.
func (m *Model) AgentID(index int) string { return m.agents[index].id }

// linked tells whether messages pass between the master and the agent.
func (a *agent) linked() bool { return a.state == agentActive && !a.cut }

// launch handles a task that arrives at the agent.
func (a *agent) launch(m *Model, fw *framework, info *mesos.TaskInfo) {
	if a.cut {
		return // lost on the way
	}
	k := key{fw.id, info.TaskID.Value}
	if old := a.runs[k]; old != nil && old.lingers {
		// The executor of the former task of that id still lives (OBSERVATIONS 2.7).
		again := m.newRun(a, fw, info)
		again.container, again.pid = old.container, old.pid
		a.runs[k] = again
		m.emit(again, again.executorStatus(mesos.TASK_FAILED, `Attempted to run multiple tasks using a "command" executor`))
		return
	}
	r := m.newRun(a, fw, info)
	a.runs[k] = r
	switch {
	case info.Container.GetType() == mesos.ContainerInfo_DOCKER && info.Container != nil:
		m.emit(r, r.agentStatus(mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED,
			"Abnormal executor termination: unknown container"))
	case info.Command == nil || info.Command.Value == nil:
		// The executor finds nothing to run and aborts (OBSERVATIONS 2.17).
		m.after(executorAbort, func() {
			if r.phase == launched {
				m.emit(r, r.agentStatus(mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"))
			}
		})
	default:
		m.runs[r.container] = r
		m.command(Command{Kind: Launch, ContainerID: r.container, Launch: &LaunchSpec{
			Agent: a.index, AgentID: a.id, FrameworkID: fw.id, Task: info,
			User: userOf(fw, info), Role: m.environmentRole(r), Checkpoint: fw.info.GetCheckpoint(),
		}})
	}
}

// executorAbort is how long an executor with nothing to run lives.
const executorAbort = 300 * time.Millisecond

// environmentRole is what MESOS_ALLOCATION_ROLE tells tasks (OBSERVATIONS 2.19).
func (m *Model) environmentRole(r *run) string {
	if m.profile < Mesos1_4 {
		return ""
	}
	return r.role
}

func userOf(fw *framework, info *mesos.TaskInfo) string {
	if u := info.Command.GetUser(); u != "" {
		return u
	}
	return fw.info.User
}

// defaultGrace is the time between SIGTERM and SIGKILL (contract 4.4).
const defaultGrace = 3 * time.Second

// kill handles a KILL that arrives at the agent; grace < 0 means not given.
func (a *agent) kill(m *Model, k key, grace time.Duration) {
	if r := a.runs[k]; r != nil && !a.cut {
		a.end(m, r, grace)
	}
}

// end makes an executor end its task, by the master's or by its own will.
func (a *agent) end(m *Model, r *run, grace time.Duration) {
	switch r.phase {
	case ended:
		return
	case launched:
		m.destroy(r)
		m.emit(r, r.agentStatus(mesos.TASK_KILLED, mesos.REASON_TASK_KILLED_DURING_LAUNCH, "Killed before delivery to the executor"))
		return
	}
	if grace < 0 {
		grace = defaultGrace
		if g := r.info.KillPolicy.GetGracePeriod(); g != nil {
			grace = time.Duration(g.Nanoseconds)
		}
	} else if g := r.info.KillPolicy.GetGracePeriod(); g != nil && m.profile <= Mesos1_4 {
		grace = time.Duration(g.Nanoseconds)
	}
	if !r.killed && r.killing {
		m.emit(r, r.killStatus(mesos.TASK_KILLING, ""))
	}
	r.killed = true
	m.command(Command{Kind: Kill, ContainerID: r.container, Grace: grace})
}

// shutdownFramework ends all executors of a framework; nothing is reported.
func (a *agent) shutdownFramework(m *Model, id string) {
	if a.cut {
		return
	}
	for _, r := range a.sortedRuns() {
		if r.key.framework != id {
			continue
		}
		if r.phase == running {
			m.command(Command{Kind: Kill, ContainerID: r.container, Grace: defaultGrace})
		} else {
			m.destroy(r)
		}
		m.dropRun(r)
	}
}

// sortedRuns lists an agent's runs by age.
func (a *agent) sortedRuns() []*run {
	out := make([]*run, 0, len(a.runs))
	for _, r := range a.runs {
		out = append(out, r)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].seq < out[j].seq })
	return out
}

// AgentLost breaks an agent's connection: its offers are rescinded, tasks of
// frameworks without checkpointing are lost, and after PingTimeout it is
// unreachable (contract 3.6). Executors go on.
func (m *Model) AgentLost(now time.Time, index int) {
	m.enter(now)
	m.breakOff(m.agents[index])
}

// AgentDies kills an agent's process. To the master it is like AgentLost. Up to
// 1.4 an executor whose task ends meanwhile is gone when the agent returns, and
// the task is reported failed whatever its end (OBSERVATIONS 2.2).
func (m *Model) AgentDies(now time.Time, index int) {
	m.enter(now)
	m.agents[index].dead = true
	m.breakOff(m.agents[index])
}

func (m *Model) breakOff(a *agent) {
	if a.state != agentActive {
		return
	}
	a.state = agentDisconnected
	a.cut = true
	for _, o := range m.offersOf(nil, a) {
		m.rescind(o)
	}
	for _, t := range a.sortedTasks() {
		if !t.fw.info.GetCheckpoint() {
			m.lose(t, verdict{
				state: mesos.TASK_LOST, reason: mesos.REASON_AGENT_DISCONNECTED,
				message: "Agent " + a.spec.Hostname + " disconnected",
			})
		}
	}
	a.silence.stop()
	a.silence = m.after(m.opts.PingTimeout, func() { m.giveUp(a) })
}

// AgentSilent cuts an agent off without breaking its connection, as a network
// that drops packets does: nothing happens until PingTimeout.
func (m *Model) AgentSilent(now time.Time, index int) {
	m.enter(now)
	a := m.agents[index]
	if a.state != agentActive || a.cut {
		return
	}
	a.cut = true
	a.silence.stop()
	a.silence = m.after(m.opts.PingTimeout, func() { m.giveUp(a) })
}

// AgentFreezes stops an agent's process (SIGSTOP). To the master it is like
// AgentSilent.
func (m *Model) AgentFreezes(now time.Time, index int) {
	m.AgentSilent(now, index)
	m.agents[index].frozen = m.agents[index].cut
}

func (a *agent) sortedTasks() []*task {
	out := make([]*task, 0, len(a.tasks))
	for t := range a.tasks {
		out = append(out, t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].seq < out[j].seq })
	return out
}

// lose ends a task by the master's own word.
func (m *Model) lose(t *task, v verdict) {
	st := m.masterStatus(t.info.TaskID, t.agent.id, v)
	if !terminal(t.state) {
		t.state = v.state
		m.record(t, st)
		m.sendStatus(t.fw, st)
	}
	if v.state != mesos.TASK_UNREACHABLE && !(v.state == mesos.TASK_LOST && !v.lostAt.IsZero()) {
		m.forget(t)
		return
	}
	m.free(t)
	delete(t.fw.tasks, t.id())
	delete(t.agent.tasks, t)
	t.lostAt = v.lostAt
	t.fw.unreachable[t.id()] = t
}

// giveUp marks an agent unreachable.
func (m *Model) giveUp(a *agent) {
	for _, o := range m.offersOf(nil, a) {
		m.rescind(o)
	}
	a.state = agentUnreachable
	a.cut = true
	a.lostAt = m.now
	for _, t := range a.sortedTasks() {
		if t.fw.state == fwRemoved {
			continue
		}
		m.lose(t, verdict{
			state: m.lost(t.fw, mesos.TASK_UNREACHABLE), reason: mesos.REASON_AGENT_REMOVED,
			message: "Agent " + a.spec.Hostname + " is unreachable: health check timed out",
			lostAt:  m.now,
		})
	}
	m.failure(a)
}

// failure tells all frameworks of an agent's loss.
func (m *Model) failure(a *agent) {
	for _, fw := range m.master.order {
		m.deliver(fw, &scheduler.Event{
			Type:    scheduler.Event_FAILURE,
			Failure: &scheduler.Event_Failure{AgentID: &mesos.AgentID{Value: a.id}},
		})
	}
}

// AgentLeaves removes an agent as its graceful shutdown does: all its tasks are
// lost, even those of partition-aware frameworks, and its executors end.
func (m *Model) AgentLeaves(now time.Time, index int) {
	m.enter(now)
	a := m.agents[index]
	m.remove(a, agentRemoved, func(*framework) verdict {
		return verdict{
			state: mesos.TASK_LOST, reason: mesos.REASON_AGENT_REMOVED,
			message: "Agent " + a.spec.Hostname + " removed: the agent unregistered",
		}
	})
}

// AgentGone marks an agent gone as an operator does (1.5 and later).
func (m *Model) AgentGone(now time.Time, index int) {
	m.enter(now)
	a := m.agents[index]
	m.remove(a, agentGone, func(fw *framework) verdict {
		v := verdict{
			state: mesos.TASK_LOST, reason: mesos.REASON_AGENT_REMOVED,
			message: "Agent has been marked gone",
		}
		if m.profile >= 5 && fw.aware() {
			v.state, v.reason = mesos.TASK_GONE_BY_OPERATOR, mesos.REASON_AGENT_REMOVED_BY_OPERATOR
		}
		return v
	})
}

func (m *Model) remove(a *agent, to agentState, of func(*framework) verdict) {
	if a.state == agentRemoved || a.state == agentGone {
		return
	}
	a.silence.stop()
	for _, t := range a.sortedTasks() {
		m.lose(t, of(t.fw))
	}
	for _, o := range m.offersOf(nil, a) {
		m.rescind(o)
	}
	a.state = to
	a.cut = true
	for _, r := range a.sortedRuns() {
		m.destroy(r)
		m.dropRun(r)
	}
	m.failure(a)
}

// AgentReturns brings an agent back: one that was lost, silent, unreachable or
// awaited by a new master with its id and tasks, one that left or is gone with
// a new id. Its unacknowledged updates are sent again at once.
func (m *Model) AgentReturns(now time.Time, index int) {
	m.enter(now)
	a := m.agents[index]
	a.silence.stop()
	a.dead = false
	waiting := a.thaw()
	switch a.state {
	case agentActive, agentDisconnected:
		a.reconnect(m)
	case agentUnreachable, agentRecovered:
		m.reregister(a)
	default:
		m.register(a)
	}
	a.reportOrphans(m)
	for _, r := range waiting {
		m.forward(r)
	}
}

// thaw ends a standstill. What executors had to say comes now, and by the
// registration a second time (recording master_failover).
func (a *agent) thaw() (waiting []*run) {
	if !a.frozen {
		return nil
	}
	a.frozen = false
	for _, r := range a.sortedRuns() {
		if r.waits {
			r.waits = false
			waiting = append(waiting, r)
		}
	}
	return waiting
}

// reportOrphans reports the tasks whose executors ended while the agent's
// process was gone: as failed, and twice (recording agent_restart_checkpointed).
func (a *agent) reportOrphans(m *Model) {
	for _, r := range a.sortedRuns() {
		if !r.orphaned {
			continue
		}
		r.orphaned = false
		m.emit(r, r.agentStatus(mesos.TASK_FAILED, mesos.REASON_EXECUTOR_TERMINATED, "Executor terminated"))
		m.forward(r)
	}
}

// reconnect ends a short absence: what was lost by it is ended, and kills that
// waited go out.
func (a *agent) reconnect(m *Model) {
	a.state = agentActive
	a.cut = false
	for _, r := range a.sortedRuns() {
		fw := m.master.frameworks[r.key.framework]
		if fw == nil || fw.tasks[r.key.task] == nil && !r.acked() {
			// Tasks without checkpointing do not survive, removed frameworks neither.
			m.destroy(r)
			m.dropRun(r)
		}
	}
	for _, t := range a.sortedTasks() {
		k := key{t.fw.id, t.id()}
		if a.runs[k] == nil && !terminal(t.state) {
			m.reportUnknown(a, t)
			continue
		}
		if t.killed {
			t.killed = false
			a.kill(m, k, -1)
		}
	}
	a.resume(m)
	m.allocateBy(m.now)
}

// reportUnknown is the agent's word on a task that never reached it.
func (m *Model) reportUnknown(a *agent, t *task) {
	r := m.newRun(a, t.fw, t.info)
	a.runs[r.key] = r
	m.emit(r, r.agentStatus(m.dropped(t.fw), mesos.REASON_RECONCILIATION, "Reconciliation: task unknown to the agent"))
}

// reregister brings back an agent that the master had given up or, being new,
// had not seen yet.
func (m *Model) reregister(a *agent) {
	wasLost := a.state == agentUnreachable
	a.state = agentActive
	a.cut = false
	a.free = a.total
	a.registered, a.returned = m.now, m.now
	for _, r := range a.sortedRuns() {
		if r.phase == ended && len(r.pending) == 0 {
			continue
		}
		m.readopt(a, r, wasLost)
	}
	a.resume(m)
	m.allocate([]*agent{a})
}

// readopt adds a task that an agent brings back to the master's table.
func (m *Model) readopt(a *agent, r *run, wasLost bool) {
	fw := m.master.frameworks[r.key.framework]
	if m.removedFramework(r.key.framework) {
		m.destroy(r)
		m.dropRun(r)
		return
	}
	if fw == nil {
		// The framework has not subscribed yet: it is known from its tasks.
		info := *r.framework
		fw = m.addFramework(r.key.framework, &info)
	}
	if wasLost && m.profile < 5 && !fw.aware() {
		m.destroy(r) // killed on return (contract 3.6)
		m.dropRun(r)
		return
	}
	if fw.tasks[r.key.task] != nil {
		// The id was used again while the agent was away. Real masters are not
		// prepared for that (MESOS-6785); here the task that comes back ends.
		m.destroy(r)
		m.dropRun(r)
		return
	}
	delete(fw.unreachable, r.key.task)
	t := &task{
		seq: m.master.taskSeq, info: r.info, fw: fw, agent: a, state: r.latest(),
	}
	m.master.taskSeq++
	t.role = fw.roleOf(r.role)
	t.amount, _ = a.layout.vectorOf(r.info.Resources)
	fw.tasks[t.id()] = t
	a.tasks[t] = struct{}{}
	if r.lastSent != nil {
		t.forwarded = r.lastSent
		m.record(t, r.lastSent)
	}
	if terminal(t.state) {
		t.freed = true
	} else {
		a.take(t.role, t.amount)
	}
	if wasLost && m.profile >= 5 {
		m.sendStatus(fw, m.masterStatus(t.info.TaskID, a.id, verdict{
			state: t.state, reason: mesos.REASON_AGENT_REREGISTERED, message: "Unreachable agent re-reregistered",
		}))
	}
}

// roleOf finds a role by name; the first, or one for accounting, if a framework
// has none of that name any more.
func (fw *framework) roleOf(name string) *role {
	if r := fw.role(name); r != nil {
		return r
	}
	if len(fw.roles) > 0 {
		return fw.roles[0]
	}
	return &role{name: name, filters: map[*agent][]filter{}, allocated: map[string]int64{}}
}

func (m *Model) removedFramework(id string) bool {
	for _, fw := range m.master.completed {
		if fw.id == id {
			return true
		}
	}
	return false
}

// strsignal's words are used in messages; see Exit.
func exitMessage(e Exit) string {
	if e.Signal == "" {
		return fmt.Sprintf("Command exited with status %d", e.Status)
	}
	msg := "Command terminated with signal " + e.Signal
	if e.CoreDumped && !strings.HasSuffix(msg, "(core dumped)") {
		msg += " (core dumped)"
	}
	return msg
}
