package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/member"
	"github.com/hora-scheduler/hora/mesos"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
	"github.com/hora-scheduler/hora/mesos/operator"
	"github.com/hora-scheduler/hora/notify"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/framework"
	"github.com/hora-scheduler/hora/scheduler/leader"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/store/bolt"
	"github.com/hora-scheduler/hora/ui"
)

// devOptions are the flags of hora dev.
type devOptions struct {
	address      string
	hosts        []string
	port         int
	dataDir      string
	failureRetry int
	taskEpsilon  int
	disableAfter int64
	history      int
	quiet        bool
	generate     int
	level        slog.LevelVar // of the log; /logging changes it
	sim          simFlags
	notify       notifyFlags
	files        []string
}

// devResources is what an agent of hora dev has: enough that thousands of
// small jobs run at once, as the machine itself is the limit.
const devResources = "cpus:1000;mem:4194304;disk:16777216;ports:[31000-61000]"

func devCommand() *cobra.Command {
	var o devOptions
	c := &cobra.Command{
		Use:   "dev [flags] [FILE…]",
		Short: "Run everything in one process, with a simulated cluster that really runs the jobs",
		Long: `Run the API, the page, the scheduler, an embedded store and a simulated Mesos
cluster in one process. Jobs run as real processes of this machine. The jobs in
FILE (job files: YAML, JSON as Chronos writes it, HOCON) are made or
replaced first. Ctrl-C stops it; started again, it goes on where it was.`,
		Example: "  hora dev examples/*.json\n  hora dev --data_dir /tmp/hora --http_port 8080",
		RunE: func(cmd *cobra.Command, args []string) error {
			o.files = args
			if err := o.check(); err != nil {
				return err
			}
			return o.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&o.address, "http_address", "127.0.0.1", "address to listen on")
	f.StringSliceVar(&o.hosts, "allowed_hosts", nil, "names by which it may be asked for, besides localhost; on a loopback address others are refused")
	f.IntVar(&o.port, "http_port", 4400, "port to listen on; 0 is a free one")
	f.StringVar(&o.dataDir, "data_dir", "hora-data", "folder of the store and of the sandboxes")
	f.IntVar(&o.failureRetry, "failure_retry", 60000, "milliseconds between a failed attempt and the next, for jobs that do not say")
	f.IntVar(&o.taskEpsilon, "task_epsilon", 60, "start deadline in seconds, for jobs that are posted under /scheduler without one")
	f.Int64Var(&o.disableAfter, "disable_after_failures", 0, "disable a job after so many failures without a success; 0 is never")
	f.IntVar(&o.history, "history", 50, "how many ended runs of each job are kept")
	f.BoolVar(&o.quiet, "quiet", false, "print no line per run")
	f.IntVar(&o.generate, "generate", 0, "make so many jobs, to see how hora does with them")
	o.notify.add(f)
	o.sim.add(c, 0, devResources, 50*time.Millisecond)
	return c
}

func (o *devOptions) check() error {
	switch {
	case net.ParseIP(o.address) == nil:
		return badFlag("http_address", o.address, "an IP address such as 127.0.0.1")
	case o.port < 0 || o.port > 65535:
		return badFlag("http_port", o.port, "a port from 0 to 65535")
	case slices.ContainsFunc(o.hosts, func(h string) bool { return h == "" || checkHost(h) != nil }):
		return badFlag("allowed_hosts", strings.Join(o.hosts, ","), "names of hosts, without scheme and port, separated by commas")
	case o.dataDir == "":
		return badFlag("data_dir", `""`, "a folder")
	case o.failureRetry < 0 || o.failureRetry > 30*24*3600*1000:
		return badFlag("failure_retry", o.failureRetry, "milliseconds from 0 to 30 days")
	case o.taskEpsilon < 0 || o.taskEpsilon > 366*24*3600:
		return badFlag("task_epsilon", o.taskEpsilon, "seconds from 0 to a year")
	case o.disableAfter < 0:
		return badFlag("disable_after_failures", o.disableAfter, "0 or more")
	case o.generate < 0 || o.generate > maxGenerated:
		return badFlag("generate", o.generate, "a number of jobs from 0 to 1000000")
	case o.history < 1 || o.history > 100000:
		return badFlag("history", o.history, "a number from 1 to 100000")
	}
	if _, err := o.notify.notifier(slog.New(slog.DiscardHandler)); err != nil {
		return err
	}
	_, err := o.sim.config(nil)
	return err
}

// run starts everything, and stops it in the reverse order when ctx ends.
func (o *devOptions) run(ctx context.Context, stdout, stderr io.Writer) error {
	reserveHeap()
	began := time.Now()
	o.level.Set(slog.LevelWarn)
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: &o.level}))
	backend, err := bolt.Open(o.dataDir)
	if err != nil {
		return err
	}
	defer backend.Close()
	if os.Getuid() == 0 { // tasks of other users, which only root starts, have to get through to their sandboxes
		if err := os.Chmod(o.dataDir, 0o711); err != nil {
			return fmt.Errorf("--data_dir: %w", err)
		}
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(o.address, strconv.Itoa(o.port)))
	if err != nil {
		return fmt.Errorf("--http_address, --http_port: %w", err)
	}
	defer listener.Close()

	simConfig, err := o.sim.config(nil)
	if err != nil {
		return err
	}
	if simConfig.WorkDir, err = filepath.Abs(filepath.Join(o.dataDir, "sandboxes")); err != nil {
		return err
	}
	sim, err := cluster.Start(context.WithoutCancel(ctx), simConfig)
	if err != nil {
		return fmt.Errorf("start the simulated cluster: %w", err)
	}
	defer sim.Close()

	program, err := o.assemble(backend, sim.MasterURL(), listener.Addr().String(), stdout, log)
	if err != nil {
		return err
	}
	err = program.run(ctx, listener, func(base string) error {
		fmt.Fprintf(stdout, "hora          %s  (page, API, /metrics; ready in %s)\n", base, short(time.Since(began)))
		fmt.Fprintf(stdout, "Mesos master  %s  (simulated, %d agents)\n", sim.MasterURL(), o.sim.agents)
		fmt.Fprintf(stdout, "data          %s\n", o.dataDir)
		if err := program.generate(ctx, o.generate, stdout); err != nil {
			return err
		}
		return loadFiles(ctx, base, o.files, stdout)
	})
	if err == nil {
		fmt.Fprintln(stdout, "stopped       the next start goes on from here; tasks that ran will be run again")
	}
	return err
}

