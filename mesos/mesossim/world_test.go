package mesossim

import (
	"fmt"
	"strings"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

var epoch = time.Unix(1_700_000_000, 0).UTC()

// world is a model with a plain framework and executors that a test drives.
type world struct {
	t      testing.TB
	m      *Model
	now    time.Time
	stream string
	fid    *mesos.FrameworkID
	offers []mesos.Offer
	events []*scheduler.Event // of the current stream, not yet looked at
	ended  Ending
	trace  []string
	live   map[string]*LaunchSpec // launched, by container
	order  []string
}

func newWorld(t testing.TB, o Options, agents int) *world {
	w := &world{t: t, now: epoch, m: New(epoch, o), live: map[string]*LaunchSpec{}}
	resources, err := ParseResources("cpus:4;mem:4096;disk:10000;ports:[31000-31999]")
	if err != nil {
		t.Fatal(err)
	}
	for i := range agents {
		if _, err := w.m.AddAgent(w.now, AgentSpec{Hostname: fmt.Sprintf("agent%d", i+1), Port: 5051 + i, Resources: resources}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func framework1(caps ...mesos.FrameworkInfo_Capability_Type) *mesos.FrameworkInfo {
	timeout, checkpoint := 3600.0, true
	info := &mesos.FrameworkInfo{User: "u", Name: "f", FailoverTimeout: &timeout, Checkpoint: &checkpoint}
	for _, c := range caps {
		info.Capabilities = append(info.Capabilities, mesos.FrameworkInfo_Capability{Type: c})
	}
	return info
}

func (w *world) subscribe(info *mesos.FrameworkInfo) {
	info.ID = w.fid
	w.events, w.offers, w.ended = nil, nil, Open
	w.stream = w.m.Subscribe(w.now, &scheduler.Call{
		Type: scheduler.Call_SUBSCRIBE, FrameworkID: w.fid, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info},
	}, "")
	w.pump()
}

// pump takes what the model gave out.
func (w *world) pump() {
	for _, d := range w.m.Drain() {
		if d.Event != nil {
			raw, err := d.Event.Marshal()
			if err != nil {
				w.t.Fatalf("event %v: %v", d.Event, err)
			}
			w.trace = append(w.trace, fmt.Sprintf("%v %s %x", w.now.Sub(epoch), d.Stream, raw))
		}
		if d.Stream != w.stream {
			continue
		}
		if d.End != Open {
			w.ended = d.End
		}
		if d.Event == nil {
			continue
		}
		w.events = append(w.events, d.Event)
		switch d.Event.Type {
		case scheduler.Event_SUBSCRIBED:
			w.fid = d.Event.Subscribed.FrameworkID
		case scheduler.Event_OFFERS:
			w.offers = append(w.offers, d.Event.Offers.Offers...)
		case scheduler.Event_RESCIND:
			for i, o := range w.offers {
				if o.ID == d.Event.Rescind.OfferID {
					w.offers = append(w.offers[:i:i], w.offers[i+1:]...)
					break
				}
			}
		}
	}
	for _, c := range w.m.Commands() {
		w.trace = append(w.trace, fmt.Sprintf("%v command %d %s %v", w.now.Sub(epoch), c.Kind, c.ContainerID, c.Grace))
		switch c.Kind {
		case Launch:
			w.live[c.ContainerID] = c.Launch
			w.order = append(w.order, c.ContainerID)
		case Destroy:
			delete(w.live, c.ContainerID)
		}
	}
}

func (w *world) advance(d time.Duration) {
	end := w.now.Add(d)
	for {
		next := w.m.Next()
		if next.IsZero() || next.After(end) {
			break
		}
		w.now = next
		w.m.Advance(next)
		w.pump()
	}
	w.now = end
	w.m.Advance(end)
	w.pump()
}

func (w *world) call(c *scheduler.Call) {
	w.t.Helper()
	c.FrameworkID = w.fid
	if r := w.m.Validate(c, true, ""); r != nil {
		w.t.Fatalf("%s: %v", c.Type, r)
	}
	if r := w.m.Admit(c, w.stream, ""); r != nil {
		w.t.Fatalf("%s: %v", c.Type, r)
	}
	if r := w.m.Call(w.now, c); r != nil {
		w.t.Fatalf("%s: %v", c.Type, r)
	}
	w.pump()
}

func taskInfo(id, agent string, cpus, mem float64) mesos.TaskInfo {
	command := "true"
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, AgentID: mesos.AgentID{Value: agent},
		Command: &mesos.CommandInfo{Value: &command},
		Resources: []mesos.Resource{
			{Name: "cpus", Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: cpus}},
			{Name: "mem", Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: mem}},
		},
	}
}

func (w *world) accept(refuse float64, offers []mesos.OfferID, tasks ...mesos.TaskInfo) {
	w.t.Helper()
	w.call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
		OfferIDs: offers, Filters: &mesos.Filters{RefuseSeconds: &refuse},
		Operations: []mesos.Offer_Operation{{Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{TaskInfos: tasks}}},
	}})
}

// launch starts a task on the oldest offer and returns its container.
func (w *world) launch(id string) string {
	w.t.Helper()
	if len(w.offers) == 0 {
		w.t.Fatal("no offer")
	}
	o := w.offers[0]
	w.offers = w.offers[1:]
	before := len(w.order)
	w.accept(0, []mesos.OfferID{o.ID}, taskInfo(id, o.AgentID.Value, 0.1, 32))
	if len(w.order) == before {
		w.t.Fatalf("task %s was not launched: %v", id, w.events)
	}
	return w.order[before]
}

// updates returns the statuses since the last call, and forgets other events.
func (w *world) updates() []*mesos.TaskStatus {
	var out []*mesos.TaskStatus
	for _, ev := range w.events {
		if ev.Update != nil {
			out = append(out, &ev.Update.Status)
		}
	}
	w.events = nil
	return out
}

func (w *world) states() string {
	var out []string
	for _, st := range w.updates() {
		out = append(out, st.State.String())
	}
	return strings.Join(out, " ")
}

func (w *world) ack(st *mesos.TaskStatus) {
	w.call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
		AgentID: *st.AgentID, TaskID: st.TaskID, UUID: st.UUID,
	}})
}

func (w *world) reconcile(tasks ...scheduler.Call_Reconcile_Task) {
	w.call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{Tasks: tasks}})
}

func ask(id, agent string) scheduler.Call_Reconcile_Task {
	t := scheduler.Call_Reconcile_Task{TaskID: mesos.TaskID{Value: id}}
	if agent != "" {
		t.AgentID = &mesos.AgentID{Value: agent}
	}
	return t
}

func (w *world) expect(what, want string) {
	w.t.Helper()
	if got := w.states(); got != want {
		w.t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
