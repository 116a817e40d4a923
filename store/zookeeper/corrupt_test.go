package zookeeper

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/store"
)

// stored makes a store with records in pages and in the journal.
func (f *fixture) stored() {
	f.Helper()
	b := f.open()
	b.limits = limits{entries: 5, minBytes: 1 << 20, maxBytes: 1 << 20, page: 64, batch: 1 << 10, window: 2}
	term := f.lead(b)
	for i := range 5 {
		f.commit(b, term, fmt.Sprintf("job/%d", i), strings.Repeat("x", 50))
	}
	f.eventually("the journal to be folded", func() bool { return len(f.children(f.at.journal())) == 0 })
	for i := range 3 {
		f.commit(b, term, fmt.Sprintf("run/%d", i), "y")
	}
	if err := b.Close(); err != nil {
		f.Fatal(err)
	}
}

// tree is all that is below a path.
func (f *fixture) tree(path string) map[string]string {
	f.Helper()
	out := map[string]string{path: string(f.data(path))}
	for _, name := range f.children(path) {
		for p, data := range f.tree(path + "/" + name) {
			out[p] = data
		}
	}
	return out
}

// What can't be read is named, nobody leads, and nothing is written over it.
func TestCorrupt(t *testing.T) {
	t.Parallel()
	flip := func(b []byte) []byte {
		b = bytes.Clone(b)
		b[len(b)/2] ^= 1
		return b
	}
	tests := []struct {
		name  string
		spoil func(f *fixture) (path string)
		load  bool // it is found when it is loaded
	}{
		{"MarkerGarbage", func(f *fixture) string { f.set(f.at.marker(), []byte("\xff\x00{")); return f.at.marker() }, false},
		{"MarkerWithoutID", func(f *fixture) string { f.set(f.at.marker(), []byte(`{"format":1}`)); return f.at.marker() }, false},
		{"MarkerGone", func(f *fixture) string { f.remove(f.at.marker()); return f.path }, false},
		{"TermGarbage", func(f *fixture) string { f.set(f.at.term(), []byte("{")); return f.at.term() }, false},
		{"TermEmpty", func(f *fixture) string { f.set(f.at.term(), nil); return f.at.term() }, false},
		{"TermGone", func(f *fixture) string { f.remove(f.at.term()); return f.at.term() }, false},
		{"PagesGarbage", func(f *fixture) string { f.set(f.at.pages(), []byte("x")); return f.at.pages() }, false},
		{"EntryFlipped", func(f *fixture) string {
			path := f.at.entry(7)
			f.set(path, flip(f.data(path)))
			return path
		}, false},
		{"EntryCut", func(f *fixture) string {
			path := f.at.entry(8)
			f.set(path, f.data(path)[:8])
			return path
		}, false},
		{"EntryEmpty", func(f *fixture) string { f.set(f.at.entry(6), nil); return f.at.entry(6) }, false},
		{"EntryOfAnother", func(f *fixture) string { f.set(f.at.entry(7), f.data(f.at.entry(8))); return f.at.entry(7) }, false},
		{"FirstEntryGone", func(f *fixture) string { f.remove(f.at.entry(6)); return f.at.entry(6) }, false},
		{"EntryGone", func(f *fixture) string { f.remove(f.at.entry(7)); return f.at.entry(7) }, false},
		{"EntryOfANewerRelease", func(f *fixture) string {
			f.set(f.at.entry(8), append([]byte{version1 + 1}, f.data(f.at.entry(8))[1:]...))
			return f.at.entry(8)
		}, false},
		{"EntryForeign", func(f *fixture) string { f.make(f.at.journal()+"/x", nil); return f.at.journal() + "/x" }, false},
		{"PageFlipped", func(f *fixture) string { return f.spoilPage(flip) }, true},
		{"PageEmpty", func(f *fixture) string { return f.spoilPage(func([]byte) []byte { return nil }) }, true},
		{"PageGarbage", func(f *fixture) string { return f.spoilPage(func([]byte) []byte { return []byte("garbage!") }) }, true},
		{"PageForeign", func(f *fixture) string { f.make(f.at.pageDir(3)+"/x", nil); return f.at.pageDir(3) + "/x" }, false},
		{"FirstPageGone", func(f *fixture) string { f.remove(f.at.page("")); return f.at.page("") }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newFixture(t)
			f.stored()
			path := tt.spoil(f)
			before := f.tree(f.path)
			b := f.open()
			term, err := b.Campaign(t.Context(), "x", nil)
			if tt.load != (err == nil) {
				t.Fatalf("Campaign: error %v", err)
			}
			if err == nil {
				_, err = loadAll(t.Context(), b)
			}
			wantCorrupt(t, err, path)
			if term != nil {
				term.Resign()
			}
			_, err = loadAll(t.Context(), f.open())
			if tt.name != "TermGarbage" && tt.name != "TermEmpty" && tt.name != "TermGone" { // no reader needs it
				wantCorrupt(t, err, path)
			}
			after := f.tree(f.path)
			if path != f.at.term() { // that a term began is all that was written
				delete(before, f.at.term())
				delete(after, f.at.term())
			}
			for p := range before {
				if before[p] != after[p] {
					t.Errorf("%s was changed from %q to %q", p, before[p], after[p])
				}
			}
			if len(after) > len(before) {
				t.Errorf("%d nodes were %d", len(after), len(before))
			}
		})
	}
}

