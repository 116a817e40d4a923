package api_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/hora-scheduler/hora/api"
)

// document is the OpenAPI document as the server gives it.
func document(t *testing.T) (text []byte, doc map[string]any) {
	t.Helper()
	bubble(t, func(w *world) { text = []byte(w.get("/api/openapi.json")) })
	tree, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return text, tree.(map[string]any)
}

// everything is a definition with a value in each member that can stand beside the others.
const everything = `{"command":"true","shell":true,"arguments":["x"],"environmentVariables":[{"name":"A","value":"b"}],"runAsUser":"nobody","description":"d","owner":"a@example.org","ownerName":"A",
"fetch":[{"uri":"http://x/y","output_file":"y","executable":true,"cache":true,"extract":false}],"executor":"","executorFlags":"","taskInfoData":"x","managedBy":"m",
"container":{"type":"MESOS","image":"i","forcePullImage":true,"network":"USER","networkName":"n","networkInfos":[{"name":"n","protocol":"IPv4","labels":[{"key":"k","value":"v"}],
"portMappings":[{"hostPort":1,"containerPort":2,"protocol":"tcp"}]}],"volumes":[{"containerPath":"/c","hostPath":"/h","mode":"RO"},{"containerPath":"/d","mode":"RW","external":{"name":"e","provider":"p","options":[{"key":"k","value":"v"}]}}],
"parameters":[{"key":"k","value":"v"}]},"cpus":0.5,"mem":64,"disk":128,"gpus":1,"ports":2,"constraints":[["rack","EQUALS","1"]],"highPriority":true,"schedule":"0 3 * * *","scheduleTimeZone":"Europe/Berlin",
"notBefore":"2000-01-01T00:00:00Z","notAfter":"2099-01-01T00:00:00Z","dstGap":"run","dstOverlap":"both","jitter":"PT1M","retries":3,"retryInterval":"PT1M","retryBackoff":"exponential","retryMaxInterval":"PT1H","retryJitter":0.5,
"retryOn":["1-63"],"softError":true,"notify":"","disabled":true,"overlap":"allow","maxConcurrent":3,"catchUp":"all","epsilon":"PT30M","timeout":"PT1H","expectedDuration":"PT10M","async":false,"dataProcessingJobType":true}`

// TestOpenAPIRoutes: every route is described, and everything that is described is a route.
func TestOpenAPIRoutes(t *testing.T) {
	t.Parallel()
	_, doc := document(t)
	var described []string
	for path, methods := range doc["paths"].(map[string]any) {
		for method := range methods.(map[string]any) {
			described = append(described, strings.ToUpper(method)+" "+path)
		}
	}
	slices.Sort(described)
	routes := api.OwnRoutes()
	slices.Sort(routes)
	if !slices.Equal(described, routes) {
		t.Errorf("described:\n%s\nroutes:\n%s", strings.Join(described, "\n"), strings.Join(routes, "\n"))
	}
}

// TestOpenAPIFile: the document in docs is the server's (UPDATE=1 writes it).
func TestOpenAPIFile(t *testing.T) {
	t.Parallel()
	text, _ := document(t)
	const file = "../docs/openapi.json"
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, text) {
		t.Errorf("%s is not what the server says (UPDATE=1 go test -run TestOpenAPIFile ./api writes it): %v", file, err)
	}
}

// TestOpenAPIDefinition: the document has the members that a definition is read
// by and no other ones, and every word that it allows is taken.
func TestOpenAPIDefinition(t *testing.T) {
	t.Parallel()
	described, read := api.DefinitionMembers()
	if !maps.Equal(described, read) {
		t.Errorf("described %v\nread      %v", slices.Sorted(maps.Keys(described)), slices.Sorted(maps.Keys(read)))
	}
	_, doc := document(t)
	members := doc["components"].(map[string]any)["schemas"].(map[string]any)["Definition"].(map[string]any)["properties"].(map[string]any)
	beside := map[string]string{"parentsMode": `,"parents":["p"]`, "retryBackoff": `,"retryInterval":"PT1M","schedule":"0 3 * * *"`}
	bubble(t, func(w *world) {
		w.ask("PUT", "/api/jobs/p", load, 201, nil)
		for name, m := range members {
			words, _ := m.(map[string]any)["enum"].([]any)
			for _, word := range words {
				rest := beside[name]
				if rest == "" {
					rest = `,"schedule":"0 3 * * *"`
				}
				var trial api.Trial
				w.ask("PUT", "/api/jobs/c?dryRun", `{"command":"true","`+name+`":"`+word.(string)+`"`+rest+`}`, 200, &trial)
				if len(trial.Errors) > 0 {
					t.Errorf("%s %s: %v", name, word, trial.Errors)
				}
			}
		}
	})
}

