package cluster

import (
	"net/http"
	"slices"
	"sort"
	"strconv"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// Of the build: the same for all profiles, as in the recordings.
const (
	buildDate = "2026-01-01 00:00:00"
	buildTime = 1767225600.0
	buildUser = "root"
)

func (h *handler) masterRoutes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/scheduler", h.scheduler)
	read := func(path string, f func(d *document, v *mesossim.MasterView, r *http.Request)) {
		serve := func(w http.ResponseWriter, r *http.Request) {
			if h.mode.answered(w, r, "/master"+path) {
				return
			}
			var v mesossim.MasterView
			h.core.view(func(m *mesossim.Model) { v = m.Master() })
			d := &document{}
			f(d, &v, r)
			d.write(w, r)
		}
		mux.HandleFunc(path, serve)
		mux.HandleFunc("/master"+path, serve)
	}
	mux.HandleFunc("/master/api/v1/scheduler", h.scheduler)
	// What lies below is served alike (OBSERVATIONS 2.5).
	mux.HandleFunc("/api/v1/scheduler/{rest}", h.scheduler)
	read("/state", h.state)
	read("/slaves", func(d *document, v *mesossim.MasterView, r *http.Request) {
		if id := r.URL.Query().Get("slave_id"); id != "" && h.profile >= mesossim.Mesos1_4 {
			v.Agents = slices.DeleteFunc(v.Agents, func(a mesossim.AgentView) bool { return a.ID != id })
		}
		d.object(func() { h.slaves(d, v, true) })
	})
	read("/tasks", h.tasks)
	read("/state-summary", h.summary)
	read("/roles", h.roles)
	read("/quota", func(d *document, _ *mesossim.MasterView, _ *http.Request) { d.object(func() {}) })
	read("/weights", func(d *document, _ *mesossim.MasterView, _ *http.Request) { d.array(func() {}) })
	read("/frameworks", func(d *document, v *mesossim.MasterView, _ *http.Request) {
		d.object(func() { h.frameworks(d, v) })
	})
	for _, prefix := range []string{"", "/master"} {
		mux.HandleFunc(prefix+"/version", h.version)
		mux.HandleFunc(prefix+"/health", h.health)
		mux.HandleFunc(prefix+"/flags", h.flags)
		mux.HandleFunc(prefix+"/redirect", h.redirect)
		mux.HandleFunc(prefix+"/maintenance/schedule", h.plan)
		mux.HandleFunc(prefix+"/maintenance/status", h.planStatus)
	}
	mux.HandleFunc("/metrics/snapshot", h.metrics)
	mux.HandleFunc("/", notFound)
	return mux
}

func notFound(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusNotFound, "") }

func (h *handler) health(w http.ResponseWriter, _ *http.Request) { plain(w, http.StatusOK, "") }

func (h *handler) version(w http.ResponseWriter, r *http.Request) {
	d := &document{}
	d.object(func() { h.versionInfo(d) })
	d.write(w, r)
}

func (h *handler) versionInfo(d *document) {
	d.text("build_date", buildDate)
	d.number("build_time", buildTime)
	d.text("build_user", buildUser)
	d.text("version", h.profile.Version())
}

func (h *handler) redirect(w http.ResponseWriter, r *http.Request) {
	if h.mode.answered(w, r, "") {
		return
	}
	w.Header().Set("Location", "//"+h.address)
	plain(w, http.StatusTemporaryRedirect, "")
}

func (h *handler) state(d *document, v *mesossim.MasterView, _ *http.Request) {
	host, port, _ := strings.Cut(h.address, ":")
	d.object(func() {
		d.text("version", h.profile.Version())
		d.text("build_date", buildDate)
		d.number("build_time", buildTime)
		d.text("build_user", buildUser)
		d.time("start_time", v.Started)
		d.time("elected_time", v.Started)
		d.text("id", v.ID)
		d.text("pid", "master@"+h.address)
		d.text("hostname", host)
		d.number("activated_slaves", float64(v.Active))
		d.number("deactivated_slaves", 0)
		d.number("unreachable_slaves", float64(v.Lost))
		d.text("leader", "master@"+h.address)
		d.key("leader_info")
		d.object(func() {
			d.text("id", v.ID)
			d.text("pid", "master@"+h.address)
			n, _ := strconv.ParseInt(port, 10, 64)
			d.integer("port", n)
			d.text("hostname", host)
		})
		h.slaves(d, v, false)
		h.frameworks(d, v)
		d.key("orphan_tasks")
		d.array(func() {})
	})
}

