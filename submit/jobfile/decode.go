package jobfile

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/document"
)

// decoder fills a job from nodes and collects what is wrong with them.
type decoder struct{ errs []error }

func (d *decoder) fail(at document.Pos, format string, args ...any) {
	d.errs = append(d.errs, document.Errorf(at, format, args...))
}

// set gives a field of a job the value of a node.
func (d *decoder) set(f *Field, j *job.Job, n *document.Node) {
	switch to := f.at(j).(type) {
	case *string:
		*to = d.text(f, n)
	case *bool:
		*to = d.bool(f.Name, n)
	case *int:
		*to = int(d.number(f.Name, n, true))
	case *float64:
		*to = d.number(f.Name, n, false)
	case *[]string:
		*to = d.texts(f.Name, n)
	case *[]job.Variable:
		*to = mergeVariables(*to, d.variables(f.Name, n, "name", "value"))
	case *[]job.Constraint:
		*to = d.constraints(f.Name, n)
	case *[]job.Fetch:
		*to = d.fetches(f.Name, n)
	case **job.Container:
		*to = d.container(f.Name, n)
	}
}

// mergeVariables adds variables to those inherited; the later one of a name wins.
func mergeVariables(have, more []job.Variable) []job.Variable {
	out := slices.Clone(have)
	for _, v := range more {
		if i := slices.IndexFunc(out, func(o job.Variable) bool { return o.Name == v.Name }); i >= 0 {
			out[i] = v
		} else {
			out = append(out, v)
		}
	}
	return out
}

func (d *decoder) text(f *Field, n *document.Node) string {
	if !n.Scalar() || n.Kind == document.Null {
		d.fail(n.Pos, "%s is %s, want a %s", f.Name, n.Kind, kindWords[f.Kind])
		return ""
	}
	switch f.Kind {
	case Duration:
		text, err := ReadDuration(n.Text)
		if err != nil {
			d.fail(n.Pos, "%s: %v", f.Name, err)
		}
		return text
	case Choice:
		if !slices.Contains(f.Words, n.Text) {
			d.fail(n.Pos, "%s: %q is unknown, want %s%s", f.Name, n.Text, strings.Join(f.Words, ", "), didYouMean(n.Text, f.Words))
		}
	}
	return n.Text
}

func didYouMean(word string, known []string) string {
	if near := Nearest(word, known); near != "" {
		return fmt.Sprintf("; did you mean %q?", near)
	}
	return ""
}

func (d *decoder) plain(name string, n *document.Node) string {
	if !n.Scalar() || n.Kind == document.Null {
		d.fail(n.Pos, "%s is %s, want a text", name, n.Kind)
		return ""
	}
	return n.Text
}

func (d *decoder) bool(name string, n *document.Node) bool {
	switch {
	case n.Scalar() && n.Plain && n.Text == "true":
		return true
	case n.Scalar() && n.Plain && n.Text == "false":
		return false
	case n.Scalar():
		d.fail(n.Pos, "%s: %q is not true or false", name, n.Text)
	default:
		d.fail(n.Pos, "%s is %s, want true or false", name, n.Kind)
	}
	return false
}

func (d *decoder) number(name string, n *document.Node, whole bool) float64 {
	want := "a number"
	if whole {
		want = "a whole number"
	}
	if !n.Scalar() || !n.Plain {
		d.fail(n.Pos, "%s is %s, want %s", name, n.Kind, want)
		return 0
	}
	v, err := strconv.ParseFloat(n.Text, 64)
	switch {
	case err != nil || math.IsNaN(v) || math.IsInf(v, 0):
		d.fail(n.Pos, "%s: %q is not %s", name, n.Text, want)
		return 0
	case whole && (v != math.Trunc(v) || math.Abs(v) > math.MaxInt32):
		d.fail(n.Pos, "%s: %s is not %s of at most 10 digits", name, n.Text, want)
		return 0
	}
	return v
}

