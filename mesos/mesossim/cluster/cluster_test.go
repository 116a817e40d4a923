package cluster

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

func TestTasksRun(t *testing.T) {
	t.Parallel()
	for _, profile := range []mesossim.Profile{mesossim.Mesos1_0, mesossim.Mesos1_3, mesossim.Mesos1_11} {
		t.Run(profile.Version(), func(t *testing.T) {
			t.Parallel()
			c := start(t, Config{Version: profile.Version(), AllocationInterval: 20 * time.Millisecond})
			f := subscribe(t, c.MasterURL(), info("t"))
			f.launch(
				taskOf("good", shell("exit 0")),
				taskOf("bad", shell("exit 3")),
				taskOf("killed", shell("kill -KILL $$")),
			)
			var states []string
			got := map[string]string{}
			for len(got) < 3 {
				st := f.status()
				if st.TaskID.Value == "good" {
					states = append(states, st.State.String())
				}
				if mesossim.Terminal(*st.State) {
					got[st.TaskID.Value] = st.State.String() + " " + st.GetMessage()
				}
			}
			want := map[string]string{
				"good":   "TASK_FINISHED Command exited with status 0",
				"bad":    "TASK_FAILED Command exited with status 3",
				"killed": "TASK_FAILED Command terminated with signal Killed",
			}
			for id, w := range want {
				if got[id] != w {
					t.Errorf("%s: got %q, want %q", id, got[id], w)
				}
			}
			wantStates := "TASK_RUNNING TASK_FINISHED"
			if profile >= 5 {
				wantStates = "TASK_STARTING TASK_RUNNING TASK_FINISHED"
			}
			if s := strings.Join(states, " "); s != wantStates {
				t.Errorf("states of good: %s, want %s", s, wantStates)
			}
		})
	}
}

func TestKillAndMaxCompletionTime(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.11"})
	i := info("t")
	i.Capabilities = []mesos.FrameworkInfo_Capability{{Type: mesos.FrameworkInfo_Capability_TASK_KILLING_STATE}}
	f := subscribe(t, c.MasterURL(), i)
	ready := filepath.Join(t.TempDir(), "ready")
	slow := taskOf("slow", shell("trap '' TERM; echo > "+ready+"; while :; do sleep 0.1; done"))
	long := taskOf("long", shell("trap '' TERM; while :; do sleep 0.1; done"))
	long.MaxCompletionTime = &mesos.DurationInfo{Nanoseconds: 1e6}
	f.launch(slow, long)
	var states []string
	var killed, late *mesos.TaskStatus
	for killed == nil || late == nil {
		st := f.status()
		if st.TaskID.Value == "long" {
			if mesossim.Terminal(*st.State) {
				late = st
			}
			continue
		}
		states = append(states, st.State.String())
		switch *st.State {
		case mesos.TASK_RUNNING:
			await(t, ready) // else the signal may come before the trap
			f.call(&scheduler.Call{Type: scheduler.Call_KILL, Kill: &scheduler.Call_Kill{
				TaskID: st.TaskID, KillPolicy: &mesos.KillPolicy{GracePeriod: &mesos.DurationInfo{Nanoseconds: 5e7}},
			}})
		case mesos.TASK_KILLED:
			killed = st
		}
	}
	if s := strings.Join(states, " "); s != "TASK_STARTING TASK_RUNNING TASK_KILLING TASK_KILLED" {
		t.Errorf("states: %s", s)
	}
	if m := killed.GetMessage(); m != "Command terminated with signal Killed" {
		t.Errorf("message of the killed task: %q", m)
	}
	if *late.State != mesos.TASK_FAILED || late.GetReason() != mesos.REASON_MAX_COMPLETION_TIME_REACHED {
		t.Errorf("task over its time: %s %s", late.State, late.GetReason())
	}
}

// await waits for a file that a task makes.
func await(t *testing.T, path string) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; <-time.After(5 * time.Millisecond) {
		if _, err := os.Stat(path); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s did not appear", path)
		}
	}
}

