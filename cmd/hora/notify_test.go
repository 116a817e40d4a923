package main

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// hook answers with a status and hands on what it is sent.
func hook(t *testing.T, status int) (string, chan string) {
	t.Helper()
	got := make(chan string, 100)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- string(body)
		w.WriteHeader(status)
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

// TestNotifyTest: each way is tried, and what became of it is said.
func TestNotifyTest(t *testing.T) {
	t.Parallel()
	good, got := hook(t, 200)
	bad, _ := hook(t, 404)
	var out, errs bytes.Buffer
	code := run(t.Context(), []string{
		"notify", "test", "--cluster_name", "prod", "--mattermost_url", good + "/secret", "--slack_url", bad + "/secret", "--mail_server", "127.0.0.1:1", "--mail_from", "me@example.com",
	}, &out, &errs)
	if code != exitFailed || !strings.Contains(errs.String(), "2 of 3 messages were not delivered") || strings.Contains(out.String()+errs.String(), "secret") {
		t.Errorf("code %d, said %q", code, errs.String())
	}
	for _, want := range []string{"mail        failed: ", "slack       failed: refused: 127.0.0.1:", "404 Not Found", "mattermost  sent\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	if body := <-got; !strings.Contains(body, "[prod] [Chronos] test") || !strings.Contains(body, "äöü € 日本") {
		t.Errorf("sent %s", body)
	}
	out.Reset()
	if code := run(t.Context(), []string{"notify", "test", "--http_notification_url", good}, &out, &errs); code != exitOK || out.String() != "http  sent\n" {
		t.Errorf("code %d: %q", code, out.String())
	}
	dir := t.TempDir()
	file, conf := filepath.Join(dir, "hora.conf"), filepath.Join(dir, "conf")
	if err := errors.Join(os.WriteFile(file, []byte("http_port = 4400\ncluster_name = prod\nmattermost_url = "+good+"\n"), 0o600), os.Mkdir(conf, 0o700),
		os.WriteFile(filepath.Join(conf, "http_notification_url"), []byte(good), 0o600), os.WriteFile(filepath.Join(conf, "mesos_role"), []byte("x"), 0o600)); err != nil {
		t.Fatal(err)
	}
	out.Reset()
	if code := run(t.Context(), []string{"notify", "test", "--config", file, "--chronos_conf", conf, "--cluster_name", "flag"}, &out, &errs); code != exitOK || out.String() != "mattermost  sent\nhttp        sent\n" {
		t.Errorf("code %d: %q %s", code, out.String(), errs.String())
	}
	<-got // of above
	if body := <-got; !strings.Contains(body, "[flag] [Chronos] test") {
		t.Errorf("sent %s", body)
	}
}

// TestDevNotifies: a job that fails for good is told of by the whole program.
func TestDevNotifies(t *testing.T) {
	t.Parallel()
	url, got := hook(t, 204)
	d := startDev(t, t.TempDir(), "--http_notification_url", url, "--notify", "all")
	bad := map[string]any{"name": "bad", "command": "exit 3", "retries": 0, "schedule": "R1//PT1H", "owner": "a@example.com"}
	if code := d.call(http.MethodPost, "/scheduler/iso8601", bad, nil); code != http.StatusNoContent {
		t.Fatalf("the job was answered with %d", code)
	}
	select {
	case body := <-got:
		for _, want := range []string{`{"subject":" [Chronos] job 'bad' failed!"`, `"to":"a@example.com","job":"bad"`, `"event":"failed"`, "exited with status 3"} {
			if !strings.Contains(body, want) {
				t.Errorf("%s is missing in %s", want, body)
			}
		}
	case <-time.After(time.Minute):
		t.Fatal("nothing was told")
	}
}
