package api

import (
	"strings"

	"github.com/hora-scheduler/hora/job"
)

// readContainer reads a container (Chronos contract 2.3). 2.4 knows only Docker
// and takes no notice of type, parameters and networks.
func readContainer(r *reader, d dialect) *job.Container {
	n, ok := r.member("container")
	if !ok || n.kind == null && d != v24 {
		return nil
	}
	if n.kind != object {
		r.fail("container", "is %v, want an object", kindNames[n.kind])
		return nil
	}
	if len(n.items) == 0 && d != v24 {
		return nil // nothing is lost
	}
	k := &job.Container{Type: "DOCKER"}
	r.inside(n, "container.", func(in *reader) {
		k.Image, k.Network, k.ForcePullImage = in.required("image"), in.text("network", "HOST"), in.bool("forcePullImage", false)
		in.objects("volumes", func(v *reader) { k.Volumes = append(k.Volumes, readVolume(v, d)) })
		if d != v24 {
			k.Type = strings.ToUpper(in.text("type", "DOCKER"))
			k.NetworkName = in.optional("networkName", "")
			k.Parameters = in.pairs("parameters", "key", "value")
			in.objects("networkInfos", func(v *reader) { k.NetworkInfos = append(k.NetworkInfos, readNetwork(v)) })
		}
	})
	return k
}

func readVolume(r *reader, d dialect) job.Volume {
	v := job.Volume{ContainerPath: r.required("containerPath"), HostPath: r.optional("hostPath", ""), Mode: strings.ToUpper(r.optional("mode", ""))}
	n, ok := r.member("external")
	if !ok || n.kind == null || d == v24 {
		return v
	}
	if n.kind != object {
		r.fail("external", "is %v, want an object", kindNames[n.kind])
		return v
	}
	r.inside(n, "external.", func(in *reader) {
		v.External = &job.ExternalVolume{Name: in.required("name"), Provider: in.required("provider"), Options: in.pairs("options", "key", "value")}
	})
	return v
}

func readNetwork(r *reader) job.NetworkInfo {
	i := job.NetworkInfo{Name: r.required("name"), Protocol: r.optional("protocol", ""), Labels: r.pairs("labels", "key", "value")}
	if i.Protocol != "" && i.Protocol != "IPv4" && i.Protocol != "IPv6" {
		r.fail("protocol", "%.20q is unknown, want IPv4 or IPv6", i.Protocol)
	}
	r.objects("portMappings", func(p *reader) {
		m := job.PortMapping{HostPort: p.port("hostPort"), ContainerPort: p.port("containerPort"), Protocol: p.optional("protocol", "")}
		i.PortMappings = append(i.PortMappings, m)
	})
	return i
}

func (r *reader) port(name string) int {
	if _, ok := r.member(name); !ok {
		r.fail(name, "is missing")
	}
	v := r.small(name, 0)
	if v < 0 || v > 65535 {
		r.fail(name, "%d is out of range, want 0 to 65535", v)
	}
	return v
}
