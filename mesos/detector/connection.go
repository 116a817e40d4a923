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

// connection is a tree over a real connection. It follows its session to
// whichever server is there; watches survive that.
type connection struct {
	conn *zk.Conn
	over chan struct{} // closed when nothing of conn is left

	mu      sync.Mutex
	closed  bool
	sockets map[net.Conn]struct{}
}

// errHungUp says that the connection was closed while it was made.
var errHungUp = errors.New("hung up")

// dial begins to connect; what is asked of the tree waits for it.
func dial(servers []string, timeout time.Duration, log *slog.Logger) (tree, error) {
	c := &connection{over: make(chan struct{}), sockets: map[net.Conn]struct{}{}}
	conn, events, err := zk.Connect(servers, timeout, zk.WithDialer(c.dial), zk.WithLogInfo(false), zk.WithLogger(quiet{log}))
	if err != nil {
		return nil, err
	}
	c.conn = conn
	go func() {
		defer close(c.over)
		for range events { // they tell nothing that the calls do not
		}
	}()
	return c, nil
}

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
func (c *connection) Children(path string) ([]string, <-chan zk.Event, error) {
	names, _, changed, err := c.conn.ChildrenW(path)
	return names, changed, err
}

// Exists implements tree.
func (c *connection) Exists(path string) (bool, <-chan zk.Event, error) {
	there, _, changed, err := c.conn.ExistsW(path)
	return there, changed, err
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
	<-c.over
}
