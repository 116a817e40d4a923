package cluster

import (
	"net/http"
	"strings"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/process"
)

// agentRoutes serves one agent, with and without the /slave(1) of its url.
func (h *handler) agentRoutes(index int) http.Handler {
	a := &agentHandler{handler: h, index: index, files: files{root: h.agentDir(index), profile: h.profile}}
	mux := http.NewServeMux()
	mux.HandleFunc("/state", a.state)
	mux.HandleFunc("/health", h.health)
	mux.HandleFunc("/version", h.version)
	mux.HandleFunc("/files/browse", a.files.browse)
	mux.HandleFunc("/files/browse.json", a.files.browse)
	mux.HandleFunc("/files/read", a.files.read)
	mux.HandleFunc("/files/read.json", a.files.read)
	mux.HandleFunc("/files/download", a.files.download)
	mux.HandleFunc("/files/download.json", a.files.download)
	mux.HandleFunc("/api/v1", a.operator)
	mux.HandleFunc("/", notFound)
	const prefix = "/slave(1)"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ok := strings.CutPrefix(r.URL.Path, prefix); ok && strings.HasPrefix(rest, "/") {
			r2 := r.Clone(r.Context())
			r2.URL.Path, r2.URL.RawPath = rest, ""
			r = r2
		}
		mux.ServeHTTP(w, r)
	})
}

type agentHandler struct {
	*handler
	index int
	files files
}

// agentDir is an agent's work directory.
func (h *handler) agentDir(index int) string { return h.config.WorkDir + "/" + agentDir(index) }

func (a *agentHandler) state(w http.ResponseWriter, r *http.Request) {
	var agent mesossim.AgentView
	var executors []mesossim.ExecutorView
	a.core.view(func(m *mesossim.Model) {
		agent, executors = m.Agent(a.index), m.Executors(a.index)
	})
	d := &document{}
	d.object(func() {
		d.text("version", a.profile.Version())
		d.text("build_date", buildDate)
		d.number("build_time", buildTime)
		d.text("build_user", buildUser)
		d.time("start_time", agent.Registered)
		d.text("id", agent.ID)
		d.text("pid", "slave(1)@"+a.addresses[a.index])
		d.text("hostname", agent.Spec.Hostname)
		d.resources("resources", agent.Spec.Resources)
		d.attributes(agent.Spec.Attributes)
		d.key("flags")
		d.object(func() { d.text("work_dir", a.files.root) })
		a.frameworks(d, executors)
		d.key("completed_frameworks")
		d.array(func() {})
	})
	d.write(w, r)
}

// frameworks lists the agent's executors by framework.
func (a *agentHandler) frameworks(d *document, executors []mesossim.ExecutorView) {
	byID := map[string][]mesossim.ExecutorView{}
	var order []string
	for _, e := range executors {
		if byID[e.FrameworkID] == nil {
			order = append(order, e.FrameworkID)
		}
		byID[e.FrameworkID] = append(byID[e.FrameworkID], e)
	}
	d.key("frameworks")
	d.array(func() {
		for _, id := range order {
			info := byID[id][0].Framework
			d.object(func() {
				d.text("id", id)
				d.text("name", info.Name)
				d.text("user", info.User)
				d.number("failover_timeout", info.GetFailoverTimeout())
				d.flag("checkpoint", info.GetCheckpoint())
				d.text("hostname", info.GetHostname())
				d.frameworkRoles(info)
				for _, live := range []bool{true, false} {
					name := "executors"
					if !live {
						name = "completed_executors"
					}
					d.key(name)
					d.array(func() {
						for _, e := range byID[id] {
							if e.Live == live {
								a.executor(d, &e)
							}
						}
					})
				}
			})
		}
	})
}

func (a *agentHandler) executor(d *document, e *mesossim.ExecutorView) {
	id := e.Task.Info.TaskID.Value
	dir := process.Sandbox(a.files.root, e.ContainerID, &mesossim.LaunchSpec{
		AgentID: e.Task.AgentID, FrameworkID: e.FrameworkID, Task: e.Task.Info,
	})
	over := false
	if n := len(e.Task.Statuses); n > 0 {
		over = mesossim.Terminal(*e.Task.Statuses[n-1].State)
	}
	d.object(func() {
		d.text("id", id)
		d.text("name", executorName(id, e.Task.Info.Command.GetValue()))
		d.text("source", id)
		d.text("container", e.ContainerID)
		d.text("directory", dir)
		d.resources("resources", e.Task.Info.Resources)
		d.text("role", e.Task.Role)
		for _, part := range []struct {
			name string
			has  bool
		}{{"tasks", !over}, {"queued_tasks", false}, {"completed_tasks", over}} {
			d.key(part.name)
			d.array(func() {
				if part.has {
					d.task(&e.Task)
				}
			})
		}
	})
}

// tell answers an operator's question about the agent.
func (a *agentHandler) tell(d *document, what string) {
	d.object(func() {
		d.key(strings.ToLower(what))
		d.object(func() {
			switch what {
			case "GET_HEALTH":
				d.flag("healthy", true)
			case "GET_VERSION":
				d.key("version_info")
				d.object(func() { a.versionInfo(d) })
			case "GET_CONTAINERS":
				a.containers(d)
			}
		})
		d.text("type", what)
	})
}

// containers lists the containers of the executors that live. What they use is
// not measured; the limits are those of the executors and their tasks.
func (a *agentHandler) containers(d *document) {
	var list []mesossim.ExecutorView
	a.core.view(func(m *mesossim.Model) { list = m.Executors(a.index) })
	value := func(name, id string) {
		d.key(name)
		d.object(func() { d.text("value", id) })
	}
	d.key("containers")
	d.array(func() {
		for i := range list {
			e := &list[i]
			if !e.Live {
				continue
			}
			id, cpus, mem := e.Task.Info.TaskID.Value, sum(e.Task.Info.Resources, "cpus"), sum(e.Task.Info.Resources, "mem")
			d.object(func() {
				value("container_id", e.ContainerID)
				d.key("container_status")
				d.object(func() { value("container_id", e.ContainerID) })
				value("executor_id", id)
				d.text("executor_name", executorName(id, e.Task.Info.Command.GetValue()))
				value("framework_id", e.FrameworkID)
				d.key("resource_statistics")
				d.object(func() {
					d.number("cpus_limit", cpus+executorCPUs)
					d.integer("mem_limit_bytes", int64(mem+executorMem)<<20)
				})
			})
		}
	})
}

// What an executor has besides its task, which is not charged (Mesos contract 4.4).
const (
	executorCPUs = 0.1
	executorMem  = 32 // MiB
)

// executorName is what the agent calls a command executor (Mesos contract 4.4).
func executorName(id, command string) string {
	if len(command) > 15 {
		command = command[:12] + "..."
	}
	return "Command Executor (Task: " + id + ") (Command: sh -c '" + command + "')"
}
