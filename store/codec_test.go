package store

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// fill sets every field of a record, however deep, to a value of its own, so
// that a field which the stored form forgets is seen.
func fill(v reflect.Value, n *int64) {
	*n++
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(1767225600+*n, *n*1000+1).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range 2 {
			fill(v.Index(i), n)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 2 {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, n)
			fill(value, n)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		v.SetString(fmt.Sprintf("text \"%d\" é\n", *n))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Float64:
		v.SetFloat(float64(*n) + .125)
	case reflect.Uint8, reflect.Uint64, reflect.Uint32, reflect.Uint:
		v.SetUint(uint64(*n%200) + 1)
	case reflect.Int, reflect.Int64, reflect.Int32:
		v.SetInt(*n)
	default:
		panic(v.Type().String())
	}
}

func filled[T any]() *T {
	out, n := new(T), int64(0)
	fill(reflect.ValueOf(out).Elem(), &n)
	return out
}

func roundTrip[T any](t *testing.T, encode func(*T) []byte, decode func([]byte) (*T, error)) {
	t.Helper()
	for _, want := range []*T{filled[T](), new(T)} {
		got, err := decode(encode(want))
		if err != nil {
			t.Errorf("%T: %v", want, err)
		} else if !reflect.DeepEqual(got, want) {
			t.Errorf("%T is read back as\n%+v, want\n%+v", want, got, want)
		}
	}
}

// TestCodecRoundTrip: no field of any record is forgotten by its stored form.
func TestCodecRoundTrip(t *testing.T) {
	t.Parallel()
	roundTrip(t, encodeMeta, decodeMeta)
	roundTrip(t, encodeState, decodeState)
	roundTrip(t, encodeRun, decodeRun)
	roundTrip(t, encodeEntry, decodeEntry)
	roundTrip(t, encodeRevision, decodeRevision)
	roundTrip(t, encodeAudit, decodeAudit)
	roundTrip(t, encodeTally, decodeTally)
	job := filled[scheduler.JobRecord]()
	got, err := decodeJob(encodeJob(job))
	if err != nil || !reflect.DeepEqual(got, job) {
		t.Errorf("job is read back as\n%+v %+v (%v), want\n%+v %+v", got, got.Job, err, job, job.Job)
	}
}

// TestStoredVersion1 holds that values written by the first release can be read by every later one.
func TestStoredVersion1(t *testing.T) {
	t.Parallel()
	run, err := decodeRun([]byte("\x01" + `{"uid":3,"seq":7,"job":"etl","slot":"2026-01-01T00:00:00Z","created":"2026-01-01T00:00:00.5Z","state":2,` +
		`"attempt":1,"task":{"id":"ct:1767225600000:1:etl:3-7","agent":"S1","launched":"2026-01-01T00:00:01Z"},"killCause":1,"killSince":"2026-01-01T00:00:02Z"}`))
	if err != nil || run.Task.ID != "ct:1767225600000:1:etl:3-7" || run.Kill.Cause != scheduler.ByPerson || run.State != scheduler.Launched || run.Seq != 7 {
		t.Errorf("%+v, %v", run, err)
	}
	st, err := decodeState([]byte("\x01" + `{"uid":3,"decided":"2026-01-01T00:00:00Z","successes":4,"spent":{"a":[2,1]},"recent":"AQI="}`))
	if err != nil || st.Spent["a"] != (scheduler.Spent{Successes: 2, Failures: 1}) || len(st.Recent) != 2 || st.Recent[1] != scheduler.Failed {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestUnreadableValues(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ value, want string }{
		{"", "empty"},
		{"{}", "begins with byte 0x7b"},
		{"\x02{}", "written by a later release"},
		{"\x01{", "unexpected end"},
		{"\x01[]", "cannot unmarshal"},
		{"\x01" + `{"state":2}`, "a launched run has no task"},
	} {
		if _, err := decodeRun([]byte(tt.value)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: %v, want %q", tt.value, err, tt.want)
		}
	}
	s := New(oneRecord{"run/0000000000000001/0000000000000001", "\x01garbage"})
	_, err := s.Load(t.Context())
	var corrupt *CorruptError
	if !errors.As(err, &corrupt) || corrupt.Key != "run/0000000000000001/0000000000000001" {
		t.Errorf("load: %v, want a CorruptError that names the key", err)
	}
}

// oneRecord is a backend that can only load one record.
type oneRecord struct{ key, value string }

func (oneRecord) Campaign(context.Context, string, func(string)) (*Term, error) {
	return nil, ErrClosed
}
func (oneRecord) Commit(context.Context, *Term, []Op) error { return ErrClosed }
func (oneRecord) Close() error                              { return nil }
func (r oneRecord) Load(_ context.Context, prefix string, f func(string, []byte) error) error {
	if strings.HasPrefix(r.key, prefix) {
		return f(r.key, []byte(r.value))
	}
	return nil
}

func TestBatchKeepsTheLast(t *testing.T) {
	t.Parallel()
	var b Batch
	run := &scheduler.Run{RunKey: scheduler.RunKey{UID: 1, Seq: 2}, JobName: "a"}
	if err := b.Add([]scheduler.Change{scheduler.PutRun{Run: run}, scheduler.PutRun{Run: run}, scheduler.DropRun{RunKey: run.RunKey}}); err != nil {
		t.Fatal(err)
	}
	if b.Len() != 1 || b.ops[0].Value != nil || b.Bytes() != len(b.ops[0].Key) {
		t.Errorf("%d ops, %d bytes: %+v; want one deletion", b.Len(), b.Bytes(), b.ops)
	}
	big := &scheduler.Entry{Reason: strings.Repeat("x", MaxValueBytes)}
	if err := b.Add([]scheduler.Change{scheduler.PutEntry{Entry: big}}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a value that is too large: %v", err)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(encodeRun(filled[scheduler.Run]()))
	f.Add(encodeState(filled[scheduler.JobState]()))
	f.Add(encodeEntry(filled[scheduler.Entry]()))
	f.Add(encodeJob(filled[scheduler.JobRecord]()))
	f.Fuzz(func(t *testing.T, value []byte) {
		if r, err := decodeRun(value); err == nil {
			if again, err := decodeRun(encodeRun(r)); err != nil || string(encodeRun(again)) != string(encodeRun(r)) {
				t.Errorf("run %+v is read back as %+v, %v", r, again, err)
			}
		}
		if j, err := decodeJob(value); err == nil {
			if again, err := decodeJob(encodeJob(j)); err != nil || string(encodeJob(again)) != string(encodeJob(j)) {
				t.Errorf("job %+v is read back as %+v, %v", j, again, err)
			}
		}
		if st, err := decodeState(value); err == nil {
			if again, err := decodeState(encodeState(st)); err != nil || string(encodeState(again)) != string(encodeState(st)) {
				t.Errorf("state %+v is read back as %+v, %v", st, again, err)
			}
		}
		if e, err := decodeEntry(value); err == nil {
			if again, err := decodeEntry(encodeEntry(e)); err != nil || string(encodeEntry(again)) != string(encodeEntry(e)) {
				t.Errorf("entry %+v is read back as %+v, %v", e, again, err)
			}
		}
		if m, err := decodeMeta(value); err == nil {
			if again, err := decodeMeta(encodeMeta(m)); err != nil || string(encodeMeta(again)) != string(encodeMeta(m)) {
				t.Errorf("meta %+v is read back as %+v, %v", m, again, err)
			}
		}
	})
}
