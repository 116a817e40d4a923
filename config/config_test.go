package config_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/hora-scheduler/hora/config"
)

// values are where the settings of these tests go.
type values struct {
	host, level, secret, fromFile string
	port                          int
	wait                          time.Duration
	share                         float64
	on                            bool
}

func settings(v *values) *config.Set {
	return config.New("APP",
		config.Setting{Name: "host", Group: "One", Default: "localhost", Meaning: "where", Value: config.Some(&v.host, "a host")},
		config.Setting{Name: "port", Group: "One", Default: "80", Meaning: "port", Value: config.Int(&v.port, 1, 65535)},
		config.Setting{Name: "wait", Group: "Two", Default: "1500", Meaning: "how long", Value: config.Duration(&v.wait, time.Millisecond, 0, time.Hour)},
		config.Setting{Name: "share", Group: "Two", Default: "0.5", Meaning: "how much", Value: config.Float(&v.share, 0, 1)},
		config.Setting{Name: "level", Group: "Two", Default: "info", Meaning: "a|b", Value: config.OneOf(&v.level, "debug", "info")},
		config.Setting{Name: "on", Group: "Two", Meaning: "switch", Value: config.Bool(&v.on)},
		config.Setting{Name: "auth", Group: "Two", Meaning: "who", Secret: true, Value: config.Text(&v.secret).Checked(func(text string) error {
			if !strings.Contains(text, ":") {
				return errors.New("there is no colon")
			}
			return nil
		})},
		config.Setting{Name: "auth_file", Group: "Two", Meaning: "who", Value: config.SecretFile(&v.fromFile)},
	)
}

func load(t *testing.T, args, environ []string) (values, *config.Set, error) {
	t.Helper()
	var v values
	set := settings(&v)
	fs := pflag.NewFlagSet("app", pflag.ContinueOnError)
	set.Flags(fs)
	if err := fs.Parse(args); err != nil {
		return v, set, err
	}
	return v, set, set.Load(environ)
}

func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "app.conf")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// TestPrecedence: flag before environment before file before default.
func TestPrecedence(t *testing.T) {
	t.Parallel()
	file := write(t, "# all of it\nhost = from-file\n\n  port=81\nwait = 2s\n level = debug  \n")
	secret := write(t, "s3cr3t\n")
	v, set, err := load(t, []string{"--host", "from-flag", "--on", "--config", file},
		[]string{"APP_HOST=from-env", "APP_PORT=82", "APP_SHARE=1", "APP_AUTH=a:b", "APP_AUTH_FILE=" + secret})
	if err != nil {
		t.Fatal(err)
	}
	want := values{host: "from-flag", port: 82, wait: 2 * time.Second, level: "debug", share: 1, on: true, secret: "a:b", fromFile: "s3cr3t"}
	if v != want {
		t.Errorf("%+v, want %+v", v, want)
	}
	if summary := strings.Join(set.Summary(), " "); strings.Contains(summary, "a:b") || strings.Contains(summary, "s3cr3t") || !strings.Contains(summary, "auth=[secret]") || !strings.Contains(summary, "port=82") {
		t.Errorf("summary: %s", summary)
	}
	v, _, err = load(t, nil, nil)
	if want := (values{host: "localhost", port: 80, wait: 1500 * time.Millisecond, share: .5, level: "info"}); err != nil || v != want {
		t.Errorf("defaults: %+v, %v, want %+v", v, err, want)
	}
	if v, _, err = load(t, nil, []string{"APP_CONFIG=" + file}); err != nil || v.port != 81 {
		t.Errorf("file named by the environment: port %d, %v", v.port, err)
	}
	if v, _, err = load(t, []string{"--on=false"}, []string{"APP_ON=true"}); err != nil || v.on {
		t.Errorf("a switch can be turned off: %v, %v", v.on, err)
	}
}

