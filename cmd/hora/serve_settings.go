package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/config"
	"github.com/hora-scheduler/hora/member"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/detector"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/store/zookeeper"
)

// The settings of hora serve. Names, units and defaults are those of Chronos
// where it has the setting (Chronos contract 9); what differs stands in
// docs/compatibility.md.

// clusterOptions say which Mesos cluster, and who we are to it.
type clusterOptions struct {
	master, scheme     string
	tls                mesos.TLSFiles
	name, role, user   string
	principal          string
	secret             mesos.Secret
	failover           time.Duration
	cpus, memory, disk float64
	placement          scheduler.Placement // what flags say of it
	order              string
	gpus               bool
}

func (o *clusterOptions) settings() []config.Setting {
	const group = "Mesos"
	file := "the name of a PEM file"
	return []config.Setting{
		{Name: "master", Group: group, Secret: true, Meaning: "Mesos masters: zk://[user:password@]host:port,…/mesos, URLs separated by commas, or file:///path of a file that holds one of these",
			Value: config.Some(&o.master, "zk://host:port,…/mesos, URLs such as http://10.0.0.1:5050, or file:///path")},
		{Name: "mesos_scheme", Group: group, Default: "http", Meaning: "how to speak to masters that are named without a scheme, as all in ZooKeeper are", Value: config.OneOf(&o.scheme, "http", "https")},
		{Name: "mesos_tls_ca", Group: group, Shown: "the system's", Meaning: "certificates of the authorities that masters are trusted by", Value: config.Some(&o.tls.CA, file)},
		{Name: "mesos_tls_cert", Group: group, Meaning: "certificate that masters are shown", Value: config.Some(&o.tls.Cert, file)},
		{Name: "mesos_tls_key", Group: group, Meaning: "its key", Value: config.Some(&o.tls.Key, file)},
		{Name: "mesos_framework_name", Group: group, Default: "hora", Meaning: "name of the framework", Value: config.Some(&o.name, "a name")},
		{Name: "mesos_role", Group: group, Default: "*", Meaning: "roles whose resources are used, separated by commas", Value: config.Some(&o.role, "roles, separated by commas").Checked(checkRoles)},
		{Name: "gpus", Group: group, Default: "false", Meaning: "have agents with gpus make offers, too", Value: config.Bool(&o.gpus)},
		{Name: "user", Group: group, Default: "root", Meaning: "user of the framework, and of jobs without runAsUser", Value: config.Some(&o.user, "the name of a user")},
		{Name: "failover_timeout", Group: group, Default: "604800", Meaning: "how long Mesos keeps the tasks while no hora is there", Value: config.Duration(&o.failover, time.Second, time.Minute, 10*365*24*time.Hour)},
		{Name: "mesos_authentication_principal", Group: group, Meaning: "principal of the framework", Value: config.Some(&o.principal, "a principal")},
		{Name: "mesos_authentication_secret_file", Group: group, Meaning: "file with the principal's secret", Value: config.SecretFile(&o.secret)},
		{Name: "mesos_task_cpu", Group: group, Default: "0.1", Meaning: "CPUs of jobs that do not say", Value: config.Float(&o.cpus, 0.001, 1e6)},
		{Name: "mesos_task_mem", Group: group, Default: "128", Meaning: "MiB of memory of jobs that do not say", Value: config.Float(&o.memory, 1, 1e9)},
		{Name: "mesos_task_disk", Group: group, Default: "256", Meaning: "MiB of disk of jobs that do not say", Value: config.Float(&o.disk, 0.001, 1e12)},
		{Name: "reconciliation_interval", Group: group, Default: "900", Meaning: "time between two comparisons of all tasks with what Mesos knows", Value: config.Duration(&o.placement.Reconcile, time.Second, time.Minute, 24*time.Hour)},
		{Name: "min_revive_offers_interval", Group: group, Default: "1000", Meaning: "time between two requests for offers that did not come", Value: config.Duration(&o.placement.MinRevive, time.Millisecond, time.Millisecond, time.Hour)},
		{Name: "decline_offer_duration", Group: group, Default: "5000", Meaning: "how long offers in which nothing fits are declined", Value: config.Duration(&o.placement.Refuse, time.Millisecond, time.Millisecond, 24*time.Hour)},
		{Name: "placement", Group: group, Default: "spread", Meaning: "whether tasks are spread over the agents or fill one after the other", Value: config.OneOf(&o.order, "spread", "binpack")},
	}
}

