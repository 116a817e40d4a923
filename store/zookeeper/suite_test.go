package zookeeper

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/storetest"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// long is a session time-out that no machine is too busy for.
const long = time.Minute

// connect returns a connection that knows nothing of hora.
func connect(t testing.TB, addr string) *zk.Conn {
	t.Helper()
	conn, events, err := zk.Connect([]string{addr}, long, zk.WithLogInfo(false), zk.WithLogger(quiet{}))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	go func() {
		for range events {
		}
	}()
	return conn
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// opener opens handles on one path.
type opener struct {
	options Options
	limits  limits
	admin   *zk.Conn
}

func (o *opener) Open(t *testing.T) store.Backend {
	t.Helper()
	b, err := Open(o.options)
	if err != nil {
		t.Fatal(err)
	}
	b.limits = o.limits
	return b
}

// Depose deletes the node of the leader, as ZooKeeper does when a session ends.
func (o *opener) Depose(t *testing.T) {
	t.Helper()
	at := layout{o.options.Path}
	data, _, err := o.admin.Get(at.term())
	if err != nil {
		t.Fatal(err)
	}
	var now termV1
	if err := json.Unmarshal(data, &now); err != nil {
		t.Fatal(err)
	}
	if err := o.admin.Delete(at.candidate(now.Candidate), anyVersion); err != nil {
		t.Fatal(err)
	}
}

// TestSuite runs with limits as they are, and with such that the journal is
// folded and pages are split all the time.
func TestSuite(t *testing.T) {
	t.Parallel()
	tiny := limits{entries: 3, minBytes: 8 << 10, maxBytes: 64 << 10, page: 2 << 10, batch: 16 << 10, window: 16}
	for name, l := range map[string]limits{"Default": defaultLimits, "Tiny": tiny} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := zookeepertest.Shared(t)
			storetest.Run(t, func(t *testing.T) storetest.Opener {
				return &opener{
					options: Options{Servers: []string{server.Addr()}, Path: zookeepertest.Path(), SessionTimeout: long},
					limits:  l, admin: connect(t, server.Addr()),
				}
			})
		})
	}
}
