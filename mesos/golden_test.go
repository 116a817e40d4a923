package mesos

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// recording is what a real master said; testdata/golden/README.md tells its form.
type recording struct {
	Steps []step `json:"steps"`
}

type step struct {
	Request struct {
		Headers [][2]string `json:"headers"`
		Body    []byte      `json:"body_base64"`
	} `json:"request"`
	Note     string `json:"note"`
	Response *struct {
		Status  int         `json:"status"`
		Headers [][2]string `json:"headers"`
		Body    string      `json:"body"`
	} `json:"response"`
	Events []struct {
		Raw     []byte         `json:"raw_base64"`
		Decoded map[string]any `json:"decoded"`
	} `json:"events"`
	End struct {
		How string `json:"how"`
	} `json:"end"`
}

// header returns the value of a header.
func header(list [][2]string, name string) string {
	for _, h := range list {
		if h[0] == name {
			return h[1]
		}
	}
	return ""
}

func golden(t testing.TB, pattern string) map[string]recording {
	t.Helper()
	names, err := filepath.Glob("testdata/golden/" + pattern + ".json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no recordings %s: %v", pattern, err)
	}
	out := make(map[string]recording)
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if err := json.Unmarshal(text, &r); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[strings.TrimSuffix(filepath.Base(name), ".json")] = r
	}
	return out
}

// readable turns a message into what encoding/json makes of its JSON form, with
// numbers as texts, as the recordings have 64-bit ones.
func readable(t testing.TB, v any) any {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var out any
	if err := d.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return plain(out)
}

func plain(v any) any {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if v[k] = plain(x); x == nil {
				delete(v, k) // an empty list
			}
		}
	case []any:
		for i, x := range v {
			v[i] = plain(x)
		}
	case json.Number:
		f, err := v.Float64()
		if err != nil {
			panic(err)
		}
		return strconv.FormatFloat(f, 'g', -1, 64)
	case string:
		if f, err := strconv.ParseFloat(v, 64); err == nil {
			return strconv.FormatFloat(f, 'g', -1, 64)
		}
	}
	return v
}

// chunked answers with a recorded stream. The bytes are the master's, the
// chunks are not: size is how long each is, 0 for all in one.
func chunked(t testing.TB, st step, size int) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, r *request) {
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		var out bytes.Buffer
		fmt.Fprintf(&out, "HTTP/1.1 %d Recorded\r\n", st.Response.Status)
		for _, h := range st.Response.Headers {
			fmt.Fprintf(&out, "%s: %s\r\n", h[0], h[1])
		}
		out.WriteString("\r\n")
		var all []byte
		for _, ev := range st.Events {
			all = append(all, ev.Raw...)
		}
		if size == 0 {
			size = len(all)
		}
		for len(all) > 0 {
			n := min(size, len(all))
			fmt.Fprintf(&out, "%x\r\n%s\r\n", n, all[:n])
			all = all[n:]
		}
		if st.End.How == "terminating zero-length chunk" {
			out.WriteString("0\r\n\r\n")
		}
		if _, err := conn.Write(out.Bytes()); err != nil {
			t.Error(err)
		}
	}
}

// TestRecordedStreams holds that recorded streams are read as they were meant,
// however they are chunked, and that the SUBSCRIBE is what was sent then.
func TestRecordedStreams(t *testing.T) {
	t.Parallel()
	streams := 0
	for name, r := range golden(t, "*_pb") {
		for i, st := range r.Steps {
			if len(st.Events) == 0 {
				continue
			}
			streams++
			t.Run(fmt.Sprintf("%s/%d", name, i), func(t *testing.T) {
				t.Parallel()
				for _, size := range []int{0, 1, 7, 1000} {
					replayStream(t, st, size)
				}
			})
		}
	}
	if streams < 14 {
		t.Errorf("only %d streams were recorded", streams)
	}
}

func replayStream(t *testing.T, st step, size int) {
	t.Helper()
	var asked scheduler.Call
	if err := asked.Unmarshal(st.Request.Body); err != nil {
		t.Fatal(err)
	}
	got := make(chan scheduler.Call, 1)
	m := &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
		got <- r.call
		chunked(t, st, size)(w, r)
	}}
	info := *asked.Subscribe.FrameworkInfo
	info.ID = nil
	s, err := newClient(t, Config{Detector: Masters(serve(t, m)), Framework: info}).Subscribe(t.Context(), asked.GetFrameworkID().GetValue(), false)
	if call := <-got; !reflect.DeepEqual(call, asked) {
		t.Errorf("subscribed with %v, recorded was %v", call, asked)
	}
	var events []any
	if s != nil {
		defer s.Close()
		if want := header(st.Response.Headers, streamHeader); s.streamID != want {
			t.Errorf("stream id %q, want %q", s.streamID, want)
		}
		if s.Version() != (Version{1, 3, 2}) {
			t.Errorf("version %v", s.Version())
		}
		events = append(events, readable(t, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: s.Subscribed()}))
		var ev *scheduler.Event
		for {
			if ev, err = s.Next(); err != nil {
				break
			}
			events = append(events, readable(t, ev))
		}
	}
	end := io.ErrUnexpectedEOF // without the last chunk
	if st.End.How == "terminating zero-length chunk" {
		end = io.EOF
	}
	for i, rec := range st.Events {
		if rec.Decoded["type"] == "ERROR" { // the last one
			message := rec.Decoded["error"].(map[string]any)["message"].(string)
			end = map[string]error{"Framework failed over": ErrFailedOver, "Framework has been removed": ErrRemoved}[message]
			if i != len(st.Events)-1 || len(events) != i {
				t.Errorf("%d events before the ERROR at %d of %d", len(events), i, len(st.Events))
			}
			continue
		}
		if i >= len(events) {
			t.Errorf("event %d is missing: %v", i, rec.Decoded)
		} else if want := readable(t, rec.Decoded); !reflect.DeepEqual(events[i], want) {
			t.Errorf("event %d:\n got %v\nwant %v", i, events[i], want)
		}
	}
	if !errors.Is(err, end) {
		t.Errorf("ended with %v, want %v", err, end)
	}
}

