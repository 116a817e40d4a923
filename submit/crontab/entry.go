package crontab

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/schedule"
)

// entry reads a line that says what to run and when.
func (t *table) entry() {
	l := &t.current
	start := l.at
	if !utf8.ValidString(l.text) || strings.IndexByte(l.text, 0) >= 0 {
		t.refuse(start, "the line has a NUL character or is not valid UTF-8")
		return
	}
	if l.peek() == '-' { // "do not log", for root
		l.at++
		start++
	}
	when, ok := t.when()
	if !ok {
		return
	}
	user, ok := t.user()
	if !ok {
		return
	}
	if !l.ended {
		t.refuse(len(l.text), "the last line does not end with a newline, so cron does not run it")
		return
	}
	jitter, ok := t.jitter()
	if !ok {
		return
	}
	command, ok := t.command()
	if !ok {
		return
	}
	j := Job{
		Schedule: when, Jitter: jitter, Zone: t.zone(), Command: command, Environment: t.environment(), RunAsUser: user,
		Owner: owner(t.variable("MAILTO")), Description: t.description(), Line: l.number, Column: start + 1, Text: l.text,
	}
	if t.nameOf(&j, l.text[l.at:]) && t.compiles(&j, start) {
		t.names[j.Name] = l.number
		t.jobs = append(t.jobs, j)
	}
}

func (t *table) zone() string {
	if zone := t.variable("CRON_TZ"); zone != "" {
		return zone
	}
	return t.options.Zone
}

// compiles checks the job as a server would.
func (t *table) compiles(j *Job, column int) bool {
	_, err := job.Compile(j.Define(&job.Job{CPUs: 0.1, Mem: 128, Disk: 256}), time.Unix(0, 0), job.Defaults{RetryInterval: time.Minute, Zones: t.options.Zones})
	var wrong *job.FieldError
	switch {
	case err == nil:
		return true
	case errors.Is(err, schedule.ErrZone) && t.variable("CRON_TZ") != "":
		t.refuse(column, "CRON_TZ (line %d): %v", t.setAt["CRON_TZ"], errors.Unwrap(err))
	case errors.As(err, &wrong) && wrong.Field == "schedule":
		t.refuse(t.wrongField(j.Schedule, column), "%v", wrong.Err)
	case errors.As(err, &wrong) && wrong.Field == "runAsUser":
		t.refuse(column, "user %q: %v", j.RunAsUser, wrong.Err)
	default:
		t.refuse(column, "%v", err)
	}
	return false
}

// wrongField finds the column of the first field that is wrong by itself.
func (t *table) wrongField(when string, column int) int {
	texts := strings.Fields(when)
	l := line{text: t.current.text, at: column}
	for i := range texts {
		_, at := l.word()
		alone := slices.Repeat([]string{"*"}, len(texts))
		alone[i] = texts[i]
		if _, err := schedule.Parse(strings.Join(alone, " "), schedule.Options{}); err != nil {
			return at
		}
	}
	return column
}

// when reads the time fields, or the @word.
func (t *table) when() (string, bool) {
	if t.current.peek() == '@' {
		return t.nickname()
	}
	l := &t.current
	n := t.options.Fields
	if n == 0 {
		n = 5
	}
	texts := make([]string, n)
	for i := range texts {
		text, column := l.word()
		if text == "" {
			t.refuse(column, "the line ends where the %s is expected%s", fieldName(i, n), t.hint(texts[:i]))
			return "", false
		}
		if !t.field(text, column, fieldName(i, n)) {
			return "", false
		}
		texts[i] = text
	}
	when := strings.Join(texts, " ")
	if c := l.peek(); c == '*' {
		t.refuse(l.at, "the command begins with *: is it a time field? This crontab is read with %d of them", n)
		return "", false
	}
	return when, true
}

// hint guesses what a line was meant to be.
func (t *table) hint(texts []string) string {
	text := strings.TrimLeft(t.current.text, " \t")
	if name, rest, ok := variableName(text); ok && strings.HasPrefix(strings.TrimLeft(rest, " \t"), "=") {
		return "; an empty value needs quotes: " + name + "=\"\""
	}
	if len(texts) > 0 && texts[0] == "export" {
		return "; variables are set without export"
	}
	return ""
}

