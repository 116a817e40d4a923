package job

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/hora-scheduler/hora/language"
	"github.com/hora-scheduler/hora/language/languagetest"
)

var anchor = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func valid() *Job {
	return &Job{Name: "a", Command: "true", Shell: true, CPUs: .1, Mem: 32, Schedule: "R/2026-01-01T00:00:00Z/PT1H"}
}

// TestCompileRefuses: each mistake is told with the name of its field.
func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		field string
		edit  func(*Job)
		want  string
	}{
		{"name", func(j *Job) { j.Name = "" }, "empty"},
		{"name", func(j *Job) { j.Name = strings.Repeat("x", 201) }, "200"},
		{"name", func(j *Job) { j.Name = "a/b" }, "'/'"},
		{"name", func(j *Job) { j.Name = "é" }, "'é'"},
		{"name", func(j *Job) { j.Name = ".." }, "not allowed"},
		{"command", func(j *Job) { j.Command = strings.Repeat("x", MaxCommandBytes+1) }, "bytes"},
		{"command", func(j *Job) { j.Command = "a\x00b" }, "NUL"},
		{"description", func(j *Job) { j.Description = "a\x00b" }, "NUL"},
		{"owner", func(j *Job) { j.Owner = "\xff" }, "UTF-8"},
		{"description", func(j *Job) { j.Description = strings.Repeat("x", MaxTextBytes+1) }, "bytes"},
		{"uris", func(j *Job) { j.URIs = make([]string, MaxListItems+1) }, "1001 items"},
		{"job", func(j *Job) { j.URIs = slicesOf(20, strings.Repeat("x", MaxTextBytes)) }, "in all"},
		{"environmentVariables", func(j *Job) { j.Environment = []Variable{{"A=B", "c"}} }, "A=B"},
		{"environmentVariables", func(j *Job) { j.Environment = []Variable{{"", "c"}} }, `""`},
		{"cpus", func(j *Job) { j.CPUs = -1 }, "-1"},
		{"cpus", func(j *Job) { j.CPUs = math.NaN() }, "NaN"},
		{"mem", func(j *Job) { j.Mem = math.Inf(1) }, "Inf"},
		{"disk", func(j *Job) { j.Disk = 1e12 }, "1e+12"},
		{"cpus", func(j *Job) { j.CPUs, j.Mem = 0, 0 }, "both 0"},
		{"gpus", func(j *Job) { j.GPUs = -1 }, "-1"},
		{"ports", func(j *Job) { j.Ports = 1001 }, "1001"},
		{"constraints", func(j *Job) { j.Constraints = []Constraint{{"rack", "NEAR", "x"}} }, "NEAR"},
		{"constraints", func(j *Job) { j.Constraints = []Constraint{{"rack", "LIKE", "("}} }, "regular expression"},
		{"constraints", func(j *Job) { j.Constraints = []Constraint{{"", "LIKE", "x"}} }, "empty"},
		{"container.image", func(j *Job) { j.Container = &Container{Type: "DOCKER", Network: "HOST"} }, "empty"},
		{"container.type", func(j *Job) { j.Container = &Container{Type: "PODMAN", Image: "x", Network: "HOST"} }, "DOCKER, MESOS"},
		{"container.network", func(j *Job) { j.Container = &Container{Type: "DOCKER", Image: "x", Network: "host"} }, "HOST, BRIDGE, USER"},
		{"schedule", func(j *Job) { j.Schedule = "" }, "needs a schedule"},
		{"schedule", func(j *Job) { j.Schedule = "soon" }, "soon"},
		{"schedule", func(j *Job) { j.Schedule = "0 0 30 2 *" }, "0 0 30 2"},
		{"schedule", func(j *Job) { j.Schedule = "R/2026-01-01T00:00:00Z/PT0.5S" }, "1 s or more"},
		{"schedule", func(j *Job) { j.Parents = []string{"b"} }, "not both"},
		{"trigger", func(j *Job) { j.Schedule, j.Parents, j.Trigger = "", []string{"b"}, "c" }, "not both"},
		{"trigger", func(j *Job) { j.Schedule, j.Trigger = "", "c &&" }, "at the end"},
		{"scheduleTimeZone", func(j *Job) { j.Zone = "Mars/Olympus" }, "Mars/Olympus"},
		{"dstGap", func(j *Job) { j.DSTGap = "jump" }, "want run, skip"},
		{"dstOverlap", func(j *Job) { j.DSTOverlap = "last" }, "want both, first"},
		{"parentsMode", func(j *Job) { j.ParentsMode = "some" }, "want each, latest"},
		{"catchUp", func(j *Job) { j.CatchUp = "most" }, "want all, latest, none"},
		{"overlap", func(j *Job) { j.Overlap = "never" }, "want allow, queue, replace, skip"},
		{"maxConcurrent", func(j *Job) { j.MaxConcurrent = 101 }, "0 to 100"},
		{"epsilon", func(j *Job) { j.Epsilon = "P1M" }, "months"},
		{"epsilon", func(j *Job) { j.Epsilon = "PT-5S" }, "negative"},
		{"jitter", func(j *Job) { j.Jitter = "5" }, "begins with P"},
		{"notBefore", func(j *Job) { j.NotBefore = "tomorrow" }, "RFC 3339"},
		{"notAfter", func(j *Job) { j.NotAfter = "2026-13-01T00:00:00Z" }, "RFC 3339"},
		{"schedule", func(j *Job) { j.NotBefore, j.NotAfter = "2027-01-01T00:00:00Z", "2026-01-01T00:00:00Z" }, "before it begins"},
		{"notBefore", func(j *Job) { j.Schedule, j.Parents, j.NotBefore = "", []string{"x"}, "2026-01-01T00:00:00Z" }, "has none"},
		{"timeout", func(j *Job) { j.Timeout = "P400D" }, "P366D"},
		{"retries", func(j *Job) { j.Retries = 10001 }, "10000"},
		{"retryInterval", func(j *Job) { j.RetryInterval = "soon" }, "soon"},
		{"retryMaxInterval", func(j *Job) { j.RetryMaxInterval = "x" }, "x"},
		{"retryBackoff", func(j *Job) { j.RetryBackoff = "linear" }, "want exponential, fixed"},
		{"retryJitter", func(j *Job) { j.RetryJitter = 1.5 }, "0 to 1"},
		{"retryJitter", func(j *Job) { j.RetryJitter = math.NaN() }, "0 to 1"},
		{"retryOn", func(j *Job) { j.RetryOn = []string{"300"} }, "300"},
	} {
		j := valid()
		tt.edit(j)
		_, err := Compile(j, anchor, Defaults{})
		var field *FieldError
		if !errors.As(err, &field) || field.Field != tt.field || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want a mistake in %s that says %q", tt.field, err, tt.field, tt.want)
		}
		if text := language.Chinese.Say(err); languagetest.Rest(text) != "" {
			t.Errorf("%s: %q is not all Chinese", tt.field, text)
		}
	}
}

