package detector

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-zookeeper/zk"
)

// ensemble is a ZooKeeper in memory, for bubbles.
type ensemble struct {
	mu       sync.Mutex
	nodes    map[string]string
	sequence int
	watches  map[string][]chan zk.Event
	down     bool
	hangs    bool // takes connections and says nothing
	deaf     bool // loses watches
	password string
	trees    map[*fakeTree]bool
	dials    int
	gets     func(path string) // called before each Get
}

func newEnsemble() *ensemble {
	return &ensemble{nodes: map[string]string{}, watches: map[string][]chan zk.Event{}, trees: map[*fakeTree]bool{}}
}

// fakeTree is a connection to an ensemble.
type fakeTree struct {
	e             *ensemble
	lost, closed  chan struct{}
	authenticated string
}

func (e *ensemble) connect() (tree, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dials++
	t := &fakeTree{e: e, lost: make(chan struct{}), closed: make(chan struct{})}
	e.trees[t] = true
	return t, nil
}

// ask answers like a server: not at all while it hangs, or with an error.
func (t *fakeTree) ask() error {
	t.e.mu.Lock()
	down, hangs := t.e.down, t.e.hangs
	denied := t.e.password != "" && t.authenticated != t.e.password
	t.e.mu.Unlock()
	if hangs {
		<-t.closed
	}
	select {
	case <-t.closed:
		return zk.ErrConnectionClosed
	default:
	}
	switch {
	case down:
		return zk.ErrNoServer
	case denied:
		return zk.ErrNoAuth
	}
	return nil
}

func (t *fakeTree) Authenticate(credentials string) error {
	t.authenticated = credentials // any is taken, as by a real server
	return nil
}

func (t *fakeTree) Children(p string) ([]string, bool, <-chan zk.Event, error) {
	if err := t.ask(); err != nil {
		return nil, false, nil, err
	}
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	var out []string
	for name := range t.e.nodes {
		if path.Dir(name) == p && name != p {
			out = append(out, path.Base(name))
		}
	}
	_, there := t.e.nodes[p]
	return out, there, t.e.watch(p), nil
}

func (t *fakeTree) Get(p string) ([]byte, error) {
	t.e.mu.Lock()
	gets := t.e.gets
	t.e.mu.Unlock()
	if gets != nil {
		gets(p)
	}
	if err := t.ask(); err != nil {
		return nil, err
	}
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	data, there := t.e.nodes[p]
	if !there {
		return nil, zk.ErrNoNode
	}
	return []byte(data), nil
}

func (t *fakeTree) Lost() <-chan struct{} { return t.lost }

func (t *fakeTree) Close() {
	t.e.mu.Lock()
	defer t.e.mu.Unlock()
	delete(t.e.trees, t)
	close(t.closed) // twice is an error
}

// watch returns a watch on a node, under the lock.
func (e *ensemble) watch(p string) <-chan zk.Event {
	c := make(chan zk.Event, 1)
	e.watches[p] = append(e.watches[p], c)
	return c
}

// fire tells those who watch a node, under the lock.
func (e *ensemble) fire(p string, ev zk.Event) {
	if e.deaf {
		delete(e.watches, p)
	}
	for _, c := range e.watches[p] {
		c <- ev
		close(c)
	}
	delete(e.watches, p)
}

func (e *ensemble) set(p, data string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, there := e.nodes[p]
	e.nodes[p] = data
	if !there {
		e.fire(p, zk.Event{Type: zk.EventNodeCreated})
		e.fire(path.Dir(p), zk.Event{Type: zk.EventNodeChildrenChanged})
	}
}

func (e *ensemble) remove(p string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.nodes, p)
	e.fire(p, zk.Event{Type: zk.EventNodeDeleted})
	e.fire(path.Dir(p), zk.Event{Type: zk.EventNodeChildrenChanged})
}

// join adds a master and returns its node.
func (e *ensemble) join(host string) string {
	e.mu.Lock()
	p := fmt.Sprintf("/mesos/json.info_%010d", e.sequence)
	e.sequence++
	e.mu.Unlock()
	e.set(p, fmt.Sprintf(`{"address":{"hostname":%q,"ip":%q,"port":5050},"port":5050}`, host, host))
	return p
}

