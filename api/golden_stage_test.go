package api_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	_ "time/tzdata" // the machine of the test may have none

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
	"github.com/hora-scheduler/hora/ui"
)

// stage is a whole hora in virtual time, that can be restarted: a store, a
// cluster, a leader, and an HTTP server on connections in memory.
type stage struct {
	t      *testing.T
	store  *memory.Server
	mesos  *simulated
	api    string // root of the paths
	conns  chan net.Conn
	closed chan struct{}

	mu      sync.Mutex
	handler http.Handler // of the present process
	leads   *leader.Leader
	stop    func() // ends the present process
}

// curtain is when the play begins: about when the recordings were made.
var curtain = time.Date(2026, 11, 24, 20, 21, 19, 345e6, time.UTC)

// play runs f on a stage of its own.
func play(t *testing.T, root string, f func(s *stage)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(curtain))
		ctx, cancel := context.WithCancel(t.Context())
		s := &stage{t: t, store: memory.NewServer(), mesos: newSimulated(t), api: root, conns: make(chan net.Conn), closed: make(chan struct{})}
		var others sync.WaitGroup
		others.Go(func() { s.mesos.clock(ctx) })
		server := &http.Server{Handler: http.HandlerFunc(s.serve), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
		others.Go(func() { _ = server.Serve(s) })
		s.start()
		f(s)
		s.stop()
		_ = server.Close()
		cancel()
		others.Wait()
	})
}

// pause lets virtual time pass.
func pause(d time.Duration) { time.Sleep(d) }

// start starts a process that leads.
func (s *stage) start() {
	cfg := scheduler.DefaultConfig()
	cfg.RetryInterval = 3 * time.Second // --failure_retry 3000
	l := leader.New(leader.Options{
		Store: store.New(s.store.Open()), Cluster: s.mesos, Config: cfg, Self: self, Log: slog.New(slog.DiscardHandler),
	})
	var level slog.LevelVar
	h := api.New(api.Options{Scheduler: l, Defaults: api.Defaults{Epsilon: time.Minute}, Page: ui.Handler(), Level: &level})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := l.Run(ctx); err != nil {
			s.t.Errorf("run: %v", err)
		}
	}()
	s.mu.Lock()
	s.handler, s.leads, s.stop = h, l, func() { cancel(); <-ended }
	s.mu.Unlock()
	for !l.View().Subscribed {
		time.Sleep(10 * time.Millisecond)
	}
}

func (s *stage) serve(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.handler
	s.mu.Unlock()
	h.ServeHTTP(w, r)
}

// Accept, Close and Addr make the stage a listener.
func (s *stage) Accept() (net.Conn, error) {
	select {
	case c := <-s.conns:
		return c, nil
	case <-s.closed:
		return nil, net.ErrClosed
	}
}

func (s *stage) Close() error   { close(s.closed); return nil }
func (s *stage) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4400} }

// ask makes one exchange on a connection of its own. It sends the headers given,
// Host, and a length if there is a body or the method has one.
func (s *stage) ask(method, path string, headers map[string]string, body []byte) recorded {
	s.t.Helper()
	synctest.Wait() // what the exchange before has led to is done: which is first does not hang on the machine
	here, there := net.Pipe()
	defer here.Close()
	s.conns <- there
	var q bytes.Buffer
	fmt.Fprintf(&q, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, path, self)
	for name, value := range headers {
		fmt.Fprintf(&q, "%s: %s\r\n", name, value)
	}
	if _, given := headers["Content-Length"]; !given && (body != nil || method == "POST" || method == "PUT") {
		fmt.Fprintf(&q, "Content-Length: %d\r\n", len(body))
	}
	q.WriteString("\r\n")
	q.Write(body)
	go func() { _, _ = here.Write(q.Bytes()) }() // the server may answer before it has read all
	resp, err := http.ReadResponse(bufio.NewReader(here), &http.Request{Method: method})
	if err != nil {
		return recorded{Error: err.Error()}
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return recorded{Error: err.Error()}
	}
	got := recorded{Status: resp.StatusCode, Headers: map[string]string{}}
	for name, values := range resp.Header {
		got.Headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	if got.Headers["content-encoding"] == "gzip" && len(raw) > 0 {
		zip, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return recorded{Error: err.Error()}
		}
		if raw, err = io.ReadAll(zip); err != nil {
			return recorded{Error: err.Error()}
		}
	}
	got.Body = string(raw)
	return got
}

// jobs are all jobs by name; nil if the server does not say.
func (s *stage) jobs() map[string]ordered {
	r := s.ask("GET", s.api+"/jobs", nil, nil)
	doc, err := readJSON(r.Body)
	list, isList := doc.([]any)
	if r.Status != http.StatusOK || err != nil || !isList {
		return nil
	}
	out := map[string]ordered{}
	for _, x := range list {
		j, _ := x.(ordered)
		name, _ := j.get("name")
		out[fmt.Sprint(name)] = j
	}
	return out
}

// wait waits until something holds, for so many seconds at most.
func (s *stage) wait(w *waiting, vars *placeholders) bool {
	until, seconds := vars.fill(w.Until), w.Seconds
	if seconds == 0 {
		seconds = 30
	}
	patience := time.Duration(seconds * float64(time.Second))
	if until == "elapsed" {
		time.Sleep(patience)
		return true
	}
	for end := time.Now().Add(patience); ; time.Sleep(197*time.Millisecond + 13*time.Microsecond) {
		if s.holds(until) {
			return true
		}
		if time.Now().After(end) {
			return false
		}
	}
}

// holds knows: server up|down, job NAME present|absent, job NAME FIELD
// ==|!=|>= VALUE, csv NAME LAST STATE.
func (s *stage) holds(until string) bool {
	w := strings.Fields(until)
	switch w[0] {
	case "server":
		up := s.ask("GET", s.api+"/jobs", nil, nil).Error == ""
		return up == (w[1] == "up")
	case "job":
		all := s.jobs()
		j, there := all[w[1]]
		switch {
		case all == nil:
			return false
		case w[2] == "present" || w[2] == "absent":
			return there == (w[2] == "present")
		}
		return there && fieldHolds(j, w[2:])
	case "csv":
		for line := range strings.SplitSeq(s.ask("GET", s.api+"/graph/csv", nil, nil).Body, "\n") {
			f := strings.Split(line, ",")
			if len(f) == 4 && f[0] == "node" && f[1] == w[1] {
				return wildcard(w[2], f[2]) && wildcard(w[3], f[3])
			}
		}
		return false
	}
	s.t.Fatalf("wait until %q", until)
	return false
}

func wildcard(pattern, text string) bool {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*") + "$").MatchString(text)
}

// fieldHolds compares a field: FIELD OPERATOR VALUE.
func fieldHolds(j ordered, w []string) bool {
	have, _ := j.get(w[0])
	want := strings.Join(w[2:], " ")
	if want == `""` {
		want = ""
	}
	switch w[1] {
	case "==":
		return fmt.Sprint(have) == want
	case "!=":
		return fmt.Sprint(have) != want
	}
	a, err1 := strconv.ParseInt(fmt.Sprint(have), 10, 64)
	b, err2 := strconv.ParseInt(want, 10, 64)
	return errors.Join(err1, err2) == nil && a >= b
}

// restart ends the process and starts another one with the same store and cluster.
func (s *stage) restart() {
	s.stop()
	time.Sleep(2 * time.Second)
	s.start()
}
