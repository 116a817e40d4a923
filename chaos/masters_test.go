package chaos_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-zookeeper/zk"
)

// Where the masters elect their leader, and where each process finds them.
const mastersPath = "/mesos"

func (n *node) mastersPath() string { return mastersPath + "-" + n.name }

// mirror shows each process a group of masters of its own, which is the masters'
// group with the addresses of the proxies that stand before them for this process.
func (w *world) mirror() {
	conn, events, err := zk.Connect([]string{w.zk.Addr()}, 10*time.Second, zk.WithLogInfo(false), zk.WithLogger(quiet{}))
	if err != nil {
		w.t.Fatal(err)
	}
	go func() {
		for range events {
		}
	}()
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(20 * time.Millisecond):
			}
			for _, n := range w.nodes {
				_ = w.reflect(conn, n) // ZooKeeper is away at times
			}
		}
	}()
	w.t.Cleanup(func() { close(stop); conn.Close(); <-done })
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}

// reflect brings the group of one process up to date.
func (w *world) reflect(conn *zk.Conn, n *node) error {
	masters, _, err := conn.Children(mastersPath)
	if err != nil && !errors.Is(err, zk.ErrNoNode) {
		return err
	}
	own := n.mastersPath()
	have, _, err := conn.Children(own)
	if errors.Is(err, zk.ErrNoNode) {
		_, err = conn.Create(own, nil, 0, zk.WorldACL(zk.PermAll))
	}
	if err != nil {
		return err
	}
	for _, name := range have {
		if !slices.Contains(masters, name) {
			if err := conn.Delete(own+"/"+name, -1); err != nil {
				return err
			}
		}
	}
	for _, name := range masters {
		if slices.Contains(have, name) {
			continue
		}
		data, _, err := conn.Get(mastersPath + "/" + name)
		if err == nil {
			data, err = w.through(data, n)
		}
		if err == nil {
			_, err = conn.Create(own+"/"+name, data, 0, zk.WorldACL(zk.PermAll))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// through is a master's node with the address of a process's proxy before it.
func (w *world) through(data []byte, n *node) ([]byte, error) {
	var info map[string]any
	if err := json.Unmarshal(data, &info); err != nil {
		return nil, err
	}
	at, _ := info["pid"].(string)
	i := slices.IndexFunc(w.sim.MasterURLs(), func(url string) bool { return "master@"+strings.TrimPrefix(url, "http://") == at })
	if i < 0 {
		return nil, fmt.Errorf("no master is at %q", at)
	}
	host, text, err := net.SplitHostPort(n.mesos[i].Addr())
	if err != nil {
		return nil, err
	}
	port, err := strconv.Atoi(text)
	if err != nil {
		return nil, err
	}
	info["pid"], info["port"] = "master@"+n.mesos[i].Addr(), port
	info["address"] = map[string]any{"hostname": host, "ip": host, "port": port}
	return json.Marshal(info)
}
