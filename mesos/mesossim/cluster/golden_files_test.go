package cluster

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
)

// TestGoldenFiles runs the task of recording operator_agent_and_sandbox and asks
// for its sandbox as the recording does: the same statuses and types, and the
// same bodies but for times, owners and what an executor writes into stdout and
// stderr besides the task. Not asked for are /state and its like, which tell of
// other scenarios, and what is about the agent's program.
func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	rec := load(t, "operator_agent_and_sandbox")
	c := start(t, Config{Version: "1.3"})
	f := subscribe(t, c.MasterURL(), info("t"))
	f.launch(taskOf("golden-sb-run", shell("echo running; sleep 300")))
	for f.status().GetState() != mesos.TASK_RUNNING {
	}
	f.launch(taskOf("golden-sb", shell(`echo line1; printf '\303\251\377x'; echo err >&2; mkdir d; seq 1 30000 > d/big.txt`)))
	f.ends(1)
	_, _, text := get(t, c.AgentURL(0)+"/slave(1)/state")
	ours := firstMatch(t, `"directory":"([^"]*/golden-sb/[^"]*)"`, strings.ReplaceAll(text, `\/`, "/"))
	agent := func(s *step) bool {
		return s.Request != nil && s.Response != nil && strings.HasSuffix(s.To, ":6051")
	}
	theirs := ""
	for _, s := range rec.Steps {
		if agent(s) && strings.HasPrefix(s.Request.Path, "/files/browse") && theirs == "" {
			theirs = s.Request.Path[len("/files/browse?path="):]
		}
	}
	// The executor and the agent's logs; what they are made of differs.
	own := regexp.MustCompile(`/(stdout|stderr)("?[,&}]| $)|GET_CONTAINERS`)
	translate := func(s string) string {
		s = strings.ReplaceAll(s, `\/`, "/")
		return strings.ReplaceAll(s, theirs, ours)
	}
	asked := 0
	for _, s := range rec.Steps {
		q := s.Request
		if !agent(s) || !strings.HasPrefix(q.Path, "/files/") && q.Path != "/api/v1" {
			continue
		}
		what := q.Method + " " + q.Path + " " + q.Body
		if strings.Contains(what, "GET_FLAGS") || strings.Contains(what, "/debug") || strings.Contains(what, "GET_STATE") || strings.Contains(what, "GET_TASKS") || strings.Contains(what, "GET_EXECUTORS") {
			continue
		}
		asked++
		req, err := http.NewRequestWithContext(t.Context(), q.Method, c.AgentURL(0)+translate(q.Path), strings.NewReader(translate(q.Body)))
		if err != nil {
			t.Fatal(err)
		}
		if q.Method == http.MethodPost {
			req.Header.Set("Content-Type", mediaJSON)
		}
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		kind := ""
		for _, h := range s.Response.Headers {
			if h[0] == "Content-Type" {
				kind = h[1]
			}
		}
		for _, part := range []string{`{"get_containers":{"containers":[{"container_id":{"value":"`, `(Task: golden-sb-run) (Command: sh -c 'echo running...')"`, `"resource_statistics":{"cpus_limit":0.1`, `"mem_limit_bytes":`, `"type":"GET_CONTAINERS"}`} {
			if strings.Contains(what, "GET_CONTAINERS") && (!strings.Contains(string(body), part) || !strings.Contains(s.Response.Body, part)) {
				t.Errorf("containers are %s, want %s", body, part)
			}
		}
		got, want := readable(string(body)), readable(translate(s.Response.Body))
		if kind == "" {
			kind = "text/plain; charset=utf-8" // net/http names one
		}
		if resp.StatusCode != s.Response.Status || resp.Header.Get("Content-Type") != kind || got != want && !own.MatchString(what) {
			t.Errorf("%s:\n got %d %s %.300s\nwant %d %s %.300s", what, resp.StatusCode, resp.Header.Get("Content-Type"), got, s.Response.Status, kind, want)
		}
	}
	if asked < 40 {
		t.Errorf("only %d questions were asked", asked)
	}
}

// readable leaves out of an answer what differs from machine to machine and from
// time to time, and of files that an executor writes into their sizes.
func readable(body string) string {
	body = strings.ReplaceAll(body, `\/`, "/")
	var list any
	if !strings.HasPrefix(body, "[") && !strings.HasPrefix(body, `{"list_files"`) || json.Unmarshal([]byte(body), &list) != nil {
		return body
	}
	if o, ok := list.(map[string]any); ok {
		files, _ := o["list_files"].(map[string]any)
		list = files["file_infos"]
	}
	files, _ := list.([]any)
	for _, x := range files {
		f := x.(map[string]any)
		for _, k := range []string{"gid", "uid", "mtime"} {
			delete(f, k)
		}
		if p, _ := f["path"].(string); !strings.HasSuffix(p, "/big.txt") {
			delete(f, "size")
		}
	}
	text, _ := json.Marshal(files)
	return string(text)
}

func firstMatch(t *testing.T, pattern, text string) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(text)
	if m == nil {
		t.Fatalf("no %s in %.500s", pattern, text)
	}
	return m[1]
}
