package main

import (
	"context"
	"errors"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/mesos/operator"
)

// clusterReads gives the API what agents and the master tell.
type clusterReads struct{ *operator.Client }

// Agents implements api.Cluster.
func (c clusterReads) Agents(ctx context.Context) ([]api.Agent, error) {
	list, err := c.Client.Agents(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]api.Agent, 0, len(list))
	for _, a := range list {
		out = append(out, api.Agent{
			ID: a.ID, Hostname: a.Hostname, Active: a.Active, Version: a.Version, Attributes: a.Attributes,
			CPUs: a.CPUs, Mem: a.Mem, Disk: a.Disk, GPUs: a.GPUs, UsedCPUs: a.UsedCPUs, UsedMem: a.UsedMem,
		})
	}
	return out, nil
}

// Files implements api.Cluster.
func (c clusterReads) Files(ctx context.Context, s api.Sandbox) ([]api.File, error) {
	list, err := c.Client.Files(ctx, operator.Task(s))
	if err != nil {
		return nil, sandboxError(err)
	}
	out := make([]api.File, 0, len(list))
	for _, f := range list {
		out = append(out, api.File(f))
	}
	return out, nil
}

// Read implements api.Cluster.
func (c clusterReads) Read(ctx context.Context, s api.Sandbox, name string, offset, length int64) ([]byte, int64, error) {
	data, size, err := c.Client.Read(ctx, operator.Task(s), name, offset, length)
	return data, size, sandboxError(err)
}

func sandboxError(err error) error {
	switch {
	case errors.Is(err, operator.ErrGone), errors.Is(err, operator.ErrNoAgent):
		return api.ErrSandboxGone
	case errors.Is(err, operator.ErrNoFile):
		return api.ErrNoFile
	}
	return err
}
