package document

import (
	"path/filepath"
	"slices"
	"strings"
)

// HOCON as https://github.com/lightbend/config/blob/main/HOCON.md has it, as
// far as job files and application.conf need it: comments, braces that may be
// left out, dotted and quoted keys, = : += and objects that merge, unquoted,
// quoted and """ texts, lists, newlines for commas, values next to each other,
// ${substitutions} with the environment behind them, include of files.
//
// Not in it: include of URLs and of a class path, and .properties files. A file
// that is included has to be there.

// maxIncludes bounds how deep files include files.
const maxIncludes = 16

// hField is a key and all that was said of it, oldest first.
type hField struct {
	key    string
	pos    Pos
	values []*hValue
}

// hObject is an object that is not resolved yet.
type hObject struct{ fields []*hField }

// hValue is what stands behind a separator: parts next to each other.
type hValue struct {
	pos    Pos
	add    bool // +=
	parts  []hPart
	blanks []string // before each part
}

type hKind uint8

const (
	hText hKind = iota
	hObj
	hList
	hSubst
)

type hPart struct {
	kind     hKind
	pos      Pos
	text     string // of a text
	plain    bool   // a text without quotes
	object   *hObject
	items    []*hValue
	path     []string // of a substitution
	optional bool
}

// single returns the object that a value is, nil if it is more or something else.
func (v *hValue) single() *hObject {
	if len(v.parts) == 1 && v.parts[0].kind == hObj && !v.add {
		return v.parts[0].object
	}
	return nil
}

func (o *hObject) field(key string) *hField {
	if i := slices.IndexFunc(o.fields, func(f *hField) bool { return f.key == key }); i >= 0 {
		return o.fields[i]
	}
	return nil
}

// check refuses too many keys.
func (o *hObject) check(pos Pos) error {
	if len(o.fields) > MaxMembers {
		return Errorf(pos, "an object has more than %d members", MaxMembers)
	}
	return nil
}

// set adds a value to a path of keys. Objects flow into those that are there.
func (o *hObject) set(path []string, pos Pos, v *hValue) {
	if len(path) > 1 {
		inner := &hObject{}
		inner.set(path[1:], pos, v)
		v = &hValue{pos: pos, parts: []hPart{{kind: hObj, pos: pos, object: inner}}, blanks: []string{""}}
	}
	f := o.field(path[0])
	if f == nil {
		o.fields = append(o.fields, &hField{path[0], pos, []*hValue{v}})
		return
	}
	if last := f.values[len(f.values)-1].single(); last != nil && v.single() != nil {
		last.merge(v.single())
		return
	}
	f.values = append(f.values, v)
}

func (o *hObject) merge(other *hObject) {
	for _, f := range other.fields {
		for _, v := range f.values {
			o.set([]string{f.key}, f.pos, v)
		}
	}
}

func (r Reader) readHOCON(name string, text []byte) (*Node, error) {
	p := &hParser{Reader: r, name: name, text: string(text), lines: newLines(text), budget: &budget{}, files: []string{name}}
	root, err := p.root()
	if err != nil {
		return nil, err
	}
	res := &hResolver{Reader: r, root: root, budget: &budget{}, busy: make(map[*hField]*Node)}
	n, err := res.object(root, 0)
	if err != nil {
		return nil, err
	}
	n.Pos = Pos{name, 1, 1}
	if p.list != nil {
		return res.value(p.list, nil, 0)
	}
	return n, nil
}

// include reads another file at the place where it is named.
func (p *hParser) include(into *hObject, at Pos) error {
	target, err := p.includeTarget(at)
	if err != nil {
		return err
	}
	path := target
	if !filepath.IsAbs(path) {
		path = filepath.Join(filepath.Dir(p.name), path)
	}
	switch {
	case p.Open == nil:
		return Errorf(at, "include is not possible here")
	case slices.Contains(p.files, path):
		return Errorf(at, "%s includes itself: %s", path, strings.Join(append(p.files, path), " → "))
	case len(p.files) > maxIncludes:
		return Errorf(at, "files include each other more than %d deep", maxIncludes)
	}
	text, err := p.Open(path)
	if err != nil {
		return Errorf(at, "include: %v", err)
	}
	if len(text) > MaxBytes {
		return Errorf(at, "%s has %d bytes, at most %d are read", path, len(text), MaxBytes)
	}
	inner := &hParser{Reader: p.Reader, name: path, text: string(text), lines: newLines(text), budget: p.budget, files: append(slices.Clone(p.files), path)}
	root, err := inner.root()
	if err != nil {
		return err
	}
	if inner.list != nil {
		return Errorf(at, "%s holds a list, an included file holds an object", path)
	}
	into.merge(root)
	return nil
}

// includeTarget reads "file", file("file") or required(file("file")).
func (p *hParser) includeTarget(at Pos) (string, error) {
	closing := 0
	for _, word := range []string{"required(", "file("} {
		if strings.HasPrefix(p.text[p.i:], word) {
			p.i += len(word)
			closing++
			p.blanks()
		}
	}
	if !strings.HasPrefix(p.text[p.i:], `"`) {
		return "", Errorf(at, `want include "file", include file("file") or include required("file")`)
	}
	target, err := p.quoted()
	if err != nil {
		return "", err
	}
	for ; closing > 0; closing-- {
		p.blanks()
		if !strings.HasPrefix(p.text[p.i:], ")") {
			return "", Errorf(p.pos(), "want )")
		}
		p.i++
	}
	return target, nil
}
