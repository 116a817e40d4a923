package api

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Names that the releases allow, whole and for new jobs only (Chronos contract 2.2).
var (
	names24 = regexp.MustCompile(`^[\w\s#_-]+$`)
	names30 = regexp.MustCompile(`^[\w.-]+$`)
)

// errName is Chronos' word on a name, with the expression as each release writes it.
func errName(d dialect, name string) error {
	allowed, ok := `([\w\s#_-]+)`, names24.MatchString(name)
	if d == v30 {
		allowed, ok = `([\w\.-]+)`, names30.MatchString(name)
	}
	if ok {
		return nil
	}
	return &sentence{text: "requirement failed: the job's name is invalid. Allowed names: '" + allowed + "'", cause: fmt.Errorf("name: %q", name)}
}

// Errors about what is posted where.
var (
	errNoParents = errors.New("are missing, want a list of names, or a trigger; a job with a schedule is posted to iso8601")
	errParents   = errors.New("stand in a job that is posted to iso8601; a job with parents or a trigger is posted to dependency")
)

func (s *server) postScheduled(c call) (response, error) { return s.post(c, false) }
func (s *server) postDependent(c call) (response, error) { return s.post(c, true) }

// post makes a job or replaces it. What can be said in Chronos' words is
// checked here, all else by the scheduler, before anything changes.
func (s *server) post(c call, dependent bool) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	body, err := c.body()
	if err != nil {
		return response{}, err
	}
	tree, err := parse(body)
	if err != nil {
		return response{}, err
	}
	p, err := decodeJob(tree, c.dialect, s.Defaults)
	if err != nil {
		return response{}, err
	}
	old := callerOf(c.Context()).job(v.Job(p.job.Name)) // what they do not see is not kept for them
	if err := s.prepare(c.dialect, &p, old, dependent); err != nil {
		return response{}, err
	}
	err = s.Scheduler.Do(c.Context(), scheduler.PutJob{Job: p.job, Counters: p.counters})
	return response{}, inChronosWords(c.dialect, p.job, old == nil, err)
}

// prepare makes a definition out of what was posted. old is the job of that
// name, nil if there is none.
func (s *server) prepare(d dialect, p *posted, old *leader.Job, dependent bool) error {
	j := p.job
	if old == nil {
		if err := errName(d, j.Name); err != nil {
			return err
		}
	}
	switch {
	case dependent && !p.dependent:
		return &job.FieldError{Field: "parents", Err: errNoParents}
	case !dependent && p.dependent:
		return &job.FieldError{Field: "parents", Err: errParents}
	case dependent && len(j.Parents) == 0 && j.Trigger == "" && !orphaned(old, j):
		return &sentence{text: "requirement failed: Error, parent does not exist", cause: errors.New("parents: is empty, want a list of names")}
	}
	var was *job.Job
	if old != nil {
		was = old.Job
		if d == v24 {
			p.keep(was)
		}
	}
	if d == v30 {
		if err := untangle(j, was); err != nil && old == nil && !dependent { // of dependent jobs 3.0.2 does not mind it
			return &sentence{text: "Tried to add both uri (deprecated) and fetch parameters on " + j.Name, plain: true, cause: err}
		}
	}
	if dependent {
		return nil
	}
	return s.prepareSchedule(d, p, old)
}

// orphaned tells whether a job that lost its last parent is posted as it is shown.
func orphaned(old *leader.Job, j *job.Job) bool {
	return old != nil && j.Disabled && old.Job.Schedule == "" && old.Job.Trigger == "" && len(old.Job.Parents) == 0
}

// prepareSchedule puts the text of the schedule right.
func (s *server) prepareSchedule(d dialect, p *posted, old *leader.Job) error {
	j := p.job
	switch {
	case p.once: // run once, now (Chronos contract 3.2)
		j.Schedule = "R1/" + timeText(time.Now()) + "/PT24H"
		if d == v24 {
			j.Schedule = "R1//PT24H" // from when it is made
		}
	case strings.TrimSpace(j.Schedule) == "":
		return inChronosWords(d, j, old == nil, &job.FieldError{Field: "schedule", Err: job.ErrNoRun})
	case old != nil && old.Job.Schedule != "" && j.Zone == old.Job.Zone && j.Schedule == s.shown.text(old):
		j.Schedule = old.Job.Schedule // what was shown has come back: nothing changes
	}
	if d != v30 || old != nil || !strings.HasPrefix(j.Schedule, "R") {
		return nil
	}
	read, err := schedule.Parse(j.Schedule, schedule.Options{Zone: j.Zone, Anchor: time.Now()})
	if err != nil {
		return nil // the scheduler says it
	}
	if first := read.Next(time.Time{}); !first.IsZero() && first.Unix() < 1 {
		start := first.In(read.Location()).Format("2006-01-02T15:04:05.000Z07:00")
		return &sentence{text: "Scheduled start date '" + start + "' is before 1970!", plain: true}
	}
	return nil
}

// inChronosWords replaces the scheduler's error by the sentence that Chronos has for it.
func inChronosWords(d dialect, j *job.Job, isNew bool, err error) error {
	var field *job.FieldError
	if !errors.As(err, &field) {
		return err
	}
	switch {
	case field.Field == "schedule" && d == v30 && !errors.Is(err, schedule.ErrPeriod) && !looksCron(j.Schedule):
		return &sentence{text: "Cannot parse schedule '" + j.Schedule + "' (wtf bro)", plain: true, cause: err}
	case field.Field == "parents" && errors.Is(err, jobgraph.ErrSelf) && !isNew:
		return &sentence{text: "loops not allowed", cause: err}
	case field.Field == "parents" && (errors.Is(err, jobgraph.ErrSelf) || errors.Is(err, jobgraph.ErrUnknownParent)):
		return &sentence{text: "requirement failed: " + jobWord(d) + " " + j.Name + " does not have all parents defined!", cause: err}
	}
	return err
}

// looksCron tells whether a text is meant as a cron expression, of which
// Chronos knew nothing.
func looksCron(text string) bool {
	return strings.HasPrefix(text, "@") || len(strings.Fields(text)) >= 5
}
