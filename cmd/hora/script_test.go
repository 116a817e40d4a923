package main

import (
	"bufio"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hora-scheduler/hora/submit/chronostest"
)

// scriptCommands are what scripts may do besides running hora.
//
//	server         starts what TestEverywhere runs the script against
//	dev            starts hora dev; HORA_SERVER is where it listens
//	chronos 2.4    starts a server that answers as the recorded Chronos 2.4.0 did (or 3.0)
//	meddle JOB     from now on somebody else pauses the job right before it is changed for the first time
//	lossy          from now on the first answer about each job that is changed or deleted is lost
//	ordered WORDS  checks that this was ordered of the Chronos: run a -v, kill a
//	exits CODE COMMAND…    see exits
//	replace FILE OLD NEW
var scriptCommands = map[string]func(ts *testscript.TestScript, neg bool, args []string){
	"server": func(ts *testscript.TestScript, _ bool, _ []string) {
		if kind := ts.Getenv(kindOfServer); kind != "hora" {
			startChronos(ts, kind)
			return
		}
		startHora(ts)
	},
	"dev":     func(ts *testscript.TestScript, _ bool, args []string) { startHora(ts, args...) },
	"chronos": func(ts *testscript.TestScript, _ bool, args []string) { startChronos(ts, args[0]) },
	"meddle": func(ts *testscript.TestScript, _ bool, args []string) {
		var once sync.Once
		behindProxy(ts, func(hora http.Handler, w http.ResponseWriter, r *http.Request) {
			if strings.HasSuffix(r.URL.Path, "/"+args[0]) {
				once.Do(func() {
					pause := httptest.NewRequest(http.MethodPost, r.URL.Path+"/pause", strings.NewReader("{}"))
					pause.Header.Set("Content-Type", "application/json")
					hora.ServeHTTP(httptest.NewRecorder(), pause)
				})
			}
			hora.ServeHTTP(w, r)
		})
	},
	"lossy": func(ts *testscript.TestScript, _ bool, _ []string) {
		var lost sync.Map
		behindProxy(ts, func(hora http.Handler, w http.ResponseWriter, r *http.Request) {
			if _, before := lost.LoadOrStore(r.Method+r.URL.Path, true); before {
				hora.ServeHTTP(w, r)
				return
			}
			hora.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		})
	},
	"ordered": func(ts *testscript.TestScript, neg bool, args []string) {
		found, _ := chronosOf.Load(ts.Name() + ts.Getenv("HORA_SERVER"))
		ran := strings.Join(found.(*chronostest.Server).Ran(), "\n")
		if strings.Contains(ran, strings.Join(args, " ")) == neg {
			ts.Fatalf("ordered:\n%s", ran)
		}
	},
	"exits": exits,
	"replace": func(ts *testscript.TestScript, _ bool, args []string) {
		text := ts.ReadFile(args[0])
		if !strings.Contains(text, args[1]) {
			ts.Fatalf("%s has no %q", args[0], args[1])
		}
		ts.Check(writeText(ts.MkAbs(args[0]), strings.ReplaceAll(text, args[1], args[2])))
	},
}

// startHora starts hora dev until the script is over.
func startHora(ts *testscript.TestScript, args ...string) {
	cmd := exec.Command("hora", append([]string{"dev", "--http_port", "0", "--data_dir", ts.MkAbs("hora-data"), "--quiet"}, args...)...)
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	ts.Defer(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	for s := bufio.NewScanner(out); s.Scan(); {
		if _, after, found := strings.Cut(s.Text(), "http://"); found && strings.HasPrefix(s.Text(), "hora ") {
			ts.Setenv("HORA_SERVER", "http://"+strings.Fields(after)[0])
			go func() {
				for s.Scan() { // so that it can go on writing
				}
			}()
			return
		}
	}
	ts.Fatalf("hora dev ended without saying where it listens")
}

// behindProxy puts something between hora's client and its server, that sees
// each PUT and DELETE.
func behindProxy(ts *testscript.TestScript, between func(hora http.Handler, w http.ResponseWriter, r *http.Request)) {
	at, err := url.Parse(ts.Getenv("HORA_SERVER"))
	ts.Check(err)
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(at) }}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut || r.Method == http.MethodDelete {
			between(proxy, w, r)
			return
		}
		proxy.ServeHTTP(w, r)
	}))
	ts.Defer(server.Close)
	ts.Setenv("HORA_SERVER", server.URL)
}

// startChronos starts what plays a Chronos.
func startChronos(ts *testscript.TestScript, release string) {
	fake := &chronostest.Server{V24: release == "2.4", Lag: 1}
	server := httptest.NewServer(fake)
	ts.Defer(server.Close)
	ts.Setenv("HORA_SERVER", server.URL)
	chronosOf.Store(ts.Name()+server.URL, fake)
}

// kindOfServer is the variable that says what scripts run against.
const kindOfServer = "HORA_TEST_SERVER"

// TestEverywhere runs the same scripts against hora dev and against what plays
// a Chronos of both releases: [hora], [chronos], [2.4] and [3.0] tell them apart.
func TestEverywhere(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"hora", "2.4", "3.0"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			testscript.Run(t, testscript.Params{
				Dir: "testdata/everywhere", Cmds: scriptCommands,
				Setup: func(e *testscript.Env) error {
					e.Setenv("HOME", e.WorkDir)
					e.Setenv(kindOfServer, kind)
					return nil
				},
				Condition: func(is string) (bool, error) {
					return is == kind || is == "chronos" && kind != "hora", nil
				},
			})
		})
	}
}

// chronosOf finds the servers of scripts.
var chronosOf sync.Map

func writeText(name, text string) error { return os.WriteFile(name, []byte(text), 0o600) }
