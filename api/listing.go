package api

import (
	"encoding/base64"
	"encoding/json"
	"sort"
	"time"

	"github.com/hora-scheduler/hora/api/filter"
)

// listing is what a request for a list of jobs asks for.
type listing struct {
	filter *filter.Filter
	order  string
	down   bool
	limit  int
	offset int
	after  *place
	fields []rowField
	facets []string
	now    time.Time
}

// listed is what a listing finds.
type listed struct {
	page   []*row
	total  int  // on all pages
	more   bool // there are rows behind the page
	facets map[string]map[string]int
}

// find walks once through all rows in the order that is asked for.
func (l *listing) find(x *rows, all []*row) listed {
	list := ordered{x.in(l.order, all, l.now), l.down}
	from := 0
	if l.after != nil {
		from = sort.Search(list.len(), func(i int) bool { return l.before(*l.after, l.place(list.at(i))) })
	}
	if l.filter.Empty() && len(l.facets) == 0 {
		return l.cut(list, from)
	}
	var out listed
	facets := newFacets(l.facets)
	s := &subject{now: l.now}
	for i, passed := 0, 0; i < list.len(); i++ {
		s.row = list.at(i)
		if !l.filter.Match(s) {
			continue
		}
		out.total++
		for _, f := range facets {
			f.add(s)
		}
		if i < from {
			continue
		}
		switch {
		case passed < l.offset:
			passed++
		case len(out.page) < l.limit:
			out.page = append(out.page, s.row)
		default:
			out.more = true
		}
	}
	if len(facets) > 0 {
		out.facets = make(map[string]map[string]int, len(facets))
		for _, f := range facets {
			out.facets[f.name] = f.mostFrequent()
		}
	}
	return out
}

// cut is find where every row is meant.
func (l *listing) cut(list ordered, from int) listed {
	first := min(from+l.offset, list.len())
	end := min(first+l.limit, list.len())
	out := listed{total: list.len(), more: end < list.len(), page: make([]*row, 0, end-first)}
	for i := first; i < end; i++ {
		out.page = append(out.page, list.at(i))
	}
	return out
}

// matching returns all rows that a filter means, in the order of their names.
func matching(f *filter.Filter, all []*row, now time.Time) []*row {
	if f.Empty() {
		return all
	}
	var out []*row
	s := &subject{now: now}
	for _, r := range all {
		if s.row = r; f.Match(s) {
			out = append(out, r)
		}
	}
	return out
}

// place is where a row stands in the order that is asked for.
func (l *listing) place(r *row) place {
	p, has := orders[l.order](r, l.now)
	switch {
	case !has && l.down:
		p = place{Number: -nowhere}
	case !has:
		p = place{Number: nowhere}
	}
	p.Name = r.Job.Job.Name
	return p
}

// before tells whether p comes before q.
func (l *listing) before(p, q place) bool {
	if l.down {
		return p.compare(q) > 0
	}
	return p.compare(q) < 0
}

func encodeCursor(p place) string {
	b, err := json.Marshal(p)
	if err != nil {
		panic("api: a place cannot be written: " + err.Error()) // it has no NaN
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(text string) (*place, error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil, err
	}
	var p place
	return &p, json.Unmarshal(b, &p)
}
