package cluster

import (
	"testing"
	"time"

	"github.com/hora-scheduler/hora/zookeepertest"
)

// TestGroupOutlivesSessions: masters whose sessions with ZooKeeper have all
// expired, that of the observer among them, elect a leader again.
func TestGroupOutlivesSessions(t *testing.T) {
	t.Parallel()
	zk := zookeepertest.Start(t, zookeepertest.Config{})
	c := start(t, Config{Masters: 2, ZooKeeper: "zk://" + zk.Addr() + "/mesos", Election: Timing{Session: time.Second, Agents: -1}})
	until := func(what string, is func() bool) {
		t.Helper()
		for deadline := time.Now().Add(90 * time.Second); !is(); <-time.After(20 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s is not so", what)
			}
		}
	}
	until("a master leads", func() bool { return c.Leader() >= 0 })
	for range 2 {
		zk.Pause(t)
		until("no master leads", func() bool { return c.Leader() < 0 })
		<-time.After(3 * time.Second) // sessions expire by ZooKeeper's clock, which goes on
		zk.Resume(t)
		until("a master leads again", func() bool { return c.Leader() >= 0 })
	}
}