// expire ends all sessions: watches fail.
func (e *ensemble) expire() {
	e.mu.Lock()
	defer e.mu.Unlock()
	for p := range e.watches {
		e.fire(p, zk.Event{Type: zk.EventNotWatching, Err: zk.ErrSessionExpired})
	}
}

func (e *ensemble) state(f func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	f()
}

// watching runs a detector of an ensemble in a bubble.
func watching(t *testing.T, e *ensemble, test func(t *testing.T, d *ZooKeeper, log *bytes.Buffer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		g, err := parseGroup("zk://u:s3cr3t@z1,z2/mesos")
		if err != nil {
			t.Fatal(err)
		}
		d := newZooKeeper(g, Options{Scheme: "http", Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		d.connect = e.connect
		d.start()
		test(t, d, &log)
		d.Close()
		if strings.Contains(log.String(), "cr3t") {
			t.Errorf("the log tells the secret: %s", &log)
		}
		if len(e.trees) > 0 {
			t.Errorf("%d connections were left open", len(e.trees))
		}
	})
}

// now returns the leader if Detect knows one at once, "" if it waits.
func now(d *ZooKeeper, not string) string {
	synctest.Wait()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	base, _ := d.Detect(ctx, not)
	return base
}

const m1, m2, m3 = "http://m1:5050", "http://m2:5050", "http://m3:5050"

// TestLeaders holds who is found as masters come and go.
func TestLeaders(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	watching(t, e, func(t *testing.T, d *ZooKeeper, log *bytes.Buffer) {
		expect := func(what, want string) {
			t.Helper()
			if got := now(d, ""); got != want {
				t.Errorf("%s: got %q, want %q", what, got, want)
			}
		}
		expect("no group", "")
		e.set("/mesos", "")
		expect("an empty group", "")
		e.set("/mesos/log_replicas", "")
		expect("no master in it", "")
		first := e.join("m1")
		expect("the first", m1)
		second := e.join("m2")
		e.join("m3")
		expect("others join", m1)
		e.remove(second)
		expect("another goes", m1)
		e.remove(first)
		expect("the leader goes", m3)
		again := e.join("m1")
		expect("the first comes back, behind", m3)
		if e.dials != 1 || !strings.Contains(log.String(), `msg="a master leads"`) {
			t.Errorf("%d connections; log: %s", e.dials, log)
		}
		e.remove("/mesos/json.info_0000000002")
		expect("the third goes", m1)
		e.remove(again)
		expect("nobody is left", "")
		e.remove("/mesos/log_replicas")
		e.remove("/mesos")
		expect("the group is gone", "")
		e.set("/mesos", "")
		e.join("m2")
		expect("all anew", m2)
	})
}

// TestWaiting holds that Detect and Await wait as long as they should.
func TestWaiting(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	watching(t, e, func(t *testing.T, d *ZooKeeper, _ *bytes.Buffer) {
		type answer struct {
			base string
			err  error
		}
		ask := func(f func(context.Context, string) (string, error), ctx context.Context, not string) chan answer {
			out := make(chan answer, 1)
			go func() {
				base, err := f(ctx, not)
				out <- answer{base, err}
			}()
			synctest.Wait()
			return out
		}
		detect := ask(d.Detect, t.Context(), "")
		if len(detect) != 0 {
			t.Error("Detect does not wait")
		}
		e.set("/mesos", "")
		node := e.join("m1")
		if a := <-detect; a.base != m1 || a.err != nil {
			t.Errorf("detected %v", a)
		}
		if a := <-ask(d.Detect, t.Context(), m1); a.base != m1 {
			t.Errorf("a leader that is known to fail is not given again: %v", a)
		}
		await := ask(d.Await, t.Context(), m1)
		e.join("m2")
		if synctest.Wait(); len(await) != 0 {
			t.Error("Await does not wait for the leader to go")
		}
		e.remove(node)
		if a := <-await; a.base != m2 || a.err != nil {
			t.Errorf("awaited %v", a)
		}
		why := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		await = ask(d.Await, ctx, m2)
		cancel(why)
		if a := <-await; !errors.Is(a.err, why) {
			t.Errorf("gave up with %v", a)
		}
		await = ask(d.Await, t.Context(), m2)
		d.Close()
		if a := <-await; !errors.Is(a.err, errClosed) {
			t.Errorf("closed: %v", a)
		}
	})
}

// TestAway holds what is known while ZooKeeper is away, in each way in which it
// can be, and that it is taken up again.
func TestAway(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"down", "hangs"} {
		e := newEnsemble()
		watching(t, e, func(t *testing.T, d *ZooKeeper, log *bytes.Buffer) {
			e.set("/mesos", "")
			first := e.join("m1")
			if got := now(d, ""); got != m1 {
				t.Errorf("%s: found %q", way, got)
			}
			e.state(func() { e.down, e.hangs = way == "down", way == "hangs" })
			e.expire()
			time.Sleep(time.Minute)
			if got := now(d, ""); got != m1 {
				t.Errorf("%s: the last leader is forgotten: %q", way, got)
			}
			if got := now(d, m1); got != "" {
				t.Errorf("%s: a leader that failed is given again without ZooKeeper's word: %q", way, got)
			}
			e.remove(first)
			e.join("m2")
			time.Sleep(time.Hour)
			if got := now(d, m1); got != "" {
				t.Errorf("%s: found %q while ZooKeeper is away", way, got)
			}
			before, after := 0, 0
			e.state(func() { before = e.dials })
			time.Sleep(time.Hour)
			e.state(func() { after = e.dials })
			if n := after - before; n < 100 || n > 800 {
				t.Errorf("%s: %d attempts in an hour", way, n)
			}
			e.state(func() { e.down, e.hangs = false, false })
			time.Sleep(lastPause + d.timeout)
			if got := now(d, m1); got != m2 {
				t.Errorf("%s: after ZooKeeper came back: %q", way, got)
			}
			if n := strings.Count(log.String(), "level=WARN"); n != 1 || !strings.Contains(log.String(), "ZooKeeper is back") {
				t.Errorf("%s: %d warnings: %s", way, n, log)
			}
		})
	}
}

