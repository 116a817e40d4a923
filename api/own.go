package api

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/retry"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Limits of hora's own lists.
const (
	pageSize    = 100    // jobs on a page, if the client does not say
	maxPage     = 1000   // jobs on a page
	historySize = 50     // entries of a history, if the client does not say
	maxHistory  = 100000 // entries of a history
)

// statusJSON is GET /api/status.
type statusJSON struct {
	Leading     bool   `json:"leading"`
	Leader      string `json:"leader"`
	Term        int64  `json:"term"`
	Jobs        int    `json:"jobs"`
	Subscribed  bool   `json:"subscribed"`
	FrameworkID string `json:"frameworkId,omitempty"`
}

// jobJSON is a job on a page of GET /api/jobs.
type jobJSON struct {
	Name           string     `json:"name"`
	Schedule       string     `json:"schedule,omitempty"`
	TimeZone       string     `json:"scheduleTimeZone,omitempty"`
	Parents        []string   `json:"parents,omitempty"`
	Trigger        string     `json:"trigger,omitempty"`
	State          string     `json:"state"`
	Disabled       bool       `json:"disabled"`
	DisabledReason string     `json:"disabledReason,omitempty"`
	Recent         []string   `json:"recent"` // outcomes, newest last
	Next           *time.Time `json:"next,omitempty"`
	Running        []taskJSON `json:"running,omitempty"`
}

// taskJSON is a task that is not over.
type taskJSON struct {
	Task     string    `json:"task"`
	Host     string    `json:"host"`
	Attempt  int       `json:"attempt"`
	State    string    `json:"state"`
	Launched time.Time `json:"launched"`
}

// pageJSON is GET /api/jobs.
type pageJSON struct {
	Jobs  []jobJSON `json:"jobs"`
	Total int       `json:"total"`          // jobs that the filter finds
	Next  string    `json:"next,omitempty"` // after= of the next page
}

// entryJSON is a line of a job's history.
type entryJSON struct {
	Slot     time.Time     `json:"slot"`
	Count    int64         `json:"count"`
	Kind     string        `json:"kind"`
	Outcome  string        `json:"outcome"`
	Reason   string        `json:"reason,omitempty"`
	Run      string        `json:"run,omitempty"`
	Created  time.Time     `json:"created"`
	Ended    time.Time     `json:"ended"`
	Attempts []attemptJSON `json:"attempts"`
}

// attemptJSON is an attempt that is over.
type attemptJSON struct {
	Number   int       `json:"number"`
	Task     string    `json:"task"`
	Host     string    `json:"host,omitempty"`
	Launched time.Time `json:"launched"`
	Running  time.Time `json:"running,omitzero"`
	Ended    time.Time `json:"ended"`
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
	return marshal(statusJSON{v.Leading, v.Leader, v.Term, v.Len(), v.Subscribed, v.FrameworkID})
}

// apiJobs gives a page of jobs in the order of their names: at most limit of
// them, after the name after, with the text q in their name or command.
func (s *server) apiJobs(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	query := c.URL.Query()
	limit, err := queryNumber(query.Get("limit"), "limit", pageSize, maxPage)
	if err != nil {
		return response{}, err
	}
	q, after, now := strings.ToLower(query.Get("q")), query.Get("after"), time.Now()
	page := pageJSON{Jobs: []jobJSON{}}
	for j := range v.Jobs() {
		if q != "" && !strings.Contains(strings.ToLower(j.Job.Name), q) && !strings.Contains(strings.ToLower(j.Job.Command), q) {
			continue
		}
		page.Total++
		switch {
		case j.Job.Name <= after && after != "":
		case len(page.Jobs) < limit:
			page.Jobs = append(page.Jobs, s.pageJob(j, now))
		case page.Next == "":
			page.Next = page.Jobs[len(page.Jobs)-1].Name
		}
	}
	return marshal(page)
}

func (s *server) pageJob(j *leader.Job, now time.Time) jobJSON {
	def := j.Job
	out := jobJSON{
		Name: def.Name, Schedule: def.Schedule, TimeZone: def.Zone, Parents: def.Parents, Trigger: def.Trigger, State: state(j, own, now),
		Disabled: def.Disabled, DisabledReason: j.State.DisabledReason, Recent: []string{},
	}
	for _, o := range j.State.Recent {
		out.Recent = append(out.Recent, o.String())
	}
	if next := s.shown.next(j); !next.IsZero() {
		out.Next = &next
	}
	retrying := false
	for _, r := range j.Runs {
		if t := r.Task; t != nil && r.State == scheduler.Launched {
			out.Running = append(out.Running, taskJSON{t.ID, t.Hostname, r.Attempt, t.State.String(), t.Launched})
		}
		retrying = retrying || r.State == scheduler.Ready && r.NotBefore.After(now)
	}
	switch {
	case out.State != "idle":
	case retrying:
		out.State = "retrying"
	case def.Disabled:
		out.State = "disabled"
	}
	return out
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
		return response{}, &failure{http.StatusNotFound, "there is no job " + strconv.Quote(name)}
	}
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	out := []entryJSON{}
	for i := len(entries) - 1; i >= 0 && len(out) < limit; i-- {
		out = append(out, historyEntry(entries[i]))
	}
	return marshal(out)
}

func historyEntry(e *scheduler.Entry) entryJSON {
	out := entryJSON{
		Slot: e.Slot, Count: e.Count, Kind: e.Kind.String(), Outcome: e.Outcome.String(), Reason: e.Reason, Run: e.Run,
		Created: e.Created, Ended: e.Ended, Attempts: []attemptJSON{},
	}
	for _, a := range e.Attempts {
		x := attemptJSON{
			Number: a.Number, Task: a.TaskID, Host: a.Hostname, Launched: a.Launched, Running: a.Running, Ended: a.Ended,
			State: a.State.String(), Reason: a.Reason, Message: a.Message,
		}
		if a.ExitCode != retry.NoCode {
			x.ExitCode = &a.ExitCode
		}
		out.Attempts = append(out.Attempts, x)
	}
	return out
}
