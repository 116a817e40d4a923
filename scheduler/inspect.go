package scheduler

import (
	"slices"
	"time"

	"github.com/hora-scheduler/hora/message"
)

// Inspect asks what is known of the cluster and who waits for it. Step fills in
// Into; nothing is changed.
type Inspect struct{ Into *Inspection }

func (Inspect) event() {}

// MaxInspected bounds how many waiting runs an Inspection names.
const MaxInspected = 200

// Inspection is what is held of offers, and what waits for them.
type Inspection struct {
	Subscribed bool
	Suppressed bool      // the master was told that no offers are wanted
	Since      time.Time // when the session began
	Offers     []Held
	Queued     int // runs that want an offer now
	Launched   int // runs that have a task
	Queue      []Queued
}

// Held is what one agent offers us at the moment.
type Held struct {
	AgentID, Hostname string
	CPUs, Mem, Disk   float64 // cores, MiB, MiB
	Offers            int
	Since             time.Time
}

// Queued is a run that wants an offer.
type Queued struct {
	Run    RunKey
	Job    string
	Since  time.Time
	Reason message.Message // why no offer did at the last try; it says nothing if none was tried
}

func (s *State) inspect(ev Inspect) {
	m := &s.mesos
	out := Inspection{
		Subscribed: m.subscribed, Suppressed: m.suppressed, Since: m.began, Queued: s.ready.len(), Launched: len(s.tasks),
	}
	for _, a := range m.sorted() {
		out.Offers = append(out.Offers, Held{
			AgentID: a.agentID, Hostname: a.hostname, Offers: len(a.offers), Since: a.since,
			CPUs: float64(a.cpus) / 1000, Mem: float64(a.mem) / 1000, Disk: float64(a.disk) / 1000,
		})
	}
	for key := range s.ready.where {
		r := s.runs[key]
		out.Queue = append(out.Queue, Queued{Run: key, Job: r.JobName, Since: r.NotBefore, Reason: m.misfits[s.byUID[r.UID].def.Signature]})
	}
	slices.SortFunc(out.Queue, func(a, b Queued) int {
		if c := a.Since.Compare(b.Since); c != 0 {
			return c
		}
		return compareKeys(a.Run, b.Run)
	})
	out.Queue = out.Queue[:min(len(out.Queue), MaxInspected)]
	*ev.Into = out
}
