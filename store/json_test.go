package store

import (
	"reflect"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// draw sets every field of a record, however deep, to a value that may be zero.
func draw(t *rapid.T, v reflect.Value) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		if at := rapid.Int64Range(-3e10, 2e11).Draw(t, "time"); at%4 != 0 {
			zone := time.FixedZone("x", 60*rapid.IntRange(-720, 720).Draw(t, "zone"))
			v.Set(reflect.ValueOf(time.Unix(at, rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).In(zone)))
		}
		return
	}
	n := rapid.IntRange(0, 2).Draw(t, "n")
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			draw(t, v.Field(i))
		}
	case reflect.Pointer:
		if n > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			draw(t, v.Elem())
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			draw(t, v.Index(i))
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range n {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			draw(t, key)
			draw(t, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Array:
		for i := range v.Len() {
			draw(t, v.Index(i))
		}
	case reflect.String:
		v.SetString(rapid.OneOf(rapid.String(), rapid.Just(""), rapid.StringMatching(`[ -~]{1,9}`), rapid.Just("\xff\x00\x7f\u2028")).Draw(t, "text"))
	case reflect.Bool:
		v.SetBool(n > 0)
	case reflect.Uint8, reflect.Uint64:
		v.SetUint(rapid.Uint64Range(0, 1<<v.Type().Bits()-1).Draw(t, "uint") * uint64(min(n, 1)))
	case reflect.Int, reflect.Int64:
		v.SetInt(rapid.Int64().Draw(t, "int") * int64(min(n, 1)))
	default:
		panic(v.Type().String())
	}
}

func sameAsJSON[T any](t *testing.T, write func(*T, *object)) {
	rapid.Check(t, func(t *rapid.T) {
		v := new(T)
		draw(t, reflect.ValueOf(v).Elem())
		got := sealed(func(o *object) { write(v, o) })
		if want := seal(v); string(got) != string(want) {
			t.Fatalf("written by hand:\n%s\nby encoding/json:\n%s", got, want)
		}
	})
}

// TestHandWritten: what is written by hand is what encoding/json writes.
func TestHandWritten(t *testing.T) {
	t.Parallel()
	sameAsJSON(t, (*stateV1).write)
	sameAsJSON(t, (*runV1).write)
	sameAsJSON(t, (*entryV1).write)
}

// BenchmarkEncode writes a history entry of a run with one attempt, by hand and by encoding/json.
func BenchmarkEncode(b *testing.B) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 123456789, time.UTC)
	e := entryV1{UID: 7, Seq: 9, Job: "nightly-import", Slot: at, Count: 1, Run: "7-9", Outcome: 1, Created: at, Ended: at, Attempts: []attemptV1{
		{TaskID: "ct:1767225600123:0:nightly-import:7-9", AgentID: "S1", Hostname: "agent1", Launched: at, Running: at, Ended: at, State: 3},
	}}
	b.Run("hand", func(b *testing.B) {
		for b.Loop() {
			sealed(e.write)
		}
	})
	b.Run("json", func(b *testing.B) {
		for b.Loop() {
			seal(&e)
		}
	})
}
