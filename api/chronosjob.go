package api

import (
	"errors"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Release is a release of Chronos whose form of a job is meant.
type Release uint8

// Releases.
const (
	Chronos24 = Release(v24) // 2.4.0
	Chronos30 = Release(v30) // 3.0.2
)

// DecodeJob reads a job as a release of Chronos has stored or shown it
// (Chronos contract 2, 7.2). It does not check what the scheduler checks.
func DecodeJob(body []byte, r Release, d Defaults) (*job.Job, scheduler.Counters, error) {
	tree, err := parse(body)
	if err != nil {
		return nil, scheduler.Counters{}, err
	}
	d.fill()
	p, err := decodeJob(tree, dialect(r), d)
	if err != nil {
		return nil, scheduler.Counters{}, err
	}
	if p.once {
		return nil, scheduler.Counters{}, &job.FieldError{Field: "schedule", Err: errors.New("is missing, and so are parents")}
	}
	if dialect(r) == v30 {
		if err := untangle(p.job, nil); err != nil {
			return nil, scheduler.Counters{}, &job.FieldError{Field: "fetch", Err: err}
		}
	}
	if p.counters == nil {
		p.counters = &scheduler.Counters{}
	}
	return p.job, *p.counters, nil
}

// EncodeJob writes a job as a release of Chronos stores it (Chronos contract
// 7.2): with what is left of its schedule, and its figures. What the release has
// no field for is left out.
func EncodeJob(rec *scheduler.JobRecord, st *scheduler.JobState, r Release) []byte {
	j := &leader.Job{JobRecord: rec, State: st}
	when := rec.Job.Schedule
	if s := newSchedules().of(j); s != nil {
		when = s.Remaining(st.Decided)
	}
	var whole writer
	whole.job(j, dialect(r), when)
	ours := writer{next: true}
	ours.own(rec.Job, dialect(r)) // they stand at the end
	return append(whole.buf[:len(whole.buf)-len(ours.buf)-1], '}')
}
