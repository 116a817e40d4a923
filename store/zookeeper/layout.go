package zookeeper

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/store"
)

// The names of the znodes below the path; see the package comment.
const (
	markerName   = "store"
	termName     = "term"
	electionName = "election"
	journalName  = "journal"
	pagesName    = "pages"
)

// pageDirs is how many directories the pages are spread over.
const pageDirs = 256

// layout names the znodes of a store.
type layout struct{ root string }

func (l layout) marker() string               { return l.root + "/" + markerName }
func (l layout) term() string                 { return l.root + "/" + termName }
func (l layout) election() string             { return l.root + "/" + electionName }
func (l layout) candidate(name string) string { return l.election() + "/" + name }
func (l layout) journal() string              { return l.root + "/" + journalName }
func (l layout) entry(seq uint64) string      { return fmt.Sprintf("%s/%016x", l.journal(), seq) }
func (l layout) pages() string                { return l.root + "/" + pagesName }
func (l layout) pageDir(i int) string         { return fmt.Sprintf("%s/%02x", l.pages(), i) }
func (l layout) page(start string) string {
	return l.pageDir(int(crc32.Checksum([]byte(start), castagnoli)%pageDirs)) + "/" + pageName(start)
}

// pageName is the name of the page that begins at a key: "p" and the key, with
// each byte that is not a letter, a digit, an underscore or a hyphen as %XX.
func pageName(start string) string {
	var b strings.Builder
	b.WriteByte('p')
	for i := range len(start) {
		if c := start[i]; plain(c) {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// pageStart is the inverse of pageName.
func pageStart(name string) (string, error) {
	rest, ok := strings.CutPrefix(name, "p")
	if !ok {
		return "", errors.New("it is not the name of a page")
	}
	start := make([]byte, 0, len(rest))
	for i := 0; i < len(rest); i++ {
		if rest[i] != '%' {
			start = append(start, rest[i])
			continue
		}
		var c byte
		if i+3 > len(rest) {
			return "", errors.New("it is not the name of a page")
		}
		if _, err := fmt.Sscanf(rest[i+1:i+3], "%02X", &c); err != nil {
			return "", errors.New("it is not the name of a page")
		}
		start = append(start, c)
		i += 2
	}
	if pageName(string(start)) != name {
		return "", errors.New("it is not the name of a page")
	}
	return string(start), nil
}

// The forms of what the small znodes hold. Format grows when a later release
// can no longer be read by an earlier one.
type (
	markerV1 struct {
		Format  int       `json:"format"`
		ID      string    `json:"id"`
		Created time.Time `json:"created"`
	}
	termV1 struct {
		Number    int64  `json:"number"`
		Leader    string `json:"leader,omitempty"`    // address
		Candidate string `json:"candidate,omitempty"` // name of its node below election
	}
	pagesV1 struct {
		Folded uint64 `json:"folded"` // the last journal entry that is in the pages
	}
	candidateV1 struct {
		Address string `json:"address"`
	}
)

const format1 = 1

func encodeJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("zookeeper: " + err.Error()) // no form above can fail
	}
	return b
}

// readJSON decodes what the node at path holds.
func readJSON(path string, n node, v any) error {
	if n.gone {
		return corrupt(path, "it is missing, though %s is there", markerName)
	}
	if err := json.Unmarshal(n.data, v); err != nil {
		return corrupt(path, "%w", err)
	}
	return nil
}

// ErrForgotten says that ZooKeeper no longer has what this process has seen in
// it: it was wiped, or set back to an earlier state. Whoever led now would do
// again what was done, so nobody does. A person has to look: bring the data
// back, or start the process anew, without the identity that it was given, to
// accept what is there. It comes within a *store.CorruptError.
var ErrForgotten = errors.New("ZooKeeper has lost what hora stored in it, or is another one: restore it; to accept what is there, remove the file of --zk_identity_file, if there is one, and restart hora, on each machine")

// prepare makes the znodes of a store that isn't there yet, and checks that the
// one that is there is ours to use.
func (b *Backend) prepare(ctx context.Context, s *session) error {
	for range 3 { // another process may make them at the same time
		there, err := b.identify(ctx, s)
		if err != nil || there {
			return err
		}
		if err := b.format(ctx, s); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: can't be made", b.at.marker())
}

// identify reads the marker and compares it with what is known. Without a
// marker, and without anything else, the store is not there.
func (b *Backend) identify(ctx context.Context, s *session) (there bool, err error) {
	if err := s.sync(ctx, b.at.root); err != nil && !errors.Is(err, zk.ErrNoNode) {
		return false, err
	}
	path := b.at.marker()
	n, err := s.get(ctx, path)
	if err != nil {
		return false, err
	}
	known := b.Identity()
	if n.gone {
		if known != "" {
			return false, corrupt(path, "it is missing, it was %s: %w", known, ErrForgotten)
		}
		return false, b.checkEmpty(ctx, s)
	}
	var m markerV1
	if err := readJSON(path, n, &m); err != nil {
		return false, err
	}
	switch {
	case m.Format > format1:
		return false, fmt.Errorf("%s has format %d: %w", path, m.Format, store.ErrNewer)
	case m.Format != format1 || m.ID == "":
		return false, corrupt(path, "its format is %d and its id %q, expected format %d and an id", m.Format, m.ID, format1)
	case known != "" && m.ID != known:
		return false, corrupt(path, "it is %s, it was %s: %w", m.ID, known, ErrForgotten)
	}
	b.mu.Lock()
	b.identity = m.ID
	b.mu.Unlock()
	if known == "" && b.opts.Seen != nil {
		b.opts.Seen(m.ID)
	}
	return true, nil
}

// checkEmpty refuses to make a store where something else is.
func (b *Backend) checkEmpty(ctx context.Context, s *session) error {
	names, err := s.children(ctx, b.at.root)
	if err != nil || len(names) == 0 {
		return err
	}
	slices.Sort(names)
	// All are made at once, so that a marker that comes now was made meanwhile.
	if n, err := s.get(ctx, b.at.marker()); err != nil || !n.gone {
		return err
	}
	return corrupt(b.at.root, "it holds %s, but not %s: it is not, or no longer whole, a store of hora", strings.Join(names[:min(len(names), 5)], ", "), markerName)
}

// format makes the znodes of a new store, all at once. Those above the path are
// open to everybody, as they belong to everybody below them.
func (b *Backend) format(ctx context.Context, s *session) error {
	for i := 1; i < len(b.at.root); i++ {
		if b.at.root[i] == '/' {
			if _, err := s.create(ctx, b.at.root[:i], nil, 0, zk.WorldACL(zk.PermAll)); err != nil {
				return err
			}
		}
	}
	if _, err := s.create(ctx, b.at.root, nil, 0, s.acl); err != nil {
		return err
	}
	marker := markerV1{Format: format1, ID: strings.ToLower(rand.Text()), Created: time.Now().UTC().Truncate(time.Second)}
	make := func(path string, data []byte) any { return &zk.CreateRequest{Path: path, Data: data, Acl: s.acl} }
	ops := []any{
		make(b.at.marker(), encodeJSON(marker)),
		make(b.at.term(), encodeJSON(termV1{})),
		make(b.at.election(), nil),
		make(b.at.journal(), nil),
		make(b.at.pages(), encodeJSON(pagesV1{})),
	}
	for i := range pageDirs {
		ops = append(ops, make(b.at.pageDir(i), nil))
	}
	ops = append(ops, make(b.at.page(""), encodePage("", nil)))
	_, _, err := s.multi(ctx, ops)
	if errors.Is(err, zk.ErrNodeExists) {
		return nil
	}
	if err == nil {
		b.opts.Logger.Info("made a new store in ZooKeeper", "path", b.at.root, "identity", marker.ID)
	}
	return err
}
