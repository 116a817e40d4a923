package mesossim

import (
	"fmt"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Refusal is an HTTP answer other than 200 and 202 to a call.
type Refusal struct {
	Status int
	Body   string
}

func (r *Refusal) Error() string { return fmt.Sprintf("%d: %s", r.Status, r.Body) }

const invalidCall = "Failed to validate scheduler::Call: "

// Validate makes the structural checks of a call (contract 2.0). typed tells
// whether the call's type was present: mesos-go's struct cannot say.
func (m *Model) Validate(call *scheduler.Call, typed bool, principal string) *Refusal {
	fail := func(reason string) *Refusal { return &Refusal{400, invalidCall + reason} }
	if _, known := scheduler.Call_Type_name[int32(call.Type)]; !typed || !known || !m.profile.KnowsEnum("mesos.scheduler.Call_Type", call.Type.String()) {
		return fail("Expecting 'type' to be present")
	}
	if call.Type == scheduler.Call_SUBSCRIBE {
		if call.Subscribe == nil {
			return fail("Expecting 'subscribe' to be present")
		}
		info := call.Subscribe.FrameworkInfo
		if info.ID.GetValue() != call.FrameworkID.GetValue() || (info.ID == nil) != (call.FrameworkID == nil) {
			return fail("'framework_id' differs from 'subscribe.framework_info.id'")
		}
		if principal != "" && info.Principal != nil && *info.Principal != principal {
			return fail(mismatch(principal, *info.Principal))
		}
		return nil
	}
	if call.FrameworkID == nil {
		return fail("Expecting 'framework_id' to be present")
	}
	if part, ok := missingPart(call); !ok {
		return fail("Expecting '" + part + "' to be present")
	}
	if call.Type == scheduler.Call_ACKNOWLEDGE && len(call.Acknowledge.UUID) != 16 {
		return fail("Not a valid UUID")
	}
	return nil
}

func mismatch(principal, other string) string {
	return fmt.Sprintf("Authenticated principal '%s' does not match principal '%s' set in `FrameworkInfo`", principal, other)
}

// missingPart names the member that a call of its type must have; ok tells
// whether it is there.
func missingPart(c *scheduler.Call) (name string, ok bool) {
	switch c.Type {
	case scheduler.Call_ACCEPT:
		return "accept", c.Accept != nil
	case scheduler.Call_DECLINE:
		return "decline", c.Decline != nil
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		return "accept_inverse_offers", c.AcceptInverseOffers != nil
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		return "decline_inverse_offers", c.DeclineInverseOffers != nil
	case scheduler.Call_KILL:
		return "kill", c.Kill != nil
	case scheduler.Call_SHUTDOWN:
		return "shutdown", c.Shutdown != nil
	case scheduler.Call_ACKNOWLEDGE:
		return "acknowledge", c.Acknowledge != nil
	case scheduler.Call_ACKNOWLEDGE_OPERATION_STATUS:
		return "acknowledge_operation_status", c.AcknowledgeOperationStatus != nil
	case scheduler.Call_RECONCILE:
		return "reconcile", c.Reconcile != nil
	case scheduler.Call_RECONCILE_OPERATIONS:
		return "reconcile_operations", c.ReconcileOperations != nil
	case scheduler.Call_MESSAGE:
		return "message", c.Message != nil
	case scheduler.Call_REQUEST:
		return "request", c.Request != nil
	case scheduler.Call_UPDATE_FRAMEWORK:
		return "update_framework", c.UpdateFramework != nil
	}
	return "", true
}

// Admit checks a call other than SUBSCRIBE against its framework's subscription
// (contract 1.1, rows 12 to 17 and 19).
func (m *Model) Admit(call *scheduler.Call, stream, principal string) *Refusal {
	fw := m.master.frameworks[call.FrameworkID.GetValue()]
	switch {
	case fw == nil || fw.state == fwRecovered:
		return &Refusal{400, "Framework cannot be found"}
	case principal != "" && fw.info.GetPrincipal() != principal:
		return &Refusal{400, mismatch(principal, fw.info.GetPrincipal())}
	case fw.state != fwConnected:
		return &Refusal{403, "Framework is not subscribed"}
	case stream == "":
		return &Refusal{400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"}
	case stream != fw.stream:
		return &Refusal{400, fmt.Sprintf("The stream ID '%s' included in this request didn't match the stream ID currently associated with framework ID %s",
			stream, fw.id)}
	case call.Type == scheduler.Call_UNKNOWN:
		return &Refusal{501, ""}
	}
	return nil
}

// Call handles a call that Admit has passed. UPDATE_FRAMEWORK is the only one
// with an answer other than 202: nil for 200, else a Refusal.
func (m *Model) Call(now time.Time, call *scheduler.Call) *Refusal {
	m.enter(now)
	fw := m.master.frameworks[call.FrameworkID.GetValue()]
	if fw == nil {
		return nil
	}
	if call.Type == scheduler.Call_UPDATE_FRAMEWORK {
		return m.updateFramework(fw, call.UpdateFramework)
	}
	m.subject(Message{FrameworkID: fw.id, Call: call}, func() {
		if fw.state == fwConnected {
			m.handle(fw, call)
		}
	})
	return nil
}

func (m *Model) handle(fw *framework, call *scheduler.Call) {
	switch call.Type {
	case scheduler.Call_TEARDOWN:
		m.removeFramework(fw)
	case scheduler.Call_ACCEPT:
		m.accept(fw, call.Accept)
	case scheduler.Call_DECLINE:
		m.decline(fw, call.Decline)
	case scheduler.Call_REVIVE:
		m.revive(fw, m.rolesOf(call.Revive.GetRoles()))
	case scheduler.Call_SUPPRESS:
		m.suppress(fw, m.rolesOf(call.Suppress.GetRoles()))
	case scheduler.Call_KILL:
		m.kill(fw, call.Kill)
	case scheduler.Call_ACKNOWLEDGE:
		m.acknowledge(fw, call.Acknowledge)
	case scheduler.Call_RECONCILE:
		m.reconcile(fw, call.Reconcile)
	case scheduler.Call_ACCEPT_INVERSE_OFFERS:
		m.answerInverse(fw, call.AcceptInverseOffers.InverseOfferIDs, "ACCEPT", call.AcceptInverseOffers.Filters)
	case scheduler.Call_DECLINE_INVERSE_OFFERS:
		m.answerInverse(fw, call.DeclineInverseOffers.InverseOfferIDs, "DECLINE", call.DeclineInverseOffers.Filters)
	case scheduler.Call_SHUTDOWN:
		if a := m.agent(call.Shutdown.AgentID.Value); a != nil && a.linked() {
			a.kill(m, key{fw.id, call.Shutdown.ExecutorID.Value}, -1)
		}
	}
	// MESSAGE is best effort and command executors take none; REQUEST is ignored
	// by the built-in allocator; there are no operations.
}

// rolesOf is the role list as the version reads it: before 1.3 there is none.
func (m *Model) rolesOf(roles []string) []string {
	if m.profile < 3 {
		return nil
	}
	return roles
}

// updateFramework handles UPDATE_FRAMEWORK (1.9 and later, contract 2.9).
func (m *Model) updateFramework(fw *framework, call *scheduler.Call_UpdateFramework) *Refusal {
	info := &call.FrameworkInfo
	if info.ID.GetValue() != fw.id {
		return &Refusal{400, invalidCall + "'framework_id' differs from 'update_framework.framework_info.id'"}
	}
	if why := m.checkRoles(info); why != "" {
		return &Refusal{400, "Supplied FrameworkInfo is not valid: " + why}
	}
	var fixed string
	switch {
	case info.User != fw.info.User:
		fixed = "Updating 'FrameworkInfo.user' is unsupported"
	case info.GetCheckpoint() != fw.info.GetCheckpoint():
		fixed = "Updating 'FrameworkInfo.checkpoint' is unsupported"
	case info.Principal != nil && info.GetPrincipal() != fw.info.GetPrincipal():
		fixed = "Changing framework's principal is not allowed."
	}
	if fixed != "" {
		return &Refusal{400, "FrameworkInfo update is not valid: " + fixed}
	}
	next := *info
	if next.Principal == nil {
		next.Principal = fw.info.Principal
	}
	m.replaceInfo(fw, &next)
	for _, r := range fw.roles {
		r.suppressed = contains(call.SuppressedRoles, r.name)
	}
	m.allocate(m.agents)
	return nil
}

// StreamOf returns the id of a framework's stream, "" if it has none.
func (m *Model) StreamOf(frameworkID string) string {
	if fw := m.master.frameworks[frameworkID]; fw != nil {
		return fw.stream
	}
	return ""
}

// RescindOffers takes back all offers of an agent, as an operator's doings may.
func (m *Model) RescindOffers(now time.Time, index int) {
	m.enter(now)
	for _, o := range m.offersOf(nil, m.agents[index]) {
		m.rescind(o)
	}
	m.allocateBy(m.now)
}

// RemoveFramework removes a framework as an operator's teardown does.
func (m *Model) RemoveFramework(now time.Time, id string) {
	m.enter(now)
	if fw := m.master.frameworks[id]; fw != nil {
		m.removeFramework(fw)
	}
}