// TestRecordedCalls holds that what is sent is what the recorder sent, byte by
// byte, and what each recorded answer means.
func TestRecordedCalls(t *testing.T) {
	t.Parallel()
	seen := map[string]int{}
	for name, r := range golden(t, "*") {
		for i, st := range r.Steps {
			id := header(st.Request.Headers, streamHeader)
			if st.Response == nil || id == "" || len(st.Events) > 0 || header(st.Response.Headers, "Location") != "" {
				continue
			}
			call := scheduler.Call{Type: scheduler.Call_REVIVE, FrameworkID: &mesosv1.FrameworkID{Value: testFramework}}
			binary := strings.HasSuffix(name, "_pb") && header(st.Request.Headers, "Content-Type") == mediaType
			if binary {
				if call = (scheduler.Call{}); call.Unmarshal(st.Request.Body) != nil || call.FrameworkID == nil {
					continue // a bad body, which we do not send
				}
			}
			verdict := replayCall(t, st, call, binary)
			want := map[int]string{200: "taken", 202: "taken", 400: "bad", 501: "bad"}[st.Response.Status]
			for _, text := range []string{"Framework cannot be found", "The stream ID", "All non-subscribe calls"} {
				if strings.HasPrefix(st.Response.Body, text) {
					want = "lost"
				}
			}
			if st.Response.Status == 401 || st.Response.Status == 403 {
				want = "lost"
			}
			if verdict != want {
				t.Errorf("%s, step %d (%s): answer %d %q: %s, want %s", name, i, st.Note, st.Response.Status, st.Response.Body, verdict, want)
			}
			seen[verdict]++
		}
	}
	if seen["taken"] < 40 || seen["bad"] < 15 || seen["lost"] < 5 {
		t.Errorf("too few recordings: %v", seen)
	}
}

func replayCall(t *testing.T, st step, call scheduler.Call, binary bool) (verdict string) {
	t.Helper()
	first := subscribedEvent()
	first.Subscribed.FrameworkID = call.FrameworkID
	m := &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
		stream(w, header(st.Request.Headers, streamHeader))(first)
		<-r.Context().Done()
	}}
	m.call = func(w http.ResponseWriter, r *request) {
		if body, err := r.call.Marshal(); err != nil || binary && !bytes.Equal(body, st.Request.Body) {
			t.Errorf("sent %s, recorded was %s", base64.StdEncoding.EncodeToString(body), base64.StdEncoding.EncodeToString(st.Request.Body))
		}
		if got, want := r.Header.Get(streamHeader), header(st.Request.Headers, streamHeader); got != want {
			t.Errorf("sent with stream id %q, recorded was %q", got, want)
		}
		for _, h := range st.Response.Headers {
			w.Header().Set(h[0], h[1])
		}
		w.WriteHeader(st.Response.Status)
		io.WriteString(w, st.Response.Body)
	}
	s, err := newClient(t, Config{Detector: Masters(serve(t, m))}).Subscribe(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	call.FrameworkID = nil
	switch err := s.Call(t.Context(), &call); {
	case err == nil:
		return "taken"
	case errors.Is(err, ErrBadCall):
		return "bad"
	case errors.Is(err, ErrLost):
		return "lost"
	default:
		return err.Error()
	}
}

// TestRecordedRefusals holds what recorded answers to a SUBSCRIBE mean that is
// not taken: redirects of a standby, credentials, bad bodies.
func TestRecordedRefusals(t *testing.T) {
	t.Parallel()
	seen := map[int]int{}
	for name, r := range golden(t, "*") {
		for i, st := range r.Steps {
			if st.Response == nil || header(st.Request.Headers, streamHeader) != "" || st.Response.Status < 300 || st.Response.Status == 501 {
				continue
			}
			m := &master{t: t, subscribe: func(w http.ResponseWriter, _ *request) {
				for _, h := range st.Response.Headers {
					w.Header().Set(h[0], h[1])
				}
				w.WriteHeader(st.Response.Status)
				io.WriteString(w, st.Response.Body)
			}}
			client := newClient(t, Config{Detector: Masters(serve(t, m))})
			base, err := parseBase(client.config.Detector.(masterList)[0])
			if err != nil {
				t.Fatal(err)
			}
			_, location, err := client.try(t.Context(), base, client.subscription("", false))
			seen[st.Response.Status]++
			switch {
			case st.Response.Status == 307:
				to, err := redirected(base, location)
				if err != nil || to.String() != "http://127.0.0.1:6050" && to.String() != "http://127.0.0.1:6060" {
					if !strings.HasPrefix(location, "//127.0.0.1:6050/master/s") && location != "//127.0.0.1:6050/master/api/v1" { // of other paths
						t.Errorf("%s, step %d: redirected to %v, %v", name, i, to, err)
					}
				}
			case !errors.Is(err, ErrRefused):
				t.Errorf("%s, step %d: answer %d %q: %v", name, i, st.Response.Status, st.Response.Body, err)
			}
		}
	}
	if seen[307] < 8 || seen[401] < 5 || seen[400] < 5 {
		t.Errorf("too few recordings: %v", seen)
	}
}
