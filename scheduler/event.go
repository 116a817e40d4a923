package scheduler

import (
	"time"

	"github.com/hora-scheduler/hora/job"
)

// Event is something that happened. The set of events is closed.
type Event interface{ event() }

type (
	// Tick says that time has passed, and that everything known so far shall be
	// matched with the offers at hand. The shell ends each batch of events with one.
	Tick struct{}

	// PutJob makes a job or replaces its definition.
	PutJob struct {
		Job        *job.Job
		Counters   *Counters // nil: a new job starts with none, an old one keeps its own
		IfRevision *uint64   // nil: whatever is there; 0: only if there is none
		Until      time.Time // from then on it is refused (ErrTooLate); zero: never
	}
	// CheckJob asks whether a PutJob would be accepted. Nothing is changed.
	CheckJob struct{ PutJob }
	// DeleteJob removes a job; its tasks are killed, its children re-linked.
	DeleteJob struct {
		Name       string
		IfRevision *uint64 // nil: whatever is there
	}
	// SetDisabled pauses or resumes a job.
	SetDisabled struct {
		Name     string
		Disabled bool
		Reason   string // of a pause, for people
	}
	// RunJob runs a job now, by hand.
	RunJob struct {
		Name        string
		Override    bool // Arguments and Environment count
		Arguments   []string
		Environment []job.Variable
		Disabled    bool      // run it even if the job is disabled
		Slot        time.Time // the nominal time that the task is told; zero: now
		Into        *RunKey   // filled in with the run that was made, if one was; nil: not wanted
	}
	// KillJob kills all tasks of a job.
	KillJob struct{ Name string }
	// KillRun ends one run: its task is killed, or it is taken out before its next attempt.
	KillRun struct{ Run RunKey }
	// MarkSuccess counts a success without a run.
	MarkSuccess struct{ Name string }
	// SkipNext lets the next slot of a job pass, or with Undo no longer.
	SkipNext struct {
		Name string
		Undo bool
		Into *time.Time // filled in with the slot; nil: not wanted
	}
	// StartBackfill runs the slots of a job in [From, To] again, oldest first,
	// at most Parallel at once.
	StartBackfill struct {
		Name     string
		From, To time.Time
		Parallel int
		Into     *int64 // filled in with the number of slots; nil: not wanted
	}
	// CancelBackfill makes no more runs of a backfill; those that are made go on.
	CancelBackfill struct{ Name string }

	// Subscribed says that the master has accepted us. Everything known of
	// offers is void.
	Subscribed struct{ FrameworkID string }
	// Disconnected says that the subscription is over.
	Disconnected struct{}
	// Removed says that the master has removed the framework: its id is burnt,
	// its tasks are dead or dying. A new id comes with the next Subscribed.
	Removed struct{}
	// Offers brings new offers.
	Offers struct{ Offers []Offer }
	// Rescind takes an offer back.
	Rescind struct{ OfferID string }
	// InverseOffers says that agents which we use are to be taken away.
	InverseOffers struct{ Offers []InverseOffer }
	// Update brings a task's status.
	Update struct{ Status Status }
)

func (Tick) event()           {}
func (PutJob) event()         {}
func (DeleteJob) event()      {}
func (SetDisabled) event()    {}
func (RunJob) event()         {}
func (KillJob) event()        {}
func (KillRun) event()        {}
func (MarkSuccess) event()    {}
func (SkipNext) event()       {}
func (StartBackfill) event()  {}
func (CancelBackfill) event() {}
func (Subscribed) event()     {}
func (Disconnected) event()   {}
func (Removed) event()        {}
func (Offers) event()         {}
func (InverseOffers) event()  {}
func (Rescind) event()        {}
func (Update) event()         {}

// Change is one record to write or to delete. The set of changes is closed.
type Change interface{ change() }

