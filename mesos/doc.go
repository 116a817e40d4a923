// Package mesos is a client of the Mesos v1 scheduler HTTP API: it finds the
// leading master, keeps a framework subscribed, delivers events in order and
// sends calls in order.
//
// A Client makes Sessions; a Session is one subscription, from SUBSCRIBED to
// the end of the stream. Run does what a framework needs: it subscribes again,
// with pauses, until its context ends.
//
// On the wire it speaks protobuf in HTTP/1.1, over two connections: one holds
// the stream of events, on the other the calls follow each other without
// waiting for answers, as the master handles the calls of one connection in the
// order of their arrival (Mesos contract 1.2). It goes through no HTTP proxy,
// follows redirects only while it subscribes and never sends a call twice.
//
// The package knows no jobs and decides nothing about offers, tasks or
// acknowledgements.
package mesos
