package wire

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// Rules say how one version of the master reads JSON (Mesos contract 1.8).
type Rules struct {
	// DropUnknownEnums treats an enum text that is not known as unset (1.5 and
	// later); otherwise it is an error.
	DropUnknownEnums bool
	// NumericStrings accepts numbers written as strings (1.6 and later).
	NumericStrings bool
	// Maps reads proto maps; before 1.6 they did not exist.
	Maps bool
	// KnownEnum says whether the version knows a value of an enum. Nil: all.
	KnownEnum func(enum, value string) bool
	// KnownField says whether the version knows a field. Nil: all.
	KnownField func(name string) bool
}

// ConvertError says that JSON does not fit the message, in the master's words.
type ConvertError struct{ Text string }

func (e *ConvertError) Error() string { return e.Text }

// Object is a parsed JSON object that has been converted into a message.
type Object struct{ root *node }

// Has tells whether the object had a member that was not null.
func (o Object) Has(name string) bool { return present(o.root, name) }

func present(n *node, name string) bool {
	m, ok := n.members[name]
	return ok && m.kind != nullNode
}

// Convert parses JSON text into msg, a pointer to a generated type. The error is
// a *ParseError or a *ConvertError.
func Convert(text []byte, msg any, rules Rules) (Object, error) {
	root, err := parse(text)
	if err != nil {
		return Object{}, err
	}
	if root.kind != objectNode {
		return Object{}, &ConvertError{"Expecting a JSON object"}
	}
	d := decoder{rules}
	v := reflect.ValueOf(msg).Elem()
	if err := d.message(root, v); err != nil {
		return Object{}, err
	}
	if missing := d.missing(root, v.Type(), "", nil); len(missing) > 0 {
		return Object{}, &ConvertError{"Missing required fields: " + strings.Join(missing, ", ")}
	}
	return Object{root}, nil
}

type decoder struct{ rules Rules }

// fieldOf finds a member's field; nil when the version does not know it.
func (d decoder) fieldOf(p *plan, name string) *field {
	f := p.byName[name]
	if f == nil || f.isMap && !d.rules.Maps || d.rules.KnownField != nil && !d.rules.KnownField(name) {
		return nil
	}
	return f
}

