package scheduler

import (
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/retry"
)

// TaskState is a task's state as Mesos reports it (Mesos contract 3.5).
type TaskState uint8

// States of tasks. Launching is ours: the task was launched, no word of it yet.
const (
	TaskLaunching TaskState = iota
	TaskStaging
	TaskStarting
	TaskRunning
	TaskKilling
	TaskFinished
	TaskFailed
	TaskKilled
	TaskError
	TaskLost
	TaskDropped
	TaskUnreachable
	TaskGone
	TaskGoneByOperator
	TaskUnknown
)

var taskStateNames = [...]string{
	"TASK_LAUNCHING", "TASK_STAGING", "TASK_STARTING", "TASK_RUNNING", "TASK_KILLING", "TASK_FINISHED", "TASK_FAILED", "TASK_KILLED",
	"TASK_ERROR", "TASK_LOST", "TASK_DROPPED", "TASK_UNREACHABLE", "TASK_GONE", "TASK_GONE_BY_OPERATOR", "TASK_UNKNOWN",
}

// String is Mesos' name of the state.
func (s TaskState) String() string { return nameOf(taskStateNames[:], int(s)) }

// ParseTaskState reads Mesos' name of a state. A state that is not known is
// taken as one in which the task lives (Mesos contract 6).
func ParseTaskState(name string) TaskState {
	for i, n := range taskStateNames {
		if n == name {
			return TaskState(i)
		}
	}
	return TaskStaging
}

// alive tells whether a task in this state may still do work that we know of.
func (s TaskState) alive() bool { return s <= TaskKilling }

// mayReturn tells whether a task whose end was told by this state may still
// live: its agent is cut off, and may come back with it (Mesos contract 3.5).
func (s TaskState) mayReturn() bool {
	return s == TaskLost || s == TaskUnreachable || s == TaskUnknown
}

// Status is what a status update says about a task (Mesos contract 3.2).
type Status struct {
	TaskID      string
	AgentID     string
	State       TaskState
	Reason      string // REASON_…, or ""
	Message     string
	UUID        string // 16 raw bytes; "" means that there is nothing to acknowledge
	ContainerID string
}

// verdict is what the end of an attempt means for its run.
type verdict uint8

const (
	ended       verdict = iota // well
	failed                     // by the job's fault
	lost                       // by nobody's fault
	wasKilled                  // as we asked
	unrunnable                 // the description is wrong: no retry
	stillRuning                // not ended
	unreported                 // the task has ended, the result is to be reported (async)
)

// infrastructure lists the reasons of failures that are not the job's fault (Mesos contract 3.7).
var infrastructure = map[string]bool{
	"REASON_INVALID_OFFERS": true, "REASON_AGENT_DISCONNECTED": true, "REASON_AGENT_REMOVED": true, "REASON_AGENT_RESTARTED": true,
	"REASON_AGENT_UNKNOWN": true, "REASON_AGENT_REMOVED_BY_OPERATOR": true, "REASON_AGENT_DRAINING": true, "REASON_SLAVE_DISCONNECTED": true,
	"REASON_SLAVE_REMOVED": true, "REASON_SLAVE_RESTARTED": true, "REASON_SLAVE_UNKNOWN": true, "REASON_MASTER_DISCONNECTED": true,
	"REASON_RECONCILIATION": true, "REASON_GC_ERROR": true, "REASON_EXECUTOR_REGISTRATION_TIMEOUT": true,
	"REASON_EXECUTOR_REREGISTRATION_TIMEOUT": true, "REASON_CONTAINER_PREEMPTED": true, "REASON_RESOURCES_UNKNOWN": true,
	"REASON_CONTAINER_UPDATE_FAILED": true, "REASON_TASK_KILLED_DURING_LAUNCH": true,
}

