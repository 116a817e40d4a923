package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// BenchmarkSubmit sends 1,000 jobs of a file to hora dev. The target is 3 s.
func BenchmarkSubmit(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, "- {name: job-%d, command: ./run.sh %d, schedule: \"%d %d * * *\", retries: 3, retryInterval: 5m}\n", i, i, i%60, i%24)
	}
	name := filepath.Join(b.TempDir(), "jobs.yaml")
	if err := os.WriteFile(name, []byte(text.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		d := startDev(b, b.TempDir(), "--quiet")
		b.StartTimer()
		var out bytes.Buffer
		if code := run(context.Background(), []string{"submit", "--server", d.base, name}, &out, &out); code != 0 || !strings.Contains(out.String(), ": 1000 added") {
			b.Fatalf("exit %d: %s", code, out.String())
		}
		b.StopTimer()
		d.kill()
		b.StartTimer()
	}
}
