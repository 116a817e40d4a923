package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// dev is a hora dev of its own process.
type dev struct {
	t    testing.TB
	cmd  *exec.Cmd
	base string
	out  chan string // what it prints, closed at its end
}

// startDev starts hora dev in a folder and waits until it says where it listens.
func startDev(t testing.TB, dir string, args ...string) *dev {
	t.Helper()
	d := &dev{t: t, out: make(chan string, 100000)}
	d.cmd = exec.Command("hora", append([]string{"dev", "--http_port", "0", "--data_dir", dir}, args...)...)
	var stderr bytes.Buffer
	d.cmd.Stderr = &stderr
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = d.cmd.Process.Kill()
		_ = d.cmd.Wait()
		if t.Failed() && stderr.Len() > 0 {
			t.Logf("stderr:\n%s", stderr.String())
		}
	})
	go func() {
		defer close(d.out)
		for s := bufio.NewScanner(stdout); s.Scan(); {
			d.out <- s.Text()
		}
	}()
	for line := range d.out {
		if _, after, found := strings.Cut(line, "http://"); found && strings.HasPrefix(line, "hora ") {
			d.base = "http://" + strings.Fields(after)[0]
			return d
		}
	}
	t.Fatalf("hora dev ended without saying where it listens:\n%s", stderr.String())
	return nil
}

// kill ends it as kill -9 does.
func (d *dev) kill() {
	_ = d.cmd.Process.Kill()
	_ = d.cmd.Wait()
}

// stop ends it as Ctrl-C does, and tells how.
func (d *dev) stop() error {
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return d.cmd.Wait()
}

func (d *dev) call(method, path string, body any, answer any) int {
	d.t.Helper()
	var in io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			d.t.Fatal(err)
		}
		in = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, d.base+path, in)
	if err != nil {
		d.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if answer != nil {
		if err := json.Unmarshal(text, answer); err != nil {
			d.t.Fatalf("%s %s: %s: %v", method, path, text, err)
		}
	}
	return resp.StatusCode
}

type jobSpec map[string]any

func (d *dev) post(j jobSpec) {
	d.t.Helper()
	path := "/v1/scheduler/iso8601"
	if j["parents"] != nil {
		path = "/v1/scheduler/dependency"
	}
	if code := d.call("POST", path, j, nil); code != 204 {
		d.t.Fatalf("POST %v: %d", j, code)
	}
}

type histEntry struct {
	Slot, Created, Ended  time.Time
	Count                 int64
	Kind, Outcome, Reason string
	Run                   string
	Attempts              []struct {
		Number                   int
		Task, State, Message     string
		Launched, Running, Ended time.Time
	}
}

// history is a job's history, oldest first.
func (d *dev) history(name string) []histEntry {
	d.t.Helper()
	var out []histEntry
	if code := d.call("GET", "/api/jobs/"+name+"/history?limit=100000", nil, &out); code != 200 {
		d.t.Fatalf("history of %s: %d", name, code)
	}
	slices.Reverse(out)
	return out
}

// until polls until a condition holds; a test that waits for ever is ended by go test.
func until(holds func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		<-tick.C
	}
}

// TestDevBothParents: C never starts before both have succeeded since it was released last.
func TestDevBothParents(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--history", "1000")
	now := time.Now().UTC().Format(time.RFC3339)
	d.post(jobSpec{"name": "A", "command": "true", "schedule": "R/" + now + "/PT2S"})
	d.post(jobSpec{"name": "B", "command": "true", "schedule": "R/" + now + "/PT3S"})
	d.post(jobSpec{"name": "C", "command": "true", "parents": []string{"A", "B"}})
	until(func() bool { return len(d.history("C")) >= 4 })
	a, b, c := d.history("A"), d.history("B"), d.history("C")
	since := time.Time{}
	for i, run := range c {
		for name, parent := range map[string][]histEntry{"A": a, "B": b} {
			if !slices.ContainsFunc(parent, func(p histEntry) bool {
				return p.Outcome == "succeeded" && p.Ended.After(since) && !p.Ended.After(run.Created)
			}) {
				t.Errorf("run %d of C was released at %v, and %s has no success since %v", i, run.Created, name, since)
			}
		}
		if run.Attempts[0].Launched.Before(run.Created) {
			t.Errorf("run %d of C was launched before it was released", i)
		}
		since = run.Created
	}
}

