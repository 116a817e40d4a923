package mesos

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
)

// Errors of a RecordReader, besides those of the reader below it.
var (
	// ErrRecordLength says that where the length of a record should stand
	// there is something else.
	ErrRecordLength = errors.New("malformed record length")
	// ErrRecordTooLong says that a record is longer than the limit.
	ErrRecordTooLong = errors.New("record too long")
)

const (
	// DefaultMaxRecord is how long a record may be, in bytes, if nothing else is
	// said. One OFFERS event holds all agents: 35,000 of them are about 13 MB
	// (Mesos contract 1.3).
	DefaultMaxRecord = 256 << 20

	maxLengthDigits = 20      // of 2⁶⁴-1
	firstRead       = 1 << 16 // how much room is made for a record before any of it was seen
	keptBuffer      = 1 << 20 // a larger buffer is given back after keptFor small records
	keptFor         = 64
)

// RecordReader reads RecordIO: records of a decimal length, a newline and as
// many bytes (Mesos contract 1.3). How the bytes come in chunks is of no effect.
type RecordReader struct {
	r     *bufio.Reader
	max   uint64
	buf   []byte
	small int // records since the last that needed more than keptBuffer
}

// NewRecordReader returns a reader of records of up to max bytes;
// 0 is DefaultMaxRecord.
func NewRecordReader(r io.Reader, max int) *RecordReader {
	if max <= 0 {
		max = DefaultMaxRecord
	}
	return &RecordReader{r: bufio.NewReaderSize(r, firstRead), max: uint64(max)}
}

// Next returns the payload of the next record, which is valid until the next
// call. Its error is io.EOF if the stream ends where a record may begin,
// io.ErrUnexpectedEOF if it ends within one, ErrRecordLength, ErrRecordTooLong
// or what the reader below said. After an error the reader is of no use.
func (r *RecordReader) Next() ([]byte, error) {
	n, err := r.length()
	if err != nil {
		return nil, err
	}
	if cap(r.buf) > keptBuffer {
		if r.small++; n > keptBuffer {
			r.small = 0
		} else if r.small > keptFor {
			r.buf, r.small = nil, 0
		}
	}
	// Room grows as bytes arrive, so that a wrong length alone costs no memory.
	r.buf = r.buf[:0]
	for len(r.buf) < n {
		have := len(r.buf)
		want := min(n, max(2*have, firstRead, cap(r.buf)))
		r.buf = slices.Grow(r.buf, want-have)[:want]
		if _, err := io.ReadFull(r.r, r.buf[have:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
	}
	return r.buf, nil
}

// length reads a length and its newline.
func (r *RecordReader) length() (int, error) {
	var n uint64
	for digits := 0; ; digits++ {
		c, err := r.r.ReadByte()
		switch {
		case err == io.EOF && digits > 0:
			return 0, io.ErrUnexpectedEOF
		case err != nil:
			return 0, err
		case c == '\n' && digits > 0:
			return int(n), nil
		case c < '0' || c > '9':
			return 0, fmt.Errorf("%w: %q where a digit was expected", ErrRecordLength, c)
		case digits == maxLengthDigits:
			return 0, fmt.Errorf("%w: more than %d digits", ErrRecordLength, maxLengthDigits)
		}
		// n stays below the limit, which is an int, so this can't overflow.
		if n = n*10 + uint64(c-'0'); n > r.max {
			return 0, fmt.Errorf("%w: the limit is %d bytes", ErrRecordTooLong, r.max)
		}
	}
}

// RecordWriter writes RecordIO.
type RecordWriter struct {
	w   io.Writer
	buf []byte
}

// NewRecordWriter returns a writer of records.
func NewRecordWriter(w io.Writer) *RecordWriter { return &RecordWriter{w: w} }

// Write writes one record, in one write to the writer below.
func (w *RecordWriter) Write(payload []byte) error {
	w.buf = strconv.AppendInt(w.buf[:0], int64(len(payload)), 10)
	w.buf = append(w.buf, '\n')
	w.buf = append(w.buf, payload...)
	_, err := w.w.Write(w.buf)
	if cap(w.buf) > keptBuffer {
		w.buf = nil
	}
	return err
}
