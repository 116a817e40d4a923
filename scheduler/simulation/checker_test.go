package simulation

import (
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// Hand-made logs: for every promise one that breaks it, so that the checker is
// known to see it. Times are seconds after the epoch.

func sec(s float64) time.Time { return epoch.Add(time.Duration(s * float64(time.Second))) }

// minutely is a job with a slot every minute from second 10 on.
func minutely(edit func(*job.Job)) *scheduler.JobRecord {
	j := &job.Job{Name: "a", Command: "run 0 0 0", Shell: true, CPUs: .1, Mem: 1, Retries: 2, Schedule: "R/2026-01-01T00:00:10Z/PT1M"}
	if edit != nil {
		edit(j)
	}
	return &scheduler.JobRecord{UID: 1, Job: j, Created: epoch, Updated: epoch, Anchor: epoch, Revision: 1}
}

func step(s float64, ev scheduler.Event, changes ...scheduler.Change) Stepped {
	return Stepped{at: at{sec(s)}, Term: 1, Event: ev, Changes: changes}
}

func put(rec *scheduler.JobRecord) Stepped {
	return step(0, scheduler.PutJob{Job: rec.Job}, scheduler.PutJobRecord{Job: rec}, scheduler.PutJobState{State: &scheduler.JobState{UID: rec.UID}}, decided(rec.UID, 0))
}

func decided(uid scheduler.UID, s float64) scheduler.PutJobState {
	return scheduler.PutJobState{State: &scheduler.JobState{UID: uid, Decided: sec(s)}}
}

// run is the seq-th run of job a, of the slot at second s.
func run(seq uint64, s float64, edit func(*scheduler.Run)) scheduler.PutRun {
	r := &scheduler.Run{RunKey: scheduler.RunKey{UID: 1, Seq: seq}, JobName: "a", Slot: sec(s), Created: sec(s), NotBefore: sec(s), State: scheduler.Ready}
	if edit != nil {
		edit(r)
	}
	return scheduler.PutRun{Run: r}
}

func attempt(n int) func(*scheduler.Run) {
	return func(r *scheduler.Run) { r.Attempt, r.Failures = n, n }
}

// launched is such a run with a task.
func launched(seq uint64, s float64, n int) scheduler.PutRun {
	return run(seq, s, func(r *scheduler.Run) {
		r.Attempt, r.Failures, r.State = n, n, scheduler.Launched
		r.Task = &scheduler.Task{ID: scheduler.TaskID(r), Launched: sec(s)}
	})
}

func task(seq uint64, s float64, n int) string {
	return scheduler.TaskID(&scheduler.Run{RunKey: scheduler.RunKey{UID: 1, Seq: seq}, JobName: "a", Slot: sec(s), Attempt: n})
}

func started(when float64, id string) Started {
	key, n, err := parseTask(id)
	if err != nil {
		panic(err)
	}
	return Started{at{sec(when)}, id, key, n, "agent1"}
}

func ended(when float64, id string, exit int) Ended { return Ended{at{sec(when)}, id, exit, false} }

func update(id string, state scheduler.TaskState, message string) scheduler.Update {
	return scheduler.Update{Status: scheduler.Status{TaskID: id, State: state, Message: message}}
}

func over(seq uint64, s float64, o scheduler.Outcome) []scheduler.Change {
	key := scheduler.RunKey{UID: 1, Seq: seq}
	return []scheduler.Change{
		scheduler.DropRun{RunKey: key, Name: "a"},
		scheduler.PutEntry{Entry: &scheduler.Entry{UID: 1, JobName: "a", Slot: sec(s), Count: 1, Run: key.String(), Outcome: o}},
	}
}

// made decides slot s and launches its run.
func made(seq uint64, s float64) Stepped {
	return step(s, scheduler.Tick{}, run(seq, s, nil), decided(1, s), launched(seq, s, 0))
}

// failing is an attempt that fails at second 12.
func failing(rec *scheduler.JobRecord, then ...scheduler.Change) []Fact {
	id := task(0, 10, 0)
	return []Fact{
		put(rec), made(0, 10), started(10, id), ended(12, id, 1),
		step(12, update(id, scheduler.TaskFailed, "Command exited with status 1"), then...),
	}
}

// child is a job with parents, of uid 2.
func child(parents ...string) *scheduler.JobRecord {
	rec := minutely(func(j *job.Job) { j.Name, j.Schedule, j.Parents = "c", "", parents })
	rec.UID = 2
	return rec
}

func release(seq uint64) scheduler.PutRun {
	return run(seq, 20, func(r *scheduler.Run) { r.UID, r.JobName, r.Kind = 2, "c", scheduler.OfRelease })
}

func records(runs ...scheduler.PutRun) scheduler.Records {
	var r scheduler.Records
	for _, p := range runs {
		r.Runs = append(r.Runs, p.Run)
	}
	return r
}

func rest(s float64, r scheduler.Records) Rest { return Rest{at{sec(s)}, r} }

// good is a log in which a job runs, fails, is retried and succeeds, and its child runs after that.
func good() []Fact {
	second := task(0, 10, 1)
	retry := run(0, 10, func(r *scheduler.Run) { r.Attempt, r.Failures, r.NotBefore = 1, 1, sec(22) })
	again := launched(0, 10, 1)
	again.Run.NotBefore = sec(22)
	log := failing(minutely(nil), retry)
	log = append(log, put(child("a")), step(22, scheduler.Tick{}, again), started(22, second), ended(23, second, 0))
	finish := append(over(0, 10, scheduler.Succeeded), release(0))
	log = append(log, step(23, update(second, scheduler.TaskFinished, ""), finish...))
	return append(log, Committed{at{sec(23)}, 1, 1, 3, 1000, true}, Loaded{at{sec(24)}, "x", "x"}, rest(25, records(release(0))))
}

func TestCheckerFindsNothingInAGoodLog(t *testing.T) {
	t.Parallel()
	if found := Check(good()); len(found) > 0 {
		t.Errorf("found %v", found)
	}
}

type badLog struct {
	name, promise string
	log           []Fact
}

func badSlots() []badLog {
	a := minutely(nil)
	pass := scheduler.PutEntry{Entry: &scheduler.Entry{UID: 1, JobName: "a", Slot: sec(10), Count: 1, Outcome: scheduler.Missed}}
	return []badLog{
		{"a slot without a decision", slotOnce, []Fact{put(a), step(70, scheduler.Tick{}, run(0, 70, nil), decided(1, 70))}},
		{"a slot decided and passed", slotOnce, []Fact{put(a), step(10, scheduler.Tick{}, pass, run(0, 10, nil), decided(1, 10))}},
		{"a slot with two runs", slotOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, run(1, 10, nil))}},
		{"a run between slots", slotOnce, []Fact{put(a), step(12, scheduler.Tick{}, run(0, 12, nil), decided(1, 12))}},
		{"decided goes back", slotOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, decided(1, 5))}},
		{"a new schedule forgets a slot", slotOnce, []Fact{put(a), step(30, scheduler.PutJob{Job: &job.Job{}}, scheduler.PutJobRecord{Job: minutely(func(j *job.Job) { j.Schedule = "R//PT1H" })})}},
		{"slots of before are forgotten", slotOnce, []Fact{put(minutely(func(j *job.Job) { j.Schedule = "R3/2025-12-31T23:00:10Z/PT1M" }))}},
		{"a decided slot is passed", slotOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, pass)}},
		{"a slot is not decided at the end", settled, []Fact{put(a), rest(100, records())}},
	}
}

