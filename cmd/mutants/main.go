// Command mutants tests the tests: it breaks hora in the ways that are kept in
// the folder mutants, one at a time, and demands that a test notices each.
//
// A mutant is a text file: a line that says what is broken, then
//
//	file: scheduler/release.go
//	test: ./scheduler
//	--- was
//	the lines as they are
//	+++ is
//	the lines that replace them
//
// The tree is not touched: the broken file is given to the compiler beside it
// (go test -overlay). A mutant whose lines are no longer found fails the run,
// so that it is mended together with the code.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// minimum is how many mutants there must be.
const minimum = 40

// mutant is one way to break hora.
type mutant struct {
	name, what, file, test string
	was, is                string
}

func main() {
	only := flag.String("run", "", "only mutants whose name contains this")
	flag.Parse()
	if err := run(*only); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(only string) error {
	mutants, err := readAll(only)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hora-mutants")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := unbroken(mutants); err != nil {
		return err
	}
	caught, survived := 0, []string{}
	for _, m := range mutants {
		began := time.Now()
		noticed, by, err := m.try(dir)
		if err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
		verdict := "caught by " + by
		if noticed {
			caught++
		} else {
			verdict = "SURVIVED"
			survived = append(survived, m.name)
		}
		fmt.Printf("%-32s %5.1fs  %s\n", m.name, time.Since(began).Seconds(), verdict)
	}
	fmt.Printf("%d caught, %d survived\n", caught, len(survived))
	if len(survived) > 0 {
		return fmt.Errorf("not noticed by any test: %s", strings.Join(survived, ", "))
	}
	return nil
}

// readAll reads the mutants whose name contains a text, and says of all that
// no longer fit.
func readAll(only string) ([]*mutant, error) {
	files, err := filepath.Glob("mutants/*.txt")
	if err != nil {
		return nil, err
	}
	if len(files) < minimum {
		return nil, fmt.Errorf("found %d mutants, want at least %d (run from the root of the project)", len(files), minimum)
	}
	var all []*mutant
	var wrong []error
	for _, file := range files {
		m, err := read(file)
		if err != nil {
			wrong = append(wrong, err)
		} else if strings.Contains(m.name, only) {
			all = append(all, m)
		}
	}
	if len(all) == 0 {
		wrong = append(wrong, fmt.Errorf("no mutant has %q in its name", only))
	}
	return all, errors.Join(wrong...)
}

// unbroken runs the tests of all mutants on the code as it is: a test that
// fails anyway notices nothing.
func unbroken(mutants []*mutant) error {
	var packages []string
	for _, m := range mutants {
		packages = append(packages, strings.Fields(m.test)...)
	}
	slices.Sort(packages)
	args := append([]string{"test", "-vet=off"}, slices.Compact(packages)...)
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return fmt.Errorf("the tests fail without any mutant: %w\n%s", err, out)
	}
	return nil
}

// read reads a mutant and checks that it still fits the code.
func read(file string) (*mutant, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	m := &mutant{name: strings.TrimSuffix(filepath.Base(file), ".txt")}
	head, rest, ok1 := strings.Cut(string(text), "--- was\n")
	was, is, ok2 := strings.Cut(rest, "+++ is\n")
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("%s: want the parts '--- was' and '+++ is'", file)
	}
	m.was, m.is = was, is
	for _, line := range strings.Split(strings.TrimSpace(head), "\n") {
		switch key, value, _ := strings.Cut(line, ": "); key {
		case "file":
			m.file = value
		case "test":
			m.test = value
		default:
			m.what += line + " "
		}
	}
	if m.file == "" || m.test == "" || m.what == "" {
		return nil, fmt.Errorf("%s: want a description and the lines file and test", file)
	}
	source, err := os.ReadFile(m.file)
	if err != nil {
		return nil, err
	}
	if n := strings.Count(string(source), m.was); n != 1 {
		return nil, fmt.Errorf("%s: its lines occur %d times in %s, want once; mend the mutant", file, n, m.file)
	}
	return m, nil
}

// try runs the tests with the broken file, and says which test failed first.
func (m *mutant) try(dir string) (noticed bool, by string, err error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return false, "", err
	}
	broken := filepath.Join(dir, m.name+".go")
	if err := os.WriteFile(broken, []byte(strings.Replace(string(source), m.was, m.is, 1)), 0o600); err != nil {
		return false, "", err
	}
	path, err := filepath.Abs(m.file)
	if err != nil {
		return false, "", err
	}
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {path: broken}})
	if err != nil {
		return false, "", err
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o600); err != nil {
		return false, "", err
	}
	args := append([]string{"test", "-failfast", "-vet=off", "-timeout=5m", "-overlay", list}, strings.Fields(m.test)...)
	out, err := exec.Command("go", args...).CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return false, "", nil
	case !errors.As(err, &failed):
		return false, "", err
	case strings.Contains(string(out), "[build failed]"):
		return false, "", fmt.Errorf("does not compile:\n%s", out)
	}
	return true, firstFailure(string(out)), nil
}

func firstFailure(out string) string {
	last := "a crash"
	for _, line := range strings.Split(out, "\n") {
		if _, name, found := strings.Cut(line, "--- FAIL: "); found {
			last = strings.Fields(name)[0]
		}
	}
	return last
}
