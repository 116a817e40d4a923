package scheduler

import (
	"fmt"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
)

// Explanation tells why a job is where it is.
type Explanation struct {
	Job     string
	Reasons []Reason
}

// Reason is one thing that a job waits for, or that stands in its way.
type Reason struct {
	Code ReasonCode
	Text string    // a sentence for people
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
		return fmt.Errorf("%w: %q", ErrNoJob, ev.Name)
	}
	x := Explanation{Job: ev.Name}
	add := func(r Reason) { x.Reasons = append(x.Reasons, r) }
	for _, key := range e.runs {
		s.explainRun(e, s.runs[key], add)
	}
	switch {
	case e.rec.Job.Disabled && e.state.DisabledReason != "":
		add(Reason{Code: ReasonDisabled, Text: "hora has disabled the job: " + e.state.DisabledReason, At: e.rec.Updated})
	case e.rec.Job.Disabled:
		add(Reason{Code: ReasonDisabled, Text: "the job is disabled", At: e.rec.Updated})
	case e.def.When != nil:
		if next := e.def.When.Next(e.state.Decided); next.IsZero() {
			add(Reason{Code: ReasonOver, Text: "the schedule has no more slots"})
		} else {
			add(Reason{Code: ReasonSlot, Text: "the next slot comes", At: next})
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
			add(Reason{Code: ReasonParent, Text: fmt.Sprintf("parent %q has succeeded (%d not spent)", name, succeeded), At: p.state.LastSuccess})
		case failed > 0:
			add(Reason{Code: ReasonParent, Text: fmt.Sprintf("parent %q has failed (%d not spent)", name, failed), At: p.state.LastError})
		case with:
			add(Reason{Code: ReasonParent, Text: fmt.Sprintf("waits for parent %q alone", name), At: p.state.LastSuccess})
		default:
			add(Reason{Code: ReasonParent, Text: fmt.Sprintf("waits for parent %q", name), At: p.state.LastSuccess})
		}
	}
}

func (s *State) explainRun(e *entity, r *Run, add func(Reason)) {
	reason := func(code ReasonCode, at time.Time, text string) {
		add(Reason{Code: code, Text: text, At: at, Run: r.RunKey.String()})
	}
	switch {
	case r.State == Waiting:
		reason(ReasonOther, r.Created, fmt.Sprintf("the run of %s waits until another run of the job is over", r.Slot.UTC().Format(time.RFC3339)))
	case r.State == Launched && r.Kill != nil:
		reason(ReasonKill, r.Kill.Since, fmt.Sprintf("the end of %s is wanted (%s), and has not been reported", r.Task.ID, r.Kill.Cause))
	case r.State == Launched && r.Task.State >= TaskRunning:
		reason(ReasonTask, r.Task.Running, fmt.Sprintf("attempt %d runs on %s as %s", r.Attempt, r.Task.Hostname, r.Task.ID))
	case r.State == Awaiting:
		reason(ReasonReport, r.Created, fmt.Sprintf("the task %s has ended; its result is to be reported with PUT /scheduler/task/%s, as the job is async", r.Task.ID, r.Task.ID))
	case r.State == Launched:
		reason(ReasonTask, r.Task.Launched, fmt.Sprintf("attempt %d was launched on %s as %s, which has not said that it runs", r.Attempt, r.Task.Hostname, r.Task.ID))
	case r.NotBefore.After(s.now) && r.Attempt > 0:
		reason(ReasonRetry, r.NotBefore, fmt.Sprintf("attempt %d follows (%d failed, %d lost)", r.Attempt, r.Failures, r.Losses))
	case r.NotBefore.After(s.now):
		reason(ReasonDeferred, r.NotBefore, "the start is put off by jitter")
	case !s.mesos.subscribed:
		reason(ReasonMesos, r.NotBefore, "it wants an offer, and no Mesos master has accepted hora")
	case s.meta.Adopting:
		reason(ReasonMesos, r.NotBefore, "jobs were imported: nothing is launched until Mesos has told of their running tasks")
	default:
		text := s.mesos.misfits[e.def.Signature]
		if text == "" {
			text = "no offer has come yet" + s.toRoles()
		}
		reason(ReasonOffers, r.NotBefore, "it wants an offer: "+text)
	}
}

// toRoles says to which roles offers are made, if that says anything.
func (s *State) toRoles() string {
	if len(s.cfg.Roles) == 0 || len(s.cfg.Roles) == 1 && s.cfg.Roles[0] == "*" {
		return ""
	}
	return fmt.Sprintf(" to role %s", strings.Join(s.cfg.Roles, ", "))
}

// misfit says why none of the agents that made offers will do.
func (s *State) misfit(agents []*agent, def *job.Compiled) string {
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
	var parts []string
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, text))
		}
	}
	add(constraint, "do not satisfy its constraints")
	add(leaving, "will be unavailable soon for maintenance")
	add(cpus, fmt.Sprintf("have too few cpus (want %v, most free %v)", def.CPUs, float64(most.cpus)/1000))
	add(mem, fmt.Sprintf("have too little memory (want %v MiB, most free %v)", def.Mem, float64(most.mem)/1000))
	add(disk, fmt.Sprintf("have too little disk (want %v MiB, most free %v)", def.Disk, float64(most.disk)/1000))
	add(gpus, fmt.Sprintf("have too few gpus (want %d, most free %d)", def.GPUs, most.gpus/1000))
	add(ports, fmt.Sprintf("have too few ports (want %d, most free %d)", def.Ports, most.ports))
	return fmt.Sprintf("of %d agents with offers%s %s", len(agents), s.toRoles(), strings.Join(parts, ", "))
}