// TestSessionExpires holds that the end of a session goes by unnoticed.
func TestSessionExpires(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	watching(t, e, func(t *testing.T, d *ZooKeeper, log *bytes.Buffer) {
		e.set("/mesos", "")
		node := e.join("m1")
		for range 5 {
			synctest.Wait()
			e.expire()
			if got := now(d, m2); got != m1 {
				t.Errorf("found %q", got)
			}
		}
		e.remove(node)
		e.join("m2")
		if got := now(d, m1); got != m2 || strings.Contains(log.String(), "level=WARN msg=\"ZooKeeper is away") {
			t.Errorf("found %q; log: %s", got, log)
		}
	})
}

// TestLostConnection holds that what becomes of the group while a connection is
// lost is known soon after, and that such a loss is no reason to worry people.
func TestLostConnection(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	watching(t, e, func(t *testing.T, d *ZooKeeper, log *bytes.Buffer) {
		e.set("/mesos", "")
		node := e.join("m1")
		synctest.Wait()
		e.state(func() {
			e.deaf = true
			for tree := range e.trees {
				close(tree.lost)
			}
		})
		e.remove(node)
		e.join("m2")
		time.Sleep(firstPause)
		if got := now(d, m1); got != m2 || e.dials != 2 || strings.Contains(log.String(), "ZooKeeper is away") {
			t.Errorf("found %q after %d connections; log: %s", got, e.dials, log)
		}
	})
}

// TestLostWatch holds that a watch that tells nothing costs some seconds only.
func TestLostWatch(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	watching(t, e, func(t *testing.T, d *ZooKeeper, _ *bytes.Buffer) {
		e.set("/mesos", "")
		node := e.join("m1")
		synctest.Wait()
		e.state(func() { e.deaf = true })
		e.remove(node)
		e.join("m2")
		time.Sleep(lookAgain)
		if got := now(d, m1); got != m2 {
			t.Errorf("found %q", got)
		}
	})
}

