package framework

import (
	"fmt"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// offer turns an offer into what placement needs. Resources that are no good
// for a batch job (revocable, shared, disks of their own and persistent volumes,
// those of resource providers) are left out, and what is reserved for others
// (Mesos contract 4.6).
func offer(o *mesosv1.Offer, roles []string) scheduler.Offer {
	out := scheduler.Offer{ID: o.ID.Value, AgentID: o.AgentID.Value, Hostname: o.Hostname, Unavailable: window(o.Unavailability)}
	if len(roles) > 1 { // some masters name the role to frameworks that have but one (MESOS-8237)
		out.Role = o.GetAllocationInfo().GetRole()
		roles = []string{out.Role}
	}
	for i := range o.Resources {
		r := &o.Resources[i]
		if r.Revocable != nil || r.Shared != nil || r.Disk != nil || r.ProviderID != nil || !usable(reservedFor(r), roles) {
			continue
		}
		part := scheduler.Resource{Name: r.Name, Pool: pool(r)}
		switch {
		case r.Scalar != nil:
			part.Milli = job.Milli(r.Scalar.Value)
			if r.Name == "gpus" {
				part.Milli -= part.Milli % 1000 // only whole ones can be used
			}
		case r.Ranges != nil && r.Name == "ports":
			for _, p := range r.Ranges.Range {
				part.Ports = append(part.Ports, scheduler.PortRange{Begin: p.Begin, End: p.End})
			}
		}
		if part.Milli > 0 || len(part.Ports) > 0 {
			out.Resources = append(out.Resources, part)
		}
	}
	for i := range o.Attributes {
		out.Attributes = append(out.Attributes, attribute(&o.Attributes[i]))
	}
	return out
}

// reservedFor is the role for which a resource is reserved, in either form; *
// is for nobody.
func reservedFor(r *mesosv1.Resource) string {
	if n := len(r.Reservations); n > 0 {
		return r.Reservations[n-1].GetRole()
	}
	if r.Role != nil {
		return *r.Role
	}
	return "*"
}

// window is a planned maintenance.
func window(u *mesosv1.Unavailability) scheduler.Window {
	if u == nil {
		return scheduler.Window{}
	}
	out := scheduler.Window{Start: time.Unix(0, u.Start.Nanoseconds).UTC()}
	if u.Duration != nil {
		out.End = out.Start.Add(time.Duration(u.Duration.Nanoseconds))
	}
	return out
}

// pool encodes all of a resource but its name, type and amount. Unreserved
// resources without anything special have the empty pool.
func pool(r *mesosv1.Resource) string {
	c := *r
	c.Name, c.Scalar, c.Ranges, c.Set = "", nil, nil, nil
	plain := (c.Role == nil || *c.Role == "*") && c.Reservation == nil && len(c.Reservations) == 0 && c.ProviderID == nil
	if plain {
		return "" // allocation_info is put in by the master (Mesos contract 2.3)
	}
	bytes, err := c.Marshal()
	if err != nil {
		return ""
	}
	return string(bytes)
}

// resource is the inverse of what offer does to one resource.
func resource(r scheduler.Resource) (mesosv1.Resource, error) {
	var out mesosv1.Resource
	if r.Pool != "" {
		if err := out.Unmarshal([]byte(r.Pool)); err != nil {
			return out, fmt.Errorf("resource %s: %w", r.Name, err)
		}
	}
	out.Name = r.Name
	if r.Ports != nil {
		out.Type = mesosv1.RANGES.Enum()
		out.Ranges = &mesosv1.Value_Ranges{}
		for _, p := range r.Ports {
			out.Ranges.Range = append(out.Ranges.Range, mesosv1.Value_Range{Begin: p.Begin, End: p.End})
		}
		return out, nil
	}
	out.Type = mesosv1.SCALAR.Enum()
	out.Scalar = &mesosv1.Value_Scalar{Value: float64(r.Milli) / 1000}
	return out, nil
}

func attribute(a *mesosv1.Attribute) job.Attribute {
	out := job.Attribute{Name: a.Name}
	switch a.Type {
	case mesosv1.SCALAR:
		out.Kind, out.Scalar = job.ScalarAttribute, a.GetScalar().GetValue()
	case mesosv1.SET:
		out.Kind, out.Items = job.SetAttribute, a.GetSet().GetItem()
	case mesosv1.RANGES:
		out.Kind = job.RangesAttribute
	default:
		out.Text = a.GetText().GetValue()
	}
	return out
}

// status turns a task status into the core's.
func status(st *mesosv1.TaskStatus) scheduler.Status {
	out := scheduler.Status{
		TaskID: st.TaskID.Value, State: scheduler.ParseTaskState(st.GetState().String()), Message: st.GetMessage(), UUID: string(st.UUID),
	}
	if st.AgentID != nil {
		out.AgentID = st.AgentID.Value
	}
	if st.Reason != nil {
		out.Reason = st.Reason.String()
	}
	if id := st.GetContainerStatus().GetContainerID(); id != nil {
		out.ContainerID = id.Value
	}
	return out
}
