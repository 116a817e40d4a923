package detector

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"
)

// connection is a tree over a real connection. Its session does not outlive it:
// when the library takes watches up again on another connection, it may tell the
// server that it has seen what it has not, by a race, and then it misses events.
type connection struct {
	conn *zk.Conn
	gone chan struct{} // closed when nothing of conn is left
	lost chan struct{} // closed when the session has lost its connection

	mu      sync.Mutex
	session bool // there is or was one
	closed  bool
	sockets map[net.Conn]struct{}
}

// errHungUp says that the connection was closed while it was made.
var errHungUp = errors.New("hung up")

// dial begins to connect; what is asked of the tree waits for it.
func dial(servers []string, timeout time.Duration, log *slog.Logger) (tree, error) {
	c := &connection{gone: make(chan struct{}), lost: make(chan struct{}), sockets: map[net.Conn]struct{}{}}
	conn, events, err := zk.Connect(servers, timeout, zk.WithDialer(c.dial), zk.WithEventCallback(c.event), zk.WithLogInfo(false), zk.WithLogger(quiet{log}))
	if err != nil {
		return nil, err
	}
	c.conn = conn
	go func() {
		defer close(c.gone)
		for range events { // the callback gets them all
		}
	}()
	return c, nil
}

// event is called by the library and must not block.
func (c *connection) event(ev zk.Event) {
	if ev.Type != zk.EventSession {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case ev.State == zk.StateHasSession:
		c.session = true
	case ev.State == zk.StateDisconnected && c.session && !c.closed:
		c.closed = true // no other connection is made
		close(c.lost)
	}
}

// Lost implements tree.
func (c *connection) Lost() <-chan struct{} { return c.lost }

// quiet passes on what the library says to who debugs.
type quiet struct{ log *slog.Logger }

// Printf implements zk.Logger.
func (q quiet) Printf(format string, args ...any) {
	q.log.Debug("ZooKeeper client", "said", fmt.Sprintf(format, args...))
}

// dial is the library's dialer. It keeps the sockets, as the library waits more
// than a minute for a server that accepts a connection and is silent then.
func (c *connection) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, timeout)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		conn.Close()
		return nil, errHungUp
	}
	s := &socket{conn, c}
	c.sockets[s] = struct{}{}
	return s, nil
}

// socket is a connection that is noted.
type socket struct {
	net.Conn
	owner *connection
}

// Close implements net.Conn.
func (s *socket) Close() error {
	s.owner.mu.Lock()
	delete(s.owner.sockets, s)
	s.owner.mu.Unlock()
	return s.Conn.Close()
}

// Authenticate implements tree.
func (c *connection) Authenticate(credentials string) error {
	return c.conn.AddAuth("digest", []byte(credentials))
}

// Children implements tree.
func (c *connection) Children(path string) (names []string, there bool, changed <-chan zk.Event, err error) {
	for {
		names, _, changed, err = c.conn.ChildrenW(path)
		if !errors.Is(err, zk.ErrNoNode) {
			return names, true, changed, err
		}
		there, _, changed, err = c.conn.ExistsW(path)
		if err != nil || !there {
			return nil, false, changed, err
		} // else it was made in between
	}
}

// Get implements tree.
func (c *connection) Get(path string) ([]byte, error) {
	data, _, err := c.conn.Get(path)
	return data, err
}

// Close implements tree: it says goodbye if somebody listens, and hangs up.
func (c *connection) Close() {
	c.conn.Close()
	c.mu.Lock()
	c.closed = true
	var open []net.Conn
	for s := range c.sockets {
		open = append(open, s)
	}
	c.mu.Unlock()
	for _, s := range open {
		s.Close()
	}
	<-c.gone
}
