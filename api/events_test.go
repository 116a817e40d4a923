package api_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// streamed is a server with a feed, over real connections.
func streamed(t *testing.T) (*httptest.Server, *api.Feed) {
	feed := api.NewFeed(time.Unix(1767225600, 0))
	view := leader.NewView(store.New(memory.NewServer().Open()), scheduler.Records{})
	server := httptest.NewServer(api.New(api.Options{Scheduler: &still{view}, Feed: feed}))
	t.Cleanup(server.Close)
	return server, feed
}

// listen opens a stream and returns its lines.
func listen(t *testing.T, server *httptest.Server, last string) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", server.URL+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/event-stream" {
		b, _ := io.ReadAll(resp.Body)
		t.Fatalf("%d %s", resp.StatusCode, b)
	}
	return bufio.NewScanner(resp.Body)
}

// next returns the next event's lines as one text.
func next(t *testing.T, lines *bufio.Scanner) string {
	t.Helper()
	var out []string
	for lines.Scan() {
		if lines.Text() == "" && len(out) > 0 {
			return strings.Join(out, "|")
		}
		if lines.Text() != "" {
			out = append(out, lines.Text())
		}
	}
	return strings.Join(append(out, "end"), "|")
}

func deleted(name string) []scheduler.Notice {
	return []scheduler.Notice{{Kind: scheduler.JobDeleted, Job: name}}
}

// TestEvents: a client that comes back is told what it missed, or to begin anew.
func TestEvents(t *testing.T) {
	t.Parallel()
	server, feed := streamed(t)
	at := time.Unix(1767225601, 0)
	lines := listen(t, server, "")
	if got := next(t, lines); got != "retry: 2000" {
		t.Fatal(got)
	}
	feed.Observe(at, deleted("a"))
	feed.Observe(at, []scheduler.Notice{{Kind: scheduler.TaskOrphaned}}) // nothing for clients
	first := next(t, lines)
	if want := `event: job|data: {"job":"a","what":"deleted","at":"2026-01-01T00:00:01Z"}`; !strings.HasSuffix(first, want) {
		t.Fatalf("%s, want %s", first, want)
	}
	id := strings.TrimPrefix(strings.Split(first, "|")[0], "id: ")
	feed.Observe(at, deleted("b"))
	feed.Observe(at, deleted("c"))
	again := listen(t, server, id)
	next(t, again)
	for _, want := range []string{`"job":"b"`, `"job":"c"`} {
		if got := next(t, again); !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
	for _, stale := range []string{"other-1", id + "9", "nonsense"} {
		lines := listen(t, server, stale)
		next(t, lines)
		if got := next(t, lines); !strings.HasPrefix(got, "event: reset") {
			t.Errorf("%s: %s, want a reset", stale, got)
		}
	}
}

// TestTooManyStreams: the limit is told, and a place is free again when a client goes.
func TestTooManyStreams(t *testing.T) {
	t.Parallel()
	feed := api.NewFeed(time.Unix(0, 0))
	view := leader.NewView(store.New(memory.NewServer().Open()), scheduler.Records{})
	handler := api.New(api.Options{Scheduler: &still{view}, Feed: feed})
	open := func(ctx context.Context) int {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, httptest.NewRequest("GET", "/api/events", nil).WithContext(ctx))
		return rec.Code
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for range api.MaxStreams + 10 { // each leaves at once
		if code := open(gone); code != http.StatusOK {
			t.Fatal(code)
		}
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close) // after the clients have gone
	for range api.MaxStreams {
		next(t, listen(t, server, ""))
	}
	if code := open(gone); code != http.StatusServiceUnavailable {
		t.Errorf("%d, want 503", code)
	}
}
