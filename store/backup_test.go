package store_test

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/bolt"
	"github.com/hora-scheduler/hora/store/memory"
	"github.com/hora-scheduler/hora/store/zookeeper"
	"github.com/hora-scheduler/hora/zookeepertest"
)

func TestMain(m *testing.M) { os.Exit(zookeepertest.Main(m)) }

// lived fills a store with what a scheduler leaves behind: jobs, runs, history, revisions, audit.
func lived(t *testing.T, b store.Backend) {
	t.Helper()
	s := store.New(b)
	term := campaign(t, b)
	defer term.Resign()
	state, err := scheduler.New(scheduler.DefaultConfig(), scheduler.Records{})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(name, when string, parents ...string) scheduler.Event {
		return scheduler.PutJob{Job: &job.Job{Name: name, Command: "true", Shell: true, CPUs: .1, Mem: 1, Schedule: when, Parents: parents, Overlap: "skip"}}
	}
	for i, ev := range []scheduler.Event{
		scheduler.Subscribed{FrameworkID: "F-1"}, put("a", "R/2026-01-01T00:10:00Z/PT10M"), put("b", "", "a"), put("a", "R/2026-01-01T00:20:00Z/PT10M"),
		scheduler.Tick{}, scheduler.Tick{}, scheduler.RunJob{Name: "b"},
	} {
		var batch store.Batch
		out := state.Step(now.Add(time.Duration(i)*10*time.Minute), ev)
		if out.Err != nil {
			t.Fatal(out.Err)
		}
		if err := batch.Add(out.Changes); err != nil {
			t.Fatal(err)
		}
		if err := s.Commit(t.Context(), term, &batch); err != nil {
			t.Fatal(err)
		}
	}
}

func campaign(t *testing.T, b store.Backend) *store.Term {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	term, err := b.Campaign(ctx, "test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

// content is all that a backend holds.
func content(t *testing.T, b store.Backend) map[string]string {
	t.Helper()
	out := map[string]string{}
	if err := b.Load(t.Context(), "", func(k string, v []byte) error { out[k] = string(v); return nil }); err != nil {
		t.Fatal(err)
	}
	return out
}

func backup(t *testing.T, b store.Backend) string {
	t.Helper()
	var out bytes.Buffer
	n, err := store.Backup(t.Context(), b, &out, time.Now())
	if err != nil || n != len(content(t, b)) || n < 8 {
		t.Fatalf("%d records, %v", n, err)
	}
	return out.String()
}

// TestBackupRoundTrip: what is restored is what was backed up, whatever keeps it.
func TestBackupRoundTrip(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) store.Backend{
		"memory": func(*testing.T) store.Backend { return memory.NewServer().Open() },
		"bolt": func(t *testing.T) store.Backend {
			b, err := bolt.Open(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
		"zookeeper": func(t *testing.T) store.Backend {
			b, err := zookeeper.Open(zookeeper.Options{Servers: []string{zookeepertest.Shared(t).Addr()}, Path: zookeepertest.Path()})
			if err != nil {
				t.Fatal(err)
			}
			return b
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := open(t), open(t)
			defer from.Close()
			defer to.Close()
			lived(t, from)
			text, want := backup(t, from), content(t, from)
			term := campaign(t, to)
			if n, err := store.Restore(t.Context(), to, term, strings.NewReader(text), false); err != nil || n != len(want) {
				t.Fatalf("%d records, %v", n, err)
			}
			if got := content(t, to); !maps.Equal(got, want) {
				t.Errorf("restored %d records, want %d:\n%v\n%v", len(got), len(want), got, want)
			}
			if _, err := store.Restore(t.Context(), to, term, strings.NewReader(text), false); !errors.Is(err, store.ErrNotEmpty) {
				t.Errorf("into a store that is not empty: %v", err)
			}
			if err := to.Commit(t.Context(), term, []store.Op{{Key: "job/ffff", Value: []byte("\x01{}")}}); err != nil {
				t.Fatal(err)
			}
			if _, err := store.Restore(t.Context(), to, term, strings.NewReader(text), true); err != nil {
				t.Errorf("with force: %v", err)
			}
			if got := content(t, to); !maps.Equal(got, want) {
				t.Errorf("with force, %d records, want %d", len(got), len(want))
			}
		})
	}
}

// TestBackupRefuses: a backup that is not whole, or holds what cannot be read, changes nothing.
func TestBackupRefuses(t *testing.T) {
	t.Parallel()
	from := memory.NewServer().Open()
	lived(t, from)
	text := backup(t, from)
	lines := strings.SplitAfter(text, "\n")
	newer := memory.NewServer().Open()
	term := campaign(t, newer)
	if err := newer.Commit(t.Context(), term, []store.Op{{Key: "job/0001", Value: []byte("\x02{}")}}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Backup(t.Context(), newer, &bytes.Buffer{}, time.Now()); !errors.Is(err, store.ErrNewer) {
		t.Errorf("backup of a newer release's store: %v", err)
	}
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":        {"", store.ErrBackup},
		"something":    {"hello\n", store.ErrBackup},
		"another":      {`{"format":"tar"}` + "\n", store.ErrBackup},
		"newer":        {strings.Replace(text, `"version":1`, `"version":2`, 1), store.ErrNewer},
		"cut":          {strings.Join(lines[:len(lines)-2], ""), store.ErrBackup},
		"cut in line":  {text[:len(text)/2], store.ErrBackup},
		"line missing": {strings.Join(slices.Delete(slices.Clone(lines), 2, 3), ""), store.ErrBackup},
		"line doubled": {strings.Join(slices.Insert(slices.Clone(lines), 2, lines[2]), ""), store.ErrBackup},
		"changed":      {strings.Replace(text, `"value":"AX`, `"value":"AY`, 1), store.ErrBackup},
		"more":         {text + "{}\n", store.ErrBackup},
	} {
		to := memory.NewServer().Open()
		if _, err := store.Restore(t.Context(), to, campaign(t, to), strings.NewReader(c.text), true); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if got := content(t, to); len(got) != 0 {
			t.Errorf("%s: %d records were written", name, len(got))
		}
	}
}

// TestRestoreInterrupted: nobody can begin with half a restore, and it can be made good.
func TestRestoreInterrupted(t *testing.T) {
	t.Parallel()
	from := memory.NewServer().Open()
	lived(t, from)
	text := backup(t, from)
	server := memory.NewServer()
	to := server.Open()
	term := campaign(t, to)
	away := errors.New("away")
	commits := 0
	server.SetHooks(memory.Hooks{BeforeCommit: func(context.Context, *store.Term, []store.Op) error {
		if commits++; commits == 3 {
			return away
		}
		return nil
	}})
	if _, err := store.Restore(t.Context(), to, term, strings.NewReader(text), false); !errors.Is(err, away) {
		t.Fatalf("restore: %v", err)
	}
	var corrupt *store.CorruptError
	if _, err := store.New(to).Load(t.Context()); !errors.Is(err, store.ErrUnfinished) || !errors.As(err, &corrupt) {
		t.Errorf("load: %v", err)
	}
	if _, err := store.Restore(t.Context(), to, term, strings.NewReader(text), true); err != nil {
		t.Errorf("again: %v", err)
	}
	if !maps.Equal(content(t, to), content(t, from)) {
		t.Error("what was restored differs")
	}
}
