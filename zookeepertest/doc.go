// Package zookeepertest starts real ZooKeeper servers on loopback for tests:
// one that all tests of a binary share, each below a path of its own, and
// private ones that a test may kill, stop, wipe and start again.
//
// The servers come from the Debian package zookeeper, which `make test`
// installs, or from the directory of jars that HORA_ZOOKEEPER_JARS names. With
// HORA_TEST_ZK=host:port the shared server is the one there. Without any of
// them tests are skipped, but with HORA_CI=1 they fail.
//
// A test binary that uses it calls [Main] in its TestMain.
package zookeepertest
