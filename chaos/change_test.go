package chaos_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"
)

// child is a job that runs when both its parents have succeeded.
type child struct {
	name    string
	each    bool // each pair of successes has a run of its own
	parents []string
	created time.Time // it was there by then
}

// children posts jobs with two parents, before these are due as far as possible.
func (w *world) children(parents []string) []child {
	var out []child
	for i, mode := range []string{"each", "latest"} {
		c := child{name: "child-" + mode, each: mode == "each", parents: parents}
		job := map[string]any{
			"name": c.name, "command": w.command(c.name, w.between(100*time.Millisecond, time.Second)), "cpus": 0.01, "mem": 1, "disk": 1,
			"parents": parents, "parentsMode": mode, "overlap": "allow", "retries": 5,
		}
		w.until(c.name+" is posted", func() bool {
			_, err := w.nodes[i].call("POST", "/v1/scheduler/dependency", job, nil)
			return err == nil
		})
		c.created = time.Now()
		out = append(out, c)
	}
	return out
}

// ends are when each slot of a job was done for the first time, in order.
func ends(runs []*ran) []time.Time {
	first := map[int64]time.Time{}
	for _, x := range runs {
		if at, there := first[x.slot]; x.complete() && (!there || x.end.Before(at)) {
			first[x.slot] = x.end
		}
	}
	out := make([]time.Time, 0, len(first))
	for _, at := range first {
		out = append(out, at)
	}
	slices.SortFunc(out, time.Time.Compare)
	return out
}

// owed is how often the child has to run at least: for each success of the
// parent that has the fewest, once it was there.
func (c child) owed(parents [][]time.Time) int {
	if !c.each {
		return 1
	}
	least := -1
	for _, list := range parents {
		n := 0
		for _, at := range list {
			if at.After(c.created) {
				n++
			}
		}
		if least < 0 || n < least {
			least = n
		}
	}
	return least
}

// tasks tells of which entry of a history each task is an attempt.
func tasks(past []entry) map[string]int {
	out := map[string]int{}
	for i, e := range past {
		for _, a := range e.Attempts {
			out[a.Task] = i
		}
	}
	return out
}

// settled waits until all runs of a child are over, or nothing comes any more.
func (w *world) settled(c child, parents [][]time.Time) {
	for deadline := time.Now().Add(patience / 2); time.Now().Before(deadline); pause(time.Second) {
		past := w.history(c.name)
		runs, _ := w.runs(c.name)
		known := tasks(past)
		if len(past) >= c.owed(parents) && !slices.ContainsFunc(runs, func(x *ran) bool { _, there := known[x.task]; return !there }) {
			return
		}
	}
}

// check: each run is recorded and succeeded; there are as many as are owed; and
// the k-th began when each parent had been done k times: a success is spent once.
// Several may be released at the same instant, so that tasks tell them apart.
func (c child) check(runs []*ran, past []entry, parents [][]time.Time, r *report) {
	known := tasks(past)
	complete, began := make([]bool, len(past)), make([]time.Time, len(past))
	for _, x := range runs {
		r.runs++
		i, there := known[x.task]
		if !there {
			r.doubled++
			r.add("%s: task %s ran and is not recorded", c.name, x.task)
			continue
		}
		complete[i] = complete[i] || x.complete()
		if began[i].IsZero() || x.start.Before(began[i]) {
			began[i] = x.start
		}
		for _, a := range past[i].Attempts {
			if a.Task == x.task && x.start.After(a.Ended.Add(slack)) {
				r.doubled++
				r.add("%s: task %s began at %v, after it had been given up: %+v", c.name, x.task, x.start.UTC(), a)
			}
		}
	}
	for i, e := range past {
		r.slots++
		if e.Outcome != "succeeded" || !complete[i] {
			r.lost++
			r.add("%s: %+v is recorded, complete %v; want a success and a complete run", c.name, e, complete[i])
		}
	}
	if len(past) < c.owed(parents) {
		r.lost++
		r.add("%s was released %d times, want %d", c.name, len(past), c.owed(parents))
	}
	began = slices.DeleteFunc(began, time.Time.IsZero)
	slices.SortFunc(began, time.Time.Compare)
	for k, at := range began {
		for i, list := range parents {
			if len(list) <= k || list[k].After(at) {
				r.doubled++
				r.add("%s began for the %d. time at %v, when %s had not been done as often", c.name, k+1, at.UTC(), c.parents[i])
			}
		}
	}
}

