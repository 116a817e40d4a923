package mesossim

import (
	"fmt"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// accept handles ACCEPT (contract 2.3).
func (m *Model) accept(fw *framework, call *scheduler.Call_Accept) {
	if why := m.checkOffers(fw, call.OfferIDs); why != "" {
		m.refuseAccept(fw, call, why)
		return
	}
	var used []*offer
	first := m.master.offers[call.OfferIDs[0].Value]
	agent, role := first.agent, first.role
	available := agent.layout.zero()
	for _, id := range call.OfferIDs {
		o := m.master.offers[id.Value]
		available = available.plus(o.amount)
		used = append(used, o)
	}
	for _, o := range used {
		m.dropOffer(o)
	}
	agent.take(role, available)
	for i := range call.Operations {
		op := &call.Operations[i]
		l := launching{m: m, fw: fw, agent: agent, role: role, available: available}
		l.operation(op)
		available = l.available
	}
	agent.give(role, available)
	m.refuse(role, agent, available, call.Filters)
}

// checkOffers returns why the offers of an ACCEPT are invalid, or "".
func (m *Model) checkOffers(fw *framework, ids []mesos.OfferID) string {
	if len(ids) == 0 {
		return "No offers specified"
	}
	seen := map[string]bool{}
	for _, id := range ids {
		if seen[id.Value] {
			return fmt.Sprintf("Duplicate offer %s in offer list", id.Value)
		}
		seen[id.Value] = true
	}
	for _, id := range ids {
		o := m.master.offers[id.Value]
		if o == nil {
			return fmt.Sprintf("Offer %s is no longer valid", id.Value)
		}
		if o.fw != fw {
			return fmt.Sprintf("Offer %s has invalid framework %s while framework %s is expected", id.Value, o.fw.id, fw.id)
		}
	}
	first := m.master.offers[ids[0].Value]
	for _, id := range ids[1:] {
		o := m.master.offers[id.Value]
		if o.role != first.role {
			return fmt.Sprintf("Aggregated offers must be allocated to the same role. Offer %s uses role '%s' but another is using role '%s'",
				id.Value, o.role.name, first.role.name)
		}
	}
	for _, id := range ids[1:] {
		o := m.master.offers[id.Value]
		if o.agent != first.agent {
			return fmt.Sprintf("Aggregated offers must belong to one single agent. Offer %s uses agent %s and agent %s",
				id.Value, o.agent.id, first.agent.id)
		}
	}
	return ""
}

// refuseAccept gives the existing offers of the list back without a filter and
// reports every task as never launched.
func (m *Model) refuseAccept(fw *framework, call *scheduler.Call_Accept, why string) {
	for _, id := range call.OfferIDs {
		if o := m.master.offers[id.Value]; o != nil {
			m.dropOffer(o)
			m.allocateBy(m.now)
		}
	}
	v := verdict{state: m.dropped(fw), reason: mesos.REASON_INVALID_OFFERS, message: "Task launched with invalid offers: " + why}
	for i := range call.Operations {
		for _, info := range operationTasks(&call.Operations[i]) {
			m.sendStatus(fw, m.masterStatus(info.TaskID, info.AgentID.Value, v))
		}
	}
}

func operationTasks(op *mesos.Offer_Operation) []mesos.TaskInfo {
	switch op.Type {
	case mesos.Offer_Operation_LAUNCH:
		return op.Launch.GetTaskInfos()
	case mesos.Offer_Operation_LAUNCH_GROUP:
		if op.LaunchGroup != nil {
			return op.LaunchGroup.TaskGroup.GetTasks()
		}
	}
	return nil
}

// launching is one ACCEPT's work on the tasks of its LAUNCH operations.
type launching struct {
	m         *Model
	fw        *framework
	agent     *agent
	role      *role
	available vector
}

// operation performs an operation. Groups of tasks are refused, as all of a group
// are if one of its tasks is invalid; reservations and volumes are not simulated.
func (l *launching) operation(op *mesos.Offer_Operation) {
	tasks := operationTasks(op)
	if op.Type == mesos.Offer_Operation_LAUNCH_GROUP {
		v := verdict{state: mesos.TASK_ERROR, reason: mesos.REASON_TASK_GROUP_INVALID, message: "Task groups are not simulated"}
		for i := range tasks {
			l.m.sendStatus(l.fw, l.m.masterStatus(tasks[i].TaskID, tasks[i].AgentID.Value, v))
		}
		return
	}
	if l.m.profile >= 5 && op.ID != nil {
		for i := range tasks {
			l.refuse(&tasks[i], "Operation IDs are not supported for LAUNCH operations")
		}
		return
	}
	for i := range tasks {
		l.task(&tasks[i])
	}
}

// task validates one task and hands it to the agent; other tasks of the call
// are not touched by its failure.
func (l *launching) task(info *mesos.TaskInfo) {
	if why := l.invalid(info); why != "" {
		l.refuse(info, why)
		return
	}
	amount, _ := l.agent.layout.vectorOf(info.Resources)
	l.available = l.available.minus(amount)
	m := l.m
	t := &task{
		seq: m.master.taskSeq, info: info, fw: l.fw, agent: l.agent, role: l.role,
		amount: amount, state: mesos.TASK_STAGING,
	}
	m.master.taskSeq++
	l.fw.tasks[t.id()] = t
	l.agent.tasks[t] = struct{}{}
	l.agent.launch(m, l.fw, info)
}

func (l *launching) refuse(info *mesos.TaskInfo, why string) {
	v := verdict{state: mesos.TASK_ERROR, reason: mesos.REASON_TASK_INVALID, message: why}
	l.m.sendStatus(l.fw, l.m.masterStatus(info.TaskID, info.AgentID.Value, v))
}

// decline handles DECLINE; unknown offers are ignored (contract 2.4).
func (m *Model) decline(fw *framework, call *scheduler.Call_Decline) {
	for _, id := range call.OfferIDs {
		o := fw.offers[id.Value]
		if o == nil {
			continue
		}
		m.dropOffer(o)
		m.refuse(o.role, o.agent, o.amount, call.Filters)
	}
}

// rolesNamed finds the roles that a REVIVE or SUPPRESS means; ok is false if one
// is not the framework's, which voids the whole call (contract 2.5).
func (fw *framework) rolesNamed(names []string) (roles []*role, ok bool) {
	if len(names) == 0 {
		return fw.roles, true
	}
	for _, name := range names {
		r := fw.role(name)
		if r == nil {
			return nil, false
		}
		roles = append(roles, r)
	}
	return roles, true
}

func (m *Model) revive(fw *framework, names []string) {
	roles, ok := fw.rolesNamed(names)
	if !ok {
		return
	}
	for _, r := range roles {
		r.suppressed = false
	}
	if m.profile >= 3 && m.profile <= 8 {
		roles = fw.roles // MESOS-9856: the filters of all roles go
	}
	for _, r := range roles {
		clear(r.filters)
	}
	m.allocate(m.agents)
}

func (m *Model) suppress(fw *framework, names []string) {
	roles, ok := fw.rolesNamed(names)
	if !ok {
		return
	}
	for _, r := range roles {
		r.suppressed = true
	}
}
