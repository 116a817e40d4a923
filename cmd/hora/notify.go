package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/hora-scheduler/hora/config"
	"github.com/hora-scheduler/hora/notify"
)

// notifyFlags say who is told of what, and how (contracts/chronos.md 8 and 9).
type notifyFlags struct {
	rules, cluster               string
	mail                         notify.MailOptions
	mailPasswordFile             string
	slack, mattermost, sentry    string
	httpAddress, httpCredentials string
}

// add adds the flags.
func (f *notifyFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.cluster, "cluster_name", "", "name of the cluster, in front of the subject of each notification")
	flags.StringVar(&f.rules, "notify", notify.DefaultRules, "who is told of what, of jobs that do not say: EVENTS [to TARGETS][; …], or none")
	flags.StringVar(&f.mail.Server, "mail_server", "", "SMTP server, HOST:PORT")
	flags.StringVar(&f.mail.From, "mail_from", "", "sender of mails")
	flags.StringVar(&f.mail.User, "mail_user", "", "user of the SMTP server")
	flags.StringVar(&f.mail.Password, "mail_password", "", "password of the SMTP server; better in a file")
	flags.StringVar(&f.mailPasswordFile, "mail_password_file", "", "file that holds the password of the SMTP server")
	flags.BoolVar(&f.mail.TLS, "mail_ssl", false, "TLS from the first byte; without it STARTTLS is used where the server offers it")
	flags.StringVar(&f.slack, "slack_url", "", "incoming webhook of Slack")
	flags.StringVar(&f.mattermost, "mattermost_url", "", "incoming webhook of Mattermost")
	flags.StringVar(&f.httpAddress, "http_notification_url", "", "address that each notification is posted to as JSON")
	flags.StringVar(&f.httpCredentials, "http_notification_credentials", "", "USER:PASSWORD for that address")
	flags.StringVar(&f.sentry, "raven_dsn", "", "DSN of a Sentry project")
}

// hidden is what is shown of a value that is a secret.
const hidden = "…"

// sinks makes the sinks that are configured. No error shows a secret.
func (f *notifyFlags) sinks() ([]notify.Sink, error) {
	var out []notify.Sink
	mail := f.mail
	if f.mailPasswordFile != "" {
		if mail.Password != "" {
			return nil, badFlag("mail_password_file", f.mailPasswordFile, "it or --mail_password, not both")
		}
		text, err := os.ReadFile(f.mailPasswordFile)
		if err != nil {
			return nil, badFlag("mail_password_file", f.mailPasswordFile, "a file that can be read: "+err.Error())
		}
		mail.Password = strings.TrimRight(string(text), "\r\n")
	}
	switch {
	case mail.Server != "" && mail.From == "":
		return nil, badFlag("mail_from", `""`, "the sender's address, as --mail_server is set")
	case mail.Server == "" && (mail.From != "" || mail.User != ""):
		return nil, badFlag("mail_server", `""`, "HOST:PORT, as --mail_from or --mail_user is set")
	case mail.Server != "":
		s, err := notify.NewMail(mail)
		if err != nil {
			return nil, badFlag("mail_server", mail.Server, "HOST:PORT with a --mail_from that is an address: "+err.Error())
		}
		out = append(out, s)
	}
	for _, c := range []struct {
		flag, value string
		make        func(string) (notify.Sink, error)
	}{
		{"slack_url", f.slack, notify.NewSlack}, {"mattermost_url", f.mattermost, notify.NewMattermost},
		{"http_notification_url", f.httpAddress, func(u string) (notify.Sink, error) { return notify.NewHTTP(u, f.httpCredentials) }},
		{"raven_dsn", f.sentry, notify.NewSentry},
	} {
		if c.value == "" {
			continue
		}
		s, err := c.make(c.value)
		if err != nil {
			return nil, badFlag(c.flag, hidden, "an address: it "+err.Error())
		}
		out = append(out, s)
	}
	return out, nil
}

// notifier makes the notifier of these flags.
func (f *notifyFlags) notifier(log *slog.Logger) (*notify.Notifier, error) {
	sinks, err := f.sinks()
	if err != nil {
		return nil, err
	}
	n, err := notify.New(notify.Options{Sinks: sinks, Rules: f.rules, Cluster: f.cluster, Log: log})
	if err != nil {
		return nil, badFlag("notify", f.rules, "rules such as 'failed, late to mail; recovered to ops@example.com': "+err.Error())
	}
	return n, nil
}

func notifyCommand() *cobra.Command {
	c := &cobra.Command{Use: "notify", Short: "Try out how people are told of jobs", Args: arguments(cobra.NoArgs)}
	var f notifyFlags
	var to string
	var old chronosOptions
	set := config.New(prefix, f.settings()...)
	set.Add(old.settings()[0]) // chronos_conf
	set.More(old.fallbacks)
	set.Share(new(serveOptions).set())
	test := &cobra.Command{
		Use:   "test [flags]",
		Short: "Send a test message by each way that is configured, and say what happened",
		Long: `Send one message by each way that is configured, as hora serve would, and say
what became of it. The settings are those of hora serve: flags, HORA_…, the file
that --config names, and the files of a Chronos.`,
		Example: "  hora notify test --mail_server mail:25 --mail_from hora@example.com --to me@example.com\n  hora notify test --slack_url https://hooks.slack.com/services/…",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := set.Load(os.Environ()); err != nil {
				return usageError{err}
			}
			if to == "" {
				to = f.mail.From
			}
			return f.test(cmd.Context(), to, cmd.OutOrStdout())
		},
	}
	set.Flags(test.Flags())
	test.Flags().StringVar(&to, "to", "", "recipient of the message; by default --mail_from")
	c.AddCommand(test)
	return c
}

// test sends the messages. It fails if one of them does.
func (f *notifyFlags) test(ctx context.Context, to string, out io.Writer) error {
	n, err := f.notifier(slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	names := n.Names()
	if len(names) == 0 {
		return usageError{fmt.Errorf("nothing is configured: want one of --mail_server, --slack_url, --mattermost_url, --http_notification_url, --raven_dsn")}
	}
	failed := 0
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i, err := range n.Test(ctx, to) {
		result := "sent"
		if names[i] == "mail" {
			result = "sent to " + to
		}
		if err != nil {
			failed++
			result = "failed: " + err.Error()
		}
		fmt.Fprintf(w, "%s\t%s\n", names[i], result)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d messages were not delivered", failed, len(names))
	}
	return nil
}
