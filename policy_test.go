// Package hora_test holds the habits of this code base that can be checked:
// who may import whom, what the pure packages may not do, sizes, names, docs.
// It contains no code of hora.
package hora_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/hora-scheduler/hora/"

// imports says which packages of hora each package may import (its tests may
// import more). Do not change this data to fix a build: it is the design. Arrows
// point from adapters to the core, never back.
var imports = map[string]string{
	"message":              "",
	"language":             "message",
	"schedule":             "message",
	"retry":                "message",
	"jobgraph":             "message",
	"job":                  "message schedule retry jobgraph",
	"scheduler":            "message job schedule retry jobgraph",
	"spread":               "job schedule",
	"store":                "scheduler job",
	"store/election":       "store",
	"store/memory":         "store store/election",
	"store/bolt":           "store store/election",
	"store/zookeeper":      "store",
	"store/storetest":      "store",
	"zookeepertest":        "",
	"faultproxy":           "",
	"mesos":                "",
	"mesos/mesossim":       "mesos",
	"scheduler/framework":  "scheduler job mesos",
	"scheduler/simulation": "scheduler scheduler/framework job jobgraph schedule retry store store/memory mesos mesos/mesossim",
	"scheduler/leader":     "message scheduler job store",
	"access":               "message job submit/document",
	"api":                  "message language access spread scheduler scheduler/leader job jobgraph schedule retry store",
	"notify":               "scheduler job",
	"chronos":              "api scheduler job store",
	"submit":               "job jobgraph schedule api submit/document submit/jobfile submit/remote",
	"submit/remote":        "job scheduler api submit/jobfile",
	"submit/target":        "submit/document submit/remote",
	"submit/chronostest":   "schedule",
	"submit/document":      "",
	"submit/jobfile":       "job schedule submit/document",
	"ui":                   "",
	"submit/crontab":       "job schedule",
	"config":               "",
	"member":               "scheduler/leader",
	"chaos":                "",
	"cmd/hora":             "*",
	"cmd/mutants":          "",
}

// pure are the packages that neither know the time nor touch the world.
var pure = []string{"message", "job", "schedule", "jobgraph", "retry", "spread", "scheduler", "access"}

// impure are the imports that a pure package must not have.
var impure = strings.Fields("context os os/exec os/signal io/fs io/ioutil net net/http log log/slog sync sync/atomic math/rand math/rand/v2 crypto/rand runtime unsafe syscall embed testing")

// clock are the functions of package time that read or use the clock.
var clock = strings.Fields("Now Since Until Sleep After AfterFunc NewTimer NewTicker Tick")

// long are the functions that may exceed the limit of lines, with the reason.
var long = map[string]string{}

// wide are the structs that may have more than 15 fields, with the reason.
var wide = map[string]string{
	"job.Job":           "a definition has as many fields as there are things to say about a job",
	"job.Compiled":      "the same, read",
	"scheduler.Run":     "a record",
	"scheduler.Entry":   "a record",
	"store.entryV1":     "stored form of a line of history",
	"scheduler.State":   "the state: its indexes side by side",
	"scheduler.session": "the state of a subscription",
	"store.jobV1":       "stored form of a definition",
	"store.runV1":       "stored form of a run",
	"store.stateV1":     "stored form of a job's state",
	"leader.Metrics":    "one field a metric",
	"api.JobRow":        "a job in a list",
}

const (
	maxFunction  = 70
	maxFile      = 600
	maxFields    = 15
	maxMethods   = 5
	maxParameter = 5
)

// source is one Go file.
type source struct {
	path string // from the root
	pkg  string // folder from the root
	test bool
	file *ast.File
	fset *token.FileSet
	text string
}

