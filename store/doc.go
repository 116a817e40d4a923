// Package store keeps records: what hora knows about jobs and runs, in an
// encoded form that every later release can read, over a small [Backend] that
// knows nothing but bytes under keys and who may write them.
//
// A Backend is also the place of the election. To lead is to hold a [Term],
// and every commit carries the term it belongs to, so that a process that was
// deposed and does not know it yet cannot write: its commits fail with
// [ErrFenced]. What must be written together goes into one commit, which is
// written as a whole or not at all.
//
// The store decides nothing. It keeps no log, has no queries other than by the
// beginning of a key, and does not tell readers about changes: the leader
// loads all records once, when its term begins, and then holds them itself.
// Backends are the packages bolt (one file, one process), zookeeper and memory
// (tests and simulation); package storetest is the suite that each of them
// passes.
package store
