package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/api"
)

func TestPreview(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		var p api.Preview
		w.ask("POST", "/api/schedule/preview", `{"schedule":"30 2 * * *","scheduleTimeZone":"Europe/Berlin","from":"2026-03-28T00:00:00Z","n":3}`, http.StatusOK, &p)
		if !p.Valid || p.Words != "at 02:30 every day, Europe/Berlin time" || p.Next[0].DST != "" || p.Next[1].Local != "2026-03-29T03:00:00+02:00" || p.Next[1].DST != "gap" || p.Next[2].DST != "" {
			t.Errorf("%+v", p)
		}
		w.ask("POST", "/api/schedule/preview", `{"schedule":"30 2 * * *","scheduleTimeZone":"Europe/Berlin","dstOverlap":"both","from":"2026-10-25T00:00:00Z","n":3}`, http.StatusOK, &p)
		if p.Next[0].DST != "first" || p.Next[1].DST != "second" || p.Next[2].DST != "" {
			t.Errorf("%+v", p)
		}
		for body, field := range map[string]string{
			`{"schedule":"61 * * * *"}`: "schedule", `{}`: "schedule", `{"schedule":"@daily","scheduleTimeZone":"Mars/Olympus"}`: "scheduleTimeZone", `{"schedule":"@daily","dstGap":"x"}`: "dstGap",
		} {
			p = api.Preview{}
			w.ask("POST", "/api/schedule/preview", body, http.StatusOK, &p)
			if p.Valid || p.Error == nil || p.Error.Field != field {
				t.Errorf("%s: %+v, want a mistake in %s", body, p, field)
			}
		}
		for _, body := range []string{`{"schedule":"@daily","n":-1}`, `{"schedule":"@daily","n":1e9}`, `{"schedule":"@daily","colour":1}`, `[]`, `{"schedule":7}`} {
			w.ask("POST", "/api/schedule/preview", body, http.StatusBadRequest, nil)
		}
	})
}

// TestPreviewForms: the other form of a schedule, if it has exactly the same slots.
func TestPreviewForms(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		for _, x := range []struct{ schedule, zone, iso, cron, whyNot string }{
			{"*/10 * * * *", "Asia/Shanghai", "R/2026-03-01T08:00:00+08:00/PT10M", "", ""},
			{"0 9 * * 1,5", "", "R/2026-03-02T09:00:00Z/P1W R/2026-03-06T09:00:00Z/P1W", "", ""},
			{"0 0 13 * 5", "", "", "", "both"},
			{"R/2026-01-01T03:00:00Z/P1D", "", "", "0 3 * * *", ""},
			{"R/2026-01-01T03:00:00Z/PT7M", "", "", "", "7"},
			{"R3/2026-01-01T03:00:00Z/P1D", "", "", "", "3 slots"},
		} {
			var p api.Preview
			body := `{"schedule":"` + x.schedule + `","scheduleTimeZone":"` + x.zone + `","from":"2026-03-01T00:00:00Z","forms":true}`
			w.ask("POST", "/api/schedule/preview", body, http.StatusOK, &p)
			if strings.Join(p.ISO, " ") != x.iso || strings.Join(p.Cron, " ") != x.cron || (p.WhyNot == "") != (x.whyNot == "") || !strings.Contains(p.WhyNot, x.whyNot) {
				t.Errorf("%s: %q %q %q", x.schedule, p.ISO, p.Cron, p.WhyNot)
			}
		}
		var p api.Preview
		w.ask("POST", "/api/schedule/preview", `{"schedule":"R/2030-01-01T03:00:00Z/P1D","from":"2026-03-01T00:00:00Z","forms":true}`, http.StatusOK, &p)
		if len(p.Cron) != 1 || p.Begins == nil || p.Begins.Year() != 2030 {
			t.Errorf("%+v", p)
		}
		p = api.Preview{}
		w.ask("POST", "/api/schedule/preview", `{"schedule":"@daily"}`, http.StatusOK, &p)
		if p.ISO != nil {
			t.Errorf("nobody asked for %q", p.ISO)
		}
	})
}