// get fetches a page.
func get(t *testing.T, url string) (int, http.Header, string) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(mustRequest(t, http.MethodGet, url, ""))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, string(body)
}

func mustRequest(t *testing.T, method, url, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// TestFiles reads a sandbox the way a framework finds it: from the offer's url,
// the agent's state and the paths of Mesos contract 5. The answers are those of
// the recording operator_agent_and_sandbox.
func TestFiles(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.3"})
	f := subscribe(t, c.MasterURL(), info("t"))
	o := f.launch(taskOf("sb", shell("mkdir d; seq 1 30000 > d/big.txt; echo out; echo err >&2")))
	f.ends(1)
	agent := fmt.Sprintf("http://%s:%d%s", o.URL.Address.GetIP(), o.URL.Address.Port, o.URL.GetPath())
	_, _, text := get(t, agent+"/state")
	var state struct {
		Frameworks []struct {
			Executors []struct{ ID, Directory string }
		}
	}
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	dir := state.Frameworks[0].Executors[0].Directory
	big := "path=" + url.QueryEscape(dir+"/d/big.txt")
	for _, x := range []struct {
		path   string
		status int
		want   string
	}{
		{"/files/read?path=" + dir + "/stdout&offset=0", 200, `{"data":"out\n","offset":0}`},
		{"/files/read?path=" + dir + "/stderr&offset=1&length=2", 200, `{"data":"rr","offset":1}`},
		{"/files/read?" + big, 200, `{"data":"","offset":168894}`},
		{"/files/read?" + big + "&offset=-1", 200, `{"data":"","offset":168894}`},
		{"/files/read?" + big + "&offset=5&length=5", 200, `{"data":"\n4\n5\n","offset":5}`},
		{"/files/read?" + big + "&offset=999999&length=10", 200, `{"data":"","offset":999999}`},
		{"/files/read?" + big + "&offset=0&length=10&jsonp=cb", 200, `cb({"data":"1\n2\n3\n4\n5\n","offset":0});`},
		{"/files/read?" + big + "&offset=-2&length=10", 400, "Negative offset provided: -2.\n"},
		{"/files/read?" + big + "&offset=abc", 400, "Failed to parse offset: Failed to convert 'abc' to number.\n"},
		{"/files/read?path=" + dir + "&offset=0", 400, "Cannot read a directory.\n"},
		{"/files/read?offset=0", 400, "Expecting 'path=value' in query.\n"},
		{"/files/read?path=/etc/passwd&offset=0", 404, ""},
		{"/files/read?path=" + dir + "/none&offset=0", 404, ""},
		{"/files/browse?path=" + dir + "/stdout", 200, "[]"},
		{"/files/browse?path=/etc", 404, ""},
		{"/files/browse?path=" + dir + "/../../..", 400, "'" + dir + "/../../..' is inaccessible.\n"},
		{"/files/browse?path=/frameworks/" + o.FrameworkID.Value + "/executors/sb/runs/latest", 404, ""},
		{"/files/download?path=" + dir + "/stderr", 200, "err\n"},
		{"/files/download?path=" + dir + "/d", 400, "Cannot download a directory.\n"},
	} {
		status, _, body := get(t, agent+x.path)
		if status != x.status || body != x.want {
			t.Errorf("%s:\n got %d %.200s\nwant %d %s", x.path, status, body, x.status, x.want)
		}
	}
	_, _, list := get(t, agent+"/files/browse?path="+dir)
	var entries []struct{ Mode, Path, UID string }
	if err := json.Unmarshal([]byte(list), &entries); err != nil {
		t.Fatal(err)
	}
	if len(entries) != 3 || entries[0].Mode != "drwxr-xr-x" || entries[2].Path != dir+"/stdout" {
		t.Errorf("browse: %s", list)
	}
	if _, _, whole := get(t, agent+"/files/read?"+big+"&offset=0"); len(whole) != 78331 {
		t.Errorf("a read gives %d bytes of JSON, want 78331: 64 KiB of content", len(whole))
	}
}

// TestFilesOfLaterVersions reads by the virtual path, which needs neither work
// directory nor container id.
func TestFilesOfLaterVersions(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.11"})
	f := subscribe(t, c.MasterURL(), info("t"))
	o := f.launch(taskOf("ct:1:0:a b:", shell("echo hi; ln -s /etc/passwd link")))
	f.ends(1)
	p := "/frameworks/" + o.FrameworkID.Value + "/executors/ct:1:0:a b:/runs/latest"
	status, _, body := get(t, c.AgentURL(0)+"/files/read?path="+url.QueryEscape(p+"/stdout")+"&offset=0")
	if status != 200 || body != `{"data":"hi\n","offset":0}` {
		t.Errorf("virtual path: %d %s", status, body)
	}
	if status, _, body := get(t, c.AgentURL(0)+"/files/read?path="+url.QueryEscape(p+"/link")+"&offset=0"); status != 404 {
		t.Errorf("a link out of the sandbox is followed: %d %s", status, body)
	}
	call := `{"type":"READ_FILE","read_file":{"path":` + fmt.Sprintf("%q", p+"/stdout") + `,"offset":0}}`
	resp, err := http.DefaultTransport.RoundTrip(mustRequest(t, http.MethodPost, c.AgentURL(0)+"/slave(1)/api/v1", call))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, _ := io.ReadAll(resp.Body); string(text) != `{"read_file":{"data":"aGkK","size":3},"type":"READ_FILE"}` {
		t.Errorf("READ_FILE: %s", text)
	}
}

func TestReadSide(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.3", Agents: DefaultAgents(2, "")})
	f := subscribe(t, c.MasterURL(), info("reader"))
	f.launch(taskOf("run", shell("sleep 100")), taskOf("done", shell("true")))
	f.ends(1)
	var state struct {
		Version string
		Slaves  []struct {
			Hostname, PID string
			Attributes    map[string]any
		}
		Frameworks []struct {
			ID, Name       string
			Tasks          []struct{ ID, State string }
			CompletedTasks []struct{ ID, State string } `json:"completed_tasks"`
		}
	}
	_, _, text := get(t, c.MasterURL()+"/state")
	if err := json.Unmarshal([]byte(text), &state); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	if state.Version != "1.3.2" || len(state.Slaves) != 2 || state.Slaves[1].Attributes["hostgroup"] != "b" {
		t.Errorf("state: %s", text)
	}
	fw := state.Frameworks[0]
	if fw.ID != f.id.Value || len(fw.Tasks) != 1 || fw.Tasks[0].ID != "run" || len(fw.CompletedTasks) != 1 || fw.CompletedTasks[0].State != "TASK_FINISHED" {
		t.Errorf("framework: %+v", fw)
	}
	for _, path := range []string{"/slaves", "/tasks", "/version", "/frameworks", "/state-summary", "/master/state"} {
		status, h, body := get(t, c.MasterURL()+path)
		if status != 200 || h.Get("Content-Type") != "application/json" || !json.Valid([]byte(body)) {
			t.Errorf("%s: %d %s %s", path, status, h.Get("Content-Type"), body)
		}
	}
	if _, _, body := get(t, c.MasterURL()+"/tasks?limit=1&order=asc"); !strings.Contains(body, `"id":"run"`) || strings.Contains(body, `"id":"done"`) {
		t.Errorf("tasks, oldest first, one: %s", body)
	}
	if status, _, _ := get(t, c.MasterURL()+"/health"); status != 200 {
		t.Errorf("health: %d", status)
	}
}

// TestModes checks a master that does not lead, as recorded in standby_redirect
// and master_from_first_moment.
func TestModes(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.3"})
	c.Faults().Standby("10.9.8.7:5050")
	for path, want := range map[string]string{
		"/api/v1/scheduler":        "//10.9.8.7:5050/master/api/v1/scheduler",
		"/api/v1/scheduler?a=b":    "//10.9.8.7:5050/master/api/v1/scheduler?a=b",
		"/master/api/v1/scheduler": "//10.9.8.7:5050/master/api/v1/scheduler",
		"/state":                   "//10.9.8.7:5050/master/state",
		"/redirect":                "//10.9.8.7:5050",
	} {
		status, h, body := get(t, c.MasterURL()+path)
		if status != 307 || h.Get("Location") != want || body != "" {
			t.Errorf("%s: %d %s %q, want 307 %s", path, status, h.Get("Location"), body, want)
		}
	}
	for _, text := range []string{NoLeader, Recovering} {
		c.Faults().Unavailable(text)
		if status, _, body := get(t, c.MasterURL()+"/api/v1/scheduler"); status != 503 || body != text {
			t.Errorf("%d %q, want 503 %q", status, body, text)
		}
	}
	c.Faults().Lead()
	if status, h, _ := get(t, c.MasterURL()+"/redirect"); status != 307 || h.Get("Location") != strings.TrimPrefix(c.MasterURL(), "http:") {
		t.Errorf("the leader's own redirect: %d %s", status, h.Get("Location"))
	}
}

func TestStreamFaults(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.11"})
	f := subscribe(t, c.MasterURL(), info("t"))
	f.launch(taskOf("long", shell("sleep 100")))
	for f.status().GetState() != mesos.TASK_RUNNING {
	}
	c.Faults().BreakStream(f.id.Value, true)
	for f.next() != nil {
	}
	if f.end != io.ErrUnexpectedEOF {
		t.Errorf("a stream cut in a record ends with %v", f.end)
	}
	again := info("t")
	again.ID = f.id
	g := subscribe(t, c.MasterURL(), again)
	// The update that was not acknowledged by the first stream comes again, or
	// reconciliation tells.
	g.call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}})
	if st := g.status(); st.TaskID.Value != "long" || *st.State != mesos.TASK_RUNNING {
		t.Errorf("after the break: %v", st)
	}
	c.Faults().RestartMaster()
	for g.next() != nil {
	}
	if g.end != io.ErrUnexpectedEOF {
		t.Errorf("the stream of a master that died ends with %v", g.end)
	}
	if status, text := g.try(&scheduler.Call{Type: scheduler.Call_REVIVE}); status != 400 || text != "Framework cannot be found" {
		t.Errorf("call to the new master: %d %s", status, text)
	}
	h := subscribe(t, c.MasterURL(), again)
	c.Faults().AgentReturns(0)
	h.call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}})
	if st := h.status(); *st.State != mesos.TASK_RUNNING {
		t.Errorf("the task after the master's restart: %v", st)
	}
}

