package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"

	"github.com/hora-scheduler/hora/store"
)

// How many requests of a load are under way at once, and how often a load
// begins again because what it reads is rearranged meanwhile.
const (
	readers   = 32
	maxRepeat = 1000
)

// errMoved says that pages were rearranged while they were read.
var errMoved = errors.New("the records were rearranged again and again while they were read")

// view is what is needed to read records: what is in the journal, and where the
// pages are. Of the two overlays the newer one counts.
type view struct {
	older, newer *overlay
	dir          directory
}

// Load implements [store.Backend].
func (b *Backend) Load(ctx context.Context, prefix string, f func(key string, value []byte) error) error {
	l := &loading{b: b, prefix: prefix, next: prefix, f: f}
	if err := l.run(ctx); err != nil {
		if l.theirs != nil {
			return l.theirs
		}
		return fmt.Errorf("zookeeper: load %q: %w", prefix, err)
	}
	return nil
}

// loading is one call of Load.
type loading struct {
	b       *Backend
	session *session
	source  source
	prefix  string
	next    string // the first key that was not delivered yet
	done    bool
	f       func(string, []byte) error
	theirs  error // of f
}

// source is where a load gets its view from.
type source interface {
	// hold returns a view. It holds until release is called.
	hold(context.Context) (v view, release func(), err error)
	// held says whether a view has held until now.
	held(context.Context, view) (bool, error)
}

func (l *loading) run(ctx context.Context) error {
	if err := l.b.check(ctx); err != nil {
		return err
	}
	if t := l.b.leading(); t != nil {
		if latest, err := t.latest(ctx); err != nil {
			return err
		} else if latest {
			l.session, l.source = t.session, t
			return l.walk(ctx)
		}
	}
	ctx, s, err := l.b.use(ctx)
	if err != nil {
		return err
	}
	defer l.b.finish(s, errResigned)
	if there, err := l.b.identify(ctx, s); err != nil || !there {
		return err
	}
	l.session, l.source = s, &outside{b: l.b, session: s}
	return l.walk(ctx)
}

// latest says whether no later term has begun.
func (t *term) latest(ctx context.Context) (bool, error) {
	path := t.b.at.term()
	if err := t.session.sync(ctx, path); err != nil {
		return false, err
	}
	n, err := t.session.get(ctx, path)
	if err != nil {
		return false, err
	}
	var now termV1
	if err := readJSON(path, n, &now); err != nil {
		return false, err
	}
	if now.Number != t.number {
		t.session.end(errDeposed)
	}
	return now.Number == t.number, nil
}

// hold implements source: while a leader reads it rearranges nothing.
func (t *term) hold(context.Context) (view, func(), error) {
	t.arranging.RLock()
	t.mu.Lock()
	defer t.mu.Unlock()
	v := view{newer: t.fresh.Copy(), dir: t.dir}
	if t.folding != nil {
		v.older = t.folding.Copy()
	}
	return v, t.arranging.RUnlock, nil
}

// held implements source.
func (t *term) held(context.Context, view) (bool, error) { return true, nil }

// outside is the source of who does not lead. Its view may cease to hold at any
// time; then it takes another one.
type outside struct {
	b       *Backend
	session *session
	last    *view
}

// hold implements source.
func (o *outside) hold(ctx context.Context) (view, func(), error) {
	if o.last == nil {
		j, err := o.b.readJournal(ctx, o.session)
		if err != nil {
			return view{}, nil, err
		}
		starts, err := o.b.listPages(ctx, o.session)
		if err != nil {
			return view{}, nil, err
		}
		o.last = &view{newer: &j.overlay, dir: directory{starts, j.version}}
	}
	return *o.last, func() {}, nil
}

// held implements source.
func (o *outside) held(ctx context.Context, v view) (bool, error) {
	top, err := o.session.get(ctx, o.b.at.pages())
	if err != nil || top.stat.Version == v.dir.version {
		return err == nil, err
	}
	o.last = nil
	return false, nil
}

