package api_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// rootsOf are both releases' REST roots; a table's row holds for each of them if
// it says nothing else.
var rootsOf = []string{"/scheduler", "/v1/scheduler"}

// member is the JSON of one member of the only job whose name holds n.
func (w *world) member(root, n, name string) string {
	w.t.Helper()
	var list []map[string]json.RawMessage
	if err := json.Unmarshal([]byte(w.get(root+"/jobs/search?name="+n)), &list); err != nil || len(list) != 1 {
		w.t.Fatalf("%d jobs are called %s, %v", len(list), n, err)
	}
	return string(list[0][name])
}

// TestCoercion: what is made of values of other types (Chronos contract 2.1 to
// 2.4), for each a body's member, the member that is shown, and how; "" if the
// body is refused.
func TestCoercion(t *testing.T) {
	t.Parallel()
	type row struct{ only, body, member, want string }
	old, late := rootsOf[0], rootsOf[1]
	docker := func(rest string) string { return `"container":{"image":"i"` + rest + `}` }
	box24 := `{"type":"docker","image":"i","network":"HOST","volumes":%s,"forcePullImage":%s}`
	box30 := `{"type":"%s","image":"i","network":"HOST",%s"networkInfos":%s,"volumes":%s,"forcePullImage":false,"parameters":[]}`
	rows := []row{
		{"", `"description":5`, "description", `"5"`}, {"", `"description":1.50`, "description", `"1.5"`}, {"", `"description":1e7`, "description", `"1.0E7"`},
		{"", `"description":true`, "description", `"true"`}, {"", `"description":null`, "description", `"null"`}, {"", `"owner":null`, "owner", `"null"`},
		{"", `"description":{}`, "description", ""}, {"", `"description":[]`, "description", ""},
		{"", `"retries":"3"`, "retries", "3"}, {"", `"retries":2.9`, "retries", "2"}, {"", `"retries":null`, "retries", "0"}, {"", `"retries":-1`, "retries", "-1"}, {"", `"retries":"x"`, "retries", ""},
		{"", `"cpus":"0.5"`, "cpus", "0.5"}, {"", `"cpus":0`, "cpus", "0.1"}, {"", `"cpus":null`, "cpus", "0.1"}, {"", `"mem":" 64 "`, "mem", "64.0"}, {"", `"disk":null`, "disk", "256.0"},
		{"", `"cpus":1e3`, "cpus", "1000.0"}, {"", `"cpus":-1`, "cpus", ""},
		{"", `"shell":"true"`, "shell", "true"}, {"", `"shell":"false"`, "shell", "false"}, {"", `"shell":0`, "shell", "false"}, {"", `"shell":2`, "shell", "true"}, {"", `"shell":null`, "shell", "false"},
		{"", `"shell":"TRUE"`, "shell", ""}, {"", `"disabled":"true"`, "disabled", "true"}, {"", `"highPriority":null`, "highPriority", "false"},
		{"", `"successCount":"7"`, "successCount", "7"}, {"", `"errorCount":3`, "successCount", "0"}, {"", `"lastSuccess":"2020-01-01T01:00:00+01:00"`, "lastSuccess", `"2020-01-01T00:00:00.000Z"`},
		{"", `"uris":null`, "uris", "[]"}, {"", `"uris":[5,null,true]`, "uris", `["5","null","true"]`}, {"", `"arguments":null`, "arguments", "[]"}, {"", `"arguments":{"x":1,"y":"b"}`, "arguments", `["1","b"]`},
		{"", `"arguments":"a"`, "arguments", ""}, {"", `"environmentVariables":null`, "environmentVariables", "[]"}, {"", `"environmentVariables":[{"name":"A","value":5}]`, "environmentVariables", `[{"name":"A","value":"5"}]`},
		{"", `"environmentVariables":[{"name":"A"}]`, "environmentVariables", ""}, {"", `"environmentVariables":["A"]`, "environmentVariables", ""},
		{"", `"constraints":null`, "constraints", "[]"}, {"", `"constraints":[["a","EQUALS",5]]`, "constraints", `[["a","EQUALS","5"]]`}, {"", `"constraints":[["a"]]`, "constraints", ""},
		{"", `"constraints":[["a","LIKE","("]]`, "constraints", ""}, {"", `"constraints":[["a","UNLIKE","b"]]`, "constraints", `[["a","UNLIKE","b"]]`},
		{"", `"scheduleTimeZone":null`, "scheduleTimeZone", `""`}, {"", `"runAsUser":null`, "runAsUser", `"root"`}, {"", `"dataJob":true`, "dataProcessingJobType", "false"}, {"", `"nothing":{"a":[1]}`, "nothing", "<absent>"},
		{"", `"maxCompletionTime":5`, "timeout", `"PT5S"`},
		{old, `"epsilon":"PT90S"`, "epsilon", `"PT90S"`}, {old, `"epsilon":"P"`, "epsilon", `"PT0S"`}, {old, `"epsilon":null`, "epsilon", ""}, {old, `"epsilon":"5m"`, "epsilon", ""}, {old, `"epsilon":"PT1M"`, "epsilon", `"PT1M"`},
		{late, `"epsilon":null`, "epsilon", "<absent>"}, {old, `"async":"true"`, "async", "true"}, {old, `"fetch":[{"uri":"u"}]`, "uris", "[]"}, {old, `"fetch":"x"`, "uris", "[]"},
		{late, `"fetch":[{"uri":"u"}]`, "fetch", `[{"uri":"u","executable":false,"cache":false,"extract":true}]`},
		{late, `"fetch":[{}]`, "fetch", `[{"uri":"","executable":false,"cache":false,"extract":true}]`},
		{late, `"fetch":[{"uri":"u","output_file":"o","extract":"false"}]`, "fetch", `[{"uri":"u","executable":false,"cache":false,"extract":false,"output_file":"o"}]`},
		{late, `"uris":["a"],"fetch":[{"uri":"b"}]`, "fetch", ""}, {late, `"concurrent":true`, "concurrent", "true"}, {late, `"taskInfoData":5`, "taskInfoData", `"5"`},
		{late, `"container":null`, "container", "<absent>"}, {old, `"container":null`, "container", ""}, {late, `"container":{}`, "container", "<absent>"},
		{old, docker(`,"type":"MESOS"`), "container", fmt.Sprintf(box24, "[]", "false")}, {old, docker(`,"forcePullImage":"true"`), "container", fmt.Sprintf(box24, "[]", "true")},
		{old, docker(`,"parameters":[{"key":"k"}],"networkName":"n"`), "container", fmt.Sprintf(box24, "[]", "false")},
		{old, docker(`,"volumes":[{"containerPath":"/a","mode":"ro"}]`), "container", fmt.Sprintf(box24, `[{"containerPath":"/a","mode":"RO"}]`, "false")},
		{"", docker(`,"network":"bridge"`), "container", ""}, {"", docker(`,"volumes":[{"hostPath":"/a"}]`), "container", ""}, {"", docker(`,"volumes":[{"containerPath":"/a","mode":"x"}]`), "container", ""},
		{late, docker(`,"type":"mesos"`), "container", fmt.Sprintf(box30, "MESOS", "", "[]", "[]")}, {late, docker(`,"type":"lxc"`), "container", ""},
		{late, docker(`,"networkName":"n"`), "container", fmt.Sprintf(box30, "DOCKER", `"networkName":"n",`, "[]", "[]")},
		{late, docker(`,"networkInfos":[{"name":"m","portMappings":[{"hostPort":1,"containerPort":"2"}]}]`), "container",
			fmt.Sprintf(box30, "DOCKER", "", `[{"name":"m","labels":[],"portMappings":[{"hostPort":"1","containerPort":"2"}]}]`, "[]")},
		{late, docker(`,"networkInfos":[{"name":"m","protocol":"ipv4"}]`), "container", ""}, {late, docker(`,"parameters":[{"key":"k"}]`), "container", ""},
		{late, docker(`,"volumes":[{"containerPath":"/a","external":{"name":"n","provider":"p","options":[{"key":"a","value":"b"}]}}]`), "container",
			fmt.Sprintf(box30, "DOCKER", "", "[]", `[{"containerPath":"/a","external":{"name":"n","provider":"p","options":[{"key":"a","value":"b"}]}}]`)},
	}
	bubble(t, func(w *world) {
		for _, root := range rootsOf {
			for _, r := range rows {
				if r.only != "" && r.only != root {
					continue
				}
				w.call("DELETE", root+"/job/j", "", nil)
				got := w.post(root+"/iso8601", `{"name":"j","command":"c","schedule":"R/2030-01-01T00:00:00Z/PT1H",`+r.body+`}`)
				if r.want == "" {
					if got.status != http.StatusBadRequest || !strings.Contains(got.body, r.member) && !strings.Contains(got.body, "uri") {
						t.Errorf("%s %s: %d %s, want 400 that names %s", root, r.body, got.status, got.body, r.member)
					}
					continue
				}
				if got.status != http.StatusNoContent {
					t.Errorf("%s %s: %d %s", root, r.body, got.status, got.body)
					continue
				}
				if is := w.member(root, "j", r.member); is != strings.TrimPrefix(r.want, "<absent>") {
					t.Errorf("%s %s: %s is %s, want %s", root, r.body, r.member, is, r.want)
				}
			}
		}
	})
}

