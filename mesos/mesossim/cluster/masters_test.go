package cluster

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// says asks a master who leads, and returns the status and where it redirects.
func says(t *testing.T, base string) string {
	t.Helper()
	c := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get(base + "/state")
	if err != nil {
		return "down"
	}
	resp.Body.Close()
	if resp.StatusCode == http.StatusTemporaryRedirect {
		return resp.Header.Get("Location")
	}
	return resp.Status
}

// TestMasters holds that of several masters one leads and the others redirect,
// and that the next takes over.
func TestMasters(t *testing.T) {
	t.Parallel()
	c := start(t, Config{Masters: 3, Election: Timing{Agents: -1}})
	urls := c.MasterURLs()
	if len(urls) != 3 || urls[0] != c.MasterURL() {
		t.Fatalf("masters at %q", urls)
	}
	to := func(i int) string { return strings.TrimPrefix(urls[i], "http:") + "/master/state" }
	expect := func(what string, leader int, want ...string) {
		t.Helper()
		for i, u := range urls {
			if got := says(t, u); got != want[i] {
				t.Errorf("%s: master %d says %s, want %s", what, i, got, want[i])
			}
		}
		if got := c.Leader(); got != leader {
			t.Errorf("%s: %d leads, want %d", what, got, leader)
		}
	}
	const leads = "200 OK"
	expect("at first", 0, leads, to(0), to(0))
	c.Faults().KillMaster(0)
	expect("the first is killed", 1, "down", leads, to(1))
	if err := c.Faults().StartMaster(0); err != nil {
		t.Fatal(err)
	}
	expect("it is back, behind the others", 1, to(1), leads, to(1))
	c.Faults().KillMaster(1)
	c.Faults().KillMaster(2)
	expect("only it is left", 0, leads, "down", "down")
	c.Faults().KillMaster(0)
	expect("none is left", -1, "down", "down", "down")
	for range 2 { // the second time it is up
		if err := c.Faults().StartMaster(2); err != nil {
			t.Fatal(err)
		}
	}
	expect("the third comes back", 2, "down", "down", leads)
	c.Faults().KillMaster(0)
	expect("the dead are dead", 2, "down", "down", leads)
}

// TestElection holds what masters say while nobody leads yet.
func TestElection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		core := newCore(mesossim.Options{Profile: mesossim.Mesos1_11})
		defer core.close()
		m := newMasters(core, Timing{Detect: 10 * time.Millisecond, Session: 10 * time.Second, Recovery: time.Second, Agents: 2 * time.Second})
		defer m.close()
		for _, address := range []string{"127.0.0.1:1", "127.0.0.1:2"} {
			h := newHandler(core, mesossim.Mesos1_11, Config{})
			h.address = address
			m.add(h)
		}
		if err := core.addAgent(mesossim.AgentSpec{Hostname: "a"}); err != nil {
			t.Fatal(err)
		}
		step := func(what string, d time.Duration, want ...string) {
			t.Helper()
			time.Sleep(d)
			synctest.Wait()
			for i, p := range m.list {
				p.handler.mode.mu.Lock()
				got := p.handler.mode.leader + p.handler.mode.down
				p.handler.mode.mu.Unlock()
				if got != want[i] {
					t.Errorf("%s: master %d says %q, want %q", what, i, got, want[i])
				}
			}
		}
		m.start(0)
		m.start(1)
		step("just started", 0, NoLeader, NoLeader)
		step("they see the group; the first registry is empty", 10*time.Millisecond, "", "127.0.0.1:1")
		m.kill(0)
		step("the leader is dead, its session lives", 0, "127.0.0.1:1", "127.0.0.1:1")
		m.start(0)
		step("it comes back", 0, NoLeader, "127.0.0.1:1")
		step("and redirects to its former self", time.Second, "127.0.0.1:1", "127.0.0.1:1")
		step("until the session is over", 9*time.Second, "127.0.0.1:2", Recovering)
		step("the new leader has recovered", time.Second, "127.0.0.1:2", "")
		awaited := func() (n int) {
			core.view(func(model *mesossim.Model) { n = len(model.Master().Recovered) })
			return n
		}
		if awaited() != 1 {
			t.Error("no agent is awaited")
		}
		step("time passes", 2*time.Second, "127.0.0.1:2", "")
		if awaited() != 0 {
			t.Error("the agent has not come back")
		}
		m.kill(1)
		m.kill(0)
		step("all are dead and gone", time.Minute, NoLeader, NoLeader)
	})
}
