package notify_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/notify"
	"github.com/hora-scheduler/hora/scheduler"
)

// sink is a sink of a test: it keeps what it is sent.
type sink struct {
	name     string
	personal bool
	fail     func(m notify.Message, try int) error // nil: it always works

	mu    sync.Mutex
	tries map[string]int
	sent  []string
	at    []time.Time
	last  notify.Message
}

func (s *sink) Name() string   { return s.name }
func (s *sink) Personal() bool { return s.personal }

func (s *sink) Send(ctx context.Context, m notify.Message) error {
	key := m.Event + " " + m.Job + " " + m.To
	s.mu.Lock()
	if s.tries == nil {
		s.tries = make(map[string]int)
	}
	s.tries[key]++
	try := s.tries[key]
	s.mu.Unlock()
	if s.fail != nil {
		if err := s.fail(m, try); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sent, s.at, s.last = append(s.sent, strings.TrimSpace(key)), append(s.at, time.Now()), m
	return nil
}

func (s *sink) seen() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.sent)
	slices.Sort(out)
	return out
}

// world is a notifier over sinks, in virtual time, fed by a real core.
type world struct {
	t        *testing.T
	notifier *notify.Notifier
	state    *scheduler.State
	registry *prometheus.Registry
	log      *bytes.Buffer
	now      time.Time
	task     scheduler.TaskRef
}

func bubble(t *testing.T, o notify.Options, f func(w *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, registry: prometheus.NewRegistry(), log: &bytes.Buffer{}, now: time.Now()}
		o.Log = slog.New(slog.NewTextHandler(w.log, nil))
		var err error
		if w.notifier, err = notify.New(o); err != nil {
			t.Fatal(err)
		}
		if err := w.notifier.Register(w.registry); err != nil {
			t.Fatal(err)
		}
		cfg := scheduler.DefaultConfig()
		cfg.DisableAfterFailures = 3
		if w.state, err = scheduler.New(cfg, scheduler.Records{}); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.notifier.Run(ctx); close(done) }()
		w.step(scheduler.Subscribed{FrameworkID: "F"})
		f(w)
		cancel()
		<-done
		time.Sleep(10 * time.Minute) // no timer is left behind
	})
}

func (w *world) step(ev scheduler.Event) {
	w.t.Helper()
	out := w.state.Step(w.now, ev)
	if out.Err != nil {
		w.t.Fatal(out.Err)
	}
	w.notifier.Observe(w.now, out.Notices)
	for _, e := range out.Effects {
		if a, ok := e.(scheduler.Accept); ok {
			w.task = scheduler.TaskRef{TaskID: a.Launches[0].TaskID, AgentID: a.AgentID}
		}
	}
}

func (w *world) put(j job.Job) {
	w.t.Helper()
	j.Command, j.Shell, j.CPUs, j.Mem = "true", true, .1, 32
	w.step(scheduler.PutJob{Job: &j})
}

// run runs a job by hand to that end.
func (w *world) run(name string, end scheduler.TaskState, message string) {
	w.t.Helper()
	w.now = w.now.Add(time.Second)
	w.step(scheduler.RunJob{Name: name})
	w.step(scheduler.Offers{Offers: []scheduler.Offer{{ID: fmt.Sprint("o", w.now.Unix()), AgentID: "a", Resources: []scheduler.Resource{{Name: "cpus", Milli: 1e6}, {Name: "mem", Milli: 1e9}}}}})
	w.step(scheduler.Tick{})
	w.step(scheduler.Update{Status: scheduler.Status{TaskID: w.task.TaskID, AgentID: "a", State: end, Message: message}})
}

// metric returns how many messages of a sink had that result.
func (w *world) metric(sink, result string) float64 {
	w.t.Helper()
	families, err := w.registry.Gather()
	if err != nil {
		w.t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if f.GetName() == "hora_notifications_total" && m.Label[0].GetValue() == result && m.Label[1].GetValue() == sink {
				return m.Counter.GetValue()
			}
		}
	}
	w.t.Fatalf("no metric of %s %s", sink, result)
	return 0
}

const never = "R/2100-01-01T00:00:00Z/P1D"

