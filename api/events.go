package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// Limits of the stream of events.
const (
	MaxStreams   = 200              // clients at once: 503
	keptEvents   = 10_000           // for clients that come back
	queuedEvents = 1_000            // of a client that is slow: then it is cut off
	keepAlive    = 15 * time.Second // without an event
)

// Feed takes in what the scheduler reports, and hands it on to those who
// listen. Give its Observe to the leader, and itself to the API. The zero Feed
// is not usable.
type Feed struct {
	began string // tells the events of this process from those of another

	mu      sync.Mutex
	last    uint64
	kept    []event // the newest, oldest first
	clients map[*listener]bool
}

// event is one thing that happened, as clients see it.
type event struct {
	id   uint64
	kind string // run, job, decision
	data []byte
}

// EventData is the data of an event.
type EventData struct {
	Job     string    `json:"job"`
	Run     string    `json:"run,omitempty"`
	State   string    `json:"state,omitempty"`   // of the run
	Outcome string    `json:"outcome,omitempty"` // of the run, or of the decision
	Attempt int       `json:"attempt,omitempty"`
	Host    string    `json:"host,omitempty"`
	What    string    `json:"what"` // created, launched, running, attempt-ended, ended, passed, changed, disabled, deleted, late
	Text    string    `json:"text,omitempty"`
	At      time.Time `json:"at"`
}

// listener is a client's queue.
type listener struct {
	events chan event
	slow   bool // it was cut off; the channel is closed
}

// NewFeed returns a feed without events. started is when the process began.
func NewFeed(started time.Time) *Feed {
	return &Feed{began: strconv.FormatInt(started.UnixMilli(), 36), clients: make(map[*listener]bool)}
}

// what names the kinds of notices that are told.
var what = map[scheduler.NoticeKind][2]string{
	scheduler.RunCreated: {"run", "created"}, scheduler.AttemptLaunched: {"run", "launched"}, scheduler.AttemptRunning: {"run", "running"},
	scheduler.AttemptEnded: {"run", "attempt-ended"}, scheduler.RunEnded: {"run", "ended"}, scheduler.SlotsPassed: {"decision", "passed"},
	scheduler.JobChanged: {"job", "changed"}, scheduler.JobDisabled: {"job", "disabled"}, scheduler.JobDeleted: {"job", "deleted"},
}

// Observe takes notices in. It does not wait for anybody.
func (f *Feed) Observe(now time.Time, notices []scheduler.Notice) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range notices {
		names, told := what[notices[i].Kind]
		if !told {
			continue
		}
		data, err := json.Marshal(eventData(&notices[i], names[1], now))
		if err != nil {
			panic("api: an event cannot be written: " + err.Error()) // it holds nothing that could fail
		}
		f.last++
		f.add(event{f.last, names[0], data})
	}
}

// add keeps an event and hands it on; f.mu is held.
func (f *Feed) add(e event) {
	if len(f.kept) >= 2*keptEvents {
		f.kept = append([]event(nil), f.kept[keptEvents:]...)
	}
	f.kept = append(f.kept, e)
	for l := range f.clients {
		select {
		case l.events <- e:
		default: // it is told to begin anew instead of holding up others
			l.slow = true
			delete(f.clients, l)
			close(l.events)
		}
	}
}

func eventData(n *scheduler.Notice, what string, now time.Time) EventData {
	out := EventData{Job: n.Job, What: what, Text: n.Text, At: now.UTC()}
	if r := n.Run; r != nil {
		out.Run, out.Attempt, out.State = r.RunKey.String(), r.Attempt, stateOf(r, now)
		if r.Task != nil {
			out.Host = r.Task.Hostname
		}
	}
	if e := n.Entry; e != nil {
		out.Outcome = e.Outcome.String()
		if n.Run != nil {
			out.State = "ended"
		}
	}
	return out
}

// listen registers a client that has seen everything up to an id, and returns
// what it has missed. reset tells that this is not known any more.
func (f *Feed) listen(lastID string) (l *listener, missed []event, reset bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.clients) >= MaxStreams {
		return nil, nil, false, fault(http.StatusServiceUnavailable, "%d clients are listening, which is the limit", MaxStreams)
	}
	l = &listener{events: make(chan event, queuedEvents)}
	f.clients[l] = true
	if lastID == "" {
		return l, nil, false, nil
	}
	began, number, _ := strings.Cut(lastID, "-")
	seen, bad := strconv.ParseUint(number, 10, 64)
	oldest := f.last + 1
	if len(f.kept) > 0 {
		oldest = f.kept[0].id
	}
	if bad != nil || began != f.began || seen > f.last || seen+1 < oldest {
		return l, nil, true, nil
	}
	return l, f.kept[len(f.kept)-int(f.last-seen):], false, nil
}

func (f *Feed) leave(l *listener) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.clients, l)
}

// apiEvents streams what happens (Server-Sent Events).
func (s *server) apiEvents(c call) (response, error) {
	if s.Feed == nil {
		return response{}, fault(http.StatusNotImplemented, "this server tells no events")
	}
	last := c.Header.Get("Last-Event-ID")
	if last == "" {
		last = c.URL.Query().Get("lastEventId") // of a page that cannot set headers
	}
	l, missed, reset, err := s.Feed.listen(last)
	if err != nil {
		return response{}, err
	}
	return response{as: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer s.Feed.leave(l)
		st := stream{w: w, out: http.NewResponseController(w), began: s.Feed.began}
		h := w.Header()
		h.Set("Content-Type", "text/event-stream")
		h.Set("Cache-Control", "no-cache")
		h.Set("X-Accel-Buffering", "no")
		if !st.open(reset) {
			return
		}
		for _, e := range missed {
			if !st.send(e) {
				return
			}
		}
		s.pump(r, l, st)
	})}, nil
}

// pump sends events until the client goes, is too slow, or the process stops leading.
func (s *server) pump(r *http.Request, l *listener, st stream) {
	beat := time.NewTicker(keepAlive)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return
		case <-beat.C:
			if !s.Scheduler.View().Leading || !st.write(": \n\n") { // another process knows what happens
				return
			}
		case e, open := <-l.events:
			if !open {
				st.write("event: reset\ndata: {}\n\n")
				return
			}
			if !st.send(e) {
				return
			}
		}
	}
}

// stream is the way to a client.
type stream struct {
	w     http.ResponseWriter
	out   *http.ResponseController
	began string
}

// open sends the first lines. reset tells the client to read everything anew.
func (st stream) open(reset bool) bool {
	text := "retry: 2000\n\n"
	if reset {
		text += "event: reset\ndata: {}\n\n"
	}
	return st.write(text)
}

func (st stream) send(e event) bool {
	return st.write(fmt.Sprintf("id: %s-%d\nevent: %s\ndata: %s\n\n", st.began, e.id, e.kind, e.data))
}

func (st stream) write(text string) bool {
	_ = st.out.SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder of tests has none
	if _, err := st.w.Write([]byte(text)); err != nil {
		return false
	}
	return st.out.Flush() == nil
}
