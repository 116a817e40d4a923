package notify

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// Message is one message to one recipient.
type Message struct {
	Event   string // one word of job.ParseNotify, or "test"
	Subject string
	Text    string // "" if the subject says it all
	To      string // a mail address; "" is nobody in particular
	Job     string
	TaskID  string // "" without a task
	Fields  []Field
}

// Field is something known of the job, in the order in which Chronos sends it.
type Field struct{ Name, Value string }

// report is something that people may be told.
type report struct {
	events []job.NotifyEvents // what it is; the first that is wanted counts
	record *scheduler.JobRecord
	state  *scheduler.JobState
	notice *scheduler.Notice
	ended  *scheduler.Notice // of a job that is disabled because a run failed: that run
	at     time.Time
}

// reportOf says what the first of some notices means for people. A failure
// that disables the job is told once, as that, as Chronos does
// (contracts/chronos.md 5.3).
func reportOf(now time.Time, list []scheduler.Notice) (report, bool) {
	n := &list[0]
	if n.Record == nil {
		return report{}, false
	}
	r := report{record: n.Record, state: n.State, notice: n, at: now}
	if n.Entry != nil {
		r.at = n.Entry.Ended
	}
	switch n.Kind {
	case scheduler.RunEnded:
		r.ofEnd()
		if i := slices.IndexFunc(list, func(d scheduler.Notice) bool { return disabledBy(d, n) }); i > 0 {
			r.events = []job.NotifyEvents{job.NotifyDisabled, job.NotifyFailed}
			r.ended, r.notice = n, &list[i]
		}
	case scheduler.SlotsPassed:
		r.ofEnd()
	case scheduler.RunLate:
		r.events = []job.NotifyEvents{job.NotifyLate}
	case scheduler.JobDisabled:
		if !n.State.LastError.Equal(n.Record.Updated) { // else it was told with the failure
			r.events = []job.NotifyEvents{job.NotifyDisabled}
		}
	case scheduler.JobDeleted:
		r.events = []job.NotifyEvents{job.NotifyDeleted}
	}
	return r, len(r.events) > 0
}

// disabledBy tells whether a notice says that the failure of a run disabled its job.
func disabledBy(d scheduler.Notice, failed *scheduler.Notice) bool {
	return d.Kind == scheduler.JobDisabled && d.Job == failed.Job && failed.Entry.Outcome == scheduler.Failed &&
		d.State.LastError.Equal(failed.Entry.Ended) && d.State.LastError.Equal(d.Record.Updated)
}

// ofEnd says what the outcome of a run or of slots is for people. A run that a
// person or another run ended is nothing.
func (r *report) ofEnd() {
	switch r.notice.Entry.Outcome {
	case scheduler.Succeeded:
		if r.state.ErrorsSinceLastSuccess > 0 && r.notice.Entry.Kind != scheduler.OfBackfill { // a backfill counts for nothing
			r.events = append(r.events, job.NotifyRecovered)
		}
		r.events = append(r.events, job.NotifySucceeded)
	case scheduler.Failed:
		r.events = append(r.events, job.NotifyFailed)
	case scheduler.Missed:
		r.events = append(r.events, job.NotifyMissed)
	case scheduler.Skipped:
		r.events = append(r.events, job.NotifySkipped)
	}
}