// roles are those of --mesos_role.
func (o *clusterOptions) roles() []string {
	var out []string
	for r := range strings.SplitSeq(o.role, ",") {
		out = append(out, strings.TrimSpace(r))
	}
	return out
}

// checkRoles tells whether Mesos takes these roles.
func checkRoles(text string) error {
	_, err := framework.Options{Name: "x", User: "x", Roles: (&clusterOptions{role: text}).roles()}.Info()
	return err
}

// storeOptions say where the state is.
type storeOptions struct {
	hosts, path    string
	timeout        time.Duration
	auth, authFile string
	encrypted      bool
	tls            mesos.TLSFiles
	identity       string       // that the store must have; "": any
	seen           func(string) // gets its identity; nil: nobody asks
}

func (o *storeOptions) settings() []config.Setting {
	const group = "ZooKeeper"
	file := "the name of a PEM file"
	return []config.Setting{
		{Name: "zk_hosts", Group: group, Default: "localhost:2181", Meaning: "servers that keep the state, separated by commas", Value: config.Some(&o.hosts, "host:port, one or more, separated by commas").Checked(func(text string) error {
			return checkStore(zookeeper.Options{Servers: serversOf(text), Path: "/hora"})
		})},
		{Name: "zk_path", Group: group, Default: "/hora", Meaning: "node under which everything is kept; not where Chronos keeps its state", Value: config.Some(&o.path, "an absolute path such as /hora").Checked(func(text string) error {
			return checkStore(zookeeper.Options{Servers: []string{"localhost"}, Path: text})
		})},
		{Name: "zk_timeout", Group: group, Default: "6000", Meaning: "session time-out: how long after its last word a leader is replaced", Value: config.Duration(&o.timeout, time.Millisecond, zookeeper.MinSessionTimeout, 10*time.Minute)},
		{Name: "zk_auth", Group: group, Secret: true, Meaning: "user:password; with it, nobody else can read or write the state", Value: config.Some(&o.auth, "user:password").Checked(checkCredentials)},
		{Name: "zk_auth_file", Group: group, Meaning: "file with user:password, instead of --zk_auth", Value: config.SecretFile(&o.authFile)},
		{Name: "zk_tls", Group: group, Default: "false", Meaning: "encrypt the connections to these servers", Value: config.Bool(&o.encrypted)},
		{Name: "zk_tls_ca", Group: group, Shown: "the system's", Meaning: "certificates of the authorities that these servers are trusted by", Value: config.Some(&o.tls.CA, file)},
		{Name: "zk_tls_cert", Group: group, Meaning: "certificate that these servers are shown", Value: config.Some(&o.tls.Cert, file)},
		{Name: "zk_tls_key", Group: group, Meaning: "its key", Value: config.Some(&o.tls.Key, file)},
	}
}

// checkStore says what is wrong with options.
func checkStore(o zookeeper.Options) error {
	b, err := zookeeper.Open(o)
	if err != nil {
		return err
	}
	return b.Close()
}

// serversOf are the servers of a list, which Chronos writes with a scheme at times.
func serversOf(hosts string) []string {
	var out []string
	for s := range strings.SplitSeq(zkServers(hosts), ",") {
		out = append(out, strings.TrimSpace(s))
	}
	return out
}

func checkCredentials(text string) error {
	if user, password, ok := strings.Cut(text, ":"); !ok || user == "" || password == "" {
		return errors.New("there is no user, no colon or no password")
	}
	return nil
}

