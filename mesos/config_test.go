package mesos

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	principal, multi := "p", []mesosv1.FrameworkInfo_Capability{{Type: mesosv1.FrameworkInfo_Capability_MULTI_ROLE}}
	cases := []struct {
		name string
		edit func(*Config)
		want string // part of the error, "" for none
	}{
		{"good", func(*Config) {}, ""},
		{"no detector", func(c *Config) { c.Detector = nil }, "no detector"},
		{"no masters", func(c *Config) { c.Detector = Masters() }, "no URL of a master"},
		{"bad master", func(c *Config) { c.Detector = Masters("http://m:5050", "ftp://m") }, `"ftp://m": the scheme is "ftp"`},
		{"no name", func(c *Config) { c.Framework.Name = "" }, "no name"},
		{"no user", func(c *Config) { c.Framework.User = "" }, "no user"},
		{"id", func(c *Config) { c.Framework.ID = &mesosv1.FrameworkID{} }, "has an id"},
		{"negative timeout", func(c *Config) { c.Timeout = -1 }, "timeout is -1ns"},
		{"negative silence", func(c *Config) { c.Silence = -1 }, "silence is -1ns"},
		{"negative pause", func(c *Config) { c.Backoff.Max = -1 }, "backoff max is -1ns"},
		{"negative record", func(c *Config) { c.MaxRecord = -1 }, "-1 bytes"},
		{"basic", func(c *Config) { c.Principal, c.Secret = "p", "s3cr3t" }, ""},
		{"header", func(c *Config) { c.Authorization = "token=s3cr3t" }, ""},
		{"both", func(c *Config) { c.Principal, c.Secret, c.Authorization = "p", "s3cr3t", "token=s3cr3t" }, "both an authorization header"},
		{"secret alone", func(c *Config) { c.Secret = "s3cr3t" }, "without a principal"},
		{"principal alone", func(c *Config) { c.Principal = "p" }, `principal "p" has no secret`},
		{"colon in the secret", func(c *Config) { c.Principal, c.Secret = "p", "s3:cr3t" }, "colon"},
		{"colon in the principal", func(c *Config) { c.Principal, c.Secret = "p:q", "s3cr3t" }, "colon"},
		{"same principal", func(c *Config) { c.Principal, c.Secret, c.Framework.Principal = "p", "s3cr3t", &principal }, ""},
		{"principal without a secret", func(c *Config) { c.Framework.Principal = &principal }, ""},
		{"other principal", func(c *Config) { c.Principal, c.Secret, c.Framework.Principal = "q", "s3cr3t", &principal }, `principal is "p", but "q" authenticates`},
		{"role", func(c *Config) { c.Framework.Role = &principal }, ""},
		{"roles", func(c *Config) { c.Framework.Roles, c.Framework.Capabilities = []string{"a"}, multi }, ""},
		{"role with MULTI_ROLE", func(c *Config) { c.Framework.Role, c.Framework.Capabilities = &principal, multi }, "which wants roles"},
		{"roles without MULTI_ROLE", func(c *Config) { c.Framework.Roles = []string{"a"} }, "without the capability"},
		{"two headers", func(c *Config) { c.Authorization = "s3cr3t\r\nX: y" }, "more than one line"},
		{"password in a URL", func(c *Config) { c.Detector = Masters("http://u:s3cr3t@m:5050") }, "credentials do not belong"},
		{"odd password in a URL", func(c *Config) { c.Detector = Masters("http://u:s3cr3t%@m:5050") }, "not a URL"},
	}
	for _, c := range cases {
		config := Config{Detector: Masters("m:5050"), Framework: testInfo()}
		c.edit(&config)
		_, err := New(config)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if text := fmt.Sprint(err); strings.Contains(text, "cr3t") {
			t.Errorf("%s: the error tells the secret: %s", c.name, text)
		}
	}
}

