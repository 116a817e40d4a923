package jobfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/document"
)

// folder writes the files of a txtar text into a folder of the test.
func folder(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	for _, f := range txtar.Parse([]byte(text)).Files {
		name := filepath.Join(dir, f.Name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, f.Data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func load(t *testing.T, text string) (string, error) {
	t.Helper()
	dir := folder(t, text)
	l := &Loader{Set: map[string]string{"REGION": "eu", "CPUS": "2"}, Env: func(n string) (string, bool) { return "/home/" + n, n == "HOME" }}
	jobs, err := l.Load(dir)
	var b strings.Builder
	for _, j := range jobs {
		fmt.Fprintf(&b, "%s:", j.Name)
		for _, c := range Diff(Blank(), j.Job) {
			if c.Field != "name" {
				fmt.Fprintf(&b, " %s=%s", c.Field, c.To)
			}
		}
		b.WriteString("\n")
	}
	if err != nil {
		err = fmt.Errorf("%s", strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), ""))
	}
	return b.String(), err
}

// TestLoad reads the folders of testdata/*.txt: the section "want" is what
// comes of them.
func TestLoad(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(names) < 2 {
		t.Fatalf("%d files, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			a := txtar.Parse(text)
			want := &a.Files[len(a.Files)-1]
			if want.Name != "want" {
				t.Fatalf("the last section is %q, not want", want.Name)
			}
			in := *a
			in.Files = a.Files[:len(a.Files)-1]
			got, err := load(t, string(txtar.Format(&in)))
			if err != nil {
				got += err.Error() + "\n"
			}
			if os.Getenv("UPDATE") != "" {
				want.Data = []byte(got)
				if err := os.WriteFile(name, txtar.Format(a), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if got != string(want.Data) {
				t.Errorf("got\n%s\nwant\n%s", got, want.Data)
			}
		})
	}
}

func TestReadDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"90s": "PT1M30S", "2h30m": "PT2H30M", "2h 30m": "PT2H30M", "1d": "P1D", "1w": "P7D", "1.5h": "PT1H30M", "500ms": "PT0.5S", "90": "PT1M30S",
		"0": "PT0S", "0s": "PT0S", "PT90S": "PT90S", "P1M": "P1M", "": "", "36h": "P1DT12H", "0.1s": "PT0.1S",
		"x": "!", "5x": "!", "m5": "!", "5m2h": "!", "5s5s": "!", "-5s": "!", "1y": "!", "PT": "!", "1e99s": "!", "0.0001s": "!", "..s": "!", "NaN": "!",
	} {
		got, err := ReadDuration(text)
		if err != nil {
			got = "!"
		}
		if got != want {
			t.Errorf("ReadDuration(%q) = %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestNearest(t *testing.T) {
	t.Parallel()
	var known []string
	for _, f := range Fields {
		known = append(known, f.Name)
	}
	for word, want := range map[string]string{
		"comand": "command", "Schedule": "schedule", "retry_interval": "retryInterval", "env": "environmentVariables", "user": "runAsUser",
		"contraints": "constraints", "shcedule": "schedule", "zzzzzz": "", "memory": "mem", "cpu": "cpus", "": "",
	} {
		if got := Nearest(word, known); got != want {
			t.Errorf("Nearest(%q) = %q, want %q", word, got, want)
		}
	}
}

// TestTableIsWhole: every field of a job is in the table, and only once.
func TestTableIsWhole(t *testing.T) {
	t.Parallel()
	seen := make(map[any]string)
	var j job.Job
	for _, f := range Fields {
		at := f.at(&j)
		if seen[at] != "" {
			t.Errorf("%s and %s are the same field", f.Name, seen[at])
		}
		seen[at] = f.Name
	}
	v := reflect.ValueOf(&j).Elem()
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; seen[v.Field(i).Addr().Interface()] == "" && name != "ManagedBy" {
			t.Errorf("job.Job has %s, the table has not", name)
		}
	}
}

// genJob draws a job with any of the fields.
func genJob(t *rapid.T) *job.Job {
	j := Blank()
	texts := rapid.SampledFrom([]string{"x", "two words", "true", "5", "~", "a: b", "# c", "a\nb\n", "a\nb", " lead", "*/5 * * * *", "é", "${{ x }}", "$${{", "'q'", "\"", "\ttab", "-", "[x]", "{x}", "null", "2026-01-01", "a\r\nb", "\n", "trail \nx"})
	d := &decoder{}
	for i := range Fields {
		f := &Fields[i]
		if !rapid.Bool().Draw(t, f.Name) {
			continue
		}
		switch to := f.at(j).(type) {
		case *string:
			switch f.Kind {
			case Duration:
				*to = rapid.SampledFrom([]string{"PT60S", "PT2H", "P1D"}).Draw(t, "d")
			case Choice:
				*to = rapid.SampledFrom(f.Words).Draw(t, "w")
			default:
				*to = texts.Draw(t, "t")
			}
		case *bool:
			*to = rapid.Bool().Draw(t, "b")
		case *int:
			*to = rapid.IntRange(0, 100).Draw(t, "i")
		case *float64:
			*to = rapid.Float64Range(0, 1000).Draw(t, "f")
		case *[]string:
			*to = rapid.SliceOfN(texts, 1, 3).Draw(t, "l")
		case *[]job.Variable:
			*to = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) job.Variable {
				return job.Variable{Name: texts.Draw(t, "n"), Value: texts.Draw(t, "v")}
			}), 1, 3).Draw(t, "e")
			*to = mergeVariables(nil, *to)
		case *[]job.Constraint:
			*to = []job.Constraint{{Attribute: texts.Draw(t, "a"), Operator: "LIKE", Value: texts.Draw(t, "v")}}
		case *[]job.Fetch:
			*to = []job.Fetch{{URI: texts.Draw(t, "u"), Extract: rapid.Bool().Draw(t, "x"), OutputFile: "o"}}
		case **job.Container:
			*to = &job.Container{Type: "MESOS", Image: "i", Network: "USER", NetworkName: "n", NetworkInfos: []job.NetworkInfo{{Name: "n", Protocol: "IPv4", Labels: []job.Variable{{Name: "k", Value: "v"}}, PortMappings: []job.PortMapping{{HostPort: 1, ContainerPort: 2, Protocol: "tcp"}}}}, Volumes: []job.Volume{{HostPath: "/h", ContainerPath: "/c", Mode: "RO", External: &job.ExternalVolume{Name: "n", Provider: "p", Options: []job.Variable{{Name: "k", Value: "v"}}}}}, ForcePullImage: true, Parameters: []job.Variable{{Name: "k", Value: "v"}}}
		}
	}
	_ = d
	return j
}

