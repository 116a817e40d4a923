package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// all is a job with everything that a release of Chronos has a field for.
const all = `"command":"echo all","shell":false,"executor":"/bin/e","executorFlags":"-f","retries":7,"owner":"ann@example.org","ownerName":"Ann",` +
	`"description":"ü \u2028 \"x\"","successCount":5,"errorCount":3,"lastSuccess":"2026-01-02T03:04:05.678Z","lastError":"2026-01-01T00:00:00.000Z",` +
	`"errorsSinceLastSuccess":1,"cpus":0.25,"disk":512,"mem":64.5,"disabled":true,"softError":true,"dataProcessingJobType":true,` +
	`"environmentVariables":[{"name":"A","value":"1"},{"name":"B","value":""}],"arguments":["a","b c"],"highPriority":true,"runAsUser":"nobody",` +
	`"constraints":[["rack","EQUALS","1"],["host","LIKE","a.*"]],"container":{"image":"i:1","network":"BRIDGE","forcePullImage":true,` +
	`"volumes":[{"hostPath":"/h","containerPath":"/c","mode":"RO"},{"containerPath":"/d"}]%s}`

const (
	more24 = `,"epsilon":"PT15M","async":true,"uris":["http://a/1","http://a/2"]`
	more30 = `,"taskInfoData":"t","concurrent":true,"fetch":[{"uri":"http://a/1","executable":true,"cache":true,"extract":false,"output_file":"o"},{"uri":"http://a/2"}]`
	box30  = `,"type":"MESOS","networkName":"n","networkInfos":[{"name":"m","protocol":"IPv6","labels":[{"key":"k","value":"v"}],` +
		`"portMappings":[{"hostPort":1,"containerPort":2,"protocol":"tcp"}]}],"parameters":[{"key":"p","value":"q"}]`
)

// TestRoundTrip: what GET gives can be posted as it is, and nothing changes, be
// it a scheduled or a dependent job, from a list, a search or alone, with its
// counters and its history; also when a client of 2.4 saves what one of 3.0 made.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.must("/v1/scheduler/iso8601", `{"name":"p","schedule":"R3/2030-01-31T02:30:00Z/P1M","scheduleTimeZone":"Europe/Berlin",`+fmt.Sprintf(all, box30)+more30+`}`)
		w.must("/v1/scheduler/dependency", `{"name":"c","parents":["p"],`+fmt.Sprintf(all, box30)+more30+`}`)
		w.must("/scheduler/iso8601", `{"name":"old one #1","schedule":"R/2030-01-01T00:00:00Z/PT1H",`+fmt.Sprintf(all, "")+more24+`}`)
		w.must("/scheduler/dependency", `{"name":"old child","parents":["p","old one #1"],`+fmt.Sprintf(all, "")+more24+`}`)
		w.must("/v1/scheduler/iso8601", `{"name":"plain","command":"true","schedule":"R/2030-01-01T00:00:00Z/PT1H"}`)
		for range 3 { // a history
			if got := w.call("PUT", "/v1/scheduler/job/success/plain", "", nil); got.status != http.StatusOK {
				t.Fatal(got)
			}
			if got := w.call("PUT", "/v1/scheduler/job/p", "", nil); got.status != http.StatusNoContent { // it is disabled: skipped
				t.Fatal(got)
			}
		}
		shown := func() string { return w.get("/scheduler/jobs") + "\n" + w.get("/v1/scheduler/jobs") }
		before, history := shown(), w.get("/api/jobs/p/history")
		if !strings.Contains(before, `"successCount":5`) || !strings.Contains(before, `"successCount":3`) || strings.Count(history, "skipped") != 3 {
			t.Fatalf("%s\n%s", before, history)
		}
		for _, list := range []string{"/scheduler/jobs", "/scheduler/jobs/search?limit=100", "/v1/scheduler/jobs", "/v1/scheduler/jobs/search?limit=100"} {
			var jobs []json.RawMessage
			if err := json.Unmarshal([]byte(w.get(list)), &jobs); err != nil || len(jobs) != 5 {
				t.Fatalf("%s: %d jobs, %v", list, len(jobs), err)
			}
			root, _, _ := strings.Cut(list, "/jobs")
			for _, j := range jobs {
				path := root + "/iso8601"
				if strings.Contains(string(j), `"parents":`) {
					path = root + "/dependency"
				}
				w.must(path, string(j))
				if after := shown(); after != before {
					t.Errorf("%s posted to %s: the jobs were\n%s\nand are\n%s", j, path, before, after)
				}
			}
		}
		if after := w.get("/api/jobs/p/history"); after != history {
			t.Errorf("the history was\n%s\nand is\n%s", history, after)
		}
	})
}

