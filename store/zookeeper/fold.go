package zookeeper

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/go-zookeeper/zk"
)

// deletesPerMulti is how many entries of the journal are deleted at once.
const deletesPerMulti = 1000

// startFold begins to fold the journal into the pages; t.mu is held.
func (t *term) startFold() {
	f := &fold{t: t, first: t.journal.first, last: t.journal.next - 1}
	t.folding, t.fresh = t.fresh, &overlay{}
	t.folded = make(chan struct{})
	f.updates = t.folding.Copy()
	t.folds.Go(func() {
		err := f.run(context.Background())
		t.mu.Lock()
		defer t.mu.Unlock()
		if err != nil && t.session.reason() == nil {
			t.b.opts.Logger.Error("the journal could not be folded", "error", err)
			t.session.end(fmt.Errorf("fold the journal: %w", err))
		}
		if err == nil {
			t.folding = nil
		}
		close(t.folded)
	})
}

// fold writes what is in the journal into the pages and shortens the journal.
// It may stop anywhere: the journal is deleted last, and what it holds counts
// more than what the pages hold.
type fold struct {
	t           *term
	first, last uint64 // entries of the journal
	updates     *overlay
	empty       []string // pages that have no records any more

	ops  []any    // not yet written
	made []string // pages among them
	size int
}

// page is a page that changes.
type page struct {
	start   string
	end     string // where the next one begins, "" for none
	updates []record
}

func (f *fold) run(ctx context.Context) error {
	pages := f.touched()
	for len(pages) > 0 {
		n := min(len(pages), max(f.t.b.limits.window/2, 1))
		if err := f.rewrite(ctx, pages[:n]); err != nil {
			return err
		}
		pages = pages[n:]
	}
	if err := f.flush(ctx); err != nil {
		return err
	}
	for _, start := range f.empty {
		if err := f.remove(ctx, start); err != nil {
			return err
		}
	}
	return f.shorten(ctx)
}

// touched lists the pages that updates belong to.
func (f *fold) touched() []page {
	f.t.mu.Lock()
	starts := f.t.dir.starts
	f.t.mu.Unlock()
	var pages []page
	i := -1
	f.updates.Scan(func(key string, value []byte) bool {
		if n := sort.Search(len(starts), func(i int) bool { return starts[i] > key }) - 1; n != i || i < 0 {
			i = n
			p := page{start: starts[i]}
			if i+1 < len(starts) {
				p.end = starts[i+1]
			}
			pages = append(pages, p)
		}
		p := &pages[len(pages)-1]
		p.updates = append(p.updates, record{key, value})
		return true
	})
	return pages
}

// rewrite reads pages and writes those that change.
func (f *fold) rewrite(ctx context.Context, pages []page) error {
	at := f.t.b.at
	paths := make([]string, len(pages))
	for i, p := range pages {
		paths[i] = at.page(p.start)
	}
	nodes, err := f.t.session.getAll(ctx, paths)
	if err != nil {
		return err
	}
	for i, p := range pages {
		old, err := readPage(p.start, p.end, paths[i], nodes[i])
		if err != nil {
			return err
		}
		merged := slices.DeleteFunc(mergeRecords(old, p.updates), func(r record) bool { return r.value == nil })
		if slices.EqualFunc(old, merged, sameRecord) {
			continue
		}
		if len(merged) == 0 && p.start != "" {
			f.empty = append(f.empty, p.start)
		}
		if err := f.put(ctx, p, merged, nodes[i].stat.Version); err != nil {
			return err
		}
	}
	return nil
}

func sameRecord(a, b record) bool { return a.key == b.key && string(a.value) == string(b.value) }

// readPage decodes a page, without what is left over from before it was split.
func readPage(start, end, path string, n node) ([]record, error) {
	if n.gone {
		return nil, corrupt(path, "it is missing")
	}
	records, err := decodePage(start, n.data)
	if err != nil {
		return nil, corrupt(path, "%w", err)
	}
	if end != "" {
		records = records[:sort.Search(len(records), func(i int) bool { return records[i].key >= end })]
	}
	return records, nil
}

// put writes the records of a page, which is split if they are too many. The
// new pages are written from the last to the first, and the old one after or
// with the first: so the page before a new one has, at any time, what is not in
// new ones yet.
func (f *fold) put(ctx context.Context, p page, records []record, version int32) error {
	at, acl := f.t.b.at, f.t.session.acl
	parts := split(records, f.t.b.limits.page)
	for i := len(parts) - 1; i > 0; i-- {
		start := separator(parts[i-1][len(parts[i-1])-1].key, parts[i][0].key)
		data := encodePage(start, parts[i])
		if err := f.add(ctx, len(data), &zk.CreateRequest{Path: at.page(start), Data: data, Acl: acl}); err != nil {
			return err
		}
		f.made = append(f.made, start)
	}
	data := encodePage(p.start, parts[0])
	return f.add(ctx, len(data), &zk.SetDataRequest{Path: at.page(p.start), Data: data, Version: version})
}

