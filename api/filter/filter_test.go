package filter

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

var fields = Fields{"name": Text, "owner": Text, "state": Text, "failures": Number, "next": Ahead, "last": Ago, "duration": Span}

// job is a subject of tests.
type job struct {
	texts   map[string][]string
	numbers map[string]float64
}

func (j job) Texts(field string) []string { return j.texts[field] }

func (j job) Number(field string) (float64, bool) {
	n, there := j.numbers[field]
	return n, there
}

func (j job) Contains(text string) bool {
	return slices.ContainsFunc(j.texts["name"], func(s string) bool { return strings.Contains(s, text) })
}

var nightly = job{
	map[string][]string{"name": {"nightly load"}, "owner": {"etl@example.org", "ann"}, "state": {"idle", "failing"}},
	map[string]float64{"failures": 3, "next": 1800, "duration": 90},
}

func TestMatch(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filter string
		want   bool
	}{
		{"", true},
		{"  ", true},
		{"load", true},
		{"LOAD", true},
		{"nightly load", true},
		{`"nightly load"`, true},
		{`"load nightly"`, false},
		{"-load", false},
		{"!load", false},
		{"-dump", true},
		{"state:failing", true},
		{"state:running,failing", true},
		{"-state:failing", false},
		{"state=idle owner:ann", true},
		{"owner:etl", false},
		{"owner:etl*", true},
		{"owner:*example*", true},
		{"owner:*@*.org", true},
		{"owner:*@*.com,ann", true},
		{"owner:aann*", false},
		{`name:"nightly load"`, true},
		{`name:nightly*`, true},
		{`name:"nightly*"`, false},
		{"failures>=3", true},
		{"failures>3", false},
		{"failures=3", true},
		{"failures:3", true},
		{"failures<1e3", true},
		{"next<1h", true},
		{"next<=30m", true},
		{"next<PT29M", false},
		{"duration>1m", true},
		{"duration<2d", true},
		{"last>1d", false},  // it never ran
		{"-last>1d", true},  // …
		{"http://x", false}, // no field has a dash of its own: a word
		{`"state:failing"`, false},
		{":", false},
	} {
		f, err := Parse(tt.filter, fields)
		if tt.filter == "http://x" {
			if err == nil {
				t.Errorf("%q is accepted", tt.filter)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", tt.filter, err)
		} else if got := f.Match(nightly); got != tt.want {
			t.Errorf("%q: %v, want %v", tt.filter, got, tt.want)
		}
	}
}

func TestMistakes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		filter string
		at     int
		want   string
	}{
		{"load colour:red", 5, `no field "colour"`},
		{"state:", 0, `"state" needs a value`},
		{"failures>many", 0, "not a number"},
		{"failures>NaN", 0, "not a number"},
		{"ä next<soon", 2, "not a length of time"},
		{"next<-1h", 0, "not a length of time"},
		{"next<P1M", 0, "not a length of time"},
		{"name>x", 0, "is a text"},
		{`a "b c`, 2, "not closed"},
		{`""`, 0, "is empty"},
		{strings.Repeat("x ", MaxTerms+1), 2 * MaxTerms, "more than"},
		{strings.Repeat("x", MaxBytes+1), 0, "bytes"},
		{"\xff", 0, "UTF-8"},
	} {
		_, err := Parse(tt.filter, fields)
		var e *Error
		if !errors.As(err, &e) || e.Position != tt.at || !strings.Contains(e.Text.String(), tt.want) {
			t.Errorf("%.40q: %+v, want %q at %d", tt.filter, err, tt.want, tt.at)
		}
	}
}

// FuzzParse: whatever is read can be asked; a term and its negation are never both true.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"load", `name:"a b",c* -x failures>=3 next<1h`, "!owner:*", `""`, "a:b:c", "next<1e9d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		x, err := Parse(text, fields)
		if err != nil {
			return
		}
		got := x.Match(nightly)
		if len(x.terms) != 1 || strings.HasPrefix(strings.TrimSpace(text), "-") || strings.HasPrefix(strings.TrimSpace(text), "!") {
			return
		}
		not, err := Parse("-"+strings.TrimSpace(text), fields)
		if err == nil && len(not.terms) == 1 && not.terms[0].not && not.Match(nightly) == got {
			t.Errorf("%q and its negation are both %v", text, got)
		}
	})
}
