package zookeeper

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// errHungUp says that the connection was closed while it was made.
var errHungUp = errors.New("hung up")

// sockets are the connections of a session, for the library to use. They do
// what the library lacks: they can all be hung up, no read waits longer than a
// session lasts, and they notice which session time-out the server grants.
type sockets struct {
	tls     *tls.Config
	wait    time.Duration // how long a read or a dial may take
	granted atomic.Int64  // the session time-out that the server granted last, in milliseconds

	mu     sync.Mutex
	closed bool
	open   map[net.Conn]struct{}
	failed error // of the last dial
}

// dial is the library's dialer. Its timeout, a second, is too short for TLS on
// a busy machine.
func (ss *sockets) dial(network, address string, _ time.Duration) (net.Conn, error) {
	ss.mu.Lock()
	closed := ss.closed
	ss.mu.Unlock()
	if closed {
		return nil, errHungUp
	}
	conn, err := ss.connect(network, address)
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.failed = err
	if err != nil {
		return nil, err
	}
	if ss.closed {
		conn.Close()
		return nil, errHungUp
	}
	s := &socket{Conn: conn, owner: ss}
	ss.open[s] = struct{}{}
	return s, nil
}

func (ss *sockets) connect(network, address string) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), ss.wait)
	defer cancel()
	if ss.tls == nil {
		return new(net.Dialer).DialContext(ctx, network, address)
	}
	return (&tls.Dialer{Config: ss.tls}).DialContext(ctx, network, address)
}

// failure is what the last dial came to.
func (ss *sockets) failure() error {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	return ss.failed
}

// stop lets no more connections be made.
func (ss *sockets) stop() {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	ss.closed = true
}

// hangUp closes all connections, also those that are about to be made.
func (ss *sockets) hangUp() {
	ss.mu.Lock()
	ss.closed = true
	var open []net.Conn
	for s := range ss.open {
		open = append(open, s)
	}
	ss.mu.Unlock()
	for _, s := range open {
		s.Close()
	}
}

// socket is a connection that is noted.
type socket struct {
	net.Conn
	owner *sockets
	head  []byte // the first bytes that were read
}

// The answer to a connection request begins with its length, the version of the
// protocol and the session time-out in milliseconds, each in four bytes, big
// endian (ConnectResponse in zookeeper.jute).
const headBytes = 12

// Read implements net.Conn.
func (s *socket) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	if missing := headBytes - len(s.head); missing > 0 {
		s.head = append(s.head, p[:min(n, missing)]...)
		if len(s.head) == headBytes {
			if granted := int32(binary.BigEndian.Uint32(s.head[8:])); granted > 0 { // it is 0 if the session has expired
				s.owner.granted.Store(int64(granted))
			}
		}
	}
	return n, err
}

// SetReadDeadline implements net.Conn. The library waits up to ten times too
// long for a server that accepts a connection and is silent then.
func (s *socket) SetReadDeadline(t time.Time) error {
	if latest := time.Now().Add(s.owner.wait); !t.IsZero() && t.After(latest) {
		t = latest
	}
	return s.Conn.SetReadDeadline(t)
}

// Close implements net.Conn.
func (s *socket) Close() error {
	s.owner.mu.Lock()
	delete(s.owner.open, s)
	s.owner.mu.Unlock()
	return s.Conn.Close()
}

// hosts offers the servers to the library one after the other, from a random
// one on, as names: the library's own provider looks them up once and for all.
type hosts struct {
	mu      sync.Mutex
	servers []string
	next    int
	failed  int // how many were offered since the last success
}

// Init implements zk.HostProvider.
func (h *hosts) Init(servers []string) error {
	h.servers, h.next = servers, rand.IntN(len(servers))
	return nil
}

// Len implements zk.HostProvider.
func (h *hosts) Len() int { return len(h.servers) }

// Next implements zk.HostProvider. When all have failed the library waits for a
// second.
func (h *hosts) Next() (server string, wait bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	server = h.servers[h.next]
	h.next = (h.next + 1) % len(h.servers)
	wait = h.failed > 0 && h.failed%len(h.servers) == 0
	h.failed++
	return server, wait
}

// Connected implements zk.HostProvider.
func (h *hosts) Connected() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.failed = 0
}

// debug passes on what the library says to who debugs.
type debug struct{ log *slog.Logger }

// Printf implements zk.Logger.
func (d debug) Printf(format string, args ...any) {
	d.log.Debug("ZooKeeper client", "said", fmt.Sprintf(format, args...))
}