// TestWrong: each mistake is told with its place, the value and what was expected.
func TestWrong(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, c := range []struct {
		args, environ []string
		file, want    string
	}{
		{args: []string{"--port", "0"}, want: "--port 0: want a number from 1 to 65535"},
		{args: []string{"--port", "x"}, want: "--port x: want a number from 1 to 65535"},
		{args: []string{"--port", ""}, want: `--port "": want a number from 1 to 65535`},
		{args: []string{"--host", ""}, want: `--host "": want a host`},
		{args: []string{"--share", "NaN"}, want: "--share NaN: want a number from 0 to 1"},
		{args: []string{"--wait", "9223372036854775807"}, want: "--wait 9223372036854775807: want milliseconds from 0 to 3600000, or a duration such as 90s"},
		{args: []string{"--wait", "-1ms"}, want: "--wait -1ms: want milliseconds from 0 to 3600000, or a duration such as 90s"},
		{args: []string{"--on=yes"}, want: "--on yes: want true or false"},
		{environ: []string{"APP_LEVEL=loud"}, want: "APP_LEVEL loud: want debug or info"},
		{environ: []string{"APP_AUTH=hush"}, want: "APP_AUTH: want a text: there is no colon"},
		{args: []string{"--auth_file", "/nowhere"}, want: "--auth_file /nowhere: want the name of a file that holds a secret: open /nowhere: no such file or directory"},
		{args: []string{"--config", "/nowhere"}, want: "--config /nowhere: want a file that can be read: open /nowhere: no such file or directory"},
		{environ: []string{"APP_CONFIG="}, want: "APP_CONFIG: want the name of a file"},
		{file: "host=a\nport = 99999", want: "FILE:2: port 99999: want a number from 1 to 65535"},
		{file: "prot = 1", want: "FILE:1 prot: want the name of a setting, perhaps port"},
		{file: "nothing_like_it = 1", want: "FILE:1 nothing_like_it: want the name of a setting"},
		{file: "config = x", want: "FILE:1 config: want other settings: a file does not name another"},
		{file: "hush hush", want: "FILE:1: want name = value, or a comment that begins with #"},
		{file: "port = 1\n\nport = 2", want: "FILE:3 port: want each setting once; it stands in line 1, too"},
	} {
		args := c.args
		file := filepath.Join(dir, "wrong.conf")
		if c.file != "" {
			if err := os.WriteFile(file, []byte(c.file), 0o600); err != nil {
				t.Fatal(err)
			}
			args = []string{"--config", file}
		}
		_, _, err := load(t, args, c.environ)
		var wrong *config.Error
		if want := strings.ReplaceAll(c.want, "FILE", file); !errors.As(err, &wrong) || err.Error() != want {
			t.Errorf("%q %q %q: %v\nwant %s", c.args, c.environ, c.file, err, want)
		}
	}
}

// TestStrangers: a variable that is much like a setting is told.
func TestStrangers(t *testing.T) {
	t.Parallel()
	_, set, err := load(t, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := strings.Join(set.Strangers([]string{"APP_HOTS=x", "APP_SOMETHING_ELSE=y", "HOTS=z", "APP_PORT=1"}), ";")
	if got != "APP_HOTS, perhaps host" {
		t.Errorf("%q", got)
	}
}

// TestTogether: what is wrong only together is told where it was given.
func TestTogether(t *testing.T) {
	t.Parallel()
	_, set, err := load(t, []string{"--port", "7"}, []string{"APP_AUTH=a:b"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"port": "--port 7: want another", "auth": "APP_AUTH: want another", "host": "--host: want another",
	} {
		if err := set.Fail(name, "another"); err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// TestReference: every setting is in it, with all that is known of it.
func TestReference(t *testing.T) {
	t.Parallel()
	text := settings(&values{}).Reference()
	for _, line := range []string{
		"## Two", "| `--wait` | `APP_WAIT` | milliseconds from 0 to 3600000, or a duration such as 90s | `1500` | how long |",
		"| `--level` | `APP_LEVEL` | debug or info | `info` | a\\|b |", "| `--auth` | `APP_AUTH` | a text |  | who. Secret",
	} {
		if !strings.Contains(text, line) {
			t.Errorf("the reference has no %q:\n%s", line, text)
		}
	}
}

// TestFallbacks: what More gives counts less than everything that was given, and
// more than a default.
func TestFallbacks(t *testing.T) {
	t.Parallel()
	var a, b, c string
	set := config.New("X", config.Setting{Name: "a", Default: "1", Value: config.Text(&a)}, config.Setting{Name: "b", Default: "1", Value: config.Text(&b)}, config.Setting{Name: "c", Default: "1", Value: config.Text(&c)})
	set.More(func(set *config.Set, environ []string) error {
		for _, name := range []string{"a", "b"} {
			if !set.Fallback("here", name, set.Text("c")+"2") || !set.Fallback("there", name, "3") {
				t.Errorf("%s is no setting", name)
			}
		}
		if set.Fallback("here", "d", "") {
			t.Error("d is a setting")
		}
		return nil
	})
	if err := set.Load([]string{"X_A=env"}); err != nil {
		t.Fatal(err)
	}
	if where, _ := set.Given("b"); a != "env" || b != "12" || c != "1" || where != "here" {
		t.Errorf("a %q, b %q (%s), c %q", a, b, where, c)
	}
}

// TestShare: a file may hold what another program reads from it.
func TestShare(t *testing.T) {
	t.Parallel()
	var v values
	var mine string
	set := config.New("APP", config.Setting{Name: "mine", Value: config.Text(&mine)})
	fs := pflag.NewFlagSet("app", pflag.ContinueOnError)
	set.Flags(fs)
	if err := fs.Parse([]string{"--config", write(t, "mine = x\nhost = y\n")}); err != nil {
		t.Fatal(err)
	}
	if err := set.Load(nil); err == nil {
		t.Error("a setting of nobody was taken")
	}
	set.Share(settings(&v))
	if err := set.Load(nil); err != nil || mine != "x" || v.host != "" {
		t.Errorf("%v, %q, %q", err, mine, v.host)
	}
}
