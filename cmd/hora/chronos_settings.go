package main

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"software.sslmate.com/src/go-pkcs12"

	"github.com/hora-scheduler/hora/config"
)

// chronosOptions are what hora takes from an installation of Chronos: its
// settings that hora has under other names or not at all, its variables, and
// the files of its packages (Chronos contract 9).
type chronosOptions struct {
	folder           string
	webUI            string
	noCompression    bool
	without          [len(withoutEffect)]string // what was given for those, and is not used
	withoutSwitch    [len(withoutEffect)]bool
	taken, notNeeded []string // files that were read, and those that say nothing to hora
}

// withoutEffect are Chronos' settings that have no meaning any more, and why.
var withoutEffect = [...]struct {
	name, why string
	isSwitch  bool
}{
	{"schedule_horizon", "every slot is started at its time", false},
	{"leader_max_idle_time", "Chronos did not use it either", false},
	{"mesos_checkpoint", "it is always on", true},
	{"revive_offers_for_new_jobs", "offers are asked for whenever there is work", true},
	{"http_compression", "answers are compressed for clients that ask for it", true},
	{"assets_path", "the page is part of the program", false},
	{"graphite_host_port", "metrics are at /metrics, for Prometheus or as JSON", false},
	{"graphite_reporting_interval", "metrics are at /metrics", false},
	{"graphite_group_prefix", "metrics are at /metrics", false},
	{"cassandra_contact_points", "hora keeps the history of jobs itself", false},
	{"cassandra_port", "hora keeps the history of jobs itself", false},
	{"cassandra_keyspace", "hora keeps the history of jobs itself", false},
	{"cassandra_table", "hora keeps the history of jobs itself", false},
	{"cassandra_stat_count_table", "hora keeps the history of jobs itself", false},
	{"cassandra_consistency", "hora keeps the history of jobs itself", false},
	{"cassandra_ttl", "hora keeps the history of jobs itself (--history)", false},
	{"cassandra_user", "hora keeps the history of jobs itself", false},
	{"cassandra_password", "hora keeps the history of jobs itself", false},
}

// letters are Chronos' flags of one letter, as far as 2.4.0 and 3.0.2 agree on
// them: -s is schedule_horizon in the one and slack_url in the other, -h is
// hostname in both and help here (Chronos contract 9).
var letters = map[string]string{
	"user": "u", "failover_timeout": "f", "zk_hosts": "z", "leader_max_idle_time": "l", "mail_server": "m", "raven_dsn": "r",
	"disable_after_failures": "d", "task_epsilon": "t", "graphite_host_port": "g", "cassandra_contact_points": "c", "job_history_limit": "j",
}

func (o *chronosOptions) settings() []config.Setting {
	const group = "Chronos"
	list := []config.Setting{
		{Name: "chronos_conf", Group: group, Default: "/etc/chronos/conf", Meaning: "folder of files, each named as a flag and holding its value (?name is a switch), as the packages of Chronos had it; with it ../../mesos/zk is read for --master and --zk_hosts. What stands there counts less than everything else but the defaults; zk_path is not taken", Value: config.Text(&o.folder)},
		{Name: "webui_url", Group: group, Shown: "hostname and port", Meaning: "address of the page, as Mesos shows it", Value: config.Some(&o.webUI, "a URL")},
		{Name: "disable_http_compression", Group: group, Default: "false", Meaning: "do not compress answers", Value: config.Bool(&o.noCompression)},
	}
	for i, w := range withoutEffect {
		s := config.Setting{Name: w.name, Group: group, Meaning: "has no effect: " + w.why, Secret: strings.HasSuffix(w.name, "password"), Value: config.Text(&o.without[i])}
		if w.isSwitch {
			s.Value = config.Bool(&o.withoutSwitch[i])
		}
		list = append(list, s)
	}
	return list
}

// warnings are what is to be said once of settings that have no effect.
func (o *chronosOptions) warnings(set *config.Set) []string {
	var out []string
	for _, w := range withoutEffect {
		if where, there := set.Given(w.name); there {
			out = append(out, where+" has no effect: "+w.why)
		}
	}
	return append(out, o.notNeeded...)
}

// variables are those of Chronos, and the settings that they are defaults of.
var variables = [...][2]string{
	{"MESOSPHERE_HTTP_CREDENTIALS", "http_credentials"}, {"MESOSPHERE_KEYSTORE_PATH", "ssl_keystore_path"}, {"MESOSPHERE_KEYSTORE_PASS", "ssl_keystore_password"},
}

