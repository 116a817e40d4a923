package api_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// absent is a Mesos that is never there.
type absent struct{}

func (absent) Run(ctx context.Context, _ string, _ func(scheduler.Event)) error {
	<-ctx.Done()
	return nil
}

func (absent) Perform(context.Context, scheduler.Effect) error { return nil }

// self is the address that the leader of a test has.
const self = "127.0.0.1:4400"

// world is a leader over a store in memory, and the API in front of it.
type world struct {
	t       *testing.T
	store   *memory.Server
	leader  *leader.Leader
	handler http.Handler
}

// bubble runs f in virtual time, from 2000-01-01 on, with a leader that leads.
func bubble(t *testing.T, f func(w *world)) {
	t.Helper()
	run(t, absent{}, f)
}

func run(t *testing.T, cluster leader.Cluster, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, store: memory.NewServer()}
		w.leader = leader.New(leader.Options{
			Store: store.New(w.store.Open()), Cluster: cluster, Config: scheduler.DefaultConfig(), Self: self, Log: slog.New(slog.DiscardHandler),
		})
		page := http.HandlerFunc(func(out http.ResponseWriter, _ *http.Request) {
			out.Header().Set("Content-Type", "text/html;charset=utf-8")
			io.WriteString(out, "page")
		})
		w.handler = api.New(api.Options{Scheduler: w.leader, Defaults: api.Defaults{Epsilon: 60e9}, Page: page})
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() {
			if err := w.leader.Run(ctx); err != nil {
				t.Errorf("run: %v", err)
			}
		})
		time.Sleep(7*time.Hour + 345*time.Millisecond) // not just when a slot is due
		synctest.Wait()
		f(w)
		cancel()
		running.Wait()
	})
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   string
}

// call sends a request. Headers are sent exactly as they are given.
func (w *world) call(method, target, body string, header map[string]string) answer {
	w.t.Helper()
	r := httptest.NewRequest(method, target, nil)
	r.Header = http.Header{}
	if body != "" {
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	got := answer{rec.Code, rec.Header(), rec.Body.String()}
	if got.header.Get("Content-Encoding") == "gzip" {
		zip, err := gzip.NewReader(rec.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		text, err := io.ReadAll(zip)
		if err != nil {
			w.t.Fatal(err)
		}
		got.body = string(text)
	}
	if method == http.MethodHead {
		got.body = "" // the server cuts it off
	}
	return got
}

var jsonHeader = map[string]string{"Content-Type": "application/json"}

// post posts JSON.
func (w *world) post(target, body string) answer {
	w.t.Helper()
	return w.call("POST", target, body, jsonHeader)
}

// must posts JSON that is accepted.
func (w *world) must(target, body string) {
	w.t.Helper()
	if got := w.post(target, body); got.status != http.StatusNoContent {
		w.t.Fatalf("POST %s %s: %d %s", target, body, got.status, got.body)
	}
}

// get gets a body with status 200.
func (w *world) get(target string) string {
	w.t.Helper()
	got := w.call("GET", target, "", nil)
	if got.status != http.StatusOK {
		w.t.Fatalf("GET %s: %d %s", target, got.status, got.body)
	}
	return got.body
}

// same fails if what is stored differs from before.
func (w *world) same(before map[string][]byte, what string) {
	w.t.Helper()
	after := w.store.Snapshot()
	if !maps.EqualFunc(before, after, bytes.Equal) {
		w.t.Errorf("%s: what is stored has changed", what)
	}
}

// pass lets virtual time go by.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	time.Sleep(d)
	synctest.Wait()
}
