package main

import (
	"os"
	"runtime"
	"runtime/metrics"
	"testing"
)

// TestReserveHeap: the collector waits until the reserve has been allocated
// anew, unless somebody says when it is to run.
func TestReserveHeap(t *testing.T) {
	goal := func() uint64 {
		runtime.GC()
		s := []metrics.Sample{{Name: "/gc/heap/goal:bytes"}}
		metrics.Read(s)
		return s[0].Value.Uint64()
	}
	t.Setenv("GOGC", "50") // also: not parallel
	reserveHeap()
	if heapReserve.Load() != nil {
		t.Error("GOGC is set and does not count")
	}
	if err := os.Unsetenv("GOGC"); err != nil {
		t.Fatal(err)
	}
	reserveHeap()
	if g := goal(); g < 2*heapReserveBytes {
		t.Errorf("the next collection is at %d bytes, want at least %d", g, 2*heapReserveBytes)
	}
	heapReserve.Store(nil)
}
