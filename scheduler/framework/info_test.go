package framework

import (
	"reflect"
	"strings"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/scheduler"
)

// TestInfo: what the master is told, and that the fewest capabilities are asked for.
func TestInfo(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name         string
		options      Options
		capabilities string
		role, roles  string
	}{
		{"plain", Options{}, "PARTITION_AWARE TASK_KILLING_STATE", "", ""},
		{"of everybody", Options{Roles: []string{"*"}}, "PARTITION_AWARE TASK_KILLING_STATE", "", ""},
		{"a role", Options{Roles: []string{"batch"}}, "PARTITION_AWARE TASK_KILLING_STATE", "batch", ""},
		{"a role within a role", Options{Roles: []string{"eng/etl"}}, "PARTITION_AWARE TASK_KILLING_STATE RESERVATION_REFINEMENT", "eng/etl", ""},
		{"roles", Options{Roles: []string{"batch", "*"}}, "PARTITION_AWARE TASK_KILLING_STATE MULTI_ROLE", "", "batch *"},
		{"gpus", Options{GPUs: true}, "PARTITION_AWARE TASK_KILLING_STATE GPU_RESOURCES", "", ""},
	} {
		tt.options.Name, tt.options.User = "hora", "batch"
		info, err := tt.options.Info()
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var can []string
		for _, c := range info.Capabilities {
			can = append(can, c.Type.String())
		}
		if strings.Join(can, " ") != tt.capabilities || tt.role != "" && info.GetRole() != tt.role || (info.Role != nil) != (tt.role != "") || strings.Join(info.Roles, " ") != tt.roles {
			t.Errorf("%s: capabilities %v, role %q, roles %q", tt.name, can, info.GetRole(), info.Roles)
		}
		if _, err := mesos.New(mesos.Config{Framework: info, Detector: mesos.Masters("http://127.0.0.1:1")}); err != nil {
			t.Errorf("%s: the client does not take it: %v", tt.name, err)
		}
	}
	info, err := Options{
		Name: "hora", User: "batch", Principal: "ops", Hostname: "h1", WebUI: "https://hora.example/", FailoverTimeout: time.Hour, NoCheckpoint: true,
		Labels: []job.Variable{{Name: "team", Value: "data"}},
	}.Info()
	if err != nil || info.GetPrincipal() != "ops" || info.GetHostname() != "h1" || info.GetWebUiURL() != "https://hora.example/" || info.GetFailoverTimeout() != 3600 || info.GetCheckpoint() || info.Labels.Labels[0].Key != "team" {
		t.Errorf("%v, %v", info, err)
	}
	if info := Info("a", "b"); info.GetFailoverTimeout() != 604800 || !info.GetCheckpoint() || info.Principal != nil || info.Hostname != nil || info.WebUiURL != nil || info.Labels != nil {
		t.Errorf("by default %v", info)
	}
}

func TestInfoRefused(t *testing.T) {
	t.Parallel()
	ok := Options{Name: "hora", User: "batch"}
	for _, tt := range []struct {
		edit func(*Options)
		want string
	}{
		{func(o *Options) { o.Name = "" }, "no name"},
		{func(o *Options) { o.User = "" }, "no user"},
		{func(o *Options) { o.FailoverTimeout = time.Second }, "failover timeout 1s"},
		{func(o *Options) { o.FailoverTimeout = -time.Hour }, "failover timeout -1h"},
		{func(o *Options) { o.Roles = []string{""} }, `role "": a part of it is empty`},
		{func(o *Options) { o.Roles = []string{"a", "b", "a"} }, `role "a" is given twice`},
		{func(o *Options) { o.Roles = []string{"a/"} }, "empty"},
		{func(o *Options) { o.Roles = []string{"a/../b"} }, `".." is no name`},
		{func(o *Options) { o.Roles = []string{"-a"} }, "dash"},
		{func(o *Options) { o.Roles = []string{"a b"} }, "blank"},
		{func(o *Options) { o.Roles = []string{"a/*"} }, `"*" is no name`},
	} {
		o := ok
		tt.edit(&o)
		if _, err := o.Info(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: %v, want %q", o, err, tt.want)
		}
	}
}

