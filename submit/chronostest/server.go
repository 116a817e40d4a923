// Package chronostest plays a Chronos 2.4.0 or 3.0.2 for tests of clients: it
// keeps jobs and answers as the recorded servers did, in its own code, so that
// a client is not tested against hora's idea of Chronos. It runs nothing.
package chronostest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/schedule"
)

// Server is a Chronos. Its methods may be called while it serves.
type Server struct {
	V24 bool // 2.4.0; otherwise it is 3.0.2
	Lag int  // of 3.0.2: after so many lists a new job is shown

	mu    sync.Mutex
	names []string // in the order in which jobs were made
	jobs  map[string]map[string]any
	lag   map[string]int
	ran   []string
	posts int
}

// Posts counts the definitions that were taken.
func (s *Server) Posts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.posts
}

// Set changes a field of a job behind the client's back, as a run does.
func (s *Server) Set(name, field string, value any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.jobs[name][field] = value
}

// Field is what the server has of a job, nil if there is none.
func (s *Server) Field(name, field string) any {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.jobs[name][field]
}

// Ran are the runs and kills that were ordered, such as "run a -v" and "kill a".
func (s *Server) Ran() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.ran)
}

// ServeHTTP answers.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.jobs == nil {
		s.jobs, s.lag = make(map[string]map[string]any), make(map[string]int)
	}
	root := "/v1/scheduler/"
	if s.V24 {
		root = "/scheduler/"
	}
	path, ours := strings.CutPrefix(r.URL.EscapedPath(), root)
	if !ours {
		page(w, map[bool]int{true: http.StatusNotFound, false: http.StatusMethodNotAllowed}[r.Method == http.MethodGet || r.Method == http.MethodPost])
		return
	}
	parts := strings.Split(path, "/")
	for i := range parts {
		parts[i], _ = url.PathUnescape(parts[i])
	}
	switch key := r.Method + " " + parts[0]; {
	case len(parts) == 1 && (key == "POST iso8601" || key == "POST dependency" || s.V24 && (key == "PUT iso8601" || key == "PUT dependency")):
		s.post(w, r, parts[0] == "dependency")
	case len(parts) == 1 && (parts[0] == "iso8601" || parts[0] == "dependency"):
		w.WriteHeader(http.StatusMethodNotAllowed)
	case key == "GET jobs" && len(parts) == 1:
		s.list(w, "")
	case path == "jobs/search" && r.Method == http.MethodGet:
		s.list(w, r.URL.Query().Get("name"))
	case path == "jobs/summary" && !s.V24:
		s.summary(w)
	case path == "leader" && !s.V24:
		fmt.Fprint(w, `{"leader":"127.0.0.1:4400"}`)
	case key == "DELETE job" && len(parts) == 2, key == "PUT job" && len(parts) == 2, key == "GET job" && len(parts) == 2 && !s.V24:
		s.one(w, r, parts[1])
	case key == "DELETE task" && len(parts) == 3 && parts[1] == "kill":
		s.kill(w, parts[2])
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

// page is the container's page of an error.
func page(w http.ResponseWriter, status int) {
	w.Header().Set("Content-Type", "text/html;charset=ISO-8859-1")
	w.WriteHeader(status)
	fmt.Fprintf(w, "<html>\n<head><title>Error %d</title></head><body></body></html>\n", status)
}

// refuse answers 400 as each release does.
func (s *Server) refuse(w http.ResponseWriter, text string, plain bool) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	switch {
	case s.V24 && plain:
	case s.V24:
		fmt.Fprint(w, "requirement failed: "+text)
	case plain:
		answer(w, struct {
			Message string `json:"message"`
			Status  string `json:"status"`
		}{text, "Bad Request"})
	default:
		answer(w, struct {
			Message string `json:"message"`
			Status  string `json:"status"`
		}{"java.lang.IllegalArgumentException: requirement failed: " + text + "\n\tat scala.Predef$.require(Predef.scala:224)", "Bad Request"})
	}
}

func answer(w io.Writer, v any) {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(v) // a client that is gone needs no answer
}

var (
	names24  = regexp.MustCompile(`^[\w\s#_-]+$`)
	names30  = regexp.MustCompile(`^[\w.-]+$`)
	interval = regexp.MustCompile(`^(R[0-9]*)/(.*)/(P.*)$`)
)

