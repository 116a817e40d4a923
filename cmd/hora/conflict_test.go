package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// TestApplyStopsAtConflict: what somebody else changed, made or deleted since
// the plan was made stops it, and nothing of theirs is lost.
func TestApplyStopsAtConflict(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir(), "--quiet")
	client, err := remote.NewClient(d.base, remote.Login{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	server, err := client.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "jobs.yaml")
	plan := func(text string) *submit.Plan {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var l jobfile.Loader
		jobs, err := l.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		known, err := server.Jobs(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		p, err := submit.NewPlan(jobs, known, api.Hora, submit.Options{Folder: "f", Prune: true})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	command := func(job string) string {
		t.Helper()
		var doc struct{ Definition struct{ Command string } }
		d.call("GET", "/api/jobs/"+job, nil, &doc)
		return doc.Definition.Command
	}
	theirs := jobSpec{"name": "a", "command": "theirs", "schedule": "@daily"}
	const ours = "- {name: a, command: ours, schedule: '@daily'}\n"

	made := plan(ours)
	d.post(theirs) // somebody makes the job meanwhile
	if r := submit.Apply(t.Context(), server, made, submit.ApplyOptions{Guard: true}); !r.Conflict || command("a") != "theirs" {
		t.Errorf("made meanwhile: %+v, %s", r, command("a"))
	}
	changed := plan(ours)
	theirs["retries"] = 7
	d.post(theirs) // or changes it
	if r := submit.Apply(t.Context(), server, changed, submit.ApplyOptions{Guard: true}); !r.Conflict || command("a") != "theirs" {
		t.Errorf("changed meanwhile: %+v, %s", r, command("a"))
	}
	if r := submit.Apply(t.Context(), server, plan(ours), submit.ApplyOptions{Guard: true}); r.Done != 1 || command("a") != "ours" {
		t.Errorf("%+v, %s", r, command("a"))
	}
	gone := plan("[]")
	theirs["managedBy"] = "f"
	d.post(theirs)
	if r := submit.Apply(t.Context(), server, gone, submit.ApplyOptions{Guard: true}); !r.Conflict || command("a") != "theirs" {
		t.Errorf("changed before it is deleted: %+v, %s", r, command("a"))
	}
	if r := submit.Apply(t.Context(), server, plan("[]"), submit.ApplyOptions{Guard: true}); r.Done != 1 || d.call("GET", "/api/jobs/a", nil, nil) != 404 {
		t.Errorf("%+v", r)
	}
}
