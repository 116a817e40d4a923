package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
)

// kind is what a JSON value is.
type kind uint8

const (
	null kind = iota
	boolean
	number
	text
	list
	object
)

var kindNames = [...]message.Message{
	message.Of("null"), message.Of("a boolean"), message.Of("a number"), message.Of("a text"), message.Of("a list"), message.Of("an object"),
}

// node is a JSON value as it was written: members in their order, numbers as
// their digits. Chronos decodes jobs from such a tree by hand, and what clients
// rely on follows from how (Chronos contract 2.1).
type node struct {
	kind  kind
	text  string   // of a text; of a number or boolean its literal
	names []string // of an object
	items []node   // of an object or list
}

// maxDepth is how deep values may be nested. A job needs six levels.
const maxDepth = 64

// parse reads a body that holds one JSON value. Jackson finds out the encoding
// by itself, so UTF-16 is taken too.
func parse(body []byte) (node, error) {
	body = toUTF8(body)
	if len(bytes.TrimSpace(body)) == 0 {
		return node{}, badRequest("the body is empty, want a JSON object")
	}
	if !utf8.Valid(body) {
		return node{}, badRequest("the body is not valid UTF-8")
	}
	var raw json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		var syntax *json.SyntaxError
		if errors.As(err, &syntax) {
			line := 1 + bytes.Count(body[:min(int(syntax.Offset), len(body))], []byte("\n"))
			return node{}, badRequest("the body is not JSON: %v (byte %d, line %d)", err, syntax.Offset, line)
		}
		return node{}, badRequest("the body is not JSON: %v", err)
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	return grow(d, 0)
}

// grow reads the next value. The text is known to be JSON.
func grow(d *json.Decoder, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, badRequest("the body is nested deeper than %d levels", maxDepth)
	}
	t, err := d.Token()
	if err != nil {
		return node{}, badRequest("the body is not JSON: %v", err)
	}
	switch t := t.(type) {
	case bool:
		return node{kind: boolean, text: strconv.FormatBool(t)}, nil
	case json.Number:
		return node{kind: number, text: t.String()}, nil
	case string:
		return node{kind: text, text: t}, nil
	case json.Delim:
		return growInside(d, t == '{', depth)
	}
	return node{}, nil
}

// growInside reads the rest of a list or an object. Of members with the same
// name the last counts, in the place of the first.
func growInside(d *json.Decoder, isObject bool, depth int) (node, error) {
	n := node{kind: list}
	var place map[string]int
	if isObject {
		n.kind, place = object, make(map[string]int)
	}
	for d.More() {
		name := ""
		if isObject {
			t, err := d.Token()
			if err != nil {
				return node{}, badRequest("the body is not JSON: %v", err)
			}
			name, _ = t.(string)
		}
		item, err := grow(d, depth+1)
		if err != nil {
			return node{}, err
		}
		if !isObject {
			n.items = append(n.items, item)
			continue
		}
		if i, twice := place[name]; twice {
			n.items[i] = item
			continue
		}
		place[name] = len(n.items)
		n.names, n.items = append(n.names, name), append(n.items, item)
	}
	_, err := d.Token() // the closing bracket
	return n, err
}

// toUTF8 turns UTF-16 into UTF-8 and takes a byte order mark away.
func toUTF8(body []byte) []byte {
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	if len(body) < 2 || len(body)%2 != 0 {
		return body
	}
	var big bool
	switch {
	case body[0] == 0xfe && body[1] == 0xff:
		big, body = true, body[2:]
	case body[0] == 0xff && body[1] == 0xfe:
		body = body[2:]
	case body[0] == 0 && body[1] != 0:
		big = true
	case body[0] != 0 && body[1] == 0:
	default:
		return body
	}
	units := make([]uint16, len(body)/2)
	for i := range units {
		a, b := uint16(body[2*i]), uint16(body[2*i+1])
		if big {
			a, b = b, a
		}
		units[i] = a | b<<8
	}
	return []byte(string(utf16.Decode(units)))
}

// member returns a member of an object, and whether there is one.
func (n *node) member(name string) (*node, bool) {
	for i, k := range n.names {
		if k == name {
			return &n.items[i], true
		}
	}
	return nil, false
}

// reader reads the members of an object. It keeps the first mistake, after
// which all it returns is without meaning.
type reader struct {
	*node
	path  string // "" for a job, "container." inside it
	err   error
	asked map[string]bool // members that were looked for; nil: nobody wants to know
}

// member returns a member, and whether there is one.
func (r *reader) member(name string) (*node, bool) {
	if r.asked != nil {
		r.asked[name] = true
	}
	return r.node.member(name)
}

// strangers fails for members that nothing looked for: they may be misspelt.
func (r *reader) strangers() {
	for _, name := range r.names {
		if r.asked[name] {
			continue
		}
		for known := range r.asked {
			if strings.EqualFold(known, name) {
				r.fail(name, "is unknown, did you mean %s?", known)
			}
		}
		r.fail(name, "is unknown")
	}
}

// fail notes a mistake in a member.
func (r *reader) fail(name, format string, args ...any) {
	if r.err == nil {
		r.err = &job.FieldError{Field: r.path + name, Err: message.Errorf(format, args...)}
	}
}

// has tells whether a member is there and not null.
func (r *reader) has(name string) bool {
	n, ok := r.member(name)
	return ok && n.kind != null
}

