package mesos_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
)

// BenchmarkLaunch measures, one task after the other, how long it takes from
// ACCEPT to TASK_RUNNING: through the client, HTTP on loopback and the simulated
// master, without processes.
func BenchmarkLaunch(b *testing.B) {
	sim := simulated(b, cluster.Config{
		AllocationInterval: time.Millisecond, Version: "1.3",
		Agents: cluster.DefaultAgents(1, "cpus:1000000;mem:100000000;disk:1;ports:[1-2]"),
	})
	client, err := mesos.New(mesos.Config{Detector: mesos.Masters(sim.MasterURL()), Framework: mesosv1.FrameworkInfo{User: "root", Name: "b"}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := client.Subscribe(b.Context(), "", false)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	send := func(c *scheduler.Call) {
		if err := s.Send(b.Context(), c, func(err error) {
			if err != nil {
				b.Error(err)
			}
		}); err != nil {
			b.Fatal(err)
		}
	}
	next := func(kind scheduler.Event_Type) *scheduler.Event {
		for {
			ev, err := s.Next()
			if err != nil {
				b.Fatal(err)
			}
			if ev.Type == kind {
				return ev
			}
		}
	}
	refuse, value := 0.0, "true"
	scalar := func(name string, v float64) mesosv1.Resource {
		return mesosv1.Resource{Name: name, Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: v}}
	}
	var took []time.Duration
	for i := 0; b.Loop(); i++ {
		o := next(scheduler.Event_OFFERS).GetOffers().Offers[0]
		began := time.Now()
		send(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
			OfferIDs: []mesosv1.OfferID{o.ID}, Filters: &mesosv1.Filters{RefuseSeconds: &refuse},
			Operations: []mesosv1.Offer_Operation{{Type: mesosv1.Offer_Operation_LAUNCH, Launch: &mesosv1.Offer_Operation_Launch{TaskInfos: []mesosv1.TaskInfo{{
				Name: "t", TaskID: mesosv1.TaskID{Value: fmt.Sprint("t", i)}, AgentID: o.AgentID, Command: &mesosv1.CommandInfo{Value: &value},
				Resources: []mesosv1.Resource{scalar("cpus", 0.001), scalar("mem", 1)},
			}}}}},
		}})
		for range 2 { // RUNNING, FINISHED
			st := next(scheduler.Event_UPDATE).GetUpdate().GetStatus()
			if st.GetState() == mesosv1.TASK_RUNNING {
				took = append(took, time.Since(began))
			}
			send(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{AgentID: *st.AgentID, TaskID: st.TaskID, UUID: st.UUID}})
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "µs-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "µs-p99")
}
