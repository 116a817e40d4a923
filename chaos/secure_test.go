package chaos_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// certificate writes a certificate for 127.0.0.1 and its key.
func certificate(t *testing.T) (cert, key string, trust *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &private.PublicKey, private)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for name, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: raw}} {
		if err := os.WriteFile(name, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	trust = x509.NewCertPool()
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	trust.AddCert(parsed)
	return cert, key, trust
}

// TestSecureOnly: processes that speak https alone pass requests on to each other by it.
func TestSecureOnly(t *testing.T) {
	t.Parallel()
	cert, key, trust := certificate(t)
	secure := &http.Client{Timeout: client.Timeout, Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: trust}}}
	w := newWorldOf(t, *session, *seed, func(n *node) {
		n.client, n.scheme = secure, "https"
		n.args = append(n.args, "--disable_http", "--tls_cert", cert, "--tls_key", key, "--tls_ca", cert, "--https_address", "127.0.0.1", "--https_port", "0",
			"--advertise", "https://"+n.http.Addr())
	})
	lead := w.leader()
	for _, n := range w.nodes {
		w.until(n.name+" answers as the leader does", func() bool {
			var v struct{ Leader string }
			_, err := n.call("GET", "/v1/scheduler/leader", nil, &v)
			return err == nil && v.Leader != ""
		})
		if _, err := n.call("POST", "/v1/scheduler/iso8601", map[string]any{"name": n.name, "command": "true", "schedule": "@daily"}, nil); err != nil {
			t.Errorf("POST through %s, while %s leads: %v", n.name, lead.name, err)
		}
		if _, err := n.call("GET", "/ready", nil, nil); err != nil {
			t.Errorf("/ready of %s: %v", n.name, err)
		}
	}
	var list []struct{ Name string }
	if _, err := lead.call("GET", "/v1/scheduler/jobs", nil, &list); err != nil || len(list) != 3 {
		t.Errorf("%d jobs, %v", len(list), err)
	}
}
