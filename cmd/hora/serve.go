package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/config"
	"github.com/hora-scheduler/hora/member"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/operator"
	"github.com/hora-scheduler/hora/notify"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/ui"
)

func serveCommand() *cobra.Command {
	var o serveOptions
	set := o.set()
	c := &cobra.Command{
		Use:   "serve [flags]",
		Short: "Run the scheduler on a Mesos cluster, with its state in ZooKeeper",
		Long: `Run the production scheduler. Several processes, on different machines, with the
same --zk_hosts and --zk_path elect one that leads; the others pass requests on
to it, and one of them takes over when it is gone. A process does not end
because a server is away: it takes up again when that is back. SIGTERM and Ctrl-C
hand over; a second one ends the process at once. SIGUSR1 turns debug logs on
and off, SIGHUP has the file of --access read again.

Each flag can also be given in the environment (--http_port as HORA_HTTP_PORT)
and as a line of the file that --config names (http_port = 4400). A flag counts
before the environment, that before the file, and that before the default.`,
		Example: `  hora serve --master zk://zk1:2181,zk2:2181,zk3:2181/mesos \
             --zk_hosts zk1:2181,zk2:2181,zk3:2181 --http_port 4400
  hora serve --config /etc/hora/hora.conf`,
		Args: arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := set.Load(os.Environ()); err != nil {
				return usageError{err}
			}
			if err := o.complete(set); err != nil {
				return err
			}
			return o.run(cmd.Context(), set, cmd.ErrOrStderr())
		},
	}
	set.Flags(c.Flags())
	c.Flags().SortFlags = false
	return c
}

// run opens everything, serves until ctx ends, and closes in the reverse order.
func (o *serveOptions) run(ctx context.Context, set *config.Set, stderr io.Writer) error {
	reserveHeap()
	log, level := o.log.logger(stderr)
	if err := o.known.guard(&o.store, set, log); err != nil {
		return err
	}
	backend, err := o.store.open(set, log)
	if err != nil {
		return err
	}
	defer backend.Close()
	plain, secure, err := o.http.listeners(set)
	if err != nil {
		return err
	}
	s := &service{log: log, self: o.http.self(plain, secure)}
	if s.gate, err = o.http.gate(log); err != nil {
		return err
	}
	for _, l := range []net.Listener{plain, secure} {
		if l != nil {
			s.listeners = append(s.listeners, l)
			defer l.Close()
		}
	}
	mesosConfig, found, err := o.mesosConfig(set, s.self, log)
	if err != nil {
		return err
	}
	defer found.Close()
	if err := o.assemble(s, backend, mesosConfig, level); err != nil {
		return err
	}
	defer watchSignals(log, level)()
	defer o.http.watchAccess(s.gate, log)()
	for _, name := range set.Strangers(os.Environ()) {
		log.Warn("a variable of the environment is no setting", "variable", name)
	}
	for _, text := range o.chronos.warnings(set) {
		log.Warn(text)
	}
	if len(o.chronos.taken) > 0 {
		log.Info("settings were read as the packages of Chronos did", "files", o.chronos.taken)
	}
	log.Info("hora serves", "version", version, "self", s.self, "listening", s.addresses(), "settings", set.Summary())
	return s.run(ctx)
}

// logger makes the log and what changes its level.
func (o *logOptions) logger(w io.Writer) (*slog.Logger, *slog.LevelVar) {
	level := new(slog.LevelVar)
	_ = level.UnmarshalText([]byte(o.level)) // one of the words that the setting takes
	options := &slog.HandlerOptions{Level: level}
	if o.format == "json" {
		return slog.New(slog.NewJSONHandler(w, options)), level
	}
	return slog.New(slog.NewTextHandler(w, options)), level
}

// service is a scheduler that others may stand in for, and its HTTP servers.
type service struct {
	self      string
	listeners []net.Listener
	leader    *leader.Leader
	handler   http.Handler
	notifier  *notify.Notifier
	gate      *api.Gate // nil: nobody is asked who they are
	log       *slog.Logger
	broken    atomic.Pointer[error] // why this process cannot lead
}

