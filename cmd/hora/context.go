package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
	"golang.org/x/term"

	"github.com/hora-scheduler/hora/submit/target"
)

const contextLong = `List the servers of the configuration file, ~/.config/hora/config.yaml:

    current: prod
    contexts:
      prod: {server: "https://hora.example.com", tokenFile: /home/me/.hora-token}
      dev:  {server: "http://127.0.0.1:4400"}

A context has a server, and user and password, or token, or tokenFile. A file with
a password or token must be readable by its owner alone; hora context set makes it so.
Commands talk to the server of --server, --context, HORA_SERVER, HORA_CONTEXT,
current, the application.conf of mesos-chronos-submitter, or
` + defaultServer + `: the first that is set. HORA_TOKEN, or HORA_USER and
HORA_PASSWORD, say who you are where no context does.`

func contextCommand() *cobra.Command {
	sources := target.Sources{Env: os.LookupEnv}
	c := &cobra.Command{
		Use:   "context",
		Short: "List, choose and change the servers of the configuration file",
		Long:  contextLong,
		Example: `  hora context
  hora context set prod --server https://hora.example.com --token_file ~/.hora-token
  hora context use prod
  hora jobs --context dev`,
		Args: arguments(cobra.NoArgs),
	}
	c.PersistentFlags().StringVar(&sources.Config, "config", "", "configuration file (environment HORA_CONFIG)")
	c.AddCommand(contextUseCommand(&sources), contextSetCommand(&sources), contextDeleteCommand(&sources))
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		config, err := sources.Load()
		if err != nil {
			return usageError{err}
		}
		if len(config.Contexts) == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s has no contexts; hora context set makes one\n", config.File)
		}
		return printContexts(cmd, config)
	}
	return c
}

func printContexts(cmd *cobra.Command, config *target.Config) error {
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

// completeContexts offers names of contexts.
func completeContexts(s *target.Sources) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		other := func(name string) bool { return !strings.HasPrefix(name, begun) }
		return slices.DeleteFunc((&connection{*s}).contexts(), other), cobra.ShellCompDirectiveNoFileComp
	}
}

func contextUseCommand(s *target.Sources) *cobra.Command {
	return &cobra.Command{
		Use:               "use NAME",
		Short:             "Make a context the current one",
		Example:           "  hora context use prod",
		Args:              arguments(cobra.ExactArgs(1)),
		ValidArgsFunction: completeContexts(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := s.Use(args[0])
			if err != nil {
				return usageError{err}
			}
			return printContexts(cmd, config)
		},
	}
}

func contextDeleteCommand(s *target.Sources) *cobra.Command {
	return &cobra.Command{
		Use:               "delete NAME",
		Short:             "Take a context out of the configuration file",
		Example:           "  hora context delete old",
		Args:              arguments(cobra.ExactArgs(1)),
		ValidArgsFunction: completeContexts(s),
		RunE: func(cmd *cobra.Command, args []string) error {
			config, err := s.Delete(args[0])
			if err != nil {
				return usageError{err}
			}
			return printContexts(cmd, config)
		},
	}
}

func contextSetCommand(s *target.Sources) *cobra.Command {
	var t target.Context
	var password, token bool
	c := &cobra.Command{
		Use:   "set NAME [flags]",
		Short: "Make a context, or change one",
		Long: `Make a context, or change what is given of one. A new way to log in takes the place
of the old one. The first context becomes the current one. Passwords and tokens come
by the standard input, so that they stand in no list of processes; a terminal is
asked, and does not show them. The file is written so that its owner alone can
read it; comments in it stay.`,
		Example: `  hora context set dev --server http://127.0.0.1:4400
  hora context set prod --server https://hora.example.com --token_file ~/.hora-token
  pass show hora | hora context set prod --user me --password_stdin`,
		Args:              arguments(cobra.ExactArgs(1)),
		ValidArgsFunction: completeContexts(s),
	}
	f := c.Flags()
	f.StringVar(&t.Server, "server", "", "URL of a hora or Chronos server")
	f.StringVar(&t.User, "user", "", "who you are there, with --password_stdin")
	f.BoolVar(&password, "password_stdin", false, "read the user's password from the standard input")
	f.BoolVar(&token, "token_stdin", false, "read a token from the standard input")
	f.StringVar(&t.TokenFile, "token_file", "", "file that holds a token; it must be readable by its owner alone")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		t.Name = args[0]
		if err := login(cmd, &t, password, token); err != nil {
			return err
		}
		config, err := s.Set(t)
		if err != nil {
			return usageError{err}
		}
		return printContexts(cmd, config)
	}
	return c
}

// login reads the secret of a context, and makes the name of its file one that
// holds in every folder.
func login(cmd *cobra.Command, t *target.Context, password, token bool) error {
	ways := 0
	for _, chosen := range []bool{password, token, t.TokenFile != ""} {
		if chosen {
			ways++
		}
	}
	switch {
	case ways > 1:
		return usageError{errors.New("want one of --password_stdin, --token_stdin and --token_file")}
	case password != (t.User != ""):
		return usageError{errors.New("--user and --password_stdin go together")}
	case t.Server+t.User+t.TokenFile == "" && !token:
		return usageError{fmt.Errorf("nothing is given to be set, want --server, for one\nsee '%s --help'", cmd.CommandPath())}
	case t.TokenFile != "":
		path, err := filepath.Abs(t.TokenFile)
		t.TokenFile = path
		return err
	case !password && !token:
		return nil
	}
	text, err := readSecret(cmd)
	if err != nil {
		return err
	}
	secret := strings.TrimRight(string(text), "\r\n")
	if secret == "" || len(text) > maxSecret || strings.ContainsAny(secret, "\r\n\x00") {
		return usageError{errors.New("the standard input holds no secret: want one line")}
	}
	if token {
		t.Token = strings.TrimSpace(secret)
	} else {
		t.Password = secret
	}
	return nil
}

// maxSecret bounds a password or token, in bytes.
const maxSecret = 64 << 10

// readSecret reads a secret from the standard input; a terminal is asked and does not show it.
func readSecret(cmd *cobra.Command) ([]byte, error) {
	if in, ok := cmd.InOrStdin().(*os.File); ok && isTerminal(in) {
		before, err := term.GetState(int(in.Fd()))
		if err != nil {
			return nil, err
		}
		defer func() { // also after Ctrl-C, when nobody else does
			_ = term.Restore(int(in.Fd()), before)
			fmt.Fprintln(cmd.ErrOrStderr())
		}()
		fmt.Fprint(cmd.ErrOrStderr(), "secret: ")
		return unlessCancelled(cmd.Context(), func() ([]byte, error) { return term.ReadPassword(int(in.Fd())) })
	}
	return io.ReadAll(io.LimitReader(cmd.InOrStdin(), maxSecret+1))
}

func manCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "man DIR",
		Short:   "Write the manual pages into a folder",
		Example: "  hora man /usr/local/share/man/man1",
		Hidden:  true,
		Args:    arguments(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := os.MkdirAll(args[0], 0o755); err != nil {
				return err
			}
			cmd.Root().DisableAutoGenTag = true
			return doc.GenManTree(cmd.Root(), &doc.GenManHeader{Title: "HORA", Section: "1", Source: "hora " + version}, args[0])
		},
	}
}
