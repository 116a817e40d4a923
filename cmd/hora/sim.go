package main

import (
	"fmt"
	"log/slog"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/cluster"
)

// simFlags describe a simulated cluster.
type simFlags struct {
	agents     int
	port       int
	resources  string
	allocation time.Duration
	profile    string
}

func (f *simFlags) add(c *cobra.Command, port int, resources string, allocation time.Duration) {
	c.Flags().IntVar(&f.agents, "agents", 3, "how many agents there are; they are called agent1, agent2 …")
	c.Flags().IntVar(&f.port, "mesos_port", port, "port of the simulated Mesos master on 127.0.0.1; 0 is a free one")
	c.Flags().StringVar(&f.resources, "agent_resources", resources, "what each agent has")
	c.Flags().DurationVar(&f.allocation, "allocation_interval", allocation, "how often free resources are offered")
	c.Flags().StringVar(&f.profile, "mesos_version", "1.11", "Mesos version to imitate: 1.0, 1.3, 1.4 or 1.11")
}

// config checks the flags and makes a cluster's configuration of them.
func (f *simFlags) config(log *slog.Logger) (cluster.Config, error) {
	if f.agents < 1 || f.agents > 1000 {
		return cluster.Config{}, badFlag("agents", f.agents, "a number from 1 to 1000")
	}
	if f.port < 0 || f.port > 65535 {
		return cluster.Config{}, badFlag("mesos_port", f.port, "a port from 0 to 65535")
	}
	if f.allocation < time.Millisecond || f.allocation > time.Hour {
		return cluster.Config{}, badFlag("allocation_interval", f.allocation, "a duration from 1ms to 1h")
	}
	if _, err := mesossim.ParseProfile(f.profile); err != nil {
		return cluster.Config{}, badFlag("mesos_version", f.profile, "1.0, 1.3, 1.4 or 1.11")
	}
	if !strings.Contains(f.resources, "cpus:") {
		return cluster.Config{}, badFlag("agent_resources", strconv.Quote(f.resources), "for example "+strconv.Quote(cluster.DefaultResources))
	}
	return cluster.Config{
		Version: f.profile, Addr: net.JoinHostPort("127.0.0.1", strconv.Itoa(f.port)),
		Agents: cluster.DefaultAgents(f.agents, f.resources), AllocationInterval: f.allocation, Log: log,
	}, nil
}

func simCommand() *cobra.Command {
	var f simFlags
	c := &cobra.Command{
		Use:   "mesos-sim",
		Short: "Run a simulated Mesos cluster that really runs commands, for tests of anything",
		Long: `Run a simulated Mesos master with agents, on the loopback interface only. It
speaks the v1 scheduler API; the agents run commands as processes of this
machine, in sandbox folders. Ctrl-C ends it and everything it started.`,
		Example: "  hora mesos-sim --agents 2 --mesos_port 5050",
		Args:    arguments(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			log := slog.New(slog.NewTextHandler(cmd.ErrOrStderr(), nil))
			cfg, err := f.config(log)
			if err != nil {
				return err
			}
			sim, err := cluster.Start(cmd.Context(), cfg)
			if err != nil {
				return fmt.Errorf("start the simulated cluster: %w", err)
			}
			defer sim.Close()
			fmt.Fprintf(cmd.OutOrStdout(), "Mesos master  %s  (%d agents, sandboxes in %s)\n", sim.MasterURL(), f.agents, sim.WorkDir())
			<-cmd.Context().Done()
			return sim.Close()
		},
	}
	f.add(c, 5050, cluster.DefaultResources, time.Second)
	return c
}
