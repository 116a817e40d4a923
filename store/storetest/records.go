package storetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/hora-scheduler/hora/store"
)

func testEmpty(t *testing.T, o Opener) {
	b := openBackend(t, o)
	want(t, load(t, b, ""))
	want(t, load(t, b, "job/"))
	term := lead(t, b)
	commit(t, b, term)
	want(t, load(t, b, ""))
}

func testWriteAndLoad(t *testing.T, o Opener) {
	b, term := leading(t, o)
	odd := "job/ünï €/..//\x01\x7f\xff%2F #?"
	commit(t, b, term, set("a", "1"), set("empty", ""), set(odd, "\x00\xff\x00"))
	want(t, load(t, b, ""), "a", "1", "empty", "", odd, "\x00\xff\x00")
	want(t, load(t, b, "job/ün"), odd, "\x00\xff\x00")

	other := openBackend(t, o)
	want(t, load(t, other, ""), "a", "1", "empty", "", odd, "\x00\xff\x00")
}

func testOverwriteAndDelete(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "1"), set("b", "a long value"), set("c", "3"))
	commit(t, b, term, set("a", "longer than before"), set("b", ""), remove("c"), remove("never was"))
	want(t, load(t, b, ""), "a", "longer than before", "b", "")
	commit(t, b, term, remove("a"), remove("b"))
	want(t, load(t, b, ""))
	commit(t, b, term, set("a", "again"))
	want(t, load(t, b, ""), "a", "again")
}

func testOpsInOrder(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("old", "0"), set("gone", "0"))
	commit(t, b, term,
		set("twice", "1"), set("twice", "2"),
		set("unmade", "1"), remove("unmade"),
		remove("old"), set("old", "1"),
		set("gone", "1"), set("gone", "2"), remove("gone"))
	want(t, load(t, b, ""), "twice", "2", "old", "1")
}

func testKeyOrderAndPrefix(t *testing.T, o Opener) {
	b, term := leading(t, o)
	// Byte order, not that of letters or numbers; a key may begin another one.
	keys := []string{"\x01", " ", "B", "a", "a/", "a/1", "a/10", "a/2", "a0", "aa", "b/1", "é", "\xff", "\xff\xff", "\xff\xffa"}
	for _, i := range rand.New(rand.NewPCG(1, 2)).Perm(len(keys)) {
		commit(t, b, term, set(keys[i], "v"+keys[i]))
	}
	for _, prefix := range append([]string{"", "a/1", "c", "a/11", "\xff\xff\xff", strings.Repeat("a", 600)}, keys...) {
		var wanted []string
		for _, key := range keys {
			if strings.HasPrefix(key, prefix) {
				wanted = append(wanted, key, "v"+key)
			}
		}
		want(t, load(t, b, prefix), wanted...) // load checks the order
	}
}

func testCallerOwnsResult(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "first"), set("b", "second"))
	var kept [][]byte
	for range 2 {
		err := b.Load(t.Context(), "", func(_ string, value []byte) error {
			for i := range value {
				value[i] = 'X'
			}
			kept = append(kept, append(value, "XXX"...), value)
			return nil
		})
		if err != nil {
			t.Fatalf("Load: %v", err)
		}
	}
	commit(t, b, term, set("c", "third"), remove("b"))
	want(t, load(t, b, ""), "a", "first", "c", "third")
	for _, value := range kept {
		if strings.Trim(string(value), "X") != "" {
			t.Errorf("a value that was handed out has become %q", value)
		}
	}
}

func testCallerOwnsOps(t *testing.T, o Opener) {
	b, term := leading(t, o)
	value := []byte("before")
	ops := []store.Op{{Key: "a", Value: value}, {Key: "b", Value: value}}
	commit(t, b, term, ops...)
	copy(value, "after!")
	ops[0] = store.Op{Key: "z"}
	want(t, load(t, b, ""), "a", "before", "b", "before")
}

func testLoadStopsAtError(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "1"), set("b", "2"), set("c", "3"))
	stop := errors.New("stop")
	calls := 0
	err := b.Load(t.Context(), "", func(key string, _ []byte) error {
		calls++
		if key == "b" {
			return stop
		}
		return nil
	})
	if err != stop || calls != 2 {
		t.Errorf("Load = %v after %d calls, want the error of f as it is, after 2", err, calls)
	}
}

