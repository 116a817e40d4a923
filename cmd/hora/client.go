package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/hora-scheduler/hora/submit/remote"
	"github.com/hora-scheduler/hora/submit/target"
)

// More exit codes of the client commands; `hora submit --help` tells them.
const (
	exitPartly   = 4 // some jobs were refused or not sent
	exitRun      = 5 // a run that was waited for did not succeed
	exitConflict = 6 // somebody else changed a job meanwhile

	exitInterrupted = 130 // by Ctrl-C or SIGTERM; as shells have it
)

// codeError is an error with the exit code that tells of it.
type codeError struct {
	error
	code int
}

// Unwrap returns the error itself.
func (e codeError) Unwrap() error { return e.error }

// connection is what the flags say about the server.
type connection struct{ target.Sources }

// connectionFlags adds the flags that name a server.
func connectionFlags(c *cobra.Command) *connection {
	k := &connection{target.Sources{Env: os.LookupEnv}}
	f := c.Flags()
	f.StringVar(&k.Server, "server", "", "URL of a hora or Chronos server (environment HORA_SERVER; default "+defaultServer+")")
	f.StringVar(&k.Context, "context", "", "context of the configuration file (environment HORA_CONTEXT)")
	f.StringVar(&k.Config, "config", "", "configuration file (environment HORA_CONFIG; default ~/.config/hora/config.yaml)")
	f.StringVar(&k.Chronos, "application_conf", "", "application.conf of mesos-chronos-submitter (default: that of the current folder)")
	_ = c.RegisterFlagCompletionFunc("context", func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
		return k.contexts(), cobra.ShellCompDirectiveNoFileComp
	})
	return k
}

func (k *connection) contexts() []string {
	config, err := k.Load()
	if err != nil {
		return nil
	}
	var out []string
	for _, t := range config.Contexts {
		out = append(out, t.Name)
	}
	return out
}

// client returns a client of the server, and where that is.
func (k *connection) client() (*remote.Client, target.Target, error) {
	t, err := k.Find()
	if err != nil {
		return nil, t, usageError{err}
	}
	c, err := remote.NewClient(t.Server, t.Login, nil)
	if err != nil {
		return nil, t, badFlag("server", t.Server, "a URL such as "+defaultServer)
	}
	return c, t, nil
}

// connect asks the server what it is.
func (k *connection) connect(ctx context.Context) (remote.Server, *remote.Client, target.Target, error) {
	c, t, err := k.client()
	if err != nil {
		return nil, nil, t, err
	}
	s, err := c.Connect(ctx)
	if err != nil {
		return nil, nil, t, unreachable(c.Server(), err)
	}
	return s, c, t, nil
}

// unreachable says which server did not answer, and where nothing was said of one, how to.
func unreachable(server string, err error) error {
	var request *url.Error
	if !errors.As(err, &request) {
		return fmt.Errorf("%s: %w", server, err)
	}
	hint := ""
	if server == defaultServer {
		hint = "; hora dev starts a server there, --server or hora context names another"
	}
	return fmt.Errorf("%s: %w%s", server, request.Err, hint)
}

// isTerminal tells whether a person is at the other end; /dev/null, a character
// device too, is none.
func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// painter colours words, on a terminal that knows colours and if NO_COLOR is not set.
type painter bool

func newPainter(w any) painter {
	return painter(isTerminal(w) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb")
}

func (p painter) paint(colour, text string) string {
	if !p || colour == plain {
		return text
	}
	return colour + text + "\x1b[0m"
}

// confirm asks a person; without one it fails.
func confirm(cmd *cobra.Command, question string) error {
	if !isTerminal(cmd.InOrStdin()) {
		return usageError{errors.New("nobody can be asked, as the input is no terminal: --yes does it without asking")}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%s [y/N] ", question)
	answer, err := unlessCancelled(cmd.Context(), func() ([]byte, error) {
		line := make([]byte, 64)
		n, err := cmd.InOrStdin().Read(line)
		return line[:n], err
	})
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(cmd.ErrOrStderr())
	case err != nil && !errors.Is(err, io.EOF):
		return err
	}
	switch strings.ToLower(strings.TrimSpace(string(answer))) {
	case "y", "yes":
		return nil
	}
	return errors.New("nothing was done")
}

// unlessCancelled reads from a person who may press Ctrl-C instead, which no Read notices.
func unlessCancelled(ctx context.Context, read func() ([]byte, error)) ([]byte, error) {
	type answer struct {
		text []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		text, err := read()
		done <- answer{text, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case a := <-done:
		return a.text, a.err
	}
}
