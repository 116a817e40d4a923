package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/member"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// private writes a file that nobody else may read.
func private(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// certified makes a certificate and its key, by a parent or by itself, as files.
func certified(t *testing.T, subject pkix.Name, parent *tls.Certificate) (cert tls.Certificate, certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: subject, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, BasicConstraintsValid: true, IsCA: parent == nil,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	by, signer := template, any(key)
	if parent != nil {
		by, signer = parent.Leaf, parent.PrivateKey
	}
	der, err1 := x509.CreateCertificate(rand.Reader, template, by, &key.PublicKey, signer)
	raw, err2 := x509.MarshalPKCS8PrivateKey(key)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	certFile = private(t, "cert.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	keyFile = private(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw})))
	if cert, err = tls.LoadX509KeyPair(certFile, keyFile); err != nil {
		t.Fatal(err)
	}
	return cert, certFile, keyFile
}

// TestClientCertificates: who shows a certificate of the right authority is known
// by it, also by the leader that a request is passed on to.
func TestClientCertificates(t *testing.T) {
	t.Parallel()
	ca, caFile, _ := certified(t, pkix.Name{CommonName: "authority"}, nil)
	strange, _, _ := certified(t, pkix.Name{CommonName: "another authority"}, nil)
	_, serverCert, serverKey := certified(t, pkix.Name{CommonName: "hora"}, &ca)
	file := private(t, "access.yaml", "certificates: [{name: deploy, role: operator, subject: \"CN=deploy,O=Example\"}]\ntokens: [{name: x, role: viewer, hash: \""+access.HashToken("x")+"\"}]\n")
	o := &serveOptions{http: httpOptions{certFile: serverCert, keyFile: serverKey, clientCA: caFile, accessFile: file, plainOff: true, secureAddress: "127.0.0.1", realm: "hora"}}
	log := slog.New(slog.DiscardHandler)
	gate := func() *api.Gate {
		g, err := o.http.gate(log)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	serve := func(l net.Listener, view *leader.View) {
		g := gate()
		local := api.New(api.Options{Scheduler: leader.New(leader.Options{Self: "me"}), Gate: g})
		s := newServer(g.Handler(member.New(member.Options{View: func() *leader.View { return view }, Self: "me", Local: local, Vouch: g.Vouch})), log)
		go func() { _ = s.Serve(l) }()
		t.Cleanup(func() { s.Close() })
	}
	plain, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	serve(plain, &leader.View{Leading: true, Leader: "me"})
	_, lead, err := o.http.listeners(o.set())
	if err != nil {
		t.Fatal(err)
	}
	serve(lead, &leader.View{Leading: true, Leader: "me"})
	_, follower, err := o.http.listeners(o.set())
	if err != nil {
		t.Fatal(err)
	}
	serve(follower, &leader.View{Leader: plain.Addr().String()})
	roots := x509.NewCertPool()
	roots.AddCert(ca.Leaf)
	subject := pkix.Name{CommonName: "deploy", Organization: []string{"Example"}}
	good, _, _ := certified(t, subject, &ca)
	forged, _, _ := certified(t, subject, &strange)
	other, _, _ := certified(t, pkix.Name{CommonName: "somebody"}, &ca)
	for _, at := range []net.Listener{lead, follower} {
		for name, c := range map[string]struct {
			certs []tls.Certificate
			want  string
		}{
			"good":   {[]tls.Certificate{good}, `^200 .*"name":"deploy","role":"operator","by":"certificate"`},
			"other":  {[]tls.Certificate{other}, `^401 .*the certificate is not known`},
			"none":   {nil, `^401 .*are needed`},
			"forged": {[]tls.Certificate{forged}, `^error|^401`},
		} {
			client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if c.certs == nil {
					return &tls.Certificate{}, nil
				}
				return &c.certs[0], nil
			}}}}
			got := "error"
			if resp, err := client.Get("https://" + at.Addr().String() + "/api/me"); err == nil {
				body, _ := io.ReadAll(resp.Body)
				resp.Body.Close()
				got = resp.Status + " " + string(body)
			}
			client.CloseIdleConnections()
			if !regexp.MustCompile(c.want).MatchString(got) {
				t.Errorf("%s at %s: %s", name, at.Addr(), got)
			}
		}
	}
	o.http.clientCA = serverKey
	if _, _, err := o.http.listeners(o.set()); err == nil || !strings.Contains(err.Error(), "holds no certificate") {
		t.Errorf("a file without certificates: %v", err)
	}
}

// told is a log that tells when something was written.
type told chan string

func (c told) Write(b []byte) (int, error) {
	c <- string(b)
	return len(b), nil
}

