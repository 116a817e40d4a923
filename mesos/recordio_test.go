package mesos

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// readAll reads records until an error.
func readAll(r *RecordReader) (out []string, err error) {
	for {
		record, err := r.Next()
		if err != nil {
			return out, err
		}
		out = append(out, string(record))
	}
}

func TestRecords(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 3*firstRead+1)
	cases := []struct {
		name, in string
		max      int
		want     []string
		err      error
	}{
		{"nothing", "", 0, nil, io.EOF},
		{"one", "5\nhello", 0, []string{"hello"}, io.EOF},
		{"several", "1\na2\nbc0\n3\n\n\n\n", 0, []string{"a", "bc", "", "\n\n\n"}, io.EOF},
		{"payload of digits", "3\n1\n22\n22", 0, []string{"1\n2", "22"}, io.EOF},
		{"leading zeros", "007\nsevenup", 0, []string{"sevenup"}, io.EOF},
		{"long", "196609\n" + long + "1\na", 0, []string{long, "a"}, io.EOF},
		{"as long as allowed", "4\nfour", 4, []string{"four"}, io.EOF},
		{"too long", "1\na5\nhello", 4, []string{"a"}, ErrRecordTooLong},
		{"too long for the default", "268435457\n", 0, nil, ErrRecordTooLong},
		{"2^64 and a little", "18446744073709551620\nabcd", 0, nil, ErrRecordTooLong},
		{"too many digits", "000000000000000000001\na", 0, nil, ErrRecordLength},
		{"empty length", "\nabc", 0, nil, ErrRecordLength},
		{"letters", "abc\nabc", 0, nil, ErrRecordLength},
		{"negative", "-3\nabc", 0, nil, ErrRecordLength},
		{"plus", "+3\nabc", 0, nil, ErrRecordLength},
		{"space", "3 \nabc", 0, nil, ErrRecordLength},
		{"carriage return", "3\r\nabc", 0, nil, ErrRecordLength},
		{"hexadecimal", "0x3\nabc", 0, nil, ErrRecordLength},
		{"newline after a record", "1\na\n1\nb", 0, []string{"a"}, ErrRecordLength},
		{"ends in the length", "1\na12", 0, []string{"a"}, io.ErrUnexpectedEOF},
		{"ends after the length", "1\na1\n", 0, []string{"a"}, io.ErrUnexpectedEOF},
		{"ends in the payload", "1\na5\nhell", 0, []string{"a"}, io.ErrUnexpectedEOF},
		{"claims much and sends little", "200000000\nhell", 0, nil, io.ErrUnexpectedEOF},
	}
	for _, c := range cases {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"": func(r io.Reader) io.Reader { return r }, ", byte by byte": iotest.OneByteReader, ", halves": iotest.HalfReader, ", data with EOF": iotest.DataErrReader,
		} {
			got, err := readAll(NewRecordReader(wrap(strings.NewReader(c.in)), c.max))
			if !errors.Is(err, c.err) || strings.Join(got, "|") != strings.Join(c.want, "|") || len(got) != len(c.want) {
				t.Errorf("%s%s: got %.60q, %v; want %.60q, %v", c.name, name, got, err, c.want, c.err)
			}
		}
	}
}

// TestRecordErrors holds that what the reader below says is told on.
func TestRecordErrors(t *testing.T) {
	t.Parallel()
	boom := errors.New("boom")
	for _, in := range []string{"", "1", "2\n", "2\na", "1\na"} {
		r := NewRecordReader(io.MultiReader(strings.NewReader(in), iotest.ErrReader(boom)), 0)
		if _, err := readAll(r); !errors.Is(err, boom) {
			t.Errorf("after %q: got %v, want boom", in, err)
		}
	}
}

// TestRecordMemory holds that a length alone takes no memory, and that the
// room for a huge record is given back.
func TestRecordMemory(t *testing.T) {
	t.Parallel()
	r := NewRecordReader(strings.NewReader("268435456\nshort"), 0)
	if _, err := r.Next(); err != io.ErrUnexpectedEOF {
		t.Fatalf("got %v", err)
	}
	if cap(r.buf) > 4*firstRead {
		t.Errorf("a claim of 256 MiB took %d bytes", cap(r.buf))
	}
	var stream bytes.Buffer
	w := NewRecordWriter(&stream)
	for _, n := range []int{keptBuffer + 1, 10} {
		if err := w.Write(make([]byte, n)); err != nil {
			t.Fatal(err)
		}
	}
	for range keptFor {
		if err := w.Write([]byte("small")); err != nil {
			t.Fatal(err)
		}
	}
	r = NewRecordReader(&stream, 0)
	for range 2 {
		if _, err := r.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if cap(r.buf) <= keptBuffer {
		t.Error("the room was given back at once")
	}
	if _, err := readAll(r); err != io.EOF {
		t.Fatal(err)
	}
	if cap(r.buf) > keptBuffer {
		t.Errorf("%d bytes are kept for small records", cap(r.buf))
	}
}

// countWrites counts writes.
type countWrites struct {
	bytes.Buffer
	n int
}

// Write implements io.Writer.
func (c *countWrites) Write(p []byte) (int, error) {
	c.n++
	return c.Buffer.Write(p)
}

func TestRecordRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		records := rapid.SliceOfN(rapid.OneOf(rapid.SliceOfN(rapid.Byte(), 0, 20), rapid.Just(make([]byte, firstRead+1))), 0, 8).Draw(t, "records")
		var stream countWrites
		w := NewRecordWriter(&stream)
		for _, r := range records {
			if err := w.Write(r); err != nil {
				t.Fatal(err)
			}
		}
		if stream.n != len(records) {
			t.Fatalf("%d records took %d writes", len(records), stream.n)
		}
		r := NewRecordReader(&stream, 0)
		for i, want := range records {
			if got, err := r.Next(); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("record %d: got %.60q, %v, want %.60q", i, got, err, want)
			}
		}
		if _, err := r.Next(); err != io.EOF {
			t.Fatalf("got %v at the end", err)
		}
	})
}

// FuzzRecords holds that whatever comes is read to records that, written, are
// read the same, and that chunking is of no effect.
func FuzzRecords(f *testing.F) {
	for _, seed := range []string{"", "5\nhello", "1\na0\n", "abc", "-1\n", "18446744073709551616\n", "3\nab", "99999999\nx"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := readAll(NewRecordReader(bytes.NewReader(in), 1<<20))
		bytewise, err2 := readAll(NewRecordReader(iotest.OneByteReader(bytes.NewReader(in)), 1<<20))
		if len(got) != len(bytewise) || (err == io.EOF) != (err2 == io.EOF) {
			t.Fatalf("byte by byte %d records and %v, at once %d and %v", len(bytewise), err2, len(got), err)
		}
		var again bytes.Buffer
		w := NewRecordWriter(&again)
		for _, r := range got {
			if err := w.Write([]byte(r)); err != nil {
				t.Fatal(err)
			}
		}
		back, err := readAll(NewRecordReader(&again, 1<<20))
		if err != io.EOF || strings.Join(back, "\x00") != strings.Join(got, "\x00") || len(back) != len(got) {
			t.Fatalf("wrote %q, read %q, %v", got, back, err)
		}
	})
}