// walk delivers the records, some pages at a time. What was rearranged while it
// was read is read again.
func (l *loading) walk(ctx context.Context) error {
	for range maxRepeat {
		records, held, err := l.window(ctx)
		for ; held && err == nil; records, held, err = l.window(ctx) {
			if err := l.deliver(ctx, records); err != nil || l.done {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
	return errMoved
}

// window reads the next records, up to the end of a page. They do not count if
// the view did not hold.
func (l *loading) window(ctx context.Context) (records []record, held bool, err error) {
	v, release, err := l.source.hold(ctx)
	if err != nil {
		return nil, false, err
	}
	defer release()
	starts := v.dir.starts
	i := sort.Search(len(starts), func(i int) bool { return starts[i] > l.next }) - 1
	end := i + 1
	for end < len(starts) && end-i < l.b.limits.window && strings.HasPrefix(starts[end], l.prefix) {
		end++
	}
	limit := "" // the first key after the window
	if end < len(starts) {
		limit = starts[end]
	}
	paths := make([]string, end-i)
	for n := range paths {
		paths[n] = l.b.at.page(starts[i+n])
	}
	nodes, err := l.session.getAll(ctx, paths)
	if err != nil {
		return nil, false, err
	}
	if held, err := l.source.held(ctx, v); err != nil || !held {
		return nil, false, err
	}
	for n, page := range nodes {
		next := limit
		if i+n+1 < end {
			next = starts[i+n+1]
		}
		all, err := readPage(starts[i+n], next, paths[n], page)
		if err != nil {
			return nil, false, err
		}
		from := sort.Search(len(all), func(i int) bool { return all[i].key >= l.next })
		to := from + sort.Search(len(all)-from, func(i int) bool { return !strings.HasPrefix(all[from+i].key, l.prefix) })
		records = append(records, all[from:to]...)
	}
	records = mergeRecords(mergeRecords(records, l.within(v.older, limit)), l.within(v.newer, limit))
	l.done = limit == "" || !strings.HasPrefix(limit, l.prefix)
	if !l.done {
		l.next = limit
	}
	return records, true, nil
}

// within returns the records of an overlay from the next one on, before limit,
// "" for none.
func (l *loading) within(o *overlay, limit string) (out []record) {
	if o == nil {
		return nil
	}
	o.Ascend(l.next, func(key string, value []byte) bool {
		if !strings.HasPrefix(key, l.prefix) || limit != "" && key >= limit {
			return false
		}
		out = append(out, record{key, value})
		return true
	})
	return out
}

// deliver calls f for the records that are not deleted.
func (l *loading) deliver(ctx context.Context, records []record) error {
	for _, r := range records {
		if r.value == nil {
			continue
		}
		if err := l.b.check(ctx); err != nil {
			return err
		}
		if err := l.f(r.key, append(make([]byte, 0, len(r.value)), r.value...)); err != nil {
			l.theirs = err
			return err
		}
	}
	return nil
}

// getAll reads nodes, some at once.
func (s *session) getAll(ctx context.Context, paths []string) ([]node, error) {
	nodes := make([]node, len(paths))
	err := inParallel(len(paths), func(i int) (err error) {
		nodes[i], err = s.get(ctx, paths[i])
		return err
	})
	return nodes, err
}

// inParallel does n things, some at once, and returns the first error.
func inParallel(n int, do func(i int) error) error {
	var wg sync.WaitGroup
	var mu sync.Mutex
	var failed error
	next := 0
	take := func() int {
		mu.Lock()
		defer mu.Unlock()
		if failed != nil || next == n {
			return -1
		}
		next++
		return next - 1
	}
	for range min(readers, n) {
		wg.Go(func() {
			for i := take(); i >= 0; i = take() {
				if err := do(i); err != nil {
					mu.Lock()
					if failed == nil {
						failed = err
					}
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// listPages lists where pages begin, in order.
func (b *Backend) listPages(ctx context.Context, s *session) ([]string, error) {
	dirs := make([][]string, pageDirs)
	err := inParallel(pageDirs, func(i int) error {
		names, err := s.children(ctx, b.at.pageDir(i))
		for _, name := range names {
			start, err := pageStart(name)
			path := b.at.pageDir(i) + "/" + name
			if err != nil || b.at.page(start) != path {
				return corrupt(path, "it is not a page, or not in its place")
			}
			dirs[i] = append(dirs[i], start)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	starts := slices.Concat(dirs...)
	slices.Sort(starts)
	if len(starts) == 0 || starts[0] != "" {
		return nil, corrupt(b.at.page(""), "it is missing")
	}
	return starts, nil
}

// journal is what is in the journal, as of a version of the node of the pages.
type journal struct {
	overlay overlay
	extent  extent
	version int32
}

// readJournal reads the whole journal. It begins again when entries are folded
// into the pages meanwhile.
func (b *Backend) readJournal(ctx context.Context, s *session) (*journal, error) {
	for range maxRepeat {
		before, err := s.get(ctx, b.at.pages())
		if err != nil {
			return nil, err
		}
		var p pagesV1
		if err := readJSON(b.at.pages(), before, &p); err != nil {
			return nil, err
		}
		names, err := s.children(ctx, b.at.journal())
		if err != nil {
			return nil, err
		}
		slices.Sort(names)
		nodes, err := s.getAll(ctx, b.entries(names))
		if err != nil {
			return nil, err
		}
		after, err := s.get(ctx, b.at.pages())
		if err != nil {
			return nil, err
		}
		if before.stat.Version != after.stat.Version || before.stat.Czxid != after.stat.Czxid {
			continue
		}
		j := &journal{extent: extent{first: p.Folded + 1, next: p.Folded + 1, sizes: map[uint64]int{}}, version: after.stat.Version}
		for i, n := range nodes {
			if err := b.replay(j, names[i], n); err != nil {
				return nil, err
			}
		}
		return j, nil
	}
	return nil, errMoved
}

func (b *Backend) entries(names []string) []string {
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = b.at.journal() + "/" + name
	}
	return paths
}

// replay adds the next entry.
func (b *Backend) replay(j *journal, name string, n node) error {
	path := b.at.journal() + "/" + name
	seq, err := strconv.ParseUint(name, 16, 64)
	if err != nil || b.at.entry(seq) != path {
		return corrupt(path, "it is not an entry of the journal")
	}
	if seq != j.extent.next || n.gone {
		return corrupt(b.at.entry(j.extent.next), "it is missing, though %s is there", name)
	}
	records, err := decodeEntry(seq, n.data)
	if err != nil {
		return corrupt(path, "%w", err)
	}
	for _, r := range records {
		j.overlay.Set(r.key, r.value)
	}
	j.extent.add(len(n.data))
	return nil
}

// mergeRecords merges two lists in order; of two records with the same key that
// of newer counts.
func mergeRecords(older, newer []record) []record {
	if len(older) == 0 {
		return newer
	}
	out := make([]record, 0, len(older)+len(newer))
	for len(older) > 0 && len(newer) > 0 {
		switch {
		case older[0].key < newer[0].key:
			out, older = append(out, older[0]), older[1:]
		case older[0].key == newer[0].key:
			older = older[1:]
		default:
			out, newer = append(out, newer[0]), newer[1:]
		}
	}
	return append(append(out, older...), newer...)
}

var _ store.Backend = (*Backend)(nil)