func (h *handler) slaves(d *document, v *mesossim.MasterView, full bool) {
	for _, part := range []struct {
		name string
		list []mesossim.AgentView
	}{{"slaves", v.Agents}, {"recovered_slaves", v.Recovered}} {
		d.key(part.name)
		d.array(func() {
			for i := range part.list {
				if part.name == "recovered_slaves" {
					d.object(func() { d.slaveHead(&part.list[i]) }) // all that the registry knows
					continue
				}
				h.slave(d, &part.list[i], full)
			}
		})
	}
}

func (h *handler) slave(d *document, a *mesossim.AgentView, full bool) {
	d.object(func() {
		h.slaveMembers(d, a)
		if full {
			d.key("reserved_resources_full")
			d.object(func() {})
			d.resourceList("used_resources_full", a.Used)
			d.resourceList("offered_resources_full", a.Offered)
		}
	})
}

func (d *document) slaveHead(a *mesossim.AgentView) {
	d.text("id", a.ID)
	d.text("hostname", a.Spec.Hostname)
	d.integer("port", int64(a.Spec.Port))
	d.attributes(a.Spec.Attributes)
}

func (h *handler) slaveMembers(d *document, a *mesossim.AgentView) {
	d.slaveHead(a)
	d.text("pid", "slave(1)@"+a.Spec.IP+":"+strconv.Itoa(a.Spec.Port))
	d.time("registered_time", a.Registered)
	if !a.Returned.IsZero() {
		d.time("reregistered_time", a.Returned)
	}
	d.resources("resources", a.Spec.Resources)
	d.resources("used_resources", a.Used)
	d.resources("offered_resources", a.Offered)
	d.key("reserved_resources")
	d.object(func() {})
	d.resources("unreserved_resources", a.Spec.Resources)
	d.flag("active", a.Active)
	d.text("version", h.profile.Version())
	d.key("capabilities")
	d.array(func() {
		d.sep()
		d.out = append(d.out, `"MULTI_ROLE"`...)
	})
}

func (d *document) resourceList(name string, list []mesos.Resource) {
	d.key(name)
	d.array(func() {
		for i := range list {
			r, role := list[i], "*"
			if r.Role != nil {
				role = *r.Role
			}
			r.AllocationInfo = &mesos.Resource_AllocationInfo{Role: &role}
			d.sep()
			d.out = appendMessage(d.out, &r)
		}
	})
}

func (h *handler) frameworks(d *document, v *mesossim.MasterView) {
	d.key("frameworks")
	d.array(func() {
		for i := range v.Framework {
			h.framework(d, &v.Framework[i])
		}
	})
	d.key("completed_frameworks")
	d.array(func() {
		for i := range v.Completed {
			h.framework(d, &v.Completed[i])
		}
	})
	d.key("unregistered_frameworks")
	d.array(func() {})
}

// frameworkHead begins a framework, and returns what it uses and is offered.
func (d *document) frameworkHead(f *mesossim.FrameworkView) (used, offered []mesos.Resource) {
	for i := range f.Tasks {
		used = append(used, scalars(f.Tasks[i].Info.Resources)...)
	}
	for _, o := range f.Offers {
		offered = append(offered, scalars(o.Resources)...)
	}
	d.text("id", f.ID)
	d.text("name", f.Info.Name)
	d.resources("used_resources", used)
	d.resources("offered_resources", offered)
	d.key("capabilities")
	d.array(func() {
		for _, c := range f.Info.Capabilities {
			d.sep()
			d.out = strconv.AppendQuote(d.out, c.Type.String())
		}
	})
	return used, offered
}

