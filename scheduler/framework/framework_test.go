package framework

import (
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

func scalar(name string, v float64) mesosv1.Resource {
	return mesosv1.Resource{Name: name, Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: v}}
}

// TestOffer: what placement needs of an offer, and that reserved resources go
// back to Mesos as they came.
func TestOffer(t *testing.T) {
	t.Parallel()
	role := "batch"
	reserved := scalar("cpus", 2)
	reserved.Role = &role
	reserved.Reservation = &mesosv1.Resource_ReservationInfo{Principal: text("ops")}
	revocable := scalar("cpus", 8)
	revocable.Revocable = &mesosv1.Resource_RevocableInfo{}
	volume := scalar("disk", 100)
	volume.Disk = &mesosv1.Resource_DiskInfo{}
	ports := mesosv1.Resource{Name: "ports", Type: mesosv1.RANGES.Enum(), Ranges: &mesosv1.Value_Ranges{Range: []mesosv1.Value_Range{{Begin: 31000, End: 31999}}}}
	ev := Event(&calls.Event{Type: calls.Event_OFFERS, Offers: &calls.Event_Offers{Offers: []mesosv1.Offer{{
		ID: mesosv1.OfferID{Value: "o1"}, AgentID: mesosv1.AgentID{Value: "S1"}, Hostname: "node1",
		Resources:  []mesosv1.Resource{scalar("cpus", 1.5), reserved, revocable, volume, scalar("mem", 4096), ports},
		Attributes: []mesosv1.Attribute{{Name: "rack", Type: mesosv1.SCALAR, Scalar: &mesosv1.Value_Scalar{Value: 1}}, {Name: "group", Type: mesosv1.TEXT, Text: &mesosv1.Value_Text{Value: "a"}}},
	}}}}, "batch")
	o := ev.(scheduler.Offers).Offers[0]
	if len(o.Resources) != 4 || o.Resources[0].Milli != 1500 || o.Resources[0].Pool != "" || o.Resources[1].Pool == "" || o.Resources[3].Ports[0].End != 31999 {
		t.Errorf("resources %+v, want cpus, reserved cpus, mem and ports: nothing revocable, no volume", o.Resources)
	}
	if want := []job.Attribute{{Name: "rack", Kind: job.ScalarAttribute, Scalar: 1}, {Name: "group", Text: "a"}}; !reflect.DeepEqual(o.Attributes, want) {
		t.Errorf("attributes %+v, want %+v", o.Attributes, want)
	}
	back, err := resource(scheduler.Resource{Name: "cpus", Milli: 250, Pool: o.Resources[1].Pool})
	if err != nil {
		t.Fatal(err)
	}
	want := reserved
	want.Scalar = &mesosv1.Value_Scalar{Value: .25}
	if !back.Equal(want) {
		t.Errorf("a part of the reserved cpus is %v, want %v", back, want)
	}
	if back, err := resource(scheduler.Resource{Name: "ports", Ports: []scheduler.PortRange{{Begin: 31000, End: 31001}}}); err != nil || back.Ranges.Range[0].End != 31001 {
		t.Errorf("ports: %v, %v", back, err)
	}
}

func TestStatus(t *testing.T) {
	t.Parallel()
	for _, state := range []mesosv1.TaskState{
		mesosv1.TASK_STAGING, mesosv1.TASK_STARTING, mesosv1.TASK_RUNNING, mesosv1.TASK_KILLING, mesosv1.TASK_FINISHED, mesosv1.TASK_FAILED, mesosv1.TASK_KILLED,
		mesosv1.TASK_ERROR, mesosv1.TASK_LOST, mesosv1.TASK_DROPPED, mesosv1.TASK_UNREACHABLE, mesosv1.TASK_GONE, mesosv1.TASK_GONE_BY_OPERATOR, mesosv1.TASK_UNKNOWN,
	} {
		reason := mesosv1.REASON_AGENT_REMOVED
		st := mesosv1.TaskStatus{TaskID: mesosv1.TaskID{Value: "t"}, State: &state, Reason: &reason, Message: text("m"), UUID: []byte("0123456789abcdef"), AgentID: &mesosv1.AgentID{Value: "S1"}}
		ev := Event(&calls.Event{Type: calls.Event_UPDATE, Update: &calls.Event_Update{Status: st}})
		got := ev.(scheduler.Update).Status
		want := scheduler.Status{TaskID: "t", AgentID: "S1", State: scheduler.ParseTaskState(state.String()), Reason: "REASON_AGENT_REMOVED", Message: "m", UUID: "0123456789abcdef"}
		if got != want || got.State.String() != state.String() {
			t.Errorf("%s: %+v, want %+v", state, got, want)
		}
	}
	later := mesosv1.TaskState(99)
	if st := status(&mesosv1.TaskStatus{State: &later}); st.State != scheduler.TaskStaging {
		t.Errorf("a state of a later version is %s, want one in which the task lives", st.State)
	}
}

