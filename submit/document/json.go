package document

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// readJSON reads a file that holds one JSON value.
func readJSON(name string, text []byte) (*Node, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	j := &jsonReader{name: name, text: text, d: d, lines: newLines(text)}
	n, err := j.value(0)
	if err != nil {
		return nil, j.explain(err)
	}
	if at := j.here(); at < len(text) {
		return nil, Errorf(j.lines.at(name, at), "is not JSON: something stands after the value; several jobs stand in a list [ … ]")
	}
	return n, nil
}

type jsonReader struct {
	name string
	text []byte
	d    *json.Decoder
	budget
	lines lines
}

// here is where the next token begins.
func (j *jsonReader) here() int {
	i := int(j.d.InputOffset())
	for i < len(j.text) && bytes.IndexByte([]byte(" \t\r\n,:"), j.text[i]) >= 0 {
		i++
	}
	return i
}

func (j *jsonReader) explain(err error) error {
	var own *Error
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &own):
		return err
	case errors.As(err, &syntax):
		// The decoder counts some offsets from the last token.
		return Errorf(j.lines.at(j.name, max(j.here(), min(int(syntax.Offset)-1, len(j.text)))), "is not JSON: %v", err)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return Errorf(j.lines.at(j.name, len(j.text)), "is not JSON: it ends too early")
	}
	return Errorf(j.lines.at(j.name, j.here()), "is not JSON: %v", err)
}

func (j *jsonReader) value(depth int) (*Node, error) {
	at := j.lines.at(j.name, j.here())
	if err := j.spend(at, depth); err != nil {
		return nil, err
	}
	token, err := j.d.Token()
	if err != nil {
		return nil, err
	}
	n := &Node{Pos: at, Text: "null"}
	switch t := token.(type) {
	case json.Delim:
		if t == '[' {
			n.Kind, n.Text = List, ""
			return n, j.list(n, depth)
		}
		n.Kind, n.Text = Object, ""
		return n, j.object(n, depth)
	case bool:
		n.Kind, n.Text, n.Plain = Bool, "false", true
		if t {
			n.Text = "true"
		}
	case json.Number:
		n.Kind, n.Text, n.Plain = Number, t.String(), true
	case string:
		n.Kind, n.Text = Text, t
	}
	return n, nil
}

func (j *jsonReader) list(n *Node, depth int) error {
	for j.d.More() {
		item, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		n.Items = append(n.Items, item)
	}
	_, err := j.d.Token()
	return err
}

func (j *jsonReader) object(n *Node, depth int) error {
	for j.d.More() {
		at := j.lines.at(j.name, j.here())
		token, err := j.d.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string)
		if err := n.checkKey(key, at); err != nil {
			return err
		}
		v, err := j.value(depth + 1)
		if err != nil {
			return err
		}
		n.Members = append(n.Members, Member{key, at, v})
	}
	_, err := j.d.Token()
	return err
}
