package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

// TestOperationsGuide: what docs/operations.md names is there: flags, settings in
// a file, commands, targets of make, and files of deploy/.
func TestOperationsGuide(t *testing.T) {
	t.Parallel()
	read := func(name string) string {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	guide, makefile := read("docs/operations.md"), read("Makefile")
	have, known := pflag.NewFlagSet("", pflag.ContinueOnError), 0
	new(serveOptions).set().Flags(have)
	each := func(pattern string, check func(found []string) bool) {
		t.Helper()
		for _, found := range regexp.MustCompile(pattern).FindAllStringSubmatch(guide, -1) {
			if known++; !check(found) {
				t.Errorf("docs/operations.md names %s, which is not there", found[0])
			}
		}
	}
	others := []string{"config", "data_dir", "force"} // of hora backup and restore
	each("--([a-z][a-z_]*)(…?)", func(f []string) bool {
		if f[2] != "" { // the beginning of some
			found := false
			have.VisitAll(func(x *pflag.Flag) { found = found || strings.HasPrefix(x.Name, f[1]) })
			return found
		}
		return have.Lookup(f[1]) != nil || slices.Contains(others, f[1])
	})
	each("(?m)^ +([a-z_]+) += ", func(f []string) bool { return have.Lookup(f[1]) != nil })
	each("`make ([a-z]+)`", func(f []string) bool { return strings.Contains(makefile, "\n"+f[1]+": ") })
	each("`(deploy/[^` ]*)`", func(f []string) bool { _, err := os.Stat(filepath.Join("..", "..", f[1])); return err == nil })
	each("(?m)(?:`|^    )hora ([a-z]+)((?: --[a-z_]+ [^ `]+)*)", func(f []string) bool {
		var out bytes.Buffer
		args := append([]string{f[1]}, strings.Fields(f[2])...)
		return run(t.Context(), append(args, "--help"), &out, &out) == exitOK && strings.Contains(out.String(), "Usage:\n  hora "+f[1])
	})
	if known < 50 {
		t.Errorf("found %d names, the guide looks different now", known)
	}
}
