package zookeepertest

import (
	"crypto/rand"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The environment of the tests.
const (
	envAddr = "HORA_TEST_ZK"        // host:port of a server to use
	envJars = "HORA_ZOOKEEPER_JARS" // directory of ZooKeeper's jars
	envCI   = "HORA_CI"             // 1: a missing ZooKeeper is a failure
)

// debianJars is where Debian puts jars.
const debianJars = "/usr/share/java"

var shared struct {
	sync.Once
	server *Server
	err    error
}

// Main runs the tests of a binary and ends the shared server after them. It
// returns the code to exit with.
func Main(m *testing.M) int {
	defer func() {
		if s := shared.server; s != nil && s.given == "" {
			s.remove()
		}
	}()
	return m.Run()
}

// Shared returns the server that all tests of this binary share. They must not
// disturb it, and keep to paths that [Path] gave them.
func Shared(tb testing.TB) *Server {
	tb.Helper()
	if given := os.Getenv(envAddr); given != "" {
		shared.Do(func() {
			shared.server = &Server{given: given}
			if !serves(given) {
				shared.err = fmt.Errorf("%s=%s: no ZooKeeper answers there", envAddr, given)
			}
		})
	} else {
		requireJars(tb)
		shared.Do(func() {
			if shared.server, shared.err = newServer(Config{}); shared.err == nil {
				shared.err = shared.server.run()
			}
		})
	}
	if shared.err != nil {
		tb.Fatal(shared.err)
	}
	return shared.server
}

// Path returns a path that nobody else uses, and that is not there yet.
func Path() string { return "/hora-test-" + strings.ToLower(rand.Text()) }

// requireJars skips the test if no server can be started here, or fails it
// where all tests must run.
func requireJars(tb testing.TB) {
	tb.Helper()
	why := missing()
	if why == "" {
		return
	}
	why += "; `apt-get install zookeeper`, or name the directory of its jars in " + envJars +
		" (" + envAddr + "=host:port is enough for the tests that share a server)"
	if os.Getenv(envCI) == "1" {
		tb.Fatal(why)
	}
	tb.Skip(why)
}

// missing says what is missing to start a server, "" for nothing.
func missing() string {
	if _, err := exec.LookPath("java"); err != nil {
		return "no ZooKeeper can be started: there is no java"
	}
	if os.Getenv(envJars) == "" {
		if _, err := os.Stat(filepath.Join(debianJars, "zookeeper.jar")); err != nil {
			return "no ZooKeeper can be started: " + filepath.Join(debianJars, "zookeeper.jar") + " is not there"
		}
	}
	return ""
}

// classPath is the class path of a server; more are further jars of the same
// directory. Debian's jar names those that it needs.
func classPath(more []string) string {
	if dir := os.Getenv(envJars); dir != "" {
		return filepath.Join(dir, "*")
	}
	paths := []string{filepath.Join(debianJars, "zookeeper.jar")}
	for _, jar := range more {
		paths = append(paths, filepath.Join(debianJars, jar))
	}
	return strings.Join(paths, ":")
}
