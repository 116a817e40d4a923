package simulation

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// This is the workload by which Jepsen tested Chronos in 2015, with its
// numbers: jobs whose runs never overlap are added for 450 seconds while
// things go wrong, then it is quiet for 400 seconds, then the runs are read.
// Ours adds that there must be no other runs.
const (
	jepsenStorm       = 450 * time.Second
	jepsenQuiet       = 400 * time.Second
	jepsenForgiveness = 5 * time.Second

	jepsenTarget = "each target has a run"
	jepsenExtra  = "no extra runs"
)

// target is what the definition of a job of this workload promises.
type target struct {
	name              string
	start             time.Time
	duration, epsilon time.Duration
	interval          time.Duration
	count             int
}

// readTarget gets it back from the definition.
func readTarget(j *job.Job) (target, error) {
	g := target{name: j.Name}
	var count, interval, ms, percent, code int
	if _, err := fmt.Sscanf(j.Command, "run %d %d %d", &ms, &percent, &code); err != nil {
		return g, err
	}
	parts := strings.Split(j.Schedule, "/")
	if len(parts) != 3 {
		return g, fmt.Errorf("schedule %q has not three parts", j.Schedule)
	}
	if _, err := fmt.Sscanf(parts[0], "R%d", &count); err != nil {
		return g, err
	}
	if _, err := fmt.Sscanf(parts[2], "PT%dS", &interval); err != nil {
		return g, err
	}
	var err error
	g.start, err = time.Parse(time.RFC3339, parts[1])
	g.duration, g.epsilon, g.interval, g.count = time.Duration(ms)*time.Millisecond, seconds(j.Epsilon), time.Duration(interval)*time.Second, count
	return g, err
}

// jepsen is the workload: five clients, each of which adds a job every 30 to 90 seconds.
func jepsen(w *world) {
	for range 5 {
		w.after(30*time.Second+w.between(0, 60*time.Second), w.addJob)
	}
	w.after(w.between(5*time.Second, 30*time.Second), w.partition)
}

func (w *world) addJob() {
	if !w.storm {
		return
	}
	w.after(30*time.Second+w.between(0, 60*time.Second), w.addJob)
	w.clients.jobs++
	duration := w.rnd.IntN(10)
	epsilon := 10 + w.rnd.IntN(20)
	interval := 1 + duration + epsilon + 5 + w.rnd.IntN(30)
	w.ask(scheduler.PutJob{Job: &job.Job{
		Name: fmt.Sprint(w.clients.jobs), Shell: true, Command: fmt.Sprintf("run %d 0 0", duration*1000), CPUs: .001, Mem: 1, Disk: 1, Retries: 2,
		Schedule: fmt.Sprintf("R%d/%s/PT%dS", 1+w.rnd.IntN(99), w.now.Add(10*time.Second).Format(time.RFC3339), interval),
		Zone:     "UTC", Epsilon: fmt.Sprintf("PT%dS", epsilon),
	}}, nil)
}

// partition cuts something off, for no longer than the least epsilon bears.
func (w *world) partition() {
	if !w.storm {
		return
	}
	w.after(w.between(20*time.Second, 60*time.Second), w.partition)
	n := w.nodes[w.rnd.IntN(len(w.nodes))]
	if h := w.holder; h != nil && w.chance(.5) {
		n = h
	}
	// One process at a time is away: if all are, no scheduler can keep an epsilon.
	able := n.term != nil && !n.asleep && w.now.After(w.spare)
	switch w.rnd.IntN(6) {
	case 0:
		if able {
			w.tracef("%s dies", n.name)
			w.spare = w.now.Add(25 * time.Second) // until it has started again
			n.die()
		}
	case 1:
		if able {
			w.tracef("%s falls asleep", n.name)
			d := w.between(time.Second, 60*time.Second)
			w.spare = w.now.Add(d + 5*time.Second)
			n.sleep(d)
		}
	case 2:
		if able {
			w.tracef("%s hands over", n.name)
			n.over()
		}
	case 3:
		w.tracef("the store is away")
		w.hooked.away = w.now.Add(w.between(100*time.Millisecond, 5*time.Second))
	case 4:
		w.tracef("the master fails")
		w.model.MasterFails(w.now)
		for i, away := range w.agents {
			if !away {
				w.agentAway(i, w.between(100*time.Millisecond, 4*time.Second))
			}
		}
	case 5:
		if i := w.rnd.IntN(len(w.agents)); !w.agents[i] {
			w.tracef("agent%d is lost", i+1)
			w.model.AgentLost(w.now, i)
			w.agentAway(i, w.between(time.Second, 10*time.Second)) // a run that has not been heard of holds up the next
		}
	}
}

