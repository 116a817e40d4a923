package scheduler_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/scheduler"
)

// foreignTask is a task that another scheduler has started, as Mesos knows it.
type foreignTask struct {
	job, id    string
	over, told bool // it has ended; hora was told so by an update that Mesos repeats
}

// TestForeignTasks: whatever Mesos tells of another scheduler's tasks, however
// often, in whatever order, over failovers: none that lives is killed, each end
// counts exactly once, and nothing is launched before Mesos was heard.
func TestForeignTasks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		k := newTalk(t)
		var heard strings.Builder
		for _, line := range []string{
			"import a schedule=R/2026-01-01T00:00:05Z/P1D", "import b parents=a", "import c schedule=R/2026-06-01T00:00:00Z/P1D overlap=allow", "framework F1",
		} {
			k.say(line, &heard)
		}
		tasks := make([]*foreignTask, rapid.IntRange(1, 12).Draw(r, "tasks"))
		for i := range tasks {
			name := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(r, "job")
			suffix := rapid.SampledFrom([]string{"", "x:y", "1-0", "some words", "zz-zz"}).Draw(r, "arguments")
			tasks[i] = &foreignTask{job: name, id: fmt.Sprintf("ct:%d:0:%s:%s", 1767225500000+i, name, suffix)}
		}
		subscribed, since := false, time.Time{}
		for range rapid.IntRange(5, 60).Draw(r, "steps") {
			heard.Reset()
			x := tasks[rapid.IntRange(0, len(tasks)-1).Draw(r, "task")]
			status := scheduler.Status{TaskID: x.id, AgentID: "a1", State: scheduler.TaskRunning}
			switch rapid.IntRange(0, 6).Draw(r, "what") {
			case 0:
				k.reload()
				subscribed = false
				continue
			case 1:
				k.step(scheduler.Subscribed{FrameworkID: "F1"}, &heard)
				if subscribed = true; since.IsZero() {
					since = k.now
				}
			case 2:
				k.now = k.now.Add(time.Duration(rapid.IntRange(1, 15000).Draw(r, "ms")) * time.Millisecond)
				k.say("offer o"+fmt.Sprint(k.now.UnixNano())+" agent=a1 cpus=4 mem=4096", &heard)
				k.step(scheduler.Tick{}, &heard)
			case 3, 4: // it lives, or has ended and Mesos has not been told that we know
				if status.UUID = "u"; x.over {
					status.State, x.told = scheduler.TaskFinished, x.told || subscribed
				}
				if subscribed {
					k.step(scheduler.Update{Status: status}, &heard)
				}
			case 5: // the answer of a reconciliation
				if x.over {
					status.State = scheduler.TaskFinished
				}
				status.Reason = "REASON_RECONCILIATION"
				if subscribed && !x.over {
					k.step(scheduler.Update{Status: status}, &heard)
				}
			case 6:
				x.over = true
			}
			said := heard.String()
			if strings.Contains(said, "then kill ") {
				r.Fatalf("a task is killed:\n%s", said)
			}
			if early := since.IsZero() || k.now.Before(since.Add(10*time.Second)); early && strings.Contains(said, "then accept") {
				r.Fatalf("launched %s after the first subscription:\n%s", k.now.Sub(since), said)
			}
		}
		want := map[string]int64{}
		for _, x := range tasks {
			if x.told {
				want[x.job]++
			}
		}
		for _, c := range k.held {
			if st, ok := c.(scheduler.PutJobState); ok && st.State.SuccessCount != want[k.names[st.State.UID]] {
				r.Fatalf("%s has %d successes, want %d", k.names[st.State.UID], st.State.SuccessCount, want[k.names[st.State.UID]])
			}
		}
	})
}
