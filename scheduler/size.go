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
		n := 400
		for name := range c.State.Spent {
			n += len(name) + 60
		}
		return n
	case PutRun:
		n := 700 + 2*len(c.Run.JobName) + attemptsSize(c.Run.Attempts)
		for _, a := range c.Run.Arguments {
			n += len(a) + 10
		}
		for _, v := range c.Run.Environment {
			n += len(v.Name) + len(v.Value) + 30
		}
		return n
	case PutEntry:
		return 500 + 2*len(c.Entry.JobName) + len(c.Entry.Reason) + attemptsSize(c.Entry.Attempts)
	}
	return 100
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
func clip(message string) string {
	if len(message) <= MaxMessage {
		return message
	}
	return strings.ToValidUTF8(message[:MaxMessage], "") + "…"
}
