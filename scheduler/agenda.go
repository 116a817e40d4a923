package scheduler

import (
	"cmp"
	"container/heap"
	"slices"
	"time"
)

// topic says what an agenda item is about.
type topic uint8

const (
	slotDue    topic = iota + 1 // a job's next slot
	runReady                    // a run may start from now on
	deadlineOf                  // a run must have started by now
	timeoutOf                   // a task has had its time
	lateOf                      // a run should be over by now
	killAgain                   // a kill has not led to an end
	confirm                     // a launch has had no answer
	askAgain                    // reconciliation, explicit
	askAll                      // reconciliation, implicit
	askStrays                   // reconciliation of tasks that no run has
	adopted                     // Mesos has told of the tasks of another scheduler
)

// item is one thing to look at when its time has come. Seq is 0 for items of a job.
type item struct {
	topic topic
	key   RunKey
}

// agenda is a queue of items by time, with at most one time for each. It is an
// index: all of it follows from the records and the session.
type agenda struct {
	heap entries
}

type entry struct {
	item
	at time.Time
}

type entries struct {
	list  []entry
	place map[item]int
}

func newAgenda() *agenda { return &agenda{entries{place: make(map[item]int)}} }

// set puts the item at a time; the zero time takes it off.
func (a *agenda) set(it item, at time.Time) {
	i, there := a.heap.place[it]
	switch {
	case at.IsZero():
		if there {
			heap.Remove(&a.heap, i)
		}
	case there:
		a.heap.list[i].at = at
		heap.Fix(&a.heap, i)
	default:
		heap.Push(&a.heap, entry{it, at})
	}
}

func (a *agenda) drop(it item) { a.set(it, time.Time{}) }

// at returns when the item is on the agenda, zero if it is not.
func (a *agenda) at(it item) time.Time {
	if i, there := a.heap.place[it]; there {
		return a.heap.list[i].at
	}
	return time.Time{}
}

// until returns the items up to an instant in their order; false if there are
// more than max. How the heap lies does not show: it differs between a state
// that lived through it all and one that was loaded.
func (a *agenda) until(at time.Time, max int) (list []item, all bool) {
	var found []entry
	todo := []int{0}
	for len(todo) > 0 {
		i := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if i >= len(a.heap.list) || a.heap.list[i].at.After(at) {
			continue
		}
		if len(found) == max {
			return nil, false
		}
		found = append(found, a.heap.list[i])
		todo = append(todo, 2*i+2, 2*i+1)
	}
	slices.SortFunc(found, entry.compare)
	for _, e := range found {
		list = append(list, e.item)
	}
	return list, true
}

// next returns the earliest time on the agenda, zero if it is empty.
func (a *agenda) next() time.Time {
	if len(a.heap.list) == 0 {
		return time.Time{}
	}
	return a.heap.list[0].at
}

// pop takes the earliest item off if its time has come.
func (a *agenda) pop(now time.Time) (item, bool) {
	if len(a.heap.list) == 0 || a.heap.list[0].at.After(now) {
		return item{}, false
	}
	return heap.Pop(&a.heap).(entry).item, true
}

func (h *entries) Len() int { return len(h.list) }

// compare orders by time; the rest of the order only has to be the same each time.
func (e entry) compare(o entry) int {
	return cmp.Or(e.at.Compare(o.at), compareKeys(e.key, o.key), cmp.Compare(e.topic, o.topic))
}

// Less implements heap.Interface.
func (h *entries) Less(i, j int) bool { return h.list[i].compare(h.list[j]) < 0 }

func (h *entries) Swap(i, j int) {
	h.list[i], h.list[j] = h.list[j], h.list[i]
	h.place[h.list[i].item], h.place[h.list[j].item] = i, j
}

func (h *entries) Push(x any) {
	e := x.(entry)
	h.place[e.item] = len(h.list)
	h.list = append(h.list, e)
}

func (h *entries) Pop() any {
	last := len(h.list) - 1
	e := h.list[last]
	h.list = h.list[:last]
	delete(h.place, e.item)
	return e
}
