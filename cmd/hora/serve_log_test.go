package main

import (
	"encoding/json"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/memory"
)

// lines takes what is written, a line at a time.
type lines chan string

func (l lines) Write(b []byte) (int, error) {
	l <- string(b)
	return len(b), nil
}

// TestJournal: what happens to jobs is logged with job, task and term.
func TestJournal(t *testing.T) {
	t.Parallel()
	out := make(lines, 10)
	log, _ := (&logOptions{level: "info", format: "json"}).logger(out)
	s := &service{log: log}
	s.leader = leader.New(leader.Options{Store: store.New(memory.NewServer().Open()), Cluster: away{}, Config: scheduler.DefaultConfig(), Log: log})
	for _, c := range []struct {
		notice           scheduler.Notice
		level, msg, task string
	}{
		{scheduler.Notice{Kind: scheduler.AttemptEnded, Job: "a", Run: &scheduler.Run{}, Attempt: &scheduler.Attempt{TaskID: "ct:1"}, Text: "exit 1"}, "WARN", "run failed", "ct:1"},
		{scheduler.Notice{Kind: scheduler.AttemptRunning, Job: "a", Run: &scheduler.Run{Task: &scheduler.Task{ID: "ct:2"}}}, "INFO", "run running", "ct:2"},
		{scheduler.Notice{Kind: scheduler.TaskOrphaned, Job: "a", Text: "ct:3"}, "WARN", "run killed", "ct:3"},
	} {
		journal{s}.write([]scheduler.Notice{c.notice})
		var line struct {
			Level, Msg, Job, Task string
			Term                  *int64
		}
		if err := json.Unmarshal([]byte(<-out), &line); err != nil {
			t.Fatal(err)
		}
		if line.Level != c.level || line.Msg != c.msg || line.Job != "a" || line.Task != c.task || line.Term == nil {
			t.Errorf("%s is logged as %+v", c.msg, line)
		}
	}
}

// TestLevelBySignal: SIGUSR1 turns debug logs on, and back to what was before.
func TestLevelBySignal(t *testing.T) {
	out := make(lines, 10)
	log, level := (&logOptions{level: "info", format: "text"}).logger(out)
	defer watchSignals(log, level)()
	level.Set(slog.LevelWarn) // as POST /logging does
	for _, want := range []slog.Level{slog.LevelDebug, slog.LevelWarn, slog.LevelDebug} {
		if err := syscall.Kill(os.Getpid(), syscall.SIGUSR1); err != nil {
			t.Fatal(err)
		}
		select {
		case <-out: // it says so, whatever the level is
		case <-time.After(time.Minute):
			t.Fatal("nothing is logged")
		}
		if level.Level() != want {
			t.Errorf("the level is %v, want %v", level.Level(), want)
		}
	}
}