// asked is a request and what Chronos answers (Chronos contract 1.1 to 1.11).
type asked struct {
	only, method, path, body, kind string // kind: the Content-Type, "" is none
	status                         int
	want                           string // in the body; "<empty>" is none
}

const asJSON = "application/json"

var contractAnswers = []asked{
	// search
	{"", "GET", "/jobs/search?name=PK", "", "", 200, `[{"name":"pk",`}, {"", "GET", "/jobs/search?command=ECHO%20P", "", "", 200, `[{"name":"p",`},
	{"", "GET", "/jobs/search?name=pk&any=echo%20p", "", "", 200, `[{"name":"p",`}, {"", "GET", "/jobs/search?name=none&command=echo", "", "", 200, `[]`},
	{"", "GET", "/jobs/search?limit=0", "", "", 200, `[]`}, {"", "GET", "/jobs/search?offset=-5&limit=3", "", "", 200, `[]`}, {"", "GET", "/jobs/search?offset=9", "", "", 200, `[]`},
	{"", "GET", "/jobs/search?limit=&name=", "", "", 200, `[{"name":"p",`}, {"", "GET", "/jobs/search?limit=1&limit=5", "", "", 200, `"scheduleTimeZone":""}]`},
	{"", "GET", "/jobs/search?limit=abc", "", "", 404, "<empty>"}, {"", "GET", "/jobs/search?offset=1.5", "", "", 404, "<empty>"}, {"", "GET", "/jobs/search?limit=99999999999", "", "", 404, "<empty>"},
	{"", "GET", "/jobs/search/?any=zzz", "", "", 200, `[]`}, {"", "HEAD", "/jobs/search?name=p", "", "", 200, "<empty>"},
	// paths and methods
	{"", "GET", "/jobs/", "", "", 200, `[{"name":"p",`}, {"", "HEAD", "/jobs", "", "", 200, "<empty>"}, {"", "GET", "/jobs/x", "", "", 404, "<empty>"}, {"", "GET", "/job", "", "", 404, "<empty>"},
	{"", "GET", "/isMaster", "", "", 404, "<empty>"}, {"", "GET", "/info", "", "", 404, "<empty>"}, {"", "GET", "/graph/json", "", "", 404, "<empty>"}, {"", "GET", "/stats", "", "", 404, "<empty>"},
	{"", "POST", "/jobs", "{}", asJSON, 405, "<empty>"}, {"", "PUT", "/graph/dot", "", "", 405, "<empty>"}, {"", "GET", "/task/kill/p", "", "", 405, "<empty>"}, {"", "PATCH", "/job/p", "", "", 405, "<empty>"},
	{"/scheduler", "GET", "/job/p", "", "", 405, "<empty>"}, {"/v1/scheduler", "GET", "/job/p/", "", "", 200, `{"name":"p",`},
	{"/scheduler", "GET", "/jobs/summary", "", "", 404, "<empty>"}, {"/scheduler", "PUT", "/job/success/p", "", "", 404, "<empty>"}, {"/scheduler", "GET", "/leader", "", "", 404, "<empty>"},
	{"/v1/scheduler", "PUT", "/iso8601", "{}", asJSON, 405, "<empty>"}, {"/v1/scheduler", "PUT", "/dependency", "{}", asJSON, 405, "<empty>"},
	{"/v1/scheduler", "PUT", "/task/ct:1:0:p:", `{"statusCode":0}`, asJSON, 404, "<empty>"}, {"/v1/scheduler", "DELETE", "/task/all", "", "", 404, "<empty>"},
	{"", "OPTIONS", "/jobs", "", "", 200, "application"}, {"", "OPTIONS", "/nothing", "", "", 404, "<empty>"},
	// types of bodies
	{"", "POST", "/iso8601", "{}", "text/plain", 415, "<empty>"}, {"", "POST", "/iso8601", "{}", "", 415, "<empty>"}, {"", "POST", "/iso8601", "", "", 415, "<empty>"}, {"", "PUT", "/job/p", "x", "text/plain", 415, "<empty>"},
	{"", "PUT", "/job/p", "", "application/x-www-form-urlencoded", 415, "<empty>"}, {"", "DELETE", "/job/nobody", "", asJSON, 400, "not found"},
	{"", "POST", "/dependency", `{"name":"t","command":"c","parents":["p"]}`, "text/json", 204, "<empty>"}, {"", "POST", "/iso8601", `{"name":"u","command":"c","schedule":"R/2030/P1D"}`, "application/json; charset=UTF-8", 204, "<empty>"},
	// jobs that are not there
	{"/scheduler", "PUT", "/job/nobody", "", "", 400, "requirement failed: Job 'nobody' not found"}, {"/scheduler", "DELETE", "/job/no%20body", "", "", 400, "requirement failed: Job 'no body' not found"},
	{"/scheduler", "DELETE", "/job/a%2Fb", "", "", 400, "requirement failed: Job 'a/b' not found"}, {"/scheduler", "DELETE", "/job/a+b", "", "", 400, "requirement failed: Job 'a+b' not found"},
	{"/scheduler", "GET", "/job/stat/a%23b", "", "", 400, "requirement failed: Job 'a#b' not found"}, {"/v1/scheduler", "DELETE", "/job/nobody", "", "", 400, `requirement failed: JobSchedule 'nobody' not found","status":"Bad Request"}`},
	{"/v1/scheduler", "DELETE", "/task/kill/nobody", "", "", 400, "JobSchedule 'nobody' not found"}, {"/v1/scheduler", "GET", "/job/nobody", "", "", 400, "Job 'nobody' not found"},
	{"/v1/scheduler", "PUT", "/job/success/nobody", "", "", 200, "marked job nobody as successful: false"}, {"/v1/scheduler", "PUT", "/job/nobody?arguments=x", "", "", 400, "Job 'nobody' not found"},
	// names
	{"/scheduler", "POST", "/iso8601", `{"name":"a.b","command":"c","schedule":"R/2030/P1D"}`, asJSON, 400, `requirement failed: the job's name is invalid. Allowed names: '([\w\s#_-]+)'`},
	{"/v1/scheduler", "POST", "/iso8601", `{"name":"a b","command":"c","schedule":"R/2030/P1D"}`, asJSON, 400, `requirement failed: the job's name is invalid. Allowed names: '([\\w\\.-]+)'","status":"Bad Request"}`},
	{"", "POST", "/dependency", `{"name":"ü","command":"c","parents":["p"]}`, asJSON, 400, `name is invalid`}, {"", "POST", "/iso8601", `{"command":"c","schedule":"R/2030/P1D"}`, asJSON, 400, "name"},
	{"/scheduler", "POST", "/iso8601", `{"name":"a b #1\t","command":"c","schedule":"R/2030/P1D"}`, asJSON, 204, "<empty>"}, {"/scheduler", "PUT", "/job/a%20b%20%231%09", "", "", 204, "<empty>"},
	{"/scheduler", "DELETE", "/task/kill/a%20b%20%231%09", "", "", 204, "<empty>"}, {"/scheduler", "DELETE", "/job/a%20b%20%231%09/", "", "", 204, "<empty>"},
	// definitions
	{"/scheduler", "POST", "/iso8601", `{"name":"x","schedule":"R/2030/P1D"}`, asJSON, 400, "command"}, {"/v1/scheduler", "POST", "/iso8601", `{"name":"u","schedule":"R/2030/P1D"}`, asJSON, 204, "<empty>"},
	{"/v1/scheduler", "POST", "/iso8601", `{"name":"x","schedule":"R//duration/end"}`, asJSON, 400, `{"message":"Cannot parse schedule 'R//duration/end' (wtf bro)","status":"Bad Request"}`},
	{"/v1/scheduler", "POST", "/iso8601", `{"name":"x","schedule":"R/1969-12-31T23:59:59Z/P1D"}`, asJSON, 400, `{"message":"Scheduled start date '1969-12-31T23:59:59.000Z' is before 1970!","status":"Bad Request"}`},
	{"/v1/scheduler", "POST", "/iso8601", `{"name":"x","uris":["a"],"fetch":[{"uri":"b"}],"schedule":"R/2030/P1D"}`, asJSON, 400, `{"message":"Tried to add both uri (deprecated) and fetch parameters on x","status":"Bad Request"}`},
	{"/v1/scheduler", "POST", "/dependency", `{"name":"t","uris":["a"],"fetch":[{"uri":"b"}],"parents":["p"]}`, asJSON, 204, "<empty>"},
	{"/v1/scheduler", "POST", "/dependency", `{"name":"both","uris":["a"],"fetch":[{"uri":"b"}],"parents":["p"]}`, asJSON, 204, "<empty>"}, {"/v1/scheduler", "DELETE", "/job/both", "", "", 204, "<empty>"},
	{"", "POST", "/dependency", `{"name":"x","command":"c","parents":["p","nobody"]}`, asJSON, 400, "x does not have all parents defined!"}, {"", "POST", "/dependency", `{"name":"pk","command":"c","parents":["pk"]}`, asJSON, 400, "loops not allowed"},
	{"", "POST", "/dependency", `{"name":"x","command":"c","parents":[]}`, asJSON, 400, "parent does not exist"}, {"", "POST", "/dependency", `{"name":"pk","command":"echo K","parents":["p","p"]}`, asJSON, 204, "<empty>"},
	// results and progress
	{"/scheduler", "PUT", "/task/whatever", `{}`, asJSON, 204, "<empty>"}, {"/scheduler", "PUT", "/task/ct%3A1%3A0%3Ap%3A", `{"statusCode":"1"}`, asJSON, 204, "<empty>"}, {"/scheduler", "PUT", "/task/x", `{"statusCode":null}`, asJSON, 204, "<empty>"},
	{"/scheduler", "PUT", "/task/x", `{"statusCode":0,"more":1}`, asJSON, 400, "more"}, {"/scheduler", "PUT", "/task/x", `[]`, asJSON, 400, "object"}, {"/scheduler", "PUT", "/task/x", ``, asJSON, 400, "empty"},
	{"/scheduler", "DELETE", "/task/all", "", "", 204, "<empty>"}, {"/scheduler", "POST", "/job/p/task/ct:1:0:p:/progress", `{}`, asJSON, 400, "requirement failed: Job 'p' is not enabled to track data"},
	{"/scheduler", "POST", "/job/nobody/task/ct:1:0:p:/progress", `{}`, asJSON, 400, "requirement failed: Job 'nobody' not found"}, {"/v1/scheduler", "POST", "/job/p/task/x/progress", `{"numAdditionalElementsProcessed":1}`, asJSON, 400, "Invalid task id format x"},
	{"/v1/scheduler", "POST", "/job/p/task/ct:1:0:p:/progress", `{"numAdditionalElementsProcessed":1}`, asJSON, 400, "JobSchedule 'p' is not enabled to track data"}, {"", "POST", "/job/p/task/ct:1:0:p:/progress", `{"x":1}`, asJSON, 400, "x"},
	// figures and graph
	{"", "GET", "/stats/nothing", "", "", 200, `[]`}, {"", "GET", "/stats/median", "", "", 200, `{"jobNameLabel":"p","time":0.0}`}, {"", "GET", "/stats/count/", "", "", 200, `{"jobNameLabel":"p","time":0.0}`},
	{"", "GET", "/job/stat/p", "", "", 200, `{"histogram":{"75thPercentile":0.0,"95thPercentile":0.0,"98thPercentile":0.0,"99thPercentile":0.0,"median":0.0,"mean":0.0,"count":0},"taskStatHistory":[]}`},
	{"", "GET", "/graph/dot", "", "", 200, "digraph G {\n  1 [ label=\"p\" ];\n  2 [ label=\"pk\" ];\n"}, {"", "GET", "/graph/csv", "", "", 200, "node,p,fresh,"}, {"", "GET", "/graph/csv/", "", "", 200, "link,p,pk\n"},
	{"/v1/scheduler", "GET", "/leader", "", "", 200, `{"leader":"127.0.0.1:4400"}`},
	{"/v1/scheduler", "GET", "/jobs/summary", "", "", 200, `{"name":"pk","status":"fresh","state":"idle","schedule":"","parents":["p"],"disabled":false}`},
}

