package wire

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// ParseError says that text is no JSON, in the master's words.
type ParseError struct{ Text string }

func (e *ParseError) Error() string { return e.Text }

type nodeKind int

const (
	nullNode nodeKind = iota
	boolNode
	numberNode
	stringNode
	arrayNode
	objectNode
)

// node is a parsed JSON value.
type node struct {
	kind    nodeKind
	text    string // string value, or the number as written
	flag    bool
	items   []node
	members map[string]*node
}

// maxDepth bounds the nesting of JSON input.
const maxDepth = 200

type parser struct {
	in  []byte
	pos int
}

// parse reads exactly one JSON value.
func parse(in []byte) (*node, error) {
	p := &parser{in: in}
	n, ok := p.value(0)
	if !ok {
		return nil, p.syntaxError()
	}
	p.space()
	if p.pos < len(in) {
		return nil, &ParseError{"Parsed JSON included non-whitespace trailing characters: " + string(in[p.pos:])}
	}
	return n, nil
}

func (p *parser) syntaxError() error {
	line := 1 + strings.Count(string(p.in[:p.pos]), "\n")
	near := string(p.in[p.pos:])
	if i := strings.IndexByte(near, '\n'); i >= 0 {
		near = near[:i]
	}
	return &ParseError{fmt.Sprintf("syntax error at line %d near: %s", line, near)}
}

func (p *parser) space() {
	for p.pos < len(p.in) {
		switch p.in[p.pos] {
		case ' ', '\t', '\n', '\r':
			p.pos++
		default:
			return
		}
	}
}

func (p *parser) accept(s string) bool {
	if strings.HasPrefix(string(p.in[p.pos:min(len(p.in), p.pos+len(s))]), s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *parser) value(depth int) (*node, bool) {
	p.space()
	if p.pos >= len(p.in) || depth > maxDepth {
		return nil, false
	}
	switch c := p.in[p.pos]; {
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.array(depth)
	case c == '"':
		s, ok := p.str()
		return &node{kind: stringNode, text: s}, ok
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case p.accept("null"):
		return &node{}, true
	case p.accept("true"):
		return &node{kind: boolNode, flag: true}, true
	case p.accept("false"):
		return &node{kind: boolNode}, true
	}
	return nil, false
}

func (p *parser) object(depth int) (*node, bool) {
	n := &node{kind: objectNode, members: map[string]*node{}}
	p.pos++
	p.space()
	if p.accept("}") {
		return n, true
	}
	for {
		p.space()
		if p.pos >= len(p.in) || p.in[p.pos] != '"' {
			return nil, false
		}
		key, ok := p.str()
		if !ok {
			return nil, false
		}
		p.space()
		if !p.accept(":") {
			return nil, false
		}
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		n.members[key] = v
		p.space()
		if p.accept("}") {
			return n, true
		}
		if !p.accept(",") {
			return nil, false
		}
	}
}

func (p *parser) array(depth int) (*node, bool) {
	n := &node{kind: arrayNode}
	p.pos++
	p.space()
	if p.accept("]") {
		return n, true
	}
	for {
		v, ok := p.value(depth + 1)
		if !ok {
			return nil, false
		}
		n.items = append(n.items, *v)
		p.space()
		if p.accept("]") {
			return n, true
		}
		if !p.accept(",") {
			return nil, false
		}
	}
}

func (p *parser) number() (*node, bool) {
	start := p.pos
	for p.pos < len(p.in) && strings.IndexByte("+-0123456789.eE", p.in[p.pos]) >= 0 {
		p.pos++
	}
	text := string(p.in[start:p.pos])
	if _, err := strconv.ParseFloat(text, 64); err != nil {
		p.pos = start
		return nil, false
	}
	return &node{kind: numberNode, text: text}, true
}

func (p *parser) str() (string, bool) {
	p.pos++
	start := p.pos
	for p.pos < len(p.in) {
		switch c := p.in[p.pos]; {
		case c == '"':
			s := string(p.in[start:p.pos])
			p.pos++
			return s, true
		case c == '\\':
			return p.escaped(start)
		case c < 0x20:
			return "", false
		}
		p.pos++
	}
	return "", false
}

// escaped goes on with a string in which an escape was found.
func (p *parser) escaped(start int) (string, bool) {
	out := append([]byte(nil), p.in[start:p.pos]...)
	for p.pos < len(p.in) {
		c := p.in[p.pos]
		p.pos++
		switch {
		case c == '"':
			return string(out), true
		case c < 0x20:
			return "", false
		case c != '\\':
			out = append(out, c)
			continue
		}
		if p.pos >= len(p.in) {
			return "", false
		}
		c = p.in[p.pos]
		p.pos++
		if i := strings.IndexByte(`"\/bfnrt`, c); i >= 0 {
			out = append(out, "\"\\/\b\f\n\r\t"[i])
			continue
		}
		r, ok := p.unicode(c)
		if !ok {
			return "", false
		}
		out = utf8.AppendRune(out, r)
	}
	return "", false
}

func (p *parser) unicode(c byte) (rune, bool) {
	if c != 'u' {
		return 0, false
	}
	r, ok := p.hex4()
	if !ok || !utf16.IsSurrogate(r) {
		return r, ok
	}
	if !p.accept(`\u`) {
		return 0, false
	}
	low, ok := p.hex4()
	if !ok {
		return 0, false
	}
	r = utf16.DecodeRune(r, low)
	return r, r != utf8.RuneError
}

func (p *parser) hex4() (rune, bool) {
	if p.pos+4 > len(p.in) {
		return 0, false
	}
	v, err := strconv.ParseUint(string(p.in[p.pos:p.pos+4]), 16, 32)
	if err != nil {
		return 0, false
	}
	p.pos += 4
	return rune(v), true
}
