package jobfile

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/submit/document"
)

// jobs reads a list of jobs, or an object of them by name.
func (l *Loader) jobs(d *decoder, f *file, n *document.Node) {
	switch n.Kind {
	case document.List:
		for _, item := range n.Items {
			l.job(d, f, item, "")
		}
	case document.Object:
		for _, m := range n.Members {
			l.job(d, f, m.Value, m.Key)
		}
	default:
		d.fail(n.Pos, "jobs is %s, want a list of jobs, or NAME: {fields}", n.Kind)
	}
}

// job reads one job. name is "" if it stands inside.
func (l *Loader) job(d *decoder, f *file, n *document.Node, name string) {
	if n.Kind != document.Object {
		d.fail(n.Pos, "is %s, want a job: an object with name, command and schedule or parents", n.Kind)
		return
	}
	if l.count++; l.count > MaxJobs {
		if l.count == MaxJobs+1 {
			d.fail(n.Pos, "there are more than %d jobs", MaxJobs)
		}
		return
	}
	before := len(d.errs)
	j := &Job{Job: Blank(), Given: make(map[string]document.Pos), Pos: n.Pos}
	members := make([]document.Member, 0, len(n.Members))
	var profile []document.Member
	for _, m := range n.Members {
		switch {
		case !d.checkKey(m, true):
		case m.Key == profileKey:
			profile = d.profile(f, m.Value)
		case m.Key == "name" && name != "":
			d.fail(m.Pos, "the job has the name %q already, by its key", name)
		default:
			members = append(members, m)
		}
	}
	if name != "" {
		j.Name = name
		j.Given["name"] = n.Pos
	}
	inherited := slices.Concat(f.defaults.members, profile)
	if slices.ContainsFunc(members, isWhen) {
		inherited = slices.DeleteFunc(inherited, isWhen)
	}
	all := append(inherited, members...)
	d.members(j.Job, all)
	for _, m := range all {
		j.Given[fieldOf(m.Key)] = m.Value.Pos
	}
	if len(d.errs) == before {
		d.compile(j)
	}
	f.jobs = append(f.jobs, j)
}

func isWhen(m document.Member) bool { return slices.Contains(when, m.Key) }

// fieldOf is the field that a key says something about.
func fieldOf(key string) string {
	for _, a := range aliases {
		if a.name == key {
			return a.field
		}
	}
	return key
}

func (d *decoder) profile(f *file, n *document.Node) []document.Member {
	if n.Kind != document.Text {
		d.fail(n.Pos, "profile is %s, want the name of a profile", n.Kind)
		return nil
	}
	t := f.profiles[n.Text]
	if t == nil {
		known := slices.Sorted(maps.Keys(f.profiles))
		d.fail(n.Pos, "there is no profile %q%s", n.Text, didYouMean(n.Text, known))
		return nil
	}
	return t.members
}

// members gives a job what its members say, the later ones after the earlier.
func (d *decoder) members(j *job.Job, members []document.Member) {
	for _, m := range members {
		switch m.Key {
		case "concurrent":
			if d.bool(m.Key, m.Value) {
				j.Overlap = "allow"
			}
			continue
		case "overlap":
			j.Overlap = ""
		}
		d.set(ByName(fieldOf(m.Key)), j, m.Value)
	}
}

// anchor stands for the time at which a job is made, which a file does not know.
var anchor = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// compile checks what the fields say, as the server will.
func (d *decoder) compile(j *Job) {
	whole := Complete(j.Job, Defaults{CPUs: .1, Mem: 128, Disk: 256, User: "root"})
	_, err := job.Compile(whole, anchor, job.Defaults{RetryInterval: time.Minute})
	var wrong *job.FieldError
	if !errors.As(err, &wrong) {
		if err != nil {
			d.fail(j.Pos, "job %q: %v", j.Name, err)
		}
		return
	}
	name, _, _ := strings.Cut(wrong.Field, ".")
	at, given := j.Given[name]
	switch {
	case errors.Is(err, job.ErrNoRun):
		d.fail(j.Pos, "job %q: %v; `hora run` runs a job that has none by hand, R1/2026-01-31T08:00:00Z/P1D is a schedule of one slot", j.Name, job.ErrNoRun)
	case given:
		d.fail(at, "%v", err)
	default:
		d.fail(j.Pos, "job %q: %v", j.Name, err)
	}
}

