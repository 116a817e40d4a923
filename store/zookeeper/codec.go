package zookeeper

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/hora-scheduler/hora/store"
)

// Pages and entries of the journal are a version byte, the number of records,
// the records, and the CRC-32C, little endian, of a name and of all that comes
// before. The name, the key at which a page begins or the number of an entry,
// has one that was put in the place of another noticed. A record is its key and
// its value, each after its length; the length of a value is one more than it
// is, and 0 for a record that is deleted. Numbers are varints.
const (
	version1 = 1
	sumBytes = 4
)

// record is a key and its value, nil for a deleted one.
type record struct {
	key   string
	value []byte
}

// size is about how much a record takes in a page.
func (r record) size() int { return len(r.key) + len(r.value) + 5 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var (
	errTruncated = errors.New("it is cut off")
	errChecksum  = errors.New("its checksum is wrong")
	errOrder     = errors.New("its records are not in order")
)

func encodeRecords(name string, records []record) []byte {
	size := 16
	for _, r := range records {
		size += r.size()
	}
	b := make([]byte, 0, size)
	b = append(b, version1)
	b = binary.AppendUvarint(b, uint64(len(records)))
	for _, r := range records {
		b = binary.AppendUvarint(b, uint64(len(r.key)))
		b = append(b, r.key...)
		if r.value == nil {
			b = append(b, 0)
			continue
		}
		b = binary.AppendUvarint(b, uint64(len(r.value))+1)
		b = append(b, r.value...)
	}
	return binary.LittleEndian.AppendUint32(b, checksum(name, b))
}

func checksum(name string, body []byte) uint32 {
	return crc32.Update(crc32.Checksum([]byte(name), castagnoli), castagnoli, body)
}

// decodeRecords reads records. Their values are parts of b.
func decodeRecords(name string, b []byte) ([]record, error) {
	if len(b) < 1+1+sumBytes {
		return nil, errTruncated
	}
	if b[0] > version1 {
		return nil, fmt.Errorf("version %d: %w", b[0], store.ErrNewer)
	}
	body, sum := b[:len(b)-sumBytes], binary.LittleEndian.Uint32(b[len(b)-sumBytes:])
	if b[0] != version1 || checksum(name, body) != sum {
		return nil, errChecksum
	}
	rest := body[1:]
	count, ok := uvarint(&rest)
	if !ok || count > uint64(len(rest)) {
		return nil, errTruncated
	}
	records := make([]record, 0, count)
	for range count {
		key, ok := field(&rest, 0)
		if !ok {
			return nil, errTruncated
		}
		var value []byte
		if len(rest) > 0 && rest[0] == 0 {
			rest = rest[1:]
		} else if value, ok = field(&rest, 1); !ok {
			return nil, errTruncated
		}
		records = append(records, record{string(key), value})
	}
	if len(rest) > 0 {
		return nil, errTruncated
	}
	return records, nil
}

// field cuts a field that follows its length plus more. It is never nil.
func field(rest *[]byte, more uint64) ([]byte, bool) {
	n, ok := uvarint(rest)
	if !ok || n < more || n-more > uint64(len(*rest)) {
		return nil, false
	}
	n -= more
	f := (*rest)[:n:n]
	*rest = (*rest)[n:]
	return f, true
}

func uvarint(rest *[]byte) (uint64, bool) {
	n, size := binary.Uvarint(*rest)
	if size <= 0 {
		return 0, false
	}
	*rest = (*rest)[size:]
	return n, true
}

// encodePage encodes the records of the page that begins at a key.
func encodePage(start string, records []record) []byte { return encodeRecords("page "+start, records) }

// decodePage reads a page, which holds no deleted records.
func decodePage(start string, b []byte) ([]record, error) {
	records, err := decodeRecords("page "+start, b)
	if err != nil {
		return nil, err
	}
	for i, r := range records {
		if r.key < start || r.value == nil || i > 0 && r.key <= records[i-1].key {
			return nil, errOrder
		}
	}
	return records, nil
}

func encodeEntry(seq uint64, records []record) []byte {
	return encodeRecords(fmt.Sprintf("entry %d", seq), records)
}

func decodeEntry(seq uint64, b []byte) ([]record, error) {
	return decodeRecords(fmt.Sprintf("entry %d", seq), b)
}