func TestParseBase(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"m:5050": "http://m:5050", "m": "http://m", "http://m:5050/": "http://m:5050", "https://m": "https://m", "[::1]:5050": "http://[::1]:5050",
		"http://m:5050/api/v1/scheduler": "http://m:5050", "http://m:5050/master": "http://m:5050", "http://proxy/mesos/": "http://proxy/mesos",
		"http://proxy/mesos/master/api/v1/scheduler": "http://proxy/mesos", "10.0.0.1:5050": "http://10.0.0.1:5050",
		"": "", "http://": "", "http://:5050": "", "zk://z:2181/mesos": "", "http://m?x=y": "", "http://m#x": "", "http://a b": "", "http://u@m": "", "m:port": "",
	} {
		u, err := parseBase(text)
		if got := fmt.Sprint(u); err == nil && got != want || (err != nil) != (want == "") {
			t.Errorf("%q is %s, %v; want %q", text, got, err, want)
		}
	}
}

func TestMasters(t *testing.T) {
	t.Parallel()
	d := Masters("a", "b", "b", "c", "a")
	for not, want := range map[string]string{"": "a", "a": "b", "b": "c", "c": "a", "other": "a"} {
		if got, err := d.Detect(t.Context(), not); err != nil || got != want {
			t.Errorf("after %q: got %q, %v, want %q", not, got, err, want)
		}
	}
	if got, err := Masters("a").Detect(t.Context(), "a"); err != nil || got != "a" {
		t.Errorf("the only one: %q, %v", got, err)
	}
	if _, err := Masters().Detect(t.Context(), ""); err == nil {
		t.Error("none is found in an empty list")
	}
}

// everything is a log that keeps all that is logged.
type everything struct {
	mu  sync.Mutex
	out strings.Builder
}

// Write implements io.Writer.
func (e *everything) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.out.Write(p)
}

// TestCredentials holds that credentials go with the stream and each call, also
// after a redirect, and nowhere else: not into logs nor errors.
func TestCredentials(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t"
	basic := "Basic " + base64.StdEncoding.EncodeToString([]byte("hora:"+secret))
	for want, config := range map[string]Config{
		basic:             {Principal: "hora", Secret: secret},
		"token=" + secret: {Authorization: "token=" + secret},
	} {
		var seen []string
		var mu sync.Mutex
		checked := func(next func(http.ResponseWriter, *request)) func(http.ResponseWriter, *request) {
			return func(w http.ResponseWriter, r *request) {
				mu.Lock()
				seen = append(seen, r.Header.Get("Authorization"))
				mu.Unlock()
				next(w, r)
			}
		}
		leader := serve(t, &master{t: t, subscribe: checked(streaming(subscribedEvent())), call: checked(answering(401, ""))})
		standby := serve(t, &master{t: t, subscribe: checked(redirecting(strings.TrimPrefix(leader, "http:") + "/master/api/v1/scheduler"))})
		var log everything
		config.Detector, config.Framework = Masters(standby), testInfo()
		config.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		d := newDiary()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		if err := Run(ctx, config, "", &talker{d, t, cancel}); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if !errors.Is(d.last, ErrRefused) {
			t.Errorf("disconnected because of %v", d.last)
		}
		fmt.Fprintln(&log, d.last)
		config.Logger.Info("config", "secret", config.Secret, "header", config.Authorization, "config", config.Backoff)
		fmt.Fprintf(&log, "%v %+v %#v %s %q", config, config, config, config.Secret, config.Authorization)
		text, err := json.Marshal(map[string]any{"a": config.Secret, "b": config.Authorization})
		if err != nil {
			t.Fatal(err)
		}
		log.Write(text)
		if got := log.out.String(); strings.Contains(got, secret) || strings.Contains(got, strings.TrimPrefix(basic, "Basic ")) || !strings.Contains(got, "redirected") {
			t.Errorf("the log tells the secret, or nothing: %s", got)
		}
		if len(seen) != 3 || seen[0] != want || seen[1] != want || seen[2] != want {
			t.Errorf("seen %q, want three times %q", seen, want)
		}
	}
}

// talker sends one call in a session, which is enough.
type talker struct {
	*diary
	t    *testing.T
	stop func()
}

// Subscribed implements Handler.
func (k *talker) Subscribed(s *Session, _ *scheduler.Event_Subscribed) {
	if err := s.Call(k.t.Context(), kill("t")); !errors.Is(err, ErrRefused) || !errors.Is(err, ErrLost) {
		k.t.Errorf("the call: %v", err)
	}
}

// Disconnected implements Handler.
func (k *talker) Disconnected(err error) {
	k.diary.Disconnected(err)
	k.stop()
}

