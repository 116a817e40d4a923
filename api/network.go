package api

import (
	"slices"
	"strconv"
	"time"

	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Network is GET /api/graph: who depends on whom.
type Network struct {
	Nodes     []Node `json:"nodes"`
	Edges     []Edge `json:"edges"`
	Truncated bool   `json:"truncated"` // there are more nodes
}

// Node is a job in the graph.
type Node struct {
	Name       string `json:"name"`
	Kind       string `json:"kind"`
	State      string `json:"state"`
	Failing    bool   `json:"failing"`
	Late       bool   `json:"late"`
	Disabled   bool   `json:"disabled"`
	DurationMs *int64 `json:"durationMs,omitempty"` // of the last run
}

// Edge leads from a parent to its child.
type Edge struct {
	From      string `json:"from"`
	To        string `json:"to"`
	Condition string `json:"condition"` // succeeded, failed, done
	Satisfied bool   `json:"satisfied"` // the parent has a result that the child has not spent
}

// Limits of a graph.
const (
	maxNodes     = 5000
	defaultDepth = 2
	maxDepthOf   = 50
)

// apiGraph gives the jobs around one job, those that a filter means, or all that
// have parents or children.
func (s *server) apiGraph(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	q := c.URL.Query()
	if err := known(q, "job", "depth", "q"); err != nil {
		return response{}, err
	}
	depth := defaultDepth
	if text := q.Get("depth"); text != "" {
		if depth, err = strconv.Atoi(text); err != nil || depth < 0 || depth > maxDepthOf {
			return response{}, badRequest("depth: %.40q is not from 0 to %d", text, maxDepthOf)
		}
	}
	children := s.family.of(v)
	var chosen []string
	if name := q.Get("job"); name != "" {
		if v.Job(name) == nil {
			return response{}, fault(404, "there is no job %q", name)
		}
		chosen = around(v, children, name, depth)
	} else {
		meant, err := readFilter(q.Get("q"))
		if err != nil {
			return response{}, err
		}
		for _, r := range matching(meant, s.rows.of(v), time.Now()) {
			if name := r.Job.Job.Name; len(parentsOf(r.Job)) > 0 || len(children[name]) > 0 {
				chosen = append(chosen, name)
			}
		}
	}
	return marshal(s.network(v, chosen))
}

// around walks from a job to its parents and children, so many steps each way.
func around(v *leader.View, children map[string][]string, name string, depth int) []string {
	out := []string{name}
	for _, next := range []func(string) []string{
		func(n string) []string { return parentsOf(v.Job(n)) },
		func(n string) []string { return children[n] },
	} {
		seen := map[string]bool{name: true}
		front := []string{name}
		for range depth {
			var further []string
			for _, n := range front {
				for _, m := range next(n) {
					if !seen[m] && v.Job(m) != nil {
						seen[m] = true
						further = append(further, m)
					}
				}
			}
			front = further
			out = append(out, further...)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// network writes the chosen jobs and what is between them.
func (s *server) network(v *leader.View, chosen []string) Network {
	out := Network{Nodes: []Node{}, Edges: []Edge{}, Truncated: len(chosen) > maxNodes}
	chosen = chosen[:min(len(chosen), maxNodes)]
	now, in := time.Now(), make(map[string]bool, len(chosen))
	for _, name := range chosen {
		in[name] = true
	}
	for _, name := range chosen {
		j := v.Job(name)
		r := newRow(j, s.shown)
		n := Node{Name: name, Kind: r.kind.Value(), State: r.state(now), Failing: r.failing(), Late: r.late(now), Disabled: j.Job.Disabled}
		if d, is := r.took(); is {
			ms := d.Milliseconds()
			n.DurationMs = &ms
		}
		out.Nodes = append(out.Nodes, n)
		for _, e := range edgesOf(v, j) {
			if in[e.From] {
				out.Edges = append(out.Edges, e)
			}
		}
	}
	return out
}

// edgesOf returns the edges that lead to a job.
func edgesOf(v *leader.View, j *leader.Job) []Edge {
	conditions := map[string]jobgraph.Condition{}
	if j.Job.Trigger != "" {
		if t, err := jobgraph.ParseTrigger(j.Job.Trigger); err == nil {
			conditions = t.Conditions()
		}
	}
	var out []Edge
	for _, name := range parentsOf(j) {
		condition := conditions[name]
		succeeded, failed := unspent(v.Job(name), j.State.Spent[name])
		e := Edge{From: name, To: j.Job.Name, Condition: condition.String(), Satisfied: succeeded > 0}
		switch condition {
		case jobgraph.Failed:
			e.Satisfied = failed > 0
		case jobgraph.Done:
			e.Satisfied = succeeded+failed > 0
		}
		out = append(out, e)
	}
	return out
}

// unspent is how many ends of a parent's runs a child may still spend.
func unspent(parent *leader.Job, spent scheduler.Spent) (succeeded, failed uint64) {
	if parent == nil {
		return 0, 0
	}
	return parent.State.Unspent(spent)
}
