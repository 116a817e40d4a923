package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// bad is a request that has to be refused.
type bad struct {
	name   string
	method string // POST if empty
	path   string
	body   string
	header map[string]string // Content-Type: application/json if nil
	status int
	says   string // part of the answer, or of its Hora-Reason where the body has to be Chronos' own words: which field, what was expected
}

// with is a job that is fine but for these members.
func with(members string) string {
	return `{"name":"x","command":"true","schedule":"R/2030-01-01T00:00:00Z/P1D",` + members + `}`
}

const (
	scheduled = "/v1/scheduler/iso8601"
	dependent = "/v1/scheduler/dependency"
	old       = "/scheduler/iso8601"
)

var badInputs = []bad{
	{name: "empty body", path: scheduled, status: 400, says: "body"},
	{name: "null", path: scheduled, body: `null`, status: 400, says: "object"},
	{name: "a list", path: scheduled, body: `[]`, status: 400, says: "object"},
	{name: "a number", path: scheduled, body: `7`, status: 400, says: "object"},
	{name: "cut off", path: scheduled, body: `{"name":"x"`, status: 400, says: "JSON"},
	{name: "garbage after it", path: scheduled, body: with(`"cpus":1`) + `}`, status: 400, says: "JSON"},
	{name: "two at once", path: scheduled, body: with(`"cpus":1`) + with(`"cpus":1`), status: 400, says: "JSON"},
	{name: "not JSON at all", path: scheduled, body: `name=x`, status: 400, says: "JSON"},
	{name: "deeply nested", path: scheduled, body: with(`"container":` + strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000)), status: 400, says: "deep"},
	{name: "invalid UTF-8", path: scheduled, body: with("\"description\":\"\xff\xfe\""), status: 400, says: "UTF-8"},
	{name: "too large", path: scheduled, body: with(`"description":"` + strings.Repeat("x", 2<<20) + `"`), status: 413, says: "2097152 bytes"},
	{name: "wrong content type", path: scheduled, body: with(`"cpus":1`), header: map[string]string{"Content-Type": "text/plain"}, status: 415},
	{name: "no name", path: scheduled, body: `{"command":"true","schedule":"R//P1D"}`, status: 400, says: "name"},
	{name: "empty name", path: scheduled, body: `{"name":"","command":"true","schedule":"R//P1D"}`, status: 400, says: "name"},
	{name: "name with a slash", path: scheduled, body: `{"name":"a/b","command":"true","schedule":"R//P1D"}`, status: 400, says: "name"},
	{name: "name too long", path: scheduled, body: `{"name":"` + strings.Repeat("n", 201) + `","command":"true","schedule":"R//P1D"}`, status: 400, says: "200"},
	{name: "name that is an object", path: scheduled, body: `{"name":{},"command":"true","schedule":"R//P1D"}`, status: 400, says: "name"},
	{name: "command that is a list", path: scheduled, body: with(`"command":["true"]`), status: 400, says: "command"},
	{name: "command too long", path: scheduled, body: with(`"command":"` + strings.Repeat("c", 256<<10+1) + `"`), status: 400, says: "command"},
	{name: "NUL in the command", path: scheduled, body: with(`"command":"a\u0000b"`), status: 400, says: "command"},
	{name: "schedule that is empty", path: scheduled, body: with(`"schedule":""`), status: 400, says: "schedule"},
	{name: "schedule of null", path: scheduled, body: with(`"schedule":null`), status: 400, says: "schedule"},
	{name: "schedule that is a list", path: scheduled, body: with(`"schedule":["@daily"]`), status: 400, says: "schedule"},
	{name: "schedule of nonsense", path: scheduled, body: with(`"schedule":"soon"`), status: 400, says: "schedule"},
	{name: "minute 61", path: scheduled, body: with(`"schedule":"61 * * * *"`), status: 400, says: "minute"},
	{name: "30 February", path: scheduled, body: with(`"schedule":"0 0 30 2 *"`), status: 400, says: "schedule"},
	{name: "period of zero", path: scheduled, body: with(`"schedule":"R/2030-01-01T00:00:00Z/PT0S"`), status: 400, says: "period"},
	{name: "negative period", path: scheduled, body: with(`"schedule":"R/2030-01-01T00:00:00Z/-PT1S"`), status: 400, says: "period"},
	{name: "negative repetitions", path: scheduled, body: with(`"schedule":"R-1/2030-01-01T00:00:00Z/PT1S"`), status: 400, says: "schedule"},
	{name: "31 February", path: scheduled, body: with(`"schedule":"R/2030-02-31T00:00:00Z/PT1S"`), status: 400, says: "schedule"},
	{name: "unknown zone", path: scheduled, body: with(`"scheduleTimeZone":"Mars/Olympus"`), status: 400, says: "scheduleTimeZone"},
	{name: "expectation of nonsense", path: scheduled, body: with(`"expectedDuration":"soon"`), status: 400, says: "expectedDuration"},
	{name: "rules of nonsense", path: scheduled, body: with(`"notify":"failed to everybody"`), status: 400, says: "notify: target"},
	{name: "bound of nonsense", path: scheduled, body: with(`"notAfter":"never"`), status: 400, says: "notAfter"},
	{name: "negative cpus", path: scheduled, body: with(`"cpus":-1`), status: 400, says: "cpus"},
	{name: "cpus of text", path: scheduled, body: with(`"cpus":"many"`), status: 400, says: "cpus"},
	{name: "infinite mem", path: scheduled, body: with(`"mem":1e999`), status: 400, says: "mem"},
	{name: "negative disk", path: scheduled, body: with(`"disk":-5`), status: 400, says: "disk"},
	{name: "retries of text", path: scheduled, body: with(`"retries":"twice"`), status: 400, says: "retries"},
	{name: "a million retries", path: scheduled, body: with(`"retries":1000000`), status: 400, says: "retries"},
	{name: "retry interval of nonsense", path: scheduled, body: with(`"retryInterval":"5 minutes"`), status: 400, says: "retryInterval"},
	{name: "unknown backoff", path: scheduled, body: with(`"retryBackoff":"quadratic"`), status: 400, says: "fixed"},
	{name: "jitter of 2", path: scheduled, body: with(`"retryJitter":2`), status: 400, says: "0 to 1"},
	{name: "retryOn of words", path: scheduled, body: with(`"retryOn":["bad luck"]`), status: 400, says: "retryOn"},
	{name: "epsilon of nonsense", path: scheduled, body: with(`"epsilon":"soon"`), status: 400, says: "epsilon"},
	{name: "timeout of nonsense", path: scheduled, body: with(`"timeout":"-3"`), status: 400, says: "timeout"},
	{name: "unknown overlap", path: scheduled, body: with(`"overlap":"maybe"`), status: 400, says: "queue"},
	{name: "overlap against concurrent", path: scheduled, body: with(`"concurrent":true,"overlap":"skip"`), status: 400, says: "overlap"},
	{name: "unknown catchUp", path: scheduled, body: with(`"catchUp":"some"`), status: 400, says: "latest"},
	{name: "constraint of two", path: scheduled, body: with(`"constraints":[["rack","EQUALS"]]`), status: 400, says: "constraints"},
	{name: "unknown operator", path: scheduled, body: with(`"constraints":[["rack","NEAR","1"]]`), status: 400, says: "EQUALS"},
	{name: "pattern that is none", path: scheduled, body: with(`"constraints":[["rack","LIKE","("]]`), status: 400, says: "constraints"},
	{name: "pattern that closes a group of ours", path: scheduled, body: with(`"constraints":[["rack","LIKE","a)|(b"]]`), status: 400, says: "constraints"},
	{name: "container without image", path: scheduled, body: with(`"container":{"type":"DOCKER"}`), status: 400, says: "image"},
	{name: "container of unknown type", path: scheduled, body: with(`"container":{"type":"LXC","image":"i"}`), status: 400, says: "type"},
	{name: "variable without a name", path: scheduled, body: with(`"environmentVariables":[{"value":"1"}]`), status: 400, says: "environmentVariables"},
	{name: "too many arguments", path: scheduled, body: with(`"arguments":[` + strings.TrimSuffix(strings.Repeat(`"a",`, 1001), ",") + `]`), status: 400, says: "arguments"},
	{name: "schedule and parents", path: scheduled, body: with(`"parents":["base"]`), status: 400, says: "parents"},
	{name: "unknown parent", path: dependent, body: `{"name":"x","command":"true","parents":["nobody"]}`, status: 400, says: "nobody"},
	{name: "own parent, of a job that is there", path: dependent, body: `{"name":"child","command":"true","parents":["child"]}`, status: 400, says: "parents"},
	{name: "own parent", path: dependent, body: `{"name":"x","command":"true","parents":["x"]}`, status: 400, says: "parents"},
	{name: "cycle", path: dependent, body: `{"name":"base","command":"true","parents":["child"]}`, status: 400, says: "cycle"},
	{name: "no parents", path: dependent, body: `{"name":"x","command":"true","parents":[]}`, status: 400, says: "parents"},
	{name: "parents of text", path: dependent, body: `{"name":"x","command":"true","parents":"base"}`, status: 400, says: "parents"},
	{name: "unknown parentsMode", path: dependent, body: `{"name":"x","command":"true","parents":["base"],"parentsMode":"any"}`, status: 400, says: "parentsMode"},
	{name: "trigger of nonsense", path: dependent, body: `{"name":"x","command":"true","trigger":"base &&"}`, status: 400, says: "trigger"},
	{name: "trigger with unknown job", path: dependent, body: `{"name":"x","command":"true","trigger":"failed(nobody)"}`, status: 400, says: "nobody"},
	{name: "in the language of 2.4", path: old, body: `{"name":"x","command":"true","schedule":"R/2030/PT1H","epsilon":"?"}`, status: 400, says: "epsilon"},
	{name: "unknown job to delete", method: "DELETE", path: "/v1/scheduler/job/nobody", status: 400},
	{name: "unknown job to run", method: "PUT", path: "/scheduler/job/nobody", status: 400},
	{name: "unknown job to kill", method: "DELETE", path: "/scheduler/task/kill/nobody", status: 400},
	{name: "misspelt member of a container", method: "PUT", path: "/api/jobs/own", body: `{"command":"true","schedule":"0 3 * * *","container":{"image":"i","forcePullimage":true}}`, status: 400, says: "container.forcePullimage: is unknown, did you mean forcePullImage?"},
	{name: "misspelt member of a file", method: "PUT", path: "/api/jobs/own", body: `{"command":"true","schedule":"0 3 * * *","fetch":[{"uri":"http://x/y"},{"uri":"http://x/y","outputFile":"z"}]}`, status: 400, says: "fetch[1].outputFile: is unknown"},
	{name: "misspelt member of a volume's driver", method: "PUT", path: "/api/jobs/own", body: `{"command":"true","schedule":"0 3 * * *","container":{"image":"i","volumes":[{"containerPath":"/c","external":{"name":"n","provider":"p","option":[]}}]}}`, status: 400, says: "container.volumes[0].external.option: is unknown"},
	{name: "neither true nor false", method: "PUT", path: "/api/jobs/own?dryRun=perhaps", body: `{"command":"true"}`, status: 400, says: "dryRun"},
	{name: "unknown job to explain", method: "GET", path: "/api/jobs/nobody/explain", status: 404, says: "nobody"},
	{name: "page of no size", method: "GET", path: "/api/jobs?limit=0", status: 400, says: "limit"},
	{name: "method that is not there", method: "PATCH", path: "/api/jobs", status: 405, says: "GET"},
	{name: "path that is not there", method: "GET", path: "/api/jos", status: 404, says: "/api/jos"},
	{name: "path too long", method: "GET", path: "/api/jobs?q=" + strings.Repeat("q", 9000), status: 414},
	{name: "history of no size", method: "GET", path: "/api/jobs/base/history?limit=-1", status: 400, says: "limit"},
	{name: "search from nonsense", method: "GET", path: "/scheduler/jobs/search?offset=x", status: 404},
}

