package api

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// look returns a view to read from. A process that lost the leadership and does
// not know of another leader shows what it knew last; one that has a better
// place to ask says so.
func (s *server) look() (*leader.View, error) {
	v := s.Scheduler.View()
	if !v.Leading && (v.Term == 0 || v.Leader != "") {
		return nil, leader.ErrNotLeader
	}
	return v, nil
}

// noJob is how Chronos says that a job is not there. 3.0.2 has two words for it.
func noJob(word, name string) error {
	return &sentence{text: "requirement failed: " + word + " '" + name + "' not found"}
}

// schedule word of each release, where they differ.
func jobWord(d dialect) string {
	if d == v30 {
		return "JobSchedule"
	}
	return "Job"
}

// do sends an event about a job; word is what Chronos calls a job that is missing.
func (s *server) do(c call, word, name string, ev scheduler.Event) (response, error) {
	err := s.Scheduler.Do(c.Context(), ev)
	if errors.Is(err, scheduler.ErrNoJob) {
		err = noJob(word, name)
	}
	return response{}, err
}

// streamJobs writes a list of jobs on one line, as chronos-sync needs it.
func (s *server) streamJobs(c call, each func(func(*leader.Job) bool)) response {
	who := callerOf(c.Context())
	return response{stream: func(out io.Writer) error {
		var w writer
		w.open('[')
		var err error
		each(func(j *leader.Job) bool {
			w.job(who.job(j), c.dialect, s.shown.text(j))
			err = w.drain(out)
			return err == nil
		})
		w.close(']')
		return errors.Join(err, w.drain(out))
	}}
}

// listJobs gives all jobs in the order in which they were made. 3.0.2 shows
// uris as fetch, too, and the other way round, here only.
func (s *server) listJobs(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	return s.streamJobs(c, func(yield func(*leader.Job) bool) {
		for j := range v.Created() {
			if c.dialect == v30 {
				j = filled(j)
			}
			if !yield(j) {
				return
			}
		}
	}), nil
}

// filled returns a copy of a job in which uris and fetch say the same.
func filled(j *leader.Job) *leader.Job {
	if len(j.Job.URIs) == 0 && len(j.Job.Fetch) == 0 {
		return j
	}
	def, rec, out := *j.Job, *j.JobRecord, *j
	rec.Job, out.JobRecord = &def, &rec
	if len(def.Fetch) == 0 {
		for _, uri := range def.URIs {
			def.Fetch = append(def.Fetch, job.Fetch{URI: uri, Extract: true})
		}
		return &out
	}
	def.URIs = nil
	for _, f := range def.Fetch {
		def.URIs = append(def.URIs, f.URI)
	}
	return &out
}

// searchJobs looks for texts in names and commands (Chronos contract 1.3). any
// alone finds jobs that have it in one of the two; in Chronos it found all.
func (s *server) searchJobs(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	q := c.URL.Query()
	name, command, any := strings.ToLower(q.Get("name")), strings.ToLower(q.Get("command")), strings.ToLower(q.Get("any"))
	limit, ok1 := javaInt(q.Get("limit"), 10)
	offset, ok2 := javaInt(q.Get("offset"), 0)
	if !ok1 || !ok2 {
		return response{}, &failure{status: http.StatusNotFound} // Jersey's rule for numbers that are none
	}
	finds := func(j *leader.Job) bool {
		n, k := strings.ToLower(j.Job.Name), strings.ToLower(j.Job.Command)
		if any != "" && (strings.Contains(n, any) || strings.Contains(k, any)) {
			return true
		}
		return (any == "" || name != "" || command != "") && strings.Contains(n, name) && strings.Contains(k, command)
	}
	return s.streamJobs(c, func(yield func(*leader.Job) bool) {
		at := int64(0)
		for j := range v.Created() {
			if at >= offset+limit {
				return
			}
			if !finds(j) {
				continue
			}
			if at >= max(offset, 0) && !yield(j) {
				return
			}
			at++
		}
	}), nil
}

// javaInt reads a number of 32 bits; an empty text is the default.
func javaInt(text string, missing int64) (int64, bool) {
	if strings.TrimSpace(text) == "" {
		return missing, true
	}
	n, err := strconv.ParseInt(text, 10, 32)
	return n, err == nil
}