func (d decoder) message(n *node, v reflect.Value) error {
	p := planOf(v.Type())
	// Declared order, so that the first error does not depend on map order.
	for i := range p.declared {
		f := &p.declared[i]
		m, ok := n.members[f.name]
		if !ok || m.kind == nullNode || d.fieldOf(p, f.name) == nil {
			continue
		}
		if err := d.field(f, m, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

func (d decoder) field(f *field, n *node, v reflect.Value) error {
	switch {
	case f.isMap:
		return d.mapField(f, n, v)
	case f.repeated:
		if n.kind != arrayNode {
			return unexpected(n, f)
		}
		for i := range n.items {
			item := reflect.New(v.Type().Elem()).Elem()
			set, err := d.single(f, &n.items[i], item)
			if err != nil {
				return err
			}
			if set {
				v.Set(reflect.Append(v, item))
			}
		}
		return nil
	case n.kind == arrayNode:
		return unexpected(n, f)
	}
	_, err := d.single(f, n, v)
	return err
}

func (d decoder) mapField(f *field, n *node, v reflect.Value) error {
	if n.kind != objectNode {
		return unexpected(n, f)
	}
	v.Set(reflect.MakeMap(v.Type()))
	for key, m := range n.members {
		item := reflect.New(v.Type().Elem()).Elem()
		if set, err := d.single(f, m, item); err != nil {
			return err
		} else if set {
			v.SetMapIndex(reflect.ValueOf(key), item)
		}
	}
	return nil
}

// single sets one value and tells whether it is set.
func (d decoder) single(f *field, n *node, v reflect.Value) (bool, error) {
	target := v
	if v.Kind() == reflect.Pointer {
		target = reflect.New(v.Type().Elem()).Elem()
	}
	set, err := d.scalar(f, n, target)
	if err == nil && set && v.Kind() == reflect.Pointer {
		v.Set(target.Addr())
	}
	return set, err
}

func (d decoder) scalar(f *field, n *node, v reflect.Value) (bool, error) {
	switch f.kind {
	case kindMessage:
		if n.kind != objectNode {
			return false, unexpected(n, f)
		}
		return true, d.message(n, v)
	case kindEnum:
		return d.enum(f, n, v)
	case kindString:
		if n.kind != stringNode {
			return false, unexpected(n, f)
		}
		v.SetString(n.text)
	case kindBytes:
		if n.kind != stringNode {
			return false, unexpected(n, f)
		}
		raw, err := decodeBase64(f.name, n.text)
		if err != nil {
			return false, err
		}
		v.SetBytes(raw)
	case kindBool:
		return d.boolean(f, n, v)
	default:
		return d.number(f, n, v)
	}
	return true, nil
}

func (d decoder) boolean(f *field, n *node, v reflect.Value) (bool, error) {
	switch {
	case n.kind == boolNode:
		v.SetBool(n.flag)
	case n.kind == stringNode && d.rules.NumericStrings && (n.text == "true" || n.text == "false"):
		v.SetBool(n.text == "true")
	default:
		return false, unexpected(n, f)
	}
	return true, nil
}

func (d decoder) enum(f *field, n *node, v reflect.Value) (bool, error) {
	if n.kind != stringNode {
		return false, unexpected(n, f)
	}
	value, ok := f.enum.values[n.text]
	if ok && d.rules.KnownEnum != nil {
		ok = d.rules.KnownEnum(f.enum.proto, n.text)
	}
	if !ok {
		if d.rules.DropUnknownEnums && !f.required {
			return false, nil
		}
		return false, &ConvertError{fmt.Sprintf("Failed to find enum for '%s'", n.text)}
	}
	v.SetInt(int64(value))
	return true, nil
}

func (d decoder) number(f *field, n *node, v reflect.Value) (bool, error) {
	if n.kind != numberNode && !(n.kind == stringNode && d.rules.NumericStrings) {
		return false, unexpected(n, f)
	}
	value, err := strconv.ParseFloat(n.text, 64)
	if err != nil {
		return false, &ConvertError{fmt.Sprintf("Failed to parse '%s' as a JSON number for field '%s'", n.text, f.name)}
	}
	switch f.kind {
	case kindFloat:
		v.SetFloat(value)
	case kindInt:
		i, err := strconv.ParseInt(n.text, 10, 64)
		if err != nil {
			i = clampInt(value)
		}
		v.SetInt(i)
	default:
		u, err := strconv.ParseUint(n.text, 10, 64)
		if err != nil {
			u = uint64(clampInt(value))
		}
		v.SetUint(u)
	}
	return true, nil
}

func clampInt(f float64) int64 {
	switch {
	case f >= math.MaxInt64:
		return math.MaxInt64
	case f <= math.MinInt64:
		return math.MinInt64
	}
	return int64(f)
}

func decodeBase64(name, text string) ([]byte, error) {
	for i := range len(text) {
		c := text[i]
		if c != '=' && c != '+' && c != '/' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return nil, &ConvertError{fmt.Sprintf("Failed to base64 decode bytes field '%s': Invalid character '%c'", name, c)}
		}
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		raw, err = base64.RawStdEncoding.DecodeString(strings.TrimRight(text, "="))
	}
	if err != nil {
		return nil, &ConvertError{fmt.Sprintf("Failed to base64 decode bytes field '%s': %v", name, err)}
	}
	return raw, nil
}

func unexpected(n *node, f *field) error {
	name := [...]string{"null", "boolean", "number", "string", "array", "object"}[n.kind]
	return &ConvertError{fmt.Sprintf("Not expecting a JSON %s for field '%s'", name, f.name)}
}

// missing lists the required fields that are absent, those of a message before
// those of its parts, as protobuf's InitializationErrorString does.
func (d decoder) missing(n *node, t reflect.Type, path string, out []string) []string {
	p := planOf(t)
	for i := range p.declared {
		if f := &p.declared[i]; f.required && !present(n, f.name) {
			out = append(out, path+f.name)
		}
	}
	for i := range p.declared {
		f := &p.declared[i]
		if f.kind != kindMessage || !present(n, f.name) || d.fieldOf(p, f.name) == nil {
			continue
		}
		m := n.members[f.name]
		switch {
		case f.repeated:
			for j := range m.items {
				out = d.missing(&m.items[j], f.elem, fmt.Sprintf("%s%s[%d].", path, f.name, j), out)
			}
		case !f.isMap:
			out = d.missing(m, f.elem, path+f.name+".", out)
		}
	}
	return out
}

// Text returns a member's string; "" if it is none.
func (o Object) Text(name string) string {
	if m, ok := o.root.members[name]; ok && m.kind == stringNode {
		return m.text
	}
	return ""
}

// HasVarint tells whether a protobuf message has a varint field with a number,
// which a struct whose field is no pointer cannot say when it is zero.
func HasVarint(msg []byte, number uint64) bool {
	for len(msg) > 0 {
		tag, n := binary.Uvarint(msg)
		if n <= 0 {
			return false
		}
		msg = msg[n:]
		skip := 0
		switch tag & 7 {
		case 0:
			if tag>>3 == number {
				return true
			}
			_, skip = binary.Uvarint(msg)
		case 1:
			skip = 8
		case 2:
			size, n := binary.Uvarint(msg)
			if n <= 0 || size > uint64(len(msg)-n) {
				return false
			}
			skip = n + int(size)
		case 5:
			skip = 4
		default:
			return false
		}
		if skip <= 0 || skip > len(msg) {
			return false
		}
		msg = msg[skip:]
	}
	return false
}