func testLoadStopsWithContext(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "1"), set("b", "2"))
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	err := b.Load(ctx, "", func(string, []byte) error {
		calls++
		cancel()
		return nil
	})
	wantErr(t, "Load", err, context.Canceled)
	if calls != 1 {
		t.Errorf("f was called %d times, want 1", calls)
	}
	wantErr(t, "Load of nothing", b.Load(ctx, "none", func(string, []byte) error { return nil }), context.Canceled)
}

func testLoadMayUseBackend(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "1"), set("b", "2"))
	err := b.Load(t.Context(), "", func(key string, value []byte) error {
		if _, err := tryLoad(t.Context(), b, key); err != nil {
			return err
		}
		return b.Commit(t.Context(), term, []store.Op{{Key: "copy of " + key, Value: value}})
	})
	if err != nil {
		t.Fatalf("Load: %v", err)
	}
	// Whether f is called for the copies made meanwhile is not said.
	got := load(t, b, "copy of a")
	if got["copy of a"] != "1" {
		t.Errorf("f could not commit: %q", got)
	}
}

func testLimits(t *testing.T, o Opener) {
	b, term := leading(t, o)
	longest := strings.Repeat("k", store.MaxKeyBytes)
	rest := store.MaxCommitBytes - store.MaxValueBytes - len("v") - len("w")
	most := make([]store.Op, store.MaxCommitOps)
	for i := range most {
		most[i] = set(fmt.Sprintf("op/%04d", i), "x")
	}
	fits := [][]store.Op{
		{set(longest, "x")},
		{{Key: "v", Value: pattern(store.MaxValueBytes, 1)}},
		{{Key: "v", Value: pattern(store.MaxValueBytes, 2)}, {Key: "w", Value: pattern(rest, 3)}},
		most,
	}
	wanted := map[string]string{}
	for _, ops := range fits {
		commit(t, b, term, ops...)
		for _, op := range ops {
			wanted[op.Key] = string(op.Value)
		}
	}
	wantMap(t, load(t, b, ""), wanted)

	refused := []struct {
		name string
		ops  []store.Op
		want error
	}{
		{"empty key", []store.Op{set("", "x")}, store.ErrInvalid},
		{"key too long", []store.Op{set(longest+"k", "x")}, store.ErrInvalid},
		{"deletion with key too long", []store.Op{remove(longest + "k")}, store.ErrInvalid},
		{"NUL in key", []store.Op{set("a\x00b", "x")}, store.ErrInvalid},
		{"value too large", []store.Op{{Key: "v", Value: pattern(store.MaxValueBytes+1, 4)}}, store.ErrTooLarge},
		{"commit too large", []store.Op{
			{Key: "v", Value: pattern(store.MaxValueBytes, 5)},
			{Key: "w", Value: pattern(rest+1, 6)},
		}, store.ErrTooLarge},
		{"too many ops", append(most, set("one more", "x")), store.ErrTooLarge},
	}
	for _, r := range refused {
		wantErr(t, r.name, b.Commit(t.Context(), term, r.ops), r.want)
	}
	wantNotLost(t, term)
	commit(t, b, term, set("after", "x")) // the term goes on
	wanted["after"] = "x"
	wantMap(t, load(t, b, ""), wanted)
}

func testRefusedWhole(t *testing.T, o Opener) {
	b, term := leading(t, o)
	commit(t, b, term, set("a", "old"), set("b", "old"))
	wantErr(t, "Commit", b.Commit(t.Context(), term, []store.Op{set("a", "new"), remove("b"), set("c", "new"), set("", "bad")}), store.ErrInvalid)
	want(t, load(t, b, ""), "a", "old", "b", "old")
	term.Resign()
	wantErr(t, "Commit", b.Commit(t.Context(), term, []store.Op{set("a", "new"), remove("b"), set("c", "new")}), store.ErrFenced)
	want(t, load(t, b, ""), "a", "old", "b", "old")
}

func testCommitMindsContext(t *testing.T, o Opener) {
	b, term := leading(t, o)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantErr(t, "Commit", b.Commit(ctx, term, []store.Op{set("a", "1")}), context.Canceled)
	want(t, load(t, b, "")) // ctx was over before: that much is certain
}

