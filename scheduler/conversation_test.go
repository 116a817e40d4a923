package scheduler_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
)

var update = flag.Bool("update", false, "rewrite the answers in testdata")

// TestConversations talks with the core as the texts in testdata say. A text
// is a list of blocks, separated by empty lines: what is said, a line "----",
// and what the core answers. A block without answers goes unanswered: it only
// prepares. Lines with # are for the reader.
//
//	time 00:00:10                      on 2026-01-01, UTC; or a whole RFC 3339 time
//	job NAME field=value …             make or replace a job (fields as in job.Job)
//	import NAME field=value … promise=TASKID successes=N   take a job over from another scheduler
//	framework ID                       take its framework id over
//	delete|disable|enable|kill|success NAME
//	run NAME [argument …]              now, by hand
//	report NAME|TASK STATUS            the result of an async job's newest task
//	dequeue NAME                       take what waits to be launched out of the queue
//	explain NAME                       why it is where it is
//	subscribe ID | disconnect | removed
//	offer ID agent=A cpus=N mem=N [host=H] [attribute=value]
//	    [role=R] [gpus=N] [ports=N-N] [away=FROM[..TO]]
//	inverse ID agent=A away=FROM[..TO]
//	rescind ID
//	update JOB STATE [reason=R] [message=M] [uuid=U] [task=ID]   of the job's newest task
//	tick
//	by NAME COMMAND …                  the command, ordered by somebody
//	killrun NAME                       the newest run of the job
//	skip|unskip NAME                   its next slot
//	backfill NAME FROM TO PARALLEL | cancel NAME
//	reload                             throw the state away and load what is stored
//	config field=value …               before anything else
func TestConversations(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 15 {
		t.Fatalf("found %d conversations (%v), want at least 15", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := newTalk(t).hold(string(text))
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != string(text) {
				t.Errorf("%s says otherwise now (go test -update rewrites it):\n%s", file, diff(string(text), got))
			}
		})
	}
}

// diff shows the first lines that differ.
func diff(want, got string) string {
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range max(len(w), len(g)) {
		a, b := "<end>", "<end>"
		if i < len(w) {
			a = w[i]
		}
		if i < len(g) {
			b = g[i]
		}
		if a != b {
			return fmt.Sprintf("line %d\n want %s\n got  %s\nwhole:\n%s", i+1, a, b, got)
		}
	}
	return ""
}

type talk struct {
	t     *testing.T
	cfg   scheduler.Config
	state *scheduler.State
	now   time.Time
	wake  time.Time
	held  map[string]scheduler.Change // what is stored, by key
	names map[scheduler.UID]string
	task  map[string]scheduler.TaskRef // newest task by job
	run   map[string]scheduler.RunKey  // newest run by job
	out   strings.Builder

	explanation *scheduler.Explanation
	result      *scheduler.Import
	brief       bool // tell of runs alone
	parents     bool // tell whose ends released a run
}

func newTalk(t *testing.T) *talk {
	return &talk{
		t: t, cfg: scheduler.DefaultConfig(), now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC),
		held: make(map[string]scheduler.Change), names: make(map[scheduler.UID]string), task: make(map[string]scheduler.TaskRef), run: make(map[string]scheduler.RunKey),
	}
}

func (k *talk) hold(text string) string {
	for i, block := range strings.Split(strings.TrimRight(text, "\n"), "\n\n") {
		if i > 0 {
			k.out.WriteString("\n")
		}
		said, _, answers := strings.Cut(block+"\n", "----\n")
		k.out.WriteString(said)
		var heard strings.Builder
		for _, line := range strings.Split(strings.TrimRight(said, "\n"), "\n") {
			if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
				k.say(line, &heard)
			}
		}
		if answers {
			if k.brief {
				k.out.WriteString("----\n" + briefly(heard.String()))
				continue
			}
			k.out.WriteString("----\n" + heard.String())
			if !k.wake.IsZero() {
				k.out.WriteString("wake at " + k.clock(k.wake) + "\n")
			}
		}
	}
	return k.out.String()
}

func (k *talk) say(line string, heard *strings.Builder) {
	k.t.Helper()
	words := fields(k.t, line)
	switch words[0] {
	case "time":
		k.now = k.instant(words[1])
	case "config":
		k.configure(words[1:])
	case "reload":
		k.reload()
	default:
		k.step(k.event(words), heard)
	}
}

