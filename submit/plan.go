// Package submit brings jobs from files to a server: it compares what the
// files say with what the server has, makes a plan of it, and carries the plan
// out, parents before their children.
//
// Comparing decides, and touches nothing; package remote talks to the server,
// package jobfile reads the files.
package submit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/submit/document"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// Action is what a step does.
type Action uint8

// Actions.
const (
	Keep Action = iota // the job is as it shall be
	Add
	Change
	Delete
)

// String is the action in a word.
func (a Action) String() string { return [...]string{"keep", "add", "change", "delete"}[a] }

// Step is what happens to one job.
type Step struct {
	Action  Action
	Name    string
	Job     *job.Job       // as it shall be; nil for Delete
	Old     *remote.Record // as the server has it; nil for Add
	Changes []jobfile.Change
	Notes   []string // what a person should know of it
	Level   int      // steps of a level do not depend on each other
}

// Plan is what would be done.
type Plan struct {
	Steps []*Step // by level, then by name; Keep among them
	Left  []string
	// Left are jobs of the folder that are in no file any more, and stay as nothing was said of pruning.
}

// Options say how files and server are compared.
type Options struct {
	Folder string // jobs are marked as of this folder; "" marks none
	Prune  bool   // delete the folder's jobs that are in no file
	Adopt  bool   // take over jobs of other folders
	Drop   bool   // leave out what a Chronos does not know, instead of refusing it
	Split  bool   // make several jobs of one whose schedule a Chronos does not know
	Now    time.Time
}

// NewPlan compares. All that is wrong is told at once.
func NewPlan(jobs []*jobfile.Job, known *remote.Known, release api.Release, o Options) (*Plan, error) {
	p := &planner{known: known, release: release, Options: o, plan: &Plan{}, wanted: make(map[string]*jobfile.Job, len(jobs)), notes: make(map[string]string)}
	jobs = p.expand(jobs)
	for _, j := range jobs {
		p.wanted[j.Name] = j
	}
	for _, j := range jobs {
		p.compare(j)
	}
	p.checkParents(jobs)
	if o.Folder != "" {
		p.leftovers()
	}
	p.order()
	if len(p.errs) > 0 {
		return nil, jobfile.Join(p.errs)
	}
	return p.plan, nil
}

// Count counts the steps of an action.
func (p *Plan) Count(a Action) int {
	n := 0
	for _, s := range p.Steps {
		if s.Action == a {
			n++
		}
	}
	return n
}

// Empty tells whether there is nothing to do.
func (p *Plan) Empty() bool { return p.Count(Keep) == len(p.Steps) }

type planner struct {
	Options
	known   *remote.Known
	release api.Release
	wanted  map[string]*jobfile.Job
	notes   map[string]string // about jobs, from before there are steps
	plan    *Plan
	errs    []error
}

func (p *planner) fail(at document.Pos, format string, args ...any) {
	p.errs = append(p.errs, document.Errorf(at, format, args...))
}

// compare makes a step of a job.
func (p *planner) compare(j *jobfile.Job) {
	old := p.known.Jobs[j.Name]
	s := &Step{Name: j.Name, Old: old}
	if n := p.notes[j.Name]; n != "" {
		s.note("%s", n)
	}
	want := j.Job
	if p.release != api.Hora {
		want = p.translate(s, j, old)
		if want == nil {
			return
		}
	}
	want = jobfile.Complete(want, p.known.Defaults)
	if p.release == api.Hora { // Chronos would forget it
		want.ManagedBy = p.Folder
	}
	p.plan.Steps = append(p.plan.Steps, s)
	if old == nil {
		s.Action, s.Job, s.Changes = Add, want, jobfile.Diff(jobfile.Complete(jobfile.Blank(), p.known.Defaults), want)
		s.Changes = slices.DeleteFunc(s.Changes, func(c jobfile.Change) bool { return c.Field == "name" })
		return
	}
	switch by := old.Job.ManagedBy; {
	case p.Folder == "":
		want.ManagedBy = by
	case by != "" && by != p.Folder && !p.Adopt:
		p.fail(j.Pos, "the job %q is managed by the folder %q, not by %q; --adopt takes it over", j.Name, by, p.Folder)
	}
	if _, said := j.Given["disabled"]; !said && old.Job.Disabled {
		want.Disabled = true
		s.note("is paused on the server and stays so%s", because(old.Reason))
	}
	s.Job = want
	p.differ(s, old)
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}

func (s *Step) note(format string, args ...any) {
	s.Notes = append(s.Notes, fmt.Sprintf(format, args...))
}

