package mesossim

import (
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Message is a message on its way; exactly one of Call and Event is set.
type Message struct {
	FrameworkID string
	Call        *scheduler.Call  // framework → master, already answered with 202
	Event       *scheduler.Event // master → framework
}

// Fate is what becomes of a message. The zero value delivers it.
type Fate struct {
	Lose   bool          // never arrives
	Copies int           // arrives so many times more
	Delay  time.Duration // arrives later; messages behind it may overtake it
}

// Tamper decides the fate of a message. It sees every call but SUBSCRIBE and
// every OFFERS, RESCIND, UPDATE and FAILURE event, in the order in which they
// are sent. For a simulation that is to be repeatable it must be deterministic.
type Tamper func(Message) Fate

// deliver sends an event to a connected framework, subject to Tamper.
func (m *Model) deliver(fw *framework, ev *scheduler.Event) {
	if fw.state != fwConnected {
		return
	}
	stream := fw.stream
	m.subject(Message{FrameworkID: fw.id, Event: ev}, func() { m.send(stream, ev, Open) })
}

// subject applies the fate of a message; do makes it arrive.
func (m *Model) subject(msg Message, do func()) {
	if m.opts.Tamper == nil {
		do()
		return
	}
	fate := m.opts.Tamper(msg)
	if fate.Lose {
		return
	}
	for range fate.Copies + 1 {
		if fate.Delay > 0 {
			m.after(fate.Delay, do)
			continue
		}
		do()
	}
}
