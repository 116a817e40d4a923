package cluster

import (
	"net"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/maintenance"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// core is the Model with a lock, a clock, and the streams of its frameworks.
type core struct {
	commands func(mesossim.Command) // performs commands; must not call back

	mu      sync.Mutex
	model   *mesossim.Model
	streams map[string]*stream
	timer   *time.Timer
	wake    time.Time // when timer fires; zero if it is stopped
	closed  bool
	plan    maintenance.Schedule // of maintenance
}

func newCore(o mesossim.Options) *core {
	c := &core{model: mesossim.New(time.Now(), o), streams: map[string]*stream{}}
	c.timer = time.AfterFunc(time.Hour, func() { c.do(func(*mesossim.Model, time.Time) {}) })
	c.timer.Stop()
	return c
}

// do lets f change the model, then hands out what came of it.
func (c *core) do(f func(m *mesossim.Model, now time.Time)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	now := time.Now()
	f(c.model, now)
	next := c.model.Advance(now)
	for _, d := range c.model.Drain() {
		if s := c.streams[d.Stream]; s != nil {
			s.put(d)
			if d.End != mesossim.Open {
				delete(c.streams, d.Stream)
			}
		}
	}
	for _, cmd := range c.model.Commands() {
		c.commands(cmd)
	}
	c.wakeAt(now, next)
}

// wakeAt sets the timer for the model's next wish.
func (c *core) wakeAt(now, next time.Time) {
	switch {
	case next.IsZero():
		c.timer.Stop()
	case !next.Equal(c.wake) || !c.wake.After(now):
		c.timer.Reset(max(0, next.Sub(now)))
	}
	c.wake = next
}

func (c *core) addAgent(spec mesossim.AgentSpec) (err error) {
	c.do(func(m *mesossim.Model, now time.Time) { _, err = m.AddAgent(now, spec) })
	return err
}

// view lets f read the model.
func (c *core) view(f func(m *mesossim.Model)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f(c.model)
}

func (c *core) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.timer.Stop()
	for id, s := range c.streams {
		s.conn.Close() // its pump may be stuck in a write
		delete(c.streams, id)
	}
}

// stream is the queue of one framework's events.
type stream struct {
	id    string
	conn  net.Conn
	mu    sync.Mutex
	queue []mesossim.Delivery
	wake  chan struct{} // holds one token when queue is not empty
}

func newStream(conn net.Conn) *stream {
	return &stream{conn: conn, wake: make(chan struct{}, 1)}
}

func (s *stream) put(d mesossim.Delivery) {
	s.mu.Lock()
	s.queue = append(s.queue, d)
	s.mu.Unlock()
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

func (s *stream) take() []mesossim.Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := s.queue
	s.queue = nil
	return out
}
