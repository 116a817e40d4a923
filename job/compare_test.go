package job

import (
	"reflect"
	"testing"
)

// TestCompareSeesEveryField: whatever field is another, it is named.
func TestCompareSeesEveryField(t *testing.T) {
	t.Parallel()
	kind := reflect.TypeFor[Job]()
	for i := range kind.NumField() {
		var a, b Job
		f := reflect.ValueOf(&b).Elem().Field(i)
		switch f.Kind() {
		case reflect.String:
			f.SetString("x")
		case reflect.Bool:
			f.SetBool(true)
		case reflect.Int:
			f.SetInt(3)
		case reflect.Float64:
			f.SetFloat(.5)
		case reflect.Pointer:
			f.Set(reflect.New(f.Type().Elem()))
		case reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		default:
			t.Fatalf("field %s: kind %s is not foreseen", kind.Field(i).Name, f.Kind())
		}
		got := Compare(&a, &b)
		if len(got) != 1 || got[0].Before != "" {
			t.Errorf("%s: %v, want one difference from nothing", kind.Field(i).Name, got)
		}
		if f.Kind() != reflect.Pointer && len(got) == 1 && got[0].After == "" {
			t.Errorf("%s: %v, want its value", kind.Field(i).Name, got)
		}
	}
	if got := Compare(&Job{CPUs: .1, Parents: []string{}}, &Job{CPUs: 2, Owner: "a@b"}); !reflect.DeepEqual(got, []Difference{{"owner", "", "a@b"}, {"cpus", "0.1", "2"}}) {
		t.Errorf("%v", got)
	}
}