func (k *talk) configure(words []string) {
	for _, w := range words {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "history":
			k.cfg.History = uint64(number(k.t, value))
		case "revisions":
			k.cfg.Revisions = uint64(number(k.t, value))
		case "audits":
			k.cfg.Audits = uint64(number(k.t, value))
		case "disableAfterFailures":
			k.cfg.DisableAfterFailures = int64(number(k.t, value))
		case "binpack":
			k.cfg.Binpack = value == "true"
		case "parents":
			k.parents = value == "true"
		case "role":
			k.cfg.Roles = []string{value}
		default:
			k.t.Fatalf("config %q is unknown", name)
		}
	}
}

func (k *talk) instant(s string) time.Time {
	if len(s) < 13 {
		s = "2026-01-01T" + s + "Z"
	}
	at, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		k.t.Fatal(err)
	}
	return at
}

// event reads what is said.
func (k *talk) event(words []string) scheduler.Event {
	name := ""
	if len(words) > 1 {
		name = words[1]
	}
	switch words[0] {
	case "tick":
		return scheduler.Tick{}
	case "job":
		return scheduler.PutJob{Job: k.job(name, words[2:])}
	case "until": // until TIME job …
		ev := k.event(words[2:]).(scheduler.PutJob)
		ev.Until = k.instant(name)
		return ev
	case "by":
		return scheduler.By{Actor: scheduler.Actor{Name: name, Address: "10.0.0.7"}, Event: k.event(words[2:])}
	case "import":
		return k.imported(name, words[2:])
	case "framework":
		return scheduler.ImportFramework{ID: name}
	case "delete":
		return scheduler.DeleteJob{Name: name}
	case "disable", "enable":
		return scheduler.SetDisabled{Name: name, Disabled: words[0] == "disable", Reason: strings.Join(words[2:], " ")}
	case "killrun":
		return scheduler.KillRun{Run: k.run[name]}
	case "skip", "unskip":
		return scheduler.SkipNext{Name: name, Undo: words[0] == "unskip"}
	case "backfill":
		return scheduler.StartBackfill{Name: name, From: k.instant(words[2]), To: k.instant(words[3]), Parallel: number(k.t, words[4])}
	case "cancel":
		return scheduler.CancelBackfill{Name: name}
	case "kill":
		return scheduler.KillJob{Name: name}
	case "explain":
		k.explanation = &scheduler.Explanation{}
		return scheduler.Explain{Name: name, Into: k.explanation}
	case "success":
		return scheduler.MarkSuccess{Name: name}
	case "report": // what a client says about the newest task of a job, or about a task id
		id := k.task[name].TaskID
		if strings.HasPrefix(name, "ct:") {
			id = name
		}
		return scheduler.ReportResult{TaskID: id, Status: number(k.t, words[2])}
	case "dequeue":
		return scheduler.DropQueued{Name: name}
	case "run":
		return scheduler.RunJob{Name: name, Override: len(words) > 2, Arguments: words[2:]}
	case "force":
		return scheduler.RunJob{Name: name, Disabled: true}
	case "subscribe":
		return scheduler.Subscribed{FrameworkID: name}
	case "disconnect":
		return scheduler.Disconnected{}
	case "removed":
		return scheduler.Removed{}
	case "rescind":
		return scheduler.Rescind{OfferID: name}
	case "inverse":
		o := k.offer(name, words[2:])
		return scheduler.InverseOffers{Offers: []scheduler.InverseOffer{{ID: name, AgentID: o.AgentID, Unavailable: o.Unavailable}}}
	case "offer":
		return scheduler.Offers{Offers: []scheduler.Offer{k.offer(name, words[2:])}}
	case "update":
		return scheduler.Update{Status: k.status(name, words[2], words[3:])}
	}
	k.t.Fatalf("%q is no command", words[0])
	return nil
}

