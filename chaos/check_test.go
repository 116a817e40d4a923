package chaos_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ran is one attempt as its own command wrote it down.
type ran struct {
	task       string
	slot       int64 // ms
	start, end time.Time
	used       bool
}

func (r *ran) complete() bool { return !r.end.IsZero() }

// command is one that writes down when it runs.
func (w *world) command(job string, takes time.Duration) string {
	file := filepath.Join(w.records, job)
	return fmt.Sprintf(`echo "start $(date +%%s.%%N) $mesos_task_id $CHRONOS_JOB_RUN_TIME" >> %s; sleep %.1f; echo "end $(date +%%s.%%N) $mesos_task_id" >> %s`,
		file, takes.Seconds(), file)
}

// runs reads what the commands of a job wrote, and finds attempts that ran twice.
func (w *world) runs(job string) (out []*ran, bad []string) {
	text, err := os.ReadFile(filepath.Join(w.records, job))
	if err != nil && !os.IsNotExist(err) {
		w.t.Fatal(err)
	}
	byTask := map[string]*ran{}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 3 {
			bad = append(bad, fmt.Sprintf("%s: half a line: %q", job, line))
			continue
		}
		seconds, nanos, _ := strings.Cut(f[1], ".")
		s, _ := strconv.ParseInt(seconds, 10, 64)
		ns, _ := strconv.ParseInt(nanos, 10, 64)
		at, r := time.Unix(s, ns), byTask[f[2]]
		switch {
		case f[0] == "start" && r == nil && len(f) == 4:
			r = &ran{task: f[2], start: at}
			r.slot, _ = strconv.ParseInt(f[3], 10, 64)
			byTask[f[2]], out = r, append(out, r)
		case f[0] == "end" && r != nil && !r.complete():
			r.end = at
		default:
			bad = append(bad, fmt.Sprintf("%s: task %s runs twice: %q", job, f[2], line))
		}
	}
	return out, bad
}

// entry is a line of a job's history.
type entry struct {
	Slot     time.Time
	Count    int
	Outcome  string
	Reason   string
	Attempts []struct {
		Task     string
		State    string
		Reason   string
		Launched time.Time
		Ended    time.Time
	}
}

// history asks for all that is known of a job's past.
func (w *world) history(job string) []entry {
	w.t.Helper()
	var out []entry
	w.until("the history of "+job+" is given", func() bool {
		_, err := w.leader().call("GET", "/api/jobs/"+job+"/history?limit=100000", nil, &out)
		return err == nil
	})
	return out
}

// steady is a job that is due every few seconds and may miss nothing.
type steady struct {
	name     string
	start    time.Time
	interval time.Duration
	count    int
}

// report is what a test has seen.
type report struct {
	jobs, slots, runs, again int
	lost, doubled            int
	gap                      time.Duration
	bad                      []string
}

func (r *report) add(format string, args ...any) { r.bad = append(r.bad, fmt.Sprintf(format, args...)) }

// slack is how far the times of hora and of commands may be apart.
const slack = time.Second

// check compares what is recorded of each slot with what ran.
func (g steady) check(runs []*ran, past []entry, r *report) {
	bySlot, entries := map[int64][]*ran{}, map[int64][]entry{}
	for _, x := range runs {
		bySlot[x.slot] = append(bySlot[x.slot], x)
	}
	for _, e := range past {
		entries[e.Slot.UnixMilli()] = append(entries[e.Slot.UnixMilli()], e)
	}
	for k := range g.count {
		slot := g.start.Add(time.Duration(k) * g.interval).UnixMilli()
		g.checkSlot(slot, bySlot[slot], entries[slot], r)
		delete(bySlot, slot)
	}
	for slot, list := range bySlot {
		r.doubled++
		r.add("%s: task %s ran for %v, which is no slot", g.name, list[0].task, time.UnixMilli(slot).UTC())
	}
}

// checkSlot: one entry, which says that it succeeded; a complete run; and no
// attempt that is not in the entry or began after it had been given up.
func (g steady) checkSlot(slot int64, runs []*ran, entries []entry, r *report) {
	r.slots++
	name := fmt.Sprintf("%s of %s", g.name, time.UnixMilli(slot).UTC().Format("15:04:05"))
	complete := 0
	for _, x := range runs {
		r.runs++
		if x.complete() {
			complete++
		}
	}
	if complete == 0 {
		r.lost++
		r.add("%s has no complete run; recorded: %+v", name, entries)
	}
	if len(entries) != 1 || entries[0].Outcome != "succeeded" {
		r.add("%s: recorded %+v, want one success", name, entries)
		return
	}
	attempts := entries[0].Attempts
	for _, x := range runs {
		i := slices.IndexFunc(attempts, func(a struct {
			Task     string
			State    string
			Reason   string
			Launched time.Time
			Ended    time.Time
		}) bool {
			return a.Task == x.task
		})
		switch {
		case i < 0:
			r.doubled++
			r.add("%s: task %s ran and is not among the attempts %+v", name, x.task, attempts)
		case x.start.After(attempts[i].Ended.Add(slack)):
			r.doubled++
			r.add("%s: task %s began at %v, after it had been given up: %+v", name, x.task, x.start.UTC(), attempts[i])
		}
	}
	if complete > 1 {
		// An agent that was away went on with what counted as lost; else it is a double.
		r.again++
		if len(attempts) < complete {
			r.doubled++
			r.add("%s has %d complete runs and %d attempts", name, complete, len(attempts))
		}
	}
}

// target is a job of Jepsen's workload.
type target struct {
	name                        string
	start                       time.Time
	duration, epsilon, interval time.Duration
	count                       int
	sure                        bool // the POST was answered well
}

// forgiveness is what Jepsen adds to each window.
const forgiveness = 5 * time.Second

// check is Jepsen's checker: each window has a complete run of its own. The
// windows do not overlap, so the earliest run that fits is as good as any.
func (g target) check(runs []*ran, read time.Time, r *report) {
	r.runs += len(runs)
	slices.SortFunc(runs, func(a, b *ran) int { return a.start.Compare(b.start) })
	for k := range g.count {
		t := g.start.Add(time.Duration(k) * g.interval)
		if !g.sure || !t.Before(read.Add(-g.epsilon-g.duration)) {
			continue
		}
		r.slots++
		last := t.Add(g.epsilon + forgiveness)
		i := slices.IndexFunc(runs, func(x *ran) bool {
			at := x.start.Truncate(time.Second)
			return !x.used && x.complete() && !at.Before(t) && !at.After(last)
		})
		if i < 0 {
			r.lost++
			r.add("job %s has no complete run from %v to %v", g.name, t.UTC(), last.UTC())
			continue
		}
		runs[i].used = true
	}
}

// longestGap is the longest time in which nothing began.
func longestGap(runs []*ran) time.Duration {
	slices.SortFunc(runs, func(a, b *ran) int { return a.start.Compare(b.start) })
	var gap time.Duration
	for i := 1; i < len(runs); i++ {
		gap = max(gap, runs[i].start.Sub(runs[i-1].start))
	}
	return gap
}
