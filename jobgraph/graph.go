// Package jobgraph says which job depends on which: an acyclic graph of job
// names, and the trigger expressions that tell when a child is released.
//
// It holds no results of runs (package scheduler keeps those) and knows nothing
// of schedules. It is pure. A Graph is not safe for concurrent use.
package jobgraph

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// Reasons for refusing a set of parents. Test with errors.Is.
var (
	ErrUnknownParent = message.Errorf("unknown parent")
	ErrCycle         = message.Errorf("dependency cycle")
	ErrSelf          = message.Errorf("a job cannot be its own parent")
)

// Graph is a directed acyclic graph of jobs. It keeps a topological order that
// is repaired when an edge is added (Pearce and Kelly, "A dynamic topological
// sort algorithm for directed acyclic graphs", 2006), so that the check for
// cycles visits only what lies between the two ends of the new edge.
type Graph struct {
	nodes map[string]*node
	last  int // the highest place given
}

type node struct {
	name     string
	place    int // in the topological order: parents before children
	parents  []*node
	children []*node
	seen     uint8 // mark of a search: 0, forward or backward
}

const (
	forward uint8 = 1 + iota
	backward
)

// New returns an empty graph.
func New() *Graph { return &Graph{nodes: make(map[string]*node)} }

// Has tells whether the job is in the graph.
func (g *Graph) Has(name string) bool { return g.nodes[name] != nil }

// Parents returns the names of the job's parents, in the order they were given.
func (g *Graph) Parents(name string) []string { return names(g.nodes[name], true) }

// Children returns the names of the jobs that have this one as a parent, sorted.
func (g *Graph) Children(name string) []string {
	c := names(g.nodes[name], false)
	slices.Sort(c)
	return c
}

func names(n *node, parents bool) []string {
	if n == nil {
		return nil
	}
	list := n.children
	if parents {
		list = n.parents
	}
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.name
	}
	return out
}

// Check tells whether Set would succeed, and changes nothing.
func (g *Graph) Check(name string, parents []string) error {
	for _, p := range parents {
		if p == name {
			return message.Errorf("%w: %q", ErrSelf, name)
		}
		if g.nodes[p] == nil {
			return message.Errorf("%w: %q", ErrUnknownParent, p)
		}
	}
	n := g.nodes[name]
	if n == nil {
		return nil // nobody can depend on it yet
	}
	for _, p := range parents {
		if path := g.path(n, g.nodes[p]); path != nil {
			return message.Errorf("%w: %s", ErrCycle, describe(path))
		}
	}
	return nil
}

// Set adds the job or replaces its parents. Duplicates among them count once.
// On error (unknown parent, self, cycle) nothing is changed.
func (g *Graph) Set(name string, parents []string) error {
	if err := g.Check(name, parents); err != nil {
		return err
	}
	n := g.nodes[name]
	if n == nil {
		g.last++
		n = &node{name: name, place: g.last}
		g.nodes[name] = n
	}
	want := make([]*node, 0, len(parents))
	for _, p := range parents {
		if m := g.nodes[p]; !slices.Contains(want, m) {
			want = append(want, m)
		}
	}
	for _, old := range n.parents {
		if !slices.Contains(want, old) {
			old.children = remove(old.children, n)
		}
	}
	had := n.parents
	n.parents = want
	for _, p := range want {
		if !slices.Contains(had, p) {
			p.children = append(p.children, n)
			g.reorder(p, n)
		}
	}
	return nil
}

// Remove takes the job and all its edges out.
func (g *Graph) Remove(name string) {
	n := g.nodes[name]
	if n == nil {
		return
	}
	for _, p := range n.parents {
		p.children = remove(p.children, n)
	}
	for _, c := range n.children {
		c.parents = remove(c.parents, n)
	}
	delete(g.nodes, name)
}

// remove deletes n from the list without keeping the order.
func remove(list []*node, n *node) []*node {
	i := slices.Index(list, n)
	if i < 0 {
		return list
	}
	// A new list where order matters would cost more; callers sort.
	return slices.Delete(list, i, i+1)
}

// path returns a way from a job down to another, or nil. A way can only lead
// through places between the two.
func (g *Graph) path(from, to *node) []*node {
	if from == to {
		return []*node{from}
	}
	if from.place > to.place {
		return nil
	}
	came := map[*node]*node{from: nil}
	stack := []*node{from}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		for _, c := range n.children {
			if _, seen := came[c]; seen || c.place > to.place {
				continue
			}
			came[c] = n
			if c == to {
				var way []*node
				for m := c; m != nil; m = came[m] {
					way = append(way, m)
				}
				slices.Reverse(way)
				return way
			}
			stack = append(stack, c)
		}
	}
	return nil
}

func describe(way []*node) string {
	var b strings.Builder
	for _, n := range way {
		fmt.Fprintf(&b, "%q -> ", n.name)
	}
	fmt.Fprintf(&b, "%q", way[0].name)
	return b.String()
}

// reorder restores the topological order after the edge parent -> child came.
func (g *Graph) reorder(parent, child *node) {
	low, high := child.place, parent.place
	if low > high {
		return
	}
	below := collect(child, forward, func(n *node) []*node { return n.children }, func(n *node) bool { return n.place <= high })
	above := collect(parent, backward, func(n *node) []*node { return n.parents }, func(n *node) bool { return n.place >= low })
	byPlace := func(a, b *node) int { return a.place - b.place }
	slices.SortFunc(below, byPlace)
	slices.SortFunc(above, byPlace)
	moved := append(above, below...)
	places := make([]int, len(moved))
	for i, n := range moved {
		places[i] = n.place
		n.seen = 0
	}
	slices.Sort(places)
	for i, n := range moved {
		n.place = places[i]
	}
}

func collect(start *node, mark uint8, next func(*node) []*node, within func(*node) bool) []*node {
	start.seen = mark
	out := []*node{start}
	for i := 0; i < len(out); i++ {
		for _, n := range next(out[i]) {
			if n.seen == 0 && within(n) {
				n.seen = mark
				out = append(out, n)
			}
		}
	}
	return out
}