func TestMessageFaults(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.11", AllocationInterval: 20 * time.Millisecond})
	f := subscribe(t, c.MasterURL(), info("t"))
	c.Faults().Lose("ACCEPT", 1)
	o := f.launch(taskOf("lost", shell("true")))
	f.call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{
		Tasks: []scheduler.Call_Reconcile_Task{{TaskID: mesos.TaskID{Value: "lost"}, AgentID: &o.AgentID}},
	}})
	if st := f.status(); *st.State != mesos.TASK_LOST || st.GetReason() != mesos.REASON_RECONCILIATION {
		t.Errorf("after a lost ACCEPT: %v", st)
	}
	c.Faults().RescindOffers(0)
	if ev := f.wait(scheduler.Event_RESCIND); ev.Rescind.OfferID != o.ID {
		t.Errorf("rescinded %s, want %s", ev.Rescind.OfferID.Value, o.ID.Value)
	}
	c.Faults().Duplicate("UPDATE", 1)
	f.launch(taskOf("twice", shell("sleep 100")))
	a, b := f.wait(scheduler.Event_UPDATE).Update.Status, f.wait(scheduler.Event_UPDATE).Update.Status
	if string(a.UUID) != string(b.UUID) || len(a.UUID) != 16 {
		t.Errorf("a doubled update: %v, %v", a, b)
	}
}

