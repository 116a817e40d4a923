package chronos_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hora-scheduler/hora/chronos"
)

// nodes are znodes in memory.
type nodes struct {
	mu      sync.Mutex
	data    map[string][]byte
	version map[string]int32
	leader  string
}

func newNodes() *nodes {
	return &nodes{data: make(map[string][]byte), version: make(map[string]int32)}
}

func (n *nodes) List(context.Context) ([]string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []string
	for name := range n.data {
		out = append(out, name)
	}
	return out, nil
}

func (n *nodes) Read(_ context.Context, name string) ([]byte, int32, bool, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	data, ok := n.data[name]
	return bytes.Clone(data), n.version[name], ok, nil
}

func (n *nodes) Write(_ context.Context, name string, data []byte, version int32) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	_, there := n.data[name]
	if there != (version != chronos.NewNode) || there && n.version[name] != version {
		return fmt.Errorf("%s: %w", name, chronos.ErrChanged)
	}
	n.data[name], n.version[name] = data, version+1
	return nil
}

func (n *nodes) Delete(_ context.Context, name string, version int32) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.version[name] != version {
		return fmt.Errorf("%s: %w", name, chronos.ErrChanged)
	}
	delete(n.data, name)
	return nil
}

func (n *nodes) Leader(context.Context) (string, error) { return n.leader, nil }

// put writes an entry.
func (n *nodes) put(t testing.TB, name, value string) {
	t.Helper()
	data, err := chronos.Entry{Name: name, Value: []byte(value)}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	n.data[name] = data
}

// recording is what a real Chronos kept in ZooKeeper, at some moments.
type recording struct {
	Path      string `json:"zk_path"`
	List      string `json:"list_after_runs"`
	Snapshots []struct {
		When   string
		Znodes []struct {
			Path string
			Data string `json:"data_base64"`
		}
	}
}

func recorded(t testing.TB, version string) recording {
	t.Helper()
	text, err := os.ReadFile("testdata/golden/" + version + "/zookeeper.json")
	if err != nil {
		t.Fatal(err)
	}
	var r recording
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Snapshots) != 5 {
		t.Fatalf("%s: %d moments, want 5", version, len(r.Snapshots))
	}
	return r
}

// at are the znodes of one moment.
func (r recording) at(t testing.TB, moment int) *nodes {
	t.Helper()
	n := newNodes()
	for _, z := range r.Snapshots[moment].Znodes {
		name, below := strings.CutPrefix(z.Path, r.Path+"/state/")
		if !below {
			if _, latch, ok := strings.Cut(z.Path, "/candidate/"); ok && latch != "" {
				data, _ := base64.StdEncoding.DecodeString(z.Data)
				n.leader = string(data)
			}
			continue
		}
		data, err := base64.StdEncoding.DecodeString(z.Data)
		if err != nil {
			t.Fatal(err)
		}
		n.data[name] = data
	}
	return n
}

// values are the jobs that znodes hold, as the JSON that stands there.
func (n *nodes) values(t testing.TB) map[string]any {
	t.Helper()
	out := make(map[string]any)
	for name, data := range n.data {
		if job, ok := strings.CutPrefix(name, "J_"); ok {
			e, err := chronos.ParseEntry(data)
			if err != nil {
				t.Fatal(err)
			}
			var v any
			if err := json.Unmarshal(e.Value, &v); err != nil {
				t.Fatal(err)
			}
			out[job] = v
		}
	}
	return out
}

func keys[V any](m map[string]V) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}
