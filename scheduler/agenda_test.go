package scheduler

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// TestAgendaForesees: what comes until an instant does not depend on the order
// in which it was put on the agenda, which a load does not know.
func TestAgendaForesees(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var all []entry
		for i := range 1 + rnd.IntN(20) {
			all = append(all, entry{item{slotDue, RunKey{UID: UID(i)}}, start.Add(time.Duration(rnd.IntN(5)) * time.Second)})
		}
		until := start.Add(3 * time.Second)
		var want []item
		for _, e := range slices.SortedFunc(slices.Values(all), entry.compare) {
			if !e.at.After(until) {
				want = append(want, e.item)
			}
		}
		for range 5 {
			rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			a := newAgenda()
			for _, e := range all {
				a.set(e.item, start)
				a.set(e.item, e.at)
			}
			if got, ok := a.until(until, 20); !ok || !slices.Equal(got, want) {
				t.Fatalf("%v, %v, want %v", got, ok, want)
			}
			if got, ok := a.until(until, len(want)-1); ok && len(want) > 0 {
				t.Fatalf("%v, although there are more than %d", got, len(want)-1)
			}
		}
	}
}
