package chronos

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// Exported is a job on its way back to Chronos.
type Exported struct {
	Item
	Value []byte   // its JSON, as the release stores it; nil if it is refused
	Lost  []string // fields that the release does not have, with what becomes of them
}

// ExportPlan is what an export does, or would do.
type ExportPlan struct {
	Jobs      []Exported
	Promises  []string // T_ nodes of before, which Chronos would run again
	Framework string   // the framework id that is written, "" if there is none or it is there
	Runs      int      // runs that are not over
	Leader    string   // a Chronos that is alive
}

// Count returns how many jobs have that verdict.
func (p *ExportPlan) Count(v Verdict) int {
	n := 0
	for _, j := range p.Jobs {
		if j.Verdict == v {
			n++
		}
	}
	return n
}

// Export turns records of hora into what a release of Chronos stores.
func Export(r scheduler.Records, release api.Release, d api.Defaults) *ExportPlan {
	plan := &ExportPlan{Runs: len(r.Runs)}
	states := make(map[scheduler.UID]*scheduler.JobState, len(r.States))
	for _, st := range r.States {
		states[st.UID] = st
	}
	refused := make(map[string]bool)
	for _, rec := range r.Jobs {
		x := exportJob(rec, states[rec.UID], release, d)
		refused[rec.Job.Name] = x.Verdict == Refused
		plan.Jobs = append(plan.Jobs, x)
	}
	parents := make(map[string][]string, len(r.Jobs))
	for _, rec := range r.Jobs {
		parents[rec.Job.Name] = rec.Job.Parents
	}
	// A child without its parent would be invisible there.
	for again := true; again; {
		again = false
		for i := range plan.Jobs {
			x := &plan.Jobs[i]
			at := slices.IndexFunc(parents[x.Name], func(p string) bool { return refused[p] })
			if x.Verdict == Refused || at < 0 {
				continue
			}
			x.Verdict, x.Reason, x.Value = Refused, fmt.Sprintf("parent %q is refused", parents[x.Name][at]), nil
			refused[x.Name], again = true, true
		}
	}
	slices.SortFunc(plan.Jobs, func(a, b Exported) int { return cmp.Compare(a.Name, b.Name) })
	if r.Meta != nil {
		plan.Framework = r.Meta.FrameworkID
	}
	return plan
}

// namesOf are the names that the releases allow (contracts/chronos.md 2.2).
var namesOf = map[api.Release]*regexp.Regexp{
	api.Chronos24: regexp.MustCompile(`^[\w\s#_-]+$`),
	api.Chronos30: regexp.MustCompile(`^[\w.-]+$`),
}

// exportJob writes one job, or says why it cannot be one of Chronos'.
func exportJob(rec *scheduler.JobRecord, st *scheduler.JobState, release api.Release, d api.Defaults) Exported {
	j := rec.Job.Clone()
	x := Exported{Item: Item{Name: j.Name, Verdict: New}}
	refuse := func(why string) Exported {
		x.Verdict, x.Reason = Refused, why
		return x
	}
	switch {
	case !namesOf[release].MatchString(j.Name):
		return refuse("name: this release allows " + namesOf[release].String())
	case j.Trigger != "":
		return refuse("trigger: Chronos has parents only, all of which must succeed")
	case j.Schedule != "" && !strings.HasPrefix(j.Schedule, "R"):
		return refuse("schedule: it is cron, and Chronos reads ISO 8601 intervals only")
	case j.Schedule == "" && len(j.Parents) == 0:
		return refuse("parents: it has lost the last one, and Chronos would run it at once, at each start")
	}
	if release == api.Chronos24 && j.Epsilon == "" {
		j.Epsilon = "PT60S" // 2.4 does not start without one
		x.Lost = append(x.Lost, "epsilon (it has none, 2.4 needs one: PT60S)")
	}
	c := *rec
	c.Job = j
	x.Value = api.EncodeJob(&c, st, release)
	back, _, err := api.DecodeJob(x.Value, release, d)
	if err != nil {
		return refuse(err.Error())
	}
	for _, diff := range job.Compare(j, back) {
		if diff.Field == "overlap" && diff.Before == "allow" && diff.After == "" {
			x.Lost = append(x.Lost, "concurrent")
		} else if diff.Field != "schedule" { // what is left of it
			x.Lost = append(x.Lost, diff.Field)
		}
	}
	slices.Sort(x.Lost)
	return x
}

