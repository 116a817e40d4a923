package cluster

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// object is a decoded event.
type object = map[string]any

func decode(text string) object {
	var o object
	if err := json.Unmarshal([]byte(text), &o); err != nil {
		panic(fmt.Sprintf("event %s: %v", text, err))
	}
	return o
}

func dig(o any, path ...string) any {
	for _, p := range path {
		m, ok := o.(object)
		if !ok {
			return nil
		}
		o = m[p]
	}
	return o
}

func text(o any, path ...string) string { s, _ := dig(o, path...).(string); return s }

func offers(o object) []any {
	list, _ := dig(o, "offers", "offers").([]any)
	// The order of offers in an event varies (README).
	sort.Slice(list, func(i, j int) bool {
		a, b := text(list[i], "hostname"), text(list[j], "hostname")
		return a < b
	})
	return list
}

// lane says in which sequence an event is compared: what the master says of
// tasks is ordered; offers and heartbeats fall when their clocks fall.
func lane(o object) string {
	switch kind := text(o, "type"); kind {
	case "OFFERS", "HEARTBEAT":
		return kind
	case "RESCIND":
		// Several that go at once have no order.
		return "RESCIND " + text(o, "rescind", "offer_id", "value")
	case "UPDATE":
		// Of several tasks each has its own sequence.
		return "UPDATE " + text(o, "update", "status", "task_id", "value")
	default:
		return "OTHER"
	}
}

// lanes splits events, the recorded or the seen ones.
func lanes(list []seenEvent) map[string][]seenEvent {
	out := map[string][]seenEvent{}
	for _, e := range list {
		l := lane(decode(e.text))
		out[l] = append(out[l], e)
	}
	return out
}

func (r *replay) recorded(s *step) []seenEvent {
	var out []seenEvent
	for i := range s.Events {
		e := &s.Events[i]
		out = append(out, seenEvent{ms(e.At), e.json(r.t)})
	}
	return out
}

func (r *replay) translated(s *step) []seenEvent {
	list := r.recorded(s)
	for i := range list {
		list[i].text = r.translate(list[i].text)
	}
	return list
}

func (c *replayedStream) seen() []seenEvent {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.events
}

// learn pairs what has been seen so far with what was recorded, to know which id
// of ours stands for which recorded one.
func (r *replay) learn() {
	for _, c := range r.conns {
		for _, e := range c.seen()[c.learnt:] {
			c.learnt++
			if r.counts(e.text) {
				c.counted++
			}
			got := decode(e.text)
			l := lane(got)
			if i := c.lengths[l]; i < len(c.want[l]) {
				r.pair(decode(c.want[l][i].text), got)
			}
			c.lengths[l]++
		}
	}
}

func (r *replay) pair(want, got any) {
	switch w := want.(type) {
	case object:
		g, ok := got.(object)
		if !ok {
			return
		}
		if w["type"] == "OFFERS" && g["type"] == "OFFERS" {
			offers(w)
			offers(g)
		}
		for k, v := range w {
			if s, isText := v.(string); isText && k == "id" { // the master's
				if t, isText := g[k].(string); isText {
					r.set(s, t)
				}
				continue
			}
			if s, isText := v.(string); isText && (k == "uuid" || k == "value") {
				if t, isText := g[k].(string); isText {
					r.name(s, t)
				}
				continue
			}
			r.pair(v, g[k])
		}
	case []any:
		g, _ := got.([]any)
		for i := range w {
			if i < len(g) {
				r.pair(w[i], g[i])
			}
		}
	}
}

// name notes a pair of ids, if the recording lists the first as one.
func (r *replay) name(want, got string) {
	for _, s := range r.rec.Symbols {
		if s.Value == want {
			r.set(want, got)
			return
		}
	}
}

// set notes a pair of ids for good. In JSON a uuid's slashes may be escaped.
func (r *replay) set(want, got string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.names[want] != "" {
		return
	}
	r.words = nil
	r.names[want] = got
	if e := strings.ReplaceAll(want, "/", `\/`); e != want {
		r.names[e] = strings.ReplaceAll(got, "/", `\/`)
	}
}

