package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
)

// crowd makes n jobs that are due at midnight, one that waits for the first of
// them, and some that must be left alone.
func crowd(w *world, n int) {
	w.t.Helper()
	for i := range n {
		w.ask("PUT", fmt.Sprintf("/api/jobs/night-%02d", i), `{"command":"true","schedule":"0 0 * * *","overlap":"allow"}`, http.StatusCreated, nil)
	}
	for name, body := range map[string]string{
		"child": `"parents":["night-00"]`, "jittery": `"schedule":"@daily","jitter":"PT5M"`, "often": `"schedule":"*/15 * * * *"`,
		"foldered": `"schedule":"0 0 * * *","managedBy":"nightly"`, "paused": `"schedule":"0 0 * * *","disabled":true`, "noon": `"schedule":"0 12 * * *"`,
	} {
		w.ask("PUT", "/api/jobs/"+name, `{"command":"true",`+body+`}`, http.StatusCreated, nil)
	}
}

func wanted(t *testing.T, moves []api.SpreadMove) string {
	t.Helper()
	in := api.SpreadMoves{}
	for _, m := range moves {
		in.Moves = append(in.Moves, api.WantedMove{Job: m.Job, Revision: m.Revision, Minutes: m.Minutes})
	}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestSpread(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		crowd(w, 40)
		var p api.SpreadProposal
		w.ask("POST", "/api/spread", `{}`, http.StatusOK, &p)
		if p.Minute != 0 || p.Due != 43 || p.Before[0] != 43 || slices.Max(p.After) != 3 || p.After[0] != 3 || len(p.Moves) != 40 {
			t.Errorf("minute %d, %d jobs, at most %d afterwards, %d there, %d moves", p.Minute, p.Due, slices.Max(p.After), p.After[0], len(p.Moves))
		}
		reasons := map[string]string{}
		for _, k := range p.Kept {
			reasons[k.Job] = k.Reason
		}
		if fmt.Sprint(reasons) != "map[foldered:managed jittery:jitter often:form]" {
			t.Error(reasons)
		}
		w.ask("POST", "/api/spread", `{"filter":"name:night-0*","within":"PT5M"}`, http.StatusOK, &p)
		for _, m := range p.Moves {
			if !strings.HasPrefix(m.Job, "night-0") || m.Minutes < 1 || m.Minutes > 5 || m.Before != "0 0 * * *" || m.After != fmt.Sprintf("%d 0 * * *", m.Minutes) {
				t.Errorf("%+v", m)
			}
			if m.NotBefore != m.Next.Format(time.RFC3339) || !m.Later.Equal(m.Next.Add(time.Duration(m.Minutes)*time.Minute)) {
				t.Errorf("%+v", m)
			}
		}
		w.ask("POST", "/api/spread", `{"minute":720}`, http.StatusOK, &p)
		if p.Due != 2 || len(p.Moves) != 1 || p.Moves[0].Job != "noon" {
			t.Errorf("%+v", p.Moves)
		}
		for body, field := range map[string]string{
			`{"minute":1440}`: "minute", `{"minute":-1}`: "minute", `{"within":"PT0S"}`: "within", `{"within":"P1D"}`: "within", `{"within":"soon"}`: "within", `{"filter":"colour:red"}`: "q", `{"color":1}`: "",
		} {
			if got := w.call("POST", "/api/spread", body, jsonHeader); got.status != http.StatusBadRequest || !strings.Contains(got.body, field) {
				t.Errorf("%s: %d %s", body, got.status, got.body)
			}
		}
	})
}

