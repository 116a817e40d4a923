package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestTutorial runs the commands of docs/tutorial.md and compares what they print.
func TestTutorial(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/tutorial.md")
	if err != nil {
		t.Fatal(err)
	}
	d := startDev(t, t.TempDir(), "--quiet")
	dir, n := t.TempDir(), 0
	for _, block := range strings.Split(string(text), "```console\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		for _, part := range strings.Split("\n"+block, "\n$ ")[1:] {
			var command, want []string
			for i, line := range strings.Split(strings.TrimRight(part, "\n"), "\n") {
				if more, found := strings.CutPrefix(line, "> "); found || i == 0 {
					command = append(command, more)
				} else {
					want = append(want, line)
				}
			}
			cmd := exec.Command("sh", "-c", strings.Join(command, "\n"))
			cmd.Dir, cmd.Env = dir, append(os.Environ(), "HORA_SERVER="+d.base, "HOME="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil || !like(strings.Join(want, "\n"), strings.TrimRight(string(out), "\n")) {
				t.Fatalf("$ %s\n%v\n%s\nwant\n%s", strings.Join(command, "\n"), err, out, strings.Join(want, "\n"))
			}
			n++
		}
	}
	if n < 15 {
		t.Errorf("found %d commands, want at least 15", n)
	}
}

// like compares with a text in which … stands for anything, on a line of its own for any lines.
func like(want, got string) bool {
	pattern := regexp.QuoteMeta(want)
	pattern = regexp.MustCompile(`(?m)^…\n`).ReplaceAllString(pattern, `(?s:.*\n)?`)
	pattern = regexp.MustCompile(`(?m)\n…$`).ReplaceAllString(pattern, `(?s:.*)`)
	pattern = strings.ReplaceAll(pattern, "…", ".*")
	return regexp.MustCompile(`\A` + pattern + `\z`).MatchString(got)
}
