package api

import (
	"time"

	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// explainedDecisions is how many of a job's last decisions an explanation has.
const explainedDecisions = 5

// Explanation is GET /api/jobs/{name}/explain: why the job is where it is.
type Explanation struct {
	Job       string         `json:"job"`
	Reasons   []Reason       `json:"reasons"`   // what stands between the job and its next run, or goes on now
	Decisions []HistoryEntry `json:"decisions"` // the last ones, newest first
}

// Reason is one thing that a job waits for, that goes on, or that stands in its way.
type Reason struct {
	Code string     `json:"code"`          // scheduler.ReasonCode
	Text string     `json:"text"`          // a sentence for people
	At   *time.Time `json:"at,omitempty"`  // when it will be over, or since when it has been so
	Run  string     `json:"run,omitempty"` // the run it is about
}

// apiExplain asks the scheduler, which alone knows of offers, and adds what was decided last.
func (s *server) apiExplain(c call) (response, error) {
	out, err := s.explain(c, c.segment("name"))
	if err != nil {
		return response{}, err
	}
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	j := v.Job(out.Job)
	if j == nil { // deleted meanwhile
		return response{}, message.Errorf("%w: %q", scheduler.ErrNoJob, out.Job)
	}
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	for i := len(entries) - 1; i >= 0 && len(out.Decisions) < explainedDecisions; i-- {
		out.Decisions = append(out.Decisions, historyEntry(entries[i]))
	}
	c.translateHistory(out.Decisions)
	return marshal(out)
}

// explain asks the scheduler for the reasons; the decisions are left out.
func (s *server) explain(c call, name string) (Explanation, error) {
	var x scheduler.Explanation
	out := Explanation{Job: name, Reasons: []Reason{}, Decisions: []HistoryEntry{}}
	if err := s.Scheduler.Do(c.Context(), scheduler.Explain{Name: name, Into: &x}); err != nil {
		return out, err
	}
	for _, r := range x.Reasons {
		reason := Reason{Code: string(r.Code), Text: c.say(r.Text), Run: r.Run}
		if !r.At.IsZero() {
			at := r.At.UTC()
			reason.At = &at
		}
		out.Reasons = append(out.Reasons, reason)
	}
	return out, nil
}
