//go:build !linux

package zookeepertest

import "os/exec"

// bind does nothing: the process outlives a test binary that is killed.
func bind(*exec.Cmd) {}