// maxConf bounds one of the files, in bytes.
const maxConf = 64 << 10

// fallbacks reads Chronos' files and variables.
func (o *chronosOptions) fallbacks(set *config.Set, environ []string) error {
	if folder := set.Text("chronos_conf"); folder != "" {
		if err := o.readFolder(set, folder); err != nil {
			return err
		}
		if err := o.readMasters(set, filepath.Join(folder, "..", "..", "mesos", "zk")); err != nil {
			return err
		}
	}
	for _, line := range environ {
		name, value, _ := strings.Cut(line, "=")
		for _, v := range variables {
			if v[0] == name && value != "" {
				set.Fallback(name, v[1], value)
			}
		}
	}
	return nil
}

// readFolder reads the files of /etc/chronos/conf.
func (o *chronosOptions) readFolder(set *config.Set, folder string) error {
	entries, err := os.ReadDir(folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return &config.Error{Where: "--chronos_conf", Value: folder, Want: "a folder that can be read", Err: err}
	}
	for _, e := range entries {
		file := filepath.Join(folder, e.Name())
		name, isSwitch := strings.CutPrefix(e.Name(), "?")
		switch {
		case e.IsDir() || strings.HasPrefix(name, "."):
			continue
		case name == "zk_path":
			o.notNeeded = append(o.notNeeded, file+" is not used: it says where Chronos keeps its state, which hora import chronos reads")
			continue
		}
		text, err := readSmall(file)
		if err != nil {
			return err
		}
		if isSwitch {
			text = "true"
		}
		if set.Fallback(file, name, text) {
			o.taken = append(o.taken, file)
		} else {
			o.notNeeded = append(o.notNeeded, file+" is no setting")
		}
	}
	return nil
}

// readMasters reads /etc/mesos/zk, which names the masters' ZooKeeper.
func (o *chronosOptions) readMasters(set *config.Set, file string) error {
	text, err := readSmall(file)
	if errors.Is(err, fs.ErrNotExist) || err == nil && text == "" {
		return nil
	}
	if err != nil {
		return err
	}
	set.Fallback(file, "master", text)
	if hosts := zkServers(text); strings.HasPrefix(text, "zk://") && hosts != "" {
		set.Fallback(file, "zk_hosts", hosts)
	}
	o.taken = append(o.taken, file)
	return nil
}

// zkServers takes the servers out of zk://[user:password@]host:port,…[/path], and
// leaves what has no scheme as it is.
func zkServers(text string) string {
	rest, ok := strings.CutPrefix(strings.TrimSpace(text), "zk://")
	if !ok {
		return text
	}
	rest, _, _ = strings.Cut(rest, "/")
	return rest[strings.LastIndex(rest, "@")+1:]
}

func readSmall(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err == nil && len(text) > maxConf {
		err = fmt.Errorf("it has %d bytes, at most %d are read", len(text), maxConf)
	}
	if err != nil {
		return "", &config.Error{Where: file, Want: "a file that can be read, or --chronos_conf with another folder or none", Err: err}
	}
	return strings.TrimSpace(string(text)), nil
}

// plainAnswers has nothing compressed.
func plainAnswers(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Header.Del("Accept-Encoding")
		h.ServeHTTP(w, r)
	})
}

// keystore reads a certificate and its key from a PKCS #12 file, or says how a
// Java keystore becomes one.
func keystore(file, password string) (tls.Certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return tls.Certificate{}, err
	}
	for _, magic := range []string{"\xfe\xed\xfe\xed", "\xce\xce\xce\xce"} { // JKS, JCEKS
		if bytes.HasPrefix(text, []byte(magic)) {
			to := strings.TrimSuffix(file, filepath.Ext(file)) + ".p12"
			return tls.Certificate{}, fmt.Errorf("%s is a Java keystore, want PKCS #12; this makes one of it: keytool -importkeystore -srckeystore %s -destkeystore %s -deststoretype PKCS12", file, file, to)
		}
	}
	key, leaf, others, err := pkcs12.DecodeChain(text, password)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s: %w", file, err)
	}
	cert := tls.Certificate{Certificate: [][]byte{leaf.Raw}, PrivateKey: key, Leaf: leaf}
	for _, c := range others {
		cert.Certificate = append(cert.Certificate, c.Raw)
	}
	return cert, nil
}