// spoilPage changes the page of job/2.
func (f *fixture) spoilPage(change func([]byte) []byte) string {
	f.Helper()
	for path, data := range f.tree(f.at.pages()) {
		if strings.Contains(data, "job/2") {
			f.set(path, change([]byte(data)))
			return path
		}
	}
	f.Fatal("there is no page of job/2")
	return ""
}

func wantCorrupt(t *testing.T, err error, path string) {
	t.Helper()
	var c *store.CorruptError
	if !errors.As(err, &c) || !strings.HasSuffix(c.Key, " "+path) {
		t.Errorf("error %v, want a CorruptError that names %s", err, path)
	}
}

// A store of a later release is not touched.
func TestNewerFormat(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.stored()
	f.set(f.at.marker(), []byte(`{"format":2,"id":"x","what":"ever"}`))
	_, err := f.open().Campaign(t.Context(), "x", nil)
	f.wantErr("Campaign", err, store.ErrNewer)
	_, err = loadAll(t.Context(), f.open())
	f.wantErr("Load", err, store.ErrNewer)
}

// A path that something else uses is not taken for an empty store.
func TestForeignPath(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.make(f.path, nil)
	f.make(f.path+"/state", []byte("of Chronos"))
	_, err := f.open().Campaign(t.Context(), "x", nil)
	wantCorrupt(t, err, f.path)
	if names := f.children(f.path); !slices.Equal(names, []string{"state"}) {
		t.Errorf("now there are %q", names)
	}
}

// A path that an administrator has made, and several levels that nobody has.
func TestPathIsMade(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.make(f.path, nil)
	f.leadAndCommit(f.open())
	deep := f.open(func(o *Options) { o.Path += "-deep/a/b" })
	f.leadAndCommit(deep)
	if f.children(f.path + "-deep/a/b"); t.Failed() {
		t.Error("the path is not there")
	}
}

// leadAndCommit leads, commits and loads.
func (f *fixture) leadAndCommit(b *Backend) {
	f.Helper()
	term := f.lead(b)
	f.commit(b, term, "a", "1")
	f.wantRecords(b, "a", "1")
}

// What a split that was interrupted leaves in the old page does not count, and
// does not come back when the new page is deleted.
func TestInterruptedSplit(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	old := f.open()
	f.leadAndCommit(old)
	old.Close()
	first := []record{{"a", []byte("1")}, {"m", []byte("old")}, {"z", []byte("old")}}
	f.set(f.at.page(""), encodePage("", first))
	f.make(f.at.page("m"), encodePage("m", []record{{"m", []byte("new")}}))
	b := f.open()
	b.limits.entries = 1
	f.wantRecords(b, "a", "1", "m", "new")
	term := f.lead(b)
	f.wantRecords(b, "a", "1", "m", "new")
	if err := b.Commit(t.Context(), term, []store.Op{{Key: "m"}}); err != nil {
		t.Fatal(err)
	}
	f.eventually("the page to be deleted", func() bool {
		there, _, err := f.admin.Exists(f.at.page("m"))
		return err == nil && !there
	})
	f.wantRecords(b, "a", "1")
	f.wantRecords(f.open(), "a", "1")
}
