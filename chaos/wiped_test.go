package chaos_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestWiped: a ZooKeeper that was wiped is refused by processes that run and by
// those that are started anew, loudly, until a person has restored what was there
// and says that it is right.
func TestWiped(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w := newWorldOf(t, *session, *seed, func(n *node) {
		n.args = append(n.args, "--zk_identity_file", filepath.Join(dir, n.name))
	})
	if _, err := w.leader().call("POST", "/v1/scheduler/iso8601", map[string]any{"name": "kept", "command": "true", "schedule": "@daily"}, nil); err != nil {
		t.Fatal(err)
	}
	for _, n := range w.nodes {
		w.until(n.name+" remembers the store", func() bool { _, err := os.Stat(filepath.Join(dir, n.name)); return err == nil })
	}
	backup := filepath.Join(dir, "backup")
	at := []string{"--zk_hosts", w.zk.Addr(), "--zk_path", "/chaos"}
	if out, err := w.hora(append([]string{"backup", backup}, at...)...); err != nil {
		t.Fatalf("backup: %v: %s", err, out)
	}
	refused := func(when string, mayLead bool) {
		t.Helper()
		for _, n := range w.nodes {
			w.until(n.name+" says what is wrong, "+when, func() bool {
				var ready struct {
					Leading bool
					Broken  string
				}
				_, err := n.call("GET", "/ready", nil, &ready)
				if ready.Leading && !mayLead {
					t.Fatalf("%s leads, %s", n.name, when)
				}
				return err != nil && strings.Contains(err.Error(), "ZooKeeper has lost what hora stored in it")
			})
		}
	}
	w.zk.Wipe(t)
	refused("while it runs", true) // until it notices
	restart := func() {
		for _, n := range w.nodes {
			n.signal(syscall.SIGTERM)
			if !n.over(patience) {
				t.Fatalf("%s was told to stop and goes on", n.name)
			}
			n.start()
		}
	}
	restart()
	refused("started anew", false)
	if out, err := w.hora(append([]string{"restore", backup}, at...)...); err != nil {
		t.Fatalf("restore: %v: %s", err, out)
	}
	restart()
	refused("restored, and nobody has said that it is right", false)
	for _, n := range w.nodes {
		if err := os.Remove(filepath.Join(dir, n.name)); err != nil {
			t.Error(err)
		}
	}
	restart()
	var list []struct{ Name string }
	if _, err := w.leader().call("GET", "/v1/scheduler/jobs", nil, &list); err != nil || len(list) != 1 || list[0].Name != "kept" {
		t.Errorf("after the restore there are %v, %v", list, err)
	}
	for _, n := range w.nodes {
		w.until(n.name+" remembers the store", func() bool { _, err := os.Stat(filepath.Join(dir, n.name)); return err == nil })
	}
}
