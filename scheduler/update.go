package scheduler

import (
	"slices"
	"time"

	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/retry"
)

// update takes a task's status in. It is idempotent: Mesos repeats updates
// until they are acknowledged, and the acknowledgement goes out only after
// what follows from the update is stored.
func (s *State) update(st Status) {
	if s.mesos.subscribed {
		defer s.acknowledge(st)
	}
	s.mesos.answered(st.TaskID)
	r := s.runs[s.tasks[st.TaskID]]
	if _, over := s.awaiting[st.TaskID]; over {
		return // said again; its result is to come from a client
	}
	if _, known := s.tasks[st.TaskID]; !known {
		s.orphan(st)
		return
	}
	if s.doubted(r.Task, st) {
		s.mesos.ask(r.Task)
		if s.watch.at(item{topic: askAgain}).IsZero() {
			s.watch.set(item{topic: askAgain}, s.now.Add(askFirst))
		}
		return
	}
	v := judge(st, r.Kill)
	if v == stillRuning {
		s.taskAlive(r, st)
		return
	}
	s.attemptEnded(r, st, v)
}

func (s *State) acknowledge(st Status) {
	if st.UUID != "" {
		s.effect(Acknowledge{st.AgentID, st.TaskID, st.UUID})
	}
}

// orphan deals with a task that no run has: one that was given up and came
// back, one of a life that this store does not remember, or one of the
// scheduler from which the job was imported. Else it can be none of a
// later term's: that one launches nothing before it has subscribed, which ends
// our subscription; and none of a former one's, whose runs were loaded.
func (s *State) orphan(st Status) {
	if s.takeOver(st) {
		return
	}
	if !st.State.alive() && !st.State.mayReturn() {
		delete(s.mesos.strays, st.TaskID)
	}
	if st.State.alive() && ours(st.TaskID) && s.mesos.subscribed {
		s.effect(KillTask{st.TaskID, st.AgentID})
		s.lookFor(TaskRef{st.TaskID, st.AgentID}, s.now)
		s.notice(Notice{Kind: TaskOrphaned, Text: st.TaskID})
	}
}

// taskAlive notes how far a task has come. It never goes back.
func (s *State) taskAlive(r *Run, st Status) {
	if st.State <= r.Task.State && (st.ContainerID == "" || r.Task.ContainerID != "") {
		return
	}
	began := st.State >= TaskRunning && r.Task.Running.IsZero()
	r = s.setRun(r, func(r *Run) {
		t := *r.Task
		t.State = max(t.State, st.State)
		if t.AgentID == "" { // it was promised by another scheduler, and did start
			t.AgentID, t.Launched = st.AgentID, r.Slot
		}
		if st.ContainerID != "" {
			t.ContainerID = st.ContainerID
		}
		if began {
			t.Running = s.now
			if !t.Timeout.IsZero() { // the time to fetch and start is not the job's
				t.Timeout = s.now.Add(t.Timeout.Sub(t.Launched))
			}
		}
		r.Task = &t
	})
	if began {
		s.notice(Notice{Kind: AttemptRunning, Job: r.JobName, Run: r})
	}
}

// attemptEnded ends the current attempt and decides whether another follows.
func (s *State) attemptEnded(r *Run, st Status, v verdict) {
	e := s.byUID[r.UID]
	if e == nil { // the job was deleted: nothing is recorded
		s.dropRun(r)
		return
	}
	if e.rec.Job.Async && r.State == Launched {
		if st, v = handedOver(r, st, v); v == unreported {
			s.await(r, st)
			return
		}
	}
	a := Attempt{
		Number: r.Attempt, TaskID: r.Task.ID, AgentID: r.Task.AgentID, Hostname: r.Task.Hostname,
		Launched: r.Task.Launched, Running: r.Task.Running, Ended: s.now,
		State: st.State, Reason: st.Reason, Message: clip(st.Message), ExitCode: exitCode(st), Elements: r.Task.Elements,
	}
	s.counted(e, r.Task.ID)
	if v == lost && r.Task.Launched.IsZero() && r.Kill == nil {
		// Another scheduler promised it and did not come to launch it.
		s.setRun(r, func(r *Run) { r.State, r.Task = Ready, nil })
		return
	}
	kill := r.Kill
	next := *r
	next.Attempts = append(slices.Clone(r.Attempts), a)
	next.Attempts = next.Attempts[max(0, len(next.Attempts)-MaxAttempts):]
	switch v {
	case ended:
		s.finish(&next, Succeeded, message.Note{})
		return
	case wasKilled:
		s.finish(&next, Killed, kill.Cause.note())
		return
	case unrunnable:
		s.finish(&next, Failed, message.Keep("Mesos refuses the task: %s", clip(st.Message)))
		return
	}
	if v == lost && st.UUID == "" && st.State.mayReturn() {
		s.lookFor(TaskRef{a.TaskID, a.AgentID}, s.now)
	}
	var delay time.Duration
	var again bool
	var why message.Note
	if v == lost {
		next.Losses++
		delay, again = retry.AfterLoss(next.Losses)
		why = message.KeepCount(next.Losses, "lost %d time", "lost %d times")
	} else {
		next.Failures++
		delay, again = e.def.Retry.Next(next.Failures, a.ExitCode, a.TaskID)
		if why = message.Keep("%s", clip(st.Message)); kill != nil {
			why = kill.Cause.note()
		}
	}
	if e.rec.Job.Disabled && !r.Forced {
		again = false
	}
	if !again {
		s.finish(&next, Failed, why)
		return
	}
	s.mesos.answered(r.Task.ID)
	at := s.now.Add(delay)
	edited := s.setRun(r, func(r *Run) {
		*r = next
		r.State, r.NotBefore, r.Attempt, r.Task, r.Kill, r.Report = Ready, at, r.Attempt+1, nil, nil, nil
	})
	s.notice(Notice{Kind: AttemptEnded, Job: r.JobName, Run: edited, Attempt: &a, Again: at, Lost: v == lost, Text: why.String()})
}
