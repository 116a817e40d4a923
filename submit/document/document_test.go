package document

import (
	"errors"
	"io/fs"
	"strconv"
	"strings"
	"testing"
)

// show writes a tree on one line, without places.
func show(n *Node) string {
	switch n.Kind {
	case List:
		var parts []string
		for _, i := range n.Items {
			parts = append(parts, show(i))
		}
		return "[" + strings.Join(parts, ",") + "]"
	case Object:
		var parts []string
		for _, m := range n.Members {
			parts = append(parts, m.Key+":"+show(m.Value))
		}
		return "{" + strings.Join(parts, ",") + "}"
	case Text:
		return "'" + n.Text + "'"
	}
	return n.Text
}

var files = map[string]string{
	"base.conf":  `team { owner = "a@b", cpus = 2 }`,
	"loop.conf":  `include "loop2.conf"`,
	"loop2.conf": `include "loop.conf"`,
	"list.conf":  `[1]`,
}

func reader() Reader {
	return Reader{
		Env: func(name string) (string, bool) { return "from env", name == "HOME" },
		Open: func(path string) ([]byte, error) {
			if text, ok := files[path]; ok {
				return []byte(text), nil
			}
			return nil, fs.ErrNotExist
		},
	}
}

// TestRead: each language gives the same kind of tree; what is wrong says where.
func TestRead(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, text, want string }{
		{"a.json", `{"a":1,"b":[true,null,"x\u00e9"],"c":{}}`, `{a:1,b:[true,null,'xé'],c:{}}`},
		{"a.json", "{\n \"a\":1,\n \"a\":2}", `a.json:3:2: the key "a" comes twice`},
		{"a.json", "{\n  \"a\": x}", `a.json:2:8: is not JSON: invalid character 'x'`},
		{"a.json", "[1", `a.json:1:3: is not JSON: it ends too early`},
		{"a.json", "", `a.json:1:1: is not JSON: it ends too early`},
		{"a.json", "{}\n{}", `a.json:2:1: is not JSON: something stands after the value`},
		{"a.json", strings.Repeat("[", 100) + strings.Repeat("]", 100), `a.json:1:66: is nested more than 64 deep`},
		{"a.json", "[\"é\", \xff]", `a.json:1:7: is not UTF-8`},
		{"a.txt", "x", `a.txt: is neither .yaml`},

		{"a.yaml", "a: 1\nb: [yes, ~, '5', \"é\"]\nc: |\n  x\n  y\n", "{a:1,b:['yes',~,'5','é'],c:'x\ny\n'}"},
		{"a.yaml", "---\na: 1\n---\n# nothing\n---\nb: 2\n", `{a:1}{b:2}`},
		{"a.yaml", "base: &b {x: 1, y: 2}\nc:\n  <<: *b\n  y: 3\n", `{base:{x:1,y:2},c:{y:3,x:1}}`},
		{"a.yaml", "a: 1\na: 2\n", `a.yaml:2:1: the key "a" comes twice`},
		{"a.yaml", "jobs:\n  - name: a\n   command: x\n", `a.yaml:3:4: is not YAML: did not find expected '-' indicator`},
		{"a.yaml", "a: &x [*x]\n", `stands inside of what it stands for`},
		{"a.yaml", "? [a]\n: 1\n", `a key is a text`},

		{"a.conf", "a = 1\nb.c : x y z # comment\n\"d.e\" = [1, 2\n 3] // and\nf { g = true }", `{a:1,b:{c:'x y z'},d.e:[1,2,3],f:{g:true}}`},
		{"a.conf", "chronos { host = \"h\", port = 4400, crontab { item-number = 5 } }", `{chronos:{host:'h',port:4400,crontab:{item-number:5}}}`},
		{"a.conf", "a { x = 1 }\na { y = 2 }\na.z = 3", `{a:{x:1,y:2,z:3}}`},
		{"a.conf", "a = 1\na = 2", `{a:2}`},
		{"a.conf", "p = [1]\np += 2\nq = ${p} [9]", `{p:[1,2],q:[1,2,9]}`},
		{"a.conf", "b = { x = 1 }\nc = ${b} { y = 2 }", `{b:{x:1},c:{x:1,y:2}}`},
		{"a.conf", `path = "/bin"` + "\n" + `path = ${path}":/usr/bin"`, `{path:'/bin:/usr/bin'}`},
		{"a.conf", "a { b = ${a.c}, c = 7 }", `{a:{b:7,c:7}}`},
		{"a.conf", "h = ${HOME}/x\no = ${?NOTHING}\np = 1 ${?NOTHING}", `{h:'from env/x',p:1}`},
		{"a.conf", "c = \"\"\"a \"q\" \\n\nb\"\"\"\"", "{c:'a \"q\" \\n\nb\"'}"},
		{"a.conf", "{\"a\": {\"b\": [{}]}}", `{a:{b:[{}]}}`},
		{"a.conf", "[{a = 1}, {a = 2}]", `[{a:1},{a:2}]`},
		{"a.conf", "include \"base.conf\"\njob = ${team} { cpus = 3 }", `{team:{owner:'a@b',cpus:2},job:{owner:'a@b',cpus:3}}`},
		{"a.conf", "x { include required(file(\"base.conf\")) }", `{x:{team:{owner:'a@b',cpus:2}}}`},
		{"a.conf", "include = 1", `{include:1}`},
		{"a.conf", "", `{}`},
		{"a.conf", "a = ${b}\nb = ${a}", `a.conf:2:5: ${a} refers to itself`},
		{"a.conf", "a = ${nope}", `a.conf:1:5: ${nope} is neither in the file nor in the environment`},
		{"a.conf", "a = 1\ns = */5 * * * *", `a.conf:2:5: the character '*' needs quotes`},
		{"a.conf", "a {\n b = 1", `a.conf:2:7: the file ends before the closing }`},
		{"a.conf", "a 1", `a.conf:1:4: want = or : or { after the key "a 1"`},
		{"a.conf", "a =", `a.conf:1:4: want a value`},
		{"a.conf", "a = \"x", `a.conf:1:5: the text has no closing "`},
		{"a.conf", `a = "\x"`, `a.conf:1:5: the text has an escape`},
		{"a.conf", "a = [1] {b = 2}", `stands next to a list`},
		{"a.conf", "a = 1\na += 2", `+= adds to a list, and this is a number`},
		{"a.conf", "include \"nothing.conf\"", `a.conf:1:1: include: file does not exist`},
		{"loop.conf", "include \"loop2.conf\"", `includes itself`},
		{"a.conf", "include url(\"http://x\")", `want include "file"`},
		{"a.conf", "include \"list.conf\"", `holds a list`},
		{"a.conf", "c = ${{x}}", `a.conf:1:7: the character '{' needs quotes`},
		{"a.conf", "{} x", `something stands after the last bracket`},
	} {
		docs, err := reader().Read(c.name, []byte(c.text))
		got := ""
		if err != nil {
			got = err.Error()
			var at *Error
			if !errors.As(err, &at) || at.Pos.File == "" {
				t.Errorf("%s %q: the error %v has no place", c.name, c.text, err)
			}
		}
		for _, d := range docs {
			got += show(d)
		}
		if got != c.want && (err == nil || !strings.Contains(got, c.want)) {
			t.Errorf("%s %q gives\n  %s, want\n  %s", c.name, c.text, got, c.want)
		}
	}
}

