package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestChronosPython runs PyPI's client for Chronos against hora dev, in both of
// its versions. `make test` installs it below .cache.
func TestChronosPython(t *testing.T) {
	t.Parallel()
	python := os.Getenv("HORA_CHRONOS_PYTHON")
	if python == "" {
		python = filepath.Join("..", "..", ".cache", "chronos-python", "bin", "python")
	}
	if _, err := os.Stat(python); err != nil {
		if os.Getenv("HORA_CI") == "1" {
			t.Fatalf("chronos-python is not installed, which `make test` does: %v", err)
		}
		t.Skipf("chronos-python is not installed: `make client` does it, or HORA_CHRONOS_PYTHON is a Python that has it: %v", err)
	}
	d := startDev(t, t.TempDir())
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	script := filepath.Join("testdata", "client", "chronos_python.py")
	out, err := exec.CommandContext(ctx, python, script, strings.TrimPrefix(d.base, "http://")).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "all calls answered") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestDevRunsAsAnotherUser: a job's runAsUser gets to its sandbox, which lies
// beside the store that it cannot read.
func TestDevRunsAsAnotherUser(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root runs tasks as another user")
	}
	above := t.TempDir()
	for _, d := range []string{above, filepath.Dir(above)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(above, "data")
	d := startDev(t, dir)
	d.post(jobSpec{"name": "who", "command": "id -un > out; ! cat " + filepath.Join(dir, "hora.db"), "schedule": "R/2030-01-01T00:00:00Z/P1D", "runAsUser": "nobody", "retries": 0})
	if code := d.call("PUT", "/v1/scheduler/job/who", nil, nil); code != 204 {
		t.Fatal(code)
	}
	var h []histEntry
	for tick := time.NewTicker(20 * time.Millisecond); len(h) == 0; <-tick.C {
		h = d.history("who")
	}
	if h[0].Outcome != "succeeded" {
		t.Errorf("%+v", h)
	}
}
