// Package bolt keeps records in one file, hora.db, on the local disk. It is
// the embedded store: no other service is needed, and only one process at a
// time can open the file, so that an election takes place among the handles of
// that process alone.
//
// Every commit is on disk, by fsync, when it returns. Each value carries a
// checksum, and the structure of the file is checked whenever it is opened;
// what can't be read is reported with its name and never overwritten. The
// package does not gather commits (fsync is what they cost, so the caller
// should), does not shrink the file, and does not make backups: to copy the
// file, stop hora first.
package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sync"

	bolt "go.etcd.io/bbolt"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/election"
)

// FileName is the name of the file in the data directory.
const FileName = "hora.db"

// A page of Load: how much is read in one read transaction. The transaction
// ends before f is called, because while it lasts no page that a commit frees
// can be used again, and a commit that has to enlarge the file waits for it.
// Nothing is lost by that: see [store.Backend] for what Load promises.
const (
	pageRecords = 1000
	pageBytes   = 4 << 20
)

// ErrInUse says that another process has the file open.
var ErrInUse = errors.New("in use by another process, probably another hora")

// Backend is a handle on an open file and implements [store.Backend].
type Backend struct {
	file   *file
	member *election.Member
	once   sync.Once
	err    error // of the first Close
}

// Open opens the file in the data directory dir and makes both, readable for
// their owner only, if they aren't there. It fails with ErrInUse when another
// process still has the file open after a second, and with a
// *[store.CorruptError] whose Key is the path when the file isn't whole: an
// empty file isn't.
func Open(dir string) (*Backend, error) {
	f, err := openFile(dir)
	if err != nil {
		return nil, fmt.Errorf("bolt: %w", err)
	}
	return f.handle(), nil
}

// Share returns another handle on the same open file, which takes part in the
// election on its own. The file is closed with the last of its handles.
func (b *Backend) Share() (*Backend, error) {
	if b.member.Gone() {
		return nil, fmt.Errorf("bolt: share: %w", store.ErrClosed)
	}
	return b.file.share()
}

// Campaign implements [store.Backend]. The number of the term is on disk when
// it returns. After a commit has failed, Campaign opens the file anew first.
func (b *Backend) Campaign(ctx context.Context, self string, seen func(leader string)) (*store.Term, error) {
	term, err := b.member.Campaign(ctx, self, seen)
	if err != nil {
		return nil, fmt.Errorf("bolt: %w", err)
	}
	return term, nil
}

// Load implements [store.Backend].
func (b *Backend) Load(ctx context.Context, prefix string, f func(key string, value []byte) error) error {
	next := []byte(prefix)
	for next != nil {
		if err := b.check(ctx); err != nil {
			return fmt.Errorf("bolt: load %q: %w", prefix, err)
		}
		var page []record
		err := b.file.view(func(records *bolt.Bucket) (err error) {
			page, next, err = readPage(records, prefix, next)
			return err
		})
		if err != nil {
			return fmt.Errorf("bolt: load %q: %w", prefix, err)
		}
		for _, r := range page {
			if err := b.check(ctx); err != nil {
				return fmt.Errorf("bolt: load %q: %w", prefix, err)
			}
			value, err := decode(r.key, r.stored)
			if err != nil {
				return fmt.Errorf("bolt: load %q: %w", prefix, err)
			}
			if err := f(r.key, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// Commit implements [store.Backend]. ctx is minded until the writing begins.
func (b *Backend) Commit(ctx context.Context, term *store.Term, ops []store.Op) error {
	if err := store.CheckOps(ops); err != nil {
		return fmt.Errorf("bolt: %w", err)
	}
	if err := b.check(ctx); err != nil {
		return fmt.Errorf("bolt: commit: %w", err)
	}
	if err := b.file.commit(ctx, term, ops); err != nil {
		return fmt.Errorf("bolt: commit: %w", err)
	}
	return nil
}

// Close implements [store.Backend]. It waits for loads and commits in
// progress.
func (b *Backend) Close() error {
	b.once.Do(func() {
		b.member.Withdraw()
		if err := b.file.release(); err != nil {
			b.err = fmt.Errorf("bolt: close: %w", err)
		}
	})
	return b.err
}

// check says why a call must not go on.
func (b *Backend) check(ctx context.Context) error {
	if b.member.Gone() {
		return store.ErrClosed
	}
	return ctx.Err()
}

// record is a record as it is stored, copied from the file.
type record struct {
	key    string
	stored []byte
}

// readPage copies the records from the key next on that begin with prefix, and
// returns from where to go on, nil for the end.
func readPage(records *bolt.Bucket, prefix string, next []byte) ([]record, []byte, error) {
	var page []record
	size := 0
	c := records.Cursor()
	for k, v := c.Seek(next); k != nil; k, v = c.Next() {
		if len(k) < len(prefix) || string(k[:len(prefix)]) != prefix {
			break
		}
		if len(page) == pageRecords || size > pageBytes {
			return page, append([]byte(nil), k...), nil
		}
		if v == nil { // a bucket, which nobody puts here
			return nil, nil, &store.CorruptError{Key: string(k), Err: errors.New("it is not a record")}
		}
		page = append(page, record{key: string(k), stored: append([]byte(nil), v...)})
		size += len(k) + len(v)
	}
	return page, nil, nil
}

// A stored value is the value followed by the CRC-32C, little endian, of the
// key, a zero byte and the value. The database itself has checksums for its two
// meta pages only.
const sumBytes = 4

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key string, value []byte) uint32 {
	sum := crc32.Checksum(append([]byte(key), 0), castagnoli)
	return crc32.Update(sum, castagnoli, value)
}

func encode(key string, value []byte) []byte {
	stored := make([]byte, 0, len(value)+sumBytes)
	stored = append(stored, value...)
	return binary.LittleEndian.AppendUint32(stored, checksum(key, value))
}

// decode returns the value in stored, and owns it.
func decode(key string, stored []byte) ([]byte, error) {
	n := len(stored) - sumBytes
	if n < 0 {
		return nil, &store.CorruptError{Key: key, Err: fmt.Errorf("its %d bytes are too few for a checksum", len(stored))}
	}
	want := binary.LittleEndian.Uint32(stored[n:])
	if got := checksum(key, stored[:n]); got != want {
		return nil, &store.CorruptError{Key: key, Err: fmt.Errorf("its checksum is %08x, want %08x", got, want)}
	}
	return stored[:n:n], nil
}
