package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/process"
)

// Config configures a Cluster. The zero value of each field means its default.
type Config struct {
	Version string        // of Mesos, see mesossim.ParseProfile; default 1.11
	Addr    string        // where the master listens; default 127.0.0.1:0
	Agents  []AgentConfig // default: DefaultAgents(1, "")

	// Masters is how many masters there are; default 1. The first listens at
	// Addr and leads, the others redirect to it and take over in turn. They
	// listen at the ports behind Addr's, or at free ones if that is 0.
	Masters  int
	Election Timing
	// ZooKeeper is where the masters elect their leader, zk://host:port,…/path;
	// default: without one. Start does not wait for it.
	ZooKeeper string

	WorkDir string // for sandboxes; default a new temporary directory, removed by Close

	AllocationInterval time.Duration // default 1 s
	OfferTimeout       time.Duration // default none
	PingTimeout        time.Duration // default 75 s
	HeartbeatInterval  time.Duration // default 15 s

	// Credentials are principals and their secrets; if there are any, frameworks
	// must authenticate.
	Credentials map[string]string
	// Env is given to every task besides what its executor and its command say;
	// default: PATH of this program.
	Env []string
	// Seed makes ids; default from the time.
	Seed uint64
	// Instant ends every task well as soon as it starts, without a process: for
	// benchmarks of what is around the tasks.
	Instant bool
	// Log gets a line for each task launched, not launched and ended; default none.
	Log *slog.Logger
}

// AgentConfig describes an agent in the words of the agent's flags.
type AgentConfig struct {
	Hostname   string // default agentN
	Resources  string // such as "cpus:4;mem:4096;disk:10000;ports:[31000-31999]"
	Attributes string // such as "rack:1;hostgroup:a"
}

// DefaultResources is what an agent has if nothing is said.
const DefaultResources = "cpus:4;mem:4096;disk:10000;ports:[31000-31999]"

// DefaultAgents describes n equal agents named agent1, agent2, … with racks
// 1…n and hostgroups a and b in turn. Resources "" means DefaultResources.
func DefaultAgents(n int, resources string) []AgentConfig {
	var out []AgentConfig
	for i := range n {
		out = append(out, AgentConfig{
			Hostname:   fmt.Sprintf("agent%d", i+1),
			Resources:  resources,
			Attributes: fmt.Sprintf("rack:%d;hostgroup:%c", i+1, 'a'+rune(i%2)),
		})
	}
	return out
}

// runner performs the agents' commands.
type runner interface {
	Do(mesossim.Command)
	Close()
}

// Cluster is a running simulated cluster.
type Cluster struct {
	config  Config
	log     *slog.Logger
	core    *core
	runner  runner
	masters *masters
	group   *group // nil: no ZooKeeper
	agents  []*listener
	handler *handler // of the first master
	ownDir  string   // to be removed by Close
	stop    func() bool
	closing sync.Once
	err     error

	mu      sync.Mutex
	servers []*listener // of the masters, nil while one is down
}

// listener is an HTTP server on its own port.
type listener struct {
	net.Listener
	server *http.Server
}

func (l *listener) port() int { return l.Addr().(*net.TCPAddr).Port }
func (l *listener) host() string {
	ip := l.Addr().(*net.TCPAddr).IP
	if ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return ip.String()
}

// Start starts a cluster. It ends with Close, or when ctx is done.
func Start(ctx context.Context, config Config) (*Cluster, error) {
	c := &Cluster{config: config, log: config.Log}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	if err := c.start(); err != nil {
		c.Close()
		return nil, fmt.Errorf("simulated mesos: %w", err)
	}
	c.stop = context.AfterFunc(ctx, func() { c.Close() })
	return c, nil
}

func (c *Cluster) start() error {
	if c.config.Version == "" {
		c.config.Version = mesossim.Mesos1_11.Version()
	}
	profile, err := mesossim.ParseProfile(c.config.Version)
	if err != nil {
		return err
	}
	specs, err := c.agentSpecs()
	if err != nil {
		return err
	}
	if err := c.workDir(); err != nil {
		return err
	}
	if err := c.listenMasters(); err != nil {
		return err
	}
	for i := range specs {
		l, err := listen(net.JoinHostPort(c.servers[0].host(), "0"))
		if err != nil {
			return err
		}
		c.agents = append(c.agents, l)
		specs[i].IP, specs[i].Port = l.host(), l.port()
	}
	faults := newFaults()
	options := c.modelOptions()
	options.Profile = profile
	options.Tamper = faults.tamper
	c.core = newCore(options)
	if c.runner, err = c.newRunner(); err != nil {
		return err
	}
	c.core.commands = c.do
	if err := c.elect(profile, faults); err != nil {
		return err
	}
	for _, spec := range specs {
		if err := c.core.addAgent(spec); err != nil {
			return err
		}
	}
	c.serve()
	return nil
}

