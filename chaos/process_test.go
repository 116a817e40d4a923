package chaos_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/faultproxy"
)

// node is one hora serve, behind proxies: towards ZooKeeper, towards each Mesos
// master, and in front of its own port.
type node struct {
	t        testing.TB
	name     string
	binary   string
	args     []string
	log      *os.File
	zk, http *faultproxy.Proxy
	mesos    []*faultproxy.Proxy
	scheme   string
	client   *http.Client

	mu  sync.Mutex
	cmd *exec.Cmd
	end chan struct{}
}

// built tells whether there is a binary to be removed.
var built atomic.Bool

// build makes the binary once.
var build = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hora-chaos-")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "hora")
	out, err := exec.Command("go", "build", "-o", binary, "../cmd/hora").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return binary, nil
})

// start starts the process and waits until it listens.
func (n *node) start() {
	n.t.Helper()
	reader, writer, err := os.Pipe()
	if err != nil {
		n.t.Fatal(err)
	}
	cmd := exec.Command(n.binary, n.args...)
	cmd.Stderr, cmd.Stdout = writer, writer
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} // of the thread, which therefore stays
	end, started := make(chan struct{}), make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			_ = cmd.Wait()
			close(end)
		}
	}()
	err = <-started
	writer.Close()
	if err != nil {
		n.t.Fatal(err)
	}
	n.mu.Lock()
	n.cmd, n.end = cmd, end
	n.mu.Unlock()
	listening := make(chan string, 1)
	go n.copyLog(reader, listening)
	select {
	case at := <-listening:
		n.http.SetTarget(at)
	case <-end:
		n.t.Fatalf("%s ended at its start; its log is %s", n.name, n.log.Name())
	case <-time.After(patience):
		n.t.Fatalf("%s does not listen; its log is %s", n.name, n.log.Name())
	}
}

// copyLog keeps what the process logs, and finds where it listens.
func (n *node) copyLog(from *os.File, listening chan<- string) {
	defer from.Close()
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fmt.Fprintf(n.log, "%s\n", lines.Bytes())
		var line struct {
			Msg       string
			Listening []string
		}
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "hora serves" && len(line.Listening) > 0 {
			listening <- line.Listening[0]
		}
	}
}

// signal sends a signal to the process.
func (n *node) signal(sig syscall.Signal) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd != nil {
		_ = n.cmd.Process.Signal(sig)
	}
}

// over waits until the process has ended, and tells whether it has.
func (n *node) over(within time.Duration) bool {
	n.mu.Lock()
	end := n.end
	n.mu.Unlock()
	select {
	case <-end:
		return true
	case <-time.After(within):
		return false
	}
}

// kill ends the process at once.
func (n *node) kill() {
	n.signal(syscall.SIGKILL)
	n.over(patience)
}

// ended tells whether the process has ended by itself.
func (n *node) ended() bool { return n.over(0) }

var client = &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}

// call asks the node, through its proxy. The error is that of the connection.
func (n *node) call(method, path string, body any, into any) (int, error) {
	var send io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, err
		}
		send = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(context.Background(), method, n.scheme+"://"+n.http.Addr()+path, send)
	if err != nil {
		return 0, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := n.client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode/100 != 2 {
		return resp.StatusCode, errors.New(strings.TrimSpace(string(text)))
	}
	if into != nil {
		return resp.StatusCode, json.Unmarshal(text, into)
	}
	return resp.StatusCode, nil
}

// leads tells whether the node says that it leads.
func (n *node) leads() bool {
	var v struct{ Leading bool }
	_, err := n.call("GET", "/leader", nil, &v)
	return err == nil && v.Leading
}