func (k *talk) job(name string, words []string) *job.Job {
	j := &job.Job{Name: name, Command: "true", Shell: true, CPUs: .1, Mem: 128, Retries: 2}
	for _, w := range words {
		field, v, _ := strings.Cut(w, "=")
		switch field {
		case "schedule":
			j.Schedule = v
		case "owner":
			j.Owner = v
		case "zone":
			j.Zone = v
		case "notBefore":
			j.NotBefore = v
		case "notAfter":
			j.NotAfter = v
		case "jitter":
			j.Jitter = v
		case "parents":
			j.Parents = strings.Split(v, ",")
		case "trigger":
			j.Trigger = v
		case "mode":
			j.ParentsMode = v
		case "overlap":
			j.Overlap = v
		case "maxConcurrent":
			j.MaxConcurrent = number(k.t, v)
		case "catchUp":
			j.CatchUp = v
		case "epsilon":
			j.Epsilon = v
		case "timeout":
			j.Timeout = v
		case "expected":
			j.ExpectedDuration = v
		case "retries":
			j.Retries = number(k.t, v)
		case "interval":
			j.RetryInterval = v
		case "backoff":
			j.RetryBackoff = v
		case "maxInterval":
			j.RetryMaxInterval = v
		case "retryJitter":
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				k.t.Fatal(err)
			}
			j.RetryJitter = f
		case "dstGap":
			j.DSTGap = v
		case "dstOverlap":
			j.DSTOverlap = v
		case "retryOn":
			j.RetryOn = strings.Split(v, ",")
		case "cpus":
			j.CPUs = float64(number(k.t, v))
		case "mem":
			j.Mem = float64(number(k.t, v))
		case "gpus":
			j.GPUs = number(k.t, v)
		case "ports":
			j.Ports = number(k.t, v)
		case "priority":
			j.HighPriority = v == "high"
		case "async":
			j.Async = v == "true"
		case "softError":
			j.SoftError = v == "true"
		case "disabled":
			j.Disabled = v == "true"
		case "constraint":
			c := strings.SplitN(v, ":", 3)
			j.Constraints = append(j.Constraints, job.Constraint{Attribute: c[0], Operator: c[1], Value: c[2]})
		default:
			k.t.Fatalf("field %q is unknown", field)
		}
	}
	return j
}

func (k *talk) imported(name string, words []string) scheduler.Event {
	ev := scheduler.ImportJob{Into: new(scheduler.Import)}
	k.result = ev.Into
	var fields []string
	for _, w := range words {
		field, v, _ := strings.Cut(w, "=")
		switch field {
		case "promise":
			slot, attempt, _, ok := scheduler.ParseTaskID(v)
			if !ok {
				k.t.Fatalf("%q is no task id", v)
			}
			ev.Promises = append(ev.Promises, scheduler.Promise{TaskID: v, Slot: slot, Attempt: attempt})
		case "successes":
			ev.Counters.SuccessCount = int64(number(k.t, v))
		default:
			fields = append(fields, w)
		}
	}
	ev.Job = k.job(name, fields)
	return ev
}

func (k *talk) offer(id string, words []string) scheduler.Offer {
	o := scheduler.Offer{ID: id}
	for _, w := range words {
		field, v, _ := strings.Cut(w, "=")
		switch field {
		case "agent":
			o.AgentID, o.Hostname = v, v
		case "host":
			o.Hostname = v
		case "role":
			o.Role = v
		case "away":
			from, to, _ := strings.Cut(v, "..")
			o.Unavailable.Start = k.instant(from)
			if to != "" {
				o.Unavailable.End = k.instant(to)
			}
		case "gpus":
			o.Resources = append(o.Resources, scheduler.Resource{Name: field, Milli: 1000 * int64(number(k.t, v))})
		case "ports":
			from, to, _ := strings.Cut(v, "-")
			o.Resources = append(o.Resources, scheduler.Resource{Name: field, Ports: []scheduler.PortRange{{Begin: uint64(number(k.t, from)), End: uint64(number(k.t, to))}}})
		case "cpus", "mem", "disk":
			f, err := strconv.ParseFloat(v, 64)
			if err != nil {
				k.t.Fatal(err)
			}
			o.Resources = append(o.Resources, scheduler.Resource{Name: field, Milli: job.Milli(f)})
		default:
			o.Attributes = append(o.Attributes, job.Attribute{Name: field, Text: v})
		}
	}
	return o
}

func (k *talk) status(name, state string, words []string) scheduler.Status {
	ref := k.task[name]
	st := scheduler.Status{TaskID: ref.TaskID, AgentID: ref.AgentID, State: scheduler.ParseTaskState("TASK_" + state), UUID: "u"}
	for _, w := range words {
		field, v, _ := strings.Cut(w, "=")
		switch field {
		case "reason":
			st.Reason = "REASON_" + v
		case "message":
			st.Message = v
		case "uuid":
			st.UUID = v
		case "task":
			st.TaskID = v
		default:
			k.t.Fatalf("field %q is unknown", field)
		}
	}
	return st
}

