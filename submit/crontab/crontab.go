// Package crontab reads crontabs as Vixie's cron and its heirs do (cronie on
// CentOS, Debian's cron, SUSE's) and turns each line into what a job is made of.
//
// It reads what cron reads and refuses what cron refuses, line by line: a line
// that can't be moved is a Problem with its place and the reason, the others go
// on. It does not know job files, servers or how a job is sent.
//
// # What becomes of a crontab
//
//   - The schedule stays cron: hora runs it natively. CRON_TZ above the line, or
//     Options.Zone, is its zone. TZ is only a variable of the command, as in cron.
//   - Variables set above the line are the job's environment, those of cron's own
//     that say when (CRON_TZ, RANDOM_DELAY) apart. LOGNAME and USER can't be set,
//     as in cron. Nothing in a value is expanded: PATH=$HOME/bin is taken literally.
//   - MAILTO is the owner. It stays in the environment, where commands may read it.
//   - RANDOM_DELAY=n (cronie) is the job's jitter.
//   - SHELL, unless it is /bin/sh, wraps the command: exec SHELL -c 'command'.
//   - HOME is changed into before the command, as cron does. Without it a task
//     runs in its sandbox, not in its user's home; a relative path gives a warning.
//   - Text after % is the command's standard input: printf '%s\n' 'line' … | SHELL -c 'command'.
//     A command without it finds its standard input empty.
//   - The sixth field of a system crontab, or Options.User, is the task's user.
package crontab

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/schedule"
)

// Limits of a crontab.
const (
	MaxLineBytes = 128 << 10 // cronie's limit of a command, too
	MaxLines     = 200000
	maxProblems  = 10000
)

// Options say what a crontab does not say itself. The zero value reads a user's crontab.
type Options struct {
	System bool   // the field after the time is a user: /etc/crontab, /etc/cron.d
	Fields int    // time fields of a line (Chronos' crontab.item-number): 5, also for 0, or 6 with seconds first
	User   string // whose crontab it is; "" leaves the task's user open. Not with System
	Zone   string // zone of lines without CRON_TZ above; "" is hora's default, UTC
	Prefix string // before the names that are made up, not before those of # name: comments
	Zones  *schedule.Zones
}

// Job is what one line says. What a crontab can't say (resources, retries, …)
// is left to the job's base: see Define.
type Job struct {
	Name        string // unique among the jobs of one Parse
	Description string // the comment right above
	Schedule    string // cron; see package schedule
	Zone        string // scheduleTimeZone
	Jitter      string // ISO 8601 duration, or ""
	Command     string // for /bin/sh -c
	Environment []job.Variable
	RunAsUser   string // or ""
	Owner       string // MAILTO: mail addresses, separated by commas

	Line, Column int    // where the schedule begins, from 1 on, in bytes
	Text         string // the line as it stands in the crontab
}

// Define returns the base with what the crontab says filled in. Environment
// is added to the base's, which yields where names are equal.
func (j *Job) Define(base *job.Job) *job.Job {
	d := base.Clone()
	d.Name, d.Schedule, d.Command, d.Shell = j.Name, j.Schedule, j.Command, true
	for _, set := range []struct {
		to   *string
		from string
	}{{&d.Description, j.Description}, {&d.Zone, j.Zone}, {&d.Jitter, j.Jitter}, {&d.RunAsUser, j.RunAsUser}, {&d.Owner, j.Owner}} {
		if set.from != "" {
			*set.to = set.from
		}
	}
	for _, v := range j.Environment {
		d.Environment = setVariable(d.Environment, v)
	}
	return d
}

// Problem is something about a line that its owner should know. Unless it is a
// warning, the line gave no job.
type Problem struct {
	Line, Column int // from 1 on, in bytes
	Warning      bool
	Reason       string // what is wrong and what was expected
	Text         string // the line, without its end
}

// Error is "line 3, column 5: reason".
func (p Problem) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", p.Line, p.Column, p.Reason)
}