// TestMischief holds what goes wrong on the wire and at agents.
func TestMischief(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.11", AllocationInterval: 20 * time.Millisecond})
	for _, size := range []int{1, 7, 100_000} {
		c.Faults().Chunks(size)
		g := subscribe(t, c.MasterURL(), info("chunks"))
		if o := g.offer(); o.Hostname != "agent1" {
			t.Errorf("in chunks of %d bytes: %v", size, o)
		}
		g.call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	}
	c.Faults().Chunks(0)
	c.Faults().Slow(50 * time.Millisecond)
	began := time.Now()
	f := subscribe(t, c.MasterURL(), info("t"))
	if took := time.Since(began); took < 50*time.Millisecond {
		t.Errorf("a slow master took %v", took)
	}
	c.Faults().Slow(0)
	if !c.Faults().Inject(f.id.Value, &scheduler.Event{Type: 99}) || c.Faults().Inject("nobody", &scheduler.Event{Type: 99}) {
		t.Error("an event goes to who has a stream")
	}
	if ev := f.wait(99); ev == nil {
		t.Error("the event did not come")
	}
	f.launch(taskOf("hungry", shell("sleep 100")))
	for f.status().GetState() != mesos.TASK_RUNNING {
	}
	if !c.Faults().FailTask(f.id.Value, "hungry", mesos.REASON_CONTAINER_LIMITATION_MEMORY, "Memory limit exceeded") {
		t.Error("no such task")
	}
	if st := f.status(); st.GetState() != mesos.TASK_FAILED || st.GetReason() != mesos.REASON_CONTAINER_LIMITATION_MEMORY || st.GetSource() != mesos.SOURCE_AGENT {
		t.Errorf("out of memory: %v", st)
	}
	if c.Faults().FailTask(f.id.Value, "hungry", mesos.REASON_EXECUTOR_TERMINATED, "") {
		t.Error("a task fails twice")
	}
	i := info("checkpointed")
	i.Checkpoint = new(bool)
	*i.Checkpoint = true
	f.call(&scheduler.Call{Type: scheduler.Call_TEARDOWN})
	g := subscribe(t, c.MasterURL(), i)
	g.launch(taskOf("stays", shell("sleep 100")))
	for g.status().GetState() != mesos.TASK_RUNNING {
	}
	c.Faults().AgentRestarts(0)
	g.call(&scheduler.Call{Type: scheduler.Call_RECONCILE, Reconcile: &scheduler.Call_Reconcile{}})
	if st := g.status(); st.GetState() != mesos.TASK_RUNNING {
		t.Errorf("after the agent's restart: %v", st)
	}
}