// message writes a report as one of its events.
func (r report) message(event job.NotifyEvents, cluster, to string) Message {
	name := r.record.Job.Name
	m := Message{Event: event.String(), To: to, Job: name, Fields: fieldsOf(r.record.Job, r.state)}
	run := r.notice
	if r.ended != nil {
		run = r.ended
	}
	if run.Attempt != nil {
		m.TaskID = run.Attempt.TaskID
	} else if run.Run != nil && run.Run.Task != nil {
		m.TaskID = run.Run.Task.ID
	}
	what := ""
	switch event {
	case job.NotifyFailed:
		what, m.Text = "[Chronos] job '%s' failed!", r.failure(run, m.TaskID)
	case job.NotifySucceeded:
		what, m.Text = "[Chronos] job '%s' succeeded", "\n'"+clock(r.at)+"'.\nTask id: "+m.TaskID+"\n"
	case job.NotifyRecovered:
		what = "[Chronos] job '%s' recovered"
		m.Text = fmt.Sprintf("\n'%s', after %d failures.\nTask id: %s\n", clock(r.at), r.state.ErrorsSinceLastSuccess, m.TaskID)
	case job.NotifyMissed, job.NotifySkipped:
		what, m.Text = "[Chronos] job '%s' "+event.String()+" a run", passed(r.notice)
	case job.NotifyLate:
		what = "[Chronos] job '%s' takes longer than expected"
		m.Text = fmt.Sprintf("\nThe %s run of %s is %s.\nTask id: %s\n", run.Run.Kind, clock(run.Run.Slot), run.Text, orNone(m.TaskID))
	case job.NotifyDisabled:
		what, m.Text = "[Chronos] job '%s' disabled", r.notice.Text
		if r.ended != nil {
			m.Text = fmt.Sprintf("\nFailed at '%s', %d failures since last success\nTask id: %s\n", clock(r.at), r.state.ErrorsSinceLastSuccess+1, m.TaskID)
		}
	case job.NotifyDeleted:
		what = "[Chronos] Your job '%s' was deleted!"
	}
	m.Subject = subject(cluster, fmt.Sprintf(what, name))
	return m
}

// failure is Chronos' text of a final failure. The number of retries is that
// of this run, where Chronos says how many the job may have.
func (r report) failure(n *scheduler.Notice, task string) string {
	text := fmt.Sprintf("\n'%s'. Retries attempted: %d.\nTask id: %s\n", clock(r.at), n.Run.Attempt, task)
	why := n.Text
	if n.Attempt != nil && n.Attempt.Message != "" {
		why = n.Attempt.Message
	}
	if why != "" {
		text += "The scheduler provided this message:\n\n" + why
	}
	return text
}

// passed says which slots were not run and why.
func passed(n *scheduler.Notice) string {
	e := n.Entry
	if e.Count > 1 {
		return fmt.Sprintf("\n%d slots up to %s: %s.\n", e.Count, clock(e.Slot), n.Text)
	}
	return fmt.Sprintf("\nThe %s of %s: %s.\n", e.Kind, clock(e.Slot), n.Text)
}

func orNone(s string) string {
	if s == "" {
		return "none yet"
	}
	return s
}

// subject puts the cluster's name in front, as Chronos does: without one a blank stays.
func subject(cluster, text string) string {
	if cluster != "" {
		cluster = "[" + cluster + "]"
	}
	return cluster + " " + text
}

// clock writes a time as Chronos does.
func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// fieldsOf are the fields of a job that Chronos sends, of both releases, in
// their order (contracts/chronos.md 8.2).
func fieldsOf(j *job.Job, st *scheduler.JobState) []Field {
	var uris []string
	for _, f := range j.Fetch {
		uris = append(uris, job.HideURI(f.URI))
	}
	for _, uri := range j.URIs {
		uris = append(uris, job.HideURI(uri))
	}
	return []Field{
		{"job", j.Name}, {"command", j.Command}, {"cpus", double(j.CPUs)}, {"async", strconv.FormatBool(j.Async)},
		{"softError", strconv.FormatBool(j.SoftError)}, {"epsilon", j.Epsilon},
		{"errorCount", strconv.FormatInt(st.ErrorCount, 10)}, {"errorsSinceLastSuccess", strconv.FormatInt(st.ErrorsSinceLastSuccess, 10)},
		{"executor", j.Executor}, {"executorFlags", j.ExecutorFlags},
		{"lastError", clock(st.LastError)}, {"lastSuccess", clock(st.LastSuccess)},
		{"mem", double(j.Mem)}, {"retries", strconv.Itoa(j.Retries)}, {"successCount", strconv.FormatInt(st.SuccessCount, 10)},
		{"uris", strings.Join(uris, ",")},
	}
}

// double writes a number as Java does: with a decimal point.
func double(f float64) string {
	s := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// testMessage is what hora notify test sends.
func testMessage(cluster, to string) Message {
	return Message{
		Event: "test", To: to, Job: "test", Subject: subject(cluster, "[Chronos] test of hora's notifications"),
		Text:   "\nThis message was asked for with 'hora notify test'. If you can read äöü € 日本, it came through whole.\n",
		Fields: fieldsOf(&job.Job{Name: "test", Command: "true", CPUs: .1, Mem: 128}, &scheduler.JobState{}),
	}
}