// TestContract: what Chronos answers where no recording shows it.
func TestContract(t *testing.T) {
	t.Parallel()
	for _, root := range rootsOf {
		t.Run(strings.ReplaceAll(root[1:], "/", "-"), func(t *testing.T) {
			t.Parallel()
			bubble(t, func(w *world) {
				w.must(root+"/iso8601", `{"name":"p","command":"echo P","schedule":"R/2030-01-01T00:00:00Z/PT1H"}`)
				w.must(root+"/dependency", `{"name":"pk","command":"echo K","parents":["p"]}`)
				for _, a := range contractAnswers {
					if a.only != "" && a.only != root {
						continue
					}
					var header map[string]string
					if a.kind != "" {
						header = map[string]string{"Content-Type": a.kind}
					}
					got := w.call(a.method, root+a.path, a.body, header)
					if want := strings.TrimPrefix(a.want, "<empty>"); got.status != a.status || !strings.Contains(got.body, want) || want == "" && got.body != "" {
						t.Errorf("%s %s %s (%s): %d %.300s, want %d %s", a.method, root+a.path, a.body, a.kind, got.status, got.body, a.status, a.want)
					}
					open := root == rootsOf[1]
					if (got.header.Get("Access-Control-Allow-Origin") == "*") != open {
						t.Errorf("%s %s: Access-Control-Allow-Origin is %q", a.method, root+a.path, got.header.Get("Access-Control-Allow-Origin"))
					}
					if got.status == http.StatusNoContent && got.header.Get("Content-Type") != asJSON {
						t.Errorf("%s %s: no content, of type %q", a.method, root+a.path, got.header.Get("Content-Type"))
					}
				}
			})
		})
	}
}

