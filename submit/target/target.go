// Package target says which server a command talks to and as whom: by its
// flags, the environment, the configuration file with its contexts, or the
// application.conf of mesos-chronos-submitter.
//
// It opens no connection.
package target

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hora-scheduler/hora/submit/document"
	"github.com/hora-scheduler/hora/submit/remote"
)

// Default is where hora dev listens.
const Default = "http://127.0.0.1:4400"

// Target is a server and who one is there.
type Target struct {
	Name   string // of the context; "" if it comes from elsewhere
	Server string
	Login  remote.Login
	Fields int // time fields of a crontab line; 0: nothing is said
}

// Sources are where a target may come from, each with what it says.
type Sources struct {
	Server  string                      // --server
	Context string                      // --context
	Config  string                      // --config; "" is HORA_CONFIG, or config.yaml in the user's folder for hora
	Chronos string                      // --application_conf; "" is application.conf in the current folder, if it is there
	Env     func(string) (string, bool) // os.LookupEnv
	Dir     string                      // where application.conf is looked for; "" is the current folder
}

// Find returns the target of a command: of --server, --context, HORA_SERVER, HORA_CONTEXT,
// the current context, application.conf or the default, the first that says one.
// HORA_USER, HORA_PASSWORD and HORA_TOKEN say who one is at a server that no context names.
func (s Sources) Find() (Target, error) {
	old, err := s.application()
	if err != nil {
		return Target{}, err
	}
	env := func(name string) string { v, _ := s.Env(name); return v }
	login := remote.Login{User: env("HORA_USER"), Password: env("HORA_PASSWORD"), Token: env("HORA_TOKEN")}
	if s.Server != "" {
		return Target{Server: s.Server, Login: login, Fields: old.Fields}, nil
	}
	name := s.Context
	if name == "" && env("HORA_SERVER") != "" {
		return Target{Server: env("HORA_SERVER"), Login: login, Fields: old.Fields}, nil
	}
	if name == "" {
		name = env("HORA_CONTEXT")
	}
	c, err := s.Load()
	if err != nil {
		return Target{}, err
	}
	explicit := name != ""
	if name == "" {
		name = c.Current
	}
	if name != "" && (explicit || s.Chronos == "") {
		i := slices.IndexFunc(c.Contexts, func(t Target) bool { return t.Name == name })
		if i < 0 {
			return Target{}, c.unknown(name)
		}
		t := c.Contexts[i]
		t.Fields = old.Fields
		return t, nil
	}
	if old.Server == "" {
		old.Server = Default
	}
	old.Login = login
	return old, nil
}

// Config is the configuration file of the client.
type Config struct {
	File     string
	Current  string
	Contexts []Target // in the order of the file
}

func (c *Config) names() []string {
	var out []string
	for _, t := range c.Contexts {
		out = append(out, t.Name)
	}
	return out
}

// file says where the configuration is, and whether it has to be there.
func (s Sources) file() (name string, required bool, err error) {
	if s.Config != "" {
		return s.Config, true, nil
	}
	if name, set := s.Env("HORA_CONFIG"); set && name != "" {
		return name, true, nil
	}
	dir, set := s.Env("XDG_CONFIG_HOME")
	if !set || dir == "" {
		home, set := s.Env("HOME")
		if !set || home == "" {
			return "", false, nil
		}
		dir = filepath.Join(home, ".config")
	}
	return filepath.Join(dir, "hora", "config.yaml"), false, nil
}

