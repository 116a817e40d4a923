package target

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/hora-scheduler/hora/submit/document"
)

// Context is what the configuration file says of one context.
type Context struct{ Name, Server, User, Password, Token, TokenFile string }

// Use makes a context the current one.
func (s Sources) Use(name string) (*Config, error) {
	return s.edit(func(c *Config, root *yaml.Node) error {
		if !slices.Contains(c.names(), name) {
			return c.unknown(name)
		}
		put(root, "current", word(name))
		return nil
	})
}

// Set makes a context, or changes what is given of one: an empty field stays
// as it is. A new way to log in takes the place of the old one. The first
// context becomes the current one.
func (s Sources) Set(t Context) (*Config, error) {
	if t.Name == "" {
		return nil, errors.New("a context needs a name")
	}
	return s.edit(func(c *Config, root *yaml.Node) error {
		all := get(root, "contexts")
		if all == nil || all.Kind != yaml.MappingNode {
			all = &yaml.Node{Kind: yaml.MappingNode}
			put(root, "contexts", all)
		}
		if len(all.Content) == 0 {
			all.Style = 0 // not {}
		}
		one := get(all, t.Name)
		if one == nil {
			one = &yaml.Node{Kind: yaml.MappingNode}
			put(all, t.Name, one)
		}
		if t.User+t.Password+t.Token+t.TokenFile != "" {
			for _, key := range []string{"user", "password", "token", "tokenFile"} {
				remove(one, key)
			}
		}
		for _, f := range []struct{ key, value string }{{"server", t.Server}, {"user", t.User}, {"password", t.Password}, {"token", t.Token}, {"tokenFile", t.TokenFile}} {
			if f.value != "" {
				put(one, f.key, word(f.value))
			}
		}
		if len(c.Contexts) == 0 && c.Current == "" {
			put(root, "current", word(t.Name))
		}
		return nil
	})
}

// Delete takes a context out.
func (s Sources) Delete(name string) (*Config, error) {
	return s.edit(func(c *Config, root *yaml.Node) error {
		if !slices.Contains(c.names(), name) {
			return c.unknown(name)
		}
		remove(get(root, "contexts"), name)
		if c.Current == name {
			remove(root, "current")
		}
		return nil
	})
}

func (c *Config) unknown(name string) error {
	if len(c.Contexts) == 0 {
		return fmt.Errorf("there is no context %q: %s has none", name, c.File)
	}
	return fmt.Errorf("there is no context %q in %s, want one of: %s", name, c.File, strings.Join(c.names(), ", "))
}

// edit changes the configuration file, whose comments stay. It is written
// whole or not at all, so that its owner alone can read it, and only if it can
// be read afterwards.
func (s Sources) edit(change func(*Config, *yaml.Node) error) (*Config, error) {
	name, _, err := s.file()
	switch {
	case err != nil:
		return nil, err
	case name == "":
		return nil, errors.New("there is no folder for the configuration file, as HOME is not set: --config names a file")
	}
	if real, err := filepath.EvalSymlinks(name); err == nil {
		name = real
	}
	if ext := strings.ToLower(filepath.Ext(name)); ext != ".yaml" && ext != ".yml" {
		return nil, fmt.Errorf("%s: only a file in YAML (.yaml, .yml) can be changed", name)
	}
	old, err := os.ReadFile(name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	c, err := parse(name, old)
	if err != nil {
		return nil, err
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(old, &doc); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(doc.Content) == 0 || doc.Content[0].Kind != yaml.MappingNode {
		doc = yaml.Node{Kind: yaml.DocumentNode, HeadComment: doc.HeadComment, Content: []*yaml.Node{{Kind: yaml.MappingNode}}}
	}
	if err := change(c, doc.Content[0]); err != nil {
		return nil, err
	}
	changed, err := dump(&doc)
	if err != nil {
		return nil, err
	}
	if c, err = parse(name, changed); err != nil {
		return nil, err
	}
	return c, replace(name, changed)
}

// parse reads what stands in a configuration file.
func parse(name string, text []byte) (*Config, error) {
	docs, err := document.Reader{}.Read(name, text)
	if err != nil {
		return nil, err
	}
	c := &Config{File: name}
	if len(docs) > 1 {
		return nil, fmt.Errorf("%s holds %d documents, want one", name, len(docs))
	}
	if len(docs) > 0 {
		err = c.read(docs[0])
	}
	return c, err
}

func dump(doc *yaml.Node) ([]byte, error) {
	var out bytes.Buffer
	d, err := yaml.NewDumper(&out, yaml.WithV3Defaults(), yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return nil, err
	}
	err = errors.Join(d.Dump(doc), d.Close())
	return out.Bytes(), err
}

// replace writes a file whole or not at all, so that its owner alone can read it: it may hold secrets.
func replace(name string, text []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".hora-*") // of mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}

func word(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value}
}

// index is where a key stands in an object, or -1.
func index(object *yaml.Node, key string) int {
	for i := 0; i+1 < len(object.Content); i += 2 {
		if object.Content[i].Value == key {
			return i
		}
	}
	return -1
}

func get(object *yaml.Node, key string) *yaml.Node {
	if i := index(object, key); i >= 0 {
		return object.Content[i+1]
	}
	return nil
}

// put gives a key a value, in its place if it is there. A comment beside it stays.
func put(object *yaml.Node, key string, value *yaml.Node) {
	if i := index(object, key); i >= 0 {
		old := object.Content[i+1]
		value.HeadComment, value.LineComment, value.FootComment = old.HeadComment, old.LineComment, old.FootComment
		object.Content[i+1] = value
		return
	}
	object.Content = append(object.Content, word(key), value)
}

func remove(object *yaml.Node, key string) {
	if i := index(object, key); i >= 0 {
		object.Content = slices.Delete(object.Content, i, i+2)
	}
}