// TestBombs: a small file cannot make a large tree.
func TestBombs(t *testing.T) {
	t.Parallel()
	var yaml, hocon strings.Builder
	yaml.WriteString("n0: &n0 [x]\n")
	hocon.WriteString("n0 = [x]\n")
	for i := 1; i < 30; i++ {
		n, m := "n"+strconv.Itoa(i), "n"+strconv.Itoa(i-1)
		yaml.WriteString(n + ": &" + n + " [*" + m + ", *" + m + "]\n")
		hocon.WriteString(n + " = [${" + m + "}, ${" + m + "}]\n")
	}
	for name, text := range map[string]string{"a.yaml": yaml.String(), "a.conf": hocon.String()} {
		if _, err := reader().Read(name, []byte(text)); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%s: %v, want it refused for its size", name, err)
		}
	}
}

func FuzzYAML(f *testing.F)  { fuzz(f, "a.yaml") }
func FuzzJSON(f *testing.F)  { fuzz(f, "a.json") }
func FuzzHOCON(f *testing.F) { fuzz(f, "a.conf") }

// fuzz: whatever stands in a file, there is a tree or an error with a place in it.
func fuzz(f *testing.F, name string) {
	f.Helper()
	for _, s := range []string{"a: 1\nb: [x, {c: d}]\n", `{"a":[1,"x"]}`, "a = ${b}\nb { c = \"\"\"x\"\"\" }\n[", "a: &x\n - *x", "include \"base.conf\"\nx=1 2 ${?y}[]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		docs, err := reader().Read(name, []byte(text))
		var at *Error
		if err != nil && (!errors.As(err, &at) || at.Pos.File == "") {
			t.Fatalf("%q: %v has no place", text, err)
		}
		for _, d := range docs {
			if !Equal(d, d) {
				t.Fatalf("%q: a tree differs from itself", text)
			}
		}
	})
}