// tolerance is how far apart in time a recorded event and ours may be: the real
// agent took up to 0.2 s where ours takes none.
const tolerance = 250 * time.Millisecond

// compare compares a stream's events with the recorded ones, lane by lane.
func (r *replay) compare(c *replayedStream) {
	seen := lanes(c.seen())
	want := lanes(r.translated(c.step))
	if c.step.End == nil {
		return // no stream was expected, which has been told
	}
	end := ms(c.step.End.At)
	for name := range seen {
		if r.offersFree(name) {
			delete(want, name)
			continue
		}
		if want[name] == nil && name != "HEARTBEAT" && seen[name][0].at < end {
			r.t.Errorf("stream of %.1f ms: unexpected %s at %v: %s", c.step.At, name, seen[name][0].at, seen[name][0].text)
		}
	}
	for name, list := range want {
		got := seen[name]
		for i, w := range list {
			if i >= len(got) {
				r.t.Errorf("stream of %.1f ms: %s %d is missing, recorded at %v: %s", c.step.At, name, i, w.at, w.text)
				break
			}
			if same, why := r.same(w, got[i]); !same {
				r.t.Errorf("stream of %.1f ms: %s %d differs (%s)\n got %v %s\nwant %v %s", c.step.At, name, i, why, got[i].at, got[i].text, w.at, w.text)
				break
			}
		}
		if len(got) > len(list) && got[len(list)].at < end-tolerance && name != "HEARTBEAT" {
			r.t.Errorf("stream of %.1f ms: %s %d is too many, at %v: %s", c.step.At, name, len(list), got[len(list)].at, got[len(list)].text)
		}
	}
	if clean := c.step.End.How == "terminating zero-length chunk"; c.step.End.How != "client closed" && (!c.over || clean != c.clean) {
		r.t.Errorf("stream of %.1f ms: over=%v clean=%v, recorded end: %s", c.step.At, c.over, c.clean, c.step.End.How)
	}
}

func (r *replay) same(want, got seenEvent) (bool, string) {
	if d := (want.at - got.at).Abs(); d > tolerance {
		return false, fmt.Sprintf("%v apart", d)
	}
	w, g := decode(want.text), decode(got.text)
	if reflect.DeepEqual(normal(w), normal(g)) {
		return true, ""
	}
	return false, "content"
}

// normal drops what differs from run to run though it is no id.
func normal(o object) object {
	if st, ok := dig(o, "update", "status").(object); ok {
		delete(st, "timestamp")
		if cs, ok := st["container_status"].(object); ok {
			delete(cs, "executor_pid")
		}
		if u, ok := st["unreachable_time"].(object); ok {
			delete(u, "nanoseconds")
		}
	}
	offers(o)
	return o
}

// act does what a step did to the real cluster.
func (r *replay) act(i int, s *step) {
	index := 0
	if strings.Contains(s.Action, "agent2") {
		index = 1
	}
	do := func(f func(m *mesossim.Model, now time.Time)) { r.core.do(f) }
	if strings.Contains(s.Action, "master") || strings.HasPrefix(s.Action, "poll") {
		r.actOnMaster(i, s)
		return
	}
	switch {
	case strings.Contains(s.Action, "SIGSTOP"):
		do(func(m *mesossim.Model, now time.Time) {
			m.AgentFreezes(now, 0)
			m.AgentFreezes(now, 1)
		})
	case strings.Contains(s.Action, "SIGCONT"):
		// They come back to the new master as planReturns tells.
	case strings.Contains(s.Action, "killed -9"):
		do(func(m *mesossim.Model, now time.Time) { m.AgentDies(now, index) })
	case strings.Contains(s.Action, "SIGUSR1"):
		do(func(m *mesossim.Model, now time.Time) { m.AgentLeaves(now, index) })
	case strings.Contains(s.Action, "started again"):
		// The real agent takes seconds to come back: it did just before the next
		// event that is no answer.
		for _, x := range r.rec.Steps {
			for j := range x.Events {
				e := &x.Events[j]
				if kind := lane(decode(e.json(r.t))); e.At > s.At && (kind == "OFFERS" || strings.HasPrefix(kind, "UPDATE")) {
					time.AfterFunc(ms(e.At-100)-time.Since(r.start), func() {
						do(func(m *mesossim.Model, now time.Time) { m.AgentReturns(now, index) })
					})
					return
				}
			}
		}
	default:
		r.t.Fatalf("step %d: action %q is not understood", i, s.Action)
	}
}

