package main

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/api"
)

// text gets a body as it is.
func (d *dev) text(path string) (int, string, http.Header) {
	d.t.Helper()
	resp, err := http.Get(d.base + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(b), resp.Header
}

// TestLogs reads what a command of a real process wrote, while it runs and afterwards.
func TestLogs(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--quiet")
	var made api.Made
	if code := d.call("PUT", "/api/jobs/talk", map[string]any{
		"command": "echo first; echo oops >&2; sleep 1; echo last", "schedule": "R1/2100-01-01T00:00:00Z/P1D",
	}, nil); code != http.StatusCreated {
		t.Fatal(code)
	}
	if code := d.call("POST", "/api/jobs/talk/run", map[string]any{}, &made); code != http.StatusAccepted || made.Run == "" {
		t.Fatal(code, made)
	}
	files := "/api/runs/" + made.Run + "/attempts/0/files"
	until(func() bool {
		var run api.RunDocument
		d.call("GET", "/api/runs/"+made.Run, nil, &run)
		return len(run.Attempts) > 0 && (run.State == "running" || run.State == "ended")
	})
	code, text, _ := d.text(files + "/stdout?follow") // ends with the attempt
	if code != http.StatusOK || !strings.HasSuffix(text, "first\nlast\n") {
		t.Errorf("%d %q", code, text)
	}
	code, text, header := d.text(files + "/stdout?offset=-5")
	if code != http.StatusOK || text != "last\n" || header.Get("X-Size") == "" {
		t.Errorf("%d %q %v", code, text, header)
	}
	if code, text, _ := d.text(files + "/stderr"); code != http.StatusOK || !strings.HasSuffix(text, "oops\n") {
		t.Errorf("%d %q", code, text)
	}
	code, text, header = d.text(files + "/stdout?download")
	if want := fmt.Sprintf("attachment; filename*=UTF-8''talk-%s-0-stdout", made.Run); code != http.StatusOK || header.Get("Content-Disposition") != want || !strings.Contains(text, "first") {
		t.Errorf("%d %q %q", code, text, header.Get("Content-Disposition"))
	}
	var list []api.File
	d.call("GET", files, nil, &list)
	if len(list) < 2 {
		t.Errorf("%+v", list)
	}
	for path, want := range map[string]int{
		files + "/nothing": 404, files + "/..%2f..%2fsecret": 404, strings.Replace(files, "attempts/0", "attempts/7", 1): 404,
		files + "/stdout?offset=x": 400, files + "/stdout?colour=red": 400, "/api/runs/zz-9/attempts/0/files": 404,
	} {
		if code, text, _ := d.text(path); code != want {
			t.Errorf("%s: %d %s, want %d", path, code, text, want)
		}
	}
}
