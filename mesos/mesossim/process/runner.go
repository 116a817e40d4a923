package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// Reporter hears what becomes of tasks. Its methods are called from several
// goroutines and must not block for long.
type Reporter interface {
	Started(container string, pid int)
	LaunchFailed(container, message string)
	Exited(container string, exit mesossim.Exit)
	// Checked is told of each health check of a task that has started. The last
	// one may come after Exited.
	Checked(container string, healthy bool)
}

// Config configures a Runner.
type Config struct {
	// WorkDir holds the agents' sandboxes. Other users' tasks must be able to
	// enter it.
	WorkDir string
	// Env is what every task gets besides the variables of its executor and its
	// own; NAME=value.
	Env []string
	// AgentAddress says where an agent listens, host:port.
	AgentAddress func(agent int) string
	// Prefix is the name of an agent's part of WorkDir, "" for none.
	Prefix func(agent int) string
}

// ErrClosed is what Close leaves behind for later calls.
var ErrClosed = errors.New("process: runner is closed")

// Runner starts, watches and kills processes. All are started from one thread
// that lives as long as the Runner: the kernel kills them when it, and so the
// whole program, dies.
type Runner struct {
	config   Config
	reporter Reporter
	users    *userTable
	new      *queue // to be prepared
	queue    *queue // to be started
	lock     *os.File
	null     *os.File // stdin of all tasks
	done     chan struct{}

	mu      sync.Mutex
	tasks   map[string]*task // by container
	closed  bool
	waiting sync.WaitGroup
}

// task is one task from Launch to its report of Exited.
type task struct {
	container string
	mu        sync.Mutex
	pid       int // process and group id; 0 before the start
	aborted   bool
	exited    bool
	killAt    time.Time
	killer    *time.Timer
}

// NewRunner makes a Runner. Close it.
func NewRunner(config Config, reporter Reporter) (*Runner, error) {
	if !filepath.IsAbs(config.WorkDir) {
		return nil, fmt.Errorf("work directory %q: expected an absolute path", config.WorkDir)
	}
	if err := os.MkdirAll(config.WorkDir, 0o755); err != nil {
		return nil, err
	}
	lock, err := lockDir(config.WorkDir)
	if err != nil {
		return nil, err
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		lock.Close()
		return nil, err
	}
	endLeftovers(config.WorkDir)
	r := &Runner{
		lock: lock, null: null, config: config, reporter: reporter, users: newUserTable(),
		new: newQueue(), queue: newQueue(), done: make(chan struct{}), tasks: map[string]*task{},
	}
	for range preparers {
		go r.prepare()
	}
	go r.spawn()
	return r, nil
}

// Do performs a model's command.
func (r *Runner) Do(c mesossim.Command) {
	switch c.Kind {
	case mesossim.Launch:
		r.launch(c.ContainerID, c.Launch)
	case mesossim.Kill:
		r.kill(c.ContainerID, c.Grace)
	case mesossim.Destroy:
		r.destroy(c.ContainerID)
	}
}

func (r *Runner) launch(container string, spec *mesossim.LaunchSpec) {
	t := &task{container: container}
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.tasks[container] = t
	r.mu.Unlock()
	j := job{task: t, spec: spec}
	if len(spec.Task.Command.GetURIs()) == 0 {
		r.new.put(j)
		return
	}
	// Fetching takes its time and must not hold up other launches.
	r.waiting.Go(func() {
		if j.err = r.fetch(container, spec); j.err != nil {
			r.queue.put(j)
			return
		}
		r.new.put(j)
	})
}

// job is a task on its way to its start.
type job struct {
	task     *task
	spec     *mesossim.LaunchSpec
	dir      string
	out, log *os.File // stdout and stderr
	err      error    // of the preparation
}

// prepare makes sandboxes: on a journaling file system that takes as long as
// the start of the process, and it can go on beside it.
func (r *Runner) prepare() {
	for {
		j, ok := r.new.get()
		if !ok {
			return
		}
		j.dir = r.sandbox(j.task.container, j.spec)
		j.out, j.log, j.err = openSandbox(j.dir)
		r.queue.put(j)
	}
}

// preparers is how many sandboxes are made at a time.
const preparers = 2

// spawn is the thread from which all processes come. It must not end before
// the Runner: PDEATHSIG is about the thread, not the process.
func (r *Runner) spawn() {
	runtime.LockOSThread()
	for {
		j, ok := r.queue.get()
		if !ok {
			break
		}
		r.startJob(j)
	}
	<-r.done
	r.null.Close() // of which this thread made use
}

