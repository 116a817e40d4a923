package api

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// shownSlots is how many of a job's next slots are shown with it.
const shownSlots = 10

// JobDocument is GET /api/jobs/{name}.
type JobDocument struct {
	Name       string          `json:"name"`
	Definition json.RawMessage `json:"definition"` // in the names of Chronos 3.0.2 and hora's own, as PUT takes it
	Revision   uint64          `json:"revision"`
	UID        uint64          `json:"uid"`
	UpdatedBy  string          `json:"updatedBy,omitempty"`
	Row        JobRow          `json:"row"`
	Next       []time.Time     `json:"next"`
	Runs       []Run           `json:"runs"` // not over
	Parents    []Parent        `json:"parents"`
	Children   []string        `json:"children"`
	SkipNext   *time.Time      `json:"skipNext,omitempty"`
	Backfill   *Backfill       `json:"backfill,omitempty"`
	May        May             `json:"may"`
}

// Parent is what a job knows of one of its parents.
type Parent struct {
	Name      string `json:"name"`
	State     string `json:"state"`
	Failing   bool   `json:"failing"`
	Succeeded uint64 `json:"succeeded"` // successes that the child has not spent
	Failed    uint64 `json:"failed"`    // failures that it has not spent
}

// Backfill is a backfill in progress.
type Backfill struct {
	From        time.Time `json:"from"`
	To          time.Time `json:"to"`
	Parallelism int       `json:"parallelism"`
	Slots       int64     `json:"slots"`
	Made        int64     `json:"made"` // that have their run
	By          string    `json:"by,omitempty"`
}

// etag is the entity tag of a job's definition.
func etag(j *leader.Job) string {
	return fmt.Sprintf(`"%x-%x"`, uint64(j.UID), j.Revision)
}

// find returns the view and the job that the path names.
func (s *server) find(c call) (*leader.View, *leader.Job, error) {
	v, err := s.look()
	if err != nil {
		return nil, nil, err
	}
	name := c.segment("name")
	if j := v.Job(name); j != nil {
		return v, j, nil
	}
	return nil, nil, message.Errorf("%w: %q", scheduler.ErrNoJob, name)
}

func (s *server) apiJob(c call) (response, error) {
	v, j, err := s.find(c)
	if err != nil {
		return response{}, err
	}
	return s.document(c, v, j, http.StatusOK)
}

// document writes a job with its tag.
func (s *server) document(c call, v *leader.View, j *leader.Job, status int) (response, error) {
	now, who := time.Now(), callerOf(c.Context())
	r := newRow(j, s.shown)
	out := JobDocument{
		Name: j.Job.Name, Definition: definition(who.definition(j.Job, j.Job)), May: c.may(j.Job), Revision: j.Revision, UID: uint64(j.UID), UpdatedBy: j.By.Name, Row: rowJSON(r, now, c.language()),
		Next: []time.Time{}, Runs: []Run{}, Parents: []Parent{}, Children: s.family.of(v)[j.Job.Name], SkipNext: moment(j.State.SkipSlot),
	}
	if out.Children == nil {
		out.Children = []string{}
	}
	if when := s.shown.of(j); when != nil && !j.Job.Disabled {
		out.Next = upcoming(when, j.State.Decided, shownSlots)
	}
	for _, run := range j.Runs {
		out.Runs = append(out.Runs, runJSON(run, now))
	}
	who.hideRuns(v, out.Runs)
	c.translate(out.Runs)
	for _, name := range parentsOf(j) {
		out.Parents = append(out.Parents, parentJSON(v, j, name, s.shown, now))
	}
	if b := j.State.Backfill; b != nil {
		out.Backfill = &Backfill{b.From, b.To, b.Parallel, b.Slots, b.Made, b.By.Name}
	}
	resp, err := marshal(out)
	resp.status, resp.header = status, map[string]string{"ETag": etag(j)}
	return resp, err
}

