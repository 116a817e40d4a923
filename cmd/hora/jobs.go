package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	yaml "go.yaml.in/yaml/v4"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// Limits of what is listed.
const (
	listed    = 1000   // if nobody says
	maxListed = 200000 // at most
)

func jobsCommand() *cobra.Command {
	var sort, output string
	var most int
	c := &cobra.Command{
		Use:   "jobs [flags] [FILTER…]",
		Short: "List jobs",
		Long: `List jobs. FILTER is words that stand in a job's name, command or owner, and terms
such as state:failing, owner:etl, next<1h, -state:disabled; a job has to satisfy
all of them. Of a Chronos, words are looked for in names and commands.`,
		Example: "  hora jobs\n  hora jobs state:failing owner:etl\n  hora jobs --sort -last -o name report",
	}
	connect := connectionFlags(c)
	f := c.Flags()
	f.StringVar(&sort, "sort", "", "name, next, last, state, owner, failures or duration; - before it turns the order round (default name)")
	f.StringVarP(&output, "output", "o", "table", "table, json, yaml or name")
	f.IntVar(&most, "limit", listed, "how many jobs at most")
	completeWords(c, "output", "table", "json", "yaml", "name")
	completeWords(c, "sort", "name", "next", "last", "state", "owner", "failures", "duration")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains([]string{"table", "json", "yaml", "name"}, output) {
			return badFlag("output", output, "table, json, yaml or name")
		}
		if most < 1 || most > maxListed {
			return badFlag("limit", most, fmt.Sprintf("a number from 1 to %d", maxListed))
		}
		server, client, _, err := connect.connect(cmd.Context())
		if err != nil {
			return err
		}
		var rows []api.JobRow
		total := 0
		if server.Release() == api.Hora {
			rows, total, err = client.List(cmd.Context(), strings.Join(args, " "), sort, most)
		} else {
			rows, total, err = chronosRows(cmd.Context(), server, args, sort, most)
		}
		if err != nil {
			return asUsage(err)
		}
		if err := printJobs(cmd.OutOrStdout(), rows, output, time.Now()); err != nil {
			return err
		}
		if total > len(rows) && (output == "table" || output == "name") {
			fmt.Fprintf(cmd.ErrOrStderr(), "%d of %d jobs; --limit shows more\n", len(rows), total)
		}
		return nil
	}
	return c
}

// asUsage makes a usage error of a server's 400: what was asked for is wrong.
func asUsage(err error) error {
	var status *remote.StatusError
	if errors.As(err, &status) && status.Code == 400 {
		return usageError{err}
	}
	return err
}

// filterTerm is what only hora's filter understands.
var filterTerm = regexp.MustCompile(`^-|^[A-Za-z.]+([:<>=][^/]|[:<>=]$)`)

// chronosRows makes rows of what a Chronos tells.
func chronosRows(ctx context.Context, server remote.Server, words []string, sort string, most int) ([]api.JobRow, int, error) {
	if sort != "" && sort != "name" && sort != "-name" {
		return nil, 0, badFlag("sort", sort, "name or -name, for a Chronos")
	}
	if i := slices.IndexFunc(words, filterTerm.MatchString); i >= 0 {
		return nil, 0, usageError{fmt.Errorf("%s: a Chronos knows no such filter, want words that stand in names or commands", words[i])}
	}
	known, err := server.Jobs(ctx)
	if err != nil {
		return nil, 0, err
	}
	var rows []api.JobRow
	for _, name := range slices.Sorted(maps.Keys(known.Jobs)) {
		j := known.Jobs[name].Job
		text := strings.ToLower(name + "\n" + j.Command)
		if slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, strings.ToLower(w)) }) {
			continue
		}
		counters := known.Jobs[name].Counters
		row := api.JobRow{
			Name: name, Schedule: j.Schedule, TimeZone: j.Zone, Parents: j.Parents, Description: j.Description, Owner: j.Owner, OwnerName: j.OwnerName,
			RunAsUser: j.RunAsUser, Command: j.Command, Retries: j.Retries, State: "-", Disabled: j.Disabled, HighPriority: j.HighPriority,
			SuccessCount: counters.SuccessCount, ErrorCount: counters.ErrorCount, ErrorsSinceLastSuccess: counters.ErrorsSinceLastSuccess, Recent: []string{},
		}
		if j.Disabled {
			row.State = "disabled"
		}
		rows = append(rows, row)
	}
	if sort == "-name" {
		slices.Reverse(rows)
	}
	total := len(rows)
	return rows[:min(most, total)], total, nil
}

