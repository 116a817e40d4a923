// Package document reads YAML, JSON and HOCON into one kind of tree, in which
// every value knows where it stands, so that whoever reads a job file or a
// configuration can say line and column of what is wrong.
//
// It knows nothing of jobs and opens no files but through the function it is
// given.
package document

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of a document. Beyond them it is refused.
const (
	MaxBytes   = 8 << 20 // of one file
	MaxDepth   = 64      // of values in values
	MaxMembers = 10000   // of one object
	MaxNodes   = 1 << 20 // values in one document, aliases counted as what they stand for
)

// Pos is a place in a file. Line and column count from 1, the column in
// characters; line 0 is the file as a whole.
type Pos struct {
	File         string
	Line, Column int
}

// String is file:line:column.
func (p Pos) String() string {
	if p.Line == 0 {
		return p.File
	}
	return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
}

// Error says what is wrong at a place.
type Error struct {
	Pos  Pos
	Text string
}

// Error is file:line:column: text.
func (e *Error) Error() string { return e.Pos.String() + ": " + e.Text }

// Errorf makes an *Error.
func Errorf(at Pos, format string, args ...any) error {
	return &Error{at, fmt.Sprintf(format, args...)}
}

// Kind says what a node is.
type Kind uint8

// Kinds of nodes.
const (
	Null Kind = iota
	Bool
	Number
	Text
	List
	Object
)

var kindNames = [...]string{"null", "true or false", "a number", "a text", "a list", "an object"}

// String is the kind with its article, for messages.
func (k Kind) String() string { return kindNames[k] }

// Node is a value and where it stands.
type Node struct {
	Kind    Kind
	Text    string // of a scalar, as it is written
	Plain   bool   // a scalar without quotes, whose text may be read as any type
	Pos     Pos
	Items   []*Node  // of a list
	Members []Member // of an object, in the order of the file
}

// Member is one member of an object.
type Member struct {
	Key   string
	Pos   Pos
	Value *Node
}

// Get returns a member's value, nil if there is none.
func (n *Node) Get(key string) *Node {
	if i := n.index(key); i >= 0 {
		return n.Members[i].Value
	}
	return nil
}

func (n *Node) index(key string) int {
	return slices.IndexFunc(n.Members, func(m Member) bool { return m.Key == key })
}

// checkKey refuses a key that is there, and too many of them.
func (n *Node) checkKey(key string, at Pos) error {
	switch {
	case len(n.Members) >= MaxMembers:
		return Errorf(at, "an object has more than %d members", MaxMembers)
	case n.index(key) >= 0:
		return Errorf(at, "the key %q comes twice", key)
	}
	return nil
}

// Scalar tells whether the node is neither a list nor an object.
func (n *Node) Scalar() bool { return n.Kind != List && n.Kind != Object }

// Equal tells whether two trees say the same, wherever they stand. The order of
// an object's members does not count.
func Equal(a, b *Node) bool {
	if a.Kind != b.Kind || a.Text != b.Text || len(a.Items) != len(b.Items) || len(a.Members) != len(b.Members) {
		return false
	}
	for i := range a.Items {
		if !Equal(a.Items[i], b.Items[i]) {
			return false
		}
	}
	for _, m := range a.Members {
		if other := b.Get(m.Key); other == nil || !Equal(m.Value, other) {
			return false
		}
	}
	return true
}

// Reader says how documents are read.
type Reader struct {
	Env  func(name string) (string, bool)  // what HOCON's ${name} falls back to; nil: nothing
	Open func(path string) ([]byte, error) // for HOCON's include; nil: it is refused
}

// Extensions are the endings of the files that Read knows.
var Extensions = []string{".yaml", ".yml", ".json", ".conf"}

// Read reads the documents of a file: YAML may hold several, the others hold
// one. The ending of the name says which language it is.
func (r Reader) Read(name string, text []byte) ([]*Node, error) {
	whole := Pos{File: name}
	switch {
	case len(text) > MaxBytes:
		return nil, Errorf(whole, "has %d bytes, at most %d are read", len(text), MaxBytes)
	case !utf8.Valid(text):
		return nil, Errorf(badRune(name, text), "is not UTF-8")
	}
	text = []byte(strings.TrimPrefix(string(text), "\ufeff"))
	var one *Node
	var err error
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		return readYAML(name, text)
	case ".json":
		one, err = readJSON(name, text)
	case ".conf":
		one, err = r.readHOCON(name, text)
	default:
		return nil, Errorf(whole, "is neither .yaml, .yml, .json nor .conf")
	}
	if err != nil {
		return nil, err
	}
	return []*Node{one}, nil
}

func badRune(name string, text []byte) Pos {
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && n < 2 {
			return newLines(text).at(name, i)
		}
		i += n
	}
	return Pos{File: name}
}

// budget counts nodes and depth.
type budget struct{ nodes int }

func (b *budget) spend(at Pos, depth int) error {
	if b.nodes++; b.nodes > MaxNodes {
		return Errorf(at, "there are more than %d values, aliases counted as what they stand for", MaxNodes)
	}
	if depth > MaxDepth {
		return Errorf(at, "is nested more than %d deep", MaxDepth)
	}
	return nil
}