func (s *server) getJob(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	name := c.segment("name")
	j := v.Job(name)
	if j == nil {
		return response{}, noJob("Job", name)
	}
	var w writer
	w.job(callerOf(c.Context()).job(j), c.dialect, s.shown.text(j))
	return jsonBody(w.buf), nil
}

func (s *server) deleteJob(c call) (response, error) {
	name := c.segment("name")
	return s.do(c, jobWord(c.dialect), name, scheduler.DeleteJob{Name: name})
}

func (s *server) killJob(c call) (response, error) {
	name := c.segment("name")
	return s.do(c, jobWord(c.dialect), name, scheduler.KillJob{Name: name})
}

// runJob runs a job now. 2.4.0 took arguments and did nothing with them; 3.0.2
// takes semicolons out of them, in vain, as it quotes nothing.
func (s *server) runJob(c call) (response, error) {
	name := c.segment("name")
	ev := scheduler.RunJob{Name: name}
	a := c.URL.Query().Get("arguments")
	if c.dialect == v30 {
		a = strings.ReplaceAll(a, ";", "")
	}
	if strings.TrimSpace(a) != "" {
		ev.Override, ev.Arguments = true, []string{a}
	}
	return s.do(c, "Job", name, ev)
}

// markSuccess answers in words and with 200, whether there is such a job or not.
func (s *server) markSuccess(c call) (response, error) {
	name := c.segment("name")
	err := s.Scheduler.Do(c.Context(), scheduler.MarkSuccess{Name: name})
	if err != nil && !errors.Is(err, scheduler.ErrNoJob) {
		return response{}, err
	}
	return response{body: []byte("marked job " + name + " as successful: " + strconv.FormatBool(err == nil))}, nil
}

func (s *server) leader(call) (response, error) {
	var w writer
	w.open('{')
	// host:port, as Chronos has it, also of a leader that speaks https only.
	w.key("leader").text(strings.TrimPrefix(s.Scheduler.View().Leader, "https://"))
	w.close('}')
	return jsonBody(w.buf), nil
}

// lastResult says how a job's last run ended (Chronos contract 1.3).
func lastResult(st *scheduler.JobState) string {
	switch {
	case st.LastSuccess.IsZero() && st.LastError.IsZero():
		return "fresh"
	case st.LastSuccess.IsZero():
		return "failure"
	case st.LastError.IsZero() || st.LastSuccess.After(st.LastError):
		return "success"
	}
	return "failure"
}

// doing counts a job's runs that have a task and those that want one now. A
// run between two attempts is neither, as in Chronos (contract 8.3).
func doing(j *leader.Job, now time.Time) (running, queued int) {
	for _, r := range j.Runs {
		switch {
		case r.State == scheduler.Launched || r.State == scheduler.Awaiting:
			running++
		case r.State == scheduler.Waiting || !r.NotBefore.After(now):
			queued++
		}
	}
	return running, queued
}

// state is what a job is doing, in the words of a release.
func state(j *leader.Job, d dialect, now time.Time) string {
	running, queued := doing(j, now)
	switch {
	case running > 0 && d == v24:
		return "running"
	case running > 0:
		return strconv.Itoa(running) + " running"
	case queued > 0:
		return "queued"
	}
	return "idle"
}

func (s *server) summary(c call) (response, error) {
	v, err := s.look()
	if err != nil {
		return response{}, err
	}
	now := time.Now()
	return response{stream: func(out io.Writer) error {
		var w writer
		w.open('{')
		w.key("jobs").open('[')
		for j := range v.Created() {
			w.open('{')
			w.key("name").text(j.Job.Name)
			w.key("status").text(lastResult(j.State))
			w.key("state").text(state(j, c.dialect, now))
			w.key("schedule").text(s.shown.text(j))
			w.key("parents").texts(parentsOf(j))
			w.key("disabled").bool(j.Job.Disabled)
			w.close('}')
			if err := w.drain(out); err != nil {
				return err
			}
		}
		w.close(']')
		w.close('}')
		return w.drain(out)
	}}, nil
}
