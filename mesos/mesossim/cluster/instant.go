package cluster

import (
	"sync"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/process"
)

// newRunner returns what performs commands: real processes, or nothing.
func (c *Cluster) newRunner() (runner, error) {
	r := reporter{core: c.core, log: c.log}
	if c.config.Instant {
		return newInstant(r), nil
	}
	processes, err := process.NewRunner(c.processConfig(), r)
	if err != nil {
		return nil, err
	}
	return processes, nil
}

// instant is a runner without processes: each task starts and ends well at once.
type instant struct {
	reporter process.Reporter
	mu       sync.Mutex
	more     *sync.Cond
	todo     []string // containers
	closed   bool
	done     chan struct{}
}

func newInstant(r process.Reporter) *instant {
	i := &instant{reporter: r, done: make(chan struct{})}
	i.more = sync.NewCond(&i.mu)
	go i.run()
	return i
}

// Do implements runner. It must not call back.
func (i *instant) Do(c mesossim.Command) {
	if c.Kind != mesossim.Launch {
		return // it has ended already
	}
	i.mu.Lock()
	i.todo = append(i.todo, c.ContainerID)
	i.mu.Unlock()
	i.more.Signal()
}

func (i *instant) run() {
	defer close(i.done)
	for {
		i.mu.Lock()
		for len(i.todo) == 0 && !i.closed {
			i.more.Wait()
		}
		todo := i.todo
		i.todo = nil
		i.mu.Unlock()
		if len(todo) == 0 {
			return
		}
		for _, container := range todo {
			i.reporter.Started(container, 1)
			i.reporter.Exited(container, mesossim.Exit{})
		}
	}
}

// Close implements runner.
func (i *instant) Close() {
	i.mu.Lock()
	i.closed = true
	i.mu.Unlock()
	i.more.Signal()
	<-i.done
}
