package api

import (
	"context"
	"slices"
	"time"

	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// ClusterState is GET /api/cluster.
type ClusterState struct {
	Leader  string     `json:"leader"`
	Leading bool       `json:"leading"`
	Term    int64      `json:"term"`
	At      time.Time  `json:"at"`    // of what is shown
	Stale   bool       `json:"stale"` // nobody leads at the moment
	Jobs    int        `json:"jobs"`
	Store   string     `json:"store,omitempty"` // where the records are kept
	Mesos   MesosState `json:"mesos"`

	Agents     []Agent             `json:"agents"`
	AgentsText string              `json:"agentsError,omitempty"` // why they are not known
	Attributes map[string][]string `json:"attributes"`            // values by name, hostname among them

	Offers   []HeldOffer `json:"offers"`
	Queued   int         `json:"queued"`   // runs that want an offer
	Launched int         `json:"launched"` // runs that have a task
	Queue    []QueuedRun `json:"queue"`    // the first ones
}

// MesosState tells of the subscription.
type MesosState struct {
	Connected   bool       `json:"connected"`
	Since       *time.Time `json:"since,omitempty"`
	FrameworkID string     `json:"frameworkId,omitempty"`
	Suppressed  bool       `json:"suppressed"` // no offers are asked for: there is nothing to do
}

// HeldOffer is what an agent offers at the moment.
type HeldOffer struct {
	Agent    string    `json:"agent"`
	Hostname string    `json:"hostname"`
	CPUs     float64   `json:"cpus"`
	Mem      float64   `json:"mem"`
	Disk     float64   `json:"disk"`
	Since    time.Time `json:"since"`
}

// QueuedRun is a run that wants an offer.
type QueuedRun struct {
	Run    string    `json:"run"`
	Job    string    `json:"job"`
	Since  time.Time `json:"since"`
	Reason string    `json:"reason,omitempty"`
}

// agentsTime bounds how long the master is waited for.
const agentsTime = 3 * time.Second

// apiCluster tells how the cluster is and what waits for it.
func (s *server) apiCluster(c call) (response, error) {
	v := s.Scheduler.View()
	out := ClusterState{
		Leader: v.Leader, Leading: v.Leading, Term: v.Term, At: v.At.UTC(), Stale: !v.Leading, Jobs: v.Len(), Store: s.Store, Agents: []Agent{}, Offers: []HeldOffer{}, Queue: []QueuedRun{},
		Attributes: map[string][]string{}, Mesos: MesosState{Connected: v.Subscribed, FrameworkID: v.FrameworkID},
	}
	var in scheduler.Inspection
	if v.Leading {
		if err := s.Scheduler.Do(c.Context(), scheduler.Inspect{Into: &in}); err != nil {
			return response{}, err
		}
	}
	out.Mesos.Suppressed, out.Mesos.Since, out.Queued, out.Launched = in.Suppressed, moment(in.Since), in.Queued, in.Launched
	for _, o := range in.Offers {
		out.Offers = append(out.Offers, HeldOffer{o.AgentID, o.Hostname, o.CPUs, o.Mem, o.Disk, o.Since})
	}
	for _, q := range in.Queue {
		out.Queue = append(out.Queue, QueuedRun{q.Run.String(), q.Job, q.Since, c.say(q.Reason)})
	}
	s.addAgents(c, &out)
	return marshal(out)
}

// addAgents asks the master for the agents. That it does not answer is told.
func (s *server) addAgents(c call, out *ClusterState) {
	if s.Cluster == nil {
		return
	}
	ctx, cancel := context.WithTimeout(c.Context(), agentsTime)
	defer cancel()
	agents, err := s.Cluster.Agents(ctx)
	if err != nil {
		out.AgentsText = c.say(message.Of("the master does not tell of its agents: %v", err))
		return
	}
	values := make(map[string]map[string]bool)
	note := func(name, value string) {
		if values[name] == nil {
			values[name] = make(map[string]bool)
		}
		values[name][value] = true
	}
	for _, a := range agents {
		note("hostname", a.Hostname)
		for name, value := range a.Attributes {
			note(name, value)
		}
	}
	for name, set := range values {
		for value := range set {
			out.Attributes[name] = append(out.Attributes[name], value)
		}
		slices.Sort(out.Attributes[name])
	}
	slices.SortFunc(agents, func(a, b Agent) int {
		if a.Hostname < b.Hostname {
			return -1
		}
		return 1
	})
	out.Agents = append(out.Agents, agents...)
}
