package mesossim

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// key names a task on an agent.
type key struct{ framework, task string }

type phase int

const (
	launched phase = iota // handed to the executor, not started yet
	running
	ended // a terminal update exists
)

// run is a task on its agent: the executor and the stream of its updates.
type run struct {
	seq       uint64
	key       key
	agent     *agent
	framework *mesos.FrameworkInfo
	info      *mesos.TaskInfo
	role      string
	container string
	pid       int
	phase     phase
	deadline  *timer // of max_completion_time
	health
	conditions
	stream
}

// health is what the health checks of a run have found.
type health struct {
	started   time.Time
	healthy   *bool // as last reported; nil: nothing was
	failures  int   // in a row
	unhealthy bool  // killed for its health
	drained   bool  // killed because its agent is drained
}

// conditions are what a run has come to.
type conditions struct {
	killed   bool // by request
	killing  bool // the framework wants TASK_KILLING
	lingers  bool // the task is over, its executor lives on for a moment
	expired  bool // max_completion_time was reached
	orphaned bool // ended while its agent's process was gone
	waits    bool // the executor has something to say to an agent that stands still
}

// stream is a task's updates that are not acknowledged yet. Only the head is
// sent; it is sent again until it is acknowledged (contract 3.3).
type stream struct {
	pending  []*mesos.TaskStatus
	state    mesos.TaskState     // latest
	history  []*mesos.TaskStatus // for the read side
	lastSent *mesos.TaskStatus   // latest that left the agent
	retry    *timer
	delay    time.Duration
}

// Times between attempts to send an update (contract 3.3).
const (
	minRetry = 10 * time.Second
	maxRetry = 10 * time.Minute
)

func (r *run) latest() mesos.TaskState { return r.state }

// acked tells whether all updates of a run that is over are acknowledged.
func (r *run) acked() bool { return r.phase == ended && len(r.pending) == 0 }

func (m *Model) newRun(a *agent, fw *framework, info *mesos.TaskInfo) *run {
	r := &run{
		seq: a.runSeq, key: key{fw.id, info.TaskID.Value}, agent: a, framework: fw.info, info: info,
		container: m.ids.uuidText(),
	}
	r.killing = fw.has(mesos.FrameworkInfo_Capability_TASK_KILLING_STATE)
	if t := fw.tasks[r.key.task]; t != nil && t.role != nil {
		r.role = t.role.name
	}
	a.runSeq++
	r.state = mesos.TASK_STAGING
	return r
}

// killStatus is an executorStatus about a kill; that of a drained agent has a reason.
func (r *run) killStatus(state mesos.TaskState, message string) *mesos.TaskStatus {
	st := r.executorStatus(state, message)
	if r.drained {
		st.Reason = mesos.REASON_AGENT_DRAINING.Enum()
	}
	return st
}

// executorStatus makes a status of the executor; message "" means none.
func (r *run) executorStatus(state mesos.TaskState, message string) *mesos.TaskStatus {
	st := &mesos.TaskStatus{State: state.Enum(), Source: mesos.SOURCE_EXECUTOR.Enum()}
	if message != "" {
		st.Message = &message
	}
	pid := uint32(r.pid)
	ip := r.agent.spec.IP
	st.ContainerStatus = &mesos.ContainerStatus{
		ContainerID: &mesos.ContainerID{Value: r.container},
		ExecutorPID: &pid,
		NetworkInfos: []mesos.NetworkInfo{{
			IPAddresses: []mesos.NetworkInfo_IPAddress{{IPAddress: &ip}},
		}},
	}
	return st
}

// agentStatus makes a status of the agent itself.
func (r *run) agentStatus(state mesos.TaskState, reason mesos.TaskStatus_Reason, message string) *mesos.TaskStatus {
	return &mesos.TaskStatus{
		State: state.Enum(), Source: mesos.SOURCE_AGENT.Enum(), Reason: reason.Enum(), Message: &message,
	}
}

