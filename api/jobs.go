package api

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api/filter"
	"github.com/hora-scheduler/hora/language"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// JobRow is a job in a list.
type JobRow struct {
	Name        string   `json:"name"`
	Kind        string   `json:"kind"` // cron, iso, once, dependent
	Schedule    string   `json:"schedule,omitempty"`
	TimeZone    string   `json:"scheduleTimeZone,omitempty"`
	Parents     []string `json:"parents,omitempty"`
	Trigger     string   `json:"trigger,omitempty"`
	Description string   `json:"description,omitempty"`
	Owner       string   `json:"owner,omitempty"`
	OwnerName   string   `json:"ownerName,omitempty"`
	RunAsUser   string   `json:"runAsUser,omitempty"`
	Command     string   `json:"command,omitempty"`
	Retries     int      `json:"retries"`

	State        string `json:"state"` // idle, queued, running, waiting, retrying, disabled
	Failing      bool   `json:"failing"`
	Late         bool   `json:"late"`
	Disabled     bool   `json:"disabled"`
	Reason       string `json:"reason,omitempty"` // why it is disabled
	HighPriority bool   `json:"highPriority"`

	Next    *time.Time `json:"next,omitempty"`
	Last    *LastRun   `json:"last,omitempty"`
	Recent  []string   `json:"recent"` // outcomes, newest last
	Running []Task     `json:"running,omitempty"`

	SuccessCount           int64     `json:"successCount"`
	ErrorCount             int64     `json:"errorCount"`
	ErrorsSinceLastSuccess int64     `json:"errorsSinceLastSuccess"`
	Revision               uint64    `json:"revision"`
	Created                time.Time `json:"created"`
	Updated                time.Time `json:"updated"`
}

// LastRun tells of the last run that had an attempt.
type LastRun struct {
	Outcome    string    `json:"outcome"`
	Slot       time.Time `json:"slot"`
	Ended      time.Time `json:"ended"`
	DurationMs *int64    `json:"durationMs,omitempty"` // of its last attempt
}

// Task is a task that is not over.
type Task struct {
	Run      string     `json:"run"`
	Task     string     `json:"task"`
	Host     string     `json:"host"`
	Attempt  int        `json:"attempt"`
	State    string     `json:"state"`
	Launched time.Time  `json:"launched"`
	Running  *time.Time `json:"running,omitempty"`
}

// JobPage is GET /api/jobs.
type JobPage struct {
	Jobs   []any                     `json:"jobs"` // JobRow, or what fields asks for of it
	Total  int                       `json:"total"`
	Next   string                    `json:"next,omitempty"` // cursor of the next page
	Facets map[string]map[string]int `json:"facets,omitempty"`
	At     time.Time                 `json:"at"`
	Term   int64                     `json:"term"`
}

// apiJobs gives a page of jobs.
func (s *server) apiJobs(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	l, err := readListing(c.URL.Query())
	if err != nil {
		return response{}, err
	}
	l.now = time.Now()
	found := l.find(s.rows, s.rows.of(v))
	page := JobPage{Jobs: make([]any, 0, len(found.page)), Total: found.total, At: v.At.UTC(), Term: v.Term, Facets: found.facets}
	in := c.language()
	for _, r := range found.page {
		full := rowJSON(r, l.now, in)
		page.Jobs = append(page.Jobs, pick(&full, l.fields))
	}
	if found.more {
		page.Next = encodeCursor(l.place(found.page[len(found.page)-1]))
	}
	return marshal(page)
}

func readListing(q url.Values) (listing, error) {
	l := listing{order: "name"}
	if err := known(q, "q", "sort", "limit", "offset", "cursor", "fields", "facets"); err != nil {
		return l, err
	}
	var err error
	if l.limit, err = queryNumber(q.Get("limit"), "limit", pageSize, maxPage); err != nil {
		return l, err
	}
	if text := q.Get("offset"); text != "" && text != "0" {
		if l.offset, err = queryNumber(text, "offset", 0, 1<<30); err != nil {
			return l, err
		}
	}
	if text := q.Get("sort"); text != "" {
		l.order, l.down = strings.CutPrefix(text, "-")
		if orders[l.order] == nil {
			return l, badRequest("sort: %.40q is unknown, want one of %v, or - before it", text, names(orders))
		}
	}
	if text := q.Get("cursor"); text != "" {
		if l.after, err = decodeCursor(text); err != nil {
			return l, badRequest("cursor: it is none that this server gave")
		}
	}
	if l.fields, err = readFields(q.Get("fields")); err != nil {
		return l, err
	}
	if text := q.Get("facets"); text != "" {
		l.facets = strings.Split(text, ",")
		for _, f := range l.facets {
			if facetsOf[f] == nil {
				return l, badRequest("facets: %.40q is unknown, want some of %v", f, names(facetsOf))
			}
		}
	}
	l.filter, err = readFilter(q.Get("q"))
	return l, err
}

// known refuses parameters that mean nothing: they may be misspelt.
func known(q url.Values, allowed ...string) error {
	for name := range q {
		if !slices.Contains(allowed, name) {
			return badRequest("%.40s: there is no such parameter, want some of %v", name, message.Names(allowed))
		}
	}
	return nil
}

// names lists what a table knows.
func names[T any](table map[string]T) message.Names {
	return slices.Sorted(maps.Keys(table))
}

func readFilter(text string) (*filter.Filter, error) {
	f, err := filter.Parse(text, jobFields)
	var mistake *filter.Error
	if errors.As(err, &mistake) {
		return nil, badRequest("q: %v", mistake)
	}
	return f, err
}

// rowJSON writes a row.
func rowJSON(r *row, now time.Time, in language.Language) JobRow {
	def, st := r.Job.Job, r.State
	out := JobRow{
		Name: def.Name, Kind: r.kind.Value(), Schedule: def.Schedule, TimeZone: def.Zone, Parents: def.Parents, Trigger: def.Trigger,
		Description: def.Description, Owner: def.Owner, OwnerName: def.OwnerName, RunAsUser: def.RunAsUser, Command: def.Command, Retries: def.Retries,
		State: r.state(now), Failing: r.failing(), Late: r.late(now), Disabled: def.Disabled, Reason: in.Say(message.Text(st.DisabledReason)), HighPriority: def.HighPriority,
		Next: moment(r.next), Recent: []string{}, SuccessCount: st.SuccessCount, ErrorCount: st.ErrorCount,
		ErrorsSinceLastSuccess: st.ErrorsSinceLastSuccess, Revision: r.Revision, Created: r.Created, Updated: r.Updated,
	}
	for _, o := range st.Recent {
		out.Recent = append(out.Recent, o.String())
	}
	if n := len(st.Recent); n > 0 && !st.Last.Ended.IsZero() {
		out.Last = &LastRun{Outcome: st.Recent[n-1].String(), Slot: st.Last.Slot, Ended: st.Last.Ended}
		if d, is := r.took(); is {
			ms := d.Milliseconds()
			out.Last.DurationMs = &ms
		}
	}
	for _, run := range r.Runs {
		if t := run.Task; t != nil && run.State == scheduler.Launched {
			out.Running = append(out.Running, Task{run.RunKey.String(), t.ID, t.Hostname, run.Attempt, t.State.String(), t.Launched, moment(t.Running)})
		}
	}
	return out
}

// moment is a time that may be missing.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