// ran is one run as the job itself records it.
type ran struct {
	start, end time.Time // no end: incomplete
	used       bool
}

// checkJepsen is Jepsen's checker, and ours for the runs that it calls extra.
func checkJepsen(log []Fact, read time.Time) []Violation {
	runs, jobs, sure := map[string][]*ran{}, map[string]target{}, map[string]bool{}
	var names []string
	byTask, asked := map[string]*ran{}, map[int]string{}
	var found []Violation
	for _, f := range log {
		switch f := f.(type) {
		case Asked:
			if put, ok := f.Event.(scheduler.PutJob); ok {
				g, err := readTarget(put.Job)
				if err != nil {
					return []Violation{{f.At, "Jepsen", err.Error()}}
				}
				jobs[g.name], asked[f.ID] = g, g.name
				names = append(names, g.name)
			}
		case Answered:
			sure[asked[f.ID]] = f.Outcome == OK
		case Started:
			name := strings.Split(f.Task, ":")[3]
			r := &ran{start: f.At}
			byTask[f.Task], runs[name] = r, append(runs[name], r)
		case Ended:
			if r := byTask[f.Task]; r != nil && !f.Killed {
				r.end = f.At
			}
		}
	}
	for _, name := range names {
		found = append(found, jobs[name].match(runs[name], sure[name], read)...)
	}
	return found
}

// match finds a run for each target, all different, and then a target for each run.
// The windows do not overlap, so the earliest run that fits is as good as any.
func (g target) match(runs []*ran, sure bool, read time.Time) []Violation {
	var found []Violation
	slices.SortFunc(runs, func(a, b *ran) int { return a.start.Compare(b.start) })
	for k := range g.count {
		t := g.start.Add(time.Duration(k) * g.interval)
		last := t.Add(g.epsilon + jepsenForgiveness)
		fits := func(complete bool) bool {
			i := slices.IndexFunc(runs, func(r *ran) bool {
				start := r.start.Truncate(time.Second)
				return !r.used && (!r.end.IsZero() || !complete) && !start.Before(t) && !start.After(last)
			})
			if i >= 0 {
				runs[i].used = true
			}
			return i >= 0
		}
		due := t.Before(read.Add(-g.epsilon - g.duration))
		switch {
		case fits(true):
		case due && sure:
			found = append(found, Violation{t, jepsenTarget, fmt.Sprintf("job %s has no complete run from %v to %v", g.name, t.Sub(epoch), last.Sub(epoch))})
		default:
			fits(false) // it may be in progress
		}
	}
	for _, r := range runs {
		if !r.used {
			found = append(found, Violation{r.start, jepsenExtra, fmt.Sprintf("job %s runs at %v, which is no target or one that has run", g.name, r.start.Sub(epoch))})
		}
	}
	return found
}

// TestJepsenWorkload runs it.
func TestJepsenWorkload(t *testing.T) {
	t.Parallel()
	o := Options{Storm: jepsenStorm, Rest: jepsenQuiet, Crash: -1, Workload: jepsen}
	sum := some(t, 50, o, func(r Result) []Violation {
		return checkJepsen(r.Log, epoch.Add(jepsenStorm+jepsenQuiet))
	})
	t.Log(sum)
}
