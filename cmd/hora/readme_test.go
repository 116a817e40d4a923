package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestReadmeCommands: what the README shows of hora next is what hora prints.
func TestReadmeCommands(t *testing.T) {
	t.Parallel()
	if n := checkCommands(t, readme(t), exitOK); n < 4 {
		t.Errorf("found %d commands, want at least 4", n)
	}
}

// TestConvertCommands: the examples of docs/convert.md print what it shows.
func TestConvertCommands(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/convert.md")
	if err != nil {
		t.Fatal(err)
	}
	if n := checkCommands(t, string(text), exitOK, exitUnlike); n < 12 {
		t.Errorf("found %d commands, want at least 12", n)
	}
}

// checkCommands runs the commands that a text shows, and counts them.
func checkCommands(t *testing.T, text string, codes ...int) (n int) {
	t.Helper()
	for _, block := range strings.Split(text, "    $ ")[1:] {
		line, rest, _ := strings.Cut(block, "\n")
		want := ""
		for l := range strings.Lines(rest) {
			text, shown := strings.CutPrefix(l, "    ")
			if !shown {
				break
			}
			want += text
		}
		var args []string
		for _, m := range regexp.MustCompile(`'([^']*)'|(\S+)`).FindAllStringSubmatch(line, -1) {
			args = append(args, m[1]+m[2])
		}
		var out bytes.Buffer
		if code := run(context.Background(), args[1:], &out, &out); !slices.Contains(codes, code) || out.String() != want {
			t.Errorf("%s exits with %d and prints\n%s, want\n%s", line, code, out.String(), want)
		}
		n++
	}
	return n
}

// TestReadmePosts: the jobs that the README posts are taken, in its order.
func TestReadmePosts(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	posts := regexp.MustCompile(`(?s)http://127\.0\.0\.1:4400(/\S+) -d '(\{.*?\})'`).FindAllStringSubmatch(readme(t), -1)
	if len(posts) < 3 {
		t.Fatalf("found %d posts, want at least 3", len(posts))
	}
	for _, p := range posts {
		if code := d.call("POST", p[1], json.RawMessage(p[2]), nil); code != 204 {
			t.Errorf("POST %s: %d, want 204:\n%s", p[1], code, p[2])
		}
	}
}
