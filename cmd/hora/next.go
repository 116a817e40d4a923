package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/schedule"
)

// maxNext bounds how many instants are printed.
const maxNext = 100000

var (
	gaps     = map[string]schedule.Gap{"": schedule.GapDefault, "run": schedule.GapRun, "skip": schedule.GapSkip}
	overlaps = map[string]schedule.Overlap{"": schedule.OverlapDefault, "first": schedule.OverlapFirst, "both": schedule.OverlapBoth}
)

func nextCommand() *cobra.Command {
	var from, zone, name, gap, overlap, job string
	var connect *connection
	var count int
	c := &cobra.Command{
		Use:   "next [flags] 'SCHEDULE' | next [flags] --job JOB",
		Short: "Print the next instants of a schedule, or of a job",
		Long: `Print the next instants of a schedule, one RFC 3339 line each.

SCHEDULE is an ISO 8601 repeating interval (R[n]/[start]/period) or a cron
expression (5 fields, 6 with seconds, @daily …, @every 90s). If there are fewer
instants than asked for, only these are printed. With --job the schedule is that of a job
of a server, at most 10 instants.`,
		Example: `  hora next '*/15 * * * *'
  hora next --zone Europe/Berlin --from 2026-03-28T00:00:00Z '30 2 * * *'
  hora next -n 4 'R/2026-01-31T00:00:00Z/P1M'`,
		Args: arguments(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if job != "" {
				return nextOfJob(cmd, connect, job, count, len(args))
			}
			if err := cobra.ExactArgs(1)(cmd, args); err != nil {
				return usageError{fmt.Errorf("%w\nsee '%s --help'", err, cmd.CommandPath())}
			}
			at := time.Now()
			if from != "" {
				var err error
				if at, err = time.Parse(time.RFC3339Nano, from); err != nil {
					return badFlag("from", from, "an RFC 3339 time such as 2026-01-31T08:00:00Z")
				}
			}
			if count < 1 || count > maxNext {
				return badFlag("count", count, fmt.Sprintf("a number from 1 to %d", maxNext))
			}
			o := schedule.Options{Zone: zone, Name: name, Anchor: at}
			var known bool
			if o.Gap, known = gaps[gap]; !known {
				return badFlag("dst_gap", gap, "run or skip")
			}
			if o.Overlap, known = overlaps[overlap]; !known {
				return badFlag("dst_overlap", overlap, "first or both")
			}
			s, err := schedule.Parse(args[0], o)
			if err != nil {
				return usageError{err}
			}
			// --from itself may be an instant: what is asked for is what comes from there on.
			at = at.Add(-1)
			for range count {
				if at = s.Next(at); at.IsZero() {
					break
				}
				fmt.Fprintln(cmd.OutOrStdout(), at.In(s.Location()).Format(time.RFC3339Nano))
			}
			return nil
		},
	}
	connect = connectionFlags(c)
	c.Flags().StringVar(&job, "job", "", "name of a job of a server, instead of a schedule")
	_ = c.RegisterFlagCompletionFunc("job", connect.completeJobs)
	c.Flags().StringVar(&from, "from", "", "first instant to consider, RFC 3339 (default now)")
	c.Flags().StringVar(&zone, "zone", "", "time zone of the schedule, such as Europe/Berlin (default UTC)")
	c.Flags().StringVar(&gap, "dst_gap", "", "fixed times that the clock skips: run or skip (default run)")
	c.Flags().StringVar(&overlap, "dst_overlap", "", "fixed times that come twice: first or both (default first)")
	c.Flags().StringVar(&name, "name", "", "name of the job, which H in cron fields is hashed from")
	c.Flags().IntVarP(&count, "count", "n", 5, "how many instants")
	return c
}

// nextOfJob prints the next slots of a job as its server tells them.
func nextOfJob(cmd *cobra.Command, connect *connection, job string, count, args int) error {
	if args > 0 {
		return usageError{errors.New("want a schedule or --job, not both")}
	}
	client, err := connect.horaClient(cmd)
	if err != nil {
		return err
	}
	d, err := client.Document(cmd.Context(), job)
	if err != nil {
		return client.meant(cmd.Context(), job, err)
	}
	for _, at := range d.Next[:min(max(count, 0), len(d.Next))] {
		fmt.Fprintln(cmd.OutOrStdout(), at.Format(time.RFC3339Nano))
	}
	return nil
}
