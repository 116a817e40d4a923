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

func (h *handler) summary(d *document, v *mesossim.MasterView, _ *http.Request) {
	host, _, _ := strings.Cut(h.address, ":")
	d.object(func() {
		d.text("hostname", host)
		d.key("slaves")
		d.array(func() {
			for i := range v.Agents {
				d.object(func() {
					h.slaveMembers(d, &v.Agents[i])
					d.onAgent(v, v.Agents[i].ID)
				})
			}
		})
		d.key("frameworks")
		d.array(func() {
			for i := range v.Framework {
				f := &v.Framework[i]
				d.object(func() {
					d.frameworkHead(f)
					d.text("hostname", f.Info.GetHostname())
					d.text("webui_url", f.Info.GetWebUiURL())
					d.flag("active", f.Connected)
					d.flag("connected", f.Connected)
					d.flag("recovered", f.Recovered)
					d.inFramework(f)
				})
			}
		})
	})
}

// tasksOf lists all tasks of a framework.
func tasksOf(f *mesossim.FrameworkView) []mesossim.TaskView {
	return slices.Concat(f.Tasks, f.Unreachable, f.Done)
}

// onAgent counts an agent's tasks by state and names their frameworks.
func (d *document) onAgent(v *mesossim.MasterView, id string) {
	counts := map[mesos.TaskState]int64{}
	var frameworks []string
	for i := range v.Framework {
		f := &v.Framework[i]
		has := false
		for _, t := range tasksOf(f) {
			if t.AgentID == id {
				counts[t.State]++
				has = true
			}
		}
		if has {
			frameworks = append(frameworks, f.ID)
		}
	}
	d.counts(counts)
	d.texts("framework_ids", frameworks)
}

// inFramework counts a framework's tasks by state and names their agents.
func (d *document) inFramework(f *mesossim.FrameworkView) {
	counts := map[mesos.TaskState]int64{}
	var agents []string
	for _, t := range tasksOf(f) {
		counts[t.State]++
		if !slices.Contains(agents, t.AgentID) {
			agents = append(agents, t.AgentID)
		}
	}
	d.counts(counts)
	d.texts("slave_ids", agents)
}

func (d *document) counts(of map[mesos.TaskState]int64) {
	for _, s := range states {
		d.integer(s.String(), of[s])
	}
}

func (d *document) texts(name string, list []string) {
	d.key(name)
	d.array(func() {
		for _, s := range list {
			d.sep()
			d.out = strconv.AppendQuote(d.out, s)
		}
	})
}

// roles lists the roles that frameworks are subscribed to, with what they use
// and are offered.
func (h *handler) roles(d *document, v *mesossim.MasterView, _ *http.Request) {
	members := map[string][]string{}
	sums := map[string]map[string]float64{}
	add := func(role string, list []mesos.Resource) {
		if sums[role] == nil {
			sums[role] = map[string]float64{}
		}
		for _, r := range list {
			sums[role][r.Name] += r.GetScalar().GetValue()
		}
	}
	var names []string
	for i := range v.Framework {
		f := &v.Framework[i]
		for _, role := range mesossim.Roles(f.Info) {
			if members[role] == nil {
				names = append(names, role)
			}
			members[role] = append(members[role], f.ID)
		}
		for _, t := range f.Tasks {
			add(t.Role, t.Info.Resources)
		}
		for _, o := range f.Offers {
			add(o.Role, o.Resources)
		}
	}
	sort.Strings(names)
	d.object(func() {
		d.key("roles")
		d.array(func() {
			for _, role := range names {
				d.object(func() {
					d.texts("frameworks", members[role])
					d.text("name", role)
					d.key("resources")
					d.object(func() {
						for _, name := range []string{"cpus", "disk", "gpus", "mem"} {
							d.number(name, sums[role][name])
						}
					})
					d.number("weight", 1)
				})
			}
		})
	})
}

// flags are the few that mean something here.
func (h *handler) flags(w http.ResponseWriter, r *http.Request) {
	host, port, _ := strings.Cut(h.address, ":")
	d := &document{}
	d.object(func() {
		d.key("flags")
		d.object(func() {
			d.text("authenticate_http_frameworks", strconv.FormatBool(len(h.credentials) > 0))
			d.text("hostname", host)
			d.text("ip", host)
			d.text("port", port)
		})
	})
	d.write(w, r)
}