// emit adds an update to a run's stream and sends it if it is the only one.
func (m *Model) emit(r *run, st *mesos.TaskStatus) {
	if r.phase == ended {
		return
	}
	now := seconds(m.now)
	st.TaskID = r.info.TaskID
	st.AgentID = &mesos.AgentID{Value: r.agent.id}
	st.ExecutorID = &mesos.ExecutorID{Value: r.key.task}
	st.Timestamp = &now
	st.UUID = m.ids.uuid()
	r.state = *st.State
	r.waits = r.agent.frozen
	if len(r.history) < maxStatuses {
		r.history = append(r.history[:len(r.history):len(r.history)], st)
	}
	if terminal(r.state) {
		r.phase = ended
		r.deadline.stop()
		r.lingers = true
		m.after(m.opts.ExecutorLinger, func() { m.executorGone(r) })
	}
	r.pending = append(r.pending, st)
	if len(r.pending) == 1 {
		r.delay = minRetry
		m.forward(r)
	}
}

// forward sends the head of a stream and plans the next attempt.
func (m *Model) forward(r *run) {
	r.retry.stop()
	if len(r.pending) == 0 {
		return
	}
	st := r.pending[0]
	r.lastSent = st
	r.retry = m.after(r.delay, func() {
		r.delay = min(2*r.delay, maxRetry)
		m.forward(r)
	})
	if r.agent.linked() {
		m.receiveUpdate(r.agent, r, st)
	}
}

// resumeUpdates makes the agents that know a framework send all their
// unacknowledged updates again (contract 1.6).
func (m *Model) resumeUpdates(fw *framework) {
	for _, a := range m.agents {
		if !a.linked() {
			continue
		}
		for k := range a.runs {
			if k.framework == fw.id {
				a.resume(m)
				break
			}
		}
	}
}

// resume sends the heads of all streams of an agent again.
func (a *agent) resume(m *Model) {
	for _, r := range a.sortedRuns() {
		if len(r.pending) > 0 {
			r.delay = minRetry
			m.forward(r)
		}
	}
}

// acknowledged handles an ACKNOWLEDGE that arrives at the agent: the next update
// is sent; what is not the head's is ignored.
func (a *agent) acknowledged(m *Model, k key, uuid []byte) {
	r := a.runs[k]
	if a.cut || r == nil || len(r.pending) == 0 || string(r.pending[0].UUID) != string(uuid) {
		return
	}
	r.retry.stop()
	r.pending = r.pending[1:]
	r.delay = minRetry
	if len(r.pending) > 0 {
		m.forward(r)
		return
	}
	m.reap(r)
}

// executorGone ends the time in which an executor outlives its task.
func (m *Model) executorGone(r *run) {
	r.lingers = false
	m.reap(r)
}

// reap forgets a run whose updates are acknowledged and whose executor is gone.
func (m *Model) reap(r *run) {
	if !r.acked() {
		return
	}
	delete(m.runs, r.container)
	if !r.lingers && r.agent.runs[r.key] == r {
		delete(r.agent.runs, r.key)
		m.bury(r)
	}
}

// bury keeps an ended executor for the read side.
func (m *Model) bury(r *run) {
	limit := m.opts.CompletedTasks
	if limit <= 0 {
		return
	}
	a := r.agent
	if len(a.past) >= 2*limit {
		a.past = append([]*run(nil), a.past[len(a.past)-limit:]...)
	}
	a.past = append(a.past, r)
}

// dropRun forgets a run with its updates.
func (m *Model) dropRun(r *run) {
	r.retry.stop()
	r.deadline.stop()
	r.pending = nil
	r.phase = ended
	delete(m.runs, r.container)
	if r.agent.runs[r.key] == r {
		delete(r.agent.runs, r.key)
		m.bury(r)
	}
}

// destroy ends an executor's process without a report.
func (m *Model) destroy(r *run) {
	if r.phase != ended {
		m.command(Command{Kind: Destroy, ContainerID: r.container})
	}
	delete(m.runs, r.container)
}

// Started reports that the task of a container runs as a process.
func (m *Model) Started(now time.Time, container string, pid int) {
	m.enter(now)
	r := m.runs[container]
	if r == nil || r.phase != launched {
		return
	}
	r.phase = running
	r.pid, r.started = pid, m.now
	if m.profile >= 5 {
		m.emit(r, r.executorStatus(mesos.TASK_STARTING, ""))
	}
	m.emit(r, r.executorStatus(mesos.TASK_RUNNING, ""))
	if t := r.info.MaxCompletionTime; t != nil && m.profile >= 6 {
		r.deadline = m.after(time.Duration(t.Nanoseconds), func() {
			r.expired = true
			m.command(Command{Kind: Kill, ContainerID: r.container})
		})
	}
}

