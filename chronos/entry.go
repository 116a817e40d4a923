// Package chronos reads and writes what Chronos 2.4 and 3.0 keep in ZooKeeper:
// jobs, promised tasks, the framework id (contracts/chronos.md 7). With it an
// existing Chronos' state is imported into hora's core, and given back.
//
// It decides nothing of what follows from a job: the core does, here as
// everywhere. It starts no Mesos session and serves nobody.
package chronos

import (
	"crypto/rand"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
)

// Entry is a znode's content: the message mesos.internal.state.Entry, of which
// all fields are required (contracts/chronos.md 7.2).
type Entry struct {
	Name  string // the same as that of the node
	UUID  []byte // 16 bytes, new with each write
	Value []byte
}

// Numbers of the fields of Entry, and of mesos.FrameworkID.
const (
	fieldName  = 1
	fieldUUID  = 2
	fieldValue = 3

	fieldID = 1
)

// MaxEntryBytes is how large Mesos lets an entry be.
const MaxEntryBytes = 1 << 20

// ParseEntry reads a znode's content.
func ParseEntry(data []byte) (Entry, error) {
	var e Entry
	seen := map[protowire.Number]bool{}
	err := fields(data, func(n protowire.Number, v []byte) {
		seen[n] = true
		switch n {
		case fieldName:
			e.Name = string(v)
		case fieldUUID:
			e.UUID = v
		case fieldValue:
			e.Value = v
		}
	})
	switch {
	case err != nil:
		return e, err
	case !seen[fieldName] || !seen[fieldUUID] || !seen[fieldValue]:
		return e, errors.New("is no state entry of Mesos: name, uuid or value is missing")
	case len(e.UUID) != 16:
		return e, fmt.Errorf("is no state entry of Mesos: its uuid has %d bytes, want 16", len(e.UUID))
	}
	return e, nil
}

// fields calls f for each field that is a text or bytes, and passes over others.
func fields(data []byte, f func(protowire.Number, []byte)) error {
	wrong := errors.New("is no protobuf message")
	for len(data) > 0 {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return wrong
		}
		data = data[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
				return wrong
			}
			data = data[n:]
			continue
		}
		v, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return wrong
		}
		f(number, v)
		data = data[n:]
	}
	return nil
}

// Encode writes the entry, with a new uuid (random, version 4).
func (e Entry) Encode() ([]byte, error) {
	uuid := make([]byte, 16)
	_, _ = rand.Read(uuid) // it never fails
	uuid[6], uuid[8] = uuid[6]&0x0f|0x40, uuid[8]&0x3f|0x80
	out := appendField(nil, fieldName, []byte(e.Name))
	out = appendField(out, fieldUUID, uuid)
	out = appendField(out, fieldValue, e.Value)
	if len(out) > MaxEntryBytes {
		return nil, fmt.Errorf("takes %d bytes, Mesos allows %d", len(out), MaxEntryBytes)
	}
	return out, nil
}

func appendField(out []byte, number protowire.Number, v []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(out, number, protowire.BytesType), v)
}

// parseFrameworkID reads the value of the node frameworkId.
func parseFrameworkID(value []byte) (id string, err error) {
	err = fields(value, func(n protowire.Number, v []byte) {
		if n == fieldID {
			id = string(v)
		}
	})
	if err == nil && id == "" {
		err = errors.New("holds no framework id")
	}
	return id, err
}

func encodeFrameworkID(id string) []byte { return appendField(nil, fieldID, []byte(id)) }
