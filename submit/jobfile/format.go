package jobfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	yaml "go.yaml.in/yaml/v4"

	"github.com/hora-scheduler/hora/submit/document"
)

// ErrNoFormat says that files of a kind are not formatted.
var ErrNoFormat = errors.New("files in HOCON are not formatted, only .yaml, .yml and .json")

// Format writes a job file anew: fields in the order of Fields, two blanks a
// level, an empty line between jobs. Comments stay, values stay as they are
// written. Nothing is returned that would be read as something else.
func Format(name string, text []byte) ([]byte, error) {
	before, err := document.Reader{}.Read(name, text)
	if err != nil {
		return nil, err
	}
	var out []byte
	switch strings.ToLower(filepath.Ext(name)) {
	case ".conf":
		return nil, fmt.Errorf("%s: %w", name, ErrNoFormat)
	case ".json":
		out, err = formatJSON(before[0])
	default:
		out, err = formatYAML(text)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	after, err := document.Reader{}.Read(name, out)
	if err != nil || !slices.EqualFunc(before, after, document.Equal) {
		return nil, fmt.Errorf("%s: it can't be formatted without changing what it says; it stays as it is", name)
	}
	return out, nil
}

func formatYAML(in []byte) ([]byte, error) {
	var out bytes.Buffer
	d := yaml.NewDecoder(bytes.NewReader(in))
	for n := 0; ; n++ {
		var doc yaml.Node
		err := d.Decode(&doc)
		if errors.Is(err, io.EOF) {
			if n == 0 {
				return in, nil
			}
			break
		}
		if err != nil {
			return nil, err
		}
		before := comments(&doc)
		arrange(&doc)
		text, err := encodeYAML(&doc)
		if err != nil {
			return nil, err
		}
		var again yaml.Node
		if err := yaml.Unmarshal(text, &again); err != nil {
			return nil, err
		}
		if !slices.Equal(before, comments(&again)) {
			return nil, errors.New("a comment would be lost where it stands; it stays as it is")
		}
		if n > 0 {
			out.WriteString("---\n")
		}
		out.Write(spread(text, &again))
	}
	return out.Bytes(), nil
}

// comments lists the lines of all comments, sorted.
func comments(n *yaml.Node) []string {
	var out []string
	var walk func(*yaml.Node)
	walk = func(n *yaml.Node) {
		for _, c := range []string{n.HeadComment, n.LineComment, n.FootComment} {
			for line := range strings.Lines(c) {
				if line = strings.TrimSpace(line); line != "" {
					out = append(out, line)
				}
			}
		}
		for _, c := range n.Content {
			walk(c)
		}
	}
	walk(n)
	slices.Sort(out)
	return out
}

// arrange puts the fields of a file's jobs, defaults and profiles in order.
func arrange(doc *yaml.Node) {
	if len(doc.Content) == 0 {
		return
	}
	root := doc.Content[0]
	if root.Kind == yaml.SequenceNode {
		arrangeAll(root)
		return
	}
	if root.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(root.Content); i += 2 {
		switch value := root.Content[i+1]; root.Content[i].Value {
		case jobsKey, profilesKey:
			arrangeAll(value)
		case defaultsKey:
			arrangeFields(value)
		}
	}
	arrangeFields(root)
}

// arrangeAll arranges each object of a list, or of an object.
func arrangeAll(n *yaml.Node) {
	for _, c := range n.Content {
		arrangeFields(c)
	}
}

func arrangeFields(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		return
	}
	type pair struct{ key, value *yaml.Node }
	var pairs []pair
	for i := 0; i+1 < len(n.Content); i += 2 {
		pairs = append(pairs, pair{n.Content[i], n.Content[i+1]})
	}
	rank := func(p pair) int {
		if i := slices.Index(fileKeys, p.key.Value); i >= 0 {
			return i - 100
		}
		if p.key.Tag == "!!merge" {
			return -50
		}
		return place(p.key.Value)
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return rank(a) - rank(b) })
	for i, p := range pairs {
		n.Content[2*i], n.Content[2*i+1] = p.key, p.value
	}
}

// spread puts an empty line between jobs that stand one after the other.
func spread(text []byte, doc *yaml.Node) []byte {
	if len(doc.Content) == 0 {
		return text
	}
	var at []int // lines before which one comes
	items := func(n *yaml.Node, step int) {
		for i := step; i < len(n.Content); i += step {
			line, comment := n.Content[i].Line, n.Content[i].HeadComment
			if comment != "" {
				line -= strings.Count(comment, "\n") + 1
			}
			at = append(at, line)
		}
	}
	root := doc.Content[0]
	if root.Kind == yaml.SequenceNode && root.Style&yaml.FlowStyle == 0 {
		items(root, 1)
	}
	for i := 0; root.Kind == yaml.MappingNode && i+1 < len(root.Content); i += 2 {
		key, value := root.Content[i], root.Content[i+1]
		if (key.Value == jobsKey || key.Value == profilesKey) && value.Style&yaml.FlowStyle == 0 {
			if value.Kind == yaml.SequenceNode {
				items(value, 1)
			} else if value.Kind == yaml.MappingNode {
				items(value, 2)
			}
		}
	}
	lines := strings.SplitAfter(string(text), "\n")
	slices.Sort(at)
	for _, line := range slices.Backward(at) {
		if line >= 2 && line <= len(lines) && strings.TrimSpace(lines[line-2]) != "" {
			lines = slices.Insert(lines, line-1, "\n")
		}
	}
	return []byte(strings.Join(lines, ""))
}

// formatJSON writes a tree with the fields of jobs in order.
func formatJSON(n *document.Node) ([]byte, error) {
	var out bytes.Buffer
	if err := writeJSON(&out, n, n.Kind != document.List && n.Get(jobsKey) == nil); err != nil {
		return nil, err
	}
	var pretty bytes.Buffer
	if err := json.Indent(&pretty, out.Bytes(), "", "  "); err != nil {
		return nil, err
	}
	return append(pretty.Bytes(), '\n'), nil
}

func writeJSON(out *bytes.Buffer, n *document.Node, isJob bool) error {
	switch n.Kind {
	case document.List:
		out.WriteByte('[')
		for i, item := range n.Items {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeJSON(out, item, true); err != nil {
				return err
			}
		}
		out.WriteByte(']')
	case document.Object:
		members := slices.Clone(n.Members)
		if isJob && n.Get("name") != nil {
			slices.SortStableFunc(members, func(a, b document.Member) int { return place(a.Key) - place(b.Key) })
		}
		out.WriteByte('{')
		for i, m := range members {
			if i > 0 {
				out.WriteByte(',')
			}
			if err := writeText(out, m.Key); err != nil {
				return err
			}
			out.WriteByte(':')
			if err := writeJSON(out, m.Value, false); err != nil {
				return err
			}
		}
		out.WriteByte('}')
	case document.Text:
		return writeText(out, n.Text)
	default:
		out.WriteString(n.Text)
	}
	return nil
}

func writeText(out *bytes.Buffer, s string) error {
	e := json.NewEncoder(out)
	e.SetEscapeHTML(false)
	return e.Encode(s)
}
