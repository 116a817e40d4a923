package bolt

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// What follows knows the file format of bbolt, version 2, which has been the
// same since boltdb (bbolt internal/common: page.go, meta.go, bucket.go).
// Numbers are in the byte order of the machine.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2

	pageHeader = 16 // id uint64, flags uint16, count uint16, overflow uint32
	elemHeader = 16 // of an entry, in branches and leaves alike
	metaSum    = 56 // offset of the checksum in a meta page, after its header

	flagBranch   = 0x01
	flagLeaf     = 0x02
	flagFreelist = 0x10
	flagBucket   = 0x01 // of a leaf's entry

	noFreelist = ^uint64(0)
	minPage    = 1 << 10
	maxPage    = 1 << 24
)

var order = binary.NativeEndian

// checker walks the pages of a file.
type checker struct {
	file     io.ReaderAt
	pageSize uint64
	pages    uint64 // in use, free ones included: the high-water mark
	seen     []bool // by page
	lastKey  []byte // of the bucket that is walked
}

// checkFile says whether f is a whole database: a valid meta page, as long as
// that says, and trees whose pages are in bounds, used once and in order. It
// reads the file once and writes nothing.
func checkFile(f *os.File) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	switch {
	case !info.Mode().IsRegular():
		return errors.New("it is not a regular file")
	case info.Size() == 0:
		return errors.New("it is empty, so what it held is lost; remove it to begin anew")
	}
	m, err := readMeta(f, info.Size())
	if err != nil {
		return err
	}
	if need := m.pages * m.pageSize; uint64(info.Size()) < need {
		return fmt.Errorf("it was cut off: it has %d bytes of at least %d", info.Size(), need)
	}
	c := &checker{file: f, pageSize: m.pageSize, pages: m.pages, seen: make([]bool, m.pages)}
	if m.freelist != noFreelist {
		if err := c.checkFreelist(m.freelist); err != nil {
			return err
		}
	}
	return c.checkTree(m.root)
}

// meta is what a meta page says.
type meta struct {
	pageSize, root, freelist, pages, tx uint64
}

// readMeta returns the later one of the two meta pages, or the one that is
// valid: the other one was being written when the machine went down.
func readMeta(f io.ReaderAt, size int64) (meta, error) {
	var best meta
	first, reason := metaAt(f, 0)
	if reason == nil {
		best = first
	}
	for n := int64(minPage); n <= maxPage && n < size; n *= 2 {
		if reason == nil && uint64(n) != first.pageSize {
			continue
		}
		m, err := metaAt(f, n)
		if err != nil || m.pageSize != uint64(n) {
			continue
		}
		if best.pageSize == 0 || m.tx > best.tx {
			best = m
		}
	}
	if best.pageSize == 0 {
		return meta{}, reason
	}
	if best.pages < 4 || best.pages > (1<<48)/best.pageSize {
		return meta{}, fmt.Errorf("its meta page claims %d pages", best.pages)
	}
	return best, nil
}

func metaAt(f io.ReaderAt, offset int64) (meta, error) {
	var page [pageHeader + metaSum + 8]byte
	if _, err := f.ReadAt(page[:], offset); err != nil && !errors.Is(err, io.EOF) {
		return meta{}, err
	}
	b := page[pageHeader:]
	sum := fnv.New64a()
	sum.Write(b[:metaSum])
	m := meta{
		pageSize: uint64(order.Uint32(b[8:])),
		root:     order.Uint64(b[16:]),
		freelist: order.Uint64(b[32:]),
		pages:    order.Uint64(b[40:]),
		tx:       order.Uint64(b[48:]),
	}
	switch {
	case order.Uint32(b) != boltMagic:
		return meta{}, errors.New("it is not a database, or its beginning was overwritten")
	case order.Uint32(b[4:]) != boltVersion:
		return meta{}, fmt.Errorf("its database format is %d, want %d", order.Uint32(b[4:]), boltVersion)
	case sum.Sum64() != order.Uint64(b[metaSum:]):
		return meta{}, errors.New("the checksums of its meta pages are wrong")
	case m.pageSize < minPage || m.pageSize > maxPage || m.pageSize&(m.pageSize-1) != 0:
		return meta{}, fmt.Errorf("its page size is %d", m.pageSize)
	}
	return m, nil
}

// page reads a page with its overflow and marks it as used.
func (c *checker) page(id uint64) ([]byte, error) {
	if id < 2 || id >= c.pages {
		return nil, fmt.Errorf("page %d is out of bounds, of %d", id, c.pages)
	}
	head := make([]byte, c.pageSize)
	if _, err := c.file.ReadAt(head, int64(id*c.pageSize)); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	if got := order.Uint64(head); got != id {
		return nil, fmt.Errorf("page %d was overwritten: it says it is %d", id, got)
	}
	more := uint64(order.Uint32(head[12:]))
	if id+more >= c.pages {
		return nil, fmt.Errorf("page %d is out of bounds: %d more pages, of %d", id, more, c.pages)
	}
	for i := id; i <= id+more; i++ {
		if c.seen[i] {
			return nil, fmt.Errorf("page %d is used twice", i)
		}
		c.seen[i] = true
	}
	if more == 0 {
		return head, nil
	}
	page := make([]byte, (more+1)*c.pageSize)
	if _, err := c.file.ReadAt(page, int64(id*c.pageSize)); err != nil {
		return nil, fmt.Errorf("page %d: %w", id, err)
	}
	return page, nil
}

