package mesossim

import (
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// agentWith adds an agent with these resources.
func (w *world) agentWith(resources string) {
	w.t.Helper()
	list, err := ParseResources(resources)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.m.AddAgent(w.now, AgentSpec{Hostname: "agent", Resources: list}); err != nil {
		w.t.Fatal(err)
	}
	w.pump()
}

// offered prints what is offered, in the words of ParseResources.
func (w *world) offered() string {
	var out []string
	for _, o := range w.offers {
		for _, r := range o.Resources {
			s := r.Name
			if len(r.Reservations) > 0 {
				s += " for"
				for _, x := range r.Reservations {
					s += " " + x.GetType().String() + " " + x.GetRole()
				}
			} else if r.Role != nil && *r.Role != "*" {
				s += " for " + *r.Role
			}
			if r.Reservation != nil {
				s += " by " + r.Reservation.GetPrincipal()
			}
			if r.Disk != nil {
				s += " on " + r.Disk.Source.Mount.GetRoot()
			}
			if r.Revocable != nil {
				s += " revocable"
			}
			out = append(out, s)
		}
	}
	return strings.Join(out, ", ")
}

const reserved = "cpus:1;cpus(eng):1;cpus(eng,ops):1;cpus(eng>eng/etl,ops):1;cpus(web):1;cpus{REV}:1;mem:512;disk(eng)[MOUNT:/data]:100"

// TestReservations: who is offered what, and in which form (contract 2.10, 4.6).
func TestReservations(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		profile Profile
		role    string
		caps    []mesos.FrameworkInfo_Capability_Type
		want    string
	}{
		{"nobody's", Mesos1_11, "*", nil, "cpus, mem"},
		{"old form", Mesos1_3, "eng", nil, "cpus, cpus for eng, cpus for eng by ops, mem, disk for eng on /data"},
		{"a role within the role", Mesos1_11, "eng/etl", nil, "cpus, cpus for eng, cpus for eng by ops, mem, disk for eng on /data"},
		{"refined", Mesos1_11, "eng/etl", []mesos.FrameworkInfo_Capability_Type{mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT},
			"cpus, cpus for STATIC eng, cpus for DYNAMIC eng, cpus for STATIC eng DYNAMIC eng/etl, mem, disk for STATIC eng on /data"},
		{"revocable", Mesos1_11, "web", []mesos.FrameworkInfo_Capability_Type{mesos.FrameworkInfo_Capability_REVOCABLE_RESOURCES}, "cpus, cpus for web, cpus revocable, mem"},
	} {
		w := newWorld(t, Options{Profile: tt.profile}, 0)
		w.agentWith(reserved)
		info := framework1(tt.caps...)
		info.Role = &tt.role
		w.subscribe(info)
		if got := w.offered(); got != tt.want {
			t.Errorf("%s: offered are %s, want %s", tt.name, got, tt.want)
			continue
		}
		// All of it goes back as it came, and nothing that is not the same.
		o := w.offers[0]
		task := taskInfo("a", o.AgentID.Value, 0, 0)
		task.Resources = o.Resources
		w.accept(0, []mesos.OfferID{o.ID}, task)
		if len(w.order) != 1 {
			t.Errorf("%s: a task with all of it is not launched: %s", tt.name, w.updates())
		}
	}
	w := newWorld(t, Options{Profile: Mesos1_11}, 0)
	w.agentWith(reserved)
	info, role := framework1(), "eng"
	info.Role = &role
	w.subscribe(info)
	o := w.offers[0]
	task := taskInfo("a", o.AgentID.Value, 2, 128)
	w.accept(0, []mesos.OfferID{o.ID}, task)
	st := w.updates()
	if len(st) != 1 || !strings.Contains(st[0].GetMessage(), "more than available cpus(allocated: eng):1; cpus(allocated: eng)(reservations: [(STATIC,eng)]):1; cpus(allocated: eng)(reservations: [(DYNAMIC,eng,ops)]):1") {
		t.Errorf("unreserved cpus out of reserved ones: %v", st)
	}
}

// TestGPUs: agents with gpus are offered to those only who can use them.
func TestGPUs(t *testing.T) {
	t.Parallel()
	for _, can := range []bool{true, false} {
		w := newWorld(t, Options{Profile: Mesos1_3}, 0)
		w.agentWith("cpus:4;mem:4096;gpus:2")
		info := framework1()
		if can {
			info = framework1(mesos.FrameworkInfo_Capability_GPU_RESOURCES)
		}
		w.subscribe(info)
		if got := w.offered(); can && got != "cpus, mem, gpus" || !can && got != "" {
			t.Errorf("with the capability %v: %q", can, got)
		}
	}
}

// TestDraining: an agent that is to be empty (contract 3.6).
func TestDraining(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Profile: Mesos1_11}, 1)
	w.subscribe(framework1(mesos.FrameworkInfo_Capability_TASK_KILLING_STATE))
	c := w.launch("a")
	w.m.Started(w.now, c, 1)
	w.advance(2e9)
	for _, st := range w.updates() {
		w.ack(st)
	}
	for _, st := range w.updates() {
		w.ack(st)
	}
	w.m.AgentDrains(w.now, 0)
	w.pump()
	w.m.Exited(w.now, c, Exit{Signal: "Terminated"})
	w.pump()
	for _, want := range []string{"TASK_KILLING", "TASK_KILLED"} {
		st := w.updates()
		if len(st) != 1 || st[0].State.String() != want || st[0].GetReason() != mesos.REASON_AGENT_DRAINING {
			t.Fatalf("%v, want %s by draining", st, want)
		}
		w.ack(st[0])
	}
	w.advance(5e9)
	if len(w.offers) != 0 {
		t.Errorf("a drained agent is offered: %v", w.offers)
	}
	w.m.AgentReactivates(w.now, 0)
	w.pump()
	if len(w.offers) != 1 {
		t.Error("an agent that was reactivated is not offered")
	}
}

func TestTaskGroupIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Profile: Mesos1_11}, 1)
	w.subscribe(framework1())
	o := w.offers[0]
	w.call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{OfferIDs: []mesos.OfferID{o.ID}, Operations: []mesos.Offer_Operation{{
		Type:        mesos.Offer_Operation_LAUNCH_GROUP,
		LaunchGroup: &mesos.Offer_Operation_LaunchGroup{TaskGroup: mesos.TaskGroupInfo{Tasks: []mesos.TaskInfo{taskInfo("a", o.AgentID.Value, 1, 32), taskInfo("b", o.AgentID.Value, 1, 32)}}},
	}}}})
	st := w.updates()
	if len(st) != 2 || st[1].GetReason() != mesos.REASON_TASK_GROUP_INVALID {
		t.Errorf("%v, want both refused", st)
	}
}

func TestRemoveFramework(t *testing.T) {
	t.Parallel()
	w := newWorld(t, Options{Profile: Mesos1_11}, 1)
	w.subscribe(framework1())
	w.m.RemoveFramework(w.now, w.fid.Value)
	w.pump()
	if w.ended != Finished {
		t.Error("the stream goes on")
	}
	w.subscribe(framework1())
	if len(w.events) != 1 || w.events[0].GetError().GetMessage() != "Framework has been removed" {
		t.Errorf("%v", w.events)
	}
}

func TestParseResourcesRefuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"cpus", ":4", "cpus:x", "cpus:-1", "ports:[5-4]", "ports:[1-2", "cpus(a:1", "cpus[X]:1"} {
		if list, err := ParseResources(text); err == nil {
			t.Errorf("%q is taken as %v", text, list)
		}
	}
}
