package schedule

import (
	"errors"
	"fmt"
)

// Errors that callers may want to tell apart. They come wrapped, with the text
// and the part of it that is wrong.
var (
	ErrSyntax     = errors.New("not a schedule")               // the text is not what it should be
	ErrZone       = errors.New("unknown time zone")            // the zone's name is unknown
	ErrPeriod     = errors.New("want a period of 1 s or more") // zero, negative or shorter
	ErrImpossible = errors.New("there is no such time")        // for example 30 February
)

// A syntaxError is an ErrSyntax that says only what is wrong.
type syntaxError string

func (e syntaxError) Error() string { return string(e) }

// Is makes errors.Is(err, ErrSyntax) hold.
func (e syntaxError) Is(target error) bool { return target == ErrSyntax }

func syntaxf(format string, args ...any) error {
	return syntaxError(fmt.Sprintf(format, args...))
}
