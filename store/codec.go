package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// A stored value is a version byte and JSON. The forms below are those of
// version 1; a later release that needs another form gives it the next version
// and keeps reading this one.
const version1 = 1

// ErrNewer says that a value was written by a later release.
var ErrNewer = errors.New("written by a later release of hora")

func seal(v any) []byte {
	return append([]byte{version1}, marshal(v)...)
}

func open(value []byte, v any) error {
	switch {
	case len(value) == 0:
		return errors.New("value is empty")
	case value[0] > version1 && value[0] < ' ':
		return fmt.Errorf("version %d: %w", value[0], ErrNewer)
	case value[0] != version1:
		return fmt.Errorf("value begins with byte %#x, want version %d", value[0], version1)
	}
	return json.Unmarshal(value[1:], v)
}

type metaV1 struct {
	LastUID     uint64 `json:"lastUID"`
	FrameworkID string `json:"frameworkID,omitempty"`
	Adopting    bool   `json:"adopting,omitzero"`
	Audits      uint64 `json:"audits,omitzero"`
}

func encodeMeta(m *scheduler.Meta) []byte {
	return seal(metaV1{uint64(m.LastUID), m.FrameworkID, m.Adopting, m.Audits})
}

func decodeMeta(value []byte) (*scheduler.Meta, error) {
	var v metaV1
	err := open(value, &v)
	return &scheduler.Meta{LastUID: scheduler.UID(v.LastUID), FrameworkID: v.FrameworkID, Adopting: v.Adopting, Audits: v.Audits}, err
}

type stateV1 struct {
	UID            uint64               `json:"uid"`
	Decided        time.Time            `json:"decided"`
	Runs           uint64               `json:"runs,omitzero"`
	Entries        uint64               `json:"entries,omitzero"`
	Successes      uint64               `json:"successes,omitzero"`
	Failures       uint64               `json:"failures,omitzero"`
	Spent          map[string][2]uint64 `json:"spent,omitempty"`
	SuccessCount   int64                `json:"successCount,omitzero"`
	ErrorCount     int64                `json:"errorCount,omitzero"`
	SinceSuccess   int64                `json:"errorsSinceLastSuccess,omitzero"`
	LastSuccess    time.Time            `json:"lastSuccess,omitzero"`
	LastError      time.Time            `json:"lastError,omitzero"`
	Recent         []byte               `json:"recent,omitempty"`
	Tally          *tallyV1             `json:"tally,omitempty"`
	LastSlot       time.Time            `json:"lastSlot,omitzero"`
	LastBegan      time.Time            `json:"lastBegan,omitzero"`
	LastEnded      time.Time            `json:"lastEnded,omitzero"`
	LastSucceeded  uint64               `json:"lastSucceeded,omitzero"`
	LastFailed     uint64               `json:"lastFailed,omitzero"`
	DisabledReason string               `json:"disabledReason,omitempty"`
	SkipSlot       time.Time            `json:"skipSlot,omitzero"`
	Imported       time.Time            `json:"imported,omitzero"`
	Foreign        []string             `json:"foreign,omitempty"`
	Backfill       *backfillV1          `json:"backfill,omitempty"`
}

// actorV1 is who ordered something.
type actorV1 struct {
	By      string `json:"by,omitempty"`
	Address string `json:"address,omitempty"`
}

func encodeActor(a scheduler.Actor) actorV1 { return actorV1{a.Name, a.Address} }

func decodeActor(a actorV1) scheduler.Actor { return scheduler.Actor{Name: a.By, Address: a.Address} }

type backfillV1 struct {
	From     time.Time `json:"from"`
	To       time.Time `json:"to"`
	Cursor   time.Time `json:"cursor"`
	Parallel int       `json:"parallel"`
	Slots    int64     `json:"slots"`
	Made     int64     `json:"made"`
	actorV1
}

// tallyV1 is the days of a month, as the scheduler packs them.
type tallyV1 struct {
	Month uint64 `json:"month"`
	Since uint64 `json:"since,omitzero"`
	Days  []byte `json:"days,omitempty"`
}