// testRandomCommits compares with a map.
func testRandomCommits(t *testing.T, o Opener) {
	b, term := leading(t, o)
	rnd := rand.New(rand.NewPCG(3, 4))
	model := map[string]string{}
	for range 60 {
		var ops []store.Op
		for range rnd.IntN(12) {
			key := fmt.Sprintf("%c/%d", 'a'+rnd.IntN(3), rnd.IntN(40))
			if rnd.IntN(3) == 0 {
				delete(model, key)
				ops = append(ops, remove(key))
				continue
			}
			value := pattern(rnd.IntN(3000), byte(rnd.IntN(256)))
			model[key] = string(value)
			ops = append(ops, store.Op{Key: key, Value: value})
		}
		commit(t, b, term, ops...)
		if rnd.IntN(10) == 0 {
			wantMap(t, load(t, b, ""), model)
		}
	}
	wantMap(t, load(t, b, ""), model)
	wantMap(t, load(t, openBackend(t, o), ""), model)
}

func testReopen(t *testing.T, o Opener) {
	wanted := map[string]string{}
	for round := range 3 {
		b := o.Open(t)
		wantMap(t, load(t, b, ""), wanted)
		term := lead(t, b)
		wantMap(t, load(t, b, ""), wanted)
		key, value := fmt.Sprintf("round/%d", round), string(pattern(1000*round, byte(round)))
		commit(t, b, term, set(key, value), set("last", key), remove(fmt.Sprintf("round/%d", round-2)))
		wanted[key], wanted["last"] = value, key
		delete(wanted, fmt.Sprintf("round/%d", round-2))
		if err := b.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	}
	wantMap(t, load(t, openBackend(t, o), ""), wanted)
}

func testManyRecords(t *testing.T, o Opener) {
	const records, perCommit = 20_000, 2_000
	b, term := leading(t, o)
	wanted := make(map[string]string, records)
	for from := 0; from < records; from += perCommit {
		ops := make([]store.Op, perCommit)
		for i := range ops {
			ops[i] = store.Op{
				Key:   fmt.Sprintf("job/%d", from+i), // not in key order
				Value: pattern(300+i%50, byte(i)),
			}
			wanted[ops[i].Key] = string(ops[i].Value)
		}
		commit(t, b, term, ops...)
	}
	wantMap(t, load(t, b, ""), wanted)
	if n := len(load(t, b, "job/1")); n != 11_111 {
		t.Errorf("%d records begin with job/1, want 11111", n)
	}
}

// testConcurrentReaders has readers see whole values in order while others are
// written, by several goroutines of the leader.
func testConcurrentReaders(t *testing.T, o Opener) {
	const keys, writers, commits = 50, 3, 30
	b, term := leading(t, o)
	reader := openBackend(t, o)
	value := func(n int) string { return strings.Repeat(fmt.Sprintf("<%d>", n), 100) }
	var ops []store.Op
	for i := range keys {
		ops = append(ops, set(fmt.Sprintf("k/%02d", i), value(0)))
	}
	commit(t, b, term, ops...)

	var wg, reading sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		wg.Go(func() {
			rnd := rand.New(rand.NewPCG(uint64(w), 5))
			for n := range commits {
				ops := []store.Op{set(fmt.Sprintf("k/%02d", rnd.IntN(keys)), value(n)), set(fmt.Sprintf("w/%d", w), value(n))}
				if err := b.Commit(t.Context(), term, ops); err != nil {
					t.Errorf("Commit: %v", err)
					return
				}
			}
		})
	}
	for _, from := range []store.Backend{b, reader} {
		reading.Go(func() {
			for over := false; !over; {
				select {
				case <-done:
					over = true // and once more
				default:
				}
				got, err := tryLoad(t.Context(), from, "k/")
				if err != nil || len(got) != keys {
					t.Errorf("Load: %d records, %v; want %d", len(got), err, keys)
					return
				}
				for key, v := range got {
					var n int
					if _, err := fmt.Sscanf(v, "<%d>", &n); err != nil || v != value(n) {
						t.Errorf("%s is half written: %q", key, v)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	close(done)
	reading.Wait()
	for w := range writers {
		key := fmt.Sprintf("w/%d", w)
		want(t, load(t, reader, key), key, value(commits-1))
	}
}

func testClosed(t *testing.T, o Opener) {
	b := o.Open(t)
	term := lead(t, b)
	commit(t, b, term, set("a", "1"))
	for range 2 {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	}
	_, err := b.Campaign(t.Context(), "x", nil)
	wantErr(t, "Campaign", err, store.ErrClosed)
	wantErr(t, "Commit", b.Commit(t.Context(), term, []store.Op{set("a", "2")}), store.ErrClosed)
	wantErr(t, "Load", b.Load(t.Context(), "", func(string, []byte) error { return nil }), store.ErrClosed)
	want(t, load(t, openBackend(t, o), ""), "a", "1")
}
