package api

import (
	"container/heap"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api/filter"
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

// listing is what a request for a list of jobs asks for.
type listing struct {
	filter *filter.Filter
	order  string
	down   bool
	limit  int
	offset int
	after  *place
	fields []string
	facets []string
	now    time.Time
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
	found := l.find(s.rows.of(v))
	page := JobPage{Jobs: []any{}, Total: len(found), At: v.At.UTC(), Term: v.Term, Facets: l.count(found)}
	shown, more := l.page(found)
	for _, r := range shown {
		item, err := pick(rowJSON(r, l.now), l.fields)
		if err != nil {
			return response{}, err
		}
		page.Jobs = append(page.Jobs, item)
	}
	if more {
		page.Next = encodeCursor(l.place(shown[len(shown)-1]))
	}
	return marshal(page)
}

// facetsOf gives the values of a row that are counted under a name.
var facetsOf = map[string]func(subject) []string{
	"state":    func(s subject) []string { return s.Texts("state") },
	"kind":     func(s subject) []string { return s.Texts("kind") },
	"owner":    func(s subject) []string { return owners(s.Job.Job.Owner) },
	"user":     func(s subject) []string { return []string{s.Job.Job.RunAsUser} },
	"priority": func(s subject) []string { return s.Texts("priority") },
	"disabled": func(s subject) []string { return s.Texts("disabled")[:1] },
}

// maxFacetValues bounds the values that are counted of one facet; the most frequent stay.
const maxFacetValues = 100

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
			return l, badRequest("sort: %.40q is unknown, want one of %s, or - before it", text, names(orders))
		}
	}
	if text := q.Get("cursor"); text != "" {
		if l.after, err = decodeCursor(text); err != nil {
			return l, badRequest("cursor: it is none that this server gave")
		}
	}
	if text := q.Get("fields"); text != "" {
		l.fields = strings.Split(text, ",")
	}
	if text := q.Get("facets"); text != "" {
		l.facets = strings.Split(text, ",")
		for _, f := range l.facets {
			if facetsOf[f] == nil {
				return l, badRequest("facets: %.40q is unknown, want some of %s", f, names(facetsOf))
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
			return badRequest("%.40s: there is no such parameter, want some of %s", name, strings.Join(allowed, ", "))
		}
	}
	return nil
}

// names lists what a table knows.
func names[T any](table map[string]T) string {
	var out []string
	for name := range table {
		out = append(out, name)
	}
	slices.Sort(out)
	return strings.Join(out, ", ")
}

func readFilter(text string) (*filter.Filter, error) {
	f, err := filter.Parse(text, jobFields)
	var mistake *filter.Error
	if errors.As(err, &mistake) {
		return nil, badRequest("q: %v", mistake)
	}
	return f, err
}

// find returns the rows that the filter means.
func (l *listing) find(all []*row) []*row {
	out := make([]*row, 0, min(len(all), 1024))
	for _, r := range all {
		if l.filter.Match(subject{r, l.now}) {
			out = append(out, r)
		}
	}
	return out
}

// count counts values among the rows.
func (l *listing) count(found []*row) map[string]map[string]int {
	if len(l.facets) == 0 {
		return nil
	}
	out := make(map[string]map[string]int, len(l.facets))
	for _, name := range l.facets {
		counts := make(map[string]int)
		for _, r := range found {
			for _, value := range facetsOf[name](subject{r, l.now}) {
				counts[value]++
			}
		}
		out[name] = mostFrequent(counts)
	}
	return out
}