func slicesOf(n int, s string) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = s
	}
	return out
}

func TestCompile(t *testing.T) {
	t.Parallel()
	j := valid()
	j.Retries, j.RetryInterval, j.Epsilon, j.Timeout, j.Overlap, j.CatchUp = -3, "PT90S", "PT30M", "P1D", "replace", "all"
	c, err := Compile(j, anchor, Defaults{RetryInterval: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if c.Retry.Retries != 0 || c.Retry.Interval != 90*time.Second || c.Epsilon != 30*time.Minute || c.Timeout != 24*time.Hour || c.Overlap != Replace || c.CatchUp != Every {
		t.Errorf("%+v", c)
	}
	j.RetryInterval = ""
	if c, err = Compile(j, anchor, Defaults{RetryInterval: time.Minute}); err != nil || c.Retry.Interval != time.Minute {
		t.Errorf("without an interval: %v, %v, want the default", c.Retry.Interval, err)
	}
	j.RetryInterval = "PT0S"
	if c, err = Compile(j, anchor, Defaults{RetryInterval: time.Minute}); err != nil || c.Retry.Interval != 0 {
		t.Errorf("interval PT0S: %v, %v, want none", c.Retry.Interval, err)
	}
	other := valid()
	other.Name, other.Timeout = "b", j.Timeout
	same, err := Compile(other, anchor, Defaults{})
	if err != nil || same.Signature != c.Signature {
		t.Errorf("equal needs have the signatures %q and %q", same.Signature, c.Signature)
	}
	disabled := &Job{Name: "orphan", Command: "true", CPUs: 1, Disabled: true}
	if _, err := Compile(disabled, anchor, Defaults{}); err != nil {
		t.Errorf("a disabled job without any schedule is refused: %v", err)
	}
}

func TestMatch(t *testing.T) {
	t.Parallel()
	agent := []Attribute{
		{Name: "rack", Kind: ScalarAttribute, Scalar: 1}, {Name: "group", Text: "a"}, {Name: "group", Text: "b"},
		{Name: "set", Kind: SetAttribute, Items: []string{"x", "y"}}, {Name: "ports", Kind: RangesAttribute}, {Name: "big", Kind: ScalarAttribute, Scalar: 12345678},
	}
	for _, tt := range []struct {
		constraint Constraint
		want       bool
	}{
		{Constraint{"group", "EQUALS", "a"}, true},
		{Constraint{"group", "EQUALS", "b"}, true}, // any attribute of that name
		{Constraint{"group", "EQUALS", "A"}, false},
		{Constraint{"rack", "EQUALS", "1"}, false}, // only text equals
		{Constraint{"rack", "EQUALS", ""}, true},
		{Constraint{"none", "EQUALS", ""}, false},
		{Constraint{"group", "LIKE", "a|c"}, true},
		{Constraint{"group", "LIKE", "b"}, false}, // the first attribute of that name
		{Constraint{"group", "LIKE", ""}, false},  // the whole value
		{Constraint{"rack", "LIKE", "1"}, false},
		{Constraint{"rack", "LIKE", `1\.0`}, true}, // as Java writes a double
		{Constraint{"big", "LIKE", `1\.2345678E7`}, true},
		{Constraint{"set", "LIKE", "y"}, true},
		{Constraint{"ports", "LIKE", ".*"}, false},
		{Constraint{"none", "LIKE", ".*"}, false},
		{Constraint{"group", "UNLIKE", "x.*"}, true},
		{Constraint{"group", "UNLIKE", "a"}, false},
		{Constraint{"set", "UNLIKE", "y"}, false},
		{Constraint{"none", "UNLIKE", ".*"}, true},
		{Constraint{"hostname", "EQUALS", "node7"}, true},
		{Constraint{"hostname", "LIKE", "node[0-9]"}, true},
		{Constraint{"hostname", "UNLIKE", "node.*"}, false},
		{Constraint{"hostname", "EQUALS", "node"}, false},
	} {
		m, err := compileConstraint(tt.constraint)
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Match(agent, "node7"); got != tt.want {
			t.Errorf("%v: %v, want %v", tt.constraint, got, tt.want)
		}
	}
	own := []Attribute{{Name: "hostname", Text: "other"}}
	if m, _ := compileConstraint(Constraint{"hostname", "EQUALS", "node7"}); m.Match(own, "node7") {
		t.Error("an agent's own attribute hostname does not win over its host name")
	}
}
