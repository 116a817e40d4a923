package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"software.sslmate.com/src/go-pkcs12"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/api"
)

// chronosFlags are all flags of both releases (Chronos contract 9), with a
// value that each takes; a switch has none.
var chronosFlags = map[string]string{
	"master": "zk://h:2181/mesos", "user": "me", "failover_timeout": "604800", "schedule_horizon": "60", "cluster_name": "c", "zk_hosts": "zk://a:2181,b:2181/x",
	"zk_path": "/chronos/state", "zk_timeout": "10000", "zk_auth": "u:p", "hostname": "h", "leader_max_idle_time": "5000",
	"mail_server": "m:25", "mail_user": "u", "mail_password": "p", "mail_from": "a@example.com", "mail_ssl": "", "raven_dsn": "https://k@h/1", "slack_url": "https://s",
	"mattermost_url": "https://m", "http_notification_url": "https://n", "http_notification_credentials": "u:p", "failure_retry": "60000", "disable_after_failures": "0",
	"mesos_task_mem": "128", "mesos_task_cpu": "0.1", "mesos_task_disk": "256", "mesos_checkpoint": "", "mesos_role": "*", "task_epsilon": "60",
	"mesos_framework_name": "chronos", "webui_url": "http://h", "reconciliation_interval": "600", "mesos_authentication_principal": "p",
	"mesos_authentication_secret_file": "SECRET", "revive_offers_for_new_jobs": "", "decline_offer_duration": "5000", "min_revive_offers_interval": "5000",
	"graphite_host_port": "g:2003", "graphite_reporting_interval": "60", "graphite_group_prefix": "x", "cassandra_contact_points": "c", "cassandra_port": "9042",
	"cassandra_keyspace": "metrics", "cassandra_table": "chronos", "cassandra_stat_count_table": "t", "cassandra_consistency": "ANY", "cassandra_ttl": "1",
	"cassandra_user": "u", "cassandra_password": "hush", "job_history_limit": "5", "http_address": "127.0.0.1", "http_port": "8080", "https_port": "8443",
	"https_address": "127.0.0.1", "disable_http": "", "ssl_keystore_path": "k.p12", "ssl_keystore_password": "p", "http_credentials": "u:p", "http_realm": "r",
	"http_compression": "", "disable_http_compression": "", "assets_path": "/x",
}

// loaded are options with these arguments and variables.
func loaded(t *testing.T, environ []string, args ...string) (*serveOptions, []string, error) {
	t.Helper()
	o := &serveOptions{}
	set := o.set()
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	set.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	err := set.Load(environ)
	return o, o.chronos.warnings(set), err
}

// TestFlagsOfChronos: each flag of both releases is taken, as it was written,
// and those that mean nothing any more are said, once.
func TestFlagsOfChronos(t *testing.T) {
	t.Parallel()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"--chronos_conf", ""}
	for name, value := range chronosFlags {
		args = append(args, "--"+name)
		if value == "SECRET" {
			value = secret
		}
		if value != "" {
			args = append(args, value)
		}
	}
	o, warnings, err := loaded(t, nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	if len(chronosFlags) != 62 {
		t.Errorf("%d flags, want the 62 of the contract", len(chronosFlags))
	}
	if len(warnings) != len(withoutEffect) || strings.Contains(strings.Join(warnings, " "), "hush") || !slices.Contains(warnings, "--schedule_horizon has no effect: every slot is started at its time") {
		t.Errorf("warnings: %q", warnings)
	}
	if zkServers(o.store.hosts) != "a:2181,b:2181" || o.http.credentials != "u:p" || !o.chronos.noCompression || !o.http.plainOff || o.notify.mail.Server != "m:25" {
		t.Errorf("%+v", o)
	}
}

