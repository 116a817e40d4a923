package chronos

import (
	"errors"
	"fmt"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// Verdict says what importing a job comes to.
type Verdict string

// Verdicts.
const (
	New     Verdict = "new"
	Changed Verdict = "changed"
	Same    Verdict = "same"
	Kept    Verdict = "kept"    // it was changed or run here since: what Chronos has is older
	Removed Verdict = "removed" // imported before, untouched, and Chronos does not have it any more
	Refused Verdict = "refused"
)

// Item is one job of a plan.
type Item struct {
	Name     string
	Verdict  Verdict
	Reason   string   // of Kept and Refused
	Notes    []string // what a person should know
	Promises int      // slots that are promised and not started
}

// Plan is what an import does, or would do.
type Plan struct {
	Items     []Item
	Skipped   []Skipped
	Framework string // what becomes of the framework id, in words
	TakesOver bool   // running tasks will be adopted
	Leader    string // a Chronos that is alive
}

// Count returns how many jobs have that verdict.
func (p *Plan) Count(v Verdict) int {
	n := 0
	for _, it := range p.Items {
		if it.Verdict == v {
			n++
		}
	}
	return n
}

// Changes tells whether the plan does anything.
func (p *Plan) Changes() bool {
	return p.Count(New)+p.Count(Changed)+p.Count(Removed) > 0
}

// Importer puts a snapshot into a core. Records are what the core was made of.
type Importer struct {
	State     *scheduler.State
	Records   scheduler.Records
	Now       time.Time
	Overwrite bool // jobs that were changed or run here, too
	// Write stores what a step changes, before the next one; nil: nothing is stored.
	Write func([]scheduler.Change) error
}

// Import puts a snapshot into the core and says what it came to. An error is
// one of Write: what came before it is stored, and importing again goes on.
func (im *Importer) Import(snap *Snapshot) (*Plan, error) {
	plan := &Plan{Skipped: snap.Skipped, Leader: snap.Leader}
	ready, refused := order(snap.Jobs, im.names())
	items := make(map[string]Item, len(snap.Jobs))
	var again []*Job
	for _, j := range ready {
		it, err := im.put(j)
		if err != nil {
			return nil, err
		}
		if items[j.Name] = it; it.Verdict == Refused {
			again = append(again, j)
		}
	}
	for _, j := range again { // the edges of another may have been in the way
		it, err := im.put(j)
		if err != nil {
			return nil, err
		}
		items[j.Name] = it
	}
	for name, why := range refused {
		items[name] = Item{Name: name, Verdict: Refused, Reason: why}
	}
	for i := range snap.Jobs {
		j := &snap.Jobs[i]
		it := items[j.Name]
		it.Name, it.Notes, it.Promises = j.Name, j.Notes, len(j.Promises)
		if j.Err != nil {
			it.Verdict, it.Reason = Refused, j.Err.Error()
		}
		plan.Items = append(plan.Items, it)
	}
	if err := im.removeGone(snap, plan); err != nil {
		return nil, err
	}
	return plan, im.takeFramework(snap.FrameworkID, plan)
}

// names are the jobs that are there already.
func (im *Importer) names() map[string]bool {
	out := make(map[string]bool, len(im.Records.Jobs))
	for _, rec := range im.Records.Jobs {
		out[rec.Job.Name] = true
	}
	return out
}

// step takes one event and stores what it changes.
func (im *Importer) step(ev scheduler.Event) (refusal, err error) {
	out := im.State.Step(im.Now, ev)
	if out.Err != nil || len(out.Changes) == 0 || im.Write == nil {
		return out.Err, nil
	}
	return nil, im.Write(out.Changes)
}

// put imports one job.
func (im *Importer) put(j *Job) (Item, error) {
	var result scheduler.Import
	refusal, err := im.step(scheduler.ImportJob{Job: j.Job, Counters: j.Counters, Promises: j.Promises, Into: &result})
	switch {
	case err != nil:
		return Item{}, err
	case errors.Is(refusal, scheduler.ErrInUse) && im.Overwrite:
		refusal, err = im.step(scheduler.PutJob{Job: j.Job})
		if err != nil || refusal != nil {
			return Item{Verdict: Refused, Reason: fmt.Sprint(refusal)}, err
		}
		return Item{Verdict: Changed}, nil
	case errors.Is(refusal, scheduler.ErrInUse):
		return Item{Verdict: Kept, Reason: "it was changed or run here since it was imported"}, nil
	case refusal != nil:
		return Item{Verdict: Refused, Reason: refusal.Error()}, nil
	}
	return Item{Verdict: [...]Verdict{scheduler.ImportSame: Same, scheduler.ImportNew: New, scheduler.ImportChanged: Changed}[result]}, nil
}

// removeGone deletes what was imported before, is untouched, and is gone there.
func (im *Importer) removeGone(snap *Snapshot, plan *Plan) error {
	if im.Records.Meta == nil || !im.Records.Meta.Adopting {
		return nil
	}
	there := make(map[string]bool, len(snap.Jobs))
	for _, j := range snap.Jobs {
		there[j.Name] = true
	}
	imported := make(map[scheduler.UID]time.Time, len(im.Records.States))
	for _, st := range im.Records.States {
		imported[st.UID] = st.Imported
	}
	for _, rec := range im.Records.Jobs {
		at := imported[rec.UID]
		if there[rec.Job.Name] || at.IsZero() || !rec.Updated.Equal(at) {
			continue
		}
		it := Item{Name: rec.Job.Name, Verdict: Removed}
		refusal, err := im.step(scheduler.DeleteJob{Name: rec.Job.Name})
		if err != nil {
			return err
		}
		if refusal != nil {
			it.Verdict, it.Reason = Refused, refusal.Error()
		}
		plan.Items = append(plan.Items, it)
	}
	return nil
}

// takeFramework takes the framework id over, last of all: with half of the jobs
// it would be worse than without.
func (im *Importer) takeFramework(id string, plan *Plan) error {
	if id == "" {
		plan.Framework = "there is none to take over: running tasks go on, and hora will not know them"
		return nil
	}
	had := im.State.FrameworkID()
	refusal, err := im.step(scheduler.ImportFramework{ID: id})
	switch {
	case err != nil:
		return err
	case refusal != nil:
		plan.Framework = fmt.Sprintf("hora has %s and keeps it: the tasks that Chronos runs as %s will not be adopted", had, id)
	case had == id:
		plan.Framework, plan.TakesOver = id+" was taken over before", true
	default:
		plan.Framework, plan.TakesOver = id+" is taken over: tasks that run as it are adopted", true
	}
	return nil
}

// order puts jobs behind their parents. Those that cannot come are refused with
// the reason: a parent that is nowhere, or refused itself, or a cycle.
func order(jobs []Job, have map[string]bool) (ready []*Job, refused map[string]string) {
	byName := make(map[string]*Job, len(jobs))
	children := make(map[string][]*Job)
	waits := make(map[string]int)
	refused = make(map[string]string)
	for i := range jobs {
		byName[jobs[i].Name] = &jobs[i]
	}
	var queue []*Job
	for i := range jobs {
		j := &jobs[i]
		if j.Err != nil {
			continue // it has its reason
		}
		for _, parent := range j.Job.Parents {
			p := byName[parent]
			switch {
			case p == nil && have[parent]:
			case p == nil:
				refused[j.Name] = fmt.Sprintf("parent %q does not exist: Chronos does not show such a job either", parent)
			case p.Err != nil:
				refused[j.Name] = fmt.Sprintf("parent %q is refused", parent)
			case parent == j.Name:
				refused[j.Name] = "it is its own parent"
			default:
				children[parent] = append(children[parent], j)
				waits[j.Name]++
			}
		}
		if waits[j.Name] == 0 {
			queue = append(queue, j)
		}
	}
	for len(queue) > 0 {
		j := queue[0]
		queue = queue[1:]
		_, bad := refused[j.Name]
		if !bad {
			ready = append(ready, j)
		}
		for _, c := range children[j.Name] {
			if _, told := refused[c.Name]; bad && !told {
				refused[c.Name] = fmt.Sprintf("parent %q is refused", j.Name)
			}
			if waits[c.Name]--; waits[c.Name] == 0 {
				queue = append(queue, c)
			}
		}
	}
	for name, n := range waits {
		if _, told := refused[name]; n > 0 && !told {
			refused[name] = "it is in a cycle of parents, or behind one"
		}
	}
	return ready, refused
}
