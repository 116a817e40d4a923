package chronos_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/zookeeper"
	"github.com/hora-scheduler/hora/zookeepertest"
)

func TestParseLocation(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"zk://a": "a:2181 /x ", "zk://a:1,b/": "a:1,b:2181 /x ", "zk://u:p@a:1/chronos/state/": "a:1 /chronos/state u:p", "zk://u:p@q@a/y": "a:2181 /y u:p@q",
	} {
		l, err := chronos.ParseLocation(text, "/x")
		if got := strings.Join(l.Servers, ",") + " " + l.Path + " " + l.Auth; err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "a:1/x", "zk://", "zk:///x", "zk://a,,b/x", "zk://hush@a/x", "zk://:hush@a/x"} {
		if l, err := chronos.ParseLocation(text, "/x"); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%q: %+v, %v", text, l, err)
		}
	}
}

// BenchmarkImportZooKeeper imports 50,000 jobs from a real ZooKeeper into a
// store there. Less than 30 s are wanted.
func BenchmarkImportZooKeeper(b *testing.B) {
	addr := zookeepertest.Start(b, zookeepertest.Config{}).Addr()
	conn, events, err := zk.Connect([]string{addr}, time.Minute, zk.WithLogInfo(false))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	go func() {
		for range events {
		}
	}()
	ops := []any{}
	flush := func() {
		if _, err := conn.Multi(ops...); err != nil {
			b.Fatal(err)
		}
		ops = ops[:0]
	}
	add := func(path string, data []byte) {
		ops = append(ops, &zk.CreateRequest{Path: path, Data: data, Acl: zk.WorldACL(zk.PermAll)})
		if len(ops) == 500 {
			flush()
		}
	}
	add("/chronos", nil)
	add("/chronos/state", nil)
	for name, data := range many(b, 50_000).data {
		add("/chronos/state/"+name, data)
	}
	flush()
	for b.Loop() {
		nodes, err := chronos.Connect(b.Context(), chronos.Location{Servers: []string{addr}, Path: "/chronos"})
		if err != nil {
			b.Fatal(err)
		}
		snap, err := chronos.Read(b.Context(), nodes, defaults)
		nodes.Close()
		if err != nil {
			b.Fatal(err)
		}
		backend, err := zookeeper.Open(zookeeper.Options{Servers: []string{addr}, Path: zookeepertest.Path()})
		if err != nil {
			b.Fatal(err)
		}
		plan, err := chronos.ImportInto(b.Context(), store.New(backend), snap, chronos.ImportOptions{Apply: true})
		if err != nil || plan.Count(chronos.New) != 50_000 {
			b.Fatalf("%v, %v", plan, err)
		}
		if err := backend.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
