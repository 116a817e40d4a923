package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/faultproxy"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
	"github.com/hora-scheduler/hora/zookeepertest"
)

func TestMain(m *testing.M) {
	code := zookeepertest.Main(m)
	if built.Load() {
		binary, _ := build()
		_ = os.RemoveAll(filepath.Dir(binary))
	}
	os.Exit(code)
}

// patience is how long what must come may take on a busy machine.
const patience = 90 * time.Second

// world is everything that runs.
type world struct {
	t       testing.TB
	rnd     *rand.Rand
	session time.Duration // of the processes with ZooKeeper
	zk      *zookeepertest.Server
	sim     *cluster.Cluster
	nodes   []*node
	records string         // folder in which the commands write
	faults  map[string]int // how many of each were injected
}

// newWorld starts all, and waits until one process leads.
func newWorld(t testing.TB, session time.Duration, seed uint64) *world {
	t.Helper()
	return newWorldOf(t, session, seed, func(*node) {})
}

// newWorldOf starts all, with processes that adapt has changed.
func newWorldOf(t testing.TB, session time.Duration, seed uint64, adapt func(*node)) *world {
	t.Helper()
	built.Store(true)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	w := &world{
		t: t, rnd: rand.New(rand.NewPCG(seed, 1)), session: session, faults: map[string]int{},
		zk: zookeepertest.Start(t, zookeepertest.Config{}), records: t.TempDir(),
	}
	w.sim, err = cluster.Start(t.Context(), cluster.Config{
		Masters: 2, ZooKeeper: "zk://" + w.zk.Addr() + mastersPath, Agents: cluster.DefaultAgents(3, "cpus:100;mem:100000;disk:100000;ports:[31000-31999]"), AllocationInterval: 200 * time.Millisecond,
		PingTimeout: 4 * time.Second, HeartbeatInterval: time.Second, WorkDir: t.TempDir(),
		Election: cluster.Timing{Session: time.Second, Recovery: 300 * time.Millisecond, Agents: 300 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.sim.Close() })
	logs, err := os.MkdirTemp("", "hora-chaos-logs-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the logs of the processes are in %s", logs)
		} else {
			_ = os.RemoveAll(logs)
		}
	})
	for i := range 3 {
		w.nodes = append(w.nodes, w.newNode(i, binary, logs))
	}
	w.mirror()
	for _, n := range w.nodes {
		adapt(n)
		n.start()
	}
	w.leader()
	return w
}

func (w *world) proxy(target string) *faultproxy.Proxy {
	p, err := faultproxy.Listen(target)
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = p.Close() })
	return p
}

// newNode makes a process that is not started yet.
func (w *world) newNode(i int, binary, logs string) *node {
	n := &node{t: w.t, name: fmt.Sprintf("hora%d", i+1), binary: binary, zk: w.proxy(w.zk.Addr()), http: w.proxy("127.0.0.1:1"), scheme: "http", client: client}
	for _, url := range w.sim.MasterURLs() {
		p := w.proxy(strings.TrimPrefix(url, "http://"))
		n.mesos = append(n.mesos, p)
	}
	log, err := os.Create(filepath.Join(logs, n.name))
	if err != nil {
		w.t.Fatal(err)
	}
	n.log = log
	who, err := user.Current()
	if err != nil {
		w.t.Fatal(err)
	}
	n.args = []string{
		"serve", "--master", "zk://" + n.zk.Addr() + n.mastersPath(), "--zk_hosts", n.zk.Addr(), "--zk_timeout", w.session.String(), "--zk_path", "/chaos",
		"--http_address", "127.0.0.1", "--http_port", "0", "--hostname", "127.0.0.1", "--advertise", n.http.Addr(), "--user", who.Username,
		"--history", "100000", "--log_format", "json", "--log_level", "debug", "--failure_retry", "1000",
	}
	w.t.Cleanup(func() { n.signal(9); n.over(patience); _ = log.Close() })
	return n
}

// until waits until something is so.
func (w *world) until(what string, f func() bool) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for !f() {
		if time.Now().After(deadline) {
			w.t.Fatalf("after %v: %s is not so", patience, what)
		}
		<-time.After(50 * time.Millisecond)
	}
}

// leader waits until a process leads, and returns it.
func (w *world) leader() *node {
	w.t.Helper()
	var found *node
	w.until("a process leads", func() bool {
		for _, n := range w.nodes {
			if n.leads() {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// other waits until a process leads that is not this one.
func (w *world) other(than *node) *node {
	w.t.Helper()
	var found *node
	w.until("another process leads", func() bool {
		for _, n := range w.nodes {
			if n != than && n.leads() {
				found = n
				return true
			}
		}
		return false
	})
	return found
}

// pause lets things happen for a while: the processes live in real time.
func pause(d time.Duration) { <-time.After(d) }

// heal undoes what was done to the ways and the processes.
func (w *world) heal() {
	for _, n := range w.nodes {
		n.signal(18) // SIGCONT
		for _, p := range append([]*faultproxy.Proxy{n.zk, n.http}, n.mesos...) {
			p.Stall(0)
			p.Delay(0)
			p.Refuse(false)
		}
	}
}
