package scheduler

import (
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/message"
)

// Explanation tells why a job is where it is.
type Explanation struct {
	Job     string
	Reasons []Reason
}

// Reason is one thing that a job waits for, or that stands in its way.
type Reason struct {
	Code ReasonCode
	Text message.Message
	At   time.Time // when it will be over, or since when it has been so; zero: not known
	Run  string    // the run it is about, "" if it is about the job
}

// ReasonCode says what kind of reason it is.
type ReasonCode string

// Kinds of reasons.
const (
	ReasonDisabled ReasonCode = "disabled"     // At: when it was changed last
	ReasonSlot     ReasonCode = "next-slot"    // At: the slot
	ReasonOver     ReasonCode = "no-more"      // the schedule has no more slots
	ReasonParent   ReasonCode = "parent"       // At: the last success of the parent
	ReasonOther    ReasonCode = "other-run"    // At: since when it waits
	ReasonRetry    ReasonCode = "retry"        // At: the next attempt
	ReasonDeferred ReasonCode = "deferred"     // At: the start, by jitter
	ReasonOffers   ReasonCode = "no-offer"     // At: since when it is ready
	ReasonMesos    ReasonCode = "disconnected" // there is no Mesos master
	ReasonTask     ReasonCode = "task"         // At: since when it is in this state
	ReasonKill     ReasonCode = "ending"       // At: since when the end is wanted
	ReasonReport   ReasonCode = "report"       // At: since when there is the run
)

// Explain asks why a job is where it is. Step fills in Into, unless it answers
// with an error; nothing is changed.
type Explain struct {
	Name string
	Into *Explanation
}

func (Explain) event() {}

func (s *State) explain(ev Explain) error {
	e := s.jobs[ev.Name]
	if e == nil {
		return message.Errorf("%w: %q", ErrNoJob, ev.Name)
	}
	x := Explanation{Job: ev.Name}
	add := func(r Reason) { x.Reasons = append(x.Reasons, r) }
	for _, key := range e.runs {
		s.explainRun(e, s.runs[key], add)
	}
	switch {
	case e.rec.Job.Disabled && e.state.DisabledReason != "":
		add(Reason{Code: ReasonDisabled, Text: message.Of("the job is disabled: %s", message.Text(e.state.DisabledReason)), At: e.rec.Updated})
	case e.rec.Job.Disabled:
		add(Reason{Code: ReasonDisabled, Text: message.Of("the job is disabled"), At: e.rec.Updated})
	case e.def.When != nil:
		if next := e.def.When.Next(e.state.Decided); next.IsZero() {
			add(Reason{Code: ReasonOver, Text: message.Of("the schedule has no more slots")})
		} else {
			add(Reason{Code: ReasonSlot, Text: message.Of("the next slot comes"), At: next})
		}
	case e.def.Gate != nil:
		s.explainParents(e, add)
	}
	*ev.Into = x
	return nil
}

// explainParents tells which parents a release waits for.
func (s *State) explainParents(e *entity, add func(Reason)) {
	for _, name := range e.def.Gate.Names() {
		// A parent matters if the trigger would look different with it.
		with := e.def.Gate.Eval(func(_ jobgraph.Condition, p string) bool {
			succeeded, failed := s.unspent(e, p)
			return p == name || succeeded+failed > 0
		})
		succeeded, failed := s.unspent(e, name)
		p := s.jobs[name]
		switch {
		case succeeded > 0:
			add(Reason{Code: ReasonParent, Text: message.Of("parent %q has succeeded (%d not spent)", name, succeeded), At: p.state.LastSuccess})
		case failed > 0:
			add(Reason{Code: ReasonParent, Text: message.Of("parent %q has failed (%d not spent)", name, failed), At: p.state.LastError})
		case with:
			add(Reason{Code: ReasonParent, Text: message.Of("waits for parent %q alone", name), At: p.state.LastSuccess})
		default:
			add(Reason{Code: ReasonParent, Text: message.Of("waits for parent %q", name), At: p.state.LastSuccess})
		}
	}
}

