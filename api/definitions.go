package api

import (
	"io"
	"time"

	"github.com/hora-scheduler/hora/job"
)

// DefaultValues is GET /api/defaults: what the server takes for fields that a
// definition does not have. Policies that are missing are the first of their values in docs/jobfile.md.
type DefaultValues struct {
	CPUs            float64 `json:"cpus"`
	Mem             float64 `json:"mem"`
	Disk            float64 `json:"disk"`
	RunAsUser       string  `json:"runAsUser"`
	Retries         int     `json:"retries"`
	RetryIntervalMS int64   `json:"retryIntervalMs"`
	MaxConcurrent   int     `json:"maxConcurrent"`
}

func (s *server) apiDefaults(call) (response, error) {
	d := s.Defaults
	return marshal(DefaultValues{d.CPUs, d.Mem, d.Disk, d.User, defaultRetries, d.RetryInterval.Milliseconds(), job.MaxConcurrent})
}

// apiDefinitions streams all definitions with their entity tags, and what the
// server gives to jobs that do not say: what a client needs to compare them with its own.
//
//	{"defaults": {"cpus", "mem", "disk", "runAsUser"}, "jobs": [{"etag", "updated", "disabledReason"?, "definition"}]}
func (s *server) apiDefinitions(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	who := callerOf(c.Context())
	return response{stream: func(out io.Writer) error {
		var w writer
		w.open('{')
		w.key("defaults").open('{')
		w.key("cpus").double(s.Defaults.CPUs)
		w.key("mem").double(s.Defaults.Mem)
		w.key("disk").double(s.Defaults.Disk)
		w.key("runAsUser").text(s.Defaults.User)
		w.close('}')
		w.key("jobs").open('[')
		for j := range v.Jobs() {
			w.open('{')
			w.key("etag").text(etag(j))
			w.key("updated").text(j.Updated.UTC().Format(time.RFC3339Nano))
			if j.State.DisabledReason != "" {
				w.key("disabledReason").text(j.State.DisabledReason)
			}
			w.key("definition").job(who.job(j), own, j.Job.Schedule)
			w.close('}')
			if err := w.drain(out); err != nil {
				return err
			}
		}
		w.close(']')
		w.close('}')
		return w.drain(out)
	}}, nil
}