// split divides records into parts of about size bytes, if they are more than
// twice that much. There is at least one part.
func split(records []record, size int) [][]record {
	total := 0
	for _, r := range records {
		total += r.size()
	}
	if total <= 2*size {
		return [][]record{records}
	}
	var parts [][]record
	begin, sum := 0, 0
	for i, r := range records {
		if i > begin && sum+r.size() > size {
			parts = append(parts, records[begin:i])
			begin, sum = i, 0
		}
		sum += r.size()
	}
	return append(parts, records[begin:])
}

// separator returns the shortest key that is greater than left, and not greater
// than right, which is.
func separator(left, right string) string {
	n := 0
	for n < len(left) && left[n] == right[n] {
		n++
	}
	return right[:n+1]
}

// add adds an op, after those that are there were written if they would become
// too many.
func (f *fold) add(ctx context.Context, size int, op any) error {
	if len(f.ops) > 0 && f.size+size > f.t.b.limits.batch {
		if err := f.flush(ctx); err != nil {
			return err
		}
	}
	f.ops = append(f.ops, op)
	f.size += size + len(pathOf(op)) + 100
	return nil
}

// flush writes the ops.
func (f *fold) flush(ctx context.Context) error {
	if len(f.ops) == 0 {
		return nil
	}
	made := f.made
	ops := f.ops
	f.ops, f.made, f.size = nil, nil, 0
	if len(made) == 0 {
		_, err := f.t.fenced(ctx, ops)
		return err
	}
	return f.t.rearrange(ctx, ops, f.first-1, func(starts []string) []string {
		starts = append(slices.Clone(starts), made...)
		slices.Sort(starts)
		return starts
	})
}

// rearrange does ops that make or delete pages, or entries up to folded, and
// notes the new directory.
func (t *term) rearrange(ctx context.Context, ops []any, folded uint64, change func([]string) []string) error {
	t.arranging.Lock()
	defer t.arranging.Unlock()
	t.mu.Lock()
	version := t.dir.version
	t.mu.Unlock()
	set := &zk.SetDataRequest{Path: t.b.at.pages(), Data: encodeJSON(pagesV1{folded}), Version: version}
	results, err := t.fenced(ctx, append([]any{set}, ops...))
	if err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dir = directory{change(t.dir.starts), results[0].Stat.Version}
	return nil
}

// remove deletes a page that has no records; the one before takes its place. In
// that one nothing may be left over from before it was split, as it would come
// back.
func (f *fold) remove(ctx context.Context, start string) error {
	t, at := f.t, f.t.b.at
	t.mu.Lock()
	starts := t.dir.starts
	t.mu.Unlock()
	before := starts[slices.Index(starts, start)-1]
	nodes, err := t.session.getAll(ctx, []string{at.page(before), at.page(start)})
	if err != nil {
		return err
	}
	all, err := readPage(before, "", at.page(before), nodes[0])
	if err != nil {
		return err
	}
	ops := []any{&zk.DeleteRequest{Path: at.page(start), Version: nodes[1].stat.Version}}
	if clean, _ := readPage(before, start, at.page(before), nodes[0]); len(clean) < len(all) {
		ops = append(ops, &zk.SetDataRequest{Path: at.page(before), Data: encodePage(before, clean), Version: nodes[0].stat.Version})
	}
	return t.rearrange(ctx, ops, f.first-1, func(starts []string) []string {
		return slices.DeleteFunc(slices.Clone(starts), func(s string) bool { return s == start })
	})
}

// shorten deletes the entries that are in the pages now, oldest first.
func (f *fold) shorten(ctx context.Context) error {
	t := f.t
	for f.first <= f.last {
		end := min(f.first+deletesPerMulti, f.last+1)
		var ops []any
		for seq := f.first; seq < end; seq++ {
			ops = append(ops, &zk.DeleteRequest{Path: t.b.at.entry(seq), Version: anyVersion})
		}
		if err := t.rearrange(ctx, ops, end-1, func(starts []string) []string { return starts }); err != nil {
			return err
		}
		t.mu.Lock()
		t.journal.cut(end)
		t.mu.Unlock()
		f.first = end
	}
	return nil
}
