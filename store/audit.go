package store

import (
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

type revisionV1 struct {
	UID    uint64    `json:"uid"`
	Number uint64    `json:"number"`
	At     time.Time `json:"at"`
	Job    *jobV1    `json:"job,omitempty"`
	actorV1
}

func encodeRevision(r *scheduler.Revision) []byte {
	v := revisionV1{UID: uint64(r.UID), Number: r.Number, At: r.At, actorV1: encodeActor(r.By)}
	if r.Job != nil {
		def := definitionOf(r.Job)
		v.Job = &def
	}
	return seal(v)
}

func decodeRevision(value []byte) (*scheduler.Revision, error) {
	var v revisionV1
	err := open(value, &v)
	r := &scheduler.Revision{UID: scheduler.UID(v.UID), Number: v.Number, At: v.At, By: decodeActor(v.actorV1)}
	if v.Job != nil {
		r.Job = v.Job.definition()
	}
	return r, err
}

type auditV1 struct {
	Seq      uint64      `json:"seq"`
	At       time.Time   `json:"at"`
	Action   string      `json:"action"`
	Job      string      `json:"job,omitempty"`
	Run      string      `json:"run,omitempty"`
	Revision uint64      `json:"revision,omitzero"`
	Detail   string      `json:"detail,omitempty"`
	Changes  [][3]string `json:"changes,omitempty"` // field, before, after
	actorV1
}

func encodeAudit(a *scheduler.Audit) []byte {
	return seal(auditV1{
		Seq: a.Seq, At: a.At, Action: string(a.Action), Job: a.Job, Run: a.Run, Revision: a.Revision, Detail: a.Detail,
		Changes: each(a.Changes, func(d job.Difference) [3]string { return [3]string{d.Field, d.Before, d.After} }), actorV1: encodeActor(a.By),
	})
}

func decodeAudit(value []byte) (*scheduler.Audit, error) {
	var v auditV1
	err := open(value, &v)
	return &scheduler.Audit{
		Seq: v.Seq, At: v.At, Action: scheduler.Action(v.Action), Job: v.Job, Run: v.Run, Revision: v.Revision, Detail: v.Detail,
		Changes: each(v.Changes, func(d [3]string) job.Difference { return job.Difference{Field: d[0], Before: d[1], After: d[2]} }), By: decodeActor(v.actorV1),
	}, err
}