func parentJSON(v *leader.View, j *leader.Job, name string, shown *schedules, now time.Time) Parent {
	out := Parent{Name: name, State: "missing"}
	p := v.Job(name)
	if p == nil {
		return out
	}
	r := newRow(p, shown)
	out.State, out.Failing = r.state(now), r.failing()
	out.Succeeded, out.Failed = unspent(p, j.State.Spent[name])
	return out
}

// definition writes a definition as PUT takes it.
func definition(j *job.Job) json.RawMessage {
	var w writer
	w.job(&leader.Job{JobRecord: &scheduler.JobRecord{Job: j}, State: &scheduler.JobState{}}, own, j.Schedule)
	return w.buf
}

// upcoming lists the next slots after an instant, in UTC.
func upcoming(s *schedule.Schedule, after time.Time, n int) []time.Time {
	out := []time.Time{}
	for _, at := range schedule.Upcoming(s, after.Add(1), n) {
		out = append(out, at.UTC())
	}
	return out
}

// Change is a field of a definition in which two differ.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before,omitempty"`
	After  string `json:"after,omitempty"`
}

// Trial is what a change would do (?dryRun=true).
type Trial struct {
	Valid    bool        `json:"valid"`
	Errors   []Mistake   `json:"errors,omitempty"`
	Warnings []Mistake   `json:"warnings,omitempty"`
	Changes  []Change    `json:"changes,omitempty"`
	Next     []time.Time `json:"next,omitempty"`
	Words    string      `json:"words,omitempty"`
	Effects  []string    `json:"effects,omitempty"`
}

// Mistake is what is wrong, or odd, with a field.
type Mistake struct {
	Field  string `json:"field,omitempty"`
	Detail string `json:"detail"`
}

// apiPutJob makes a job or replaces its definition.
func (s *server) apiPutJob(c call) (response, error) {
	body, err := c.body()
	if err != nil {
		return response{}, err
	}
	return s.put(c, body)
}

// apiPatchJob changes some fields of a definition: a merge patch (RFC 7396).
func (s *server) apiPatchJob(c call) (response, error) {
	_, j, err := s.find(c)
	if err != nil {
		return response{}, err
	}
	patch, err := c.body()
	if err != nil {
		return response{}, err
	}
	shown := callerOf(c.Context()).definition(j.Job, j.Job) // what they do not see they cannot take along into another definition
	body, err := mergePatch(definition(shown), patch)
	if err != nil {
		return response{}, err
	}
	if c.Header.Get("If-Match") == "" { // the patch was applied to this revision, and is good for no other
		c.Header.Set("If-Match", etag(j))
	}
	return s.put(c, body)
}

// mergePatch applies a merge patch to an object.
func mergePatch(target, patch []byte) ([]byte, error) {
	var to, from map[string]json.RawMessage
	if err := json.Unmarshal(patch, &from); err != nil {
		return nil, badRequest("the body is not a JSON object: %v", err)
	}
	if err := json.Unmarshal(target, &to); err != nil || to == nil {
		to = make(map[string]json.RawMessage, len(from))
	}
	for name, value := range from {
		switch {
		case string(value) == "null":
			delete(to, name)
		case len(value) > 0 && value[0] == '{':
			merged, err := mergePatch(to[name], value)
			if err != nil {
				return nil, err
			}
			to[name] = merged
		default:
			to[name] = value
		}
	}
	return json.Marshal(to)
}

func (s *server) put(c call, body []byte) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	dry, err := dryRun(c)
	if err != nil {
		return response{}, err
	}
	name := c.segment("name")
	old := v.Job(name)
	ev := scheduler.PutJob{}
	if ev.IfRevision, err = condition(c, old); err != nil {
		return response{}, err
	}
	ev.Job, err = s.readDefinition(name, body)
	if err == nil && dry {
		err = s.Scheduler.Do(c.Context(), scheduler.CheckJob{PutJob: ev})
	}
	if dry {
		return s.trial(c, old, ev.Job, err)
	}
	if err == nil {
		err = s.Scheduler.Do(c.Context(), ev)
	}
	if err != nil {
		return response{}, err
	}
	v, j, err := s.find(c)
	if err != nil {
		return response{}, err
	}
	if old == nil {
		return s.document(c, v, j, http.StatusCreated)
	}
	return s.document(c, v, j, http.StatusOK)
}