// checkNames refuses two jobs of one name.
func (d *decoder) checkNames(jobs []*Job) {
	first := make(map[string]*Job, len(jobs))
	for _, j := range jobs {
		if old := first[j.Name]; old != nil && j.Name != "" {
			d.fail(j.Pos, "the job %q stands at %s, too", j.Name, old.Pos)
			continue
		}
		first[j.Name] = j
	}
}

// Defaults are what a server gives to jobs that do not say.
type Defaults struct {
	CPUs, Mem, Disk float64
	User            string
}

// Complete returns a job in which what it does not say is what the server makes of it.
func Complete(j *job.Job, d Defaults) *job.Job {
	c := j.Clone()
	for _, f := range []struct {
		to      *float64
		missing float64
	}{{&c.CPUs, d.CPUs}, {&c.Mem, d.Mem}, {&c.Disk, d.Disk}} {
		if *f.to == 0 {
			*f.to = f.missing
		}
	}
	if c.RunAsUser == "" {
		c.RunAsUser = d.User
	}
	return c
}

// Change is a field of which two jobs say different things.
type Change struct{ Field, From, To string }

// Diff lists the fields in which two jobs differ.
func Diff(from, to *job.Job) []Change {
	var out []Change
	for _, f := range Fields {
		if a, b := f.Show(from), f.Show(to); a != b {
			out = append(out, Change{f.Name, a, b})
		}
	}
	return out
}

// Show writes a field's value on one line, so that equal texts are equal values.
func (f *Field) Show(j *job.Job) string {
	switch v := f.at(j).(type) {
	case *string:
		switch {
		case f.Kind == Duration:
			return showDuration(*v)
		case *v == "" && slices.Contains(f.Words, f.Default):
			return f.Default
		}
		return *v
	case *bool:
		return fmt.Sprint(*v)
	case *int:
		return fmt.Sprint(*v)
	case *float64:
		return fmt.Sprint(*v)
	case *[]string:
		if f.Name == "parents" { // a set
			return showList(slices.Sorted(slices.Values(*v)))
		}
		return showList(*v)
	case *[]job.Variable:
		sorted := slices.SortedStableFunc(slices.Values(*v), func(a, b job.Variable) int { return strings.Compare(a.Name, b.Name) })
		return showList(sorted)
	case *[]job.Constraint:
		return showList(*v)
	case *[]job.Fetch:
		return showList(*v)
	case **job.Container:
		if *v == nil {
			return ""
		}
		return showContainer(*v)
	}
	return ""
}

// Reset gives a field the value it has if nothing is said of it.
func (f *Field) Reset(j *job.Job) {
	blank := Blank()
	switch to := f.at(j).(type) {
	case *string:
		*to = *f.at(blank).(*string)
	case *bool:
		*to = *f.at(blank).(*bool)
	case *int:
		*to = *f.at(blank).(*int)
	case *float64:
		*to = 0
	case *[]string:
		*to = nil
	case *[]job.Variable:
		*to = nil
	case *[]job.Constraint:
		*to = nil
	case *[]job.Fetch:
		*to = nil
	case **job.Container:
		*to = nil
	}
}

// showDuration writes PT60S and PT1M alike.
func showDuration(text string) string {
	p, err := schedule.ParseDuration(text)
	if err != nil {
		return text
	}
	if d, fixed := p.Fixed(); fixed {
		if same, err := isoDuration(text, float64(d.Milliseconds())); err == nil {
			return same
		}
	}
	return text
}

func showList[T any](list []T) string {
	if len(list) == 0 {
		return ""
	}
	parts := make([]string, len(list))
	for i, v := range list {
		switch v := any(v).(type) {
		case string:
			parts[i] = fmt.Sprintf("%q", v)
		case job.Variable:
			parts[i] = fmt.Sprintf("%s=%q", v.Name, v.Value)
		case job.Constraint:
			parts[i] = fmt.Sprintf("%s %s %q", v.Attribute, v.Operator, v.Value)
		default:
			parts[i] = strings.Trim(fmt.Sprintf("%+v", v), "{}")
		}
	}
	return strings.Join(parts, ", ")
}

func showContainer(k *job.Container) string {
	flat := *k
	flat.Volumes = nil
	text := strings.Trim(fmt.Sprintf("%+v", flat), "{}")
	for _, v := range k.Volumes {
		external := v.External
		v.External = nil
		text += fmt.Sprintf(" %+v", v)
		if external != nil {
			text += fmt.Sprintf("%+v", *external)
		}
	}
	return text
}
