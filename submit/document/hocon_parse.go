package document

import (
	"encoding/json"
	"strings"
	"unicode/utf8"
)

// hParser reads the text of one HOCON file.
type hParser struct {
	Reader
	name  string
	text  string
	i     int
	lines lines
	files []string // that include each other, outermost first
	list  *hValue  // the file is a list, not an object
	*budget
}

func (p *hParser) pos() Pos { return p.lines.at(p.name, p.i) }

func (p *hParser) peek() byte {
	if p.i < len(p.text) {
		return p.text[p.i]
	}
	return 0
}

func (p *hParser) end() bool { return p.i >= len(p.text) }

// blanks skips what is white within a line and returns it.
func (p *hParser) blanks() string {
	from := p.i
	for !p.end() && strings.IndexByte(" \t\r\f\v", p.text[p.i]) >= 0 {
		p.i++
	}
	return p.text[from:p.i]
}

func (p *hParser) comment() bool {
	if p.peek() != '#' && !strings.HasPrefix(p.text[p.i:], "//") {
		return false
	}
	if n := strings.IndexByte(p.text[p.i:], '\n'); n >= 0 {
		p.i += n
	} else {
		p.i = len(p.text)
	}
	return true
}

// space skips blanks, newlines and comments; with commas also these.
func (p *hParser) space(commas bool) {
	for {
		p.blanks()
		switch {
		case p.comment():
		case p.peek() == '\n' && !p.end(), commas && p.peek() == ',':
			p.i++
		default:
			return
		}
	}
}

// root reads a whole file.
func (p *hParser) root() (*hObject, error) {
	p.space(false)
	switch p.peek() {
	case '[':
		v, err := p.value(0)
		if err != nil {
			return nil, err
		}
		p.list = v
		return &hObject{}, p.wantEnd()
	case '{':
		p.i++
		o, err := p.object('}', 0)
		if err != nil {
			return nil, err
		}
		return o, p.wantEnd()
	}
	return p.object(0, 0)
}

func (p *hParser) wantEnd() error {
	p.space(true)
	if !p.end() {
		return Errorf(p.pos(), "something stands after the last bracket")
	}
	return nil
}

// object reads members up to the closing byte, or to the end of the file.
func (p *hParser) object(closing byte, depth int) (*hObject, error) {
	o := &hObject{}
	for {
		p.space(true)
		at := p.pos()
		switch {
		case p.end() && closing != 0:
			return nil, Errorf(at, "the file ends before the closing %c", closing)
		case p.end():
			return o, nil
		case closing != 0 && p.peek() == closing:
			p.i++
			return o, nil
		}
		if err := p.spend(at, depth); err != nil {
			return nil, err
		}
		if p.isInclude() {
			if err := p.include(o, at); err != nil {
				return nil, err
			}
			continue
		}
		if err := p.member(o, at, depth); err != nil {
			return nil, err
		}
	}
}

// isInclude tells whether the word include with a file behind it comes, and skips it.
func (p *hParser) isInclude() bool {
	rest, found := strings.CutPrefix(p.text[p.i:], "include")
	trimmed := strings.TrimLeft(rest, " \t")
	if !found || trimmed == rest || trimmed == "" || strings.IndexByte(":=+{", trimmed[0]) >= 0 {
		return false
	}
	p.i = len(p.text) - len(trimmed)
	return true
}

func (p *hParser) member(o *hObject, at Pos, depth int) error {
	path, err := p.path(":=+{\n,}", "a key")
	if err != nil {
		return err
	}
	p.blanks()
	add := false
	switch {
	case strings.HasPrefix(p.text[p.i:], "+="):
		p.i, add = p.i+2, true
	case p.peek() == ':' || p.peek() == '=':
		p.i++
	case p.peek() != '{':
		return Errorf(p.pos(), "want = or : or { after the key %q", strings.Join(path, "."))
	}
	p.space(false)
	v, err := p.value(depth + 1)
	if err != nil {
		return err
	}
	v.add = add
	o.set(path, at, v)
	return o.check(at)
}

