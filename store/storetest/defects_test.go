package storetest_test

import (
	"context"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
	"github.com/hora-scheduler/hora/store/storetest"
)

// defect is what is wrong with a backend. Each function replaces a call of a
// backend that is right.
type defect struct {
	name   string
	noted  string // the test of the suite that must fail
	commit func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error
	load   func(b *broken, ctx context.Context, prefix string, f func(string, []byte) error) error
	seen   func(leader, self string) bool // whether to pass it on
	forget bool                           // with the last handle, all is lost
}

var defects = []defect{
	{name: "fence ignored", noted: "FencedByNextTerm", commit: func(b *broken, ctx context.Context, _ *store.Term, ops []store.Op) error {
		return b.Backend.Commit(ctx, b.opener.latest, ops)
	}},
	{name: "deposed term may commit until the next one", noted: "FencedAfterDepose", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		if term == b.opener.latest {
			return nil
		}
		return b.Backend.Commit(ctx, term, ops)
	}},
	{name: "fence ignored without ops", noted: "FencedAfterResign", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		if len(ops) == 0 {
			return nil
		}
		return b.Backend.Commit(ctx, term, ops)
	}},
	{name: "ops written one by one", noted: "RefusedWhole", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		for _, op := range ops {
			if err := b.Backend.Commit(ctx, term, []store.Op{op}); err != nil {
				return err
			}
		}
		return b.Backend.Commit(ctx, term, nil)
	}},
	{name: "deletions forgotten", noted: "OverwriteAndDelete", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		return b.Backend.Commit(ctx, term, slices.DeleteFunc(slices.Clone(ops), func(op store.Op) bool { return op.Value == nil }))
	}},
	{name: "empty values deleted", noted: "WriteAndLoad", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		ops = slices.Clone(ops)
		for i := range ops {
			if len(ops[i].Value) == 0 {
				ops[i].Value = nil
			}
		}
		return b.Backend.Commit(ctx, term, ops)
	}},
	{name: "first of several ops wins", noted: "OpsInOrder", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		ops = slices.Clone(ops)
		slices.Reverse(ops)
		return b.Backend.Commit(ctx, term, ops)
	}},
	{name: "limit lower by one", noted: "Limits", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		if len(ops) == store.MaxCommitOps {
			return store.ErrTooLarge
		}
		return b.Backend.Commit(ctx, term, ops)
	}},
	{name: "limit not held", noted: "Limits", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		if len(ops) > store.MaxCommitOps {
			return nil
		}
		return b.Backend.Commit(ctx, term, ops)
	}},
	{name: "commit ignores context", noted: "CommitMindsContext", commit: func(b *broken, ctx context.Context, term *store.Term, ops []store.Op) error {
		return b.Backend.Commit(context.WithoutCancel(ctx), term, ops)
	}},
	{name: "load ignores context", noted: "LoadStopsWithContext", load: func(b *broken, ctx context.Context, prefix string, f func(string, []byte) error) error {
		return b.Backend.Load(context.WithoutCancel(ctx), prefix, f)
	}},
	{name: "prefix ignored", noted: "KeyOrderAndPrefix", load: func(b *broken, ctx context.Context, _ string, f func(string, []byte) error) error {
		return b.Backend.Load(ctx, "", f)
	}},
	{name: "order of keys reversed", noted: "KeyOrderAndPrefix", load: func(b *broken, ctx context.Context, prefix string, f func(string, []byte) error) error {
		var calls []func() error
		if err := b.Backend.Load(ctx, prefix, func(key string, value []byte) error {
			calls = append(calls, func() error { return f(key, value) })
			return nil
		}); err != nil {
			return err
		}
		for _, call := range slices.Backward(calls) {
			if err := call(); err != nil {
				return err
			}
		}
		return nil
	}},
	{name: "values shared between loads", noted: "CallerOwnsResult", load: func(b *broken, ctx context.Context, prefix string, f func(string, []byte) error) error {
		return b.Backend.Load(ctx, prefix, func(key string, value []byte) error {
			kept, ok := b.opener.kept[key]
			if !ok {
				kept = append(make([]byte, 0, 100), value...)
				b.opener.kept[key] = kept
			}
			return f(key, kept)
		})
	}},
	{name: "error of f wrapped away", noted: "LoadStopsAtError", load: func(b *broken, ctx context.Context, prefix string, f func(string, []byte) error) error {
		b.Backend.Load(ctx, prefix, f)
		return nil
	}},
	{name: "winner not told", noted: "Elected", seen: func(leader, self string) bool { return leader != self }},
	{name: "nothing durable", noted: "Reopen", forget: true},
	{name: "term numbers begin again", noted: "TermNumbersGrow", forget: true},
}

// opener opens backends with a defect.
type opener struct {
	defect defect
	server *memory.Server
	open   int // handles
	latest *store.Term
	kept   map[string][]byte
}

func (o *opener) Open(*testing.T) store.Backend {
	if o.defect.forget && o.open == 0 {
		o.server = memory.NewServer()
	}
	o.open++
	return &broken{Backend: o.server.Open(), opener: o}
}

func (o *opener) Depose(*testing.T) { o.server.Depose() }

type broken struct {
	store.Backend
	opener *opener
}

func (b *broken) Campaign(ctx context.Context, self string, seen func(string)) (*store.Term, error) {
	tell := seen
	if filter := b.opener.defect.seen; filter != nil && seen != nil {
		tell = func(leader string) {
			if filter(leader, self) {
				seen(leader)
			}
		}
	}
	term, err := b.Backend.Campaign(ctx, self, tell)
	if err == nil {
		b.opener.latest = term
	}
	return term, err
}

func (b *broken) Load(ctx context.Context, prefix string, f func(string, []byte) error) error {
	if load := b.opener.defect.load; load != nil {
		return load(b, ctx, prefix, f)
	}
	return b.Backend.Load(ctx, prefix, f)
}

func (b *broken) Commit(ctx context.Context, term *store.Term, ops []store.Op) error {
	if commit := b.opener.defect.commit; commit != nil {
		return commit(b, ctx, term, ops)
	}
	return b.Backend.Commit(ctx, term, ops)
}

func (b *broken) Close() error {
	b.opener.open--
	return b.Backend.Close()
}

// defectEnv names the defect that TestDefects is to run the suite on, in a
// process of its own, as a suite that fails can't be part of a test that passes.
const defectEnv = "HORA_STORETEST_DEFECT"

// The suite notices each defect, with the test that is there for it.
func TestDefects(t *testing.T) {
	if name := os.Getenv(defectEnv); name != "" {
		i := slices.IndexFunc(defects, func(d defect) bool { return d.name == name })
		storetest.Run(t, func(*testing.T) storetest.Opener {
			return &opener{defect: defects[i], server: memory.NewServer(), kept: map[string][]byte{}}
		})
		return
	}
	t.Parallel()
	for _, d := range defects {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			pattern := "-test.run=^TestDefects$/^" + d.noted + "$"
			cmd := exec.CommandContext(t.Context(), os.Args[0], pattern)
			cmd.Env = append(os.Environ(), defectEnv+"="+d.name)
			out, err := cmd.CombinedOutput()
			if err == nil || !strings.Contains(string(out), "--- FAIL: TestDefects/"+d.noted+" (") {
				t.Errorf("%s did not notice: %v\n%s", d.noted, err, out)
			}
		})
	}
}

// Without a defect, the suite passes.
func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Opener { return &opener{server: memory.NewServer()} })
}