func sources(t *testing.T) []source {
	t.Helper()
	var out []source
	fset := token.NewFileSet()
	err := filepath.WalkDir(".", func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := d.Name(); d.IsDir() && p != "." && (name == "testdata" || name == "node_modules" || name[0] == '.') {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		text, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(fset, p, text, parser.ParseComments)
		if err != nil {
			return err
		}
		p = filepath.ToSlash(p)
		out = append(out, source{p, path.Dir(p), strings.HasSuffix(p, "_test.go"), f, fset, string(text)})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 30 {
		t.Fatalf("found %d files: the walk is broken", len(out))
	}
	return out
}

// partOf finds the part that a package belongs to: itself, or the folder above
// that has a rule. Within a part, packages may import each other.
func partOf(pkg string) (string, bool) {
	for p := pkg; p != "."; p = path.Dir(p) {
		if _, there := imports[p]; there {
			return p, true
		}
	}
	return "", false
}

func TestImports(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		part, there := partOf(s.pkg)
		if !there {
			t.Errorf("%s: package %s has no import policy: decide where it stands and add it", s.path, s.pkg)
			continue
		}
		for _, im := range s.file.Imports {
			name, _ := strconv.Unquote(im.Path.Value)
			ours, isOurs := strings.CutPrefix(name, module)
			if !isOurs || imports[part] == "*" {
				continue
			}
			if to, _ := partOf(ours); to != part && !slices.Contains(strings.Fields(imports[part]), to) {
				t.Errorf("%s: package %s must not import %s (allowed: %s)", s.path, s.pkg, ours, imports[part])
			}
		}
	}
}

func TestPurity(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test || !slices.Contains(pure, s.pkg) {
			continue
		}
		for _, im := range s.file.Imports {
			if name, _ := strconv.Unquote(im.Path.Value); slices.Contains(impure, name) {
				t.Errorf("%s: pure package %s imports %s", s.path, s.pkg, name)
			}
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			at := func() token.Position { return s.fset.Position(n.Pos()) }
			switch n := n.(type) {
			case *ast.GoStmt, *ast.SelectStmt, *ast.ChanType, *ast.SendStmt:
				t.Errorf("%s: pure package %s uses goroutines or channels", at(), s.pkg)
			case *ast.SelectorExpr:
				if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
					t.Errorf("%s: pure package %s uses time.%s", at(), s.pkg, n.Sel.Name)
				}
			case *ast.FuncDecl:
				if n.Recv == nil && n.Name.Name == "init" {
					t.Errorf("%s: pure package %s has an init function", at(), s.pkg)
				}
			}
			return true
		})
	}
}

func TestPackageComments(t *testing.T) {
	t.Parallel()
	comments := make(map[string][]string)
	for _, s := range sources(t) {
		if _, there := comments[s.pkg]; !there && !s.test {
			comments[s.pkg] = nil
		}
		if s.test || s.file.Doc == nil {
			continue
		}
		comments[s.pkg] = append(comments[s.pkg], s.path)
		want := "Package " + s.file.Name.Name + " "
		if s.file.Name.Name == "main" {
			want = "Command "
		}
		if text := s.file.Doc.Text(); !strings.HasPrefix(text, want) {
			t.Errorf("%s: the package comment must begin %q", s.path, want)
		}
	}
	for _, pkg := range slices.Sorted(maps.Keys(comments)) {
		if len(comments[pkg]) != 1 {
			t.Errorf("package %s has %d package comments, want 1: %v", pkg, len(comments[pkg]), comments[pkg])
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	vague := strings.Fields("util utils common helper helpers base types models misc pkg shared core manager internal lib")
	for _, s := range sources(t) {
		if name := path.Base(s.pkg); slices.Contains(vague, name) {
			t.Errorf("%s: a package is a noun of the domain, not %q", s.path, name)
		}
	}
}

func TestSizes(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		if n := strings.Count(s.text, "\n"); n > maxFile {
			t.Errorf("%s has %d lines, at most %d", s.path, n, maxFile)
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				checkFunction(t, s, n)
			case *ast.TypeSpec:
				checkType(t, s, n)
			}
			return true
		})
	}
}

func checkFunction(t *testing.T, s source, f *ast.FuncDecl) {
	name := path.Base(s.pkg) + "." + f.Name.Name
	if n := s.fset.Position(f.End()).Line - s.fset.Position(f.Pos()).Line + 1; n > maxFunction && long[name] == "" {
		t.Errorf("%s: %s has %d lines, at most %d", s.path, f.Name.Name, n, maxFunction)
	}
	if n := f.Type.Params.NumFields(); n > maxParameter {
		t.Errorf("%s: %s has %d parameters, at most %d", s.path, f.Name.Name, n, maxParameter)
	}
}

func checkType(t *testing.T, s source, spec *ast.TypeSpec) {
	name := path.Base(s.pkg) + "." + spec.Name.Name
	switch typ := spec.Type.(type) {
	case *ast.InterfaceType:
		if n := typ.Methods.NumFields(); n > maxMethods {
			t.Errorf("%s: interface %s has %d methods, at most %d", s.path, spec.Name.Name, n, maxMethods)
		}
	case *ast.StructType:
		options := strings.HasSuffix(name, "Options") || strings.HasSuffix(name, "Config") || strings.HasSuffix(name, "options")
		if n := typ.Fields.NumFields(); n > maxFields && wide[name] == "" && !options {
			t.Errorf("%s: struct %s has %d fields, at most %d", s.path, spec.Name.Name, n, maxFields)
		}
	}
}

