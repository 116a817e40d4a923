package chronos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// Location says where a Chronos keeps its state.
type Location struct {
	Servers []string // host:port
	Path    string   // --zk_path, /chronos/state by default; the state is below it, in state
	Auth    string   // user:password for the digest scheme (--zk_auth), or ""
}

// DefaultPath is Chronos' own.
const DefaultPath = "/chronos/state"

// ParseLocation reads zk://[user:password@]host:port[,host:port…][/path]; missing
// is the path where none stands. The error never shows a password.
func ParseLocation(text, missing string) (Location, error) {
	rest, ok := strings.CutPrefix(text, "zk://")
	if !ok {
		return Location{}, errors.New("want zk://host:port[,host:port…]/path")
	}
	var l Location
	hosts, path, _ := strings.Cut(rest, "/")
	if i := strings.LastIndex(hosts, "@"); i >= 0 {
		l.Auth, hosts = hosts[:i], hosts[i+1:]
		if user, password, ok := strings.Cut(l.Auth, ":"); !ok || user == "" || password == "" {
			return Location{}, errors.New("want user:password in front of the @")
		}
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host == "" || strings.ContainsAny(host, " \t") {
			return Location{}, errors.New("want zk://host:port[,host:port…]/path: a host is empty")
		}
		if !strings.Contains(host, ":") {
			host += ":2181"
		}
		l.Servers = append(l.Servers, host)
	}
	if l.Path = "/" + strings.Trim(path, "/"); l.Path == "/" {
		l.Path = missing
	}
	return l, nil
}

// ZooKeeper are the znodes of a Chronos in ZooKeeper.
type ZooKeeper struct {
	conn *zk.Conn
	path string
	acl  []zk.ACL
}

// sessionTime is the time-out that is asked for, and how long connecting may take.
const sessionTime = 10 * time.Second

// maxAnswer bounds what ZooKeeper may answer: a hundred thousand names.
const maxAnswer = 64 << 20

// Connect connects to ZooKeeper. Its calls fail once ctx is over; Close ends it.
func Connect(ctx context.Context, l Location) (*ZooKeeper, error) {
	conn, events, err := zk.Connect(l.Servers, sessionTime, zk.WithLogInfo(false), zk.WithLogger(silence{}), zk.WithMaxBufferSize(maxAnswer))
	if err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeout(ctx, sessionTime)
	defer cancel()
	for up := false; !up; {
		select {
		case ev := <-events:
			up = ev.State == zk.StateHasSession
		case <-wait.Done():
			conn.Close()
			if ctx.Err() != nil {
				return nil, ctx.Err()
			}
			return nil, fmt.Errorf("no ZooKeeper answers at %s", strings.Join(l.Servers, ","))
		}
	}
	go func() {
		for range events { // it must be drained
		}
	}()
	context.AfterFunc(ctx, conn.Close) // the library's calls know no context
	z := &ZooKeeper{conn: conn, path: l.Path, acl: zk.WorldACL(zk.PermAll)}
	if l.Auth != "" {
		if err := conn.AddAuth("digest", []byte(l.Auth)); err != nil {
			conn.Close()
			return nil, fmt.Errorf("credentials: %w", err)
		}
		// As 3.0 does with --zk_auth (contracts/chronos.md 7.3).
		z.acl = append(zk.AuthACL(zk.PermAll), zk.WorldACL(zk.PermRead)...)
	}
	return z, nil
}

type silence struct{}

func (silence) Printf(string, ...any) {}

// Close ends the connection.
func (z *ZooKeeper) Close() { z.conn.Close() }

func (z *ZooKeeper) node(name string) string { return z.path + "/state/" + name }

// List implements Nodes.
func (z *ZooKeeper) List(context.Context) ([]string, error) {
	names, _, err := z.conn.Children(z.path + "/state")
	if errors.Is(err, zk.ErrNoNode) {
		return nil, fmt.Errorf("%s/state: %w", z.path, ErrNoState)
	}
	return names, err
}

// Read implements Nodes.
func (z *ZooKeeper) Read(_ context.Context, name string) ([]byte, int32, bool, error) {
	data, stat, err := z.conn.Get(z.node(name))
	switch {
	case errors.Is(err, zk.ErrNoNode):
		return nil, NewNode, false, nil
	case err != nil:
		return nil, 0, false, err
	}
	return data, stat.Version, true, nil
}

// Write implements Nodes.
func (z *ZooKeeper) Write(_ context.Context, name string, data []byte, version int32) error {
	var err error
	if version == NewNode {
		if _, err = z.conn.Create(z.node(name), data, 0, z.acl); errors.Is(err, zk.ErrNoNode) {
			if err = z.makeParents(); err == nil {
				_, err = z.conn.Create(z.node(name), data, 0, z.acl)
			}
		}
	} else {
		_, err = z.conn.Set(z.node(name), data, version)
	}
	return changed(name, err)
}

// makeParents makes the nodes above, open to everybody as Chronos does.
func (z *ZooKeeper) makeParents() error {
	at := ""
	for part := range strings.SplitSeq(z.path[1:]+"/state", "/") {
		at += "/" + part
		if _, err := z.conn.Create(at, nil, 0, zk.WorldACL(zk.PermAll)); err != nil && !errors.Is(err, zk.ErrNodeExists) {
			return fmt.Errorf("make %s: %w", at, err)
		}
	}
	return nil
}

// Delete implements Nodes.
func (z *ZooKeeper) Delete(_ context.Context, name string, version int32) error {
	return changed(name, z.conn.Delete(z.node(name), version))
}

func changed(name string, err error) error {
	if errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode) {
		return fmt.Errorf("%s: %w", name, ErrChanged)
	}
	return err
}

// Leader implements Nodes: the first in line of the latches (contracts/chronos.md 7.4).
func (z *ZooKeeper) Leader(context.Context) (string, error) {
	latches, _, err := z.conn.Children(z.path + "/candidate")
	if errors.Is(err, zk.ErrNoNode) || err == nil && len(latches) == 0 {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	turn := func(name string) string { _, seq, _ := strings.Cut(name, "latch-"); return seq }
	first := slices.MinFunc(latches, func(a, b string) int { return strings.Compare(turn(a), turn(b)) })
	data, _, err := z.conn.Get(z.path + "/candidate/" + first)
	if errors.Is(err, zk.ErrNoNode) {
		return "", nil
	}
	return string(data), err
}