// TestDevRetries: attempts 0, 1, 2, each at least the interval after the end of the one before.
func TestDevRetries(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	d.post(jobSpec{"name": "f", "command": "exit 7", "schedule": "R1//PT1H", "retries": 2, "retryInterval": "PT1S"})
	until(func() bool { return len(d.history("f")) == 1 })
	h := d.history("f")[0]
	if h.Outcome != "failed" || len(h.Attempts) != 3 {
		t.Fatalf("%+v, want a failure after 3 attempts", h)
	}
	for i, a := range h.Attempts {
		if a.Number != i || a.State != "TASK_FAILED" || !strings.Contains(a.Message, "status 7") {
			t.Errorf("attempt %d: %+v", i, a)
		}
		if i > 0 && a.Launched.Sub(h.Attempts[i-1].Ended) < time.Second {
			t.Errorf("attempt %d came %v after the end of the one before, want at least 1 s", i, a.Launched.Sub(h.Attempts[i-1].Ended))
		}
	}
}

// TestDevForeignHost: a page of somebody else cannot reach it by a name that leads here.
func TestDevForeignHost(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--allowed_hosts", "mine.example,other.example")
	for host, want := range map[string]int{"": 200, "localhost": 200, "other.example:80": 200, "evil.example": 421} {
		for _, path := range []string{"/", "/api/jobs", "/scheduler/jobs", "/metrics"} {
			req, err := http.NewRequestWithContext(t.Context(), "GET", d.base+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Host = host
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.StatusCode != want {
				t.Errorf("%s at %q: %d, want %d", path, host, resp.StatusCode, want)
			}
		}
	}
}

// TestDevGoesOn: stopped and started again, it knows its jobs and what was done.
func TestDevGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := startDev(t, dir)
	d.post(jobSpec{"name": "a", "command": "true", "schedule": "R1//PT1H"})
	until(func() bool { return len(d.history("a")) == 1 })
	if second := exec.Command("hora", "dev", "--http_port", "0", "--data_dir", dir); true {
		text, err := second.CombinedOutput()
		if err == nil || !bytes.Contains(text, []byte(dir)) {
			t.Errorf("a second hora on the same folder: %v, %s; want an error that names the folder", err, text)
		}
	}
	if err := d.stop(); err != nil {
		t.Errorf("stopped by an interrupt: %v, want exit 0", err)
	}
	d = startDev(t, dir)
	if h := d.history("a"); len(h) != 1 || h[0].Outcome != "succeeded" {
		t.Errorf("history after a restart: %+v", h)
	}
}

// mark is a line that a job wrote itself.
type mark struct{ slot, attempt, what string }

// TestDevKilledAgainAndAgain kills hora with -9 at random moments while slots
// come due and runs go on, and compares what the jobs themselves wrote down
// with the history: no slot lost, no slot run twice without its first attempt
// having been declared lost.
func TestDevKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	marks := filepath.Join(dir, "marks")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	d := startDev(t, dir, "--history", "10000", "--quiet")
	command := `echo "$CHRONOS_JOB_RUN_TIME $CHRONOS_JOB_RUN_ATTEMPT start" >> ` + marks + `; sleep 0.2; echo "$CHRONOS_JOB_RUN_TIME $CHRONOS_JOB_RUN_ATTEMPT end" >> ` + marks
	start := time.Now().UTC().Truncate(time.Second).Add(time.Second)
	d.post(jobSpec{"name": "j", "command": command, "schedule": "R/" + start.Format(time.RFC3339) + "/PT1S", "catchUp": "all", "overlap": "allow"})
	const kills = 20
	for range kills {
		timer := time.NewTimer(time.Duration(rnd.IntN(1500)) * time.Millisecond)
		<-timer.C
		d.kill()
		d = startDev(t, dir, "--history", "10000", "--quiet")
	}
	// After the storm: no more slots, and everything owed is done.
	last := time.Now().UTC()
	d.post(jobSpec{"name": "stop", "command": "true", "schedule": "R1//PT1H"})
	if code := d.call("POST", "/v1/scheduler/iso8601", jobSpec{
		"name": "j", "command": command, "schedule": "R/" + start.Format(time.RFC3339) + "/PT1S", "catchUp": "all", "overlap": "allow", "disabled": false, "description": "checked",
	}, nil); code != 204 {
		t.Fatal(code)
	}
	byslot := func() map[int64]histEntry {
		out := map[int64]histEntry{}
		for _, e := range d.history("j") {
			if old, twice := out[e.Slot.UnixMilli()]; twice {
				t.Fatalf("slot %v was decided twice: %+v and %+v", e.Slot, old, e)
			}
			out[e.Slot.UnixMilli()] = e
		}
		return out
	}
	until(func() bool {
		h := byslot()
		for s := start; !s.After(last); s = s.Add(time.Second) {
			if h[s.UnixMilli()].Outcome == "" {
				return false
			}
		}
		return true
	})
	d.kill()
	checkMarks(t, readMarks(t, marks), start, last, func() map[int64]histEntry {
		d = startDev(t, dir, "--history", "10000", "--quiet")
		return byslot()
	}())
}