// Parse reads a crontab to its end. Jobs and problems come in the order of
// their lines. What can't be read at all (an error of the reader, more than
// MaxLines lines) is a problem, too, and the last one.
func Parse(r io.Reader, o Options) (jobs []Job, problems []Problem) {
	if o.Zones == nil {
		o.Zones = &schedule.Zones{}
	}
	t := &table{options: o, names: make(map[string]int), again: make(map[string]int)}
	if t.checkOptions() {
		t.read(bufio.NewReaderSize(r, MaxLineBytes+2))
	}
	return t.jobs, t.problems
}

// table is a crontab while it is read.
type table struct {
	options  Options
	jobs     []Job
	problems []Problem
	names    map[string]int // the line of each name
	again    map[string]int // how many jobs would have had the same made-up name

	vars    []job.Variable
	setAt   map[string]int // where a variable was set
	above   []string       // the comments right above
	name    string         // what a comment says the next job's name is
	nameAt  int            // and its line
	current line
}

// line is one line of a crontab.
type line struct {
	number int
	text   string // without its end
	at     int    // how many bytes of it are read
	ended  bool   // by a newline
}

func (t *table) checkOptions() bool {
	o := t.options
	switch {
	case o.Fields != 0 && o.Fields != 5 && o.Fields != 6:
		t.refuse(0, "a crontab has 5 or 6 time fields, not %d", o.Fields)
	case o.System && o.User != "":
		t.refuse(0, "the lines of a system crontab name their users, so %s can't be the one of all", o.User)
	default:
		return true
	}
	return false
}

// refuse notes why the current line gives no job.
func (t *table) refuse(column int, format string, args ...any) {
	t.note(false, column, format, args...)
}

// warn notes what the owner of the current line should know.
func (t *table) warn(column int, format string, args ...any) { t.note(true, column, format, args...) }

func (t *table) note(warning bool, column int, format string, args ...any) {
	if len(t.problems) < maxProblems {
		t.problems = append(t.problems, Problem{t.current.number, column + 1, warning, fmt.Sprintf(format, args...), t.current.text})
	}
}

func (t *table) read(r *bufio.Reader) {
	t.setAt = make(map[string]int)
	for number := 1; ; number++ {
		text, err := r.ReadSlice('\n')
		t.current = line{number: number, text: string(bytes.TrimSuffix(text, []byte{'\n'})), ended: err == nil}
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			t.current.text = ""
			t.refuse(0, "the line has more than %d bytes", MaxLineBytes)
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = r.ReadSlice('\n')
			}
		case err != nil && !errors.Is(err, io.EOF):
			t.refuse(0, "can't be read: %v", err)
		case len(text) > 0 && number > MaxLines:
			t.refuse(0, "the crontab has more than %d lines", MaxLines)
			return
		case len(text) > 0:
			t.readLine()
		}
		if err != nil {
			return
		}
	}
}

// readLine reads one line as cron does: comments and empty lines first, then it
// tries a variable, then it must be an entry.
func (t *table) readLine() {
	l := &t.current
	if l.number == 1 {
		l.text = strings.TrimPrefix(l.text, "\ufeff") // what some editors of Windows put first
	}
	if strings.HasSuffix(l.text, "\r") {
		l.text = strings.TrimRight(l.text, "\r")
		if strings.Trim(l.text, " \t") != "" && strings.TrimLeft(l.text, " \t")[0] != '#' {
			t.warn(len(l.text), "the line ends with a carriage return, which cron would pass on with the command; it is left out")
		}
	}
	l.skipBlanks()
	switch {
	case l.done():
		t.above = nil
	case l.peek() == '#':
		t.comment(l.rest())
	default:
		if name, value, ok := variable(l.rest()); ok {
			t.set(name, value)
			return
		}
		t.entry()
		t.above, t.name = nil, ""
	}
}

func (l *line) done() bool   { return l.at >= len(l.text) }
func (l *line) rest() string { return l.text[l.at:] }

func (l *line) peek() byte {
	if l.done() {
		return 0
	}
	return l.text[l.at]
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

func (l *line) skipBlanks() {
	for !l.done() && blank(l.text[l.at]) {
		l.at++
	}
}

// word reads up to the next blank, and the blanks after it.
func (l *line) word() (text string, column int) {
	column = l.at
	for !l.done() && !blank(l.text[l.at]) {
		l.at++
	}
	text = l.text[column:l.at]
	l.skipBlanks()
	return text, column
}
