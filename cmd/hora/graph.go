package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/remote"
)

// maxGraphLines bounds a drawing: a graph in which every way is drawn may be very large.
const maxGraphLines = 100000

func graphCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "graph [flags] [JOB]",
		Short: "Draw which job depends on which",
		Long: `Draw which job depends on which: of all jobs that have parents or children, or of
one job with those below it. A job with several parents is drawn with what is
below it once, and named with ↑ elsewhere. With -o dot the output is for Graphviz.`,
		Example: "  hora graph\n  hora graph load\n  hora graph -o dot | dot -Tsvg > graph.svg",
		Args:    arguments(cobra.MaximumNArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.Flags().StringVarP(&output, "output", "o", "tree", "tree or dot")
	completeWords(c, "output", "tree", "dot")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if output != "tree" && output != "dot" {
			return badFlag("output", output, "tree or dot")
		}
		server, _, _, err := connect.connect(cmd.Context())
		if err != nil {
			return err
		}
		known, err := server.Jobs(cmd.Context())
		if err != nil {
			return err
		}
		g := newGraph(known)
		roots := g.roots()
		if len(args) > 0 {
			if known.Jobs[args[0]] == nil {
				return noSuchJob(args[0], slices.Collect(maps.Keys(known.Jobs)))
			}
			roots = args
		}
		if output == "dot" {
			return g.dot(cmd.OutOrStdout(), roots)
		}
		return g.tree(cmd.OutOrStdout(), roots)
	}
	return c
}

// graph is who depends on whom.
type graph struct {
	known    *remote.Known
	parents  map[string][]string
	children map[string][]string
	drawn    map[string]bool
	lines    int
}

func newGraph(known *remote.Known) *graph {
	g := &graph{known: known, parents: make(map[string][]string), children: make(map[string][]string), drawn: make(map[string]bool)}
	for _, name := range slices.Sorted(maps.Keys(known.Jobs)) {
		for _, p := range submit.Parents(known.Jobs[name].Job) {
			g.parents[name] = append(g.parents[name], p)
			g.children[p] = append(g.children[p], name)
		}
	}
	return g
}

// roots are the jobs with children and without parents.
func (g *graph) roots() []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(g.children)) {
		if len(g.parents[name]) == 0 {
			out = append(out, name)
		}
	}
	return out
}

func (g *graph) tree(out io.Writer, roots []string) error {
	for _, r := range roots {
		if err := g.draw(out, r, "", ""); err != nil {
			return err
		}
	}
	return nil
}

// draw writes a job and what is below it.
func (g *graph) draw(out io.Writer, name, first, rest string) error {
	if g.lines++; g.lines > maxGraphLines {
		return fmt.Errorf("the drawing has more than %d lines; -o dot gives the graph", maxGraphLines)
	}
	note := ""
	if r := g.known.Jobs[name]; r != nil {
		switch {
		case r.Job.Schedule != "":
			note = "  " + r.Job.Schedule
		case r.Job.Trigger != "":
			note = "  when " + r.Job.Trigger
		case len(g.parents[name]) > 1:
			note = "  after " + strings.Join(g.parents[name], " && ")
		}
		if r.Job.Disabled {
			note += "  (paused)"
		}
	}
	again := g.drawn[name] && len(g.children[name]) > 0
	if again {
		note += "  ↑"
	}
	if _, err := fmt.Fprintln(out, first+name+note); err != nil || again {
		return err
	}
	g.drawn[name] = true
	children := g.children[name]
	for i, c := range children {
		corner, bar := "├─ ", "│  "
		if i == len(children)-1 {
			corner, bar = "└─ ", "   "
		}
		if err := g.draw(out, c, rest+corner, rest+bar); err != nil {
			return err
		}
	}
	return nil
}

// dot writes what is below the roots for Graphviz.
func (g *graph) dot(out io.Writer, roots []string) error {
	var b strings.Builder
	b.WriteString("digraph hora {\n  rankdir=LR;\n  node [shape=box];\n")
	seen := make(map[string]bool)
	queue := slices.Clone(roots)
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		if seen[name] {
			continue
		}
		seen[name] = true
		fmt.Fprintf(&b, "  %s;\n", dotQuote(name))
		for _, c := range g.children[name] {
			fmt.Fprintf(&b, "  %s -> %s;\n", dotQuote(name), dotQuote(c))
		}
		queue = append(queue, g.children[name]...)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// dotQuote writes a text as Graphviz reads it.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}
