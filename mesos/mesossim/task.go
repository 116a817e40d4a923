package mesossim

import (
	"sort"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// task is a task in the master's eyes.
type task struct {
	seq       uint64
	info      *mesos.TaskInfo
	fw        *framework
	agent     *agent
	role      *role
	amount    vector
	state     mesos.TaskState   // the latest that the agent told
	forwarded *mesos.TaskStatus // the last that was sent to the framework
	statuses  []*mesos.TaskStatus
	freed     bool // resources given back
	killed    bool // a KILL waits for the agent's return
	lostAt    time.Time
}

func (t *task) id() string { return t.info.TaskID.Value }

// Terminal tells whether a state is final for the master (contract 3.5).
func Terminal(s mesos.TaskState) bool { return terminal(s) }

func terminal(s mesos.TaskState) bool {
	switch s {
	case mesos.TASK_FINISHED, mesos.TASK_FAILED, mesos.TASK_KILLED, mesos.TASK_LOST, mesos.TASK_ERROR,
		mesos.TASK_DROPPED, mesos.TASK_GONE, mesos.TASK_GONE_BY_OPERATOR:
		return true
	}
	return false
}

func sortedTasks(tasks map[string]*task) []*task {
	out := make([]*task, 0, len(tasks))
	for _, t := range tasks {
		out = append(out, t)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].seq < out[j].seq })
	return out
}

// free gives a task's resources back once.
func (m *Model) free(t *task) {
	if t.freed {
		return
	}
	t.freed = true
	t.agent.give(t.role, t.amount)
	m.allocateBy(m.now)
}

// forget removes a task from the master and keeps it among the completed.
func (m *Model) forget(t *task) {
	m.free(t)
	delete(t.fw.tasks, t.id())
	delete(t.agent.tasks, t)
	m.complete(t)
}

func (m *Model) complete(t *task) {
	limit := m.opts.CompletedTasks
	if limit <= 0 {
		return
	}
	t.fw.done = append(t.fw.done, t)
	if len(t.fw.done) >= 2*limit {
		t.fw.done = append([]*task(nil), t.fw.done[len(t.fw.done)-limit:]...)
	}
}

// verdict is a status that the master makes itself: no uuid, no executor id.
type verdict struct {
	state   mesos.TaskState
	reason  mesos.TaskStatus_Reason
	message string
	lostAt  time.Time // unreachable_time, if not zero
}

func (m *Model) masterStatus(taskID mesos.TaskID, agentID string, v verdict) *mesos.TaskStatus {
	now := seconds(m.now)
	st := &mesos.TaskStatus{
		TaskID:    taskID,
		State:     v.state.Enum(),
		Source:    mesos.SOURCE_MASTER.Enum(),
		Reason:    v.reason.Enum(),
		Message:   &v.message,
		Timestamp: &now,
	}
	if agentID != "" {
		st.AgentID = &mesos.AgentID{Value: agentID}
	}
	if !v.lostAt.IsZero() && m.profile >= 1 {
		st.UnreachableTime = &mesos.TimeInfo{Nanoseconds: v.lostAt.UnixNano()}
	}
	return st
}

func (m *Model) sendStatus(fw *framework, st *mesos.TaskStatus) {
	m.deliver(fw, &scheduler.Event{
		Type:   scheduler.Event_UPDATE,
		Update: &scheduler.Event_Update{Status: *st},
	})
}

// lost is the state for a task that never ran or whose end is unknown: to a
// framework that is partition aware the precise one.
func (m *Model) lost(fw *framework, precise mesos.TaskState) mesos.TaskState {
	if m.profile >= 1 && fw.aware() {
		return precise
	}
	return mesos.TASK_LOST
}

// dropped is lost for tasks that never ran; TASK_DROPPED is used since 1.2.
func (m *Model) dropped(fw *framework) mesos.TaskState {
	if m.profile < 2 {
		return mesos.TASK_LOST
	}
	return m.lost(fw, mesos.TASK_DROPPED)
}

// receiveUpdate is the master's handling of an update from an agent: it goes on
// to the framework, and the agent's latest state frees resources.
func (m *Model) receiveUpdate(a *agent, r *run, st *mesos.TaskStatus) {
	fw := m.master.frameworks[r.key.framework]
	if fw == nil || fw.state == fwRecovered {
		return
	}
	m.sendStatus(fw, st)
	t := fw.tasks[r.key.task]
	if t == nil || t.agent != a {
		return
	}
	if fw.state == fwConnected || t.forwarded == nil {
		t.forwarded = st
	}
	m.record(t, st)
	if latest := r.latest(); !terminal(t.state) {
		t.state = latest
	}
	if terminal(t.state) {
		m.free(t)
	}
}

