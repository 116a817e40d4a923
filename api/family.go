package api

import (
	"sync"

	"github.com/hora-scheduler/hora/scheduler/leader"
)

// family knows the children of each job in a view: the other direction of what
// definitions say.
type family struct {
	mu       sync.Mutex
	view     *leader.View
	children map[string][]string
}

// of returns the children of each job, in the order of their names.
func (f *family) of(v *leader.View) map[string][]string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.view == v {
		return f.children
	}
	children := make(map[string][]string)
	for j := range v.Jobs() {
		for _, p := range parentsOf(j) {
			children[p] = append(children[p], j.Job.Name)
		}
	}
	f.view, f.children = v, children
	return children
}