// doubted tells whether a status that the master has made by itself says less
// than it seems to: a launch of this session may not have been taken in yet, and
// who launches the same id twice is told an error about a task that runs (Mesos
// contract 3.4, 2.3). A launch of a former session has arrived or never will:
// the master takes no call of an old stream after SUBSCRIBE.
func (s *State) doubted(t *Task, st Status) bool {
	if st.UUID != "" {
		return false // the word of the agent
	}
	switch st.Reason {
	case "REASON_RECONCILIATION":
		unknown := st.State == TaskGone || st.State == TaskLost || st.State == TaskUnknown
		return unknown && t.State == TaskLaunching && t.Launched.After(s.mesos.began) && s.now.Before(t.Launched.Add(trustAfter))
	case "REASON_INVALID_OFFERS", "REASON_TASK_INVALID":
		return t.State > TaskLaunching
	}
	return st.State == TaskError && t.State > TaskLaunching
}

// judge says what a status means for a run whose wanted kill is kill (nil: none).
func judge(st Status, kill *Kill) verdict {
	if st.State.alive() {
		return stillRuning
	}
	switch st.State {
	case TaskFinished:
		return ended
	case TaskError:
		return unrunnable
	}
	if kill != nil && kill.Cause != ByTimeout {
		return wasKilled
	}
	switch st.State {
	case TaskFailed:
		if infrastructure[st.Reason] {
			return lost
		}
		return failed
	case TaskKilled:
		if kill == nil && infrastructure[st.Reason] {
			return lost
		}
		return failed // by timeout, by its health check, or by somebody else
	}
	if kill != nil {
		return failed // timed out, then its agent went
	}
	return lost
}

// exitCode reads the exit code out of the message of a built-in executor, the
// only place where it stands (Mesos contract 4.4).
func exitCode(st Status) int {
	if st.State == TaskFinished {
		return 0
	}
	_, after, found := strings.Cut(st.Message, " exited with status ")
	if !found {
		return retry.NoCode
	}
	digits := 0
	for digits < len(after) && after[digits] >= '0' && after[digits] <= '9' {
		digits++
	}
	code, err := strconv.Atoi(after[:digits])
	if err != nil {
		return retry.NoCode
	}
	return code
}

// TaskID makes the id of an attempt's task: ct:<slot ms>:<attempt>:<job>:<suffix>.
// It is never used twice, because no (uid, seq, attempt) is. Control characters
// are not allowed in ids (Mesos contract 4.1).
func TaskID(r *Run) string {
	name := strings.Map(func(c rune) rune {
		if c < ' ' {
			return '_'
		}
		return c
	}, r.JobName)
	return "ct:" + strconv.FormatInt(r.Slot.UnixMilli(), 10) + ":" + strconv.Itoa(r.Attempt) + ":" + name + ":" + r.RunKey.String()
}

// ours tells whether a task id has our form. Other schedulers' may begin alike.
func ours(id string) bool {
	_, _, _, suffix, ok := parseTaskID(id)
	if !ok {
		return false
	}
	_, ok = parseRunKey(suffix)
	return ok
}

// Resource is an amount of one resource out of one pool of an offer.
type Resource struct {
	Name  string // cpus, mem, disk, gpus, ports
	Milli int64  // thousandths, of a scalar
	Ports []PortRange
	// Pool tells resources of one name apart that must not be mixed: the
	// reservation and so on, in a form only the Mesos side reads. "" is unreserved.
	Pool string
}

// PortRange is a range of ports, both ends included.
type PortRange struct{ Begin, End uint64 }

// Offer is a Mesos offer (Mesos contract 2.10) as far as placement needs it.
type Offer struct {
	ID         string
	AgentID    string
	Hostname   string
	Role       string
	Attributes []job.Attribute
	Resources  []Resource

	Unavailable Window // zero: no maintenance is planned
}

// Window is a span of time, such as a planned maintenance. A zero Start means
// that there is none, a zero End that none is known.
type Window struct{ Start, End time.Time }

// InverseOffer asks for an agent back (Mesos contract 2.9).
type InverseOffer struct {
	ID          string
	AgentID     string
	Unavailable Window
}

// Launch is a task to be launched.
type Launch struct {
	TaskID    string
	Run       *Run
	Job       *job.Job
	Resources []Resource
	Hostname  string
	AgentID   string
	Attempt   int
	Slot      time.Time
}
