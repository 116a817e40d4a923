package chaos_test

import (
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hora runs a command of the binary.
func (w *world) hora(args ...string) (string, error) {
	out, err := exec.CommandContext(w.t.Context(), w.nodes[0].binary, args...).CombinedOutput()
	return string(out), err
}

// TestBackup: a store is backed up while it is used, cannot be replaced under a
// leader, and is as it was once it has been restored. Told to stop, leaders hand
// over in less than a second.
func TestBackup(t *testing.T) {
	t.Parallel()
	w := newWorld(t, *session, *seed)
	w.steadyJobs(3, 6*time.Second)
	file := filepath.Join(t.TempDir(), "backup")
	at := []string{"--zk_hosts", w.zk.Addr(), "--zk_path", "/chaos"}
	if out, err := w.hora(append([]string{"backup", file}, at...)...); err != nil || !strings.Contains(out, " records of ") {
		t.Fatalf("backup: %v: %s", err, out)
	}
	restore := append([]string{"restore", "--force", file}, at...)
	if out, err := w.hora(restore...); err == nil || !strings.Contains(out, "leads: stop all hora serve first") {
		t.Errorf("restore under a leader: %v: %s", err, out)
	}
	if status, err := w.leader().call("DELETE", "/v1/scheduler/job/steady1", nil, nil); err != nil {
		t.Errorf("delete: %d, %v", status, err)
	}
	for _, n := range w.nodes {
		n.signal(syscall.SIGTERM)
	}
	for _, n := range w.nodes {
		if !n.over(patience) {
			t.Fatalf("%s was told to stop and goes on", n.name)
		}
	}
	if out, err := w.hora(append([]string{"restore", file}, at...)...); err == nil || !strings.Contains(out, "the store is not empty") {
		t.Errorf("restore without force: %v: %s", err, out)
	}
	if out, err := w.hora(restore...); err != nil {
		t.Fatalf("restore: %v: %s", err, out)
	}
	for _, n := range w.nodes {
		n.start()
	}
	var list []struct{ Name string }
	w.until("a process answers", func() bool {
		_, err := w.leader().call("GET", "/v1/scheduler/jobs", nil, &list)
		return err == nil
	})
	if len(list) != 3 {
		t.Errorf("%d jobs after the restore, want 3: %v", len(list), list)
	}
}

// TestHandOverTime: of a leader that is told to stop, what was asked is answered,
// and another one leads soon, without waiting for a session to expire.
func TestHandOverTime(t *testing.T) {
	t.Parallel()
	const long = 60 * time.Second // sessions: nobody could lead in less than that if the leader just died
	w := newWorld(t, long, *seed)
	n := w.leader()
	began := time.Now()
	n.signal(syscall.SIGTERM)
	w.other(n)
	took := time.Since(began)
	t.Logf("handed over in %v", took.Round(time.Millisecond))
	if took > long/2 {
		t.Errorf("it took %v, as if the session had expired", took)
	}
	if !n.over(patience) {
		t.Error("the process goes on")
	}
}
