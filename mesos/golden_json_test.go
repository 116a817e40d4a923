package mesos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// TestRecordedJSONStreams holds that all streams that were recorded in JSON, said
// in protobuf, reach the user as they were: nothing is lost, added or changed.
func TestRecordedJSONStreams(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("mesossim/cluster/testdata/golden/*.json")
	if err != nil || len(names) < 70 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	streams, events := 0, 0
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var rec struct {
			Steps []struct {
				Request *struct{ Path string }
				Events  []struct{ Raw string }
			}
		}
		if err := json.Unmarshal(text, &rec); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i, s := range rec.Steps {
			var records []string
			for _, ev := range s.Events {
				if _, payload, ok := strings.Cut(ev.Raw, "\n"); ok {
					records = append(records, payload)
				}
			}
			if len(records) == 0 || !strings.Contains(s.Request.Path, "/scheduler") || strings.HasSuffix(s.Request.Path, "scheduler/") {
				continue // none, in protobuf, or of the operator API
			}
			streams, events = streams+1, events+len(records)
			driveStream(t, fmt.Sprintf("%s, step %d", filepath.Base(name), i), records)
		}
	}
	if streams < 60 || events < 2000 {
		t.Errorf("only %d streams with %d events", streams, events)
	}
}

// driveStream plays records, in the form in which we ask for them, to a client.
func driveStream(t *testing.T, where string, records []string) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/x-protobuf")
		w.Header().Set("Mesos-Stream-Id", "s")
		out := mesos.NewRecordWriter(w)
		for _, text := range records {
			ev := &scheduler.Event{}
			if _, err := wire.Convert([]byte(text), ev, wire.Rules{NumericStrings: true}); err != nil {
				t.Errorf("%s: %v", where, err)
				return
			}
			payload, err := ev.Marshal()
			if err == nil {
				err = out.Write(payload)
			}
			if err != nil {
				t.Errorf("%s: %v", where, err)
				return
			}
		}
	}))
	defer server.Close()
	client, err := mesos.New(mesos.Config{Detector: mesos.Masters(server.URL), Framework: mesosv1.FrameworkInfo{User: "root", Name: "t"}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	s, err := client.Subscribe(t.Context(), "", false)
	if err == nil {
		defer s.Close()
		got = append(got, string(wire.AppendJSON(nil, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: s.Subscribed()})))
		for {
			var ev *scheduler.Event
			if ev, err = s.Next(); err != nil {
				break
			}
			got = append(got, string(wire.AppendJSON(nil, ev)))
		}
	}
	last := records[len(records)-1]
	if strings.Contains(last, `"type":"ERROR"`) {
		records = records[:len(records)-1]
		var refusal *mesos.RefusalError
		if !errors.As(err, &refusal) {
			t.Errorf("%s: ended with %v after %s", where, err, last)
		}
	} else if !errors.Is(err, io.EOF) {
		t.Errorf("%s: ended with %v", where, err)
	}
	if len(got) != len(records) {
		t.Errorf("%s: %d events, want %d", where, len(got), len(records))
		return
	}
	for i := range got {
		if got[i] != records[i] {
			t.Errorf("%s: event %d:\n got %s\nwant %s", where, i, got[i], records[i])
		}
	}
}
