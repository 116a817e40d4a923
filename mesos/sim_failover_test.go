package mesos_test

import (
	"context"
	"errors"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
)

// witness tells of everything that happens.
type witness struct {
	session *mesos.Session
	events  chan *scheduler.Event
	states  chan string
}

func newWitness() *witness {
	return &witness{events: make(chan *scheduler.Event, 1000), states: make(chan string, 1000)}
}

// Subscribed implements mesos.Handler.
func (w *witness) Subscribed(s *mesos.Session, _ *scheduler.Event_Subscribed) {
	w.session = s
	w.states <- s.Master() + " " + s.FrameworkID()
}

// Event implements mesos.Handler.
func (w *witness) Event(ev *scheduler.Event) { w.events <- ev }

// Disconnected implements mesos.Handler.
func (w *witness) Disconnected(error) { w.states <- "disconnected" }

func (w *witness) next(t *testing.T) string {
	t.Helper()
	select {
	case s := <-w.states:
		return s
	case <-time.After(time.Minute):
		t.Fatal("nothing happens")
		return ""
	}
}

func (w *witness) event(t *testing.T, kind scheduler.Event_Type) *scheduler.Event {
	t.Helper()
	for {
		select {
		case ev := <-w.events:
			if ev.Type == kind {
				return ev
			}
		case <-time.After(time.Minute):
			t.Fatalf("no %s comes", kind)
		}
	}
}

func simulated(t testing.TB, c cluster.Config) *cluster.Cluster {
	t.Helper()
	c.Instant, c.WorkDir = true, t.TempDir()
	sim, err := cluster.Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { sim.Close() })
	return sim
}

// running runs a framework and returns what ends it.
func running(t *testing.T, d mesos.Detector, w *witness) (stop func()) {
	t.Helper()
	timeout, checkpoint := 600.0, true
	config := mesos.Config{
		Detector: d, Backoff: mesos.Backoff{Min: 20 * time.Millisecond, Max: 50 * time.Millisecond},
		Framework: mesosv1.FrameworkInfo{User: "root", Name: "t", FailoverTimeout: &timeout, Checkpoint: &checkpoint, Capabilities: []mesosv1.FrameworkInfo_Capability{
			{Type: mesosv1.FrameworkInfo_Capability_PARTITION_AWARE}, {Type: mesosv1.FrameworkInfo_Capability_TASK_KILLING_STATE},
		}},
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- mesos.Run(ctx, config, "", w) }()
	return func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run returned %v", err)
		}
	}
}

// TestMasterFailover holds that a framework that knows all masters or only one
// goes from leader to leader with one id, and is offered everything again.
func TestMasterFailover(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.0", "1.4", "1.11"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			sim := simulated(t, cluster.Config{Version: version, Masters: 3, AllocationInterval: 20 * time.Millisecond})
			urls := sim.MasterURLs()
			w := newWitness()
			defer running(t, mesos.Masters(urls[2], urls[1], urls[0]), w)() // the last one leads
			id := ""
			for i := range 3 {
				at := w.next(t)
				if id == "" {
					id = at[len(urls[0])+1:]
				}
				if want := urls[i] + " " + id; at != want {
					t.Fatalf("subscribed as %s, want %s", at, want)
				}
				if v := w.session.Version(); version != v.String()[:len(version)] && version != "1.0" {
					t.Errorf("version %s, want %s", v, version)
				}
				if n := len(w.event(t, scheduler.Event_OFFERS).GetOffers().Offers); n != 1 {
					t.Errorf("%d offers", n)
				}
				if err := w.session.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_SUPPRESS}); err != nil {
					t.Error(err)
				}
				if i < 2 {
					sim.Faults().KillMaster(i)
					if s := w.next(t); s != "disconnected" {
						t.Fatal(s)
					}
				}
			}
		})
	}
}

// TestMischief holds that the client lives through what a wire and a master of
// another age may send.
func TestMischief(t *testing.T) {
	t.Parallel()
	sim := simulated(t, cluster.Config{AllocationInterval: 20 * time.Millisecond})
	sim.Faults().Chunks(3)
	w := newWitness()
	defer running(t, mesos.Masters(sim.MasterURL()), w)()
	id := w.next(t)[len(sim.MasterURL())+1:]
	w.event(t, scheduler.Event_OFFERS)
	state, reason := mesosv1.TaskState(77), mesosv1.TaskStatus_Reason(777)
	for _, ev := range []*scheduler.Event{
		{Type: 99},
		{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesosv1.TaskStatus{TaskID: mesosv1.TaskID{Value: "t"}, State: &state, Reason: &reason}}},
	} {
		if !sim.Faults().Inject(id, ev) {
			t.Fatal("no stream")
		}
	}
	if st := w.event(t, scheduler.Event_UPDATE).GetUpdate().GetStatus(); st.GetState() != state || st.GetReason() != reason {
		t.Errorf("got %v", st)
	}
	sim.Faults().BreakStream(id, true)
	for _, want := range []string{"disconnected", sim.MasterURL() + " " + id} {
		if got := w.next(t); got != want {
			t.Errorf("after the stream was cut: %s, want %s", got, want)
		}
	}
	sim.Faults().RestartMaster()
	for _, want := range []string{"disconnected", sim.MasterURL() + " " + id} {
		if got := w.next(t); got != want {
			t.Errorf("after the master's restart: %s, want %s", got, want)
		}
	}
}
