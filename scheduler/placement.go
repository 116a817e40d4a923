package scheduler

import (
	"container/heap"
	"slices"

	"github.com/hora-scheduler/hora/job"
)

// place matches runs with offers. With parentsMode each, a run that starts lets
// the next one wait, and that one may replace it at once: its kill has to leave
// after the Accept, or Mesos would answer that it knows no such task, and then
// launch it.
func (s *State) place() {
	for more := true; more; {
		more = false
		for _, e := range s.placeRound() {
			if e.def.Each {
				s.release(e)
				more = true
			}
		}
	}
}

// placeRound goes through the queue once: high priority first, then first come,
// first served; a run that fits nowhere is passed over with all its like. All
// tasks for one agent go into one Accept. It returns the jobs of the runs that
// were launched.
func (s *State) placeRound() (launched []*entity) {
	if !s.mesos.subscribed || s.ready.len() == 0 || len(s.mesos.agents) == 0 {
		return nil
	}
	agents := s.mesos.sorted()
	round := s.ready.round()
	fitting := make(map[*line][]*agent, round.Len())
	for s.written < maxStepBytes && round.Len() > 0 {
		l := round.lines[0]
		key, ok := s.ready.first(l)
		if !ok {
			heap.Pop(round)
			continue
		}
		r := s.runs[key]
		e := s.byUID[r.UID]
		def := e.def
		candidates, known := fitting[l]
		if !known {
			candidates = eligible(agents, def)
			fitting[l] = candidates
		}
		a := choose(candidates, def, s.cfg.Binpack)
		if a == nil {
			s.mesos.misfits[def.Signature] = misfit(agents, def)
			heap.Pop(round)
			continue
		}
		delete(s.mesos.misfits, def.Signature)
		s.ready.pop(l)
		s.launch(r, def, a)
		launched = append(launched, e)
		if _, more := s.ready.first(l); more {
			heap.Fix(round, 0)
		} else {
			heap.Pop(round)
		}
	}
	for _, a := range agents {
		if len(a.launches) > 0 {
			s.effect(Accept{OfferIDs: a.offers, AgentID: a.id, Launches: a.launches})
			s.mesos.forget(a)
		}
	}
	return launched
}

// eligible returns the agents that satisfy the job's constraints.
func eligible(agents []*agent, def *job.Compiled) []*agent {
	if len(def.Matchers) == 0 {
		return agents
	}
	return slices.DeleteFunc(slices.Clone(agents), func(a *agent) bool { return !matches(a, def) })
}

func matches(a *agent, def *job.Compiled) bool {
	for _, m := range def.Matchers {
		if !m.Match(a.attributes, a.hostname) {
			return false
		}
	}
	return true
}

// choose picks the agent with the most free cpus (then memory) that has room,
// or the one with the least for binpack.
func choose(agents []*agent, def *job.Compiled, binpack bool) *agent {
	var best *agent
	for _, a := range agents {
		if !a.holds(def) {
			continue
		}
		if best == nil {
			best = a
			continue
		}
		more := a.cpus > best.cpus || a.cpus == best.cpus && a.mem > best.mem
		less := a.cpus < best.cpus || a.cpus == best.cpus && a.mem < best.mem
		if more && !binpack || less && binpack {
			best = a
		}
	}
	return best
}

func (a *agent) holds(def *job.Compiled) bool {
	return a.cpus >= job.Milli(def.CPUs) && a.mem >= job.Milli(def.Mem) && a.disk >= job.Milli(def.Disk) &&
		a.gpus >= int64(def.GPUs)*1000 && a.ports >= int64(def.Ports)
}

// launch turns a run into a task on that agent.
func (s *State) launch(r *Run, def *job.Compiled, a *agent) {
	r = s.setRun(r, func(r *Run) {
		r.State = Launched
		r.Task = &Task{ID: TaskID(r), AgentID: a.id, Hostname: a.hostname, Launched: s.now}
		if def.Timeout > 0 {
			r.Task.Timeout = s.now.Add(def.Timeout)
		}
	})
	s.watch.set(item{confirm, r.RunKey}, s.now.Add(confirmAfter))
	a.launches = append(a.launches, Launch{
		TaskID: r.Task.ID, Run: r, Job: def.Job, Resources: a.take(def),
		Hostname: a.hostname, AgentID: a.id, Attempt: r.Attempt, Slot: r.Slot,
	})
	s.notice(Notice{Kind: AttemptLaunched, Job: r.JobName, Run: r})
}

// take cuts what the job needs out of what is free, reserved resources first.
// The caller has seen that it is there.
func (a *agent) take(def *job.Compiled) []Resource {
	var out []Resource
	for _, need := range []struct {
		name  string
		milli int64
	}{{"cpus", job.Milli(def.CPUs)}, {"mem", job.Milli(def.Mem)}, {"disk", job.Milli(def.Disk)}, {"gpus", int64(def.GPUs) * 1000}} {
		for i := range a.free {
			if f := &a.free[i]; f.Name == need.name && need.milli > 0 && f.Milli > 0 {
				part := Resource{Name: f.Name, Milli: min(need.milli, f.Milli), Pool: f.Pool}
				need.milli -= part.Milli
				f.Milli -= part.Milli
				a.count(part, -1)
				out = append(out, part)
			}
		}
	}
	return append(out, a.takePorts(uint64(def.Ports))...)
}

func (a *agent) takePorts(want uint64) []Resource {
	var out []Resource
	for i := range a.free {
		f := &a.free[i]
		if f.Name != "ports" || want == 0 {
			continue
		}
		part := Resource{Name: f.Name, Pool: f.Pool}
		for want > 0 && len(f.Ports) > 0 {
			first := &f.Ports[0]
			n := min(want, first.End-first.Begin+1)
			part.Ports = append(part.Ports, PortRange{first.Begin, first.Begin + n - 1})
			first.Begin += n
			if first.Begin > first.End {
				f.Ports = f.Ports[1:]
			}
			want -= n
		}
		if len(part.Ports) > 0 {
			a.count(part, -1)
			out = append(out, part)
		}
	}
	return out
}
