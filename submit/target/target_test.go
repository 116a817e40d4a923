package target

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/submit/remote"
)

func write(t *testing.T, name, text string, mode os.FileMode) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return name
}

const contexts = `
current: prod   # the usual one
contexts:
  prod: {server: "https://hora.example.com/x", user: me, password: secret}
  dev: {server: "http://127.0.0.1:4400"}
`

const application = `
# as the old tool has it
chronos {
  host = "chronos.example.com"
  port = 8080
  crontab { item-number = 6 }
}
other { thing = 1 }
`

// TestFind: which source wins.
func TestFind(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := write(t, filepath.Join(dir, "home", ".config", "hora", "config.yaml"), contexts, 0o600)
	old := write(t, filepath.Join(dir, "old", "application.conf"), application, 0o644)
	prod := Target{Name: "prod", Server: "https://hora.example.com/x", Login: remote.Login{User: "me", Password: "secret"}}
	dev := Target{Name: "dev", Server: "http://127.0.0.1:4400"}
	chronos := Target{Server: "http://chronos.example.com:8080", Fields: 6}
	with := func(t Target, fields int) Target { t.Fields = fields; return t }
	for name, c := range map[string]struct {
		s    Sources
		env  map[string]string
		want Target
	}{
		"nothing":               {Sources{}, nil, Target{Server: Default}},
		"--server":              {Sources{Server: "http://a", Config: config}, nil, Target{Server: "http://a"}},
		"--server and a login":  {Sources{Server: "http://a"}, map[string]string{"HORA_TOKEN": "t"}, Target{Server: "http://a", Login: remote.Login{Token: "t"}}},
		"HORA_SERVER":           {Sources{Config: config}, map[string]string{"HORA_SERVER": "http://b", "HORA_USER": "u", "HORA_PASSWORD": "p"}, Target{Server: "http://b", Login: remote.Login{User: "u", Password: "p"}}},
		"the current context":   {Sources{Config: config}, nil, prod},
		"of HOME":               {Sources{}, map[string]string{"HOME": filepath.Join(dir, "home")}, prod},
		"--context":             {Sources{Config: config, Context: "dev"}, map[string]string{"HORA_SERVER": "http://b"}, dev},
		"HORA_CONTEXT":          {Sources{}, map[string]string{"HORA_CONFIG": config, "HORA_CONTEXT": "dev"}, dev},
		"--application_conf":    {Sources{Chronos: old, Config: config}, nil, chronos},
		"application.conf":      {Sources{Dir: filepath.Dir(old)}, nil, chronos},
		"a context before that": {Sources{Dir: filepath.Dir(old), Config: config}, nil, with(prod, 6)},
	} {
		c.s.Env = func(n string) (string, bool) { v, there := c.env[n]; return v, there }
		if c.s.Dir == "" {
			c.s.Dir = dir
		}
		got, err := c.s.Find()
		if err != nil || got != c.want {
			t.Errorf("%s: %+v, %v, want %+v", name, got, err, c.want)
		}
	}
}

// TestWrong: mistakes are told with their place, secrets are not.
func TestWrong(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text string
		mode       os.FileMode
		want       string
	}{
		{"config.yaml", contexts, 0o644, "may be read by others (mode 0644): chmod 600"},
		{"config.yaml", "contexts: {a: {server: 'http://a', tokenFile: /nowhere}}", 0o600, "config.yaml:1:47: tokenFile: stat /nowhere"},
		{"config.yaml", "contexts: {a: {sever: x}}", 0o600, `config.yaml:1:16: unknown key "sever" in the context "a", want some of server,`},
		{"config.yaml", "contexts: {a: {server: x}}", 0o600, `config.yaml:1:24: server: "x": want a URL`},
		{"config.yaml", "contexts: {a: {user: x}}", 0o600, `config.yaml:1:15: the context "a" has no server`},
		{"config.yaml", "contexts: 5", 0o600, `config.yaml:1:11: contexts is a number`},
		{"config.yaml", "current: b\ncontexts: {a: {server: 'http://a'}}", 0o600, `there is no context "b" in`},
		{"config.yaml", "current: [b]", 0o600, `config.yaml:1:10: current is a list`},
		{"config.yaml", "- x", 0o600, `the configuration is a list`},
		{"application.conf", "chronos { port = 99999 }", 0o600, `application.conf:1:18: chronos.port: "99999" is not a port`},
		{"application.conf", "chronos { crontab { item-number = 7 } }", 0o600, `application.conf:1:35: chronos.crontab.item-number: "7": want 5, or 6`},
		{"application.conf", "chronos {", 0o600, `the file ends before the closing }`},
	} {
		s := Sources{Env: func(string) (string, bool) { return "", false }, Dir: t.TempDir()}
		name := write(t, filepath.Join(s.Dir, c.name), c.text, c.mode)
		if c.name == "config.yaml" {
			s.Config = name
		}
		_, err := s.Find()
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, want %q", c.text, err, c.want)
		}
	}
}
