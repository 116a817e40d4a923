package submit

import (
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/jobfile"
)

// convert writes a cron schedule as the one ISO 8601 interval that is the same.
func (p *planner) convert(_ *Step, j *jobfile.Job, want *job.Job) bool {
	p.fail(place(j, "schedule"), "the job %q: Chronos knows no cron schedules; write %q as an ISO 8601 interval", j.Name, want.Schedule)
	return false
}