// TestVanishing holds that a node may go between the list and its reading, and
// that one that always does is no endless loop.
func TestVanishing(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	e.set("/mesos", "")
	e.join("m1")
	e.join("m2")
	gone := false
	e.gets = func(p string) {
		if !gone && strings.HasSuffix(p, "0") {
			gone = true
			e.remove(p)
		}
	}
	watching(t, e, func(t *testing.T, d *ZooKeeper, _ *bytes.Buffer) {
		if got := now(d, ""); got != m2 {
			t.Errorf("found %q", got)
		}
		e.state(func() {
			e.gets = func(p string) {
				e.remove(p)
				e.join("m1")
			}
		})
		e.join("m3")
		synctest.Wait()
		if e.sequence > 2*maxVanished {
			t.Errorf("%d reads at once", e.sequence)
		}
		e.state(func() { e.gets = nil })
		time.Sleep(time.Minute)
		if got := now(d, ""); got == "" {
			t.Error("nobody is found in the end")
		}
	})
}

// TestUnreadableNode holds that the node of a leader that can't be read leads to
// another master, which redirects, and is told once.
func TestUnreadableNode(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	watching(t, e, func(t *testing.T, d *ZooKeeper, log *bytes.Buffer) {
		e.set("/mesos", "")
		e.set("/mesos/json.info_-000000001", "garbage")
		if got := now(d, ""); got != "" {
			t.Errorf("found %q", got)
		}
		e.join("m1")
		e.join("m2")
		if got := now(d, ""); got != m1 {
			t.Errorf("found %q", got)
		}
		time.Sleep(time.Hour)
		if n := strings.Count(log.String(), "unreadable"); n != 1 {
			t.Errorf("told %d times", n)
		}
	})
}

// TestDenied holds that a group that wants other credentials is no leader, that
// the cause is told, and that it is tried again.
func TestDenied(t *testing.T) {
	t.Parallel()
	e := newEnsemble()
	e.password = "u:other"
	e.set("/mesos", "")
	e.join("m1")
	watching(t, e, func(t *testing.T, d *ZooKeeper, log *bytes.Buffer) {
		time.Sleep(time.Minute)
		if got := now(d, ""); got != "" || !strings.Contains(log.String(), zk.ErrNoAuth.Error()) {
			t.Errorf("found %q; log: %s", got, log)
		}
		e.state(func() { e.password = "u:s3cr3t" })
		time.Sleep(lastPause)
		if got := now(d, ""); got != m1 {
			t.Errorf("found %q", got)
		}
	})
}

// TestAnyFate holds that whatever happens, the detector ends up with the truth.
func TestAnyFate(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		e := newEnsemble()
		watching(t, e, func(t *testing.T, d *ZooKeeper, _ *bytes.Buffer) {
			r := rand.New(rand.NewPCG(seed, 7))
			var nodes []string
			for range 300 {
				switch r.IntN(8) {
				case 0:
					e.set("/mesos", "")
				case 1, 2:
					nodes = append(nodes, e.join(fmt.Sprint("m", r.IntN(3)+1)))
				case 3:
					if len(nodes) > 0 {
						i := r.IntN(len(nodes))
						e.remove(nodes[i])
						nodes = append(nodes[:i], nodes[i+1:]...)
					}
				case 4:
					e.state(func() { e.down, e.hangs = r.IntN(4) == 0, r.IntN(4) == 0 })
				case 5:
					e.expire()
				case 6:
					e.state(func() { e.deaf = r.IntN(2) == 0 })
				case 7:
					time.Sleep(time.Duration(r.IntN(20000)) * time.Millisecond)
				}
			}
			e.state(func() { e.down, e.hangs, e.deaf = false, false, false })
			e.set("/mesos", "")
			time.Sleep(time.Minute)
			want := ""
			if len(nodes) > 0 {
				var data string
				e.state(func() { data = e.nodes[nodes[0]] })
				m, err := parseMaster(labelJSON, []byte(data))
				if err != nil {
					t.Fatal(err)
				}
				want = m.base("http")
			}
			if got := now(d, ""); got != want {
				t.Errorf("seed %d: found %q, want %q", seed, got, want)
			}
		})
	}
}