// percentileOf is the obvious way to interpolate a percentile, as Dropwizard's.
func percentileOf(sorted []float64, q float64) float64 {
	at := q*float64(len(sorted)+1) - 1
	low := int(at)
	switch {
	case at < 0:
		return sorted[0]
	case low+1 >= len(sorted):
		return sorted[len(sorted)-1]
	}
	return sorted[low]*(1-(at-float64(low))) + sorted[low+1]*(at-float64(low))
}

// TestStatistics: the figures are those of the stored runs, from when a run was
// due to its end, successes alone; another leader has the same.
func TestStatistics(t *testing.T) {
	t.Parallel()
	play(t, "/v1/scheduler", func(s *stage) {
		post := func(name, command string) {
			body := fmt.Sprintf(`{"name":%q,"command":%q,"schedule":"R/2030-01-01T00:00:00Z/P1D","retries":0}`, name, command)
			if got := s.ask("POST", "/v1/scheduler/iso8601", jsonHeader, []byte(body)); got.Status != http.StatusNoContent {
				t.Fatal(got)
			}
		}
		var took []float64
		for _, seconds := range []int{9, 1, 4, 2, 7, 3, 12} {
			post("j", fmt.Sprintf("sleep %d", seconds))
			s.ask("PUT", "/v1/scheduler/job/j", nil, nil)
			began := time.Now()
			s.wait(&waiting{Until: fmt.Sprintf("job j successCount >= %d", len(took)+1)}, newPlaceholders(nil, ""))
			took = append(took, float64(time.Since(began).Milliseconds()))
		}
		post("j", "false")
		s.ask("PUT", "/v1/scheduler/job/j", nil, nil)
		s.wait(&waiting{Until: "job j errorCount >= 1"}, newPlaceholders(nil, ""))
		post("none", "true")
		first := s.checkStatistics(took)
		s.restart()
		if again := s.checkStatistics(took); again != first {
			t.Errorf("the figures were\n%s\nand are after a failover\n%s", first, again)
		}
	})
}

// checkStatistics compares the figures with what the test has measured, which
// may be up to a poll later.
func (s *stage) checkStatistics(took []float64) string {
	s.t.Helper()
	sorted := slices.Sorted(slices.Values(took))
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	answer := s.ask("GET", "/v1/scheduler/job/stat/j", nil, nil).Body
	var stat struct {
		Histogram       map[string]float64
		TaskStatHistory []struct{ TaskID, JobName, SlaveID, StartTime, EndTime, Duration, Status string }
	}
	if err := json.Unmarshal([]byte(answer), &stat); err != nil {
		s.t.Fatal(err)
	}
	for name, want := range map[string]float64{
		"75thPercentile": percentileOf(sorted, .75), "95thPercentile": percentileOf(sorted, .95), "98thPercentile": percentileOf(sorted, .98),
		"99thPercentile": percentileOf(sorted, .99), "median": percentileOf(sorted, .5), "mean": sum / float64(len(sorted)),
	} {
		if got := stat.Histogram[name]; got > want || got < want-250 {
			s.t.Errorf("%s is %v ms, want about %v", name, got, want)
		}
		rows := s.ask("GET", "/v1/scheduler/stats/"+name, nil, nil).Body
		if want := fmt.Sprintf(`[{"jobNameLabel":"j","time":%v}`, stat.Histogram[name]/1000); !strings.HasPrefix(rows, want) || !strings.HasSuffix(rows, `{"jobNameLabel":"none","time":0.0}]`) {
			s.t.Errorf("stats/%s: %s, want %s first", name, rows, want)
		}
	}
	if stat.Histogram["count"] != 7 {
		s.t.Errorf("%v successes, want 7", stat.Histogram["count"])
	}
	if h := stat.TaskStatHistory; len(h) != 5 || h[0].Status != "Fail" || h[0].Duration != "0s" || h[1].Status != "Success" || h[1].Duration != "12s" || h[1].SlaveID == "" || h[2].Duration != "3s" {
		s.t.Errorf("history %+v", h)
	}
	return answer
}

