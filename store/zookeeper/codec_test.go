package zookeeper

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/store"
)

func anyRecords(t *rapid.T) []record {
	return rapid.SliceOf(rapid.Custom(func(t *rapid.T) record {
		r := record{key: string(rapid.SliceOfN(rapid.Byte(), 0, 20).Draw(t, "key"))}
		if rapid.Bool().Draw(t, "set") {
			r.value = append([]byte{}, rapid.SliceOfN(rapid.Byte(), 0, 200).Draw(t, "value")...)
		}
		return r
	})).Draw(t, "records")
}

func TestRecordsRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := anyRecords(t)
		b := encodeEntry(7, records)
		got, err := decodeEntry(7, b)
		if err != nil || !slices.EqualFunc(got, records, func(a, b record) bool {
			return sameRecord(a, b) && (a.value == nil) == (b.value == nil)
		}) {
			t.Fatalf("%v became %v, %v", records, got, err)
		}
		if _, err := decodeEntry(8, b); err == nil {
			t.Fatal("an entry passes for another one")
		}
		cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut")
		if _, err := decodeEntry(7, b[:cut]); err == nil {
			t.Fatal("an entry that is cut off is read")
		}
		b[cut] ^= byte(rapid.IntRange(1, 255).Draw(t, "flip"))
		if _, err := decodeEntry(7, b); err == nil {
			t.Fatal("an entry with a wrong byte is read")
		}
	})
}

// FuzzDecode holds that no bytes make it panic or use memory without end, and
// that what is read can be written again.
func FuzzDecode(f *testing.F) {
	f.Add(encodePage("a", []record{{"a", []byte("1")}, {"b", []byte{}}}))
	f.Add(encodePage("a", nil))
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > sumBytes { // with a checksum that is right
			b = b[:len(b)-sumBytes]
			sum := checksum("page a", b)
			b = append(bytes.Clone(b), byte(sum), byte(sum>>8), byte(sum>>16), byte(sum>>24))
		}
		records, err := decodePage("a", b)
		if err != nil {
			return
		}
		again, err := decodePage("a", encodePage("a", records))
		if err != nil || !slices.EqualFunc(records, again, sameRecord) {
			t.Fatalf("%v became %v, %v", records, again, err)
		}
	})
}

func TestPageNames(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start := string(rapid.SliceOfN(rapid.Byte(), 0, store.MaxKeyBytes).Draw(t, "start"))
		name := pageName(start)
		if got, err := pageStart(name); err != nil || got != start {
			t.Fatalf("%q became %q, %v", start, got, err)
		}
		if strings.ContainsFunc(name, func(r rune) bool { return r > 0x7e || r <= ' ' || r == '/' }) {
			t.Fatalf("%q is no name for a znode", name)
		}
	})
	for _, name := range []string{"", "x", "p/", "p%", "p%2", "p%2f", "p%41", "pü", "p.", "p%GG"} {
		if start, err := pageStart(name); err == nil {
			t.Errorf("%q passes for the page of %q", name, start)
		}
	}
}

func TestSeparator(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SliceOfN(rapid.ByteRange('a', 'c'), 0, 6)
		left, right := string(key.Draw(t, "left")), string(key.Draw(t, "right"))
		if left > right {
			left, right = right, left
		}
		if left == right {
			return
		}
		s := separator(left, right)
		if s <= left || s > right {
			t.Fatalf("%q does not separate %q and %q", s, left, right)
		}
		if len(s) > 1 && s[:len(s)-1] > left {
			t.Fatalf("%q is longer than it needs to be between %q and %q", s, left, right)
		}
	})
}

// What is split is all there, in order, in parts that are neither empty nor
// longer than they may be, unless one record is.
func TestSplit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const size = 100
		var records []record
		for i := range rapid.IntRange(0, 30).Draw(t, "records") {
			records = append(records, record{string(rune('a' + i)), make([]byte, rapid.IntRange(0, 2*size).Draw(t, "bytes"))})
		}
		parts := split(records, size)
		if !slices.EqualFunc(slices.Concat(parts...), records, sameRecord) {
			t.Fatal("the parts are not the whole")
		}
		for _, p := range parts {
			sum := 0
			for _, r := range p {
				sum += r.size()
			}
			if len(p) == 0 && len(records) > 0 || sum > 2*size && len(p) > 1 {
				t.Fatalf("a part has %d records and %d bytes", len(p), sum)
			}
		}
	})
}
