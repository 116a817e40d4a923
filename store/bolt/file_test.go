package bolt

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	bolt "go.etcd.io/bbolt"

	"github.com/hora-scheduler/hora/store"
)

func mustOpen(t *testing.T, dir string) *Backend {
	t.Helper()
	b, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return b
}

func mustLead(t *testing.T, b *Backend) *store.Term {
	t.Helper()
	term, err := b.Campaign(t.Context(), "self:1", nil)
	if err != nil {
		t.Fatal(err)
	}
	return term
}

func loadAll(t *testing.T, b *Backend) (map[string]string, error) {
	t.Helper()
	records := make(map[string]string)
	err := b.Load(t.Context(), "", func(key string, value []byte) error {
		records[key] = string(value)
		return nil
	})
	return records, err
}

// fill writes records of all sizes, some of them longer than a page, and
// returns what the file holds after its last commit and the one before.
func fill(t *testing.T, dir string) (last, before map[string]string) {
	t.Helper()
	b := mustOpen(t, dir)
	term := mustLead(t, b)
	var ops []store.Op
	for i := range 300 {
		value := bytes.Repeat([]byte{byte(i)}, 20+i)
		if i%50 == 7 {
			value = bytes.Repeat(value, 40)
		}
		ops = append(ops, store.Op{Key: fmt.Sprintf("job/%d", i), Value: value})
	}
	for _, ops := range [][]store.Op{ops, {{Key: "job/8"}, {Key: "a", Value: []byte("last")}}} {
		before = last
		if err := b.Commit(t.Context(), term, ops); err != nil {
			t.Fatal(err)
		}
		var err error
		if last, err = loadAll(t, b); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	return last, before
}

func TestModes(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "var", "hora")
	b := mustOpen(t, dir)
	for path, want := range map[string]fs.FileMode{dir: 0o700 | fs.ModeDir, b.file.path: 0o600} {
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode()&^want != 0 {
			t.Errorf("%s has mode %v, want %v", path, info.Mode(), want)
		}
	}
	left, err := os.ReadDir(dir)
	if err != nil || len(left) != 1 {
		t.Errorf("the directory holds %v, want hora.db alone (%v)", left, err)
	}
	if db := b.file.db; db.NoSync || db.NoGrowSync || !db.NoFreelistSync {
		t.Errorf("NoSync %v, NoGrowSync %v, NoFreelistSync %v; want false, false, true", db.NoSync, db.NoGrowSync, db.NoFreelistSync)
	}
}

func TestInUse(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	b := mustOpen(t, dir)
	_, err := Open(dir)
	wantNamed(t, err, b.file.path)
	if !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "another hora") {
		t.Errorf("Open = %v, want %v", err, ErrInUse)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir)
}

func wantNamed(t *testing.T, err error, path string) {
	t.Helper()
	if err == nil || strings.Count(err.Error(), path) != 1 {
		t.Errorf("error %q, want one that names %s once", err, path)
	}
}

