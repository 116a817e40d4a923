// Package filter reads the language in which people ask for jobs, such as
//
//	state:failing owner:etl next<1h "nightly load"
//
// and tells of a subject whether it is meant. It does not know what a job is:
// the fields of a subject are given to it.
package filter

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
)

// Limits of a filter.
const (
	MaxBytes = 1000
	MaxTerms = 50
)

// Kind says how a field's value is written.
type Kind uint8

// Kinds of fields.
const (
	Text   Kind = iota + 1 // name:load*, owner:a,b
	Number                 // failures>=3
	Span                   // duration>10m: a length of time
	Ahead                  // next<1h: a time to come, seen from now
	Ago                    // last>2d: a time past, seen from now
)

// Fields are the fields that a filter may name.
type Fields map[string]Kind

// Subject is what is asked about.
type Subject interface {
	// Texts gives the values of a field of kind Text, in small letters. They are
	// good until it is called again.
	Texts(field string) []string
	// Number gives the value of any other field: a number, or seconds (from
	// now, or ago, or long); false if there is none.
	Number(field string) (float64, bool)
	// Contains looks for a text, in small letters, wherever bare words are looked for.
	Contains(text string) bool
}

// Error says what is wrong with a filter, and where.
type Error struct {
	Position int // of the term, in characters, from 0
	Text     message.Message
}

// Error names the position as people count it.
func (e *Error) Error() string {
	return e.Said().String()
}

// Said implements message.Sayer.
func (e *Error) Said() message.Message {
	return message.Of("filter: at character %d: %v", e.Position+1, e.Text)
}

// Filter is a list of terms, all of which must be true. The zero Filter is true of everything.
type Filter struct{ terms []term }

type term struct {
	not    bool
	field  string // "": a bare word
	kind   Kind
	op     string
	values []pattern // of a text: any of them
	number float64
}

// pattern is a text with * for anything.
type pattern struct{ parts []string }

// Parse reads a filter. Terms are separated by blanks and must all be true:
//
//	word, "two words"          somewhere in the subject's texts
//	field:value                the field is that; * stands for anything, a comma for or
//	field<value, >, <=, >=, =  of a number, or of a time such as 90s, 10m, 2h, 3d, PT5M
//	-term, !term               not
//
// An error is an *Error.
func Parse(text string, fields Fields) (*Filter, error) {
	if len(text) > MaxBytes {
		return nil, &Error{0, message.Of("it has %d bytes, at most %d are allowed", len(text), MaxBytes)}
	}
	if !utf8.ValidString(text) {
		return nil, &Error{0, message.Of("it is not valid UTF-8")}
	}
	f := &Filter{}
	words, err := split(text)
	if err != nil {
		return nil, err
	}
	if len(words) > MaxTerms {
		return nil, &Error{words[MaxTerms].at, message.Of("more than %d terms", MaxTerms)}
	}
	for _, w := range words {
		t, err := w.term(fields)
		if err != nil {
			return nil, &Error{w.at, message.Of("%v", err)}
		}
		f.terms = append(f.terms, t)
	}
	return f, nil
}

// word is a term as it stands: quoted tells of each character whether it stood in quotes.
type word struct {
	at     int
	plain  bool // it does not begin with a quote
	runes  []rune
	quoted []bool
}

func split(text string) ([]word, error) {
	var out []word
	var w *word
	inside, open := false, 0
	for i, r := range []rune(text) {
		switch {
		case r == '"':
			if w == nil {
				w = &word{at: i}
			}
			inside, open = !inside, i
		case unicode.IsSpace(r) && !inside:
			if w != nil {
				out = append(out, *w)
			}
			w = nil
		default:
			if w == nil {
				w = &word{at: i, plain: true}
			}
			w.runes, w.quoted = append(w.runes, r), append(w.quoted, inside)
		}
	}
	if inside {
		return nil, &Error{open, message.Of("the quote is not closed")}
	}
	if w != nil {
		out = append(out, *w)
	}
	return out, nil
}

// term reads a word.
func (w word) term(fields Fields) (term, error) {
	var t term
	if len(w.runes) > 1 && w.plain && (w.runes[0] == '-' || w.runes[0] == '!') {
		t.not = true
		w.runes, w.quoted = w.runes[1:], w.quoted[1:]
	}
	at, op := w.operator()
	if op == "" {
		text := strings.ToLower(string(w.runes))
		if text == "" {
			return t, message.Errorf("it is empty")
		}
		t.values = []pattern{{[]string{text}}}
		return t, nil
	}
	name, value := strings.ToLower(string(w.runes[:at])), string(w.runes[at+len(op):])
	kind, known := fields[name]
	if !known {
		return t, message.Errorf("there is no field %q; put the word into quotes to look for it", name)
	}
	t.field, t.kind, t.op = name, kind, op
	if value == "" {
		return t, message.Errorf("field %q needs a value", name)
	}
	if kind == Text {
		if op != ":" && op != "=" {
			return t, message.Errorf("field %q is a text, want %s:value", name, name)
		}
		t.values = w.alternatives(at + len(op))
		return t, nil
	}
	n, err := quantity(kind, value)
	if err != nil {
		return t, message.Errorf("field %q: %w", name, err)
	}
	t.number = n
	return t, nil
}

