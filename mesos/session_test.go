package mesos

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func TestSubscribeAndCall(t *testing.T) {
	t.Parallel()
	headers := make(chan http.Header, 2)
	m := &master{t: t}
	m.subscribe = func(w http.ResponseWriter, r *request) {
		headers <- r.Header
		if r.ProtoMajor != 1 || r.ProtoMinor != 1 || r.Method != "POST" || r.URL.Path != apiPath {
			t.Errorf("subscribed with %s %s %s", r.Method, r.URL, r.Proto)
		}
		streaming(subscribedEvent(), heartbeat(), updateEvent("t1"))(w, r)
	}
	m.call = func(w http.ResponseWriter, r *request) {
		headers <- r.Header
		w.WriteHeader(http.StatusAccepted)
	}
	s := subscribe(t, Config{Detector: Masters(serve(t, m))})
	if s.FrameworkID() != testFramework || s.Version() != (Version{1, 11, 0}) || s.Subscribed().GetHeartbeatIntervalSeconds() != testBeat {
		t.Errorf("session %q, %v, %v", s.FrameworkID(), s.Version(), s.Subscribed())
	}
	for _, want := range []scheduler.Event_Type{scheduler.Event_HEARTBEAT, scheduler.Event_UPDATE} {
		if ev, err := s.Next(); err != nil || ev.Type != want {
			t.Fatalf("got %v, %v, want %s", ev, err, want)
		}
	}
	given := &scheduler.Call{Type: scheduler.Call_REVIVE}
	if err := s.Call(t.Context(), given); err != nil {
		t.Fatal(err)
	}
	if given.FrameworkID != nil {
		t.Error("the user's call was changed")
	}
	if got := m.taken(); len(got) != 1 || got[0].Type != scheduler.Call_REVIVE || got[0].GetFrameworkID().GetValue() != testFramework {
		t.Errorf("the master took %v", got)
	}
	for i, stream := range []string{"", testStream} {
		h := <-headers
		for name, want := range map[string]string{
			"Content-Type": "application/x-protobuf", "Accept": "application/x-protobuf", "Mesos-Stream-Id": stream,
			"User-Agent": "hora", "Accept-Encoding": "", "Authorization": "", "Libprocess-From": "",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("request %d: %s is %q, want %q", i, name, got, want)
			}
		}
	}
}

func TestSubscriptionIDs(t *testing.T) {
	t.Parallel()
	role := "batch"
	multi := []mesosv1.FrameworkInfo_Capability{{Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE}}
	cases := []struct {
		name       string
		id         string
		info       mesosv1.FrameworkInfo
		suppressed bool
		want       []string
	}{
		{"new", "", testInfo(), false, nil},
		{"known", "f-7", testInfo(), false, nil},
		{"suppressed without a role", "", testInfo(), true, []string{"*"}},
		{"suppressed with a role", "", mesosv1.FrameworkInfo{User: "root", Name: "test", Role: &role}, true, []string{"batch"}},
		{"suppressed with roles", "", mesosv1.FrameworkInfo{User: "root", Name: "test", Roles: []string{"a", "b"}, Capabilities: multi}, true, []string{"a", "b"}},
	}
	for _, c := range cases {
		calls := make(chan scheduler.Call, 1)
		m := &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
			calls <- r.call
			streaming(subscribedEvent())(w, r)
		}}
		s, err := newClient(t, Config{Detector: Masters(serve(t, m)), Framework: c.info}).Subscribe(t.Context(), c.id, c.suppressed)
		if err != nil {
			t.Fatal(err)
		}
		s.Close()
		call := <-calls
		outer, inner := call.GetFrameworkID().GetValue(), call.Subscribe.FrameworkInfo.GetID().GetValue()
		if outer != c.id || inner != c.id || (c.id == "") != (call.FrameworkID == nil) || (c.id == "") != (call.Subscribe.FrameworkInfo.ID == nil) {
			t.Errorf("%s: subscribed with ids %q and %q, want %q", c.name, outer, inner, c.id)
		}
		if got := call.Subscribe.SuppressedRoles; strings.Join(got, " ") != strings.Join(c.want, " ") {
			t.Errorf("%s: suppressed roles %q, want %q", c.name, got, c.want)
		}
		if c.info.ID != nil {
			t.Errorf("%s: the user's framework info was changed", c.name)
		}
	}
}

