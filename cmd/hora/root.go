package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// Exit codes of the program.
const (
	exitOK     = 0
	exitFailed = 1 // it was tried and did not work
	exitUsage  = 2 // the command line or the configuration is wrong
	exitUnlike = 3 // there is nothing that is exactly what was asked for
)

// usageError says that what was asked for is wrong, before anything was tried.
type usageError struct{ error }

// unlikeError says that there is no exact answer.
type unlikeError struct{ error }

// badFlag says that a flag's value is wrong and what was expected.
func badFlag(name string, value any, want string) error {
	return usageError{fmt.Errorf("--%s %v: want %s", name, value, want)}
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := rootCommand()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return exitOK
	}
	var coded codeError
	if !errors.As(err, &coded) && ctx.Err() != nil && errors.Is(err, context.Canceled) {
		coded = codeError{errors.New("interrupted"), exitInterrupted}
		err = coded
	}
	fmt.Fprintln(stderr, "hora:", err)
	if coded.code != 0 {
		return coded.code
	}
	var usage usageError
	if errors.As(err, &usage) || isCobraUsage(root, args) {
		return exitUsage
	}
	if errors.As(err, new(unlikeError)) {
		return exitUnlike
	}
	return exitFailed
}

// rootCommand is hora with all its commands.
func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:     "hora",
		Short:   "Schedules jobs on Apache Mesos: a replacement for cron and Chronos",
		Version: version,
		Example: `  hora dev examples/*.json
  hora submit --zone Europe/Berlin mytab
  hora jobs
  hora explain report`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usageError{fmt.Errorf("%w\nsee '%s --help'", err, c.CommandPath())}
	})
	root.AddCommand(
		backupCommand(), restoreCommand(),
		convertCommand(), devCommand(), explainCommand(), importCommand(), nextCommand(), notifyCommand(), serveCommand(), simCommand(),
	)
	root.AddCommand(submitCommand(), planCommand(), applyCommand(), exportCommand(), fmtCommand(), schemaCommand())
	root.AddCommand(jobsCommand(), showCommand(), runsCommand(), logsCommand(), runCommand(), killCommand(), pauseCommand(), resumeCommand())
	root.AddCommand(graphCommand(), contextCommand(), manCommand(), tokenCommand(), passwordCommand())
	return root
}

// isCobraUsage tells whether cobra itself refused the command line (unknown
// command): then no command was found to run.
func isCobraUsage(root *cobra.Command, args []string) bool {
	cmd, _, err := root.Find(args)
	return err != nil || cmd == root
}

// arguments makes cobra's check of arguments a usage error.
func arguments(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if err := check(c, args); err != nil {
			return usageError{fmt.Errorf("%w\nsee '%s --help'", err, c.CommandPath())}
		}
		return nil
	}
}