func launch(j *job.Job, r *scheduler.Run) scheduler.Launch {
	return scheduler.Launch{
		TaskID: "ct:1767225600000:1:etl:1-0", Run: r, Job: j, Hostname: "node1", AgentID: "S1", Attempt: 1, Slot: time.UnixMilli(1767225600000),
		Resources: []scheduler.Resource{{Name: "cpus", Milli: 100}},
	}
}

func TestEnvironment(t *testing.T) {
	t.Parallel()
	j := &job.Job{Name: "etl", Owner: "a@b", CPUs: .1, Mem: 128, Disk: 256, Environment: []job.Variable{{Name: "X", Value: "1"}, {Name: "HOST", Value: "mine"}, {Name: "X", Value: "2"}, {Name: "DAY", Value: "today"}}}
	l := launch(j, &scheduler.Run{Override: true, Environment: []job.Variable{{Name: "DAY", Value: "2026-01-01"}}})
	got := map[string]string{}
	for _, v := range environment(l).Variables {
		if _, twice := got[v.Name]; twice {
			t.Errorf("%s is set twice", v.Name)
		}
		got[v.Name] = *v.Value
	}
	want := map[string]string{
		"mesos_task_id": l.TaskID, "MESOS_TASK_ID": l.TaskID, "CHRONOS_JOB_OWNER": "a@b", "CHRONOS_JOB_NAME": "etl", "HOST": "node1",
		"CHRONOS_RESOURCE_MEM": "128.0", "CHRONOS_RESOURCE_CPU": "0.1", "CHRONOS_RESOURCE_DISK": "256.0",
		"CHRONOS_JOB_RUN_TIME": "1767225600000", "CHRONOS_JOB_RUN_ATTEMPT": "1", "X": "1", "DAY": "2026-01-01",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("environment %v, want %v", got, want)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	hand := func(args ...string) *scheduler.Run { return &scheduler.Run{Override: true, Arguments: args} }
	for _, tt := range []struct {
		name      string
		job       job.Job
		run       *scheduler.Run
		value     string
		arguments string
		uri       string
	}{
		{"plain", job.Job{Command: "echo hi", Shell: true}, &scheduler.Run{}, "echo hi", "", ""},
		{"arguments of the job", job.Job{Command: "echo", Shell: true, Arguments: []string{"$HOME", "b"}}, &scheduler.Run{}, "echo $HOME b", "", ""},
		{"by hand instead", job.Job{Command: "echo", Shell: true, Arguments: []string{"a"}}, hand("--day 2026-01-01"), "echo --day 2026-01-01", "", ""},
		{"by hand, quoted", job.Job{Command: "echo", Shell: true}, hand("a; rm -rf $HOME `id`"), "echo 'a;' rm -rf '$HOME' '`id`'", "", ""},
		{"by hand, with quotes", job.Job{Command: "echo", Shell: true}, hand(`p "q r" 's  t' u\ v "" "x\"y\z" it's`), `echo p 'q r' 's  t' 'u v' '' 'x"y\z' 'it'\''s'`, "", ""},
		{"no shell", job.Job{Command: "/bin/echo", Arguments: []string{"echo", "a b"}}, &scheduler.Run{}, "/bin/echo", "echo|a b", ""},
		{"no shell, by hand", job.Job{Command: "/bin/echo", Arguments: []string{"echo", "a"}}, hand("x y"), "/bin/echo", "echo|x|y", ""},
		{"no shell, by hand, no argv[0]", job.Job{Command: "/bin/echo"}, hand("x"), "/bin/echo", "/bin/echo|x", ""},
		{"an address", job.Job{Command: "http://repo/run.sh", Shell: true, URIs: []string{"http://other"}}, &scheduler.Run{}, `"./run.sh"`, "", "http://repo/run.sh"},
		{"like an address", job.Job{Command: "httpie http://x", Shell: true}, &scheduler.Run{}, "httpie http://x", "", ""},
		{"uris", job.Job{Command: "x", Shell: true, URIs: []string{"http://a", "http://b"}, Fetch: []job.Fetch{{URI: "http://b", Extract: true}}}, &scheduler.Run{}, "x", "", "http://b http://a"},
	} {
		c := command(launch(&tt.job, tt.run))
		var addresses []string
		for _, u := range c.URIs {
			addresses = append(addresses, u.Value)
		}
		if *c.Value != tt.value || strings.Join(c.Arguments, "|") != tt.arguments || strings.Join(addresses, " ") != tt.uri {
			t.Errorf("%s: %q %q %q, want %q %q %q", tt.name, *c.Value, c.Arguments, addresses, tt.value, tt.arguments, tt.uri)
		}
	}
}

// TestQuote lets a shell say what a quoted word is.
func TestQuote(t *testing.T) {
	t.Parallel()
	for _, word := range []string{"a", "", "a'b", "$(id)", "`id`", "a\"b", "\\", "*", "~", "a;b", "$HOME", "-n"} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s "+quote(word)).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q is quoted %s, which is %q to a shell (%v)", word, quote(word), out, err)
		}
	}
}

