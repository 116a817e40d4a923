package document

import (
	"strconv"
	"strings"
)

// hResolver turns what was read into a tree, and substitutions into what they stand for.
type hResolver struct {
	Reader
	root *hObject
	*budget
	busy map[*hField]*Node // being resolved: what the field was before, nil if nothing
}

func (r *hResolver) object(o *hObject, depth int) (*Node, error) {
	n := &Node{Kind: Object}
	for _, f := range o.fields {
		v, err := r.field(f, depth+1)
		if err != nil {
			return nil, err
		}
		if v != nil {
			n.Members = append(n.Members, Member{f.key, f.pos, v})
		}
	}
	return n, nil
}

// field folds all that was said of a key. nil: an optional substitution found nothing.
func (r *hResolver) field(f *hField, depth int) (*Node, error) {
	var now *Node
	for _, v := range f.values {
		r.busy[f] = now
		next, err := r.value(v, now, depth)
		delete(r.busy, f)
		if err != nil {
			return nil, err
		}
		switch {
		case next == nil:
		case now != nil && now.Kind == Object && next.Kind == Object:
			now = mergeNodes(now, next)
		default:
			now = next
		}
	}
	return now, nil
}

// mergeNodes gives an object with the members of both; those of b win.
func mergeNodes(a, b *Node) *Node {
	out := &Node{Kind: Object, Pos: b.Pos, Members: append([]Member(nil), a.Members...)}
	for _, m := range b.Members {
		switch i := out.index(m.Key); {
		case i < 0:
			out.Members = append(out.Members, m)
		case out.Members[i].Value.Kind == Object && m.Value.Kind == Object:
			m.Value = mergeNodes(out.Members[i].Value, m.Value)
			out.Members[i] = m
		default:
			out.Members[i] = m
		}
	}
	return out
}

// value joins the parts of a value. before is what the key was until here.
func (r *hResolver) value(v *hValue, before *Node, depth int) (*Node, error) {
	if err := r.spend(v.pos, depth); err != nil {
		return nil, err
	}
	var nodes []*Node
	var blanks []string
	for i, part := range v.parts {
		n, err := r.part(part, depth)
		if err != nil {
			return nil, err
		}
		if n != nil {
			nodes, blanks = append(nodes, n), append(blanks, v.blanks[i])
		}
	}
	out, err := join(v.pos, nodes, blanks)
	if err != nil || out == nil || !v.add {
		return out, err
	}
	list := &Node{Kind: List, Pos: v.pos}
	if before != nil {
		if before.Kind != List {
			return nil, Errorf(v.pos, "+= adds to a list, and this is %s", before.Kind)
		}
		list.Items = append(list.Items, before.Items...)
	}
	list.Items = append(list.Items, out)
	return list, nil
}

func join(at Pos, nodes []*Node, blanks []string) (*Node, error) {
	switch len(nodes) {
	case 0:
		return nil, nil
	case 1:
		return nodes[0], nil
	}
	out := nodes[0]
	if out.Scalar() {
		out = &Node{Kind: Text, Pos: at, Text: out.Text, Plain: out.Plain}
	}
	for i, n := range nodes[1:] {
		switch {
		case out.Kind == Text && n.Scalar():
			out.Text += blanks[i+1] + n.Text
		case out.Kind == List && n.Kind == List:
			out = &Node{Kind: List, Pos: at, Items: append(append([]*Node(nil), out.Items...), n.Items...)}
		case out.Kind == Object && n.Kind == Object:
			out = mergeNodes(out, n)
		default:
			return nil, Errorf(n.Pos, "%s stands next to %s; texts, lists and objects are joined with their like", n.Kind, out.Kind)
		}
	}
	return out, nil
}

func (r *hResolver) part(p hPart, depth int) (*Node, error) {
	switch p.kind {
	case hObj:
		n, err := r.object(p.object, depth)
		if n != nil {
			n.Pos = p.pos
		}
		return n, err
	case hList:
		out := &Node{Kind: List, Pos: p.pos}
		for _, item := range p.items {
			n, err := r.value(item, nil, depth+1)
			if err != nil {
				return nil, err
			}
			if n != nil {
				out.Items = append(out.Items, n)
			}
		}
		return out, nil
	case hSubst:
		return r.substitute(p, depth)
	}
	return &Node{Kind: plainKind(p), Text: p.text, Plain: p.plain, Pos: p.pos}, nil
}

// plainKind says what a text without quotes is.
func plainKind(p hPart) Kind {
	switch {
	case !p.plain:
		return Text
	case p.text == "true" || p.text == "false":
		return Bool
	case p.text == "null":
		return Null
	}
	if c := p.text[0]; c == '-' || c >= '0' && c <= '9' {
		if _, err := strconv.ParseFloat(p.text, 64); err == nil {
			return Number
		}
	}
	return Text
}

func (r *hResolver) substitute(p hPart, depth int) (*Node, error) {
	name := strings.Join(p.path, ".")
	n, found, err := r.lookup(r.root, p.path, p, depth+1)
	if err != nil || found {
		return n, err
	}
	if r.Env != nil {
		if value, set := r.Env(name); set {
			return &Node{Kind: Text, Text: value, Plain: true, Pos: p.pos}, nil
		}
	}
	if p.optional {
		return nil, nil
	}
	return nil, Errorf(p.pos, "${%s} is neither in the file nor in the environment; ${?%s} may be missing", name, name)
}

// lookup goes down a path, resolving no more than it has to, so that siblings
// may refer to each other.
func (r *hResolver) lookup(o *hObject, path []string, p hPart, depth int) (*Node, bool, error) {
	f := o.field(path[0])
	if f == nil {
		return nil, false, nil
	}
	if len(path) > 1 && len(f.values) == 1 && f.values[0].single() != nil {
		return r.lookup(f.values[0].single(), path[1:], p, depth)
	}
	n, busy := r.busy[f]
	switch {
	case busy && n == nil && p.optional:
		return nil, false, nil
	case busy && n == nil:
		return nil, false, Errorf(p.pos, "${%s} refers to itself", strings.Join(p.path, "."))
	case !busy:
		var err error
		if n, err = r.field(f, depth); err != nil {
			return nil, false, err
		}
	}
	for _, key := range path[1:] {
		if n == nil {
			break
		}
		n = n.Get(key)
	}
	return n, n != nil, nil
}
