package mesos

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Things that a test master says.
const (
	testFramework = "f-0001"
	testStream    = "stream-1"
	testBeat      = 15.0
)

func testInfo() mesosv1.FrameworkInfo { return mesosv1.FrameworkInfo{User: "root", Name: "test"} }

func subscribedEvent() *scheduler.Event {
	beat, version, port := testBeat, "1.11.0", uint32(5050)
	return &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: &scheduler.Event_Subscribed{
		FrameworkID: &mesosv1.FrameworkID{Value: testFramework}, HeartbeatIntervalSeconds: &beat,
		MasterInfo: &mesosv1.MasterInfo{ID: "m", Port: &port, Version: &version},
	}}
}

func heartbeat() *scheduler.Event { return &scheduler.Event{Type: scheduler.Event_HEARTBEAT} }

func errorEvent(message string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: message}}
}

func updateEvent(task string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_UPDATE, Update: &scheduler.Event_Update{Status: mesosv1.TaskStatus{
		TaskID: mesosv1.TaskID{Value: task}, State: mesosv1.TASK_RUNNING.Enum(), UUID: bytes.Repeat([]byte("u"), 16),
	}}}
}

// request is what a test master was asked.
type request struct {
	*http.Request
	call scheduler.Call
}

// master is the handler of a test master: what it does with a SUBSCRIBE and
// with a call is the test's.
type master struct {
	t         testing.TB
	subscribe func(w http.ResponseWriter, r *request)
	call      func(w http.ResponseWriter, r *request) // nil: 202

	mu    sync.Mutex
	calls []scheduler.Call
}

// ServeHTTP implements http.Handler.
func (m *master) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	in := &request{Request: r}
	if err := in.call.Unmarshal(body); err != nil {
		m.t.Errorf("the master can't read a call: %v", err)
	}
	if in.call.Type == scheduler.Call_SUBSCRIBE {
		m.subscribe(w, in)
		return
	}
	m.mu.Lock()
	m.calls = append(m.calls, in.call)
	m.mu.Unlock()
	if m.call == nil {
		w.WriteHeader(http.StatusAccepted)
		return
	}
	m.call(w, in)
}

// taken returns the calls so far.
func (m *master) taken() []scheduler.Call {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]scheduler.Call(nil), m.calls...)
}

// stream begins a stream of events.
func stream(w http.ResponseWriter, id string) func(events ...*scheduler.Event) error {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set(streamHeader, id)
	w.WriteHeader(http.StatusOK)
	http.NewResponseController(w).Flush()
	records := NewRecordWriter(w)
	return func(events ...*scheduler.Event) error {
		for _, ev := range events {
			b, err := ev.Marshal()
			if err != nil {
				panic(err) // the test is wrong
			}
			if err := records.Write(b); err != nil {
				return err
			}
			if err := http.NewResponseController(w).Flush(); err != nil {
				return err
			}
		}
		return nil
	}
}

// streaming answers SUBSCRIBE with these events and then keeps the stream open.
func streaming(events ...*scheduler.Event) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, r *request) {
		if stream(w, testStream)(events...) == nil {
			<-r.Context().Done()
		}
	}
}

// answering answers with a status and a text.
func answering(status int, text string) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, _ *request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

// redirecting redirects.
func redirecting(location string) func(http.ResponseWriter, *request) {
	return func(w http.ResponseWriter, _ *request) {
		w.Header().Set("Location", location)
		w.WriteHeader(http.StatusTemporaryRedirect)
	}
}

// serve starts a master on loopback.
func serve(t testing.TB, h http.Handler) (base string) {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

func newClient(t testing.TB, c Config) *Client {
	t.Helper()
	if c.Framework.Name == "" {
		c.Framework = testInfo()
	}
	client, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func subscribe(t testing.TB, c Config) *Session {
	t.Helper()
	s, err := newClient(t, c).Subscribe(t.Context(), "", false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// pipes is a network in memory, for bubbles: hosts by address.
type pipes struct {
	mu    sync.Mutex
	hosts map[string]*pipeListener
}

// pipeListener is a listener of a host.
type pipeListener struct {
	conns chan net.Conn
	done  chan struct{}
	once  sync.Once
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.done) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{} }

// dial is a Config.Dial.
func (p *pipes) dial(ctx context.Context, _, address string) (net.Conn, error) {
	p.mu.Lock()
	l := p.hosts[address]
	p.mu.Unlock()
	if l == nil {
		return nil, errors.New("connection refused")
	}
	ours, theirs := net.Pipe()
	select {
	case l.conns <- theirs:
		return ours, nil
	case <-l.done:
		return nil, errors.New("connection refused")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// serve starts a master at an address such as m1:5050; stop stops it and ends
// its connections.
func (p *pipes) serve(address string, h http.Handler) (stop func()) {
	l := &pipeListener{conns: make(chan net.Conn), done: make(chan struct{})}
	p.mu.Lock()
	if p.hosts == nil {
		p.hosts = map[string]*pipeListener{}
	}
	p.hosts[address] = l
	p.mu.Unlock()
	var serving sync.WaitGroup
	counted := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		serving.Add(1)
		defer serving.Done()
		h.ServeHTTP(w, r)
	})
	server := &http.Server{Handler: counted, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	serving.Go(func() { server.Serve(l) })
	return func() {
		p.mu.Lock()
		if p.hosts[address] == l {
			delete(p.hosts, address)
		}
		p.mu.Unlock()
		server.Close()
		serving.Wait()
	}
}
