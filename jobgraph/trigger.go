package jobgraph

import (
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// Condition is what a trigger may ask of a parent.
type Condition uint8

// Conditions. Done is either of the other two.
const (
	Succeeded Condition = iota
	Failed
	Done
)

// String is the name in the text of a trigger.
func (c Condition) String() string { return [...]string{"succeeded", "failed", "done"}[c] }

// Trigger is an expression over the ends of parents' runs, such as
// `A && (B || failed(C))`. It is immutable. The grammar, loosest first:
//
//	or   = and { "||" and }
//	and  = term { "&&" term }
//	term = "(" or ")" | ("succeeded" | "failed" | "done") "(" name ")" | name
//	name = word | "'" any "'" | '"' any '"'
//
// A word is letters, digits and any of _ . - #; other names are quoted, with \
// before a quote or a backslash. A name alone means succeeded(name).
type Trigger struct {
	op        byte // '&', '|' or 0 for a leaf
	condition Condition
	name      string
	parts     []*Trigger
}

// All is the trigger of a list of parents: each must have succeeded.
func All(parents []string) *Trigger {
	t := &Trigger{op: '&'}
	for _, p := range parents {
		t.parts = append(t.parts, &Trigger{name: p})
	}
	return t
}

// Names returns the jobs that the expression asks about, in order of first appearance.
func (t *Trigger) Names() []string {
	var out []string
	t.walk(func(leaf *Trigger) {
		if !slices.Contains(out, leaf.name) {
			out = append(out, leaf.name)
		}
	})
	return out
}

// Conditions returns what the expression asks of each job; of several things the first.
func (t *Trigger) Conditions() map[string]Condition {
	out := make(map[string]Condition)
	t.walk(func(leaf *Trigger) {
		if _, there := out[leaf.name]; !there {
			out[leaf.name] = leaf.condition
		}
	})
	return out
}

func (t *Trigger) walk(f func(*Trigger)) {
	if t.op == 0 {
		f(t)
		return
	}
	for _, p := range t.parts {
		p.walk(f)
	}
}

// Eval evaluates the expression; holds answers for one parent. An expression
// without any parent is false.
func (t *Trigger) Eval(holds func(c Condition, parent string) bool) bool {
	switch t.op {
	case '&':
		for _, p := range t.parts {
			if !p.Eval(holds) {
				return false
			}
		}
		return len(t.parts) > 0
	case '|':
		for _, p := range t.parts {
			if p.Eval(holds) {
				return true
			}
		}
		return false
	}
	return holds(t.condition, t.name)
}

// Without returns the expression after a parent is gone: what asked for its
// success or end is replaced by with (the grandparents; may be nil), what asked
// for its failure is dropped. The result is nil if nothing is left.
func (t *Trigger) Without(name string, with *Trigger) *Trigger {
	if t.op == 0 {
		switch {
		case t.name != name:
			return t
		case t.condition == Failed:
			return nil
		}
		return with
	}
	out := &Trigger{op: t.op}
	for _, p := range t.parts {
		if q := p.Without(name, with); q != nil {
			out.parts = append(out.parts, q)
		}
	}
	switch len(out.parts) {
	case 0:
		return nil
	case 1:
		return out.parts[0]
	}
	return out
}

// String is the expression in canonical form: ParseTrigger reads it back.
func (t *Trigger) String() string {
	var b strings.Builder
	t.write(&b, false)
	return b.String()
}

func (t *Trigger) write(b *strings.Builder, inner bool) {
	if t.op == 0 {
		if t.condition != Succeeded {
			b.WriteString(t.condition.String() + "(")
		}
		b.WriteString(quote(t.name))
		if t.condition != Succeeded {
			b.WriteByte(')')
		}
		return
	}
	sep := " && "
	if t.op == '|' {
		sep = " || "
	}
	bracket := inner && t.op == '|' && len(t.parts) > 1
	if bracket {
		b.WriteByte('(')
	}
	for i, p := range t.parts {
		if i > 0 {
			b.WriteString(sep)
		}
		p.write(b, t.op == '&')
	}
	if bracket {
		b.WriteByte(')')
	}
}

func isWord(r byte) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.IndexByte("_.-#", r) >= 0
}

