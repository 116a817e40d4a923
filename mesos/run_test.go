package mesos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// diary is a handler that keeps what it is told.
type diary struct {
	mu    sync.Mutex
	lines []string
	began time.Time
	on    func(line string) // called with each line; may be nil
	last  error
}

func newDiary() *diary { return &diary{began: time.Now()} }

func (d *diary) write(line string) {
	d.mu.Lock()
	d.lines = append(d.lines, line)
	d.mu.Unlock()
	if d.on != nil {
		d.on(line)
	}
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.Join(d.lines, " ")
}

func (d *diary) Subscribed(s *Session, _ *scheduler.Event_Subscribed) {
	d.write("subscribed@" + strings.TrimPrefix(s.Master(), "http://"))
}
func (d *diary) Event(ev *scheduler.Event) { d.write(ev.Type.String()) }
func (d *diary) Disconnected(err error) {
	d.last = err
	d.write("disconnected")
}

// running runs Run in a bubble; stop ends it and checks that it ends.
func running(t *testing.T, c Config, id string, h Handler) (result chan error, stop func()) {
	t.Helper()
	if c.Framework.Name == "" {
		c.Framework = testInfo()
	}
	ctx, cancel := context.WithCancel(t.Context())
	result = make(chan error, 1)
	go func() { result <- Run(ctx, c, id, h) }()
	return result, func() {
		t.Helper()
		cancel()
		synctest.Wait()
		select {
		case err := <-result:
			if !errors.Is(err, context.Canceled) {
				t.Errorf("Run returned %v", err)
			}
		default:
			t.Error("Run did not end with its context")
		}
	}
}

// TestRun holds the life of a framework: new, cut off, back with its id, elsewhere.
func TestRun(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		var ids []string
		first := &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
			ids = append(ids, r.call.GetFrameworkID().GetValue())
			stream(w, "s")(subscribedEvent(), heartbeat(), updateEvent("t"))
		}}
		stopFirst := net.serve("m1:5050", first)
		d := newDiary()
		_, stop := running(t, Config{Detector: Masters("http://m1:5050", "http://m2:5050"), Dial: net.dial}, "", d)
		synctest.Wait()
		if got, want := d.String(), "subscribed@m1:5050 HEARTBEAT UPDATE disconnected"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if !errors.Is(d.last, io.EOF) {
			t.Errorf("disconnected because of %v", d.last)
		}
		stopFirst()
		d.lines = nil
		stopSecond := net.serve("m2:5050", &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
			ids = append(ids, r.call.GetFrameworkID().GetValue())
			streaming(subscribedEvent())(w, r)
		}})
		time.Sleep(500 * time.Millisecond)
		synctest.Wait()
		if got, want := d.String(), "subscribed@m2:5050"; got != want {
			t.Errorf("after the first pause: %s, want %s", got, want)
		}
		if !slices.Equal(ids, []string{"", testFramework}) {
			t.Errorf("subscribed with the ids %q", ids)
		}
		stop()
		if got, want := d.String(), "subscribed@m2:5050 disconnected"; got != want {
			t.Errorf("at the end: %s, want %s", got, want)
		}
		stopSecond()
	})
}

func TestRunReturns(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]error{"Framework failed over": ErrFailedOver, "Framework has been removed": ErrRemoved} {
		for name, events := range map[string][]*scheduler.Event{"at once": nil, "later": {subscribedEvent(), heartbeat()}} {
			synctest.Test(t, func(t *testing.T) {
				var net pipes
				defer net.serve("m:5050", &master{t: t, subscribe: streaming(append(slices.Clone(events), errorEvent(message))...)})()
				d := newDiary()
				err := Run(t.Context(), Config{Detector: Masters("m:5050"), Dial: net.dial, Framework: testInfo()}, "f", d)
				if !errors.Is(err, want) {
					t.Errorf("%s, %s: got %v", message, name, err)
				}
				if got := d.String(); (events == nil) != (got == "") || events != nil && !strings.HasSuffix(got, "HEARTBEAT disconnected") {
					t.Errorf("%s, %s: told %q", message, name, got)
				}
			})
		}
	}
	if err := Run(t.Context(), Config{}, "", newDiary()); err == nil {
		t.Error("an empty config is taken")
	}
}

