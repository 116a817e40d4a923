package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/store"
)

// A session is trusted for two thirds of its time-out after the moment at which
// the last request that was answered had been sent. The server counts from when
// that request came in, which is later, so that a third of the time-out is left
// to stop before anybody else can be elected. Requests are sent so often that a
// lost one does no harm.
const (
	trustNumerator, trustDenominator = 2, 3
	beatsPerTimeout                  = 8
	maxBeat                          = time.Second
)

// maxPacket is the longest packet that is read. A server sends at most 1 MiB
// unless it was configured to send more.
const maxPacket = 16 << 20

// errors of a session.
var (
	errExpired = errors.New("the ZooKeeper session has expired")
	errSilent  = errors.New("ZooKeeper does not answer")
	errLost    = errors.New("the connection to ZooKeeper is lost")
)

// session is one session with ZooKeeper. It is never revived: when it may have
// expired it is over, and what comes next gets a new one.
type session struct {
	conn    *zk.Conn
	sockets *sockets
	asked   time.Duration // the session time-out
	acl     []zk.ACL
	log     *slog.Logger
	ready   chan struct{} // closed when the session is there
	over    chan struct{} // closed when it is, or may be, over
	gone    chan struct{} // closed when nothing is left of it

	mu      sync.Mutex
	isReady bool
	watches bool      // it has watches
	cause   error     // why it is over
	heard   time.Time // when the last request that was answered had been sent
}

// dial begins a session and waits until it is there, at most for a session
// time-out.
func dial(ctx context.Context, o *Options) (*session, error) {
	s := &session{
		sockets: &sockets{tls: o.TLS, wait: o.SessionTimeout * trustNumerator / trustDenominator, open: map[net.Conn]struct{}{}},
		asked:   o.SessionTimeout, acl: zk.WorldACL(zk.PermAll), log: o.Logger,
		ready: make(chan struct{}), over: make(chan struct{}), gone: make(chan struct{}),
	}
	conn, events, err := zk.Connect(o.Servers, o.SessionTimeout, zk.WithDialer(s.sockets.dial), zk.WithHostProvider(&hosts{}),
		zk.WithEventCallback(s.event), zk.WithMaxBufferSize(maxPacket), zk.WithLogInfo(false), zk.WithLogger(debug{o.Logger}))
	if err != nil {
		return nil, err
	}
	s.conn = conn
	go func() {
		for range events { // the callback gets them all; of the channel some may be dropped
		}
		close(s.gone)
	}()
	if err := s.begin(ctx, o); err != nil {
		s.hangUp(err)
		return nil, err
	}
	return s, nil
}

func (s *session) begin(ctx context.Context, o *Options) error {
	timer := time.NewTimer(o.SessionTimeout)
	defer timer.Stop()
	select {
	case <-s.ready:
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		err := s.sockets.failure()
		if err == nil {
			err = errSilent
		}
		return fmt.Errorf("no session with ZooKeeper at %v within %v: %w", o.Servers, o.SessionTimeout, err)
	}
	if o.Auth == "" {
		return nil
	}
	s.acl = zk.AuthACL(zk.PermAll)
	_, err := call(ctx, s, func() (struct{}, error) { return struct{}{}, s.conn.AddAuth("digest", []byte(o.Auth)) })
	if err != nil {
		return fmt.Errorf("authenticate: %w", err)
	}
	return nil
}

// event is called by the library and must not block.
func (s *session) event(ev zk.Event) {
	if ev.Type != zk.EventSession {
		return
	}
	switch ev.State {
	case zk.StateHasSession:
		s.mu.Lock()
		first := !s.isReady
		s.isReady = true
		if first {
			s.heard = time.Now() // of the connection request, nearly: nothing is trusted before the first beat
		}
		s.mu.Unlock()
		if first {
			close(s.ready)
		}
	case zk.StateExpired:
		s.end(errExpired)
		s.sockets.stop() // else the library begins another session
	case zk.StateDisconnected:
		s.mu.Lock()
		watches := s.watches
		s.mu.Unlock()
		if watches {
			s.end(errLost)
			s.sockets.stop()
		}
	}
}

// timeout is the session time-out that the server granted.
func (s *session) timeout() time.Duration {
	return time.Duration(s.sockets.granted.Load()) * time.Millisecond
}

// trust is how long the session can be relied on without a word from the server.
func (s *session) trust() time.Duration { return s.timeout() * trustNumerator / trustDenominator }

// end says that the session is over, and leaves the connection as it is.
func (s *session) end(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		s.cause = cause
		close(s.over)
	}
}

// reason is why the session is over; nil if it is not.
func (s *session) reason() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cause
}

// hangUp ends the session without a word, so that nothing waits any more. The
// server lets it expire.
func (s *session) hangUp(cause error) {
	s.end(cause)
	s.sockets.hangUp()
	go s.conn.Close()
}

// close ends the session with the server, which deletes its ephemeral nodes, if
// it can be told within some seconds. What waits for an answer fails at once.
func (s *session) close(cause error) {
	s.end(cause)
	s.conn.Close()
	s.sockets.hangUp()
	<-s.gone
}

// watch says whether there are watches from now on. A session that has some does
// not outlive its connection: when the library takes them up again on another
// one, it may tell the server that it has seen what it has not, by a race, and
// then it misses events.
func (s *session) watch(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.watches = yes
}

// fresh says whether the session can still be relied on. If not, it is over.
func (s *session) fresh() bool {
	s.mu.Lock()
	late := time.Since(s.heard) > s.trust()
	over := s.cause != nil
	s.mu.Unlock()
	if late && !over {
		s.end(errSilent)
		go s.close(errSilent) // it may still be heard
	}
	return !late && !over
}