func TestContainer(t *testing.T) {
	t.Parallel()
	c := &job.Container{
		Type: "DOCKER", Image: "alpine:3", Network: "BRIDGE", ForcePullImage: true, Parameters: []job.Variable{{Name: "ulimit", Value: "nofile=1024"}},
		Volumes: []job.Volume{{ContainerPath: "/c", HostPath: "/h", Mode: "RO"}, {ContainerPath: "/e", External: &job.ExternalVolume{Name: "v", Provider: "rexray", Options: []job.Variable{{Name: "a", Value: "b"}}}}},
	}
	info, err := taskInfo(launch(&job.Job{Name: "etl", Command: "x", Shell: true, Container: c, RunAsUser: "etl"}, &scheduler.Run{}))
	if err != nil {
		t.Fatal(err)
	}
	d := info.Container.Docker
	if *info.Container.Type != mesosv1.ContainerInfo_DOCKER || d.Image != "alpine:3" || *d.Network != mesosv1.ContainerInfo_DockerInfo_BRIDGE || !*d.ForcePullImage || d.Parameters[0].Key != "ulimit" {
		t.Errorf("docker %v", info.Container)
	}
	if v := info.Container.Volumes; *v[0].Mode != mesosv1.RO || *v[0].HostPath != "/h" || v[1].Source.DockerVolume.Name != "v" || *v[1].Source.DockerVolume.Driver != "rexray" {
		t.Errorf("volumes %v", v)
	}
	if *info.Command.User != "etl" || info.Name != "ChronosTask:etl" {
		t.Errorf("task %v", info)
	}
	c.Type, c.ForcePullImage = "MESOS", false
	if m := containerInfo(c, nil).Mesos; m.Image.Docker.Name != "alpine:3" || !*m.Image.Cached {
		t.Errorf("mesos %v", m)
	}
}

// TestCalls: every effect becomes a call that can be sent.
func TestCalls(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		effect scheduler.Effect
		want   calls.Call_Type
	}{
		{scheduler.Accept{OfferIDs: []string{"o1", "o2"}, AgentID: "S1", Launches: []scheduler.Launch{launch(&job.Job{Name: "etl", Command: "x", Shell: true}, &scheduler.Run{})}}, calls.Call_ACCEPT},
		{scheduler.Decline{OfferIDs: []string{"o1"}, Refuse: time.Hour}, calls.Call_DECLINE},
		{scheduler.Acknowledge{AgentID: "S1", TaskID: "t", UUID: "0123456789abcdef"}, calls.Call_ACKNOWLEDGE},
		{scheduler.KillTask{TaskID: "t", AgentID: "S1"}, calls.Call_KILL},
		{scheduler.Reconcile{}, calls.Call_RECONCILE},
		{scheduler.Reconcile{Tasks: []scheduler.TaskRef{{TaskID: "t", AgentID: "S1"}, {TaskID: "u"}}}, calls.Call_RECONCILE},
		{scheduler.Suppress{}, calls.Call_SUPPRESS},
		{scheduler.Revive{}, calls.Call_REVIVE},
	} {
		c, err := Call(tt.effect)
		if err != nil || c.Type != tt.want {
			t.Errorf("%T: %v, %v", tt.effect, c, err)
			continue
		}
		bytes, err := c.Marshal()
		var back calls.Call
		if err == nil {
			err = back.Unmarshal(bytes)
		}
		if err != nil || !back.Equal(c) {
			t.Errorf("%T is sent as %v (%v), want %v", tt.effect, back, err, c)
		}
	}
	if c, _ := Call(scheduler.Decline{Refuse: 90 * time.Second}); *c.Decline.Filters.RefuseSeconds != 90 {
		t.Errorf("refuse %v, want 90 s", *c.Decline.Filters.RefuseSeconds)
	}
	if (&Framework{}).Perform(t.Context(), scheduler.Revive{}) == nil {
		t.Error("a call without a session is no error")
	}
}
