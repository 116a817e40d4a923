package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// Cluster is what the API reads of the Mesos cluster itself.
type Cluster interface {
	// Agents lists the agents.
	Agents(ctx context.Context) ([]Agent, error)
	// Files lists the files of a task's sandbox, or fails with ErrSandboxGone.
	Files(ctx context.Context, s Sandbox) ([]File, error)
	// Read reads up to length bytes of a file from an offset on, and tells how
	// long the file is. It fails with ErrSandboxGone or ErrNoFile.
	Read(ctx context.Context, s Sandbox, name string, offset, length int64) (data []byte, size int64, err error)
}

// Errors of a Cluster.
var (
	ErrSandboxGone = message.Errorf("the agent has cleaned up the sandbox, or is no part of the cluster any more")
	ErrNoFile      = message.Errorf("there is no such file in the sandbox")
)

// Sandbox names the sandbox of a task.
type Sandbox struct{ AgentID, FrameworkID, TaskID string }

// Agent is an agent of the cluster.
type Agent struct {
	ID         string            `json:"id"`
	Hostname   string            `json:"hostname"`
	Active     bool              `json:"active"`
	Version    string            `json:"version,omitempty"`
	Attributes map[string]string `json:"attributes"`
	CPUs       float64           `json:"cpus"`
	Mem        float64           `json:"mem"`
	Disk       float64           `json:"disk"`
	GPUs       float64           `json:"gpus,omitempty"`
	UsedCPUs   float64           `json:"usedCpus"`
	UsedMem    float64           `json:"usedMem"`
}

// File is a file in a sandbox.
type File struct {
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	Modified time.Time `json:"modified"`
	Folder   bool      `json:"folder,omitempty"`
}

// Limits of reading files.
const (
	chunkSize    = 64 << 10         // bytes that an agent gives at once (Mesos contract 5)
	followPause  = time.Second      // between two looks at a file that grows
	followLimit  = 4 * time.Hour    // how long one request follows
	writeTimeout = 30 * time.Second // of a chunk on its way to the client
)

// log is a file of an attempt that a request asks for.
type log struct {
	server  *server
	sandbox Sandbox
	name    string
	job     *job.Job
	run     string
	attempt int
}

// attempt finds the task of the attempt that the path names.
func (s *server) attempt(c call) (log, error) {
	f, err := s.findRun(c)
	if err != nil {
		return log{}, err
	}
	if s.Cluster == nil {
		return log{}, fault(http.StatusNotImplemented, "this server does not read sandboxes")
	}
	if name := c.segment("file"); name != "" {
		if err := callerOf(c.Context()).readable(f.job.Job, name); err != nil {
			return log{}, err
		}
	}
	text := c.segment("attempt")
	n, err := strconv.Atoi(text)
	if err != nil {
		return log{}, fault(http.StatusNotFound, "there is no attempt %.20q", text)
	}
	l := log{server: s, name: c.segment("file"), job: f.job.Job, run: c.segment("run"), attempt: n}
	l.sandbox.FrameworkID = f.view.FrameworkID
	attempts := []scheduler.Attempt(nil)
	if f.entry != nil {
		attempts = f.entry.Attempts
	} else {
		attempts = f.run.Attempts
		if t := f.run.Task; t != nil && f.run.Attempt == n {
			l.sandbox.AgentID, l.sandbox.TaskID = t.AgentID, t.ID
			return l, nil
		}
	}
	for _, a := range attempts {
		if a.Number == n {
			l.sandbox.AgentID, l.sandbox.TaskID = a.AgentID, a.TaskID
			return l, nil
		}
	}
	return log{}, fault(http.StatusNotFound, "the run has no attempt %d with a task", n)
}

// apiFiles lists the files of an attempt.
func (s *server) apiFiles(c call) (response, error) {
	l, err := s.attempt(c)
	if err != nil {
		return response{}, err
	}
	files, err := s.Cluster.Files(c.Context(), l.sandbox)
	if err != nil {
		return response{}, sandboxError(err)
	}
	out, who := []File{}, callerOf(c.Context())
	for _, file := range files {
		if who.readable(l.job, file.Name) == nil {
			out = append(out, file)
		}
	}
	return marshal(out)
}

