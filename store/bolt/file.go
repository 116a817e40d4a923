package bolt

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/election"
)

// The layout of the file: bucket "records" holds the records, bucket "meta"
// the numbers below, as 8 bytes, big endian. Both have checksums (encode).
var (
	metaBucket    = []byte("meta")
	recordsBucket = []byte("records")
	formatKey     = []byte("format") // which layout this is
	termKey       = []byte("term")   // number of the latest term
)

// format is the layout that this release writes, and the only one it reads.
const format = 1

// fillPercent is how full pages are left when they are split. Keys come partly
// in order (runs, by time) and partly at random (jobs), and most writes replace
// a record by one of about the same size.
const fillPercent = 0.75

// How long another process may take to let the file go, and how often to look.
const (
	lockTimeout = time.Second
	lockRetry   = 20 * time.Millisecond
)

// file is an open file with its election, shared by handles.
type file struct {
	path     string
	election *election.Election

	mu    sync.RWMutex // held to use db, and exclusively to replace it
	db    *bolt.DB     // nil after closing, or when it couldn't be reopened
	holds int          // handles; 0 after closing
	cause error        // why db couldn't be reopened

	// writing is held, beside mu, from before a transaction until its outcome
	// is known: no commit can follow one that failed, and a term that checks
	// its fence while it holds writing has written before the next term gets
	// its number.
	writing sync.Mutex
	suspect bool // a transaction failed: db must be opened anew
}

// openFile opens the file in dir or makes it.
func openFile(dir string) (*file, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory: %w", err)
	}
	f := &file{path: filepath.Join(dir, FileName), holds: 1}
	f.election = election.New(f.nextTerm)
	if _, err := os.Lstat(f.path); errors.Is(err, fs.ErrNotExist) {
		if err := create(f.path); err != nil {
			return nil, fmt.Errorf("create %s: %w", f.path, err)
		}
	}
	db, err := openDB(f.path)
	if err != nil {
		return nil, err
	}
	f.db = db
	return f, nil
}

// create makes an empty database at path, whole or not at all: were it made in
// place, a crash could leave a file that looks like one that was cut off. If
// another process makes it at the same time, the first one wins.
func create(path string) error {
	dir := filepath.Dir(path)
	tmp, err := os.CreateTemp(dir, FileName+".new-*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := tmp.Close(); err != nil {
		return err
	}
	db, err := bolt.Open(tmp.Name(), 0o600, options())
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		if _, err := tx.CreateBucket(recordsBucket); err != nil {
			return err
		}
		meta, err := tx.CreateBucket(metaBucket)
		if err != nil {
			return err
		}
		return errors.Join(putNumber(meta, formatKey, format), putNumber(meta, termKey, 0))
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	if err := os.Link(tmp.Name(), path); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(dir)
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// options are those of every opening: fsync stays on. The list of free pages
// is not stored but found again at opening, which makes commits cheaper.
func options() *bolt.Options {
	return &bolt.Options{
		Timeout:        lockTimeout,
		NoFreelistSync: true,
		FreelistType:   bolt.FreelistMapType,
		NoStatistics:   true,
	}
}

// openDB opens an existing file, once it is locked and found whole: bbolt
// itself would write to an empty file and panic over a damaged one.
func openDB(path string) (*bolt.DB, error) {
	opts := options()
	opts.OpenFile = func(name string, _ int, _ os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			return nil, err
		}
		if err := lock(f); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if err := checkFile(f); err != nil {
			return nil, errors.Join(&store.CorruptError{Key: path, Err: err}, f.Close())
		}
		return f, nil
	}
	db, err := bolt.Open(path, 0o600, opts)
	var pathErr *fs.PathError
	var corrupt *store.CorruptError
	switch {
	case err == nil:
	case errors.As(err, &pathErr), errors.As(err, &corrupt): // they name the path
		return nil, err
	case errors.Is(err, berrors.ErrTimeout):
		return nil, fmt.Errorf("open %s: %w", path, ErrInUse)
	default:
		return nil, fmt.Errorf("open %s: %w", path, err)
	}
	if err := db.View(checkLayout); err != nil {
		return nil, errors.Join(&store.CorruptError{Key: path, Err: err}, db.Close())
	}
	return db, nil
}

// checkLayout says whether the database is one of ours.
func checkLayout(tx *bolt.Tx) error {
	meta := tx.Bucket(metaBucket)
	if meta == nil || tx.Bucket(recordsBucket) == nil {
		return errors.New("it is a database, but not one of hora")
	}
	n, err := number(meta, formatKey)
	if err != nil {
		return err
	}
	if n != format {
		return fmt.Errorf("it has format %d, and this release of hora knows only %d", n, format)
	}
	_, err = number(meta, termKey)
	return err
}