func (k *talk) step(ev scheduler.Event, heard *strings.Builder) {
	if k.state == nil {
		k.load(scheduler.Records{})
	}
	out := k.state.Step(k.now, ev)
	if out.Err != nil {
		fmt.Fprintf(heard, "error %v\n", out.Err)
	}
	if k.result != nil {
		if out.Err == nil {
			fmt.Fprintln(heard, [...]string{"same", "new", "changed"}[*k.result])
		}
		k.result = nil
	}
	if k.explanation != nil {
		for _, r := range k.explanation.Reasons {
			at := ""
			if !r.At.IsZero() {
				at = " " + k.clock(r.At)
			}
			fmt.Fprintf(heard, "%s%s: %s\n", r.Code, at, r.Text)
		}
		k.explanation = nil
	}
	var b store.Batch
	if err := b.Add(out.Changes); err != nil {
		k.t.Fatal(err)
	}
	last := make(map[string]scheduler.Change)
	var order []string
	for _, c := range out.Changes {
		k.remember(c)
		key := k.key(c)
		if _, there := last[key]; !there {
			order = append(order, key)
		}
		last[key] = c
	}
	for _, key := range order {
		if line := k.write(last[key]); line != "" {
			fmt.Fprintln(heard, line)
		}
	}
	for _, e := range out.Effects {
		fmt.Fprintln(heard, "then "+k.effect(e))
	}
	for _, n := range out.Notices {
		switch n.Kind {
		case scheduler.JobDisabled:
			fmt.Fprintf(heard, "notice: %s was disabled: %s\n", n.Job, n.Text)
		case scheduler.TaskAdopted:
			fmt.Fprintf(heard, "notice: %s was adopted as %s/%s\n", n.Run.Task.ID, n.Job, n.Run.RunKey)
		case scheduler.RunLate:
			fmt.Fprintf(heard, "notice: %s/%s is late: %s\n", n.Job, n.Run.RunKey, n.Text)
		}
	}
	k.wake = out.Wake
}

// reload checks that the state that is held and the one that is stored decide
// alike, by going on with the latter.
func (k *talk) reload() {
	var r scheduler.Records
	for _, key := range slices.Sorted(maps.Keys(k.held)) {
		switch c := k.held[key].(type) {
		case scheduler.PutMeta:
			r.Meta = c.Meta
		case scheduler.PutJobRecord:
			r.Jobs = append(r.Jobs, c.Job)
		case scheduler.PutJobState:
			r.States = append(r.States, c.State)
		case scheduler.PutRun:
			r.Runs = append(r.Runs, c.Run)
		}
	}
	k.load(r)
}

func (k *talk) load(r scheduler.Records) {
	var err error
	if k.state, err = scheduler.New(k.cfg, r); err != nil {
		k.t.Fatal(err)
	}
}

func (k *talk) remember(c scheduler.Change) {
	key := k.key(c)
	switch c := c.(type) {
	case scheduler.PutJobRecord:
		k.names[c.Job.UID] = c.Job.Job.Name
	case scheduler.PutRun:
		k.run[c.Run.JobName] = c.Run.RunKey
		if c.Run.Task != nil {
			k.task[c.Run.JobName] = scheduler.TaskRef{TaskID: c.Run.Task.ID, AgentID: c.Run.Task.AgentID}
		}
	case scheduler.DropJob:
		delete(k.held, fmt.Sprintf("state %d", c.UID))
		delete(k.held, key)
		return
	case scheduler.DropRun, scheduler.DropEntry, scheduler.DropRevision, scheduler.DropTally, scheduler.DropAudit:
		delete(k.held, key)
		return
	}
	k.held[key] = c
}