// TestWatchdog holds after how long a silence a session ends, and that neither
// heartbeats nor a slow handler are one.
func TestWatchdog(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name    string
		beat    float64 // announced; 0: none
		silence time.Duration
		want    time.Duration
	}{
		{"announced 15 s", 15, 0, 75 * time.Second},
		{"announced 2 s", 2, 0, 10 * time.Second},
		{"announced 20 ms", 0.02, 0, 100 * time.Millisecond},
		{"not announced", 0, 0, 75 * time.Second},
		{"negative", -1, 0, 75 * time.Second},
		{"absurd", 1e300, 0, 75 * time.Second},
		{"configured", 15, 7 * time.Second, 7 * time.Second},
	}
	for _, c := range cases {
		synctest.Test(t, func(t *testing.T) {
			var net pipes
			ev := subscribedEvent()
			ev.Subscribed.HeartbeatIntervalSeconds = &c.beat
			if c.beat == 0 {
				ev.Subscribed.HeartbeatIntervalSeconds = nil
			}
			alive := c.want * 4 / 5
			defer net.serve("m:5050", &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
				send := stream(w, testStream)
				send(ev)
				for range 100 {
					time.Sleep(alive)
					if send(heartbeat()) != nil {
						t.Errorf("%s: the session ended while the master spoke", c.name)
					}
				}
				<-r.Context().Done()
			}})()
			s, err := newClient(t, Config{Detector: Masters("m:5050"), Dial: net.dial, Silence: c.silence}).Subscribe(t.Context(), "", false)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			for range 100 {
				if _, err := s.Next(); err != nil {
					t.Fatalf("%s: %v", c.name, err)
				}
			}
			time.Sleep(10 * c.want) // the user takes his time
			began := time.Now()
			_, err = s.Next()
			if took := time.Since(began); !errors.Is(err, ErrSilent) || took != c.want {
				t.Errorf("%s: %v after %v, want silence after %v", c.name, err, took, c.want)
			}
		})
	}
}

// TestHungMaster holds how long a master may take to answer.
func TestHungMaster(t *testing.T) {
	t.Parallel()
	hang := func(_ http.ResponseWriter, r *request) { <-r.Context().Done() }
	for _, c := range []struct {
		name      string
		subscribe func(http.ResponseWriter, *request)
		want      error
	}{{"no answer", hang, ErrUnavailable}, {"no SUBSCRIBED", streaming(), ErrSilent}, {"no call answered", streaming(subscribedEvent()), nil}} {
		synctest.Test(t, func(t *testing.T) {
			var net pipes
			defer net.serve("m:5050", &master{t: t, subscribe: c.subscribe, call: hang})()
			began := time.Now()
			s, err := newClient(t, Config{Detector: Masters("m:5050"), Dial: net.dial, Timeout: 9 * time.Second}).Subscribe(t.Context(), "", false)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				defer s.Close()
				if err = s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}); !errors.Is(err, ErrSilent) || !errors.Is(err, ErrLost) {
					t.Errorf("%s: got %v", c.name, err)
				}
			} else if !errors.Is(err, c.want) {
				t.Errorf("%s: got %v", c.name, err)
			}
			if took := time.Since(began); took != 9*time.Second {
				t.Errorf("%s: took %v", c.name, took)
			}
		})
	}
}

// TestCallGivesUp holds that a call whose context ends harms no other.
func TestCallGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		m := &master{t: t, subscribe: streaming(subscribedEvent())}
		m.call = func(w http.ResponseWriter, r *request) {
			if r.call.Type == scheduler.Call_REVIVE {
				time.Sleep(3 * time.Second)
				answering(400, "no good")(w, r)
				return
			}
			w.WriteHeader(http.StatusAccepted)
		}
		defer net.serve("m:5050", m)()
		s, err := newClient(t, Config{Detector: Masters("m:5050"), Dial: net.dial}).Subscribe(t.Context(), "", false)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Call(ctx, &scheduler.Call{Type: scheduler.Call_REVIVE}); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrLost) {
			t.Errorf("got %v", err)
		}
		if err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_SUPPRESS}); err != nil {
			t.Errorf("the next call: %v", err)
		}
	})
}

// attempts returns when a master that answers like this is asked, in a time.
func attempts(t *testing.T, during time.Duration, answer func(n int, w http.ResponseWriter, r *request)) (at []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		began := time.Now()
		defer net.serve("m:5050", &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
			at = append(at, time.Since(began))
			answer(len(at), w, r)
		}})()
		_, stop := running(t, Config{Detector: Masters("m:5050"), Dial: net.dial}, "", newDiary())
		time.Sleep(during)
		synctest.Wait()
		stop()
	})
	return at
}