// sandboxError says what went wrong on the way to an agent.
func sandboxError(err error) error {
	switch {
	case errors.Is(err, ErrSandboxGone):
		return fault(http.StatusGone, "%v", err)
	case errors.Is(err, ErrNoFile):
		return fault(http.StatusNotFound, "%v", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	}
	return fault(http.StatusBadGateway, "the agent cannot be read: %v", err)
}

// apiFile gives a part of a file, the whole of it, or follows it while it grows.
func (s *server) apiFile(c call) (response, error) {
	l, err := s.attempt(c)
	if err != nil {
		return response{}, err
	}
	q := c.URL.Query()
	if err := known(q, "offset", "limit", "download", "follow"); err != nil {
		return response{}, err
	}
	limit, err := queryNumber(q.Get("limit"), "limit", chunkSize, chunkSize)
	if err != nil {
		return response{}, err
	}
	download, err := queryFlag(q, "download")
	if err != nil {
		return response{}, err
	}
	follow, err := queryFlag(q, "follow")
	if err != nil {
		return response{}, err
	}
	offset, err := l.offset(c.Context(), q)
	if err != nil {
		return response{}, err
	}
	data, size, err := s.Cluster.Read(c.Context(), l.sandbox, l.name, offset, int64(limit))
	if err != nil {
		return response{}, sandboxError(err)
	}
	switch {
	case download:
		return response{as: l.download(offset)}, nil
	case follow:
		return response{as: l.follow(offset)}, nil
	}
	if data == nil {
		data = []byte{}
	}
	return response{kind: "text/plain; charset=utf-8", body: data, header: map[string]string{
		"X-Offset": strconv.FormatInt(offset, 10), "X-Size": strconv.FormatInt(size, 10), "X-Content-Type-Options": "nosniff",
	}}, nil
}

// offset reads where to begin; below 0 it counts from the end.
func (l log) offset(ctx context.Context, q url.Values) (int64, error) {
	text := q.Get("offset")
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, badRequest("offset: %.40q is not a whole number", text)
	}
	if n >= 0 {
		return n, nil
	}
	_, size, err := l.server.Cluster.Read(ctx, l.sandbox, l.name, 0, 1)
	if err != nil {
		return 0, sandboxError(err)
	}
	return max(0, size+n), nil
}

// copy sends the file from an offset on, up to its present end, and returns where that is.
func (l log) copy(w http.ResponseWriter, r *http.Request, offset int64) (int64, error) {
	out := http.NewResponseController(w)
	for {
		data, _, err := l.server.Cluster.Read(r.Context(), l.sandbox, l.name, offset, chunkSize)
		if err != nil || len(data) == 0 {
			return offset, err
		}
		_ = out.SetWriteDeadline(time.Now().Add(writeTimeout)) // a recorder of tests has none
		if _, err := w.Write(data); err != nil {
			return offset, err
		}
		_ = out.Flush()
		offset += int64(len(data))
	}
}

// download sends the whole file under a name that tells where it is from.
func (l log) download(offset int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := fmt.Sprintf("%s-%s-%d-%s", l.job.Name, l.run, l.attempt, l.name)
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Disposition", "attachment; filename*=UTF-8''"+url.PathEscape(name))
		if _, err := l.copy(w, r, offset); err != nil {
			l.server.Log.Debug("a download broke off", "run", l.run, "error", err)
			panic(http.ErrAbortHandler) // so that the client sees that it is not whole
		}
	})
}

// follow sends what is there and what comes, until the attempt is over.
func (l log) follow(offset int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		ctx, cancel := context.WithTimeout(r.Context(), followLimit)
		defer cancel()
		r = r.WithContext(ctx)
		for {
			over := l.over() // asked before the last look, so that nothing is left behind
			next, err := l.copy(w, r, offset)
			if err != nil {
				return
			}
			if offset = next; over {
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(followPause):
			}
		}
	})
}

// over tells whether the attempt has ended.
func (l log) over() bool {
	key, err := runID(l.run)
	j := l.server.Scheduler.View().JobByUID(key.UID)
	if err != nil || j == nil {
		return true
	}
	for _, r := range j.Runs {
		if r.RunKey == key {
			return r.Attempt != l.attempt || r.Task == nil
		}
	}
	return true
}
