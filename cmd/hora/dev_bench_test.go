package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readLags reads how long after their slot commands ran: each wrote a line with
// its slot in milliseconds and the time in nanoseconds.
func readLags(b *testing.B, file string) []float64 {
	b.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	var out []float64
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		slot, at, found := strings.Cut(line, " ")
		ms, err1 := strconv.ParseInt(slot, 10, 64)
		ns, err2 := strconv.ParseInt(at, 10, 64)
		if !found || err1 != nil || err2 != nil {
			continue // not written to its end yet
		}
		out = append(out, float64(ns-ms*1e6)/1e6)
	}
	slices.Sort(out)
	return out
}

// cpu is how much time the process itself has used, without its children.
func (d *dev) cpu() time.Duration {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", d.cmd.Process.Pid))
	if err != nil {
		d.t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(text), ") ")
	f := strings.Fields(after)
	user, _ := strconv.Atoi(f[11])
	system, _ := strconv.Atoi(f[12])
	return time.Duration(user+system) * 10 * time.Millisecond
}

// BenchmarkDev reports, for `hora dev` with real commands: 2 jobs a second
// (with 500 idle jobs besides), and jobs that are due at one instant.
func BenchmarkDev(b *testing.B) {
	b.Run("2-a-second", func(b *testing.B) {
		dir := b.TempDir()
		file := filepath.Join(dir, "lags")
		d := startDev(b, dir, "--quiet")
		for i := range 500 {
			d.post(jobSpec{"name": fmt.Sprint("idle", i), "command": "true", "schedule": "R/2040-01-01T00:00:00Z/PT1H"})
		}
		const jobs, rounds = 20, 2
		start := time.Now().UTC().Truncate(time.Second).Add(2 * time.Second)
		for i := range jobs {
			at := start.Add(time.Duration(i) * 500 * time.Millisecond).Format("2006-01-02T15:04:05.000Z")
			d.post(jobSpec{"name": fmt.Sprint("j", i), "command": `echo "$CHRONOS_JOB_RUN_TIME $(date +%s%N)" >> ` + file, "schedule": fmt.Sprintf("R%d/%s/PT10S", rounds, at)})
		}
		before := d.cpu()
		for b.Loop() {
			until(func() bool { return len(readLags(b, file)) >= jobs*rounds })
		}
		lags := readLags(b, file)
		b.ReportMetric(lags[len(lags)/2], "p50-ms")
		b.ReportMetric(lags[len(lags)-1], "max-ms")
		b.ReportMetric(float64((d.cpu()-before).Microseconds())/1000/float64(len(lags)), "cpu-ms/run")
		b.ReportMetric(0, "ns/op")
	})
	for _, n := range []int{500, 1000} {
		b.Run(fmt.Sprintf("at-once=%d", n), func(b *testing.B) {
			dir := b.TempDir()
			file := filepath.Join(dir, "lags")
			d := startDev(b, dir, "--quiet")
			due := time.Now().UTC().Truncate(time.Second).Add(5 * time.Second)
			for i := range n {
				d.post(jobSpec{
					"name": fmt.Sprint("j", i), "command": `echo "$CHRONOS_JOB_RUN_TIME $(date +%s%N)" >> ` + file,
					"schedule": "R1/" + due.Format(time.RFC3339) + "/PT1H", "mem": 16,
				})
			}
			if time.Now().After(due) {
				b.Fatal("posting took too long")
			}
			before := d.cpu()
			for b.Loop() {
				until(func() bool { return len(readLags(b, file)) >= n })
			}
			lags := readLags(b, file)
			var all time.Time
			until(func() bool { // running as the scheduler knows it
				for i := range n {
					h := d.history(fmt.Sprint("j", i))
					if len(h) == 0 {
						return false
					}
					if at := h[0].Attempts[0].Running; at.After(all) {
						all = at
					}
				}
				return true
			})
			b.ReportMetric(lags[len(lags)/2], "p50-ms")
			b.ReportMetric(lags[len(lags)-1], "last-ms")
			b.ReportMetric(float64(all.Sub(due).Milliseconds()), "last-running-ms")
			b.ReportMetric(float64((d.cpu()-before).Microseconds())/1000/float64(n), "cpu-ms/run")
			b.ReportMetric(0, "ns/op")
		})
	}
}
