package api_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// jobPage is a page as a client reads it.
type jobPage struct {
	Jobs   []api.JobRow
	Total  int
	Next   string
	Facets map[string]map[string]int
}

func (w *world) jobs(query string) jobPage {
	w.t.Helper()
	var p jobPage
	if err := json.Unmarshal([]byte(w.get("/api/jobs?"+query)), &p); err != nil {
		w.t.Fatal(err)
	}
	return p
}

func namesOf(p jobPage) []string {
	var out []string
	for _, j := range p.Jobs {
		out = append(out, j.Name)
	}
	return out
}

// many makes the jobs a … j, of which every other is paused.
func many(w *world) {
	for i := range 10 {
		body := fmt.Sprintf(`{"name":"%c","command":"echo %d","schedule":"R/2000-01-02T00:%02d:00Z/PT%dH","owner":"team%d@example.org","disabled":%v}`,
			'a'+i, i, 59-i, i+1, i%3, i%2 == 1)
		w.must("/v1/scheduler/iso8601", body)
	}
	w.must("/v1/scheduler/dependency", `{"name":"z","command":"true","parents":["a"],"runAsUser":"etl"}`)
}

// TestJobPages: whatever the order, the pages one after the other give every job once, in that order.
func TestJobPages(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		many(w)
		for _, order := range []string{"name", "next", "last", "state", "owner", "failures", "duration"} {
			for _, sign := range []string{"", "-"} {
				whole := namesOf(w.jobs("limit=1000&sort=" + sign + order))
				if len(whole) != 11 {
					t.Fatalf("sort %s%s gives %v", sign, order, whole)
				}
				var paged []string
				query := "limit=3&sort=" + sign + order
				for cursor := ""; ; {
					p := w.jobs(query + cursor)
					paged = append(paged, namesOf(p)...)
					if p.Next == "" {
						break
					}
					cursor = "&cursor=" + url.QueryEscape(p.Next)
				}
				if !slices.Equal(paged, whole) {
					t.Errorf("sort %s%s: pages give %v, the whole is %v", sign, order, paged, whole)
				}
				if got := namesOf(w.jobs(query + "&offset=4")); !slices.Equal(got, whole[4:7]) {
					t.Errorf("sort %s%s from 4: %v, want %v", sign, order, got, whole[4:7])
				}
			}
		}
		if got := namesOf(w.jobs("sort=next&limit=3")); !slices.Equal(got, []string{"i", "g", "e"}) {
			t.Errorf("the next ones are %v", got)
		}
		if got := namesOf(w.jobs("sort=-next&limit=2")); !slices.Equal(got, []string{"a", "c"}) { // what has no next slot comes last, either way
			t.Errorf("the last ones are %v", got)
		}
	})
}

func TestJobFilter(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		many(w)
		for query, want := range map[string]string{
			"state:disabled":             "b d f h j",
			"owner:team1* -disabled:yes": "e",
			"kind:dependent":             "z",
			"parent:a user:etl":          "z",
			`"echo 3"`:                   "d",
			"next<17h":                   "", // they are due in 17 hours less than a minute, at the soonest
			"next<18h owner:team0*":      "a g",
			"name:a,b":                   "a b",
		} {
			if got := strings.Join(namesOf(w.jobs("q="+url.QueryEscape(query))), " "); got != want {
				t.Errorf("%s: %q, want %q", query, got, want)
			}
		}
		p := w.jobs("facets=state,kind,owner,zone,host&limit=1")
		if p.Total != 11 || p.Facets["state"]["disabled"] != 5 || p.Facets["kind"]["dependent"] != 1 || p.Facets["owner"]["team0@example.org"] != 4 ||
			p.Facets["zone"][""] != 11 || len(p.Facets["host"]) != 0 {
			t.Errorf("%+v", p)
		}
		if got := w.get("/api/jobs?fields=name,state&limit=1"); !strings.Contains(got, `"jobs":[{"name":"a","state":"idle"}]`) {
			t.Error(got)
		}
		for query, want := range map[string]string{
			"q=colour:red": "character 1", "sort=colour": "colour", "cursor=x": "cursor", "facets=colour": "colour", "fields=colour": "colour",
			"colour=red": "colour", "offset=-1": "offset", "limit=0": "limit",
		} {
			if got := w.call("GET", "/api/jobs?"+query, "", nil); got.status != http.StatusBadRequest || !strings.Contains(got.body, want) {
				t.Errorf("%s: %d %s", query, got.status, got.body)
			}
		}
	})
}

// still is a scheduler that only shows.
type still struct{ view *leader.View }

func (s *still) View() *leader.View { return s.view }

func (*still) Do(context.Context, scheduler.Event) error { return leader.ErrNotLeader }

// BenchmarkJobPage: a page of 100 of 100,000 jobs, in each way that the page
// asks for one; between two of them, some jobs change.
func BenchmarkJobPage(b *testing.B) {
	records := scheduler.Records{Meta: &scheduler.Meta{LastUID: 100_000}}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 100_000 {
		uid := scheduler.UID(i + 1)
		records.Jobs = append(records.Jobs, &scheduler.JobRecord{UID: uid, Created: at, Updated: at, Anchor: at, Revision: 1, Job: &job.Job{
			Name: fmt.Sprintf("job-%06d", i), Command: fmt.Sprintf("/srv/jobs/run %d", i), Owner: fmt.Sprintf("team%d@example.org", i%50),
			Schedule: fmt.Sprintf("%d %d * * *", i%60, i/60%24), Zone: "Europe/Berlin", CPUs: .1, Mem: 32, Retries: 2,
		}})
		st := &scheduler.JobState{UID: uid, Decided: at}
		st.ErrorsSinceLastSuccess = int64(i % 20 / 19)
		records.States = append(records.States, st)
	}
	const fields = "&fields=name,kind,schedule,scheduleTimeZone,parents,owner,runAsUser,state,failing,late,disabled,reason,next,last,recent"
	views := []*leader.View{leader.NewView(store.New(memory.NewServer().Open()), records)}
	for i := range 20 { // views of a server that has something to do
		records.States[i*4000] = &scheduler.JobState{UID: scheduler.UID(i*4000 + 1), Decided: at.Add(time.Hour)}
		views = append(views, views[i].With(scheduler.PutJobState{State: records.States[i*4000]}))
	}
	for _, bench := range []struct{ name, query string }{
		{"name", "limit=100"}, {"next", "limit=100&sort=next"}, {"state", "limit=100&sort=state"}, {"failing", "limit=100&q=state:failing"},
		{"text", "limit=100&q=run+9999"}, {"facets", "limit=1&facets=state,kind,owner,user"}, {"facetsOfFilter", "limit=1&q=kind:cron&facets=state,kind,owner,user"},
		{"deep", "limit=100&sort=-next&offset=50000"}, {"deepOfFilter", "limit=100&sort=owner&offset=50000&q=-state:failing"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			show := &still{}
			handler := api.New(api.Options{Scheduler: show})
			var took []time.Duration
			ask := func(i int) {
				show.view = views[i%len(views)]
				began := time.Now()
				rec := httptest.NewRecorder()
				handler.ServeHTTP(rec, httptest.NewRequest("GET", "/api/jobs?"+bench.query+fields, nil))
				if rec.Code != http.StatusOK {
					b.Fatal(rec.Body)
				}
				took = append(took, time.Since(began))
			}
			ask(0) // the first one of a process reads all schedules
			took = nil
			for i := 1; b.Loop(); i++ {
				ask(i)
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
