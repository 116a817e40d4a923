package crontab

import (
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/job"
)

// space is C's isspace.
func space(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

// variable reads name = value as load_env of cron does (cronie, src/env.c).
// Both may stand in quotes, single or double; a quoted value ends at its
// quote, and only blanks may follow. Without quotes a value ends with the line,
// blanks at its end do not count, and it may not be empty.
func variable(text string) (name, value string, ok bool) {
	name, rest, ok := variableName(text)
	if !ok {
		return "", "", false
	}
	rest = strings.TrimLeftFunc(rest, func(r rune) bool { return r < 128 && space(byte(r)) })
	if rest == "" || rest[0] != '=' {
		return "", "", false
	}
	for rest = rest[1:]; rest != "" && space(rest[0]); {
		rest = rest[1:]
	}
	switch {
	case rest == "":
		return "", "", false
	case rest[0] == '\'' || rest[0] == '"':
		value, after, closed := strings.Cut(rest[1:], rest[:1])
		return name, value, closed && trimSpace(after) == ""
	}
	return name, trimSpace(rest), true
}

// variableName cuts off what stands before the equals sign and the blanks before it.
func variableName(text string) (name, rest string, ok bool) {
	if text[0] == '\'' || text[0] == '"' {
		name, rest, ok = strings.Cut(text[1:], text[:1])
		return name, rest, ok && !strings.Contains(name, "=")
	}
	for i := range len(text) {
		if text[i] == '=' || space(text[i]) {
			return text[:i], text[i:], true
		}
	}
	return "", "", false
}

func trimSpace(text string) string {
	return strings.TrimRightFunc(text, func(r rune) bool { return r < 128 && space(byte(r)) })
}

// set makes a variable hold from here on.
func (t *table) set(name, value string) {
	column := t.current.at
	switch {
	case name == "" || strings.Contains(name, "="):
		t.refuse(column, "%q is no name of a variable", name)
		return
	case strings.ContainsRune(name+value, 0):
		t.refuse(column, "the variable has a NUL character")
		return
	case name == "LOGNAME" || name == "USER":
		t.warn(column, "cron sets %s itself, whatever a crontab says; the line is left out", name)
		return
	case name == "MAILTO" && owner(value) != "" && !strings.Contains(value, "@"):
		t.warn(column, "MAILTO %s is a mailbox of this machine; the jobs below have it as owner, but mail needs an address", value)
	case name == "TZ":
		t.warn(column, "TZ is a variable of the commands alone, as in cron; CRON_TZ is the zone of the schedules")
	case strings.Contains(value, "$"):
		t.warn(column, "cron does not expand $ in variables: %s is taken literally", name)
	}
	if _, there := t.setAt[name]; !there && len(t.vars) == job.MaxListItems {
		t.refuse(column, "at most %d variables are allowed", job.MaxListItems)
		return
	}
	t.vars = setVariable(t.vars, job.Variable{Name: name, Value: value})
	t.setAt[name] = t.current.number
}

// setVariable replaces the variable of that name, or appends it; the list given is not changed.
func setVariable(vars []job.Variable, v job.Variable) []job.Variable {
	out := append(make([]job.Variable, 0, len(vars)+1), vars...)
	for i := range out {
		if out[i].Name == v.Name {
			out[i] = v
			return out
		}
	}
	return append(out, v)
}

func (t *table) variable(name string) string {
	for _, v := range t.vars {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// environment are the variables of a task.
func (t *table) environment() (vars []job.Variable) {
	for _, v := range t.vars {
		if v.Name != "CRON_TZ" && v.Name != "RANDOM_DELAY" {
			vars = append(vars, v)
		}
	}
	return vars
}

// owner reads MAILTO: addresses separated by commas, perhaps with blanks.
func owner(mailto string) string {
	return strings.Join(strings.FieldsFunc(mailto, func(r rune) bool { return r == ',' || r < 128 && space(byte(r)) }), ",")
}

// jitter reads RANDOM_DELAY, which is in minutes.
func (t *table) jitter() (string, bool) {
	text := t.variable("RANDOM_DELAY")
	if text == "" || text == "0" {
		return "", true
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > 7*24*60 {
		t.refuse(t.current.at, "RANDOM_DELAY=%s (line %d): want minutes, at most a week of them", text, t.setAt["RANDOM_DELAY"])
		return "", false
	}
	return "PT" + strconv.Itoa(n) + "M", true
}