// readDefinition reads the body of a PUT. The name may be left out.
func (s *server) readDefinition(name string, body []byte) (*job.Job, error) {
	tree, err := parse(body)
	if err != nil {
		return nil, err
	}
	if _, there := tree.member("name"); !there && tree.kind == object {
		tree.names, tree.items = append(tree.names, "name"), append(tree.items, node{kind: text, text: name})
	}
	p, err := decodeJob(tree, own, s.Defaults)
	switch {
	case err != nil:
		return nil, err
	case p.job.Name != name:
		return nil, &job.FieldError{Field: "name", Err: message.Errorf("is %q, and the path says %q; a job cannot be renamed", p.job.Name, name)}
	}
	return p.job, nil
}

// dryRun tells whether the request only asks what it would do.
func dryRun(c call) (bool, error) {
	q := c.URL.Query()
	if err := known(q, "dryRun"); err != nil {
		return false, err
	}
	return queryFlag(q, "dryRun")
}

// queryFlag reads a parameter that is true or false; its name alone is true.
func queryFlag(q url.Values, name string) (bool, error) {
	switch text := q.Get(name); {
	case !q.Has(name) || text == "false":
		return false, nil
	case text == "" || text == "true":
		return true, nil
	default:
		return false, badRequest("%s: %.40q is neither true nor false", name, text)
	}
}

// condition reads If-Match and If-None-Match. A tag of another job of the same
// name, which was deleted since, is no match either.
func condition(c call, old *leader.Job) (*uint64, error) {
	match, none := c.Header.Get("If-Match"), c.Header.Get("If-None-Match")
	if none != "" && none != "*" {
		return nil, badRequest("If-None-Match: %.60q is not *", none)
	}
	if none != "" {
		return new(uint64), nil
	}
	if match == "" {
		return nil, nil
	}
	gone := fault(http.StatusPreconditionFailed, "%v", scheduler.ErrRevision)
	if old == nil {
		return nil, gone
	}
	revision := old.Revision
	if match == "*" {
		return &revision, nil
	}
	uid, number, found := strings.Cut(strings.Trim(match, `"`), "-")
	u, err1 := strconv.ParseUint(uid, 16, 64)
	n, err2 := strconv.ParseUint(number, 16, 64)
	switch {
	case !found || err1 != nil || err2 != nil:
		return nil, badRequest("If-Match: %.60q is no tag that this server gave", match)
	case scheduler.UID(u) != old.UID:
		return nil, gone
	}
	return &n, nil
}

// trial tells what a definition would do, or what is wrong with it.
func (s *server) trial(c call, old *leader.Job, j *job.Job, err error) (response, error) {
	var field *job.FieldError
	if errors.As(err, &field) {
		return marshal(Trial{Errors: []Mistake{{field.Field, c.say(field.Err)}}})
	}
	var denied *access.Denied
	if errors.As(err, &denied) && (denied.Field != "" || old == nil) {
		return marshal(Trial{Errors: []Mistake{{cmp.Or(denied.Field, "name"), c.say(denied.Text)}}}) // another name, or owner, may do
	}
	if err != nil {
		return response{}, err
	}
	now := time.Now()
	out := Trial{Valid: true, Warnings: warnings(c, j, now)}
	anchor, after := now, now
	if old == nil {
		out.Effects = c.sayAll(message.List{message.Of("a new job is made")})
	} else {
		out.Changes = changes(job.Compare(old.Job, j), callerOf(c.Context()).sees(old.Job, old.Job))
		if old.Job.Schedule == j.Schedule && old.Job.Zone == j.Zone {
			anchor, after = old.Anchor, old.State.Decided
		}
		out.Effects = c.sayAll(effectsOf(old, j, len(out.Changes)))
	}
	if j.Schedule != "" {
		when, err := job.ReadSchedule(j, anchor, nil)
		if err != nil {
			return response{}, err
		}
		out.Words = c.say(when.Words())
		if !j.Disabled {
			out.Next = upcoming(when, after, shownSlots)
		}
	}
	return marshal(out)
}