// TestOfferOfReservations: what may be used of what is offered, in every form
// that a resource can have, and that it goes back as it came.
func TestOfferOfReservations(t *testing.T) {
	t.Parallel()
	principal := text("ops")
	with := func(name string, v float64, edit func(*mesosv1.Resource)) mesosv1.Resource {
		r := scalar(name, v)
		edit(&r)
		return r
	}
	allocated := &mesosv1.Resource_AllocationInfo{Role: text("eng/etl")}
	dynamic := mesosv1.Resource_ReservationInfo_DYNAMIC.Enum()
	static := mesosv1.Resource_ReservationInfo_STATIC.Enum()
	list := []mesosv1.Resource{
		with("cpus", 1, func(r *mesosv1.Resource) {}),
		with("cpus", 2, func(r *mesosv1.Resource) { r.Role, r.AllocationInfo = text("*"), allocated }),
		with("cpus", 3, func(r *mesosv1.Resource) { r.Role = text("eng/etl") }),
		with("cpus", 4, func(r *mesosv1.Resource) {
			r.Role, r.Reservation = text("eng"), &mesosv1.Resource_ReservationInfo{Principal: principal, Labels: labels([]job.Variable{{Name: "a", Value: "b"}})}
		}),
		with("cpus", 5, func(r *mesosv1.Resource) {
			r.Reservations = []mesosv1.Resource_ReservationInfo{{Type: static, Role: text("eng")}, {Type: dynamic, Role: text("eng/etl"), Principal: principal}}
			r.AllocationInfo = allocated
		}),
		with("cpus", 100, func(r *mesosv1.Resource) { r.Role = text("engine") }),
		with("cpus", 100, func(r *mesosv1.Resource) { r.Role = text("eng/etl/deeper") }),
		with("cpus", 100, func(r *mesosv1.Resource) {
			r.Reservations = []mesosv1.Resource_ReservationInfo{{Type: static, Role: text("eng")}, {Type: dynamic, Role: text("eng/web")}}
		}),
		with("cpus", 100, func(r *mesosv1.Resource) { r.Revocable = &mesosv1.Resource_RevocableInfo{} }),
		with("disk", 100, func(r *mesosv1.Resource) { r.Shared = &mesosv1.Resource_SharedInfo{} }),
		with("disk", 100, func(r *mesosv1.Resource) { r.ProviderID = &mesosv1.ResourceProviderID{Value: "p"} }),
		with("disk", 100, func(r *mesosv1.Resource) {
			r.Disk = &mesosv1.Resource_DiskInfo{Source: &mesosv1.Resource_DiskInfo_Source{Type: mesosv1.Resource_DiskInfo_Source_MOUNT}}
		}),
		with("gpus", 1.5, func(r *mesosv1.Resource) {}),
		with("mem", 0, func(r *mesosv1.Resource) {}),
		{Name: "vlans", Type: mesosv1.RANGES.Enum(), Ranges: &mesosv1.Value_Ranges{Range: []mesosv1.Value_Range{{Begin: 1, End: 2}}}},
		{Name: "zones", Type: mesosv1.SET.Enum(), Set: &mesosv1.Value_Set{Item: []string{"a"}}},
	}
	message := &mesosv1.Offer{ID: mesosv1.OfferID{Value: "o1"}, AllocationInfo: allocated, Resources: list}
	o := offer(message, []string{"eng/etl"})
	if o.Role != "" {
		t.Errorf("the role of a framework that has but one is %q, want none", o.Role)
	}
	var got []int64
	for i, r := range o.Resources {
		got = append(got, r.Milli)
		back, err := resource(scheduler.Resource{Name: r.Name, Milli: r.Milli, Pool: r.Pool})
		if err != nil {
			t.Fatal(err)
		}
		want := list[i]
		if i == 1 {
			want = list[0] // the master puts * and allocation_info in by itself
			want.Scalar = &mesosv1.Value_Scalar{Value: 2}
		}
		if i < 5 && !back.Equal(want) {
			t.Errorf("resource %d goes back as %v, want %v", i, back, want)
		}
	}
	if want := []int64{1000, 2000, 3000, 4000, 5000, 1000}; !reflect.DeepEqual(got, want) {
		t.Errorf("usable are %v, want %v", got, want)
	}
	if o := offer(message, []string{"*"}); len(o.Resources) != 3 {
		t.Errorf("usable by * are %+v, want cpus twice and gpus", o.Resources)
	}
	if o := offer(message, []string{"eng/etl", "web"}); o.Role != "eng/etl" || len(o.Resources) != 6 {
		t.Errorf("an offer to one of several roles: %q, %+v", o.Role, o.Resources)
	}
	if _, err := resource(scheduler.Resource{Name: "cpus", Pool: "no message"}); err == nil {
		t.Error("a pool that cannot be read is no error")
	}
}