type (
	// PutJobRecord writes a job's definition.
	PutJobRecord struct{ Job *JobRecord }
	// PutJobState writes what has become of a job.
	PutJobState struct{ State *JobState }
	// PutRun writes a run that is not over.
	PutRun struct{ Run *Run }
	// PutEntry writes a line of history.
	PutEntry struct{ Entry *Entry }
	// PutMeta writes the scheduler's own memory.
	PutMeta struct{ Meta *Meta }
	// PutRevision keeps a definition that has been replaced.
	PutRevision struct{ Revision *Revision }
	// PutTally keeps the days of a month that is over.
	PutTally struct {
		UID   UID
		Tally Tally
	}
	// PutAudit writes down who ordered what.
	PutAudit struct{ Audit *Audit }
	// DropJob deletes a job's definition and state.
	DropJob struct {
		UID  UID
		Name string
	}
	// DropRun deletes a run that is over.
	DropRun struct {
		RunKey
		Name string // of the job
	}
	// DropEntry deletes a line of history.
	DropEntry struct {
		UID UID
		Seq uint64
	}
	// DropRevision deletes a definition that was kept.
	DropRevision struct {
		UID    UID
		Number uint64
	}
	// DropTally deletes the days of a month that is too long ago.
	DropTally struct {
		UID   UID
		Month uint64
	}
	// DropAudit deletes a line of the audit log.
	DropAudit struct{ Seq uint64 }
)

func (PutJobRecord) change() {}
func (PutJobState) change()  {}
func (PutRun) change()       {}
func (PutEntry) change()     {}
func (PutMeta) change()      {}
func (PutRevision) change()  {}
func (PutTally) change()     {}
func (DropTally) change()    {}
func (PutAudit) change()     {}
func (DropRevision) change() {}
func (DropAudit) change()    {}
func (DropJob) change()      {}
func (DropRun) change()      {}
func (DropEntry) change()    {}

// Effect is something to be done once the changes are stored. The set of
// effects is closed. They are performed in order.
type Effect interface{ effect() }

type (
	// Accept launches tasks on one agent, with offers of that agent.
	Accept struct {
		OfferIDs []string
		AgentID  string
		Launches []Launch
		Refuse   time.Duration // how long what is left over shall not be offered again
	}
	// Decline gives offers back.
	Decline struct {
		OfferIDs []string
		Refuse   time.Duration
	}
	// Acknowledge tells the agent that a status update is stored.
	Acknowledge struct{ AgentID, TaskID, UUID string }
	// KillTask asks for the end of a task.
	KillTask struct{ TaskID, AgentID string }
	// Reconcile asks for the state of tasks; of all if there are none.
	Reconcile struct{ Tasks []TaskRef }
	// AnswerInverse says whether we agree that agents are taken away.
	AnswerInverse struct {
		IDs    []string // of inverse offers
		Leave  bool
		Refuse time.Duration // how long we shall not be asked again
	}
	// Suppress asks for no more offers.
	Suppress struct{}
	// Revive asks for offers again, and forgets all refusals.
	Revive struct{}
)

// TaskRef names a task and where it runs.
type TaskRef struct{ TaskID, AgentID string }

func (Accept) effect()        {}
func (Decline) effect()       {}
func (Acknowledge) effect()   {}
func (KillTask) effect()      {}
func (Reconcile) effect()     {}
func (AnswerInverse) effect() {}
func (Suppress) effect()      {}
func (Revive) effect()        {}

// Output is what a step decided. The shell commits Changes, then answers with
// Err, then performs Effects in order, and steps again at Wake at the latest.
type Output struct {
	Changes []Change
	Effects []Effect
	Notices []Notice
	Wake    time.Time // zero: nothing is due
	Err     error     // answer to whoever sent the event
}

// NoticeKind says what a notice is about.
type NoticeKind uint8

// Kinds of notices.
const (
	RunCreated NoticeKind = iota + 1
	AttemptLaunched
	AttemptRunning
	AttemptEnded // it was not the last of its run
	RunEnded
	SlotsPassed // slots were skipped or missed
	JobDisabled
	JobDeleted
	TaskOrphaned // a task that no run has is killed
	JobChanged   // the job was made or its definition replaced
	TaskAdopted  // a task that another scheduler launched is a run now
	RunLate      // a run is not over within the job's expectedDuration
)

// Notice tells logs, metrics and notifications what a step decided. It is a
// report: losing it loses no obligation.
type Notice struct {
	Kind    NoticeKind
	Job     string
	Run     *Run     // as it is after the step; of RunEnded as it was before
	Attempt *Attempt // AttemptEnded, RunEnded
	Entry   *Entry   // RunEnded, SlotsPassed
	Again   time.Time
	Lost    bool // AttemptEnded: by nobody's fault
	Text    string

	// The job's records as they were just before, which is how Chronos reports
	// them: without the failure or success that is told of. RunEnded,
	// SlotsPassed, RunLate, JobDisabled, JobDeleted.
	Record *JobRecord
	State  *JobState
}