// TestBackoff holds the pauses between attempts.
func TestBackoff(t *testing.T) {
	t.Parallel()
	check := func(name string, at []time.Duration, want ...[2]time.Duration) {
		t.Helper()
		if len(at) <= len(want) {
			t.Errorf("%s: only %d attempts: %v", name, len(at), at)
			return
		}
		for i, w := range want {
			if d := at[i+1] - at[i]; d < w[0] || d > w[1] {
				t.Errorf("%s: pause %d is %v, want %v to %v", name, i, d, w[0], w[1])
			}
		}
	}
	const ms, s = time.Millisecond, time.Second
	exponential := [][2]time.Duration{{0, 500 * ms}, {500 * ms, s}, {s, 2 * s}, {2 * s, 4 * s}, {4 * s, 8 * s}, {7500 * ms, 15 * s}, {7500 * ms, 15 * s}}
	refused := [][2]time.Duration{{30 * s, 60 * s}, {30 * s, 60 * s}}
	always := func(a func(http.ResponseWriter, *request)) func(int, http.ResponseWriter, *request) {
		return func(_ int, w http.ResponseWriter, r *request) { a(w, r) }
	}
	check("unavailable", attempts(t, 2*time.Minute, always(answering(503, "No leader elected"))), exponential...)
	check("redirects to itself", attempts(t, 2*time.Minute, always(redirecting("//m:5050/master/api/v1/scheduler"))), exponential...)
	check("ends at once", attempts(t, 2*time.Minute, always(func(w http.ResponseWriter, _ *request) { stream(w, "s")(subscribedEvent()) })), exponential...)
	check("unauthorized", attempts(t, 5*time.Minute, always(answering(401, ""))), refused...)
	check("refused by event", attempts(t, 5*time.Minute, always(streaming(errorEvent("Not authorized")))), refused...)
	check("a long session", attempts(t, 5*time.Minute, func(n int, w http.ResponseWriter, r *request) {
		if n != 4 {
			answering(503, "")(w, r)
			return
		}
		stream(w, "s")(subscribedEvent())
		time.Sleep(20 * s)
	}), exponential[0], exponential[1], exponential[2], [2]time.Duration{20 * s, 20*s + 500*ms}, exponential[1], exponential[2])
}

// TestPausesDiffer holds that two frameworks do not come back together.
func TestPausesDiffer(t *testing.T) {
	t.Parallel()
	b := Backoff{First: 500 * time.Millisecond, Min: time.Second, Max: 15 * time.Second}
	for tries := range 8 {
		seen := map[time.Duration]bool{}
		for range 20 {
			seen[b.pause(tries)] = true
		}
		if len(seen) < 15 {
			t.Errorf("only %d different pauses out of 20 after %d tries", len(seen), tries)
		}
	}
}

// TestRunUnderFaults holds that whatever happens, sessions begin and end in
// turn, calls of ended sessions fail, and nothing is left over in the end.
func TestRunUnderFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(10) {
		synctest.Test(t, func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 1))
			var net pipes
			faults := []func(http.ResponseWriter, *request){
				answering(503, ""), answering(404, ""), redirecting("//m2:5050/api/v1/scheduler"), redirecting("//nobody:5050"), redirecting("/"),
				streaming(subscribedEvent(), heartbeat()), streaming(), streaming(errorEvent("Not authorized")),
				func(w http.ResponseWriter, _ *request) { stream(w, "s")(subscribedEvent(), updateEvent("t")) },
				func(w http.ResponseWriter, _ *request) {
					stream(w, "s")(subscribedEvent())
					panic(http.ErrAbortHandler)
				},
				func(w http.ResponseWriter, _ *request) {
					stream(w, "s")(subscribedEvent())
					io.WriteString(w, "12\nxx")
				},
				func(w http.ResponseWriter, r *request) { <-r.Context().Done() },
			}
			answers := []func(http.ResponseWriter, *request){
				answering(202, ""), answering(202, ""), answering(400, "Framework cannot be found"), answering(403, ""), answering(503, ""),
				func(http.ResponseWriter, *request) { panic(http.ErrAbortHandler) },
				func(http.ResponseWriter, *request) { time.Sleep(time.Minute) }, // a server does not see the end of a connection behind a second request
			}
			var mu sync.Mutex
			pick := func(from []func(http.ResponseWriter, *request)) func(http.ResponseWriter, *request) {
				return func(w http.ResponseWriter, in *request) {
					mu.Lock()
					f := from[r.IntN(len(from))]
					mu.Unlock()
					f(w, in)
				}
			}
			for _, m := range []string{"m1:5050", "m2:5050"} {
				defer net.serve(m, &master{t: t, subscribe: pick(faults), call: pick(answers)})()
			}
			d := &caller{diary: newDiary(), t: t}
			_, stop := running(t, Config{Detector: Masters("m1:5050", "m2:5050", "m3:5050"), Dial: net.dial}, "", d)
			time.Sleep(2 * time.Hour)
			stop()
			d.pending.Wait()
			sessions, open := 0, false
			for _, line := range d.lines {
				switch begins := strings.HasPrefix(line, "subscribed"); {
				case begins == open && (begins || line == "disconnected"), !begins && !open:
					t.Fatalf("seed %d: %s", seed, d)
				case begins:
					open = true
					sessions++
				case line == "disconnected":
					open = false
				}
			}
			if open || sessions < 10 {
				t.Errorf("seed %d: %d sessions, open: %v", seed, sessions, open)
			}
		})
	}
}