// Load reads the configuration file. Without one there are no contexts.
func (s Sources) Load() (*Config, error) {
	name, required, err := s.file()
	if err != nil || name == "" {
		return &Config{}, err
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && !required {
		return &Config{File: name}, nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parse(name, text)
	if err == nil && slices.ContainsFunc(c.Contexts, func(t Target) bool { return t.Login.Password+t.Login.Token != "" }) {
		err = checkMode(name)
	}
	return c, err
}

// checkMode refuses a file with secrets that others may read.
func checkMode(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return fmt.Errorf("%s holds a password or token and may be read by others (mode %04o): chmod 600 %s", name, info.Mode().Perm(), name)
	}
	return nil
}

func (c *Config) read(n *document.Node) error {
	if err := keys(n, "the configuration", "current", "contexts"); err != nil {
		return err
	}
	var err error
	if c.Current, err = text(n, "current"); err != nil {
		return err
	}
	all := n.Get("contexts")
	if all == nil {
		return nil
	}
	if all.Kind != document.Object {
		return document.Errorf(all.Pos, "contexts is %s, want NAME: {server: URL}", all.Kind)
	}
	for _, m := range all.Members {
		t, err := readContext(m)
		if err != nil {
			return err
		}
		c.Contexts = append(c.Contexts, t)
	}
	return nil
}

func readContext(m document.Member) (Target, error) {
	t := Target{Name: m.Key}
	if err := keys(m.Value, "the context "+strconv.Quote(m.Key), "server", "user", "password", "token", "tokenFile"); err != nil {
		return t, err
	}
	tokenFile := ""
	for _, f := range []struct {
		key string
		to  *string
	}{{"server", &t.Server}, {"user", &t.Login.User}, {"password", &t.Login.Password}, {"token", &t.Login.Token}, {"tokenFile", &tokenFile}} {
		var err error
		if *f.to, err = text(m.Value, f.key); err != nil {
			return t, err
		}
	}
	if t.Server == "" {
		return t, document.Errorf(m.Value.Pos, "the context %q has no server", m.Key)
	}
	if u, err := url.Parse(t.Server); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return t, document.Errorf(m.Value.Get("server").Pos, "server: %q: want a URL such as %s", t.Server, Default)
	}
	if tokenFile != "" {
		if err := checkMode(tokenFile); err != nil {
			return t, document.Errorf(m.Value.Get("tokenFile").Pos, "tokenFile: %v", err)
		}
		secret, err := os.ReadFile(tokenFile)
		if err != nil {
			return t, document.Errorf(m.Value.Get("tokenFile").Pos, "tokenFile: %v", err)
		}
		t.Login.Token = strings.TrimSpace(string(secret))
	}
	return t, nil
}

func keys(n *document.Node, what string, known ...string) error {
	if n.Kind != document.Object {
		return document.Errorf(n.Pos, "%s is %s, want an object", what, n.Kind)
	}
	for _, m := range n.Members {
		if !slices.Contains(known, m.Key) {
			return document.Errorf(m.Pos, "unknown key %q in %s, want some of %s", m.Key, what, strings.Join(known, ", "))
		}
	}
	return nil
}

func text(n *document.Node, key string) (string, error) {
	v := n.Get(key)
	switch {
	case v == nil:
		return "", nil
	case !v.Scalar() || v.Kind == document.Null:
		return "", document.Errorf(v.Pos, "%s is %s, want a text", key, v.Kind)
	}
	return v.Text, nil
}

// application reads chronos { host, port, crontab { item-number } } of an
// application.conf, as mesos-chronos-submitter has it. What else stands in it is
// the business of others.
func (s Sources) application() (Target, error) {
	name := s.Chronos
	if name == "" {
		name = filepath.Join(s.Dir, "application.conf")
	}
	raw, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) && s.Chronos == "" {
		return Target{}, nil
	}
	if err != nil {
		return Target{}, err
	}
	docs, err := document.Reader{Env: s.Env, Open: os.ReadFile}.Read(name, raw)
	if err != nil {
		return Target{}, err
	}
	n := docs[0].Get("chronos")
	if n == nil || n.Kind != document.Object {
		return Target{}, nil
	}
	var t Target
	host, err := text(n, "host")
	if err != nil {
		return t, err
	}
	port, err := text(n, "port")
	if err != nil {
		return t, err
	}
	if port == "" {
		port = "4400"
	}
	if p, err := strconv.Atoi(port); err != nil || p < 1 || p > 65535 {
		return t, document.Errorf(n.Get("port").Pos, "chronos.port: %q is not a port", port)
	}
	switch {
	case strings.Contains(host, "://"):
		t.Server = host
	case host != "":
		t.Server = "http://" + net.JoinHostPort(host, port)
	}
	if c := n.Get("crontab"); c != nil && c.Kind == document.Object {
		if number := c.Get("item-number"); number != nil {
			if t.Fields, err = strconv.Atoi(number.Text); err != nil || t.Fields != 5 && t.Fields != 6 {
				return t, document.Errorf(number.Pos, "chronos.crontab.item-number: %q: want 5, or 6 with seconds", number.Text)
			}
		}
	}
	return t, nil
}
