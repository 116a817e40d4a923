// Package message holds what hora says to people: a sentence with places for
// what varies, and what stands in them. It is said late, in the language of who
// asks. Its text is English, which is what logs, the command line and Chronos'
// clients see; package language has it in others.
package message

import (
	"fmt"
	"strings"
)

// Message is something said to people. The zero Message says nothing.
type Message struct {
	Format string // in English, as package fmt has it; it is also the sentence's name
	Args   []any  // what stands in it: values, texts, or other messages
}

// Of returns a message. The format is a constant, so that a test finds it.
func Of(format string, args ...any) Message {
	if false {
		_ = fmt.Sprintf(format, args...) // has vet check the calls
	}
	return Message{format, args}
}

// String is the message in English.
func (m Message) String() string { return fmt.Sprintf(m.Format, m.Args...) }

// Empty tells whether the message says nothing.
func (m Message) Empty() bool { return m.Format == "" }

// Said implements Sayer.
func (m Message) Said() Message { return m }

// Sayer is what knows the message that it stands for.
type Sayer interface{ Said() Message }

// Count returns one of two messages, by a number, which is the first argument of both.
func Count[N int | int64 | uint64](n N, one, more string, args ...any) Message {
	args = append([]any{n}, args...)
	if n == 1 {
		return Message{one, args}
	}
	return Message{more, args}
}

// Note is a message that is kept: as its English text, which every release and
// every tool can read. Who shows it to people says Text of it.
type Note struct{ Message }

// Keep returns a note. The format is a constant, so that a test finds it.
func Keep(format string, args ...any) Note {
	if false {
		_ = fmt.Sprintf(format, args...)
	}
	return Note{Message{format, args}}
}

// KeepCount returns one of two notes, as Count does.
func KeepCount[N int | int64 | uint64](n N, one, more string, args ...any) Note {
	return Note{Count(n, one, more, args...)}
}

// Text is a text of a record, or of somebody else: Mesos, a library, a person.
// What is known of such texts can be said in other languages; all else stays as it is.
type Text string

// Names are listed with commas.
type Names []string

// String is the list in English.
func (n Names) String() string { return strings.Join(n, ", ") }

// List are clauses in a row.
type List []Message

// String is the list in English.
func (l List) String() string {
	texts := make([]string, len(l))
	for i, m := range l {
		texts[i] = m.String()
	}
	return strings.Join(texts, ", ")
}

// Series are words of one kind, with commas: numbers, days of the week.
type Series []Message

// String is the series in English.
func (s Series) String() string { return List(s).String() }

// failure is an error with its message.
type failure struct {
	said Message
	err  error
}

// Errorf is fmt.Errorf, and keeps the message. The format is a constant, so that
// a test finds it.
func Errorf(format string, args ...any) error {
	return &failure{Message{format, args}, fmt.Errorf(format, args...)}
}

// Error is the message in English.
func (e *failure) Error() string { return e.err.Error() }

// Unwrap returns what fmt.Errorf makes of it, which knows what it wraps.
func (e *failure) Unwrap() error { return e.err }

// Said implements Sayer.
func (e *failure) Said() Message { return e.said }