// TestEncodeRoundTrip: what is written is read as the same job, is as Format
// writes it, and is allowed by the schema.
func TestEncodeRoundTrip(t *testing.T) {
	t.Parallel()
	check := compileSchema(t)
	rapid.Check(t, func(rt *rapid.T) {
		j := genJob(rt)
		text, err := Encode(j, Defaults{})
		if err != nil {
			rt.Fatal(err)
		}
		docs, err := document.Reader{}.Read("j.yaml", text)
		if err != nil {
			rt.Fatalf("%v\n%s", err, text)
		}
		d := &decoder{}
		back := Blank()
		if len(docs) > 0 {
			if err := check.Validate(plainValue(docs[0])); err != nil {
				rt.Errorf("the schema refuses it: %v\n%s", err, text)
			}
			d.members(back, d.expand(docs[0], scope{}).Members)
		}
		if len(d.errs) > 0 {
			rt.Fatalf("%v\n%s", d.errs, text)
		}
		if diff := Diff(j, back); len(diff) > 0 {
			rt.Errorf("%+v\n%s", diff, text)
		}
		again, err := Format("j.yaml", text)
		if err != nil || !bytes.Equal(again, text) {
			rt.Errorf("formatted: %v\n%s\nwas\n%s", err, again, text)
		}
	})
}

func compileSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(SchemaID, doc); err != nil {
		t.Fatal(err)
	}
	return c.MustCompile(SchemaID)
}

// plainValue is a tree as JSON has it.
func plainValue(n *document.Node) any {
	switch n.Kind {
	case document.List:
		out := []any{}
		for _, i := range n.Items {
			out = append(out, plainValue(i))
		}
		return out
	case document.Object:
		out := map[string]any{}
		for _, m := range n.Members {
			out[m.Key] = plainValue(m.Value)
		}
		return out
	case document.Number:
		return json.Number(n.Text)
	case document.Bool:
		return n.Text == "true"
	case document.Null:
		return nil
	}
	return n.Text
}

// TestSchema: it agrees with the decoder about what is wrong with keys and types.
func TestSchema(t *testing.T) {
	t.Parallel()
	check := compileSchema(t)
	for text, want := range map[string]bool{
		"name: a\ncommand: x\nschedule: '@daily'":              true,
		"- {name: a, cpus: 2}":                                 true,
		"jobs: [{name: a, cpus: 2}]":                           true,
		"jobs: {a: {cpus: 2}}":                                 true,
		"profiles: {p: {owner: x}}\ndefaults: {retries: 1}":    true,
		"include: x.yaml\nname: a":                             true,
		"variables: {A: 1}\nname: a\ncpus: '${{ A }}'":         true,
		"name: a\ntimeout: 2h30m":                              true,
		"name: a\nconstraints: [[rack, LIKE, r1], 'a LIKE b']": true,
		"name: a\ncomand: x":                                   false,
		"name: a\ncpus: many":                                  false,
		"name: a\noverlap: sometimes":                          false,
		"name: a\ntimeout: soon":                               false,
		"jobs: [{name: a, comand: 2}]":                         false,
		"profiles: {p: {name: x}}":                             false,
		"name: a\nconstraints: [[rack, NEAR, r1]]":             false,
		"name: a\ncontainer: {image: x, nets: y}":              false,
		"x-base: {any: 1}\njobs: []":                           true,
		"5":                                                    false,
	} {
		docs, err := document.Reader{}.Read("j.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if err := check.Validate(plainValue(docs[0])); (err == nil) != want {
			t.Errorf("%q: %v, want allowed: %v", text, err, want)
		}
	}
}

// TestPublished: the schema and the reference in docs are those of the table.
// UPDATE=1 writes them.
func TestPublished(t *testing.T) {
	t.Parallel()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	published(t, "../../docs/jobfile.schema.json", func(string) string { return string(text) })
	published(t, "../../docs/jobfile.md", func(old string) string {
		const begin, end = "<!-- fields: made from the table in submit/jobfile, UPDATE=1 go test ./submit/jobfile -->\n", "<!-- end of fields -->"
		before, rest, ok1 := strings.Cut(old, begin)
		_, after, ok2 := strings.Cut(rest, end)
		if !ok1 || !ok2 {
			t.Fatal("docs/jobfile.md has no marks of the table")
		}
		return before + begin + Reference() + end + after
	})
}

