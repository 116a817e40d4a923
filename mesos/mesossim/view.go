package mesossim

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// MasterView is what the read side shows of the master. Views are copies of the
// moment; what they point to must not be modified.
type MasterView struct {
	ID        string
	Started   time.Time
	Active    int // agents
	Lost      int // unreachable agents
	Framework []FrameworkView
	Completed []FrameworkView
	Agents    []AgentView
	Recovered []AgentView
}

// FrameworkView shows a framework.
type FrameworkView struct {
	ID           string
	Info         *mesos.FrameworkInfo
	Connected    bool
	Recovered    bool
	Registered   time.Time
	Reregistered time.Time // zero: never
	Unregistered time.Time // zero: not yet
	Tasks        []TaskView
	Unreachable  []TaskView
	Done         []TaskView
	Offers       []OfferView
}

// OfferView shows an outstanding offer.
type OfferView struct {
	ID, FrameworkID, AgentID, Role string
	Resources                      []mesos.Resource
}

// TaskView shows a task.
type TaskView struct {
	Info        *mesos.TaskInfo
	FrameworkID string
	AgentID     string
	Role        string
	State       mesos.TaskState
	Statuses    []*mesos.TaskStatus
	seq         uint64
}

// AgentView shows an agent as the master knows it.
type AgentView struct {
	Index      int
	ID         string
	Spec       *AgentSpec
	Active     bool
	Registered time.Time
	Returned   time.Time // re-registered; zero: never
	Used       []mesos.Resource
	Offered    []mesos.Resource
}

// ExecutorView shows an executor as its agent knows it.
type ExecutorView struct {
	ContainerID string
	FrameworkID string
	Framework   *mesos.FrameworkInfo
	Task        TaskView
	Live        bool // the executor is still there
}

// Master returns a view of everything that the master knows. It costs as much
// as there is.
func (m *Model) Master() MasterView {
	v := MasterView{ID: m.master.id, Started: m.master.started}
	for _, fw := range m.master.order {
		v.Framework = append(v.Framework, m.frameworkView(fw))
	}
	for _, fw := range m.master.completed {
		v.Completed = append(v.Completed, m.frameworkView(fw))
	}
	for _, a := range m.agents {
		switch a.state {
		case agentActive, agentDisconnected:
			v.Agents = append(v.Agents, m.agentView(a))
			v.Active++
		case agentUnreachable:
			v.Lost++
		case agentRecovered:
			v.Recovered = append(v.Recovered, m.agentView(a))
		}
	}
	return v
}

func (m *Model) frameworkView(fw *framework) FrameworkView {
	v := FrameworkView{
		ID: fw.id, Info: fw.info, Connected: fw.state == fwConnected, Recovered: fw.state == fwRecovered,
		Registered: fw.registered, Unregistered: fw.unregistered,
	}
	if fw.resubscribed.After(fw.registered) {
		v.Reregistered = fw.resubscribed
	}
	for _, t := range sortedTasks(fw.tasks) {
		v.Tasks = append(v.Tasks, t.view())
	}
	for _, t := range sortedTasks(fw.unreachable) {
		v.Unreachable = append(v.Unreachable, t.view())
	}
	done := fw.done
	if n := len(done) - m.opts.CompletedTasks; n > 0 {
		done = done[n:]
	}
	for _, t := range done {
		v.Done = append(v.Done, t.view())
	}
	for _, o := range m.offersOf(fw, nil) {
		v.Offers = append(v.Offers, OfferView{
			ID: o.id, FrameworkID: fw.id, AgentID: o.agent.id, Role: o.role.name,
			Resources: o.agent.layout.resourcesOf(o.amount, "", false),
		})
	}
	return v
}

func (t *task) view() TaskView {
	v := TaskView{
		Info: t.info, FrameworkID: t.fw.id, AgentID: t.agent.id, State: t.state,
		Statuses: t.statuses[:len(t.statuses):len(t.statuses)], seq: t.seq,
	}
	if t.role != nil {
		v.Role = t.role.name
	}
	return v
}

func (m *Model) agentView(a *agent) AgentView {
	v := AgentView{Index: a.index, ID: a.id, Spec: &a.spec, Active: a.state == agentActive, Registered: a.registered, Returned: a.returned}
	offered := a.layout.zero()
	for _, o := range m.offersOf(nil, a) {
		offered = offered.plus(o.amount)
	}
	used := a.total.minus(a.free).minus(offered)
	v.Used = a.layout.resourcesOf(used, "", false)
	v.Offered = a.layout.resourcesOf(offered, "", false)
	return v
}

// Agent returns the master's view of one agent.
func (m *Model) Agent(index int) AgentView { return m.agentView(m.agents[index]) }

// Executors lists what an agent knows of its executors, the live ones and those
// that ended, in order of their launch.
func (m *Model) Executors(index int) []ExecutorView {
	a := m.agents[index]
	var out []ExecutorView
	for _, r := range a.past {
		out = append(out, r.view(false))
	}
	for _, r := range a.sortedRuns() {
		out = append(out, r.view(true))
	}
	return out
}

func (r *run) view(live bool) ExecutorView {
	return ExecutorView{
		ContainerID: r.container, FrameworkID: r.key.framework, Framework: r.framework, Live: live,
		Task: TaskView{
			Info: r.info, FrameworkID: r.key.framework, AgentID: r.agent.id, Role: r.role, State: r.state,
			Statuses: r.history,
		},
	}
}

// Before tells whether a task is older than another of the same master.
func (v TaskView) Before(w TaskView) bool { return v.seq < w.seq }