func encodeTally(t *scheduler.Tally) []byte { return seal(tallyV1(*t)) }

func decodeTally(value []byte) (*scheduler.Tally, error) {
	var v tallyV1
	err := open(value, &v)
	t := scheduler.Tally(v)
	return &t, err
}

func encodeState(s *scheduler.JobState) []byte {
	v := stateV1{
		UID: uint64(s.UID), Decided: s.Decided, Runs: s.Runs, Entries: s.Entries, Successes: s.Successes, Failures: s.Failures,
		SuccessCount: s.SuccessCount, ErrorCount: s.ErrorCount, SinceSuccess: s.ErrorsSinceLastSuccess,
		LastSuccess: s.LastSuccess, LastError: s.LastError, DisabledReason: s.DisabledReason, SkipSlot: s.SkipSlot, Imported: s.Imported, Foreign: s.Foreign,
		LastSlot: s.Last.Slot, LastBegan: s.Last.Began, LastEnded: s.Last.Ended, LastSucceeded: s.Last.Succeeded, LastFailed: s.Last.Failed,
	}
	if b := s.Backfill; b != nil {
		v.Backfill = &backfillV1{b.From, b.To, b.Cursor, b.Parallel, b.Slots, b.Made, encodeActor(b.By)}
	}
	if s.Tally.Month != 0 {
		t := tallyV1(s.Tally)
		v.Tally = &t
	}
	for _, o := range s.Recent {
		v.Recent = append(v.Recent, byte(o))
	}
	if len(s.Spent) > 0 {
		v.Spent = make(map[string][2]uint64, len(s.Spent))
		for name, n := range s.Spent {
			v.Spent[name] = [2]uint64{n.Successes, n.Failures}
		}
	}
	return sealed(v.write)
}

func decodeState(value []byte) (*scheduler.JobState, error) {
	var v stateV1
	err := open(value, &v)
	s := &scheduler.JobState{
		UID: scheduler.UID(v.UID), Decided: v.Decided, Runs: v.Runs, Entries: v.Entries, Successes: v.Successes, Failures: v.Failures,
		DisabledReason: v.DisabledReason, SkipSlot: v.SkipSlot, Imported: v.Imported, Foreign: v.Foreign,
		Past: scheduler.Past{Last: scheduler.LastRun{Slot: v.LastSlot, Began: v.LastBegan, Ended: v.LastEnded, Succeeded: v.LastSucceeded, Failed: v.LastFailed}},
		Counters: scheduler.Counters{
			SuccessCount: v.SuccessCount, ErrorCount: v.ErrorCount, ErrorsSinceLastSuccess: v.SinceSuccess,
			LastSuccess: v.LastSuccess, LastError: v.LastError,
		},
	}
	if b := v.Backfill; b != nil {
		s.Backfill = &scheduler.Backfill{
			From: b.From, To: b.To, Cursor: b.Cursor, Parallel: b.Parallel, Slots: b.Slots, Made: b.Made, By: decodeActor(b.actorV1),
		}
	}
	if v.Tally != nil {
		s.Tally = scheduler.Tally(*v.Tally)
	}
	for _, o := range v.Recent {
		s.Recent = append(s.Recent, scheduler.Outcome(o))
	}
	if len(v.Spent) > 0 {
		s.Spent = make(map[string]scheduler.Spent, len(v.Spent))
		for name, n := range v.Spent {
			s.Spent[name] = scheduler.Spent{Successes: n[0], Failures: n[1]}
		}
	}
	return s, err
}

