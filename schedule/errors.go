package schedule

import (
	"github.com/hora-scheduler/hora/message"
)

// Errors that callers may want to tell apart. They come wrapped, with the text
// and the part of it that is wrong.
var (
	ErrSyntax     = message.Errorf("not a schedule")               // the text is not what it should be
	ErrZone       = message.Errorf("unknown time zone")            // the zone's name is unknown
	ErrPeriod     = message.Errorf("want a period of 1 s or more") // zero, negative or shorter
	ErrImpossible = message.Errorf("there is no such time")        // for example 30 February
)

// A syntaxError is an ErrSyntax that says only what is wrong.
type syntaxError struct{ error }

// Unwrap returns the error that has the message.
func (e syntaxError) Unwrap() error { return e.error }

// Is makes errors.Is(err, ErrSyntax) hold.
func (e syntaxError) Is(target error) bool { return target == ErrSyntax }

func syntaxf(format string, args ...any) error {
	return syntaxError{message.Errorf(format, args...)}
}
