// Package deploy_test holds that what is deployed fits the program: settings
// that exist, metrics that are told, least rights.
package deploy_test

import (
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"go.yaml.in/yaml/v4"

	"github.com/hora-scheduler/hora/notify"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// settings are the flags of hora serve, as its reference has them; a test of
// cmd/hora holds that the reference is the program's.
func settings(t *testing.T) map[string]bool {
	t.Helper()
	out := make(map[string]bool)
	for _, m := range regexp.MustCompile("(?m)^\\| `--([a-z0-9_]+)`").FindAllStringSubmatch(read(t, "../docs/flags.md"), -1) {
		out[m[1]] = true
	}
	if len(out) < 40 {
		t.Fatalf("found %d settings, the reference looks different now", len(out))
	}
	return out
}

// metrics are the names of all metrics that hora has of its own.
func metrics(t *testing.T) map[string]bool {
	t.Helper()
	r := prometheus.NewRegistry()
	if err := leader.NewMetrics().Register(r); err != nil {
		t.Fatal(err)
	}
	n, err := notify.New(notify.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Register(r); err != nil {
		t.Fatal(err)
	}
	descs := make(chan *prometheus.Desc, 1000)
	r.Describe(descs)
	close(descs)
	out := map[string]bool{"up": true}
	for d := range descs {
		name := regexp.MustCompile(`fqName: "([^"]+)"`).FindStringSubmatch(d.String())[1]
		out[name] = true
	}
	return out
}

// known fails if an expression names a metric that hora does not tell.
func known(t *testing.T, have map[string]bool, where, expression string) {
	t.Helper()
	for _, name := range regexp.MustCompile(`\bhora_[a-z_]+`).FindAllString(expression, -1) {
		if !have[name] && !have[strings.TrimSuffix(name, "_bucket")] {
			t.Errorf("%s: there is no metric %s", where, name)
		}
	}
}

func TestAlerts(t *testing.T) {
	t.Parallel()
	var rules struct {
		Groups []struct {
			Rules []struct {
				Alert, Expr string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "prometheus/hora.rules.yml")), &rules); err != nil {
		t.Fatal(err)
	}
	have, tested := metrics(t), read(t, "prometheus/hora.rules.test.yml")
	for _, r := range rules.Groups[0].Rules {
		known(t, have, r.Alert, r.Expr)
		if r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
			t.Errorf("%s has no severity or no summary", r.Alert)
		}
		if !strings.Contains(tested, "alertname: "+r.Alert+",") {
			t.Errorf("%s has no test", r.Alert)
		}
	}
}

// TestPromtool: Prometheus' own tool takes the rules, and each fires when it should.
func TestPromtool(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("HORA_CI") == "1" {
			t.Fatal("there is no promtool: make test installs the Debian package prometheus")
		}
		t.Skip("there is no promtool (Debian package prometheus)")
	}
	for _, args := range [][]string{
		{"check", "config", "prometheus/prometheus.yml"}, {"check", "rules", "prometheus/hora.rules.yml"}, {"test", "rules", "prometheus/hora.rules.test.yml"},
	} {
		if out, err := exec.CommandContext(t.Context(), tool, args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

func TestBoard(t *testing.T) {
	t.Parallel()
	var board struct {
		UID    string
		Panels []struct {
			Title   string
			Targets []struct{ Expr string }
		}
	}
	if err := json.Unmarshal([]byte(read(t, "grafana/hora.json")), &board); err != nil {
		t.Fatal(err)
	}
	have := metrics(t)
	if len(board.Panels) < 10 {
		t.Errorf("the board has %d panels", len(board.Panels))
	}
	for _, p := range board.Panels {
		for _, x := range p.Targets {
			known(t, have, "panel "+p.Title, x.Expr)
		}
	}
}

// flagsOf fails if a command line of hora serve has a flag that does not exist.
func flagsOf(t *testing.T, have map[string]bool, where string, words []string) {
	t.Helper()
	for _, w := range words {
		if name, isFlag := strings.CutPrefix(w, "--"); isFlag && !have[strings.SplitN(name, "=", 2)[0]] {
			t.Errorf("%s: hora serve has no setting %s", where, w)
		}
	}
}

// variables fails if an environment has a variable that is no setting.
func variables(t *testing.T, have map[string]bool, where string, names []string) {
	t.Helper()
	for _, name := range names {
		if setting, ours := strings.CutPrefix(name, "HORA_"); ours && !have[strings.ToLower(setting)] {
			t.Errorf("%s: hora serve has no setting %s", where, name)
		}
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	var compose struct {
		Services map[string]struct {
			Command []string
			Ports   []string
			CapDrop []string `yaml:"cap_drop"`
			Volumes []string
		}
	}
	if err := yaml.Unmarshal([]byte(read(t, "compose.yaml")), &compose); err != nil {
		t.Fatal(err)
	}
	have, serving := settings(t), 0
	for name, s := range compose.Services {
		if len(s.Command) > 0 && s.Command[0] == "serve" {
			serving++
			flagsOf(t, have, name, s.Command)
			if !slices.Contains(s.CapDrop, "ALL") {
				t.Errorf("%s keeps capabilities", name)
			}
		}
		for _, p := range s.Ports {
			if !strings.HasPrefix(p, "127.0.0.1:") {
				t.Errorf("%s publishes %s beyond loopback", name, p)
			}
		}
		for _, v := range s.Volumes {
			if path, _, _ := strings.Cut(v, ":"); strings.HasPrefix(path, "./") {
				if _, err := os.Stat(filepath.Clean(path)); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
	if serving != 3 {
		t.Errorf("%d hora serve, want 3", serving)
	}
}

func TestMarathon(t *testing.T) {
	t.Parallel()
	var app struct {
		Args         []string
		Env          map[string]string
		HealthChecks []struct{ Path string }
	}
	if err := json.Unmarshal([]byte(read(t, "marathon.json")), &app); err != nil {
		t.Fatal(err)
	}
	have := settings(t)
	flagsOf(t, have, "marathon.json", app.Args)
	for name := range app.Env {
		variables(t, have, "marathon.json", []string{name})
	}
	if app.HealthChecks[0].Path != "/health" {
		t.Errorf("the health check asks %s", app.HealthChecks[0].Path)
	}
}

// TestUnit: the service runs without rights, and is not started again and again with a wrong configuration.
func TestUnit(t *testing.T) {
	t.Parallel()
	unit := read(t, "systemd/hora.service")
	for _, want := range []string{
		"User=hora", "NoNewPrivileges=yes", "CapabilityBoundingSet=\n", "ProtectSystem=strict", "ProtectHome=yes", "PrivateTmp=yes", "SystemCallFilter=@system-service",
		"MemoryDenyWriteExecute=yes", "RestartPreventExitStatus=2", "Restart=always", "StateDirectory=hora\n", "SystemCallErrorNumber=EPERM",
	} {
		if !strings.Contains(unit, want) {
			t.Errorf("the unit lacks %s", want)
		}
	}
	start := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(unit)[1]
	flagsOf(t, settings(t), "hora.service", strings.Fields(start))
	if conf := read(t, "package/hora.conf"); !strings.Contains(conf, "\nzk_identity_file = /var/lib/hora/") {
		t.Error("the configuration of the packages has no identity file, or not where the unit lets it be written")
	}
}

// TestSystemd: systemd's own tool takes the unit, and finds it safe.
func TestSystemd(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("there is no systemd-analyze (Debian package systemd)")
	}
	// The program that the unit starts has to be there.
	file := filepath.Join(t.TempDir(), "hora.service")
	unit := strings.Replace(read(t, "systemd/hora.service"), "/usr/bin/hora", "/bin/true", 1)
	if err := os.WriteFile(file, []byte(unit), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), tool, "verify", "--man=no", file).CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	if help, _ := exec.CommandContext(t.Context(), tool, "--help").Output(); !strings.Contains(string(help), "--threshold") {
		t.Skip("this systemd-analyze can't tell how safe a unit is that is not installed")
	}
	if out, err := exec.CommandContext(t.Context(), tool, "security", "--offline=true", "--threshold=20", file).CombinedOutput(); err != nil {
		t.Errorf("systemd-analyze security: %v\n%s", err, out)
	}
}

func TestImage(t *testing.T) {
	t.Parallel()
	image := read(t, "Dockerfile")
	last := image[strings.LastIndex(image, "\nFROM "):]
	if !strings.HasPrefix(last, "\nFROM scratch") || !regexp.MustCompile(`(?m)^USER [1-9]\d*:[1-9]\d*$`).MatchString(last) {
		t.Errorf("the image is not empty, or runs as root:\n%s", last)
	}
	for _, m := range regexp.MustCompile(`(?m)^ENV (\w+)=`).FindAllStringSubmatch(last, -1) {
		variables(t, settings(t), "Dockerfile", m[1:])
	}
	if !strings.Contains(image, "CGO_ENABLED=0") {
		t.Error("the binary is not static")
	}
}

// TestPackage: what the package installs is there, and its configuration is one.
func TestPackage(t *testing.T) {
	t.Parallel()
	var p struct {
		Contents []struct{ Src, Dst string }
		Scripts  map[string]string
	}
	if err := yaml.Unmarshal([]byte(read(t, "package/nfpm.yaml")), &p); err != nil {
		t.Fatal(err)
	}
	for _, c := range p.Contents {
		if _, err := os.Stat(filepath.Join("..", c.Src)); err != nil && c.Src != "bin/hora" {
			t.Error(err)
		}
	}
	for name, script := range p.Scripts {
		if out, err := exec.CommandContext(t.Context(), "sh", "-n", filepath.Join("..", script)).CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s", name, err, out)
		}
	}
	have := settings(t)
	for line := range strings.Lines(read(t, "package/hora.conf")) {
		if name, _, found := strings.Cut(line, "="); found && line[0] != '#' && !have[strings.TrimSpace(name)] {
			t.Errorf("hora.conf: there is no setting %s", name)
		}
	}
}
