package api

import (
	"bytes"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Hora is no release of Chronos, but hora itself, in its own paths.
const Hora = Release(own)

// EncodeDefinition writes a job as a client sends it. Chronos takes a job's figures
// from whoever posts it: counters go along there, none are zeros.
func EncodeDefinition(j *job.Job, c scheduler.Counters, r Release) []byte {
	var w writer
	w.job(&leader.Job{JobRecord: &scheduler.JobRecord{Job: j}, State: &scheduler.JobState{Counters: c}}, dialect(r), j.Schedule)
	buf := w.buf
	if j.RunAsUser == "" { // to say nothing of it is not to say that there is none
		buf = bytes.Replace(buf, []byte(`,"runAsUser":""`), nil, 1)
	}
	if j.Epsilon == "" {
		buf = bytes.Replace(buf, []byte(`,"epsilon":""`), nil, 1)
	}
	return buf
}

// DecodeDefinition reads a job that a server of any release tells of. What the text
// does not say is left open: resources are 0, the user is "".
func DecodeDefinition(text []byte) (*job.Job, scheduler.Counters, error) {
	tree, err := parse(text)
	if err != nil {
		return nil, scheduler.Counters{}, err
	}
	p, err := decodeJob(tree, own, Defaults{})
	if err != nil {
		return nil, scheduler.Counters{}, err
	}
	var c scheduler.Counters
	if p.counters != nil {
		c = *p.counters
	}
	return p.job, c, nil
}