// TestDefaults: what the server takes for what a definition does not have is what it says.
func TestDefaults(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		var d api.DefaultValues
		w.ask("GET", "/api/defaults", "", http.StatusOK, &d)
		var doc struct {
			Definition struct {
				CPUs, Mem, Disk float64
				RunAsUser       string
				Retries         int
			}
		}
		w.ask("PUT", "/api/jobs/plain", `{"schedule":"@daily","command":"x"}`, http.StatusCreated, &doc)
		j := doc.Definition
		if j.CPUs != d.CPUs || j.Mem != d.Mem || j.Disk != d.Disk || j.RunAsUser != d.RunAsUser || j.Retries != d.Retries || d.RetryIntervalMS != 60_000 {
			t.Errorf("%+v, and the job has %+v", d, j)
		}
	})
}

func TestNetwork(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		for name, when := range map[string]string{"a": `"schedule":"@daily"`, "b": `"schedule":"@daily"`, "alone": `"schedule":"@daily"`} {
			w.ask("PUT", "/api/jobs/"+name, `{"command":"true",`+when+`}`, http.StatusCreated, nil)
		}
		w.ask("PUT", "/api/jobs/both", `{"command":"true","parents":["a","b"]}`, http.StatusCreated, nil)
		w.ask("PUT", "/api/jobs/alarm", `{"command":"true","trigger":"failed(both)"}`, http.StatusCreated, nil)
		w.ask("POST", "/api/jobs/a/success", "", http.StatusNoContent, nil)
		var g api.Network
		w.ask("GET", "/api/graph", "", http.StatusOK, &g)
		if len(g.Nodes) != 4 || len(g.Edges) != 3 {
			t.Errorf("%+v", g)
		}
		for _, e := range g.Edges {
			if e.Satisfied != (e.From == "a") || (e.Condition == "failed") != (e.To == "alarm") {
				t.Errorf("%+v", e)
			}
		}
		w.ask("GET", "/api/graph?job=a&depth=1", "", http.StatusOK, &g)
		if len(g.Nodes) != 2 || len(g.Edges) != 1 {
			t.Errorf("%+v", g)
		}
		w.ask("GET", "/api/graph?q="+url.QueryEscape("name:a,both"), "", http.StatusOK, &g)
		if len(g.Nodes) != 2 {
			t.Errorf("%+v", g)
		}
		w.ask("GET", "/api/graph?job=nobody", "", http.StatusNotFound, nil)
		w.ask("GET", "/api/graph?job=a&depth=99", "", http.StatusBadRequest, nil)
	})
}

func TestNowAndCluster(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		many(w)
		w.ask("PUT", "/api/jobs/often", `{"command":"true","schedule":"*/15 * * * *"}`, http.StatusCreated, nil)
		var made api.Made
		w.ask("POST", "/api/jobs/often/run", "", http.StatusAccepted, &made)
		var n api.Now
		w.ask("GET", "/api/now", "", http.StatusOK, &n)
		if n.Totals.Jobs != 12 || n.Totals.Waiting != 1 || n.Waiting[0].ID != made.Run || n.Totals.Disabled != 5 || n.Next[0].Job != "often" {
			t.Errorf("%+v", n.Totals)
		}
		if len(n.Load) != 1440 || n.Load[15] != 1 || n.Load[16] != 0 || n.Load[12*60] != 1 {
			t.Errorf("%v", n.Load[:30])
		}
		if l := n.Lanes; len(l) != 6 || l[0].Job != "often" || len(l[0].Next) != 96 || len(l[1].Next) != 1 || len(l[1].Runs) != 0 {
			t.Errorf("%d lanes: %+v", len(l), l)
		}
		var c api.ClusterState
		w.ask("GET", "/api/cluster", "", http.StatusOK, &c)
		if !c.Leading || c.Mesos.Connected || c.Queued != 1 || c.Queue[0].Run != made.Run || c.Jobs != 12 {
			t.Errorf("%+v", c)
		}
		if got := w.get("/api/now"); !strings.Contains(got, `"missed":[]`) {
			t.Error(got)
		}
	})
}
