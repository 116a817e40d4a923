package zookeeper

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/faultproxy"
	"github.com/hora-scheduler/hora/store"
)

// A leader ends again and again, at any moment: its connection is cut, or it is
// deposed, while it commits and while it folds. What was committed is there, what
// was refused is not, and of the one commit whose outcome was unknown all is or
// nothing.
func TestCrashes(t *testing.T) {
	t.Parallel()
	for seed := range uint64(4) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			w := &workload{fixture: f, proxy: f.proxy(), rnd: rand.New(rand.NewPCG(seed, 1)), model: map[string]string{}}
			// One handle, which takes its own place in line away if ZooKeeper could not
			// be told that it left: nobody waits for an expiry.
			w.handle = w.open(through(w.proxy))
			// One op a packet, so that what belongs together is torn as often as can be.
			w.handle.limits = limits{entries: 4, minBytes: 1 << 10, maxBytes: 2 << 10, page: 300, batch: 1, window: 4}
			for round := range 12 {
				w.round(round)
			}
			w.compare(w.open())
			t.Logf("%d commits, %d of them with unknown outcome: %d done", w.commits, w.unknown, w.done)
		})
	}
}

// workload compares a store with a map.
type workload struct {
	*fixture
	proxy   *faultproxy.Proxy
	handle  *Backend
	rnd     *rand.Rand
	model   map[string]string
	pending []store.Op // a commit whose outcome is unknown

	commits, unknown, done int
}

// round leads until something ends it.
func (w *workload) round(n int) {
	w.Helper()
	b := w.handle
	term := w.lead(b)
	w.compare(b)
	fault := time.AfterFunc(time.Duration(w.rnd.IntN(60_000))*time.Microsecond, func() { w.fault(n, b) })
	defer fault.Stop()
	for {
		ops := w.ops()
		err := b.Commit(w.Context(), term, ops)
		w.commits++
		if err == nil {
			apply(w.model, ops)
			continue
		}
		if !errors.Is(err, store.ErrFenced) {
			w.pending = ops
			w.unknown++
		}
		break
	}
	wait(w.fixture, term.Lost, "the end of the term")
	w.proxy.Stall(0)
}

// fault ends the term of b in one way or another.
func (w *workload) fault(n int, b *Backend) {
	switch n % 4 {
	case 0:
		w.proxy.Cut()
		b.term.session.end(errLost) // it may come back too early for a commit to notice
	case 1:
		w.proxy.Stall(faultproxy.Downstream)
		w.proxy.Reset()
		b.term.session.end(errLost)
	case 2:
		w.proxy.Stall(faultproxy.Upstream)
		w.proxy.Cut()
		b.term.session.end(errLost)
	default:
		_ = w.admin.Delete(pathOf(b.term.fence[0]), anyVersion)
	}
}

// ops makes up a commit: some keys often, so that pages are split, and whole
// ranges deleted, so that pages become empty.
func (w *workload) ops() []store.Op {
	var out []store.Op
	if w.rnd.IntN(12) == 0 {
		prefix := fmt.Sprintf("%c/", 'a'+w.rnd.IntN(4))
		for _, key := range slices.Sorted(maps.Keys(w.model)) {
			if strings.HasPrefix(key, prefix) {
				out = append(out, store.Op{Key: key})
			}
		}
		return out
	}
	for range 1 + w.rnd.IntN(6) {
		op := store.Op{Key: fmt.Sprintf("%c/%d", 'a'+w.rnd.IntN(4), w.rnd.IntN(40))}
		if w.rnd.IntN(4) > 0 {
			op.Value = fmt.Appendf(nil, "%d:%s", w.commits, strings.Repeat("v", w.rnd.IntN(200)))
		}
		out = append(out, op)
	}
	return out
}

func apply(model map[string]string, ops []store.Op) {
	for _, op := range ops {
		if op.Value == nil {
			delete(model, op.Key)
		} else {
			model[op.Key] = string(op.Value)
		}
	}
}

// compare loads everything, and settles what was unknown.
func (w *workload) compare(b *Backend) {
	w.Helper()
	got, err := loadAll(w.Context(), b)
	if err != nil {
		w.Fatalf("Load: %v", err)
	}
	if w.pending != nil {
		with := maps.Clone(w.model)
		apply(with, w.pending)
		if maps.Equal(got, with) {
			w.model = with
			w.done++
		}
		w.pending = nil
	}
	if maps.Equal(got, w.model) {
		return
	}
	for key, value := range w.model {
		if got[key] != value {
			w.Errorf("%s is %.20q, want %.20q", key, got[key], value)
		}
	}
	for key := range got {
		if _, there := w.model[key]; !there {
			w.Errorf("%s is %.20q and should not be there", key, got[key])
		}
	}
	w.FailNow()
}
