package mesossim

import (
	"fmt"
	"regexp"
	"strings"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// slot names one resource of an agent: all of a Resource but how much of it.
type slot struct {
	name         string
	role         string // for which it is reserved, "*" for none
	ranges       bool
	revocable    bool
	shared       bool
	reservations []mesos.Resource_ReservationInfo // outermost first
	disk         *mesos.Resource_DiskInfo
	key          string // equal for resources that can be added
}

// slotOf reads a resource, in the old form or in the refined one (contract 4.6).
func slotOf(r *mesos.Resource) slot {
	s := slot{
		name: r.Name, ranges: r.Type != nil && *r.Type == mesos.RANGES, disk: r.Disk,
		revocable: r.Revocable != nil, shared: r.Shared != nil, reservations: r.Reservations, role: "*",
	}
	if len(s.reservations) == 0 && r.Role != nil && *r.Role != "*" {
		x := mesos.Resource_ReservationInfo{Type: mesos.Resource_ReservationInfo_STATIC.Enum(), Role: r.Role}
		if d := r.Reservation; d != nil {
			x.Type, x.Principal, x.Labels = mesos.Resource_ReservationInfo_DYNAMIC.Enum(), d.Principal, d.Labels
		}
		s.reservations = []mesos.Resource_ReservationInfo{x}
	}
	if n := len(s.reservations); n > 0 {
		s.role = s.reservations[n-1].GetRole()
	}
	s.key = s.identity(r)
	return s
}

// identity is what makes resources of one name different.
func (s *slot) identity(r *mesos.Resource) string {
	if len(s.reservations) == 0 && s.disk == nil && !s.revocable && !s.shared && r.ProviderID == nil {
		if s.ranges {
			return s.name + "[]"
		}
		return s.name
	}
	id := mesos.Resource{Name: r.Name, Type: r.Type, Reservations: s.reservations, Disk: r.Disk, Revocable: r.Revocable, Shared: r.Shared, ProviderID: r.ProviderID}
	text, err := id.Marshal()
	if err != nil { // something required is missing: it is like nothing else
		return "invalid " + r.String()
	}
	return string(text)
}

// dynamic tells whether a reservation was made by an operator or a framework.
func dynamic(x *mesos.Resource_ReservationInfo) bool {
	return x.GetType() == mesos.Resource_ReservationInfo_DYNAMIC
}

// write puts the slot's properties into a resource, in the form for a framework
// with or without RESERVATION_REFINEMENT.
func (s *slot) write(r *mesos.Resource, refined bool) {
	r.Name, r.Disk = s.name, s.disk
	if s.revocable {
		r.Revocable = &mesos.Resource_RevocableInfo{}
	}
	if s.shared {
		r.Shared = &mesos.Resource_SharedInfo{}
	}
	if refined || len(s.reservations) > 1 {
		r.Reservations = s.reservations
		return
	}
	role := s.role
	r.Role = &role
	if len(s.reservations) == 1 && dynamic(&s.reservations[0]) {
		x := &s.reservations[0]
		r.Reservation = &mesos.Resource_ReservationInfo{Principal: x.Principal, Labels: x.Labels}
	}
}

// offeredTo tells whether a resource may be offered to a role of a framework:
// what is reserved, to that role and those within it; what is revocable, shared
// or refined, to frameworks that can deal with it (contract 2.10).
func (s *slot) offeredTo(fw *framework, r *role, p Profile) bool {
	within := p >= Mesos1_4 && strings.HasPrefix(r.name, s.role+"/")
	switch {
	case s.role != "*" && s.role != r.name && !within:
		return false
	case s.revocable && !fw.has(mesos.FrameworkInfo_Capability_REVOCABLE_RESOURCES):
		return false
	case s.shared && !(p >= 1 && fw.has(mesos.FrameworkInfo_Capability_SHARED_RESOURCES)):
		return false
	}
	return len(s.reservations) < 2 || fw.has(mesos.FrameworkInfo_Capability_RESERVATION_REFINEMENT)
}

// plain tells whether everything may be offered to everybody.
func (l layout) plain() bool {
	for i := range l {
		if s := &l[i]; s.role != "*" || s.revocable || s.shared || s.name == "gpus" {
			return false
		}
	}
	return true
}

// offerableTo is what is free on an agent for a role of a framework; nothing if
// it has gpus and the framework cannot use them.
func (a *agent) offerableTo(fw *framework, r *role, p Profile) vector {
	if a.ordinary {
		return a.free
	}
	v := append(vector(nil), a.free...)
	for i := range a.layout {
		s := &a.layout[i]
		if s.name == "gpus" && a.total[i].milli > 0 && !fw.has(mesos.FrameworkInfo_Capability_GPU_RESOURCES) {
			return a.layout.zero()
		}
		if !s.offeredTo(fw, r, p) {
			v[i] = amount{}
		}
	}
	return v
}

// described is how the master's messages print what a resource is reserved for.
func (s *slot) described(p Profile) (before, after string) {
	if p < Mesos1_4 {
		before = s.role
		if len(s.reservations) == 1 && dynamic(&s.reservations[0]) && s.reservations[0].Principal != nil {
			before += ", " + *s.reservations[0].Principal
		}
		return "(" + before + ")", ""
	}
	var list []string
	for i := range s.reservations {
		x := &s.reservations[i]
		text := x.GetType().String() + "," + x.GetRole()
		if x.Principal != nil {
			text += "," + *x.Principal
		}
		list = append(list, "("+text+")")
	}
	if len(list) > 0 {
		after = "(reservations: [" + strings.Join(list, ",") + "])"
	}
	return "", after
}

// resourceForm is one resource: name, (role[>inner role …][,principal]),
// [MOUNT:path], {REV}, value.
var resourceForm = regexp.MustCompile(`^([^():\[\]{}]+)(?:\(([^()]*)\))?(?:\[MOUNT:([^\]]*)\])?(\{REV\})?:(.*)$`)

// ParseResources reads the form of the agent's --resources flag:
// "cpus:4;mem:4096;disk:10000;ports:[31000-31999]". After the name may stand
// what it is reserved for: (batch) statically, (batch,ops) dynamically by the
// principal ops, (eng>eng/etl,ops) the same within a static reservation for eng;
// [MOUNT:/data] for a disk of its own; {REV} if it is revocable.
func ParseResources(text string) ([]mesos.Resource, error) {
	var out []mesos.Resource
	for item := range strings.SplitSeq(text, ";") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		m := resourceForm.FindStringSubmatch(item)
		if m == nil {
			return nil, fmt.Errorf("resource %q: expected name:value", item)
		}
		r := mesos.Resource{Name: m[1]}
		reserve(&r, m[2])
		if m[3] != "" {
			r.Disk = &mesos.Resource_DiskInfo{Source: &mesos.Resource_DiskInfo_Source{
				Type: mesos.Resource_DiskInfo_Source_MOUNT, Mount: &mesos.Resource_DiskInfo_Source_Mount{Root: &m[3]},
			}}
		}
		if m[4] != "" {
			r.Revocable = &mesos.Resource_RevocableInfo{}
		}
		if err := parseResourceValue(&r, strings.TrimSpace(m[5])); err != nil {
			return nil, fmt.Errorf("resource %q: %w", item, err)
		}
		out = append(out, r)
	}
	return out, nil
}

// reserve reads what stands in parentheses after a resource's name.
func reserve(r *mesos.Resource, text string) {
	roles, principal, owned := strings.Cut(text, ",")
	chain := strings.Split(roles, ">")
	if len(chain) == 1 {
		role := "*"
		if roles != "" {
			role = strings.TrimSpace(roles)
		}
		r.Role = &role
		if owned {
			principal = strings.TrimSpace(principal)
			r.Reservation = &mesos.Resource_ReservationInfo{Principal: &principal}
		}
		return
	}
	for i := range chain {
		role := strings.TrimSpace(chain[i])
		x := mesos.Resource_ReservationInfo{Type: mesos.Resource_ReservationInfo_STATIC.Enum(), Role: &role}
		if i > 0 {
			x.Type = mesos.Resource_ReservationInfo_DYNAMIC.Enum()
			if owned {
				p := strings.TrimSpace(principal)
				x.Principal = &p
			}
		}
		r.Reservations = append(r.Reservations, x)
	}
}
