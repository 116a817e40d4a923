package leader

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/store"
)

// Metrics are what the leader counts and measures, for Prometheus. Their names
// follow its conventions: base units, _total for counters.
type Metrics struct {
	leading, term                        prometheus.Gauge
	takeOver                             prometheus.Histogram
	runs, attempts, slots, effects       *prometheus.CounterVec
	lag                                  *prometheus.HistogramVec
	queued, launched, held               prometheus.Gauge
	offers                               *prometheus.CounterVec
	events                               prometheus.Counter
	step, commit, commitBytes, commitOps prometheus.Histogram
	storeErrors                          *prometheus.CounterVec
	effectErrors                         prometheus.Counter
}

// lagBuckets reach from a millisecond to an hour.
var lagBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 3600}

// NewMetrics returns metrics that are not registered yet.
func NewMetrics() *Metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: "hora_" + name, Help: help})
	}
	counters := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "hora_" + name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "hora_" + name, Help: help})
	}
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{Name: "hora_" + name, Help: help, Buckets: buckets})
	}
	short := prometheus.ExponentialBuckets(.0001, 2.5, 12)
	m := &Metrics{
		leading:  gauge("leading", "1 while this process leads, else 0."),
		term:     gauge("term", "Number of the latest term that this process led."),
		takeOver: histogram("take_over_seconds", "Time from winning the election to the first step.", short),
		runs:     counters("runs_total", "Runs that are over, by kind and outcome.", "kind", "outcome"),
		attempts: counters("attempts_total", "Attempts that are over, by outcome (ended, failed, lost).", "outcome"),
		slots:    counters("slots_not_run_total", "Slots that were decided without a run, by outcome (skipped, missed).", "outcome"),
		effects:  counters("mesos_calls_total", "Calls sent to the Mesos master, by type.", "type"),
		lag: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "hora_schedule_lag_seconds", Help: "Time from when a run was due until its task was accepted, and until it ran.", Buckets: lagBuckets,
		}, []string{"until"}),
		queued:       gauge("runs_queued", "Runs that are due and have no task yet."),
		launched:     gauge("runs_launched", "Runs that have a task."),
		held:         gauge("offers_held", "Offers that are at hand."),
		offers:       counters("offers_total", "Offers used, by what became of them (accepted, declined).", "use"),
		events:       counter("events_total", "Events taken in by the core."),
		step:         histogram("step_seconds", "Time to decide one batch of events.", short),
		commit:       histogram("commit_seconds", "Time to store one batch.", short),
		commitBytes:  histogram("commit_bytes", "Bytes written by one batch.", prometheus.ExponentialBuckets(256, 4, 7)),
		commitOps:    histogram("commit_records", "Records written or deleted by one batch.", prometheus.ExponentialBuckets(1, 4, 7)),
		storeErrors:  counters("store_errors_total", "Calls of the store that failed, by operation (campaign, load, commit).", "operation"),
		effectErrors: counter("mesos_call_errors_total", "Calls to the Mesos master that could not be sent."),
	}
	for _, operation := range []string{opCampaign, opLoad, opCommit} {
		m.storeErrors.WithLabelValues(operation) // there from the start, so that the first error is seen as an increase
	}
	return m
}

// Operations of the store, as hora_store_errors_total names them.
const (
	opCampaign = "campaign"
	opLoad     = "load"
	opCommit   = "commit"
)

// Register registers all metrics.
func (m *Metrics) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{
		m.leading, m.term, m.takeOver, m.runs, m.attempts, m.slots, m.effects, m.lag, m.queued, m.launched, m.held,
		m.offers, m.events, m.step, m.commit, m.commitBytes, m.commitOps, m.storeErrors, m.effectErrors,
	} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func (m *Metrics) termBegan(number int64, took time.Duration) {
	m.leading.Set(1)
	m.term.Set(float64(number))
	m.takeOver.Observe(took.Seconds())
}

func (m *Metrics) termEnded() {
	m.leading.Set(0)
	m.queued.Set(0)
	m.launched.Set(0)
	m.held.Set(0)
}

func (m *Metrics) committed(events int, b *store.Batch, step, commit time.Duration) {
	m.events.Add(float64(events))
	m.step.Observe(step.Seconds())
	if b.Len() > 0 {
		m.commit.Observe(commit.Seconds())
		m.commitBytes.Observe(float64(b.Bytes()))
		m.commitOps.Observe(float64(b.Len()))
	}
}

func (m *Metrics) storeFailed(operation string) { m.storeErrors.WithLabelValues(operation).Inc() }

func (m *Metrics) effectFailed() { m.effectErrors.Inc() }

// performed counts a call that was sent, and how late its tasks are.
func (m *Metrics) performed(e scheduler.Effect, now time.Time) {
	kind := ""
	switch e := e.(type) {
	case scheduler.Accept:
		kind = "accept"
		m.offers.WithLabelValues("accepted").Add(float64(len(e.OfferIDs)))
		for _, l := range e.Launches {
			m.lag.WithLabelValues("accepted").Observe(now.Sub(l.Run.NotBefore).Seconds())
		}
	case scheduler.Decline:
		kind = "decline"
		m.offers.WithLabelValues("declined").Add(float64(len(e.OfferIDs)))
	case scheduler.Acknowledge:
		kind = "acknowledge"
	case scheduler.KillTask:
		kind = "kill"
	case scheduler.Reconcile:
		kind = "reconcile"
	case scheduler.AnswerInverse:
		kind = "answer_inverse"
	case scheduler.Suppress:
		kind = "suppress"
	case scheduler.Revive:
		kind = "revive"
	}
	m.effects.WithLabelValues(kind).Inc()
}

// noticed counts what the core reports.
func (m *Metrics) noticed(list []scheduler.Notice) {
	for _, n := range list {
		switch n.Kind {
		case scheduler.AttemptRunning:
			m.lag.WithLabelValues("running").Observe(n.Run.Task.Running.Sub(n.Run.NotBefore).Seconds())
		case scheduler.AttemptEnded:
			outcome := "failed"
			if n.Lost {
				outcome = "lost"
			}
			m.attempts.WithLabelValues(outcome).Inc()
		case scheduler.RunEnded:
			m.runs.WithLabelValues(n.Entry.Kind.String(), n.Entry.Outcome.String()).Inc()
		case scheduler.SlotsPassed:
			m.slots.WithLabelValues(n.Entry.Outcome.String()).Add(float64(n.Entry.Count))
		}
	}
}

// gauge takes over how much there is to do, and with what.
func (m *Metrics) gauge(queued, launched, offers int) {
	m.queued.Set(float64(queued))
	m.launched.Set(float64(launched))
	m.held.Set(float64(offers))
}
