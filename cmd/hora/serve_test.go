package main

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// referenceHead begins docs/flags.md.
const referenceHead = `# Settings of hora serve

Each setting can be given as a flag (` + "`--http_port 4400`" + `), in the environment (` + "`HORA_HTTP_PORT=4400`" + `) and as a line of the file that
` + "`--config`" + ` names (` + "`http_port = 4400`" + `; ` + "`#`" + ` begins a comment). A flag counts before the environment, that before the file, and that before the
default. Names, units and meanings are Chronos' where it has the setting. What is wrong is told with its place and what was expected,
and ends hora with 2 before it has done anything. Of Chronos' flags of one letter those are taken on which 2.4.0 and 3.0.2 agree, but for
` + "`-h`" + `, which was hostname and shows the help here; ` + "`-s`" + ` was schedule_horizon in the one and slack_url in the other. This page is written by a test (` + "`UPDATE=1 go test -run TestFlagsReference ./cmd/hora`" + `).
`

// TestFlagsReference: docs/flags.md holds what the binary takes.
func TestFlagsReference(t *testing.T) {
	t.Parallel()
	const name = "../../docs/flags.md"
	want := referenceHead + new(serveOptions).set().Reference()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(name)
	if err != nil || string(is) != want {
		t.Errorf("docs/flags.md is not what the binary takes (%v): UPDATE=1 go test -run TestFlagsReference ./cmd/hora writes it", err)
	}
}

// away is a cluster without a master.
type away struct{}

func (away) Run(ctx context.Context, _ string, _ func(scheduler.Event)) error {
	<-ctx.Done()
	return nil
}
func (away) Perform(context.Context, scheduler.Effect) error { return nil }

// TestNewerValue: a process that meets what a later release has written does not
// lead, overwrites nothing, says what to do, and leads once it can read it.
func TestNewerValue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server := memory.NewServer()
		put := func(value []byte) {
			b := server.Open()
			term, err := b.Campaign(t.Context(), "other", nil)
			if err == nil {
				err = b.Commit(t.Context(), term, []store.Op{{Key: "job/0000000000000001", Value: value}})
			}
			if err != nil {
				t.Fatal(err)
			}
			term.Resign()
		}
		put([]byte("\x02{}"))
		before := server.Snapshot()
		var out bytes.Buffer
		s := &service{self: "me:1", log: slog.New(slog.NewTextHandler(&out, nil))}
		s.leader = leader.New(leader.Options{Store: store.New(server.Open()), Cluster: away{}, Config: scheduler.DefaultConfig(), Self: s.self, Log: s.log})
		h := s.member(http.NotFoundHandler(), nil)
		ready := func() (int, string) {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", "/ready", nil))
			return w.Code, w.Body.String()
		}
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { s.lead(ctx) })
		synctest.Wait()
		if code, body := ready(); code != 503 || !strings.Contains(body, `"broken":"load: job/0000000000000001 can't be read: version 2: written by a later release of hora"`) {
			t.Errorf("/ready: %d %s", code, body)
		}
		if text := out.String(); !strings.Contains(text, "upgrade hora on this machine, or go back with hora restore") {
			t.Errorf("the log says nothing of what to do: %s", text)
		}
		for key, value := range server.Snapshot() {
			if !bytes.Equal(before[key], value) {
				t.Errorf("%s was written", key)
			}
		}
		put(nil) // a newer process may lead meanwhile
		time.Sleep(2 * lookAgain)
		synctest.Wait()
		if code, body := ready(); code != 200 || strings.Contains(body, "broken") {
			t.Errorf("/ready afterwards: %d %s", code, body)
		}
		cancel()
		running.Wait()
	})
}