// caller is a diary that sends a few calls in each session.
type caller struct {
	*diary
	t       *testing.T
	session *Session
	pending sync.WaitGroup
}

// Subscribed implements Handler.
func (c *caller) Subscribed(s *Session, ev *scheduler.Event_Subscribed) {
	c.session = s
	c.diary.Subscribed(s, ev)
	for range 3 {
		c.pending.Add(1)
		if err := s.Send(c.t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}, func(error) { c.pending.Done() }); err != nil {
			c.pending.Done()
		}
	}
}

// Disconnected implements Handler.
func (c *caller) Disconnected(err error) {
	if got := c.session.Call(c.t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}); !errors.Is(got, ErrLost) || !errors.Is(got, err) {
		c.t.Errorf("a call after %v: %v", err, got)
	}
	c.diary.Disconnected(err)
}

// TestRedirects holds that a leader is found by each form of Location, and that
// calls go to it.
func TestRedirects(t *testing.T) {
	t.Parallel()
	for _, location := range []string{
		"//m2:5050/api/v1/scheduler", "//m2:5050/master/api/v1/scheduler", "//m2:5050/master/api/v1/scheduler?a=b", "//m2:5050", "//m2:5050/",
		"http://m2:5050/api/v1/scheduler", "http://user:word@m2:5050/master/api/v1/scheduler#x",
	} {
		synctest.Test(t, func(t *testing.T) {
			var net pipes
			leader := &master{t: t, subscribe: streaming(subscribedEvent())}
			defer net.serve("m1:5050", &master{t: t, subscribe: redirecting(location)})()
			defer net.serve("m2:5050", leader)()
			s, err := newClient(t, Config{Detector: Masters("m1:5050"), Dial: net.dial}).Subscribe(t.Context(), "", false)
			if err != nil {
				t.Fatalf("%s: %v", location, err)
			}
			defer s.Close()
			if s.Master() != "http://m2:5050" {
				t.Errorf("%s: subscribed at %s", location, s.Master())
			}
			if err := s.Call(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}); err != nil || len(leader.taken()) != 1 {
				t.Errorf("%s: the call: %v; the leader took %v", location, err, leader.taken())
			}
		})
	}
}

// TestRedirectLimits holds that redirects are few, with pauses, and go nowhere odd.
func TestRedirectLimits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		asked := 0
		for i := range 10 {
			defer net.serve(fmt.Sprintf("m%d:5050", i), &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
				asked++
				redirecting(fmt.Sprintf("//m%d:5050/master/api/v1/scheduler", i+1))(w, r)
			}})()
		}
		began := time.Now()
		_, err := newClient(t, Config{Detector: Masters("m0:5050"), Dial: net.dial}).Subscribe(t.Context(), "", false)
		if took := time.Since(began); !errors.Is(err, ErrUnavailable) || asked != maxHops+1 || took != 1000*time.Millisecond {
			t.Errorf("got %v after %d masters and %v", err, asked, took)
		}
	})
	for location, want := range map[string]error{
		"//m:5050/master/api/v1/scheduler": ErrUnavailable, "/api/v1/scheduler": ErrUnavailable, "ftp://m2/": ErrUnavailable,
		"http://": ErrUnavailable, "//": ErrUnavailable, "%zz": ErrUnavailable, "//nobody:1": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			var net pipes
			asked := 0
			defer net.serve("m:5050", &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
				asked++
				redirecting(location)(w, r)
			}})()
			_, err := newClient(t, Config{Detector: Masters("m:5050"), Dial: net.dial}).Subscribe(t.Context(), "", false)
			if err == nil || !errors.Is(err, want) && want != nil || asked != 1 {
				t.Errorf("%s: %v after %d requests", location, err, asked)
			}
		})
	}
}

