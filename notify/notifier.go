// Package notify tells people what has become of jobs: by mail, in Slack and
// Mattermost, by a POST to an address of their own, and in Sentry.
//
// It listens to what the leader reports after each commit. It decides nothing
// about jobs, and it holds up nobody: what cannot be delivered soon is tried
// again for a while, then counted and dropped. A sink that fails or hangs
// delays no other. Triggers and payloads are those of Chronos
// (contracts/chronos.md 8), and more events of hora's own.
package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// Sink delivers messages one way.
type Sink interface {
	// Name is one of job.NotifySinks.
	Name() string
	// Personal tells whether each recipient gets a message of their own. If not,
	// there is one message for all of them.
	Personal() bool
	// Send delivers one message. An error that wraps ErrRefused will not go away
	// by trying again. Errors hold no secrets.
	Send(ctx context.Context, m Message) error
}

// ErrRefused says that a message was understood and refused, or cannot be
// sent at all: trying again is of no use.
var ErrRefused = errors.New("refused")

// DefaultRules are what Chronos tells of, to everybody who is configured.
const DefaultRules = "failed, disabled, deleted"

// Options say how a Notifier works.
type Options struct {
	Sinks   []Sink
	Rules   string // of jobs that do not say (job.ParseNotify); "" is DefaultRules
	Cluster string // --cluster_name, in front of each subject
	Log     *slog.Logger
}

// Limits of a sink.
const (
	queueSize  = 1000             // messages that are not delivered yet; more are dropped
	workers    = 4                // messages delivered at once
	maxTries   = 6                // of one message
	firstPause = 2 * time.Second  // between the first tries; doubled each time
	sendTime   = 30 * time.Second // for one try
	lastWord   = 3 * time.Second  // for what is queued when the process stops
)

// Notifier hands out messages about jobs. Observe may be called by one
// goroutine at a time.
type Notifier struct {
	sinks    []*outlet
	rules    []job.NotifyRule
	cluster  string
	log      *slog.Logger
	messages *prometheus.CounterVec
	queued   *prometheus.GaugeVec
}

// outlet is a sink with what waits for it.
type outlet struct {
	Sink
	places chan struct{} // one for each message that is not delivered yet
	work   chan delivery
}

// delivery is a message on its way.
type delivery struct {
	message Message
	tries   int
}

// New returns a notifier that delivers nothing before Run. An error tells what
// is wrong with the rules.
func New(o Options) (*Notifier, error) {
	if o.Rules == "" {
		o.Rules = DefaultRules
	}
	rules, err := job.ParseNotify(o.Rules)
	if err != nil {
		return nil, err
	}
	n := &Notifier{
		rules: rules, cluster: o.Cluster, log: o.Log,
		messages: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "hora_notifications_total", Help: "Messages to people, by sink and result (sent, failed, dropped).",
		}, []string{"sink", "result"}),
		queued: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "hora_notifications_queued", Help: "Messages to people that are not delivered yet, by sink.",
		}, []string{"sink"}),
	}
	for _, s := range o.Sinks {
		n.sinks = append(n.sinks, &outlet{Sink: s, places: make(chan struct{}, queueSize), work: make(chan delivery, queueSize)})
		for _, result := range []string{"sent", "failed", "dropped"} {
			n.messages.WithLabelValues(s.Name(), result)
		}
	}
	return n, nil
}

// Register registers the metrics.
func (n *Notifier) Register(r prometheus.Registerer) error {
	return errors.Join(r.Register(n.messages), r.Register(n.queued))
}

// Observe takes in what the leader reports. It never blocks.
func (n *Notifier) Observe(now time.Time, notices []scheduler.Notice) {
	for i := range notices {
		if r, ok := reportOf(now, notices[i:]); ok {
			n.report(r)
		}
	}
}

// report puts a report's messages into the queues of those who want it: of
// each sink once, whatever number of rules names it.
func (n *Notifier) report(r report) {
	rules := n.rules
	if text := r.record.Job.Notify; text != "" {
		var err error
		if rules, err = job.ParseNotify(text); err != nil { // it was read when the job was made
			n.log.Error("a job's notify cannot be read", "job", r.record.Job.Name, "error", err)
			return
		}
	}
	owners, err := job.Owners(r.record.Job.Owner)
	if err != nil {
		n.log.Warn("an owner has no mail address", "job", r.record.Job.Name, "error", err)
	}
	for _, s := range n.sinks {
		to, wanted, event := recipients(s.Sink, rules, r, owners)
		if !wanted {
			continue
		}
		for _, address := range to {
			n.enqueue(s, r.message(event, n.cluster, address))
		}
	}
}