// TestHealthChecks holds that checks are really made: of a file that appears,
// and of a port that nobody listens on.
func TestHealthChecks(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Version: "1.11", AllocationInterval: 20 * time.Millisecond})
	f := subscribe(t, c.MasterURL(), info("t"))
	no, often, once := 0.0, 0.01, uint32(1)
	l := taskOf("file", shell("touch ok; sleep 100"))
	l.HealthCheck = &mesos.HealthCheck{Type: mesos.HealthCheck_COMMAND, Command: shell("test -e ok"), DelaySeconds: &no, IntervalSeconds: &often}
	port, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port.Close()
	g := taskOf("port", shell("sleep 100"))
	g.HealthCheck = &mesos.HealthCheck{
		Type: mesos.HealthCheck_TCP, TCP: &mesos.HealthCheck_TCPCheckInfo{Port: uint32(port.Addr().(*net.TCPAddr).Port)},
		DelaySeconds: &no, GracePeriodSeconds: &no, ConsecutiveFailures: &once,
	}
	f.launch(l, g)
	var good, bad bool
	for !good || !bad {
		st := f.status()
		switch {
		case st.Healthy == nil:
		case *st.Healthy != (st.TaskID.Value == "file"):
			t.Fatalf("unexpected health: %v", st)
		case *st.Healthy && st.GetReason() == mesos.REASON_TASK_HEALTH_CHECK_STATUS_UPDATED:
			good = true
		case st.GetState() == mesos.TASK_KILLED:
			bad = true
		}
	}
}

