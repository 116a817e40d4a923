// Package job says what a job is: its definition, the values each field may
// have, and what the texts in it mean once they are read.
//
// It does not know what has become of a job (package scheduler does), how a job
// is written in JSON (package api) or stored (package store), and it decides
// nothing. It is pure: no clock, no I/O, no goroutines.
package job

import "slices"

// Job is a definition: what to run, when or after what, with which policies.
// The names of the fields are those of Chronos (contracts/chronos.md 2.2) in Go
// spelling, plus hora's own. A Job is a value: once handed out it is never
// changed, only replaced (see Clone).
//
// Durations and schedules are kept as the texts that were given, so that a
// definition goes out as it came in; Compile reads them.
type Job struct {
	Name        string // unique; the key of everything (see CheckName)
	Description string
	Owner       string // mail addresses, separated by commas
	OwnerName   string

	Command     string
	Shell       bool     // run Command by /bin/sh -c; otherwise it is a program's path
	Arguments   []string // of the program, or appended to the command of a shell
	Environment []Variable
	URIs        []string // fetched into the sandbox; Fetch says more
	Fetch       []Fetch
	Container   *Container // nil: a plain process
	RunAsUser   string     // the task's user on the agent

	Executor      string // custom executor's command; "" is the command executor
	ExecutorFlags string
	TaskInfoData  string

	CPUs, Mem, Disk float64 // cores, MiB, MiB
	GPUs            int
	Ports           int // how many host ports the task gets
	Constraints     []Constraint
	HighPriority    bool

	Schedule   string // ISO 8601 repeating interval or cron; "" if Parents or Trigger say when
	Zone       string // scheduleTimeZone
	NotBefore  string // RFC 3339: slots of the schedule before it do not exist
	NotAfter   string // RFC 3339: nor those after it
	DSTGap     string // "", "run", "skip"
	DSTOverlap string // "", "first", "both"
	Jitter     string // ISO 8601 duration: starts are spread over it, by a hash of the task

	Parents     []string // all must have succeeded (A && B)
	ParentsMode string   // "", "latest", "each"
	Trigger     string   // an expression over jobs, instead of Parents

	CatchUp       string // "", "latest", "all", "none"
	Epsilon       string // ISO 8601 duration: how late a slot may still start; "" is for ever
	Overlap       string // "", "queue", "skip", "allow", "replace"
	MaxConcurrent int    // with Overlap allow; 0 is the limit of the scheduler

	Retries          int // after the first attempt
	RetryInterval    string
	RetryBackoff     string // "", "fixed", "exponential"
	RetryMaxInterval string
	RetryJitter      float64  // 0…1, part of the interval
	RetryOn          []string // exit codes "75" and ranges "1-63"; empty is any failure
	Timeout          string   // ISO 8601 duration: how long an attempt may take
	ExpectedDuration string   // ISO 8601 duration: a run that is not over by then is late, which is told

	Disabled  bool
	SoftError bool // a final failure counts as a success for the children
	Async     bool // the end of the task says nothing; a client reports the result
	DataJob   bool // dataProcessingJobType

	Notify    string // who is told of what (see ParseNotify); "" is what the scheduler's flag says
	ManagedBy string // the folder of job files that the job comes from (hora apply); "" is none
}

// Variable is one environment variable of a task.
type Variable struct{ Name, Value string }

// Fetch is one file that the agent fetches into the sandbox (Mesos CommandInfo.URI).
type Fetch struct {
	URI        string
	OutputFile string
	Executable bool
	Cache      bool
	Extract    bool
}

// Container says in what the task runs (contracts/chronos.md 2.3).
type Container struct {
	Type           string // "DOCKER" or "MESOS"
	Image          string
	Network        string // "HOST", "BRIDGE" or "USER"
	NetworkName    string
	NetworkInfos   []NetworkInfo
	Volumes        []Volume
	ForcePullImage bool
	Parameters     []Variable // of docker run
}

// NetworkInfo names a network that the container joins.
type NetworkInfo struct {
	Name         string
	Protocol     string // "", "IPv4" or "IPv6"
	Labels       []Variable
	PortMappings []PortMapping
}

// PortMapping maps a port of the host to one of the container.
type PortMapping struct {
	HostPort, ContainerPort int
	Protocol                string
}

// Volume is a directory inside the container.
type Volume struct {
	HostPath, ContainerPath string
	Mode                    string // "RW", "RO" or ""
	External                *ExternalVolume
}

// ExternalVolume is a volume made by a volume driver.
type ExternalVolume struct {
	Name, Provider string
	Options        []Variable
}

// Clone returns a copy that shares nothing with j which a caller might change.
func (j *Job) Clone() *Job {
	c := *j
	c.Arguments = slices.Clone(j.Arguments)
	c.Environment = slices.Clone(j.Environment)
	c.URIs = slices.Clone(j.URIs)
	c.Fetch = slices.Clone(j.Fetch)
	c.Constraints = slices.Clone(j.Constraints)
	c.Parents = slices.Clone(j.Parents)
	c.RetryOn = slices.Clone(j.RetryOn)
	if j.Container != nil {
		k := *j.Container
		k.NetworkInfos = slices.Clone(k.NetworkInfos)
		k.Volumes = slices.Clone(k.Volumes)
		k.Parameters = slices.Clone(k.Parameters)
		c.Container = &k
	}
	return &c
}
