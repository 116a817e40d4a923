package election_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/election"
)

// counter numbers terms, and fails while err is set.
type counter struct {
	n   int64
	err error
}

func (c *counter) next() (int64, error) {
	c.n++
	return c.n, c.err
}

func TestFirstComeFirstElected(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := election.New((&counter{}).next)
		names := []string{"a", "b", "c", "d", "e"}
		var elected []string
		for _, name := range names {
			go func() {
				term, err := e.Join().Campaign(t.Context(), name, nil)
				if err != nil {
					t.Error(err)
					return
				}
				elected = append(elected, name) // only one at a time leads
				if !e.Current(term) || term.Number != int64(len(elected)) {
					t.Errorf("%s: term %d is not the current one", name, term.Number)
				}
				if name != "a" {
					term.Resign()
				}
			}()
			synctest.Wait() // until it leads or is in line
		}
		if !slices.Equal(elected, names[:1]) {
			t.Errorf("elected while a leads: %q", elected)
		}
		e.Depose()()
		synctest.Wait()
		if !slices.Equal(elected, names) {
			t.Errorf("elected %q, want %q", elected, names)
		}
	})
}

// What a candidate is told, with nothing left out, as all come to rest in
// between.
func TestSeen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := election.New((&counter{}).next)
		first, err := e.Join().Campaign(t.Context(), "a", nil)
		if err != nil {
			t.Fatal(err)
		}
		terms := map[string]*store.Term{}
		campaign := func(name string) *[]string {
			var told []string
			go func() {
				term, err := e.Join().Campaign(t.Context(), name, func(leader string) { told = append(told, leader) })
				if err != nil {
					t.Error(err)
				}
				terms[name] = term
			}()
			synctest.Wait()
			return &told
		}
		b, c := campaign("b"), campaign("c")
		first.Resign()
		synctest.Wait()
		terms["b"].Resign()
		synctest.Wait()
		if want := []string{"a", "b"}; !slices.Equal(*b, want) && !slices.Equal(*b, []string{"a", "", "b"}) {
			t.Errorf("b was told %q, want %q", *b, want)
		}
		if told := slices.DeleteFunc(slices.Clone(*c), func(s string) bool { return s == "" }); !slices.Equal(told, []string{"a", "b", "c"}) {
			t.Errorf("c was told %q, want a, b, c", *c)
		}
		terms["c"].Resign()
	})
}

func TestNumberFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		full := errors.New("disk is full")
		n := &counter{err: full}
		e := election.New(n.next)
		m := e.Join()
		for range 2 { // the seat is free again
			if _, err := m.Campaign(t.Context(), "a", nil); !errors.Is(err, full) {
				t.Errorf("Campaign: error %v, want %v", err, full)
			}
		}
		n.err = nil
		term, err := m.Campaign(t.Context(), "a", nil)
		if err != nil || !e.Current(term) {
			t.Errorf("Campaign = %v, %v", term, err)
		}
	})
}

// A member is withdrawn while its term is being numbered.
func TestWithdrawnWhileNumbering(t *testing.T) {
	t.Parallel()
	var m *election.Member
	e := election.New(func() (int64, error) {
		m.Withdraw()
		return 1, nil
	})
	m = e.Join()
	term, err := m.Campaign(t.Context(), "a", nil)
	if !errors.Is(err, store.ErrClosed) || term != nil {
		t.Errorf("Campaign = %v, %v; want %v", term, err, store.ErrClosed)
	}
	if e.Current(store.NewTerm(1, nil, nil)) {
		t.Error("a term that was not handed out is current")
	}
}

func TestDeposedBeforeTermBegins(t *testing.T) {
	t.Parallel()
	var e *election.Election
	e = election.New(func() (int64, error) {
		e.Depose()() // there is no term yet
		return 1, nil
	})
	term, err := e.Join().Campaign(context.Background(), "a", nil)
	if err != nil || !e.Current(term) {
		t.Errorf("Campaign = %v, %v", term, err)
	}
}