// TestPurge: what waits for offers is taken out of the queue, what runs is not.
func TestPurge(t *testing.T) {
	t.Parallel()
	play(t, "/scheduler", func(s *stage) {
		for i := range 100 {
			body := fmt.Sprintf(`{"name":"big %d","command":"true","schedule":"R/2030-01-01T00:00:00Z/P1D","cpus":64}`, i)
			s.ask("POST", "/scheduler/iso8601", jsonHeader, []byte(body))
			s.ask("PUT", fmt.Sprintf("/scheduler/job/big%%20%d", i), nil, nil)
		}
		s.ask("POST", "/scheduler/iso8601", jsonHeader, []byte(`{"name":"runs","command":"sleep 100","schedule":"R/2030-01-01T00:00:00Z/P1D"}`))
		s.ask("PUT", "/scheduler/job/runs", nil, nil)
		pause(2 * time.Second)
		count := func(state string) int {
			return strings.Count(s.ask("GET", "/scheduler/graph/csv", nil, nil).Body, ","+state+"\n")
		}
		if count("queued") != 100 || count("running") != 1 {
			t.Fatalf("%d queued, %d running", count("queued"), count("running"))
		}
		if got := s.ask("DELETE", "/scheduler/task/all", nil, nil); got.Status != http.StatusNoContent {
			t.Fatal(got)
		}
		if count("queued") != 0 || count("running") != 1 {
			t.Errorf("%d queued, %d running afterwards", count("queued"), count("running"))
		}
		s.restart()
		if count("queued") != 0 {
			t.Errorf("%d queued after a failover", count("queued"))
		}
	})
}

// TestLogging: the form shows the level of the log, and changes it.
func TestLogging(t *testing.T) {
	t.Parallel()
	play(t, "/scheduler", func(s *stage) {
		form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
		if page := s.ask("GET", "/logging", nil, nil).Body; !strings.Contains(page, "<td>ROOT</td><td>INFO</td>") {
			t.Error(page)
		}
		got := s.ask("POST", "/logging", form, []byte("logger=ROOT&level=DEBUG"))
		if got.Status != http.StatusOK || !strings.Contains(got.Body, "<td>ROOT</td><td>DEBUG</td>") {
			t.Error(got)
		}
		for body, says := range map[string]string{"logger=ROOT&level=LOUD": "level", "logger=org.apache&level=INFO": "logger", "level=%zz": "form"} {
			if got := s.ask("POST", "/logging", form, []byte(body)); got.Status != http.StatusBadRequest || !strings.Contains(got.Body, says) {
				t.Errorf("%s: %d %s", body, got.Status, got.Body)
			}
		}
		if page := s.ask("GET", "/logging", nil, nil).Body; !strings.Contains(page, "<td>DEBUG</td>") {
			t.Errorf("what was refused has changed it: %s", page)
		}
	})
}

