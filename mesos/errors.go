package mesos

import (
	"errors"
	"fmt"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// Why a subscription did not come about or ended. Match them with errors.Is.
var (
	// ErrFailedOver says that another instance subscribed with our framework
	// id: the last one wins, so this one has to step down (Mesos contract 1.6).
	ErrFailedOver = errors.New("another instance took over the framework")
	// ErrRemoved says that the master has removed the framework for good, by
	// TEARDOWN or because its failover timeout expired. Its tasks are dead or
	// dying; only a subscription without the id is possible (Mesos contract 1.6).
	ErrRemoved = errors.New("the framework has been removed")
	// ErrRefused says that the master does not take this framework as it is
	// configured: credentials, roles, rights. Trying again soon does not help.
	ErrRefused = errors.New("the master refuses the subscription")
	// ErrUnavailable says that there is no leading master at that address now.
	ErrUnavailable = errors.New("no leading master there")
	// ErrSilent says that nothing, not even a heartbeat, came for too long.
	ErrSilent = errors.New("the master has fallen silent")
	// ErrDeposed says that the detector knows of another leading master.
	ErrDeposed = errors.New("another master leads now")
	// ErrClosed says that the session was closed by its user.
	ErrClosed = errors.New("session closed")
)

// What became of a call. Match them with errors.Is.
var (
	// ErrBadCall says that this call was refused or could not be encoded. The
	// session goes on.
	ErrBadCall = errors.New("call refused")
	// ErrLost says that the session is over. Whether the master has received
	// the call is unknown.
	ErrLost = errors.New("session lost")
)

// AnswerError is an HTTP answer that is not the one hoped for. It matches one of
// ErrRefused, ErrUnavailable, ErrLost and ErrBadCall.
type AnswerError struct {
	Call   scheduler.Call_Type // what was asked
	Status int                 // HTTP status
	Text   string              // what the master said, cut to a line
	kind   error
}

// Error implements error.
func (e *AnswerError) Error() string {
	if e.Text == "" {
		return fmt.Sprintf("%v: %s was answered %d", e.kind, e.Call, e.Status)
	}
	return fmt.Sprintf("%v: %s was answered %d: %s", e.kind, e.Call, e.Status, e.Text)
}

// Unwrap returns what kind of error it is.
func (e *AnswerError) Unwrap() error { return e.kind }

// RefusalError is an ERROR event. The master ends the stream after it. It
// matches one of ErrFailedOver, ErrRemoved and ErrRefused.
type RefusalError struct {
	Message string
	kind    error
}

// The texts of ERROR events with a meaning of their own (Mesos contract 1.6).
const (
	messageFailedOver = "Framework failed over"
	messageRemoved    = "Framework has been removed"
)

func refusal(message string) error {
	e := &RefusalError{message, ErrRefused}
	switch message {
	case messageFailedOver:
		e.kind = ErrFailedOver
	case messageRemoved:
		e.kind = ErrRemoved
	}
	return e
}

// Error implements error.
func (e *RefusalError) Error() string { return fmt.Sprintf("%v: %s", e.kind, e.Message) }

// Unwrap returns what kind of error it is.
func (e *RefusalError) Unwrap() error { return e.kind }
