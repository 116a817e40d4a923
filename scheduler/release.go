package scheduler

import (
	"maps"

	"github.com/hora-scheduler/hora/jobgraph"
)

// releaseChildren looks whether the end of a parent's run releases children.
func (s *State) releaseChildren(parent *entity) {
	for _, name := range s.graph.Children(parent.rec.Job.Name) {
		s.release(s.jobs[name])
	}
}

// release makes runs of a job as long as its parents' unspent results satisfy
// its trigger. It looks at the state only, never at what happened: it may be
// called at any time.
func (s *State) release(e *entity) {
	for e.def.Gate != nil && !e.rec.Job.Disabled && s.satisfied(e) {
		if e.def.Each && s.hasPending(e) {
			return // one after the other: what is unspent is not forgotten
		}
		parents := s.causes(e)
		s.spend(e)
		if !s.newRun(e, Run{Kind: OfRelease, Slot: s.now, NotBefore: s.now, Parents: parents}) {
			return
		}
		if !e.def.Each {
			return
		}
	}
}

// causes names the runs whose ends release a job: of each parent the newest that
// is spent. With parentsMode each it may be an older one that is spent, which
// nobody has noted: then none is named, as for a success that was counted by hand.
func (s *State) causes(e *entity) []RunKey {
	var out []RunKey
	conditions := e.def.Gate.Conditions()
	for _, name := range e.def.Gate.Names() {
		p := s.jobs[name]
		succeeded, failed := s.unspent(e, name)
		known := func(unspent uint64) bool { return unspent == 1 || unspent > 1 && !e.def.Each }
		var newest uint64
		if conditions[name] != jobgraph.Failed && known(succeeded) {
			newest = p.state.Last.Succeeded
		}
		if conditions[name] != jobgraph.Succeeded && known(failed) {
			newest = max(newest, p.state.Last.Failed)
		}
		if newest > 0 && len(out) < MaxParents {
			out = append(out, RunKey{p.rec.UID, newest - 1})
		}
	}
	return out
}

// hasPending tells whether a run of the job has not started yet.
func (s *State) hasPending(e *entity) bool {
	for _, key := range e.runs {
		if r := s.runs[key]; !r.hasTask() && r.Attempt == 0 {
			return true
		}
	}
	return false
}

func (s *State) satisfied(e *entity) bool {
	return e.def.Gate.Eval(func(c jobgraph.Condition, parent string) bool {
		succeeded, failed := s.unspent(e, parent)
		switch c {
		case jobgraph.Succeeded:
			return succeeded > 0
		case jobgraph.Failed:
			return failed > 0
		}
		return succeeded+failed > 0
	})
}

// unspent returns how many ends of a parent's runs a child may still spend.
func (s *State) unspent(e *entity, parent string) (succeeded, failed uint64) {
	p := s.jobs[parent]
	if p == nil {
		return 0, 0
	}
	return p.state.Unspent(e.state.Spent[parent])
}

// Unspent returns how many ends of a parent's runs are left to a child that has
// spent that many.
func (st *JobState) Unspent(spent Spent) (succeeded, failed uint64) {
	return st.Successes - min(spent.Successes, st.Successes), st.Failures - min(spent.Failures, st.Failures)
}

// spend uses up the parents' results: all seen so far, or with parentsMode each one of each.
func (s *State) spend(e *entity) {
	s.setState(e, func(st *JobState) {
		spent := maps.Clone(st.Spent)
		if spent == nil {
			spent = make(map[string]Spent)
		}
		for _, name := range e.def.Gate.Names() {
			p := s.jobs[name]
			now := Spent{p.state.Successes, p.state.Failures}
			if e.def.Each {
				was := spent[name]
				now = Spent{min(was.Successes+1, now.Successes), min(was.Failures+1, now.Failures)}
			}
			spent[name] = now
		}
		st.Spent = spent
	})
}

// adopt makes the child's account of its parents agree with its trigger:
// parents that stay keep what is unspent, new ones begin with nothing to spend.
func (s *State) adopt(e *entity) {
	var names []string
	if e.def.Gate != nil {
		names = e.def.Gate.Names()
	}
	spent := make(map[string]Spent, len(names))
	for _, name := range names {
		if old, there := e.state.Spent[name]; there {
			spent[name] = old
		} else if p := s.jobs[name]; p != nil {
			spent[name] = Spent{p.state.Successes, p.state.Failures}
		}
	}
	if maps.Equal(spent, e.state.Spent) {
		return
	}
	if len(spent) == 0 {
		spent = nil
	}
	s.setState(e, func(st *JobState) { st.Spent = spent })
}
