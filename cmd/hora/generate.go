package main

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// Limits of hora dev --generate.
const (
	maxGenerated  = 1_000_000
	generateWidth = 512 // orders under way at once, so that they are committed together
	chain         = 5   // every so many jobs the first one has a schedule, and the others wait for the one before
)

// generated is the ith of a data team's jobs: a few hourly, most daily at any
// minute, and four of five behind another one. Some fail, some are paused.
func generated(i int) *job.Job {
	j := &job.Job{
		Name: generatedName(i), Command: "true", Shell: true, CPUs: .1, Mem: 16, Disk: 16, RunAsUser: currentUser(), Retries: 1,
		Owner: fmt.Sprintf("team-%02d@example.com", i/chain%40), Description: fmt.Sprintf("Generated job %d.", i), Disabled: i%200 == 75,
	}
	if i%500 == 35 {
		j.Command = "echo no such table >&2; exit 1"
	}
	if i%chain != 0 {
		j.Parents = []string{generatedName(i - 1)}
		return j
	}
	head := i / chain
	j.Schedule, j.Zone = fmt.Sprintf("%d %d * * *", head*7%60, head*11/60%24), []string{"", "Europe/Berlin", "America/New_York", "Asia/Shanghai"}[head%4]
	if head%100 == 0 {
		j.Schedule = fmt.Sprintf("%d * * * *", head/100%60)
	}
	return j
}

func generatedName(i int) string {
	return fmt.Sprintf("%s-%06d", []string{"extract", "clean", "load", "check", "report"}[i%chain], i/chain)
}

// generate makes n jobs, as far as they are not there.
func (p *program) generate(ctx context.Context, n int, stdout io.Writer) error {
	if n == 0 {
		return nil
	}
	began, there := time.Now(), p.leader.View()
	for level := range chain { // parents first
		var workers sync.WaitGroup
		failed := make(chan error, generateWidth) // each worker stops at its first mistake
		for w := range generateWidth {
			workers.Go(func() {
				for i := level + w*chain; i < n; i += generateWidth * chain {
					if there.Job(generatedName(i)) != nil {
						continue
					}
					if err := p.leader.Do(ctx, scheduler.PutJob{Job: generated(i)}); err != nil {
						failed <- fmt.Errorf("--generate: %w", err)
						return
					}
				}
			})
		}
		workers.Wait()
		if len(failed) > 0 {
			return <-failed
		}
	}
	fmt.Fprintf(stdout, "jobs          %d generated in %s\n", n, short(time.Since(began)))
	return nil
}
