// Package chaos tests hora as it is run: three processes of the binary, a real
// ZooKeeper, and a simulated Mesos cluster that really runs commands, with a
// proxy that misbehaves on every way between them. Processes are killed and put
// to sleep, servers die and come back, agents are lost. The commands themselves
// write down when they ran; what must never happen is looked for in that.
//
// The workload and the checker are those by which Jepsen tested Chronos in 2015,
// scaled to minutes, and jobs that are due every few seconds, of which no slot
// may be lost and none may run twice. The package contains tests only: a short
// form in `make test`, a long one in `make chaos`.
package chaos
