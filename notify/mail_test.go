package notify_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/notify"
)

// post office: a small SMTP server (RFC 5321) for tests.
type office struct {
	addr     string
	cert     tls.Certificate
	roots    *x509.CertPool
	implicit bool   // TLS from the first byte
	starttls bool   // offered
	auth     string // mechanisms offered, "" none
	reply    string // to RCPT, "" is 250

	mails    chan string
	commands chan string
}

func open(t *testing.T, o *office) *office {
	t.Helper()
	o.mails, o.commands = make(chan string, 10), make(chan string, 200)
	o.cert, o.roots = certificate(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	o.addr = l.Addr().String()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go o.serve(c)
		}
	}()
	return o
}

func (o *office) serve(c net.Conn) {
	defer func() { c.Close() }()
	config := &tls.Config{Certificates: []tls.Certificate{o.cert}}
	secure := o.implicit
	if o.implicit {
		c = tls.Server(c, config)
	}
	in := bufio.NewReader(c)
	say := func(line string) { fmt.Fprint(c, line+"\r\n") }
	say("220 office ESMTP")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		o.commands <- line
		switch verb, _, _ := strings.Cut(strings.ToUpper(line), " "); verb {
		case "EHLO", "HELO":
			say("250-office")
			if o.starttls && !secure {
				say("250-STARTTLS")
			}
			if o.auth != "" {
				say("250-AUTH " + o.auth)
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			c = tls.Server(c, config)
			in, secure = bufio.NewReader(c), true
		case "AUTH":
			say("235 ok")
		case "RCPT":
			if o.reply != "" {
				say(o.reply)
				continue
			}
			say("250 ok")
		case "DATA":
			say("354 go on")
			var body strings.Builder
			for {
				line, err := in.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				body.WriteString(line)
			}
			o.mails <- body.String()
			say("250 queued")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func (o *office) sink(t *testing.T, edit func(*notify.MailOptions)) notify.Sink {
	t.Helper()
	options := notify.MailOptions{Server: o.addr, From: "hora@example.com", Config: &tls.Config{RootCAs: o.roots}}
	edit(&options)
	s, err := notify.NewMail(options)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// said returns the commands so far.
func (o *office) said() string {
	var out []string
	for {
		select {
		case c := <-o.commands:
			out = append(out, c)
		default:
			return strings.Join(out, "\n")
		}
	}
}

// TestMail: one recipient, plain text, whole in UTF-8.
func TestMail(t *testing.T) {
	t.Parallel()
	o := open(t, &office{})
	if err := o.sink(t, func(*notify.MailOptions) {}).Send(t.Context(), message()); err != nil {
		t.Fatal(err)
	}
	m, err := mail.ReadMessage(strings.NewReader(<-o.mails))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || subject != message().Subject {
		t.Errorf("subject %q, %v", subject, err)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	if err != nil || strings.TrimSpace(string(body)) != "'now'. <b> & \"日本\"" {
		t.Errorf("body %q, %v", body, err)
	}
	if kind := m.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; charset=UTF-8") {
		t.Errorf("content type %q", kind)
	}
	if m.Header.Get("To") != "<a@example.com>" || m.Header.Get("From") != "<hora@example.com>" || m.Header.Get("Message-Id") == "" || m.Header.Get("Date") == "" || m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("header %q", m.Header)
	}
	if said := o.said(); strings.Count(said, "RCPT") != 1 {
		t.Errorf("said:\n%s", said)
	}
}

// TestMailInjection: a name cannot add a header or a recipient.
func TestMailInjection(t *testing.T) {
	t.Parallel()
	o := open(t, &office{})
	s := o.sink(t, func(*notify.MailOptions) {})
	m := message()
	m.Subject = "a\r\nBcc: evil@example.com\r\n\r\nbody"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	got, err := mail.ReadMessage(strings.NewReader(<-o.mails))
	if err != nil || got.Header.Get("Bcc") != "" || got.Header.Get("Subject") != "a Bcc: evil@example.com body" {
		t.Errorf("header %q, %v", got.Header, err)
	}
	for _, to := range []string{"", "a@example.com\r\nRCPT TO:<b@example.com>", "a@example.com, b@example.com"} {
		m.To = to
		if err := s.Send(t.Context(), m); !errors.Is(err, notify.ErrRefused) {
			t.Errorf("recipient %q: %v, want a refusal", to, err)
		}
	}
}

// TestMailSecurity: STARTTLS is used when it is offered, TLS from the first
// byte when asked for; a password goes over TLS only, or not at all.
func TestMailSecurity(t *testing.T) {
	t.Parallel()
	login := func(m *notify.MailOptions) { m.User, m.Password = "me", "hush" }
	for _, c := range []struct {
		name   string
		office office
		edit   func(*notify.MailOptions)
		says   string // command that must have been said
		fails  bool
	}{
		{"STARTTLS", office{starttls: true}, func(*notify.MailOptions) {}, "STARTTLS", false},
		{"STARTTLS and a password", office{starttls: true, auth: "PLAIN LOGIN"}, login, "AUTH PLAIN AG1lAGh1c2g=", false},
		{"TLS", office{implicit: true, auth: "PLAIN"}, func(m *notify.MailOptions) { login(m); m.TLS = true }, "AUTH PLAIN", false},
		{"a password in the open", office{auth: "PLAIN LOGIN"}, login, "EHLO", true},
		{"unknown certificate", office{starttls: true}, func(m *notify.MailOptions) { m.Config = nil }, "STARTTLS", true},
	} {
		o := open(t, &c.office)
		err := o.sink(t, c.edit).Send(t.Context(), message())
		said := o.said()
		if (err != nil) != c.fails || !strings.Contains(said, c.says) {
			t.Errorf("%s: %v, said:\n%s", c.name, err, said)
		}
		if c.fails && (strings.Contains(said, "AUTH") || strings.Contains(said, "RCPT") || strings.Contains(err.Error(), "hush")) {
			t.Errorf("%s: too much was said:\n%s\n%v", c.name, said, err)
		}
	}
}

// TestMailRefused: what a server refuses for good is not tried again, what it
// refuses for now is.
func TestMailRefused(t *testing.T) {
	t.Parallel()
	for reply, refused := range map[string]bool{"550 no such user": true, "451 later": false} {
		o := open(t, &office{reply: reply})
		err := o.sink(t, func(*notify.MailOptions) {}).Send(t.Context(), message())
		if err == nil || errors.Is(err, notify.ErrRefused) != refused || !strings.Contains(err.Error(), reply[:3]) {
			t.Errorf("%s: %v", reply, err)
		}
	}
	if err := (&office{addr: "127.0.0.1:1"}).sink(t, func(*notify.MailOptions) {}).Send(t.Context(), message()); err == nil || errors.Is(err, notify.ErrRefused) {
		t.Errorf("nobody there: %v", err)
	}
	for _, o := range []notify.MailOptions{
		{Server: "nohost", From: "a@b"}, {Server: ":25", From: "a@b"}, {Server: "h:0", From: "a@b"}, {Server: "h:25"}, {Server: "h:25", From: "a"}, {Server: "h:25", From: "a@b", Password: "hush"},
	} {
		if err := second(notify.NewMail(o)); err == nil || strings.Contains(err.Error(), "hush") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// TestSilentMailServer: a server that says nothing costs the time that is given.
func TestSilentMailServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	done := make(chan error, 1)
	s := (&office{addr: l.Addr().String()}).sink(t, func(*notify.MailOptions) {})
	go func() { done <- s.Send(ctx, message()) }()
	select {
	case err := <-done:
		if err == nil || errors.Is(err, notify.ErrRefused) {
			t.Errorf("%v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the mail is still being sent")
	}
}
