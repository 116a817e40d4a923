package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// loadFiles makes or replaces the jobs of job files, parents before their children.
func loadFiles(ctx context.Context, base string, files []string, stdout io.Writer) error {
	if len(files) == 0 {
		return nil
	}
	l := jobfile.Loader{Env: os.LookupEnv}
	jobs, err := l.Load(files...)
	if err != nil {
		return usageError{err}
	}
	client, err := remote.NewClient(base, remote.Login{}, nil)
	if err != nil {
		return err
	}
	server, err := client.Connect(ctx)
	if err != nil {
		return err
	}
	known, err := server.Jobs(ctx)
	if err != nil {
		return err
	}
	plan, err := submit.NewPlan(jobs, known, server.Release(), submit.Options{Now: time.Now()})
	if err != nil {
		return usageError{err}
	}
	if r := submit.Apply(ctx, server, plan, submit.ApplyOptions{}); len(r.Failures) > 0 {
		return usageError{fmt.Errorf("job %q: %w", r.Failures[0].Step.Name, r.Failures[0].Err)}
	}
	fmt.Fprintf(stdout, "jobs          %d from %d files\n", len(jobs), len(files))
	return nil
}