// changes are what clients change while faults are injected.
type changes struct {
	mu     sync.Mutex
	edited string               // what the last edit said that was answered well
	unsure []string             // edits of which nobody knows
	gone   map[string]time.Time // when jobs were deleted, as their deletes were answered
	bad    []string
}

// change edits one job, and makes and deletes others, until stop.
func (w *world) change(job string, stop <-chan struct{}) (result func() *changes) {
	c := &changes{gone: map[string]time.Time{}}
	var done sync.WaitGroup
	every := func(d time.Duration, do func(n *node, k int)) {
		done.Go(func() {
			again := time.NewTicker(d)
			defer again.Stop()
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				case <-again.C:
				}
				do(w.nodes[k%len(w.nodes)], k)
			}
		})
	}
	every(w.between(time.Second, 2*time.Second), func(n *node, k int) {
		text := fmt.Sprint("edit ", k)
		status, err := n.call("PATCH", "/api/jobs/"+job, map[string]any{"description": text}, nil)
		c.mu.Lock()
		defer c.mu.Unlock()
		switch {
		case err == nil:
			c.edited = text
		case status/100 == 4:
			c.bad = append(c.bad, fmt.Sprintf("%s of %s: %d, %v", text, job, status, err))
		default:
			c.unsure = append(c.unsure, text)
		}
	})
	every(w.between(4*time.Second, 6*time.Second), func(n *node, k int) {
		name := fmt.Sprint("gone", k)
		_, err := n.call("POST", "/v1/scheduler/iso8601", map[string]any{
			"name": name, "command": w.command(name, 0), "cpus": 0.001, "mem": 1, "disk": 1, "overlap": "allow",
			"schedule": "R/" + time.Now().UTC().Format(time.RFC3339) + "/PT1S",
		}, nil)
		pause(2 * time.Second)
		if _, e := n.call("DELETE", "/v1/scheduler/job/"+name, nil, nil); err == nil && e == nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.gone[name] = time.Now()
		}
	})
	return func() *changes {
		done.Wait()
		return c
	}
}

// late is how much later than its launch a command may begin: an agent may be
// away in between.
const late = 10 * time.Second

// check: no edit that was answered well is lost, and what was deleted stays so.
func (c *changes) check(description string, there []string, runs map[string][]*ran, r *report) {
	r.bad = append(r.bad, c.bad...)
	if description != c.edited && !slices.Contains(c.unsure, description) {
		r.lost++
		r.add("an edit is lost: the job says %q, the last edit %q", description, c.edited)
	}
	for name, at := range c.gone {
		r.jobs++
		if slices.Contains(there, name) {
			r.lost++
			r.add("job %s is there, though it was deleted at %v", name, at.UTC())
		}
		for _, x := range runs[name] {
			r.runs++
			if x.start.After(at.Add(late)) {
				r.doubled++
				r.add("task %s began at %v, though its job was deleted at %v", x.task, x.start.UTC(), at.UTC())
			}
		}
	}
}

// checkChanges reads what is there, and checks it.
func (w *world) checkChanges(job string, c *changes, r *report) {
	var edited struct{ Definition struct{ Description string } }
	var list []struct{ Name string }
	w.until("the jobs are given", func() bool {
		_, err := w.leader().call("GET", "/v1/scheduler/jobs", nil, &list)
		_, other := w.leader().call("GET", "/api/jobs/"+job, nil, &edited)
		return err == nil && other == nil
	})
	var there []string
	for _, x := range list {
		there = append(there, x.Name)
	}
	runs := map[string][]*ran{}
	for name := range c.gone {
		list, bad := w.runs(name)
		runs[name] = list
		for _, text := range bad {
			if !strings.Contains(text, "half a line") { // its last task may have been killed
				r.doubled++
				r.bad = append(r.bad, text)
			}
		}
	}
	c.check(edited.Definition.Description, there, runs, r)
	w.t.Logf("%d edits of which nobody knows, the last that was answered well is %q; %d jobs were deleted", len(c.unsure), c.edited, len(c.gone))
}