func (s *Server) post(w http.ResponseWriter, r *http.Request, dependent bool) {
	var in map[string]any
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		page(w, http.StatusInternalServerError)
		return
	}
	name, ok := in["name"].(string)
	_, hasParents := in["parents"]
	if _, hasCommand := in["command"]; !ok || hasParents != dependent || s.V24 && !hasCommand || in["epsilon"] == "" {
		page(w, http.StatusInternalServerError)
		return
	}
	old := s.jobs[name]
	if old == nil {
		allowed, shown := names30, `([\w\.-]+)`
		if s.V24 {
			allowed, shown = names24, `([\w\s#_-]+)`
		}
		if !allowed.MatchString(name) {
			s.refuse(w, "the job's name is invalid. Allowed names: '"+shown+"'", false)
			return
		}
	}
	if text, _ := in["schedule"].(string); !dependent && !validSchedule(text) {
		s.refuse(w, "Cannot parse schedule '"+text+"' (wtf bro)", true)
		return
	}
	if parents, _ := in["parents"].([]any); dependent && (s.V24 || old != nil) {
		for _, p := range parents {
			if p, _ := p.(string); s.jobs[p] == nil {
				s.refuse(w, map[bool]string{true: "Job ", false: "JobSchedule "}[s.V24]+name+" does not have all parents defined!", false)
				return
			}
		}
	}
	if old == nil {
		s.names = append(s.names, name)
		if !s.V24 {
			s.lag[name] = s.Lag
		}
	}
	s.jobs[name] = s.normal(in, dependent)
	s.posts++
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNoContent)
}

func validSchedule(text string) bool {
	if !interval.MatchString(text) {
		return false
	}
	_, err := schedule.Parse(text, schedule.Options{Anchor: time.Unix(0, 0)})
	return err == nil || errors.Is(err, schedule.ErrPeriod) // a period of zero is taken
}

// order is the order of the fields (contracts/chronos.md 2.2); only says of which release they are.
var order = []struct {
	name    string
	only    string
	missing any
}{
	{"name", "", ""}, {"command", "", ""}, {"shell", "", true}, {"epsilon", "2.4", "PT60S"}, {"executor", "", ""}, {"executorFlags", "", ""},
	{"taskInfoData", "3.0", ""}, {"retries", "", 2.}, {"owner", "", ""}, {"ownerName", "", ""}, {"description", "", ""}, {"async", "2.4", false},
	{"successCount", "", 0.}, {"errorCount", "", 0.}, {"lastSuccess", "", ""}, {"lastError", "", ""}, {"cpus", "", .1}, {"disk", "", 256.},
	{"mem", "", 128.}, {"disabled", "", false}, {"softError", "", false}, {"dataProcessingJobType", "", false}, {"errorsSinceLastSuccess", "", 0.},
	{"fetch", "3.0", []any{}}, {"uris", "", []any{}}, {"environmentVariables", "", []any{}}, {"arguments", "", []any{}}, {"highPriority", "", false},
	{"runAsUser", "", "root"}, {"concurrent", "3.0", false}, {"container", "", nil}, {"constraints", "", []any{}},
}

// normal is what is kept of a post: known fields, with their defaults.
func (s *Server) normal(in map[string]any, dependent bool) map[string]any {
	out := make(map[string]any)
	for _, f := range order {
		if f.only == "2.4" && !s.V24 || f.only == "3.0" && s.V24 {
			continue
		}
		v, there := in[f.name]
		if !there || v == 0. && slices.Contains([]string{"cpus", "mem", "disk"}, f.name) {
			v = f.missing
		}
		if v != nil {
			out[f.name] = v
		}
	}
	if k, there := out["container"].(map[string]any); there {
		out["container"] = s.container(k)
	}
	if dependent {
		out["parents"] = in["parents"]
		return out
	}
	out["schedule"], out["scheduleTimeZone"] = in["schedule"], ""
	if zone, there := in["scheduleTimeZone"]; there {
		out["scheduleTimeZone"] = zone
	}
	return out
}

func (s *Server) container(in map[string]any) map[string]any {
	out := maps.Clone(in)
	for key, missing := range map[string]any{"network": "HOST", "volumes": []any{}, "forcePullImage": false} {
		if _, there := out[key]; !there {
			out[key] = missing
		}
	}
	if s.V24 {
		out["type"] = "docker"
		delete(out, "networkInfos")
		delete(out, "parameters")
		return out
	}
	for key, missing := range map[string]any{"type": "DOCKER", "networkInfos": []any{}, "parameters": []any{}} {
		if _, there := out[key]; !there {
			out[key] = missing
		}
	}
	return out
}

