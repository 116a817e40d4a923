package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// recordedNodes writes what the real 2.4.0 kept into a ZooKeeper, without the
// latch of the server, and returns the connection.
func recordedNodes(t *testing.T, addr, path string) *zk.Conn {
	t.Helper()
	conn, events, err := zk.Connect([]string{addr}, time.Minute, zk.WithLogInfo(false))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Close)
	go func() {
		for range events {
		}
	}()
	text, err := os.ReadFile("../../chronos/testdata/golden/2.4.0/zookeeper.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Path      string `json:"zk_path"`
		Snapshots []struct {
			Znodes []struct {
				Path string
				Data string `json:"data_base64"`
			}
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	makeNode(t, conn, path, "")
	for _, z := range r.Snapshots[1].Znodes {
		below, ok := strings.CutPrefix(z.Path, r.Path)
		data, err := base64.StdEncoding.DecodeString(z.Data)
		if err != nil {
			t.Fatal(err)
		}
		if ok && below != "" && !strings.Contains(below, "latch") {
			makeNode(t, conn, path+below, string(data))
		}
	}
	return conn
}

func makeNode(t *testing.T, conn *zk.Conn, path, data string) {
	t.Helper()
	if _, err := conn.Create(path, []byte(data), 0, zk.WorldACL(zk.PermAll)); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// value is the JSON of a job's node.
func value(t *testing.T, conn *zk.Conn, node string) string {
	t.Helper()
	data, _, err := conn.Get(node)
	if err != nil {
		t.Fatalf("%s: %v", node, err)
	}
	e, err := chronos.ParseEntry(data)
	if err != nil {
		t.Fatalf("%s: %v", node, err)
	}
	return string(e.Value)
}

// says runs hora and wants that in what it prints.
func says(t *testing.T, code int, want []string, args ...string) string {
	t.Helper()
	var out bytes.Buffer
	if got := run(t.Context(), args, &out, &out); got != code {
		t.Errorf("hora %s exits with %d, want %d:\n%s", strings.Join(args, " "), got, code, out.String())
	}
	for _, w := range want {
		if !strings.Contains(out.String(), w) {
			t.Errorf("hora %s does not say %q:\n%s", strings.Join(args, " "), w, out.String())
		}
	}
	return out.String()
}

// TestMigration: from a real ZooKeeper's Chronos to hora and back, by the
// command line.
func TestMigration(t *testing.T) {
	t.Parallel()
	addr := zookeepertest.Start(t, zookeepertest.Config{}).Addr()
	conn := recordedNodes(t, addr, "/chronos")
	from, to := "zk://"+addr+"/chronos", "zk://"+addr+"/hora"
	do := []string{"import", "chronos", "--from", from, "--to", to}
	says(t, exitOK, []string{"new  zk-all", "3.0 cannot run a job of this name", "14 new", "1 promised and not started", "is taken over: tasks that run as it are adopted", "Nothing was written: add --apply"}, do...)
	says(t, exitOK, []string{"14 new", "Done."}, append(do, "--apply")...)
	says(t, exitOK, []string{"14 same", "was taken over before", "nothing is to be done"}, do...)
	says(t, exitOK, []string{`"verdict": "same"`, `"takesOver": true`, `"applied": false`}, append(do, "-o", "json")...)

	makeNode(t, conn, "/chronos/candidate/_c_1-latch-0000000002", "later:8080")
	makeNode(t, conn, "/chronos/candidate/_c_2-latch-0000000001", "chronos1:8080")
	says(t, exitOK, []string{"A Chronos is alive (chronos1:8080)"}, do...)
	says(t, exitFailed, []string{"a Chronos is alive (chronos1:8080): stop it first"}, append(do, "--yes")...)
	says(t, exitOK, []string{"Done."}, append(do, "--yes", "--while_running")...)

	back := []string{"export", "chronos", "--from", to, "--to", "zk://" + addr + "/back", "--release", "2.4"}
	says(t, exitOK, []string{"14 new", "framework  8caa6744", "Nothing was written"}, back...)
	says(t, exitOK, []string{"14 new", "Done."}, append(back, "--apply")...)
	says(t, exitOK, []string{"14 same", "nothing is to be done"}, back...)
	says(t, exitOK, []string{`"verdict": "same"`}, append(back, "-o", "json")...)
	for _, node := range []string{"J_zk-all", "J_zk-failure", "J_zk name #1 x", "J_zk-soon", "J_zk-text"} {
		if got, want := value(t, conn, "/back/state/"+node), value(t, conn, "/chronos/state/"+node); got != want {
			t.Errorf("%s has come back as\n%s\nwas\n%s", node, got, want)
		}
	}
	dir := t.TempDir()
	says(t, exitOK, []string{"Done."}, "export", "chronos", "--from", to, "--to", dir, "--release", "2.4", "--apply")
	list := filepath.Join(dir, "list.json")
	says(t, exitOK, []string{"zk name #1 x", "name: this release allows", "13 new, 1 refused"}, "export", "chronos", "--from", to, "--to", list, "--release", "3.0", "--apply")
	if text, err := os.ReadFile(filepath.Join(dir, "zk-all.json")); err != nil || strings.TrimSpace(string(text)) != value(t, conn, "/chronos/state/J_zk-all") {
		t.Errorf("the file of a job: %s, %v", text, err)
	}
	var jobs []any
	if text, err := os.ReadFile(list); err != nil || json.Unmarshal(text, &jobs) != nil || len(jobs) != 13 {
		t.Errorf("the file of all jobs has %d, %v", len(jobs), err)
	}
}

// TestMigrationEncrypted: hora's ZooKeeper is spoken to as hora serve does, with
// the settings of its file; that of Chronos is not encrypted.
func TestMigrationEncrypted(t *testing.T) {
	t.Parallel()
	server, _ := zookeepertest.StartTLS(t)
	conn := recordedNodes(t, server.Addr(), "/chronos")
	from, to := "zk://"+server.Addr()+"/chronos", "zk://"+server.SecureAddr()+"/hora"
	file := filepath.Join(t.TempDir(), "hora.conf")
	text := "http_port = 4400\nmaster = http://m:5050\nzk_tls = true\nzk_tls_ca = " + server.Authority() + "\nzk_auth = me:hush\nuser = etl\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	says(t, exitOK, []string{"14 new", "Done."}, "import", "chronos", "--from", from, "--to", to, "--config", file, "--apply")
	if _, _, err := conn.Children("/hora"); !errors.Is(err, zk.ErrNoAuth) {
		t.Errorf("others may read /hora: %v", err)
	}
	says(t, exitOK, []string{"14 new", "Done."}, "export", "chronos", "--from", to, "--to", "zk://"+server.Addr()+"/back", "--release", "2.4", "--config", file, "--apply")
	for _, node := range []string{"J_zk-all", "J_zk-text"} {
		if got, want := value(t, conn, "/back/state/"+node), value(t, conn, "/chronos/state/"+node); got != want {
			t.Errorf("%s has come back as\n%s\nwas\n%s", node, got, want)
		}
	}
	says(t, exitUsage, []string{"--zk_tls: want --zk_tls with the files"}, "import", "chronos", "--from", from, "--to", to, "--zk_tls_ca", server.Authority())
	says(t, exitUsage, []string{"--task_epsilon -1: want seconds"}, "import", "chronos", "--from", from, "--to", to, "--task_epsilon", "-1")
}

// TestImportByHTTP: from a hora that plays the Chronos into one that runs.
func TestImportByHTTP(t *testing.T) {
	t.Parallel()
	from, to := startDev(t, t.TempDir()), startDev(t, t.TempDir())
	for _, j := range []jobSpec{
		{"name": "a", "command": "true", "schedule": "R/2030-01-01T00:00:00Z/P1D"},
		{"name": "0", "command": "true", "parents": []string{"a"}},
	} {
		from.post(j)
	}
	do := []string{"import", "chronos", "--from", from.base, "--to", to.base}
	says(t, exitOK, []string{"2 new", "framework  is not taken over by HTTP", "add --apply"}, do...)
	says(t, exitOK, []string{"2 new", "Done."}, append(do, "--apply")...)
	says(t, exitOK, []string{"2 same", "nothing is to be done"}, do...)
	if code := to.call(http.MethodPost, "/scheduler/iso8601", jobSpec{"name": "a", "command": "false", "schedule": "R/2030-01-01T00:00:00Z/P1D"}, nil); code != 204 {
		t.Fatal(code)
	}
	says(t, exitOK, []string{"kept  a  hora has it otherwise", "1 same, 1 kept"}, append(do, "--apply")...)
	says(t, exitOK, []string{"1 changed, 1 same"}, append(do, "--apply", "--overwrite")...)
	says(t, exitOK, []string{"2 same"}, do...)
}

// TestMigrationGuide: the commands of docs/migration.md are those of the binary.
func TestMigrationGuide(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../docs/migration.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		command, ok := strings.CutPrefix(strings.TrimSpace(line), "hora ")
		if !ok || !strings.HasPrefix(line, "    ") {
			continue
		}
		n++
		var out bytes.Buffer
		args := append(strings.Fields(strings.ReplaceAll(command, "'", "")), "--help")
		if code := run(t.Context(), args, &out, &out); code != exitOK || !strings.Contains(out.String(), "Usage:\n  hora "+args[0]) {
			t.Errorf("hora %s exits with %d:\n%s", command, code, out.String())
		}
	}
	if n < 9 {
		t.Errorf("found %d commands, want 9 or more", n)
	}
}
