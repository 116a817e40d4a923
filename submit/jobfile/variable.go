package jobfile

import (
	"regexp"
	"strings"

	"github.com/hora-scheduler/hora/submit/document"
)

// Variables stand in values as ${{ NAME }}, from --set and from `variables` of
// the file, or as ${{ env.NAME }}, from the environment. ${{ NAME:-text }} is
// text if there is no NAME; $${{ is ${{ itself.
var variableName = regexp.MustCompile(`^(env\.)?[A-Za-z_][A-Za-z0-9_]*$`)

const (
	opening = "${{"
	closing = "}}"
)

// maxExpanded bounds a text in which variables were replaced.
const maxExpanded = 1 << 20

// scope says what variables are.
type scope struct {
	set  map[string]string                // --set wins
	file map[string]string                // variables of the file and of those it includes
	env  func(name string) (string, bool) // may be nil
}

func (s scope) lookup(name string) (string, bool) {
	if env, isEnv := strings.CutPrefix(name, "env."); isEnv {
		if s.env == nil {
			return "", false
		}
		return s.env(env)
	}
	if v, there := s.set[name]; there {
		return v, true
	}
	v, there := s.file[name]
	return v, there
}

// expand replaces the variables of all texts in a tree. A text that is nothing
// but a variable may stand for a number, or for true or false.
func (d *decoder) expand(n *document.Node, s scope) *document.Node {
	out := *n
	switch n.Kind {
	case document.List:
		out.Items = make([]*document.Node, len(n.Items))
		for i, item := range n.Items {
			out.Items[i] = d.expand(item, s)
		}
	case document.Object:
		out.Members = make([]document.Member, len(n.Members))
		for i, m := range n.Members {
			out.Members[i] = document.Member{Key: m.Key, Pos: m.Pos, Value: d.expand(m.Value, s)}
		}
	case document.Text:
		if !strings.Contains(n.Text, opening) {
			return n
		}
		out.Text = d.expandText(n, s)
		trimmed := strings.TrimSpace(n.Text)
		out.Plain = strings.HasPrefix(trimmed, opening) && strings.Index(trimmed, closing) == len(trimmed)-len(closing)
	}
	return &out
}

func (d *decoder) expandText(n *document.Node, s scope) string {
	var b strings.Builder
	rest := n.Text
	for {
		i := strings.Index(rest, opening)
		if i < 0 || b.Len() > maxExpanded {
			break
		}
		if i > 0 && rest[i-1] == '$' {
			b.WriteString(rest[:i-1] + opening)
			rest = rest[i+len(opening):]
			continue
		}
		b.WriteString(rest[:i])
		inside, after, found := strings.Cut(rest[i+len(opening):], closing)
		if !found {
			d.fail(n.Pos, "%s has no closing %s; write $%s for the characters themselves", opening, closing, opening)
			return n.Text
		}
		b.WriteString(d.variable(n, inside, s))
		rest = after
	}
	if b.Len()+len(rest) > maxExpanded {
		d.fail(n.Pos, "with its variables replaced it has more than %d bytes", maxExpanded)
		return ""
	}
	return b.String() + rest
}

func (d *decoder) variable(n *document.Node, inside string, s scope) string {
	name, fallback, has := strings.Cut(inside, ":-")
	name = strings.TrimSpace(name)
	if !variableName.MatchString(name) {
		d.fail(n.Pos, "%q is not the name of a variable, want for example %s REGION %s or %s env.HOME %s", name, opening, closing, opening, closing)
		return ""
	}
	value, there := s.lookup(name)
	switch {
	case there:
		return value
	case has:
		return strings.TrimSpace(fallback)
	case strings.HasPrefix(name, "env."):
		d.fail(n.Pos, "the environment has no variable %s", strings.TrimPrefix(name, "env."))
	default:
		d.fail(n.Pos, "there is no variable %s: give it with --set %s=…, or in `variables` of the file", name, name)
	}
	return ""
}