// TestSubscribeAnswers holds what each answer to SUBSCRIBE means.
func TestSubscribeAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		answer func(http.ResponseWriter, *request)
		want   error
		status int
	}{
		{"no leader", answering(503, "No leader elected"), ErrUnavailable, 503},
		{"recovering", answering(503, "Master has not finished recovery"), ErrUnavailable, 503},
		{"no routes yet", answering(404, ""), ErrUnavailable, 404},
		{"broken", answering(500, "oops"), ErrUnavailable, 500},
		{"proxy", answering(502, ""), ErrUnavailable, 502},
		{"credentials", answering(401, ""), ErrRefused, 401},
		{"principal", answering(403, ""), ErrRefused, 403},
		{"method", answering(405, "Expecting one of { 'POST' }, but received 'GET'"), ErrRefused, 405},
		{"accept", answering(406, ""), ErrRefused, 406},
		{"content type", answering(415, ""), ErrRefused, 415},
		{"bad call", answering(400, "Failed to validate scheduler::Call: Authenticated principal 'golden' does not match"), ErrRefused, 400},
		{"unknown type", answering(501, ""), ErrRefused, 501},
		{"no content", answering(204, ""), ErrUnavailable, 204},
		{"redirect to nowhere", answering(307, ""), ErrUnavailable, 307},
		{"taken over", streaming(errorEvent("Framework failed over")), ErrFailedOver, 0},
		{"removed", streaming(errorEvent("Framework has been removed")), ErrRemoved, 0},
		{"rights", streaming(errorEvent("Not authorized to use role '*'")), ErrRefused, 0},
		{"not SUBSCRIBED", streaming(heartbeat()), ErrUnavailable, 0},
		{"ends at once", func(w http.ResponseWriter, _ *request) { stream(w, "s")() }, io.EOF, 0},
		{"ends within a record", func(w http.ResponseWriter, _ *request) { stream(w, "s"); io.WriteString(w, "10\nabc") }, io.ErrUnexpectedEOF, 0},
		{"no record", func(w http.ResponseWriter, _ *request) { stream(w, "s"); io.WriteString(w, "x") }, ErrRecordLength, 0},
		{"operator API", func(w http.ResponseWriter, _ *request) {
			w.Header().Set("Content-Type", mediaType)
			io.WriteString(w, "1\na")
		}, ErrRefused, 0},
		{"compressed", func(w http.ResponseWriter, _ *request) {
			w.Header().Set("Content-Encoding", "gzip")
			stream(w, "s")(subscribedEvent())
		}, ErrRefused, 0},
		{"JSON", func(w http.ResponseWriter, _ *request) {
			w.Header().Set(streamHeader, "s")
			w.Header().Set("Content-Type", "application/json")
			io.WriteString(w, "2\n{}")
		}, ErrRefused, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			client := newClient(t, Config{Detector: Masters(serve(t, &master{t: t, subscribe: c.answer}))})
			s, err := client.Subscribe(t.Context(), "", false)
			if s != nil || !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			var a *AnswerError
			if errors.As(err, &a) != (c.status != 0) || a != nil && a.Status != c.status {
				t.Errorf("got %#v, want status %d", a, c.status)
			}
		})
	}
}

// TestCallAnswers holds which answers concern the call and which the session.
func TestCallAnswers(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		answer func(http.ResponseWriter, *request)
		want   error // nil: taken
		also   error
	}{
		{"accepted", answering(202, ""), nil, nil},
		{"done", answering(200, ""), nil, nil},
		{"validation", answering(400, "Failed to validate scheduler::Call: Not a valid UUID"), ErrBadCall, nil},
		{"principal", answering(400, "Authenticated principal 'other' does not match principal 'golden' set in `FrameworkInfo`"), ErrBadCall, nil},
		{"unknown type", answering(501, ""), ErrBadCall, nil},
		{"handler failed", answering(500, "failed to decode body"), ErrBadCall, nil},
		{"too large", answering(413, ""), ErrBadCall, nil},
		{"framework unknown", answering(400, "Framework cannot be found"), ErrLost, ErrLost},
		{"stream unknown", answering(400, "The stream ID 'a' included in this request didn't match the stream ID currently associated with framework ID f"), ErrLost, ErrLost},
		{"stream missing", answering(400, "All non-subscribe calls should include the 'Mesos-Stream-Id' header"), ErrLost, ErrLost},
		{"not subscribed", answering(403, "Framework is not subscribed"), ErrLost, ErrLost},
		{"credentials", answering(401, ""), ErrLost, ErrRefused},
		{"not leading", redirecting("//127.0.0.1:1/master/api/v1/scheduler"), ErrLost, ErrLost},
		{"no leader", answering(503, "No leader elected"), ErrLost, ErrLost},
		{"no routes", answering(404, ""), ErrLost, ErrLost},
		{"odd", answering(299, ""), ErrLost, ErrLost},
		{"connection ends", func(http.ResponseWriter, *request) { panic(http.ErrAbortHandler) }, ErrLost, io.ErrUnexpectedEOF},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			m := &master{t: t, subscribe: streaming(subscribedEvent()), call: c.answer}
			s := subscribe(t, Config{Detector: Masters(serve(t, m))})
			err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE})
			if c.want == nil && err != nil || !errors.Is(err, c.want) || c.want == ErrBadCall && errors.Is(err, ErrLost) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
			if c.want != ErrLost {
				select {
				case <-s.Done():
					t.Error("the session is over")
				default:
				}
				return
			}
			<-s.Done()
			if _, err := s.Next(); !errors.Is(err, c.also) && c.name != "connection ends" {
				t.Errorf("the session ended with %v, want %v", err, c.also)
			}
			if err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}); !errors.Is(err, ErrLost) {
				t.Errorf("a call after the end: %v", err)
			}
			if n := len(m.taken()); n != 1 {
				t.Errorf("the master was asked %d times", n)
			}
		})
	}
}