func printJobs(out io.Writer, rows []api.JobRow, output string, now time.Time) error {
	switch output {
	case "json":
		return writeJSON(out, rows)
	case "yaml":
		return printYAML(out, rows)
	case "name":
		for _, r := range rows {
			fmt.Fprintln(out, r.Name)
		}
		return nil
	}
	paint := newPainter(out)
	w := newTable(out, "NAME", "STATE", "NEXT", "LAST", "WHEN")
	for _, r := range rows {
		last := "-"
		colour := plain
		if r.Last != nil {
			last = r.Last.Outcome + " " + relative(&r.Last.Ended, now)
		}
		state := r.State
		switch {
		case r.Failing:
			state, colour = state+" (failing)", red
		case state == "running":
			colour = green
		case state == "disabled":
			colour = grey
		}
		w.row(paint, colour, r.Name, state, relative(r.Next, now), last, whenText(r.Schedule, r.TimeZone, r.Parents, r.Trigger))
	}
	return w.flush()
}

// whenText says in short when a job runs.
func whenText(schedule, zone string, parents []string, trigger string) string {
	switch {
	case schedule != "" && zone != "":
		return schedule + " " + zone
	case schedule != "":
		return schedule
	case trigger != "":
		return "when " + trigger
	}
	return "after " + strings.Join(parents, ", ")
}

// table is columns of text. Colours do not count for the width.
type table struct {
	w     *tabwriter.Writer
	out   io.Writer
	lines []string
	buf   strings.Builder
}

func newTable(out io.Writer, head ...string) *table {
	t := &table{out: out}
	t.w = tabwriter.NewWriter(&t.buf, 0, 0, 2, ' ', 0)
	t.row(false, plain, head...)
	return t
}

// row adds a line; it is coloured as a whole.
func (t *table) row(paint painter, colour string, cells ...string) {
	for i, c := range cells {
		cells[i] = strings.NewReplacer("\t", " ", "\n", " ").Replace(c)
	}
	if !paint {
		colour = plain
	}
	t.lines = append(t.lines, colour)
	fmt.Fprintln(t.w, strings.Join(cells, "\t"))
}

func (t *table) flush() error {
	if err := t.w.Flush(); err != nil {
		return err
	}
	i := 0
	for line := range strings.Lines(t.buf.String()) {
		line = strings.TrimRight(line, " \n")
		if _, err := fmt.Fprintln(t.out, painter(t.lines[i] != plain).paint(t.lines[i], line)); err != nil {
			return err
		}
		i++
	}
	return nil
}

// printYAML writes what writeJSON writes, in YAML.
func printYAML(out io.Writer, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	var n yaml.Node
	if err := yaml.Unmarshal(text, &n); err != nil {
		return err
	}
	blockStyle(&n)
	d, err := yaml.NewDumper(out, yaml.WithIndent(2), yaml.WithLineWidth(-1))
	if err != nil {
		return err
	}
	return errors.Join(d.Dump(&n), d.Close())
}

func blockStyle(n *yaml.Node) {
	n.Style = 0
	for _, c := range n.Content {
		blockStyle(c)
	}
}

func showCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "show [flags] JOB",
		Short: "Show a job: its definition and how it is doing",
		Long: `Show a job: how it is doing, and its definition as a job file. With -o yaml the
output is a job file, with -o json all that the server tells.`,
		Example: "  hora show load\n  hora show -o yaml load > load.yaml",
		Args:    arguments(cobra.ExactArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.Flags().StringVarP(&output, "output", "o", "text", "text, yaml or json")
	completeWords(c, "output", "text", "yaml", "json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains([]string{"text", "yaml", "json"}, output) {
			return badFlag("output", output, "text, yaml or json")
		}
		server, client, _, err := connect.connect(cmd.Context())
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		known, err := server.Jobs(cmd.Context())
		if err != nil {
			return err
		}
		r := known.Jobs[args[0]]
		if r == nil {
			return noSuchJob(args[0], slices.Collect(maps.Keys(known.Jobs)))
		}
		if r.Err != nil {
			return r.Err
		}
		text, err := jobfile.Encode(r.Job, known.Defaults)
		if err != nil {
			return err
		}
		if output == "yaml" || server.Release() != api.Hora && output == "text" {
			_, err = out.Write(text)
			return err
		}
		if server.Release() != api.Hora {
			return writeJSON(out, json.RawMessage(api.EncodeDefinition(r.Job, r.Counters, server.Release())))
		}
		d, err := client.Document(cmd.Context(), args[0])
		if err != nil {
			return err
		}
		if output == "json" {
			return writeJSON(out, d)
		}
		printDocument(out, d, r, time.Now())
		_, err = fmt.Fprintf(out, "\n%s", text)
		return err
	}
	return c
}

// noSuchJob names the job that was probably meant.
func noSuchJob(name string, known []string) error {
	slices.Sort(known)
	if near := jobfile.Nearest(name, known); near != "" {
		return fmt.Errorf("there is no job %q; did you mean %q?", name, near)
	}
	return fmt.Errorf("there is no job %q", name)
}

// meant makes an error of a server that does not know the job one that names
// the job that was probably meant.
func meant(ctx context.Context, server remote.Server, name string, err error) error {
	var status *remote.StatusError
	if name == "" || !errors.As(err, &status) || status.Code != http.StatusNotFound && status.Code != http.StatusBadRequest {
		return err
	}
	known, listErr := server.Jobs(ctx)
	if listErr != nil || known.Jobs[name] != nil {
		return err
	}
	return noSuchJob(name, slices.Collect(maps.Keys(known.Jobs)))
}

func printDocument(out io.Writer, d *api.JobDocument, r *remote.Record, now time.Time) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	line := func(name, text string) {
		if text != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, text)
		}
	}
	state := d.Row.State
	if r.Reason != "" {
		state += ": " + r.Reason
	}
	line("state", state)
	if d.Row.Last != nil {
		line("last", fmt.Sprintf("%s %s", d.Row.Last.Outcome, relative(&d.Row.Last.Ended, now)))
	}
	if len(d.Next) > 0 {
		line("next", fmt.Sprintf("%s (%s)", d.Next[0].Format(time.RFC3339), relative(&d.Next[0], now)))
	}
	for _, run := range d.Runs {
		line("run", fmt.Sprintf("%s %s, %s of %s", run.ID, run.State, run.Kind, run.Slot.Format(time.RFC3339)))
	}
	for _, p := range d.Parents {
		line("parent", fmt.Sprintf("%s, %s, %d successes not spent", p.Name, p.State, p.Succeeded))
	}
	if len(d.Children) > 0 {
		line("children", strings.Join(d.Children, ", "))
	}
	line("recent", strings.Join(d.Row.Recent, " "))
	line("counts", fmt.Sprintf("%d succeeded, %d failed", d.Row.SuccessCount, d.Row.ErrorCount))
	line("folder", r.Job.ManagedBy)
	line("revision", fmt.Sprintf("%d, %s", d.Revision, relative(&d.Row.Updated, now)))
	_ = w.Flush() // a pipe that is closed is told by what comes next
}
