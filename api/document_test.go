package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
)

// ask sends a request to hora's own API and reads the answer into out, if it is not nil.
func (w *world) ask(method, target, body string, want int, out any, header ...string) answer {
	w.t.Helper()
	h := map[string]string{"Content-Type": "application/json"}
	for i := 0; i < len(header); i += 2 {
		h[header[i]] = header[i+1]
	}
	got := w.call(method, target, body, h)
	if got.status != want {
		w.t.Fatalf("%s %s %s: %d %s, want %d", method, target, body, got.status, got.body, want)
	}
	if got.status >= 400 && got.header.Get("Content-Type") != "application/problem+json" {
		w.t.Errorf("%s %s: %d is %s, want a problem", method, target, got.status, got.header.Get("Content-Type"))
	}
	if out != nil {
		if err := json.Unmarshal([]byte(got.body), out); err != nil {
			w.t.Fatalf("%s %s: %v: %s", method, target, err, got.body)
		}
	}
	return got
}

const load = `{"command":"./load","schedule":"0 3 * * *","scheduleTimeZone":"Europe/Berlin","retries":3,"retryInterval":"PT5M","owner":"etl@example.org"}`

// TestDocument: a definition that goes out comes in again, by tags of revisions.
func TestDocument(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		var doc api.JobDocument
		made := w.ask("PUT", "/api/jobs/load", load, http.StatusCreated, &doc, "If-None-Match", "*")
		tag := made.header.Get("ETag")
		if doc.Revision != 1 || doc.Row.Kind != "cron" || len(doc.Next) != 10 || !doc.Next[0].Equal(time.Date(2000, 1, 2, 2, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", doc)
		}
		w.ask("PUT", "/api/jobs/load", load, http.StatusPreconditionFailed, nil, "If-None-Match", "*")
		w.ask("PUT", "/api/jobs/load", string(doc.Definition), http.StatusOK, &doc, "If-Match", tag)
		if doc.Revision != 1 {
			t.Errorf("the same definition makes revision %d", doc.Revision)
		}
		w.ask("PATCH", "/api/jobs/load", `{"retries":7,"owner":null}`, http.StatusOK, &doc)
		if doc.Revision != 2 || !strings.Contains(string(doc.Definition), `"retries":7,"owner":""`) {
			t.Errorf("%s", doc.Definition)
		}
		w.ask("PUT", "/api/jobs/load", load, http.StatusPreconditionFailed, nil, "If-Match", tag)
		w.ask("DELETE", "/api/jobs/load", "", http.StatusPreconditionFailed, nil, "If-Match", tag)

		var list api.RevisionList
		w.ask("GET", "/api/jobs/load/revisions", "", http.StatusOK, &list)
		if len(list.Revisions) != 2 || len(list.Revisions[0].Changes) != 2 || list.Revisions[0].Changes[1] != (api.Change{Field: "retries", Before: "3", After: "7"}) {
			t.Errorf("%+v", list)
		}
		w.ask("POST", "/api/jobs/load/revisions/1/revert", "", http.StatusOK, &doc)
		if doc.Revision != 3 || !strings.Contains(string(doc.Definition), `"retries":3,"owner":"etl@example.org"`) {
			t.Errorf("%d %s", doc.Revision, doc.Definition)
		}
		w.ask("GET", "/api/jobs/load/revisions/9", "", http.StatusNotFound, nil)
		var audit api.AuditPage
		w.ask("GET", "/api/audit?job=load&limit=2", "", http.StatusOK, &audit)
		if len(audit.Entries) != 2 || audit.Entries[0].Action != "update" || audit.Entries[0].From != "192.0.2.1" || audit.Next == "" {
			t.Errorf("%+v", audit)
		}
		w.ask("GET", "/api/audit?cursor="+audit.Next, "", http.StatusOK, &audit)
		if len(audit.Entries) != 1 || audit.Entries[0].Action != "create" {
			t.Errorf("%+v", audit)
		}
		w.ask("DELETE", "/api/jobs/load", "", http.StatusNoContent, nil)
		w.ask("GET", "/api/jobs/load", "", http.StatusNotFound, nil)
		// A new job of that name is another one: tags of the old are no good.
		w.ask("PUT", "/api/jobs/load", load, http.StatusCreated, nil)
		w.ask("PUT", "/api/jobs/load", load, http.StatusPreconditionFailed, nil, "If-Match", tag)
	})
}

