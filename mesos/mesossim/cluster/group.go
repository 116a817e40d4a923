package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// nodePrefix begins the name of a master's node; a sequence number follows
// (Mesos contract 1.4).
const nodePrefix = "json.info_"

// group is the masters' group in ZooKeeper. Each master holds a session and a
// node in it; one more session looks who is there, for all of them.
type group struct {
	servers []string
	path    string
	timeout time.Duration // of sessions
	version string        // of Mesos, for the nodes
	masters *masters
	log     *slog.Logger
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu       sync.Mutex
	sessions map[incarnation]*zkSession // of masters
}

// incarnation is one life of a master.
type incarnation struct{ index, life int }

// newGroup reads zk://host:port,…/path.
func newGroup(text string, m *masters, log *slog.Logger) (*group, error) {
	rest, ok := strings.CutPrefix(text, "zk://")
	hosts, dir, _ := strings.Cut(rest, "/")
	if !ok || hosts == "" || strings.Contains(hosts, "@") || strings.Trim(dir, "/") == "" {
		return nil, fmt.Errorf("ZooKeeper group %q: expected zk://host:port,…/path, without credentials", text)
	}
	g := &group{
		servers: strings.Split(hosts, ","), path: "/" + strings.Trim(dir, "/"), timeout: m.timing.Session,
		masters: m, log: log, sessions: map[incarnation]*zkSession{},
	}
	if g.timeout <= 0 {
		g.timeout = 10 * time.Second
	}
	g.ctx, g.cancel = context.WithCancel(context.Background())
	return g, nil
}

// watch begins to look who is in the group.
func (g *group) watch() { g.running.Go(g.observe) }

// close ends all sessions properly, so that nodes go at once.
func (g *group) close() {
	g.cancel()
	g.running.Wait()
}

// again does something until it says that it is done, with pauses.
func (g *group) again(what string, do func() (done bool, err error)) {
	for g.ctx.Err() == nil {
		done, err := do()
		if done {
			return
		}
		if err != nil {
			g.log.Debug("ZooKeeper", "failed", what, "error", err)
		}
		g.pause(100 * time.Millisecond)
	}
}

func (g *group) pause(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-g.ctx.Done():
	}
}

// observe tells the masters who is in the group. If nobody could say for as
// long as a session lasts, there is none.
func (g *group) observe() {
	var s *zkSession
	defer func() { s.end(true) }()
	seen := time.Now()
	g.again("look at the group", func() (bool, error) {
		var err error
		if s == nil {
			if s, err = g.session(); err != nil {
				return false, err
			}
		}
		stop := context.AfterFunc(g.ctx, func() { s.conn.Close() })
		list, err := g.members(s.conn)
		if stop(); err != nil {
			if time.Since(seen) > g.timeout {
				g.masters.setGroup(nil)
			}
			select {
			case <-s.over: // it has expired, and its connection with it
				s = nil
			default:
			}
			return false, err
		}
		seen = time.Now()
		g.masters.setGroup(list)
		return false, nil // it is not watched: a connection of go-zookeeper 1.0.4 that has watches races with itself when it is made anew
	})
}

// members reads the group.
func (g *group) members(conn *zk.Conn) ([]member, error) {
	children, _, err := conn.Children(g.path)
	if errors.Is(err, zk.ErrNoNode) {
		return nil, g.makePath(conn)
	}
	if err != nil {
		return nil, err
	}
	var out []member
	for _, name := range children {
		number, ours := strings.CutPrefix(name, nodePrefix)
		sequence, err := strconv.ParseInt(number, 10, 64)
		if !ours || err != nil {
			continue
		}
		id, address, err := read(conn, path.Join(g.path, name))
		if err != nil {
			return nil, err
		}
		x := member{sequence: sequence, address: address}
		x.process, x.life = g.masters.find(id)
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b member) int { return int(a.sequence - b.sequence) })
	return out, nil
}

// read reads who and where a master is.
func read(conn *zk.Conn, node string) (id, address string, err error) {
	data, _, err := conn.Get(node)
	if err != nil {
		return "", "", err
	}
	var info struct {
		ID      string
		Address struct{ IP, Port any }
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return "", "", fmt.Errorf("node %s: %w", node, err)
	}
	return info.ID, net.JoinHostPort(fmt.Sprint(info.Address.IP), fmt.Sprint(info.Address.Port)), nil
}

// makePath makes the group's node and those above it.
func (g *group) makePath(conn *zk.Conn) error {
	full := ""
	for _, part := range strings.Split(g.path[1:], "/") {
		full += "/" + part
		if _, err := conn.Create(full, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
	return nil
}

// join keeps a master in the group for a life: when its session expires it joins
// anew, behind the others.
func (g *group) join(index, life int) {
	g.running.Go(func() {
		g.again("join the group", func() (bool, error) {
			who, alive := g.masters.alive(index, life)
			if !alive {
				return true, nil
			}
			return false, g.hold(incarnation{index, life}, who)
		})
	})
}

// hold joins the group and returns when the session is over.
func (g *group) hold(p incarnation, who mesossim.MasterIdentity) error {
	s, err := g.session()
	if err != nil {
		return err
	}
	g.mu.Lock()
	g.sessions[p] = s
	g.mu.Unlock()
	defer func() { s.end(true) }()
	defer context.AfterFunc(g.ctx, func() { s.end(true) })()
	if err := g.makePath(s.conn); err != nil {
		return err
	}
	if _, err := s.conn.Create(path.Join(g.path, nodePrefix), nodeData(who, g.version), zk.FlagEphemeral|zk.FlagSequence, zk.WorldACL(zk.PermAll)); err != nil {
		return err
	}
	<-s.over
	return nil
}

// cut ends a master's session as the end of its process does: without a word,
// so that its node stays until the session expires.
func (g *group) cut(p incarnation) {
	g.mu.Lock()
	s := g.sessions[p]
	g.mu.Unlock()
	s.end(false)
}

// zkSession is a connection to ZooKeeper that ends with its session.
type zkSession struct {
	conn *zk.Conn
	once sync.Once
	over chan struct{} // closed when the session is

	mu      sync.Mutex
	dead    bool
	sockets []net.Conn
}

func (g *group) session() (*zkSession, error) {
	s := &zkSession{over: make(chan struct{})}
	conn, events, err := zk.Connect(g.servers, g.timeout, zk.WithDialer(s.dial), zk.WithLogInfo(false), zk.WithLogger(silent{}))
	if err != nil {
		return nil, err
	}
	s.conn = conn
	go func() {
		for ev := range events {
			if ev.State == zk.StateExpired {
				break
			}
		}
		s.end(false)
	}()
	return s, nil
}

// silent says nothing.
type silent struct{}

// Printf implements zk.Logger.
func (silent) Printf(string, ...any) {}

// errDead says that the process that connects has been killed.
var errDead = errors.New("the process is dead")

// dial connects, and keeps the connection in mind for a sudden end.
func (s *zkSession) dial(network, address string, timeout time.Duration) (net.Conn, error) {
	conn, err := net.DialTimeout(network, address, timeout)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead {
		conn.Close()
		return nil, errDead
	}
	s.sockets = append(s.sockets, conn)
	return conn, nil
}

// end ends the session once; properly tells ZooKeeper so.
func (s *zkSession) end(properly bool) {
	if s == nil {
		return
	}
	s.once.Do(func() {
		if properly {
			s.conn.Close()
		}
		s.mu.Lock()
		s.dead = true
		sockets := s.sockets
		s.mu.Unlock()
		for _, c := range sockets {
			c.Close()
		}
		s.conn.Close()
		close(s.over)
	})
}