// listenMasters opens the masters' ports.
func (c *Cluster) listenMasters() error {
	n := max(c.config.Masters, 1)
	for i := range n {
		addr := c.config.Addr
		if i > 0 {
			next := c.servers[0].port() + i
			if _, port, _ := net.SplitHostPort(addr); port == "" || port == "0" {
				next = 0
			}
			addr = net.JoinHostPort(c.servers[0].Addr().(*net.TCPAddr).IP.String(), strconv.Itoa(next))
		}
		l, err := listen(addr)
		if err != nil {
			return err
		}
		c.servers = append(c.servers, l)
	}
	return nil
}

// elect makes the masters and starts them.
func (c *Cluster) elect(profile mesossim.Profile, faults *Faults) error {
	c.masters = newMasters(c.core, c.config.Election)
	for i, l := range c.servers {
		h := newHandler(c.core, profile, c.config)
		h.faults, h.address = faults, l.address()
		for _, a := range c.agents {
			h.addresses = append(h.addresses, a.address())
		}
		if i == 0 {
			c.handler = h
		}
		c.masters.add(h)
	}
	faults.core, faults.mode, faults.cluster = c.core, c.handler.mode, c
	if c.config.ZooKeeper != "" {
		var err error
		if c.group, err = newGroup(c.config.ZooKeeper, c.masters, c.log); err != nil {
			return err
		}
		c.group.version = profile.Version()
		c.masters.join = c.group.join
		c.group.watch()
	}
	for i := range c.servers {
		c.masters.start(i)
	}
	return nil
}

func (c *Cluster) modelOptions() mesossim.Options {
	seed := c.config.Seed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	l := c.servers[0]
	return mesossim.Options{
		Seed:     seed,
		Hostname: l.host(), IP: l.host(), Port: l.port(),
		AllocationInterval: c.config.AllocationInterval, OfferTimeout: c.config.OfferTimeout,
		PingTimeout: c.config.PingTimeout, HeartbeatInterval: c.config.HeartbeatInterval,
	}
}

func (c *Cluster) processConfig() process.Config {
	env := c.config.Env
	if env == nil {
		env = []string{"PATH=" + os.Getenv("PATH")}
	}
	return process.Config{
		WorkDir:      c.config.WorkDir,
		Env:          env,
		AgentAddress: func(i int) string { return c.agents[i].address() },
		Prefix:       func(i int) string { return agentDir(i) },
	}
}

func (l *listener) address() string { return net.JoinHostPort(l.host(), strconv.Itoa(l.port())) }

// agentDir is the name of an agent's work directory.
func agentDir(index int) string { return fmt.Sprintf("agent%d", index+1) }

func (c *Cluster) agentSpecs() ([]mesossim.AgentSpec, error) {
	if c.config.Agents == nil {
		c.config.Agents = DefaultAgents(1, "")
	}
	var out []mesossim.AgentSpec
	for i, a := range c.config.Agents {
		if a.Hostname == "" {
			a.Hostname = fmt.Sprintf("agent%d", i+1)
		}
		if a.Resources == "" {
			a.Resources = DefaultResources
		}
		resources, err := mesossim.ParseResources(a.Resources)
		if err != nil {
			return nil, fmt.Errorf("agent %s: %w", a.Hostname, err)
		}
		attributes, err := mesossim.ParseAttributes(a.Attributes)
		if err != nil {
			return nil, fmt.Errorf("agent %s: %w", a.Hostname, err)
		}
		out = append(out, mesossim.AgentSpec{Hostname: a.Hostname, Resources: resources, Attributes: attributes})
	}
	return out, nil
}

func (c *Cluster) workDir() (err error) {
	if c.config.WorkDir == "" {
		dir, err := os.MkdirTemp("", "mesossim-")
		if err != nil {
			return err
		}
		c.ownDir, c.config.WorkDir = dir, dir
		return os.Chmod(dir, 0o755) // tasks of other users must get in
	}
	c.config.WorkDir, err = filepath.Abs(c.config.WorkDir)
	return err
}

