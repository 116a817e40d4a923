package document

import (
	"bytes"
	"errors"
	"io"

	yaml "go.yaml.in/yaml/v4"
)

// readYAML reads all documents of a file; empty ones are left out.
func readYAML(name string, text []byte) ([]*Node, error) {
	var out []*Node
	d := yaml.NewDecoder(bytes.NewReader(text))
	b := &budget{}
	for {
		var n yaml.Node
		err := d.Decode(&n)
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, yamlError(name, err)
		}
		if len(n.Content) == 0 || isEmpty(n.Content[0]) {
			continue
		}
		y := yamlReader{name, b, nil}
		root, err := y.node(n.Content[0], 0)
		if err != nil {
			return nil, err
		}
		out = append(out, root)
	}
}

// isEmpty: nothing stands between two lines of ---, or only comments do.
func isEmpty(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Tag == "!!null" && n.Value == ""
}

func yamlError(name string, err error) error {
	var load *yaml.LoadError
	if !errors.As(err, &load) {
		return Errorf(Pos{File: name}, "is not YAML: %v", err)
	}
	return Errorf(Pos{name, max(load.Mark.Line, 1), max(load.Mark.Column, 1)}, "is not YAML: %s", load.Message)
}

type yamlReader struct {
	name string
	*budget
	within []*yaml.Node // aliases that are being followed
}

func (y *yamlReader) node(n *yaml.Node, depth int) (*Node, error) {
	at := Pos{y.name, n.Line, n.Column}
	if err := y.spend(at, depth); err != nil {
		return nil, err
	}
	switch n.Kind {
	case yaml.AliasNode:
		for _, outer := range y.within {
			if outer == n.Alias {
				return nil, Errorf(at, "the alias *%s stands inside of what it stands for", n.Value)
			}
		}
		y.within = append(y.within, n.Alias)
		defer func() { y.within = y.within[:len(y.within)-1] }()
		return y.node(n.Alias, depth+1)
	case yaml.MappingNode:
		return y.mapping(n, depth)
	case yaml.SequenceNode:
		out := &Node{Kind: List, Pos: at}
		for _, c := range n.Content {
			item, err := y.node(c, depth+1)
			if err != nil {
				return nil, err
			}
			out.Items = append(out.Items, item)
		}
		return out, nil
	}
	return &Node{Kind: yamlKind(n), Text: n.Value, Plain: n.Style&^yaml.TaggedStyle == 0, Pos: at}, nil
}

func yamlKind(n *yaml.Node) Kind {
	switch n.Tag {
	case "!!null":
		return Null
	case "!!bool":
		return Bool
	case "!!int", "!!float":
		return Number
	}
	return Text
}

// mapping reads an object. Members that << merges in come after its own, which win.
func (y *yamlReader) mapping(n *yaml.Node, depth int) (*Node, error) {
	out := &Node{Kind: Object, Pos: Pos{y.name, n.Line, n.Column}}
	var merged []*Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		at := Pos{y.name, key.Line, key.Column}
		v, err := y.node(value, depth+1)
		if err != nil {
			return nil, err
		}
		switch {
		case key.Tag == "!!merge":
			sources := []*Node{v}
			if v.Kind == List {
				sources = v.Items
			}
			merged = append(merged, sources...)
			continue
		case key.Kind != yaml.ScalarNode:
			return nil, Errorf(at, "a key is a text")
		}
		if err := out.checkKey(key.Value, at); err != nil {
			return nil, err
		}
		out.Members = append(out.Members, Member{key.Value, at, v})
	}
	for _, m := range merged {
		if m.Kind != Object {
			return nil, Errorf(m.Pos, "<< merges objects, and this is %s", m.Kind)
		}
		for _, member := range m.Members {
			if out.Get(member.Key) == nil {
				out.Members = append(out.Members, member)
			}
		}
	}
	return out, nil
}
