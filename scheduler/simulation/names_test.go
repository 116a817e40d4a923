package simulation

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// eventName describes an event on one line.
func eventName(ev scheduler.Event) string {
	switch ev := ev.(type) {
	case scheduler.Tick:
		return "tick"
	case scheduler.PutJob:
		return "put " + ev.Job.Name
	case scheduler.Offers:
		var b strings.Builder
		b.WriteString("offers")
		for _, o := range ev.Offers {
			b.WriteByte(' ')
			b.WriteString(o.ID)
		}
		return b.String()
	case scheduler.Rescind:
		return "rescind " + ev.OfferID
	case scheduler.Update:
		return "update " + ev.Status.TaskID + " " + ev.Status.State.String() + " " + ev.Status.Reason + " " + ev.Status.Message
	}
	return fmt.Sprintf("%T %+v", ev, ev)
}

// effectName describes an effect on one line.
func effectName(e scheduler.Effect) string {
	switch e := e.(type) {
	case scheduler.Accept:
		var b strings.Builder
		b.WriteString("accept")
		for _, id := range e.OfferIDs {
			b.WriteString(" " + id)
		}
		for _, l := range e.Launches {
			b.WriteString(" launch " + l.TaskID)
		}
		return b.String()
	case scheduler.Acknowledge:
		return "acknowledge " + e.TaskID
	case scheduler.KillTask:
		return "kill " + e.TaskID
	case scheduler.Decline:
		return "decline " + strings.Join(e.OfferIDs, " ") + " " + e.Refuse.String()
	case scheduler.Reconcile:
		var b strings.Builder
		b.WriteString("reconcile")
		for _, t := range e.Tasks {
			b.WriteString(" " + t.TaskID)
		}
		return b.String()
	}
	return fmt.Sprintf("%T", e)
}

// changeName describes a change on one line.
func changeName(c scheduler.Change) string {
	raw, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	return fmt.Sprintf("%T %s", c, raw)
}

// shortChange is changeName for people.
func shortChange(c scheduler.Change) string {
	clock := func(t time.Time) string { return t.Format("15:04:05.000") }
	switch c := c.(type) {
	case scheduler.PutJobRecord:
		j := c.Job.Job
		return fmt.Sprintf("job %s uid %d rev %d schedule %q parents %v trigger %q mode %q overlap %q catchUp %q epsilon %q retries %d %s %s on %v timeout %q disabled %v soft %v max %d",
			j.Name, c.Job.UID, c.Job.Revision, j.Schedule, j.Parents, j.Trigger, j.ParentsMode, j.Overlap, j.CatchUp, j.Epsilon, j.Retries, j.RetryInterval, j.RetryBackoff,
			j.RetryOn, j.Timeout, j.Disabled, j.SoftError, j.MaxConcurrent)
	case scheduler.PutJobState:
		return fmt.Sprintf("state of %d: decided %s runs %d successes %d failures %d spent %v", c.State.UID, clock(c.State.Decided), c.State.Runs, c.State.Successes, c.State.Failures, c.State.Spent)
	case scheduler.PutRun:
		r := c.Run
		s := fmt.Sprintf("run %s of %s: %s of %s slot %s attempt %d not before %s failures %d losses %d", r.RunKey, r.JobName, r.State, r.Kind, clock(r.Slot), r.Attempt, clock(r.NotBefore), r.Failures, r.Losses)
		if r.Task != nil {
			s += " task " + r.Task.State.String()
		}
		if r.Kill != nil {
			s += " kill " + r.Kill.Cause.String()
		}
		return s
	case scheduler.PutEntry:
		e := c.Entry
		return fmt.Sprintf("entry of %s: run %q %s slot %s count %d %s: %s", e.JobName, e.Run, e.Kind, clock(e.Slot), e.Count, e.Outcome, e.Reason)
	case scheduler.DropRun:
		return "drop run " + c.RunKey.String()
	case scheduler.DropJob:
		return "drop job " + c.Name
	}
	return fmt.Sprintf("%T", c)
}

func (n *node) traceStep(ev scheduler.Event, out scheduler.Output) {
	if _, tick := ev.(scheduler.Tick); tick && len(out.Changes)+len(out.Effects) == 0 {
		return
	}
	n.w.tracef("%s < %s", n.name, eventName(ev))
	if out.Err != nil {
		n.w.tracef("      refused: %v", out.Err)
	}
	for _, c := range out.Changes {
		n.w.tracef("      %s", shortChange(c))
	}
	for _, e := range out.Effects {
		n.w.tracef("      > %s", effectName(e))
	}
}
