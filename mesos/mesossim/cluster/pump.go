package cluster

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// pump writes a stream to its connection: one RecordIO record per HTTP chunk, as
// in every recording, and as few system calls as the events allow.
type pump struct {
	h      *handler
	stream *stream
	in     *bufio.Reader
	media  string
}

func (p pump) run() {
	defer p.stream.conn.Close()
	defer p.h.core.do(func(m *mesossim.Model, now time.Time) {
		delete(p.h.core.streams, p.stream.id)
		m.Disconnected(now, p.stream.id)
	})
	head := "HTTP/1.1 200 OK\r\nDate: " + time.Now().UTC().Format(http.TimeFormat) +
		"\r\nTransfer-Encoding: chunked\r\n" + streamHeader + ": " + p.stream.id +
		"\r\nContent-Type: " + p.media + "\r\n\r\n"
	if _, err := io.WriteString(p.stream.conn, head); err != nil {
		return
	}
	gone := make(chan struct{})
	go p.drain(gone)
	control := p.h.faults.watch(p.stream.id)
	defer p.h.faults.unwatch(p.stream.id)
	var out []byte
	for {
		select {
		case <-gone:
			return
		case cut := <-control:
			p.damage(cut)
			if cut == damageFreeze {
				<-gone
			}
			return
		case <-p.stream.wake:
			var end mesossim.Ending
			out, end = p.encode(out[:0], p.stream.take())
			if _, err := p.stream.conn.Write(out); err != nil || end != mesossim.Open {
				p.finish(end)
				return
			}
		}
	}
}

// drain reads what the client sends after its request, which is nothing, to
// learn when it hangs up.
func (p pump) drain(gone chan<- struct{}) {
	_, _ = io.Copy(io.Discard, p.in)
	close(gone)
}

func (p pump) encode(out []byte, list []mesossim.Delivery) ([]byte, mesossim.Ending) {
	var records [][]byte
	end := mesossim.Open
	for _, d := range list {
		if d.Event != nil {
			records = append(records, p.record(d.Event))
		}
		if end = d.End; end != mesossim.Open {
			break
		}
	}
	return p.h.faults.chunks(out, records), end
}

func (p pump) record(ev *scheduler.Event) []byte {
	if p.media == mediaJSON {
		return wire.AppendRecord(nil, wire.AppendJSON(nil, ev))
	}
	payload, err := ev.Marshal()
	if err != nil {
		// All required fields are set by the model.
		panic(fmt.Sprintf("event %s cannot be encoded: %v", ev.Type, err))
	}
	return wire.AppendRecord(nil, payload)
}

func appendChunk(out, data []byte) []byte {
	out = strconv.AppendInt(out, int64(len(data)), 16)
	out = append(out, "\r\n"...)
	out = append(out, data...)
	return append(out, "\r\n"...)
}

// finish ends the response as the master meant it.
func (p pump) finish(end mesossim.Ending) {
	if end == mesossim.Finished {
		_, _ = io.WriteString(p.stream.conn, "0\r\n\r\n")
	}
}

// damage does what a fault asks of a stream before it is left alone or closed.
func (p pump) damage(cut damage) {
	if cut == damageMidRecord {
		whole := appendChunk(nil, p.record(&scheduler.Event{Type: scheduler.Event_HEARTBEAT}))
		_, _ = p.stream.conn.Write(whole[:len(whole)/2])
	}
}
