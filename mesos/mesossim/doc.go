// Package mesossim is a Mesos master with its agents as a model: it takes the
// calls of frameworks, the reports of executors and the passing of time, and
// gives out the events that a real master would send and the commands that its
// agents would give to executors.
//
// A Model is pure: it has no clock, no goroutine, no lock and no I/O, and the
// same inputs give the same outputs. Time is an argument of every method and
// never goes backwards inside; a smaller one is taken as the latest. Package
// cluster puts a Model behind HTTP with real processes.
//
// What it does follows contract "Apache Mesos v1 scheduler API" (quoted as
// "Mesos contract") and the recordings of a real 1.3.2 master; where the two
// differ the recordings are right. It does not model reservations, quota,
// persistent volumes, custom executors or task groups.
package mesossim
