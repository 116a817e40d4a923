package job

import (
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hora-scheduler/hora/message"
)

// CheckName tells whether a name is allowed: the characters of Chronos 2.4
// (letters, digits, white space, # _ -) and of 3.0 (the dot), ASCII only.
func CheckName(name string) error {
	switch {
	case name == "":
		return message.Errorf("is empty, want letters, digits, blanks and any of _ - . #")
	case len(name) > MaxNameBytes:
		return message.Errorf("has %d bytes, at most %d are allowed", len(name), MaxNameBytes)
	case name == "." || name == "..":
		return message.Errorf("%q is not allowed", name)
	}
	for _, r := range name {
		if !nameRune(r) {
			return message.Errorf("%q has the character %q, want letters, digits, blanks and any of _ - . #", name, r)
		}
	}
	return nil
}

func nameRune(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r < 128 && strings.ContainsRune("_-.# \t\n\v\f\r", r)
}

func checkName(c *Compiled) error { return field("name", CheckName(c.Name)) }

func checkTexts(c *Compiled) error {
	j := c.Job
	if len(j.Command) > MaxCommandBytes {
		return field("command", message.Errorf("has %d bytes, at most %d are allowed", len(j.Command), MaxCommandBytes))
	}
	total := len(j.Command)
	for name, texts := range textsOf(j) {
		if len(texts) > MaxListItems {
			return field(name, message.Errorf("has %d items, at most %d are allowed", len(texts), MaxListItems))
		}
		for _, t := range texts {
			switch total += len(t); {
			case len(t) > MaxTextBytes:
				return field(name, message.Errorf("has a text of %d bytes, at most %d are allowed", len(t), MaxTextBytes))
			case !utf8.ValidString(t):
				return field(name, message.Errorf("is not valid UTF-8"))
			case strings.IndexByte(t, 0) >= 0:
				return field(name, message.Errorf("has a NUL character"))
			}
		}
	}
	if total > MaxTotalBytes {
		return field("job", message.Errorf("has %d bytes of text in all, at most %d are allowed", total, MaxTotalBytes))
	}
	if !utf8.ValidString(j.Command) || strings.IndexByte(j.Command, 0) >= 0 {
		return field("command", message.Errorf("has a NUL character or is not valid UTF-8"))
	}
	for _, v := range j.Environment {
		if err := CheckVariable(v.Name); err != nil {
			return field("environmentVariables", err)
		}
	}
	return nil
}

// CheckVariable tells whether an environment variable may have that name.
func CheckVariable(name string) error {
	if name == "" || strings.Contains(name, "=") {
		return message.Errorf("name %q is not allowed, want a name without =", name)
	}
	return nil
}

// Bytes is how much text a definition holds.
func Bytes(j *Job) int {
	n := len(j.Command)
	for _, texts := range textsOf(j) {
		for _, t := range texts {
			n += len(t) + 20
		}
	}
	return n
}

// textsOf returns every text of a definition but the command, by field.
func textsOf(j *Job) func(func(string, []string) bool) {
	pairs := func(vs []Variable) []string {
		var out []string
		for _, v := range vs {
			out = append(out, v.Name+v.Value)
		}
		return out
	}
	var fetch, constraints []string
	for _, f := range j.Fetch {
		fetch = append(fetch, f.URI+f.OutputFile)
	}
	for _, c := range j.Constraints {
		constraints = append(constraints, c.Attribute+c.Value)
	}
	fields := []struct {
		name  string
		texts []string
	}{
		{"description", []string{j.Description}}, {"owner", []string{j.Owner}}, {"ownerName", []string{j.OwnerName}},
		{"arguments", j.Arguments}, {"environmentVariables", pairs(j.Environment)}, {"uris", j.URIs}, {"fetch", fetch},
		{"constraints", constraints}, {"runAsUser", []string{j.RunAsUser}}, {"executor", []string{j.Executor}},
		{"executorFlags", []string{j.ExecutorFlags}}, {"taskInfoData", []string{j.TaskInfoData}},
		{"schedule", []string{j.Schedule}}, {"parents", j.Parents}, {"trigger", []string{j.Trigger}}, {"retryOn", j.RetryOn}, {"notify", []string{j.Notify}},
		{"managedBy", []string{j.ManagedBy}},
	}
	return func(yield func(string, []string) bool) {
		for _, f := range fields {
			if !yield(f.name, f.texts) {
				return
			}
		}
	}
}

// Milli turns a resource into thousandths, as Mesos compares them (Mesos contract 4.6).
func Milli(v float64) int64 { return int64(math.Round(v * 1000)) }

// maxResource bounds cpus, mem and disk, so that thousandths of many fit an int64.
const maxResource = 1e9

func checkResources(c *Compiled) error {
	j := c.Job
	for _, r := range []struct {
		name  string
		value float64
	}{{"cpus", j.CPUs}, {"mem", j.Mem}, {"disk", j.Disk}} {
		if !(r.value >= 0 && r.value <= maxResource) {
			return field(r.name, message.Errorf("%v is out of range, want 0 to %.0f", r.value, maxResource))
		}
	}
	if Milli(j.CPUs) == 0 && Milli(j.Mem) == 0 {
		return field("cpus", message.Errorf("cpus and mem are both 0, a task needs one of them"))
	}
	if j.GPUs < 0 || j.GPUs > 1024 {
		return field("gpus", message.Errorf("%d is out of range, want 0 to 1024", j.GPUs))
	}
	if j.Ports < 0 || j.Ports > 1000 {
		return field("ports", message.Errorf("%d is out of range, want 0 to 1000", j.Ports))
	}
	return nil
}

func checkPlace(c *Compiled) error {
	for _, k := range c.Constraints {
		m, err := compileConstraint(k)
		if err != nil {
			return field("constraints", err)
		}
		c.Matchers = append(c.Matchers, m)
	}
	return nil
}

func checkContainer(c *Compiled) error {
	k := c.Container
	if k == nil {
		return nil
	}
	if k.Image == "" {
		return field("container.image", message.Errorf("is empty, want the name of an image"))
	}
	if err := oneOf("container.type", k.Type, "DOCKER", "MESOS"); err != nil {
		return err
	}
	if err := oneOf("container.network", k.Network, "HOST", "BRIDGE", "USER"); err != nil {
		return err
	}
	for _, v := range k.Volumes {
		if v.ContainerPath == "" {
			return field("container.volumes", message.Errorf("containerPath is empty, want a path inside the container"))
		}
		if err := oneOf("container.volumes", v.Mode, "RW", "RO", ""); err != nil {
			return err
		}
	}
	return nil
}

func oneOf(name, word string, known ...string) error {
	if slices.Contains(known, word) {
		return nil
	}
	return field(name, message.Errorf("%q is unknown, want %s", word, message.Names(slices.DeleteFunc(slices.Clone(known), func(s string) bool { return s == "" }))))
}

// list writes the words of a choice in alphabetical order, without the empty one.
func list[T any](known map[string]T) message.Names {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(known)), func(s string) bool { return s == "" })
}