func badRuns() []badLog {
	a, id := minutely(nil), task(0, 10, 0)
	finished := update(id, scheduler.TaskFinished, "")
	return []badLog{
		{"a run ends twice", runOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, over(0, 10, scheduler.Killed)...), step(13, scheduler.Tick{}, launched(0, 10, 0))}},
		{"an end without a beginning", runOnce, []Fact{put(a), step(10, scheduler.Tick{}, over(0, 10, scheduler.Killed)...)}},
		{"an end, and the run stays", runOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, over(0, 10, scheduler.Killed)[1])}},
		{"a run vanishes", runOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, over(0, 10, scheduler.Killed)[0])}},
		{"a finished task, and its run goes on", runOnce, []Fact{put(a), made(0, 10), started(10, id), ended(11, id, 0), step(11, finished)}},
		{"a task without a record", writtenFirst, []Fact{put(a), started(10, id)}},
		{"a run without a job", writtenFirst, []Fact{made(0, 10)}},
		{"a task id twice", launchOnce, []Fact{put(a), made(0, 10), started(10, id), started(11, id)}},
		{"an attempt with two tasks", launchOnce, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, run(0, 10, func(r *scheduler.Run) {
			r.State, r.Task = scheduler.Launched, &scheduler.Task{ID: "other"}
		}))}},
		{"an attempt executed under two ids", launchOnce, []Fact{put(a), made(0, 10), started(10, id), step(11, scheduler.Tick{}, other(0)), started(11, "ct:0:0:a:1-0")}},
		{"the next attempt while one runs", oneAttempt, []Fact{put(a), made(0, 10), started(10, id), step(60, scheduler.Tick{}, launched(0, 10, 1)), started(60, task(0, 10, 1))}},
		{"an attempt after its next", oneAttempt, []Fact{
			put(a), made(0, 10), step(60, scheduler.Tick{}, launched(0, 10, 1)), started(60, task(0, 10, 1)), ended(61, task(0, 10, 1), 1), started(62, id),
		}},
		{"success of a task that failed", successIsTrue, []Fact{put(a), made(0, 10), started(10, id), ended(11, id, 1), step(11, finished, over(0, 10, scheduler.Succeeded)...)}},
		{"success without a task", successIsTrue, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, over(0, 10, scheduler.Succeeded)...)}},
	}
}

