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
	"flags":                "the flags of a program that this is not",
	"log_dir":              "no logs",
	"completed_frameworks": "of other scenarios",
	"reregistered_time":    "of agents that outlived another master",
	"ports":                "of a framework: the real sum of ranges is their union, and what is taken from it is gone for all",
}

// compareRead compares an answer of the read side with the recorded one: each
// recorded member must be there and have the same value, but for times and for
// what was left in the real cluster by other scenarios.
func (r *replay) compareRead(where, want, got string) {
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
	text, err := json.Marshal(r.prune(w))
	if err != nil {
		r.t.Fatal(err)
	}
	w = nil
	if err := json.Unmarshal([]byte(r.translate(string(text))), &w); err != nil {
		r.t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(got), &g); err != nil {
		r.t.Errorf("%s: %v in %.300s", where, err, got)
		return
	}
	for _, d := range r.differences("", w, g) {
		r.t.Errorf("%s: %s", where, d)
	}
}

// prune leaves out what other scenarios have left.
func (r *replay) prune(v any) any {
	switch v := v.(type) {
	case object:
		for k, x := range v {
			v[k] = r.prune(x)
		}
	case []any:
		v = slices.DeleteFunc(v, func(x any) bool {
			id, framework := text(x, "id"), text(x, "framework_id")
			return id != "" && !r.ours(id) || framework != "" && !r.ours(framework)
		})
		for i, x := range v {
			v[i] = r.prune(x)
		}
		return v
	}
	return v
}

func (r *replay) differences(at string, want, got any) (out []string) {
	switch w := want.(type) {
	case object:
		g, ok := got.(object)
		if !ok {
			return []string{fmt.Sprintf("%s is %v, want an object", at, got)}
		}
		for k, v := range w {
			x, there := g[k]
			if absent[k] != "" && (k == "completed_frameworks" || k == "flags" || !there) {
				continue
			}
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

// differencesOfLists compares lists, and their order where it means something.
func (r *replay) differencesOfLists(at string, want, got []any) (out []string) {
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

// ours tells whether a recorded id is of this scenario: a task's, or one that
// has been translated.
func (r *replay) ours(id string) bool {
	for _, s := range r.rec.Steps {
		if strings.Contains(s.body(), `"`+id+`"`) {
			return true
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.names[id] != ""
}
