// Package api is hora's HTTP side: the REST paths of Chronos 2.4.0
// (/scheduler) and 3.0.2 (/v1/scheduler), answered as those releases answer
// them, hora's own paths (/api), and /ping, /metrics and /logging.
//
// It turns requests into events for the scheduler and views of the scheduler
// into JSON. It decides nothing about jobs, keeps nothing, and does not know
// Mesos or stores. Where it differs from Chronos on purpose,
// docs/compatibility.md says so and why.
package api

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Scheduler is what the API works for.
type Scheduler interface {
	// Do returns when the event is stored, or refused.
	Do(ctx context.Context, ev scheduler.Event) error
	// View returns what is known now.
	View() *leader.View
}

// Defaults are what jobs get that do not say.
type Defaults struct {
	CPUs, Mem, Disk float64       // cores, MiB, MiB; 0 is 0.1, 128, 256 as in Chronos
	User            string        // runAsUser; "" is root
	RetryInterval   time.Duration // as the scheduler's configuration has it; 0 is a minute
	Epsilon         time.Duration // start deadline of jobs posted under /scheduler, whole seconds; 0 is none
}

// Options say what the API works with. Only Scheduler is required.
type Options struct {
	Scheduler Scheduler
	Defaults  Defaults
	Gatherer  prometheus.Gatherer // of /metrics; nil: there is nothing to show
	Page      http.Handler        // serves / and what is below /assets/; nil: nobody does
	Log       *slog.Logger        // nil: silence
	Level     *slog.LevelVar      // what /logging changes; nil: it cannot be changed
	History   int                 // runs shown by job/stat, --job_history_limit; 0 is 5
	Feed      *Feed               // of /api/events; nil: there is none
	Cluster   Cluster             // agents and sandboxes; nil: they cannot be read
	Store     string              // where the records are, as /api/cluster tells it
	Gate      *Gate               // stands before the handler, and knows who asks; nil: everybody may do everything
}

// Limits of a request. Beyond them it is refused.
const (
	MaxBody = 2 << 20          // bytes of a body: 413
	MaxURL  = 8 << 10          // bytes of path and query: 414
	patient = 30 * time.Second // for the scheduler's answer: 503
)

// server holds what the handlers share.
type server struct {
	Options
	shown  *schedules
	rows   *rows
	family *family
	timers *timers
}

// New returns the handler of all paths.
func New(o Options) http.Handler {
	o.Defaults.fill()
	setDefault(&o.History, 5)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Gatherer == nil {
		o.Gatherer = prometheus.NewRegistry()
	}
	if o.Page == nil {
		o.Page = http.NotFoundHandler()
	}
	o.Scheduler = signed{o.Scheduler, o.Gate != nil}
	shown := newSchedules()
	s := &server{Options: o, shown: shown, rows: &rows{shown: shown}, family: &family{}, timers: newTimers()}
	return s.router()
}

// fill puts in what Chronos has where nothing is said.
func (d *Defaults) fill() {
	setDefault(&d.CPUs, .1)
	setDefault(&d.Mem, 128)
	setDefault(&d.Disk, 256)
	setDefault(&d.User, "root")
	setDefault(&d.RetryInterval, time.Minute)
}

func setDefault[T comparable](to *T, value T) {
	var zero T
	if *to == zero {
		*to = value
	}
}
