package mesossim

import (
	"fmt"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// invalid returns why a task is refused, or "", in the master's order and words
// (contract 2.3, recordings task_description_invalid, task_resources_invalid).
func (l *launching) invalid(info *mesos.TaskInfo) string {
	id := info.TaskID.Value
	if why := l.m.profile.checkID(id); why != "" {
		return why
	}
	if _, ok := l.fw.tasks[id]; ok {
		return "Task has duplicate ID: " + id
	}
	if _, ok := l.fw.unreachable[id]; ok && l.m.profile >= Mesos1_4 {
		return "Task reuses the ID of an unreachable task: " + id
	}
	if info.AgentID.Value != l.agent.id {
		return fmt.Sprintf("Task uses invalid agent %s while agent %s is expected", info.AgentID.Value, l.agent.id)
	}
	if g := info.KillPolicy.GetGracePeriod(); g != nil && g.Nanoseconds < 0 {
		return "Task's 'kill_policy.grace_period' must be non-negative"
	}
	if t := info.MaxCompletionTime; t != nil && t.Nanoseconds < 0 && l.m.profile >= 6 {
		return "Task's 'max_completion_time' must be non-negative"
	}
	if why := checkHealth(info.HealthCheck); why != "" {
		return "Task uses invalid health check: " + why
	}
	if why := l.checkResources(info); why != "" {
		return why
	}
	if (info.Command == nil) == (info.Executor == nil) {
		return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present"
	}
	if why := checkEnvironment(info.Command); why != "" {
		return "Task's `CommandInfo` is invalid: " + why
	}
	if l.m.profile >= Mesos1_4 {
		if why := checkContainer(info.Container); why != "" {
			return "Task's `ContainerInfo` is invalid: " + why
		}
	}
	return l.checkFits(info)
}

// checkID is the rule for ids of tasks (contract 4.1).
func (p Profile) checkID(id string) string {
	if p >= 1 {
		switch {
		case id == "":
			return "ID must not be empty"
		case len(id) > 255:
			return "ID must not be greater than 255 characters"
		case id == "." || id == "..":
			return fmt.Sprintf("'%s' is disallowed", id)
		}
	}
	for i := range len(id) {
		if c := id[i]; c < 0x20 || c == 0x7f || c == '/' || c == '\\' {
			return fmt.Sprintf("'%s' contains invalid characters", id)
		}
	}
	return ""
}

func checkHealth(h *mesos.HealthCheck) string {
	if h == nil {
		return ""
	}
	switch {
	case h.Type == mesos.HealthCheck_COMMAND && h.Command == nil:
		return "Expecting 'command' to be set for COMMAND health check"
	case h.Type == mesos.HealthCheck_HTTP && h.HTTP == nil:
		return "Expecting 'http' to be set for HTTP health check"
	case h.Type == mesos.HealthCheck_TCP && h.TCP == nil:
		return "Expecting 'tcp' to be set for TCP health check"
	case h.HTTP != nil && h.HTTP.Path != nil && !strings.HasPrefix(*h.HTTP.Path, "/"):
		return fmt.Sprintf("The path '%s' of HTTP health check must start with '/'", *h.HTTP.Path)
	}
	return ""
}

func (l *launching) checkResources(info *mesos.TaskInfo) string {
	if len(info.Resources) == 0 {
		return "Task uses no resources"
	}
	for i := range info.Resources {
		r := &info.Resources[i]
		if r.Type == nil || *r.Type != mesos.SCALAR {
			continue
		}
		why := ""
		switch {
		case r.Scalar == nil:
			why = "Invalid scalar resource"
		case r.Scalar.Value < 0:
			why = "Invalid scalar resource: value < 0"
		}
		if why != "" {
			return fmt.Sprintf("Task uses invalid resources: Invalid resources: Resource '%s' is invalid: %s",
				l.m.profile.describeOne(r, l.role.name), why)
		}
	}
	return ""
}

func checkEnvironment(c *mesos.CommandInfo) string {
	for _, v := range c.GetEnvironment().GetVariables() {
		secret := v.Type != nil && *v.Type == mesos.Environment_Variable_SECRET
		switch {
		case secret && v.Secret == nil:
			return fmt.Sprintf("Environment variable '%s' of type 'SECRET' must have a secret set", v.Name)
		case !secret && v.Value == nil:
			return fmt.Sprintf("Environment variable '%s' of type 'VALUE' must have a value set", v.Name)
		}
	}
	return ""
}

// checkContainer holds for later versions; the recorded one lets these reach the
// agent (OBSERVATIONS 2.16).
func checkContainer(c *mesos.ContainerInfo) string {
	if c == nil {
		return ""
	}
	if c.Type != nil && *c.Type == mesos.ContainerInfo_DOCKER && c.Docker == nil {
		return "DockerInfo 'docker' is not set for DOCKER typed ContainerInfo"
	}
	for _, p := range c.GetDocker().GetParameters() {
		if p.Key == "name" {
			return "Parameter in DockerInfo must not be 'name'"
		}
	}
	for i := range c.Volumes {
		v := &c.Volumes[i]
		n := 0
		for _, set := range []bool{v.HostPath != nil, v.Image != nil, v.Source != nil} {
			if set {
				n++
			}
		}
		if n != 1 {
			return "Invalid volume: Only one of them should be set: 'host_path', 'image' and 'source'"
		}
	}
	return ""
}

// checkFits compares a task's resources with what is left of the offers.
func (l *launching) checkFits(info *mesos.TaskInfo) string {
	amount, known := l.agent.layout.vectorOf(info.Resources)
	for i := range info.Resources {
		if a := info.Resources[i].AllocationInfo; a != nil && a.GetRole() != l.role.name {
			known = false
		}
	}
	if known && amount.within(l.available) {
		return ""
	}
	p := l.m.profile
	return fmt.Sprintf("Total resources %s required by task and its executor is more than available %s",
		p.describe(info.Resources, l.role.name),
		p.describe(l.agent.layout.resourcesOf(l.available, "", false), l.role.name))
}