func mostFrequent(counts map[string]int) map[string]int {
	if len(counts) <= maxFacetValues {
		return counts
	}
	values := make([]string, 0, len(counts))
	for v := range counts {
		values = append(values, v)
	}
	slices.SortFunc(values, func(a, b string) int {
		if d := counts[b] - counts[a]; d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	for _, v := range values[maxFacetValues:] {
		delete(counts, v)
	}
	return counts
}

// place is where a row stands in the order that is asked for.
func (l *listing) place(r *row) place {
	p, has := orders[l.order](r, l.now)
	p.Name = r.Job.Job.Name
	if !has {
		p.Number = nowhere
		if l.down {
			p.Number = -nowhere
		}
	}
	return p
}

// before tells whether p comes before q.
func (l *listing) before(p, q place) bool {
	if l.down {
		return p.compare(q) > 0
	}
	return p.compare(q) < 0
}

// page returns the rows of the page, in order: those that come first of what
// lies behind the cursor, without sorting all of it. more tells whether others follow.
func (l *listing) page(found []*row) (out []*row, more bool) {
	if l.order == "name" && !l.down {
		return l.slice(found)
	}
	want := l.offset + l.limit + 1
	best := &farthest{before: l.before}
	for _, r := range found {
		p := l.place(r)
		if l.after != nil && !l.before(*l.after, p) {
			continue
		}
		switch {
		case best.Len() < want:
			heap.Push(best, placed{r, p})
		case l.before(p, best.list[0].place):
			best.list[0] = placed{r, p}
			heap.Fix(best, 0)
		}
	}
	slices.SortFunc(best.list, func(a, b placed) int {
		if l.before(a.place, b.place) {
			return -1
		}
		return 1
	})
	for _, x := range best.list[min(l.offset, len(best.list)):] {
		if len(out) == l.limit {
			return out, true
		}
		out = append(out, x.row)
	}
	return out, false
}

// slice is page for the order of names, in which the rows are found.
func (l *listing) slice(found []*row) (out []*row, more bool) {
	if l.after != nil {
		at, is := slices.BinarySearchFunc(found, l.after.Name, func(r *row, name string) int { return strings.Compare(r.Job.Job.Name, name) })
		if is {
			at++
		}
		found = found[at:]
	}
	found = found[min(l.offset, len(found)):]
	n := min(l.limit, len(found))
	return found[:n], n < len(found)
}

// placed is a row and where it stands.
type placed struct {
	row   *row
	place place
}

// farthest is a heap with the row that comes last on top.
type farthest struct {
	list   []placed
	before func(p, q place) bool
}

func (h *farthest) Len() int           { return len(h.list) }
func (h *farthest) Less(i, j int) bool { return h.before(h.list[j].place, h.list[i].place) }
func (h *farthest) Swap(i, j int)      { h.list[i], h.list[j] = h.list[j], h.list[i] }
func (h *farthest) Push(x any)         { h.list = append(h.list, x.(placed)) }
func (h *farthest) Pop() any {
	x := h.list[len(h.list)-1]
	h.list = h.list[:len(h.list)-1]
	return x
}

func encodeCursor(p place) string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("api: a place cannot be written: " + err.Error()) // it has no NaN
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(text string) (*place, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	var p place
	return &p, json.Unmarshal(b, &p)
}

// rowJSON writes a row.
func rowJSON(r *row, now time.Time) JobRow {
	def, st := r.Job.Job, r.State
	out := JobRow{
		Name: def.Name, Kind: r.kind, Schedule: def.Schedule, TimeZone: def.Zone, Parents: def.Parents, Trigger: def.Trigger,
		Description: def.Description, Owner: def.Owner, OwnerName: def.OwnerName, RunAsUser: def.RunAsUser, Command: def.Command, Retries: def.Retries,
		State: r.state(now), Failing: r.failing(), Late: r.late(now), Disabled: def.Disabled, Reason: st.DisabledReason, HighPriority: def.HighPriority,
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

// pick leaves only the wanted fields of a row; all of them if none are named.
func pick(r JobRow, fields []string) (any, error) {
	if len(fields) == 0 {
		return r, nil
	}
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(b, &all); err != nil {
		return nil, err
	}
	out := make(map[string]json.RawMessage, len(fields))
	for _, f := range fields {
		value, there := all[f]
		if there {
			out[f] = value
		} else if !slices.Contains(rowFields, f) {
			return nil, badRequest("fields: there is no field %.40q, want some of %s", f, strings.Join(rowFields, ", "))
		}
	}
	return out, nil
}

// rowFields are the names of a row's fields.
var rowFields = fieldNames(reflect.TypeFor[JobRow]())

func fieldNames(t reflect.Type) []string {
	var out []string
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, name)
	}
	return out
}