func (h *handler) framework(d *document, f *mesossim.FrameworkView) {
	d.object(func() {
		used, offered := d.frameworkHead(f)
		d.text("hostname", f.Info.GetHostname())
		d.text("webui_url", f.Info.GetWebUiURL())
		d.flag("active", f.Connected)
		d.flag("connected", f.Connected)
		d.flag("recovered", f.Recovered)
		d.text("user", f.Info.User)
		d.number("failover_timeout", f.Info.GetFailoverTimeout())
		d.flag("checkpoint", f.Info.GetCheckpoint())
		d.time("registered_time", f.Registered)
		if !f.Reregistered.IsZero() {
			d.time("reregistered_time", f.Reregistered)
		}
		d.time("unregistered_time", f.Unregistered)
		d.resources("resources", append(used, offered...))
		d.frameworkRoles(f.Info)
		d.tasks("tasks", f.Tasks)
		d.tasks("unreachable_tasks", f.Unreachable)
		d.tasks("completed_tasks", f.Done)
		d.key("offers")
		d.array(func() {
			for i := range f.Offers {
				d.offer(&f.Offers[i])
			}
		})
		d.key("executors")
		d.array(func() {})
	})
}

func (d *document) frameworkRoles(info *mesos.FrameworkInfo) {
	for _, c := range info.Capabilities {
		if c.Type == mesos.FrameworkInfo_Capability_MULTI_ROLE {
			d.key("roles")
			d.array(func() {
				for _, r := range info.Roles {
					d.sep()
					d.out = strconv.AppendQuote(d.out, r)
				}
			})
			return
		}
	}
	d.text("role", info.GetRole())
}

func (d *document) offer(o *mesossim.OfferView) {
	d.object(func() {
		d.text("id", o.ID)
		d.text("framework_id", o.FrameworkID)
		d.key("allocation_info")
		d.object(func() { d.text("role", o.Role) })
		d.text("slave_id", o.AgentID)
		d.resources("resources", o.Resources)
	})
}

func scalars(list []mesos.Resource) []mesos.Resource {
	var out []mesos.Resource
	for _, r := range list {
		if r.Scalar != nil {
			out = append(out, r)
		}
	}
	return out
}

// tasks lists tasks, the newest first. The recorded version ignores task_id and
// framework_id (OBSERVATIONS 2.14).
func (h *handler) tasks(d *document, v *mesossim.MasterView, r *http.Request) {
	q := r.URL.Query()
	var list []mesossim.TaskView
	for _, f := range append(append([]mesossim.FrameworkView(nil), v.Framework...), v.Completed...) {
		for _, tasks := range [][]mesossim.TaskView{f.Tasks, f.Unreachable, f.Done} {
			for _, t := range tasks {
				if h.profile >= mesossim.Mesos1_4 && !(matches(q.Get("framework_id"), f.ID) && matches(q.Get("task_id"), t.Info.TaskID.Value)) {
					continue
				}
				list = append(list, t)
			}
		}
	}
	asc := q.Get("order") == "asc"
	sort.SliceStable(list, func(i, j int) bool {
		if asc {
			return list[i].Before(list[j])
		}
		return list[j].Before(list[i])
	})
	offset := min(number(q.Get("offset"), 0), len(list))
	list = list[offset:]
	list = list[:min(number(q.Get("limit"), 100), len(list))]
	d.object(func() { d.tasks("tasks", list) })
}

func matches(want, have string) bool { return want == "" || want == have }

func number(text string, def int) int {
	if n, err := strconv.Atoi(text); err == nil && n >= 0 {
		return n
	}
	return def
}

// states are those that /state-summary counts.
var states = []mesos.TaskState{
	mesos.TASK_STAGING, mesos.TASK_STARTING, mesos.TASK_RUNNING, mesos.TASK_KILLING, mesos.TASK_FINISHED,
	mesos.TASK_KILLED, mesos.TASK_FAILED, mesos.TASK_LOST, mesos.TASK_ERROR, mesos.TASK_UNREACHABLE,
}