// open makes the backend. It does not connect.
func (o *storeOptions) open(set *config.Set, log *slog.Logger) (*zookeeper.Backend, error) {
	auth := o.auth
	if o.authFile != "" {
		if auth != "" {
			return nil, usageError{set.Fail("zk_auth_file", "--zk_auth or --zk_auth_file, not both")}
		}
		if auth = o.authFile; checkCredentials(auth) != nil {
			return nil, usageError{set.Fail("zk_auth_file", "a file that holds user:password")}
		}
	}
	var secure *tls.Config
	if o.encrypted {
		var err error
		if secure, err = o.tls.Load(); err != nil {
			return nil, usageError{fmt.Errorf("--zk_tls_ca, --zk_tls_cert, --zk_tls_key: %w", err)}
		}
	} else if o.tls != (mesos.TLSFiles{}) {
		return nil, usageError{set.Fail("zk_tls", "--zk_tls with the files --zk_tls_…")}
	}
	b, err := zookeeper.Open(zookeeper.Options{
		Servers: serversOf(o.hosts), Path: o.path, SessionTimeout: o.timeout, Auth: auth, TLS: secure, Identity: o.identity, Seen: o.seen,
		Logger: log.With("part", "zookeeper"),
	})
	if err != nil {
		return nil, usageError{fmt.Errorf("--zk_hosts, --zk_path: %w", err)}
	}
	return b, nil
}

// httpOptions say where this process listens, and how others reach it.
type httpOptions struct {
	hostname, advertise      string
	address, secureAddress   string
	port, securePort         int
	plainOff                 bool
	certFile, keyFile, caPEM string
	keystore, keystorePass   string
	credentials, realm       string
	accessFile, clientCA     string
	hosts, proxies           string
}

func (o *httpOptions) settings() []config.Setting {
	const group = "HTTP"
	file := "the name of a PEM file"
	return []config.Setting{
		{Name: "hostname", Group: group, Shown: "the name of this machine", Meaning: "how the other processes, Mesos and people reach this machine", Value: config.Some(&o.hostname, "a host name or an IP address").Checked(checkHost)},
		{Name: "http_address", Group: group, Shown: "all", Meaning: "address to listen on", Value: address(&o.address)},
		{Name: "http_port", Group: group, Default: "8080", Meaning: "port to listen on; 0 is a free one", Value: config.Int(&o.port, 0, 65535)},
		{Name: "allowed_hosts", Group: group, Meaning: "names by which it may be asked for, separated by commas, besides localhost and --hostname; others are refused where it listens on loopback alone and has no access control", Value: config.Text(&o.hosts).Checked(checkHosts)},
		{Name: "trusted_proxies", Group: group, Meaning: "addresses and networks, separated by commas, of proxies whose X-Forwarded-For is believed: who the client is, in the audit log and for the limit of failed logins", Value: config.Text(&o.proxies).Checked(checkProxies)},
		{Name: "disable_http", Group: group, Default: "false", Meaning: "https only", Value: config.Bool(&o.plainOff)},
		{Name: "tls_cert", Group: group, Meaning: "certificate of this server; with it, https is spoken, too", Value: config.Some(&o.certFile, file)},
		{Name: "tls_key", Group: group, Meaning: "its key", Value: config.Some(&o.keyFile, file)},
		{Name: "ssl_keystore_path", Group: group, Meaning: "PKCS #12 file with the certificate and its key, instead of --tls_cert and --tls_key (also MESOSPHERE_KEYSTORE_PATH)", Value: config.Some(&o.keystore, "the name of a PKCS #12 file")},
		{Name: "ssl_keystore_password", Group: group, Secret: true, Meaning: "its password (also MESOSPHERE_KEYSTORE_PASS)", Value: config.Text(&o.keystorePass)},
		{Name: "http_credentials", Group: group, Secret: true, Meaning: "user:password that every request must have, but those for /health and /ready (also MESOSPHERE_HTTP_CREDENTIALS)", Value: config.Some(&o.credentials, "user:password").Checked(checkCredentials)},
		{Name: "http_realm", Group: group, Default: "Mesosphere", Meaning: "realm that browsers name when they ask for these", Value: config.Some(&o.realm, "a text without control characters").Checked(checkRealm)},
		{Name: "access", Group: group, Shown: "none", Meaning: "file that says who may do what (docs/access.md); SIGHUP has it read again", Value: config.Some(&o.accessFile, "the name of a file")},
		{Name: "tls_client_ca", Group: group, Meaning: "certificates of the authorities that clients' certificates, which --access names, are trusted by", Value: config.Some(&o.clientCA, file)},
		{Name: "tls_ca", Group: group, Shown: "the system's", Meaning: "certificates of the authorities that a leader which speaks https only is trusted by", Value: config.Some(&o.caPEM, file)},
		{Name: "https_address", Group: group, Shown: "all", Meaning: "address to listen on for https", Value: address(&o.secureAddress)},
		{Name: "https_port", Group: group, Default: "8443", Meaning: "port to listen on for https; 0 is a free one", Value: config.Int(&o.securePort, 0, 65535)},
		{Name: "advertise", Group: group, Shown: "hostname and port", Meaning: "address that the other processes are told, if it is not hostname and port (behind a mapped port)", Value: config.Some(&o.advertise, "host:port or https://host:port").Checked(func(text string) error {
			_, err := member.Base(text)
			return err
		})},
	}
}

