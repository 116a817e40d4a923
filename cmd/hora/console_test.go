package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// TestConsole: a readable line for each event of a run, in colour on a terminal alone.
func TestConsole(t *testing.T) {
	t.Parallel()
	due := time.Date(2026, 1, 1, 0, 0, 0, 0, time.Local)
	at := func(ms int) time.Time { return due.Add(time.Duration(ms) * time.Millisecond) }
	task := &scheduler.Task{ID: "ct:1:0:load:1-0", Hostname: "agent2", Running: at(4)}
	run := &scheduler.Run{JobName: "load", Kind: scheduler.OfSlot, State: scheduler.Launched, NotBefore: due, Task: task}
	attempt := &scheduler.Attempt{Running: at(4), Ended: at(1004)}
	entry := func(o scheduler.Outcome, count int64) *scheduler.Entry {
		return &scheduler.Entry{Slot: due, Count: count, Outcome: o, Attempts: make([]scheduler.Attempt, 3)}
	}
	for _, c := range []struct {
		notice scheduler.Notice
		want   string
	}{
		{scheduler.Notice{Kind: scheduler.RunCreated, Run: &scheduler.Run{State: scheduler.Waiting}}, `waiting    another run is not over`},
		{scheduler.Notice{Kind: scheduler.RunCreated, Run: &scheduler.Run{State: scheduler.Ready, Kind: scheduler.OfRelease}}, `released   all parents are done`},
		{scheduler.Notice{Kind: scheduler.RunCreated, Run: &scheduler.Run{State: scheduler.Ready, Kind: scheduler.OfHand}}, `ordered    by hand`},
		{scheduler.Notice{Kind: scheduler.RunCreated, Run: &scheduler.Run{State: scheduler.Ready, Kind: scheduler.OfSlot}}, ``}, // its next line tells as much
		{scheduler.Notice{Kind: scheduler.AttemptRunning, Run: run}, `running    on agent2, attempt 0, 4ms after it was due`},
		{scheduler.Notice{Kind: scheduler.AttemptEnded, Run: &scheduler.Run{Attempt: 1}, Again: at(4000), Text: "exit 7"}, `failed     exit 7; attempt 1 follows at 00:00:04.000`},
		{scheduler.Notice{Kind: scheduler.RunEnded, Entry: entry(scheduler.Succeeded, 1), Attempt: attempt}, `succeeded  in 1s`},
		{scheduler.Notice{Kind: scheduler.RunEnded, Entry: entry(scheduler.Failed, 1), Text: "exit 7"}, `failed     for good after 3 attempts: exit 7`},
		{scheduler.Notice{Kind: scheduler.RunEnded, Entry: entry(scheduler.Killed, 1), Attempt: attempt, Text: "killed by a person"}, `killed     in 1s  killed by a person`},
		{scheduler.Notice{Kind: scheduler.SlotsPassed, Entry: entry(scheduler.Missed, 5), Text: "nobody led"}, `missed     5 slots up to 2026-01-01 00:00:00: nobody led`},
		{scheduler.Notice{Kind: scheduler.SlotsPassed, Entry: entry(scheduler.Skipped, 1), Text: "busy"}, `skipped    slot 2026-01-01 00:00:00: busy`},
		{scheduler.Notice{Kind: scheduler.JobDisabled, Text: "all repetitions of the schedule are done"}, `disabled   all repetitions of the schedule are done`},
		{scheduler.Notice{Kind: scheduler.JobDeleted}, `deleted`},
	} {
		var out strings.Builder
		k := newConsole(&out)
		c.notice.Job = "load"
		k.show(at(5), []scheduler.Notice{c.notice})
		want := ""
		if c.want != "" {
			want = "00:00:00.005  load          " + c.want + "\n"
		}
		if out.String() != want {
			t.Errorf("%+v is shown as\n%q, want\n%q", c.notice, out.String(), want)
		}
		k.colour = true
		out.Reset()
		k.show(at(5), []scheduler.Notice{c.notice})
		plain := regexp.MustCompile("\x1b\\[[0-9]+m").ReplaceAllString(out.String(), "")
		if strings.TrimRight(plain, " \n") != strings.TrimRight(want, "\n") {
			t.Errorf("%+v is shown in colour as %q, want %q and colours", c.notice, out.String(), want)
		}
	}
	var out strings.Builder
	k := newConsole(&out)
	k.colour = true
	k.show(due, []scheduler.Notice{{Kind: scheduler.RunEnded, Job: "load", Entry: entry(scheduler.Failed, 1)}})
	if !strings.Contains(out.String(), red+"failed   \x1b[0m") {
		t.Errorf("a failure is shown as %q, want it in red", out.String())
	}
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if newConsole(file).colour {
		t.Error("a file is written to in colour")
	}
}