// LaunchFailed reports that the container of a task could not be started.
func (m *Model) LaunchFailed(now time.Time, container, message string) {
	m.enter(now)
	r := m.runs[container]
	if r == nil || r.phase != launched {
		return
	}
	m.emit(r, r.agentStatus(mesos.TASK_FAILED, mesos.REASON_CONTAINER_LAUNCH_FAILED, "Failed to launch container: "+message))
}

// Exit is how a process ended.
type Exit struct {
	Status     int    // exit status, if Signal is ""
	Signal     string // what strsignal(3) says, such as "Killed"
	CoreDumped bool
}

// Exited reports the end of a started task's process.
func (m *Model) Exited(now time.Time, container string, e Exit) {
	m.enter(now)
	r := m.runs[container]
	if r == nil || r.phase != running || r.orphaned {
		return
	}
	switch {
	case r.agent.dead && m.profile <= Mesos1_4:
		r.orphaned = true
	case r.expired:
		st := r.executorStatus(mesos.TASK_FAILED, exitMessage(e))
		st.Reason = mesos.REASON_MAX_COMPLETION_TIME_REACHED.Enum()
		m.emit(r, st)
	case r.killed:
		st := r.killStatus(mesos.TASK_KILLED, exitMessage(e))
		if r.unhealthy {
			st.Healthy = new(bool)
		}
		m.emit(r, st)
	case e.Signal == "" && e.Status == 0:
		m.emit(r, r.executorStatus(mesos.TASK_FINISHED, exitMessage(e)))
	default:
		m.emit(r, r.executorStatus(mesos.TASK_FAILED, exitMessage(e)))
	}
}

// Checked reports the result of a health check of a started task. Each failure
// is an update, success only after something else; after enough failures in a
// row the executor kills the task. Failures in the grace period do not count
// before the first success (Mesos contract 4.5, recording health_checks).
func (m *Model) Checked(now time.Time, container string, healthy bool) {
	m.enter(now)
	r := m.runs[container]
	if r == nil || r.phase != running || r.killed || r.info.HealthCheck == nil {
		return
	}
	h := r.info.HealthCheck
	if !healthy && r.healthy == nil && m.now.Before(r.started.Add(secondsOr(h.GracePeriodSeconds, 10))) {
		return
	}
	if r.failures++; healthy {
		r.failures = 0
	}
	if !healthy || r.healthy == nil || !*r.healthy {
		st := r.executorStatus(mesos.TASK_RUNNING, "")
		st.Healthy = &healthy
		if m.profile >= Mesos1_4 {
			st.Reason = mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED.Enum()
		}
		r.healthy = &healthy
		m.emit(r, st)
	}
	limit := uint32(3)
	if h.ConsecutiveFailures != nil {
		limit = *h.ConsecutiveFailures
	}
	if r.failures < int(max(limit, 1)) {
		return
	}
	r.unhealthy = true
	r.agent.end(m, r, -1)
}

func secondsOr(v *float64, def float64) time.Duration {
	if v != nil {
		def = *v
	}
	return time.Duration(def * float64(time.Second))
}

// FailTask ends a running task as its agent does that finds the executor gone or
// over a limit: the container is destroyed, and TASK_FAILED has a reason such as
// REASON_EXECUTOR_TERMINATED or REASON_CONTAINER_LIMITATION_MEMORY (Mesos
// contract 4.4). It tells whether there was such a task.
func (m *Model) FailTask(now time.Time, frameworkID, taskID string, reason mesos.TaskStatus_Reason, message string) bool {
	m.enter(now)
	for _, a := range m.agents {
		if r := a.runs[key{frameworkID, taskID}]; r != nil && r.phase != ended {
			m.destroy(r)
			m.emit(r, r.agentStatus(mesos.TASK_FAILED, reason, message))
			return true
		}
	}
	return false
}
