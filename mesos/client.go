package mesos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"os"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

const (
	maxHops  = 5                      // redirects followed in one attempt (Mesos contract 1.4)
	hopPause = 100 * time.Millisecond // before the second of them, and so much more before each that follows
)

// Client subscribes a framework. It is for one goroutine.
type Client struct {
	config        Config
	authorization string
	failed        string // what the detector said before the last attempt, which failed or is over
}

// New returns a client, or what is wrong with the config. It connects to nothing.
func New(config Config) (*Client, error) {
	c, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	return &Client{config: c, authorization: c.authorization()}, nil
}

// Subscribe finds the leading master and subscribes; an empty frameworkID
// subscribes as a new framework. With suppressed the master is asked to offer
// nothing before a REVIVE. The session ends at the latest when ctx does.
//
// Errors match ErrFailedOver, ErrRemoved, ErrRefused or ErrUnavailable, or are
// of the detector or of the connection.
func (c *Client) Subscribe(ctx context.Context, frameworkID string, suppressed bool) (*Session, error) {
	found, err := c.config.Detector.Detect(ctx, c.failed)
	if err != nil {
		return nil, fmt.Errorf("detect the leading master: %w", err)
	}
	c.failed = found
	base, err := parseBase(found)
	if err != nil {
		return nil, err
	}
	call := c.subscription(frameworkID, suppressed)
	seen := map[string]bool{}
	for hop := 0; ; hop++ {
		seen[base.String()] = true
		s, location, err := c.try(ctx, base, call)
		if location == "" {
			if err != nil && ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			if err != nil {
				return nil, fmt.Errorf("subscribe at %s: %w", base, err)
			}
			if w, ok := c.config.Detector.(Watcher); ok {
				s.watch(w, found)
			}
			return s, nil
		}
		next, err := redirected(base, location)
		switch {
		case err != nil:
			return nil, fmt.Errorf("subscribe at %s: %w", base, err)
		case seen[next.String()]:
			// So does a restarted master, for seconds (recording master_from_first_moment).
			return nil, fmt.Errorf("%w: %s redirects to %s, which was asked already", ErrUnavailable, base, next)
		case hop == maxHops:
			return nil, fmt.Errorf("%w: redirected more than %d times, lastly by %s", ErrUnavailable, maxHops, base)
		}
		c.config.Logger.Debug("redirected", "from", base.String(), "to", next.String())
		if err := pause(ctx, time.Duration(hop)*hopPause); err != nil {
			return nil, err
		}
		base = next
	}
}

// subscription returns the call, with the id in both places (Mesos contract 1.6).
func (c *Client) subscription(frameworkID string, suppressed bool) *scheduler.Call {
	info := c.config.Framework
	call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: &info}}
	if frameworkID != "" {
		call.FrameworkID = &mesosv1.FrameworkID{Value: frameworkID}
		info.ID = call.FrameworkID
	}
	if suppressed {
		roles := info.Roles
		if len(roles) == 0 {
			role := "*"
			if info.Role != nil {
				role = *info.Role
			}
			roles = []string{role}
		}
		call.Subscribe.SuppressedRoles = roles
	}
	return call
}

// try asks one master. It returns a session, where the master redirects to, or an error.
func (c *Client) try(ctx context.Context, base *url.URL, call *scheduler.Call) (s *Session, location string, err error) {
	request, err := appendRequest(nil, c.head(base, ""), call)
	if err != nil {
		return nil, "", err
	}
	conn, err := c.dial(ctx, base)
	if err != nil {
		return nil, "", err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer func() {
		stop()
		if s == nil {
			conn.Close()
		}
	}()
	if err := conn.SetWriteDeadline(time.Now().Add(c.config.Timeout)); err != nil {
		return nil, "", err
	}
	if _, err := conn.Write(request); err != nil {
		return nil, "", err
	}
	if err := conn.SetWriteDeadline(time.Time{}); err != nil { // TLS may have to write later
		return nil, "", err
	}
	stream := &watched{conn, c.config.Timeout}
	resp, err := readResponse(bufio.NewReader(stream))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, "", fmt.Errorf("%w: no answer in %v", ErrUnavailable, c.config.Timeout)
	case err != nil:
		return nil, "", err
	case resp.StatusCode == http.StatusOK:
		s, err := c.open(ctx, base, stream, resp)
		return s, "", err
	}
	a, err := readAnswer(resp)
	if err != nil {
		return nil, "", err
	}
	if location = resp.Header.Get("Location"); a.status/100 == 3 && location != "" {
		return nil, location, nil
	}
	return nil, "", &AnswerError{call.Type, a.status, a.text, subscribeKind(a.status)}
}

// subscribeKind tells what an answer to SUBSCRIBE means: 404 and what a broken
// or starting master says pass with time, the rest does not (Mesos contract 1.1).
func subscribeKind(status int) error {
	switch {
	case status == http.StatusNotFound, status == http.StatusRequestTimeout, status == http.StatusTooManyRequests:
		return ErrUnavailable
	case status/100 == 4 || status == http.StatusNotImplemented:
		return ErrRefused
	}
	return ErrUnavailable
}

// open waits for SUBSCRIBED on an accepted stream.
func (c *Client) open(ctx context.Context, base *url.URL, stream *watched, resp *http.Response) (*Session, error) {
	id, media := resp.Header.Get(streamHeader), resp.Header.Get("Content-Type")
	if id == "" || media != mediaType {
		// So answers the operator API to a slightly wrong path (OBSERVATIONS 2.5).
		return nil, fmt.Errorf("%w: the answer has content type %q and stream id %q, so it is not from the scheduler API", ErrRefused, media, id)
	}
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return nil, fmt.Errorf("%w: the stream is encoded in %q, which was not asked for", ErrRefused, coding)
	}
	s := newSession(c, base, stream, id)
	s.records = NewRecordReader(resp.Body, c.config.MaxRecord)
	ev, err := s.read()
	if err != nil {
		return nil, err
	}
	if ev.Type != scheduler.Event_SUBSCRIBED {
		return nil, fmt.Errorf("%w: the first event is %s, expected SUBSCRIBED", ErrUnavailable, ev.Type)
	}
	if err := c.understood(ev.Subscribed); err != nil {
		return nil, err
	}
	s.begin(ctx, ev.Subscribed)
	stream.silence = c.silence(ev.Subscribed.GetHeartbeatIntervalSeconds())
	return s, nil
}

// understood tells whether the master's version knows what the framework cannot
// do without. Other capabilities are safe to ask of any: in protobuf what is
// unknown is passed by (Mesos contract 6).
func (c *Client) understood(ev *scheduler.Event_Subscribed) error {
	v := ParseVersion(ev.GetMasterInfo().GetVersion())
	if multiRole(&c.config.Framework) && !v.AtLeast(1, 2) {
		return fmt.Errorf("%w: Mesos %s knows no MULTI_ROLE and would put the framework into the role *; give it one role instead", ErrRefused, v)
	}
	return nil
}

// silence returns how long a stream may be silent.
func (c *Client) silence(beat float64) time.Duration {
	if c.config.Silence > 0 {
		return c.config.Silence
	}
	if math.IsNaN(beat) || beat <= 0 || beat > maxBeat.Seconds() {
		return defaultSilence
	}
	return time.Duration(silentBeats * beat * float64(time.Second))
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return context.Cause(ctx)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
