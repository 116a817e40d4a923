package mesos_test

import (
	"context"
	"errors"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
)

// launcher runs one task: it takes the first offer, acknowledges each update
// and goes on with done when the task is over.
type launcher struct {
	t       *testing.T
	session *mesos.Session
	states  []mesosv1.TaskState
	done    func()
	ended   error
}

// Subscribed implements mesos.Handler.
func (l *launcher) Subscribed(s *mesos.Session, _ *scheduler.Event_Subscribed) { l.session = s }

// Disconnected implements mesos.Handler.
func (l *launcher) Disconnected(err error) { l.ended = err }

// Event implements mesos.Handler.
func (l *launcher) Event(ev *scheduler.Event) {
	switch ev.Type {
	case scheduler.Event_OFFERS:
		if l.states != nil {
			return
		}
		o := &ev.GetOffers().Offers[0]
		shell, value := true, "true"
		scalar := func(name string, v float64) mesosv1.Resource {
			return mesosv1.Resource{Name: name, Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: v}}
		}
		l.call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
			OfferIDs: []mesosv1.OfferID{o.ID},
			Operations: []mesosv1.Offer_Operation{{Type: mesosv1.Offer_Operation_LAUNCH, Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: []mesosv1.TaskInfo{{
				Name: "t", TaskID: mesosv1.TaskID{Value: "t"}, AgentID: o.AgentID, Command: &mesosv1.CommandInfo{Shell: &shell, Value: &value},
				Resources: []mesosv1.Resource{scalar("cpus", 0.1), scalar("mem", 32)},
			}}}}},
		}})
		l.states = []mesosv1.TaskState{}
	case scheduler.Event_UPDATE:
		st := ev.GetUpdate().GetStatus()
		l.states = append(l.states, st.GetState())
		if st.UUID != nil {
			l.call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{AgentID: *st.AgentID, TaskID: st.TaskID, UUID: st.UUID}})
		}
		if st.GetState() == mesosv1.TASK_FINISHED {
			l.done()
		}
	}
}

func (l *launcher) call(c *scheduler.Call) {
	if err := l.session.Call(l.t.Context(), c); err != nil {
		l.t.Errorf("%s: %v", c.Type, err)
	}
}

// TestSimulatedCluster holds that the client and the simulated master, which were
// written apart, understand each other: a task runs, and then another instance
// takes the framework over.
func TestSimulatedCluster(t *testing.T) {
	t.Parallel()
	sim, err := cluster.Start(t.Context(), cluster.Config{Instant: true, Credentials: map[string]string{"hora": "s3cr3t"}, WorkDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	config := mesos.Config{
		Detector: mesos.Masters(sim.MasterURL()), Framework: mesosv1.FrameworkInfo{User: "root", Name: "test"}, Principal: "hora", Secret: "wrong",
	}
	client, err := mesos.New(config)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Subscribe(t.Context(), "", false); !errors.Is(err, mesos.ErrRefused) {
		t.Errorf("with a wrong secret: %v", err)
	}
	config.Secret = "s3cr3t"
	if client, err = mesos.New(config); err != nil {
		t.Fatal(err)
	}
	l := &launcher{t: t}
	var second *mesos.Session
	l.done = func() {
		var err error
		if second, err = client.Subscribe(t.Context(), l.session.FrameworkID(), false); err != nil {
			t.Errorf("take over: %v", err)
		}
	}
	if err := mesos.Run(context.WithoutCancel(t.Context()), config, "", l); !errors.Is(err, mesos.ErrFailedOver) || !errors.Is(l.ended, mesos.ErrFailedOver) {
		t.Errorf("taken over: %v, %v", err, l.ended)
	}
	if n := len(l.states); n < 2 || l.states[n-2] != mesosv1.TASK_RUNNING || l.states[n-1] != mesosv1.TASK_FINISHED {
		t.Errorf("the task went through %v", l.states)
	}
	if second == nil {
		t.Fatal("no second session")
	}
	defer second.Close()
	if err := second.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_TEARDOWN}); err != nil {
		t.Error(err)
	}
	for {
		if _, err := second.Next(); err != nil {
			break
		}
	}
	if _, err := client.Subscribe(t.Context(), second.FrameworkID(), false); !errors.Is(err, mesos.ErrRemoved) {
		t.Errorf("after TEARDOWN: %v", err)
	}
}
