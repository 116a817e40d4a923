// Package framework is hora's Mesos framework: it turns what the core decided
// into calls to the master, and what the master says into events for the core.
//
// It decides nothing and remembers nothing but the current session. The
// connection itself (subscription, redirects, watchdog) is package mesos'.
package framework

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/scheduler"
)

// ErrNotSubscribed says that there is no session to send a call on.
var ErrNotSubscribed = errors.New("not subscribed to a Mesos master")

// Framework is a cluster for the leader. It is for one term at a time.
type Framework struct {
	// Grace is how long a task that is to end has between SIGTERM and SIGKILL;
	// zero is what the agent does by itself, 3 s. It is set before Run. It goes
	// with the launch, as agents of Mesos 1.3 take none with a KILL.
	Grace time.Duration

	config  mesos.Config
	roles   []string
	session atomic.Pointer[mesos.Session]
	deliver atomic.Pointer[func(scheduler.Event)] // of the term
}

// New returns a framework that does nothing before Run.
func New(c mesos.Config) *Framework { return &Framework{config: c, roles: Roles(&c.Framework)} }

// Master is the base URL of the master that has accepted the framework, "" if none has.
func (f *Framework) Master() string {
	if s := f.session.Load(); s != nil {
		return s.Master()
	}
	return ""
}

// Run keeps the framework subscribed and delivers what happens until ctx ends.
func (f *Framework) Run(ctx context.Context, frameworkID string, deliver func(scheduler.Event)) error {
	f.deliver.Store(&deliver)
	defer f.deliver.Store(nil)
	defer f.session.Store(nil)
	for {
		err := mesos.Run(ctx, f.config, frameworkID, &handler{f, deliver})
		if !errors.Is(err, mesos.ErrRemoved) {
			return err
		}
		// Only a subscription without the id is possible (Mesos contract 1.6).
		deliver(scheduler.Removed{})
		frameworkID = ""
	}
}

// handler turns what the master says into events.
type handler struct {
	framework *Framework
	deliver   func(scheduler.Event)
}

// Subscribed implements mesos.Handler.
func (h *handler) Subscribed(s *mesos.Session, ev *calls.Event_Subscribed) {
	h.framework.session.Store(s)
	h.deliver(scheduler.Subscribed{FrameworkID: ev.FrameworkID.GetValue()})
}

// Disconnected implements mesos.Handler.
func (h *handler) Disconnected(error) {
	h.framework.session.Store(nil)
	h.deliver(scheduler.Disconnected{})
}

// Event implements mesos.Handler. FAILURE events are advisory: what follows
// from them comes as updates (Mesos contract 3.1).
func (h *handler) Event(ev *calls.Event) {
	if out := Event(ev, h.framework.roles...); out != nil {
		h.deliver(out)
	}
}

// Event turns what the master says into the core's event, nil if there is none.
// Of offers only what the roles may use is taken; without any that is *.
func Event(ev *calls.Event, roles ...string) scheduler.Event {
	switch ev.Type {
	case calls.Event_OFFERS:
		list := ev.GetOffers().GetOffers()
		out := make([]scheduler.Offer, 0, len(list))
		for i := range list {
			out = append(out, offer(&list[i], roles))
		}
		return scheduler.Offers{Offers: out}
	case calls.Event_RESCIND:
		return scheduler.Rescind{OfferID: ev.GetRescind().OfferID.Value}
	case calls.Event_INVERSE_OFFERS:
		var out scheduler.InverseOffers
		for _, o := range ev.GetInverseOffers().GetInverseOffers() {
			out.Offers = append(out.Offers, scheduler.InverseOffer{ID: o.OfferID.Value, AgentID: o.GetAgentID().GetValue(), Unavailable: window(&o.Unavailability)})
		}
		return out
	case calls.Event_UPDATE:
		st := ev.GetUpdate().GetStatus()
		return scheduler.Update{Status: status(&st)}
	}
	return nil
}

// callTime bounds one call.
const callTime = 30 * time.Second

// Perform sends one effect to the master, and waits until it has taken it, but
// for acknowledgements: of these there are many, an agent repeats what was not
// acknowledged, and their order among each other says nothing.
func (f *Framework) Perform(ctx context.Context, e scheduler.Effect) error {
	s := f.session.Load()
	if s == nil {
		return ErrNotSubscribed
	}
	call, err := Call(e)
	if err != nil {
		f.refused(e, err)
		return err
	}
	f.complete(call, s.FrameworkID())
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	if call.Type == calls.Call_ACKNOWLEDGE {
		return s.Send(ctx, call, func(error) {})
	}
	err = s.Call(ctx, call)
	if errors.Is(err, mesos.ErrBadCall) {
		f.refused(e, err)
	}
	return err
}