// certificate makes a certificate for a name, signed by parent or by itself.
func certificate(t *testing.T, name string, parent *tls.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), BasicConstraintsValid: true, IsCA: parent == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	signer, signerKey := template, any(key)
	if parent != nil {
		signer, signerKey = parent.Leaf, parent.PrivateKey
	}
	der, err := x509.CreateCertificate(rand.Reader, template, signer, &key.PublicKey, signerKey)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// write writes a certificate and its key as files.
func write(t *testing.T, dir, name string, c tls.Certificate) (cert, key string) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, name+".crt"), filepath.Join(dir, name+".key")
	for file, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: c.Certificate[0]}, key: {Type: "PRIVATE KEY", Bytes: der}} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestTLS(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	ca, stranger := certificate(t, "ca", nil), certificate(t, "stranger", nil)
	caFile, _ := write(t, dir, "ca", ca)
	strangerFile, _ := write(t, dir, "stranger", stranger)
	certFile, keyFile := write(t, dir, "client", certificate(t, "hora", &ca))

	server := httptest.NewUnstartedServer(&master{t: t, subscribe: func(w http.ResponseWriter, r *request) {
		if r.ProtoMajor != 1 || r.TLS == nil || r.TLS.PeerCertificates[0].Subject.CommonName != "hora" {
			t.Errorf("subscribed with %s, %v", r.Proto, r.TLS)
		}
		streaming(subscribedEvent(), heartbeat())(w, r)
	}})
	server.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	pool := x509.NewCertPool()
	pool.AddCert(ca.Leaf)
	server.EnableHTTP2 = true // the client has to ask for HTTP/1.1
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, "master.example", &ca)}, ClientCAs: pool, ClientAuth: tls.RequireAndVerifyClientCert}
	server.StartTLS()
	t.Cleanup(server.Close)

	good := TLSFiles{CA: caFile, Cert: certFile, Key: keyFile, ServerName: "master.example"}
	for name, c := range map[string]struct {
		edit func(*TLSFiles)
		ok   bool
	}{
		"good":                  {func(*TLSFiles) {}, true},
		"other authority":       {func(f *TLSFiles) { f.CA = strangerFile }, false},
		"system's authorities":  {func(f *TLSFiles) { f.CA = "" }, false},
		"other name":            {func(f *TLSFiles) { f.ServerName = "other.example" }, false},
		"name of the host":      {func(f *TLSFiles) { f.ServerName = "" }, false},
		"no client certificate": {func(f *TLSFiles) { f.Cert, f.Key = "", "" }, false},
	} {
		files := good
		c.edit(&files)
		conf, err := files.Load()
		if err != nil {
			t.Fatal(err)
		}
		s, err := newClient(t, Config{Detector: Masters(server.URL), TLS: conf}).Subscribe(t.Context(), "", false)
		if (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
		if s == nil {
			continue
		}
		if ev, err := s.Next(); err != nil || ev.Type != scheduler.Event_HEARTBEAT {
			t.Errorf("%s: %v, %v", name, ev, err)
		}
		if err := s.Call(t.Context(), kill("t")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		s.Close()
	}
	for name, files := range map[string]TLSFiles{
		"no such file": {CA: filepath.Join(dir, "none")}, "no certificate": {CA: keyFile}, "no key": {Cert: certFile}, "no cert": {Key: keyFile},
		"other key": {Cert: caFile, Key: keyFile},
	} {
		if _, err := files.Load(); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestNoDowngrade holds that credentials do not follow a redirect out of TLS.
func TestNoDowngrade(t *testing.T) {
	t.Parallel()
	plain := serve(t, &master{t: t, subscribe: func(http.ResponseWriter, *request) { t.Error("asked in the clear") }})
	server := httptest.NewTLSServer(&master{t: t, subscribe: redirecting(plain + "/api/v1/scheduler")})
	t.Cleanup(server.Close)
	pool := x509.NewCertPool()
	pool.AddCert(server.Certificate())
	conf := &tls.Config{RootCAs: pool}
	_, err := newClient(t, Config{Detector: Masters(server.URL), TLS: conf, Principal: "p", Secret: "s"}).Subscribe(t.Context(), "", false)
	if !errors.Is(err, ErrRefused) {
		t.Errorf("got %v", err)
	}
}