// TestTriggers: what Chronos tells of is told, of each event once, and nothing else.
func TestTriggers(t *testing.T) {
	t.Parallel()
	mail, chat := &sink{name: "mail", personal: true}, &sink{name: "slack"}
	bubble(t, notify.Options{Sinks: []notify.Sink{mail, chat}, Cluster: "prod"}, func(w *world) {
		w.put(job.Job{Name: "j", Owner: "a@example.com, b@example.com", Schedule: never, Retries: 1})
		w.put(job.Job{Name: "nobody", Schedule: never})
		w.run("j", scheduler.TaskFinished, "")
		synctest.Wait()
		if got := mail.seen(); len(got) != 0 {
			t.Fatalf("a success was told: %q", got)
		}
		// An attempt that is followed by another is no failure yet.
		w.run("j", scheduler.TaskFailed, "exit 1")
		synctest.Wait()
		if got := mail.seen(); len(got) != 0 {
			t.Fatalf("an attempt was told: %q", got)
		}
		w.now = w.now.Add(time.Hour)
		w.step(scheduler.Tick{})
		w.step(scheduler.Offers{Offers: []scheduler.Offer{{ID: "again", AgentID: "a", Resources: []scheduler.Resource{{Name: "cpus", Milli: 1e6}, {Name: "mem", Milli: 1e9}}}}})
		w.step(scheduler.Tick{})
		w.step(scheduler.Update{Status: scheduler.Status{TaskID: w.task.TaskID, AgentID: "a", State: scheduler.TaskFailed, Message: "Command exited with status 7"}})
		synctest.Wait()
		if got, want := mail.seen(), []string{"failed j a@example.com", "failed j b@example.com"}; !slices.Equal(got, want) {
			t.Errorf("mail: %q, want %q", got, want)
		}
		if got, want := chat.seen(), []string{"failed j a@example.com"}; !slices.Equal(got, want) {
			t.Errorf("chat: %q, want it once: %q", got, want)
		}
		m := mail.last
		want := "\n'2000-01-01T01:00:02.000Z'. Retries attempted: 1.\nTask id: " + w.task.TaskID + "\nThe scheduler provided this message:\n\nCommand exited with status 7"
		if m.Subject != "[prod] [Chronos] job 'j' failed!" || m.Text != want {
			t.Errorf("subject %q, text %q, want text %q", m.Subject, m.Text, want)
		}
		w.step(scheduler.DeleteJob{Name: "j"})
		w.run("nobody", scheduler.TaskError, "bad") // without retries
		synctest.Wait()
		if got, want := mail.seen()[:2], []string{"deleted j a@example.com", "deleted j b@example.com"}; !slices.Equal(got, want) || len(mail.seen()) != 4 {
			t.Errorf("mail: %q, want also %q and nothing for nobody", mail.seen(), want)
		}
		if got, want := chat.seen(), []string{"deleted j a@example.com", "failed j a@example.com", "failed nobody"}; !slices.Equal(got, want) {
			t.Errorf("chat: %q, want %q", got, want)
		}
	})
}

