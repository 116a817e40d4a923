package mesos

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// maxUnanswered is how many calls may wait for their answers; then senders wait.
const maxUnanswered = 1024

// Call sends a call and waits until the master has taken it, which does not say
// that it is done: what comes of it are events. Ids of framework and stream are
// filled in. Calls of several goroutines go one behind the other.
//
// An error matches ErrBadCall (only this call is concerned) or ErrLost (so is
// the session), or it is that of ctx: then the call may have been sent.
func (s *Session) Call(ctx context.Context, call *scheduler.Call) error {
	answered := make(chan error, 1)
	if err := s.Send(ctx, call, func(err error) { answered <- err }); err != nil {
		return err
	}
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", call.Type, context.Cause(ctx))
	}
}

// Send sends a call without waiting for the answer, so that calls follow each
// other at the speed of the connection: the master handles them in order. It
// waits while too many are without an answer.
//
// If Send returns nil, answered is called once with what Call would return; it
// must neither block nor close the session. If Send returns an error, the call
// was not sent and answered is not called.
func (s *Session) Send(ctx context.Context, call *scheduler.Call, answered func(error)) error {
	if call.Type == scheduler.Call_SUBSCRIBE {
		return fmt.Errorf("%w: a session has one SUBSCRIBE, and that is over", ErrBadCall)
	}
	return s.calls.send(ctx, call, answered)
}

// callLine is the connection for calls.
type callLine struct {
	session *Session
	head    string
	room    chan struct{} // holds one token for each call without an answer
	turn    chan struct{} // holds a token while somebody connects or writes
	request []byte        // belongs to whose turn it is
	readers sync.WaitGroup

	mu      sync.Mutex
	conn    net.Conn // nil: none yet, or closed by the master while idle
	ended   error
	waiting []waiter // in the order in which they were sent
}

// waiter is a call without an answer.
type waiter struct {
	call     scheduler.Call_Type
	deadline time.Time
	answered func(error)
}

func newCallLine(s *Session) *callLine {
	return &callLine{
		session: s, head: s.client.head(s.base, s.streamID),
		room: make(chan struct{}, maxUnanswered), turn: make(chan struct{}, 1),
	}
}

func (l *callLine) send(ctx context.Context, call *scheduler.Call, answered func(error)) error {
	if err := l.enter(ctx, l.room); err != nil {
		return fmt.Errorf("%s: %w", call.Type, err)
	}
	if err := l.enter(ctx, l.turn); err != nil {
		<-l.room
		return fmt.Errorf("%s: %w", call.Type, err)
	}
	defer func() { <-l.turn }()
	err := l.write(ctx, call, answered)
	if err != nil {
		<-l.room
	}
	return err
}