// path reads keys with dots between them.
func (p *hParser) path(until, what string) ([]string, error) {
	var path []string
	for {
		p.blanks()
		at := p.pos()
		var key string
		if p.peek() == '"' {
			var err error
			if key, err = p.quoted(); err != nil {
				return nil, err
			}
			p.blanks()
		} else {
			from := p.i
			for !p.end() && p.peek() != '.' && strings.IndexByte(until, p.peek()) < 0 && !strings.HasPrefix(p.text[p.i:], "//") {
				if strings.IndexByte("\"$[]#`^?!@*&\\(){}", p.peek()) >= 0 {
					return nil, Errorf(p.pos(), "the character %q needs quotes around %s", p.peek(), what)
				}
				p.i++
			}
			if key = strings.TrimSpace(p.text[from:p.i]); key == "" {
				return nil, Errorf(at, "want %s", what)
			}
		}
		if path = append(path, key); len(path) > MaxDepth {
			return nil, Errorf(at, "has more than %d parts", MaxDepth)
		}
		if p.peek() != '.' {
			return path, nil
		}
		p.i++
	}
}

// value reads parts next to each other, to the end of the line or a bracket.
func (p *hParser) value(depth int) (*hValue, error) {
	v := &hValue{pos: p.pos()}
	for {
		blanks := p.blanks()
		at := p.pos()
		if p.end() || strings.IndexByte("\n,}]", p.peek()) >= 0 || p.peek() == '#' || strings.HasPrefix(p.text[p.i:], "//") {
			if len(v.parts) == 0 {
				return nil, Errorf(at, "want a value")
			}
			return v, nil
		}
		if err := p.spend(at, depth); err != nil {
			return nil, err
		}
		part, err := p.part(at, depth)
		if err != nil {
			return nil, err
		}
		v.parts, v.blanks = append(v.parts, part), append(v.blanks, blanks)
	}
}

func (p *hParser) part(at Pos, depth int) (hPart, error) {
	part := hPart{pos: at}
	var err error
	switch c := p.peek(); {
	case strings.HasPrefix(p.text[p.i:], `"""`):
		part.text, err = p.triple()
	case c == '"':
		part.text, err = p.quoted()
	case c == '{':
		p.i++
		part.kind = hObj
		part.object, err = p.object('}', depth+1)
	case c == '[':
		p.i++
		part.kind = hList
		part.items, err = p.listItems(depth + 1)
	case strings.HasPrefix(p.text[p.i:], "${"):
		part.kind = hSubst
		p.i += 2
		if p.peek() == '?' {
			p.i, part.optional = p.i+1, true
		}
		if part.path, err = p.path("}\n", "the path of a substitution, or quotes around the text"); err == nil && p.peek() != '}' {
			err = Errorf(p.pos(), "want } after the path of a substitution")
		}
		p.i++
	default:
		part.text, err = p.unquoted()
		part.plain = true
	}
	return part, err
}

func (p *hParser) listItems(depth int) ([]*hValue, error) {
	var items []*hValue
	for {
		p.space(true)
		if p.end() {
			return nil, Errorf(p.pos(), "the file ends before the closing ]")
		}
		if p.peek() == ']' {
			p.i++
			return items, nil
		}
		v, err := p.value(depth)
		if err != nil {
			return nil, err
		}
		items = append(items, v)
	}
}

func (p *hParser) unquoted() (string, error) {
	from := p.i
	for !p.end() && strings.IndexByte(" \t\r\f\v\n,}]{[#\"", p.peek()) < 0 && !strings.HasPrefix(p.text[p.i:], "//") && !strings.HasPrefix(p.text[p.i:], "${") {
		r, n := utf8.DecodeRuneInString(p.text[p.i:])
		if strings.ContainsRune("$:=`^?!@*&\\", r) {
			return "", Errorf(p.pos(), "the character %q needs quotes around the text", r)
		}
		p.i += n
	}
	return p.text[from:p.i], nil
}

// quoted reads a text as JSON writes it.
func (p *hParser) quoted() (string, error) {
	at, from := p.pos(), p.i
	for p.i++; ; p.i++ {
		switch {
		case p.end() || p.peek() == '\n':
			return "", Errorf(at, `the text has no closing " on its line; """ makes one of several lines`)
		case p.peek() == '\\':
			p.i++
		case p.peek() == '"':
			p.i++
			var s string
			if err := json.Unmarshal([]byte(p.text[from:p.i]), &s); err != nil {
				return "", Errorf(at, "the text has an escape that JSON does not have; \\\\ is a backslash")
			}
			return s, nil
		}
	}
}

// triple reads a text between three quotes, with no escapes. More quotes at its
// end belong to it.
func (p *hParser) triple() (string, error) {
	at := p.pos()
	body := p.text[p.i+3:]
	n := strings.Index(body, `"""`)
	if n < 0 {
		return "", Errorf(at, `the text has no closing """`)
	}
	for strings.HasPrefix(body[n+3:], `"`) {
		n++
	}
	p.i += 3 + n + 3
	return body[:n], nil
}
