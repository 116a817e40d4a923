package mesos

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// pointer is a Watcher that a test turns.
type pointer struct {
	mu    sync.Mutex
	at    string
	moved chan struct{}
	asked int
	fails error // what Await says, if not nil
}

func newPointer(at string) *pointer { return &pointer{at: at, moved: make(chan struct{})} }

func (p *pointer) turn(at string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.at = at
	close(p.moved)
	p.moved = make(chan struct{})
}

// Detect implements Detector.
func (p *pointer) Detect(ctx context.Context, _ string) (string, error) {
	p.mu.Lock()
	p.asked++
	p.mu.Unlock()
	return p.Await(ctx, "")
}

// Await implements Watcher.
func (p *pointer) Await(ctx context.Context, not string) (string, error) {
	for {
		p.mu.Lock()
		at, moved, fails := p.at, p.moved, p.fails
		p.mu.Unlock()
		switch {
		case fails != nil && not != "":
			return "", fails
		case at != not && at != "":
			return at, nil
		}
		select {
		case <-moved:
		case <-ctx.Done():
			return "", context.Cause(ctx)
		}
	}
}

// TestDeposed holds that a session goes when the detector knows of another
// leader than its master, and stays in all other cases.
func TestDeposed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var net pipes
		second := &master{t: t, subscribe: streaming(subscribedEvent())}
		defer net.serve("m2:5050", second)()
		defer net.serve("m1:5050", &master{t: t, subscribe: redirecting("//m2:5050/master/api/v1/scheduler")})()
		defer net.serve("m3:5050", &master{t: t, subscribe: streaming(subscribedEvent())})()
		p := newPointer("http://m1:5050")
		d := newDiary()
		_, stop := running(t, Config{Detector: p, Dial: net.dial}, "", d)
		expect := func(what, want string) {
			t.Helper()
			time.Sleep(time.Second)
			synctest.Wait()
			if got := d.String(); got != want {
				t.Errorf("%s: got %s, want %s", what, got, want)
			}
			d.lines = nil
		}
		expect("redirected", "subscribed@m2:5050")
		p.turn("http://m2:5050")
		expect("the detector sees it, too", "")
		p.turn("")
		expect("no leader known", "")
		p.turn("http://m2:5050/")
		expect("the same again", "")
		p.turn("http://m3:5050")
		expect("another", "disconnected subscribed@m3:5050")
		if !errors.Is(d.last, ErrDeposed) {
			t.Errorf("disconnected because of %v", d.last)
		}
		stop()
	})
}

// TestNewLeaderEndsThePause holds that Run does not sit out a pause when there
// is another leader, and does not hurry when there is none.
func TestNewLeaderEndsThePause(t *testing.T) {
	t.Parallel()
	for _, broken := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var net pipes
			asked := 0
			defer net.serve("m1:5050", &master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
				asked++
				answering(503, "No leader elected")(w, r)
			}})()
			defer net.serve("m2:5050", &master{t: t, subscribe: streaming(subscribedEvent(), heartbeat())})()
			p := newPointer("http://m1:5050")
			if broken {
				p.fails = errors.New("out of order")
			}
			subscribed := make(chan time.Time, 1)
			d := newDiary()
			d.on = func(line string) {
				if line == scheduler.Event_HEARTBEAT.String() {
					subscribed <- time.Now()
				}
			}
			_, stop := running(t, Config{Detector: p, Dial: net.dial, Backoff: Backoff{First: time.Second, Min: time.Hour, Max: time.Hour}}, "", d)
			time.Sleep(10 * time.Minute)
			synctest.Wait()
			if asked != 2 {
				t.Errorf("asked %d times in ten minutes, want 2", asked)
			}
			turned := time.Now()
			p.turn("http://m2:5050")
			wait := (<-subscribed).Sub(turned)
			if !broken && wait != 0 || broken && wait < 10*time.Minute {
				t.Errorf("broken %v: subscribed at the new leader after %v", broken, wait)
			}
			stop()
		})
	}
}