// other is run 0 with a task of another form of id.
func other(n int) scheduler.PutRun {
	return run(0, 10, func(r *scheduler.Run) {
		r.State, r.Attempt, r.Task = scheduler.Launched, n, &scheduler.Task{ID: "ct:0:0:a:1-0"}
	})
}

func badRetries() []badLog {
	a, id := minutely(nil), task(0, 10, 0)
	retry := func(at float64, edit func(*scheduler.Run)) scheduler.PutRun {
		p := run(0, 10, attempt(1))
		p.Run.NotBefore = sec(at)
		if edit != nil {
			edit(p.Run)
		}
		return p
	}
	early := launched(0, 10, 1)
	early.Run.NotBefore = sec(12)
	loss := func(r *scheduler.Run) { r.Failures, r.Losses = 0, 1 }
	lost := func(then ...scheduler.Change) []Fact {
		return []Fact{put(a), made(0, 10), started(10, id), step(12, update(id, scheduler.TaskUnreachable, ""), then...)}
	}
	codes := minutely(func(j *job.Job) { j.RetryOn = []string{"1-3"} })
	return []badLog{
		{"too early", retryInTime, failing(a, retry(21, nil))},
		{"in the far future", retryInTime, failing(a, retry(1000, nil))},
		{"launched before its time", retryInTime, append(failing(a, retry(22, nil)), step(13, scheduler.Tick{}, early))},
		{"executed before its time", retryInTime, append(failing(a, retry(22, nil)), step(22, scheduler.Tick{}, launched(0, 10, 1)), started(21, task(0, 10, 1)))},
		{"second interval as the first", retryInTime, failing(minutely(func(j *job.Job) { j.RetryBackoff = "exponential" }), retry(22, func(r *scheduler.Run) { r.Failures = 1; r.NotBefore = sec(40) }))},
		{"given up", retryKept, failing(a, over(0, 10, scheduler.Failed)...)},
		{"given up, though the code is worth it", retryKept, failing(codes, over(0, 10, scheduler.Failed)...)},
		{"given up without any report", retryKept, []Fact{put(a), made(0, 10), step(11, scheduler.Tick{}, over(0, 10, scheduler.Failed)...)}},
		{"a failure that cost nothing", retryKept, failing(a, retry(12, loss))},
		{"a loss that cost a retry", retryKept, lost(retry(22, nil))},
		{"a loss after which nothing comes", retryKept, lost()},
		{"a loss made good late", retryInTime, lost(retry(40, loss))},
	}
}