// TestBadInputs: what is wrong is refused with a message that says what and
// what was expected, and nothing is written or changed by it.
func TestBadInputs(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.must(scheduled, `{"name":"base","command":"true","schedule":"R/2030-01-01T00:00:00Z/P1D"}`)
		w.must(dependent, `{"name":"child","command":"true","parents":["base"]}`)
		for _, b := range badInputs {
			stored, shown := w.store.Snapshot(), w.get("/v1/scheduler/jobs")
			method, header := b.method, b.header
			if method == "" {
				method = http.MethodPost
			}
			if header == nil && b.body != "" || method == http.MethodPost && header == nil {
				header = jsonHeader
			}
			got := w.call(method, b.path, b.body, header)
			reason := got.header.Get("Hora-Reason")
			if got.status != b.status || !strings.Contains(got.body, b.says) && !strings.Contains(reason, b.says) {
				t.Errorf("%s: %d %.300s (%s), want %d and %q", b.name, got.status, got.body, reason, b.status, b.says)
			}
			in24 := strings.HasPrefix(b.path, "/scheduler/") // whose errors are plain text under a JSON content type (contracts/chronos.md 1.2)
			if !in24 && strings.Contains(got.header.Get("Content-Type"), "json") && !json.Valid([]byte(got.body)) {
				t.Errorf("%s: the answer is not JSON: %.300s", b.name, got.body)
			}
			if strings.Contains(got.body, ".go:") || strings.Contains(got.body, "goroutine") {
				t.Errorf("%s: the answer has a stack trace: %.300s", b.name, got.body)
			}
			w.same(stored, b.name)
			if w.get("/v1/scheduler/jobs") != shown {
				t.Errorf("%s: the jobs are others than before", b.name)
			}
		}
	})
}
