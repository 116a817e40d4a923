// Package detector finds the leading Mesos master: from what a --master flag
// says, a list of masters or the ZooKeeper group in which they elect a leader.
//
// It only reads ZooKeeper. It survives its absence: the leader that was known
// last is kept, and connecting is tried for ever. It does not ask masters
// whether they lead; a master that does not says so itself, to package mesos.
package detector