// answered notes that a request which had been sent at that time was answered.
func (s *session) answered(sent time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if sent.After(s.heard) {
		s.heard = sent
	}
}

// keep sees to it that the session is over, by the clock of this machine, before
// it can expire, and as soon as the ephemeral node at path is gone. It returns
// when the session is over.
func (s *session) keep(path string) {
	for s.fresh() {
		sent := time.Now()
		s.mu.Lock()
		late := time.NewTimer(time.Until(s.heard.Add(s.trust())))
		s.mu.Unlock()
		answer := make(chan error, 1)
		go func() {
			there, _, err := s.conn.Exists(path)
			if err == nil && !there {
				err = errDeposed
			}
			answer <- err
		}()
		select {
		case err := <-answer:
			if err == nil {
				s.answered(sent)
			} else if errors.Is(err, errDeposed) {
				s.end(errDeposed)
			} // else the next beat may come through
			s.pause(min(s.timeout()/beatsPerTimeout, maxBeat))
		case <-late.C:
		case <-s.over:
		}
		late.Stop()
	}
}

// pause waits, at most until the session is over.
func (s *session) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-s.over:
	}
}

// call does something with the connection of a session. It ends with ctx, and
// when the session is hung up.
func call[T any](ctx context.Context, s *session, do func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	var none T
	if err := ctx.Err(); err != nil {
		return none, context.Cause(ctx)
	}
	done := make(chan result, 1)
	go func() {
		value, err := do()
		done <- result{value, err}
	}()
	limit := time.NewTimer(s.asked)
	defer limit.Stop()
	select {
	case r := <-done:
		return r.value, r.err
	case <-ctx.Done():
		return none, context.Cause(ctx)
	case <-s.gone:
		return none, zk.ErrConnectionClosed
	case <-limit.C:
		return none, fmt.Errorf("no answer within %v: %w", s.asked, errSilent)
	}
}

// node is what a znode holds.
type node struct {
	data []byte
	stat zk.Stat
	gone bool // there is no such node
}

func (s *session) get(ctx context.Context, path string) (node, error) {
	n, err := call(ctx, s, func() (node, error) {
		data, stat, err := s.conn.Get(path)
		if err != nil {
			return node{gone: errors.Is(err, zk.ErrNoNode)}, err
		}
		return node{data: data, stat: *stat}, nil
	})
	if n.gone {
		return n, nil
	}
	return n, about(path, err)
}

// getWatched is get with a channel that gets an event when the node has changed;
// it is nil if there is no such node.
func (s *session) getWatched(ctx context.Context, path string) (node, <-chan zk.Event, error) {
	type watched struct {
		node
		changed <-chan zk.Event
	}
	w, err := call(ctx, s, func() (watched, error) {
		data, stat, changed, err := s.conn.GetW(path)
		if err != nil {
			return watched{node: node{gone: errors.Is(err, zk.ErrNoNode)}}, err
		}
		return watched{node{data: data, stat: *stat}, changed}, nil
	})
	if w.gone {
		return w.node, nil, nil
	}
	return w.node, w.changed, about(path, err)
}

// children lists the names of the children, nil if there is no such node.
func (s *session) children(ctx context.Context, path string) ([]string, error) {
	names, err := call(ctx, s, func() ([]string, error) {
		names, _, err := s.conn.Children(path)
		return names, err
	})
	if errors.Is(err, zk.ErrNoNode) {
		return nil, nil
	}
	return names, about(path, err)
}

// create makes a node and returns its path. That it is there already is no error.
func (s *session) create(ctx context.Context, path string, data []byte, flags int32, acl []zk.ACL) (string, error) {
	made, err := call(ctx, s, func() (string, error) { return s.conn.Create(path, data, flags, acl) })
	if errors.Is(err, zk.ErrNodeExists) {
		return path, nil
	}
	return made, about(path, err)
}

// remove deletes a node. That there is none is no error.
func (s *session) remove(ctx context.Context, path string) error {
	_, err := call(ctx, s, func() (struct{}, error) { return struct{}{}, s.conn.Delete(path, anyVersion) })
	if errors.Is(err, zk.ErrNoNode) {
		return nil
	}
	return about(path, err)
}

// sync has later reads see all that was written before, whichever server they ask.
func (s *session) sync(ctx context.Context, path string) error {
	_, err := call(ctx, s, func() (string, error) { return s.conn.Sync(path) })
	return about(path, err)
}

// multi does all ops or none. failed is the index of the op that failed, -1 if
// none did or it is not known.
func (s *session) multi(ctx context.Context, ops []any) (results []zk.MultiResponse, failed int, err error) {
	results, err = call(ctx, s, func() ([]zk.MultiResponse, error) { return s.conn.Multi(ops...) })
	if err == nil {
		return results, -1, nil
	}
	for i, r := range results {
		if r.Error != nil {
			return nil, i, fmt.Errorf("%s: %w", pathOf(ops[i]), r.Error)
		}
	}
	return nil, -1, err
}

func pathOf(op any) string {
	switch op := op.(type) {
	case *zk.CreateRequest:
		return op.Path
	case *zk.SetDataRequest:
		return op.Path
	case *zk.DeleteRequest:
		return op.Path
	case *zk.CheckVersionRequest:
		return op.Path
	}
	return ""
}

// about says which node an error is about, and what to do about it.
func about(path string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, zk.ErrNoAuth):
		return fmt.Errorf("%s: not permitted; check the credentials: %w", path, err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// corrupt says that the node at path can't be used.
func corrupt(path, format string, args ...any) error {
	return &store.CorruptError{Key: "znode " + path, Err: fmt.Errorf(format, args...)}
}