// TestDisabledIsToldOnce: a failure that disables the job is one message, which
// says so; whoever asked for failures only gets that.
func TestDisabledIsToldOnce(t *testing.T) {
	t.Parallel()
	s := &sink{name: "http", personal: true}
	bubble(t, notify.Options{Sinks: []notify.Sink{s}}, func(w *world) {
		w.put(job.Job{Name: "j", Schedule: never})
		w.put(job.Job{Name: "only", Schedule: never, Notify: "failed"})
		for range 3 {
			w.run("j", scheduler.TaskError, "")
			w.run("only", scheduler.TaskError, "")
		}
		synctest.Wait()
		want := []string{"disabled j", "failed j", "failed j", "failed only", "failed only", "failed only"}
		if got := s.seen(); !slices.Equal(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
		w.put(job.Job{Name: "once", Schedule: "R1/2000-01-01T00:00:00Z/PT1S"})
		w.now = w.now.Add(time.Second)
		w.step(scheduler.Tick{})
		w.step(scheduler.Offers{Offers: []scheduler.Offer{{ID: "o", AgentID: "a", Resources: []scheduler.Resource{{Name: "cpus", Milli: 1e6}, {Name: "mem", Milli: 1e9}}}}})
		w.step(scheduler.Tick{})
		w.step(scheduler.Update{Status: scheduler.Status{TaskID: w.task.TaskID, AgentID: "a", State: scheduler.TaskFinished}})
		synctest.Wait()
		if !slices.Contains(s.seen(), "disabled once") || !strings.Contains(s.last.Text, "repetitions") {
			t.Errorf("the end of the schedule: %q, %q", s.seen(), s.last.Text)
		}
	})
}

// TestOwnRules: a job says who is told of what.
func TestOwnRules(t *testing.T) {
	t.Parallel()
	mail, chat := &sink{name: "mail", personal: true}, &sink{name: "slack"}
	bubble(t, notify.Options{Sinks: []notify.Sink{mail, chat}, Rules: "failed, recovered to slack"}, func(w *world) {
		w.put(job.Job{Name: "plain", Owner: "a@example.com", Schedule: never})
		w.put(job.Job{Name: "quiet", Owner: "a@example.com", Schedule: never, Notify: "none"})
		w.put(job.Job{Name: "own", Owner: "a@example.com", Schedule: never, Notify: "succeeded to mail; late, recovered to ops@example.com; recovered to ops@example.com", ExpectedDuration: "PT1M"})
		for _, name := range []string{"plain", "quiet", "own"} {
			w.run(name, scheduler.TaskError, "")
			w.run(name, scheduler.TaskFinished, "")
			w.run(name, scheduler.TaskFinished, "")
		}
		w.step(scheduler.RunJob{Name: "own"})
		w.now = w.now.Add(time.Minute)
		w.step(scheduler.Tick{})
		w.now = w.now.Add(time.Minute)
		w.step(scheduler.Tick{})
		synctest.Wait()
		if got, want := chat.seen(), []string{"failed plain a@example.com", "recovered plain a@example.com"}; !slices.Equal(got, want) {
			t.Errorf("chat: %q, want %q", got, want)
		}
		want := []string{"late own ops@example.com", "recovered own ops@example.com", "succeeded own a@example.com"}
		if got := mail.seen(); !slices.Equal(got, want) {
			t.Errorf("mail: %q, want %q", got, want)
		}
	})
}

// TestMissedSlots: slots that nobody ran are told of, all at once.
func TestMissedSlots(t *testing.T) {
	t.Parallel()
	s := &sink{name: "slack"}
	bubble(t, notify.Options{Sinks: []notify.Sink{s}, Rules: "missed, skipped"}, func(w *world) {
		w.put(job.Job{Name: "j", Schedule: "R/2000-01-01T01:00:00Z/PT1H"})
		w.now = w.now.Add(5*time.Hour + time.Second)
		w.step(scheduler.Tick{})
		synctest.Wait()
		if got := s.seen(); !slices.Equal(got, []string{"missed j"}) || !strings.Contains(s.last.Text, "4 slots up to 2000-01-01T04:00:00.000Z") {
			t.Errorf("%q: %q", got, s.last.Text)
		}
	})
}

// TestRetriesAndBackOff: what does not go through is tried again, later and
// later, and given up at last; a refusal is not.
func TestRetriesAndBackOff(t *testing.T) {
	t.Parallel()
	s := &sink{name: "http", fail: func(m notify.Message, try int) error {
		switch {
		case m.Job == "refused":
			return fmt.Errorf("%w: no", notify.ErrRefused)
		case m.Job == "later" && try < 4, m.Job == "never":
			return errors.New("503")
		}
		return nil
	}}
	bubble(t, notify.Options{Sinks: []notify.Sink{s}}, func(w *world) {
		began := time.Now()
		for _, name := range []string{"never", "refused", "later", "now"} {
			w.put(job.Job{Name: name, Schedule: never})
			w.run(name, scheduler.TaskError, "")
		}
		synctest.Wait()
		if got := s.seen(); !slices.Equal(got, []string{"failed now"}) {
			t.Errorf("at once: %q, want the one that goes through", got)
		}
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if got := s.seen(); !slices.Equal(got, []string{"failed later", "failed now"}) || s.at[1].Sub(began) != 14*time.Second {
			t.Errorf("%q, the second after %s, want it after 2+4+8 s", got, s.at[1].Sub(began))
		}
		if s.tries["failed refused "] != 1 || s.tries["failed never "] != 6 {
			t.Errorf("tries: %v, want 1 of what is refused and 6 of what never goes through", s.tries)
		}
		if w.metric("http", "sent") != 2 || w.metric("http", "failed") != 2 || w.metric("http", "dropped") != 0 {
			t.Error("the metrics disagree")
		}
	})
}

// TestHangingSinkDelaysNobody: a sink that hangs fills up and drops; the other
// delivers at once, and whoever observes never waits.
func TestHangingSinkDelaysNobody(t *testing.T) {
	t.Parallel()
	hung, good := &sink{name: "mail", personal: true}, &sink{name: "slack"}
	bubble(t, notify.Options{Sinks: []notify.Sink{hung, good}}, func(w *world) {
		release := make(chan struct{})
		hung.fail = func(notify.Message, int) error { <-release; return nil }
		began := time.Now()
		w.put(job.Job{Name: "j", Owner: "a@example.com", Schedule: never, Notify: "failed, disabled"})
		for range 1500 {
			w.run("j", scheduler.TaskError, "")
			if w.step(scheduler.SetDisabled{Name: "j"}); time.Now() != began {
				t.Fatal("observing took time")
			}
			synctest.Wait()
		}
		if got := len(good.seen()); got != 1500 {
			t.Errorf("the good sink delivered %d of 1500", got)
		}
		if got := w.metric("mail", "dropped"); got != 500 {
			t.Errorf("%v were dropped of 1500 with a queue of 1000", got)
		}
		close(release)
		synctest.Wait()
		if got := len(hung.seen()); got != 1000 {
			t.Errorf("%d were delivered after all, want the 1000 that waited", got)
		}
	})
}

// TestLastWord: what is queued when the process stops is tried once more.
func TestLastWord(t *testing.T) {
	t.Parallel()
	s := &sink{name: "slack"}
	synctest.Test(t, func(t *testing.T) {
		n, err := notify.New(notify.Options{Sinks: []notify.Sink{s}, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			t.Fatal(err)
		}
		rec := &scheduler.JobRecord{Job: &job.Job{Name: "j"}}
		n.Observe(time.Now(), []scheduler.Notice{{Kind: scheduler.JobDeleted, Job: "j", Record: rec, State: &scheduler.JobState{}}})
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		n.Run(ctx)
		if got := s.seen(); !slices.Equal(got, []string{"deleted j"}) {
			t.Errorf("%q", got)
		}
	})
}

func TestWrongRules(t *testing.T) {
	t.Parallel()
	if _, err := notify.New(notify.Options{Rules: "sometimes"}); err == nil || !strings.Contains(err.Error(), "sometimes") {
		t.Errorf("%v", err)
	}
}
