package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"

	"github.com/hora-scheduler/hora/submit/target"
)

func contextCommand() *cobra.Command {
	sources := target.Sources{Env: os.LookupEnv}
	c := &cobra.Command{
		Use:   "context",
		Short: "List the servers of the configuration file",
		Long: `List the servers of the configuration file, ~/.config/hora/config.yaml:

  current: prod
  contexts:
    prod: {server: "https://hora.example.com", tokenFile: /home/me/.hora-token}
    dev:  {server: "http://127.0.0.1:4400"}

A context has a server, and user and password, or token, or tokenFile. A file with
a password or token must be readable by its owner alone. Commands talk to the
server of --server, --context, HORA_SERVER, HORA_CONTEXT, current, the
application.conf of mesos-chronos-submitter, or ` + defaultServer + `: the first that is set.
HORA_TOKEN, or HORA_USER and HORA_PASSWORD, say who you are where no context does.`,
		Example: "  hora context\n  hora jobs --context dev",
		Args:    arguments(cobra.NoArgs),
	}
	c.Flags().StringVar(&sources.Config, "config", "", "configuration file (environment HORA_CONFIG)")
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := sources.Load()
		if err != nil {
			return usageError{err}
		}
		if len(config.Contexts) == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s has no contexts\n", config.File)
		}
		w := newTable(cmd.OutOrStdout(), "CURRENT", "NAME", "SERVER", "AS")
		for _, t := range config.Contexts {
			mark, as := "", "-"
			if t.Name == config.Current {
				mark = "*"
			}
			switch {
			case t.Login.Token != "":
				as = "(token)"
			case t.Login.User != "":
				as = t.Login.User
			}
			w.row(false, plain, mark, t.Name, t.Server, as)
		}
		return w.flush()
	}
	return c
}

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "man DIR",
		Short:  "Write the manual pages into a folder",
		Hidden: true,
		Args:   arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			cmd.Root().DisableAutoGenTag = true
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "HORA", Section: "1", Source: "hora " + version}, args[0])
		},
	}
}
