package detector

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"path"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

const (
	defaultTimeout = 10 * time.Second
	firstPause     = 250 * time.Millisecond // between attempts to reach ZooKeeper; it doubles …
	lastPause      = 10 * time.Second       // … up to this
	lookAgain      = 15 * time.Second       // without a word from the watch: one may get lost
	maxVanished    = 20                     // times in a row that the leader's node goes while it is read
)

// tree is a connection to ZooKeeper with what the detector needs of it.
type tree interface {
	// Authenticate adds a digest identity, user:password.
	Authenticate(credentials string) error
	// Children lists the children of a node, if it is there; changed gets an
	// event when that is no longer true.
	Children(path string) (names []string, there bool, changed <-chan zk.Event, err error)
	Get(path string) ([]byte, error)
	// Lost is closed when the connection is lost; watches end with it.
	Lost() <-chan struct{}
	// Close ends the connection; what waits for it fails.
	Close()
}

// ZooKeeper is a detector that watches a group of masters in ZooKeeper. It is
// for any number of goroutines.
type ZooKeeper struct {
	group   group
	scheme  string
	timeout time.Duration
	log     *slog.Logger
	connect func() (tree, error)
	cancel  context.CancelFunc
	done    chan struct{}

	mu      sync.Mutex
	leader  string        // base URL, "" if there is none
	fresh   bool          // ZooKeeper says so now
	changed chan struct{} // closed and replaced at each change
	away    bool          // it has been said that ZooKeeper can't be reached
	odd     map[string]bool
}

// watch starts a detector.
func watch(g group, o Options) *ZooKeeper {
	d := newZooKeeper(g, o)
	d.start()
	return d
}

func newZooKeeper(g group, o Options) *ZooKeeper {
	if o.Timeout <= 0 {
		o.Timeout = defaultTimeout
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	d := &ZooKeeper{
		group: g, scheme: o.Scheme, timeout: o.Timeout, log: o.Logger.With("group", g.String()),
		done: make(chan struct{}), changed: make(chan struct{}), odd: map[string]bool{},
	}
	d.connect = func() (tree, error) { return dial(g.servers, d.timeout, d.log) }
	return d
}

func (d *ZooKeeper) start() {
	ctx, cancel := context.WithCancel(context.Background())
	d.cancel = cancel
	go func() {
		defer close(d.done)
		d.run(ctx)
	}()
}

// Close ends the detector and its ZooKeeper session.
func (d *ZooKeeper) Close() error {
	d.cancel()
	<-d.done
	return nil
}

// errClosed says that the detector was closed while somebody waited.
var errClosed = errors.New("the detector is closed")

// Detect implements mesos.Detector. It waits while no master leads. While
// ZooKeeper is away the master that led last is returned, but not twice.
func (d *ZooKeeper) Detect(ctx context.Context, not string) (string, error) {
	return d.await(ctx, func() bool { return d.leader != "" && (d.fresh || d.leader != not) })
}

// Await implements mesos.Watcher: it waits until a master other than not is known to lead.
func (d *ZooKeeper) Await(ctx context.Context, not string) (string, error) {
	return d.await(ctx, func() bool { return d.leader != "" && d.leader != not })
}

// await waits until good, which is called under the lock, and returns the leader.
func (d *ZooKeeper) await(ctx context.Context, good func() bool) (string, error) {
	for {
		d.mu.Lock()
		leader, ok, changed := d.leader, good(), d.changed
		d.mu.Unlock()
		if ok {
			return leader, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return "", fmt.Errorf("%s: no leading master known: %w", d.group, context.Cause(ctx))
		case <-d.done:
			return "", errClosed
		}
	}
}

// run connects again and again until ctx ends.
func (d *ZooKeeper) run(ctx context.Context) {
	wait := firstPause
	for ctx.Err() == nil {
		began := time.Now()
		err := d.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		d.lost(err)
		if time.Since(began) > 2*d.timeout {
			wait = firstPause
		}
		t := time.NewTimer(wait - rand.N(wait/2+1))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
		}
		wait = min(2*wait, lastPause)
	}
}

