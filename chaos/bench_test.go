package chaos_test

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// BenchmarkFailover reports how long it takes from the end of a leader until a
// command runs that another one has launched: killed with -9, with the default
// session time-out of 6 s, and told to stop.
func BenchmarkFailover(b *testing.B) {
	for name, sig := range map[string]syscall.Signal{"killed": syscall.SIGKILL, "told to stop": syscall.SIGTERM} {
		b.Run(name, func(b *testing.B) {
			w := newWorld(b, 6*time.Second, *seed)
			job := map[string]any{
				"name": "each", "command": w.command("each", 0), "cpus": 0.01, "mem": 1, "disk": 1, "catchUp": "all", "overlap": "allow",
				"schedule": "R/" + time.Now().UTC().Format(time.RFC3339) + "/PT1S",
			}
			if _, err := w.leader().call("POST", "/v1/scheduler/iso8601", job, nil); err != nil {
				b.Fatal(err)
			}
			lines := func() int {
				text, _ := os.ReadFile(filepath.Join(w.records, "each"))
				return strings.Count(string(text), "start")
			}
			w.until("a task runs", func() bool { return lines() > 2 })
			for b.Loop() {
				n := w.leader()
				n.signal(sig)
				began := time.Now()
				n.over(patience)
				before := lines()
				w.until("another task runs", func() bool { return lines() > before })
				b.ReportMetric(time.Since(began).Seconds(), "s-to-launch")
			}
			b.ReportMetric(0, "ns/op")
		})
	}
}