func fieldName(i, n int) string {
	if n == 5 {
		i++
	}
	return [...]string{"second", "minute", "hour", "day of month", "month", "day of week"}[i]
}

var (
	lone   = regexp.MustCompile(`(^|,)[0-9A-Za-z]+/`)
	random = regexp.MustCompile(`[0-9]~|~[0-9]|^~`)
)

// field refuses what crons do not agree about. The rest is left to package schedule.
func (t *table) field(text string, column int, name string) bool {
	switch {
	case text[0] >= 'A' && text[0] <= 'z' && !strings.HasPrefix(text, "H") && (name == "second" || name == "minute" || name == "hour"):
		t.refuse(column, "%s %q: it is not a number%s", name, text, t.hint([]string{text}))
	case random.MatchString(text):
		t.refuse(column, "%s %q: ~ draws another time whenever cron is started; H, or H(from-to), is one of the job's own that stays", name, text)
	case lone.MatchString(text) && !strings.Contains(text, "H/"):
		t.refuse(column, "%s %q: crons differ about n/step: some start at n and go on, some run at n alone, some refuse it; write n-last/step or n", name, text)
	default:
		return true
	}
	return false
}

// nickname reads @daily and its like.
func (t *table) nickname() (string, bool) {
	l := &t.current
	text, column := l.word()
	switch text {
	case "@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly":
		return text, true
	case "@every_minute":
		return "* * * * *", true
	case "@every_second":
		return "* * * * * *", true
	case "@every":
		d, at := l.word()
		when := "@every " + d
		if _, err := schedule.Parse(when, schedule.Options{}); err != nil {
			t.refuse(at, "%v", err)
			return "", false
		}
		return when, true
	case "@reboot":
		t.refuse(column, "@reboot: a task runs on any agent, so there is no start of a machine that it could follow; run it by hand (hora run), from the machine's own start-up, or give it parents")
	default:
		t.refuse(column, "%s is unknown, want @hourly, @daily (or @midnight), @weekly, @monthly, @yearly (or @annually), or @every and a duration", text)
	}
	return "", false
}

var userName = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@-]*\$?$`)

// user reads the user of a line of a system crontab: user[:group][/class].
func (t *table) user() (string, bool) {
	l := &t.current
	if !t.options.System {
		if first, _, more := strings.Cut(l.rest(), " "); first == "root" && more {
			t.warn(l.at, "the command begins with root: if this is a system crontab, with users, read it as one")
		}
		return t.options.User, true
	}
	text, column := l.word()
	name, class, classed := strings.Cut(text, "/")
	name, group, grouped := strings.Cut(name, ":")
	switch {
	case text == "":
		t.refuse(column, "the line ends where the user is expected")
		return "", false
	case !userName.MatchString(name) || l.done():
		t.refuse(column, "%q is expected to be a user, followed by a command: is this a user's crontab, without users?", text)
		return "", false
	case grouped:
		t.warn(column, "a task runs with its user's own group, not with %s", group)
	case classed:
		t.warn(column, "a task knows no login class such as %s", class)
	}
	return name, true
}

// description are the comments right above, as one text.
func (t *table) description() string {
	text := strings.Join(t.above, " ")
	const most = 500
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "…"
	}
	return text
}

var naming = regexp.MustCompile(`^#+[ \t]*[Nn]ame:[ \t]*(.*?)[ \t]*$`)

// comment keeps what may describe the next job, or name it.
func (t *table) comment(text string) {
	if m := naming.FindStringSubmatch(text); m != nil {
		t.name, t.nameAt = m[1], t.current.number
		return
	}
	text = strings.TrimFunc(text, func(r rune) bool { return r == '#' || unicode.IsSpace(r) })
	if !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 || commented(text) {
		t.above = nil
		return
	}
	if strings.Trim(text, "-=*+_~. \t") != "" { // not a ruler
		t.above = append(t.above, text)
	}
}

// commented tells whether a comment is an entry or a variable that was switched off, or
// explains the fields.
func commented(text string) bool {
	if text == "" {
		return false
	}
	if _, _, ok := variable(text); ok {
		return true
	}
	if text[0] == '@' {
		return true
	}
	f := strings.Fields(text)
	if len(f) < 6 {
		return false
	}
	_, err := schedule.Parse(strings.Join(f[:5], " "), schedule.Options{})
	return err == nil || f[0] == "m" && f[1] == "h"
}
