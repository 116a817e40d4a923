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
	for _, a := range agents {
		a.tasks = s.onAgent[a.agentID]
	}
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
		a := s.choose(candidates, def)
		if a == nil {
			s.mesos.misfits[def.Signature] = s.misfit(agents, def)
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
			s.effect(Accept{OfferIDs: a.offers, AgentID: a.agentID, Launches: a.launches})
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

// choose picks the best agent that has room.
func (s *State) choose(agents []*agent, def *job.Compiled) *agent {
	var best *agent
	want := demand(def)
	for _, a := range agents {
		if a.holds(want) && !s.leaving(a, def) && (best == nil || s.better(a, best, def)) {
			best = a
		}
	}
	return best
}

// better tells whether a is to be preferred to b, both having room: an agent
// that is not to be taken away, then one without gpus that would lie idle, then
// the one with the fewest tasks of ours (for binpack the one that is filled
// most), then the one with the most free cpus and memory.
func (s *State) better(a, b *agent, def *job.Compiled) bool {
	if x, y := a.unavailable.Start.IsZero(), b.unavailable.Start.IsZero(); x != y {
		return x
	}
	if x, y := a.gpus > 0, b.gpus > 0; x != y && def.GPUs == 0 {
		return y
	}
	if s.cfg.Binpack {
		return a.cpus < b.cpus || a.cpus == b.cpus && a.mem < b.mem
	}
	if a.tasks != b.tasks {
		return a.tasks < b.tasks
	}
	return a.cpus > b.cpus || a.cpus == b.cpus && a.mem > b.mem
}

// leaving tells whether an agent will be taken away too soon for a job: within
// Config.Maintenance, or before the job's time-out if that is shorter.
func (s *State) leaving(a *agent, def *job.Compiled) bool {
	w := a.unavailable
	if w.Start.IsZero() || !w.End.IsZero() && !w.End.After(s.now) {
		return false
	}
	ahead := s.cfg.Maintenance
	if def.Timeout > 0 {
		ahead = min(ahead, def.Timeout)
	}
	return !w.Start.After(s.now.Add(ahead))
}

// demand is what a job needs.
func demand(def *job.Compiled) room {
	return room{job.Milli(def.CPUs), job.Milli(def.Mem), job.Milli(def.Disk), int64(def.GPUs) * 1000, int64(def.Ports)}
}

func (r *room) holds(want room) bool {
	return r.cpus >= want.cpus && r.mem >= want.mem && r.disk >= want.disk && r.gpus >= want.gpus && r.ports >= want.ports
}

func (r room) minus(o room) room {
	return room{r.cpus - o.cpus, r.mem - o.mem, r.disk - o.disk, r.gpus - o.gpus, r.ports - o.ports}
}

// launch turns a run into a task on that agent.
func (s *State) launch(r *Run, def *job.Compiled, a *agent) {
	r = s.setRun(r, func(r *Run) {
		r.State = Launched
		r.Task = &Task{ID: TaskID(r), AgentID: a.agentID, Hostname: a.hostname, Launched: s.now}
		if def.Timeout > 0 {
			r.Task.Timeout = s.now.Add(def.Timeout)
		}
	})
	s.watch.set(item{confirm, r.RunKey}, s.now.Add(confirmAfter))
	a.tasks++
	a.launches = append(a.launches, Launch{
		TaskID: r.Task.ID, Run: r, Job: def.Job, Resources: a.take(def),
		Hostname: a.hostname, AgentID: a.agentID, Attempt: r.Attempt, Slot: r.Slot,
	})
	s.notice(Notice{Kind: AttemptLaunched, Job: r.JobName, Run: r})
}

// take cuts what the job needs out of what is free, reserved resources first.
// The caller has seen that it is there.
func (a *agent) take(def *job.Compiled) []Resource {
	var out []Resource
	want := demand(def)
	for _, need := range []struct {
		name  string
		milli int64
	}{{"cpus", want.cpus}, {"mem", want.mem}, {"disk", want.disk}, {"gpus", want.gpus}} {
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
