package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/submit"
	"github.com/hora-scheduler/hora/submit/crontab"
	"github.com/hora-scheduler/hora/submit/document"
	"github.com/hora-scheduler/hora/submit/jobfile"
)

// files are the flags that say how files are read.
type files struct {
	set     []string
	system  bool
	user    string
	zone    string
	format  string
	profile string
}

func (f *files) flags(c *cobra.Command) {
	c.Flags().StringArrayVar(&f.set, "set", nil, "NAME=VALUE of a variable, ${{ NAME }} in files; may be repeated")
}

func (f *files) crontabFlags(c *cobra.Command) {
	c.Flags().BoolVar(&f.system, "system", false, "crontabs have a user in their sixth field, as /etc/crontab has (of itself for /etc/crontab and /etc/cron.d)")
	c.Flags().StringVar(&f.user, "crontab_user", "", "whose crontabs they are: the user of the tasks")
	c.Flags().StringVar(&f.zone, "zone", "", "time zone of crontab lines without CRON_TZ above (default UTC)")
	c.Flags().StringVar(&f.format, "format", "crontab", "what comes on the standard input: crontab, yaml, json or conf")
	c.Flags().StringVar(&f.profile, "base", "", "job file with one job, whose fields those of crontabs get that a crontab can't say")
}

// loader returns a reader of job files.
func (f *files) loader() (*jobfile.Loader, error) {
	l := &jobfile.Loader{Set: make(map[string]string), Env: os.LookupEnv}
	for _, s := range f.set {
		name, value, found := strings.Cut(s, "=")
		if !found || name == "" {
			return nil, badFlag("set", s, "NAME=VALUE")
		}
		l.Set[name] = value
	}
	return l, nil
}

// load reads job files, crontabs and the standard input (-). With a lineError
// there are jobs, too.
func (f *files) load(cmd *cobra.Command, paths []string, fields int) ([]*jobfile.Job, error) {
	l, err := f.loader()
	if err != nil {
		return nil, err
	}
	var jobFiles, crontabs []string
	for _, p := range paths {
		switch info, err := os.Stat(p); {
		case p == "-":
			crontabs = append(crontabs, p)
		case err != nil:
			return nil, usageError{err}
		case info.IsDir() || slices.Contains(document.Extensions, strings.ToLower(filepath.Ext(p))):
			jobFiles = append(jobFiles, p)
		default:
			crontabs = append(crontabs, p)
		}
	}
	jobs, err := l.Load(jobFiles...)
	if err != nil {
		return nil, usageError{err}
	}
	var left error // of lines that are left out
	for _, p := range crontabs {
		more, err := f.one(cmd, l, p, fields)
		if errors.As(err, new(lineError)) {
			left, err = err, nil
		}
		if err != nil {
			return nil, err
		}
		jobs = append(jobs, more...)
	}
	if err := jobfile.CheckNames(jobs); err != nil {
		return nil, usageError{err}
	}
	return jobs, left
}

// maxInput bounds the standard input and crontabs, in bytes.
const maxInput = 32 << 20

// one reads a crontab, or the standard input.
func (f *files) one(cmd *cobra.Command, l *jobfile.Loader, name string, fields int) ([]*jobfile.Job, error) {
	in := cmd.InOrStdin()
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, usageError{err}
		}
		defer file.Close()
		in = file
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxInput:
		return nil, usageError{fmt.Errorf("%s: has more than %d bytes", name, maxInput)}
	case name != "-" || f.format == "crontab":
		return f.crontab(cmd, l, name, string(text), fields)
	case !slices.Contains(document.Extensions, "."+f.format):
		return nil, badFlag("format", f.format, "crontab, yaml, json or conf")
	}
	jobs, err := l.Parse("stdin."+f.format, text)
	if err != nil {
		return nil, usageError{err}
	}
	return jobs, nil
}