// TestSpreadMoves: while jobs are moved, each of their slots runs once.
func TestSpreadMoves(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		crowd(w, 10)
		w.pass(17*time.Hour + 10*time.Minute) // 00:10: today's have just run, and minutes of theirs are still to come
		var p api.SpreadProposal
		w.ask("POST", "/api/spread", `{"minute":0}`, http.StatusOK, &p)
		if len(p.Moves) < 9 {
			t.Fatalf("%d moves", len(p.Moves))
		}
		changed := p.Moves[0].Job
		w.ask("PATCH", "/api/jobs/"+changed, `{"description":"x"}`, http.StatusOK, nil)
		var done api.SpreadDone
		w.ask("POST", "/api/spread/moves", wanted(t, p.Moves), http.StatusOK, &done)
		if done.Done != len(p.Moves)-1 || len(done.Failed) != 1 || done.Failed[0].Name != changed || !strings.Contains(done.Failed[0].Detail, "revision 2, not 1") {
			t.Errorf("%+v", done)
		}
		w.pass(72 * time.Hour)
		for _, m := range p.Moves[1:] {
			var runs api.RunPage
			w.ask("GET", "/api/runs?job="+m.Job, "", http.StatusOK, &runs)
			var slots []string
			for _, r := range runs.Runs {
				slots = append(slots, r.Slot.Format("02T15:04"))
			}
			want := []string{"02T00:00", fmt.Sprintf("03T00:%02d", m.Minutes), fmt.Sprintf("04T00:%02d", m.Minutes), fmt.Sprintf("05T00:%02d", m.Minutes)}
			if m.Minutes > 10 {
				want = want[:3]
				slots = slots[:min(3, len(slots))]
			}
			if !slices.Equal(slots, want) {
				t.Errorf("%s by %d minutes: %v, want %v", m.Job, m.Minutes, slots, want)
			}
		}
		var log api.AuditPage
		w.ask("GET", "/api/audit?action=update&job="+p.Moves[1].Job, "", http.StatusOK, &log)
		if len(log.Entries) != 1 || len(log.Entries[0].Changes) != 2 {
			t.Errorf("%+v", log)
		}
		w.ask("POST", "/api/jobs/"+p.Moves[1].Job+"/revisions/1/revert", "", http.StatusOK, nil)
	})
}

// TestSpreadTooLate: what is due in a moment is not moved, nor what makes no sense.
func TestSpreadTooLate(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		crowd(w, 2)
		w.pass(16*time.Hour + 52*time.Minute)
		var p api.SpreadProposal
		w.ask("POST", "/api/spread", `{"minute":0}`, http.StatusOK, &p)
		if len(p.Moves) != 0 || p.Kept[0].Reason != "soon" {
			t.Errorf("%+v %+v", p.Moves, p.Kept)
		}
		w.pass(7*time.Minute + 40*time.Second)
		var done api.SpreadDone
		w.ask("POST", "/api/spread/moves", `{"moves":[{"job":"night-00","revision":1,"minutes":5},{"job":"nobody","revision":1,"minutes":5},{"job":"child","revision":1,"minutes":5},{"job":"often","revision":1,"minutes":5},{"job":"noon","revision":1,"minutes":9999}]}`, http.StatusOK, &done)
		if done.Done != 0 || len(done.Failed) != 5 {
			t.Errorf("%+v", done)
		}
		for _, body := range []string{`{}`, `{"moves":[]}`, `{"moves":[{"job":"a","revision":1,"minutes":5},{"job":"a","revision":1,"minutes":5}]}`} {
			w.ask("POST", "/api/spread/moves", body, http.StatusBadRequest, nil)
		}
	})
}

// TestSpreadRules: jobs that somebody may not change are neither proposed nor moved.
func TestSpreadRules(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		for _, name := range []string{"mine-1", "mine-2", "theirs-1", "theirs-2"} {
			w.as("admin", "PUT", "/api/jobs/"+name, `{"command":"true","schedule":"0 0 * * *","runAsUser":"etl"}`).want(t, name, http.StatusCreated, "")
		}
		var p api.SpreadProposal
		got := w.as("operator", "POST", "/api/spread", `{}`)
		if err := json.Unmarshal([]byte(got.body), &p); err != nil || len(p.Moves) != 2 || len(p.Kept) != 2 || p.Kept[0] != (api.SpreadKept{Job: "theirs-1", Reason: "denied"}) {
			t.Errorf("%v %s", err, got.body[:min(300, len(got.body))])
		}
		w.as("operator", "POST", "/api/spread/moves", `{"moves":[{"job":"mine-1","revision":1,"minutes":5},{"job":"theirs-1","revision":1,"minutes":5}]}`).want(t, "moves", http.StatusOK, `{"done":1,"failed":[{"name":"theirs-1",`)
		w.as("viewer", "POST", "/api/spread/moves", `{"moves":[{"job":"mine-2","revision":1,"minutes":5}]}`).want(t, "viewer", http.StatusForbidden, "")
		w.as("admin", "GET", "/api/jobs/theirs-1", "").want(t, "theirs", http.StatusOK, `"schedule":"0 0 * * *"`)
	})
}
