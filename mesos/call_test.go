package mesos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func kill(task string) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{TaskID: mesosv1.TaskID{Value: task}}}
}

func acknowledge(task string) *scheduler.Call {
	return &scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
		AgentID: mesosv1.AgentID{Value: "6f1c7c2e-5f0e-4f9e-9d55-1f0a3f1e8c55-S17"}, TaskID: mesosv1.TaskID{Value: task}, UUID: []byte("0123456789abcdef"),
	}}
}

// TestOrder holds that calls reach the master in the order in which they were
// sent, on one connection, and that each is told its own answer.
func TestOrder(t *testing.T) {
	t.Parallel()
	const n = 3000
	m := &master{t: t, subscribe: streaming(subscribedEvent())}
	m.call = func(w http.ResponseWriter, r *request) {
		if id := r.call.Kill.TaskID.Value; id[len(id)-1] == '7' {
			answering(400, "no task "+id)(w, r)
			return
		}
		w.WriteHeader(http.StatusAccepted)
	}
	var dials atomic.Int32
	s := subscribe(t, Config{Detector: Masters(serve(t, m)), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, network, address)
	}})
	var all sync.WaitGroup
	for i := range n {
		all.Add(1)
		task := fmt.Sprintf("task-%d", i)
		err := s.Send(t.Context(), kill(task), func(err error) {
			defer all.Done()
			var a *AnswerError
			errors.As(err, &a)
			switch {
			case i%10 == 7 && a != nil && a.Text == "no task "+task && errors.Is(err, ErrBadCall), i%10 != 7 && err == nil:
			default:
				t.Errorf("%s was told %v", task, err)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	all.Wait()
	got := m.taken()
	if len(got) != n {
		t.Fatalf("the master took %d calls", len(got))
	}
	for i, c := range got {
		if c.Kill.TaskID.Value != fmt.Sprintf("task-%d", i) {
			t.Fatalf("call %d was for %s", i, c.Kill.TaskID.Value)
		}
	}
	if n := dials.Load(); n != 2 {
		t.Errorf("%d connections were made, want one for the stream and one for calls", n)
	}
}

// TestConcurrentCalls holds that calls of many goroutines do not mix.
func TestConcurrentCalls(t *testing.T) {
	t.Parallel()
	m := &master{t: t, subscribe: streaming(subscribedEvent())}
	s := subscribe(t, Config{Detector: Masters(serve(t, m))})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 100 {
				if err := s.Call(t.Context(), kill(fmt.Sprintf("%d.%d", g, i))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	last := map[string]int{}
	for _, c := range m.taken() {
		var g, i int
		if _, err := fmt.Sscanf(c.Kill.TaskID.Value, "%d.%d", &g, &i); err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprint(g)
		if i != last[name] {
			t.Fatalf("goroutine %d: call %d came where %d was due", g, i, last[name])
		}
		last[name]++
	}
	if len(last) != 8 || last["0"] != 100 {
		t.Errorf("the master took %v", last)
	}
}

// TestPipelining holds that calls do not wait for the answers to others, that
// answers may come together, in odd but valid forms, and after provisional ones.
func TestPipelining(t *testing.T) {
	t.Parallel()
	const n = 4
	stream := serve(t, &master{t: t, subscribe: streaming(subscribedEvent())})
	ours, theirs := net.Pipe()
	dials := 0
	s := subscribe(t, Config{Detector: Masters(stream), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 1 {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		return ours, nil
	}})
	var served sync.WaitGroup
	served.Go(func() {
		r := bufio.NewReader(theirs)
		for range n { // all are read before the first is answered
			req, err := http.ReadRequest(r)
			if err == nil {
				_, err = io.Copy(io.Discard, req.Body)
			}
			if err != nil {
				t.Error(err)
				return
			}
		}
		if _, err := io.WriteString(theirs, "HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"+
			"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nnot\r\n5\r\n good\r\n0\r\n\r\n"+
			"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok"+"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"); err != nil {
			t.Error(err)
		}
	})
	told := make(chan error, n)
	for range n {
		if err := s.Send(t.Context(), kill("t"), func(err error) { told <- err }); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		err := <-told
		var a *AnswerError
		if (i == 1) != errors.As(err, &a) || a != nil && (a.Text != "not good" || a.Status != 400 || a.Call != scheduler.Call_KILL) {
			t.Errorf("call %d was told %v", i, err)
		}
	}
	served.Wait()
}

// TestUnaskedAnswer holds that an answer that nobody asked for is given to nobody.
func TestUnaskedAnswer(t *testing.T) {
	t.Parallel()
	stream := serve(t, &master{t: t, subscribe: streaming(subscribedEvent())})
	dials := 0
	var served sync.WaitGroup
	s := subscribe(t, Config{Detector: Masters(stream), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
		if dials++; dials == 1 {
			return new(net.Dialer).DialContext(ctx, network, address)
		}
		ours, theirs := net.Pipe()
		served.Go(func() {
			req, err := http.ReadRequest(bufio.NewReader(theirs))
			if err == nil {
				_, err = io.Copy(io.Discard, req.Body)
			}
			if err != nil {
				t.Error(err)
			}
			io.WriteString(theirs, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
			io.WriteString(theirs, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
			theirs.Read(make([]byte, 1)) // until the client hangs up
		})
		return ours, nil
	}})
	for range 2 {
		if err := s.Call(t.Context(), kill("t")); err != nil {
			t.Fatal(err)
		}
		served.Wait() // the connection is given up
	}
	if dials != 3 {
		t.Errorf("%d connections, want a new one for the second call", dials)
	}
}

// TestHugeAnswer holds that an endless error page is cut.
func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	m := &master{t: t, subscribe: streaming(subscribedEvent())}
	m.call = func(w http.ResponseWriter, r *request) {
		w.WriteHeader(400)
		for range 1 << 10 {
			if _, err := w.Write(make([]byte, 1<<10)); err != nil {
				return
			}
		}
	}
	s := subscribe(t, Config{Detector: Masters(serve(t, m))})
	for range 2 {
		err := s.Call(t.Context(), kill("t"))
		var a *AnswerError
		if !errors.As(err, &a) || !errors.Is(err, ErrBadCall) || len(a.Text) > maxText {
			t.Fatalf("got %.200v", err)
		}
	}
}

// BenchmarkAcknowledge measures how many calls a second one session makes, to a
// server of net/http on loopback: "each waits" makes the next call when the
// last one is answered, "in flight" does not wait.
func BenchmarkAcknowledge(b *testing.B) {
	accept := func(w http.ResponseWriter, _ *request) { w.WriteHeader(http.StatusAccepted) }
	m := &discarding{master{t: b, subscribe: streaming(subscribedEvent()), call: accept}}
	call := acknowledge("ct:1700000000000:0:nightly-report:5d41402a")
	b.Run("each waits", func(b *testing.B) {
		s := subscribe(b, Config{Detector: Masters(serve(b, m))})
		b.ReportAllocs()
		for b.Loop() {
			if err := s.Call(b.Context(), call); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	})
	b.Run("in flight", func(b *testing.B) {
		s := subscribe(b, Config{Detector: Masters(serve(b, m))})
		var all sync.WaitGroup
		b.ReportAllocs()
		for b.Loop() {
			all.Add(1)
			if err := s.Send(b.Context(), call, func(err error) {
				if err != nil {
					b.Error(err)
				}
				all.Done()
			}); err != nil {
				b.Fatal(err)
			}
		}
		all.Wait()
		b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
	})
}

// discarding is a master that does not keep the calls.
type discarding struct{ master }

// ServeHTTP implements http.Handler.
func (d *discarding) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(streamHeader) == "" {
		d.master.ServeHTTP(w, r)
		return
	}
	io.Copy(io.Discard, r.Body)
	w.WriteHeader(http.StatusAccepted)
}
