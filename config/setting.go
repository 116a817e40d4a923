// Package config reads what a program is told. A setting is one row of a table:
// its name, what it means, what a value may be and where it goes. It can be given
// as a flag (--http_port 80), in the environment (HORA_HTTP_PORT=80) and as a line
// of a file (http_port = 80); the first of these wins, then comes the default.
//
// What is wrong is an *Error that says where it stands, what was given and what
// was expected. A secret is never part of it. The table also makes the reference
// that docs/flags.md holds.
package config

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Setting is one thing that can be said.
type Setting struct {
	Name    string // of the flag and in a file, such as http_port
	Short   string // letter of the flag, such as p; "": none
	Group   string // heading in the reference
	Meaning string // one sentence for --help and for the reference
	Default string // as it would be written; "": none
	Shown   string // what the reference says of a default that is not the same everywhere
	Secret  bool   // its value is shown nowhere
	Value   Value
}

// Value says what a value may be and takes it.
type Value struct {
	Want   string                  // what was expected, for messages: "a number from 1 to 10"
	Switch bool                    // the flag alone means true
	Set    func(text string) error // takes the value. An error that is not errWant explains more than Want does
}

// errWant says that a value is not what Want says.
var errWant = errors.New("not what was expected")

// Error says that something given is wrong.
type Error struct {
	Where string // --http_port, HORA_HTTP_PORT, or hora.conf:3: http_port
	Value string // what was given; "" if it is a secret
	Want  string // what was expected
	Err   error  // the cause, nil if Want says all
}

// Error names place, value and expectation.
func (e *Error) Error() string {
	text := e.Where
	if e.Value != "" {
		text += " " + e.Value
	}
	text += ": want " + e.Want
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

// Unwrap returns e.Err.
func (e *Error) Unwrap() error { return e.Err }

// Text takes any text.
func Text(p *string) Value {
	return Value{Want: "a text", Set: func(text string) error { *p = text; return nil }}
}

// Some takes a text that is not empty.
func Some(p *string, want string) Value {
	return Value{Want: want, Set: func(text string) error {
		if text == "" {
			return errWant
		}
		*p = text
		return nil
	}}
}

// Int takes a whole number in the bounds.
func Int[T int | int64 | uint64](p *T, least, most T) Value {
	return Value{Want: fmt.Sprintf("a number from %d to %d", least, most), Set: func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < int64(least) || n > int64(most) {
			return errWant
		}
		*p = T(n)
		return nil
	}}
}

// Float takes a number in the bounds.
func Float(p *float64, least, most float64) Value {
	return Value{Want: fmt.Sprintf("a number from %g to %g", least, most), Set: func(text string) error {
		n, err := strconv.ParseFloat(text, 64)
		if err != nil || !(n >= least && n <= most) {
			return errWant
		}
		*p = n
		return nil
	}}
}

// units are how people call a duration's unit.
var units = map[time.Duration]string{time.Second: "seconds", time.Millisecond: "milliseconds"}

// Duration takes a number of units, as Chronos does, or a duration such as 90s.
func Duration(p *time.Duration, unit, least, most time.Duration) Value {
	want := fmt.Sprintf("%s from %d to %d, or a duration such as 90s", units[unit], least/unit, most/unit)
	return Value{Want: want, Set: func(text string) error {
		d, err := time.ParseDuration(text)
		if n, e := strconv.ParseInt(text, 10, 64); e == nil {
			if n < int64(least/unit) || n > int64(most/unit) { // before it overflows
				return errWant
			}
			d, err = time.Duration(n)*unit, nil
		}
		if err != nil || d < least || d > most {
			return errWant
		}
		*p = d
		return nil
	}}
}

// Bool is a switch.
func Bool(p *bool) Value {
	return Value{Want: "true or false", Switch: true, Set: func(text string) error {
		if text != "true" && text != "false" {
			return errWant
		}
		*p = text == "true"
		return nil
	}}
}

// OneOf takes one of the words.
func OneOf(p *string, words ...string) Value {
	last := len(words) - 1
	return Value{Want: strings.Join(words[:last], ", ") + " or " + words[last], Set: func(text string) error {
		if !slices.Contains(words, text) {
			return errWant
		}
		*p = text
		return nil
	}}
}

// maxSecret bounds the file of a secret, in bytes.
const maxSecret = 64 << 10

// SecretFile takes the name of a file and from it a secret, without the line's end.
func SecretFile[T ~string](p *T) Value {
	return Value{Want: "the name of a file that holds a secret", Set: func(name string) error {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		secret := strings.TrimRight(string(text), "\r\n")
		if secret == "" || len(text) > maxSecret {
			return fmt.Errorf("%s holds %d bytes, expected 1 to %d", name, len(text), maxSecret)
		}
		*p = T(secret)
		return nil
	}}
}

// Checked adds a check, whose error is part of the message.
func (v Value) Checked(check func(text string) error) Value {
	set := v.Set
	v.Set = func(text string) error {
		if err := check(text); err != nil {
			return err
		}
		return set(text)
	}
	return v
}