func (k *talk) key(c scheduler.Change) string {
	switch c := c.(type) {
	case scheduler.PutMeta:
		return "meta"
	case scheduler.PutJobRecord:
		return fmt.Sprintf("job %d", c.Job.UID)
	case scheduler.DropJob:
		return fmt.Sprintf("job %d", c.UID)
	case scheduler.PutJobState:
		return fmt.Sprintf("state %d", c.State.UID)
	case scheduler.PutRun:
		return "run " + c.Run.RunKey.String()
	case scheduler.DropRun:
		return "run " + c.RunKey.String()
	case scheduler.PutEntry:
		return fmt.Sprintf("entry %d %d", c.Entry.UID, c.Entry.Seq)
	case scheduler.DropEntry:
		return fmt.Sprintf("entry %d %d", c.UID, c.Seq)
	case scheduler.PutRevision:
		return fmt.Sprintf("revision %d %d", c.Revision.UID, c.Revision.Number)
	case scheduler.DropRevision:
		return fmt.Sprintf("revision %d %d", c.UID, c.Number)
	case scheduler.PutTally:
		return fmt.Sprintf("tally %d %d", c.UID, c.Tally.Month)
	case scheduler.DropTally:
		return fmt.Sprintf("tally %d %d", c.UID, c.Month)
	case scheduler.PutAudit:
		return fmt.Sprintf("audit %d", c.Audit.Seq)
	case scheduler.DropAudit:
		return fmt.Sprintf("audit %d", c.Seq)
	}
	panic("unknown change")
}

// write says in words what is written.
func (k *talk) write(c scheduler.Change) string {
	switch c := c.(type) {
	case scheduler.PutMeta:
		s := fmt.Sprintf("write meta: %d jobs ever, framework %q", c.Meta.LastUID, c.Meta.FrameworkID)
		if c.Meta.Adopting {
			s += ", tasks may have to be adopted"
		}
		return s
	case scheduler.PutJobRecord:
		s := fmt.Sprintf("write job %s: revision %d", c.Job.Job.Name, c.Job.Revision)
		if c.Job.Job.Disabled {
			s += ", disabled"
		}
		if len(c.Job.Job.Parents) > 0 {
			s += ", parents " + strings.Join(c.Job.Job.Parents, ",")
		}
		if c.Job.Job.Trigger != "" {
			s += ", trigger " + c.Job.Job.Trigger
		}
		return s
	case scheduler.PutJobState:
		return k.writeState(c.State)
	case scheduler.PutRun:
		return k.writeRun(c.Run)
	case scheduler.PutEntry:
		e := c.Entry
		s := fmt.Sprintf("history of %s: %s at %s %s", e.JobName, e.Kind, k.clock(e.Slot), e.Outcome)
		if e.Count > 1 {
			s = fmt.Sprintf("history of %s: %d slots up to %s %s", e.JobName, e.Count, k.clock(e.Slot), e.Outcome)
		}
		if len(e.Attempts) > 0 {
			s += fmt.Sprintf(" after %d attempts", len(e.Attempts))
		}
		if e.Reason != "" {
			s += " (" + e.Reason + ")"
		}
		return s
	case scheduler.DropJob:
		return "delete job " + c.Name
	case scheduler.DropRun:
		return "delete run " + c.Name + "/" + c.RunKey.String()
	case scheduler.DropEntry:
		return fmt.Sprintf("delete history %d of %s", c.Seq, k.names[c.UID])
	case scheduler.PutRevision:
		return fmt.Sprintf("keep revision %d of %s", c.Revision.Number, k.names[c.Revision.UID])
	case scheduler.DropRevision:
		return fmt.Sprintf("delete revision %d of %s", c.Number, k.names[c.UID])
	case scheduler.PutTally:
		return k.writeTally(c)
	case scheduler.DropTally:
		return fmt.Sprintf("delete the days of %s in %s", k.names[c.UID], scheduler.Tally{Month: c.Month}.Date(1).Format("2006-01"))
	case scheduler.PutAudit:
		return k.writeAudit(c.Audit)
	case scheduler.DropAudit:
		return fmt.Sprintf("delete audit %d", c.Seq)
	}
	panic("unknown change")
}

func (k *talk) writeTally(c scheduler.PutTally) string {
	s := fmt.Sprintf("keep the days of %s in %s:", k.names[c.UID], c.Tally.Date(1).Format("2006-01"))
	for _, d := range c.Tally.Counts() {
		s += fmt.Sprintf(" %d(%d succeeded, %d failed, %d missed, %d others)", d.Day, d.Succeeded, d.Failed, d.Missed, d.Other)
	}
	return s
}

func (k *talk) writeAudit(a *scheduler.Audit) string {
	s := fmt.Sprintf("audit %d: %s (%s) %s %s", a.Seq, a.By.Name, a.By.Address, a.Action, a.Job)
	if a.Run != "" {
		s += "/" + a.Run
	}
	if a.Detail != "" {
		s += ": " + a.Detail
	}
	for _, d := range a.Changes {
		s += fmt.Sprintf(", %s %q → %q", d.Field, d.Before, d.After)
	}
	return s
}

