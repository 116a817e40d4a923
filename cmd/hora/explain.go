package main

import (
	"encoding/json"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
)

// defaultServer is where hora dev listens.
const defaultServer = "http://127.0.0.1:4400"

func explainCommand() *cobra.Command {
	var output string
	c := &cobra.Command{
		Use:   "explain [flags] JOB",
		Short: "Say why a job is where it is",
		Long: `Say why a job is where it is: its next slot, the parents it waits for, the next
retry, why no offer will do, the task that runs, and what was decided last.`,
		Example: `  hora explain load
  hora explain -o json load`,
		Args: arguments(cobra.ExactArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.Flags().StringVarP(&output, "output", "o", "text", "text or json")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if output != "text" && output != "json" {
			return badFlag("output", output, "text or json")
		}
		client, err := connect.horaClient(cmd)
		if err != nil {
			return err
		}
		x, err := client.Explain(cmd.Context(), args[0])
		if err != nil {
			return client.meant(cmd.Context(), args[0], err)
		}
		if output == "json" {
			e := json.NewEncoder(cmd.OutOrStdout())
			e.SetIndent("", "  ")
			return e.Encode(x)
		}
		return printExplanation(cmd.OutOrStdout(), x, time.Now())
	}
	return c
}

func printExplanation(out io.Writer, x *api.Explanation, now time.Time) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\n", x.Job)
	for _, r := range x.Reasons {
		fmt.Fprintf(w, "  %s\t%s\t%s\n", r.Code, relative(r.At, now), r.Text)
	}
	if len(x.Decisions) > 0 {
		fmt.Fprintf(w, "last decisions\n")
	}
	for _, d := range x.Decisions {
		what := d.Outcome
		if d.Count > 1 {
			what = fmt.Sprintf("%d %s", d.Count, d.Outcome)
		}
		fmt.Fprintf(w, "  %s\t%s of %s\t%s\n", what, d.Kind, d.Slot.Format(time.RFC3339), d.Reason)
	}
	return w.Flush()
}

// relative says when an instant is, as seen from now.
func relative(at *time.Time, now time.Time) string {
	if at == nil {
		return "-"
	}
	d := at.Sub(now).Round(time.Second)
	text := d.Abs().String()
	switch abs := d.Abs(); {
	case abs >= 48*time.Hour:
		text = fmt.Sprintf("%dd", abs/(24*time.Hour))
	case abs >= time.Hour:
		text = fmt.Sprintf("%dh%02dm", abs/time.Hour, abs%time.Hour/time.Minute)
	}
	if d > 0 {
		return "in " + text
	}
	return text + " ago"
}
