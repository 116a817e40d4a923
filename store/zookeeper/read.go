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

// view is what is needed to read records: those in the journal that begin with
// the prefix, in order, and where the pages are.
type view struct {
	overlay []record
	dir     directory
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
	look    func(context.Context) (view, error)
	prefix  string
	next    string // the first key that was not delivered yet
	f       func(string, []byte) error
	theirs  error // of f
}

func (l *loading) run(ctx context.Context) error {
	if err := l.b.check(ctx); err != nil {
		return err
	}
	if t := l.b.leading(); t != nil {
		if latest, err := t.latest(ctx); err != nil {
			return err
		} else if latest {
			l.session = t.session
			l.look = func(context.Context) (view, error) { return t.snapshot(l.prefix), nil }
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
	l.session = s
	l.look = func(ctx context.Context) (view, error) { return l.b.look(ctx, s, l.prefix) }
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

// look reads the journal and where the pages are.
func (b *Backend) look(ctx context.Context, s *session, prefix string) (view, error) {
	j, err := b.readJournal(ctx, s)
	if err != nil {
		return view{}, err
	}
	starts, err := b.listPages(ctx, s)
	if err != nil {
		return view{}, err
	}
	return view{overlayBelow(prefix, nil, &j.overlay), directory{starts, j.version}}, nil
}

// walk delivers the records. When the pages were rearranged since the view was
// taken, it takes another one and goes on from where it was.
func (l *loading) walk(ctx context.Context) error {
	for range maxRepeat {
		v, err := l.look(ctx)
		if err != nil {
			return err
		}
		done, err := l.pass(ctx, v)
		if done || err != nil {
			return err
		}
	}
	return errMoved
}

// pass delivers records as long as the view holds.
func (l *loading) pass(ctx context.Context, v view) (done bool, err error) {
	starts := v.dir.starts
	i := sort.Search(len(starts), func(i int) bool { return starts[i] > l.next }) - 1
	if i < 0 {
		return false, nil // a page begins at "", so the list is not whole
	}
	v.overlay = v.overlay[sort.Search(len(v.overlay), func(i int) bool { return v.overlay[i].key >= l.next }):]
	for i < len(starts) && (starts[i] <= l.next || strings.HasPrefix(starts[i], l.prefix)) {
		end := i
		for end < len(starts) && end-i < l.b.limits.window && (starts[end] <= l.next || strings.HasPrefix(starts[end], l.prefix)) {
			end++
		}
		records, valid, err := l.window(ctx, v, i, end)
		if err != nil || !valid {
			return false, err
		}
		rest := len(v.overlay)
		if end < len(starts) {
			rest = sort.Search(len(v.overlay), func(i int) bool { return v.overlay[i].key >= starts[end] })
		}
		if err := l.deliver(ctx, records, v.overlay[:rest]); err != nil {
			return false, err
		}
		v.overlay = v.overlay[rest:]
		if i = end; i < len(starts) {
			l.next = starts[i]
		}
	}
	return true, nil
}

// window reads the pages from i to before end. They are not valid if the view
// does not hold any more.
func (l *loading) window(ctx context.Context, v view, i, end int) (records []record, valid bool, err error) {
	starts := v.dir.starts
	paths := make([]string, end-i)
	for n := range paths {
		paths[n] = l.b.at.page(starts[i+n])
	}
	nodes, err := l.session.getAll(ctx, paths)
	if err != nil {
		return nil, false, err
	}
	// Only what was there before the pages were read can show that they hold.
	top, err := l.session.get(ctx, l.b.at.pages())
	if err != nil || top.stat.Version != v.dir.version {
		return nil, false, err
	}
	for n, page := range nodes {
		start := starts[i+n]
		if page.gone {
			return nil, false, corrupt(paths[n], "it is missing")
		}
		all, err := decodePage(start, page.data)
		if err != nil {
			return nil, false, corrupt(paths[n], "%w", err)
		}
		for _, r := range all {
			if i+n+1 < len(starts) && r.key >= starts[i+n+1] {
				break // left over from before the page was split
			}
			if r.key >= l.next && strings.HasPrefix(r.key, l.prefix) {
				records = append(records, r)
			}
		}
	}
	return records, true, nil
}

// deliver merges the records of pages with those of the journal.
func (l *loading) deliver(ctx context.Context, records, overlay []record) error {
	for len(records) > 0 || len(overlay) > 0 {
		var r record
		switch {
		case len(overlay) == 0 || len(records) > 0 && records[0].key < overlay[0].key:
			r, records = records[0], records[1:]
		default:
			if len(records) > 0 && records[0].key == overlay[0].key {
				records = records[1:]
			}
			r, overlay = overlay[0], overlay[1:]
		}
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
		l.next = r.key + "\x00"
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

// overlayBelow returns the records below a prefix, in order. The newer ones
// count; older may be nil.
func overlayBelow(prefix string, older, newer *overlay) []record {
	below := func(o *overlay) (out []record) {
		o.Ascend(prefix, func(key string, value []byte) bool {
			if !strings.HasPrefix(key, prefix) {
				return false
			}
			out = append(out, record{key, value})
			return true
		})
		return out
	}
	out := below(newer)
	if older == nil {
		return out
	}
	return mergeRecords(below(older), out)
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
