package bolt

import (
	"testing"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/storetest"
)

// opener opens a data directory once for all handles that are open at a time,
// as the process that hora is.
type opener struct {
	dir  string
	last *Backend
}

func (o *opener) Open(t *testing.T) store.Backend {
	t.Helper()
	if o.last != nil {
		if b, err := o.last.file.share(); err == nil {
			o.last = b
			return b
		}
	}
	b, err := Open(o.dir)
	if err != nil {
		t.Fatal(err)
	}
	o.last = b
	return b
}

func (o *opener) Depose(*testing.T) { o.last.file.election.Depose()() }

func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) storetest.Opener { return &opener{dir: t.TempDir()} })
}
