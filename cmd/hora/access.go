package main

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/api"
)

// readAccess reads an access file, which nobody but its owner may read: what is
// in it is enough to make a session of anybody.
func readAccess(name string) (*access.Policy, error) {
	text, err := readPrivate(name)
	if err != nil {
		return nil, err
	}
	return access.Read(name, text)
}

func readPrivate(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s may be read or written by others than its owner (mode %04o): chmod 600 %s", name, info.Mode().Perm(), name)
	}
	if info.Size() > access.MaxFile {
		return nil, fmt.Errorf("%s has %d bytes, at most %d are read", name, info.Size(), access.MaxFile)
	}
	return os.ReadFile(name)
}

// policy is what --access and --http_credentials say together, nil if both say nothing.
func (o *httpOptions) policy() (p *access.Policy, err error) {
	if o.accessFile != "" {
		if p, err = readAccess(o.accessFile); err != nil {
			return nil, usageError{fmt.Errorf("--access: %w", err)}
		}
	}
	if o.credentials != "" {
		if p, err = p.WithAdmin(o.credentials); err != nil {
			return nil, usageError{fmt.Errorf("--http_credentials: %w", err)}
		}
	}
	return p, nil
}

// gate makes what asks everybody who they are, nil if nobody is asked.
func (o *httpOptions) gate(log *slog.Logger) (*api.Gate, error) {
	p, err := o.policy()
	if p == nil || err != nil {
		return nil, err
	}
	return api.NewGate(p, o.realm, log.With("part", "access")), nil
}

// watchAccess has SIGHUP read the access file again, until the returned
// function is called. A file that is wrong changes nothing.
func (o *httpOptions) watchAccess(gate *api.Gate, log *slog.Logger) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		for {
			select {
			case <-signals:
				o.reload(gate, log)
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(signals); close(done) }
}

func (o *httpOptions) reload(gate *api.Gate, log *slog.Logger) {
	if gate == nil || o.accessFile == "" {
		log.Warn("there is no access file to be read again")
		return
	}
	p, err := o.policy()
	if err != nil {
		log.Error("the access file was not taken; what was read before still counts", "error", err)
		return
	}
	gate.Replace(p)
	log.Info("the access file was read again", "file", o.accessFile, "principals", len(p.Principals()))
}

// trustClients has the server ask clients for a certificate, which they need not have.
func (o *httpOptions) trustClients(c *tls.Config) error {
	if o.clientCA == "" {
		return nil
	}
	text, err := os.ReadFile(o.clientCA)
	if err != nil {
		return usageError{fmt.Errorf("--tls_client_ca: %w", err)}
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return usageError{fmt.Errorf("--tls_client_ca: %w", errors.New(o.clientCA+" holds no certificate in PEM"))}
	}
	c.ClientAuth = tls.VerifyClientCertIfGiven
	return nil
}
