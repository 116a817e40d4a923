package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// console prints a readable line per event of a run.
type console struct {
	mu     sync.Mutex
	w      io.Writer
	colour bool
	width  int // of the job column, as wide as the longest name seen
}

func newConsole(w io.Writer) *console {
	return &console{w: w, width: 12, colour: bool(newPainter(w))}
}

const (
	plain  = ""
	grey   = "\x1b[90m"
	green  = "\x1b[32m"
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	blue   = "\x1b[34m"
)

// show prints what the core reports.
func (c *console) show(now time.Time, notices []scheduler.Notice) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range notices {
		what, colour, detail := describe(n)
		if what == "" {
			continue
		}
		c.width = min(max(c.width, len(n.Job)), 40)
		if c.colour && colour != plain {
			what = colour + fmt.Sprintf("%-9s", what) + "\x1b[0m"
		}
		line := fmt.Sprintf("%s  %-*s  %-9s  %s", now.Local().Format("15:04:05.000"), c.width, n.Job, what, detail)
		fmt.Fprintln(c.w, strings.TrimRight(line, " "))
	}
}

// describe says in words what a notice is about.
func describe(n scheduler.Notice) (what, colour, detail string) {
	switch n.Kind {
	case scheduler.RunCreated:
		switch {
		case n.Run.State == scheduler.Waiting:
			return "waiting", yellow, "another run is not over"
		case n.Run.Kind == scheduler.OfRelease:
			return "released", blue, "all parents are done"
		case n.Run.Kind == scheduler.OfHand:
			return "ordered", blue, "by hand"
		}
	case scheduler.AttemptRunning:
		t := n.Run.Task
		return "running", plain, fmt.Sprintf("on %s, attempt %d, %s after it was due", t.Hostname, n.Run.Attempt, short(t.Running.Sub(n.Run.NotBefore)))
	case scheduler.AttemptEnded:
		return "failed", yellow, fmt.Sprintf("%s; attempt %d follows at %s", orUnknown(n.Text), n.Run.Attempt, n.Again.Local().Format("15:04:05.000"))
	case scheduler.RunEnded:
		return ended(n)
	case scheduler.SlotsPassed:
		slots := "slot " + n.Entry.Slot.Local().Format(time.DateTime)
		if n.Entry.Count > 1 {
			slots = fmt.Sprintf("%d slots up to %s", n.Entry.Count, n.Entry.Slot.Local().Format(time.DateTime))
		}
		return n.Entry.Outcome.String(), yellow, slots + ": " + n.Text
	case scheduler.TaskAdopted:
		return "adopted", blue, "task " + n.Run.Task.ID + " goes on"
	case scheduler.RunLate:
		return "late", yellow, n.Text
	case scheduler.JobDisabled:
		return "disabled", yellow, n.Text
	case scheduler.JobDeleted:
		return "deleted", grey, ""
	case scheduler.TaskOrphaned:
		return "killed", grey, "task " + n.Text + " belongs to no run"
	}
	return "", plain, ""
}

func ended(n scheduler.Notice) (what, colour, detail string) {
	what = n.Entry.Outcome.String()
	switch n.Entry.Outcome {
	case scheduler.Succeeded:
		colour = green
	case scheduler.Failed:
		colour, detail = red, fmt.Sprintf("for good after %d attempts: %s", len(n.Entry.Attempts), orUnknown(n.Text))
		return what, colour, detail
	default:
		colour, detail = yellow, n.Text
	}
	if a := n.Attempt; a != nil && !a.Running.IsZero() {
		detail = strings.TrimSpace("in " + short(a.Ended.Sub(a.Running)) + "  " + detail)
	}
	return what, colour, detail
}

func orUnknown(text string) string {
	if text == "" {
		return "no reason was given"
	}
	return text
}

// short writes a duration with the precision that matters to a person.
func short(d time.Duration) string {
	switch {
	case d < time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(100 * time.Millisecond).String()
}