func (k *talk) writeState(st *scheduler.JobState) string {
	s := fmt.Sprintf("write state of %s: decided to %s", k.names[st.UID], k.clock(st.Decided))
	if st.Successes+st.Failures > 0 {
		s += fmt.Sprintf(", %d successes, %d failures", st.Successes, st.Failures)
	}
	for _, p := range slices.Sorted(maps.Keys(st.Spent)) {
		s += fmt.Sprintf(", spent %s %d+%d", p, st.Spent[p].Successes, st.Spent[p].Failures)
	}
	if st.DisabledReason != "" {
		s += ", disabled because " + st.DisabledReason
	}
	if !st.SkipSlot.IsZero() {
		s += ", to skip " + k.clock(st.SkipSlot)
	}
	if b := st.Backfill; b != nil {
		s += fmt.Sprintf(", backfill up to %s: %d of %d", k.clock(b.To), b.Made, b.Slots)
	}
	return s
}

func (k *talk) writeRun(r *scheduler.Run) string {
	s := fmt.Sprintf("write run %s/%s: %s of %s, %s", r.JobName, r.RunKey, r.Kind, k.clock(r.Slot), r.State)
	if r.State == scheduler.Ready && r.NotBefore.After(k.now) {
		s += " from " + k.clock(r.NotBefore)
	}
	if r.Attempt > 0 {
		s += fmt.Sprintf(", attempt %d (%d failed, %d lost)", r.Attempt, r.Failures, r.Losses)
	}
	if r.Task != nil {
		s += fmt.Sprintf(" on %s, %s", r.Task.AgentID, r.Task.State)
	}
	if k.parents && len(r.Parents) > 0 {
		s += fmt.Sprintf(", released by %v", r.Parents)
	}
	if r.Kill != nil {
		s += ", to be ended: " + r.Kill.Cause.String()
	}
	return s
}

func (k *talk) effect(e scheduler.Effect) string {
	switch e := e.(type) {
	case scheduler.Accept:
		var ids []string
		for _, l := range e.Launches {
			ids = append(ids, l.TaskID)
		}
		return fmt.Sprintf("accept %s of %s: %s", strings.Join(e.OfferIDs, "+"), e.AgentID, strings.Join(ids, " "))
	case scheduler.Decline:
		return fmt.Sprintf("decline %s for %v", strings.Join(e.OfferIDs, "+"), e.Refuse)
	case scheduler.Acknowledge:
		return "acknowledge " + e.UUID + " of " + e.TaskID
	case scheduler.KillTask:
		return "kill " + e.TaskID
	case scheduler.Reconcile:
		if len(e.Tasks) == 0 {
			return "reconcile all"
		}
		var ids []string
		for _, t := range e.Tasks {
			ids = append(ids, t.TaskID)
		}
		return "reconcile " + strings.Join(ids, " ")
	case scheduler.AnswerInverse:
		answer := "stay on"
		if e.Leave {
			answer = "leave"
		}
		return fmt.Sprintf("%s at %s for %v", answer, strings.Join(e.IDs, "+"), e.Refuse)
	case scheduler.Suppress:
		return "suppress"
	case scheduler.Revive:
		return "revive"
	}
	panic("unknown effect")
}

// clock writes a time short, if it is of the day of the conversation.
func (k *talk) clock(at time.Time) string {
	at = at.UTC()
	if at.Format(time.DateOnly) == "2026-01-01" {
		return at.Format("15:04:05.999")
	}
	return at.Format(time.RFC3339Nano)
}

// fields splits a line at blanks outside of quotes.
func fields(t *testing.T, line string) []string {
	var out []string
	var b bytes.Buffer
	quoted, any := false, false
	for _, r := range line {
		switch {
		case r == '\'':
			quoted, any = !quoted, true
		case r == ' ' && !quoted:
			if any || b.Len() > 0 {
				out = append(out, b.String())
			}
			b.Reset()
			any = false
		default:
			b.WriteRune(r)
		}
	}
	if quoted {
		t.Fatalf("%s: a quote is not closed", line)
	}
	if any || b.Len() > 0 {
		out = append(out, b.String())
	}
	return out
}

func number(t *testing.T, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