type runV1 struct {
	UID       uint64    `json:"uid"`
	Seq       uint64    `json:"seq"`
	Job       string    `json:"job"`
	Kind      uint8     `json:"kind,omitzero"`
	Slot      time.Time `json:"slot"`
	Created   time.Time `json:"created"`
	State     uint8     `json:"state,omitzero"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	Deadline  time.Time `json:"deadline,omitzero"`
	Keep      bool      `json:"keep,omitzero"`
	Forced    bool      `json:"forced,omitzero"`
	Late      bool      `json:"late,omitzero"`
	Override  bool      `json:"override,omitzero"`
	Arguments []string  `json:"arguments,omitempty"`
	Env       []pairV1  `json:"environment,omitempty"`
	actorV1

	Attempt   int         `json:"attempt,omitzero"`
	Failures  int         `json:"failures,omitzero"`
	Losses    int         `json:"losses,omitzero"`
	Task      *taskV1     `json:"task,omitempty"`
	Attempts  []attemptV1 `json:"attempts,omitempty"`
	KillCause uint8       `json:"killCause,omitzero"`
	KillSince time.Time   `json:"killSince,omitzero"`
	Report    *int        `json:"report,omitempty"`
	Parents   []string    `json:"parents,omitempty"`
}

type taskV1 struct {
	ID          string    `json:"id"`
	AgentID     string    `json:"agent"`
	Hostname    string    `json:"host,omitempty"`
	State       uint8     `json:"state,omitzero"`
	Launched    time.Time `json:"launched"`
	Running     time.Time `json:"running,omitzero"`
	Timeout     time.Time `json:"timeout,omitzero"`
	ContainerID string    `json:"container,omitempty"`
	Elements    int64     `json:"elements,omitzero"`
}

type attemptV1 struct {
	Number   int       `json:"number,omitzero"`
	TaskID   string    `json:"task"`
	AgentID  string    `json:"agent,omitempty"`
	Hostname string    `json:"host,omitempty"`
	Launched time.Time `json:"launched"`
	Running  time.Time `json:"running,omitzero"`
	Ended    time.Time `json:"ended"`
	State    uint8     `json:"state"`
	Reason   string    `json:"reason,omitempty"`
	Message  string    `json:"message,omitempty"`
	ExitCode int       `json:"exit"`
	Elements int64     `json:"elements,omitzero"`
}

func encodeRun(r *scheduler.Run) []byte {
	v := runV1{
		UID: uint64(r.UID), Seq: r.Seq, Job: r.JobName, Kind: uint8(r.Kind), Slot: r.Slot, Created: r.Created,
		State: uint8(r.State), NotBefore: r.NotBefore, Deadline: r.Deadline, Keep: r.Keep, Forced: r.Forced, Late: r.Late,
		Override: r.Override, Arguments: r.Arguments, Env: pairsOf(r.Environment), actorV1: encodeActor(r.By),
		Attempt: r.Attempt, Failures: r.Failures, Losses: r.Losses, Attempts: encodeAttempts(r.Attempts), Parents: encodeKeys(r.Parents),
	}
	if t := r.Task; t != nil {
		v.Task = &taskV1{t.ID, t.AgentID, t.Hostname, uint8(t.State), t.Launched, t.Running, t.Timeout, t.ContainerID, t.Elements}
	}
	if r.Report != nil {
		v.Report = &r.Report.Status
	}
	if r.Kill != nil {
		v.KillCause, v.KillSince = uint8(r.Kill.Cause), r.Kill.Since
	}
	return sealed(v.write)
}

func decodeRun(value []byte) (*scheduler.Run, error) {
	var v runV1
	err := open(value, &v)
	r := &scheduler.Run{
		RunKey: scheduler.RunKey{UID: scheduler.UID(v.UID), Seq: v.Seq}, JobName: v.Job, Kind: scheduler.Kind(v.Kind),
		Slot: v.Slot, Created: v.Created, State: scheduler.RunState(v.State), NotBefore: v.NotBefore, Deadline: v.Deadline,
		Keep: v.Keep, Forced: v.Forced, Late: v.Late, Override: v.Override, Arguments: v.Arguments, Environment: variables(v.Env), By: decodeActor(v.actorV1),
		Attempt: v.Attempt, Failures: v.Failures, Losses: v.Losses, Attempts: decodeAttempts(v.Attempts),
	}
	if t := v.Task; t != nil {
		r.Task = &scheduler.Task{
			ID: t.ID, AgentID: t.AgentID, Hostname: t.Hostname, State: scheduler.TaskState(t.State), Launched: t.Launched,
			Running: t.Running, Timeout: t.Timeout, ContainerID: t.ContainerID, Elements: t.Elements,
		}
	}
	if v.KillCause != 0 {
		r.Kill = &scheduler.Kill{Cause: scheduler.KillCause(v.KillCause), Since: v.KillSince}
	}
	if v.Report != nil {
		r.Report = &scheduler.Report{Status: *v.Report}
	}
	if err == nil {
		r.Parents, err = decodeKeys(v.Parents)
	}
	if err == nil && r.State >= scheduler.Launched && r.Task == nil {
		err = errors.New("a launched run has no task")
	}
	return r, err
}

func encodeAttempts(list []scheduler.Attempt) []attemptV1 {
	var out []attemptV1
	for _, a := range list {
		out = append(out, attemptV1{
			a.Number, a.TaskID, a.AgentID, a.Hostname, a.Launched, a.Running, a.Ended, uint8(a.State), a.Reason, a.Message, a.ExitCode, a.Elements,
		})
	}
	return out
}

func decodeAttempts(list []attemptV1) []scheduler.Attempt {
	var out []scheduler.Attempt
	for _, a := range list {
		out = append(out, scheduler.Attempt{
			Number: a.Number, TaskID: a.TaskID, AgentID: a.AgentID, Hostname: a.Hostname, Launched: a.Launched, Running: a.Running,
			Ended: a.Ended, State: scheduler.TaskState(a.State), Reason: a.Reason, Message: a.Message, ExitCode: a.ExitCode, Elements: a.Elements,
		})
	}
	return out
}

type entryV1 struct {
	UID       uint64      `json:"uid"`
	Seq       uint64      `json:"seq"`
	Job       string      `json:"job"`
	Kind      uint8       `json:"kind,omitzero"`
	Slot      time.Time   `json:"slot"`
	Count     int64       `json:"count"`
	Run       string      `json:"run,omitempty"`
	Outcome   uint8       `json:"outcome"`
	Reason    string      `json:"reason,omitempty"`
	Created   time.Time   `json:"created"`
	Ended     time.Time   `json:"ended"`
	Attempts  []attemptV1 `json:"attempts,omitempty"`
	Override  bool        `json:"override,omitzero"`
	Arguments []string    `json:"arguments,omitempty"`
	Env       []pairV1    `json:"environment,omitempty"`
	actorV1
	Parents []string `json:"parents,omitempty"`
}

func encodeEntry(e *scheduler.Entry) []byte {
	v := entryV1{
		uint64(e.UID), e.Seq, e.JobName, uint8(e.Kind), e.Slot, e.Count, e.Run, uint8(e.Outcome), e.Reason, e.Created, e.Ended,
		encodeAttempts(e.Attempts), e.Override, e.Arguments, pairsOf(e.Environment), encodeActor(e.By), encodeKeys(e.Parents),
	}
	return sealed(v.write)
}

func decodeEntry(value []byte) (*scheduler.Entry, error) {
	var v entryV1
	err := open(value, &v)
	var parents []scheduler.RunKey
	if err == nil {
		parents, err = decodeKeys(v.Parents)
	}
	return &scheduler.Entry{
		UID: scheduler.UID(v.UID), Seq: v.Seq, JobName: v.Job, Kind: scheduler.Kind(v.Kind), Slot: v.Slot, Count: v.Count, Run: v.Run,
		Outcome: scheduler.Outcome(v.Outcome), Reason: v.Reason, Created: v.Created, Ended: v.Ended, Attempts: decodeAttempts(v.Attempts),
		Override: v.Override, Arguments: v.Arguments, Environment: variables(v.Env), By: decodeActor(v.actorV1), Parents: parents,
	}, err
}

// encodeKeys writes runs as people see them.
func encodeKeys(list []scheduler.RunKey) []string {
	var out []string
	for _, k := range list {
		out = append(out, k.String())
	}
	return out
}

func decodeKeys(list []string) ([]scheduler.RunKey, error) {
	var out []scheduler.RunKey
	for _, text := range list {
		k, err := scheduler.ParseRunKey(text)
		if err != nil {
			return nil, err
		}
		out = append(out, k)
	}
	return out, nil
}