func quote(name string) string {
	plain := name != ""
	for i := 0; i < len(name); i++ {
		plain = plain && isWord(name[i])
	}
	if plain {
		return name
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
}

// maxDepth bounds the nesting of brackets.
const maxDepth = 50

// ParseTrigger reads an expression. Errors tell the position (bytes from 1)
// and what was expected there.
func ParseTrigger(text string) (*Trigger, error) {
	p := triggerParser{text: text}
	t, err := p.or()
	if err == nil && p.skip() < len(text) {
		err = p.want(message.Of("&&, || or the end"))
	}
	if err != nil {
		return nil, message.Errorf("trigger %q: %w", text, err)
	}
	return t, nil
}

type triggerParser struct {
	text  string
	at    int
	depth int
}

func (p *triggerParser) skip() int {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	return p.at
}

func (p *triggerParser) take(token string) bool {
	p.skip()
	if !strings.HasPrefix(p.text[p.at:], token) {
		return false
	}
	p.at += len(token)
	return true
}

func (p *triggerParser) want(what message.Message) error {
	if p.at >= len(p.text) {
		return message.Errorf("at the end: want %s", what)
	}
	return message.Errorf("at position %d: want %s", p.at+1, what)
}

func (p *triggerParser) or() (*Trigger, error) { return p.list("||", '|', p.and) }

func (p *triggerParser) and() (*Trigger, error) { return p.list("&&", '&', p.term) }

func (p *triggerParser) list(sep string, op byte, part func() (*Trigger, error)) (*Trigger, error) {
	first, err := part()
	if err != nil {
		return nil, err
	}
	out := &Trigger{op: op, parts: flatten(nil, first, op)}
	for p.take(sep) {
		next, err := part()
		if err != nil {
			return nil, err
		}
		out.parts = flatten(out.parts, next, op)
	}
	if len(out.parts) == 1 {
		return first, nil
	}
	return out, nil
}

// flatten makes (a && b) && c the same as a && b && c.
func flatten(list []*Trigger, t *Trigger, op byte) []*Trigger {
	if t.op == op {
		return append(list, t.parts...)
	}
	return append(list, t)
}

func (p *triggerParser) term() (*Trigger, error) {
	if p.take("(") {
		if p.depth++; p.depth > maxDepth {
			return nil, message.Errorf("at position %d: brackets are nested more than %d deep", p.at, maxDepth)
		}
		t, err := p.or()
		if err == nil && !p.take(")") {
			err = p.want(message.Of("%c", ')'))
		}
		p.depth--
		return t, err
	}
	name, quoted, err := p.name()
	if err != nil {
		return nil, err
	}
	if quoted || !p.take("(") {
		return &Trigger{name: name}, nil
	}
	leaf := &Trigger{}
	switch name {
	case "succeeded":
	case "failed":
		leaf.condition = Failed
	case "done":
		leaf.condition = Done
	default:
		return nil, message.Errorf("%q is no function, want succeeded, failed or done", name)
	}
	if leaf.name, _, err = p.name(); err != nil {
		return nil, err
	}
	if !p.take(")") {
		return nil, p.want(message.Of("%c", ')'))
	}
	return leaf, nil
}

func (p *triggerParser) name() (name string, quoted bool, err error) {
	if p.skip() >= len(p.text) {
		return "", false, p.want(message.Of("a job's name or ("))
	}
	if q := p.text[p.at]; q == '"' || q == '\'' {
		return p.quoted(q)
	}
	start := p.at
	for p.at < len(p.text) && isWord(p.text[p.at]) {
		p.at++
	}
	if p.at == start {
		return "", false, p.want(message.Of("a job's name (quoted, if it has odd characters) or ("))
	}
	return p.text[start:p.at], false, nil
}

func (p *triggerParser) quoted(q byte) (string, bool, error) {
	var b strings.Builder
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; {
		case c == q:
			if b.Len() == 0 {
				return "", true, p.want(message.Of("a name that is not empty"))
			}
			p.at = i + 1
			return b.String(), true, nil
		case c == '\\' && i+1 < len(p.text):
			i++
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	p.at = len(p.text)
	return "", true, p.want(message.Of("a closing %c", q))
}