// operator finds the first operator behind a field's name.
func (w word) operator() (at int, op string) {
	for i, r := range w.runes {
		switch {
		case w.quoted[i]:
			return 0, ""
		case r == '<' || r == '>':
			if i+1 < len(w.runes) && w.runes[i+1] == '=' && !w.quoted[i+1] {
				return i, string(w.runes[i : i+2])
			}
			return i, string(r)
		case (r == ':' || r == '=') && i > 0:
			return i, string(r)
		case !unicode.IsLetter(r):
			return 0, ""
		}
	}
	return 0, ""
}

// alternatives splits the value at commas, and each part at stars.
func (w word) alternatives(from int) []pattern {
	var out []pattern
	var p pattern
	var part strings.Builder
	for i := from; i < len(w.runes); i++ {
		switch r := w.runes[i]; {
		case r == ',' && !w.quoted[i]:
			p.parts = append(p.parts, part.String())
			out = append(out, p)
			p = pattern{}
			part.Reset()
		case r == '*' && !w.quoted[i]:
			p.parts = append(p.parts, part.String())
			part.Reset()
		default:
			part.WriteRune(unicode.ToLower(r))
		}
	}
	p.parts = append(p.parts, part.String())
	return append(out, p)
}

// quantity reads a number or a length of time in seconds.
func quantity(kind Kind, value string) (float64, error) {
	if kind == Number {
		n, err := strconv.ParseFloat(value, 64)
		if err != nil || n != n {
			return 0, message.Errorf("%q is not a number", value)
		}
		return n, nil
	}
	d, err := span(value)
	if err != nil {
		return 0, message.Errorf("%q is not a length of time, want such as 90s, 10m, 2h, 3d or PT5M", value)
	}
	return d.Seconds(), nil
}

// span reads 90s, 1h30m, 3d, 2w or an ISO 8601 duration.
func span(value string) (time.Duration, error) {
	if strings.HasPrefix(value, "P") {
		p, err := schedule.ParseDuration(value)
		if err != nil {
			return 0, err
		}
		d, fixed := p.Fixed()
		if !fixed || d < 0 {
			return 0, strconv.ErrRange
		}
		return d, nil
	}
	for unit, length := range map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour} {
		if number, found := strings.CutSuffix(value, unit); found {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || n < 0 || n > 1e5 {
				return 0, strconv.ErrSyntax
			}
			return time.Duration(n * float64(length)), nil
		}
	}
	d, err := time.ParseDuration(value)
	if err == nil && d < 0 {
		err = strconv.ErrRange
	}
	return d, err
}

// Empty tells whether the filter is true of everything.
func (f *Filter) Empty() bool { return len(f.terms) == 0 }

// Match tells whether the filter is true of a subject.
func (f *Filter) Match(s Subject) bool {
	for i := range f.terms {
		if t := &f.terms[i]; t.match(s) == t.not {
			return false
		}
	}
	return true
}

func (t *term) match(s Subject) bool {
	if t.field == "" {
		return s.Contains(t.values[0].parts[0])
	}
	if t.kind == Text {
		for _, have := range s.Texts(t.field) {
			for _, want := range t.values {
				if want.match(have) {
					return true
				}
			}
		}
		return false
	}
	n, there := s.Number(t.field)
	if !there {
		return false
	}
	switch t.op {
	case "<":
		return n < t.number
	case "<=":
		return n <= t.number
	case ">":
		return n > t.number
	case ">=":
		return n >= t.number
	}
	return n == t.number
}

// match tells whether the whole text fits.
func (p pattern) match(text string) bool {
	first, last := p.parts[0], p.parts[len(p.parts)-1]
	if len(p.parts) == 1 {
		return text == first
	}
	if len(text) < len(first)+len(last) || !strings.HasPrefix(text, first) || !strings.HasSuffix(text, last) {
		return false
	}
	text = text[len(first) : len(text)-len(last)]
	for _, part := range p.parts[1 : len(p.parts)-1] {
		at := strings.Index(text, part)
		if at < 0 {
			return false
		}
		text = text[at+len(part):]
	}
	return true
}
