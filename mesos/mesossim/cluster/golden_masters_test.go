package cluster

import (
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// startMasters starts the masters of a recording. Which one leads, and when the
// next one takes over, is chosen to be as it was.
func (r *replay) startMasters(config Config) {
	addresses := r.rec.Cluster.Masters
	first := ""
	for _, s := range r.rec.Steps {
		if s.Request == nil || agentPort(s.To) >= 0 {
			continue
		}
		if !slices.Contains(addresses, s.To) {
			addresses = append(addresses, s.To)
		}
		if first == "" && s.Connection == "subscribe" && s.Response != nil && s.Response.Status == http.StatusOK {
			first = s.To
		}
	}
	r.masters = newMasters(r.core, r.timing())
	for _, a := range addresses {
		h := newHandler(r.core, mesossim.Mesos1_3, config)
		h.address, h.addresses = a, agentAddresses
		r.masters.add(h)
	}
	if first == "" {
		first = addresses[0] // none leads for long
	}
	// They joined in the order in which they led.
	order := []string{first}
	for _, s := range r.rec.Steps {
		if s.Connection == "subscribe" && len(s.Events) > 0 {
			order = append(order, s.To)
		}
	}
	for _, a := range append(order, r.rec.Cluster.Masters...) {
		if slices.Contains(r.rec.Cluster.Masters, a) {
			r.masters.start(r.master(a)) // once is enough
		}
	}
	r.detect = r.masters.timing.Detect
}

// Where the recorded agents listen.
var agentAddresses = []string{"127.0.0.1:6051", "127.0.0.1:6052"}

func agentPort(address string) int { return slices.Index(agentAddresses, address) }

func (r *replay) master(address string) int {
	for i, p := range r.masters.list {
		if p.handler.address == address {
			return i
		}
	}
	r.t.Fatalf("no master at %s", address)
	return -1
}

func (r *replay) routes(s *step) http.Handler {
	if i := agentPort(s.To); i >= 0 {
		return r.masters.list[0].handler.agentRoutes(i)
	}
	return r.masters.list[r.master(s.To)].handler.masterRoutes()
}

// death is the step in which a leading master ends, nil if none does.
func (r *replay) death() *step {
	for _, s := range r.rec.Steps {
		if strings.Contains(s.Action, "master") && (strings.Contains(s.Action, "stopped") || strings.Contains(s.Action, "killed")) {
			return s
		}
	}
	return nil
}

// timing is how long the recorded election took.
func (r *replay) timing() (out Timing) {
	s := r.death()
	out.Agents = -1
	if s == nil {
		return out
	}
	elected := r.firstReturn() - 10
	for _, x := range r.rec.Steps {
		if x.At > s.At && x.Connection == "subscribe" && x.Response != nil {
			switch x.Response.Body + http.StatusText(x.Response.Status) {
			case NoLeader + http.StatusText(http.StatusServiceUnavailable):
				out.Detect = 80 * time.Millisecond
			case Recovering + http.StatusText(http.StatusServiceUnavailable):
				out.Recovery, elected = 25*time.Millisecond, x.At-1
			case http.StatusText(http.StatusOK):
				elected = min(elected, x.At-5)
			}
		}
	}
	out.Session = ms(elected - s.At)
	return out
}

// returns are when each agent came back to the new master: shortly before it was
// offered first.
func (r *replay) returns() map[int]float64 {
	out := map[int]float64{}
	s := r.death()
	for _, x := range r.rec.Steps {
		if s == nil || x.At < s.At {
			continue
		}
		for i := range x.Events {
			for _, o := range offers(decode(x.Events[i].json(r.t))) {
				index := slices.Index([]string{"agent1", "agent2"}, text(o, "hostname"))
				if _, seen := out[index]; !seen {
					out[index] = x.Events[i].At - 15
				}
			}
		}
	}
	return out
}

func (r *replay) firstReturn() float64 {
	first := 1e9
	for _, at := range r.returns() {
		first = min(first, at)
	}
	return first
}

var port = regexp.MustCompile(`\b60[0-9]0\b`)

// actOnMaster does what a step did to a master.
func (r *replay) actOnMaster(i int, s *step) {
	address := "127.0.0.1:" + port.FindString(s.Action)
	if address == "127.0.0.1:" {
		address = r.rec.Cluster.Masters[0]
	}
	switch {
	case strings.Contains(s.Action, "refused"):
		if p := r.masters.list[0]; !p.up && s.At > 0 {
			r.t.Errorf("step %d: the master answers", i)
		}
	case strings.Contains(s.Action, "started"):
		r.masters.start(r.master(address))
	case strings.Contains(s.Action, "stopped"), strings.Contains(s.Action, "killed"):
		r.masters.kill(r.master(address))
		for index, at := range r.returns() {
			time.AfterFunc(ms(at)-time.Since(r.start), func() {
				r.core.do(func(m *mesossim.Model, now time.Time) { m.AgentReturns(now, index) })
			})
		}
	default:
		r.t.Fatalf("step %d: action %q is not understood", i, s.Action)
	}
}

// TestRecordedNodes holds that masters write the nodes that real ones wrote, and
// that the one leads that led.
func TestRecordedNodes(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/golden/zookeeper_nodes.json")
	if err != nil {
		t.Fatal(err)
	}
	var rec struct {
		Steps []struct {
			Action string
			Znodes []struct{ Path, Body string }
			Leader int `json:"leader_by_metrics"`
		}
	}
	if err := json.Unmarshal(text, &rec); err != nil {
		t.Fatal(err)
	}
	core := newCore(mesossim.Options{Profile: mesossim.Mesos1_3})
	defer core.close()
	m := newMasters(core, Timing{})
	defer m.close()
	seen := 0
	for _, s := range rec.Steps {
		var group []member
		for _, n := range s.Znodes {
			number, isMaster := strings.CutPrefix(n.Path, "/mesos-golden/"+nodePrefix)
			if !isMaster {
				continue
			}
			var info struct {
				ID   string
				Port int
			}
			if err := json.Unmarshal([]byte(n.Body), &info); err != nil {
				t.Fatal(err)
			}
			who := mesossim.MasterIdentity{ID: info.ID, Hostname: "127.0.0.1", IP: "127.0.0.1", Port: info.Port}
			if got := string(nodeData(who, "1.3.2")); got != n.Body {
				t.Errorf("%s:\n got %s\nwant %s", n.Path, got, n.Body)
			}
			sequence, err := strconv.ParseInt(number, 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			h := newHandler(core, mesossim.Mesos1_3, Config{})
			h.address = "127.0.0.1:" + strconv.Itoa(info.Port)
			p := &contender{index: info.Port, handler: h, who: who, up: s.Leader != 0, detected: true}
			m.list = append(m.list, p)
			group = append(group, member{sequence, p, 0, h.address})
		}
		if group == nil {
			continue
		}
		m.setGroup(group)
		want := s.Leader
		if want == 0 {
			want = -1 // its node is still there
		}
		if got := m.leading(); got != want {
			t.Errorf("%s: %d leads, want %d", s.Action, got, want)
		}
		m.list, seen = nil, seen+1
	}
	if seen < 4 {
		t.Errorf("only %d moments were recorded", seen)
	}
}
