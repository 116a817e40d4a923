package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// Limits of hora's own lists.
const (
	pageSize    = 100    // items on a page, if the client does not say
	maxPage     = 1000   // items on a page
	historySize = 50     // entries of a history, if the client does not say
	maxHistory  = 100000 // entries of a history
)

// Status is GET /api/status.
type Status struct {
	Leading     bool   `json:"leading"`
	Leader      string `json:"leader"`
	Term        int64  `json:"term"`
	Jobs        int    `json:"jobs"`
	Subscribed  bool   `json:"subscribed"`
	FrameworkID string `json:"frameworkId,omitempty"`
}

// HistoryEntry is a line of a job's history.
type HistoryEntry struct {
	Slot     time.Time `json:"slot"`
	Count    int64     `json:"count"`
	Kind     string    `json:"kind"`
	Outcome  string    `json:"outcome"`
	Reason   string    `json:"reason,omitempty"`
	Run      string    `json:"run,omitempty"`
	Created  time.Time `json:"created"`
	Ended    time.Time `json:"ended"`
	Attempts []Attempt `json:"attempts"`
}

// Attempt is an attempt that is over.
type Attempt struct {
	Number   int       `json:"number"`
	Task     string    `json:"task"`
	Agent    string    `json:"agent,omitempty"`
	Host     string    `json:"host,omitempty"`
	Launched time.Time `json:"launched"`
	Running  time.Time `json:"running,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	State    string    `json:"state"`
	Reason   string    `json:"reason,omitempty"`
	ExitCode *int      `json:"exitCode,omitempty"`
	Message  string    `json:"message,omitempty"`
}

func marshal(v any) (response, error) {
	b, err := json.Marshal(v)
	return jsonBody(b), err
}

func (s *server) apiStatus(call) (response, error) {
	v := s.Scheduler.View()
	return marshal(Status{v.Leading, v.Leader, v.Term, v.Len(), v.Subscribed, v.FrameworkID})
}

// queryNumber reads a number of a query: 1 to most, beyond which it is most.
func queryNumber(text, name string, missing, most int) (int, error) {
	if text == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, badRequest("%s: %.40q is not a number above 0", name, text)
	}
	return min(n, most), nil
}

// apiHistory gives what is kept of a job's past, newest first.
func (s *server) apiHistory(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	limit, err := queryNumber(c.URL.Query().Get("limit"), "limit", historySize, maxHistory)
	if err != nil {
		return response{}, err
	}
	name := c.segment("name")
	j := v.Job(name)
	if j == nil {
		return response{}, fault(http.StatusNotFound, "there is no job %q", name)
	}
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	out := []HistoryEntry{}
	for i := len(entries) - 1; i >= 0 && len(out) < limit; i-- {
		out = append(out, historyEntry(entries[i]))
	}
	c.translateHistory(out)
	return marshal(out)
}

func historyEntry(e *scheduler.Entry) HistoryEntry {
	return HistoryEntry{
		Slot: e.Slot, Count: e.Count, Kind: e.Kind.String(), Outcome: e.Outcome.String(), Reason: e.Reason, Run: e.Run,
		Created: e.Created, Ended: e.Ended, Attempts: attemptsJSON(e.Attempts),
	}
}
