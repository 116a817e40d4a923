package chaos_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"
)

var (
	stormTime = flag.Duration("storm", 0, "for how long faults are injected; each is injected once at least")
	quietTime = flag.Duration("quiet", 15*time.Second, "how long it is quiet afterwards")
	sleepTime = flag.Duration("sleep", 0, "how long a leader sleeps, at least one and a half session time-outs")
	session   = flag.Duration("session", 2*time.Second, "session time-out with ZooKeeper")
	seed      = flag.Uint64("seed", uint64(time.Now().UnixNano()), "decides order and length of the faults")
)

// intervalOfSteady is how often the jobs are due of which nothing may be lost.
const intervalOfSteady = 3 * time.Second

// TestChaos: whatever goes wrong, each slot runs, no attempt runs twice, and no
// process ends by itself or needs help.
func TestChaos(t *testing.T) {
	t.Parallel()
	t.Logf("-seed %d", *seed)
	w := newWorld(t, *session, *seed)
	steadies := w.steadyJobs(3, max(*stormTime, 90*time.Second))
	children := w.children([]string{steadies[0].name, steadies[1].name})
	stop := make(chan struct{})
	targets, changed := w.clients(stop), w.change(steadies[2].name, stop)
	w.storm(*stormTime)
	close(stop)
	w.heal()
	pause(*quietTime)
	r := &report{}
	var began []*ran
	var done [][]time.Time
	for _, g := range steadies {
		w.until("all slots of "+g.name+" are over", func() bool {
			n := 0
			for _, e := range w.history(g.name) {
				n += e.Count
			}
			return n >= g.count
		})
		runs, bad := w.runs(g.name)
		r.bad = append(r.bad, bad...)
		r.doubled += len(bad)
		g.check(runs, w.history(g.name), r)
		began = append(began, runs...)
		done = append(done, ends(runs))
	}
	for _, c := range children {
		w.settled(c, done[:2])
		runs, bad := w.runs(c.name)
		r.bad = append(r.bad, bad...)
		r.doubled += len(bad)
		c.check(runs, w.history(c.name), done[:2], r)
	}
	w.checkChanges(steadies[2].name, changed(), r)
	read := time.Now()
	for _, g := range targets() {
		runs, bad := w.runs(g.name)
		r.bad = append(r.bad, bad...)
		r.doubled += len(bad)
		g.check(runs, read, r)
		r.jobs++
	}
	r.jobs += len(steadies) + len(children)
	r.gap = longestGap(began)
	w.tell(r)
}

// tell prints the report, and fails if something was lost or doubled.
func (w *world) tell(r *report) {
	total := 0
	for _, name := range slices.Sorted(maps.Keys(w.faults)) {
		w.t.Logf("%4d × %s", w.faults[name], name)
		total += w.faults[name]
	}
	w.t.Logf("%d faults, %d jobs, %d slots, %d runs: %d lost, %d doubled, %d run again after a loss; longest gap %v",
		total, r.jobs, r.slots, r.runs, r.lost, r.doubled, r.again, r.gap.Round(time.Millisecond))
	for i, text := range r.bad {
		if i == 30 {
			w.t.Errorf("… and %d more", len(r.bad)-i)
			break
		}
		w.t.Error(text)
	}
	if r.runs == 0 || r.slots == 0 {
		w.t.Error("nothing ran: the test is broken")
	}
}

// steadyJobs posts jobs that are due every few seconds for so long.
func (w *world) steadyJobs(n int, d time.Duration) []steady {
	var out []steady
	for i := range n {
		g := steady{
			name: fmt.Sprint("steady", i+1), start: time.Now().Add(2 * time.Second).Truncate(time.Second).Add(time.Duration(i) * time.Second),
			interval: intervalOfSteady, count: int(d / intervalOfSteady),
		}
		job := map[string]any{
			"name": g.name, "command": w.command(g.name, w.between(100*time.Millisecond, 2*time.Second)), "cpus": 0.01, "mem": 1, "disk": 1,
			"schedule": fmt.Sprintf("R%d/%s/PT%dS", g.count, g.start.UTC().Format(time.RFC3339), int(g.interval.Seconds())),
			"catchUp":  "all", "overlap": "allow", "retries": 5,
		}
		w.until(g.name+" is posted", func() bool {
			_, err := w.nodes[i%3].call("POST", "/v1/scheduler/iso8601", job, nil)
			return err == nil
		})
		out = append(out, g)
	}
	return out
}