func TestBadConfig(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		config Config
		want   string
	}{
		{Config{Agents: []AgentConfig{{Resources: "cpus"}}}, `resource "cpus": expected name:value`},
		{Config{Agents: []AgentConfig{{Resources: "cpus:-1"}}}, `value "-1": expected a number of at least 0`},
		{Config{Agents: []AgentConfig{{Resources: "ports:[9-1]"}}}, `range "9-1": expected begin-end`},
		{Config{Agents: []AgentConfig{{Attributes: "rack:{a,b}"}}}, `attribute "rack:{a,b}": sets are not allowed`},
		{Config{Agents: []AgentConfig{{Resources: "cpus:1;cpus:2"}}}, `resource "cpus" is given twice`},
		{Config{Addr: "nonsense"}, "missing port"},
		{Config{ZooKeeper: "z1:2181/mesos"}, `ZooKeeper group "z1:2181/mesos": expected zk://`},
		{Config{ZooKeeper: "zk://z1:2181"}, "expected zk://"},
		{Config{Version: "2.0"}, `mesos version "2.0": expected 1.0, 1.3, 1.4 or 1.11`},
	} {
		c, err := Start(t.Context(), x.config)
		if err == nil {
			c.Close()
			t.Errorf("%+v: no error, want %q", x.config, x.want)
			continue
		}
		if !strings.Contains(err.Error(), x.want) {
			t.Errorf("%+v: error %q, want %q", x.config, err, x.want)
		}
	}
}

// BenchmarkBurst launches 500 tasks in one ACCEPT and waits until all run.
func BenchmarkBurst(b *testing.B) {
	for b.Loop() {
		burst(b, 500)
	}
}

func burst(b *testing.B, n int) {
	c, err := Start(b.Context(), Config{Version: "1.3"})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	f := subscribe(b, c.MasterURL(), info("t"))
	defer f.cancel()
	var tasks []mesos.TaskInfo
	for i := range n {
		tasks = append(tasks, taskOf(fmt.Sprintf("t%d", i), shell("sleep 100")))
	}
	begin := time.Now()
	f.launch(tasks...)
	for range n {
		f.wait(scheduler.Event_UPDATE)
	}
	b.ReportMetric(float64(time.Since(begin).Milliseconds()), "ms/burst")
	threads, _ := os.ReadFile("/proc/self/status")
	if _, rest, ok := strings.Cut(string(threads), "Threads:"); ok {
		var n float64
		fmt.Sscan(rest, &n)
		b.ReportMetric(n, "threads")
	}
}

// BenchmarkOne measures from ACCEPT to the RUNNING of one task.
func BenchmarkOne(b *testing.B) {
	c, err := Start(b.Context(), Config{Version: "1.3", AllocationInterval: 50 * time.Millisecond})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	f := subscribe(b, c.MasterURL(), info("t"))
	defer f.cancel()
	i := 0
	var before, after syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		i++
		b.StopTimer()
		for len(f.offers) == 0 {
			f.wait(scheduler.Event_OFFERS)
		}
		b.StartTimer()
		f.launch(taskOf(fmt.Sprintf("t%d", i), shell("true")))
		f.status()
		b.StopTimer()
		f.ends(1)
		b.StartTimer()
	}
	syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	b.ReportMetric(float64(used)/1e6/float64(i), "cpu-ms/run") // with the client's part
}
