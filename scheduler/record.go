package scheduler

import (
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
)

// UID numbers jobs over the whole life of a store. A job that is deleted and
// made again gets a new one, so nothing that is derived from it is used twice.
type UID uint64

// RunKey identifies a run: the seq-th of the job with that uid.
type RunKey struct {
	UID UID
	Seq uint64
}

// String is the run's id as people see it.
func (k RunKey) String() string {
	return strconv.FormatUint(uint64(k.UID), 36) + "-" + strconv.FormatUint(k.Seq, 36)
}

// ParseRunKey reads what String writes.
func ParseRunKey(text string) (RunKey, error) {
	uid, seq, _ := strings.Cut(text, "-")
	u, err1 := strconv.ParseUint(uid, 36, 64)
	n, err2 := strconv.ParseUint(seq, 36, 64)
	key := RunKey{UID: UID(u), Seq: n}
	if err1 != nil || err2 != nil || key.String() != text {
		return RunKey{}, message.Errorf("%.60q is no run", text)
	}
	return key, nil
}

// Records are immutable once they are part of a State or an Output: they are
// replaced, never changed, so that readers may keep them.
type (
	// JobRecord is the stored definition of a job.
	JobRecord struct {
		UID      UID
		Job      *job.Job
		Created  time.Time
		Updated  time.Time
		Anchor   time.Time // when the schedule came: one without a start counts from here
		Revision uint64    // 1 for the first definition, plus 1 with every change of it
		By       Actor     // who made this revision; zero: hora itself, or it is not known
	}

	// JobState is what has become of a job: the part that changes with every run.
	JobState struct {
		UID     UID
		Decided time.Time // slots up to and including this instant have been decided
		Runs    uint64    // runs ever made; the next run's Seq
		Entries uint64    // history entries ever written; the next entry's Seq

		// Successes and Failures count the ends that children may spend. They
		// only grow, whatever a client says about the Counters.
		Successes uint64
		Failures  uint64
		Spent     map[string]Spent // by parent: how much of its counts is spent

		Counters
		Past
		DisabledReason string    // why the job is disabled, as hora or whoever disabled it says
		SkipSlot       time.Time // the slot that a person wants skipped; zero: none
		Backfill       *Backfill // in progress; nil: none

		Imported time.Time // when the job came from another scheduler; zero: it is our own
		Foreign  []string  // tasks of that scheduler whose end was counted, newest last, at most maxForeign
	}

	// Past is what a job came to, in short.
	Past struct {
		Recent []Outcome // of the last runs, newest last, at most MaxRecent
		Last   LastRun   // the newest of them
		Tally  Tally     // of this month
	}

	// LastRun tells of the last run of a job that had an attempt.
	LastRun struct {
		Slot  time.Time
		Began time.Time // when its last attempt ran; zero: it never did
		Ended time.Time // zero: there was no run yet

		// Succeeded and Failed are 1 + Seq of the newest runs whose ends were counted in
		// Successes and in Failures; 0: there is none, or the newest was counted by hand.
		Succeeded uint64
		Failed    uint64
	}

	// Spent is the part of a parent's counts that a child has used up.
	Spent struct{ Successes, Failures uint64 }

	// Counters are Chronos' figures of a job. A client may set them.
	Counters struct {
		SuccessCount           int64
		ErrorCount             int64
		ErrorsSinceLastSuccess int64
		LastSuccess            time.Time
		LastError              time.Time
	}

	// Run is one obligation to execute a job that is not over yet.
	Run struct {
		RunKey
		JobName string
		Kind    Kind
		Slot    time.Time // nominal time; of a run without a slot: when it was released
		Created time.Time

		State     RunState
		NotBefore time.Time // when the current attempt is due: it does not start earlier, and is late from then on
		Deadline  time.Time // zero: none. A first attempt not started by then is missed
		Keep      bool      // a newer run does not supersede it
		Forced    bool      // it runs even if the job is disabled
		By        Actor     // who ordered it
		Parents   []RunKey  // whose ends released it, as far as they are known, at most MaxParents
		Late      bool      // it is not over within the job's expectedDuration, and that was told

		Arguments   []string       // with Override: instead of the job's
		Environment []job.Variable // with Override: added to the job's
		Override    bool

		Attempt  int // number of the current attempt, from 0
		Failures int // attempts that failed by the job's fault
		Losses   int // attempts that were lost by nobody's fault
		Task     *Task
		Attempts []Attempt // those that ended, at most the newest MaxAttempts
		Kill     *Kill     // wanted end of the task
		Report   *Report   // of a client, on the current attempt; nil: none
	}

	// Task is the Mesos task of the current attempt.
	Task struct {
		ID       string
		AgentID  string
		Hostname string
		State    TaskState
		Launched time.Time // when it was decided
		Running  time.Time // when the agent said so; zero: not yet
		Timeout  time.Time // when it will be ended; zero: never

		ContainerID string
		Elements    int64 // processed, as the task reports (dataProcessingJobType)
	}

	// Attempt is one try that is over.
	Attempt struct {
		Number   int
		TaskID   string
		AgentID  string
		Hostname string
		Launched time.Time
		Running  time.Time
		Ended    time.Time
		State    TaskState
		Reason   string // Mesos' reason, such as REASON_AGENT_REMOVED, or ours
		Message  string
		ExitCode int   // retry.NoCode if there is none
		Elements int64 // as in Task
	}

	// Kill says that a run's task has to end and why.
	Kill struct {
		Cause KillCause
		Since time.Time
	}

	// Entry is one line of a job's history: a run that is over, or a decision
	// about slots that were not run.
	Entry struct {
		UID     UID
		Seq     uint64
		JobName string
		Kind    Kind
		Slot    time.Time // of several slots the newest
		Count   int64     // how many slots; 1 for a run
		Run     string    // RunKey.String(), "" if there was no run
		Outcome Outcome
		Reason  string
		Created time.Time // of the run; of a decision: when it was taken
		Ended   time.Time
		By      Actor // who ordered the run
		Parents []RunKey

		Arguments   []string // of a run by hand, as in Run
		Environment []job.Variable
		Override    bool

		Attempts []Attempt
	}

	// Meta is what the scheduler remembers besides jobs.
	Meta struct {
		LastUID     UID
		FrameworkID string
		Adopting    bool   // jobs were imported, and Mesos has not told of their tasks yet: nothing is launched
		Audits      uint64 // audit records ever written; the next one's Seq
	}
)

