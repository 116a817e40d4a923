package memory_test

import (
	"context"
	"errors"
	"maps"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
	"github.com/hora-scheduler/hora/store/storetest"
)

type opener struct{ server *memory.Server }

func (o opener) Open(*testing.T) store.Backend { return o.server.Open() }
func (o opener) Depose(*testing.T)             { o.server.Depose() }

func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Opener { return opener{memory.NewServer()} })
}

func lead(t *testing.T, b *memory.Backend) *store.Term {
	t.Helper()
	term, err := b.Campaign(t.Context(), "self:1", nil)
	if err != nil {
		t.Fatalf("Campaign: %v", err)
	}
	return term
}

func set(key, value string) []store.Op { return []store.Op{{Key: key, Value: []byte(value)}} }

func wantSnapshot(t *testing.T, s *memory.Server, want map[string]string) {
	t.Helper()
	got := make(map[string]string)
	for key, value := range s.Snapshot() {
		got[key] = string(value)
	}
	if !maps.Equal(got, want) {
		t.Errorf("Snapshot = %q, want %q", got, want)
	}
}

func TestSnapshotIsACopy(t *testing.T) {
	t.Parallel()
	s := memory.NewServer()
	b := s.Open()
	term := lead(t, b)
	if err := b.Commit(t.Context(), term, set("a", "1")); err != nil {
		t.Fatal(err)
	}
	s.Snapshot()["a"][0] = 'X'
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	wantSnapshot(t, s, map[string]string{"a": "1"})
}

func TestHooks(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	tests := []struct {
		name    string
		hooks   memory.Hooks
		written bool
		call    string // the one that fails
	}{
		{"campaign", memory.Hooks{Campaign: func(context.Context, string) error { return away }}, true, "campaign"},
		{"load", memory.Hooks{Load: func(context.Context, string) error { return away }}, true, "load"},
		{"before commit", memory.Hooks{BeforeCommit: func(context.Context, *store.Term, []store.Op) error { return away }}, false, "commit"},
		{"after commit", memory.Hooks{AfterCommit: func(context.Context, *store.Term, []store.Op) error { return away }}, true, "commit"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := memory.NewServer()
			b := s.Open()
			term := lead(t, b)
			s.SetHooks(tt.hooks)
			calls := []struct {
				name string
				err  error
			}{
				{"commit", b.Commit(t.Context(), term, set("a", "1"))},
				{"load", b.Load(t.Context(), "", func(string, []byte) error { return nil })},
				{"campaign", func() error {
					term.Resign()
					_, err := b.Campaign(t.Context(), "self:1", nil)
					return err
				}()},
			}
			for _, c := range calls {
				if failed := errors.Is(c.err, away); failed != (c.name == tt.call) {
					t.Errorf("%s: error %v", c.name, c.err)
				}
			}
			want := map[string]string{}
			if tt.written {
				want["a"] = "1"
			}
			wantSnapshot(t, s, want)
		})
	}
}

// A leader that sleeps in a commit and is deposed meanwhile, which it learns
// late: in virtual time, as simulations use it.
func TestAsleepAndDeposed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := memory.NewServer()
		a, b := s.Open(), s.Open()
		old := lead(t, a)
		s.SetHooks(memory.Hooks{BeforeCommit: func(ctx context.Context, term *store.Term, _ []store.Op) error {
			if term != old {
				return nil
			}
			select {
			case <-time.After(time.Hour):
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}})
		committed := make(chan error, 1)
		go func() { committed <- a.Commit(t.Context(), old, set("a", "old")) }()
		synctest.Wait()

		tell := s.DeposeUnseen()
		next := lead(t, b)
		if err := b.Commit(t.Context(), next, set("a", "new")); err != nil {
			t.Fatal(err)
		}
		select {
		case <-old.Lost:
			t.Error("the sleeper was told")
		case err := <-committed:
			t.Errorf("the sleeper did not sleep: %v", err)
		default:
		}
		if err := <-committed; !errors.Is(err, store.ErrFenced) {
			t.Errorf("commit of the sleeper: error %v, want %v", err, store.ErrFenced)
		}
		tell()
		tell()
		<-old.Lost
		s.DeposeUnseen()() // a later term, not affected by the above
		<-next.Lost
		s.Depose() // nobody leads
		wantSnapshot(t, s, map[string]string{"a": "new"})
	})
}

// Load sees one moment even if f itself writes.
func TestLoadIsOneMoment(t *testing.T) {
	t.Parallel()
	s := memory.NewServer()
	b := s.Open()
	term := lead(t, b)
	if err := b.Commit(t.Context(), term, []store.Op{{Key: "a", Value: []byte("1")}, {Key: "b", Value: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := b.Load(t.Context(), "", func(key string, value []byte) error {
		got = append(got, key+string(value))
		return b.Commit(t.Context(), term, []store.Op{{Key: "b"}, {Key: "c", Value: []byte("2")}, {Key: "a", Value: []byte("2")}})
	})
	if want := []string{"a1", "b1"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("Load = %q, %v; want %q", got, err, want)
	}
}