func badDependencies() []badLog {
	a, id := minutely(nil), task(0, 10, 0)
	finish := func(then ...scheduler.Change) Stepped {
		return step(12, update(id, scheduler.TaskFinished, ""), append(over(0, 10, scheduler.Succeeded), then...)...)
	}
	ran := func(rec *scheduler.JobRecord, then ...scheduler.Change) []Fact {
		return []Fact{put(a), put(rec), made(0, 10), started(10, id), ended(12, id, 0), finish(then...)}
	}
	b := minutely(func(j *job.Job) { j.Name = "b" })
	b.UID = 3
	softly := minutely(func(j *job.Job) { j.Retries = 0 })
	skipped := scheduler.PutEntry{Entry: &scheduler.Entry{UID: 2, JobName: "c", Kind: scheduler.OfRelease, Count: 1, Outcome: scheduler.Skipped}}
	return []badLog{
		{"before any success", parentsFirst, []Fact{put(a), put(child("a")), step(5, scheduler.Tick{}, release(0))}},
		{"twice for one success", parentsFirst, ran(child("a"), release(0), release(1))},
		{"after a skipped release", parentsFirst, ran(child("a"), skipped, release(0))},
		{"after one of two parents", parentsFirst, append([]Fact{put(b)}, ran(child("a", "b"), release(0))...)},
		{"after a failure", parentsFirst, append([]Fact{put(child("a"))}, failing(softly, append(over(0, 10, scheduler.Failed), release(0))...)...)},
		{"a new parent brings old successes", parentsFirst, append(ran(child("b"), release(0)), step(13, scheduler.PutJob{Job: &job.Job{}}, scheduler.PutJobRecord{Job: child("a")}, release(1)))},
		{"after a refused mark of success", parentsFirst, []Fact{put(a), put(child("a")), Stepped{at: at{sec(5)}, Event: scheduler.MarkSuccess{Name: "a"}, Refused: true, Changes: []scheduler.Change{release(0)}}}},
		{"not released at the end", settled, append(ran(child("a")), rest(15, records()))},
	}
}

func waits(seq uint64, s float64) scheduler.PutRun {
	return run(seq, s, func(r *scheduler.Run) { r.State = scheduler.Waiting })
}

