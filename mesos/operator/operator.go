// Package operator reads what a Mesos cluster tells those who look after it:
// which agents there are, and the files in the sandboxes of tasks (Mesos
// contract, section 5).
//
// It only reads. It knows no jobs and keeps nothing but where sandboxes are.
package operator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Errors of a Client.
var (
	ErrNoMaster = errors.New("no leading Mesos master is known")
	ErrNoAgent  = errors.New("the agent is not part of the cluster any more")
	// ErrGone says that the agent has no such sandbox: it has cleaned up (its
	// --gc_delay is a week by default, and less when its disk fills up), or the
	// task never came to it.
	ErrGone = errors.New("the agent has cleaned up the sandbox")
	// ErrNoFile says that there is no such file in the sandbox.
	ErrNoFile = errors.New("there is no such file in the sandbox")
)

// Options say how to ask. Master is required.
type Options struct {
	Master    func() string // base URL of the leading master, such as http://10.0.0.1:5050; "" if there is none
	Scheme    string        // of agents: http or https; http
	Principal string        // for basic authentication, with Secret
	Secret    string
	HTTP      *http.Client // nil: one with a time-out of ten seconds
}

// Client asks master and agents. It is for any number of goroutines.
type Client struct {
	o Options

	mu        sync.Mutex
	agents    map[string]Agent // by id, as they were seen last
	sandboxes map[Task]string  // where the directory of a task is
}

// limits of what is read and kept.
const (
	maxAnswer    = 64 << 20
	maxSandboxes = 10_000
	// MaxRead is how much one read gives: 16 pages (Mesos contract 5).
	MaxRead = 64 << 10
)

// New returns a client.
func New(o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 10 * time.Second}
	}
	if o.Scheme == "" {
		o.Scheme = "http"
	}
	return &Client{o: o, agents: map[string]Agent{}, sandboxes: map[Task]string{}}
}

// Agent is a member of the cluster.
type Agent struct {
	ID         string
	Hostname   string
	Active     bool
	Version    string
	Address    string            // host:port
	Attributes map[string]string // as the agent's flag has them: numbers like 4, ranges like [1-2]
	CPUs, Mem  float64           // cores; MiB
	Disk, GPUs float64           // MiB
	UsedCPUs   float64
	UsedMem    float64
}

// Task names a task's sandbox.
type Task struct{ AgentID, FrameworkID, TaskID string }

// File is a file in a sandbox.
type File struct {
	Name     string
	Size     int64
	Modified time.Time
	Folder   bool
}

// Agents lists the agents of the cluster.
func (c *Client) Agents(ctx context.Context) ([]Agent, error) {
	master := c.o.Master()
	if master == "" {
		return nil, ErrNoMaster
	}
	var answer struct {
		Slaves []struct {
			ID            string
			PID           string
			Hostname      string
			Port          int
			Active        bool
			Version       string
			Attributes    map[string]any
			Resources     scalars
			UsedResources scalars `json:"used_resources"`
		}
	}
	if err := c.ask(ctx, http.MethodGet, strings.TrimSuffix(master, "/")+"/slaves", nil, &answer); err != nil {
		return nil, err
	}
	var out []Agent
	for _, s := range answer.Slaves {
		a := Agent{
			ID: s.ID, Hostname: s.Hostname, Active: s.Active, Version: s.Version, Attributes: map[string]string{},
			CPUs: s.Resources.CPUs, Mem: s.Resources.Mem, Disk: s.Resources.Disk, GPUs: s.Resources.GPUs,
			UsedCPUs: s.UsedResources.CPUs, UsedMem: s.UsedResources.Mem,
		}
		_, a.Address, _ = strings.Cut(s.PID, "@")
		if a.Address == "" {
			a.Address = net.JoinHostPort(s.Hostname, fmt.Sprint(s.Port))
		}
		for name, value := range s.Attributes {
			a.Attributes[name] = fmt.Sprint(value)
		}
		out = append(out, a)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.agents = make(map[string]Agent, len(out))
	for _, a := range out {
		c.agents[a.ID] = a
	}
	return out, nil
}

// scalars are the resources that are plain amounts.
type scalars struct{ CPUs, Mem, Disk, GPUs float64 }

// Files lists the files in a task's sandbox.
func (c *Client) Files(ctx context.Context, t Task) ([]File, error) {
	dir, base, err := c.sandbox(ctx, t)
	if err != nil {
		return nil, err
	}
	var answer struct {
		List struct {
			Infos []struct {
				Path  string
				Size  int64
				Mode  uint32
				MTime struct{ Nanoseconds int64 }
			} `json:"file_infos"`
		} `json:"list_files"`
	}
	call := map[string]any{"type": "LIST_FILES", "list_files": map[string]string{"path": dir}}
	if err := c.ask(ctx, http.MethodPost, base+"/api/v1", call, &answer); err != nil {
		return nil, c.gone(t, err)
	}
	var out []File
	for _, f := range answer.List.Infos {
		const typeBits, folder = 0o170000, 0o040000
		out = append(out, File{f.Path[strings.LastIndexByte(f.Path, '/')+1:], f.Size, time.Unix(0, f.MTime.Nanoseconds).UTC(), f.Mode&typeBits == folder})
	}
	return out, nil
}

// Read reads up to length bytes of a file from an offset on, at most MaxRead,
// and tells how long the file is.
func (c *Client) Read(ctx context.Context, t Task, name string, offset, length int64) (data []byte, size int64, err error) {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\\x00") {
		return nil, 0, ErrNoFile
	}
	dir, base, err := c.sandbox(ctx, t)
	if err != nil {
		return nil, 0, err
	}
	var answer struct {
		Read struct {
			Size int64
			Data []byte
		} `json:"read_file"`
	}
	call := map[string]any{"type": "READ_FILE", "read_file": map[string]any{"path": dir + "/" + name, "offset": offset, "length": min(length, MaxRead)}}
	err = c.ask(ctx, http.MethodPost, base+"/api/v1", call, &answer)
	if status := new(statusError); errors.As(err, &status) && status.code == http.StatusNotFound {
		if _, err := c.Files(ctx, t); err != nil {
			return nil, 0, err
		}
		return nil, 0, ErrNoFile
	}
	return answer.Read.Data, answer.Read.Size, err
}

