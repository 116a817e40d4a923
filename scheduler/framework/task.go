package framework

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// taskInfo describes a task to Mesos (contracts/chronos.md 6.4 to 6.7).
func taskInfo(l scheduler.Launch) (mesosv1.TaskInfo, error) {
	info := mesosv1.TaskInfo{
		Name: "ChronosTask:" + l.Job.Name, TaskID: mesosv1.TaskID{Value: l.TaskID}, AgentID: mesosv1.AgentID{Value: l.AgentID},
	}
	for _, r := range l.Resources {
		res, err := resource(r)
		if err != nil {
			return info, err
		}
		info.Resources = append(info.Resources, res)
	}
	container := containerInfo(l.Job.Container, ports(l))
	if l.Job.Executor == "" {
		info.Command, info.Container = command(l), container
		return info, nil
	}
	info.Executor = &mesosv1.ExecutorInfo{
		Type:       mesosv1.ExecutorInfo_CUSTOM,
		ExecutorID: mesosv1.ExecutorID{Value: l.TaskID},
		Command: &mesosv1.CommandInfo{
			Value: &l.Job.Executor, Environment: environment(l), URIs: uris(l.Job), User: text(l.Job.RunAsUser),
		},
		Container: container,
	}
	info.Data = []byte(l.Job.TaskInfoData)
	if l.Job.TaskInfoData == "" {
		info.Data = []byte(l.Job.ExecutorFlags + "|" + commandLine(l))
	}
	return info, nil
}

// command is the command of a task without a custom executor.
func command(l scheduler.Launch) *mesosv1.CommandInfo {
	j := l.Job
	c := &mesosv1.CommandInfo{Environment: environment(l), User: text(j.RunAsUser)}
	if isURL(j.Command) {
		// Chronos runs a command that is an address by fetching it.
		executable, run := true, `"./`+path.Base(j.Command)+`"`
		c.URIs = []mesosv1.CommandInfo_URI{{Value: j.Command, Executable: &executable}}
		c.Value = &run
		return c
	}
	c.URIs = uris(j)
	shell := j.Shell
	c.Shell = &shell
	if shell {
		c.Value = text(commandLine(l))
		return c
	}
	c.Value, c.Arguments = text(j.Command), j.Arguments
	if l.Run.Override && len(l.Run.Arguments) > 0 {
		program := j.Command
		if len(j.Arguments) > 0 {
			program = j.Arguments[0] // arguments[0] is argv[0] (Mesos contract 4.2)
		}
		c.Arguments = append([]string{program}, words(l.Run.Arguments)...)
	}
	return c
}

// isURL tells whether a command is nothing but an address to be fetched.
func isURL(command string) bool {
	for _, scheme := range []string{"http://", "https://", "ftp://"} {
		if strings.HasPrefix(command, scheme) && !strings.ContainsAny(command, " \t\n") {
			return true
		}
	}
	return false
}

// commandLine is the command with its arguments behind it, as Chronos does it.
// The job's own arguments are part of the definition and stand as they are;
// those of a run by hand are quoted, so that they can be nothing but arguments.
func commandLine(l scheduler.Launch) string {
	arguments := l.Job.Arguments
	if l.Run.Override && len(l.Run.Arguments) > 0 {
		arguments = nil
		for _, w := range words(l.Run.Arguments) {
			arguments = append(arguments, quote(w))
		}
	}
	if len(arguments) == 0 {
		return l.Job.Command
	}
	return l.Job.Command + " " + strings.Join(arguments, " ")
}

// words splits arguments at blanks, but not within quotes: Chronos' ?arguments=
// is one text, which a shell split. Nothing else of a shell's syntax counts.
func words(arguments []string) []string {
	var out []string
	for _, a := range arguments {
		out = append(out, split(a)...)
	}
	return out
}