// ExportTo compares an export with the znodes of a Chronos, and with apply
// writes it there: each node only if nobody else has changed it meanwhile, the
// framework id last. With prune it deletes jobs that hora does not have.
func (p *ExportPlan) ExportTo(ctx context.Context, nodes Nodes, d api.Defaults, apply, prune bool) error {
	var err error
	if p.Leader, err = nodes.Leader(ctx); err != nil {
		return err
	}
	names, err := nodes.List(ctx)
	if err != nil && !errors.Is(err, ErrNoState) {
		return err
	}
	ours := make(map[string]bool, len(p.Jobs))
	for i := range p.Jobs {
		ours[p.Jobs[i].Name] = true
		if err := p.exportNode(ctx, nodes, &p.Jobs[i], d, apply); err != nil {
			return err
		}
	}
	slices.Sort(names)
	for _, node := range p.leftovers(names, ours, prune) {
		if !apply {
			break
		}
		_, version, there, err := nodes.Read(ctx, node)
		if err == nil && there {
			err = nodes.Delete(ctx, node, version)
		}
		if err != nil {
			return err
		}
	}
	return p.exportFramework(ctx, nodes, apply)
}

func (p *ExportPlan) exportNode(ctx context.Context, nodes Nodes, x *Exported, d api.Defaults, apply bool) error {
	if x.Verdict == Refused {
		return nil
	}
	node := jobPrefix + x.Name
	data, version, there, err := nodes.Read(ctx, node)
	if err != nil {
		return err
	}
	if there {
		x.Verdict = Changed
		if e, err := ParseEntry(data); err == nil && alike(e.Value, x.Value, d) {
			x.Verdict = Same
			return nil
		}
	} else {
		version = NewNode
	}
	out, err := Entry{Name: node, Value: x.Value}.Encode()
	if err != nil {
		x.Verdict, x.Reason = Refused, err.Error()
		return nil
	}
	if !apply {
		return nil
	}
	return nodes.Write(ctx, node, out, version)
}

// alike tells whether two values say the same.
func alike(a, b []byte, d api.Defaults) bool {
	if bytes.Equal(a, b) {
		return true
	}
	x, y := decode(a, d), decode(b, d)
	return x.Err == nil && y.Err == nil && x.Release == y.Release && x.Counters == y.Counters && len(job.Compare(x.Job, y.Job)) == 0
}

// leftovers are the nodes to be deleted: promised tasks of before, since hora
// has run them and 2.4 would run them again, and with prune the jobs that hora
// does not have.
func (p *ExportPlan) leftovers(names []string, ours map[string]bool, prune bool) []string {
	var out []string
	for _, node := range names {
		name, isJob := strings.CutPrefix(node, jobPrefix)
		switch {
		case strings.HasPrefix(node, taskPrefix):
			p.Promises = append(p.Promises, node)
			out = append(out, node)
		case !isJob || ours[name]:
		case prune:
			p.Jobs = append(p.Jobs, Exported{Item: Item{Name: name, Verdict: Removed}})
			out = append(out, node)
		default:
			p.Jobs = append(p.Jobs, Exported{Item: Item{Name: name, Verdict: Kept, Reason: "hora does not have it"}})
		}
	}
	return out
}

func (p *ExportPlan) exportFramework(ctx context.Context, nodes Nodes, apply bool) error {
	if p.Framework == "" {
		return nil
	}
	data, version, there, err := nodes.Read(ctx, frameworkNode)
	if err != nil {
		return err
	}
	if there {
		if e, err := ParseEntry(data); err == nil {
			if id, err := parseFrameworkID(e.Value); err == nil && id == p.Framework {
				p.Framework = ""
				return nil
			}
		}
	} else {
		version = NewNode
	}
	out, err := Entry{Name: frameworkNode, Value: encodeFrameworkID(p.Framework)}.Encode()
	if err != nil || !apply {
		return err
	}
	return nodes.Write(ctx, frameworkNode, out, version)
}
