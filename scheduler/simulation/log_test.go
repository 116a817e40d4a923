package simulation

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// Fact is one line of the log of a run. The log is what an observer outside
// knows for certain: what agents executed, what was written, what clients
// were told.
type Fact interface{ when() time.Time }

type at struct{ At time.Time }

func (a at) when() time.Time { return a.At }

type (
	// Started: an agent began to execute a task.
	Started struct {
		at
		Task    string
		Run     scheduler.RunKey
		Attempt int
		Agent   string
	}
	// Ended: the execution of a task is over.
	Ended struct {
		at
		Task   string
		Exit   int
		Killed bool
	}
	// Stepped: one step whose changes were written. At is the time that the
	// core was told; the place in the log is that of the commit.
	Stepped struct {
		at
		Term    int64
		Event   scheduler.Event
		Refused bool
		Changes []scheduler.Change
		Effects int
	}
	// Committed: an attempt to write.
	Committed struct {
		at
		Term, Latest int64
		Ops, Bytes   int
		Written      bool
	}
	// Asked: a client asks for something.
	Asked struct {
		at
		ID    int
		Event scheduler.Event
	}
	// Answered: it is told what became of it.
	Answered struct {
		at
		ID      int
		Outcome Answer
	}
	// Loaded compares what was written with what is read back.
	Loaded struct {
		at
		Written, Read string
	}
	// Broken: something happened that must not, seen on the spot.
	Broken struct {
		at
		Promise, Text string
	}
	// Calm: from now on nothing goes wrong any more.
	Calm struct{ at }
	// Rest: the end. Everything that was due some time ago is done.
	Rest struct {
		at
		Records scheduler.Records
	}
)

// Answer is what a client knows of its request.
type Answer uint8

// Answers.
const (
	OK Answer = iota + 1
	RefusedAnswer
	Unknown
)

func (a Answer) String() string { return []string{"?", "ok", "refused", "unknown"}[a] }

// parseTask reads run and attempt out of a task's id.
func parseTask(id string) (key scheduler.RunKey, attempt int, err error) {
	parts := strings.Split(id, ":")
	if len(parts) != 5 || parts[0] != "ct" {
		return key, 0, fmt.Errorf("task id %q has not the form ct:<ms>:<attempt>:<job>:<run>", id)
	}
	if attempt, err = strconv.Atoi(parts[2]); err != nil {
		return key, 0, err
	}
	uid, seq, _ := strings.Cut(parts[4], "-")
	u, err := strconv.ParseUint(uid, 36, 64)
	if err != nil {
		return key, 0, err
	}
	q, err := strconv.ParseUint(seq, 36, 64)
	return scheduler.RunKey{UID: scheduler.UID(u), Seq: q}, attempt, err
}

// mirror is the set of records that the written changes add up to.
type mirror struct {
	meta   *scheduler.Meta
	jobs   map[scheduler.UID]*scheduler.JobRecord
	states map[scheduler.UID]*scheduler.JobState
	runs   map[scheduler.RunKey]*scheduler.Run
}

func newMirror() *mirror {
	return &mirror{
		jobs: map[scheduler.UID]*scheduler.JobRecord{}, states: map[scheduler.UID]*scheduler.JobState{}, runs: map[scheduler.RunKey]*scheduler.Run{},
	}
}

func (m *mirror) apply(c scheduler.Change) {
	switch c := c.(type) {
	case scheduler.PutMeta:
		m.meta = c.Meta
	case scheduler.PutJobRecord:
		m.jobs[c.Job.UID] = c.Job
	case scheduler.PutJobState:
		m.states[c.State.UID] = c.State
	case scheduler.PutRun:
		m.runs[c.Run.RunKey] = c.Run
	case scheduler.DropJob:
		delete(m.jobs, c.UID)
		delete(m.states, c.UID)
	case scheduler.DropRun:
		delete(m.runs, c.RunKey)
	}
}

// dump writes records out in a fixed order.
func (m *mirror) records() scheduler.Records {
	r := scheduler.Records{Meta: m.meta}
	for _, j := range m.jobs {
		r.Jobs = append(r.Jobs, j)
	}
	for _, s := range m.states {
		r.States = append(r.States, s)
	}
	for _, run := range m.runs {
		r.Runs = append(r.Runs, run)
	}
	return r
}

// dump writes records out in a fixed order. What is empty is the same as what is not there.
func dump(r scheduler.Records) string {
	slices.SortFunc(r.Jobs, func(a, b *scheduler.JobRecord) int { return int(a.UID) - int(b.UID) })
	slices.SortFunc(r.States, func(a, b *scheduler.JobState) int { return int(a.UID) - int(b.UID) })
	slices.SortFunc(r.Runs, func(a, b *scheduler.Run) int {
		if a.UID != b.UID {
			return int(a.UID) - int(b.UID)
		}
		return int(a.Seq) - int(b.Seq)
	})
	var b strings.Builder
	line := func(v any) {
		raw, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		b.WriteString(strings.NewReplacer("[]", "null", "{}", "null").Replace(string(raw)))
		b.WriteByte('\n')
	}
	if r.Meta != nil {
		line(r.Meta)
	}
	for _, j := range r.Jobs {
		line(j)
	}
	for _, s := range r.States {
		line(s)
	}
	for _, run := range r.Runs {
		line(run)
	}
	return b.String()
}
