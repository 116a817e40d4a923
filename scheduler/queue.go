package scheduler

import (
	"cmp"
	"container/heap"
	"time"
)

// queue holds the runs that want an offer now. Runs that fit the same offers
// (same priority and job.Compiled.Signature) form a line, so that a run which
// fits nowhere holds up only its like, and a round of placement looks at each
// kind of run once.
type queue struct {
	lines map[lineKey]*line
	where map[RunKey]lineKey
	added uint64 // how often a run was added
}

type lineKey struct {
	high      bool
	signature string
}

// line is a heap by turn. A run that left the queue stays in it until it comes
// up: where says who is really there.
type line struct {
	key   lineKey
	turns []turn
}

// turn is a run's place: first come, first served.
type turn struct {
	since time.Time
	key   RunKey
}

func newQueue() *queue {
	return &queue{lines: make(map[lineKey]*line), where: make(map[RunKey]lineKey)}
}

func (q *queue) len() int { return len(q.where) }

func (q *queue) add(r RunKey, since time.Time, k lineKey) {
	if old, there := q.where[r]; there && old == k {
		return
	}
	l := q.lines[k]
	if l == nil {
		l = &line{key: k}
		q.lines[k] = l
	}
	q.where[r] = k
	q.added++
	heap.Push(l, turn{since, r})
}

// remove takes a run out, wherever it stands.
func (q *queue) remove(r RunKey) { delete(q.where, r) }

// first returns the run whose turn it is; false if the line is empty, which
// then is gone.
func (q *queue) first(l *line) (RunKey, bool) {
	for len(l.turns) > 0 {
		if r := l.turns[0].key; q.where[r] == l.key {
			if _, there := q.where[r]; there {
				return r, true
			}
		}
		heap.Pop(l)
	}
	delete(q.lines, l.key)
	return RunKey{}, false
}

// pop takes the first run of a line out.
func (q *queue) pop(l *line) {
	delete(q.where, l.turns[0].key)
	heap.Pop(l)
}

// round returns the lines that are not empty, the one whose first run comes
// first at the front.
func (q *queue) round() *round {
	r := &round{lines: make([]*line, 0, len(q.lines))}
	for _, l := range q.lines {
		if _, ok := q.first(l); ok {
			r.lines = append(r.lines, l)
		}
	}
	heap.Init(r)
	return r
}

// round orders lines by priority and by the turn of their first run.
type round struct{ lines []*line }

func (r *round) Len() int      { return len(r.lines) }
func (r *round) Swap(i, j int) { r.lines[i], r.lines[j] = r.lines[j], r.lines[i] }
func (r *round) Push(x any)    { r.lines = append(r.lines, x.(*line)) }
func (r *round) Pop() any {
	l := r.lines[len(r.lines)-1]
	r.lines = r.lines[:len(r.lines)-1]
	return l
}

func (r *round) Less(i, j int) bool {
	a, b := r.lines[i], r.lines[j]
	if a.key.high != b.key.high {
		return a.key.high
	}
	return before(a.turns[0], b.turns[0])
}

func (l *line) Len() int           { return len(l.turns) }
func (l *line) Less(i, j int) bool { return before(l.turns[i], l.turns[j]) }
func (l *line) Swap(i, j int)      { l.turns[i], l.turns[j] = l.turns[j], l.turns[i] }
func (l *line) Push(x any)         { l.turns = append(l.turns, x.(turn)) }
func (l *line) Pop() any {
	t := l.turns[len(l.turns)-1]
	l.turns = l.turns[:len(l.turns)-1]
	return t
}

func before(a, b turn) bool {
	return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.key.UID, b.key.UID), cmp.Compare(a.key.Seq, b.key.Seq)) < 0
}