// clients add jobs of Jepsen's workload until stop, each at a process of its own.
func (w *world) clients(stop <-chan struct{}) (all func() []target) {
	var mu sync.Mutex
	var list []target
	var done sync.WaitGroup
	for i, n := range w.nodes {
		first := w.between(0, 3*time.Second)
		next := w.between(3*time.Second, 6*time.Second)
		done.Go(func() {
			again := time.NewTimer(first)
			defer again.Stop()
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				case <-again.C:
				}
				again.Reset(next)
				g := target{
					name: fmt.Sprintf("job%d-%d", i+1, k), start: time.Now().Add(5 * time.Second).Truncate(time.Second),
					duration: time.Duration(k%3) * time.Second, epsilon: 40 * time.Second, count: 1 + k%3,
				}
				g.interval = time.Second + g.duration + g.epsilon + forgiveness + time.Duration(k%7)*time.Second
				_, err := n.call("POST", "/scheduler/iso8601", map[string]any{
					"name": g.name, "command": w.command(g.name, g.duration), "epsilon": fmt.Sprintf("PT%dS", int(g.epsilon.Seconds())), "retries": 2,
					"schedule":         fmt.Sprintf("R%d/%s/PT%dS", g.count, g.start.UTC().Format(time.RFC3339), int(g.interval.Seconds())),
					"scheduleTimeZone": "UTC", "cpus": 0.001, "mem": 1, "disk": 1, "owner": "chaos@example.com",
				}, nil)
				g.sure = err == nil // else it may have been made or not
				mu.Lock()
				list = append(list, g)
				mu.Unlock()
			}
		})
	}
	return func() []target {
		done.Wait()
		return list
	}
}

// TestSleeper: a leader that slept while another took over launches nothing when
// it wakes up, follows, and passes requests on.
func TestSleeper(t *testing.T) {
	t.Parallel()
	w := newWorld(t, *session, *seed)
	steadies := w.steadyJobs(3, 30*time.Second)
	old := w.leader()
	pause(3 * time.Second)
	old.signal(syscall.SIGSTOP)
	began := time.Now()
	next := w.other(old)
	t.Logf("another leads after %v, of which the session lasts %v", time.Since(began).Round(time.Millisecond), *session)
	pause(time.Until(began.Add(w.asleep())))
	old.signal(syscall.SIGCONT)
	w.until("the sleeper follows", func() bool {
		var v struct{ Leader string }
		_, err := old.call("GET", "/leader", nil, &v)
		return err == nil && v.Leader == next.http.Addr()
	})
	var list []struct{ Name string }
	if _, err := old.call("GET", "/v1/scheduler/jobs", nil, &list); err != nil || len(list) != len(steadies) {
		t.Errorf("the follower gives %d jobs, %v; want %d", len(list), err, len(steadies))
	}
	if status, err := old.call("PUT", "/v1/scheduler/job/none", nil, nil); status != 400 || err == nil || err.Error() == "" {
		t.Errorf("an error of the leader comes as %d, %v through the follower", status, err)
	}
	r := &report{}
	for _, g := range steadies {
		w.until("all slots of "+g.name+" are over", func() bool {
			n := 0
			for _, e := range w.history(g.name) {
				n += e.Count
			}
			return n >= g.count
		})
		runs, bad := w.runs(g.name)
		r.bad = append(r.bad, bad...)
		g.check(runs, w.history(g.name), r)
	}
	w.tell(r)
}
