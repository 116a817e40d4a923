package api

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// read reads a small JSON body of known members into v. An empty body leaves v as it is.
func (c call) read(v any) error {
	body, err := c.body()
	if err != nil || len(body) == 0 {
		return err
	}
	tree, err := parse(body) // depth and encoding are checked there
	if err != nil {
		return err
	}
	if tree.kind != object {
		return badRequest("the body is %v, want a JSON object", kindNames[tree.kind])
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil && err != io.EOF {
		return badRequest("the body: %v", err)
	}
	return nil
}

// PauseRequest is POST /api/jobs/{name}/pause.
type PauseRequest struct {
	Reason string `json:"reason,omitempty"`
}

// RunRequest is POST /api/jobs/{name}/run.
type RunRequest struct {
	Arguments   []string              `json:"arguments,omitempty"`   // instead of the job's
	Environment []EnvironmentVariable `json:"environment,omitempty"` // added to the job's
}

// BackfillRequest is POST /api/jobs/{name}/backfill.
type BackfillRequest struct {
	From        time.Time  `json:"from"`
	To          *time.Time `json:"to,omitempty"`          // now
	Parallelism int        `json:"parallelism,omitempty"` // 1
	DryRun      bool       `json:"dryRun,omitempty"`
}

// apiPauseJob disables a job and remembers why.
func (s *server) apiPauseJob(c call) (response, error) {
	var in PauseRequest
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	if len(in.Reason) > scheduler.MaxMessage {
		return response{}, &job.FieldError{Field: "reason", Err: message.Errorf("has %d bytes, at most %d are allowed", len(in.Reason), scheduler.MaxMessage)}
	}
	return response{}, s.Scheduler.Do(c.Context(), scheduler.SetDisabled{Name: c.segment("name"), Disabled: true, Reason: in.Reason})
}

func (s *server) apiResumeJob(c call) (response, error) {
	return response{}, s.Scheduler.Do(c.Context(), scheduler.SetDisabled{Name: c.segment("name")})
}

// apiRunJob runs a job now, with arguments and environment of this run's own.
func (s *server) apiRunJob(c call) (response, error) {
	var in RunRequest
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	ev := scheduler.RunJob{Name: c.segment("name"), Disabled: true, Override: in.Arguments != nil || in.Environment != nil, Arguments: in.Arguments}
	for _, v := range in.Environment {
		if err := job.CheckVariable(v.Name); err != nil {
			return response{}, &job.FieldError{Field: "environment", Err: err}
		}
		ev.Environment = append(ev.Environment, job.Variable(v))
	}
	return s.order(c, ev)
}

func (s *server) apiKillJob(c call) (response, error) {
	return response{}, s.Scheduler.Do(c.Context(), scheduler.KillJob{Name: c.segment("name")})
}

func (s *server) apiSucceedJob(c call) (response, error) {
	return response{}, s.Scheduler.Do(c.Context(), scheduler.MarkSuccess{Name: c.segment("name")})
}

// SlotAnswer is the answer to skipping a slot.
type SlotAnswer struct {
	Slot *time.Time `json:"slot,omitempty"`
}

func (s *server) apiSkipNext(c call) (response, error) {
	var slot time.Time
	if err := s.Scheduler.Do(c.Context(), scheduler.SkipNext{Name: c.segment("name"), Into: &slot}); err != nil {
		return response{}, err
	}
	return marshal(SlotAnswer{moment(slot)})
}

func (s *server) apiUnskip(c call) (response, error) {
	return response{}, s.Scheduler.Do(c.Context(), scheduler.SkipNext{Name: c.segment("name"), Undo: true})
}

// BackfillAnswer tells how many slots a backfill has.
type BackfillAnswer struct {
	Slots int64 `json:"slots"`
}

// apiBackfill runs the slots of a range again, or with dryRun tells how many there are.
func (s *server) apiBackfill(c call) (response, error) {
	_, j, err := s.find(c)
	if err != nil {
		return response{}, err
	}
	in := BackfillRequest{Parallelism: 1}
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	to := time.Now()
	switch {
	case in.From.IsZero():
		return response{}, &job.FieldError{Field: "from", Err: message.Errorf("is missing, want a time such as 2026-01-31T00:00:00Z")}
	case in.To != nil:
		to = *in.To
	}
	var out BackfillAnswer
	if in.DryRun {
		when := s.shown.of(j)
		if when == nil {
			return response{}, message.Errorf("%w: it has no schedule", scheduler.ErrNoSlot)
		}
		if to.After(j.State.Decided) {
			to = j.State.Decided
		}
		if to.After(in.From) {
			_, out.Slots = when.Range(in.From.Add(-1), to)
		}
		return marshal(out)
	}
	ev := scheduler.StartBackfill{Name: j.Job.Name, From: in.From, To: to, Parallel: in.Parallelism, Into: &out.Slots}
	if err := s.Scheduler.Do(c.Context(), ev); err != nil {
		return response{}, err
	}
	resp, err := marshal(out)
	resp.status = http.StatusAccepted
	return resp, err
}

func (s *server) apiCancelBackfill(c call) (response, error) {
	return response{}, s.Scheduler.Do(c.Context(), scheduler.CancelBackfill{Name: c.segment("name")})
}