func (s *State) explainRun(e *entity, r *Run, add func(Reason)) {
	reason := func(code ReasonCode, at time.Time, text message.Message) {
		add(Reason{Code: code, Text: text, At: at, Run: r.RunKey.String()})
	}
	switch {
	case r.State == Waiting:
		reason(ReasonOther, r.Created, message.Of("the run of %s waits until another run of the job is over", r.Slot.UTC().Format(time.RFC3339)))
	case r.State == Launched && r.Kill != nil:
		reason(ReasonKill, r.Kill.Since, message.Of("the end of %s is wanted (%v), and has not been reported", r.Task.ID, r.Kill.Cause))
	case r.State == Launched && r.Task.State >= TaskRunning:
		reason(ReasonTask, r.Task.Running, message.Of("attempt %d runs on %s as %s", r.Attempt, r.Task.Hostname, r.Task.ID))
	case r.State == Awaiting:
		reason(ReasonReport, r.Created, message.Of("the task %s has ended; its result is to be reported with PUT /scheduler/task/%s, as the job is async", r.Task.ID, r.Task.ID))
	case r.State == Launched:
		reason(ReasonTask, r.Task.Launched, message.Of("attempt %d was launched on %s as %s, which has not said that it runs", r.Attempt, r.Task.Hostname, r.Task.ID))
	case r.NotBefore.After(s.now) && r.Attempt > 0:
		reason(ReasonRetry, r.NotBefore, message.Of("attempt %d follows (%d failed, %d lost)", r.Attempt, r.Failures, r.Losses))
	case r.NotBefore.After(s.now):
		reason(ReasonDeferred, r.NotBefore, message.Of("the start is put off by jitter"))
	case !s.mesos.subscribed:
		reason(ReasonMesos, r.NotBefore, message.Of("it wants an offer, and no Mesos master has accepted hora"))
	case s.meta.Adopting:
		reason(ReasonMesos, r.NotBefore, message.Of("jobs were imported: nothing is launched until Mesos has told of their running tasks"))
	default:
		text, tried := s.mesos.misfits[e.def.Signature]
		if !tried {
			text = message.Of("no offer has come yet%v", s.toRoles())
		}
		reason(ReasonOffers, r.NotBefore, message.Of("it wants an offer: %v", text))
	}
}

// toRoles says to which roles offers are made, if that says anything.
func (s *State) toRoles() message.Message {
	if len(s.cfg.Roles) == 0 || len(s.cfg.Roles) == 1 && s.cfg.Roles[0] == "*" {
		return message.Message{}
	}
	return message.Of(" to role %s", message.Names(s.cfg.Roles))
}

// misfit says why none of the agents that made offers will do.
func (s *State) misfit(agents []*agent, def *job.Compiled) message.Message {
	want, most := demand(def), room{}
	var constraint, leaving int
	var cpus, mem, disk, gpus, ports int
	for _, a := range agents {
		switch {
		case !matches(a, def):
			constraint++
			continue
		case s.leaving(a, def):
			leaving++
			continue
		case a.cpus < want.cpus:
			cpus++
		case a.mem < want.mem:
			mem++
		case a.disk < want.disk:
			disk++
		case a.gpus < want.gpus:
			gpus++
		default:
			ports++
		}
		most = room{max(most.cpus, a.cpus), max(most.mem, a.mem), max(most.disk, a.disk), max(most.gpus, a.gpus), max(most.ports, a.ports)}
	}
	var parts message.List
	add := func(n int, one, more message.Message) {
		switch {
		case n == 0:
		case len(agents) == 1:
			parts = append(parts, one)
		case n == 1:
			parts = append(parts, message.Of("%d %v", n, one))
		default:
			parts = append(parts, message.Of("%d %v", n, more))
		}
	}
	add(constraint, message.Of("does not satisfy its constraints"), message.Of("do not satisfy its constraints"))
	add(leaving, message.Of("will be unavailable soon for maintenance"), message.Of("will be unavailable soon for maintenance"))
	add(cpus, message.Of("has too few cpus (want %v, most free %v)", def.CPUs, float64(most.cpus)/1000), message.Of("have too few cpus (want %v, most free %v)", def.CPUs, float64(most.cpus)/1000))
	add(mem, message.Of("has too little memory (want %v MiB, most free %v)", def.Mem, float64(most.mem)/1000), message.Of("have too little memory (want %v MiB, most free %v)", def.Mem, float64(most.mem)/1000))
	add(disk, message.Of("has too little disk (want %v MiB, most free %v)", def.Disk, float64(most.disk)/1000), message.Of("have too little disk (want %v MiB, most free %v)", def.Disk, float64(most.disk)/1000))
	add(gpus, message.Of("has too few gpus (want %d, most free %d)", def.GPUs, most.gpus/1000), message.Of("have too few gpus (want %d, most free %d)", def.GPUs, most.gpus/1000))
	add(ports, message.Of("has too few ports (want %d, most free %d)", def.Ports, most.ports), message.Of("have too few ports (want %d, most free %d)", def.Ports, most.ports))
	if len(agents) == 1 {
		return message.Of("the only agent with offers%v %v", s.toRoles(), parts)
	}
	return message.Of("of %d agents with offers%v, %v", len(agents), s.toRoles(), parts)
}
