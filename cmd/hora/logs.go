package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit/remote"
)

func logsCommand() *cobra.Command {
	var follow, stderr bool
	var attempt int
	var last int64
	var run string
	c := &cobra.Command{
		Use:   "logs [flags] JOB",
		Short: "Show the output of a job's last run",
		Long: `Show what the newest run of a job that has a task has written, or with --run a
certain one; of a run with several attempts the last. With -f the output is
followed until the run is over, through further attempts.`,
		Example: "  hora logs load\n  hora logs -f load\n  hora logs --run 1-2f --attempt 0 --stderr",
		Args:    arguments(cobra.MaximumNArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	f := c.Flags()
	f.BoolVarP(&follow, "follow", "f", false, "go on until the run is over")
	f.BoolVar(&stderr, "stderr", false, "what was written to the standard error")
	f.StringVar(&run, "run", "", "id of the run")
	f.IntVar(&attempt, "attempt", -1, "number of the attempt, from 0 (default the last)")
	f.Int64Var(&last, "tail", 0, "only so many bytes of the end; 0 is all")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case (run == "") == (len(args) == 0):
			return usageError{errors.New("want the name of a job, or --run")}
		case attempt < -1:
			return badFlag("attempt", attempt, "a number from 0 on")
		case last < 0:
			return badFlag("tail", last, "a number of bytes")
		}
		client, err := connect.horaClient(cmd)
		if err != nil {
			return err
		}
		l := &logsReader{client: client.Client, cmd: cmd, last: last, file: "stdout"}
		if stderr {
			l.file = "stderr"
		}
		r, err := l.find(cmd.Context(), strings.Join(args, ""), run)
		if err != nil {
			return client.meant(cmd.Context(), strings.Join(args, ""), err)
		}
		if follow && attempt < 0 {
			f := &follower{client: client.Client, out: cmd.OutOrStdout(), paint: newPainter(cmd.OutOrStdout())}
			return f.run(cmd.Context(), r.Job, r.ID, "")
		}
		return l.print(cmd.Context(), r, attempt)
	}
	return c
}

type logsReader struct {
	client *remote.Client
	cmd    *cobra.Command
	file   string
	last   int64
}

// find finds the run whose output is wanted.
func (l *logsReader) find(ctx context.Context, job, id string) (api.Run, error) {
	if id != "" {
		d, err := l.client.RunDocument(ctx, id)
		if err != nil {
			return api.Run{}, err
		}
		return d.Run, nil
	}
	if _, err := l.client.Document(ctx, job); err != nil {
		return api.Run{}, err
	}
	runs, err := l.client.Runs(ctx, url.Values{"job": {job}, "limit": {"100"}})
	if err != nil {
		return api.Run{}, err
	}
	for _, r := range runs {
		if r.ID != "" && len(r.Attempts) > 0 {
			return r, nil
		}
	}
	return api.Run{}, fmt.Errorf("job %q: %w", job, errNoRun)
}

// print writes the file of an attempt as it is now.
func (l *logsReader) print(ctx context.Context, r api.Run, attempt int) error {
	if attempt < 0 {
		if len(r.Attempts) == 0 {
			return fmt.Errorf("run %s: %w", r.ID, errNoRun)
		}
		attempt = r.Attempts[len(r.Attempts)-1].Number
	}
	offset := -l.last
	for {
		part, at, err := l.client.Output(ctx, r.ID, attempt, l.file, offset)
		if err != nil {
			return err
		}
		if len(part) == 0 {
			return nil
		}
		if _, err := l.cmd.OutOrStdout().Write(part); err != nil {
			return err
		}
		offset = at + int64(len(part))
	}
}
