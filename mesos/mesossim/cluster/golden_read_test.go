package cluster

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
)

// absent are members that the simulated read side does not have, and why.
var absent = map[string]string{
	"flags":   "the flags of a program that this is not",
	"log_dir": "no logs",
}

// compareRead compares an answer of the read side with the recorded one: each
// recorded member must be there and have the same value, but for times and for
// what was left in the real cluster by other scenarios.
func (r *replay) compareRead(where, want, got string) {
	want = r.translate(want)
	if open := strings.IndexByte(want, '('); open >= 0 && strings.HasSuffix(want, ");") && !strings.HasPrefix(want, "{") {
		if !strings.HasPrefix(got, want[:open+1]) || !strings.HasSuffix(got, ");") {
			r.t.Errorf("%s:\n got %.200s\nwant %.200s", where, got, want)
			return
		}
		want, got = want[open+1:len(want)-2], got[open+1:len(got)-2]
	}
	var w, g any
	if err := json.Unmarshal([]byte(want), &w); err != nil {
		r.t.Fatalf("%s: recorded answer: %v", where, err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		r.t.Errorf("%s: %v in %.300s", where, err, got)
		return
	}
	for _, d := range r.differences("", w, g) {
		r.t.Errorf("%s: %s", where, d)
	}
}

func (r *replay) differences(at string, want, got any) (out []string) {
	switch w := want.(type) {
	case object:
		g, ok := got.(object)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, want an object", at, got)}
		}
		for k, v := range w {
			if absent[k] != "" {
				continue
			}
			x, there := g[k]
			if !there {
				out = append(out, fmt.Sprintf("%s.%s is missing, recorded as %.100v", at, k, v))
				continue
			}
			out = append(out, r.differences(at+"."+k, v, x)...)
		}
		for k := range g {
			if _, there := w[k]; !there {
				out = append(out, fmt.Sprintf("%s.%s is too much: %.100v", at, k, g[k]))
			}
		}
		return out
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, want a list", at, got)}
		}
		return r.differencesOfLists(at, w, g)
	case float64:
		g, ok := got.(float64)
		if timely(at) || ok && math.Abs(g-w) < 1e-9 {
			return nil
		}
	default:
		if want == got {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v, want %v", at, got, want)}
}

// timely tells whether a number tells a time.
func timely(at string) bool {
	name := at[strings.LastIndexByte(at, '.')+1:]
	return strings.HasSuffix(name, "_time") || name == "timestamp" || name == "nanoseconds" || name == "mtime"
}

// differencesOfLists compares lists. Their order is compared where it means
// something; entries of other scenarios are passed by.
func (r *replay) differencesOfLists(at string, want, got []any) (out []string) {
	known := func(x any) bool {
		id := text(x, "id")
		return id == "" || r.ours(id)
	}
	want = slices.DeleteFunc(slices.Clone(want), func(x any) bool { return !known(x) })
	if !strings.HasSuffix(at, "tasks") && len(want) > 0 && text(want[0], "id") != "" {
		byID := func(a, b any) int { return strings.Compare(text(a, "id"), text(b, "id")) }
		want, got = slices.Clone(want), slices.Clone(got)
		slices.SortFunc(want, byID)
		slices.SortFunc(got, byID)
	}
	if len(want) != len(got) {
		return []string{fmt.Sprintf("%s has %d entries, want %d: %.300v", at, len(got), len(want), got)}
	}
	for i := range want {
		out = append(out, r.differences(fmt.Sprintf("%s[%d]", at, i), want[i], got[i])...)
	}
	return out
}

// ours tells whether an id is of this scenario: a task's, or one that has been
// translated.
func (r *replay) ours(id string) bool {
	if strings.HasPrefix(id, "golden-") {
		for _, s := range r.rec.Steps {
			if strings.Contains(s.body(), id) {
				return true
			}
		}
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, x := range r.names {
		if x == id {
			return true
		}
	}
	return false
}
