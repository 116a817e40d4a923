package store

import (
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// jobV1 is the stored form of a definition.
type jobV1 struct {
	UID      uint64    `json:"uid"`
	Created  time.Time `json:"created"`
	Updated  time.Time `json:"updated"`
	Anchor   time.Time `json:"anchor"`
	Revision uint64    `json:"revision"`
	actorV1

	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Owner       string `json:"owner,omitempty"`
	OwnerName   string `json:"ownerName,omitempty"`

	Command   string       `json:"command,omitempty"`
	Shell     bool         `json:"shell"`
	Arguments []string     `json:"arguments,omitempty"`
	Env       []pairV1     `json:"environment,omitempty"`
	URIs      []string     `json:"uris,omitempty"`
	Fetch     []fetchV1    `json:"fetch,omitempty"`
	Container *containerV1 `json:"container,omitempty"`
	RunAsUser string       `json:"runAsUser,omitempty"`

	Executor      string `json:"executor,omitempty"`
	ExecutorFlags string `json:"executorFlags,omitempty"`
	TaskInfoData  string `json:"taskInfoData,omitempty"`

	CPUs         float64     `json:"cpus,omitzero"`
	Mem          float64     `json:"mem,omitzero"`
	Disk         float64     `json:"disk,omitzero"`
	GPUs         int         `json:"gpus,omitzero"`
	Ports        int         `json:"ports,omitzero"`
	Constraints  [][3]string `json:"constraints,omitempty"`
	HighPriority bool        `json:"highPriority,omitzero"`

	Schedule    string   `json:"schedule,omitempty"`
	Zone        string   `json:"zone,omitempty"`
	NotBefore   string   `json:"notBefore,omitempty"`
	NotAfter    string   `json:"notAfter,omitempty"`
	DSTGap      string   `json:"dstGap,omitempty"`
	DSTOverlap  string   `json:"dstOverlap,omitempty"`
	Jitter      string   `json:"jitter,omitempty"`
	Parents     []string `json:"parents,omitempty"`
	ParentsMode string   `json:"parentsMode,omitempty"`
	Trigger     string   `json:"trigger,omitempty"`

	CatchUp          string   `json:"catchUp,omitempty"`
	Epsilon          string   `json:"epsilon,omitempty"`
	Overlap          string   `json:"overlap,omitempty"`
	MaxConcurrent    int      `json:"maxConcurrent,omitzero"`
	Retries          int      `json:"retries"`
	RetryInterval    string   `json:"retryInterval,omitempty"`
	RetryBackoff     string   `json:"retryBackoff,omitempty"`
	RetryMaxInterval string   `json:"retryMaxInterval,omitempty"`
	RetryJitter      float64  `json:"retryJitter,omitzero"`
	RetryOn          []string `json:"retryOn,omitempty"`
	Timeout          string   `json:"timeout,omitempty"`
	ExpectedDuration string   `json:"expectedDuration,omitempty"`

	Disabled  bool `json:"disabled,omitzero"`
	SoftError bool `json:"softError,omitzero"`
	Async     bool `json:"async,omitzero"`
	DataJob   bool `json:"dataJob,omitzero"`

	Notify    string `json:"notify,omitempty"`
	ManagedBy string `json:"managedBy,omitempty"`
}

type pairV1 struct {
	Name  string `json:"n"`
	Value string `json:"v"`
}

type fetchV1 struct {
	URI        string `json:"uri"`
	OutputFile string `json:"outputFile,omitempty"`
	Executable bool   `json:"executable,omitzero"`
	Cache      bool   `json:"cache,omitzero"`
	Extract    bool   `json:"extract,omitzero"`
}

type containerV1 struct {
	Type           string          `json:"type"`
	Image          string          `json:"image"`
	Network        string          `json:"network,omitempty"`
	NetworkName    string          `json:"networkName,omitempty"`
	NetworkInfos   []networkInfoV1 `json:"networkInfos,omitempty"`
	Volumes        []volumeV1      `json:"volumes,omitempty"`
	ForcePullImage bool            `json:"forcePullImage,omitzero"`
	Parameters     []pairV1        `json:"parameters,omitempty"`
}

type networkInfoV1 struct {
	Name         string          `json:"name"`
	Protocol     string          `json:"protocol,omitempty"`
	Labels       []pairV1        `json:"labels,omitempty"`
	PortMappings []portMappingV1 `json:"portMappings,omitempty"`
}

type portMappingV1 struct {
	HostPort      int    `json:"hostPort"`
	ContainerPort int    `json:"containerPort"`
	Protocol      string `json:"protocol,omitempty"`
}

type volumeV1 struct {
	HostPath      string      `json:"hostPath,omitempty"`
	ContainerPath string      `json:"containerPath"`
	Mode          string      `json:"mode,omitempty"`
	External      *externalV1 `json:"external,omitempty"`
}

type externalV1 struct {
	Name     string   `json:"name"`
	Provider string   `json:"provider,omitempty"`
	Options  []pairV1 `json:"options,omitempty"`
}

func encodeJob(r *scheduler.JobRecord) []byte {
	v := definitionOf(r.Job)
	v.UID, v.Created, v.Updated, v.Anchor, v.Revision, v.actorV1 = uint64(r.UID), r.Created, r.Updated, r.Anchor, r.Revision, encodeActor(r.By)
	return seal(v)
}

func definitionOf(j *job.Job) jobV1 {
	return jobV1{
		Name: j.Name, Description: j.Description, Owner: j.Owner, OwnerName: j.OwnerName,
		Command: j.Command, Shell: j.Shell, Arguments: j.Arguments, Env: pairsOf(j.Environment), URIs: j.URIs,
		Fetch: each(j.Fetch, func(f job.Fetch) fetchV1 { return fetchV1(f) }), Container: encodeContainer(j.Container), RunAsUser: j.RunAsUser,
		Executor: j.Executor, ExecutorFlags: j.ExecutorFlags, TaskInfoData: j.TaskInfoData,
		CPUs: j.CPUs, Mem: j.Mem, Disk: j.Disk, GPUs: j.GPUs, Ports: j.Ports, HighPriority: j.HighPriority,
		Constraints: each(j.Constraints, func(c job.Constraint) [3]string { return [3]string{c.Attribute, c.Operator, c.Value} }),
		Schedule:    j.Schedule, Zone: j.Zone, NotBefore: j.NotBefore, NotAfter: j.NotAfter, DSTGap: j.DSTGap, DSTOverlap: j.DSTOverlap, Jitter: j.Jitter,
		Parents: j.Parents, ParentsMode: j.ParentsMode, Trigger: j.Trigger,
		CatchUp: j.CatchUp, Epsilon: j.Epsilon, Overlap: j.Overlap, MaxConcurrent: j.MaxConcurrent,
		Retries: j.Retries, RetryInterval: j.RetryInterval, RetryBackoff: j.RetryBackoff, RetryMaxInterval: j.RetryMaxInterval,
		RetryJitter: j.RetryJitter, RetryOn: j.RetryOn, Timeout: j.Timeout, ExpectedDuration: j.ExpectedDuration,
		Disabled: j.Disabled, SoftError: j.SoftError, Async: j.Async, DataJob: j.DataJob, Notify: j.Notify, ManagedBy: j.ManagedBy,
	}
}

func decodeJob(value []byte) (*scheduler.JobRecord, error) {
	var v jobV1
	err := open(value, &v)
	return &scheduler.JobRecord{
		UID: scheduler.UID(v.UID), Created: v.Created, Updated: v.Updated, Anchor: v.Anchor, Revision: v.Revision, By: decodeActor(v.actorV1),
		Job: v.definition(),
	}, err
}

func (v *jobV1) definition() *job.Job {
	return &job.Job{
		Name: v.Name, Description: v.Description, Owner: v.Owner, OwnerName: v.OwnerName,
		Command: v.Command, Shell: v.Shell, Arguments: v.Arguments, Environment: variables(v.Env), URIs: v.URIs,
		Fetch: each(v.Fetch, func(f fetchV1) job.Fetch { return job.Fetch(f) }), Container: decodeContainer(v.Container), RunAsUser: v.RunAsUser,
		Executor: v.Executor, ExecutorFlags: v.ExecutorFlags, TaskInfoData: v.TaskInfoData,
		CPUs: v.CPUs, Mem: v.Mem, Disk: v.Disk, GPUs: v.GPUs, Ports: v.Ports, HighPriority: v.HighPriority,
		Constraints: each(v.Constraints, func(c [3]string) job.Constraint { return job.Constraint{Attribute: c[0], Operator: c[1], Value: c[2]} }),
		Schedule:    v.Schedule, Zone: v.Zone, NotBefore: v.NotBefore, NotAfter: v.NotAfter, DSTGap: v.DSTGap, DSTOverlap: v.DSTOverlap, Jitter: v.Jitter,
		Parents: v.Parents, ParentsMode: v.ParentsMode, Trigger: v.Trigger,
		CatchUp: v.CatchUp, Epsilon: v.Epsilon, Overlap: v.Overlap, MaxConcurrent: v.MaxConcurrent,
		Retries: v.Retries, RetryInterval: v.RetryInterval, RetryBackoff: v.RetryBackoff, RetryMaxInterval: v.RetryMaxInterval,
		RetryJitter: v.RetryJitter, RetryOn: v.RetryOn, Timeout: v.Timeout, ExpectedDuration: v.ExpectedDuration,
		Disabled: v.Disabled, SoftError: v.SoftError, Async: v.Async, DataJob: v.DataJob, Notify: v.Notify, ManagedBy: v.ManagedBy,
	}
}

func encodeContainer(c *job.Container) *containerV1 {
	if c == nil {
		return nil
	}
	return &containerV1{
		Type: c.Type, Image: c.Image, Network: c.Network, NetworkName: c.NetworkName, ForcePullImage: c.ForcePullImage, Parameters: pairsOf(c.Parameters),
		NetworkInfos: each(c.NetworkInfos, func(n job.NetworkInfo) networkInfoV1 {
			return networkInfoV1{n.Name, n.Protocol, pairsOf(n.Labels), each(n.PortMappings, func(p job.PortMapping) portMappingV1 { return portMappingV1(p) })}
		}),
		Volumes: each(c.Volumes, func(v job.Volume) volumeV1 {
			out := volumeV1{HostPath: v.HostPath, ContainerPath: v.ContainerPath, Mode: v.Mode}
			if e := v.External; e != nil {
				out.External = &externalV1{e.Name, e.Provider, pairsOf(e.Options)}
			}
			return out
		}),
	}
}

func decodeContainer(c *containerV1) *job.Container {
	if c == nil {
		return nil
	}
	return &job.Container{
		Type: c.Type, Image: c.Image, Network: c.Network, NetworkName: c.NetworkName, ForcePullImage: c.ForcePullImage, Parameters: variables(c.Parameters),
		NetworkInfos: each(c.NetworkInfos, func(n networkInfoV1) job.NetworkInfo {
			return job.NetworkInfo{
				Name: n.Name, Protocol: n.Protocol, Labels: variables(n.Labels),
				PortMappings: each(n.PortMappings, func(p portMappingV1) job.PortMapping { return job.PortMapping(p) }),
			}
		}),
		Volumes: each(c.Volumes, func(v volumeV1) job.Volume {
			out := job.Volume{HostPath: v.HostPath, ContainerPath: v.ContainerPath, Mode: v.Mode}
			if e := v.External; e != nil {
				out.External = &job.ExternalVolume{Name: e.Name, Provider: e.Provider, Options: variables(e.Options)}
			}
			return out
		}),
	}
}

func pairsOf(list []job.Variable) []pairV1 {
	return each(list, func(v job.Variable) pairV1 { return pairV1(v) })
}

func variables(list []pairV1) []job.Variable {
	return each(list, func(v pairV1) job.Variable { return job.Variable(v) })
}

// each maps a list; an empty one becomes nil.
func each[A, B any](list []A, f func(A) B) []B {
	var out []B
	for _, a := range list {
		out = append(out, f(a))
	}
	return out
}