// Several processes start on an empty directory: the file is made once.
func TestCreatedOnce(t *testing.T) {
	t.Parallel()
	const starters = 6
	dir := t.TempDir()
	var mu sync.Mutex
	terms := map[int64]bool{}
	var wg sync.WaitGroup
	for range starters {
		wg.Go(func() {
			b, err := Open(dir)
			for errors.Is(err, ErrInUse) {
				b, err = Open(dir)
			}
			if err != nil {
				t.Error(err)
				return
			}
			term, err := b.Campaign(t.Context(), "x", nil)
			if err = errors.Join(err, b.Close()); err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			terms[term.Number] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(terms) != starters || !terms[1] || !terms[starters] {
		t.Errorf("terms %v, want 1 to %d", terms, starters)
	}
}

func TestShare(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := mustOpen(t, dir)
	b, err := a.Share()
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Share(); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Share of a closed handle: error %v, want %v", err, store.ErrClosed)
	}
	if err := b.Commit(t.Context(), mustLead(t, b), []store.Op{{Key: "a", Value: []byte("1")}}); err != nil {
		t.Errorf("Commit after the other handle was closed: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	mustOpen(t, dir) // the lock is gone
}

// Files that hora can't read are refused, named, and left alone.
func TestRefused(t *testing.T) {
	t.Parallel()
	good := t.TempDir()
	fill(t, good)
	whole, err := os.ReadFile(filepath.Join(good, FileName))
	if err != nil {
		t.Fatal(err)
	}
	other := func(change func(tx *bolt.Tx) error) []byte {
		path := filepath.Join(t.TempDir(), FileName)
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := bolt.Open(path, 0o600, nil) // which also stores a list of free pages
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(db.Update(change), db.Close()); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	tests := []struct {
		name    string
		content []byte
		text    string
	}{
		{"empty", nil, "it is empty"},
		{"short text", []byte("hello"), "not a database"},
		{"garbage", bytes.Repeat([]byte("garbage!"), 10_000), "not a database"},
		{"zeros", make([]byte, 100_000), "not a database"},
		{"one page", whole[:4096], "cut off"},
		{"half", whole[:len(whole)/2/4096*4096], "cut off"},
		{"both meta pages overwritten", append(make([]byte, 8192), whole[8192:]...), "not a database"},
		{"data pages zeroed", append(bytes.Clone(whole[:8192]), make([]byte, len(whole)-8192)...), "was overwritten"},
		{"another program's", other(func(tx *bolt.Tx) error { return tx.DeleteBucket(recordsBucket) }), "not one of hora"},
		{"later format", other(func(tx *bolt.Tx) error { return putNumber(tx.Bucket(metaBucket), formatKey, 2) }), "format 2"},
		{"no format", other(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Delete(formatKey) }), "format can't be read"},
		{"term damaged", other(func(tx *bolt.Tx) error { return tx.Bucket(metaBucket).Put(termKey, []byte("123456789012")) }), "term can't be read"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			path := filepath.Join(dir, FileName)
			if err := os.WriteFile(path, tt.content, 0o600); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				_, err := Open(dir)
				wantNamed(t, err, path)
				var corrupt *store.CorruptError
				if !errors.As(err, &corrupt) || corrupt.Key != path || !strings.Contains(err.Error(), tt.text) {
					t.Errorf("Open = %v, want a CorruptError that says %q", err, tt.text)
				}
			}
			if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, tt.content) {
				t.Errorf("the file was changed (%v)", err)
			}
		})
	}
}

func TestUnopenable(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(file)
	wantNamed(t, err, file)

	isDir := filepath.Join(dir, "d", FileName)
	if err := os.MkdirAll(isDir, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = Open(filepath.Dir(isDir))
	wantNamed(t, err, isDir)
}

// A file of which any byte has changed is refused when it is opened, or the
// record is named when it is loaded, or nothing is wrong with what it holds: no
// panic, no wrong value. The state before the last commit is right, too: the
// damage was in the last meta page, which looks like a commit that never ended.
func TestDamage(t *testing.T) {
	t.Parallel()
	good := t.TempDir()
	last, before := fill(t, good)
	whole, err := os.ReadFile(filepath.Join(good, FileName))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, FileName)
	rnd := rand.New(rand.NewPCG(6, 7))
	outcomes := map[string]int{}
	for range 400 {
		damaged := bytes.Clone(whole)
		at := rnd.IntN(len(damaged))
		switch rnd.IntN(4) {
		case 0: // near the head of a page, where structure is
			at = at/4096*4096 + rnd.IntN(200)
			fallthrough
		case 1:
			damaged[at] ^= 1 << rnd.IntN(8)
		case 2: // a page where another one should be
			from := rnd.IntN(len(damaged)/4096) * 4096
			copy(damaged[at/4096*4096:], whole[from:from+4096])
		case 3:
			damaged = damaged[:at]
		}
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		outcomes[openDamaged(t, dir, last, before)]++
	}
	t.Logf("%v", outcomes)
	for _, outcome := range []string{"refused", "record named", "fine"} {
		if outcomes[outcome] == 0 {
			t.Errorf("no file was %s: %v", outcome, outcomes)
		}
	}
}

func openDamaged(t *testing.T, dir string, last, before map[string]string) string {
	t.Helper()
	path := filepath.Join(dir, FileName)
	b, err := Open(dir)
	var corrupt *store.CorruptError
	if err != nil {
		if !errors.As(err, &corrupt) || corrupt.Key != path {
			t.Errorf("Open = %v, want a CorruptError", err)
		}
		return "refused"
	}
	defer b.Close()
	got, err := loadAll(t, b)
	if err != nil {
		if !errors.As(err, &corrupt) || corrupt.Key == path {
			t.Errorf("Load = %v, want a CorruptError", err)
		}
		return "record named"
	}
	if !maps.Equal(got, last) && !maps.Equal(got, before) {
		t.Errorf("Load returns wrong records")
	}
	if err := b.Commit(t.Context(), mustLead(t, b), []store.Op{{Key: "new", Value: make([]byte, 10_000)}}); err != nil {
		t.Errorf("Commit: %v", err)
	}
	return "fine"
}

// A failed transaction ends the term; the next one opens the file anew.
func TestFailedCommitEndsTerm(t *testing.T) {
	t.Parallel()
	b := mustOpen(t, t.TempDir())
	term := mustLead(t, b)
	if err := b.Commit(t.Context(), term, []store.Op{{Key: "a", Value: []byte("1")}}); err != nil {
		t.Fatal(err)
	}
	b.file.db.MaxSize = 1 // bbolt won't enlarge the file, as if the disk were full
	big := []store.Op{{Key: "b", Value: make([]byte, 500_000)}}
	err := b.Commit(t.Context(), term, big)
	wantNamed(t, err, b.file.path)
	if errors.Is(err, store.ErrFenced) {
		t.Errorf("Commit = %v, want the reason", err)
	}
	<-term.Lost
	if err := b.Commit(t.Context(), term, nil); !errors.Is(err, store.ErrFenced) {
		t.Errorf("Commit after a failed one: error %v, want %v", err, store.ErrFenced)
	}
	next := mustLead(t, b)
	if err := b.Commit(t.Context(), next, big); err != nil {
		t.Errorf("Commit in the next term: %v", err)
	}
	if got, err := loadAll(t, b); err != nil || len(got) != 2 {
		t.Errorf("Load: %d records, %v; want 2", len(got), err)
	}
}

// Nor may a commit follow a failed one that already waits when that fails.
func TestNoCommitAfterFailedOne(t *testing.T) {
	t.Parallel()
	b := mustOpen(t, t.TempDir())
	term := mustLead(t, b)
	b.file.suspect = true // as between the failure and the end of the term
	for _, ops := range [][]store.Op{nil, {{Key: "a", Value: []byte("1")}}} {
		if err := b.Commit(t.Context(), term, ops); !errors.Is(err, store.ErrFenced) {
			t.Errorf("Commit of %d ops: error %v, want %v", len(ops), err, store.ErrFenced)
		}
	}
	if got, err := loadAll(t, b); err != nil || len(got) != 0 {
		t.Errorf("Load: %v, %v; want nothing", got, err)
	}
}

// The file is gone or damaged when it has to be opened anew.
func TestReopenFails(t *testing.T) {
	t.Parallel()
	b := mustOpen(t, t.TempDir())
	mustLead(t, b).Resign()
	b.file.suspect = true
	path := b.file.path
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		_, err := b.Campaign(t.Context(), "x", nil)
		wantNamed(t, err, path)
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Campaign: error %v, want %v", err, fs.ErrNotExist)
		}
		if _, err := loadAll(t, b); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("Load: error %v, want %v", err, fs.ErrNotExist)
		}
	}
	if err := os.Rename(path+".away", path); err != nil {
		t.Fatal(err)
	}
	if term := mustLead(t, b); term.Number != 2 {
		t.Errorf("term %d, want 2", term.Number)
	}
}