// crontab makes jobs of the lines of a crontab. Lines that can't be moved are
// told, and the others go on: what is sent is up to the caller.
func (f *files) crontab(cmd *cobra.Command, l *jobfile.Loader, name, text string, fields int) ([]*jobfile.Job, error) {
	base := &jobfile.Job{Job: jobfile.Blank()}
	if f.profile != "" {
		list, err := l.LoadTemplate(f.profile)
		if err != nil {
			return nil, usageError{err}
		}
		base = list
	}
	if _, said := base.Given["retries"]; !said {
		base.Job.Retries = 0 // cron runs a line once, and a command may count on that
	}
	dir := filepath.Dir(name)
	o := crontab.Options{Fields: fields, User: f.user, Zone: f.zone, System: f.system || name == "/etc/crontab" || filepath.Base(dir) == "cron.d"}
	read, problems := crontab.Parse(strings.NewReader(text), o)
	for _, p := range problems {
		kind := "not moved"
		if p.Warning {
			kind = "warning"
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s:%d:%d: %s: %s\n", name, p.Line, p.Column, kind, p.Reason)
	}
	var out []*jobfile.Job
	for i := range read {
		out = append(out, base.Derive(read[i].Define(base.Job), document.Pos{File: name, Line: read[i].Line, Column: read[i].Column}))
	}
	if n := slices.IndexFunc(problems, func(p crontab.Problem) bool { return !p.Warning }); n >= 0 {
		return out, lineError{fmt.Errorf("%s: not all lines can be moved", name)}
	}
	return out, nil
}

// lineError says that lines of a crontab were left out.
type lineError struct{ error }

// planFlags say how a Chronos is dealt with.
type planFlags struct{ drop, split bool }

func (p *planFlags) flags(c *cobra.Command) {
	c.Flags().BoolVar(&p.drop, "drop_unsupported", false, "leave out what a Chronos does not know, instead of refusing it")
	c.Flags().BoolVar(&p.split, "split", false, "make several jobs of one whose cron schedule is several ISO 8601 intervals, for a Chronos")
}

const submitLong = `Send jobs from job files and crontabs to hora, or to a Chronos 2.4.0 or 3.0.2.

FILE is a job file (.yaml, .yml, .json, .conf), a folder of them, any other file,
which is read as a crontab, or - for the standard input. Jobs that the server
has just so are left alone; parents go before their children. A job that is
paused on the server stays paused unless its file says "disabled: false".
As with cron, jobs of crontabs are not retried; unlike with cron, a run waits for the
one before (overlap: queue). --base says otherwise, for all lines of a crontab.

Exit codes: 0 all is done · 1 the server could not be asked · 2 the files or
flags are wrong, nothing was sent · 4 some jobs or lines were refused ·
5 with --wait: a run did not succeed · 130 interrupted.`

func submitCommand() *cobra.Command {
	var f files
	var p planFlags
	var dry, wait bool
	var parallel int
	var patience time.Duration
	c := &cobra.Command{
		Use:   "submit [flags] FILE…",
		Short: "Send jobs from job files and crontabs to a server",
		Long:  submitLong,
		Example: `  hora submit jobs/*.yaml
  hora submit --dry-run --server http://chronos.example.com:4400 jobs/
  crontab -l | hora submit --crontab_user etl --zone Europe/Berlin -
  hora submit --base team.yaml /etc/cron.d/etl
  hora submit --set REGION=eu --wait load.yaml`,
		Args: arguments(cobra.MinimumNArgs(1)),
	}
	connect := connectionFlags(c)
	f.flags(c)
	f.crontabFlags(c)
	p.flags(c)
	c.Flags().BoolVar(&dry, "dry-run", false, "say what would be done, and send nothing")
	c.Flags().BoolVar(&wait, "wait", false, "follow the next run of each job that was sent until it is over, with its output")
	c.Flags().DurationVar(&patience, "wait_timeout", time.Hour, "how long --wait waits at most")
	c.Flags().IntVar(&parallel, "parallel", 0, fmt.Sprintf("requests at once (default %d; 4 for a Chronos)", submit.Parallel))
	c.RunE = func(cmd *cobra.Command, args []string) error {
		if parallel < 0 || parallel > 256 {
			return badFlag("parallel", parallel, "a number from 1 to 256")
		}
		if !slices.Contains([]string{"crontab", "yaml", "json", "conf"}, f.format) {
			return badFlag("format", f.format, "crontab, yaml, json or conf")
		}
		s := &submission{cmd: cmd, planFlags: p, parallel: parallel, now: time.Now()}
		return s.submit(connect, &f, args, submitMode{dry, wait, patience})
	}
	return c
}

type submitMode struct {
	dry, wait bool
	patience  time.Duration
}

func (s *submission) submit(connect *connection, f *files, paths []string, mode submitMode) error {
	ctx := s.cmd.Context()
	t, err := connect.Find()
	if err != nil {
		return usageError{err}
	}
	jobs, err := f.load(s.cmd, paths, t.Fields)
	var left lineError
	if err != nil && !errors.As(err, &left) {
		return err
	}
	if err := s.connect(ctx, connect); err != nil {
		return err
	}
	if mode.wait && s.server.Release() != api.Hora {
		return errChronosWait
	}
	plan, err := s.compare(ctx, jobs, submit.Options{})
	if err != nil {
		return err
	}
	if mode.dry {
		s.show(plan)
		return s.outcome(nil, left.error)
	}
	if mode.wait {
		if err := s.look(ctx, plan); err != nil {
			return err
		}
	}
	result := s.apply(ctx, plan, false)
	if err := s.outcome(result, left.error); err != nil || !mode.wait {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, mode.patience)
	defer cancel()
	return s.follow(ctx, plan)
}