// TestLeaderReturns replays what a restarted master says for 8 s: connection
// refused, no leader, a redirect to itself, not recovered (recording
// master_from_first_moment).
func TestLeaderReturns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		began, asked := time.Now(), 0
		d := newDiary()
		_, stop := running(t, Config{Detector: Masters("m:5050"), Dial: net.dial}, "f", d)
		time.Sleep(300 * time.Millisecond)
		defer net.serve("m:5050", &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
			asked++
			switch since := time.Since(began); {
			case since < 2*time.Second:
				answering(503, "No leader elected")(w, r)
			case since < 9*time.Second:
				redirecting("//m:5050/master/api/v1/scheduler")(w, r)
			case since < 9100*time.Millisecond:
				answering(503, "Master has not finished recovery")(w, r)
			default:
				streaming(subscribedEvent())(w, r)
			}
		}})()
		time.Sleep(25 * time.Second)
		synctest.Wait()
		if got := d.String(); got != "subscribed@m:5050" || asked > 10 {
			t.Errorf("%q after %d requests", got, asked)
		}
		stop()
	})
}

// failing is a detector that fails at first.
type failing struct {
	n    int
	nots []string
}

// Detect implements Detector.
func (f *failing) Detect(_ context.Context, not string) (string, error) {
	f.nots = append(f.nots, not)
	if f.n++; f.n < 3 {
		return "", errors.New("no ensemble")
	}
	return fmt.Sprintf("m%d:5050", f.n), nil
}

func TestDetectorIsAskedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		defer net.serve("m5:5050", &master{t: t, subscribe: streaming(subscribedEvent())})()
		d, f := newDiary(), &failing{}
		_, stop := running(t, Config{Detector: f, Dial: net.dial}, "", d)
		time.Sleep(time.Minute)
		stop()
		if got := d.String(); got != "subscribed@m5:5050 disconnected" {
			t.Error(got)
		}
		if want := []string{"", "", "", "m3:5050", "m4:5050"}; !slices.Equal(f.nots, want) {
			t.Errorf("asked with %q, want %q", f.nots, want)
		}
	})
}

// TestBackPressure holds that senders wait when too many calls are without an
// answer, and that each is told once when the session ends for it.
func TestBackPressure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mem pipes
		defer mem.serve("m:5050", &master{t: t, subscribe: streaming(subscribedEvent())})()
		var mute sync.WaitGroup
		dials := 0
		s, err := newClient(t, Config{Detector: Masters("m:5050"), Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			if dials++; dials == 1 {
				return mem.dial(ctx, network, address)
			}
			ours, theirs := net.Pipe()
			mute.Go(func() { io.Copy(io.Discard, theirs) }) // takes all and answers nothing
			return ours, nil
		}}).Subscribe(t.Context(), "", false)
		if err != nil {
			t.Fatal(err)
		}
		told := make(map[int]int)
		began := time.Now()
		for i := range maxUnanswered {
			if err := s.Send(t.Context(), &scheduler.Call{Type: scheduler.Call_REVIVE}, func(err error) {
				told[i]++
				if !errors.Is(err, ErrLost) || !errors.Is(err, ErrSilent) {
					t.Errorf("call %d: %v", i, err)
				}
			}); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Send(ctx, &scheduler.Call{Type: scheduler.Call_REVIVE}, func(error) { t.Error("told of what was not sent") }); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("one call too many: %v", err)
		}
		<-s.Done()
		if took := time.Since(began); took != defaultTimeout {
			t.Errorf("ended after %v", took)
		}
		s.Close()
		mute.Wait()
		for i := range maxUnanswered {
			if told[i] != 1 {
				t.Fatalf("call %d was told %d times", i, told[i])
			}
		}
	})
}
