package simulation

import (
	"context"
	"time"

	calls "github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// tamper decides what becomes of messages. What travels on a connection that
// stays is not lost: only what passes through a master or an agent that forgets.
func (w *world) tamper(m mesossim.Message) mesossim.Fate {
	if !w.storm || w.opts.Crash < 0 {
		return mesossim.Fate{}
	}
	if m.Call != nil {
		switch m.Call.Type {
		case calls.Call_ACCEPT:
			return mesossim.Fate{Lose: w.chance(.02)}
		case calls.Call_KILL, calls.Call_RECONCILE, calls.Call_ACKNOWLEDGE:
			return w.fate(.05, .03)
		}
		return mesossim.Fate{}
	}
	switch m.Event.Type {
	case calls.Event_UPDATE:
		st := m.Event.Update.Status
		if len(st.UUID) > 0 || st.GetReason().String() == "REASON_RECONCILIATION" {
			return w.fate(.04, .04)
		}
	case calls.Event_OFFERS, calls.Event_RESCIND:
		if w.chance(.05) {
			return mesossim.Fate{Delay: w.between(time.Millisecond, 3*time.Second)}
		}
	}
	return mesossim.Fate{}
}

// fate loses, doubles or delays.
func (w *world) fate(lose, double float64) mesossim.Fate {
	f := mesossim.Fate{Lose: w.chance(lose)}
	if w.chance(double) {
		f.Copies = 1
	}
	if w.chance(.05) {
		f.Delay = w.between(time.Millisecond, 4*time.Second)
	}
	return f
}

// fault lets one thing go wrong, and plans the next.
func (w *world) fault() {
	if !w.storm {
		return
	}
	w.after(w.between(2*time.Second, 20*time.Second), w.fault)
	i := w.rnd.IntN(len(w.agents))
	node := w.nodes[w.rnd.IntN(len(w.nodes))]
	switch w.rnd.IntN(12) {
	case 0:
		d := w.between(100*time.Millisecond, 8*time.Second)
		w.tracef("the store is away for %v", d)
		w.hooked.away = later(w.hooked.away, w.now.Add(d))
	case 1:
		if w.holder != nil && w.holder.term != nil && !w.holder.asleep {
			w.tracef("%s hands over", w.holder.name)
			w.holder.over()
		}
	case 2:
		w.tracef("the master fails")
		w.model.MasterFails(w.now)
		for i, away := range w.agents {
			if !away {
				w.agentAway(i, w.between(100*time.Millisecond, 15*time.Second))
			}
		}
	case 3, 4, 5, 6:
		w.agentFault(i)
	case 7:
		w.tracef("offers of agent%d are rescinded", i+1)
		w.model.RescindOffers(w.now, i)
	case 8:
		if !node.asleep && node.term != nil {
			d := w.between(time.Second, 40*time.Second)
			w.tracef("%s falls asleep for %v", node.name, d)
			node.sleep(d)
		}
	case 9:
		if node.term != nil && !node.asleep {
			w.tracef("%s dies", node.name)
			node.die()
		}
	}
}

func (w *world) agentFault(i int) {
	if w.agents[i] {
		return
	}
	switch w.rnd.IntN(4) {
	case 0:
		w.tracef("agent%d dies", i+1)
		w.model.AgentDies(w.now, i)
	case 1:
		w.tracef("agent%d is lost", i+1)
		w.model.AgentLost(w.now, i)
	case 2:
		w.tracef("agent%d is silent", i+1)
		w.model.AgentSilent(w.now, i)
	case 3:
		w.tracef("agent%d leaves", i+1)
		w.model.AgentLeaves(w.now, i)
	}
	d := w.between(500*time.Millisecond, 20*time.Second)
	if w.rnd.IntN(2) == 0 {
		d = w.between(20*time.Second, 120*time.Second)
	}
	w.agentAway(i, d)
}

func (w *world) agentAway(i int, d time.Duration) {
	w.agents[i] = true
	w.after(d, func() { w.agentBack(i) })
}

func (w *world) agentBack(i int) {
	if w.agents[i] {
		w.agents[i] = false
		w.tracef("agent%d returns", i+1)
		w.model.AgentReturns(w.now, i)
	}
}

// calm ends all that goes wrong.
func (w *world) calm() {
	w.tracef("CALM")
	w.storm, w.hooked.away = false, time.Time{}
	w.note(Calm{at{w.now}})
	for i := range w.agents {
		w.agentBack(i)
	}
	if w.opts.Stay {
		return
	}
	// Agents repeat updates with delays that have grown; a new subscription hears all at once.
	w.after(65*time.Second, func() {
		if h := w.holder; h != nil && h.term != nil && !h.asleep {
			h.over()
		}
	})
}

// rest looks at the end what is left.
func (w *world) rest() {
	records, err := w.nodes[0].store.Load(context.Background())
	if err != nil {
		w.broken("what is stored can be used", "%v", err)
		return
	}
	w.note(Loaded{at{w.now}, dump(w.written.records()), dump(records)})
	w.note(Rest{at{w.now}, records})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
