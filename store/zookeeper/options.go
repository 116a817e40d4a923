package zookeeper

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"
)

const (
	// DefaultSessionTimeout is how long after the last word of a leader
	// another one may be elected.
	DefaultSessionTimeout = 6 * time.Second

	// MinSessionTimeout is the least that may be asked for. ZooKeeper itself
	// grants no less than two of its ticks, which are two seconds by default.
	MinSessionTimeout = 500 * time.Millisecond

	// DefaultPort is ZooKeeper's.
	DefaultPort = "2181"
)

// Options say where the data is and how to get there.
type Options struct {
	// Servers are those of the ensemble, each host or host:port. Names are
	// looked up at each connection.
	Servers []string

	// Path is the znode under which everything is kept, such as /hora. It is
	// made, with those above it, if it isn't there. Clusters of hora that have
	// nothing to do with each other need a path each.
	Path string

	// SessionTimeout is how long a leader may be silent before another one is
	// elected; 0 stands for DefaultSessionTimeout. ZooKeeper may grant another
	// one, by its tickTime; what it grants counts.
	SessionTimeout time.Duration

	// Auth is user:password for the digest scheme, or empty. With it, all that
	// is made can be read, written and deleted with it alone; without, by
	// everybody.
	Auth string

	// TLS, if not nil, has connections encrypted. A ServerName that is empty
	// is that of each server.
	TLS *tls.Config

	// Identity, if not empty, is the one that the data must have; see
	// [Backend.Identity].
	Identity string

	// Seen, if not nil, is called with the identity when it becomes known, so
	// that it can be kept. It may be called more than once, by several goroutines.
	Seen func(identity string)

	// Logger gets what a person may want to know; nil for nothing.
	Logger *slog.Logger
}

// check says what is wrong with the options, and puts in what was left out.
func (o *Options) check() error {
	if len(o.Servers) == 0 {
		return errors.New("no servers: expected host:port, one or more")
	}
	servers := make([]string, len(o.Servers))
	for i, s := range o.Servers {
		host, port, err := net.SplitHostPort(s)
		if err != nil {
			host, port = strings.Trim(s, "[]"), DefaultPort
		}
		number, err := strconv.Atoi(port)
		if host == "" || err != nil || number < 1 || number > 65535 || strings.ContainsAny(host, "/, ") {
			return fmt.Errorf("server %q: expected host or host:port", s)
		}
		servers[i] = net.JoinHostPort(host, port)
	}
	o.Servers = servers
	if err := checkPath(o.Path); err != nil {
		return err
	}
	if o.SessionTimeout == 0 {
		o.SessionTimeout = DefaultSessionTimeout
	}
	if o.SessionTimeout < MinSessionTimeout {
		return fmt.Errorf("session timeout %v: expected at least %v", o.SessionTimeout, MinSessionTimeout)
	}
	if user, password, ok := strings.Cut(o.Auth, ":"); o.Auth != "" && (!ok || user == "" || password == "") {
		return errors.New("credentials: expected user:password") // without them: they are secret
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	return nil
}

func checkPath(path string) error {
	if !strings.HasPrefix(path, "/") || path == "/" || len(path) > 200 {
		return fmt.Errorf("path %q: expected an absolute path of a znode below the root, such as /hora", path)
	}
	for part := range strings.SplitSeq(path[1:], "/") {
		if part == "" || part == "." || part == ".." {
			return fmt.Errorf("path %q: expected neither empty parts nor dots between slashes", path)
		}
		for _, r := range part {
			if r < ' ' || r >= 0x7f {
				return fmt.Errorf("path %q: expected printable ASCII characters", path)
			}
		}
	}
	if path == "/zookeeper" || strings.HasPrefix(path, "/zookeeper/") {
		return fmt.Errorf("path %q: /zookeeper belongs to ZooKeeper itself", path)
	}
	return nil
}
