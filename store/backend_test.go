package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/store"
)

func TestCheckOps(t *testing.T) {
	t.Parallel()
	value := func(n int) []byte { return make([]byte, n) }
	many := func(n int) []store.Op {
		ops := make([]store.Op, n)
		for i := range ops {
			ops[i] = store.Op{Key: "k"}
		}
		return ops
	}
	key := func(n int) string { return strings.Repeat("k", n) }
	tests := []struct {
		name string
		ops  []store.Op
		want error
		text string // what the error must name
	}{
		{"none", nil, nil, ""},
		{"deletion", []store.Op{{Key: "a"}}, nil, ""},
		{"empty value", []store.Op{{Key: "a", Value: []byte{}}}, nil, ""},
		{"same key twice", []store.Op{{Key: "a"}, {Key: "a", Value: []byte("x")}}, nil, ""},
		{"odd bytes in key", []store.Op{{Key: "a/\x01 é\xff\n"}}, nil, ""},
		{"empty key", []store.Op{{Key: "a"}, {Key: ""}}, store.ErrInvalid, "op 1: key is empty"},
		{"NUL", []store.Op{{Key: "a\x00b"}}, store.ErrInvalid, `op 0: key "a\x00b" contains a NUL`},
		{"longest key", []store.Op{{Key: key(store.MaxKeyBytes)}}, nil, ""},
		{"key too long", []store.Op{{Key: key(store.MaxKeyBytes + 1)}}, store.ErrInvalid, "has 513 bytes, at most 512"},
		{"largest value", []store.Op{{Key: "a", Value: value(store.MaxValueBytes)}}, nil, ""},
		{"value too large", []store.Op{{Key: "a", Value: value(store.MaxValueBytes + 1)}}, store.ErrTooLarge,
			`value of "a" has 786433 bytes, at most 786432`},
		{"largest commit", []store.Op{
			{Key: "a", Value: value(store.MaxValueBytes)},
			{Key: "b", Value: value(store.MaxCommitBytes - store.MaxValueBytes - 2)},
		}, nil, ""},
		{"commit too large by one", []store.Op{
			{Key: "a", Value: value(store.MaxValueBytes)},
			{Key: "b", Value: value(store.MaxCommitBytes - store.MaxValueBytes - 1)},
		}, store.ErrTooLarge, "commit of 917505 bytes in 2 ops, at most 917504"},
		{"keys count, of deletions too", []store.Op{
			{Key: "a", Value: value(store.MaxValueBytes)},
			{Key: "a", Value: value(store.MaxCommitBytes - store.MaxValueBytes - 3)},
			{Key: "bb"},
		}, store.ErrTooLarge, "commit of 917505 bytes"},
		{"most ops", many(store.MaxCommitOps), nil, ""},
		{"too many ops", many(store.MaxCommitOps + 1), store.ErrTooLarge, "commit of 4097 ops, at most 4096"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := store.CheckOps(tt.ops)
			if !errors.Is(err, tt.want) {
				t.Fatalf("CheckOps = %v, want %v", err, tt.want)
			}
			if err != nil && !strings.Contains(err.Error(), tt.text) {
				t.Errorf("CheckOps = %q, want it to say %q", err, tt.text)
			}
		})
	}
}

func TestCorruptError(t *testing.T) {
	t.Parallel()
	cause := errors.New("version 9 is unknown")
	err := error(&store.CorruptError{Key: "job/a", Err: cause})
	if !errors.Is(err, cause) {
		t.Errorf("%v does not wrap its cause", err)
	}
	if got, want := err.Error(), "job/a can't be read: version 9 is unknown"; got != want {
		t.Errorf("Error() = %q, want %q", got, want)
	}
}

func TestTermResign(t *testing.T) {
	t.Parallel()
	calls := 0
	term := store.NewTerm(7, nil, func() { calls++ })
	term.Resign()
	if term.Number != 7 || calls != 1 {
		t.Errorf("Number = %d, resign called %d times; want 7, 1", term.Number, calls)
	}
	(&store.Term{}).Resign() // a term nobody handed out has nothing to give up
}