// effectsOf says what else a change of a definition does.
func effectsOf(old *leader.Job, j *job.Job, changes int) message.List {
	var out message.List
	add := func(m message.Message) { out = append(out, m) }
	if changes == 0 {
		return message.List{message.Of("nothing changes")}
	}
	pending, launched := 0, 0
	for _, r := range old.Runs {
		if r.State >= scheduler.Launched {
			launched++
		} else {
			pending++
		}
	}
	switch {
	case j.Disabled && !old.Job.Disabled && pending > 0:
		add(message.Count(pending, "%d run that has not started is cancelled", "%d runs that have not started are cancelled"))
	case !j.Disabled && old.Job.Disabled:
		add(message.Of("the job is resumed; slots that passed meanwhile are recorded as skipped"))
	}
	if launched > 0 {
		add(message.Count(launched, "%d task goes on by the definition it was started with", "%d tasks go on by the definition they were started with"))
	}
	if old.Job.Schedule != j.Schedule || old.Job.Zone != j.Zone {
		add(message.Of("the schedule counts from now"))
	}
	for _, p := range j.Parents {
		if !slices.Contains(old.Job.Parents, p) && old.Job.Schedule == "" {
			add(message.Of("of %s only successes from now on count", p))
		}
	}
	return out
}

// warnings are what is allowed and yet may not be meant.
func warnings(c call, j *job.Job, now time.Time) []Mistake {
	var out []Mistake
	add := func(field string, said message.Message) { out = append(out, Mistake{field, c.say(said)}) }
	if j.Command == "" && j.Container == nil && j.Executor == "" {
		add("command", message.Of("is empty: the task has nothing to do"))
	}
	if j.RunAsUser == "root" {
		add("runAsUser", message.Of("the job runs as root"))
	}
	if j.Schedule == "" {
		return out
	}
	when, err := job.ReadSchedule(j, now, nil)
	if err != nil {
		return out
	}
	next := schedule.Upcoming(when, now, 2)
	switch {
	case len(next) == 0:
		add("schedule", message.Of("has no slot in the future"))
	case len(next) == 2 && j.Timeout == "" && j.Overlap == "" && next[1].Sub(next[0]) < 10*time.Second:
		add("overlap", message.Of("slots are %s apart: of runs that take longer only the newest waits", next[1].Sub(next[0])))
	}
	return out
}

// apiDeleteJob deletes a job, or says what would become of its children.
func (s *server) apiDeleteJob(c call) (response, error) {
	v, j, err := s.find(c)
	if err != nil {
		return response{}, err
	}
	dry, err := dryRun(c)
	if err != nil {
		return response{}, err
	}
	revision, err := condition(c, j)
	if err != nil {
		return response{}, err
	}
	if !dry {
		return response{}, s.Scheduler.Do(c.Context(), scheduler.DeleteJob{Name: j.Job.Name, IfRevision: revision})
	}
	return marshal(Trial{Valid: true, Effects: c.sayAll(s.farewell(v, j))})
}

// farewell says what else the deletion of a job does.
func (s *server) farewell(v *leader.View, j *leader.Job) message.List {
	out := message.List{message.Of("its history and its earlier definitions are deleted")}
	for _, r := range j.Runs {
		if r.State == scheduler.Launched {
			out = append(out, message.Of("its task on %s is killed", r.Task.Hostname))
		}
	}
	grandparents := parentsOf(j)
	for _, name := range s.family.of(v)[j.Job.Name] {
		child := v.Job(name)
		left := slices.DeleteFunc(slices.Clone(parentsOf(child)), func(p string) bool { return p == j.Job.Name })
		switch {
		case len(grandparents) > 0:
			out = append(out, message.Of("%s depends on %v instead", name, message.Names(grandparents)))
		case len(left) > 0:
			out = append(out, message.Of("%s depends on %v alone", name, message.Names(left)))
		default:
			out = append(out, message.Of("%s is disabled: no parent is left to it", name))
		}
	}
	return out
}
