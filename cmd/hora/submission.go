package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// submission is jobs on their way to a server.
type submission struct {
	planFlags
	cmd      *cobra.Command
	parallel int
	now      time.Time
	server   remote.Server
	client   *remote.Client
	seen     map[string]bool // runs that there were before
}

func (s *submission) out() io.Writer { return s.cmd.OutOrStdout() }

// connect finds the server, and says which one it is.
func (s *submission) connect(ctx context.Context, k *connection) error {
	var err error
	if s.server, s.client, _, err = k.connect(ctx); err != nil {
		return err
	}
	if s.parallel == 0 && s.server.Release() != api.Hora {
		s.parallel = 4
	}
	return nil
}

// where names the server for people.
func (s *submission) where() string {
	name := map[api.Release]string{api.Hora: "hora", api.Chronos24: "Chronos 2.4", api.Chronos30: "Chronos 3.0"}[s.server.Release()]
	return name + " at " + s.client.Server()
}

// compare makes a plan.
func (s *submission) compare(ctx context.Context, jobs []*jobfile.Job, o submit.Options) (*submit.Plan, error) {
	known, err := s.server.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.client.Server(), err)
	}
	o.Drop, o.Split, o.Now = s.drop, s.split, s.now
	plan, err := submit.NewPlan(jobs, known, s.server.Release(), o)
	if err != nil {
		return nil, usageError{err}
	}
	return plan, nil
}

var actionSigns = map[submit.Action]struct{ sign, colour string }{
	submit.Add: {"+", green}, submit.Change: {"~", yellow}, submit.Delete: {"-", red},
}

// maxShown bounds a value that is shown in a plan, in bytes.
const maxShown = 200

// show writes a plan, field by field.
func (s *submission) show(p *submit.Plan) {
	paint := newPainter(s.out())
	for _, step := range p.Steps {
		sign, known := actionSigns[step.Action]
		if !known {
			for _, n := range step.Notes {
				fmt.Fprintf(s.out(), "  %s\n      (%s)\n", step.Name, n)
			}
			continue
		}
		fmt.Fprintln(s.out(), paint.paint(sign.colour, sign.sign+" "+step.Name))
		for _, c := range step.Changes {
			if step.Action == submit.Add {
				fmt.Fprintf(s.out(), "      %s: %s\n", c.Field, shorten(c.To))
				continue
			}
			fmt.Fprintf(s.out(), "      %s: %s → %s\n", c.Field, paint.paint(red, shorten(c.From)), paint.paint(green, shorten(c.To)))
		}
		for _, n := range step.Notes {
			fmt.Fprintf(s.out(), "      (%s)\n", n)
		}
	}
	for _, name := range p.Left {
		fmt.Fprintf(s.out(), "  %s is in no file any more; --prune deletes it\n", name)
	}
	fmt.Fprintf(s.out(), "%s: %d to add, %d to change, %d to delete, %d as they shall be\n",
		s.where(), p.Count(submit.Add), p.Count(submit.Change), p.Count(submit.Delete), p.Count(submit.Keep))
}

// shorten makes a value fit a line.
func shorten(text string) string {
	if text == "" {
		return "(nothing)"
	}
	text = strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", " ⏎ ")
	if len(text) <= maxShown {
		return text
	}
	return strings.ToValidUTF8(text[:maxShown], "") + "…"
}

// apply carries a plan out, with progress on a terminal.
func (s *submission) apply(ctx context.Context, p *submit.Plan, guard bool) *submit.Result {
	total := len(p.Steps) - p.Count(submit.Keep)
	bar := newProgress(s.cmd.ErrOrStderr(), total)
	began := time.Now()
	result := submit.Apply(ctx, s.server, p, submit.ApplyOptions{Parallel: s.parallel, Guard: guard, Done: func(step *submit.Step, err error) {
		bar.step()
		if ctx.Err() != nil && errors.Is(err, context.Canceled) {
			return // of all that were still to come; their number is told
		}
		if err != nil {
			bar.clear()
			fmt.Fprintf(s.cmd.ErrOrStderr(), "job %q: not %s: %v\n", step.Name, map[submit.Action]string{submit.Add: "added", submit.Change: "changed", submit.Delete: "deleted"}[step.Action], err)
			return
		}
		for _, n := range step.Notes {
			bar.clear()
			fmt.Fprintf(s.cmd.ErrOrStderr(), "job %q: %s\n", step.Name, n)
		}
	}})
	bar.clear()
	done := map[submit.Action]int{}
	failed := make(map[string]bool)
	for _, f := range result.Failures {
		failed[f.Step.Name] = true
	}
	for _, step := range p.Steps {
		if !failed[step.Name] {
			done[step.Action]++
		}
	}
	fmt.Fprintf(s.out(), "%s: %d added, %d changed, %d deleted, %d as they were, %d failed, in %s\n",
		s.where(), done[submit.Add], done[submit.Change], done[submit.Delete], done[submit.Keep], len(result.Failures), short(time.Since(began)))
	return result
}

// outcome is the exit code of what became of a plan.
func (s *submission) outcome(r *submit.Result, left error) error {
	switch {
	case r != nil && r.Conflict:
		return codeError{errors.New("stopped, as somebody else has changed a job meanwhile: look at the plan again"), exitConflict}
	case r != nil && len(r.Failures) > 0:
		return codeError{fmt.Errorf("%d of %d jobs were not sent", len(r.Failures), len(r.Failures)+r.Done), exitPartly}
	case left != nil:
		return codeError{left, exitPartly}
	}
	return nil
}

// progress is a line on a terminal that says how far something is.
type progress struct {
	w     io.Writer // nil: nobody looks
	total int
	done  int
	last  time.Time
}

func newProgress(w io.Writer, total int) *progress {
	if !isTerminal(w) {
		w = nil
	}
	return &progress{w: w, total: total}
}

func (p *progress) step() {
	p.done++
	if p.w == nil || time.Since(p.last) < 50*time.Millisecond {
		return
	}
	p.last = time.Now()
	fmt.Fprintf(p.w, "\r%d of %d", p.done, p.total)
}

func (p *progress) clear() {
	if p.w != nil {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
