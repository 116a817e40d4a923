package cluster

import (
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// What goes wrong on the wire and at the agents, besides what faults.go has.

// Slow makes every answer of the scheduler API, and the first event of a stream,
// come so much later; 0 ends it.
func (f *Faults) Slow(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slow = d
}

// Chunks makes HTTP chunks of streams so many bytes long, wherever records end,
// as a proxy may. 0 is a chunk for each record, as masters do it.
func (f *Faults) Chunks(size int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.chunk = size
}

// Inject puts an event of any kind into a framework's stream, such as one of a
// type or with an enum number that no version knows. It tells whether the
// framework has a stream.
func (f *Faults) Inject(frameworkID string, ev *scheduler.Event) (ok bool) {
	f.core.do(func(m *mesossim.Model, _ time.Time) {
		if s := f.core.streams[m.StreamOf(frameworkID)]; s != nil {
			s.put(mesossim.Delivery{Stream: s.id, Event: ev})
			ok = true
		}
	})
	return ok
}

// FailTask ends a task as its agent does; see mesossim.Model.FailTask.
func (f *Faults) FailTask(frameworkID, taskID string, reason mesos.TaskStatus_Reason, message string) (ok bool) {
	f.core.do(func(m *mesossim.Model, now time.Time) { ok = m.FailTask(now, frameworkID, taskID, reason, message) })
	return ok
}

// AgentRestarts ends an agent's process and starts it again: to the master the
// agent was lost and is back. Tasks of frameworks with checkpointing go on.
func (f *Faults) AgentRestarts(i int) {
	f.AgentDies(i)
	f.AgentReturns(i)
}

// RemoveFramework removes a framework as an operator's teardown does: its tasks
// end, and its id is of no more use.
func (f *Faults) RemoveFramework(id string) {
	f.core.do(func(m *mesossim.Model, now time.Time) { m.RemoveFramework(now, id) })
}

// AgentDrains makes an agent empty, as an operator does, until AgentReactivates.
func (f *Faults) AgentDrains(i int) { f.agent(i, (*mesossim.Model).AgentDrains) }

// AgentReactivates lets an agent be offered again that was drained.
func (f *Faults) AgentReactivates(i int) { f.agent(i, (*mesossim.Model).AgentReactivates) }

// AgentFreezes stops an agent's process until AgentReturns.
func (f *Faults) AgentFreezes(i int) { f.agent(i, (*mesossim.Model).AgentFreezes) }

// linger waits as Slow says.
func (f *Faults) linger(done <-chan struct{}) {
	f.mu.Lock()
	d := f.slow
	f.mu.Unlock()
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-done:
	}
}

// chunks appends data in chunks as Chunks says.
func (f *Faults) chunks(out []byte, records [][]byte) []byte {
	f.mu.Lock()
	size := f.chunk
	f.mu.Unlock()
	if size <= 0 {
		for _, r := range records {
			out = appendChunk(out, r)
		}
		return out
	}
	var all []byte
	for _, r := range records {
		all = append(all, r...)
	}
	for len(all) > 0 {
		n := min(size, len(all))
		out = appendChunk(out, all[:n])
		all = all[n:]
	}
	return out
}