// checkTree walks the tree of one bucket, and those of the buckets in it.
func (c *checker) checkTree(root uint64) error {
	outer := c.lastKey
	c.lastKey = nil
	err := c.checkPage(root, nil, true)
	c.lastKey = outer
	return err
}

// checkPage walks a page and those below it. least is the key that its parent
// has for it.
func (c *checker) checkPage(id uint64, least []byte, root bool) error {
	page, err := c.page(id)
	if err != nil {
		return err
	}
	flags := order.Uint16(page[8:])
	if flags != flagBranch && flags != flagLeaf {
		return fmt.Errorf("page %d has flags %#x, neither branch nor leaf", id, flags)
	}
	if err := c.checkEntries(page, flags, least, root); err != nil {
		return fmt.Errorf("page %d: %w", id, err)
	}
	return nil
}

func (c *checker) checkEntries(page []byte, flags uint16, least []byte, root bool) error {
	count := int(order.Uint16(page[10:]))
	if count == 0 && !(root && flags == flagLeaf) {
		return errors.New("it has no entries")
	}
	if pageHeader+count*elemHeader > len(page) {
		return fmt.Errorf("it can't hold %d entries", count)
	}
	for i := range count {
		at := pageHeader + i*elemHeader
		e, err := entryAt(page, at, flags)
		if err != nil {
			return fmt.Errorf("entry %d: %w", i, err)
		}
		if i == 0 && bytes.Compare(e.key, least) < 0 {
			return errors.New("its first key is smaller than its branch says")
		}
		if flags == flagBranch {
			if c.lastKey != nil && bytes.Compare(e.key, c.lastKey) <= 0 {
				return fmt.Errorf("entry %d is out of order", i)
			}
			if err := c.checkPage(e.child, e.key, false); err != nil {
				return err
			}
			continue
		}
		if c.lastKey != nil && bytes.Compare(e.key, c.lastKey) <= 0 {
			return fmt.Errorf("entry %d is out of order", i)
		}
		c.lastKey = e.key
		if e.bucket {
			if err := c.checkBucket(e.value); err != nil {
				return fmt.Errorf("bucket %q: %w", e.key, err)
			}
		}
	}
	return nil
}

// checkBucket checks a bucket by its entry: the page of its root and a
// counter; if there is no root, the only page follows in place.
func (c *checker) checkBucket(value []byte) error {
	if len(value) < 16 {
		return errors.New("its entry is too short")
	}
	if root := order.Uint64(value); root != 0 {
		return c.checkTree(root)
	}
	page := value[16:]
	if len(page) < pageHeader || order.Uint16(page[8:]) != flagLeaf {
		return errors.New("its entry is not a page")
	}
	outer := c.lastKey
	c.lastKey = nil
	err := c.checkEntries(page, flagLeaf, nil, true)
	c.lastKey = outer
	return err
}

// entry is an entry of a branch or a leaf.
type entry struct {
	key, value []byte
	bucket     bool
	child      uint64
}

// entryAt reads the entry whose header is at at. Its key and value lie
// somewhere behind, pos bytes from there.
func entryAt(page []byte, at int, flags uint16) (entry, error) {
	h := page[at:]
	var e entry
	var pos, keyLen, valueLen uint64
	if flags == flagBranch {
		pos, keyLen = uint64(order.Uint32(h)), uint64(order.Uint32(h[4:]))
		e.child = order.Uint64(h[8:])
	} else {
		e.bucket = order.Uint32(h)&flagBucket != 0
		pos, keyLen = uint64(order.Uint32(h[4:])), uint64(order.Uint32(h[8:]))
		valueLen = uint64(order.Uint32(h[12:]))
	}
	if pos < elemHeader || pos+keyLen+valueLen > uint64(len(h)) {
		return entry{}, errors.New("it is out of bounds")
	}
	if keyLen == 0 {
		return entry{}, errors.New("its key is empty")
	}
	e.key, e.value = h[pos:pos+keyLen], h[pos+keyLen:pos+keyLen+valueLen]
	return e, nil
}

// checkFreelist checks the stored list of free pages, which only other
// programs than hora leave behind.
func (c *checker) checkFreelist(id uint64) error {
	page, err := c.page(id)
	if err != nil {
		return fmt.Errorf("list of free pages: %w", err)
	}
	if flags := order.Uint16(page[8:]); flags != flagFreelist {
		return fmt.Errorf("page %d has flags %#x, not those of a list of free pages", id, flags)
	}
	ids, count := page[pageHeader:], uint64(order.Uint16(page[10:]))
	if count == 0xFFFF { // more than fit into the header
		count, ids = order.Uint64(ids), ids[8:]
	}
	if count > uint64(len(ids)/8) {
		return fmt.Errorf("list of free pages: it can't hold %d pages", count)
	}
	for i := range count {
		free := order.Uint64(ids[8*i:])
		if free < 2 || free >= c.pages || c.seen[free] {
			return fmt.Errorf("list of free pages: page %d can't be free", free)
		}
		c.seen[free] = true
	}
	return nil
}