// TestEvents holds what becomes of what comes in a stream.
func TestEvents(t *testing.T) {
	t.Parallel()
	raw := func(records ...string) func(http.ResponseWriter, *request) {
		return func(w http.ResponseWriter, _ *request) {
			send, out := stream(w, testStream), NewRecordWriter(w)
			if err := send(subscribedEvent()); err != nil {
				t.Error(err)
			}
			for _, r := range records {
				if err := out.Write([]byte(r)); err != nil {
					t.Error(err)
				}
			}
		}
	}
	bytesOf := func(ev *scheduler.Event) string {
		b, err := ev.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	unknownState := updateEvent("t2")
	state, reason := mesosv1.TaskState(99), mesosv1.TaskStatus_Reason(12345)
	unknownState.Update.Status.State, unknownState.Update.Status.Reason = &state, &reason
	overflow := "\x08\x02\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f" // OFFERS of 2⁶³-1 bytes
	cases := []struct {
		name    string
		records []string
		want    []scheduler.Event_Type
		err     error
	}{
		{"end", nil, nil, io.EOF},
		{"known", []string{bytesOf(heartbeat()), bytesOf(updateEvent("a"))}, []scheduler.Event_Type{8, 4}, io.EOF},
		{"unknown type", []string{"\x08\x63", bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"type UNKNOWN", []string{"\x08\x00", "", bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"unknown type with its body", []string{"\x08\x63\xa2\x06\x02hi", bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"unknown field", []string{bytesOf(heartbeat()) + "\xba\x3e\x02hi"}, []scheduler.Event_Type{8}, io.EOF},
		{"unknown enum numbers", []string{bytesOf(unknownState)}, []scheduler.Event_Type{4}, io.EOF},
		{"no body", []string{"\x08\x04", "\x08\x03", "\x08\x02", bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"required field missing", []string{"\x08\x04\x2a\x00", bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"garbage", []string{"\xff\xff\xff", bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"length that overflows", []string{overflow, bytesOf(heartbeat())}, []scheduler.Event_Type{8}, io.EOF},
		{"taken over", []string{bytesOf(errorEvent("Framework failed over")), bytesOf(heartbeat())}, nil, ErrFailedOver},
		{"refused", []string{bytesOf(errorEvent("Not authorized"))}, nil, ErrRefused},
		{"error without message", []string{"\x08\x07"}, nil, ErrRefused},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := subscribe(t, Config{Detector: Masters(serve(t, &master{t: t, subscribe: raw(c.records...)}))})
			var got []scheduler.Event_Type
			for {
				ev, err := s.Next()
				if err != nil {
					if !errors.Is(err, c.err) {
						t.Errorf("ended with %v, want %v", err, c.err)
					}
					if _, again := s.Next(); again != err {
						t.Errorf("asked again: %v, want %v", again, err)
					}
					break
				}
				got = append(got, ev.Type)
			}
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Version{
		"": {1, 0, 0}, "1.0.1": {1, 0, 1}, "1.11.0": {1, 11, 0}, "1.5.0-rc1": {1, 5, 0}, "1.4": {1, 4, 0}, "2": {2, 0, 0},
		"x": {1, 0, 0}, "1.x": {1, 0, 0}, "-1": {1, 0, 0}, "1.99999": {1, 0, 0}, "1.2.3.4": {1, 0, 0},
	} {
		if got := ParseVersion(text); got != want {
			t.Errorf("%q is %v, want %v", text, got, want)
		}
	}
	v := Version{1, 4, 2}
	for other, want := range map[[2]int]bool{{1, 4}: true, {1, 3}: true, {0, 9}: true, {1, 5}: false, {2, 0}: false} {
		if v.AtLeast(other[0], other[1]) != want {
			t.Errorf("%v at least %v: want %v", v, other, want)
		}
	}
	if (Version{1, 11, 0}).String() != "1.11.0" {
		t.Error(Version{1, 11, 0})
	}
}

// TestMultiRole holds that a framework of several roles is not put into another
// one by a master that is too old to know them.
func TestMultiRole(t *testing.T) {
	t.Parallel()
	info := testInfo()
	info.Roles = []string{"a", "b"}
	info.Capabilities = []mesosv1.FrameworkInfo_Capability{{Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE}}
	for version, want := range map[string]error{"": ErrRefused, "1.0.4": ErrRefused, "1.1.3": ErrRefused, "1.2.0": nil, "1.11.0": nil} {
		ev := subscribedEvent()
		if ev.Subscribed.MasterInfo.Version = &version; version == "" {
			ev.Subscribed.MasterInfo = nil // as before 1.1
		}
		s, err := newClient(t, Config{Detector: Masters(serve(t, &master{t: t, subscribe: streaming(ev)})), Framework: info}).Subscribe(t.Context(), "", false)
		if !errors.Is(err, want) {
			t.Errorf("at a master of version %q: %v, want %v", version, err, want)
		}
		if s != nil {
			s.Close()
		}
	}
}

// TestContext holds that the end of the context ends the session.
func TestContext(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	m := &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
		streaming(subscribedEvent())(w, r)
		close(gone)
	}}
	ctx, cancel := context.WithCancelCause(t.Context())
	s, err := newClient(t, Config{Detector: Masters(serve(t, m))}).Subscribe(ctx, "", false)
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("enough")
	cancel(why)
	if _, err := s.Next(); !errors.Is(err, why) {
		t.Errorf("ended with %v", err)
	}
	<-gone // the master sees the stream close
	if err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}); !errors.Is(err, ErrLost) || !errors.Is(err, why) {
		t.Errorf("a call after the end: %v", err)
	}
	s.Close()
	s.Close()
	if _, err := newClient(t, Config{Detector: Masters(serve(t, m))}).Subscribe(ctx, "", false); !errors.Is(err, why) {
		t.Errorf("subscribed with a context that is over: %v", err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	m := &master{t: t, subscribe: streaming(subscribedEvent()), call: func(_ http.ResponseWriter, r *request) { <-r.Context().Done() }}
	s := subscribe(t, Config{Detector: Masters(serve(t, m))})
	next, answered := make(chan error, 1), make(chan error, 1)
	go func() {
		_, err := s.Next()
		next <- err
	}()
	if err := s.Send(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}, func(err error) { answered <- err }); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := <-next; !errors.Is(err, ErrClosed) {
		t.Errorf("Next said %v", err)
	}
	if err := <-answered; !errors.Is(err, ErrLost) || !errors.Is(err, ErrClosed) {
		t.Errorf("the call was told %v", err)
	}
}

// TestBadCalls holds that what can't be sent is refused and harms nothing.
func TestBadCalls(t *testing.T) {
	t.Parallel()
	m := &master{t: t, subscribe: streaming(subscribedEvent())}
	s := subscribe(t, Config{Detector: Masters(serve(t, m))})
	for name, call := range map[string]*scheduler.Call{
		"SUBSCRIBE":    {Type: scheduler.Call_SUBSCRIBE},
		"without uuid": {Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{}},
	} {
		if err := s.Call(t.Context(), call); !errors.Is(err, ErrBadCall) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Call(over, &scheduler.Call{Type: scheduler.Call_REVIVE}); !errors.Is(err, context.Canceled) || errors.Is(err, ErrLost) {
		t.Errorf("with a context that is over: %v", err)
	}
	if err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_SUPPRESS}); err != nil {
		t.Error(err)
	}
	if got := m.taken(); len(got) != 1 || got[0].Type != scheduler.Call_SUPPRESS {
		t.Errorf("the master took %v", got)
	}
}

// TestIdleConnectionCloses holds that a master may close the connection for
// calls while nothing is on its way.
func TestIdleConnectionCloses(t *testing.T) {
	t.Parallel()
	conns := make(chan net.Addr, 3)
	m := &master{t: t, subscribe: streaming(subscribedEvent())}
	m.call = func(w http.ResponseWriter, r *request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusAccepted)
	}
	s := subscribe(t, Config{Detector: Masters(serve(t, m)), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			conns <- c.LocalAddr()
		}
		return c, err
	}})
	<-conns // the stream
	for range 2 {
		if err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}); err != nil {
			t.Fatal(err)
		}
		<-conns // one for each call
	}
}
