package api

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Revision is a definition of a job, as it was or is.
type Revision struct {
	Revision   uint64          `json:"revision"`
	At         time.Time       `json:"at"`
	By         string          `json:"by,omitempty"`
	Changes    []Change        `json:"changes"`              // against the one before that is kept
	Definition json.RawMessage `json:"definition,omitempty"` // of a single one; absent if it was too large to be kept
}

// RevisionList is GET /api/jobs/{name}/revisions, newest first.
type RevisionList struct {
	Revisions []Revision `json:"revisions"`
}

// revisions returns all definitions of a job that are kept, oldest first, the present one last.
func (s *server) revisions(c call) (*leader.Job, []*scheduler.Revision, error) {
	v, j, err := s.find(c)
	if err != nil {
		return nil, nil, err
	}
	kept, err := v.Revisions(c.Context(), j)
	if err != nil {
		return nil, nil, err
	}
	kept = slices.DeleteFunc(kept, func(r *scheduler.Revision) bool { return r.Number >= j.Revision }) // a view is older than what is read
	return j, append(kept, &scheduler.Revision{UID: j.UID, Number: j.Revision, Job: j.Job, At: j.Updated, By: j.By}), nil
}

func (s *server) apiRevisions(c call) (response, error) {
	j, list, err := s.revisions(c)
	if err != nil {
		return response{}, err
	}
	who := callerOf(c.Context())
	out := RevisionList{Revisions: []Revision{}}
	for i, r := range slices.Backward(list) {
		x := Revision{Revision: r.Number, At: r.At, By: r.By.Name, Changes: []Change{}}
		if i > 0 && r.Job != nil && list[i-1].Job != nil {
			before := list[i-1].Job
			x.Changes = append(x.Changes, changes(job.Compare(before, r.Job), who.sees(j.Job, before) && who.sees(j.Job, r.Job))...)
		}
		out.Revisions = append(out.Revisions, x)
	}
	return marshal(out)
}

// revision finds the revision that the path names.
func (s *server) revision(c call) (*leader.Job, *scheduler.Revision, error) {
	j, list, err := s.revisions(c)
	if err != nil {
		return nil, nil, err
	}
	text := c.segment("revision")
	n, err := strconv.ParseUint(text, 10, 64)
	i := slices.IndexFunc(list, func(r *scheduler.Revision) bool { return r.Number == n })
	if err != nil || i < 0 {
		return nil, nil, fault(http.StatusNotFound, "revision %.20q of the job is not kept", text)
	}
	return j, list[i], nil
}

func (s *server) apiRevision(c call) (response, error) {
	j, r, err := s.revision(c)
	if err != nil {
		return response{}, err
	}
	out := Revision{Revision: r.Number, At: r.At, By: r.By.Name, Changes: []Change{}}
	if r.Job != nil {
		out.Definition = definition(callerOf(c.Context()).definition(j.Job, r.Job))
	}
	return marshal(out)
}

// apiRevert puts an earlier definition into force again.
func (s *server) apiRevert(c call) (response, error) {
	j, r, err := s.revision(c)
	if err != nil {
		return response{}, err
	}
	if r.Job == nil {
		return response{}, fault(http.StatusConflict, "the definition was too large to be kept")
	}
	revision := j.Revision
	if err := s.Scheduler.Do(c.Context(), scheduler.PutJob{Job: r.Job, IfRevision: &revision}); err != nil {
		return response{}, err
	}
	return s.apiJob(c)
}

// AuditEntry is a line of the audit log.
type AuditEntry struct {
	ID       uint64    `json:"id"`
	At       time.Time `json:"at"`
	By       string    `json:"by,omitempty"`
	From     string    `json:"from,omitempty"` // address
	Action   string    `json:"action"`
	Job      string    `json:"job,omitempty"`
	Run      string    `json:"run,omitempty"`
	Revision uint64    `json:"revision,omitempty"`
	Detail   string    `json:"detail,omitempty"`
	Changes  []Change  `json:"changes,omitempty"`
}

// AuditPage is GET /api/audit, newest first.
type AuditPage struct {
	Entries []AuditEntry `json:"entries"`
	Next    string       `json:"next,omitempty"` // cursor= of the next page
}

// apiAudit tells who ordered what.
func (s *server) apiAudit(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	q := c.URL.Query()
	if err := known(q, "job", "by", "action", "limit", "cursor"); err != nil {
		return response{}, err
	}
	limit, err := queryNumber(q.Get("limit"), "limit", pageSize, maxPage)
	if err != nil {
		return response{}, err
	}
	below := uint64(1<<64 - 1)
	if text := q.Get("cursor"); text != "" {
		if below, err = strconv.ParseUint(text, 10, 64); err != nil {
			return response{}, badRequest("cursor: it is none that this server gave")
		}
	}
	open := callerOf(c.Context()).policy == nil
	list, err := v.Audit(c.Context())
	if err != nil {
		return response{}, err
	}
	page := AuditPage{Entries: []AuditEntry{}}
	fits := func(want, have string) bool { return want == "" || want == have }
	for _, a := range slices.Backward(list) {
		if a.Seq >= below || !fits(q.Get("job"), a.Job) || !fits(q.Get("by"), a.By.Name) || !fits(q.Get("action"), string(a.Action)) {
			continue
		}
		if len(page.Entries) == limit {
			page.Next = strconv.FormatUint(page.Entries[limit-1].ID, 10)
			break
		}
		x := AuditEntry{
			ID: a.Seq, At: a.At, By: a.By.Name, From: a.By.Address, Action: string(a.Action), Job: a.Job, Run: a.Run, Revision: a.Revision, Detail: c.recall(a.Detail),
		}
		x.Changes = changes(a.Changes, open) // of a job that may be gone, or be another one's now
		page.Entries = append(page.Entries, x)
	}
	return marshal(page)
}
