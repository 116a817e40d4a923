package mesossim

import (
	"container/heap"
	"encoding/binary"
	"encoding/hex"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Options configure a Model. The zero value of each means its default.
type Options struct {
	Profile Profile // zero is Mesos1_0
	Seed    uint64  // source of all ids

	Hostname string // of the master; default 127.0.0.1
	IP       string // of the master; default 127.0.0.1
	Port     int    // of the master; default 5050

	AllocationInterval time.Duration // default 1 s
	HeartbeatInterval  time.Duration // default 15 s
	OfferTimeout       time.Duration // offers are rescinded after it; default never
	PingTimeout        time.Duration // a silent agent becomes unreachable; default 75 s
	ExecutorLinger     time.Duration // an executor outlives its task; default 1 s

	// CompletedTasks is how many finished tasks per framework are kept for the
	// read side; default 1000, negative none.
	CompletedTasks int

	// Tamper, if set, decides the fate of messages (see Tamper).
	Tamper Tamper
}

func (o Options) withDefaults() Options {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&o.AllocationInterval, time.Second)
	def(&o.HeartbeatInterval, 15*time.Second)
	def(&o.PingTimeout, 75*time.Second)
	def(&o.ExecutorLinger, time.Second)
	if o.Hostname == "" {
		o.Hostname = "127.0.0.1"
	}
	if o.IP == "" {
		o.IP = "127.0.0.1"
	}
	if o.Port == 0 {
		o.Port = 5050
	}
	if o.CompletedTasks == 0 {
		o.CompletedTasks = 1000
	}
	return o
}

// Model is the simulated cluster. It is not safe for concurrent use.
type Model struct {
	opts       Options
	profile    Profile
	ids        idSource
	master     master
	agents     []*agent
	runs       map[string]*run // by container id, while their executors live
	now        time.Time
	timers     timerHeap
	timerSeq   uint64
	allocation allocation
	events     []Delivery
	commands   []Command
}

// master is what dies with the master process.
type master struct {
	id         string
	started    time.Time
	frameworks map[string]*framework
	order      []*framework // by registration
	completed  []*framework // removed ones, the newest last; at most maxCompleted
	offers     map[string]*offer
	offerSeq   uint64
	fwSeq      int
	agentSeq   int
	taskSeq    uint64
}

// maxCompleted is how many removed frameworks a master remembers (contract 1.6).
const maxCompleted = 50

// New returns a model of a master that has just been elected, without agents.
func New(now time.Time, o Options) *Model {
	m := &Model{
		opts:    o.withDefaults(),
		profile: o.Profile,
		ids:     idSource{state: o.Seed},
		runs:    map[string]*run{},
		now:     now,
	}
	m.allocation.epoch = now
	m.elect()
	return m
}

func (m *Model) elect() {
	m.master = master{
		id:         m.ids.uuidText(),
		started:    m.now,
		frameworks: map[string]*framework{},
		offers:     map[string]*offer{},
	}
}

// How a stream ends.
const (
	Open     Ending = iota
	Finished        // the master ends the response properly
	Broken          // the connection is lost without an end
)

// Ending says whether and how a stream ends after a Delivery.
type Ending int

// Delivery is something for a framework's stream: an event, the stream's end, or
// both. Events are shared and must not be modified.
type Delivery struct {
	Stream string // the stream id
	Event  *scheduler.Event
	End    Ending
}

// Drain returns the deliveries that have gathered, in order, and forgets them.
// The slice may be reused by the model after the next call of any method.
func (m *Model) Drain() []Delivery {
	out := m.events
	m.events = m.events[len(m.events):]
	return out
}

// Kinds of commands.
const (
	Launch  CommandKind = iota // start the task
	Kill                       // SIGTERM, after Grace SIGKILL
	Destroy                    // SIGKILL at once, no report is expected
)

// CommandKind says what an agent wants of an executor.
type CommandKind int

// Command is what an agent tells an executor to do. The caller answers a Launch
// with Started or LaunchFailed, and the end of a started task with Exited.
type Command struct {
	Kind        CommandKind
	ContainerID string // names the run in reports
	Launch      *LaunchSpec
	Grace       time.Duration
}

// LaunchSpec says what to launch. It is shared and must not be modified.
type LaunchSpec struct {
	Agent       int // index of the agent, as AddAgent returned it
	AgentID     string
	FrameworkID string
	Task        *mesos.TaskInfo
	User        string // CommandInfo.user, else FrameworkInfo.user
	Role        string // the allocation role; "" before 1.4
	Checkpoint  bool
}

// Commands returns the commands that have gathered, in order, and forgets them.
func (m *Model) Commands() []Command {
	out := m.commands
	m.commands = m.commands[len(m.commands):]
	return out
}

// Advance does everything that is due up to now and says when there is next
// something to do; the zero time means that nothing is planned.
func (m *Model) Advance(now time.Time) time.Time {
	m.enter(now)
	return m.Next()
}

// Next says when Advance wants to be called; the zero time means never.
func (m *Model) Next() time.Time {
	for len(m.timers) > 0 && m.timers[0].fn == nil {
		heap.Pop(&m.timers)
	}
	if len(m.timers) == 0 {
		return time.Time{}
	}
	return m.timers[0].at
}

// enter runs the timers that are due, each at its own time.
func (m *Model) enter(now time.Time) {
	for len(m.timers) > 0 && !m.timers[0].at.After(now) {
		t := heap.Pop(&m.timers).(*timer)
		if t.fn == nil {
			continue
		}
		if t.at.After(m.now) {
			m.now = t.at
		}
		fn := t.fn
		t.fn = nil
		fn()
	}
	if now.After(m.now) {
		m.now = now
	}
}

func (m *Model) send(stream string, ev *scheduler.Event, end Ending) {
	if stream == "" {
		return
	}
	m.events = append(m.events, Delivery{stream, ev, end})
}

func (m *Model) command(c Command) { m.commands = append(m.commands, c) }

// seconds is a time as Mesos prints it: seconds since 1970 with microseconds.
func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

// timer calls fn at a time; stop by setting fn to nil.
type timer struct {
	at  time.Time
	seq uint64
	fn  func()
}

func (t *timer) stop() {
	if t != nil {
		t.fn = nil
	}
}

func (m *Model) at(at time.Time, fn func()) *timer {
	m.timerSeq++
	t := &timer{at, m.timerSeq, fn}
	heap.Push(&m.timers, t)
	return t
}

func (m *Model) after(d time.Duration, fn func()) *timer { return m.at(m.now.Add(d), fn) }

type timerHeap []*timer

func (h timerHeap) Len() int { return len(h) }
func (h timerHeap) Less(i, j int) bool {
	if !h[i].at.Equal(h[j].at) {
		return h[i].at.Before(h[j].at)
	}
	return h[i].seq < h[j].seq
}
func (h timerHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *timerHeap) Push(x any)   { *h = append(*h, x.(*timer)) }
func (h *timerHeap) Pop() any {
	old := *h
	t := old[len(old)-1]
	old[len(old)-1] = nil
	*h = old[:len(old)-1]
	return t
}

// idSource makes ids from a seed (splitmix64).
type idSource struct{ state uint64 }

func (s *idSource) next() uint64 {
	s.state += 0x9e3779b97f4a7c15
	z := s.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uuid returns a version 4 UUID in 16 bytes.
func (s *idSource) uuid() []byte {
	b := make([]byte, 16)
	binary.BigEndian.PutUint64(b, s.next())
	binary.BigEndian.PutUint64(b[8:], s.next())
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return b
}

func (s *idSource) uuidText() string {
	h := hex.EncodeToString(s.uuid())
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