// TestOpenAPIAnswers: what the server answers is what the document promises.
func TestOpenAPIAnswers(t *testing.T) {
	t.Parallel()
	_, doc := document(t)
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("hora.json", doc); err != nil {
		t.Fatal(err)
	}
	checked := 0
	check := func(w *world, method, path, route string, body string) string {
		got := w.call(method, path, body, jsonHeader)
		where := "paths." + route + "." + strings.ToLower(method) + "." + got.body
		answers := doc["paths"].(map[string]any)[route].(map[string]any)[strings.ToLower(method)].(map[string]any)["responses"].(map[string]any)
		promised, there := answers[strconv.Itoa(got.status)].(map[string]any)
		if !there {
			t.Errorf("%s %s answers %d, which is not promised: %s", method, path, got.status, got.body)
			return ""
		}
		content, _ := promised["content"].(map[string]any)
		if content == nil {
			if got.body != "" {
				t.Errorf("%s answers %s, and nothing is promised", where, got.body)
			}
			return got.body
		}
		media, _, _ := strings.Cut(got.header.Get("Content-Type"), ";")
		if content[media] == nil {
			t.Errorf("%s %s is %s, which is not promised (%v)", method, path, media, slices.Collect(maps.Keys(content)))
			return got.body
		}
		pointer := "hora.json#/paths/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(route) + "/" + strings.ToLower(method) +
			"/responses/" + strconv.Itoa(got.status) + "/content/" + strings.ReplaceAll(media, "/", "~1") + "/schema"
		schema, err := compiler.Compile(strings.NewReplacer("{", "%7B", "}", "%7D").Replace(pointer))
		if err != nil {
			t.Fatal(err)
		}
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(got.body))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(value); err != nil {
			t.Errorf("%s %s: %v\n%s", method, path, err, got.body)
		}
		checked++
		return got.body
	}
	bubble(t, func(w *world) {
		w.ask("PUT", "/api/jobs/load", load, 201, nil)
		w.ask("PUT", "/api/jobs/all", everything, 201, nil)
		w.ask("PUT", "/api/jobs/next", `{"command":"true","parents":["load"]}`, 201, nil)
		w.ask("PATCH", "/api/jobs/load", `{"retries":1}`, 200, nil)
		var made api.Made
		if err := json.Unmarshal([]byte(check(w, "POST", "/api/jobs/load/run", "/api/jobs/{name}/run", `{"arguments":["x"]}`)), &made); err != nil {
			t.Fatal(err)
		}
		for _, x := range [][4]string{
			{"GET", "/api/jobs?facets=state", "/api/jobs"}, {"GET", "/api/jobs?q=a:b", "/api/jobs"},
			{"GET", "/api/jobs/load", "/api/jobs/{name}"}, {"GET", "/api/jobs/all", "/api/jobs/{name}"}, {"GET", "/api/jobs/nobody", "/api/jobs/{name}"},
			{"PUT", "/api/jobs/load", "/api/jobs/{name}", load}, {"PUT", "/api/jobs/load?dryRun", "/api/jobs/{name}", load}, {"PUT", "/api/jobs/load", "/api/jobs/{name}", `{"x":1}`},
			{"PATCH", "/api/jobs/load?dryRun", "/api/jobs/{name}", `{"retries":2}`}, {"DELETE", "/api/jobs/load?dryRun", "/api/jobs/{name}"},
			{"POST", "/api/jobs/bulk", "/api/jobs/bulk", `{"filter":"x","action":"kill","dryRun":true}`},
			{"POST", "/api/jobs/load/skipNext", "/api/jobs/{name}/skipNext"}, {"DELETE", "/api/jobs/load/skipNext", "/api/jobs/{name}/skipNext"},
			{"POST", "/api/jobs/load/backfill", "/api/jobs/{name}/backfill", `{"from":"1999-12-01T00:00:00Z"}`}, {"DELETE", "/api/jobs/load/backfill", "/api/jobs/{name}/backfill"},
			{"POST", "/api/jobs/load/pause", "/api/jobs/{name}/pause", `{"reason":"x"}`}, {"POST", "/api/jobs/load/resume", "/api/jobs/{name}/resume"},
			{"GET", "/api/jobs/load/revisions", "/api/jobs/{name}/revisions"}, {"GET", "/api/jobs/load/revisions/1", "/api/jobs/{name}/revisions/{revision}"},
			{"GET", "/api/jobs/load/explain", "/api/jobs/{name}/explain"}, {"GET", "/api/jobs/load/history", "/api/jobs/{name}/history"}, {"GET", "/api/jobs/load/calendar", "/api/jobs/{name}/calendar"},
			{"GET", "/api/runs", "/api/runs"}, {"GET", "/api/runs/" + made.Run, "/api/runs/{run}"}, {"POST", "/api/runs/" + made.Run + "/retry", "/api/runs/{run}/retry"},
			{"POST", "/api/runs/" + made.Run + "/kill", "/api/runs/{run}/kill"}, {"POST", "/api/runs/" + made.Run + "/retry", "/api/runs/{run}/retry"},
			{"GET", "/api/runs/" + made.Run + "/attempts/0/files", "/api/runs/{run}/attempts/{attempt}/files"},
			{"GET", "/api/graph", "/api/graph"}, {"POST", "/api/schedule/preview", "/api/schedule/preview", `{"schedule":"@daily"}`},
			{"POST", "/api/schedule/preview", "/api/schedule/preview", `{"schedule":"x"}`}, {"GET", "/api/cluster", "/api/cluster"}, {"GET", "/api/now", "/api/now"},
			{"GET", "/api/audit", "/api/audit"}, {"GET", "/api/status", "/api/status"}, {"GET", "/api/definitions", "/api/definitions"}, {"GET", "/api/defaults", "/api/defaults"},
			{"POST", "/api/schedule/preview", "/api/schedule/preview", `{"schedule":"@daily","forms":true}`}, {"GET", "/api/events", "/api/events"},
			{"POST", "/api/jobs/load/success", "/api/jobs/{name}/success"}, {"POST", "/api/jobs/load/kill", "/api/jobs/{name}/kill"},
			{"POST", "/api/jobs/load/revisions/1/revert", "/api/jobs/{name}/revisions/{revision}/revert"}, {"DELETE", "/api/jobs/next", "/api/jobs/{name}"},
		} {
			check(w, x[0], x[1], x[2], x[3])
		}
	})
	if checked < 30 {
		t.Errorf("only %d answers were compared", checked)
	}
}
