package store

import (
	"encoding/json"
	"strconv"
	"time"
)

// The records that each run writes are made into JSON by hand, four times as
// fast as by reflection; it is byte for byte what encoding/json makes of them
// (TestHandWritten). All others, and rare fields, are left to it.

// Whether a field is written if its value is zero.
const (
	keep = true
	omit = false
)

// object is a JSON object that is being written.
type object []byte

// sealed is a value of version 1 that write fills in.
func sealed(write func(*object)) []byte {
	o := append(make(object, 0, 512), version1, '{')
	write(&o)
	return append(o, '}')
}

func (o *object) name(name string) {
	if b := *o; b[len(b)-1] != '{' {
		*o = append(*o, ',')
	}
	*o = append(append(append(*o, '"'), name...), `":`...)
}

func (o *object) uint(name string, v uint64, always bool) {
	if v != 0 || always {
		o.name(name)
		*o = strconv.AppendUint(*o, v, 10)
	}
}

func (o *object) int(name string, v int64, always bool) {
	if v != 0 || always {
		o.name(name)
		*o = strconv.AppendInt(*o, v, 10)
	}
}

// flag is written if it is set.
func (o *object) flag(name string, v bool) {
	if v {
		o.name(name)
		*o = append(*o, "true"...)
	}
}

func (o *object) text(name, v string, always bool) {
	if v == "" && !always {
		return
	}
	o.name(name)
	for i := range len(v) {
		if c := v[i]; c < ' ' || c > '~' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' {
			*o = append(*o, marshal(v)...) // with escapes
			return
		}
	}
	*o = append(append(append(*o, '"'), v...), '"')
}

func (o *object) time(name string, v time.Time, always bool) {
	if v.IsZero() && !always {
		return
	}
	o.name(name)
	*o = append(*o, '"')
	text, err := v.AppendText(*o)
	if err != nil {
		panic("store: a time cannot be encoded: " + err.Error())
	}
	*o = append(text, '"')
}

// other is a rare field.
func (o *object) other(name string, v any) {
	o.name(name)
	*o = append(*o, marshal(v)...)
}

func (o *object) actor(a actorV1) {
	o.text("by", a.By, omit)
	o.text("address", a.Address, omit)
}

// override is what was ordered with a run.
func (o *object) override(arguments []string, env []pairV1) {
	if len(arguments) > 0 {
		o.other("arguments", arguments)
	}
	if len(env) > 0 {
		o.other("environment", env)
	}
}

func (o *object) attempts(list []attemptV1) {
	if len(list) == 0 {
		return
	}
	o.name("attempts")
	for i := range list {
		*o = append(*o, "[,"[min(i, 1)], '{')
		o.attempt(&list[i])
		*o = append(*o, '}')
	}
	*o = append(*o, ']')
}

func (o *object) attempt(v *attemptV1) {
	o.int("number", int64(v.Number), omit)
	o.text("task", v.TaskID, keep)
	o.text("agent", v.AgentID, omit)
	o.text("host", v.Hostname, omit)
	o.time("launched", v.Launched, keep)
	o.time("running", v.Running, omit)
	o.time("ended", v.Ended, keep)
	o.uint("state", uint64(v.State), keep)
	o.text("reason", v.Reason, omit)
	o.text("message", v.Message, omit)
	o.int("exit", int64(v.ExitCode), keep)
	o.int("elements", v.Elements, omit)
}

func (o *object) task(v *taskV1) {
	if v == nil {
		return
	}
	o.name("task")
	*o = append(*o, '{')
	o.text("id", v.ID, keep)
	o.text("agent", v.AgentID, keep)
	o.text("host", v.Hostname, omit)
	o.uint("state", uint64(v.State), omit)
	o.time("launched", v.Launched, keep)
	o.time("running", v.Running, omit)
	o.time("timeout", v.Timeout, omit)
	o.text("container", v.ContainerID, omit)
	o.int("elements", v.Elements, omit)
	*o = append(*o, '}')
}

func (v *stateV1) write(o *object) {
	o.uint("uid", v.UID, keep)
	o.time("decided", v.Decided, keep)
	o.uint("runs", v.Runs, omit)
	o.uint("entries", v.Entries, omit)
	o.uint("successes", v.Successes, omit)
	o.uint("failures", v.Failures, omit)
	if len(v.Spent) > 0 {
		o.other("spent", v.Spent)
	}
	o.int("successCount", v.SuccessCount, omit)
	o.int("errorCount", v.ErrorCount, omit)
	o.int("errorsSinceLastSuccess", v.SinceSuccess, omit)
	o.time("lastSuccess", v.LastSuccess, omit)
	o.time("lastError", v.LastError, omit)
	if len(v.Recent) > 0 {
		o.other("recent", v.Recent)
	}
	if v.Tally != nil {
		o.other("tally", v.Tally)
	}
	o.time("lastSlot", v.LastSlot, omit)
	o.time("lastBegan", v.LastBegan, omit)
	o.time("lastEnded", v.LastEnded, omit)
	o.uint("lastSucceeded", v.LastSucceeded, omit)
	o.uint("lastFailed", v.LastFailed, omit)
	o.text("disabledReason", v.DisabledReason, omit)
	o.time("skipSlot", v.SkipSlot, omit)
	o.time("imported", v.Imported, omit)
	if len(v.Foreign) > 0 {
		o.other("foreign", v.Foreign)
	}
	if v.Backfill != nil {
		o.other("backfill", v.Backfill)
	}
}

func (v *runV1) write(o *object) {
	o.uint("uid", v.UID, keep)
	o.uint("seq", v.Seq, keep)
	o.text("job", v.Job, keep)
	o.uint("kind", uint64(v.Kind), omit)
	o.time("slot", v.Slot, keep)
	o.time("created", v.Created, keep)
	o.uint("state", uint64(v.State), omit)
	o.time("notBefore", v.NotBefore, omit)
	o.time("deadline", v.Deadline, omit)
	o.flag("keep", v.Keep)
	o.flag("forced", v.Forced)
	o.flag("late", v.Late)
	o.flag("override", v.Override)
	o.override(v.Arguments, v.Env)
	o.actor(v.actorV1)
	o.int("attempt", int64(v.Attempt), omit)
	o.int("failures", int64(v.Failures), omit)
	o.int("losses", int64(v.Losses), omit)
	o.task(v.Task)
	o.attempts(v.Attempts)
	o.uint("killCause", uint64(v.KillCause), omit)
	o.time("killSince", v.KillSince, omit)
	if v.Report != nil {
		o.other("report", v.Report)
	}
	o.runs("parents", v.Parents)
}

func (v *entryV1) write(o *object) {
	o.uint("uid", v.UID, keep)
	o.uint("seq", v.Seq, keep)
	o.text("job", v.Job, keep)
	o.uint("kind", uint64(v.Kind), omit)
	o.time("slot", v.Slot, keep)
	o.int("count", v.Count, keep)
	o.text("run", v.Run, omit)
	o.uint("outcome", uint64(v.Outcome), keep)
	o.text("reason", v.Reason, omit)
	o.time("created", v.Created, keep)
	o.time("ended", v.Ended, keep)
	o.attempts(v.Attempts)
	o.flag("override", v.Override)
	o.override(v.Arguments, v.Env)
	o.actor(v.actorV1)
	o.runs("parents", v.Parents)
}

func (o *object) runs(name string, list []string) {
	if len(list) > 0 {
		o.other(name, list)
	}
}

func marshal(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("store: a record cannot be encoded: " + err.Error()) // no form of ours can fail
	}
	return b
}