// differ says in which fields the job is not as it shall be.
func (p *planner) differ(s *Step, old *remote.Record) {
	if old.Err != nil {
		s.Action = Change
		s.note("what the server has can't be read, and is replaced: %v", old.Err)
		return
	}
	was := old.Job
	if p.release != api.Hora {
		was = p.comparable(was, s.Job)
	}
	want := s.Job
	if p.release == api.Hora && was.CheckHidden() != nil {
		want = want.HideSecrets()
		s.note("its secrets are hidden from you, and are not compared")
	}
	s.Changes = jobfile.Diff(was, want)
	if was.ManagedBy != s.Job.ManagedBy && p.release == api.Hora {
		s.Changes = append(s.Changes, jobfile.Change{Field: "managedBy", From: was.ManagedBy, To: s.Job.ManagedBy})
	}
	if len(s.Changes) == 0 {
		return
	}
	s.Action = Change
	if was.Disabled && !s.Job.Disabled {
		s.note("is paused on the server; this resumes it")
	}
}

// checkParents refuses parents that are nowhere, and circles.
func (p *planner) checkParents(jobs []*jobfile.Job) {
	for _, j := range jobs {
		for _, name := range Parents(j.Job) {
			switch {
			case name == j.Name:
				p.fail(place(j, "parents", "trigger"), "the job %q is its own parent", j.Name)
			case p.wanted[name] == nil && p.known.Jobs[name] == nil:
				p.fail(place(j, "parents", "trigger"), "the job %q has the parent %q, which is neither in the files nor on the server", j.Name, name)
			}
		}
	}
}

func place(j *jobfile.Job, fields ...string) document.Pos {
	for _, f := range fields {
		if at, there := j.Given[f]; there {
			return at
		}
	}
	return j.Pos
}

// Parents are the jobs that a job depends on, be it by parents or by trigger.
func Parents(j *job.Job) []string {
	if j.Trigger == "" {
		return j.Parents
	}
	t, err := jobgraph.ParseTrigger(j.Trigger)
	if err != nil {
		return nil // it is refused where it is read
	}
	return t.Names()
}

// leftovers finds jobs of the folder that are in no file any more.
func (p *planner) leftovers() {
	for _, name := range slices.Sorted(maps.Keys(p.known.Jobs)) {
		old := p.known.Jobs[name]
		if old.Job.ManagedBy != p.Folder || p.wanted[name] != nil {
			continue
		}
		if !p.Prune {
			p.plan.Left = append(p.plan.Left, name)
			continue
		}
		s := &Step{Action: Delete, Name: name, Old: old}
		for _, child := range slices.Sorted(maps.Keys(p.known.Jobs)) {
			c := p.known.Jobs[child].Job
			if w := p.wanted[child]; w != nil {
				c = w.Job
			}
			gone := p.wanted[child] == nil && c.ManagedBy == p.Folder
			if !gone && slices.Contains(Parents(c), name) {
				if w := p.wanted[child]; w != nil {
					p.fail(place(w, "parents", "trigger"), "the job %q has the parent %q, which is in no file and would be deleted", child, name)
					continue
				}
				s.note("its child %q gets its parents, or is disabled if none is left", child)
			}
		}
		p.plan.Steps = append(p.plan.Steps, s)
	}
}

// order gives each step its level: after its parents; deletions after all
// else, children first.
func (p *planner) order() {
	o := &orderer{parents: make(map[string][]string), level: make(map[string]int), within: make(map[string]bool)}
	for _, s := range p.plan.Steps {
		switch {
		case s.Action == Delete:
			o.parents[s.Name] = Parents(s.Old.Job)
		default:
			o.parents[s.Name] = Parents(s.Job)
		}
	}
	deepest := 0
	for _, s := range p.plan.Steps {
		level, circle := o.of(s.Name, nil)
		if circle != nil {
			p.fail(place(p.wanted[circle[0]], "parents", "trigger"), "the jobs depend on each other in a circle: %s", strings.Join(circle, " → "))
			return
		}
		s.Level = level
		deepest = max(deepest, level)
	}
	for _, s := range p.plan.Steps {
		if s.Action == Delete {
			s.Level = 2*deepest + 1 - s.Level
		}
	}
	slices.SortFunc(p.plan.Steps, func(a, b *Step) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), strings.Compare(a.Name, b.Name))
	})
}

type orderer struct {
	parents map[string][]string
	level   map[string]int
	within  map[string]bool
}

// of finds a job's level, or the circle it is in.
func (o *orderer) of(name string, way []string) (level int, circle []string) {
	if l, known := o.level[name]; known {
		return l, nil
	}
	if o.within[name] {
		return 0, append(slices.Clone(way[slices.Index(way, name):]), name)
	}
	o.within[name] = true
	defer delete(o.within, name)
	for _, parent := range o.parents[name] {
		if _, ours := o.parents[parent]; !ours {
			continue
		}
		l, circle := o.of(parent, append(way, name))
		if circle != nil {
			return 0, circle
		}
		level = max(level, l+1)
	}
	o.level[name] = level
	return level, nil
}