func badPolicies() []badLog {
	a, id, next := minutely(nil), task(0, 10, 0), task(1, 70, 0)
	two := func(rec *scheduler.JobRecord) []Fact {
		return []Fact{put(rec), made(0, 10), started(10, id), made(1, 70), started(70, next)}
	}
	paused := minutely(func(j *job.Job) { j.Disabled = true })
	pause := step(9, scheduler.SetDisabled{Name: "a", Disabled: true}, scheduler.PutJobRecord{Job: paused})
	drop := step(12, scheduler.DeleteJob{Name: "a"}, scheduler.DropJob{UID: 1, Name: "a"})
	epsilon := minutely(func(j *job.Job) { j.Epsilon = "PT5S" })
	timeout := minutely(func(j *job.Job) { j.Timeout = "PT5S" })
	many := []scheduler.Change{}
	for i := range uint64(101) {
		many = append(many, run(i, 10+60*float64(i), nil))
	}
	return []badLog{
		{"two tasks at once", overlapKept, two(a)},
		{"more tasks than allowed", overlapKept, two(minutely(func(j *job.Job) { j.Overlap, j.MaxConcurrent = "allow", 1 }))},
		{"overlap skip, and it waits", overlapKept, []Fact{put(minutely(func(j *job.Job) { j.Overlap = "skip" })), made(0, 10), step(70, scheduler.Tick{}, waits(1, 70))}},
		{"overlap replace, and nothing is killed", overlapKept, []Fact{put(minutely(func(j *job.Job) { j.Overlap = "replace" })), made(0, 10), step(70, scheduler.Tick{}, waits(1, 70))}},
		{"a slot of a pause", stopped, []Fact{put(a), pause, step(11, scheduler.SetDisabled{Name: "a"}, scheduler.PutJobRecord{Job: a}, run(0, 10, nil))}},
		{"deleted and not killed", stopped, []Fact{put(a), made(0, 10), step(12, scheduler.DeleteJob{Name: "a"}, over(0, 10, scheduler.Killed)[0])}},
		{"launched while disabled", stopped, []Fact{put(a), step(8, scheduler.Tick{}, run(0, 10, nil)), pause, step(10, scheduler.Tick{}, launched(0, 10, 0))}},
		{"made while disabled", stopped, []Fact{put(a), pause, step(10, scheduler.Tick{}, run(0, 10, nil))}},
		{"executed long after the pause", stopped, []Fact{put(a), made(0, 10), pause, started(200, id)}},
		{"executed long after the deletion", stopped, []Fact{put(a), made(0, 10), drop, started(200, id)}},
		{"launched after the deletion", stopped, []Fact{put(a), step(10, scheduler.Tick{}, run(0, 10, nil)), drop, step(13, scheduler.Tick{}, launched(0, 10, 0))}},
		{"launched after epsilon", withinEpsilon, []Fact{put(epsilon), step(16, scheduler.Tick{}, run(0, 10, nil), launched(0, 10, 0))}},
		{"executed long after epsilon", withinEpsilon, []Fact{put(epsilon), made(0, 10), started(100, id)}},
		{"no end at the timeout", timeoutKept, []Fact{put(timeout), Calm{at{sec(-100)}}, made(0, 10), started(10, id), ended(60, id, 0)}},
		{"too many runs", withinLimits, []Fact{put(a), step(7000, scheduler.Tick{}, many...)}},
		{"too large a commit", withinLimits, []Fact{Committed{at{epoch}, 1, 1, 1, 1 << 20, true}}},
		{"too many records", withinLimits, []Fact{Committed{at{epoch}, 1, 1, 5000, 1, true}}},
	}
}

func badShell() []badLog {
	a, id := minutely(func(j *job.Job) { j.Schedule = "R1/2026-01-01T00:00:10Z/PT1M" }), task(0, 10, 0)
	mark := scheduler.MarkSuccess{Name: "a"}
	waiting := run(0, 10, func(r *scheduler.Run) { r.State = scheduler.Waiting })
	wanted, timed := launched(0, 10, 0), launched(0, 10, 0)
	wanted.Run.Kill = &scheduler.Kill{Cause: scheduler.ByPerson, Since: sec(20)}
	timed.Run.Task.Timeout = sec(20)
	decide := func(s float64) Stepped { return step(s, scheduler.Tick{}, decided(1, s)) }
	return []badLog{
		{"held is not stored", heldIsStored, []Fact{Loaded{at{epoch}, "x\ny", "x\nz"}}},
		{"a deposed leader writes", fenced, []Fact{Committed{at{epoch}, 1, 2, 1, 1, true}}},
		{"ok for what is not written", answersHold, []Fact{put(a), Asked{at{epoch}, 1, mark}, Answered{at{epoch}, 1, OK}}},
		{"ok twice for what is written once", answersHold, []Fact{
			put(a), Asked{at{epoch}, 1, mark}, Asked{at{epoch}, 2, mark}, step(1, mark), Answered{at{epoch}, 1, OK}, Answered{at{epoch}, 2, OK},
		}},
		{"ok for what was refused", answersHold, []Fact{put(a), Asked{at{epoch}, 1, mark}, Stepped{at: at{epoch}, Event: mark, Refused: true}, Answered{at{epoch}, 1, OK}}},
		{"a run never starts", settled, []Fact{put(a), step(10, scheduler.Tick{}, run(0, 10, nil)), decide(10), rest(200, records(run(0, 10, nil)))}},
		{"a run waits for nothing", settled, []Fact{put(a), step(10, scheduler.Tick{}, waiting), decide(10), rest(60, records(waiting))}},
		{"a task that never was", settled, []Fact{put(a), made(0, 10), rest(200, records(launched(0, 10, 0)))}},
		{"a kill without an end", settled, []Fact{put(a), made(0, 10), started(10, id), rest(200, records(wanted))}},
		{"a timeout without a kill", timeoutKept, []Fact{put(a), made(0, 10), started(10, id), rest(200, records(timed))}},
		{"a task that is long over", settled, []Fact{put(a), made(0, 10), started(10, id), ended(11, id, 0), rest(200, records(launched(0, 10, 0)))}},
		{"a task lives on, and its run is over", settled, []Fact{
			put(a), Calm{at{epoch}}, made(0, 10), started(10, id), step(12, scheduler.Tick{}, over(0, 10, scheduler.Killed)...), rest(3000, records()),
		}},
		{"what is seen on the spot", "calls are well formed", []Fact{Broken{at{epoch}, "calls are well formed", "no"}}},
	}
}

