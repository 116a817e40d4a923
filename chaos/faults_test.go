package chaos_test

import (
	"slices"
	"syscall"
	"time"

	"github.com/hora-scheduler/hora/faultproxy"
)

// fault is one thing that goes wrong, and is well again when it returns.
type fault struct {
	name string
	do   func(w *world)
}

// faults are all of them.
var faults = []fault{
	{"leader killed", func(w *world) {
		n := w.leader()
		n.kill()
		w.other(n)
		n.start()
	}},
	{"leader asleep", func(w *world) {
		n := w.leader()
		n.signal(syscall.SIGSTOP)
		began := time.Now()
		w.other(n)
		pause(time.Until(began.Add(w.asleep())))
		n.signal(syscall.SIGCONT)
	}},
	{"leader told to stop", func(w *world) {
		n := w.leader()
		n.signal(syscall.SIGTERM)
		if !n.over(patience) {
			w.t.Error("a process that was told to stop goes on")
			n.kill()
		}
		w.other(n)
		n.start()
	}},
	{"follower killed", func(w *world) {
		lead := w.leader()
		i := slices.IndexFunc(w.nodes, func(n *node) bool { return n != lead })
		w.nodes[i].kill()
		pause(w.session / 2)
		w.nodes[i].start()
	}},
	{"ZooKeeper killed", func(w *world) {
		w.zk.Kill()
		pause(w.between(100*time.Millisecond, w.session*2))
		w.zk.Restart(w.t)
	}},
	{"ZooKeeper paused", func(w *world) {
		w.zk.Pause(w.t)
		pause(w.between(w.session/4, w.session*2))
		w.zk.Resume(w.t)
	}},
	{"leader cut off from ZooKeeper", func(w *world) {
		n := w.leader()
		n.zk.Stall([]faultproxy.Direction{faultproxy.Upstream, faultproxy.Downstream, faultproxy.Both}[w.rnd.IntN(3)])
		w.other(n)
		n.zk.Stall(0)
	}},
	{"connections to ZooKeeper broken", func(w *world) {
		for _, n := range w.nodes {
			n.zk.Reset()
		}
	}},
	{"master dies", func(w *world) {
		i := w.sim.Leader()
		if i < 0 {
			return
		}
		w.sim.Faults().KillMaster(i)
		pause(w.between(100*time.Millisecond, 2*time.Second))
		if err := w.sim.Faults().StartMaster(i); err != nil {
			w.t.Error(err)
		}
		w.until("a master leads", func() bool { return w.sim.Leader() >= 0 })
	}},
	{"leader cut off from Mesos", func(w *world) {
		n := w.leader()
		w.until(n.name+" is connected to a master through a proxy", func() bool {
			return slices.ContainsFunc(n.mesos, func(p *faultproxy.Proxy) bool { return p.Open() > 0 }) || !n.leads()
		})
		for _, p := range n.mesos {
			p.Stall(faultproxy.Both)
		}
		pause(w.between(500*time.Millisecond, 8*time.Second))
		for _, p := range n.mesos {
			p.Stall(0)
		}
	}},
	{"connections to Mesos broken", func(w *world) {
		for _, n := range w.nodes {
			for _, p := range n.mesos {
				p.Cut()
			}
		}
	}},
	{"everything slow", func(w *world) {
		for _, n := range w.nodes {
			for _, p := range append([]*faultproxy.Proxy{n.zk, n.http}, n.mesos...) {
				p.Delay(w.between(5*time.Millisecond, 80*time.Millisecond))
			}
		}
		pause(w.between(time.Second, 4*time.Second))
	}},
	{"clients cut off", func(w *world) {
		for _, n := range w.nodes {
			n.http.Reset()
			n.http.Refuse(true)
		}
		pause(w.between(100*time.Millisecond, time.Second))
	}},
	{"agent lost", func(w *world) {
		i := w.rnd.IntN(3)
		w.sim.Faults().AgentLost(i)
		pause(w.between(500*time.Millisecond, 7*time.Second)) // its ping time-out is 4 s
		w.sim.Faults().AgentReturns(i)
	}},
	{"agent dies", func(w *world) {
		i := w.rnd.IntN(3)
		w.sim.Faults().AgentDies(i)
		pause(w.between(500*time.Millisecond, 3*time.Second))
		w.sim.Faults().AgentReturns(i)
	}},
}

// between draws a duration.
func (w *world) between(least, most time.Duration) time.Duration {
	return least + time.Duration(w.rnd.Int64N(int64(most-least)+1))
}

// asleep is how long a leader sleeps: longer than its session lasts.
func (w *world) asleep() time.Duration { return max(w.session*3/2, *sleepTime) }

// storm injects all faults in a random order, again and again for some time and
// at least once, with some calm after each.
func (w *world) storm(d time.Duration) {
	for began, round := time.Now(), 0; round == 0 || time.Since(began) < d; round++ {
		order := w.rnd.Perm(len(faults))
		for _, i := range order {
			if round > 0 && time.Since(began) >= d {
				return
			}
			f := faults[i]
			w.t.Logf("%7.1fs  %s", time.Since(began).Seconds(), f.name)
			f.do(w)
			w.heal()
			w.faults[f.name]++
			w.leader()
			pause(w.between(500*time.Millisecond, 3*time.Second))
			for _, n := range w.nodes {
				if n.ended() {
					w.t.Fatalf("%s has ended by itself after: %s", n.name, f.name)
				}
			}
		}
	}
}
