package mesossim

import (
	"sort"
	"strconv"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// allocation is when the allocator runs next. Runs lie on a grid of allocation
// intervals; one is planned only when it may find something to offer.
type allocation struct {
	epoch time.Time
	timer *timer
}

// offer is an outstanding offer.
type offer struct {
	id      string
	seq     uint64
	fw      *framework
	role    *role
	agent   *agent
	amount  vector
	timeout *timer
}

// filter keeps an agent's resources from a role of a framework: what is within
// refused is not offered until expiry (contract 2.4).
type filter struct {
	refused vector
	expiry  time.Time
}

// role is one role of a framework in the allocator's eyes.
type role struct {
	name       string
	suppressed bool
	filters    map[*agent][]filter
	allocated  map[string]int64 // scalars by name: offered and used
}

// Smallest offer: 0.01 cpus or 32 MB (contract 2.10).
const (
	minCPUs = 10
	minMem  = 32_000
)

// allocateBy plans a run at the first tick that is not before t, and after now.
func (m *Model) allocateBy(t time.Time) {
	if !t.After(m.now) {
		t = m.now.Add(1)
	}
	step := m.opts.AllocationInterval
	n := (t.Sub(m.allocation.epoch) + step - 1) / step
	tick := m.allocation.epoch.Add(n * step)
	if cur := m.allocation.timer; cur != nil && cur.fn != nil {
		if !tick.Before(cur.at) {
			return
		}
		cur.stop()
	}
	m.allocation.timer = m.at(tick, func() { m.allocate(m.agents) })
}

// candidate is a role of a framework that may get an offer.
type candidate struct {
	fw   *framework
	role *role
}

// allocate offers what is free on the agents, one offer per agent and role, to
// the role and framework with the smallest dominant share.
func (m *Model) allocate(agents []*agent) {
	defer m.askToLeave(agents)
	cands := m.candidates()
	if len(cands) == 0 {
		return
	}
	var total map[string]int64
	if len(cands) > 1 {
		total = m.clusterTotal()
	}
	made := map[*framework][]*offer{}
	var retry time.Time
	for _, a := range agents {
		if a.state != agentActive || a.draining || !a.offerable() {
			continue
		}
		if len(cands) > 1 {
			m.rank(cands, total)
		}
		for _, c := range cands {
			amount := a.offerableTo(c.fw, c.role, m.profile)
			if !allocatable(a.layout, amount) {
				continue
			}
			if until := c.role.filtered(a, amount, m.now); !until.IsZero() {
				if retry.IsZero() || until.Before(retry) {
					retry = until
				}
				continue
			}
			made[c.fw] = append(made[c.fw], m.makeOffer(c, a, amount))
			if !a.offerable() {
				break // else there is something left that is reserved for others
			}
		}
	}
	if !retry.IsZero() {
		m.allocateBy(retry)
	}
	for _, fw := range m.master.order {
		if offers := made[fw]; len(offers) > 0 {
			m.sendOffers(fw, offers)
		}
	}
}

func (m *Model) candidates() []candidate {
	var out []candidate
	for _, fw := range m.master.order {
		if fw.state != fwConnected {
			continue
		}
		for _, r := range fw.roles {
			if !r.suppressed {
				out = append(out, candidate{fw, r})
			}
		}
	}
	return out
}

func (m *Model) clusterTotal() map[string]int64 {
	total := map[string]int64{}
	for _, a := range m.agents {
		if a.state == agentActive {
			a.layout.addTo(total, a.total, 1)
		}
	}
	return total
}

// addTo adds sign times the scalars of v to sums by name.
func (l layout) addTo(sums map[string]int64, v vector, sign int64) {
	for i, s := range l {
		if !s.ranges {
			sums[s.name] += sign * v[i].milli
		}
	}
}

// rank sorts by dominant share of the role over all frameworks, then of the
// framework in it, then by registration.
func (m *Model) rank(cands []candidate, total map[string]int64) {
	byRole := map[string]map[string]int64{}
	for _, fw := range m.master.order {
		for _, r := range fw.roles {
			sums := byRole[r.name]
			if sums == nil {
				sums = map[string]int64{}
				byRole[r.name] = sums
			}
			for name, v := range r.allocated {
				sums[name] += v
			}
		}
	}
	sort.SliceStable(cands, func(i, j int) bool {
		a, b := cands[i], cands[j]
		if a.role.name != b.role.name {
			sa, sb := share(byRole[a.role.name], total), share(byRole[b.role.name], total)
			if sa != sb {
				return sa < sb
			}
			return a.role.name > b.role.name // as in recording role_framework
		}
		sa, sb := share(a.role.allocated, total), share(b.role.allocated, total)
		if sa != sb {
			return sa < sb
		}
		return a.fw.seq < b.fw.seq
	})
}

func share(of, total map[string]int64) float64 {
	var s float64
	for name, v := range of {
		if t := total[name]; t > 0 {
			s = max(s, float64(v)/float64(t))
		}
	}
	return s
}

func allocatable(l layout, v vector) bool {
	for i, s := range l {
		if s.name == "cpus" && v[i].milli >= minCPUs || s.name == "mem" && v[i].milli >= minMem {
			return true
		}
	}
	return false
}

// filtered returns until when a filter holds back amount; zero if none does.
func (r *role) filtered(a *agent, amount vector, now time.Time) time.Time {
	list := r.filters[a]
	var until time.Time
	live := list[:0]
	for _, f := range list {
		if !f.expiry.After(now) {
			continue
		}
		live = append(live, f)
		if amount.within(f.refused) && f.expiry.After(until) {
			until = f.expiry
		}
	}
	if len(live) == 0 {
		delete(r.filters, a)
	} else {
		r.filters[a] = live
	}
	return until
}

// offerable tells quickly whether an agent has anything free.
func (a *agent) offerable() bool { return !a.free.isZero() }

func (m *Model) makeOffer(c candidate, a *agent, amount vector) *offer {
	o := &offer{
		id:     m.master.id + "-O" + strconv.FormatUint(m.master.offerSeq, 10),
		seq:    m.master.offerSeq,
		fw:     c.fw,
		role:   c.role,
		agent:  a,
		amount: amount,
	}
	m.master.offerSeq++
	m.master.offers[o.id] = o
	c.fw.offers[o.id] = o
	a.take(c.role, amount)
	if m.opts.OfferTimeout > 0 {
		o.timeout = m.after(m.opts.OfferTimeout, func() {
			m.rescind(o)
			m.allocateBy(m.now)
		})
	}
	return o
}

// take moves free resources of an agent to a role of a framework.
func (a *agent) take(r *role, amount vector) {
	a.free = a.free.minus(amount)
	a.layout.addTo(r.allocated, amount, 1)
}

// give returns resources to an agent.
func (a *agent) give(r *role, amount vector) {
	a.free = a.free.plus(amount)
	a.layout.addTo(r.allocated, amount, -1)
}

func (m *Model) sendOffers(fw *framework, offers []*offer) {
	list := make([]mesos.Offer, len(offers))
	for i, o := range offers {
		list[i] = m.offerMessage(o)
	}
	m.deliver(fw, &scheduler.Event{
		Type:   scheduler.Event_OFFERS,
		Offers: &scheduler.Event_Offers{Offers: list},
	})
}

func (m *Model) offerMessage(o *offer) mesos.Offer {
	allocated := ""
	if o.fw.has(mesos.FrameworkInfo_Capability_MULTI_ROLE) {
		allocated = o.role.name
	}
	refined := m.profile >= Mesos1_4 && o.fw.has(mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT)
	out := mesos.Offer{
		ID:          mesos.OfferID{Value: o.id},
		FrameworkID: mesos.FrameworkID{Value: o.fw.id},
		AgentID:     mesos.AgentID{Value: o.agent.id},
		Hostname:    o.agent.spec.Hostname,
		URL:         o.agent.url,
		Attributes:  o.agent.spec.Attributes,
		Resources:   o.agent.layout.resourcesOf(o.amount, allocated, refined),
	}
	if o.agent.upkeep != nil {
		out.Unavailability = &o.agent.upkeep.when
	}
	if allocated != "" {
		out.AllocationInfo = &mesos.Resource_AllocationInfo{Role: &allocated}
	}
	return out
}

// dropOffer forgets an offer and gives its resources back, without a word.
func (m *Model) dropOffer(o *offer) {
	o.timeout.stop()
	delete(m.master.offers, o.id)
	delete(o.fw.offers, o.id)
	o.agent.give(o.role, o.amount)
}

// rescind takes an offer back and tells the framework.
func (m *Model) rescind(o *offer) {
	if m.master.offers[o.id] != o {
		return
	}
	m.dropOffer(o)
	m.deliver(o.fw, &scheduler.Event{
		Type:    scheduler.Event_RESCIND,
		Rescind: &scheduler.Event_Rescind{OfferID: mesos.OfferID{Value: o.id}},
	})
}

// offersOf lists offers by age, those of fw if it is not nil and those on a if
// it is not nil.
func (m *Model) offersOf(fw *framework, a *agent) []*offer {
	from := m.master.offers
	if fw != nil {
		from = fw.offers
	}
	var out []*offer
	for _, o := range from {
		if a == nil || o.agent == a {
			out = append(out, o)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].seq < out[j].seq })
	return out
}

// refuse records that a role does not want resources of an agent for a while.
func (m *Model) refuse(r *role, a *agent, amount vector, filters *mesos.Filters) {
	m.allocateBy(m.now)
	d := refusal(m.profile, filters)
	if d <= 0 || amount.isZero() {
		return
	}
	d = max(d, m.opts.AllocationInterval)
	r.filters[a] = append(r.filters[a], filter{amount, m.now.Add(d)})
}

const (
	defaultRefusal = 5 * time.Second
	maxRefusal     = 365 * 24 * time.Hour
)

// refusal is the time of a filter: absent, negative and (before 1.5) too large
// values mean 5 s (contract 2.4).
func refusal(p Profile, filters *mesos.Filters) time.Duration {
	if filters == nil || filters.RefuseSeconds == nil {
		return defaultRefusal
	}
	s := *filters.RefuseSeconds
	switch {
	case !(s >= 0):
		return defaultRefusal
	case p >= 5 && s > maxRefusal.Seconds():
		return maxRefusal
	case s*1e9 >= 1<<63:
		return defaultRefusal
	}
	return time.Duration(s * 1e9)
}
