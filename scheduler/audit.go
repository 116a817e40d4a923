package scheduler

import (
	"time"

	"github.com/hora-scheduler/hora/job"
)

// Actor is a person or a client that orders something.
type Actor struct {
	Name    string // as the server knows them; "" if it does not ask who they are
	Address string // where the order came from
}

// By is an event that somebody ordered. What it changes is written down under
// their name, in the same commit.
type By struct {
	Actor Actor
	Event Event
}

func (By) event() {}

// Action is what somebody ordered.
type Action string

// Actions.
const (
	ActionCreate   Action = "create"
	ActionUpdate   Action = "update"
	ActionDelete   Action = "delete"
	ActionPause    Action = "pause"
	ActionResume   Action = "resume"
	ActionRun      Action = "run"
	ActionKill     Action = "kill"
	ActionSuccess  Action = "success"
	ActionSkip     Action = "skip"
	ActionUnskip   Action = "unskip"
	ActionBackfill Action = "backfill"
	ActionCancel   Action = "cancel-backfill"
)

// Audit is one line of the audit log: who ordered what, and what it changed.
type Audit struct {
	Seq      uint64
	At       time.Time
	By       Actor
	Action   Action
	Job      string
	Run      string           // RunKey.String(), if it is about a run
	Revision uint64           // of the definition afterwards; of a deletion: before
	Detail   string           // a reason, arguments, a range
	Changes  []job.Difference // of the definition, long texts cut
}

// Revision is a definition that has been replaced.
type Revision struct {
	UID    UID
	Number uint64
	Job    *job.Job // nil if it was too large to be kept
	At     time.Time
	By     Actor
}

// Limits of what is kept of replaced definitions and in the audit log, so that
// one order stays within a commit.
const (
	MaxRevisionBytes = 64 << 10 // of a definition; a larger one is not kept once it is replaced
	maxAuditText     = 500      // bytes of a text in the audit log
)

// by is who ordered the step in progress.
func (s *State) by() Actor {
	if s.actor == nil {
		return Actor{}
	}
	return *s.actor
}

// audit writes down what somebody ordered, and deletes the line that is too old.
func (s *State) audit(a Audit) {
	if s.actor == nil {
		return
	}
	a.Seq, a.At, a.By, a.Detail = s.meta.Audits, s.now, *s.actor, clipTo(a.Detail, maxAuditText)
	for i := range a.Changes {
		d := &a.Changes[i]
		d.Before, d.After = clipTo(d.Before, maxAuditText), clipTo(d.After, maxAuditText)
	}
	m := *s.meta
	m.Audits++
	s.meta = &m
	s.change(PutMeta{s.meta})
	s.change(PutAudit{&a})
	if a.Seq >= s.cfg.Audits {
		s.change(DropAudit{a.Seq - s.cfg.Audits})
	}
}

// keepRevision keeps a definition that is about to be replaced, and deletes
// the one that is too old.
func (s *State) keepRevision(old *JobRecord) {
	if s.cfg.Revisions == 0 {
		return
	}
	r := &Revision{UID: old.UID, Number: old.Revision, Job: old.Job, At: old.Updated, By: old.By}
	if jobSize(old.Job) > MaxRevisionBytes {
		r.Job = nil
	}
	s.change(PutRevision{r})
	if r.Number > s.cfg.Revisions {
		s.change(DropRevision{r.UID, r.Number - s.cfg.Revisions})
	}
}

// dropRevisions deletes what is kept of a job that goes.
func (s *State) dropRevisions(rec *JobRecord) {
	kept := min(s.cfg.Revisions, rec.Revision-1)
	for n := rec.Revision - kept; n < rec.Revision; n++ {
		s.change(DropRevision{rec.UID, n})
	}
}
