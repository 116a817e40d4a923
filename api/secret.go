package api

import (
	"regexp"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// May says what the caller may do to a job, so that a page need not offer the rest.
type May struct {
	Act    bool   `json:"act"`              // run, pause, kill, delete it
	Define bool   `json:"define"`           // replace its definition, run it with arguments of one's own, see its secrets
	Reason string `json:"reason,omitempty"` // why not
}

// may tells what the caller may do to a job.
func (c call) may(j *job.Job) May {
	who := callerOf(c.Context())
	if who.policy == nil {
		return May{Act: true, Define: true}
	}
	if err := who.policy.Act(who.who, j); err != nil {
		return May{Reason: c.say(err)}
	}
	if err := who.policy.Command(who.who, j); err != nil {
		return May{Act: true, Reason: c.say(err)}
	}
	return May{Act: true, Define: true}
}

// sees tells whether the caller may see what is secret in a definition that the
// job has or had: they may if they could put it into force. now is what the job is.
func (c caller) sees(now, def *job.Job) bool {
	return c.policy == nil || c.who != nil && c.policy.Define(c.who, now, def) == nil
}

// definition is a definition as the caller may see it.
func (c caller) definition(now, def *job.Job) *job.Job {
	if c.sees(now, def) {
		return def
	}
	return def.HideSecrets()
}

// job is a job as the caller may see it.
func (c caller) job(j *leader.Job) *leader.Job {
	if j == nil {
		return nil
	}
	def := c.definition(j.Job, j.Job)
	if def == j.Job {
		return j
	}
	rec, out := *j.JobRecord, *j
	rec.Job, out.JobRecord = def, &rec
	return &out
}

// taskLog is the name of a file to which a task's output goes, be it rotated.
var taskLog = regexp.MustCompile(`^(stdout|stderr)[\w.-]*$`)

// readable refuses a file of a sandbox that is no log to who does not see the job's
// secrets: it may be one that was fetched with them, or a key.
func (c caller) readable(j *job.Job, file string) error {
	if taskLog.MatchString(file) || c.sees(j, j) {
		return nil
	}
	return &access.Denied{Text: message.Of("%s may read stdout and stderr alone: other files may hold secrets of the job %q", c.who.Name, j.Name)}
}

// changes writes differences as the caller may see them.
func changes(list []job.Difference, sees bool) []Change {
	var out []Change
	for _, d := range list {
		if !sees {
			d = d.HideSecrets()
		}
		out = append(out, Change(d))
	}
	return out
}

// hideRuns takes out of runs the environment that the caller may not see: of jobs
// that they may not define, or that are not there any more.
func (c caller) hideRuns(v *leader.View, lists ...[]Run) {
	if c.policy == nil {
		return
	}
	for _, list := range lists {
		for i := range list {
			r := &list[i]
			if len(r.Environment) == 0 {
				continue
			}
			if j := v.Job(r.Job); j != nil && c.sees(j.Job, j.Job) {
				continue
			}
			hidden := make([]EnvironmentVariable, len(r.Environment))
			for k, x := range r.Environment {
				hidden[k] = EnvironmentVariable{x.Name, job.Hidden}
			}
			r.Environment = hidden
		}
	}
}
