// Package simulation runs the whole of hora's deciding in virtual time, from a
// seed: several scheduler processes with the real core, the real store codec
// and a model of a Mesos cluster, while processes crash or fall asleep between
// any two deeds, the store goes away, messages get lost and agents vanish.
//
// It is a test and nothing else: all of it is in test files. Run is a pure
// function of its seed; what happened is a log, and Check, a pure function of
// the log, knows every promise. A seed that fails is run again with
//
//	go test ./scheduler/simulation -run TestSimulation -seed N
//
// It does not test the shell with its goroutines (package scheduler/leader
// does), nor HTTP, nor real stores.
package simulation