// TestLettersOfChronos: flags of one letter are those on which both releases agree.
func TestLettersOfChronos(t *testing.T) {
	t.Parallel()
	o, warnings, err := loaded(t, nil, "-u", "me", "-f", "3600", "-z", "a:2181", "-l", "5000", "-m", "m:25", "-r", "https://k@h/1", "-d", "3", "-t", "30", "-g", "g:2003", "-c", "c", "-j", "7")
	if err != nil || o.cluster.user != "me" || o.cluster.failover != time.Hour || o.store.hosts != "a:2181" || o.notify.mail.Server != "m:25" || o.notify.sentry == "" ||
		o.job.disableAfter != 3 || o.job.epsilon != 30*time.Second || o.job.historyOfAnswer != 7 || len(warnings) != 3 {
		t.Errorf("%+v, warnings %q, %v", o, warnings, err)
	}
	fs := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	o.set().Flags(fs)
	for _, letter := range []string{"h", "s"} {
		if f := fs.ShorthandLookup(letter); f != nil {
			t.Errorf("-%s is --%s, and means something else in one of the releases, or here", letter, f.Name)
		}
	}
}

// TestFilesOfChronos: what its packages read counts, but less than a flag, a
// variable or the file of hora's own; where Chronos keeps its state does not.
func TestFilesOfChronos(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	conf := filepath.Join(root, "chronos", "conf")
	for name, text := range map[string]string{
		"chronos/conf/http_port": "4400\n", "chronos/conf/?mail_ssl": "", "chronos/conf/cluster_name": "prod", "chronos/conf/zk_path": "/chronos/state",
		"chronos/conf/nonsense": "1", "chronos/conf/schedule_horizon": "10", "chronos/conf/http_credentials": "file:pass", "mesos/zk": "zk://u:p@zk1:2181,zk2:2181/mesos\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	o, warnings, err := loaded(t, []string{"HORA_CLUSTER_NAME=mine", "MESOSPHERE_HTTP_CREDENTIALS=var:pass", "MESOSPHERE_KEYSTORE_PATH=k.p12"}, "--chronos_conf", conf, "--zk_timeout", "9000")
	if err != nil {
		t.Fatal(err)
	}
	if o.http.port != 4400 || !o.notify.mail.TLS || o.notify.cluster != "mine" || o.store.path != "/hora" || o.http.credentials != "file:pass" || o.http.keystore != "k.p12" {
		t.Errorf("port %d, TLS %v, cluster %q, path %q, keystore %q", o.http.port, o.notify.mail.TLS, o.notify.cluster, o.store.path, o.http.keystore)
	}
	if o.cluster.master != "zk://u:p@zk1:2181,zk2:2181/mesos" || o.store.hosts != "zk1:2181,zk2:2181" {
		t.Errorf("master %q, servers %q", o.cluster.master, o.store.hosts)
	}
	all := strings.Join(warnings, "\n")
	for _, want := range []string{"schedule_horizon has no effect", "zk_path is not used", "nonsense is no setting"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q is missing in\n%s", want, all)
		}
	}
	if o, warnings, err := loaded(t, nil, "--chronos_conf", filepath.Join(root, "nowhere", "conf"), "--master", "h"); err != nil || len(warnings) > 0 || o.http.port != 8080 {
		t.Errorf("without the folder: %v, %q", err, warnings)
	}
}

