package language

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const messagePackage = "github.com/hora-scheduler/hora/message"

// said is a sentence in the sources.
type said struct {
	format string
	kept   bool // it is stored, and has to be recognised
	at     string
}

// sources finds the sentences in a package's files.
type sources struct {
	t     *testing.T
	fset  *token.FileSet
	found []said
}

// constructors are where the format is among the arguments of the functions of package message.
var constructors = map[string][]int{"Of": {0}, "Errorf": {0}, "Keep": {0}, "Count": {1, 2}, "KeepCount": {1, 2}}

// sentences returns all that is said anywhere in hora.
func sentences(t *testing.T) []said {
	t.Helper()
	s := &sources{t: t, fset: token.NewFileSet()}
	packages := make(map[string][]*ast.File)
	err := filepath.WalkDir("..", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && p != ".." && (name == "testdata" || name == "node_modules" || name[0] == '.') {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(s.fset, p, nil, 0)
		if err != nil {
			return err
		}
		packages[filepath.ToSlash(filepath.Dir(p))] = append(packages[filepath.ToSlash(filepath.Dir(p))], f)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, files := range packages {
		if dir != "../message" && dir != "../language" {
			s.read(files)
		}
	}
	if len(s.found) < 300 {
		t.Fatalf("found %d sentences: the walk is broken", len(s.found))
	}
	return s.found
}

// read finds the sentences of one package: the formats of what makes messages,
// and of the package's own functions that hand a format on.
func (s *sources) read(files []*ast.File) {
	speaks := func(f *ast.File) bool {
		return slices.ContainsFunc(f.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == strconv.Quote(messagePackage) })
	}
	own := make(map[string]int) // by name, where the format is
	for _, f := range files {
		if !speaks(f) {
			continue
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if f, is := n.(*ast.FuncDecl); is {
				if at := formatOf(f.Type); at >= 0 {
					own[f.Name.Name] = at
				}
			}
			return true
		})
	}
	for _, f := range files {
		var inside []ast.Node // the functions that hand a format on
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				if formatOf(n.Type) >= 0 {
					inside = append(inside, n)
				}
			case *ast.CompositeLit:
				if x, is := n.Type.(*ast.SelectorExpr); is && x.Sel.Name == "Message" && isName(x.X, "message") && len(n.Elts) > 0 && !within(inside, n) {
					s.t.Errorf("%s: a message is made with message.Of, so that its text is found", s.fset.Position(n.Pos()))
				}
			case *ast.CallExpr:
				for _, at := range s.formats(n, own) {
					s.note(n, at, within(inside, n))
				}
			}
			return true
		})
	}
}

// formats returns which arguments of a call are formats of messages.
func (s *sources) formats(call *ast.CallExpr, own map[string]int) []int {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		if at, is := own[f.Name]; is {
			return []int{at}
		}
	case *ast.SelectorExpr:
		if isName(f.X, "message") {
			return constructors[f.Sel.Name]
		}
		if at, is := own[f.Sel.Name]; is && !isName(f.X, "fmt") {
			return []int{at}
		}
	}
	return nil
}

func (s *sources) note(call *ast.CallExpr, at int, handsOn bool) {
	if at >= len(call.Args) {
		return
	}
	text, constant := literal(call.Args[at])
	if !constant {
		if !handsOn {
			s.t.Errorf("%s: the format is no constant, and cannot be looked up", s.fset.Position(call.Pos()))
		}
		return
	}
	name := ""
	if f, is := call.Fun.(*ast.SelectorExpr); is {
		name = f.Sel.Name
	}
	s.found = append(s.found, said{text, name == "Keep" || name == "KeepCount", s.fset.Position(call.Pos()).String()})
}

// formatOf returns which parameter is a format that arguments follow, or -1.
func formatOf(f *ast.FuncType) int {
	i := 0
	for _, p := range f.Params.List {
		for _, name := range p.Names {
			if name.Name == "format" && i == f.Params.NumFields()-2 {
				return i
			}
			i++
		}
	}
	return -1
}

func literal(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		a, is := literal(e.X)
		b, too := literal(e.Y)
		return a + b, is && too && e.Op == token.ADD
	}
	return "", false
}

func isName(e ast.Expr, name string) bool {
	x, is := e.(*ast.Ident)
	return is && x.Name == name
}

func within(nodes []ast.Node, n ast.Node) bool {
	return slices.ContainsFunc(nodes, func(f ast.Node) bool { return f.Pos() <= n.Pos() && n.End() <= f.End() })
}

// silent are files of the packages that speak which say nothing in other
// languages, with the reason.
var silent = map[string]string{
	"../api/post.go":         "answers of Chronos' paths alone",
	"../api/chronosjob.go":   "for the command line",
	"../api/metrics.go":      "for Prometheus",
	"../api/decode.go":       "an error that Chronos' paths alone have: the rest of the file is held by TestBadInputsInChinese",
	"../api/task.go":         "answers of Chronos' paths alone",
	"../schedule/convert.go": "an error that is a mistake of the program",
	"../schedule/tocron.go":  "an error that is a mistake of the program",
}

// TestErrorsAreMessages holds that where errors reach people who may want
// another language, they are messages.
func TestErrorsAreMessages(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"../job", "../schedule", "../jobgraph", "../retry", "../scheduler", "../api", "../api/filter"} {
		files, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			p := path.Join(dir, file.Name())
			if !strings.HasSuffix(p, ".go") || strings.HasSuffix(p, "_test.go") || silent[p] != "" {
				continue
			}
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, p, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if x, is := n.(*ast.SelectorExpr); is && (isName(x.X, "fmt") && x.Sel.Name == "Errorf" || isName(x.X, "errors") && x.Sel.Name == "New") {
					t.Errorf("%s: use message.Errorf, or say in this test why the error is for nobody who wants another language", fset.Position(n.Pos()))
				}
				return true
			})
		}
	}
}

// TestCatalogIsComplete holds that each sentence is in the catalog, and nothing else is.
func TestCatalogIsComplete(t *testing.T) {
	t.Parallel()
	unused := maps.Clone(chinese)
	for _, s := range sentences(t) {
		delete(unused, s.format)
		if _, known := chinese[s.format]; !known {
			t.Errorf("%s: there is no Chinese for %q", s.at, s.format)
		}
		if _, known := keptChinese[s.format]; s.kept && !known {
			t.Errorf("%s: %q is kept in records, and belongs into keptChinese", s.at, s.format)
		}
	}
	for _, format := range slices.Sorted(maps.Keys(unused)) {
		if _, foreign := foreignChinese[format]; !foreign {
			t.Errorf("nothing says %q any more", format)
		}
	}
}

// TestVerbs holds that both languages have the same arguments of the same kinds.
func TestVerbs(t *testing.T) {
	t.Parallel()
	for format, translated := range merged(chinese, foreignChinese) {
		want, have := verbsOf(format), verbsOf(translated)
		if !maps.Equal(want, have) {
			t.Errorf("%q has the verbs %v, %q has %v", format, want, translated, have)
		}
	}
}

// verbsOf returns the verbs by the number of their argument. %w is %v where it is not an error that is made.
func verbsOf(format string) map[int]string {
	out := make(map[int]string)
	next := 1
	for _, m := range verb.FindAllStringSubmatch(format, -1) {
		if m[2] == "%" {
			continue
		}
		if m[1] != "" {
			next, _ = strconv.Atoi(strings.Trim(m[1], "[]"))
		}
		v := m[2]
		if v == "w" {
			v = "v"
		}
		out[next] = v
		next++
	}
	return out
}
