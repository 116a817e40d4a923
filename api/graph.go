package api

import (
	"io"
	"strconv"
	"time"

	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// parentsOf are the names that a job depends on, be it by parents or by trigger.
func parentsOf(j *leader.Job) []string {
	if j.Job.Trigger == "" {
		return j.Job.Parents
	}
	t, err := jobgraph.ParseTrigger(j.Job.Trigger)
	if err != nil {
		return nil // what is stored has been read before
	}
	return t.Names()
}

// lines streams text that each makes piece by piece.
func lines(each func(add func(parts ...string) bool)) response {
	return response{kind: "text/plain", stream: func(out io.Writer) error {
		var err error
		each(func(parts ...string) bool {
			for _, p := range parts {
				if err == nil {
					_, err = io.WriteString(out, p)
				}
			}
			return err == nil
		})
		return err
	}}
}

// graphDot draws the jobs for Graphviz, numbered in the order in which they
// were made (Chronos contract 1.10).
func (s *server) graphDot(call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	return lines(func(add func(...string) bool) {
		number := make(map[string]string, v.Len())
		ok := add("digraph G {\n")
		for j := range v.Created() {
			n := strconv.Itoa(len(number) + 1)
			number[j.Job.Name] = n
			ok = ok && add("  ", n, " [ label=", string(appendText(nil, j.Job.Name)), " ];\n")
		}
		for j := range v.Created() {
			for _, p := range parentsOf(j) {
				ok = ok && add("  ", number[p], " -> ", number[j.Job.Name], ";\n")
			}
		}
		if ok {
			add("}\n")
		}
	}), nil
}

// graphCSV lists jobs and edges, one a line.
func (s *server) graphCSV(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	now := time.Now()
	return lines(func(add func(...string) bool) {
		ok := true
		for j := range v.Created() {
			ok = ok && add("node,", j.Job.Name, ",", lastResult(j.State), ",", state(j, c.dialect, now), "\n")
		}
		for j := range v.Created() {
			for _, p := range parentsOf(j) {
				ok = ok && add("link,", p, ",", j.Job.Name, "\n")
			}
		}
	}), nil
}