// lost notes that ZooKeeper says nothing any more. The leader stays as it was
// known. A connection may be lost at any time; not to get another one is worth a word.
func (d *ZooKeeper) lost(err error) {
	d.mu.Lock()
	d.fresh = false
	quiet := d.away || errors.Is(err, errLost)
	d.away = d.away || !quiet
	d.mu.Unlock()
	if !quiet {
		d.log.Warn("ZooKeeper is away; the leading master is unknown", "error", err)
	}
}

// follow watches the group over one connection, until it fails.
func (d *ZooKeeper) follow(ctx context.Context) error {
	t, err := d.connect()
	if err != nil {
		return err
	}
	var closing sync.Once
	hangUp := func() { closing.Do(t.Close) }
	defer hangUp()
	if d.group.Credentials != "" {
		if err := d.bounded(ctx, hangUp, func() error { return t.Authenticate(string(d.group.Credentials)) }); err != nil {
			return fmt.Errorf("authenticate: %w", err)
		}
	}
	for {
		var changed <-chan zk.Event
		err := d.bounded(ctx, hangUp, func() (err error) {
			changed, err = d.look(t)
			return err
		})
		if err != nil {
			return err
		}
		again := time.NewTimer(lookAgain)
		select {
		case <-changed:
		case <-again.C:
		case <-t.Lost():
			again.Stop()
			return errLost
		case <-ctx.Done():
			again.Stop()
			return ctx.Err()
		}
		again.Stop()
	}
}

// errLost says that a connection to ZooKeeper was lost.
var errLost = errors.New("the connection is lost")

// bounded does something that hangUp makes fail, within the time-out.
func (d *ZooKeeper) bounded(ctx context.Context, hangUp func(), do func() error) error {
	within, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	stop := context.AfterFunc(within, hangUp)
	err := do()
	if !stop() {
		return fmt.Errorf("no answer in %v: %w", d.timeout, errors.Join(within.Err(), err))
	}
	return err
}

// look finds the leader once and returns what tells when to look again.
func (d *ZooKeeper) look(t tree) (<-chan zk.Event, error) {
	for range maxVanished {
		children, there, changed, err := t.Children(d.group.path)
		if err != nil {
			return nil, err
		}
		if !there {
			d.found("", "there is no such node")
			return changed, nil
		}
		again, err := d.elect(t, children)
		if err != nil {
			return nil, err
		}
		if !again {
			return changed, nil
		}
	}
	return nil, errors.New("the nodes of masters vanish as they are read")
}

// elect reads the node of the leader. again is true if it went meanwhile. A
// node that can't be read is passed by: any other master redirects to the leader.
func (d *ZooKeeper) elect(t tree, children []string) (again bool, err error) {
	for _, c := range candidates(children) {
		data, err := t.Get(path.Join(d.group.path, c.name))
		if errors.Is(err, zk.ErrNoNode) {
			return true, nil
		}
		if err != nil {
			return false, err
		}
		m, err := parseMaster(c.label, data)
		if err == nil {
			d.found(m.base(d.scheme), "")
			return false, nil
		}
		if !d.odd[c.name] { // only the one goroutine uses it
			d.odd[c.name] = true
			d.log.Error("the node of a master is unreadable", "node", c.name, "error", err)
		}
	}
	d.found("", "no master is there")
	return false, nil
}

// found notes who leads by ZooKeeper's word.
func (d *ZooKeeper) found(leader, why string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.away {
		d.away = false
		d.log.Info("ZooKeeper is back")
	}
	if d.fresh && d.leader == leader {
		return
	}
	switch {
	case leader == "":
		d.log.Warn("no master leads", "why", why)
	case d.leader != leader:
		d.log.Info("a master leads", "master", leader)
	}
	d.leader, d.fresh = leader, true
	close(d.changed)
	d.changed = make(chan struct{})
}