// refused tells that the master did not take a launch, which it will not do the
// next time either. One task alone is to blame for that; of several it is not
// known which, so they are tried again.
func (f *Framework) refused(e scheduler.Effect, why error) {
	a, ok := e.(scheduler.Accept)
	tell := f.deliver.Load()
	if !ok || tell == nil {
		return
	}
	st := scheduler.Status{AgentID: a.AgentID, State: scheduler.TaskDropped, Message: why.Error()}
	if len(a.Launches) == 1 {
		st.State = scheduler.TaskError
	}
	go func() { // the leader may wait for us to be done
		for _, l := range a.Launches {
			st.TaskID = l.TaskID
			(*tell)(scheduler.Update{Status: st})
		}
	}()
}

// complete adds to tasks what only the session knows, and what is the same for
// all. A custom executor has to name its framework.
func (f *Framework) complete(call *calls.Call, id string) {
	for _, op := range call.GetAccept().GetOperations() {
		infos := op.GetLaunch().GetTaskInfos()
		for i := range infos {
			if x := infos[i].Executor; x != nil {
				x.FrameworkID = &mesosv1.FrameworkID{Value: id}
			}
			if f.Grace > 0 {
				infos[i].KillPolicy = &mesosv1.KillPolicy{GracePeriod: &mesosv1.DurationInfo{Nanoseconds: f.Grace.Nanoseconds()}}
			}
		}
	}
}

// Call turns an effect into a call, without the ids of framework and stream
// (Mesos contract section 2).
func Call(e scheduler.Effect) (*calls.Call, error) {
	switch e := e.(type) {
	case scheduler.Accept:
		return accept(e)
	case scheduler.Decline:
		return &calls.Call{Type: calls.Call_DECLINE, Decline: &calls.Call_Decline{OfferIDs: offerIDs(e.OfferIDs), Filters: filters(e.Refuse)}}, nil
	case scheduler.Acknowledge:
		return &calls.Call{Type: calls.Call_ACKNOWLEDGE, Acknowledge: &calls.Call_Acknowledge{
			AgentID: mesosv1.AgentID{Value: e.AgentID}, TaskID: mesosv1.TaskID{Value: e.TaskID}, UUID: []byte(e.UUID),
		}}, nil
	case scheduler.KillTask:
		return &calls.Call{Type: calls.Call_KILL, Kill: &calls.Call_Kill{TaskID: mesosv1.TaskID{Value: e.TaskID}, AgentID: agentID(e.AgentID)}}, nil
	case scheduler.Reconcile:
		r := &calls.Call_Reconcile{}
		for _, t := range e.Tasks {
			r.Tasks = append(r.Tasks, calls.Call_Reconcile_Task{TaskID: mesosv1.TaskID{Value: t.TaskID}, AgentID: agentID(t.AgentID)})
		}
		return &calls.Call{Type: calls.Call_RECONCILE, Reconcile: r}, nil
	case scheduler.AnswerInverse:
		if e.Leave {
			return &calls.Call{Type: calls.Call_ACCEPT_INVERSE_OFFERS, AcceptInverseOffers: &calls.Call_AcceptInverseOffers{InverseOfferIDs: offerIDs(e.IDs), Filters: filters(e.Refuse)}}, nil
		}
		return &calls.Call{Type: calls.Call_DECLINE_INVERSE_OFFERS, DeclineInverseOffers: &calls.Call_DeclineInverseOffers{InverseOfferIDs: offerIDs(e.IDs), Filters: filters(e.Refuse)}}, nil
	case scheduler.Suppress:
		return &calls.Call{Type: calls.Call_SUPPRESS}, nil // without a body: all roles, every version (Mesos contract 2.5)
	case scheduler.Revive:
		return &calls.Call{Type: calls.Call_REVIVE}, nil
	}
	return nil, fmt.Errorf("framework: effect of unknown type %T", e)
}

func accept(e scheduler.Accept) (*calls.Call, error) {
	launch := &mesosv1.Offer_Operation_Launch{}
	for _, l := range e.Launches {
		info, err := taskInfo(l)
		if err != nil {
			return nil, fmt.Errorf("task %s: %w", l.TaskID, err)
		}
		launch.TaskInfos = append(launch.TaskInfos, info)
	}
	return &calls.Call{Type: calls.Call_ACCEPT, Accept: &calls.Call_Accept{
		OfferIDs:   offerIDs(e.OfferIDs),
		Operations: []mesosv1.Offer_Operation{{Type: mesosv1.Offer_Operation_LAUNCH, Launch: launch}},
		Filters:    filters(e.Refuse),
	}}, nil
}

func offerIDs(ids []string) []mesosv1.OfferID {
	out := make([]mesosv1.OfferID, len(ids))
	for i, id := range ids {
		out[i].Value = id
	}
	return out
}

func filters(refuse time.Duration) *mesosv1.Filters {
	seconds := refuse.Seconds()
	return &mesosv1.Filters{RefuseSeconds: &seconds}
}

func agentID(id string) *mesosv1.AgentID {
	if id == "" {
		return nil
	}
	return &mesosv1.AgentID{Value: id}
}