// text reads a text as Jackson does: a number or boolean is its literal, null
// is the text "null". What has a structure is refused; Chronos took it for "".
func (r *reader) text(name, missing string) string {
	n, ok := r.member(name)
	if !ok {
		return missing
	}
	s, err := n.asText()
	if err != nil {
		r.fail(name, "%w", err)
	}
	return s
}

// optional reads a text for which null is the same as nothing.
func (r *reader) optional(name, missing string) string {
	if !r.has(name) {
		return missing
	}
	return r.text(name, missing)
}

func (n *node) asText() (string, error) {
	switch n.kind {
	case null:
		return "null", nil
	case list, object:
		return "", message.Errorf("is %v, want a text", kindNames[n.kind])
	case number:
		if strings.ContainsAny(n.text, ".eE") {
			if f, err := strconv.ParseFloat(n.text, 64); err == nil {
				return string(appendDouble(nil, f)), nil
			}
		}
	}
	return n.text, nil
}

// bool reads a boolean: numbers other than 0 and the text "true" are true.
func (r *reader) bool(name string, missing bool) bool {
	n, ok := r.member(name)
	if !ok {
		return missing
	}
	switch word := strings.TrimSpace(n.text); {
	case n.kind == null || word == "" && n.kind == text:
		return false
	case n.kind == boolean, n.kind == text && (word == "true" || word == "false"):
		return word == "true"
	case n.kind == number:
		f, err := strconv.ParseFloat(word, 64)
		return err != nil || f != 0
	}
	r.fail(name, "%v is not a boolean, want true or false", n.quoted())
	return false
}

// float reads a number, also out of a text; null and a blank text are 0.
func (r *reader) float(name string) float64 {
	n, ok := r.member(name)
	if !ok || n.kind == null {
		return 0
	}
	word := strings.TrimSpace(n.text)
	switch n.kind {
	case boolean, list, object:
		r.fail(name, "is %v, want a number", kindNames[n.kind])
		return 0
	case text:
		if word == "" {
			return 0
		}
	}
	f, err := strconv.ParseFloat(word, 64)
	if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
		r.fail(name, "%v is not a number that can be used, want for example 0.5", n.quoted())
		return 0
	}
	return f
}

// integer reads a whole number; of a fraction the part before the point.
func (r *reader) integer(name string, missing int64) int64 {
	n, ok := r.member(name)
	if !ok {
		return missing
	}
	word := strings.TrimSpace(n.text)
	if v, err := strconv.ParseInt(word, 10, 64); err == nil && (n.kind == number || n.kind == text) {
		return v
	}
	f := r.float(name)
	if math.Abs(f) >= 1<<63 {
		r.fail(name, "%v is out of range", n.quoted())
		return 0
	}
	return int64(f)
}

// small reads a whole number of 32 bits.
func (r *reader) small(name string, missing int) int {
	v := r.integer(name, int64(missing))
	if v < math.MinInt32 || v > math.MaxInt32 {
		r.fail(name, "%d is out of range, want a number of 32 bits", v)
		return 0
	}
	return int(v)
}

// list reads a list; the members of an object count as one, as in Jackson.
// null is the empty list. Anything else Chronos took for empty too; it is refused.
func (r *reader) list(name string) []node {
	n, ok := r.member(name)
	if !ok || n.kind == null {
		return nil
	}
	if n.kind != list && n.kind != object {
		r.fail(name, "is %v, want a list", kindNames[n.kind])
	}
	return n.items
}

// texts reads a list of texts.
func (r *reader) texts(name string) []string {
	var out []string
	for i, n := range r.list(name) {
		s, err := n.asText()
		if err != nil {
			r.fail(name, "item %d %w", i, err)
		}
		out = append(out, s)
	}
	return out
}

// pairs reads a list of objects with two texts each.
func (r *reader) pairs(name, key, value string) []job.Variable {
	var out []job.Variable
	r.objects(name, func(in *reader) {
		out = append(out, job.Variable{Name: in.required(key), Value: in.required(value)})
	})
	return out
}

// required reads a text that must be there.
func (r *reader) required(name string) string {
	if _, ok := r.member(name); !ok {
		r.fail(name, "is missing")
	}
	return r.text(name, "")
}

// objects reads a list of objects.
func (r *reader) objects(name string, read func(*reader)) {
	for i := range r.list(name) {
		n, _ := r.member(name)
		if item := &n.items[i]; item.kind == object {
			r.inside(item, fmt.Sprintf("%s[%d].", name, i), read)
		} else {
			r.fail(name, "item %d is %v, want an object", i, kindNames[item.kind])
			return
		}
	}
}

// inside reads an object within; what is unknown is refused there if it is here.
func (r *reader) inside(n *node, path string, read func(*reader)) {
	in := &reader{node: n, path: r.path + path}
	if r.asked != nil {
		in.asked = make(map[string]bool)
	}
	read(in)
	if r.asked != nil {
		in.strangers()
	}
	if r.err == nil {
		r.err = in.err
	}
}

// quoted is the value for a message, shortened.
func (n *node) quoted() any {
	if n.kind == list || n.kind == object {
		return kindNames[n.kind]
	}
	s := n.text
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:60], "") + "…"
	}
	if n.kind == text {
		return strconv.Quote(s)
	}
	return s
}
