package submit

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// Names that the releases of Chronos allow (contracts/chronos.md 2.2).
var (
	names24 = regexp.MustCompile(`^[\w\s#_-]+$`)
	names30 = regexp.MustCompile(`^[\w.-]+$`)
)

// known30 and known24 are the fields of one release only.
func knownTo(f *jobfile.Field, r api.Release) bool {
	return f.Only == "" || f.Only == "2.4" && r == api.Chronos24 || f.Only == "3.0" && r == api.Chronos30
}

// translate makes of a job what a real Chronos understands, or says why it can't.
func (p *planner) translate(s *Step, j *jobfile.Job, old *remote.Record) *job.Job {
	want := j.Job.Clone()
	names, said := names24, "letters, digits, blanks, _, - and #"
	if p.release == api.Chronos30 {
		names, said = names30, "letters, digits, _, - and ."
	}
	if old == nil && !names.MatchString(j.Name) {
		p.fail(place(j, "name"), "the name %q: this Chronos allows %s", j.Name, said)
		return nil
	}
	if p.release == api.Chronos30 && want.Overlap == "allow" { // concurrent
		want.Overlap = ""
		defer func() { want.Overlap = "allow" }()
	}
	var lost []string
	blank := jobfile.Blank()
	for i := range jobfile.Fields {
		f := &jobfile.Fields[i]
		if !knownTo(f, p.release) && f.Show(want) != f.Show(blank) {
			lost = append(lost, f.Name)
			f.Reset(want)
		}
	}
	switch {
	case len(lost) == 0:
	case !p.Drop:
		p.fail(place(j, lost...), "the job %q: this Chronos does not know %s; take it out, or let it be left out with --drop_unsupported", j.Name, strings.Join(lost, ", "))
		return nil
	case slices.Contains(lost, "trigger"):
		p.fail(place(j, "trigger"), "the job %q: this Chronos has no triggers, and without it the job would not know when to run", j.Name)
		return nil
	default:
		s.note("this Chronos does not know %s, left out", strings.Join(lost, ", "))
	}
	return want
}

// comparable is what Chronos has, but for what it may say otherwise and mean
// the same: defaults it has filled in, and a schedule that has moved on.
func (p *planner) comparable(was, want *job.Job) *job.Job {
	c := was.Clone()
	for _, f := range []struct{ was, want *float64 }{{&c.CPUs, &want.CPUs}, {&c.Mem, &want.Mem}, {&c.Disk, &want.Disk}} {
		if *f.want == 0 {
			*f.want = *f.was
		}
	}
	if want.RunAsUser == "" {
		want.RunAsUser = c.RunAsUser
	}
	if want.Epsilon == "" && p.release == api.Chronos24 {
		want.Epsilon = c.Epsilon
	}
	if c.Zone == want.Zone && remains(want, c) {
		c.Schedule = want.Schedule
	}
	return c
}

// samePeriod: PT60M is PT1H, but PT24H is not P1D, which the clock's change makes longer or shorter.
func samePeriod(p, q schedule.Period) bool {
	a, fixed := p.Fixed()
	b, fixedToo := q.Fixed()
	return p == q || fixed && fixedToo && a == b && p.Weeks*7+p.Days == q.Weeks*7+q.Days
}

// remains tells whether what Chronos shows of a schedule may be what is left of
// the one that was sent: it moves the start and counts down (contracts/chronos.md 3.1).
func remains(sent, shown *job.Job) bool {
	a, b := strings.Split(sent.Schedule, "/"), strings.Split(shown.Schedule, "/")
	if len(a) != 3 || len(b) != 3 {
		return false
	}
	p, err1 := schedule.ParseDuration(a[2])
	q, err2 := schedule.ParseDuration(b[2])
	if err1 != nil || err2 != nil || !samePeriod(p, q) {
		return false
	}
	s, err1 := schedule.Parse(sent.Schedule, schedule.Options{Zone: sent.Zone})
	t, err2 := schedule.Parse(shown.Schedule, schedule.Options{Zone: shown.Zone})
	if err1 != nil || err2 != nil {
		return false
	}
	n, finite := s.Repetitions()
	left, finiteToo := t.Repetitions()
	if finite != finiteToo || left > n {
		return false
	}
	first := t.Next(time.Time{})
	begin := s.Next(time.Time{})
	return a[1] == "" || first.IsZero() || begin.IsZero() || s.Next(first.Add(-time.Millisecond)).Equal(first) ||
		!finite && t.Next(begin.Add(-time.Millisecond)).Equal(begin) // of cron, sent with a later start
}