// recipients says to whom a sink sends a report, and as which event: the first
// of the report's events that a rule names.
func recipients(s Sink, rules []job.NotifyRule, r report, owners []string) (to []string, wanted bool, event job.NotifyEvents) {
	for _, event = range r.events {
		for _, rule := range rules {
			if rule.Events&event == 0 {
				continue
			}
			addresses, named := targets(s, rule, owners)
			wanted = wanted || named
			to = append(to, addresses...)
		}
		if wanted {
			break
		}
	}
	to = distinct(to)
	switch {
	case !wanted, s.Name() == "mail":
	case len(to) == 0:
		to = []string{""} // nobody's in particular
	case !s.Personal():
		to = to[:1]
	}
	return to, wanted, event
}

// targets says whom a rule means by a sink.
func targets(s Sink, rule job.NotifyRule, owners []string) (to []string, named bool) {
	if len(rule.Sinks) == 0 && len(rule.Addresses) == 0 {
		return owners, true
	}
	for _, name := range rule.Sinks {
		if name == s.Name() {
			to, named = append(to, owners...), true
		}
	}
	if s.Name() == "mail" && len(rule.Addresses) > 0 {
		to, named = append(to, rule.Addresses...), true
	}
	return to, named
}

func distinct(list []string) []string {
	seen := make(map[string]bool, len(list))
	var out []string
	for _, s := range list {
		if !seen[s] {
			seen[s] = true
			out = append(out, s)
		}
	}
	return out
}

func (n *Notifier) enqueue(s *outlet, m Message) {
	select {
	case s.places <- struct{}{}:
		n.queued.WithLabelValues(s.Name()).Inc()
		s.work <- delivery{message: m} // there is room: each message has its place
	default:
		n.messages.WithLabelValues(s.Name(), "dropped").Inc()
		n.log.Warn("a notification was dropped: too many wait", "sink", s.Name(), "job", m.Job, "event", m.Event)
	}
}

// Run delivers messages until ctx ends, then gives what is queued one last
// try, for a few seconds.
func (n *Notifier) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, s := range n.sinks {
		for range workers {
			running.Go(func() { n.serve(ctx, s) })
		}
	}
	running.Wait()
}

func (n *Notifier) serve(ctx context.Context, s *outlet) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case d := <-s.work:
			n.deliver(ctx, s, d)
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
	defer cancel()
	for {
		select {
		case d := <-s.work:
			d.tries = maxTries
			n.deliver(last, s, d)
		default:
			return
		}
	}
}

// deliver tries a message once. If it may go through later, it comes back.
func (n *Notifier) deliver(ctx context.Context, s *outlet, d delivery) {
	attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), sendTime)
	if end, ok := ctx.Deadline(); ok {
		attempt, cancel = context.WithDeadline(context.WithoutCancel(ctx), end)
	}
	err := s.Send(attempt, d.message)
	cancel()
	d.tries++
	switch {
	case err == nil:
		n.done(s, "sent")
	case errors.Is(err, ErrRefused), d.tries >= maxTries:
		n.done(s, "failed")
		n.log.Error("a notification was not delivered", "sink", s.Name(), "job", d.message.Job, "event", d.message.Event, "tries", d.tries, "error", err)
	default:
		pause := firstPause << (d.tries - 1)
		n.log.Warn("a notification is tried again", "sink", s.Name(), "job", d.message.Job, "event", d.message.Event, "in", pause, "error", err)
		time.AfterFunc(pause, func() { s.work <- d }) // it still has its place
	}
}

func (n *Notifier) done(s *outlet, result string) {
	<-s.places
	n.queued.WithLabelValues(s.Name()).Dec()
	n.messages.WithLabelValues(s.Name(), result).Inc()
}

// Test sends one message by each sink and returns what each says, in order.
func (n *Notifier) Test(ctx context.Context, to string) []error {
	m := testMessage(n.cluster, to)
	out := make([]error, len(n.sinks))
	var sending sync.WaitGroup
	for i, s := range n.sinks {
		sending.Go(func() {
			attempt, cancel := context.WithTimeout(ctx, sendTime)
			defer cancel()
			if out[i] = s.Send(attempt, m); errors.Is(out[i], context.DeadlineExceeded) {
				out[i] = fmt.Errorf("no answer within %s", sendTime)
			}
		})
	}
	sending.Wait()
	return out
}

// Names are the names of the sinks, in order.
func (n *Notifier) Names() []string {
	out := make([]string, len(n.sinks))
	for i, s := range n.sinks {
		out[i] = s.Name()
	}
	return out
}
