package jobfile

import (
	"bytes"
	"strconv"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/hora-scheduler/hora/job"
)

// Encode writes a job as a job file in YAML: the fields that say something
// else than a server with these defaults makes of a job that does not say it.
func Encode(j *job.Job, d Defaults) ([]byte, error) {
	blank := Complete(Blank(), d)
	root := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	for i := range Fields {
		f := &Fields[i]
		if f.Show(j) == f.Show(blank) {
			continue
		}
		if f.Name == "retryInterval" && j.RetryInterval == "" {
			continue
		}
		root.Content = append(root.Content, text(f.Name), f.node(j))
	}
	return encodeYAML(root)
}

func encodeYAML(root *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	e, err := yaml.NewDumper(&out, yaml.WithV3Defaults(), yaml.WithIndent(2), yaml.WithLineWidth(-1), yaml.WithCompactSeqIndent(false))
	if err != nil {
		return nil, err
	}
	if err := e.Dump(root); err != nil {
		return nil, err
	}
	return out.Bytes(), e.Close()
}

// text is a node that is read as this text, whatever it looks like.
func text(s string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.ReplaceAll(s, opening, "$"+opening)}
	if strings.Contains(s, "\n") {
		n.Style = yaml.LiteralStyle
	}
	return n
}

func scalar(tag, s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Tag: tag, Value: s} }

func boolean(b bool) *yaml.Node { return scalar("!!bool", strconv.FormatBool(b)) }

func list(items ...*yaml.Node) *yaml.Node {
	return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: items}
}

func flow(texts ...string) *yaml.Node {
	n := list()
	n.Style = yaml.FlowStyle
	for _, t := range texts {
		c := text(t)
		c.Style = 0
		n.Content = append(n.Content, c)
	}
	return n
}

// node writes a field's value.
func (f *Field) node(j *job.Job) *yaml.Node {
	switch v := f.at(j).(type) {
	case *string:
		n := text(*v)
		if f.Name == "schedule" { // cron's stars need quotes, so that all have them
			n.Style = yaml.DoubleQuotedStyle
		}
		return n
	case *bool:
		return boolean(*v)
	case *int:
		return scalar("!!int", strconv.Itoa(*v))
	case *float64:
		return scalar("!!float", strconv.FormatFloat(*v, 'f', -1, 64))
	case *[]string:
		if f.Name == "parents" || f.Name == "retryOn" {
			return flow(*v...)
		}
		n := list()
		for _, s := range *v {
			n.Content = append(n.Content, text(s))
		}
		return n
	case *[]job.Variable:
		return variablesNode(*v, "name", "value")
	case *[]job.Constraint:
		n := list()
		for _, c := range *v {
			n.Content = append(n.Content, flow(c.Attribute, c.Operator, c.Value))
		}
		return n
	case *[]job.Fetch:
		n := list()
		for _, x := range *v {
			o := object{}
			o.add("uri", x.URI)
			o.add("output_file", x.OutputFile)
			o.flag("executable", x.Executable, false)
			o.flag("cache", x.Cache, false)
			o.flag("extract", x.Extract, true)
			n.Content = append(n.Content, o.node())
		}
		return n
	case **job.Container:
		return containerNode(*v)
	}
	return scalar("!!null", "")
}

// variablesNode writes NAME: value, or a list where a name comes twice.
func variablesNode(vars []job.Variable, key, value string) *yaml.Node {
	seen := make(map[string]bool)
	n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
	l := list()
	for _, v := range vars {
		name := scalar("!!str", v.Name)
		n.Content = append(n.Content, name, text(v.Value))
		l.Content = append(l.Content, &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{text(key), text(v.Name), text(value), text(v.Value)}})
		if seen[v.Name] || v.Name == "<<" {
			seen[""] = true
		}
		seen[v.Name] = true
	}
	if seen[""] {
		return l
	}
	return n
}

// object collects members that say something.
type object struct{ content []*yaml.Node }

func (o *object) node() *yaml.Node {
	return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: o.content}
}

func (o *object) put(key string, n *yaml.Node) { o.content = append(o.content, text(key), n) }

func (o *object) add(key, value string) {
	if value != "" {
		o.put(key, text(value))
	}
}

func (o *object) flag(key string, value, missing bool) {
	if value != missing {
		o.put(key, boolean(value))
	}
}

func (o *object) pairs(key string, list []job.Variable) {
	if len(list) > 0 {
		o.put(key, variablesNode(list, "key", "value"))
	}
}

func containerNode(k *job.Container) *yaml.Node {
	o := object{}
	o.add("type", k.Type)
	o.add("image", k.Image)
	o.add("network", k.Network)
	o.add("networkName", k.NetworkName)
	infos := list()
	for _, i := range k.NetworkInfos {
		x := object{}
		x.add("name", i.Name)
		x.add("protocol", i.Protocol)
		x.pairs("labels", i.Labels)
		ports := list()
		for _, p := range i.PortMappings {
			y := object{}
			y.put("hostPort", scalar("!!int", strconv.Itoa(p.HostPort)))
			y.put("containerPort", scalar("!!int", strconv.Itoa(p.ContainerPort)))
			y.add("protocol", p.Protocol)
			ports.Content = append(ports.Content, y.node())
		}
		if len(ports.Content) > 0 {
			x.put("portMappings", ports)
		}
		infos.Content = append(infos.Content, x.node())
	}
	if len(infos.Content) > 0 {
		o.put("networkInfos", infos)
	}
	volumes := list()
	for _, v := range k.Volumes {
		x := object{}
		x.add("hostPath", v.HostPath)
		x.add("containerPath", v.ContainerPath)
		x.add("mode", v.Mode)
		if e := v.External; e != nil {
			y := object{}
			y.add("name", e.Name)
			y.add("provider", e.Provider)
			y.pairs("options", e.Options)
			x.put("external", y.node())
		}
		volumes.Content = append(volumes.Content, x.node())
	}
	if len(volumes.Content) > 0 {
		o.put("volumes", volumes)
	}
	o.flag("forcePullImage", k.ForcePullImage, false)
	o.pairs("parameters", k.Parameters)
	return o.node()
}
