package config

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/pflag"
)

// Set is a table of settings, and what was given of them.
type Set struct {
	prefix string
	file   string // of the setting "config"
	list   []Setting
	given  map[string]given
	flags  map[string]string

	more      func(set *Set, environ []string) error
	fallbacks map[string]given
	others    []string // settings of another program that shares the file
}

// given is a value and where it was given.
type given struct{ where, text string }

// fileSetting names the file that may hold all other settings.
const fileSetting = "config"

// maxFile bounds a configuration file, in bytes.
const maxFile = 1 << 20

// New returns a set of these settings, and of --config. The prefix of their
// environment variables is HORA, say. It panics if a setting is there twice.
func New(prefix string, settings ...Setting) *Set {
	s := &Set{prefix: prefix, given: map[string]given{}, flags: map[string]string{}}
	s.Add(Setting{
		Name: fileSetting, Group: "Configuration", Value: Some(&s.file, "the name of a file"),
		Meaning: "file of lines such as http_port = 4400; # begins a comment",
	})
	s.Add(settings...)
	return s
}

// Add adds settings.
func (s *Set) Add(settings ...Setting) {
	for _, x := range settings {
		if s.find(x.Name) != nil {
			panic("config: setting " + x.Name + " is there twice")
		}
		s.list = append(s.list, x)
	}
}

// Abbreviate gives settings the letters of their flags, by name.
func (s *Set) Abbreviate(letters map[string]string) {
	for i := range s.list {
		s.list[i].Short = letters[s.list[i].Name]
	}
}

// Share lets the file hold settings of another set, too. They are passed by.
func (s *Set) Share(with *Set) {
	for _, x := range with.list {
		s.others = append(s.others, x.Name)
	}
}

func (s *Set) find(name string) *Setting {
	if i := slices.IndexFunc(s.list, func(x Setting) bool { return x.Name == name }); i >= 0 {
		return &s.list[i]
	}
	return nil
}

// Variable is the name of a setting's environment variable.
func (s *Set) Variable(name string) string { return s.prefix + "_" + strings.ToUpper(name) }

// flag notes what a flag says, for Load.
type flag struct {
	set     *Set
	setting *Setting
}

func (f flag) String() string {
	if f.setting == nil { // pflag asks a zero value
		return ""
	}
	return f.setting.Default
}
func (f flag) Type() string { return "" }
func (f flag) Set(text string) error {
	f.set.flags[f.setting.Name] = text
	return nil
}

// Flags adds a flag for each setting.
func (s *Set) Flags(fs *pflag.FlagSet) {
	for i := range s.list {
		x := &s.list[i]
		fl := fs.VarPF(flag{s, x}, x.Name, x.Short, x.Meaning+s.shownDefault(x))
		fl.DefValue = "" // pflag would quote it
		if x.Value.Switch {
			fl.NoOptDefVal = "true"
		}
	}
}

func (s *Set) shownDefault(x *Setting) string {
	if text := x.shown(); text != "" {
		return " (default " + text + ")"
	}
	return ""
}

// shown is the default as people see it.
func (x *Setting) shown() string {
	if x.Shown != "" {
		return x.Shown
	}
	return x.Default
}

// Load takes all values: defaults, then the file, the environment (lines of
// NAME=value) and the flags, which are parsed already. The first thing that is
// wrong is returned as an *Error.
func (s *Set) Load(environ []string) error {
	env := map[string]string{}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		env[name] = value
	}
	for i := range s.list {
		x := &s.list[i]
		if text, there := env[s.Variable(x.Name)]; there {
			s.given[x.Name] = given{s.Variable(x.Name), text}
		}
		if text, there := s.flags[x.Name]; there {
			s.given[x.Name] = given{"--" + x.Name, text}
		}
	}
	if g, there := s.given[fileSetting]; there {
		if g.text == "" {
			return &Error{Where: g.where, Want: "the name of a file"}
		}
		if err := s.read(g); err != nil {
			return err
		}
	}
	if s.more != nil {
		if err := s.more(s, environ); err != nil {
			return err
		}
	}
	for name, g := range s.fallbacks {
		if _, there := s.given[name]; !there {
			s.given[name] = g
		}
	}
	for i := range s.list {
		if err := s.take(&s.list[i]); err != nil {
			return err
		}
	}
	return nil
}

// More has Load ask f for fallbacks, once flags, environment and file are known.
func (s *Set) More(f func(set *Set, environ []string) error) { s.more = f }

// Fallback gives a setting a value that counts less than flags, environment and
// file, and more than the default. Of several the first counts. It returns false
// if there is no such setting.
func (s *Set) Fallback(where, name, text string) bool {
	if s.find(name) == nil {
		return false
	}
	if s.fallbacks == nil {
		s.fallbacks = map[string]given{}
	}
	if _, there := s.fallbacks[name]; !there {
		s.fallbacks[name] = given{where, text}
	}
	return true
}

// Text is what was given for a setting, or its default. Load knows more of it.
func (s *Set) Text(name string) string {
	if g, there := s.given[name]; there {
		return g.text
	}
	if x := s.find(name); x != nil {
		return x.Default
	}
	return ""
}