func checkRealm(text string) error {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r == 0x7f }) {
		return errors.New("it has one")
	}
	return nil
}

func checkHost(text string) error {
	if net.ParseIP(text) == nil && strings.ContainsAny(text, ":/@ ") {
		return errors.New("a host has no port, no scheme and no blank")
	}
	return nil
}

// checkHosts takes names separated by commas, or nothing.
func checkHosts(text string) error {
	for name := range strings.SplitSeq(text, ",") {
		if err := checkHost(name); err != nil || name == "" && text != "" {
			return errors.New("want names of hosts, without scheme and port, separated by commas")
		}
	}
	return nil
}

// readProxies reads addresses and networks separated by commas.
func readProxies(text string) ([]netip.Prefix, error) {
	var out []netip.Prefix
	for part := range strings.SplitSeq(text, ",") {
		if text == "" {
			break
		}
		p, err := netip.ParsePrefix(part)
		if ip, single := netip.ParseAddr(part); single == nil {
			p, err = netip.PrefixFrom(ip, ip.BitLen()), nil
		}
		if err != nil {
			return nil, fmt.Errorf("%q is neither an address nor a network such as 10.0.0.0/24", part)
		}
		out = append(out, p)
	}
	return out, nil
}

func checkProxies(text string) error {
	_, err := readProxies(text)
	return err
}

// address takes an IP address, or nothing for all.
func address(p *string) config.Value {
	v := config.Text(p).Checked(func(text string) error {
		if text != "" && net.ParseIP(text) == nil {
			return fmt.Errorf("%q is none", text)
		}
		return nil
	})
	v.Want = "an IP address such as 127.0.0.1; nothing is all"
	return v
}

// listeners opens the ports.
func (o *httpOptions) listeners(set *config.Set) (plain, secure net.Listener, err error) {
	switch {
	case o.plainOff && o.certFile == "" && o.keystore == "":
		return nil, nil, usageError{set.Fail("disable_http", "--tls_cert and --tls_key, or --ssl_keystore_path, with it")}
	case (o.certFile == "") != (o.keyFile == ""):
		return nil, nil, usageError{set.Fail("tls_cert", "both --tls_cert and --tls_key")}
	case o.clientCA != "" && (o.accessFile == "" || o.certFile == "" && o.keystore == ""):
		return nil, nil, usageError{set.Fail("tls_client_ca", "--access, and --tls_cert and --tls_key, or --ssl_keystore_path, with it")}
	case o.certFile != "" && o.keystore != "":
		return nil, nil, usageError{set.Fail("ssl_keystore_path", "it, or --tls_cert and --tls_key, not both")}
	}
	if !o.plainOff {
		if plain, err = net.Listen("tcp", net.JoinHostPort(o.address, strconv.Itoa(o.port))); err != nil {
			return nil, nil, fmt.Errorf("--http_address, --http_port: %w", err)
		}
	}
	if o.certFile == "" && o.keystore == "" {
		return plain, nil, nil
	}
	server := &tls.Config{MinVersion: tls.VersionTLS12}
	cert, err := o.certificate()
	if err == nil {
		server.Certificates = []tls.Certificate{cert}
		err = o.trustClients(server)
	}
	if err == nil {
		secure, err = tls.Listen("tcp", net.JoinHostPort(o.secureAddress, strconv.Itoa(o.securePort)), server)
		if err != nil {
			err = fmt.Errorf("--https_address, --https_port: %w", err)
		}
	}
	if err != nil && plain != nil {
		plain.Close()
	}
	return plain, secure, err
}

