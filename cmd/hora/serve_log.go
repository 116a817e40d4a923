package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/hora-scheduler/hora/scheduler"
)

// journal writes what the core reports into the log, with job, task and term.
type journal struct{ service *service }

// write logs a line for each notice.
func (j journal) write(notices []scheduler.Notice) {
	log := j.service.log
	if !log.Enabled(context.Background(), slog.LevelInfo) {
		return
	}
	term := j.service.leader.View().Term
	for _, n := range notices {
		what, _, detail := describe(n)
		if what == "" {
			continue
		}
		attrs := []slog.Attr{slog.Int64("term", term), slog.String("job", n.Job)}
		if id := taskOf(n); id != "" {
			attrs = append(attrs, slog.String("task", id))
		}
		if detail != "" {
			attrs = append(attrs, slog.String("detail", detail))
		}
		log.LogAttrs(context.Background(), levelOf(n), "run "+what, attrs...)
	}
}

// taskOf is the task that a notice is about, "" for none.
func taskOf(n scheduler.Notice) string {
	switch {
	case n.Attempt != nil:
		return n.Attempt.TaskID
	case n.Run != nil && n.Run.Task != nil:
		return n.Run.Task.ID
	case n.Kind == scheduler.TaskOrphaned:
		return n.Text
	}
	return ""
}

// levelOf is how much a notice matters: what goes well is for debugging.
func levelOf(n scheduler.Notice) slog.Level {
	switch n.Kind {
	case scheduler.AttemptEnded, scheduler.SlotsPassed, scheduler.JobDisabled, scheduler.TaskOrphaned:
		return slog.LevelWarn
	case scheduler.RunEnded:
		if n.Entry.Outcome == scheduler.Failed {
			return slog.LevelWarn
		}
	}
	return slog.LevelInfo
}

// watchSignals makes SIGUSR1 turn debug logs on and off, until the returned
// function is called.
func watchSignals(log *slog.Logger, level *slog.LevelVar) (stop func()) {
	signals, done := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		before := slog.LevelInfo // debug was turned on
		for {
			select {
			case <-signals:
				next := slog.LevelDebug
				if now := level.Level(); now == slog.LevelDebug {
					next = before
				} else {
					before = now
				}
				level.Set(next)
				log.Log(context.Background(), max(next, slog.LevelInfo), "the level of the log was changed", "level", next.String())
			case <-done:
				return
			}
		}
	}()
	return func() { signal.Stop(signals); close(done) }
}
