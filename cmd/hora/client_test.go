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
