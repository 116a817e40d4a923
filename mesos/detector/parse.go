package detector

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/mesos"
)

// Options configure a detector. The zero value of each means its default.
type Options struct {
	Scheme  string        // of masters that are named without one, as all in ZooKeeper are: http or https; http
	Timeout time.Duration // of the ZooKeeper session and of each request; 10 s, as masters have (Mesos contract 1.4)
	Logger  *slog.Logger  // nil: none. It is told of no secret
}

// Detector is a mesos.Detector with something to close.
type Detector interface {
	mesos.Detector
	io.Closer
}

// Parse makes a detector of what a --master flag says: zk://host:port,…/path,
// with user:password@ before the hosts if the group wants them; one or more
// URLs of masters, separated by commas, of which the scheme may be missing; or
// file:///path, a file that holds one of these. It connects to nothing yet but
// to ZooKeeper, in the background.
func Parse(master string, o Options) (Detector, error) {
	if o.Scheme == "" {
		o.Scheme = "http"
	}
	if o.Scheme != "http" && o.Scheme != "https" {
		return nil, fmt.Errorf("scheme of masters %q: expected http or https", o.Scheme)
	}
	if path, isFile := strings.CutPrefix(master, "file://"); isFile {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("master: %w", err)
		}
		if master = strings.TrimSpace(string(text)); strings.HasPrefix(master, "file://") {
			return nil, fmt.Errorf("master: %s names another file", path)
		}
	}
	if strings.HasPrefix(master, groupScheme) {
		g, err := parseGroup(master)
		if err != nil {
			return nil, err
		}
		return watch(g, o), nil
	}
	return parseList(master, o)
}

// list is a detector without anything to close.
type list struct{ mesos.Detector }

// Close implements io.Closer.
func (list) Close() error { return nil }

func parseList(text string, o Options) (Detector, error) {
	var urls []string
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			return nil, errors.New("master: expected zk://host:port/path or URLs such as http://10.0.0.1:5050, separated by commas")
		}
		if !strings.Contains(part, "://") {
			part = o.Scheme + "://" + part
		}
		urls = append(urls, part)
	}
	masters := mesos.Masters(urls...)
	if _, err := masters.Detect(context.Background(), ""); err != nil { // which only looks at the texts
		return nil, err
	}
	return list{masters}, nil
}

const (
	groupScheme = "zk://"
	groupPort   = 2181
)

// group is where the masters of a cluster elect their leader.
type group struct {
	servers     []string // host:port
	path        string
	Credentials mesos.Secret // user:password, "" for none; exported so that fmt finds its methods
}

// String implements fmt.Stringer. It shows no password.
func (g group) String() string { return groupScheme + strings.Join(g.servers, ",") + g.path }

// parseGroup reads zk://[user:password@]host[:port],…[/path]. Errors do not
// show the text: it may hold a password.
func parseGroup(text string) (group, error) {
	bad := func(format string, args ...any) (group, error) {
		return group{}, fmt.Errorf("master: "+format+", expected zk://host:port,host:port/path", args...)
	}
	hosts, path, _ := strings.Cut(strings.TrimPrefix(text, groupScheme), "/")
	g := group{path: "/" + strings.TrimRight(path, "/")}
	if strings.Contains(g.path, "//") || strings.ContainsAny(g.path, "?#@ ") {
		return bad("the ZooKeeper path is none")
	}
	if at := strings.LastIndexByte(hosts, '@'); at >= 0 {
		g.Credentials, hosts = mesos.Secret(hosts[:at]), hosts[at+1:]
		if user, password, both := strings.Cut(string(g.Credentials), ":"); !both || user == "" || password == "" {
			return bad("what stands before the @ is not user:password")
		}
	}
	for server := range strings.SplitSeq(hosts, ",") {
		host, port, err := net.SplitHostPort(server)
		if err != nil {
			host, port = strings.Trim(server, "[]"), strconv.Itoa(groupPort)
		}
		if n, err := strconv.ParseUint(port, 10, 16); host == "" || strings.ContainsAny(host, " /[]") || err != nil || n == 0 {
			return bad("%q is no ZooKeeper server", server)
		}
		g.servers = append(g.servers, net.JoinHostPort(host, port))
	}
	return g, nil
}
