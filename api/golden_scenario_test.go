package api_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// scenario is one recording of exchanges with a real Chronos: what was asked,
// what was answered, what Mesos saw.
type scenario struct {
	Name      string
	Version   string
	API       string            // root of the paths
	Base      string            // host and port of the recorded server
	Tags      []string          // static, run, restart, destructive
	Vars      map[string]string // values that the placeholders had
	Normalize []rule
	Steps     []step
}

// step is one step of a scenario. At most one of Request, Observe and Control is there.
type step struct {
	Wait     *waiting
	Request  *request
	Observe  *observation
	Control  string
	Response *recorded
	Result   json.RawMessage
	Compare  strictness
	Timeout  float64 // seconds that the client waited; 0: a minute
}

// what names a step in messages.
func (s step) what() string {
	switch {
	case s.Request != nil:
		return s.Request.Method + " " + s.Request.Path
	case s.Observe != nil:
		return "observe " + s.Observe.Kind + " of " + s.Observe.Job
	}
	return s.Control
}

type waiting struct {
	Until   string
	Seconds float64
}

type request struct {
	Method     string
	Path       string
	Headers    map[string]string
	Body       *string
	BodyBase64 string `json:"body_base64"`
}

type observation struct {
	Kind   string
	Job    string
	Agent  bool
	Values []string
}

// recorded is an answer; Error stands instead of all else if none came.
type recorded struct {
	Status  int
	Headers map[string]string
	Body    string
	Error   string
	Omitted any             `json:"body_omitted"`
	Shape   json.RawMessage // types of the members, for the mode shape
	Picked  map[string]any  // values at paths, for the mode pick
}

// strictness says how an answer is compared.
type strictness struct {
	Body              string // "", exact, ignore, shape, pick
	Headers           []string
	Normalize         []rule
	Unordered         []string
	UnorderedLines    bool `json:"unordered_lines"`
	KeyOrder          bool `json:"key_order"`
	IgnoreContentType bool `json:"ignore_content_type"`
}

// rule takes away what differs from one run to the next, on both sides.
type rule struct {
	Path  string
	Regex string
	To    string
}

// scenarios reads the recordings of a version.
func scenarios(t testing.TB, version string) []scenario {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "chronos", version, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	var out []scenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s scenario
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		if err := d.Decode(&s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if len(s.Steps) > 0 {
			out = append(out, s)
		}
	}
	if len(out) < 80 {
		t.Fatalf("%d recordings of %s, want all", len(out), version)
	}
	return out
}

// placeholders are the {{…}} of a scenario. Each distinct text has one value.
type placeholders struct {
	values map[string]string
	order  []string // as they were evaluated
	uid    string
}

func newPlaceholders(values map[string]string, uid string) *placeholders {
	p := &placeholders{values: map[string]string{}, uid: uid}
	for text, v := range values {
		p.values[text] = v
		p.order = append(p.order, text)
	}
	slices.Sort(p.order)
	return p
}

var (
	placeholder = regexp.MustCompile(`\{\{([^{}]+)\}\}`)
	nowForm     = regexp.MustCompile(`^now(?:([+-]\d+)([smhd]))?(?:\|(.+))?$`)
	instantForm = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`)
	units       = map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
)

const instantLayout = "2006-01-02T15:04:05.000Z"

// fill puts the values in.
func (p *placeholders) fill(s string) string {
	return placeholder.ReplaceAllStringFunc(s, func(m string) string { return p.value(m[2 : len(m)-2]) })
}

func (p *placeholders) value(text string) string {
	if v, there := p.values[text]; there {
		return v
	}
	bare, _, _ := strings.Cut(text, "#")
	v := ""
	switch {
	case bare == "uid":
		v = p.uid
	case strings.HasPrefix(bare, "rep:"):
		parts := strings.SplitN(bare, ":", 3)
		n, _ := strconv.Atoi(parts[2])
		v = strings.Repeat(parts[1], n)
	default:
		v = nowValue(bare)
	}
	p.values[text] = v
	p.order = append(p.order, text)
	return v
}

func nowValue(text string) string {
	m := nowForm.FindStringSubmatch(text)
	if m == nil {
		panic("placeholder " + text)
	}
	pause(37 * time.Millisecond) // no two placeholders are whole seconds apart, so that fold tells them apart
	at := time.Now().UTC()
	if m[1] != "" {
		n, _ := strconv.Atoi(m[1])
		at = at.Add(time.Duration(n) * units[m[2]])
	}
	switch zone, isZone := strings.CutPrefix(m[3], "zone="); {
	case m[3] == "ms":
		return strconv.FormatInt(at.UnixMilli(), 10)
	case m[3] == "sec":
		return at.Format("2006-01-02T15:04:05Z")
	case isZone:
		l, err := time.LoadLocation(zone)
		if err != nil {
			panic(err)
		}
		return at.In(l).Format(instantLayout) // the fields of that zone, with a Z
	}
	return at.Format(instantLayout)
}

// fold is the other way round: values become the placeholders again, the longest first.
func (p *placeholders) fold(s string) string {
	texts := slices.Clone(p.order)
	slices.SortStableFunc(texts, func(a, b string) int { return len(p.values[b]) - len(p.values[a]) })
	type start struct {
		text string
		at   time.Time
	}
	var starts []start
	for _, text := range texts {
		v := p.values[text]
		if len(v) < 8 {
			continue
		}
		s = strings.ReplaceAll(s, v, "{{"+text+"}}")
		if at, err := time.Parse(instantLayout, v); err == nil && len(v) == len(instantLayout) {
			starts = append(starts, start{text, at})
			if !strings.Contains(text, "zone=") { // a task id that holds the time
				s = strings.ReplaceAll(s, "ct:"+strconv.FormatInt(at.UnixMilli(), 10)+":", "ct:{{"+text+"}}:")
			}
		}
	}
	if len(starts) == 0 {
		return s
	}
	return instantForm.ReplaceAllStringFunc(s, func(m string) string {
		at, err := time.Parse(instantLayout, m)
		if err != nil {
			return m
		}
		for _, x := range starts {
			if d := at.Sub(x.at); d%time.Second == 0 && d.Abs() < 400*24*time.Hour {
				return fmt.Sprintf("{{%s}}%+ds", x.text, d/time.Second)
			}
		}
		return m
	})
}

// content is the body of a request.
func (r *request) content(t *testing.T, p *placeholders) []byte {
	t.Helper()
	switch {
	case r.BodyBase64 != "":
		b, err := base64.StdEncoding.DecodeString(r.BodyBase64)
		if err != nil {
			t.Fatal(err)
		}
		return b
	case r.Body != nil:
		return []byte(p.fill(*r.Body))
	}
	return nil
}