// maxStatuses bounds the history that the read side shows of a task.
const maxStatuses = 10

func (m *Model) record(t *task, st *mesos.TaskStatus) {
	if n := len(t.statuses); n > 0 && *t.statuses[n-1].State == *st.State {
		t.statuses[n-1] = st
		return
	}
	if len(t.statuses) < maxStatuses {
		t.statuses = append(t.statuses, st)
	}
}

// acknowledge handles ACKNOWLEDGE (contract 2.7): dropped if the agent is not
// there or nothing was forwarded yet.
func (m *Model) acknowledge(fw *framework, ack *scheduler.Call_Acknowledge) {
	a := m.agent(ack.AgentID.Value)
	if a == nil || a.state != agentActive {
		return
	}
	if t := fw.tasks[ack.TaskID.Value]; t != nil && t.agent == a {
		if t.forwarded == nil {
			return
		}
		if terminal(*t.forwarded.State) && string(t.forwarded.UUID) == string(ack.UUID) {
			m.forget(t)
		}
	}
	a.acknowledged(m, key{fw.id, ack.TaskID.Value}, ack.UUID)
}

// kill handles KILL (contract 2.6).
func (m *Model) kill(fw *framework, call *scheduler.Call_Kill) {
	t := fw.tasks[call.TaskID.Value]
	if t == nil {
		m.reconcileOne(fw, call.TaskID, call.AgentID)
		return
	}
	if call.AgentID != nil && call.AgentID.Value != t.agent.id {
		return
	}
	if t.agent.state != agentActive {
		t.killed = true
		return
	}
	t.agent.kill(m, key{fw.id, t.id()}, m.graceOf(call.KillPolicy))
}

// graceOf is the grace of a KILL; negative if it says none or, up to 1.4, in
// any case: the recorded executor never learns of it (OBSERVATIONS 2.1).
func (m *Model) graceOf(p *mesos.KillPolicy) time.Duration {
	if m.profile <= Mesos1_4 || p.GetGracePeriod() == nil {
		return -1
	}
	return time.Duration(p.GracePeriod.Nanoseconds)
}

// reconcile handles RECONCILE (contract 3.4): implicit without tasks.
func (m *Model) reconcile(fw *framework, call *scheduler.Call_Reconcile) {
	if len(call.Tasks) == 0 {
		for _, t := range sortedTasks(fw.tasks) {
			m.latestState(fw, t)
		}
		return
	}
	for i := range call.Tasks {
		m.reconcileOne(fw, call.Tasks[i].TaskID, call.Tasks[i].AgentID)
	}
}

func (m *Model) latestState(fw *framework, t *task) {
	v := verdict{state: t.state, reason: mesos.REASON_RECONCILIATION, message: "Reconciliation: Latest task state"}
	if t.forwarded != nil {
		v.state = *t.forwarded.State
	}
	st := m.masterStatus(t.info.TaskID, t.agent.id, v)
	if t.forwarded != nil {
		st.ContainerStatus, st.Healthy = t.forwarded.ContainerStatus, t.forwarded.Healthy
	}
	m.sendStatus(fw, st)
}

func (m *Model) reconcileOne(fw *framework, id mesos.TaskID, agentID *mesos.AgentID) {
	if t := fw.tasks[id.Value]; t != nil {
		m.latestState(fw, t)
		return
	}
	a := m.agent(agentID.GetValue())
	if m.awaited(agentID, a) {
		return
	}
	v := verdict{reason: mesos.REASON_RECONCILIATION, message: "Reconciliation: Task is unknown"}
	switch {
	case a == nil || a.state == agentRemoved:
		v.state = m.lost(fw, mesos.TASK_UNKNOWN)
	case a.state == agentUnreachable:
		v.state = m.lost(fw, mesos.TASK_UNREACHABLE)
		v.message = "Reconciliation: Task is unreachable"
		v.lostAt = a.lostAt
	case a.state == agentGone:
		v.state = m.lost(fw, mesos.TASK_GONE_BY_OPERATOR)
		v.message = "Reconciliation: Task is gone"
	default:
		precise := mesos.TASK_UNKNOWN
		if m.profile >= 5 {
			precise = mesos.TASK_GONE
		}
		v.state = m.lost(fw, precise)
		v.message = "Reconciliation: Task is unknown to the agent"
	}
	m.sendStatus(fw, m.masterStatus(id, agentID.GetValue(), v))
}

// awaited tells whether the answer must wait for agents that a new master
// expects back.
func (m *Model) awaited(id *mesos.AgentID, a *agent) bool {
	if id != nil {
		return a != nil && a.state == agentRecovered
	}
	for _, x := range m.agents {
		if x.state == agentRecovered {
			return true
		}
	}
	return false
}