// TestReload: SIGHUP has the file read again; one that is wrong changes nothing.
func TestReload(t *testing.T) {
	file := private(t, "access.yaml", "tokens: [{name: x, role: viewer, hash: \""+access.HashToken("x")+"\"}]\n")
	o := &httpOptions{accessFile: file}
	lines := make(told, 10)
	log := slog.New(slog.NewTextHandler(lines, nil))
	gate, err := o.gate(log)
	if err != nil {
		t.Fatal(err)
	}
	defer o.watchAccess(gate, log)()
	h := gate.Handler(api.New(api.Options{Scheduler: leader.New(leader.Options{Self: "me"}), Gate: gate}))
	role := func() string {
		r := httptest.NewRequest("GET", "/api/me", nil)
		r.Header.Set("Authorization", "Bearer x")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		return w.Body.String()
	}
	for _, c := range []struct {
		text string
		mode os.FileMode
		log  string
		want string
	}{
		{"tokens: [{name: x, role: admin, hash: \"" + access.HashToken("x") + "\"}]\n", 0o600, "was read again", `"role":"admin"`},
		{"tokens: [{name: x, role: viewer}]\n", 0o600, "was not taken", `"role":"admin"`},
		{"tokens: [{name: y, role: viewer, hash: \"" + access.HashToken("y") + "\"}]\n", 0o644, "may be read", `"role":"admin"`},
		{"tokens: [{name: y, role: viewer, hash: \"" + access.HashToken("y") + "\"}]\n", 0o600, "was read again", `"status":401`},
	} {
		if err := os.WriteFile(file, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(file, c.mode); err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
			t.Fatal(err)
		}
		if line := <-lines; !strings.Contains(line, c.log) {
			t.Errorf("log %q, want %q", line, c.log)
		}
		if got := role(); !strings.Contains(got, c.want) {
			t.Errorf("%s, want %s", got, c.want)
		}
		for len(lines) > 0 { // of the login that failed
			<-lines
		}
	}
}

// TestAccessExample: the file in docs/access.md is one, and means what is said of it.
func TestAccessExample(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	text := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindSubmatch(page)
	if text == nil {
		t.Fatal("docs/access.md has no example")
	}
	p, err := access.Read("access.yaml", text[1])
	if err != nil {
		t.Fatal(err)
	}
	who := map[string]*access.Principal{}
	for _, x := range p.Principals() {
		who[x.Name] = x
	}
	for _, c := range []struct {
		who  string
		j    job.Job
		want bool
	}{
		{"otto", job.Job{Name: "etl-load", RunAsUser: "etl"}, true}, {"otto", job.Job{Name: "etl-load", RunAsUser: "root"}, false},
		{"otto", job.Job{Name: "web", Owner: "otto@example.com", RunAsUser: "www"}, false},
		{"ci", job.Job{Name: "web", Owner: "web@example.com", RunAsUser: "www"}, true},
		{"anna", job.Job{Name: "anything", RunAsUser: "etl"}, true}, {"anna", job.Job{Name: "anything", RunAsUser: "root"}, false},
		{"anna", job.Job{Name: "system-backup", RunAsUser: "root"}, true}, {"prometheus", job.Job{Name: "etl-load", RunAsUser: "etl"}, false},
	} {
		if who[c.who] == nil {
			t.Fatalf("%s is not in the example", c.who)
		}
		if err := p.Command(who[c.who], &c.j); (err == nil) != c.want {
			t.Errorf("%s, %+v: %v", c.who, c.j, err)
		}
	}
	if p.Password("anna", "correct horse battery") == nil || bytes.Contains(page, []byte("hora_s3cret")) {
		t.Error("the example's password")
	}
}

// TestExportWithoutSecrets: what one may not see is not written into files as if it were the value.
func TestExportWithoutSecrets(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch r.URL.Path {
		case "/api/status":
			fmt.Fprint(w, `{"leading":true}`)
		case "/api/definitions":
			fmt.Fprintf(w, `{"defaults":{"cpus":0.1,"mem":128,"disk":256,"runAsUser":"root"},"jobs":[{"etag":"\"1-1\"","updated":"2026-01-01T00:00:00Z","definition":{"name":"x","command":"x","schedule":"@daily","environmentVariables":[{"name":"K","value":%q}]}}]}`, job.Hidden)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	dir := filepath.Join(t.TempDir(), "out")
	out, err := exec.Command("hora", "export", "--server", s.URL, dir).CombinedOutput()
	if _, missing := os.Stat(dir); err == nil || missing == nil || !strings.Contains(string(out), `job "x": environmentVariables: "K" holds "(hidden-by-hora)"`) {
		t.Errorf("%v: %s", err, out)
	}
}
