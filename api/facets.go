package api

import (
	"cmp"
	"slices"
	"strings"
	"unique"
)

// word is a value that many jobs have: two are the same if their addresses are.
type word = unique.Handle[string]

func words(texts ...string) []word {
	out := make([]word, len(texts))
	for i, t := range texts {
		out[i] = unique.Make(t)
	}
	return out
}

// Values of facets that are no text of a definition's.
var (
	doingWords   = words(doings[:]...)
	faultWords   = words("failing", "late")
	urgencyWords = words("normal", "high")
	yesWords     = words(yes[0], no[0])
)

// facetsOf appends the values of a row that are counted under a name.
var facetsOf = map[string]func(s *subject, out []word) []word{
	"state": func(s *subject, out []word) []word {
		out = append(out, doingWords[s.does(s.now)])
		if s.failing() {
			out = append(out, faultWords[0])
		}
		if s.late(s.now) {
			out = append(out, faultWords[1])
		}
		return out
	},
	"kind":  func(s *subject, out []word) []word { return append(out, s.kind) },
	"owner": func(s *subject, out []word) []word { return append(out, s.owners...) },
	"user":  func(s *subject, out []word) []word { return append(out, s.user) },
	"zone":  func(s *subject, out []word) []word { return append(out, unique.Make(s.Job.Job.Zone)) },
	"host": func(s *subject, out []word) []word {
		for _, run := range s.Runs {
			if run.Task != nil {
				out = append(out, unique.Make(run.Task.Hostname))
			}
		}
		return out
	},
	"priority": func(s *subject, out []word) []word {
		if s.Job.Job.HighPriority {
			return append(out, urgencyWords[1])
		}
		return append(out, urgencyWords[0])
	},
	"disabled": func(s *subject, out []word) []word {
		if s.Job.Job.Disabled {
			return append(out, yesWords[0])
		}
		return append(out, yesWords[1])
	},
}

// maxFacetValues bounds the values that are counted of one facet; the most frequent stay.
const maxFacetValues = 100

// facet counts the values of one kind among rows.
type facet struct {
	name   string
	of     func(s *subject, out []word) []word
	counts map[word]*int
	values []word // of one row; kept for the next
	last   word   // the value before, which is often the same
	n      *int   // its count
}

func newFacets(names []string) []*facet {
	var out []*facet
	for _, name := range names {
		out = append(out, &facet{name: name, of: facetsOf[name], counts: make(map[word]*int)})
	}
	return out
}

func (f *facet) add(s *subject) {
	f.values = f.of(s, f.values[:0])
	for _, value := range f.values {
		if f.n == nil || value != f.last {
			f.last, f.n = value, f.counts[value]
			if f.n == nil {
				f.n = new(int)
				f.counts[value] = f.n
			}
		}
		*f.n++
	}
}

// mostFrequent are the counts to be shown.
func (f *facet) mostFrequent() map[string]int {
	values := make([]word, 0, len(f.counts))
	for v := range f.counts {
		values = append(values, v)
	}
	if len(values) > maxFacetValues {
		slices.SortFunc(values, func(a, b word) int {
			return cmp.Or(*f.counts[b]-*f.counts[a], strings.Compare(a.Value(), b.Value()))
		})
		values = values[:maxFacetValues]
	}
	out := make(map[string]int, len(values))
	for _, v := range values {
		out[v.Value()] = *f.counts[v]
	}
	return out
}
