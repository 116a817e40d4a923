package operator_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/mesos/operator"
)

// site is a master and an agent that answer as Mesos 1.3.2 does (recording
// operator_agent_and_sandbox): files are found by their whole path alone.
type site struct {
	*httptest.Server
	cleaned bool // the sandbox is gone, and the agent's state knows of it still
	status  int  // instead of an answer
	asked   []string
}

const directory = "/var/lib/mesos/slaves/S1/frameworks/F1/executors/ct:1:0:load:1-0/runs/c1"

func newSite(t *testing.T) *site {
	s := &site{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.asked = append(s.asked, r.URL.Path+string(body))
		if s.status != 0 {
			w.WriteHeader(s.status)
			return
		}
		switch r.URL.Path {
		case "/slaves":
			io.WriteString(w, `{"slaves":[{"id":"S1","pid":"slave(1)@`+r.Host+`","hostname":"agent1","port":5051,"active":true,"version":"1.3.2",`+
				`"attributes":{"rack":1.0,"hostgroup":"a"},"resources":{"cpus":4.0,"mem":4096.0,"disk":10000.0,"ports":"[31000-31999]"},"used_resources":{"cpus":0.5,"mem":128.0}}]}`)
		case "/state":
			io.WriteString(w, `{"frameworks":[{"id":"F0","executors":[]},{"id":"F1","executors":[],"completed_executors":[{"id":"ct:1:0:load:1-0","directory":"`+directory+`"}]}]}`)
		case "/api/v1":
			s.files(w, string(body))
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) files(w http.ResponseWriter, body string) {
	switch {
	case s.cleaned:
		w.WriteHeader(http.StatusNotFound)
	case strings.Contains(body, `"LIST_FILES"`) && strings.Contains(body, directory):
		io.WriteString(w, `{"list_files":{"file_infos":[{"path":"`+directory+`/stdout","size":7,"mode":33188,"mtime":{"nanoseconds":1795463838000000000}},`+
			`{"path":"`+directory+`/tmp","size":4096,"mode":16877,"mtime":{"nanoseconds":1}}]},"type":"LIST_FILES"}`)
	case strings.Contains(body, directory+"/stdout"):
		io.WriteString(w, `{"read_file":{"data":"bG9hZGVk","size":7},"type":"READ_FILE"}`)
	default:
		w.WriteHeader(http.StatusNotFound)
	}
}

func (s *site) client() *operator.Client {
	return operator.New(operator.Options{Master: func() string { return s.URL }})
}

var task = operator.Task{AgentID: "S1", FrameworkID: "F1", TaskID: "ct:1:0:load:1-0"}

func TestAgents(t *testing.T) {
	t.Parallel()
	list, err := newSite(t).client().Agents(t.Context())
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	a := list[0]
	if a.ID != "S1" || a.Hostname != "agent1" || !a.Active || a.Attributes["rack"] != "1" || a.Attributes["hostgroup"] != "a" || a.CPUs != 4 || a.UsedMem != 128 {
		t.Errorf("%+v", a)
	}
}

func TestSandbox(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.client()
	files, err := c.Files(t.Context(), task)
	if err != nil || len(files) != 2 || files[0].Name != "stdout" || files[0].Size != 7 || files[0].Folder || !files[1].Folder {
		t.Fatalf("%+v, %v", files, err)
	}
	data, size, err := c.Read(t.Context(), task, "stdout", 3, 1<<30)
	if err != nil || string(data) != "loaded" || size != 7 {
		t.Errorf("%q %d %v", data, size, err)
	}
	var call struct {
		Read struct{ Offset, Length int64 } `json:"read_file"`
	}
	last := s.asked[len(s.asked)-1]
	if err := json.Unmarshal([]byte(strings.TrimPrefix(last, "/api/v1")), &call); err != nil || call.Read.Offset != 3 || call.Read.Length != operator.MaxRead {
		t.Errorf("asked %s: %v", last, err)
	}
	asked := len(s.asked)
	if _, _, err := c.Read(t.Context(), task, "stdout", 0, 10); err != nil || len(s.asked) != asked+1 {
		t.Errorf("where the sandbox is was asked again: %v %v", s.asked[asked:], err)
	}
}

func TestWhatIsNotThere(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := s.client()
	for _, tt := range []struct {
		task operator.Task
		file string
		want error
	}{
		{task, "nothing", operator.ErrNoFile},
		{task, "../../secret", operator.ErrNoFile},
		{task, "..", operator.ErrNoFile},
		{task, "", operator.ErrNoFile},
		{operator.Task{AgentID: "S1", FrameworkID: "F1", TaskID: "other"}, "stdout", operator.ErrGone},
		{operator.Task{AgentID: "S1", FrameworkID: "F9", TaskID: task.TaskID}, "stdout", operator.ErrGone},
		{operator.Task{AgentID: "S9", FrameworkID: "F1", TaskID: task.TaskID}, "stdout", operator.ErrNoAgent},
	} {
		if _, _, err := c.Read(t.Context(), tt.task, tt.file, 0, 10); !errors.Is(err, tt.want) {
			t.Errorf("%+v %q: %v, want %v", tt.task, tt.file, err, tt.want)
		}
	}
	s.cleaned = true
	if _, err := c.Files(t.Context(), task); !errors.Is(err, operator.ErrGone) {
		t.Errorf("a sandbox that was cleaned up: %v", err)
	}
	if _, _, err := c.Read(t.Context(), task, "stdout", 0, 10); !errors.Is(err, operator.ErrGone) {
		t.Errorf("a file of a sandbox that was cleaned up: %v", err)
	}
	s.status = http.StatusForbidden
	if _, err := c.Agents(t.Context()); err == nil || !strings.Contains(err.Error(), "403") {
		t.Errorf("a master that refuses: %v", err)
	}
	none := operator.New(operator.Options{Master: func() string { return "" }})
	if _, err := none.Agents(t.Context()); !errors.Is(err, operator.ErrNoMaster) {
		t.Errorf("no master: %v", err)
	}
	s.Close()
	if _, err := c.Agents(t.Context()); err == nil || strings.Contains(err.Error(), "/slaves") {
		t.Errorf("a master that is away: %v", err)
	}
}
