package api

import (
	"reflect"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// rowField is a field of a JobRow as JSON names it.
type rowField struct {
	name      string
	index     int
	omitEmpty bool
}

// rowFields are the fields that a list may be asked for.
var rowFields = fieldsOf(reflect.TypeFor[JobRow]())

func fieldsOf(t reflect.Type) []rowField {
	var out []rowField
	for i := range t.NumField() {
		name, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		out = append(out, rowField{name, i, options == "omitempty"})
	}
	return out
}

// readFields reads the names of the fields that are asked for; none means all.
func readFields(text string) ([]rowField, error) {
	if text == "" {
		return nil, nil
	}
	var out []rowField
	for name := range strings.SplitSeq(text, ",") {
		i := slices.IndexFunc(rowFields, func(f rowField) bool { return f.name == name })
		if i < 0 {
			return nil, badRequest("fields: there is no field %.40q, want some of %v", name, fieldList())
		}
		out = append(out, rowFields[i])
	}
	return out, nil
}

func fieldList() message.Names {
	var out message.Names
	for _, f := range rowFields {
		out = append(out, f.name)
	}
	return out
}

// pick leaves only the wanted fields of a row; all of them if none are named.
func pick(r *JobRow, fields []rowField) any {
	if len(fields) == 0 {
		return r
	}
	all := reflect.ValueOf(r).Elem()
	out := make(map[string]any, len(fields))
	for _, f := range fields {
		if v := all.Field(f.index); !f.omitEmpty || !emptyJSON(v) {
			out[f.name] = v.Interface()
		}
	}
	return out
}

// emptyJSON tells what encoding/json leaves out of a field with omitempty.
func emptyJSON(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String, reflect.Array:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}