// TestProgress: what a task reports is counted, and told with the attempt, also
// by another leader.
func TestProgress(t *testing.T) {
	t.Parallel()
	play(t, "/scheduler", func(s *stage) {
		s.ask("POST", "/scheduler/iso8601", jsonHeader, []byte(`{"name":"data","command":"sleep 20","schedule":"R/2030-01-01T00:00:00Z/P1D","dataProcessingJobType":true}`))
		s.ask("PUT", "/scheduler/job/data", nil, nil)
		s.wait(&waiting{Until: "csv data * running"}, newPlaceholders(nil, ""))
		pause(time.Second)
		id := s.mesos.tasks("data")[0].view.Info.TaskID.Value
		report := func(task, body string) int {
			return s.ask("POST", "/scheduler/job/data/task/"+task+"/progress", jsonHeader, []byte(body)).Status
		}
		for _, body := range []string{`{"numAdditionalElementsProcessed":40}`, `{"numAdditionalElementsProcessed":2}`, `{"numAdditionalElementsProcessed":0}`, `{}`} {
			if status := report(id, body); status != http.StatusNoContent {
				t.Errorf("%s: %d", body, status)
			}
		}
		if report("ct:1:0:data:9-9", `{"numAdditionalElementsProcessed":5}`) != http.StatusNoContent || report(id, `{"numAdditionalElementsProcessed":-1}`) != http.StatusBadRequest {
			t.Error("a task that is not known, or a negative number, is answered otherwise than by Chronos")
		}
		known := func(status string) {
			t.Helper()
			want := `"status":"` + status + `","numElementsProcessed":42}]}`
			if got := s.ask("GET", "/scheduler/job/stat/data", nil, nil).Body; !strings.HasSuffix(got, want) {
				t.Errorf("%s, want …%s", got, want)
			}
		}
		known("Running")
		s.restart()
		s.wait(&waiting{Until: "job data successCount >= 1"}, newPlaceholders(nil, ""))
		known("Success")
	})
}

// TestCrossOrigin: pages of other sites may read what 3.0.2 let them read, below
// /v1/scheduler and without credentials, errors included, and nothing else.
func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	play(t, "/v1/scheduler", func(s *stage) {
		from := map[string]string{"Origin": "https://elsewhere.example", "Accept-Encoding": "gzip"}
		for _, x := range []struct {
			method, path string
			status       int
			open         bool
		}{
			{"GET", "/v1/scheduler/jobs", 200, true}, {"GET", "/v1/scheduler/nothing", 404, true}, {"PATCH", "/v1/scheduler/jobs", 405, true},
			{"GET", "/v1/scheduler/job/nobody", 400, true}, {"OPTIONS", "/v1/scheduler/iso8601", 200, true},
			{"GET", "/scheduler/jobs", 200, false}, {"GET", "/api/jobs", 200, false}, {"GET", "/api/nothing", 404, false},
			{"GET", "/metrics", 200, false}, {"GET", "/logging", 200, false}, {"GET", "/", 200, false}, {"GET", "/v1/other", 404, false},
		} {
			got := s.ask(x.method, x.path, from, nil)
			origin, there := got.Headers["access-control-allow-origin"]
			if got.Status != x.status || there != x.open || there && origin != "*" {
				t.Errorf("%s %s: %d, Access-Control-Allow-Origin %q", x.method, x.path, got.Status, origin)
			}
			if c, there := got.Headers["access-control-allow-credentials"]; there {
				t.Errorf("%s %s: Access-Control-Allow-Credentials %q", x.method, x.path, c)
			}
		}
		if got := s.ask("GET", "/v1/scheduler/jobs", from, nil); got.Headers["content-encoding"] != "gzip" || got.Headers["vary"] != "Accept-Encoding, User-Agent" || got.Body != "[]" {
			t.Errorf("compressed: %+v", got)
		}
		if got := s.ask("GET", "/scheduler/jobs", from, nil); got.Headers["content-encoding"] != "" {
			t.Errorf("2.4.0 compressed nothing: %+v", got)
		}
	})
}