func number(meta *bolt.Bucket, key []byte) (int64, error) {
	b, err := decode(string(key), meta.Get(key))
	if err != nil {
		return 0, err
	}
	if len(b) != 8 {
		return 0, fmt.Errorf("%s has %d bytes, want 8", key, len(b))
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

func putNumber(meta *bolt.Bucket, key []byte, n int64) error {
	return meta.Put(key, encode(string(key), binary.BigEndian.AppendUint64(nil, uint64(n))))
}

func (f *file) handle() *Backend {
	return &Backend{file: f, member: f.election.Join()}
}

// share returns another handle, unless the file is closed.
func (f *file) share() (*Backend, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holds == 0 {
		return nil, fmt.Errorf("bolt: share: %w", store.ErrClosed)
	}
	f.holds++
	return f.handle(), nil
}

// release takes a handle away, and closes the file with the last one.
func (f *file) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.holds--
	if f.holds > 0 || f.db == nil {
		return nil
	}
	db := f.db
	f.db = nil
	return db.Close()
}

// usable says why db can't be used; f.mu is held.
func (f *file) usable() error {
	switch {
	case f.holds == 0:
		return store.ErrClosed
	case f.db == nil:
		return fmt.Errorf("%s is not open: %w", f.path, f.cause)
	}
	return nil
}

// view calls read in a read transaction.
func (f *file) view(read func(records *bolt.Bucket) error) error {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if err := f.usable(); err != nil {
		return err
	}
	return f.db.View(func(tx *bolt.Tx) error { return read(tx.Bucket(recordsBucket)) })
}

// commit checks the fence and writes ops in one transaction. If the database
// fails, nobody knows what is on disk: the term ends, and the next one opens
// the file anew.
func (f *file) commit(ctx context.Context, term *store.Term, ops []store.Op) error {
	refused, err := f.write(len(ops) > 0, func(tx *bolt.Tx) error {
		if err := ctx.Err(); err != nil { // another commit may have taken long
			return err
		}
		if !f.election.Current(term) {
			return store.ErrFenced
		}
		return put(tx.Bucket(recordsBucket), ops)
	})
	if err == nil || refused {
		return err
	}
	f.election.Depose()()
	return err
}

// write runs change in a write transaction, or in one that only reads, without
// fsync, if it has nothing to write. refused means that nothing was written,
// because change or the file itself refused to.
func (f *file) write(writes bool, change func(*bolt.Tx) error) (refused bool, err error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	if err := f.usable(); err != nil {
		return true, err
	}
	f.writing.Lock()
	defer f.writing.Unlock()
	if f.suspect {
		return true, store.ErrFenced // an earlier commit of this term failed
	}
	transact := f.db.View
	if writes {
		transact = f.db.Update
	}
	var reason error
	err = transact(func(tx *bolt.Tx) error {
		reason = change(tx)
		return reason
	})
	if err != nil && reason == nil {
		f.suspect = true
		err = fmt.Errorf("write %s: %w", f.path, err)
	}
	return reason != nil, err
}

func put(records *bolt.Bucket, ops []store.Op) error {
	records.FillPercent = fillPercent
	for _, op := range ops {
		var err error
		if op.Value == nil {
			err = records.Delete([]byte(op.Key))
		} else {
			err = records.Put([]byte(op.Key), encode(op.Key, op.Value))
		}
		if err != nil {
			return fmt.Errorf("%q: %w", op.Key, err)
		}
	}
	return nil
}

// nextTerm stores the number of a new term and returns it.
func (f *file) nextTerm() (int64, error) {
	if err := f.reopen(); err != nil {
		return 0, err
	}
	var n int64
	_, err := f.write(true, func(tx *bolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		last, err := number(meta, termKey)
		if err != nil {
			return &store.CorruptError{Key: f.path, Err: err}
		}
		n = last + 1
		return putNumber(meta, termKey, n)
	})
	return n, err
}

// reopen opens the file anew if a transaction has failed.
func (f *file) reopen() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.holds == 0 || (f.db != nil && !f.suspect) {
		return nil // closed is for write to say
	}
	if f.db != nil {
		db := f.db
		f.db, f.cause = nil, errors.New("closing it failed")
		if err := db.Close(); err != nil {
			f.cause = err
			return fmt.Errorf("close %s: %w", f.path, err)
		}
	}
	db, err := openDB(f.path)
	if err != nil {
		f.cause = err
		return err
	}
	f.db, f.suspect = db, false
	return nil
}