// certificate reads the certificate of this server.
func (o *httpOptions) certificate() (tls.Certificate, error) {
	if o.keystore != "" {
		cert, err := keystore(o.keystore, o.keystorePass)
		if err != nil {
			err = usageError{fmt.Errorf("--ssl_keystore_path: %w", err)}
		}
		return cert, err
	}
	cert, err := tls.LoadX509KeyPair(o.certFile, o.keyFile)
	if err != nil {
		err = usageError{fmt.Errorf("--tls_cert, --tls_key: %w", err)}
	}
	return cert, err
}

// guard puts before a handler what all requests have to pass.
func (o *serveOptions) guard(gate *api.Gate, h http.Handler, listeners ...net.Listener) http.Handler {
	if o.chronos.noCompression {
		h = plainAnswers(h)
	}
	proxies, _ := readProxies(o.http.proxies) // it was checked when it was read
	if gate != nil {
		return api.Behind(gate.Handler(h), proxies)
	}
	if len(listeners) > 0 && !slices.ContainsFunc(listeners, func(l net.Listener) bool { return !l.Addr().(*net.TCPAddr).IP.IsLoopback() }) {
		names := append(strings.Split(o.http.hosts, ","), o.http.hostname)
		if u, err := member.Base(o.http.advertise); err == nil {
			names = append(names, u.Hostname())
		}
		h = api.Local(h, names)
	}
	return api.Behind(h, proxies)
}

// self is the address that the others are told: host:port as Chronos writes it
// (contracts/chronos.md 7.4), and a URL if only https is spoken.
func (o *httpOptions) self(plain, secure net.Listener) string {
	if o.advertise != "" {
		return strings.TrimSuffix(strings.TrimPrefix(o.advertise, "http://"), "/")
	}
	port := func(l net.Listener) string { return strconv.Itoa(l.Addr().(*net.TCPAddr).Port) }
	if plain != nil {
		return net.JoinHostPort(o.hostname, port(plain))
	}
	return "https://" + net.JoinHostPort(o.hostname, port(secure))
}

// jobOptions are what jobs get that do not say, and what is kept of them.
type jobOptions struct {
	retry, epsilon  time.Duration
	disableAfter    int64
	history         uint64
	historyOfAnswer int
}

func (o *jobOptions) settings() []config.Setting {
	const group = "Jobs"
	return []config.Setting{
		{Name: "failure_retry", Group: group, Default: "60000", Meaning: "time between a failed attempt and the next, for jobs without retryInterval", Value: config.Duration(&o.retry, time.Millisecond, 0, 30*24*time.Hour)},
		{Name: "disable_after_failures", Group: group, Default: "0", Meaning: "disable a job after so many failures without a success; 0 is never", Value: config.Int(&o.disableAfter, 0, 1e9)},
		{Name: "task_epsilon", Group: group, Default: "60", Meaning: "start deadline of jobs that are posted under /scheduler without one", Value: config.Duration(&o.epsilon, time.Second, 0, 366*24*time.Hour)},
		{Name: "history", Group: group, Default: "50", Meaning: "how many ended runs of each job are kept", Value: config.Int(&o.history, 1, 100000)},
		{Name: "job_history_limit", Group: group, Default: "5", Meaning: "how many runs job/stat shows", Value: config.Int(&o.historyOfAnswer, 1, 100000)},
	}
}

// logOptions say what is logged.
type logOptions struct {
	level, format string
}

func (o *logOptions) settings() []config.Setting {
	const group = "Log"
	return []config.Setting{
		{Name: "log_level", Group: group, Default: "info", Meaning: "what is logged; SIGUSR1 turns debug on and off, POST /logging sets any level", Value: config.OneOf(&o.level, "debug", "info", "warn", "error")},
		{Name: "log_format", Group: group, Default: "text", Meaning: "how it is logged", Value: config.OneOf(&o.format, "text", "json")},
	}
}