// write writes a job with its fields in order.
func (s *Server) write(w io.Writer, j map[string]any) {
	fmt.Fprint(w, "{")
	first := true
	put := func(name string) {
		v, there := j[name]
		if !there {
			return
		}
		text, _ := json.Marshal(v)
		if !first {
			fmt.Fprint(w, ",")
		}
		first = false
		fmt.Fprintf(w, "%q:%s", name, text)
	}
	for _, f := range order {
		put(f.name)
	}
	for _, name := range []string{"parents", "schedule", "scheduleTimeZone"} {
		put(name)
	}
	fmt.Fprint(w, "}")
}

// list is GET jobs, or with a name jobs/search.
func (s *Server) list(w http.ResponseWriter, name string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprint(w, "[")
	n := 0
	for _, one := range s.names {
		if s.lag[one] > 0 {
			s.lag[one]--
			continue
		}
		if !s.linked(one) || !strings.Contains(strings.ToLower(one), strings.ToLower(name)) {
			continue
		}
		if n++; n > 1 {
			fmt.Fprint(w, ",")
		}
		j := s.jobs[one]
		if !s.V24 && name == "" {
			j = shown(j)
		}
		s.write(w, j)
	}
	fmt.Fprint(w, "]")
}

// linked tells whether a job's parents are there: 3.0.2 takes any, and shows
// the job once they are.
func (s *Server) linked(name string) bool {
	parents, _ := s.jobs[name]["parents"].([]any)
	for _, p := range parents {
		if p, _ := p.(string); s.jobs[p] == nil {
			return false
		}
	}
	return true
}

// shown fills fetch from uris and uris from fetch, as 3.0.2 does in its list.
func shown(j map[string]any) map[string]any {
	out := maps.Clone(j)
	uris, _ := j["uris"].([]any)
	fetch, _ := j["fetch"].([]any)
	switch {
	case len(fetch) == 0 && len(uris) > 0:
		for _, u := range uris {
			fetch = append(fetch, map[string]any{"uri": u, "executable": false, "cache": false, "extract": true})
		}
		out["fetch"] = fetch
	case len(fetch) > 0:
		uris = nil
		for _, f := range fetch {
			f, _ := f.(map[string]any)
			uris = append(uris, f["uri"])
		}
		out["uris"] = uris
	}
	return out
}

func (s *Server) summary(w io.Writer) {
	list := []any{}
	for _, name := range s.names {
		j := s.jobs[name]
		parents, _ := j["parents"].([]any)
		text, _ := j["schedule"].(string)
		list = append(list, map[string]any{"name": name, "status": "fresh", "state": "idle", "schedule": text, "parents": append([]any{}, parents...), "disabled": j["disabled"]})
	}
	answer(w, map[string]any{"jobs": list})
}

func (s *Server) one(w http.ResponseWriter, r *http.Request, name string) {
	j := s.jobs[name]
	if !s.linked(name) {
		j = nil
	}
	switch {
	case j == nil && (s.V24 || r.Method != http.MethodDelete):
		s.refuse(w, "Job '"+name+"' not found", false)
	case j == nil:
		s.refuse(w, "JobSchedule '"+name+"' not found", false)
	case r.Method == http.MethodGet:
		w.Header().Set("Content-Type", "application/json")
		s.write(w, j)
	case r.Method == http.MethodPut:
		s.ran = append(s.ran, strings.TrimSpace("run "+name+" "+r.URL.Query().Get("arguments")))
		w.WriteHeader(http.StatusNoContent)
	default:
		delete(s.jobs, name)
		s.names = slices.DeleteFunc(s.names, func(n string) bool { return n == name })
		w.WriteHeader(http.StatusNoContent)
	}
}

func (s *Server) kill(w http.ResponseWriter, name string) {
	switch {
	case s.jobs[name] != nil:
		s.ran = append(s.ran, "kill "+name)
		w.WriteHeader(http.StatusNoContent)
	case s.V24:
		w.WriteHeader(http.StatusInternalServerError)
	default:
		s.refuse(w, "JobSchedule '"+name+"' not found", false)
	}
}
