package memory_test

import (
	"testing"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
	"github.com/hora-scheduler/hora/store/storetest"
)

type opener struct{ server *memory.Server }

func (o opener) Open(*testing.T) store.Backend { return o.server.Open() }
func (o opener) Depose(*testing.T)             { o.server.Depose() }

func TestSuite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(*testing.T) storetest.Opener { return opener{memory.NewServer()} })
}
