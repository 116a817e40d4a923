// Package storetest is the suite that every store.Backend passes. It knows the
// contract of store.Backend and nothing else: it never asks which backend it
// has. What only one backend promises, and what a crash of the machine costs,
// is tested with that backend.
package storetest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/store"
)

// Opener gives access to one set of data, which is empty at first.
type Opener interface {
	// Open returns a new handle, as another process, or the same one after a
	// restart, would have it. The suite closes it.
	Open(t *testing.T) store.Backend

	// Depose ends the current term against the will of its holder, as the end
	// of its session does. Its Lost may be closed some time after.
	Depose(t *testing.T)
}

// Run runs the suite. open is called once for every test and returns new data;
// it may use t.Cleanup. Tests run in parallel.
func Run(t *testing.T, open func(t *testing.T) Opener) {
	tests := []struct {
		name string
		f    func(t *testing.T, o Opener)
	}{
		{"Empty", testEmpty},
		{"WriteAndLoad", testWriteAndLoad},
		{"OverwriteAndDelete", testOverwriteAndDelete},
		{"OpsInOrder", testOpsInOrder},
		{"KeyOrderAndPrefix", testKeyOrderAndPrefix},
		{"CallerOwnsResult", testCallerOwnsResult},
		{"CallerOwnsOps", testCallerOwnsOps},
		{"LoadStopsAtError", testLoadStopsAtError},
		{"LoadStopsWithContext", testLoadStopsWithContext},
		{"LoadMayUseBackend", testLoadMayUseBackend},
		{"Limits", testLimits},
		{"RefusedWhole", testRefusedWhole},
		{"CommitMindsContext", testCommitMindsContext},
		{"RandomCommits", testRandomCommits},
		{"Reopen", testReopen},
		{"ManyRecords", testManyRecords},
		{"ConcurrentReaders", testConcurrentReaders},
		{"Closed", testClosed},
		{"Elected", testElected},
		{"FencedByNextTerm", testFencedByNextTerm},
		{"FencedAfterResign", testFencedAfterResign},
		{"FencedAfterDepose", testFencedAfterDepose},
		{"FencedWithoutTerm", testFencedWithoutTerm},
		{"FenceUnderLoad", testFenceUnderLoad},
		{"TermNumbersGrow", testTermNumbersGrow},
		{"LostOnClose", testLostOnClose},
		{"SameBackendWaits", testSameBackendWaits},
		{"CampaignCancelled", testCampaignCancelled},
		{"CampaignClosed", testCampaignClosed},
		{"SeenFollowsLeader", testSeenFollowsLeader},
		{"OneLeaderOfMany", testOneLeaderOfMany},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			tt.f(t, open(t))
		})
	}
}

// patience is after how long a test gives up waiting for what must happen. No
// test waits that long unless it fails.
const patience = time.Minute

// openBackend opens a handle that is closed with the test.
func openBackend(t *testing.T, o Opener) store.Backend {
	t.Helper()
	b := o.Open(t)
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

// lead campaigns and expects to win.
func lead(t *testing.T, b store.Backend) *store.Term {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	term, err := b.Campaign(ctx, "self:1", nil)
	if err != nil {
		t.Fatalf("Campaign: %v", err)
	}
	return term
}

// leading opens a handle that leads.
func leading(t *testing.T, o Opener) (store.Backend, *store.Term) {
	t.Helper()
	b := openBackend(t, o)
	return b, lead(t, b)
}

func commit(t *testing.T, b store.Backend, term *store.Term, ops ...store.Op) {
	t.Helper()
	if err := b.Commit(t.Context(), term, ops); err != nil {
		t.Fatalf("Commit: %v", err)
	}
}

func set(key, value string) store.Op { return store.Op{Key: key, Value: []byte(value)} }

func remove(key string) store.Op { return store.Op{Key: key} }

// load returns the records that begin with prefix, after checking what holds
// for every Load.
func load(t *testing.T, b store.Backend, prefix string) map[string]string {
	t.Helper()
	records, err := tryLoad(t.Context(), b, prefix)
	if err != nil {
		t.Fatalf("Load(%q): %v", prefix, err)
	}
	return records
}

// tryLoad is load for goroutines other than that of the test.
func tryLoad(ctx context.Context, b store.Backend, prefix string) (map[string]string, error) {
	records := make(map[string]string)
	last := ""
	err := b.Load(ctx, prefix, func(key string, value []byte) error {
		if len(key) < len(prefix) || key[:len(prefix)] != prefix {
			return fmt.Errorf("%q does not begin with %q", key, prefix)
		}
		if len(records) > 0 && key <= last {
			return fmt.Errorf("%q comes after %q", key, last)
		}
		if value == nil {
			return fmt.Errorf("value of %q is nil", key)
		}
		last = key
		records[key] = string(value)
		return nil
	})
	return records, err
}

// want fails unless the records are those of pairs: key, value, key, value, …
func want(t *testing.T, got map[string]string, pairs ...string) {
	t.Helper()
	m := make(map[string]string)
	for i := 0; i < len(pairs); i += 2 {
		m[pairs[i]] = pairs[i+1]
	}
	wantMap(t, got, m)
}

func wantMap(t *testing.T, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(want)) {
		v, ok := got[key]
		switch {
		case !ok:
			t.Errorf("record %.60q is missing", key)
		case v != want[key]:
			t.Errorf("record %.60q = %.60q (%d bytes), want %.60q (%d bytes)", key, v, len(v), want[key], len(want[key]))
		}
	}
	for _, key := range slices.Sorted(maps.Keys(got)) {
		if _, ok := want[key]; !ok {
			t.Errorf("record %.60q = %.60q should not exist", key, got[key])
		}
	}
	t.FailNow()
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

// wantFenced fails unless term can commit neither ops nor nothing.
func wantFenced(t *testing.T, b store.Backend, term *store.Term) {
	t.Helper()
	wantErr(t, "Commit", b.Commit(t.Context(), term, []store.Op{set("fenced", "x")}), store.ErrFenced)
	wantErr(t, "empty Commit", b.Commit(t.Context(), term, nil), store.ErrFenced)
	want(t, load(t, b, "fenced"))
}

// wantLost waits until the term knows that it is over.
func wantLost(t *testing.T, term *store.Term) {
	t.Helper()
	receive(t, term.Lost, "end of the term")
}

func wantNotLost(t *testing.T, term *store.Term) {
	t.Helper()
	select {
	case <-term.Lost:
		t.Error("Lost is closed, but the term is not over")
	default:
	}
}

// receive waits for c.
func receive[T any](t *testing.T, c <-chan T, what string) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		t.Fatalf("waited %v for the %s", patience, what)
		panic("unreachable")
	}
}

// result is what a Campaign returned.
type result struct {
	term *store.Term
	err  error
}

// campaign campaigns in a goroutine. seen delivers the leaders it is told.
func campaign(ctx context.Context, b store.Backend, self string) (won <-chan result, seen <-chan string) {
	w, s := make(chan result, 1), make(chan string, 1000)
	go func() {
		term, err := b.Campaign(ctx, self, func(leader string) { s <- leader })
		close(s) // a call of seen after this panics, as it should
		w <- result{term, err}
	}()
	return w, s
}

// pattern returns n bytes that differ from place to place and by seed.
func pattern(n int, seed byte) []byte {
	return bytes.Repeat([]byte{seed, seed + 1, 0, 0xff, seed * 3}, n/5+1)[:n]
}