// script plays the executors as the recording tells: when tasks started and how
// they ended.
type script struct {
	r      *replay
	starts map[string][]float64
	ends   map[string][]end
	kills  map[string][]float64
	checks map[string][]check
	tasks  map[string]mesossim.LaunchSpec // by container
}

type check struct {
	at      float64
	healthy bool
}

type end struct {
	at      float64
	message string
	agent   bool // said by the agent, not the executor
}

func newScript(r *replay) *script {
	s := &script{r: r, starts: map[string][]float64{}, ends: map[string][]end{}, kills: map[string][]float64{}, checks: map[string][]check{}, tasks: map[string]mesossim.LaunchSpec{}}
	seen := map[string]bool{}
	for _, st := range r.rec.Steps {
		for i := range st.Events {
			o := decode(st.Events[i].json(r.t))
			status := dig(o, "update", "status")
			id, uuid := text(status, "task_id", "value"), text(status, "uuid")
			if uuid == "" || seen[uuid] {
				continue
			}
			seen[uuid] = true
			at := st.Events[i].At
			switch state := text(status, "state"); state {
			case "TASK_RUNNING":
				if healthy, ok := dig(status, "healthy").(bool); ok {
					s.checks[id] = append(s.checks[id], check{at, healthy})
					continue
				}
				s.starts[id] = append(s.starts[id], at)
			case "TASK_KILLED":
				s.kills[id] = append(s.kills[id], at)
			case "TASK_FINISHED", "TASK_FAILED":
				s.ends[id] = append(s.ends[id], end{at, text(status, "message"), text(status, "source") == "SOURCE_AGENT"})
			}
		}
	}
	return s
}

func (s *script) in(at float64, f func(m *mesossim.Model, now time.Time)) {
	time.AfterFunc(max(0, ms(at)-time.Since(s.r.start)), func() { s.r.core.do(f) })
}

func (s *script) do(c mesossim.Command) {
	now := float64(time.Since(s.r.start)) / 1e6
	switch c.Kind {
	case mesossim.Launch:
		s.launch(c, now)
	case mesossim.Kill:
		s.kill(c, now)
	}
}

func (s *script) launch(c mesossim.Command, now float64) {
	id := c.Launch.Task.TaskID.Value
	s.tasks[c.ContainerID] = *c.Launch
	start := now + 100
	for _, at := range s.starts[id] {
		if at > now && at < now+slowest(s.r.rec.Name) {
			start = at
			break
		}
	}
	natural := -1.0
	if n, ok := strings.CutPrefix(c.Launch.Task.Command.GetValue(), "sleep "); ok {
		if sec, err := strconv.ParseFloat(n, 64); err == nil && sec < 100 {
			natural = start + sec*1000 + 85
			s.in(natural, func(m *mesossim.Model, now time.Time) { m.Exited(now, c.ContainerID, mesossim.Exit{}) })
		}
	}
	for _, e := range s.ends[id] {
		if e.at < now || natural > 0 {
			continue
		}
		if rest, ok := strings.CutPrefix(e.message, "Failed to launch container: "); ok && e.agent {
			s.in(e.at, func(m *mesossim.Model, now time.Time) {
				m.LaunchFailed(now, c.ContainerID, s.r.translate(strings.ReplaceAll(rest, s.containerIn(rest), c.ContainerID)))
			})
			return
		}
		if e.agent || !strings.HasPrefix(e.message, "Command ") {
			continue
		}
		s.in(e.at, func(m *mesossim.Model, now time.Time) { m.Exited(now, c.ContainerID, exitFrom(e.message)) })
		break
	}
	s.in(start, func(m *mesossim.Model, now time.Time) { m.Started(now, c.ContainerID, 4711) })
	s.check(id, c.ContainerID, start)
}

