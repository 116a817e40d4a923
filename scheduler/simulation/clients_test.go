package simulation

import (
	"fmt"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// clients ask for things and remember what they were told.
type clients struct {
	asked int
	jobs  int
	async bool // every job is
}

// ask sends a request to a node that believes to lead. then, which may be nil,
// gets the answer. It returns false if there is no such node.
func (w *world) ask(ev scheduler.Event, then func(Answer)) bool {
	var leading []*node
	for _, n := range w.nodes {
		if n.term != nil {
			leading = append(leading, n)
		}
	}
	if len(leading) == 0 {
		return false
	}
	id := w.clients.asked
	w.clients.asked++
	w.note(Asked{at{w.now}, id, ev})
	leading[w.rnd.IntN(len(leading))].take(request{ev, func(a Answer) {
		w.note(Answered{at{w.now}, id, a})
		w.mix(a.String())
		w.tracef("client: %s: %s", eventName(ev), a)
		if then != nil {
			then(a)
		}
	}})
	return true
}

// insist asks until it is told that it is done.
func (w *world) insist(ev scheduler.Event) {
	again := func() { w.after(w.between(time.Second, 3*time.Second), func() { w.insist(ev) }) }
	asked := w.ask(ev, func(a Answer) {
		if a == Unknown {
			again()
		}
	})
	if !asked && w.storm {
		again()
	}
}

// mixture is the workload that has everything.
func (w *world) mixture() {
	w.clients.jobs = 8 + w.rnd.IntN(18)
	for i := range w.clients.jobs {
		w.after(w.between(500*time.Millisecond, 5*time.Second)+time.Duration(i)*500*time.Millisecond, func() {
			w.insist(scheduler.PutJob{Job: w.job(i)})
		})
	}
	w.after(15*time.Second, w.client)
}

func jobName(i int) string { return fmt.Sprintf("j%02d", i) }

// client does one thing, and plans the next.
func (w *world) client() {
	if !w.storm {
		return
	}
	w.after(w.between(500*time.Millisecond, 8*time.Second), w.client)
	i := w.rnd.IntN(w.clients.jobs)
	name := jobName(i)
	switch w.rnd.IntN(20) {
	case 0, 1:
		w.ask(scheduler.PutJob{Job: w.job(i)}, nil)
	case 2:
		w.ask(scheduler.DeleteJob{Name: name}, nil)
		if w.chance(.7) {
			w.after(w.between(time.Second, 30*time.Second), func() { w.insist(scheduler.PutJob{Job: w.job(i)}) })
		}
	case 3, 4, 5:
		w.ask(scheduler.SetDisabled{Name: name, Disabled: true}, nil)
		w.after(w.between(time.Second, 60*time.Second), func() { w.insist(scheduler.SetDisabled{Name: name}) })
	case 6:
		w.ask(scheduler.SetDisabled{Name: name}, nil)
	case 7, 8, 9:
		w.ask(scheduler.RunJob{Name: name, Disabled: w.chance(.2)}, nil)
	case 10, 11:
		w.ask(scheduler.KillJob{Name: name}, nil)
	case 12, 13:
		w.ask(scheduler.MarkSuccess{Name: name}, nil)
	case 14:
		w.ask(scheduler.PutJob{Job: &job.Job{Name: name, Command: "run 0 0 0", Schedule: "R/nonsense"}}, nil)
	case 15:
		w.ask(scheduler.PutJob{Job: w.job(i), IfRevision: new(uint64)}, nil)
	case 16:
		w.ask(scheduler.SkipNext{Name: name, Undo: w.chance(.3)}, nil)
	case 17, 18:
		from := w.now.Add(-w.between(0, 10*time.Minute))
		w.ask(scheduler.StartBackfill{Name: name, From: from, To: from.Add(w.between(0, 2*time.Minute)), Parallel: 1 + w.rnd.IntN(3)}, nil)
	case 19:
		w.ask(scheduler.CancelBackfill{Name: name}, nil)
	}
}

// pick chooses one, each with the same probability.
func pick[T any](w *world, list ...T) T { return list[w.rnd.IntN(len(list))] }

// job makes up the definition of the i-th job.
func (w *world) job(i int) *job.Job {
	j := &job.Job{
		Name: jobName(i), Shell: true, CPUs: .1, Mem: 32, Retries: w.rnd.IntN(4), RetryInterval: pick(w, "", "PT1S", "PT3S", "PT8S"),
		RetryBackoff: pick(w, "", "fixed", "exponential"), RetryMaxInterval: pick(w, "", "", "PT10S"), RetryJitter: pick(w, 0, 0, .5),
		Overlap: pick(w, "", "queue", "skip", "allow", "replace"), CatchUp: pick(w, "", "latest", "all", "none"), Epsilon: pick(w, "", "", "PT10S", "PT40S"),
		Timeout: pick(w, "", "", "", "PT5S", "PT20S"), HighPriority: w.rnd.IntN(4) == 0, SoftError: w.rnd.IntN(5) == 0, Jitter: pick(w, "", "", "", "PT4S"),
	}
	if j.Overlap == "allow" && w.chance(.4) {
		j.MaxConcurrent = 1 + w.rnd.IntN(3)
	}
	if w.chance(.2) {
		j.RetryOn = []string{pick(w, "75", "1-10")}
	}
	switch w.rnd.IntN(20) {
	case 0:
		j.CPUs = 99
	case 1:
		j.Constraints = []job.Constraint{{Attribute: "rack", Operator: "EQUALS", Value: "nowhere"}}
	case 2, 3:
		j.Constraints = []job.Constraint{{Attribute: "rack", Operator: "EQUALS", Value: "r0"}}
	}
	period := pick(w, 3, 5, 7, 10, 15, 20, 30, 60, 120, 600)
	if w.chance(.05) {
		period = 1
	}
	switch kind := w.rnd.IntN(20); {
	case kind < 7 && i > 0:
		j.ParentsMode = pick(w, "", "latest", "each")
		for range 1 + w.rnd.IntN(3) {
			if parent := jobName(w.rnd.IntN(i)); len(j.Parents) == 0 || j.Parents[0] != parent {
				j.Parents = append(j.Parents, parent)
			}
		}
		if len(j.Parents) == 3 && j.Parents[1] == j.Parents[2] {
			j.Parents = j.Parents[:2]
		}
	case kind == 7 && i > 1:
		j.Trigger = fmt.Sprintf("%s || failed(%s)", jobName(w.rnd.IntN(i)), jobName(w.rnd.IntN(i)))
	case kind < 10:
		j.Schedule, j.Zone = pick(w, "* * * * *", "*/2 * * * *", "*/15 * * * * *", "@every 20s"), pick(w, "", "Europe/Berlin")
	default:
		start := ""
		if w.chance(.7) {
			start = w.now.Add(w.between(-40*time.Second, 20*time.Second)).Truncate(time.Second).Format(time.RFC3339)
		}
		j.Schedule = fmt.Sprintf("R%s/%s/PT%dS", pick(w, "", "", "", "2", "5", "20"), start, period)
	}
	ms := pick(w, 0, 200, 1000, 3000, 8000, 20000, 40000)
	if period < 10 {
		ms = pick(w, 0, 200, 1000, 5000)
	}
	if j.Timeout != "" && w.chance(.2) {
		ms = 3600_000 // until it is killed
	}
	j.Command = fmt.Sprintf("run %d %d %d", ms, pick(w, 0, 0, 0, 20, 60, 100), pick(w, 1, 2, 75))
	if w.clients.async || isAsync(i) {
		j.Async, j.Command = true, j.Command+asyncMark
	}
	return j
}