func readMarks(t *testing.T, file string) map[mark]int {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[mark]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("a job wrote %q", line)
		}
		out[mark{f[0], f[1], f[2]}]++
	}
	return out
}

func checkMarks(t *testing.T, marks map[mark]int, start, last time.Time, history map[int64]histEntry) {
	slots, again := 0, 0
	for s := start; !s.After(last); s = s.Add(time.Second) {
		slots++
		ms := s.UnixMilli()
		e := history[ms]
		if e.Outcome != "succeeded" {
			t.Errorf("slot %v: %s (%s), want succeeded", s, e.Outcome, e.Reason)
			continue
		}
		for i, a := range e.Attempts {
			slot, number := strconv.FormatInt(ms, 10), strconv.Itoa(a.Number)
			started, ended := marks[mark{slot, number, "start"}], marks[mark{slot, number, "end"}]
			switch final := i == len(e.Attempts)-1; {
			case started > 1 || ended > 1:
				t.Errorf("slot %v attempt %d ran %d times", s, a.Number, started)
			case final && ended != 1:
				t.Errorf("slot %v: its last attempt %d is recorded as %s and did not end", s, a.Number, a.State)
			case !final && (a.State == "TASK_FINISHED" || a.State == "TASK_RUNNING"):
				t.Errorf("slot %v: attempt %d was followed by another although it is %s", s, a.Number, a.State)
			}
		}
		if len(e.Attempts) > 1 {
			again++
		}
	}
	for m := range marks {
		ms, _ := strconv.ParseInt(m.slot, 10, 64)
		if e, there := history[ms]; there && m.what == "start" && !slices.ContainsFunc(e.Attempts, func(a struct {
			Number                   int
			Task, State, Message     string
			Launched, Running, Ended time.Time
		}) bool {
			return strconv.Itoa(a.Number) == m.attempt
		}) {
			t.Errorf("slot %s ran as attempt %s, which the history does not know", m.slot, m.attempt)
		}
	}
	t.Logf("%d slots, %d of them with more than one attempt", slots, again)
}

// TestDevManyAtOnce: a thousand jobs due in the same second all run, while the API answers.
func TestDevManyAtOnce(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--quiet")
	const n = 1000
	due := time.Now().UTC().Truncate(time.Second).Add(8 * time.Second)
	for i := range n {
		d.post(jobSpec{"name": fmt.Sprint("j", i), "command": "true", "schedule": "R1/" + due.Format(time.RFC3339) + "/PT1H", "mem": 16})
	}
	ended := 0
	until(func() bool {
		var status struct{ Leading bool }
		if d.call("GET", "/api/status", nil, &status); !status.Leading {
			t.Fatal("it does not lead any more")
		}
		if code := d.call("GET", "/", nil, nil); code != 200 {
			t.Fatalf("the page: %d", code)
		}
		for ended < n && len(d.history(fmt.Sprint("j", ended))) == 1 {
			ended++
		}
		return ended == n
	})
	for i := range n {
		if h := d.history(fmt.Sprint("j", i)); h[0].Outcome != "succeeded" || !h[0].Slot.Equal(due) || len(h[0].Attempts) != 1 {
			t.Fatalf("job %d: %+v", i, h[0])
		}
	}
}

// TestDevTaskEndsWithIt: no task outlives a hora dev that was killed.
func TestDevTaskEndsWithIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	pid := filepath.Join(dir, "pid")
	d := startDev(t, dir)
	d.post(jobSpec{"name": "long", "command": "echo $$ > " + pid + ".new; mv " + pid + ".new " + pid + "; exec sleep 1000", "schedule": "R1//PT1H"})
	var text []byte
	until(func() bool { text, _ = os.ReadFile(pid); return len(text) > 0 })
	n, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	d.kill()
	until(func() bool { return syscall.Kill(n, 0) == syscall.ESRCH })
}
