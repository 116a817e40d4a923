package main

import (
	"os"
	"sync/atomic"
)

// heapReserve is memory that is never touched, so that it takes no RAM, but
// counts as heap in use. The collector runs when the heap has grown to twice what
// is in use: with little in use that is all the time, and a fifth of the CPU time
// of a launch goes into it (docs/performance.md). With the reserve it runs after
// at least so much was allocated, and with 100,000 jobs hardly later than without.
var heapReserve atomic.Pointer[[]byte]

const heapReserveBytes = 32 << 20

// reserveHeap is for commands that schedule. Who sets GOGC knows better.
func reserveHeap() {
	if os.Getenv("GOGC") == "" {
		b := make([]byte, heapReserveBytes)
		heapReserve.Store(&b)
	}
}
