package crontab

import (
	"strings"
)

// command makes of the rest of the line what /bin/sh -c shall run.
func (t *table) command() (string, bool) {
	l := &t.current
	text := l.rest()
	column := l.at
	command, input := split(text)
	switch first := strings.Fields(command + " x")[0]; {
	case strings.Trim(command, " \t") == "" && input == "":
		t.refuse(column, "the line has no command")
		return "", false
	case strings.Trim(command, " \t") == "":
		t.refuse(column, "there is no command before %%, only input for it; %% is written \\%%")
		return "", false
	case first == "-n" || first == "-q" || first == "-s":
		t.refuse(column, "%s is an option of BSD's cron, not a command", first)
		return "", false
	case strings.Contains(command, "run-parts"):
		t.warn(column, "run-parts runs the scripts that its folder has on the agent where the task comes to run: move them one by one")
	case t.variable("HOME") == "" && strings.Contains(first, "/") && strings.IndexAny(first, "/~$'\"`({[") != 0 && !strings.Contains(first, "="):
		t.warn(column, "%s is a relative path: cron starts in the user's home, a task in its sandbox; give the whole path, or set HOME above", first)
	}
	return wrap(command, input, t.variable("SHELL"), t.variable("HOME")), true
}

// split cuts the command from its standard input as cronie's do_command.c does:
// the first % that has no backslash before it ends the command, the further
// ones are ends of lines, and \% is %. Input that does not end with a newline gets one.
func split(text string) (command, input string) {
	var b strings.Builder
	i, escaped := 0, false
	for ; i < len(text); i++ {
		c := text[i]
		switch {
		case escaped && c == '%':
			kept := b.String()
			b.Reset()
			b.WriteString(kept[:len(kept)-1] + "%")
			escaped = false
			continue
		case escaped:
			escaped = false
		case c == '\\':
			escaped = true
		case c == '%':
			return b.String(), standardInput(text[i+1:])
		}
		b.WriteByte(c)
	}
	return b.String(), ""
}

func standardInput(text string) string {
	var b strings.Builder
	escaped := false
	for _, c := range []byte(text) {
		if escaped {
			if c != '%' {
				b.WriteByte('\\')
			}
		} else if c == '%' {
			c = '\n'
		}
		if escaped = c == '\\'; !escaped {
			b.WriteByte(c)
		}
	}
	if escaped {
		b.WriteByte('\\')
	}
	if input := b.String(); input == "" || strings.HasSuffix(input, "\n") {
		return input
	}
	return b.String() + "\n"
}

// wrap adds what /bin/sh does not do by itself: another shell, the working
// folder, the standard input.
func wrap(command, input, shell, home string) string {
	if shell == "" {
		shell = "/bin/sh"
	}
	switch {
	case input != "":
		lines := strings.Split(strings.TrimSuffix(input, "\n"), "\n")
		for i := range lines {
			lines[i] = quote(lines[i])
		}
		command = `printf '%s\n' ` + strings.Join(lines, " ") + " | " + word(shell) + " -c " + quote(command)
	case shell != "/bin/sh":
		command = "exec " + word(shell) + " -c " + quote(command)
	}
	if home != "" {
		command = "cd " + word(home) + " || exit; " + command
	}
	return command
}

// quote makes a word of the shell of any text.
func quote(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }

// word quotes a text if the shell would not take it for one plain word.
func word(text string) string {
	for _, c := range []byte(text) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("/._-+", c) >= 0) {
			return quote(text)
		}
	}
	return text
}