// TestKillByName: a name that is part of another one is not the other one; in
// 2.4.0 it was (Chronos contract 1.8).
func TestKillByName(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		for _, name := range []string{"a", "ab", "b a"} {
			w.must("/scheduler/iso8601", fmt.Sprintf(`{"name":%q,"command":"c","schedule":"R/2030-01-01T00:00:00Z/PT1H"}`, name))
		}
		for _, path := range []string{"/job/a", "/job/ab", "/job/b%20a"} {
			w.call("PUT", "/scheduler"+path, "", nil)
		}
		w.call("DELETE", "/scheduler/task/kill/a", "", nil)
		csv := w.get("/scheduler/graph/csv")
		if !strings.Contains(csv, "node,ab,fresh,queued\n") || !strings.Contains(csv, "node,b a,fresh,queued\n") {
			t.Errorf("%s", csv)
		}
	})
}

// TestMetricNames: every name of Chronos' own that dashboards may know is there
// (Chronos contract 10).
func TestMetricNames(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.must("/v1/scheduler/iso8601", `{"name":"a.b","schedule":"R/2030-01-01T00:00:00Z/PT1H","successCount":2,"errorCount":1}`)
		w.must("/v1/scheduler/iso8601", `{"name":"never","schedule":"R/2030-01-01T00:00:00Z/PT1H"}`)
		var got map[string]json.RawMessage
		var names = map[string]map[string]json.RawMessage{}
		body := w.call("GET", "/metrics?pretty=true", "", map[string]string{"Accept": asJSON}).body
		if err := json.Unmarshal([]byte(body), &got); err != nil || string(got["version"]) != `"3.0.0"` {
			t.Fatal(err, body)
		}
		for _, kind := range []string{"gauges", "counters", "histograms", "meters", "timers"} {
			var in map[string]json.RawMessage
			if err := json.Unmarshal(got[kind], &in); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
			names[kind] = in
		}
		const chronos = "org.apache.mesos.chronos.scheduler."
		for kind, list := range map[string]string{
			"gauges":   chronos + "jobs.TaskManager.queueSize " + chronos + "jobs.TaskManager.highQueueSize",
			"counters": chronos + "mesos.MesosOfferReviver.reviveOffersCount " + chronos + "mesos.MesosOfferReviver.reviveOffersRequestCount jobs.run.success.a.b jobs.run.failure.a.b",
			"timers": "DependentJobResource.post DependentJobResource.put Iso8601JobResource.post Iso8601JobResource.put JobManagementResource.delete JobManagementResource.list " +
				"JobManagementResource.search JobManagementResource.trigger JobManagementResource.getSummary JobManagementResource.markJobSuccessful GraphManagementResource.dotGraph " +
				"GraphManagementResource.jsonGraph StatsResource.getPerf TaskManagementResource.updateStatus TaskManagementResource.purge",
		} {
			for name := range strings.FieldsSeq(list) {
				if kind == "timers" {
					name = chronos + "api." + name
				}
				if _, there := names[kind][name]; !there {
					t.Errorf("%s has no %s", kind, name)
				}
			}
		}
		if _, there := names["counters"]["jobs.run.success.never"]; there {
			t.Error("a job that never ran is counted")
		}
	})
}