func (d *decoder) texts(name string, n *document.Node) []string {
	if n.Scalar() && n.Kind != document.Null {
		return []string{n.Text}
	}
	if n.Kind != document.List {
		d.fail(n.Pos, "%s is %s, want a list of texts", name, n.Kind)
		return nil
	}
	var out []string
	for i, item := range n.Items {
		out = append(out, d.plain(fmt.Sprintf("%s[%d]", name, i), item))
	}
	return out
}

// variables reads NAME: value, or a list of objects with two keys.
func (d *decoder) variables(name string, n *document.Node, key, value string) []job.Variable {
	var out []job.Variable
	switch n.Kind {
	case document.Object:
		for _, m := range n.Members {
			out = append(out, job.Variable{Name: m.Key, Value: d.plain(name+"."+m.Key, m.Value)})
		}
	case document.List:
		for i, item := range n.Items {
			in := d.object(fmt.Sprintf("%s[%d]", name, i), item, key, value)
			out = append(out, job.Variable{Name: in.text(key, true), Value: in.text(value, true)})
		}
	default:
		d.fail(n.Pos, "%s is %s, want NAME: value, or a list of {%s, %s}", name, n.Kind, key, value)
	}
	return out
}

func (d *decoder) constraints(name string, n *document.Node) []job.Constraint {
	items := n.Items
	if n.Kind == document.Text {
		items = []*document.Node{n}
	} else if n.Kind != document.List {
		d.fail(n.Pos, "%s is %s, want a list of [attribute, operator, value]", name, n.Kind)
	}
	var out []job.Constraint
	for i, item := range items {
		var parts []string
		if item.Kind == document.Text {
			parts = strings.SplitN(item.Text, " ", 3)
		} else if item.Kind == document.List {
			for _, p := range item.Items {
				parts = append(parts, d.plain(fmt.Sprintf("%s[%d]", name, i), p))
			}
		}
		if len(parts) != 3 {
			d.fail(item.Pos, "%s[%d] is not a constraint, want [attribute, operator, value] such as [hostname, EQUALS, node7]", name, i)
			continue
		}
		out = append(out, job.Constraint{Attribute: parts[0], Operator: parts[1], Value: parts[2]})
	}
	return out
}

func (d *decoder) fetches(name string, n *document.Node) []job.Fetch {
	if n.Kind != document.List {
		d.fail(n.Pos, "%s is %s, want a list", name, n.Kind)
		return nil
	}
	var out []job.Fetch
	for i, item := range n.Items {
		if item.Kind == document.Text {
			out = append(out, job.Fetch{URI: item.Text, Extract: true})
			continue
		}
		in := d.object(fmt.Sprintf("%s[%d]", name, i), item, fetchKeys...)
		out = append(out, job.Fetch{
			URI: in.text("uri", true), OutputFile: in.text("output_file", false), Executable: in.bool("executable", false),
			Cache: in.bool("cache", false), Extract: in.bool("extract", true),
		})
	}
	return out
}

// Keys of the objects within a job (contracts/chronos.md 2.2, 2.3).
var (
	fetchKeys     = []string{"uri", "output_file", "executable", "cache", "extract"}
	containerKeys = []string{"type", "image", "network", "networkName", "networkInfos", "volumes", "forcePullImage", "parameters"}
	networkKeys   = []string{"name", "protocol", "labels", "portMappings"}
	portKeys      = []string{"hostPort", "containerPort", "protocol"}
	volumeKeys    = []string{"hostPath", "containerPath", "mode", "external"}
	externalKeys  = []string{"name", "provider", "options"}
)

