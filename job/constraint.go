package job

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// Operators of constraints (contracts/chronos.md 2.4).
const (
	Equals = "EQUALS" // any text attribute of that name has exactly the value
	Like   = "LIKE"   // the first attribute of that name matches the regular expression as a whole
	Unlike = "UNLIKE" // the opposite of LIKE; true where there is no such attribute
)

// Constraint restricts the agents that a job may run on, by an attribute of
// the agent. All constraints of a job must hold.
type Constraint struct{ Attribute, Operator, Value string }

// HostnameAttribute is the attribute that every agent has: its host name.
const HostnameAttribute = "hostname"

// AttributeKind says how an agent's attribute is typed (Mesos contract 4.7).
type AttributeKind uint8

// Kinds of attributes.
const (
	TextAttribute AttributeKind = iota
	ScalarAttribute
	SetAttribute
	RangesAttribute
)

// Attribute is one attribute of an agent.
type Attribute struct {
	Name   string
	Kind   AttributeKind
	Text   string
	Scalar float64
	Items  []string // of a set
}

// Matcher is a constraint that has been read.
type Matcher struct {
	Constraint
	re *regexp.Regexp
}

// compileConstraint checks c and prepares it for matching.
func compileConstraint(c Constraint) (Matcher, error) {
	if c.Attribute == "" {
		return Matcher{}, message.Errorf("the attribute's name is empty, want [attribute, operator, value]")
	}
	m := Matcher{Constraint: c}
	switch c.Operator {
	case Equals:
	case Like, Unlike:
		// Alone first: what closes a group that it has not opened must not close ours.
		_, err := regexp.Compile(c.Value)
		if err == nil {
			m.re, err = regexp.Compile("^(?:" + c.Value + ")$")
		}
		if err != nil {
			return Matcher{}, message.Errorf("value %q is not a regular expression (RE2 syntax): %v", c.Value, err)
		}
	default:
		return Matcher{}, message.Errorf("operator %q is unknown, want EQUALS, LIKE or UNLIKE", c.Operator)
	}
	return m, nil
}

// Match tells whether an agent with these attributes and host name satisfies
// the constraint. An agent's own attribute called hostname wins over its host name.
func (m Matcher) Match(attributes []Attribute, hostname string) bool {
	first, found := Attribute{}, false
	for _, a := range attributes {
		if a.Name != m.Attribute {
			continue
		}
		if m.Operator == Equals && a.equals(m.Value) {
			return true
		}
		if !found {
			first, found = a, true
		}
	}
	if !found && m.Attribute == HostnameAttribute {
		first, found = Attribute{Name: HostnameAttribute, Text: hostname}, true
		if m.Operator == Equals {
			return hostname == m.Value
		}
	}
	switch m.Operator {
	case Like:
		return found && first.like(m.re)
	case Unlike:
		return !found || first.Kind != RangesAttribute && !first.like(m.re)
	}
	return false
}

// equals compares as Chronos does: only text has a value, all else is "".
func (a Attribute) equals(value string) bool {
	if a.Kind == TextAttribute {
		return a.Text == value
	}
	return value == ""
}

func (a Attribute) like(re *regexp.Regexp) bool {
	switch a.Kind {
	case TextAttribute:
		return re.MatchString(a.Text)
	case ScalarAttribute:
		return re.MatchString(javaDouble(a.Scalar))
	case SetAttribute:
		for _, item := range a.Items {
			if re.MatchString(item) {
				return true
			}
		}
	}
	return false
}

// javaDouble writes a double as Java's Double.toString does for the values
// that attributes have: 1.0, 0.5, 1.0E7.
func javaDouble(f float64) string {
	abs := f
	if abs < 0 {
		abs = -abs
	}
	if abs != 0 && (abs >= 1e7 || abs < 1e-3) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		if !strings.Contains(mantissa, ".") {
			mantissa += ".0"
		}
		n, _ := strconv.Atoi(exponent)
		return mantissa + "E" + strconv.Itoa(n)
	}
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}