func split(text string) []string {
	var out []string
	var word strings.Builder
	begun, quoting := false, rune(0)
	for escaped, runes := false, []rune(text); len(runes) > 0; runes = runes[1:] {
		switch c := runes[0]; {
		case escaped:
			if quoting == '"' && !strings.ContainsRune("\"\\$`", c) {
				word.WriteRune('\\')
			}
			word.WriteRune(c)
			escaped = false
		case c == '\\' && quoting != '\'' && len(runes) > 1:
			escaped, begun = true, true
		case quoting != 0 && c == quoting:
			quoting = 0
		case quoting == 0 && (c == '"' || c == '\'') && strings.ContainsRune(string(runes[1:]), c):
			quoting, begun = c, true
		case quoting == 0 && unicode.IsSpace(c):
			if begun {
				out = append(out, word.String())
			}
			word.Reset()
			begun = false
		default:
			word.WriteRune(c)
			begun = true
		}
	}
	if begun {
		out = append(out, word.String())
	}
	return out
}

// quote makes one word of the shell out of a text.
func quote(word string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("_-./:=,@%+", r)
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// environment is what Chronos 2.4 and 3.0 set, then the job's own variables
// (contracts/chronos.md 6.6), then the task's ports. Built-in names win, and the
// first of several.
func environment(l scheduler.Launch) *mesosv1.Environment {
	j := l.Job
	list := []job.Variable{
		{Name: "mesos_task_id", Value: l.TaskID}, {Name: "CHRONOS_JOB_OWNER", Value: j.Owner}, {Name: "CHRONOS_JOB_NAME", Value: j.Name},
		{Name: "HOST", Value: l.Hostname}, {Name: "CHRONOS_RESOURCE_MEM", Value: double(j.Mem)}, {Name: "CHRONOS_RESOURCE_CPU", Value: double(j.CPUs)},
		{Name: "CHRONOS_RESOURCE_DISK", Value: double(j.Disk)}, {Name: "MESOS_TASK_ID", Value: l.TaskID},
		{Name: "CHRONOS_JOB_RUN_TIME", Value: strconv.FormatInt(l.Slot.UnixMilli(), 10)}, {Name: "CHRONOS_JOB_RUN_ATTEMPT", Value: strconv.Itoa(l.Attempt)},
	}
	if l.Run.Override {
		list = append(list, l.Run.Environment...)
	}
	list = append(list, j.Environment...)
	list = append(list, portVariables(ports(l))...)
	env := &mesosv1.Environment{}
	seen := make(map[string]bool, len(list))
	for _, v := range list {
		if !seen[v.Name] {
			seen[v.Name] = true
			env.Variables = append(env.Variables, mesosv1.Environment_Variable{Name: v.Name, Value: text(v.Value)})
		}
	}
	return env
}

// ports are the host ports that a task got, in order.
func ports(l scheduler.Launch) []uint64 {
	var out []uint64
	for _, r := range l.Resources {
		for _, p := range r.Ports {
			for n := p.Begin; n <= p.End; n++ {
				out = append(out, n)
			}
		}
	}
	return out
}

// portVariables tells a task its host ports as other frameworks do: PORT0, PORT1
// and so on, PORT for the first, PORTS for all.
func portVariables(ports []uint64) []job.Variable {
	if len(ports) == 0 {
		return nil
	}
	var out []job.Variable
	var all []string
	for i, p := range ports {
		number := strconv.FormatUint(p, 10)
		out = append(out, job.Variable{Name: "PORT" + strconv.Itoa(i), Value: number})
		all = append(all, number)
	}
	return append(out, job.Variable{Name: "PORT", Value: all[0]}, job.Variable{Name: "PORTS", Value: strings.Join(all, ",")})
}

// double writes a number as Java does: with a decimal point.
func double(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

func uris(j *job.Job) []mesosv1.CommandInfo_URI {
	var out []mesosv1.CommandInfo_URI
	for _, f := range j.Fetch {
		u := mesosv1.CommandInfo_URI{Value: f.URI, Executable: &f.Executable, Cache: &f.Cache, Extract: &f.Extract}
		if f.OutputFile != "" {
			u.OutputFile = &f.OutputFile
		}
		out = append(out, u)
	}
	for _, uri := range j.URIs {
		// A client that sends back what 3.0 showed it names each file twice.
		if !slices.ContainsFunc(j.Fetch, func(f job.Fetch) bool { return f.URI == uri }) {
			out = append(out, mesosv1.CommandInfo_URI{Value: uri})
		}
	}
	return out
}

// containerInfo describes a container (contracts/chronos.md 6.7). Ports of the
// container that ask for no certain port of the host (hostPort 0) get the task's
// ports, in order; Chronos mapped none.
func containerInfo(c *job.Container, ports []uint64) *mesosv1.ContainerInfo {
	if c == nil {
		return nil
	}
	info := &mesosv1.ContainerInfo{}
	for _, v := range c.Volumes {
		info.Volumes = append(info.Volumes, volume(v))
	}
	maps := make([][]mapping, len(c.NetworkInfos))
	named := false
	for i, n := range c.NetworkInfos {
		named = named || n.Name == c.NetworkName
		maps[i], ports = mappings(n, ports)
		info.NetworkInfos = append(info.NetworkInfos, mesosv1.NetworkInfo{Name: text(n.Name), Labels: labels(n.Labels)})
	}
	if c.NetworkName != "" && !named {
		info.NetworkInfos = append(info.NetworkInfos, mesosv1.NetworkInfo{Name: text(c.NetworkName)})
	}
	if c.Type == "MESOS" {
		cached := !c.ForcePullImage
		kind := mesosv1.Image_DOCKER
		info.Type = mesosv1.ContainerInfo_MESOS.Enum()
		info.Mesos = &mesosv1.ContainerInfo_MesosInfo{Image: &mesosv1.Image{Type: &kind, Docker: &mesosv1.Image_Docker{Name: c.Image}, Cached: &cached}}
		for i, list := range maps {
			for _, m := range list {
				info.NetworkInfos[i].PortMappings = append(info.NetworkInfos[i].PortMappings, mesosv1.NetworkInfo_PortMapping{HostPort: m.host, ContainerPort: m.container, Protocol: m.protocol})
			}
		}
		return info
	}
	info.Type = mesosv1.ContainerInfo_DOCKER.Enum()
	network, known := mesosv1.ContainerInfo_DockerInfo_Network_value[c.Network]
	if !known {
		network = int32(mesosv1.ContainerInfo_DockerInfo_HOST)
	}
	info.Docker = &mesosv1.ContainerInfo_DockerInfo{Image: c.Image, Network: mesosv1.ContainerInfo_DockerInfo_Network(network).Enum(), ForcePullImage: &c.ForcePullImage}
	for _, list := range maps {
		for _, m := range list {
			if c.Network == "BRIDGE" || c.Network == "USER" {
				info.Docker.PortMappings = append(info.Docker.PortMappings, mesosv1.ContainerInfo_DockerInfo_PortMapping{HostPort: m.host, ContainerPort: m.container, Protocol: m.protocol})
			}
		}
	}
	for _, p := range c.Parameters {
		info.Docker.Parameters = append(info.Docker.Parameters, mesosv1.Parameter{Key: p.Name, Value: p.Value})
	}
	return info
}

// mapping is a port of the host that leads to one of a container.
type mapping struct {
	host, container uint32
	protocol        *string
}

// mappings gives the ports of a network the task's ports, and returns what is
// left of these. A certain port of the host cannot be had: Mesos offers ports,
// and frameworks take them. Such mappings are passed by, as Chronos did.
func mappings(n job.NetworkInfo, ports []uint64) (list []mapping, rest []uint64) {
	for _, m := range n.PortMappings {
		if m.HostPort == 0 && len(ports) > 0 {
			list = append(list, mapping{uint32(ports[0]), uint32(m.ContainerPort), optional(m.Protocol)})
			ports = ports[1:]
		}
	}
	return list, ports
}

func volume(v job.Volume) mesosv1.Volume {
	mode := mesosv1.RW
	if v.Mode == "RO" {
		mode = mesosv1.RO
	}
	out := mesosv1.Volume{ContainerPath: v.ContainerPath, Mode: &mode}
	if v.HostPath != "" {
		out.HostPath = &v.HostPath
	}
	if e := v.External; e != nil {
		driver := &mesosv1.Volume_Source_DockerVolume{Driver: text(e.Provider), Name: e.Name}
		if len(e.Options) > 0 {
			driver.DriverOptions = &mesosv1.Parameters{}
			for _, o := range e.Options {
				driver.DriverOptions.Parameter = append(driver.DriverOptions.Parameter, mesosv1.Parameter{Key: o.Name, Value: o.Value})
			}
		}
		out.Source = &mesosv1.Volume_Source{Type: mesosv1.Volume_Source_DOCKER_VOLUME, DockerVolume: driver}
	}
	return out
}

func text(s string) *string { return &s }
