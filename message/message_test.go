package message

import (
	"errors"
	"fmt"
	"io"
	"testing"
)

func TestString(t *testing.T) {
	t.Parallel()
	for want, got := range map[string]fmt.Stringer{
		"":                              Message{},
		"nothing":                       Of("nothing"),
		`job "a" has 3 runs`:            Of("job %q has %d runs", "a", 3),
		"1 run":                         Count(1, "%d run", "%d runs"),
		"0 runs of a":                   Count(0, "%d run of %s", "%d runs of %s", "a"),
		"2 runs":                        KeepCount(2, "%d run", "%d runs"),
		"want a, b":                     Of("want %v", Names{"a", "b"}),
		"of 2 agents, 1 is off, 1 busy": Of("of %d agents, %v", 2, List{Of("%d is off", 1), Of("%d busy", 1)}),
		"ended: killed":                 Keep("ended: %v", Keep("killed")),
	} {
		if got.String() != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestErrorf(t *testing.T) {
	t.Parallel()
	missing := Errorf("there is none")
	other := Errorf("there is none")
	err := Errorf("%w: %q", missing, "a")
	if !errors.Is(err, missing) || errors.Is(err, other) || err.Error() != `there is none: "a"` {
		t.Errorf("%v: is %v", err, errors.Is(err, missing))
	}
	if err := Errorf("%w and %w", missing, io.EOF); !errors.Is(err, io.EOF) || !errors.Is(err, missing) {
		t.Error("one of two wrapped errors is lost")
	}
	var said Sayer
	if !errors.As(fmt.Errorf("by others: %w", err), &said) || said.Said().Format != "%w: %q" || said.Said().Args[0] != missing {
		t.Errorf("the message is %v", said)
	}
}
