package job

import (
	"encoding/json"
	"reflect"
	"strings"
)

// Difference is a field in which two definitions differ. Before and After are
// its values as people read them: texts as they are, everything else as JSON;
// "" is a value that is not set.
type Difference struct{ Field, Before, After string }

// renamed are the fields whose names in JSON are not those of the Go fields
// with a small first letter (contracts/chronos.md 2.2).
var renamed = map[string]string{
	"CPUs": "cpus", "GPUs": "gpus", "URIs": "uris", "Environment": "environmentVariables", "Zone": "scheduleTimeZone",
	"DSTGap": "dstGap", "DSTOverlap": "dstOverlap", "DataJob": "dataProcessingJobType",
}

// Compare returns the fields in which b differs from a, in the order of Job.
func Compare(a, b *Job) []Difference {
	var out []Difference
	before, after := reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem()
	for i := range before.NumField() {
		x, y := plain(before.Field(i)), plain(after.Field(i))
		if x != y {
			out = append(out, Difference{fieldName(before.Type().Field(i).Name), x, y})
		}
	}
	return out
}

// fieldName is a field's name in JSON.
func fieldName(field string) string {
	if name, there := renamed[field]; there {
		return name
	}
	return strings.ToLower(field[:1]) + field[1:]
}

// plain writes a value for people.
func plain(v reflect.Value) string {
	switch {
	case v.IsZero(), v.Kind() == reflect.Slice && v.Len() == 0:
		return ""
	case v.Kind() == reflect.String:
		return v.String()
	}
	text, err := json.Marshal(v.Interface())
	if err != nil {
		panic("job: a definition cannot be written: " + err.Error()) // it holds nothing that could fail
	}
	return string(text)
}
