// Package faultproxy is a TCP proxy on loopback that misbehaves when a test
// wants it to: it cuts or resets connections, holds back what is sent in one
// direction or both, delays it, and turns new connections away. It changes no
// byte, loses none of a connection that goes on, and keeps their order.
package faultproxy

import (
	"net"
	"sync"
	"time"
)

// Direction is one of the directions of a connection, or both.
type Direction int

// The directions. Upstream is from who connects to the target.
const (
	Upstream Direction = 1 << iota
	Downstream
	Both = Upstream | Downstream
)

// maxHeld is how many chunks are held back in one direction of a connection
// before no more is read from it; each has up to chunkBytes bytes.
const (
	maxHeld    = 64
	chunkBytes = 32 << 10
)

// Proxy is a proxy. It is safe for concurrent use.
type Proxy struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu      sync.Mutex
	target  string
	closed  bool
	refuse  bool
	stalled Direction
	delay   time.Duration
	changed chan struct{} // closed, and made anew, when stalled has changed
	links   map[*link]struct{}
	dials   int
	held    map[Direction]int // bytes that were read and not yet written
}

// link is one connection through the proxy.
type link struct {
	client, server net.Conn
	once           sync.Once
	over           chan struct{}
}

// Listen starts a proxy for the target, host:port. It has to be closed.
func Listen(target string) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{listener: l, target: target, changed: make(chan struct{}), links: map[*link]struct{}{}, held: map[Direction]int{}}
	p.wg.Go(p.accept)
	return p, nil
}

// Addr is host:port where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// SetTarget changes where connections go that are made from now on.
func (p *Proxy) SetTarget(target string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = target
}

// Refuse has new connections reset at once, or no longer.
func (p *Proxy) Refuse(yes bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = yes
}

// Stall holds back, from now on, what is sent in the given directions, also on
// connections that will be made; it replaces what was stalled before. Nothing
// tells the ends: the connections stay open. Stall(0) lets all of it go on.
func (p *Proxy) Stall(d Direction) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stalled = d
	close(p.changed)
	p.changed = make(chan struct{})
}

// Delay has everything arrive that much later, in both directions.
func (p *Proxy) Delay(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.delay = d
}

// Cut closes all connections that there are. What is held back is lost. The ends
// see an ordinary end, or a reset if something of theirs was under way.
func (p *Proxy) Cut() { p.each((*link).cut) }

// Reset has all connections that there are end with a reset.
func (p *Proxy) Reset() {
	p.each(func(l *link) {
		for _, c := range []net.Conn{l.client, l.server} {
			if tcp, ok := c.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
		}
		l.cut()
	})
}

// Open is how many connections there are.
func (p *Proxy) Open() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.links)
}

// Accepted is how many connections were ever made, refused ones not counted.
func (p *Proxy) Accepted() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.dials
}

// Held is how many bytes that were sent in a direction have come to the proxy and
// are not passed on yet, on connections that are still there.
func (p *Proxy) Held(d Direction) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for one, bytes := range p.held {
		if d&one != 0 {
			n += bytes
		}
	}
	return n
}

func (p *Proxy) note(d Direction, bytes int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[d] += bytes
}

// Close cuts all connections and stops listening.
func (p *Proxy) Close() error {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	err := p.listener.Close()
	p.Cut()
	p.wg.Wait()
	return err
}

func (p *Proxy) each(do func(*link)) {
	p.mu.Lock()
	var links []*link
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock()
	for _, l := range links {
		do(l)
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		refuse, target := p.refuse, p.target
		p.mu.Unlock()
		if refuse {
			reset(client)
			continue
		}
		p.wg.Go(func() { p.serve(client, target) })
	}
}

// serve passes on both directions of a connection until it ends. A target that
// can't be reached is a reset, which is as near to a refusal as a proxy gets.
func (p *Proxy) serve(client net.Conn, target string) {
	server, err := net.DialTimeout("tcp", target, 10*time.Second)
	if err != nil {
		reset(client)
		return
	}
	l := &link{client: client, server: server, over: make(chan struct{})}
	p.mu.Lock()
	p.links[l] = struct{}{}
	p.dials++
	closed := p.closed
	p.mu.Unlock()
	if closed {
		l.cut()
	}
	var both sync.WaitGroup
	both.Go(func() { p.pass(l, Upstream, client, server) })
	both.Go(func() { p.pass(l, Downstream, server, client) })
	both.Wait()
	l.cut()
	p.mu.Lock()
	delete(p.links, l)
	p.mu.Unlock()
}

// chunk is what was read at once.
type chunk struct {
	data []byte
	due  time.Time
}

// pass reads from one end and writes to the other. The end of one direction is
// passed on as such, so that the other one may go on.
func (p *Proxy) pass(l *link, d Direction, from, to net.Conn) {
	chunks := make(chan chunk, maxHeld)
	go func() {
		defer close(chunks)
		for {
			buf := make([]byte, chunkBytes)
			n, err := from.Read(buf)
			if n > 0 {
				p.mu.Lock()
				due := time.Now().Add(p.delay)
				p.mu.Unlock()
				p.note(d, n)
				select {
				case chunks <- chunk{buf[:n], due}:
				case <-l.over:
					p.note(d, -n)
					return
				}
			}
			if err != nil {
				return
			}
		}
	}()
	defer func() {
		for c := range chunks { // the reader ends with the connection
			p.note(d, -len(c.data))
		}
	}()
	for c := range chunks {
		held := p.hold(l, d, c.due)
		p.note(d, -len(c.data))
		if !held {
			return
		}
		if _, err := to.Write(c.data); err != nil {
			l.cut()
			return
		}
	}
	if !p.hold(l, d, time.Time{}) {
		return
	}
	if tcp, ok := to.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
}

// hold waits until something may be passed on. It returns false if the
// connection ended before.
func (p *Proxy) hold(l *link, d Direction, due time.Time) bool {
	if wait := time.Until(due); wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-l.over:
			return false
		}
	}
	for {
		p.mu.Lock()
		stalled, changed := p.stalled&d != 0, p.changed
		p.mu.Unlock()
		if !stalled {
			select {
			case <-l.over:
				return false
			default:
				return true
			}
		}
		select {
		case <-changed:
		case <-l.over:
			return false
		}
	}
}

func (l *link) cut() {
	l.once.Do(func() {
		close(l.over)
		l.client.Close()
		l.server.Close()
	})
}

func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	c.Close()
}