func (d *decoder) container(name string, n *document.Node) *job.Container {
	if n.Kind == document.Text { // the image alone
		return &job.Container{Type: "DOCKER", Image: n.Text, Network: "HOST"}
	}
	in := d.object(name, n, containerKeys...)
	k := &job.Container{
		Type: strings.ToUpper(in.textOr("type", "DOCKER")), Image: in.text("image", true), Network: in.textOr("network", "HOST"),
		NetworkName: in.text("networkName", false), ForcePullImage: in.bool("forcePullImage", false),
	}
	in.each("networkInfos", func(in inner) {
		i := job.NetworkInfo{Name: in.text("name", true), Protocol: in.text("protocol", false), Labels: in.variables("labels", "key", "value")}
		in.each("portMappings", func(in inner) {
			i.PortMappings = append(i.PortMappings, job.PortMapping{HostPort: in.port("hostPort"), ContainerPort: in.port("containerPort"), Protocol: in.text("protocol", false)})
		}, portKeys...)
		k.NetworkInfos = append(k.NetworkInfos, i)
	}, networkKeys...)
	in.each("volumes", func(in inner) {
		v := job.Volume{HostPath: in.text("hostPath", false), ContainerPath: in.text("containerPath", true), Mode: strings.ToUpper(in.text("mode", false))}
		if e := in.node.Get("external"); e != nil {
			x := d.object(in.name+".external", e, externalKeys...)
			v.External = &job.ExternalVolume{Name: x.text("name", true), Provider: x.text("provider", true), Options: x.variables("options", "key", "value")}
		}
		k.Volumes = append(k.Volumes, v)
	}, volumeKeys...)
	k.Parameters = in.variables("parameters", "key", "value")
	return k
}

// inner is an object within a job.
type inner struct {
	d    *decoder
	name string
	node *document.Node
}

func (d *decoder) object(name string, n *document.Node, keys ...string) inner {
	if n.Kind != document.Object {
		d.fail(n.Pos, "%s is %s, want an object with the keys %s", name, n.Kind, strings.Join(keys, ", "))
		return inner{d, name, &document.Node{Kind: document.Null, Pos: n.Pos}}
	}
	for _, m := range n.Members {
		if !slices.Contains(keys, m.Key) {
			d.fail(m.Pos, "unknown key %q in %s%s", m.Key, name, didYouMean(m.Key, keys))
		}
	}
	return inner{d, name, n}
}

func (in inner) text(key string, required bool) string {
	switch v := in.node.Get(key); {
	case v != nil:
		return in.d.plain(in.name+"."+key, v)
	case required && in.node.Kind == document.Object:
		in.d.fail(in.node.Pos, "%s.%s is missing", in.name, key)
	}
	return ""
}

func (in inner) textOr(key, missing string) string {
	if in.node.Get(key) == nil {
		return missing
	}
	return in.text(key, false)
}

func (in inner) bool(key string, missing bool) bool {
	if v := in.node.Get(key); v != nil {
		return in.d.bool(in.name+"."+key, v)
	}
	return missing
}

// port may be written as a text: Chronos 3.0.2 does so.
func (in inner) port(key string) int {
	v := in.node.Get(key)
	if v == nil {
		in.d.fail(in.node.Pos, "%s.%s is missing", in.name, key)
		return 0
	}
	n, err := strconv.Atoi(v.Text)
	if err != nil || n < 0 || n > 65535 {
		in.d.fail(v.Pos, "%s.%s: %q is not a port, want 0 to 65535", in.name, key, v.Text)
	}
	return n
}

func (in inner) variables(key, name, value string) []job.Variable {
	if v := in.node.Get(key); v != nil {
		return in.d.variables(in.name+"."+key, v, name, value)
	}
	return nil
}

func (in inner) each(key string, read func(inner), keys ...string) {
	v := in.node.Get(key)
	if v == nil {
		return
	}
	if v.Kind != document.List {
		in.d.fail(v.Pos, "%s.%s is %s, want a list", in.name, key, v.Kind)
		return
	}
	for i, item := range v.Items {
		read(in.d.object(fmt.Sprintf("%s.%s[%d]", in.name, key, i), item, keys...))
	}
}

// Join makes one error of many, a line each.
func Join(errs []error) error {
	const most = 50
	if len(errs) > most {
		errs = append(slices.Clone(errs[:most]), fmt.Errorf("… and %d more", len(errs)-most))
	}
	return errors.Join(errs...)
}
