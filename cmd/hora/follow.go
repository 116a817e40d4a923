package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/remote"
)

// horaClient asks a server that is hora.
type horaClient struct {
	*remote.Client
	server remote.Server
}

// meant is what an error about a job is for a person.
func (h *horaClient) meant(ctx context.Context, name string, err error) error {
	return meant(ctx, h.server, name, err)
}

// followPause is between two looks at a run.
const followPause = 300 * time.Millisecond

// follower writes the output of runs while they go on.
type follower struct {
	client *remote.Client
	mu     sync.Mutex
	out    io.Writer
	paint  painter
}

// say writes lines, each with its prefix. Others do not come in between.
func (f *follower) say(prefix, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for line := range strings.Lines(text) {
		fmt.Fprintf(f.out, "%s%s\n", prefix, strings.TrimSuffix(line, "\n"))
	}
}

// tail follows one file of one attempt.
type tail struct {
	run     string
	attempt int
	file    string
	offset  int64
	pending string // the beginning of a line whose end has not come
	gone    bool   // it can't be read any more
}

// more reads what has come since.
func (f *follower) more(ctx context.Context, t *tail, prefix string, end bool) error {
	for !t.gone {
		part, at, err := f.client.Output(ctx, t.run, t.attempt, t.file, t.offset)
		var status *remote.StatusError
		switch {
		case errors.As(err, &status) && status.Code == http.StatusNotFound:
			return nil // not there yet, or nothing was written
		case errors.As(err, &status) && (status.Code == http.StatusGone || status.Code == http.StatusNotImplemented || status.Code == http.StatusBadGateway):
			t.gone = true
			f.say(prefix, "(no output: "+status.Message+")")
			return nil
		case err != nil:
			return err
		case len(part) == 0:
			if end && t.pending != "" {
				f.say(prefix, t.pending)
				t.pending = ""
			}
			return nil
		}
		t.offset = at + int64(len(part))
		text := t.pending + string(part)
		cut := strings.LastIndexByte(text, '\n') + 1
		f.say(prefix, text[:cut])
		t.pending = text[cut:]
	}
	return nil
}

// run follows a run until it is over.
func (f *follower) run(ctx context.Context, job, id, prefix string) error {
	attempt := -1
	var tails []*tail
	for {
		d, err := f.client.RunDocument(ctx, id)
		if err != nil {
			return notInTime(ctx, job, err)
		}
		over := d.State == "ended"
		for _, a := range d.Attempts {
			if a.Number < attempt || a.Running.IsZero() && !over {
				continue
			}
			if a.Number > attempt {
				attempt, tails = a.Number, []*tail{{run: id, attempt: a.Number, file: "stdout"}, {run: id, attempt: a.Number, file: "stderr"}}
				f.say(prefix, f.paint.paint(grey, fmt.Sprintf("attempt %d on %s", a.Number, a.Host)))
			}
			for _, t := range tails {
				if err := f.more(ctx, t, prefix, over || !a.Ended.IsZero()); err != nil {
					return notInTime(ctx, job, err)
				}
			}
		}
		if over {
			return f.ended(d.Run, prefix)
		}
		if err := pause(ctx, followPause); err != nil {
			return notInTime(ctx, job, err)
		}
	}
}

func notInTime(ctx context.Context, job string, err error) error {
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return codeError{fmt.Errorf("job %q: its run is not over in time; it goes on", job), exitRun}
	case errors.Is(ctx.Err(), context.Canceled):
		return codeError{fmt.Errorf("interrupted; the run of job %q goes on", job), exitInterrupted}
	}
	return err
}

func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// ended tells how a run ended.
func (f *follower) ended(r api.Run, prefix string) error {
	colour := green
	if r.Outcome != "succeeded" {
		colour = red
	}
	f.say(prefix, f.paint.paint(colour, strings.TrimSpace(fmt.Sprintf("run %s %s %s", r.ID, r.Outcome, reasonOf(r)))))
	if r.Outcome != "succeeded" {
		return codeError{fmt.Errorf("job %q: its run %s %s", r.Job, r.ID, r.Outcome), exitRun}
	}
	return nil
}

// maxFollowed is how many jobs are followed at once.
const maxFollowed = 50

// follow waits for the next run of each job that was sent.
func (s *submission) follow(ctx context.Context, p *submit.Plan) error {
	f := &follower{client: s.client, out: s.out(), paint: newPainter(s.out())}
	var names []string
	for _, step := range p.Steps {
		if step.Action == submit.Add || step.Action == submit.Change {
			names = append(names, step.Name)
		}
	}
	gate := make(chan struct{}, maxFollowed)
	var all sync.WaitGroup
	errs := make([]error, len(names))
	for i, name := range names {
		all.Go(func() {
			gate <- struct{}{}
			defer func() { <-gate }()
			prefix := ""
			if len(names) > 1 {
				prefix = name + " | "
			}
			errs[i] = s.followJob(ctx, f, name, prefix)
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// look remembers the runs that jobs have before they are changed: they are not
// those to wait for. The clocks of client and server may differ, so times say nothing.
func (s *submission) look(ctx context.Context, p *submit.Plan) error {
	s.seen = make(map[string]bool)
	for _, step := range p.Steps {
		if step.Action != submit.Change || s.server.Release() != api.Hora {
			continue
		}
		runs, err := s.client.Runs(ctx, url.Values{"job": {step.Name}, "limit": {"100"}})
		if err != nil {
			return err
		}
		for _, r := range runs {
			s.seen[r.ID] = true
		}
	}
	return nil
}

// followJob waits for the first run of a job that was made since it was sent.
func (s *submission) followJob(ctx context.Context, f *follower, name, prefix string) error {
	for {
		runs, err := s.client.Runs(ctx, url.Values{"job": {name}, "limit": {"20"}})
		if err != nil {
			return notInTime(ctx, name, err)
		}
		for i := len(runs) - 1; i >= 0; i-- {
			if r := runs[i]; r.ID != "" && !s.seen[r.ID] {
				f.say(prefix, fmt.Sprintf("run %s, %s of %s", r.ID, r.Kind, r.Slot.Format(time.RFC3339)))
				return f.run(ctx, name, r.ID, prefix)
			}
		}
		d, err := s.client.Document(ctx, name)
		if err != nil {
			return notInTime(ctx, name, err)
		}
		deadline, limited := ctx.Deadline()
		switch {
		case len(d.Parents) > 0 && !d.Row.Disabled:
		case len(d.Next) == 0:
			f.say(prefix, fmt.Sprintf("job %q has no run to wait for", name))
			return nil
		case limited && d.Next[0].After(deadline):
			f.say(prefix, fmt.Sprintf("job %q runs next at %s, which is not waited for", name, d.Next[0].Format(time.RFC3339)))
			return nil
		}
		if err := pause(ctx, followPause); err != nil {
			return notInTime(ctx, name, err)
		}
	}
}
