// Package cluster puts a mesossim.Model behind HTTP: a master with the v1
// scheduler API and the read side that a framework needs, and agents with their
// own listeners that run commands as real processes and serve their sandboxes.
//
// It is the whole cluster of "hora dev" and of end-to-end tests, in one process:
//
//	c, err := cluster.Start(ctx, cluster.Config{})
//	if err != nil { … }
//	defer c.Close()
//	use(c.MasterURL())
//
// There may be several masters, which elect a leader among themselves or in a
// real ZooKeeper. Faults makes things go wrong. It does not imitate the operator
// API beyond what is read, nor TLS.
package cluster