func (r *Runner) startJob(j job) {
	t := j.task
	if j.out != nil {
		defer j.out.Close()
		defer j.log.Close()
	}
	t.mu.Lock()
	aborted := t.aborted
	t.mu.Unlock()
	if aborted {
		r.forget(t)
		return
	}
	err := j.err
	var p *proc
	if err == nil {
		p, err = r.start(&j)
	}
	if err != nil {
		r.forget(t)
		r.reporter.LaunchFailed(t.container, err.Error())
		return
	}
	t.mu.Lock()
	t.pid = p.pid
	aborted = t.aborted
	if aborted {
		signalGroup(p.pid, syscall.SIGKILL)
	}
	t.mu.Unlock()
	if !aborted {
		r.reporter.Started(t.container, p.pid)
	}
	ctx, over := context.WithCancel(context.Background())
	r.waiting.Go(func() {
		r.watch(t, p)
		over()
	})
	if j.spec.Task.HealthCheck != nil {
		r.waiting.Go(func() { r.checkHealth(ctx, j) })
	}
}

// watch waits for a process and reports its end.
func (r *Runner) watch(t *task, p *proc) {
	status := p.wait(func() {
		// The process is a zombie: its group id can't be anyone else's yet.
		t.mu.Lock()
		t.exited = true
		if t.killer != nil {
			t.killer.Stop()
		}
		signalGroup(p.pid, syscall.SIGKILL)
		t.mu.Unlock()
	})
	aborted := r.forget(t)
	if !aborted {
		r.reporter.Exited(t.container, exitOf(status))
	}
}

// forget drops a task and tells whether nobody wants to hear of it.
func (r *Runner) forget(t *task) (aborted bool) {
	r.mu.Lock()
	if r.tasks[t.container] == t {
		delete(r.tasks, t.container)
	}
	r.mu.Unlock()
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.aborted
}

func (r *Runner) find(container string) *task {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.tasks[container]
}

// kill sends SIGTERM to a task's group, and SIGKILL after the grace. A second
// kill can shorten the grace but not extend it.
func (r *Runner) kill(container string, grace time.Duration) {
	t := r.find(container)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.exited || t.pid == 0 {
		return
	}
	if grace <= 0 {
		signalGroup(t.pid, syscall.SIGKILL)
		return
	}
	at := time.Now().Add(grace)
	if t.killer != nil && !at.Before(t.killAt) {
		return
	}
	if t.killer == nil {
		signalGroup(t.pid, syscall.SIGTERM)
	} else {
		t.killer.Stop()
	}
	t.killAt = at
	t.killer = time.AfterFunc(grace, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if !t.exited {
			signalGroup(t.pid, syscall.SIGKILL)
		}
	})
}

// destroy ends a task that nobody wants to hear of any more.
func (r *Runner) destroy(container string) {
	t := r.find(container)
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.aborted = true
	if t.pid != 0 && !t.exited {
		signalGroup(t.pid, syscall.SIGKILL)
	}
}

// Running says how many tasks have not ended.
func (r *Runner) Running() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.tasks)
}

// Close kills all processes and waits for their end.
func (r *Runner) Close() {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.closed = true
	var left []string
	for c := range r.tasks {
		left = append(left, c)
	}
	r.mu.Unlock()
	for _, c := range left {
		r.destroy(c)
	}
	r.new.close()
	r.queue.close()
	r.waiting.Wait()
	close(r.done)
	r.lock.Close()
}

// queue is an unbounded queue of jobs: whoever launches must not wait.
type queue struct {
	mu     sync.Mutex
	wake   *sync.Cond
	jobs   []job
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.wake = sync.NewCond(&q.mu)
	return q
}

func (q *queue) put(j job) {
	q.mu.Lock()
	q.jobs = append(q.jobs, j)
	q.mu.Unlock()
	q.wake.Signal()
}

// get waits for a job; ok is false when the queue is closed.
func (q *queue) get() (j job, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.jobs) == 0 && !q.closed {
		q.wake.Wait()
	}
	if q.closed {
		return job{}, false
	}
	j = q.jobs[0]
	q.jobs[0] = job{}
	q.jobs = q.jobs[1:]
	return j, true
}

func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.wake.Broadcast()
}
