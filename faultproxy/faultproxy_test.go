package faultproxy_test

import (
	"bufio"
	"errors"
	"io"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/faultproxy"
)

const patience = time.Minute

// echo starts a server that sends back what it gets, and a proxy for it.
func echo(t *testing.T) *faultproxy.Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				_, _ = io.Copy(c, c)
			}()
		}
	}()
	p, err := faultproxy.Listen(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// client is a connection through the proxy.
type client struct {
	t *testing.T
	net.Conn
	lines *bufio.Reader
}

func dial(t *testing.T, p *faultproxy.Proxy) *client {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	_ = c.SetDeadline(time.Now().Add(patience))
	return &client{t, c, bufio.NewReader(c)}
}

func (c *client) send(line string) {
	c.t.Helper()
	if _, err := io.WriteString(c, line+"\n"); err != nil {
		c.t.Fatal(err)
	}
}

func (c *client) want(line string) {
	c.t.Helper()
	if got, err := c.lines.ReadString('\n'); err != nil || got != line+"\n" {
		c.t.Fatalf("got %q, %v, want %q", got, err, line)
	}
}

// wantSilence fails if something comes within a moment. It can't prove that
// nothing would have come, but notices a proxy that never holds anything back.
func (c *client) wantSilence() {
	c.t.Helper()
	_ = c.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if b, err := c.lines.ReadByte(); !errors.Is(err, syscall.EAGAIN) && !isTimeout(err) {
		c.t.Fatalf("got %q, %v, want nothing", b, err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func (c *client) wantEnd(reset bool) {
	c.t.Helper()
	_, err := c.lines.ReadByte()
	if reset && !errors.Is(err, syscall.ECONNRESET) || !reset && !errors.Is(err, io.EOF) {
		c.t.Fatalf("the connection ended with %v; reset: %v", err, reset)
	}
}

func TestPass(t *testing.T) {
	t.Parallel()
	p := echo(t)
	c, big := dial(t, p), make([]byte, 5<<20)
	for i := range big {
		big[i] = byte(i * i >> 8)
	}
	go func() {
		_, _ = c.Write(big)
		_ = c.Conn.(*net.TCPConn).CloseWrite()
	}()
	got, err := io.ReadAll(c)
	if err != nil || string(got) != string(big) {
		t.Errorf("%d of %d bytes came back unchanged, %v", len(got), len(big), err)
	}
}

func TestStall(t *testing.T) {
	t.Parallel()
	for _, d := range []faultproxy.Direction{faultproxy.Upstream, faultproxy.Downstream, faultproxy.Both} {
		p := echo(t)
		c := dial(t, p)
		c.send("before")
		c.want("before")
		p.Stall(d)
		c.send("one")
		c.send("two")
		c.wantSilence()
		if n := p.Held(faultproxy.Both); n != len("one\ntwo\n") || p.Held(d) != n {
			t.Errorf("%d bytes are held back, %d in direction %d", n, p.Held(d), d)
		}
		p.Stall(0)
		c.want("one")
		c.want("two")
		if n := p.Held(faultproxy.Both); n != 0 {
			t.Errorf("%d bytes are held back", n)
		}
	}
}

func TestCutAndReset(t *testing.T) {
	t.Parallel()
	p := echo(t)
	for _, reset := range []bool{false, true} {
		c := dial(t, p)
		c.send("x")
		c.want("x")
		p.Stall(faultproxy.Downstream)
		if reset {
			c.send("is lost")
			p.Reset()
		} else {
			p.Cut()
		}
		c.wantEnd(reset)
		p.Stall(0)
	}
	c := dial(t, p)
	c.send("again")
	c.want("again")
	if n := p.Accepted(); n != 3 {
		t.Errorf("%d connections were made, want 3", n)
	}
}

// wantReset fails unless a new connection is reset, while it is made or after.
func wantReset(t *testing.T, p *faultproxy.Proxy) {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err == nil {
		defer c.Close()
		_ = c.SetDeadline(time.Now().Add(patience))
		_, err = c.Read(make([]byte, 1))
	}
	if !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("error %v, want a reset", err)
	}
}

func TestRefuse(t *testing.T) {
	t.Parallel()
	p := echo(t)
	p.Refuse(true)
	wantReset(t, p)
	p.Refuse(false)
	c := dial(t, p)
	c.send("x")
	c.want("x")
}

func TestDelay(t *testing.T) {
	t.Parallel()
	p := echo(t)
	c := dial(t, p)
	const delay = 30 * time.Millisecond
	p.Delay(delay)
	began := time.Now()
	c.send("one")
	c.send("two")
	c.want("one")
	c.want("two")
	if took := time.Since(began); took < 2*delay {
		t.Errorf("there and back took %v, want at least %v", took, 2*delay)
	}
}

func TestTarget(t *testing.T) {
	t.Parallel()
	p := echo(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	p.SetTarget(l.Addr().String()) // where nobody listens any more
	wantReset(t, p)
}

func TestClose(t *testing.T) {
	t.Parallel()
	p := echo(t)
	p.Stall(faultproxy.Both)
	c := dial(t, p)
	c.send("x")
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	if _, err := c.lines.ReadByte(); err == nil {
		t.Error("the connection goes on")
	}
	if _, err := net.Dial("tcp", p.Addr()); err == nil {
		t.Error("somebody listens")
	}
}
