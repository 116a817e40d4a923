package mesossim

import (
	"sort"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// upkeep is an agent's planned maintenance, and what the frameworks with tasks
// there said to it.
type upkeep struct {
	when    mesos.Unavailability
	answers map[*framework]*answer
}

// answer is a framework's answer to an inverse offer.
type answer struct {
	offer  string    // outstanding inverse offer, "" for none
	status string    // ACCEPT, DECLINE or UNKNOWN
	at     time.Time // of the status
	until  time.Time // no further inverse offer before
}

// Schedule replaces the plan of maintenance, as an operator does: all offers
// are rescinded and made anew, those of the machines concerned with their
// unavailability, and frameworks with tasks there get inverse offers (recording
// maintenance).
func (m *Model) Schedule(now time.Time, plan *maintenance.Schedule) {
	m.enter(now)
	var rest, planned []*agent
	for _, a := range m.agents {
		was := a.upkeep
		if a.upkeep = nil; was != nil {
			m.rescindInverse(a, was)
		}
		for i := range plan.Windows {
			w := &plan.Windows[i]
			for j := range w.MachineIDs {
				if id := &w.MachineIDs[j]; id.GetHostname() == a.spec.Hostname {
					a.upkeep = &upkeep{when: w.Unavailability, answers: map[*framework]*answer{}}
				}
			}
		}
		if a.upkeep != nil {
			planned = append(planned, a)
		} else {
			rest = append(rest, a)
		}
	}
	list := append(rest, planned...)
	for _, a := range list {
		for _, o := range m.offersOf(nil, a) {
			m.rescind(o)
		}
	}
	for _, a := range list {
		m.allocate([]*agent{a})
	}
}

// rescindInverse takes back the inverse offers of a plan that was given up.
func (m *Model) rescindInverse(a *agent, was *upkeep) {
	for _, fw := range m.master.order {
		if x := was.answers[fw]; x != nil && x.offer != "" {
			m.deliver(fw, &scheduler.Event{
				Type:                scheduler.Event_RESCIND_INVERSE_OFFER,
				RescindInverseOffer: &scheduler.Event_RescindInverseOffer{InverseOfferID: mesos.OfferID{Value: x.offer}},
			})
		}
	}
}

// askToLeave makes inverse offers to those who use an agent that is to be
// maintained, at a run of the allocator.
func (m *Model) askToLeave(agents []*agent) {
	for _, a := range agents {
		if a.upkeep == nil || a.state != agentActive {
			continue
		}
		for _, fw := range m.master.order {
			if fw.state == fwConnected && fw.uses(a) {
				m.inverseOffer(fw, a)
			}
		}
	}
}

// uses tells whether a framework has a task on an agent that is not over.
func (fw *framework) uses(a *agent) bool {
	for t := range a.tasks {
		if t.fw == fw && !t.freed {
			return true
		}
	}
	return false
}

func (m *Model) inverseOffer(fw *framework, a *agent) {
	x := a.upkeep.answers[fw]
	if x == nil {
		x = &answer{status: "UNKNOWN"}
		a.upkeep.answers[fw] = x
	}
	if x.offer != "" {
		return
	}
	if x.until.After(m.now) {
		m.allocateBy(x.until)
		return
	}
	x.offer = m.master.id + "-O" + strconv.FormatUint(m.master.offerSeq, 10)
	m.master.offerSeq++
	m.deliver(fw, &scheduler.Event{
		Type: scheduler.Event_INVERSE_OFFERS,
		InverseOffers: &scheduler.Event_InverseOffers{InverseOffers: []mesos.InverseOffer{{
			OfferID: mesos.OfferID{Value: x.offer}, URL: a.url, FrameworkID: mesos.FrameworkID{Value: fw.id},
			AgentID: &mesos.AgentID{Value: a.id}, Unavailability: a.upkeep.when,
		}}},
	})
}

// answerInverse notes what a framework says to inverse offers; unknown ones are
// ignored. The filters say when it may be asked again.
func (m *Model) answerInverse(fw *framework, ids []mesos.OfferID, status string, filters *mesos.Filters) {
	for _, id := range ids {
		for _, a := range m.agents {
			if a.upkeep == nil {
				continue
			}
			x := a.upkeep.answers[fw]
			if x == nil || x.offer != id.Value || id.Value == "" {
				continue
			}
			*x = answer{status: status, at: m.now, until: m.now.Add(refusal(m.profile, filters))}
			m.allocateBy(x.until)
		}
	}
}

// forgetInverse drops a framework's inverse offers without a word, as it has a
// new stream or none.
func (m *Model) forgetInverse(fw *framework) {
	for _, a := range m.agents {
		if a.upkeep != nil && a.upkeep.answers[fw] != nil {
			a.upkeep.answers[fw].offer = ""
		}
	}
}

// MaintenanceView shows a machine that is to be maintained.
type MaintenanceView struct {
	Hostname, IP string
	Answers      []AnswerView
}

// AnswerView shows what a framework said: ACCEPT, DECLINE or UNKNOWN.
type AnswerView struct {
	FrameworkID, Status string
	At                  time.Time
}

// Maintenance returns the machines of the plan.
func (m *Model) Maintenance() []MaintenanceView {
	var out []MaintenanceView
	for _, a := range m.agents {
		if a.upkeep == nil {
			continue
		}
		v := MaintenanceView{Hostname: a.spec.Hostname, IP: a.spec.IP}
		for fw, x := range a.upkeep.answers {
			v.Answers = append(v.Answers, AnswerView{fw.id, x.status, x.at})
		}
		sort.Slice(v.Answers, func(i, j int) bool { return v.Answers[i].FrameworkID < v.Answers[j].FrameworkID })
		out = append(out, v)
	}
	return out
}

// AgentDrains makes an agent empty, as an operator does since 1.9: no more is
// offered of it, and its tasks are killed (contract 3.6). AgentReactivates ends it.
func (m *Model) AgentDrains(now time.Time, index int) {
	m.enter(now)
	a := m.agents[index]
	a.draining = true
	for _, o := range m.offersOf(nil, a) {
		m.rescind(o)
	}
	if a.linked() {
		for _, r := range a.sortedRuns() {
			r.drained = r.phase != ended
			a.end(m, r, -1)
		}
	}
}

// AgentReactivates lets an agent be offered again that was drained.
func (m *Model) AgentReactivates(now time.Time, index int) {
	m.enter(now)
	m.agents[index].draining = false
	m.allocate([]*agent{m.agents[index]})
}