// TestCheckerFinds: each of these logs breaks the promise it says.
func TestCheckerFinds(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, list := range [][]badLog{badSlots(), badRuns(), badRetries(), badDependencies(), badPolicies(), badShell(), badReports()} {
		for _, bad := range list {
			seen[bad.promise] = true
			t.Run(bad.name, func(t *testing.T) {
				found := Check(bad.log)
				if len(found) == 0 || found[0].Promise != bad.promise {
					t.Errorf("found %v, want first %q", found, bad.promise)
				}
			})
		}
	}
	for _, promise := range []string{
		slotOnce, runOnce, writtenFirst, launchOnce, oneAttempt, parentsFirst, successIsTrue, retryInTime, retryKept, overlapKept, stopped,
		withinLimits, withinEpsilon, heldIsStored, fenced, answersHold, timeoutKept, settled, reportedOnce,
	} {
		if !seen[promise] {
			t.Errorf("no log breaks %q", promise)
		}
	}
}

// TestJepsenChecker: Jepsen's own cases, and ours.
func TestJepsenChecker(t *testing.T) {
	t.Parallel()
	g := target{name: "1", start: sec(100), duration: 2 * time.Second, epsilon: 10 * time.Second, interval: 30 * time.Second, count: 3}
	complete := func(s float64) *ran { return &ran{start: sec(s), end: sec(s + 2)} }
	for _, test := range []struct {
		name string
		runs []*ran
		read float64
		want string
	}{
		{"nothing is due yet", nil, 111, ""},
		{"one is due", nil, 113, jepsenTarget},
		{"all ran", []*ran{complete(100), complete(131), complete(175.9)}, 300, ""},
		{"the second is missing", []*ran{complete(100), complete(160)}, 300, jepsenTarget},
		{"the second is incomplete", []*ran{complete(100), {start: sec(130)}, complete(160)}, 300, jepsenTarget},
		{"the second is late", []*ran{complete(100), complete(146), complete(160)}, 300, jepsenTarget},
		{"the last is in progress", []*ran{complete(100), complete(130), {start: sec(160)}}, 161, ""},
		{"one ran twice", []*ran{complete(100), complete(103), complete(130), complete(160)}, 300, jepsenExtra},
		{"one more than was asked for", []*ran{complete(100), complete(130), complete(160), complete(190)}, 300, jepsenExtra},
	} {
		found := g.match(test.runs, true, sec(test.read))
		got := ""
		if len(found) > 0 {
			got = found[0].Promise
		}
		if got != test.want {
			t.Errorf("%s: %v, want %q", test.name, found, test.want)
		}
	}
	if found := g.match(nil, false, sec(300)); len(found) > 0 {
		t.Errorf("a job that may not have been added is missed: %v", found)
	}
}
