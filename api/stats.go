package api

import (
	"slices"
	"strconv"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// percentiles are the names of stats/{percentile}, in the order of job/stat.
// Chronos' mean is the median, too; here it is the mean.
var percentiles = []struct {
	name string
	of   func(sorted []float64) float64
}{
	{"75thPercentile", func(v []float64) float64 { return quantile(v, .75) }},
	{"95thPercentile", func(v []float64) float64 { return quantile(v, .95) }},
	{"98thPercentile", func(v []float64) float64 { return quantile(v, .98) }},
	{"99thPercentile", func(v []float64) float64 { return quantile(v, .99) }},
	{"median", func(v []float64) float64 { return quantile(v, .5) }},
	{"mean", func(v []float64) float64 { return distribute(v, 0).Mean }},
}

// runTimes are the durations of a job's successes that are in its history, sorted.
func runTimes(c call, v *leader.View, j *leader.Job) ([]float64, error) {
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return nil, err
	}
	return timesOf(entries), nil
}

func timesOf(entries []*scheduler.Entry) []float64 {
	var out []float64
	for _, e := range entries {
		if ms, ok := took(e); ok {
			out = append(out, ms)
		}
	}
	slices.Sort(out)
	return out
}

// stats gives one figure of the run times of each job, in seconds, the largest
// first; of equal ones the newest job first (Chronos contract 1.9).
func (s *server) stats(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	var figure func([]float64) float64
	switch name := c.segment("percentile"); {
	case name == "count":
		figure = func(v []float64) float64 { return float64(len(v)) }
	default:
		for _, p := range percentiles {
			if p.name == name {
				figure = p.of
			}
		}
	}
	if figure == nil {
		return jsonBody([]byte("[]")), nil
	}
	type row struct {
		name string
		time float64
	}
	var rows []row
	for j := range v.Created() {
		r := row{name: j.Job.Name}
		if j.State.Entries > 0 {
			times, err := runTimes(c, v, j)
			if err != nil {
				return response{}, err
			}
			r.time = figure(times) / 1000
		}
		rows = append(rows, r)
	}
	slices.Reverse(rows)
	slices.SortStableFunc(rows, func(a, b row) int {
		switch {
		case a.time > b.time:
			return -1
		case a.time < b.time:
			return 1
		}
		return 0
	})
	var w writer
	w.open('[')
	for _, r := range rows {
		w.open('{')
		w.key("jobNameLabel").text(r.name)
		w.key("time").double(r.time)
		w.close('}')
	}
	w.close(']')
	return jsonBody(w.buf), nil
}

// jobStat describes the run times of a job, in milliseconds, and lists its
// latest runs, which Chronos could only with Cassandra.
func (s *server) jobStat(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	name := c.segment("name")
	j := v.Job(name)
	if j == nil {
		return response{}, noJob("Job", name)
	}
	entries, err := v.History(c.Context(), j)
	if err != nil {
		return response{}, err
	}
	times := timesOf(entries)
	var w writer
	w.open('{')
	w.key("histogram").open('{')
	for _, p := range percentiles {
		w.key(p.name).double(p.of(times))
	}
	w.key("count").int(int64(len(times)))
	w.close('}')
	w.key("taskStatHistory").open('[')
	w.taskStats(j, entries, s.History)
	w.close(']')
	w.close('}')
	return jsonBody(w.buf), nil
}

// taskStats writes the tasks that a job has and had, newest first.
func (w *writer) taskStats(j *leader.Job, entries []*scheduler.Entry, limit int) {
	for i := len(j.Runs) - 1; i >= 0 && limit > 0; i-- {
		if t := j.Runs[i].Task; t != nil && !t.Running.IsZero() {
			limit--
			w.taskStat(j.Job.Name, scheduler.Attempt{TaskID: t.ID, AgentID: t.AgentID, Running: t.Running, Elements: t.Elements}, "Running")
		}
	}
	for i := len(entries) - 1; i >= 0; i-- {
		e := entries[i]
		for k := len(e.Attempts) - 1; k >= 0 && limit > 0; k-- {
			limit--
			status := "Fail"
			if e.Attempts[k].State == scheduler.TaskFinished {
				status = "Success"
			}
			w.taskStat(j.Job.Name, e.Attempts[k], status)
		}
	}
}

func (w *writer) taskStat(name string, a scheduler.Attempt, status string) {
	at := func(t time.Time) string {
		if t.IsZero() {
			return "N/A"
		}
		return t.UTC().Format("01/02/06 15:04:05")
	}
	w.open('{')
	w.key("taskId").text(a.TaskID)
	w.key("jobName").text(name)
	w.key("slaveId").text(a.AgentID)
	w.key("startTime").text(at(a.Running))
	w.key("endTime").text(at(a.Ended))
	if !a.Running.IsZero() && !a.Ended.IsZero() {
		w.key("duration").text(durationText(a.Ended.Sub(a.Running)))
	}
	w.key("status").text(status)
	if a.Elements > 0 {
		w.key("numElementsProcessed").int(a.Elements)
	}
	w.close('}')
}

// durationText writes 1h2m3s: no hours or minutes if there are none, always seconds.
func durationText(d time.Duration) string {
	seconds := int64(max(d, 0) / time.Second)
	text := ""
	if h := seconds / 3600; h > 0 {
		text = strconv.FormatInt(h, 10) + "h"
	}
	if m := seconds / 60 % 60; m > 0 {
		text += strconv.FormatInt(m, 10) + "m"
	}
	return text + strconv.FormatInt(seconds%60, 10) + "s"
}
