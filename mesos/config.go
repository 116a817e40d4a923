package mesos

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
)

// Config says which cluster, who we are and how patient we are. Detector and
// Framework are required; what is zero elsewhere has the value named there.
type Config struct {
	Detector  Detector              // where the leading master is
	Framework mesosv1.FrameworkInfo // who we are: user and name at least, and no id
	// Suppressed subscribes without asking for offers, until a REVIVE. Masters
	// before 1.4.2 ignore it (Mesos contract 2.1).
	Suppressed bool

	Principal     string // for basic authentication, with Secret
	Secret        Secret
	Authorization Secret // a whole Authorization header instead, such as "token=…"

	TLS *tls.Config // for https; nil trusts the system's authorities
	// Dial makes the connections; nil is TCP.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	Logger    *slog.Logger  // nil: none
	Timeout   time.Duration // for connecting, and for each answer; 30 s
	Silence   time.Duration // how long a stream may be silent; 5 times the master's heartbeat interval, which makes 75 s
	Backoff   Backoff       // between attempts to subscribe
	MaxRecord int           // longest event in bytes; DefaultMaxRecord
}

// Backoff says how long Run waits before it subscribes again. Each pause is
// drawn at random from a range, so that frameworks that lost their master
// together do not come back together.
type Backoff struct {
	First   time.Duration // the first pause is from 0 to this; 500 ms
	Min     time.Duration // the second is up to this, and then twice as much each time …
	Max     time.Duration // … up to this; 1 s, 15 s. At least half of it is waited
	Refused time.Duration // after a refusal, which time does not heal; 60 s
}

// Secret is a text that does not show itself.
type Secret string

const hidden = "[secret]"

// String implements fmt.Stringer.
func (s Secret) String() string { return hidden }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return hidden }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

const (
	defaultTimeout = 30 * time.Second
	defaultSilence = 75 * time.Second
	silentBeats    = 5         // heartbeats that may be missed (Mesos contract 1.5)
	maxBeat        = time.Hour // an announced interval above it is not believed
)

// withDefaults returns the config with all values set, or what is wrong with it.
func (c Config) withDefaults() (Config, error) {
	if err := c.check(); err != nil {
		return c, fmt.Errorf("mesos config: %w", err)
	}
	def := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	def(&c.Timeout, defaultTimeout)
	def(&c.Backoff.First, 500*time.Millisecond)
	def(&c.Backoff.Min, time.Second)
	def(&c.Backoff.Max, 15*time.Second)
	def(&c.Backoff.Refused, time.Minute)
	if c.MaxRecord == 0 {
		c.MaxRecord = DefaultMaxRecord
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.Dial == nil {
		c.Dial = new(net.Dialer).DialContext
	}
	if c.TLS == nil {
		c.TLS = &tls.Config{}
	}
	c.TLS = c.TLS.Clone()
	c.TLS.NextProtos = []string{"http/1.1"}
	return c, nil
}

// check says what is wrong, and never what a secret is.
func (c *Config) check() error {
	if c.Detector == nil {
		return errors.New("no detector")
	}
	if list, ok := c.Detector.(masterList); ok {
		if err := list.check(); err != nil {
			return err
		}
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"timeout", c.Timeout}, {"silence", c.Silence}, {"backoff first", c.Backoff.First}, {"backoff min", c.Backoff.Min},
		{"backoff max", c.Backoff.Max}, {"backoff refused", c.Backoff.Refused}} {
		if d.value < 0 {
			return fmt.Errorf("%s is %v, expected a positive duration", d.name, d.value)
		}
	}
	switch {
	case c.Framework.Name == "":
		return errors.New("the framework has no name")
	case c.Framework.User == "":
		// The master takes it, but no agent can run a task of it (Mesos contract 2.1).
		return errors.New("the framework has no user")
	case c.Framework.ID != nil:
		return errors.New("the framework info has an id; the id of a subscription is given apart")
	case c.MaxRecord < 0:
		return fmt.Errorf("the longest record is %d bytes, expected a positive number", c.MaxRecord)
	case c.Principal != "" && c.Framework.Principal != nil && *c.Framework.Principal != c.Principal:
		// The master answers 400 (Mesos contract 1.1, row 13).
		return fmt.Errorf("the framework's principal is %q, but %q authenticates", *c.Framework.Principal, c.Principal)
	case multiRole(&c.Framework) && c.Framework.Role != nil:
		return errors.New("the framework has both a role and the capability MULTI_ROLE, which wants roles")
	case !multiRole(&c.Framework) && len(c.Framework.Roles) > 0:
		return errors.New("the framework has roles without the capability MULTI_ROLE")
	case c.Authorization != "" && (c.Principal != "" || c.Secret != ""):
		return errors.New("both an authorization header and a principal or secret")
	case strings.ContainsAny(string(c.Authorization), "\r\n"):
		return errors.New("the authorization header has more than one line")
	case c.Principal == "" && c.Secret != "":
		return errors.New("a secret without a principal")
	case c.Principal != "" && c.Secret == "":
		return fmt.Errorf("principal %q has no secret", c.Principal)
	case strings.Contains(c.Principal, ":") || strings.Contains(string(c.Secret), ":"):
		// Mesos splits them at each colon (Mesos contract 1.2).
		return fmt.Errorf("principal %q or its secret has a colon, which Mesos does not take", c.Principal)
	}
	return nil
}

// multiRole tells whether a framework has the capability MULTI_ROLE.
func multiRole(info *mesosv1.FrameworkInfo) bool {
	return slices.ContainsFunc(info.Capabilities, func(c mesosv1.FrameworkInfo_Capability) bool {
		return c.Type == mesosv1.FrameworkInfo_Capability_MULTI_ROLE
	})
}

// authorization returns the value of the header, "" for none.
func (c *Config) authorization() string {
	if c.Principal == "" {
		return string(c.Authorization)
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(c.Principal+":"+string(c.Secret)))
}

// TLSFiles names the files of a TLS configuration. Each may be empty.
type TLSFiles struct {
	CA         string // certificates of the authorities to trust, PEM; the system's
	Cert, Key  string // our certificate and its key, PEM; none
	ServerName string // what the master's certificate is made out to; the host of its URL
}

// Load reads the files.
func (f TLSFiles) Load() (*tls.Config, error) {
	out := &tls.Config{ServerName: f.ServerName, MinVersion: tls.VersionTLS12}
	if f.CA != "" {
		pem, err := os.ReadFile(f.CA)
		if err != nil {
			return nil, fmt.Errorf("TLS authorities: %w", err)
		}
		out.RootCAs = x509.NewCertPool()
		if !out.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("TLS authorities: %s holds no certificate in PEM", f.CA)
		}
	}
	if f.Cert != "" || f.Key != "" {
		if f.Cert == "" || f.Key == "" {
			return nil, fmt.Errorf("TLS certificate: expected a certificate and its key, got %q and %q", f.Cert, f.Key)
		}
		cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
		if err != nil {
			return nil, fmt.Errorf("TLS certificate: %w", err)
		}
		out.Certificates = []tls.Certificate{cert}
	}
	return out, nil
}
