package mesos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"sync"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Session is one subscription: from SUBSCRIBED to the end of the stream. It ends
// when the stream does, when nothing comes on it for too long, when the answer to
// a call shows that the master does not know it any more, when its context ends,
// or by Close. Next is for one goroutine, the rest for any.
type Session struct {
	client      *Client
	base        *url.URL
	streamID    string
	subscribed  *scheduler.Event_Subscribed
	frameworkID mesosv1.FrameworkID

	stream  *watched
	records *RecordReader
	calls   *callLine

	once    sync.Once
	over    context.Context // ends with the session, for the same cause
	cancel  context.CancelCauseFunc
	release func() bool // lets go of the user's context
	watches sync.WaitGroup
}

func newSession(c *Client, base *url.URL, stream *watched, streamID string) *Session {
	s := &Session{client: c, base: base, stream: stream, streamID: streamID}
	s.over, s.cancel = context.WithCancelCause(context.Background())
	return s
}

// begin makes a session of what was a stream.
func (s *Session) begin(ctx context.Context, ev *scheduler.Event_Subscribed) {
	s.subscribed, s.frameworkID = ev, *ev.FrameworkID
	s.calls = newCallLine(s)
	s.release = context.AfterFunc(ctx, func() { s.end(context.Cause(ctx)) })
}

// watch ends the session when another master than its own leads. found is what
// the detector said; the master may have been found by redirects from there.
func (s *Session) watch(w Watcher, found string) {
	s.watches.Go(func() {
		for {
			next, err := w.Await(s.over, found)
			if err != nil {
				return // the session is over, or the detector
			}
			if base, err := parseBase(next); err == nil && base.String() == s.base.String() {
				found = next
				continue
			}
			s.end(fmt.Errorf("%w: %s", ErrDeposed, next))
			return
		}
	})
}

// Subscribed returns the event that the session began with.
func (s *Session) Subscribed() *scheduler.Event_Subscribed { return s.subscribed }

// FrameworkID returns the id that the master gave the framework, or that it had.
func (s *Session) FrameworkID() string { return s.frameworkID.Value }

// Master returns the base URL of the master.
func (s *Session) Master() string { return s.base.String() }

// Version returns the version of the master; one that does not say has 1.0.
func (s *Session) Version() Version {
	return ParseVersion(s.subscribed.GetMasterInfo().GetVersion())
}

// Done returns a channel that is closed when the session is over.
func (s *Session) Done() <-chan struct{} { return s.over.Done() }

// Next returns the next event. Events of types that are unknown here are passed
// by, as are those that can't be decoded: the master's updates come again, and
// a new session would bring the same. The error says why the session is over.
func (s *Session) Next() (*scheduler.Event, error) {
	for {
		if s.over.Err() != nil {
			return nil, context.Cause(s.over)
		}
		ev, err := s.read()
		if errors.Is(err, errUndecodable) {
			s.client.config.Logger.Error("an event was skipped", "error", err)
			continue
		}
		if err != nil {
			return nil, s.end(err)
		}
		return ev, nil
	}
}

// errUndecodable says that the payload of a record is no event.
var errUndecodable = errors.New("undecodable event")

// read returns the next event of a known type.
func (s *Session) read() (*scheduler.Event, error) {
	for {
		record, err := s.records.Next()
		if err != nil {
			return nil, s.streamError(err)
		}
		ev, err := decode(record)
		if err != nil {
			return nil, err
		}
		if ev.Type == scheduler.Event_ERROR {
			return nil, refusal(ev.GetError().GetMessage())
		}
		if _, known := scheduler.Event_Type_name[int32(ev.Type)]; known && ev.Type != scheduler.Event_UNKNOWN {
			return ev, nil
		}
		s.client.config.Logger.Debug("an event of unknown type was skipped", "type", int32(ev.Type))
	}
}

// decode reads an event. Unknown fields and enum numbers are no error. The
// generated code can panic on lengths that overflow, which costs the event only.
func decode(record []byte) (ev *scheduler.Event, err error) {
	defer func() {
		if p := recover(); p != nil {
			ev, err = nil, fmt.Errorf("%w: %v", errUndecodable, p)
		}
	}()
	ev = &scheduler.Event{}
	if err := ev.Unmarshal(record); err != nil {
		return nil, fmt.Errorf("%w: type %s: %w", errUndecodable, ev.Type, err)
	}
	if !hasBody(ev) {
		return nil, fmt.Errorf("%w: type %s without its body", errUndecodable, ev.Type)
	}
	return ev, nil
}

// hasBody tells whether what the type promises is there.
func hasBody(ev *scheduler.Event) bool {
	switch ev.Type {
	case scheduler.Event_SUBSCRIBED:
		return ev.Subscribed != nil
	case scheduler.Event_OFFERS:
		return ev.Offers != nil
	case scheduler.Event_INVERSE_OFFERS:
		return ev.InverseOffers != nil
	case scheduler.Event_RESCIND:
		return ev.Rescind != nil
	case scheduler.Event_RESCIND_INVERSE_OFFER:
		return ev.RescindInverseOffer != nil
	case scheduler.Event_UPDATE:
		return ev.Update != nil
	case scheduler.Event_UPDATE_OPERATION_STATUS:
		return ev.UpdateOperationStatus != nil
	case scheduler.Event_MESSAGE:
		return ev.Message != nil
	case scheduler.Event_FAILURE:
		return ev.Failure != nil
	}
	return true
}

// streamError says what the end of the stream means.
func (s *Session) streamError(err error) error {
	switch {
	case err == io.EOF:
		return fmt.Errorf("the master ended the stream: %w", err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return fmt.Errorf("%w: nothing came for %v", ErrSilent, s.stream.silence)
	}
	return fmt.Errorf("stream of events: %w", err)
}

// end ends the session once, and returns why it ended.
func (s *Session) end(cause error) error {
	s.once.Do(func() {
		s.cancel(cause)
		s.stream.Close()
		s.calls.end(s.lost())
	})
	return context.Cause(s.over)
}

// lost returns what a call is told after the end.
func (s *Session) lost() error { return fmt.Errorf("%w: %w", ErrLost, context.Cause(s.over)) }

// Close ends the session and waits until nothing of it is left. It must not be
// called by what Send calls. It returns nil; that it was over is no error.
func (s *Session) Close() error {
	s.end(ErrClosed)
	s.release()
	s.calls.wait()
	s.watches.Wait()
	return nil
}
