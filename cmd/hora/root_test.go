package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// TestHelp: each command says in its help what it does, and shows how it is
// called; the examples name commands and flags that there are.
func TestHelp(t *testing.T) {
	t.Parallel()
	root := rootCommand()
	seen := 0
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		for _, sub := range c.Commands() {
			walk(sub)
		}
		if !c.Runnable() || c.Name() == "help" {
			return
		}
		seen++
		if c.Short == "" || strings.HasSuffix(c.Short, ".") || len(c.Short) > 85 {
			t.Errorf("%s: its short description is %q", c.CommandPath(), c.Short)
		}
		if c.Example == "" {
			t.Errorf("%s has no example", c.CommandPath())
		}
		for line := range strings.Lines(strings.ReplaceAll(c.Example, "\\\n", " ")) {
			if !strings.HasPrefix(line, "  ") || len(line) > 160 {
				t.Errorf("%s: the example %q does not stand two blanks in, or is long", c.CommandPath(), line)
			}
			checkExample(t, c, line)
		}
	}
	walk(root)
	if seen < 30 {
		t.Errorf("%d commands were looked at, want at least 30", seen)
	}
}

// cancelling cancels when a text has been written.
type cancelling struct {
	bytes.Buffer
	cancel context.CancelFunc
	on     string
}

func (c *cancelling) Write(p []byte) (int, error) {
	n, err := c.Buffer.Write(p)
	if strings.Contains(c.String(), c.on) {
		c.cancel()
	}
	return n, err
}

// TestInterrupted: Ctrl-C ends what waits, says what goes on, and the status is that of shells.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--quiet")
	d.post(jobSpec{"name": "long", "command": "echo start; exec sleep 60", "schedule": "R/2100-01-01T00:00:00Z/P1D"})
	call := func(on string, args ...string) (int, string) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		out := &cancelling{cancel: cancel, on: on}
		code := run(ctx, args, out, out)
		return code, out.String()
	}
	for _, args := range [][]string{{"run", "--wait", "long"}, {"logs", "-f", "long"}} {
		code, out := call("start\n", append(args, "--server", d.base)...)
		if code != exitInterrupted || !strings.Contains(out, "hora: interrupted; the run of job \"long\" goes on\n") {
			t.Errorf("%v exits with %d:\n%s", args, code, out)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	if code := run(ctx, []string{"jobs", "--server", d.base}, &out, &out); code != exitInterrupted || out.String() != "hora: interrupted\n" {
		t.Errorf("exit %d: %s", code, out.String())
	}
	out.Reset()
	if code := run(t.Context(), []string{"kill", "long", "--server", d.base}, &out, &out); code != 0 {
		t.Errorf("exit %d: %s", code, out.String())
	}
}

// checkExample checks the call of hora in a line.
func checkExample(t *testing.T, c *cobra.Command, line string) {
	t.Helper()
	if _, after, piped := strings.Cut(line, "| hora "); piped {
		line = "hora " + after
	}
	call, found := strings.CutPrefix(strings.TrimSpace(line), "hora ")
	if !found {
		t.Errorf("%s: the example %q does not call hora", c.CommandPath(), line)
		return
	}
	call, _, _ = strings.Cut(call, " | ")
	called, rest, err := rootCommand().Find(strings.Fields(call))
	if err != nil || called.Parent() == nil {
		t.Errorf("%s: the example %q calls no command: %v", c.CommandPath(), line, err)
		return
	}
	for _, word := range rest {
		if word == "--" {
			return
		}
		if name, long := strings.CutPrefix(word, "--"); long {
			name, _, _ = strings.Cut(name, "=")
			if called.Flag(name) == nil && called.InheritedFlags().Lookup(name) == nil {
				t.Errorf("%s: the example %q has the flag --%s, which %s does not know", c.CommandPath(), line, name, called.CommandPath())
			}
		}
	}
}