// assemble wires the parts.
func (o *serveOptions) assemble(s *service, backend store.Backend, mesosConfig mesos.Config, level *slog.LevelVar) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := leader.NewMetrics()
	if err := metrics.Register(registry); err != nil {
		return err
	}
	peers, err := mesos.TLSFiles{CA: o.http.caPEM}.Load()
	if err != nil {
		return usageError{fmt.Errorf("--tls_ca: %w", err)}
	}
	if s.notifier, err = o.notify.notifier(s.log); err != nil {
		return err
	}
	if err := s.notifier.Register(registry); err != nil {
		return err
	}
	feed, mesosFramework := api.NewFeed(time.Now()), framework.New(mesosConfig)
	s.leader = leader.New(leader.Options{
		Store: store.New(backend), Cluster: mesosFramework, Config: o.schedulerConfig(), Self: s.self, Log: s.log, Metrics: metrics,
		Observe: func(now time.Time, list []scheduler.Notice) {
			journal{s}.write(list)
			s.notifier.Observe(now, list)
			feed.Observe(now, list)
		},
	})
	s.handler = o.guard(s.gate, s.member(api.New(api.Options{
		Scheduler: s.leader, Gate: s.gate, Store: "ZooKeeper " + strings.Join(serversOf(o.store.hosts), ",") + o.store.path, Gatherer: registry, Page: ui.Handler(), Log: s.log, Level: level, History: o.job.historyOfAnswer, Feed: feed,
		Cluster: clusterReads{operator.New(operator.Options{
			Master: mesosFramework.Master, Scheme: o.cluster.scheme, Principal: mesosConfig.Principal, Secret: string(mesosConfig.Secret),
			HTTP: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: mesosConfig.TLS}},
		})},
		Defaults: api.Defaults{CPUs: o.cluster.cpus, Mem: o.cluster.memory, Disk: o.cluster.disk, User: o.cluster.user, Epsilon: o.job.epsilon, RetryInterval: o.job.retry},
	}), peers), s.listeners...)
	return nil
}

// member puts before the API what a process answers for itself and passes on.
func (s *service) member(local http.Handler, peers *tls.Config) http.Handler {
	o := member.Options{
		View: s.leader.View, Self: s.self, Local: local, TLS: peers, Log: s.log, Version: version,
		Broken: func() error {
			if err := s.broken.Load(); err != nil && !s.leader.View().Leading {
				return *err
			}
			return nil
		},
	}
	if s.gate != nil {
		o.Vouch = s.gate.Vouch
	}
	return member.New(o)
}

// How a process ends.
const (
	drainTime = 300 * time.Millisecond // for requests in flight, before leadership is given up
	closeTime = 5 * time.Second        // for those that take longer, after it
)

// run serves until ctx ends or a listener fails. Then no more connections are
// taken, requests in flight are answered while this process still leads,
// leadership is handed over, and what takes longer is waited for.
func (s *service) run(ctx context.Context) error {
	server := newServer(s.handler, s.log)
	failed := make(chan error, len(s.listeners))
	var serving sync.WaitGroup
	for _, l := range s.listeners {
		serving.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- fmt.Errorf("listening on %s: %w", l.Addr(), err)
			}
		})
	}
	leading, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var telling sync.WaitGroup
	defer telling.Wait()
	telling.Go(func() { s.notifier.Run(leading) })
	handedOver := make(chan struct{})
	go func() {
		defer close(handedOver)
		s.lead(leading)
	}()
	var err error
	select {
	case <-ctx.Done():
		s.log.Info("stopping: leadership is handed over")
	case err = <-failed:
	}
	began := time.Now()
	bound, done := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer done()
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		if server.Shutdown(bound) != nil {
			_ = server.Close()
		}
	}()
	select {
	case <-drained:
	case <-time.After(drainTime):
	}
	stop()
	<-handedOver
	s.log.Info("handed over", "took", time.Since(began).Round(time.Millisecond))
	<-drained
	serving.Wait()
	return err
}

// newServer is the HTTP server of a scheduler. Answers may take as long as
// there is somebody who reads them.
func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: member.Rolling(h, time.Minute), ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// lookAgain is how long a process that cannot read what is stored waits before
// it tries again.
const lookAgain = 30 * time.Second

// lead campaigns and leads until ctx ends. What is stored and cannot be read
// does not end the process: it still passes requests on to another one that
// can, a newer one perhaps, and a person may mend what is stored.
func (s *service) lead(ctx context.Context) {
	for ctx.Err() == nil {
		err := s.leader.Run(ctx)
		if err == nil {
			return
		}
		s.broken.Store(&err)
		if errors.Is(err, store.ErrNewer) {
			s.log.Error("this process cannot lead: what is stored was written by a later release; upgrade hora on this machine, or go back with hora restore", "error", err, "version", version)
		} else {
			s.log.Error("this process cannot lead: what is stored cannot be used, and is left as it is; look at what the error names, or go back with hora restore", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(lookAgain):
		}
	}
}

// addresses are where this process listens.
func (s *service) addresses() []string {
	var out []string
	for _, l := range s.listeners {
		out = append(out, l.Addr().String())
	}
	return out
}
