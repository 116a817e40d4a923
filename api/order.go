package api

import (
	"math"
	"slices"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/scheduler/leader"
)

// rows are all jobs in the order of their names and in those that were asked
// for, made anew for each view out of what is left of the one before: so it
// costs what changed, and a walk over pointers.
type rows struct {
	shown *schedules

	mu     sync.Mutex
	view   *leader.View
	jobs   []*leader.Job // of the rows: to see what is the same without looking at each row
	list   []*row
	sorted map[string]*sorted
}

// of returns the rows of a view, by name. The list is shared: nobody changes it.
func (x *rows) of(v *leader.View) []*row {
	x.mu.Lock()
	defer x.mu.Unlock()
	if v == x.view {
		return x.list
	}
	jobs, out := make([]*leader.Job, 0, v.Len()), make([]*row, 0, v.Len())
	at := 0 // in the list before
	for j := range v.Jobs() {
		for at < len(x.jobs) && x.jobs[at] != j && x.jobs[at].Job.Name < j.Job.Name {
			at++
		}
		jobs = append(jobs, j)
		if at < len(x.jobs) && x.jobs[at] == j {
			out = append(out, x.list[at])
			at++
		} else {
			out = append(out, newRow(j, x.shown))
		}
	}
	x.view, x.jobs, x.list = v, jobs, out
	return out
}

// byName compares a row with a name, to find it among rows by name.
func byName(r *row, name string) int { return strings.Compare(r.Job.Job.Name, name) }

// in returns the rows in one of the orders. all is what of returned.
func (x *rows) in(order string, all []*row, now time.Time) *sorted {
	if order == "name" {
		return &sorted{of: all, has: all}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	old := x.sorted[order]
	if old == nil {
		old = &sorted{}
	}
	next := old.follow(all, orders[order], now)
	if x.sorted == nil {
		x.sorted = make(map[string]*sorted)
	}
	x.sorted[order] = next
	return next
}

// sorted are rows in one order. It is immutable.
type sorted struct {
	of       []*row        // the same by name
	has      []*row        // ascending
	none     []*row        // what has nothing to sort by, by name: it stands last, either way
	restless map[*row]bool // they change their place with time
}

// ordered is sorted, read forwards or from the end.
type ordered struct {
	*sorted
	down bool
}

func (o ordered) len() int { return len(o.of) }

func (o ordered) at(i int) *row {
	list := o.has
	if i >= len(list) {
		list, i = o.none, i-len(list)
	}
	if o.down {
		i = len(list) - 1 - i
	}
	return list[i]
}

// placed is a row and where it stands.
type placed struct {
	row   *row
	place place
	at    int // among rows by name, which is quicker to compare than names
}

// follow returns the rows of another view in the same order: what is gone is
// left out, and what is new comes to its place.
func (x *sorted) follow(all []*row, by sortKey, now time.Time) *sorted {
	if len(x.restless) == 0 && len(all) == len(x.of) && (len(all) == 0 || &all[0] == &x.of[0]) {
		return x
	}
	gone, fresh := difference(x.of, all, x.restless)
	next := &sorted{of: all, restless: make(map[*row]bool)}
	var has, none []placed
	for i, r := range fresh {
		if r.restless() {
			next.restless[r] = true
		}
		if p, is := by(r, now); is {
			p.Name = r.Job.Job.Name
			has = append(has, placed{r, p, i})
		} else {
			none = append(none, placed{r, place{Name: r.Job.Job.Name}, i})
		}
	}
	slices.SortFunc(has, func(a, b placed) int {
		if c := a.place.key(b.place); c != 0 {
			return c
		}
		return a.at - b.at
	})
	next.has = merge(x.has, gone, has, func(r *row) place {
		p, _ := by(r, now)
		p.Name = r.Job.Job.Name
		return p
	})
	next.none = merge(x.none, gone, none, func(r *row) place { return place{Name: r.Job.Job.Name} })
	return next
}

// difference compares two lists by name. A restless row, whose place may have
// changed with time, is in both answers.
func difference(old, all []*row, restless map[*row]bool) (gone map[*row]bool, fresh []*row) {
	gone = make(map[*row]bool)
	for _, r := range all {
		for len(old) > 0 && old[0] != r && old[0].Job.Job.Name < r.Job.Job.Name {
			gone[old[0]] = true
			old = old[1:]
		}
		if len(old) > 0 && old[0] == r {
			old = old[1:]
			if len(restless) == 0 || !restless[r] {
				continue
			}
			gone[r] = true
		}
		fresh = append(fresh, r)
	}
	for _, r := range old {
		gone[r] = true
	}
	return gone, fresh
}

// merge leaves out what is gone and puts fresh rows, which are sorted, to their places.
func merge(old []*row, gone map[*row]bool, fresh []placed, where func(*row) place) []*row {
	kept := old
	if len(gone) > 0 {
		kept = make([]*row, 0, len(old))
		for _, r := range old {
			if !gone[r] {
				kept = append(kept, r)
			}
		}
	}
	if len(fresh) == 0 {
		return kept
	}
	out := make([]*row, 0, len(kept)+len(fresh))
	for _, f := range fresh {
		n := sort.Search(len(kept), func(i int) bool { return where(kept[i]).compare(f.place) > 0 })
		out = append(append(out, kept[:n]...), f.row)
		kept = kept[n:]
	}
	return append(out, kept...)
}

// place is where a row stands in an order: by number, then by text, then by
// name. What has nothing to sort by stands last.
type place struct {
	Number float64 `json:"n,omitempty"`
	Text   string  `json:"t,omitempty"`
	Name   string  `json:"name"`
}

func (p place) compare(q place) int {
	if c := p.key(q); c != 0 {
		return c
	}
	return strings.Compare(p.Name, q.Name)
}

// key compares all but the names.
func (p place) key(q place) int {
	switch {
	case p.Number < q.Number:
		return -1
	case p.Number > q.Number:
		return 1
	}
	return strings.Compare(p.Text, q.Text)
}

// sortKey is what a row is sorted by, its name apart, and whether it has that.
type sortKey func(r *row, now time.Time) (place, bool)

// orders are the ways to sort jobs.
var orders = map[string]sortKey{
	"name":  func(*row, time.Time) (place, bool) { return place{}, true },
	"next":  func(r *row, _ time.Time) (place, bool) { return atTime(r.next) },
	"last":  func(r *row, _ time.Time) (place, bool) { return atTime(r.State.Last.Ended) },
	"state": func(r *row, now time.Time) (place, bool) { return place{Text: r.state(now)}, true },
	"owner": func(r *row, _ time.Time) (place, bool) { return place{Text: r.Job.Job.Owner}, r.Job.Job.Owner != "" },
	"failures": func(r *row, _ time.Time) (place, bool) {
		return place{Number: float64(r.State.ErrorsSinceLastSuccess)}, true
	},
	"duration": func(r *row, _ time.Time) (place, bool) {
		d, known := r.took()
		return place{Number: d.Seconds()}, known
	},
}

func atTime(t time.Time) (place, bool) {
	return place{Number: float64(t.UnixMicro())}, !t.IsZero()
}

// nowhere is the place of what has nothing to sort by.
const nowhere = math.MaxFloat64
