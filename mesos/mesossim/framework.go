package mesossim

import (
	"fmt"
	"sort"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

type frameworkState int

const (
	fwConnected    frameworkState = iota
	fwDisconnected                // its stream is down, the failover timer runs
	fwRecovered                   // known from its tasks only, after a master failover
	fwRemoved
)

type framework struct {
	id           string
	seq          int
	info         *mesos.FrameworkInfo
	state        frameworkState
	stream       string
	beat         *timer
	failover     *timer
	roles        []*role
	tasks        map[string]*task
	unreachable  map[string]*task
	done         []*task // completed, the newest last
	offers       map[string]*offer
	registered   time.Time
	resubscribed time.Time
	unregistered time.Time
}

func (fw *framework) has(c mesos.FrameworkInfo_Capability_Type) bool {
	return hasCapability(fw.info, c)
}

func hasCapability(info *mesos.FrameworkInfo, c mesos.FrameworkInfo_Capability_Type) bool {
	for i := range info.Capabilities {
		if info.Capabilities[i].Type == c {
			return true
		}
	}
	return false
}

// aware tells whether a framework is PARTITION_AWARE.
func (fw *framework) aware() bool { return fw.has(mesos.FrameworkInfo_Capability_PARTITION_AWARE) }

// Subscribe handles a SUBSCRIBE call that has passed Admit, and returns the id
// of the new stream. Refusals arrive on it as an ERROR event (contract 1.6).
func (m *Model) Subscribe(now time.Time, call *scheduler.Call, principal string) (stream string) {
	m.enter(now)
	stream = m.ids.uuidText()
	info := *call.Subscribe.FrameworkInfo
	if info.Principal == nil && principal != "" {
		info.Principal = &principal
	}
	id := info.ID.GetValue()
	if reason := m.refuseSubscription(&info, id); reason != "" {
		m.send(stream, errorEvent(reason), Finished)
		return stream
	}
	var suppressed []string
	if m.profile >= Mesos1_4 {
		suppressed = call.Subscribe.SuppressedRoles
	}
	fw := m.master.frameworks[id]
	switch {
	case id == "" || fw == nil:
		fw = m.addFramework(id, &info)
		m.connect(fw, stream, suppressed)
		if id != "" {
			m.resumeUpdates(fw)
		}
		m.allocate(m.agents)
	case fw.state == fwConnected:
		m.takeOver(fw, &info, stream, suppressed)
	default:
		m.replaceInfo(fw, &info)
		m.connect(fw, stream, suppressed)
		m.resumeUpdates(fw)
		m.allocate(m.agents)
	}
	return stream
}

func (m *Model) addFramework(id string, info *mesos.FrameworkInfo) *framework {
	if id == "" {
		id = fmt.Sprintf("%s-%04d", m.master.id, m.master.fwSeq)
	}
	info.ID = &mesos.FrameworkID{Value: id}
	fw := &framework{
		id: id, seq: m.master.fwSeq, info: info, state: fwRecovered,
		tasks: map[string]*task{}, unreachable: map[string]*task{}, offers: map[string]*offer{},
		registered: m.now,
	}
	m.master.fwSeq++
	m.master.frameworks[id] = fw
	m.master.order = append(m.master.order, fw)
	fw.setRoles()
	return fw
}

// Roles are the roles that a framework is subscribed to.
func Roles(info *mesos.FrameworkInfo) []string {
	if hasCapability(info, mesos.FrameworkInfo_Capability_MULTI_ROLE) {
		return info.Roles
	}
	return []string{info.GetRole()}
}

// setRoles makes the role list match the info; roles that stay keep their state.
func (fw *framework) setRoles() {
	var roles []*role
	for _, name := range Roles(fw.info) {
		r := fw.role(name)
		if r == nil {
			r = &role{name: name, filters: map[*agent][]filter{}, allocated: map[string]int64{}}
		}
		roles = append(roles, r)
	}
	sort.SliceStable(roles, func(i, j int) bool { return roles[i].name < roles[j].name })
	fw.roles = roles
}

func (fw *framework) role(name string) *role {
	for _, r := range fw.roles {
		if r.name == name {
			return r
		}
	}
	return nil
}

// replaceInfo updates what may change of a framework; user and checkpoint stay
// (contract 1.6).
func (m *Model) replaceInfo(fw *framework, info *mesos.FrameworkInfo) {
	info.ID = &mesos.FrameworkID{Value: fw.id}
	if fw.state != fwRecovered {
		info.User, info.Checkpoint = fw.info.User, fw.info.Checkpoint
	}
	old := fw.roles
	fw.info = info
	fw.setRoles()
	for _, r := range old {
		if fw.role(r.name) == nil {
			m.rescindRole(fw, r)
		}
	}
}

// rescindRole takes back the offers of a role that a framework gave up.
func (m *Model) rescindRole(fw *framework, r *role) {
	for _, o := range m.offersOf(fw, nil) {
		if o.role == r {
			m.rescind(o)
		}
	}
}

// takeOver moves a connected framework to a new stream. The old one gets an
// ERROR; outstanding offers vanish without RESCIND, and new ones come with the
// next allocation.
func (m *Model) takeOver(fw *framework, info *mesos.FrameworkInfo, stream string, suppressed []string) {
	m.replaceInfo(fw, info)
	m.send(fw.stream, errorEvent("Framework failed over"), Finished)
	for _, o := range m.offersOf(fw, nil) {
		m.dropOffer(o)
	}
	m.connect(fw, stream, suppressed)
	m.resumeUpdates(fw)
	m.allocateBy(m.now)
}

// connect gives a framework a stream and greets it.
func (m *Model) connect(fw *framework, stream string, suppressed []string) {
	fw.beat.stop()
	fw.failover.stop()
	m.forgetInverse(fw)
	fw.state = fwConnected
	fw.stream = stream
	fw.resubscribed = m.now
	for _, r := range fw.roles {
		r.suppressed = contains(suppressed, r.name)
	}
	interval := m.opts.HeartbeatInterval.Seconds()
	sub := &scheduler.Event_Subscribed{
		FrameworkID:              fw.info.ID,
		HeartbeatIntervalSeconds: &interval,
	}
	if m.profile >= 1 {
		sub.MasterInfo = m.masterInfo()
	}
	m.send(stream, &scheduler.Event{Type: scheduler.Event_SUBSCRIBED, Subscribed: sub}, Open)
	m.heartbeat(fw, m.now)
}

func contains(list []string, s string) bool {
	for _, x := range list {
		if x == s {
			return true
		}
	}
	return false
}

// heartbeat sends one now and plans the next (contract 1.5).
func (m *Model) heartbeat(fw *framework, at time.Time) {
	m.send(fw.stream, &scheduler.Event{Type: scheduler.Event_HEARTBEAT}, Open)
	next := at.Add(m.opts.HeartbeatInterval)
	fw.beat = m.at(next, func() { m.heartbeat(fw, next) })
}

func (m *Model) masterInfo() *mesos.MasterInfo {
	o := &m.opts
	port := uint32(o.Port)
	pid := "master@" + o.IP + ":" + strconv.Itoa(o.Port)
	version := m.profile.Version()
	info := &mesos.MasterInfo{
		ID: m.master.id, IP: packIPv4(o.IP), Port: &port, PID: &pid,
		Hostname: &o.Hostname, Version: &version,
		Address: &mesos.Address{Hostname: &o.Hostname, IP: &o.IP, Port: int32(o.Port)},
	}
	if m.profile >= 9 {
		info.Capabilities = []mesos.MasterInfo_Capability{{Type: mesos.MasterInfo_Capability_AGENT_UPDATE}}
	}
	return info
}

// packIPv4 is an address in network order read as a little-endian integer
// (contract 1.4); 0 for anything else.
func packIPv4(ip string) uint32 {
	var v uint32
	for i, part := range strings.Split(ip, ".") {
		n, err := strconv.ParseUint(part, 10, 8)
		if err != nil || i > 3 {
			return 0
		}
		v |= uint32(n) << (8 * i)
	}
	return v
}

func errorEvent(message string) *scheduler.Event {
	return &scheduler.Event{Type: scheduler.Event_ERROR, Error: &scheduler.Event_Error{Message: message}}
}

// Disconnected says that a stream's connection is gone. It does nothing if the
// stream is not a framework's current one.
func (m *Model) Disconnected(now time.Time, stream string) {
	m.enter(now)
	for _, fw := range m.master.order {
		if fw.state == fwConnected && fw.stream == stream {
			m.disconnect(fw)
			return
		}
	}
}

// disconnect deactivates a framework and starts its failover timer (contract 1.7).
func (m *Model) disconnect(fw *framework) {
	fw.state = fwDisconnected
	fw.stream = ""
	fw.beat.stop()
	for _, o := range m.offersOf(fw, nil) {
		m.dropOffer(o)
	}
	for _, r := range fw.roles {
		clear(r.filters)
	}
	m.allocateBy(m.now)
	wait := time.Duration(fw.info.GetFailoverTimeout() * float64(time.Second))
	if wait <= 0 {
		m.removeFramework(fw)
		return
	}
	fw.failover = m.after(wait, func() { m.removeFramework(fw) })
}

// removeFramework ends a framework: its stream, its offers and its tasks, of
// which nothing is reported. The master remembers the id.
func (m *Model) removeFramework(fw *framework) {
	fw.beat.stop()
	fw.failover.stop()
	m.send(fw.stream, nil, Finished)
	for _, o := range m.offersOf(fw, nil) {
		m.dropOffer(o)
	}
	for _, t := range sortedTasks(fw.tasks) {
		t.state = mesos.TASK_KILLED
		m.record(t, m.masterStatus(t.info.TaskID, t.agent.id, verdict{
			state: t.state, reason: mesos.REASON_FRAMEWORK_REMOVED, message: "Framework " + fw.id + " removed",
		}))
		m.forget(t)
	}
	fw.state = fwRemoved
	fw.stream = ""
	fw.unregistered = m.now
	delete(m.master.frameworks, fw.id)
	for i, x := range m.master.order {
		if x == fw {
			m.master.order = append(m.master.order[:i:i], m.master.order[i+1:]...)
			break
		}
	}
	m.master.completed = append(m.master.completed, fw)
	if n := len(m.master.completed); n > maxCompleted {
		m.master.completed = m.master.completed[n-maxCompleted:]
	}
	for _, a := range m.agents {
		if a.state == agentActive {
			a.shutdownFramework(m, fw.id)
		}
	}
	m.allocateBy(m.now)
}

// refuseSubscription returns why a framework may not subscribe, or "".
func (m *Model) refuseSubscription(info *mesos.FrameworkInfo, id string) string {
	if reason := m.checkRoles(info); reason != "" {
		return reason
	}
	if s := info.GetFailoverTimeout(); !(s*1e9 < 1<<63 && s*1e9 > -(1<<63)) {
		return fmt.Sprintf("The framework failover_timeout (%s) is invalid", formatDouble(s))
	}
	for _, fw := range m.master.completed {
		if fw.id == id && id != "" {
			return "Framework has been removed"
		}
	}
	fw := m.master.frameworks[id]
	if fw != nil && fw.state != fwRecovered && m.profile >= 9 && fw.info.GetPrincipal() != info.GetPrincipal() {
		return "Changing framework's principal is not allowed."
	}
	return ""
}

// formatDouble prints as C++ streams do: six significant digits.
func formatDouble(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }

func (m *Model) checkRoles(info *mesos.FrameworkInfo) string {
	multi := m.profile >= 2 && hasCapability(info, mesos.FrameworkInfo_Capability_MULTI_ROLE)
	if !multi {
		if len(info.Roles) > 0 {
			return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable"
		}
		if reason := m.checkRole(info.GetRole()); reason != "" {
			return "'FrameworkInfo.role' is not a valid role: " + reason
		}
		return ""
	}
	if info.Role != nil {
		return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable"
	}
	seen := map[string]int{}
	var twice []string
	for _, r := range info.Roles {
		if seen[r]++; seen[r] == 2 {
			twice = append(twice, r)
		}
	}
	if len(twice) > 0 {
		return "'FrameworkInfo.roles' contains duplicate items: { " + strings.Join(twice, ", ") + " }"
	}
	for _, r := range info.Roles {
		if reason := m.checkRole(r); reason != "" {
			return "'FrameworkInfo.roles' contains invalid role: " + reason
		}
	}
	return ""
}

func (m *Model) checkRole(name string) string {
	switch {
	case name == "*":
		return ""
	case name == "":
		return "Role names cannot be the empty string"
	case m.profile < Mesos1_4 && strings.Contains(name, "/"):
		return fmt.Sprintf("Role '%s' cannot contain a slash", name)
	case strings.HasPrefix(name, "/"):
		return fmt.Sprintf("Role '%s' cannot start with a slash", name)
	case strings.HasSuffix(name, "/"):
		return fmt.Sprintf("Role '%s' cannot end with a slash", name)
	}
	for part := range strings.SplitSeq(name, "/") {
		switch {
		case part == "":
			return fmt.Sprintf("Role '%s' cannot contain two adjacent slashes", name)
		case part == "." || part == "..":
			return fmt.Sprintf("Role '%s' cannot include '%s' as a component", name, part)
		case part == "*":
			return fmt.Sprintf("Role '%s' cannot include '*' as a component", name)
		case strings.HasPrefix(part, "-"):
			return fmt.Sprintf("Role component '%s' is invalid because it starts with a dash", part)
		case strings.ContainsAny(part, "\t\n\v\f\r \b"):
			return fmt.Sprintf("Role component '%s' is invalid because it contains backspace or whitespace", part)
		}
	}
	return ""
}