// serveOptions are all settings of hora serve.
type serveOptions struct {
	cluster clusterOptions
	store   storeOptions
	known   identityFile
	http    httpOptions
	job     jobOptions
	notify  notifyFlags
	chronos chronosOptions
	log     logOptions
}

// prefix is that of the environment variables.
const prefix = "HORA"

// set is the table.
func (o *serveOptions) set() *config.Set {
	s := config.New(prefix, o.cluster.settings()...)
	s.Add(o.store.settings()...)
	s.Add(o.known.settings()...)
	s.Add(o.http.settings()...)
	s.Add(o.job.settings()...)
	s.Add(o.notify.settings()...)
	s.Add(o.log.settings()...)
	s.Add(o.chronos.settings()...)
	s.More(o.chronos.fallbacks)
	s.Abbreviate(letters)
	return s
}

// complete puts in what depends on the machine, and checks what is wrong only together.
func (o *serveOptions) complete(set *config.Set) error {
	c := &o.cluster
	if o.http.hostname == "" {
		name, err := os.Hostname()
		if err != nil || name == "" {
			return usageError{set.Fail("hostname", "the name of this machine, which the system does not know")}
		}
		o.http.hostname = name
	}
	switch {
	case c.master == "":
		return usageError{set.Fail("master", "zk://host:port,…/mesos, URLs such as http://10.0.0.1:5050, or file:///path")}
	case c.secret != "" && c.principal == "":
		return usageError{set.Fail("mesos_authentication_secret_file", "--mesos_authentication_principal with it")}
	case c.secret != "" && strings.Contains(c.principal+string(c.secret), ":"):
		return usageError{set.Fail("mesos_authentication_principal", "principal and secret without a colon, which Mesos does not take")}
	}
	return nil
}

// mesosConfig makes the configuration of the connection to Mesos. What comes
// with it is to be closed.
func (o *serveOptions) mesosConfig(set *config.Set, self string, log *slog.Logger) (mesos.Config, detector.Detector, error) {
	c := &o.cluster
	log = log.With("part", "mesos")
	secure, err := c.tls.Load()
	if err != nil {
		return mesos.Config{}, nil, usageError{fmt.Errorf("--mesos_tls_ca, --mesos_tls_cert, --mesos_tls_key: %w", err)}
	}
	found, err := detector.Parse(c.master, detector.Options{Scheme: c.scheme, Logger: log})
	if err != nil {
		where, _ := set.Given("master")
		return mesos.Config{}, nil, usageError{fmt.Errorf("%s: %w", where, err)} // which shows no password
	}
	who := framework.Options{
		Name: c.name, User: c.user, Roles: c.roles(), Principal: c.principal, Hostname: o.http.hostname, FailoverTimeout: c.failover, GPUs: c.gpus,
	}
	if page, err := member.Base(self); err == nil {
		who.WebUI = page.String()
	}
	if o.chronos.webUI != "" {
		who.WebUI = o.chronos.webUI
	}
	info, err := who.Info()
	if err != nil {
		found.Close()
		return mesos.Config{}, nil, usageError{err}
	}
	config := mesos.Config{Detector: found, Framework: info, TLS: secure, Logger: log}
	if c.secret != "" {
		config.Principal, config.Secret = c.principal, c.secret
	}
	return config, found, nil
}

// schedulerConfig makes the configuration of the core.
func (o *serveOptions) schedulerConfig() scheduler.Config {
	cfg := scheduler.DefaultConfig()
	cfg.RetryInterval, cfg.DisableAfterFailures, cfg.History = o.job.retry, o.job.disableAfter, o.job.history
	p := &o.cluster.placement
	cfg.Reconcile, cfg.MinRevive, cfg.Refuse, cfg.Binpack = p.Reconcile, p.MinRevive, p.Refuse, o.cluster.order == "binpack"
	cfg.Roles = o.cluster.roles()
	return cfg
}