// enter takes a place in a line.
func (l *callLine) enter(ctx context.Context, line chan struct{}) error {
	select {
	case <-l.session.Done():
		return l.session.lost()
	case <-ctx.Done():
		return context.Cause(ctx)
	default:
	}
	select {
	case line <- struct{}{}:
		return nil
	case <-l.session.Done():
		return l.session.lost()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// write writes a call, on a new connection if there is none. Once it has joined
// those who wait, its fate is told by answered alone.
func (l *callLine) write(ctx context.Context, call *scheduler.Call, answered func(error)) error {
	ours := *call
	ours.FrameworkID = &l.session.frameworkID
	var err error
	if l.request, err = appendRequest(l.request[:0], l.head, &ours); err != nil {
		return err
	}
	timeout := l.session.client.config.Timeout
	for {
		conn, err := l.connection(ctx)
		if err != nil {
			return fmt.Errorf("%s: %w", call.Type, err)
		}
		w := waiter{call.Type, time.Now().Add(timeout), answered}
		if !l.join(conn, w) {
			continue // it went while we took it
		}
		if err = conn.SetWriteDeadline(w.deadline); err == nil {
			_, err = conn.Write(l.request)
		}
		if err != nil {
			l.session.end(fmt.Errorf("connection for calls: %w", err))
		}
		if cap(l.request) > keptBuffer {
			l.request = nil
		}
		return nil
	}
}

// connection returns the connection, and makes one if there is none.
func (l *callLine) connection(ctx context.Context) (net.Conn, error) {
	l.mu.Lock()
	conn, ended := l.conn, l.ended
	l.mu.Unlock()
	if conn != nil || ended != nil {
		return conn, ended
	}
	// The session may end while we connect.
	dialing, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(l.session.over, cancel)()
	conn, err := l.session.client.dial(dialing, l.session.base)
	if err != nil {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		return nil, fmt.Errorf("%w: %w", ErrLost, l.session.end(fmt.Errorf("connection for calls: %w", err)))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended != nil {
		conn.Close()
		return nil, l.ended
	}
	l.conn = conn
	l.readers.Add(1)
	go l.read(conn)
	return conn, nil
}

// join lets a call wait for its answer on conn, if that is still the connection.
func (l *callLine) join(conn net.Conn, w waiter) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != conn {
		return false
	}
	l.waiting = append(l.waiting, w)
	if len(l.waiting) == 1 {
		conn.SetReadDeadline(w.deadline) // of a closed connection: the reader sees it
	}
	return true
}

// read reads answers until the connection ends. They come in the order of the calls.
func (l *callLine) read(conn net.Conn) {
	defer l.readers.Done()
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		if _, err := r.Peek(1); err != nil {
			if !l.leave(conn) {
				l.session.end(connectionError(err))
			}
			return
		}
		w, ok := l.next()
		if !ok {
			l.leave(conn)
			l.session.client.config.Logger.Warn("the master answered what nobody asked", "master", l.session.Master())
			return
		}
		a, err := l.answer(r)
		if err != nil {
			l.session.end(connectionError(err))
			l.finish(w, l.session.lost())
			return
		}
		l.finish(w, l.verdict(w.call, a))
		if a.last {
			if !l.leave(conn) {
				l.session.end(fmt.Errorf("connection for calls: closed by the master with calls unanswered"))
			}
			return
		}
	}
}

func connectionError(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return fmt.Errorf("%w: a call was not answered in time", ErrSilent)
	}
	return fmt.Errorf("connection for calls: %w", err)
}

// leave gives up a connection that nobody waits on; the next call makes a new
// one. It returns false if somebody waits.
func (l *callLine) leave(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) > 0 {
		return false
	}
	if l.conn == conn {
		l.conn = nil
	}
	return true
}

// next takes the call whose answer comes next.
func (l *callLine) next() (waiter, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.waiting) == 0 {
		return waiter{}, false
	}
	w := l.waiting[0]
	l.waiting[0] = waiter{}
	l.waiting = l.waiting[1:]
	return w, true
}

// answer reads one answer and sets the time for the next.
func (l *callLine) answer(r *bufio.Reader) (answer, error) {
	resp, err := readResponse(r)
	if err != nil {
		return answer{}, err
	}
	a, err := readAnswer(resp)
	if err != nil {
		return answer{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.conn != nil {
		var deadline time.Time
		if len(l.waiting) > 0 {
			deadline = l.waiting[0].deadline
		}
		l.conn.SetReadDeadline(deadline) // of a closed connection: the reader sees it
	}
	return a, nil
}

// finish tells a call its fate.
func (l *callLine) finish(w waiter, err error) {
	<-l.room
	w.answered(err)
}

// end tells all who wait that the session is over.
func (l *callLine) end(lost error) {
	l.mu.Lock()
	waiting := l.waiting
	l.waiting, l.ended = nil, lost
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
	l.mu.Unlock()
	for _, w := range waiting {
		l.finish(w, lost)
	}
}

// wait waits until nobody reads answers any more.
func (l *callLine) wait() { l.readers.Wait() }

// The texts that tell a lost session from a bad call (Mesos contract 1.1, rows 12, 16 and 17).
var lostTexts = []string{"Framework cannot be found", "All non-subscribe calls should include the 'Mesos-Stream-Id' header", "The stream ID '"}

// verdict says what an answer means for a call, and ends the session if it is over.
func (l *callLine) verdict(call scheduler.Call_Type, a answer) error {
	e := &AnswerError{call, a.status, a.text, ErrLost}
	switch a.status {
	case http.StatusOK, http.StatusAccepted:
		return nil
	case http.StatusBadRequest:
		e.kind = ErrBadCall
		for _, text := range lostTexts {
			if strings.HasPrefix(a.text, text) {
				e.kind = ErrLost
			}
		}
	case http.StatusUnauthorized:
		e.kind = ErrRefused
	case http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusInternalServerError, http.StatusNotImplemented:
		e.kind = ErrBadCall
	}
	if e.kind == ErrBadCall {
		return e
	}
	l.session.end(e)
	return l.session.lost()
}