// gone forgets a sandbox that is not there.
func (c *Client) gone(t Task, err error) error {
	var status *statusError
	if !errors.As(err, &status) || status.code != http.StatusNotFound {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.sandboxes, t)
	return ErrGone
}

// sandbox finds a task's directory, and the agent that has it. The virtual path
// /frameworks/… is only known to agents since 1.5, the directory to all.
func (c *Client) sandbox(ctx context.Context, t Task) (dir, base string, err error) {
	c.mu.Lock()
	a, known := c.agents[t.AgentID]
	dir = c.sandboxes[t]
	c.mu.Unlock()
	if !known {
		if _, err := c.Agents(ctx); err != nil {
			return "", "", err
		}
		c.mu.Lock()
		a, known = c.agents[t.AgentID]
		c.mu.Unlock()
		if !known {
			return "", "", ErrNoAgent
		}
	}
	base = c.o.Scheme + "://" + a.Address
	if dir != "" {
		return dir, base, nil
	}
	if dir, err = c.look(ctx, base, t); err != nil {
		return "", "", err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.sandboxes) >= maxSandboxes {
		clear(c.sandboxes)
	}
	c.sandboxes[t] = dir
	return dir, base, nil
}

// look searches the agent's state for a task's directory. The id of a command
// task's executor is the task's.
func (c *Client) look(ctx context.Context, base string, t Task) (string, error) {
	type executor struct{ ID, Directory string }
	type framework struct {
		ID                 string
		Executors          []executor
		CompletedExecutors []executor `json:"completed_executors"`
	}
	var state struct {
		Frameworks          []framework
		CompletedFrameworks []framework `json:"completed_frameworks"`
	}
	if err := c.ask(ctx, http.MethodGet, base+"/state", nil, &state); err != nil {
		return "", err
	}
	for _, f := range append(state.Frameworks, state.CompletedFrameworks...) {
		if f.ID != t.FrameworkID {
			continue
		}
		for _, e := range append(f.Executors, f.CompletedExecutors...) {
			if e.ID == t.TaskID {
				return e.Directory, nil
			}
		}
	}
	return "", ErrGone
}

// statusError is an answer that is not 200.
type statusError struct {
	code int
	text string
}

func (e *statusError) Error() string { return fmt.Sprintf("the answer is %d: %s", e.code, e.text) }

// ask sends one request and reads the JSON that comes back.
func (c *Client) ask(ctx context.Context, method, target string, body, into any) error {
	var reader io.Reader
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return err
		}
		reader = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, target, reader)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if c.o.Principal != "" {
		r.SetBasicAuth(c.o.Principal, c.o.Secret)
	}
	resp, err := c.o.HTTP.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the URL, which may hold ids of no interest
		}
		return fmt.Errorf("%s does not answer: %w", r.URL.Host, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", r.URL.Host, err)
	case resp.StatusCode != http.StatusOK:
		return fmt.Errorf("%s: %w", r.URL.Host, &statusError{resp.StatusCode, strings.TrimSpace(string(answer[:min(len(answer), 200)]))})
	}
	if err := json.Unmarshal(answer, into); err != nil {
		return fmt.Errorf("%s: the answer can't be read: %w", r.URL.Host, err)
	}
	return nil
}