// TestCredentials: without user and password there is nothing but the health of
// the process.
func TestCredentials(t *testing.T) {
	t.Parallel()
	o := &serveOptions{http: httpOptions{credentials: "me:a:b", realm: `the "realm"`}}
	gate, err := o.http.gate(slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	h := o.guard(gate, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	for _, c := range []struct {
		path, user, password string
		want                 int
	}{
		{"/scheduler/jobs", "", "", 401}, {"/", "", "", 401}, {"/ping", "me", "a", 401}, {"/ping", "me", "", 401}, {"/health/x", "", "", 401},
		{"/scheduler/jobs", "me", "a:b", 204}, {"/health", "", "", 204}, {"/ready", "", "", 204},
	} {
		r := httptest.NewRequest(http.MethodGet, c.path, nil)
		if c.user != "" {
			r.SetBasicAuth(c.user, c.password)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d", c, w.Code)
		}
		if got := w.Header().Get("WWW-Authenticate"); c.want == 401 && got != `Basic realm="the \"realm\"", charset="UTF-8"` {
			t.Errorf("challenge %q", got)
		}
	}
}

func anybody(t *testing.T) *access.Policy {
	t.Helper()
	p, err := (*access.Policy)(nil).WithAdmin("me:secret")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestLoopbackOnly: where nobody is asked who they are and only this machine
// reaches it, it answers for this machine's names alone.
func TestLoopbackOnly(t *testing.T) {
	t.Parallel()
	listen := func(address string) net.Listener {
		l, err := net.Listen("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	loopback, all := listen("127.0.0.1:0"), listen(":0")
	local := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	o := &serveOptions{http: httpOptions{hostname: "node1", advertise: "http://front.example:80", hosts: "a.example,b.example"}}
	for _, c := range []struct {
		listeners []net.Listener
		host      string
		want      int
	}{
		{[]net.Listener{loopback}, "evil.example", 421}, {[]net.Listener{loopback, loopback}, "evil.example:1", 421}, {[]net.Listener{loopback}, "node1:8080", 204},
		{[]net.Listener{loopback}, "front.example", 204}, {[]net.Listener{loopback}, "b.example", 204}, {[]net.Listener{loopback}, "127.0.0.1", 204},
		{[]net.Listener{all}, "evil.example", 204}, {[]net.Listener{loopback, all}, "evil.example", 204},
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/jobs", nil)
		r.Host = c.host
		w := httptest.NewRecorder()
		o.guard(nil, local, c.listeners...).ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%s: %d, want %d", c.host, w.Code, c.want)
		}
	}
	for text, ok := range map[string]bool{"": true, "10.0.0.1,2001:db8::/32": true, "10.0.0.1,": false, "10.0.0.0/99": false, "proxy": false} {
		if err := checkProxies(text); (err == nil) != ok {
			t.Errorf("--trusted_proxies %q: %v", text, err)
		}
	}
	o.http.proxies = "192.0.2.0/24"
	for _, gate := range []*api.Gate{nil, api.NewGate(anybody(t), "", slog.New(slog.DiscardHandler))} {
		r := httptest.NewRequest(http.MethodGet, "/health", nil) // from 192.0.2.1
		r.Header.Set("X-Forwarded-For", "203.0.113.1")
		o.guard(gate, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			if r.RemoteAddr != "203.0.113.1:0" {
				t.Errorf("the client behind a proxy is %s", r.RemoteAddr)
			}
		})).ServeHTTP(httptest.NewRecorder(), r)
	}
	for text, ok := range map[string]bool{"": true, "a,b": true, "a,": false, "http://a": false, "a:1": false} {
		if err := checkHosts(text); (err == nil) != ok {
			t.Errorf("--allowed_hosts %q: %v", text, err)
		}
	}
}

// TestKeystore: https is spoken with the certificate of a PKCS #12 file.
func TestKeystore(t *testing.T) {
	t.Parallel()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "hora"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "keys.p12")
	text, err := pkcs12.Modern.Encode(key, leaf, nil, "changeit")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	o := &serveOptions{http: httpOptions{keystore: file, keystorePass: "changeit", plainOff: true, secureAddress: "127.0.0.1"}}
	_, secure, err := o.http.listeners(o.set())
	if err != nil {
		t.Fatal(err)
	}
	server := newServer(http.NotFoundHandler(), slog.New(slog.DiscardHandler))
	go func() { _ = server.Serve(secure) }()
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	resp, err := client.Get("https://" + secure.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	o.http.keystorePass = "wrong"
	if _, _, err := o.http.listeners(o.set()); err == nil || !strings.Contains(err.Error(), "password") || strings.Contains(err.Error(), "wrong") {
		t.Errorf("a wrong password: %v", err)
	}
	if err := os.WriteFile(file, bytes.Repeat([]byte{0xce}, 50), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := o.http.listeners(o.set()); err == nil || !strings.Contains(err.Error(), "keytool -importkeystore -srckeystore "+file) {
		t.Errorf("a JCEKS: %v", err)
	}
}