func listen(addr string) (*listener, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	return &listener{Listener: l}, nil
}

func (c *Cluster) serve() {
	for i, l := range c.servers {
		l.serve(c.masters.list[i].handler.masterRoutes())
	}
	for i, l := range c.agents {
		l.serve(c.handler.agentRoutes(i))
	}
}

// serve answers requests in the background.
func (l *listener) serve(h http.Handler) {
	l.server = &http.Server{Handler: h, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0)}
	go func() { _ = l.server.Serve(l) }()
}

// close ends a listener and its connections.
func (l *listener) close() error {
	var closer io.Closer = l
	if l.server != nil {
		closer = l.server
	}
	if err := closer.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}

// killMaster ends a master: its port closes and all its connections break.
func (c *Cluster) killMaster(i int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := c.servers[i]
	if l == nil {
		return
	}
	c.servers[i] = nil
	life := c.masters.kill(i)
	if c.group != nil {
		c.group.cut(incarnation{i, life})
	}
	if err := l.close(); err != nil {
		c.log.Warn("a master's port is not closed", "error", err)
	}
}

// startMaster starts a master that was killed, at the same address.
func (c *Cluster) startMaster(i int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.servers[i] != nil {
		return nil
	}
	h := c.masters.list[i].handler
	l, err := listen(h.address)
	if err != nil {
		return err
	}
	c.servers[i] = l
	c.masters.start(i)
	l.serve(h.masterRoutes())
	return nil
}

// MasterURL is the base URL of the first master, such as http://127.0.0.1:5050.
func (c *Cluster) MasterURL() string { return "http://" + c.handler.address }

// MasterURLs are the base URLs of all masters, also of those that are down.
func (c *Cluster) MasterURLs() []string {
	var out []string
	for _, p := range c.masters.list {
		out = append(out, "http://"+p.handler.address)
	}
	return out
}

// Leader returns the index of the master that leads, -1 if there is none now.
func (c *Cluster) Leader() int { return c.masters.leading() }

// AgentURL is the base URL of an agent's listener.
func (c *Cluster) AgentURL(index int) string { return "http://" + c.agents[index].address() }

// Faults is where things can be made to go wrong.
func (c *Cluster) Faults() *Faults { return c.handler.faults }

// WorkDir is where the sandboxes are.
func (c *Cluster) WorkDir() string { return c.config.WorkDir }

// Close kills all tasks and ends everything.
func (c *Cluster) Close() error {
	c.closing.Do(func() {
		if c.stop != nil {
			c.stop()
		}
		if c.masters != nil {
			c.masters.close()
		}
		c.mu.Lock()
		for _, l := range append(c.servers, c.agents...) {
			if l != nil {
				c.err = errors.Join(c.err, l.close())
			}
		}
		c.mu.Unlock()
		if c.group != nil {
			c.group.close()
		}
		if c.core != nil {
			c.core.close()
		}
		if c.runner != nil {
			c.runner.Close()
		}
		if c.ownDir != "" {
			c.err = errors.Join(c.err, os.RemoveAll(c.ownDir))
		}
	})
	return c.err
}

func (c *Cluster) do(cmd mesossim.Command) {
	if cmd.Kind == mesossim.Launch {
		c.log.Debug("task launched", "task", cmd.Launch.Task.TaskID.Value, "agent", cmd.Launch.AgentID)
	}
	c.runner.Do(cmd)
}

// reporter tells the model what the Runner says.
type reporter struct {
	core *core
	log  *slog.Logger
}

func (r reporter) Started(container string, pid int) {
	r.core.do(func(m *mesossim.Model, now time.Time) { m.Started(now, container, pid) })
}

func (r reporter) LaunchFailed(container, message string) {
	r.log.Warn("task not launched", "container", container, "cause", message)
	r.core.do(func(m *mesossim.Model, now time.Time) { m.LaunchFailed(now, container, message) })
}

func (r reporter) Exited(container string, exit mesossim.Exit) {
	r.log.Debug("task ended", "container", container, "status", exit.Status, "signal", exit.Signal)
	r.core.do(func(m *mesossim.Model, now time.Time) { m.Exited(now, container, exit) })
}

func (r reporter) Checked(container string, healthy bool) {
	r.core.do(func(m *mesossim.Model, now time.Time) { m.Checked(now, container, healthy) })
}
