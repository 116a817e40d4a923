package detector_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/detector"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// patience is how long a test waits for what must come.
const patience = 60 * time.Second

func groupURL(s *zookeepertest.Server) string { return "zk://" + s.Addr() + "/mesos" }

// listener is a handler that tells where it is subscribed.
type listener chan string

// Subscribed implements mesos.Handler.
func (l listener) Subscribed(s *mesos.Session, _ *scheduler.Event_Subscribed) { l <- s.Master() }

// Event implements mesos.Handler.
func (l listener) Event(*scheduler.Event) {}

// Disconnected implements mesos.Handler.
func (l listener) Disconnected(err error) { l <- "lost" }

func (l listener) next(t *testing.T) string {
	t.Helper()
	select {
	case at := <-l:
		return at
	case <-time.After(patience):
		t.Fatal("nothing happens")
		return ""
	}
}

// TestRealZooKeeper holds that with a real ZooKeeper masters elect a leader, that
// a framework finds it, follows it when it dies, and outlives ZooKeeper's absence.
func TestRealZooKeeper(t *testing.T) {
	t.Parallel()
	zoo := zookeepertest.Start(t, zookeepertest.Config{})
	sim, err := cluster.Start(t.Context(), cluster.Config{
		Masters: 3, ZooKeeper: groupURL(zoo), Election: cluster.Timing{Session: 2 * time.Second}, Instant: true, WorkDir: t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()
	found, err := detector.Parse(groupURL(zoo), detector.Options{Timeout: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer found.Close()
	timeout := 600.0
	ctx, cancel := context.WithCancel(t.Context())
	told, done := make(listener, 100), make(chan error, 1)
	go func() {
		done <- mesos.Run(ctx, mesos.Config{Detector: found, Framework: mesosv1.FrameworkInfo{User: "root", Name: "t", FailoverTimeout: &timeout}}, "", told)
	}()
	first := told.next(t)
	leader := sim.Leader()
	if leader < 0 || first != sim.MasterURLs()[leader] {
		t.Fatalf("subscribed at %s, but %d leads", first, leader)
	}
	sim.Faults().KillMaster(leader)
	if got := told.next(t); got != "lost" {
		t.Fatalf("the leader dies: %s", got)
	}
	second := told.next(t)
	if second == first || sim.MasterURLs()[sim.Leader()] != second {
		t.Errorf("subscribed at %s, but %d leads", second, sim.Leader())
	}
	if err := sim.Faults().StartMaster(leader); err != nil {
		t.Fatal(err)
	}
	// Without ZooKeeper masters give up, as real ones do; all is well again when it is back.
	zoo.Kill()
	if got := told.next(t); got != "lost" {
		t.Fatalf("ZooKeeper dies: %s", got)
	}
	zoo.Relaunch(t)
	third := told.next(t)
	if n := sim.Leader(); n < 0 || sim.MasterURLs()[n] != third {
		t.Errorf("subscribed at %s, but %d leads", third, n)
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("Run returned %v", err)
	}
}

// TestRealDigest holds that a group that only one identity may read is read with
// it, and not with another.
func TestRealDigest(t *testing.T) {
	t.Parallel()
	zoo := zookeepertest.Start(t, zookeepertest.Config{})
	conn, _, err := zk.Connect([]string{zoo.Addr()}, 2*time.Second, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	acl := zk.DigestACL(zk.PermAll, "u", "s3cr3t")
	node := `{"address":{"hostname":"m1","ip":"10.0.0.1","port":5050}}`
	for deadline := time.Now().Add(patience); ; {
		if err = conn.AddAuth("digest", []byte("u:s3cr3t")); err == nil {
			if _, err = conn.Create("/mesos", nil, 0, acl); err == nil {
				_, err = conn.Create("/mesos/json.info_", []byte(node), zk.FlagEphemeral|zk.FlagSequence, acl)
			}
		}
		if err == nil || time.Now().After(deadline) {
			break
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	detect := func(credentials string, patience time.Duration) (string, error) {
		d, err := detector.Parse(fmt.Sprintf("zk://%s@%s/mesos", credentials, zoo.Addr()), detector.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		return d.Detect(ctx, "")
	}
	if at, err := detect("u:s3cr3t", patience); at != "http://10.0.0.1:5050" {
		t.Errorf("found %q, %v", at, err)
	}
	if at, err := detect("u:wrong", time.Second); err == nil {
		t.Errorf("found %q with a wrong password", at)
	}
}
