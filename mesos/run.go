package mesos

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Handler is told what happens to a framework, by one goroutine, in order. While
// it works no event is read, but the session does not end for that.
type Handler interface {
	// Subscribed begins a session: whatever was offered before is void.
	Subscribed(*Session, *scheduler.Event_Subscribed)
	// Event is every event but SUBSCRIBED and ERROR, heartbeats too.
	Event(*scheduler.Event)
	// Disconnected ends a session, once, and says why.
	Disconnected(error)
}

// Run keeps a framework subscribed until ctx ends: it finds the master,
// subscribes, delivers events, and after any end waits a little and subscribes
// again with the same id. An empty frameworkID subscribes as a new framework.
//
// It returns what is wrong with the config, ErrFailedOver, ErrRemoved, or the
// cause of ctx. A refusal is logged as an error and tried again slowly.
func Run(ctx context.Context, config Config, frameworkID string, h Handler) error {
	c, err := New(config)
	if err != nil {
		return err
	}
	log, tries := c.config.Logger, 0
	for {
		lived, err := c.live(ctx, &frameworkID, h)
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, ErrFailedOver) || errors.Is(err, ErrRemoved):
			return err
		}
		if lived > c.config.Backoff.Max {
			tries = 0
		}
		wait := c.config.Backoff.pause(tries)
		tries++
		if errors.Is(err, ErrRefused) {
			wait = jitter(c.config.Backoff.Refused)
			log.Error("the master refuses the framework", "error", err, "retry_in", wait)
		} else {
			log.Warn("not subscribed", "error", err, "retry_in", wait)
		}
		if err := c.rest(ctx, wait); err != nil {
			return err
		}
	}
}

// rest waits for d, or until there is another master than the one that was
// asked last.
func (c *Client) rest(ctx context.Context, d time.Duration) error {
	w, ok := c.config.Detector.(Watcher)
	if !ok {
		return pause(ctx, d)
	}
	within, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	if _, err := w.Await(within, c.failed); err != nil && within.Err() == nil {
		return pause(ctx, d) // the detector is out of order
	}
	return context.Cause(ctx)
}

// live lives through one session and returns how long it was.
func (c *Client) live(ctx context.Context, frameworkID *string, h Handler) (time.Duration, error) {
	s, err := c.Subscribe(ctx, *frameworkID, c.config.Suppressed)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	began := time.Now()
	*frameworkID = s.FrameworkID()
	c.config.Logger.Info("subscribed", "master", s.Master(), "version", s.Version().String(), "framework", *frameworkID)
	h.Subscribed(s, s.Subscribed())
	for {
		ev, err := s.Next()
		if err != nil {
			s.Close()
			h.Disconnected(err)
			return time.Since(began), err
		}
		h.Event(ev)
	}
}

// pause returns how long to wait after so many attempts in a row.
func (b *Backoff) pause(tries int) time.Duration {
	if tries == 0 {
		return rand.N(b.First + 1)
	}
	d := b.Min
	for ; tries > 1 && d < b.Max; tries-- {
		d *= 2
	}
	return jitter(min(d, b.Max))
}

// jitter returns between half of d and d.
func jitter(d time.Duration) time.Duration { return d - rand.N(d/2+1) }
