package main

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
)

// hora connects to a server that has to be hora.
func (k *connection) horaClient(cmd *cobra.Command) (*horaClient, error) {
	server, client, _, err := k.connect(cmd.Context())
	if err != nil {
		return nil, err
	}
	if server.Release() != api.Hora {
		return nil, usageError{fmt.Errorf("%s is a Chronos, which does not tell this", client.Server())}
	}
	return &horaClient{client, server}, nil
}

// What runs may be filtered by.
var (
	runStates   = []string{"waiting", "queued", "deferred", "retrying", "staging", "running", "ending", "ended"}
	runOutcomes = []string{"succeeded", "failed", "killed", "cancelled", "skipped", "missed"}
)

func runsCommand() *cobra.Command {
	var output, state, outcome string
	var since time.Duration
	var most int
	c := &cobra.Command{
		Use:     "runs [flags] [JOB]",
		Short:   "List runs of a job, or of all: those that go on first, then the newest",
		Example: "  hora runs load\n  hora runs --outcome failed --since 24h\n  hora runs --state running -o json",
		Args:    arguments(cobra.MaximumNArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	f := c.Flags()
	f.StringVarP(&output, "output", "o", "table", "table, json, yaml or name (ids alone)")
	f.StringVar(&state, "state", "", strings.Join(runStates, ", ")+"; several with commas between them")
	f.StringVar(&outcome, "outcome", "", strings.Join(runOutcomes, ", ")+"; several with commas between them")
	f.DurationVar(&since, "since", 0, "only runs that ended not longer ago than that, such as 24h")
	f.IntVar(&most, "limit", 20, "how many at most")
	completeWords(c, "output", "table", "json", "yaml", "name")
	completeWords(c, "outcome", runOutcomes...)
	completeWords(c, "state", runStates...)
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if !slices.Contains([]string{"table", "json", "yaml", "name"}, output) {
			return badFlag("output", output, "table, json, yaml or name")
		}
		for name, flag := range map[string]struct {
			text  string
			known []string
		}{"state": {state, runStates}, "outcome": {outcome, runOutcomes}} {
			for word := range strings.SplitSeq(flag.text, ",") {
				if flag.text != "" && !slices.Contains(flag.known, word) {
					return badFlag(name, word, "some of "+strings.Join(flag.known, ", "))
				}
			}
		}
		if most < 1 || most > 1000 {
			return badFlag("limit", most, "a number from 1 to 1000")
		}
		client, err := connect.horaClient(cmd)
		if err != nil {
			return err
		}
		q := url.Values{"limit": {strconv.Itoa(most)}}
		for name, text := range map[string]string{"job": strings.Join(args, ""), "state": state, "outcome": outcome} {
			if text != "" {
				q.Set(name, text)
			}
		}
		if since > 0 {
			q.Set("from", time.Now().Add(-since).UTC().Format(time.RFC3339))
		}
		runs, err := client.Runs(cmd.Context(), q)
		if err != nil {
			return asUsage(client.meant(cmd.Context(), q.Get("job"), err))
		}
		return printRuns(cmd, runs, output)
	}
	return c
}

func printRuns(cmd *cobra.Command, runs []api.Run, output string) error {
	out, now := cmd.OutOrStdout(), time.Now()
	switch output {
	case "json":
		return writeJSON(out, runs)
	case "yaml":
		return printYAML(out, runs)
	case "name":
		for _, r := range runs {
			if r.ID != "" {
				fmt.Fprintln(out, r.ID)
			}
		}
		return nil
	}
	paint := newPainter(out)
	w := newTable(out, "RUN", "JOB", "OF", "STATE", "TRIES", "TOOK", "ENDED", "REASON")
	for _, r := range runs {
		what, colour := r.State, plain
		if r.Outcome != "" {
			what, colour = r.Outcome, map[string]string{"succeeded": green, "failed": red}[r.Outcome]
		}
		of := r.Kind + " " + r.Slot.Format(time.RFC3339)
		if r.Count > 1 {
			of = fmt.Sprintf("%d slots up to %s", r.Count, r.Slot.Format(time.RFC3339))
		}
		id := r.ID
		if id == "" {
			id = "-"
		}
		w.row(paint, colour, id, r.Job, of, what, strconv.Itoa(len(r.Attempts)), tookText(r, now), relative(r.Ended, now), reasonOf(r))
	}
	return w.flush()
}

// tookText is how long the last attempt ran.
func tookText(r api.Run, now time.Time) string {
	if len(r.Attempts) == 0 {
		return "-"
	}
	a := r.Attempts[len(r.Attempts)-1]
	end := a.Ended
	if end.IsZero() {
		end = now
	}
	if a.Running.IsZero() {
		return "-"
	}
	return short(end.Sub(a.Running))
}

func reasonOf(r api.Run) string {
	if r.Reason == "" && r.Outcome == "failed" && len(r.Attempts) > 0 {
		return r.Attempts[len(r.Attempts)-1].Message
	}
	return r.Reason
}

// errNoRun says that a job has no run to look at.
var errNoRun = errors.New("the job has no run whose output could be shown")
