package submit

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/submit/jobfile"
)

// MaxSplit is into how many jobs one is split at most.
const MaxSplit = 50

// expand writes cron schedules for a Chronos, which knows none: as the one ISO
// 8601 interval that is the same, or with Split as several jobs, NAME-1, NAME-2, ….
// Where nothing is exact, the job is refused.
func (p *planner) expand(jobs []*jobfile.Job) []*jobfile.Job {
	if p.release == api.Hora {
		return jobs
	}
	wanted := make(map[string]bool)
	for _, j := range jobs {
		for _, parent := range Parents(j.Job) {
			wanted[parent] = true
		}
	}
	var out []*jobfile.Job
	for _, j := range jobs {
		if j.Schedule == "" || strings.HasPrefix(j.Schedule, "R") {
			out = append(out, j)
			continue
		}
		c, err := schedule.Intervals(j.Schedule, schedule.Options{Zone: j.Zone, Name: j.Name, Anchor: p.Now}, MaxSplit)
		at := place(j, "schedule")
		switch {
		case err != nil:
			p.fail(at, "the job %q: %v", j.Name, err)
		case !c.Exact:
			p.fail(at, "the job %q: no ISO 8601 intervals are the same as %q, and Chronos knows no cron: %s", j.Name, j.Schedule, c.Reason)
		case len(c.Texts) > 1 && wanted[j.Name]:
			p.fail(at, "the job %q: %q is %d ISO 8601 intervals, and other jobs depend on it, which cannot depend on several", j.Name, j.Schedule, len(c.Texts))
		case len(c.Texts) > 1 && !p.Split:
			p.fail(at, "the job %q: %q is %d ISO 8601 intervals, and Chronos takes one for a job; --split makes %d jobs of it, %s-1 to %s-%d",
				j.Name, j.Schedule, len(c.Texts), len(c.Texts), j.Name, j.Name, len(c.Texts))
		default:
			out = append(out, p.split(j, c)...)
		}
	}
	return out
}

// split makes a job of each interval, in an order that is the same every time.
func (p *planner) split(j *jobfile.Job, c *schedule.Conversion) []*jobfile.Job {
	texts := slices.SortedFunc(slices.Values(c.Texts), func(a, b string) int { return strings.Compare(phase(a), phase(b)) })
	var out []*jobfile.Job
	for i, text := range texts {
		one := *j
		one.Job = j.Job.Clone()
		one.Schedule = text
		if len(texts) > 1 {
			one.Name = fmt.Sprintf("%s-%d", j.Name, i+1)
		}
		if !c.InGap.IsZero() {
			p.notes[one.Name] = fmt.Sprintf("its time does not exist at %s, when the clock is changed; from then on Chronos runs it at the shifted time", c.InGap.Format(time.RFC3339))
		}
		out = append(out, &one)
	}
	return out
}

// phase is where in its period an interval is, whenever it starts.
func phase(text string) string {
	parts := strings.Split(text, "/")
	start, err := time.Parse("2006-01-02T15:04:05Z07:00", parts[1])
	if err != nil {
		return text
	}
	period, err := schedule.ParseDuration(parts[2])
	if err != nil {
		return text
	}
	clock := start.Format("15:04:05")
	length, fixed := period.Fixed()
	switch {
	case period.Years > 0:
		clock = start.Format("01-02 ") + clock
	case period.Months > 0:
		clock = fmt.Sprintf("%02d %02d ", int32(start.Month())%period.Months, start.Day()) + clock
	case period.Weeks > 0:
		clock = fmt.Sprintf("%d ", start.Weekday()) + clock
	case period.Days > 0:
	case fixed && length > 0:
		clock = fmt.Sprintf("%012d", start.Sub(start.Truncate(length)))
	}
	return parts[2] + " " + clock
}