// assemble wires the parts of a scheduler that runs in this process.
func (o *devOptions) assemble(backend store.Backend, master, self string, stdout io.Writer, log *slog.Logger) (*program, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	metrics := leader.NewMetrics()
	if err := metrics.Register(registry); err != nil {
		return nil, err
	}
	cfg := scheduler.DefaultConfig()
	cfg.RetryInterval = time.Duration(o.failureRetry) * time.Millisecond
	cfg.DisableAfterFailures, cfg.History, cfg.MinRevive = o.disableAfter, uint64(o.history), 10*time.Millisecond
	mesosConfig := mesos.Config{Detector: mesos.Masters(master), Framework: framework.Info("hora-dev", currentUser()), Logger: log}
	mesosFramework := framework.New(mesosConfig)
	options := leader.Options{
		Store: store.New(backend), Cluster: mesosFramework, Config: cfg, Self: self, Log: log, Metrics: metrics,
	}
	notifier, err := o.notify.notifier(log)
	if err != nil {
		return nil, err
	}
	if err := notifier.Register(registry); err != nil {
		return nil, err
	}
	feed := api.NewFeed(time.Now())
	observers := []func(time.Time, []scheduler.Notice){notifier.Observe, feed.Observe}
	if !o.quiet {
		observers = append(observers, newConsole(stdout).show)
	}
	options.Observe = func(now time.Time, list []scheduler.Notice) {
		for _, observe := range observers {
			observe(now, list)
		}
	}
	l := leader.New(options)
	handler := api.New(api.Options{
		Scheduler: l,
		Defaults:  api.Defaults{CPUs: .1, Mem: 128, Disk: 256, User: currentUser(), Epsilon: time.Duration(o.taskEpsilon) * time.Second, RetryInterval: cfg.RetryInterval},
		Gatherer:  registry, Page: ui.Handler(), Log: log, Level: &o.level, Feed: feed, Store: o.dataDir,
		Cluster: clusterReads{operator.New(operator.Options{Master: mesosFramework.Master})},
	})
	handler = member.New(member.Options{View: l.View, Self: self, Local: handler, Log: log, Version: version})
	if net.ParseIP(o.address).IsLoopback() {
		handler = api.Local(handler, o.hosts)
	}
	return &program{leader: l, handler: handler, notifier: notifier, log: log}, nil
}

// program is a scheduler and its HTTP server.
type program struct {
	leader   *leader.Leader
	handler  http.Handler
	notifier *notify.Notifier
	log      *slog.Logger
}

// shutdownTime is how long requests in flight are waited for.
const shutdownTime = 2 * time.Second

// run serves until ctx ends or a part gives up; ready is called once the
// process leads.
func (p *program) run(ctx context.Context, listener net.Listener, ready func(base string) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	server := newServer(p.handler, p.log)
	var telling sync.WaitGroup
	defer telling.Wait()
	telling.Go(func() { p.notifier.Run(ctx) })
	ended := make(chan error, 2)
	go func() { ended <- p.leader.Run(ctx) }()
	go func() { ended <- server.Serve(listener) }()
	base := "http://" + listener.Addr().String()
	err := waitLeading(ctx, p.leader)
	if err == nil {
		err = ready(base)
	}
	if err == nil {
		select {
		case <-ctx.Done():
		case err = <-ended:
			ended <- nil
		}
	}
	stop, done := context.WithTimeout(context.WithoutCancel(ctx), shutdownTime)
	defer done()
	if server.Shutdown(stop) != nil {
		_ = server.Close()
	}
	cancel(nil)
	for range 2 {
		if e := <-ended; err == nil && !errors.Is(e, http.ErrServerClosed) {
			err = e
		}
	}
	return err
}

// waitLeading waits until the process leads.
func waitLeading(ctx context.Context, l *leader.Leader) error {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !l.View().Leading {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
	return nil
}

// currentUser is the name that tasks run as if a job does not say.
func currentUser() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return "root"
}
