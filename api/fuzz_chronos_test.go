package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// bodies are the requests of Chronos' API that have a body.
var bodies = []struct{ method, path string }{
	{"POST", "/scheduler/iso8601"}, {"POST", "/v1/scheduler/iso8601"},
	{"POST", "/scheduler/dependency"}, {"POST", "/v1/scheduler/dependency"},
	{"PUT", "/scheduler/iso8601"}, {"PUT", "/scheduler/dependency"},
	{"PUT", "/scheduler/task/ct:1420843781398:0:base:"},
	{"POST", "/scheduler/job/base/task/ct:1420843781398:0:base:/progress"},
	{"POST", "/v1/scheduler/job/base/task/ct:1420843781398:0:base:/progress"},
}

// FuzzChronosBodies: whatever is sent to Chronos' paths, in the grammar of either
// release, is answered, and not with 5xx; what is refused changes nothing that is
// stored; what is taken is shown as JSON, can be posted again as it is shown, and
// is shown as the same then.
func FuzzChronosBodies(f *testing.F) {
	for _, version := range []string{"2.4.0", "3.0.2"} {
		for _, s := range scenarios(f, version) {
			for _, x := range s.Steps {
				if x.Request == nil || x.Request.Body == nil || len(*x.Request.Body) > 16<<10 {
					continue
				}
				for i, b := range bodies {
					if strings.HasPrefix(b.path, s.API) && b.method == x.Request.Method && strings.HasSuffix(x.Request.Path, b.path[strings.LastIndexByte(b.path, '/'):]) {
						f.Add([]byte(placeholder.ReplaceAllString(*x.Request.Body, "2030-01-01T00:00:00.000Z")), uint8(i))
					}
				}
			}
		}
	}
	f.Add([]byte(`{"statusCode":0}`), uint8(6))
	f.Add([]byte(`{"numAdditionalElementsProcessed":7}`), uint8(7))
	server := memory.NewServer()
	l := leader.New(leader.Options{
		Store: store.New(server.Open()), Cluster: absent{}, Config: scheduler.DefaultConfig(), Self: self, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	f.Cleanup(cancel)
	go func() { _ = l.Run(ctx) }()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !l.View().Leading {
		<-tick.C
	}
	h := api.New(api.Options{Scheduler: l, Defaults: api.Defaults{Epsilon: time.Minute}})
	ask := func(method, path string, body []byte) (int, []byte) {
		r := httptest.NewRequest(method, path, bytes.NewReader(body))
		if body != nil {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		text, _ := io.ReadAll(w.Body)
		return w.Code, text
	}
	const base = `{"name":"base","command":"true","schedule":"R/2100-01-01T00:00:00Z/P1D","dataProcessingJobType":true}`
	if code, text := ask("POST", "/v1/scheduler/iso8601", []byte(base)); code != http.StatusNoContent {
		f.Fatalf("%d %s", code, text)
	}
	f.Fuzz(func(t *testing.T, body []byte, which uint8) {
		b := bodies[int(which)%len(bodies)]
		root, _, _ := strings.Cut(b.path, "scheduler")
		root += "scheduler"
		before := server.Snapshot()
		code, answer := ask(b.method, b.path, body)
		if code >= 500 {
			t.Fatalf("%s %s %q: %d %s", b.method, b.path, body, code, answer)
		}
		if code != http.StatusNoContent {
			if !maps.EqualFunc(before, server.Snapshot(), bytes.Equal) {
				t.Fatalf("%s %s %q was refused with %d %s, and something was stored", b.method, b.path, body, code, answer)
			}
			return
		}
		code, text := ask("GET", root+"/jobs", nil)
		var jobs []json.RawMessage
		if err := json.Unmarshal(text, &jobs); code != http.StatusOK || err != nil {
			t.Fatalf("%s %s %q: the jobs are %d %s (%v)", b.method, b.path, body, code, text, err)
		}
		for _, shown := range jobs {
			var j struct {
				Name     string
				Schedule *string
			}
			if err := json.Unmarshal(shown, &j); err != nil {
				t.Fatalf("%s: %v", shown, err)
			}
			path := root + "/dependency"
			if j.Schedule != nil {
				path = root + "/iso8601"
			}
			if code, answer := ask("POST", path, shown); code != http.StatusNoContent {
				t.Fatalf("%s %s %q is shown as %s, which is refused: %d %s", b.method, b.path, body, shown, code, answer)
			}
		}
		_, again := ask("GET", root+"/jobs", nil)
		if schedules := regexp.MustCompile(`"schedule":"[^"]*"`); !bytes.Equal(schedules.ReplaceAll(again, nil), schedules.ReplaceAll(text, nil)) { // slots pass meanwhile
			t.Fatalf("%s %s %q is shown as\n%s and, posted as it is shown, as\n%s", b.method, b.path, body, text, again)
		}
		for _, shown := range jobs {
			var j struct{ Name string }
			if err := json.Unmarshal(shown, &j); err == nil && j.Name != "base" {
				ask("DELETE", root+"/job/"+url.PathEscape(j.Name), nil)
			}
		}
		ask("POST", "/v1/scheduler/iso8601", []byte(base))
	})
}