// Kind says what a run is owed to.
type Kind uint8

// Kinds of runs.
const (
	OfSlot     Kind = iota // a slot of the schedule
	OfRelease              // the parents
	OfHand                 // a person or client
	OfBackfill             // a backfill
)

// RunState says where a run is on its way.
type RunState uint8

// States of a run.
const (
	Waiting  RunState = iota // for another run of the job to end
	Ready                    // from NotBefore on, for an offer
	Launched                 // it has a task
	Awaiting                 // its task has ended, its result is to be reported (async)
)

// Outcome is how a run, or the decision about a slot, ended.
type Outcome uint8

// Outcomes.
const (
	Succeeded Outcome = iota + 1
	Failed
	Killed    // by a person, or replaced
	Cancelled // before its next attempt: the job was disabled
	Skipped   // never started, by a policy
	Missed    // never started, for want of a leader or of offers, or because the schedule came too late
)

var outcomeNames = [...]string{"", "succeeded", "failed", "killed", "cancelled", "skipped", "missed"}

// String is the outcome in words.
func (o Outcome) String() string { return nameOf(outcomeNames[:], int(o)) }

// String is the kind in words.
func (k Kind) String() string { return nameOf([]string{"slot", "release", "hand", "backfill"}, int(k)) }

// String is the state in words.
func (s RunState) String() string {
	return nameOf([]string{"waiting", "ready", "launched", "awaiting"}, int(s))
}

func nameOf(names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return strconv.Itoa(i)
}

// KillCause says why a task has to end.
type KillCause uint8

// Causes.
const (
	ByPerson KillCause = iota + 1
	ByTimeout
	ByReplacement
	ByDeletion // the job is gone; nothing is recorded
)

// String is the cause in words.
func (c KillCause) String() string { return c.note().String() }

// Said implements message.Sayer.
func (c KillCause) Said() message.Message { return c.note().Message }

func (c KillCause) note() message.Note {
	switch c {
	case ByPerson:
		return message.Keep("killed by a person")
	case ByTimeout:
		return message.Keep("timeout")
	case ByReplacement:
		return message.Keep("replaced by a newer run")
	case ByDeletion:
		return message.Keep("job deleted")
	}
	return message.Note{}
}

// Limits of what is kept.
const (
	MaxRecent   = 10   // outcomes in JobState.Recent
	MaxAttempts = 20   // ended attempts kept with a run
	MaxParents  = 20   // runs in Run.Parents
	MaxMessage  = 1000 // bytes of a task's message
)

// Records is everything that is loaded at the start of a term.
type Records struct {
	Meta   *Meta
	Jobs   []*JobRecord
	States []*JobState
	Runs   []*Run
}
