package store

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// A backup is a text file: a line that says what it is, a line for each record,
// in the order of their keys, and a line with their number and a checksum of all
// lines before it. Each line is JSON.

const (
	backupFormat  = "hora-backup"
	backupVersion = 1
	maxBackupLine = 4 << 20 // a record of MaxValueBytes in base64, with room to spare
)

// restoring is the key of a record that is there while a restore is under way.
const restoring = "restoring"

// Errors of a restore.
var (
	// ErrNotEmpty says that the store has records already.
	ErrNotEmpty = errors.New("the store is not empty")
	// ErrBackup says that a file is no backup, or not a whole one.
	ErrBackup = errors.New("not a whole backup")
	// ErrUnfinished says that a restore was begun and not brought to its end.
	ErrUnfinished = errors.New("a restore was not brought to its end: restore again, with force")
)

type backupHead struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Made    time.Time `json:"made"`
}

type backupRecord struct {
	Key   string `json:"key"`
	Value []byte `json:"value"`
}

type backupEnd struct {
	Records int    `json:"records"`
	SHA256  string `json:"sha256"`
}

// maxReads is how often a store that changes is read until what was read fits together.
const maxReads = 5

// Backup writes all records of a store, and returns how many. It need not lead,
// and others may lead meanwhile. What it writes has been read by the codec, and
// a scheduler can begin with it.
func Backup(ctx context.Context, b Backend, w io.Writer, now time.Time) (int, error) {
	var list []Op
	for try := 1; ; try++ {
		var err error
		if list, err = readAll(ctx, b); err != nil {
			return 0, err
		}
		if err = checkRecords(list); err == nil {
			break
		}
		// Records of different moments may not fit together.
		if try == maxReads {
			return 0, err
		}
	}
	sum := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(w, sum), 1<<16)
	enc := json.NewEncoder(out) // its errors stay in out
	_ = enc.Encode(backupHead{backupFormat, backupVersion, now.UTC()})
	for _, op := range list {
		_ = enc.Encode(backupRecord(op))
	}
	if err := out.Flush(); err != nil {
		return 0, err
	}
	end, err := json.Marshal(backupEnd{len(list), fmt.Sprintf("%x", sum.Sum(nil))})
	if err != nil {
		return 0, err
	}
	_, err = w.Write(append(end, '\n'))
	return len(list), err
}

func readAll(ctx context.Context, b Backend) ([]Op, error) {
	var list []Op
	err := b.Load(ctx, "", func(key string, value []byte) error {
		list = append(list, Op{key, value})
		return nil
	})
	return list, err
}

// checkRecords reads every record, and makes a scheduler's state of them all.
func checkRecords(list []Op) error {
	var r scheduler.Records
	for _, op := range list {
		if err := checkRecord(&r, op); err != nil {
			return &CorruptError{op.Key, err}
		}
	}
	if _, err := scheduler.New(scheduler.DefaultConfig(), r); err != nil {
		return fmt.Errorf("the records do not fit together: %w", err)
	}
	return nil
}

// checkRecord reads one record by its key, and keeps what a state is made of.
func checkRecord(r *scheduler.Records, op Op) (err error) {
	kind, _, _ := strings.Cut(op.Key, "/")
	switch kind + "/" {
	case metaKey + "/":
		r.Meta, err = decodeMeta(op.Value)
	case jobPrefix:
		err = appendTo(&r.Jobs, decodeJob, op.Value)
	case statePrefix:
		err = appendTo(&r.States, decodeState, op.Value)
	case runPrefix:
		err = appendTo(&r.Runs, decodeRun, op.Value)
	case entryPrefix:
		_, err = decodeEntry(op.Value)
	case revisionPrefix:
		_, err = decodeRevision(op.Value)
	case tallyPrefix:
		_, err = decodeTally(op.Value)
	case auditPrefix:
		_, err = decodeAudit(op.Value)
	case restoring + "/":
		err = ErrUnfinished
	default:
		err = errors.New("no record of hora has such a key")
	}
	return err
}

// readBackup reads a backup whole, and checks it.
func readBackup(r io.Reader) ([]Op, error) {
	sum := sha256.New()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxBackupLine)
	var list []Op
	var head backupHead
	for n := 1; lines.Scan(); n++ {
		line := lines.Bytes()
		var x struct {
			backupHead
			backupEnd
			backupRecord
		} // an element of each kind; their names differ
		if err := json.Unmarshal(line, &x); err != nil {
			return nil, fmt.Errorf("line %d: %w: %w", n, ErrBackup, err)
		}
		switch {
		case n == 1 && x.Format != backupFormat:
			return nil, fmt.Errorf("%w: it does not begin with the format %s", ErrBackup, backupFormat)
		case n == 1 && x.Version > backupVersion:
			return nil, fmt.Errorf("%w: format version %d: %w", ErrBackup, x.Version, ErrNewer)
		case n == 1:
			head = x.backupHead
		case x.SHA256 != "":
			return list, checkEnd(x.backupEnd, list, sum, lines)
		case x.Key == "" || x.Value == nil || len(list) > 0 && x.Key <= list[len(list)-1].Key:
			return nil, fmt.Errorf("line %d: %w: neither a record nor the end", n, ErrBackup)
		default:
			list = append(list, Op(x.backupRecord))
		}
		sum.Write(line)
		sum.Write([]byte{'\n'})
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrBackup, err)
	}
	return nil, fmt.Errorf("%w: its end is missing (made %v, %d records)", ErrBackup, head.Made, len(list))
}

func checkEnd(end backupEnd, list []Op, sum hash.Hash, lines *bufio.Scanner) error {
	switch {
	case end.Records != len(list):
		return fmt.Errorf("%w: it has %d records, and should have %d", ErrBackup, len(list), end.Records)
	case end.SHA256 != fmt.Sprintf("%x", sum.Sum(nil)):
		return fmt.Errorf("%w: its checksum is wrong", ErrBackup)
	case lines.Scan():
		return fmt.Errorf("%w: something follows its end", ErrBackup)
	}
	return nil
}

// Restore writes a backup into a store that is empty; with force it replaces
// what is there. The term is that of the caller. Everything is checked before
// anything is written, and until all is written nobody can begin with a part of it.
func Restore(ctx context.Context, b Backend, term *Term, r io.Reader, force bool) (int, error) {
	list, err := readBackup(r)
	if err != nil {
		return 0, err
	}
	if err := checkRecords(list); err != nil {
		return 0, err
	}
	var old []Op
	err = b.Load(ctx, "", func(key string, _ []byte) error {
		if !force && key != restoring {
			return ErrNotEmpty
		}
		if key != restoring {
			old = append(old, Op{Key: key})
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	begin, end := []Op{{restoring, []byte{}}}, []Op{{Key: restoring}}
	for _, part := range [][]Op{begin, old, list, end} {
		if err := commitAll(ctx, b, term, part); err != nil {
			return 0, fmt.Errorf("%w; nobody can begin with what is there now: restore again, with force", err)
		}
	}
	return len(list), nil
}

// commitAll commits ops in as many commits as it takes.
func commitAll(ctx context.Context, b Backend, term *Term, ops []Op) error {
	for len(ops) > 0 {
		n, bytes := 0, 0
		for n < len(ops) && n < MaxCommitOps {
			size := len(ops[n].Key) + len(ops[n].Value)
			if n > 0 && bytes+size > MaxCommitBytes/2 {
				break
			}
			bytes += size
			n++
		}
		if err := b.Commit(ctx, term, ops[:n]); err != nil {
			return err
		}
		ops = ops[n:]
	}
	return nil
}