// take hands a setting its value.
func (s *Set) take(x *Setting) error {
	g, there := s.given[x.Name]
	if !there {
		if x.Default == "" {
			return nil
		}
		g = given{"default of " + x.Name, x.Default}
	}
	err := x.Value.Set(g.text)
	if err == nil {
		return nil
	}
	out := &Error{Where: g.where, Value: printable(g.text), Want: x.Value.Want}
	if x.Secret {
		out.Value = ""
	}
	if !errors.Is(err, errWant) {
		out.Err = err
	}
	return out
}

// printable is a value in a message.
func printable(text string) string {
	if text == "" || strings.ContainsFunc(text, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return fmt.Sprintf("%q", text)
	}
	return text
}

// read reads the file. What was given elsewhere stays.
func (s *Set) read(from given) error {
	f, err := os.Open(from.text)
	if err != nil {
		return &Error{Where: from.where, Value: printable(from.text), Want: "a file that can be read", Err: err}
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil || len(text) > maxFile {
		return &Error{Where: from.where, Value: printable(from.text), Want: fmt.Sprintf("a file of at most %d bytes that can be read", maxFile), Err: err}
	}
	lines := bufio.NewScanner(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff")))) // some editors begin a file with it
	lines.Buffer(nil, maxFile+1)
	seen := map[string]int{}
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		name, value, found := strings.Cut(line, "=")
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		place := fmt.Sprintf("%s:%d", from.text, n)
		switch {
		case !found:
			// The line is not shown: it may hold a secret.
			return &Error{Where: place, Want: "name = value, or a comment that begins with #"}
		case name == fileSetting:
			return &Error{Where: place, Value: name, Want: "other settings: a file does not name another"}
		case s.find(name) == nil && slices.Contains(s.others, name):
			continue
		case s.find(name) == nil:
			return &Error{Where: place, Value: printable(name), Want: "the name of a setting" + s.nearest(name)}
		case seen[name] > 0:
			return &Error{Where: place, Value: name, Want: fmt.Sprintf("each setting once; it stands in line %d, too", seen[name])}
		}
		seen[name] = n
		if _, there := s.given[name]; !there {
			s.given[name] = given{place + ": " + name, value}
		}
	}
	return lines.Err()
}

// nearest is a hint at a setting whose name is much like this one.
func (s *Set) nearest(name string) string {
	best, least := "", 3 // edits at most
	for _, x := range s.list {
		if d := distance(name, x.Name); d < least {
			best, least = x.Name, d
		}
	}
	if best == "" {
		return ""
	}
	return ", perhaps " + best
}

// distance is how many letters must be put in, taken out or changed (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// Given tells whether a setting was given at all, and where.
func (s *Set) Given(name string) (where string, there bool) {
	g, there := s.given[name]
	return g.where, there
}

// Fail returns the error of a setting whose value is wrong together with others.
func (s *Set) Fail(name, want string) error {
	g, there := s.given[name]
	if !there {
		g = given{where: "--" + name}
	}
	e := &Error{Where: g.where, Value: printable(g.text), Want: want}
	if x := s.find(name); !there || x != nil && x.Secret {
		e.Value = ""
	}
	return e
}

// Strangers lists the variables with the prefix that are no setting, with a hint
// where one is much like them. Others may use them, so they are no error.
func (s *Set) Strangers(environ []string) []string {
	var out []string
	for _, line := range environ {
		name, _, _ := strings.Cut(line, "=")
		rest, ours := strings.CutPrefix(name, s.prefix+"_")
		if rest = strings.ToLower(rest); ours && s.find(rest) == nil {
			if hint := s.nearest(rest); hint != "" {
				out = append(out, name+hint)
			}
		}
	}
	slices.Sort(out)
	return out
}

// Summary is what was given and where, without secrets, as name=value (where).
func (s *Set) Summary() []string {
	var out []string
	for _, x := range s.list {
		if g, there := s.given[x.Name]; there {
			text := g.text
			if x.Secret {
				text = "[secret]"
			}
			out = append(out, x.Name+"="+printable(text))
		}
	}
	return out
}

// Reference is the table of all settings in Markdown.
func (s *Set) Reference() string {
	var b strings.Builder
	group := ""
	for _, x := range s.list {
		if x.Group != group {
			group = x.Group
			fmt.Fprintf(&b, "\n## %s\n\n| flag | environment | value | default | meaning |\n|---|---|---|---|---|\n", group)
		}
		fallback := "`" + x.Default + "`"
		if x.Default == "" {
			fallback = x.Shown
		}
		meaning := x.Meaning
		if x.Secret {
			meaning += ". Secret: shown nowhere, but a flag can be seen in the list of processes"
		}
		name := "`--" + x.Name + "`"
		if x.Short != "" {
			name += ", `-" + x.Short + "`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | %s | %s | %s |\n", name, s.Variable(x.Name), cell(x.Value.Want), cell(fallback), cell(meaning))
	}
	return b.String()
}

func cell(text string) string { return strings.ReplaceAll(text, "|", `\|`) }
