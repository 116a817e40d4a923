package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/remote"
)

// actions connects to a server on which something shall be done.
func (k *connection) actions(ctx context.Context) (remote.Server, remote.Actions, *remote.Client, error) {
	server, client, _, err := k.connect(ctx)
	if err != nil {
		return nil, nil, nil, err
	}
	a, ok := server.(remote.Actions)
	if !ok {
		return nil, nil, nil, errors.New("this server can't do that")
	}
	return server, a, client, nil
}

// errChronosWait says that there is nothing to wait for.
var errChronosWait = usageError{errors.New("--wait: a Chronos does not tell of its runs")}

func runCommand() *cobra.Command {
	var environment []string
	var wait bool
	var patience time.Duration
	c := &cobra.Command{
		Use:   "run [flags] JOB [-- ARGUMENT…]",
		Short: "Run a job now",
		Long: `Run a job now, also one that is paused. Arguments and environment are of this run
alone: arguments come instead of the job's own, the environment is added.

Exit codes: 0 · 1 it could not be ordered · 5 with --wait: the run did not succeed.`,
		Example: "  hora run load\n  hora run --wait --env DAY=2026-01-31 load -- --full",
		Args:    arguments(cobra.MinimumNArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.Flags().StringArrayVar(&environment, "env", nil, "NAME=VALUE of an environment variable of this run; may be repeated")
	c.Flags().BoolVar(&wait, "wait", false, "follow the run until it is over, with its output")
	c.Flags().DurationVar(&patience, "wait_timeout", time.Hour, "how long --wait waits at most")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		var vars []job.Variable
		for _, e := range environment {
			name, value, found := strings.Cut(e, "=")
			if !found || name == "" {
				return badFlag("env", e, "NAME=VALUE")
			}
			vars = append(vars, job.Variable{Name: name, Value: value})
		}
		ctx := cmd.Context()
		server, a, client, err := connect.actions(ctx)
		if err != nil {
			return err
		}
		switch release := server.Release(); {
		case wait && release != api.Hora:
			return errChronosWait
		case len(vars) > 0 && release != api.Hora:
			return usageError{errors.New("--env: a Chronos takes no environment for a run")}
		case len(args) > 1 && release == api.Chronos24:
			return usageError{errors.New("arguments: a Chronos 2.4 takes none for a run")}
		}
		id, err := a.Run(ctx, args[0], args[1:], vars)
		if err != nil {
			return meant(ctx, server, args[0], err)
		}
		if id == "" {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: a run is ordered\n", args[0])
			return nil
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s: run %s is ordered\n", args[0], id)
		if !wait {
			return nil
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		f := &follower{client: client, out: cmd.OutOrStdout(), paint: newPainter(cmd.OutOrStdout())}
		return f.run(ctx, args[0], id, "")
	}
	return c
}

func killCommand() *cobra.Command {
	var run string
	c := &cobra.Command{
		Use:     "kill [flags] JOB…",
		Short:   "End the tasks of jobs, or one run",
		Long:    "End all tasks of jobs, or with --run one run. Runs that are killed are not retried.",
		Example: "  hora kill load\n  hora kill --run 1-2f",
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.Flags().StringVar(&run, "run", "", "id of the run to end")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if (run == "") == (len(args) == 0) {
			return usageError{errors.New("want names of jobs, or --run")}
		}
		server, a, client, err := connect.actions(cmd.Context())
		if err != nil {
			return err
		}
		if run != "" {
			if server.Release() != api.Hora {
				return usageError{errors.New("--run: a Chronos knows no runs")}
			}
			if err := client.KillRun(cmd.Context(), run); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "run %s is ended\n", run)
			return err
		}
		return each(cmd, server, args, "is ended", func(name string) error { return a.Kill(cmd.Context(), name) })
	}
	return c
}

func pauseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:     "pause [flags] JOB…",
		Short:   "Pause jobs: their slots are skipped until they are resumed",
		Example: "  hora pause --reason 'the source is down' load",
		Args:    arguments(cobra.MinimumNArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.Flags().StringVar(&reason, "reason", "", "why, for people")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		server, a, _, err := connect.actions(cmd.Context())
		if err != nil {
			return err
		}
		return each(cmd, server, args, "is paused", func(name string) error { return a.Pause(cmd.Context(), name, reason) })
	}
	return c
}

func resumeCommand() *cobra.Command {
	c := &cobra.Command{
		Use:     "resume [flags] JOB…",
		Short:   "Resume jobs that are paused",
		Example: "  hora resume load",
		Args:    arguments(cobra.MinimumNArgs(1)),
	}
	connect := connectionFlags(c)
	c.ValidArgsFunction = connect.completeJobs
	c.RunE = func(cmd *cobra.Command, args []string) error {
		server, a, _, err := connect.actions(cmd.Context())
		if err != nil {
			return err
		}
		return each(cmd, server, args, "goes on", func(name string) error { return a.Resume(cmd.Context(), name) })
	}
	return c
}

// each does something to each job, goes on after failures and tells of all.
func each(cmd *cobra.Command, server remote.Server, names []string, done string, do func(string) error) error {
	var errs []error
	for _, name := range slices.Compact(slices.Clone(names)) {
		if err := do(name); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", name, meant(cmd.Context(), server, name, err)))
			continue
		}
		fmt.Fprintf(cmd.OutOrStdout(), "%s %s\n", name, done)
	}
	return errors.Join(errs...)
}
