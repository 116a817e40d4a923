package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
)

// Durable writes out every record that the state holds, in a fixed order.
func (s *State) Durable() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%+v\n", *s.meta)
	for _, uid := range slices.Sorted(maps.Keys(s.byUID)) {
		e := s.byUID[uid]
		rec := *e.rec
		rec.Job = nil
		st := *e.state
		if st.Backfill != nil {
			fmt.Fprintf(&b, "backfill %+v\n", *st.Backfill)
			st.Backfill = nil
		}
		fmt.Fprintf(&b, "job %+v %+v\nstate %+v\n", rec, *e.rec.Job, st)
	}
	for _, key := range slices.SortedFunc(maps.Keys(s.runs), compareKeys) {
		r := *s.runs[key]
		task, kill := r.Task, r.Kill
		r.Task, r.Kill = nil, nil
		fmt.Fprintf(&b, "run %+v", r)
		if task != nil {
			fmt.Fprintf(&b, " task %+v", *task)
		}
		if kill != nil {
			fmt.Fprintf(&b, " kill %+v", *kill)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Definition returns what a job's definition means.
func (s *State) Definition(uid UID) *job.Compiled {
	if e := s.byUID[uid]; e != nil {
		return e.def
	}
	return nil
}

// CheckIndexes compares every index with what a scan of all records gives.
func (s *State) CheckIndexes() error {
	due, watch := map[item]time.Time{}, map[item]time.Time{}
	ready, tasks, awaiting := map[RunKey]bool{}, map[string]RunKey{}, 0
	for name, e := range s.jobs {
		if s.byUID[e.rec.UID] != e || e.rec.Job.Name != name {
			return fmt.Errorf("job %s is not found by its uid", name)
		}
		if e.def.When != nil && !e.rec.Job.Disabled {
			if next := e.def.When.Next(e.state.Decided); !next.IsZero() {
				due[item{slotDue, RunKey{UID: e.rec.UID}}] = next
			}
		}
		var want []RunKey
		for key := range s.runs {
			if key.UID == e.rec.UID {
				want = append(want, key)
			}
		}
		slices.SortFunc(want, compareKeys)
		if !slices.Equal(want, e.runs) {
			return fmt.Errorf("job %s has the runs %v, a scan finds %v", name, e.runs, want)
		}
	}
	for key, r := range s.runs {
		alive := s.byUID[key.UID] != nil
		switch {
		case r.State == Ready && alive && r.NotBefore.After(s.now):
			due[item{runReady, key}] = r.NotBefore
		case r.State == Ready && alive:
			if _, late := s.due.heap.place[item{runReady, key}]; late {
				due[item{runReady, key}] = r.NotBefore // until the next Tick
			} else {
				ready[key] = true
			}
		case r.State == Launched:
			tasks[r.Task.ID] = key
			if r.Kill == nil && !r.Task.Timeout.IsZero() {
				watch[item{timeoutOf, key}] = r.Task.Timeout
			}
		}
		if r.State == Awaiting {
			awaiting++
			if s.awaiting[r.Task.ID] != key {
				return fmt.Errorf("run %v is not found by its task, which has ended", key)
			}
			if !r.Task.Timeout.IsZero() {
				watch[item{timeoutOf, key}] = r.Task.Timeout
			}
		}
		if !r.hasTask() && r.Attempt == 0 && !r.Deadline.IsZero() {
			watch[item{deadlineOf, key}] = r.Deadline
		}
	}
	for id, key := range s.tasks {
		if tasks[id] != key {
			return fmt.Errorf("task %s is of run %v, a scan finds %v", id, key, tasks[id])
		}
	}
	onAgent := map[string]int{}
	for _, key := range tasks {
		onAgent[s.runs[key].Task.AgentID]++
	}
	if !maps.Equal(onAgent, s.onAgent) {
		return fmt.Errorf("tasks by agent: %v, a scan finds %v", s.onAgent, onAgent)
	}
	if awaiting != len(s.awaiting) {
		return fmt.Errorf("%d tasks await a report, a scan finds %d", len(s.awaiting), awaiting)
	}
	if len(tasks) != len(s.tasks) {
		return fmt.Errorf("%d tasks, a scan finds %d", len(s.tasks), len(tasks))
	}
	for key := range s.ready.where {
		if !ready[key] {
			return fmt.Errorf("run %v is queued, a scan does not find it", key)
		}
	}
	if len(ready) != len(s.ready.where) {
		return fmt.Errorf("%d runs are queued, a scan finds %d", len(s.ready.where), len(ready))
	}
	if err := compareAgenda("due", s.due, due, nil); err != nil {
		return err
	}
	return compareAgenda("watch", s.watch, watch, []topic{killAgain, confirm, askAgain, askAll, askStrays})
}

// compareAgenda compares an agenda with a scan, but for the topics that follow from the session.
func compareAgenda(name string, a *agenda, want map[item]time.Time, besides []topic) error {
	n := 0
	for it, i := range a.heap.place {
		at := a.heap.list[i].at
		if a.heap.list[i].item != it {
			return fmt.Errorf("agenda %s: the place of %v is wrong", name, it)
		}
		if slices.Contains(besides, it.topic) {
			continue
		}
		n++
		if !want[it].Equal(at) {
			return fmt.Errorf("agenda %s: %v is at %v, a scan finds %v", name, it, at, want[it])
		}
	}
	if n != len(want) {
		return fmt.Errorf("agenda %s has %d items, a scan finds %d: %v", name, n, len(want), want)
	}
	return nil
}