// check plays a task's health checks: those that were reported, and before the
// first good one those that failed in silence.
func (s *script) check(id, container string, start float64) {
	list := s.checks[id]
	if len(list) > 0 && list[0].healthy {
		for at := start + 90; at < list[0].at-500; at += 1000 {
			list = append(list, check{at, false})
		}
	}
	for _, x := range list {
		s.in(x.at, func(m *mesossim.Model, now time.Time) { m.Checked(now, container, x.healthy) })
	}
}

// overloaded tells whether a recorded agent had a hundred tasks at once.
func overloaded(name string) bool { return strings.HasPrefix(name, "hundred_") }

// slowest is how many milliseconds a recorded task may take to start.
func slowest(name string) float64 {
	if overloaded(name) {
		return 20_000
	}
	return 5000
}

// offersFree are recordings in which the offers are not compared: how much is
// free at a tick depends on when the overloaded agent sent what, of which the
// recording does not tell. An ACCEPT then takes whatever the agent has offered.
func (r *replay) offersFree(l string) bool { return l == "OFFERS" && overloaded(r.rec.Name) }

// takeAll makes a call of a recording with free offers take all of the agent's.
func (r *replay) takeAll(call *scheduler.Call) {
	if call.Type != scheduler.Call_ACCEPT || !overloaded(r.rec.Name) {
		return
	}
	agent := call.Accept.Operations[0].Launch.TaskInfos[0].AgentID.Value
	call.Accept.OfferIDs = nil
	r.core.view(func(m *mesossim.Model) {
		for _, fw := range m.Master().Framework {
			for _, o := range fw.Offers {
				if o.AgentID == agent {
					call.Accept.OfferIDs = append(call.Accept.OfferIDs, mesos.OfferID{Value: o.ID})
				}
			}
		}
	})
}

// containerIn finds the container id that a recorded message names.
func (s *script) containerIn(message string) string {
	for _, x := range s.r.rec.Symbols {
		if x.Kind == "container_id" && strings.Contains(message, x.Value) {
			return x.Value
		}
	}
	return "\x00"
}

// kill plays a task's answer to signals, from its command's traps.
func (s *script) kill(c mesossim.Command, now float64) {
	spec, ok := s.tasks[c.ContainerID]
	if !ok {
		return
	}
	exit, after := mesossim.Exit{Signal: "Terminated"}, 85.0
	command := spec.Task.Command.GetValue()
	for _, at := range s.kills[spec.Task.TaskID.Value] {
		if at > now && at < now+after {
			after = at - now
		}
	}
	switch {
	case strings.Contains(command, "trap '' TERM"):
		exit, after = mesossim.Exit{Signal: "Killed"}, float64(c.Grace)/1e6+90
	case strings.Contains(command, "trap 'exit "):
		_, rest, _ := strings.Cut(command, "trap 'exit ")
		n, _ := strconv.Atoi(rest[:1])
		exit, after = mesossim.Exit{Status: n}, 190
	}
	s.in(now+after, func(m *mesossim.Model, now time.Time) { m.Exited(now, c.ContainerID, exit) })
}

func exitFrom(message string) mesossim.Exit {
	if rest, ok := strings.CutPrefix(message, "Command exited with status "); ok {
		n, _ := strconv.Atoi(rest)
		return mesossim.Exit{Status: n}
	}
	rest := strings.TrimPrefix(message, "Command terminated with signal ")
	name, core := strings.CutSuffix(rest, " (core dumped)")
	return mesossim.Exit{Signal: name, CoreDumped: core}
}