// TestDryRun tells what would happen, and nothing does.
func TestDryRun(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.ask("PUT", "/api/jobs/load", load, http.StatusCreated, nil)
		w.ask("PUT", "/api/jobs/check", `{"command":"true","parents":["load"]}`, http.StatusCreated, nil)
		w.ask("PUT", "/api/jobs/report", `{"command":"true","parents":["load","check"]}`, http.StatusCreated, nil)
		before := w.store.Snapshot()
		var trial api.Trial
		w.ask("PUT", "/api/jobs/load?dryRun", strings.Replace(load, "0 3", "30 4", 1), http.StatusOK, &trial)
		if !trial.Valid || len(trial.Changes) != 1 || trial.Words != "at 04:30 every day, Europe/Berlin time" || len(trial.Next) != 10 {
			t.Errorf("%+v", trial)
		}
		for body, field := range map[string]string{
			`{"command":"x","schedule":"61 * * * *"}`: "schedule", `{"command":"x","parents":["load","nobody"]}`: "parents",
			`{"command":"x","schedule":"@daily","colour":"red"}`: "colour", `{"name":"y","schedule":"@daily"}`: "name",
			`{"command":"x","schedule":"@daily","retryinterval":"PT1M"}`: "retryinterval", `{"command":"x"}`: "schedule",
		} {
			trial = api.Trial{}
			w.ask("PUT", "/api/jobs/x?dryRun=true", body, http.StatusOK, &trial)
			if trial.Valid || len(trial.Errors) != 1 || trial.Errors[0].Field != field {
				t.Errorf("%s: %+v, want a mistake in %s", body, trial, field)
			}
		}
		trial = api.Trial{}
		w.ask("DELETE", "/api/jobs/load?dryRun=true", "", http.StatusOK, &trial)
		if text := strings.Join(trial.Effects, "\n"); !strings.Contains(text, "check is disabled") || !strings.Contains(text, "report depends on check alone") {
			t.Errorf("%s", text)
		}
		w.ask("PUT", "/api/jobs/load?dryRun=perhaps", load, http.StatusBadRequest, nil)
		w.same(before, "dry runs")
	})
}

// TestActions: what people do to a job and to its runs.
func TestActions(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.ask("PUT", "/api/jobs/load", load, http.StatusCreated, nil)
		var made api.Made
		w.ask("POST", "/api/jobs/load/run", `{"arguments":["--full"],"environment":[{"name":"DAY","value":"1"}]}`, http.StatusAccepted, &made)
		var run api.RunDocument
		w.ask("GET", "/api/runs/"+made.Run, "", http.StatusOK, &run)
		if run.Job != "load" || run.State != "queued" || run.Arguments[0] != "--full" || run.Environment[0].Name != "DAY" || len(run.Waiting) != 1 {
			t.Errorf("%+v", run)
		}
		w.ask("POST", "/api/runs/"+made.Run+"/retry", "", http.StatusConflict, nil)
		w.ask("POST", "/api/runs/"+made.Run+"/kill", "", http.StatusNoContent, nil)
		w.ask("POST", "/api/runs/"+made.Run+"/kill", "", http.StatusNotFound, nil)
		w.ask("GET", "/api/runs/"+made.Run, "", http.StatusOK, &run)
		if run.State != "ended" || run.Outcome != "skipped" {
			t.Errorf("%+v", run)
		}
		w.ask("POST", "/api/runs/"+made.Run+"/retry", "", http.StatusAccepted, &made)
		w.ask("GET", "/api/runs/"+made.Run, "", http.StatusOK, &run)
		if run.State != "queued" || run.Arguments[0] != "--full" {
			t.Errorf("%+v", run)
		}
		var page api.RunPage
		w.ask("GET", "/api/runs?job=load", "", http.StatusOK, &page)
		if len(page.Runs) != 2 || page.Runs[1].Outcome != "skipped" {
			t.Errorf("%+v", page)
		}
		for _, id := range []string{"nobody", "1-", "-1", "01-0", "zz-0"} {
			w.ask("GET", "/api/runs/"+id, "", http.StatusNotFound, nil)
		}

		var slot api.SlotAnswer
		w.ask("POST", "/api/jobs/load/skipNext", "", http.StatusOK, &slot)
		if slot.Slot == nil || !slot.Slot.Equal(time.Date(2000, 1, 2, 2, 0, 0, 0, time.UTC)) {
			t.Errorf("%+v", slot)
		}
		w.ask("DELETE", "/api/jobs/load/skipNext", "", http.StatusNoContent, nil)
		w.ask("POST", "/api/jobs/load/pause", `{"reason":"disk is full"}`, http.StatusNoContent, nil)
		var doc api.JobDocument
		w.ask("GET", "/api/jobs/load", "", http.StatusOK, &doc)
		if doc.Row.State != "disabled" && !doc.Row.Disabled || doc.Row.Reason != "disk is full" {
			t.Errorf("%+v", doc.Row)
		}
		w.ask("POST", "/api/jobs/load/skipNext", "", http.StatusConflict, nil)
		w.ask("POST", "/api/jobs/load/resume", "", http.StatusNoContent, nil)
		w.ask("POST", "/api/jobs/load/backfill", `{"from":"2001-01-01T00:00:00Z","to":"2001-01-02T00:00:00Z"}`, http.StatusConflict, nil)
		w.ask("POST", "/api/jobs/load/backfill", `{"to":"2001-01-02T00:00:00Z"}`, http.StatusBadRequest, nil)
		w.ask("POST", "/api/jobs/load/backfill", `{"from":"yesterday"}`, http.StatusBadRequest, nil)
		var slots api.BackfillAnswer
		w.ask("POST", "/api/jobs/load/backfill", `{"from":"1999-12-01T00:00:00Z","to":"1999-12-05T00:00:00Z","parallelism":2,"dryRun":true}`, http.StatusOK, &slots)
		if slots.Slots != 4 {
			t.Errorf("%+v", slots)
		}
		w.ask("POST", "/api/jobs/load/backfill", `{"from":"1999-12-01T00:00:00Z","to":"1999-12-05T00:00:00Z","parallelism":2}`, http.StatusAccepted, &slots)
		w.ask("GET", "/api/jobs/load", "", http.StatusOK, &doc)
		if slots.Slots != 4 || doc.Backfill == nil || doc.Backfill.Made != 2 || len(doc.Runs) != 3 {
			t.Errorf("%+v %+v", slots, doc)
		}
		w.ask("DELETE", "/api/jobs/load/backfill", "", http.StatusNoContent, nil)
	})
}

