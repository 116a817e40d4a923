package chaos_test

import (
	"bufio"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSecondSignal: a process that was told to stop and waits for a request that
// takes its time ends at once when it is told again.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, *session, *seed)
	n := w.leader()
	conn, err := net.Dial("tcp", n.http.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	// The handler waits for a body that does not come, once it has said that it wants it.
	_, _ = conn.Write([]byte("POST /v1/scheduler/iso8601 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 10\r\nExpect: 100-continue\r\n\r\n"))
	if line, err := bufio.NewReader(conn).ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v: the test is broken", line, err)
	}
	for !n.over(50 * time.Millisecond) {
		n.signal(syscall.SIGTERM)
	}
	state, ok := n.cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !state.Signaled() || state.Signal() != syscall.SIGTERM {
		t.Errorf("it ended with %v, as if nobody had told it again", n.cmd.ProcessState)
	}
}
