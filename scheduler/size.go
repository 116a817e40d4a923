package scheduler

import (
	"strings"

	"github.com/hora-scheduler/hora/job"
)

// size estimates how many bytes a change writes, rather too many than too few.
func size(c Change) int {
	switch c := c.(type) {
	case PutJobRecord:
		return jobSize(c.Job.Job)
	case PutJobState:
		n := 400 + 2*len(c.State.Tally.Days)
		for name := range c.State.Spent {
			n += len(name) + 60
		}
		for _, id := range c.State.Foreign {
			n += len(id) + 10
		}
		return n
	case PutRun:
		return 700 + 2*len(c.Run.JobName) + overrideSize(c.Run.Arguments, c.Run.Environment) + attemptsSize(c.Run.Attempts) + 30*len(c.Run.Parents)
	case PutEntry:
		return 500 + 2*len(c.Entry.JobName) + len(c.Entry.Reason) + overrideSize(c.Entry.Arguments, c.Entry.Environment) + attemptsSize(c.Entry.Attempts) + 30*len(c.Entry.Parents)
	case PutTally:
		return 150 + 2*len(c.Tally.Days)
	case PutRevision:
		if c.Revision.Job != nil {
			return jobSize(c.Revision.Job)
		}
	case PutAudit:
		n := 300 + len(c.Audit.Job) + 2*len(c.Audit.Detail)
		for _, d := range c.Audit.Changes {
			n += len(d.Field) + 2*(len(d.Before)+len(d.After)) + 50
		}
		return n
	}
	return 100
}

func overrideSize(arguments []string, environment []job.Variable) int {
	n := 0
	for _, a := range arguments {
		n += len(a) + 10
	}
	for _, v := range environment {
		n += len(v.Name) + len(v.Value) + 30
	}
	return n
}

func attemptsSize(list []Attempt) int {
	n := 0
	for _, a := range list {
		n += 400 + len(a.TaskID) + 2*len(a.Message)
	}
	return n
}

func jobSize(j *job.Job) int { return 1000 + 2*job.Bytes(j) }

// clip shortens a message to MaxMessage bytes.
func clip(message string) string { return clipTo(message, MaxMessage) }

func clipTo(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "") + "…"
}
