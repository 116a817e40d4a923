package wire

import (
	"reflect"
	"sort"
	"strings"
	"sync"

	"github.com/gogo/protobuf/proto"
)

// field describes one protobuf field of a generated Go struct.
type field struct {
	name     string // name in the .proto file and in JSON
	index    int    // index in the Go struct
	required bool
	kind     kind
	enum     *enum        // kind == kindEnum
	elem     reflect.Type // type below pointers and slices
	repeated bool
	pointer  bool
	isMap    bool
}

type kind int

const (
	kindString kind = iota
	kindBytes
	kindBool
	kindInt
	kindUint
	kindFloat
	kindEnum
	kindMessage
)

// enum holds the names of an enum's values.
type enum struct {
	proto  string // full name, such as "mesos.TaskState"
	names  map[int32]string
	values map[string]int32
}

// plan lists the fields of a message type in both orders that are needed.
type plan struct {
	declared []field  // order of the .proto file
	sorted   []*field // order of JSON members
	byName   map[string]*field
}

var plans sync.Map // reflect.Type → *plan; a cache of what the types themselves say

func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{byName: map[string]*field{}}
	for i := range t.NumField() {
		sf := t.Field(i)
		tag := sf.Tag.Get("protobuf")
		if tag == "" {
			continue
		}
		p.declared = append(p.declared, parseField(sf, i, tag))
	}
	for i := range p.declared {
		f := &p.declared[i]
		p.byName[f.name] = f
		p.sorted = append(p.sorted, f)
	}
	sort.Slice(p.sorted, func(i, j int) bool { return p.sorted[i].name < p.sorted[j].name })
	actual, _ := plans.LoadOrStore(t, p)
	return actual.(*plan)
}

func parseField(sf reflect.StructField, index int, tag string) field {
	f := field{index: index}
	for part := range strings.SplitSeq(tag, ",") {
		switch {
		case part == "req":
			f.required = true
		case strings.HasPrefix(part, "name="):
			f.name = part[len("name="):]
		case strings.HasPrefix(part, "enum="):
			f.enum = enumOf(part[len("enum="):], sf.Type)
		}
	}
	t := sf.Type
	switch {
	case t.Kind() == reflect.Map:
		f.isMap = true
		t = t.Elem()
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		f.repeated = true
		t = t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		f.pointer = true
		t = t.Elem()
	}
	f.elem = t
	f.kind = kindOf(t, f.enum)
	return f
}

func kindOf(t reflect.Type, e *enum) kind {
	if e != nil {
		return kindEnum
	}
	switch t.Kind() {
	case reflect.String:
		return kindString
	case reflect.Slice:
		return kindBytes
	case reflect.Bool:
		return kindBool
	case reflect.Int32, reflect.Int64:
		return kindInt
	case reflect.Uint32, reflect.Uint64:
		return kindUint
	case reflect.Float32, reflect.Float64:
		return kindFloat
	case reflect.Struct:
		return kindMessage
	}
	panic("wire: no protobuf kind for Go type " + t.String())
}

// enumOf finds the names of an enum in the registry of the generated code.
func enumOf(name string, _ reflect.Type) *enum {
	values := proto.EnumValueMap(name)
	e := &enum{proto: name, values: values, names: make(map[int32]string, len(values))}
	for n, v := range values {
		e.names[v] = n
	}
	return e
}