func published(t *testing.T, name string, made func(old string) string) {
	t.Helper()
	old, err := os.ReadFile(name)
	if err != nil && os.Getenv("UPDATE") == "" {
		t.Fatal(err)
	}
	want := made(string(old))
	if string(old) == want {
		return
	}
	if os.Getenv("UPDATE") == "" {
		t.Errorf("%s is out of date; UPDATE=1 go test ./submit/jobfile writes it", name)
		return
	}
	if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestDocsExamples: the job files that the docs show are taken.
func TestDocsExamples(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/jobfile.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, part := range strings.Split(string(text), "\n```")[1:] {
		kind, body, _ := strings.Cut(part, "\n")
		if kind != "yaml" && kind != "hocon" && kind != "json" {
			continue
		}
		ext := map[string]string{"yaml": ".yaml", "hocon": ".conf", "json": ".json"}[kind]
		name := filepath.Join(t.TempDir(), "doc"+ext)
		if err := os.WriteFile(name, []byte(body), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(filepath.Dir(name), "team.yaml"), []byte("profiles: {team: {owner: x}}\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		l := Loader{Set: map[string]string{"REGION": "eu"}, Env: func(string) (string, bool) { return "x", true }}
		if jobs, err := l.Load(name); err != nil || len(jobs) == 0 {
			t.Errorf("%d jobs, %v\n%s", len(jobs), err, body)
		}
		n++
	}
	if n < 4 {
		t.Errorf("found %d job files, want at least 4", n)
	}
}

func TestFormat(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, in, want string }{
		{"a.yaml", "# top\n\ncommand: x # why\n# when\nschedule: '@daily'\nname: a\n", "# top\n\nname: a\n# when\nschedule: '@daily'\ncommand: x # why\n"},
		{"a.yaml", "jobs:\n- command: |\n    a\n    b\n  name: x\n# second\n- {name: y, command: z}\n", "jobs:\n  - name: x\n    command: |\n      a\n      b\n\n  # second\n  - {name: y, command: z}\n"},
		{"a.yaml", "jobs:\n  - name: a\ndefaults: {retries: 1, owner: x}\ninclude: t.yaml\n", "include: t.yaml\ndefaults: {owner: x, retries: 1}\njobs:\n  - name: a\n"},
		{"a.json", `[{"command":"a<b","name":"x","cpus":0.10}]`, "[\n  {\n    \"name\": \"x\",\n    \"command\": \"a<b\",\n    \"cpus\": 0.10\n  }\n]\n"},
		{"a.yaml", "", ""},
	} {
		got, err := Format(c.name, []byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%q becomes %v\n%s\nwant\n%s", c.in, err, got, c.want)
		}
		if again, err := Format(c.name, got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("a second time it becomes %v\n%s", err, again)
		}
	}
	if _, err := Format("a.conf", []byte("a = 1")); err == nil {
		t.Error("HOCON was formatted")
	}
}

// FuzzFormat: what comes out says the same, and is not changed a second time.
func FuzzFormat(f *testing.F) {
	f.Add("# c\nname: a\ncommand: b # d\n")
	f.Add("jobs:\n- name: a\n  # x\n- name: b\n---\nname: c\n")
	f.Fuzz(func(t *testing.T, text string) {
		out, err := Format("a.yaml", []byte(text))
		if err != nil {
			return
		}
		again, err := Format("a.yaml", out)
		if err == nil && !bytes.Equal(out, again) && !bytes.Contains(out, []byte("#")) {
			t.Fatalf("%q becomes\n%s\nand then\n%s", text, out, again)
		}
	})
}

// FuzzLoad: whatever stands in a file, there are jobs or errors, and jobs that
// are taken can be written.
func FuzzLoad(f *testing.F) {
	for _, s := range []string{"name: a\ncommand: x\nschedule: '@daily'", "jobs: {a: {profile: p}}\nprofiles: {p: {retries: 1}}", "- {name: a, parents: [b]}", "variables: {A: 1}\nname: ${{ A }}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, l := &decoder{}, &Loader{}
		docs, err := document.Reader{}.Read("a.yaml", []byte(text))
		if err != nil {
			return
		}
		one := &file{variables: map[string]string{}, defaults: &template{}, profiles: map[string]*template{}}
		for _, doc := range docs {
			if doc.Kind == document.Object && doc.Get(includeKey) != nil {
				return
			}
			l.document(d, one, doc, []string{"a.yaml"})
		}
		if len(d.errs) > 0 {
			return
		}
		for _, j := range one.jobs {
			if _, err := Encode(j.Job, Defaults{}); err != nil {
				t.Fatalf("%q: %v", text, err)
			}
		}
	})
}