// TestBulkOfNames: each job once, whatever is asked for twice or is gone.
func TestBulkOfNames(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		many(w)
		var out api.BulkAnswer
		w.ask("POST", "/api/jobs/bulk", `{"names":["c","a","gone","a"],"action":"delete","dryRun":true}`, http.StatusOK, &out)
		if out.Matched != 2 || strings.Join(out.Names, " ") != "a c" || strings.Join(out.Missing, " ") != "gone" || out.Done != 0 {
			t.Errorf("%+v", out)
		}
		w.ask("POST", "/api/jobs/bulk", `{"names":["c","a","gone","a"],"action":"pause","expect":3}`, http.StatusConflict, nil)
		w.ask("POST", "/api/jobs/bulk", `{"names":["c","a","gone","a"],"action":"pause","expect":2}`, http.StatusOK, &out)
		if p := w.jobs("q=state:disabled"); out.Done != 2 || p.Total != 7 {
			t.Errorf("%+v; %d are paused", out, p.Total)
		}
		for body, want := range map[string]string{
			`{"action":"pause","expect":11}`:                                                    "filter",
			`{"names":[],"action":"pause","expect":0}`:                                          "filter",
			`{"names":["a"],"filter":"","action":"pause","expect":1}`:                           "names",
			`{"names":["a` + strings.Repeat(`","a`, 10_000) + `"],"action":"pause","expect":1}`: "10001 names",
			`{"names":"a","action":"pause","expect":1}`:                                         "names",
		} {
			if got := w.post("/api/jobs/bulk", body); got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
				t.Errorf("%.80s: %d %s, want %q", body, got.status, got.body, want)
			}
		}
	})
}

// TestBulk: a preview, then just that many.
func TestBulk(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		many(w)
		var out api.BulkAnswer
		w.ask("POST", "/api/jobs/bulk", `{"filter":"owner:team0* -disabled:yes","action":"pause","dryRun":true}`, http.StatusOK, &out)
		if out.Matched != 2 || strings.Join(out.Names, "") != "ag" || out.Done != 0 {
			t.Errorf("%+v", out)
		}
		w.ask("POST", "/api/jobs/bulk", `{"filter":"owner:team0* -disabled:yes","action":"pause"}`, http.StatusBadRequest, nil)
		w.ask("POST", "/api/jobs/bulk", `{"filter":"owner:team0* -disabled:yes","action":"pause","expect":3}`, http.StatusConflict, nil)
		w.ask("POST", "/api/jobs/bulk", `{"filter":"owner:team0* -disabled:yes","action":"pause","reason":"move","expect":2}`, http.StatusOK, &out)
		if out.Done != 2 || len(out.Failed) != 0 {
			t.Errorf("%+v", out)
		}
		if p := w.jobs("q=state:disabled"); p.Total != 7 {
			t.Errorf("%d are paused", p.Total)
		}
		w.ask("POST", "/api/jobs/bulk", `{"filter":"","action":"explode","expect":2}`, http.StatusBadRequest, nil)
		w.ask("POST", "/api/jobs/bulk", `{"filter":"colour:red","action":"pause","expect":2}`, http.StatusBadRequest, nil)
		w.ask("POST", "/api/jobs/bulk", `{"filter":"kind:dependent","action":"delete","expect":1}`, http.StatusOK, &out)
		if out.Done != 1 {
			t.Errorf("%+v", out)
		}
	})
}
