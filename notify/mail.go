package notify

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
)

// MailOptions say where mail is handed in (contracts/chronos.md 9: --mail_…).
type MailOptions struct {
	Server   string // host:port
	From     string // the sender's address
	User     string // "": no authentication
	Password string
	TLS      bool        // implicit TLS; without it STARTTLS is used if the server offers it
	Config   *tls.Config // nil: the system's roots
}

// mailer hands mail in.
type mailer struct {
	options MailOptions
	host    string
	port    int
}

// NewMail returns a sink that sends mail.
func NewMail(o MailOptions) (Sink, error) {
	host, text, err := net.SplitHostPort(o.Server)
	if err != nil || host == "" {
		return nil, errors.New("server: want host:port")
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return nil, errors.New("server: want host:port, the port from 1 to 65535")
	}
	if o.User == "" && o.Password != "" {
		return nil, errors.New("a password without a user")
	}
	m := &mailer{o, host, port}
	_, err = m.compose(Message{Subject: "s", To: o.From})
	return m, err
}

func (m *mailer) Name() string   { return "mail" }
func (m *mailer) Personal() bool { return true }

// compose makes a mail of one recipient, in plain text and UTF-8.
func (m *mailer) compose(msg Message) (*mail.Msg, error) {
	out := mail.NewMsg(mail.WithCharset(mail.CharsetUTF8))
	if err := out.From(m.options.From); err != nil {
		return nil, fmt.Errorf("%w: sender: %w", ErrRefused, err)
	}
	if err := out.To(msg.To); err != nil {
		return nil, fmt.Errorf("%w: recipient: %w", ErrRefused, err)
	}
	out.Subject(strings.TrimSpace(strings.Join(strings.Fields(msg.Subject), " ")))
	out.SetDate()
	out.SetMessageID()
	out.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no holiday replies
	out.SetBodyString(mail.TypeTextPlain, strings.TrimLeft(msg.Text, "\n"))
	return out, nil
}

// Send hands one mail in, over a connection of its own.
func (m *mailer) Send(ctx context.Context, msg Message) error {
	out, err := m.compose(msg)
	if err != nil {
		return err
	}
	// The library counts the time of the dialogue by itself, in two halves.
	half := sendTime / 2
	if end, ok := ctx.Deadline(); ok {
		half = max(min(half, time.Until(end)/2), time.Millisecond)
	}
	client, err := mail.NewClient(m.host, m.clientOptions(half)...)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	err = client.DialAndSendWithContext(ctx, out)
	var sent *mail.SendError
	if errors.As(err, &sent) && !sent.IsTemp() && sent.ErrorCode() >= 500 {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

func (m *mailer) clientOptions(timeout time.Duration) []mail.Option {
	config := m.options.Config.Clone()
	if config == nil {
		config = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	config.ServerName = m.host
	list := []mail.Option{mail.WithPort(m.port), mail.WithTimeout(timeout), mail.WithTLSConfig(config)}
	if name, err := os.Hostname(); err == nil && name != "" {
		list = append(list, mail.WithHELO(name))
	}
	if m.options.TLS {
		list = append(list, mail.WithSSL())
	} else {
		list = append(list, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if m.options.User != "" {
		// Without TLS only methods that do not show the password are used.
		list = append(list, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(m.options.User), mail.WithPassword(m.options.Password))
	}
	return list
}