// TestMaintenance: when an agent is to be taken away, and what is answered.
func TestMaintenance(t *testing.T) {
	t.Parallel()
	start := time.Unix(1_800_000_000, 0).UTC()
	away := mesosv1.Unavailability{Start: mesosv1.TimeInfo{Nanoseconds: start.UnixNano()}, Duration: &mesosv1.DurationInfo{Nanoseconds: int64(time.Hour)}}
	want := scheduler.Window{Start: start, End: start.Add(time.Hour)}
	o := offer(&mesosv1.Offer{Unavailability: &away}, nil)
	if o.Unavailable != want {
		t.Errorf("window %v, want %v", o.Unavailable, want)
	}
	ev := Event(&calls.Event{Type: calls.Event_INVERSE_OFFERS, InverseOffers: &calls.Event_InverseOffers{InverseOffers: []mesosv1.InverseOffer{
		{OfferID: mesosv1.OfferID{Value: "i1"}, AgentID: &mesosv1.AgentID{Value: "S1"}, Unavailability: away},
		{OfferID: mesosv1.OfferID{Value: "i2"}, Unavailability: mesosv1.Unavailability{Start: away.Start}},
	}}})
	list := []scheduler.InverseOffer{{ID: "i1", AgentID: "S1", Unavailable: want}, {ID: "i2", Unavailable: scheduler.Window{Start: start}}}
	if got := ev.(scheduler.InverseOffers).Offers; !reflect.DeepEqual(got, list) {
		t.Errorf("inverse offers %+v, want %+v", got, list)
	}
	for _, leave := range []bool{true, false} {
		c, err := Call(scheduler.AnswerInverse{IDs: []string{"i1"}, Leave: leave, Refuse: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		if leave && (c.Type != calls.Call_ACCEPT_INVERSE_OFFERS || *c.AcceptInverseOffers.Filters.RefuseSeconds != 60) || !leave && (c.Type != calls.Call_DECLINE_INVERSE_OFFERS || c.DeclineInverseOffers.InverseOfferIDs[0].Value != "i1") {
			t.Errorf("leave %v is answered by %v", leave, c)
		}
	}
}

// TestPorts: a task is told its ports, in its environment and by the mappings of its container.
func TestPorts(t *testing.T) {
	t.Parallel()
	networks := []job.NetworkInfo{{Name: "net", Labels: []job.Variable{{Name: "a", Value: "b"}}, PortMappings: []job.PortMapping{
		{ContainerPort: 80, Protocol: "tcp"}, {HostPort: 8080, ContainerPort: 81}, {ContainerPort: 82}, {ContainerPort: 83}, {ContainerPort: 84}}}}
	j := &job.Job{Name: "web", Command: "x", Shell: true, Environment: []job.Variable{{Name: "PORT1", Value: "mine"}}, Container: &job.Container{Type: "DOCKER", Image: "i", Network: "BRIDGE", NetworkInfos: networks, NetworkName: "net"}}
	l := launch(j, &scheduler.Run{})
	l.Resources = append(l.Resources,
		scheduler.Resource{Name: "ports", Ports: []scheduler.PortRange{{Begin: 31005, End: 31005}}, Pool: ""},
		scheduler.Resource{Name: "ports", Ports: []scheduler.PortRange{{Begin: 31010, End: 31011}}})
	info, err := taskInfo(l)
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for _, v := range info.Command.Environment.Variables {
		env[v.Name] = *v.Value
	}
	for name, want := range map[string]string{"PORT": "31005", "PORT0": "31005", "PORT1": "mine", "PORT2": "31011", "PORTS": "31005,31010,31011"} {
		if env[name] != want {
			t.Errorf("%s is %q, want %q", name, env[name], want)
		}
	}
	tcp := "tcp"
	want := []mesosv1.ContainerInfo_DockerInfo_PortMapping{{HostPort: 31005, ContainerPort: 80, Protocol: &tcp}, {HostPort: 31010, ContainerPort: 82}, {HostPort: 31011, ContainerPort: 83}}
	if got := info.Container.Docker.PortMappings; !reflect.DeepEqual(got, want) {
		t.Errorf("mappings %v, want %v", got, want)
	}
	if n := info.Container.NetworkInfos; len(n) != 1 || *n[0].Name != "net" || n[0].Labels.Labels[0].Key != "a" || n[0].PortMappings != nil {
		t.Errorf("networks %v", n)
	}
	j.Container.Network = "HOST"
	if c := containerInfo(j.Container, ports(l)); c.Docker.PortMappings != nil {
		t.Errorf("mappings on the host's network: %v", c.Docker.PortMappings)
	}
	j.Container.Type = "MESOS"
	if c := containerInfo(j.Container, ports(l)); len(c.NetworkInfos[0].PortMappings) != 3 || c.NetworkInfos[0].PortMappings[2].HostPort != 31011 {
		t.Errorf("mappings of a Mesos container: %v", c.NetworkInfos)
	}
	for _, v := range environment(launch(j, &scheduler.Run{})).Variables {
		if strings.HasPrefix(v.Name, "PORTS") || v.Name == "PORT" {
			t.Errorf("a task without ports has %s", v.Name)
		}
	}
}

// TestComplete: a custom executor names its framework, and every task its grace.
func TestComplete(t *testing.T) {
	t.Parallel()
	j := &job.Job{Name: "x", Command: "run", Executor: "/bin/executor", ExecutorFlags: "-v", RunAsUser: "etl", URIs: []string{"http://a"}}
	call, err := Call(scheduler.Accept{OfferIDs: []string{"o1"}, Launches: []scheduler.Launch{launch(j, &scheduler.Run{}), launch(&job.Job{Name: "y", Command: "x", Shell: true}, &scheduler.Run{})}})
	if err != nil {
		t.Fatal(err)
	}
	f := New(mesos.Config{Framework: Info("hora", "root")})
	f.Grace = 30 * time.Second
	f.complete(call, "F1")
	tasks := call.Accept.Operations[0].Launch.TaskInfos
	x := tasks[0].Executor
	if x.FrameworkID.Value != "F1" || x.ExecutorID.Value != tasks[0].TaskID.Value || *x.Command.Value != "/bin/executor" || *x.Command.User != "etl" || string(tasks[0].Data) != "-v|run" || tasks[0].Command != nil {
		t.Errorf("executor %v, data %q", x, tasks[0].Data)
	}
	for _, info := range tasks {
		if info.KillPolicy.GetGracePeriod().GetNanoseconds() != int64(30*time.Second) {
			t.Errorf("kill policy %v", info.KillPolicy)
		}
	}
	f.Grace = 0
	f.complete(call, "F1")
}
