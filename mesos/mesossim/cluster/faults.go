package cluster

import (
	"net/http"
	"sync"
)

// mode is what a master that does not lead answers to everything.
type mode struct {
	mu     sync.Mutex
	leader string // host:port to redirect to
	down   string // text of a 503
}

func (m *mode) set(leader, down string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leader, m.down = leader, down
}

// answered answers in the place of a leading master, if this one does not lead.
func (m *mode) answered(w http.ResponseWriter, r *http.Request, path string) bool {
	m.mu.Lock()
	leader, down := m.leader, m.down
	m.mu.Unlock()
	switch {
	case leader != "":
		if r.URL.RawQuery != "" {
			path += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", "//"+leader+path)
		plain(w, http.StatusTemporaryRedirect, "")
	case down != "":
		plain(w, http.StatusServiceUnavailable, down)
	default:
		return false
	}
	return true
}

type damage int

const (
	damageBreak damage = iota
	damageMidRecord
)

// Faults are things that go wrong on purpose.
type Faults struct {
	mu      sync.Mutex
	streams map[string]chan damage
}

func newFaults() *Faults { return &Faults{streams: map[string]chan damage{}} }

func (f *Faults) watch(stream string) <-chan damage {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := make(chan damage, 1)
	f.streams[stream] = c
	return c
}

func (f *Faults) unwatch(stream string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.streams, stream)
}