// TestStoredForms holds that what is stored or sent has a form of its own:
// json tags stand only where that form is defined.
func TestStoredForms(t *testing.T) {
	t.Parallel()
	allowed := []string{"api", "store", "mesos/mesossim", "mesos/operator", "submit", "cmd/hora"}
	for _, s := range sources(t) {
		if !s.test && strings.Contains(s.text, "`json:") && !slices.ContainsFunc(allowed, func(p string) bool { return strings.HasPrefix(s.pkg+"/", p+"/") }) {
			t.Errorf("%s has json tags", s.path)
		}
	}
}

// TestNoSleep holds that no test waits for time to pass, but in a bubble where it is free.
func TestNoSleep(t *testing.T) {
	t.Parallel()
	for _, s := range sources(t) {
		if s.test && strings.Contains(s.text, "time.Sleep"+"(") && !strings.Contains(s.text, `"testing/synctest"`) {
			t.Errorf("%s sleeps", s.path)
		}
	}
}

// TestErrorsAreNotParsed holds that errors are told apart by what they are, not by their text.
func TestErrorsAreNotParsed(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`err(or)?\.Error\(\) [!=]=|strings\.(Contains|HasPrefix|HasSuffix)\(err\.Error\(\)`)
	for _, s := range sources(t) {
		if !s.test && bad.MatchString(s.text) {
			t.Errorf("%s compares the text of an error", s.path)
		}
	}
}

// TestExit holds that only main ends the process.
func TestExit(t *testing.T) {
	t.Parallel()
	bad := regexp.MustCompile(`\bos\.Exit\(|\blog\.Fatal`)
	for _, s := range sources(t) {
		if !s.test && bad.MatchString(s.text) && !regexp.MustCompile(`^cmd/[a-z]+/main\.go$`).MatchString(s.path) {
			t.Errorf("%s ends the process", s.path)
		}
	}
}

// TestInvariants holds that every invariant in ARCHITECTURE.md and every line of
// the checklists in docs/mesos.md names tests that exist.
func TestInvariants(t *testing.T) {
	t.Parallel()
	var tests []string
	for _, s := range sources(t) {
		if s.test {
			for _, d := range s.file.Decls {
				if f, ok := d.(*ast.FuncDecl); ok {
					tests = append(tests, f.Name.Name)
				}
			}
		}
	}
	for _, list := range []struct {
		file, head, row string
		least           int
	}{
		{"ARCHITECTURE.md", "", `^\| I\d+ \|.*$`, 10},
		{"docs/mesos.md", "## Checklist", `^\| [^|]+\|.*[^|-] \|$`, 30},
	} {
		text, err := os.ReadFile(list.file)
		if err != nil {
			t.Fatal(err)
		}
		part := string(text)
		if list.head != "" {
			_, part, _ = strings.Cut(part, list.head)
		}
		rows := 0
		for _, line := range strings.Split(part, "\n") {
			if !regexp.MustCompile(list.row).MatchString(line) || strings.Contains(line, "| held by |") {
				continue
			}
			rows++
			checkHeld(t, list.file, line, tests)
		}
		if rows < list.least {
			t.Errorf("%s lists %d promises, want at least %d", list.file, rows, list.least)
		}
	}
}

// checkHeld looks for the tests that a row of a table names.
func checkHeld(t *testing.T, file, row string, tests []string) {
	t.Helper()
	held := regexp.MustCompile("`((Test|Fuzz|Benchmark)\\w+)(/([\\w]+))?`").FindAllStringSubmatch(row, -1)
	if len(held) == 0 {
		t.Errorf("%s: %.60s… names no test", file, row)
	}
	folders := map[string]string{"TestConversations": "scheduler/testdata/%s.txt", "TestGolden": "mesos/mesossim/cluster/testdata/golden/%s.json"}
	for _, h := range held {
		if !slices.Contains(tests, h[1]) {
			t.Errorf("%s: %.60s… names %s, which does not exist", file, row, h[1])
		}
		if name := folders[h[1]]; name != "" && h[4] != "" {
			if _, err := os.Stat(strings.ReplaceAll(name, "%s", h[4])); err != nil {
				t.Errorf("%s: %.60s… names %s, which does not exist", file, row, h[0])
			}
		}
	}
}
