package api_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
)

// withSecrets is a definition with the secret hush wherever one may stand. What
// needs root has parameters of docker run, too.
func withSecrets(name, user string) string {
	container := ""
	if user == "root" {
		container = `,"container":{"image":"i","parameters":[{"key":"env","value":"TOKEN=hush3"}]}`
	}
	return `{"name":"` + name + `","command":"x","schedule":"R/2030-01-01T00:00:00Z/P1D","runAsUser":"` + user +
		`","environmentVariables":[{"name":"PASSWORD","value":"hush1"}],"fetch":[{"uri":"https://me:hush2@h/x"}]` + container + `}`
}

// TestSecretsAreHidden: whatever answers a definition, or a run, shows its
// secrets to those alone who may define the job; the names stay.
func TestSecretsAreHidden(t *testing.T) {
	t.Parallel()
	shows := map[string]bool{ // the routes that show a secret, to whom may see it
		"/scheduler/jobs": true, "/scheduler/jobs/search": true, "/v1/scheduler/jobs": true, "/v1/scheduler/jobs/search": true, "/v1/scheduler/job/{name}": true,
		"/api/jobs/{name}": true, "/api/jobs/{name}/revisions": true, "/api/jobs/{name}/revisions/{revision}": true, "/api/definitions": true,
		"/api/runs": true, "/api/runs/{run}": true, "/api/now": true,
	}
	guarded(t, func(w *gated) {
		for name, user := range map[string]string{"theirs": "root", "mine-root": "root", "mine": "etl"} {
			w.as("superuser", "PUT", "/api/jobs/"+name, withSecrets(name, user)).want(t, name, 201, "hush")
			w.as("superuser", "PATCH", "/api/jobs/"+name, `{"environmentVariables":[{"name":"PASSWORD","value":"hush4"}]}`).want(t, name, 200, "hush4")
		}
		run := func(name string) string {
			var made api.Made
			got := w.as("superuser", "POST", "/api/jobs/"+name+"/run", `{"environment":[{"name":"ONCE","value":"hush5"}]}`)
			if err := json.Unmarshal([]byte(got.body), &made); err != nil || made.Run == "" {
				t.Fatal(err, got.body)
			}
			return made.Run
		}
		runs := map[string]string{"theirs": run("theirs"), "mine-root": run("mine-root"), "mine": run("mine")}
		seen := map[string]bool{}
		for _, c := range []struct {
			who, name string
			sees      bool
		}{
			{"superuser", "theirs", true}, {"viewer", "theirs", false}, {"operator", "theirs", false}, {"admin", "theirs", false},
			{"viewer", "mine", false}, {"operator", "mine", true}, {"admin", "mine", true}, {"operator", "mine-root", false},
		} {
			for _, r := range api.AllRoutes() {
				if r[0] != "GET" {
					continue
				}
				path := strings.NewReplacer("{name}", c.name, "{run}", runs[c.name], "{attempt}", "0", "{revision}", "1", "{percentile}", "mean").Replace(r[1])
				switch { // of lists, what is about this job
				case strings.HasSuffix(path, "/jobs/search"):
					path += "?name=" + c.name
				case path == "/api/runs":
					path += "?job=" + c.name
				}
				body := w.as(c.who, "GET", path, "").body
				if strings.HasSuffix(r[1], "/jobs") || strings.HasSuffix(r[1], "/search") || r[1] == "/api/definitions" || r[1] == "/api/now" {
					body = about(body, c.name)
				}
				has := strings.Contains(body, "hush")
				if has != (c.sees && shows[r[1]]) {
					t.Errorf("%s %s: a secret is shown: %t\n%s", c.who, path, has, body)
				}
				if shows[r[1]] && !strings.Contains(body, "PASSWORD") && !strings.Contains(body, "ONCE") {
					t.Errorf("%s %s: no name is shown: %s", c.who, path, body)
				}
				seen[r[1]] = true
			}
		}
		for path := range maps.Keys(shows) {
			if !seen[path] {
				t.Errorf("there is no route %s", path)
			}
		}
		for _, who := range []string{"viewer", "superuser"} { // the log of what was done is for all, and holds no secret
			w.as(who, "GET", "/api/audit", "").want(t, "audit", 200, `"field":"environmentVariables","before":"[{\"Name\":\"PASSWORD\",\"Value\":\"`+job.Hidden)
		}
	})
}

// about is what of a list is about a job.
func about(body, name string) string {
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		return body
	}
	var found []string
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, x := range v {
				walk(x)
			}
		case map[string]any:
			if v["name"] == name && v["command"] != nil || v["job"] == name {
				b, _ := json.Marshal(v)
				found = append(found, string(b))
				return
			}
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(v[key])
			}
		}
	}
	walk(v)
	return strings.Join(found, "\n")
}

// TestHiddenIsNoValue: what stands for a hidden value is never stored, and nothing
// that is hidden is taken along by who does not see it.
func TestHiddenIsNoValue(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		w.as("superuser", "PUT", "/api/jobs/mine-root", withSecrets("mine-root", "root")).want(t, "made", 201, "")
		body := func(text string) string { return strings.ReplaceAll(text, "hush1", job.Hidden) }
		const field = `"field":"environmentVariables"`
		for _, c := range []struct {
			who, method, path, body string
			status                  int
			text                    string
		}{
			{"operator", "PUT", "/api/jobs/mine", body(withSecrets("mine", "etl")), 400, field},
			{"operator", "PUT", "/api/jobs/mine?dryRun", body(withSecrets("mine", "etl")), 200, field},
			{"operator", "POST", "/v1/scheduler/iso8601", body(withSecrets("mine", "etl")), 400, job.Hidden},
			// They may make another job of it, but not one that tells them what they may not see.
			{"operator", "PATCH", "/api/jobs/mine-root", `{"runAsUser":"etl","command":"env","container":null}`, 400, field},
			{"operator", "PATCH", "/api/jobs/mine-root?dryRun", `{"runAsUser":"etl","command":"env","container":null,"environmentVariables":[]}`, 200, `"field":"fetch"`},
			{"operator", "POST", "/scheduler/iso8601", `{"name":"mine-root","command":"env","schedule":"R/2030-01-01T00:00:00Z/P1D","epsilon":"PT1M","runAsUser":"etl"}`, 400, "fetch"},
			{"operator", "PATCH", "/api/jobs/mine-root?dryRun", `{"runAsUser":"etl","environmentVariables":[],"fetch":[],"container":null}`, 200, `"valid":true`},
			{"superuser", "POST", "/api/jobs/mine-root/run", `{"environment":[{"name":"A","value":"` + job.Hidden + `"}]}`, 400, `"field":"environment"`},
			{"superuser", "PATCH", "/api/jobs/mine-root", `{"runAsUser":"etl","container":null}`, 200, "hush1"},
		} {
			got := w.as(c.who, c.method, c.path, c.body)
			got.want(t, c.who+" "+c.method+" "+c.path+" "+c.body, c.status, c.text)
			if c.who != "superuser" && strings.Contains(got.body, "hush") {
				t.Errorf("%s %s: %s", c.who, c.path, got.body)
			}
		}
		w.as("operator", "GET", "/api/jobs/mine-root", "").want(t, "now it is theirs to change", 200, "hush1")
		w.as("operator", "GET", "/api/jobs/mine-root/revisions/1", "").want(t, "what it was is not", 200, job.Hidden)
	})
}

// TestMay: a job's answer tells what one may do to it.
func TestMay(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		for name, user := range map[string]string{"theirs": "etl", "mine-root": "root", "mine": "etl"} {
			w.as("superuser", "PUT", "/api/jobs/"+name, withSecrets(name, user)).want(t, name, 201, `"may":{"act":true,"define":true}`)
		}
		for _, c := range [][3]string{
			{"viewer", "mine", `"may":{"act":false,"define":false,"reason":"viewer has the role viewer; this needs operator"}`},
			{"operator", "mine", `"may":{"act":true,"define":true}`},
			{"operator", "theirs", `"may":{"act":false,"define":false,"reason":"no rule lets operator change the job`},
			{"operator", "mine-root", `"may":{"act":true,"define":false,"reason":"runAsUser: no rule lets operator use`},
			{"admin", "mine-root", `"may":{"act":true,"define":false,"reason":"runAsUser: no rule lets admin use`},
			{"superuser", "mine-root", `"may":{"act":true,"define":true}`},
		} {
			w.as(c[0], "GET", "/api/jobs/"+c[1], "").want(t, c[0]+" "+c[1], 200, c[2])
		}
		var made api.Made
		if err := json.Unmarshal([]byte(w.as("superuser", "POST", "/api/jobs/mine/run", "").body), &made); err != nil {
			t.Fatal(err)
		}
		w.as("viewer", "GET", "/api/runs/"+made.Run, "").want(t, "a run", 200, `"may":{"act":false`)
	})
	bubble(t, func(w *world) {
		w.call("PUT", "/api/jobs/any", withSecrets("any", "root"), map[string]string{"Content-Type": "application/json"})
		w.call("GET", "/api/jobs/any", "", nil).want(t, "without access control", 200, `"may":{"act":true,"define":true}`)
		w.call("GET", "/api/jobs/any", "", nil).want(t, "without access control", 200, "hush1")
		w.call("PATCH", "/api/jobs/any", `{"fetch":[]}`, map[string]string{"Content-Type": "application/json"})
		w.call("GET", "/api/audit", "", nil).want(t, "without access control", 200, "hush2")
	})
}

// sandbox is a cluster in which each task has these files.
type sandbox struct{}

func (sandbox) Agents(context.Context) ([]api.Agent, error) { return nil, nil }
func (sandbox) Files(context.Context, api.Sandbox) ([]api.File, error) {
	return []api.File{{Name: "stdout"}, {Name: "stderr.1"}, {Name: "keytab"}, {Name: "stdout/../keytab"}}, nil
}
func (sandbox) Read(_ context.Context, _ api.Sandbox, _ string, offset, _ int64) ([]byte, int64, error) {
	return []byte("hush")[min(offset, 4):], 4, nil
}

// TestSandboxSecrets: of a task's files everybody may read the logs, and the rest who sees the job's secrets.
func TestSandboxSecrets(t *testing.T) {
	t.Parallel()
	text := accessFile(t)
	play(t, "/v1/scheduler", func(s *stage) {
		for _, name := range []string{"mine", "theirs"} {
			s.ask("POST", "/v1/scheduler/iso8601", jsonHeader, []byte(`{"name":"`+name+`","command":"sleep 100","schedule":"R/2030-01-01T00:00:00Z/P1D","runAsUser":"etl"}`))
			s.ask("PUT", "/v1/scheduler/job/"+name, nil, nil)
		}
		pause(2 * time.Second)
		gate := api.NewGate(policy(t, text), "hora", slog.New(slog.DiscardHandler))
		w := &gated{world: &world{t: t, handler: gate.Handler(api.New(api.Options{Scheduler: s.leads, Gate: gate, Cluster: sandbox{}}))}}
		for _, c := range []struct {
			who, name string
			sees      bool
		}{{"viewer", "mine", false}, {"operator", "mine", true}, {"operator", "theirs", false}, {"admin", "theirs", true}} {
			var page api.RunPage
			if err := json.Unmarshal([]byte(w.as(c.who, "GET", "/api/runs?job="+c.name, "").body), &page); err != nil || len(page.Runs) != 1 {
				t.Fatal(err, page)
			}
			files := "/api/runs/" + page.Runs[0].ID + "/attempts/0/files"
			if got := w.as(c.who, "GET", files, ""); got.status != 200 || !strings.Contains(got.body, "stderr.1") || strings.Contains(got.body, "keytab") != c.sees {
				t.Errorf("%s lists %s: %d %s", c.who, c.name, got.status, got.body)
			}
			for file, log := range map[string]bool{"stdout": true, "stderr.1": true, "keytab": false, "stdout%2F..%2Fkeytab": false} {
				for _, query := range []string{"", "?download=true", "?offset=-4"} {
					want := 200
					if !log && !c.sees {
						want = 403
					}
					if got := w.as(c.who, "GET", files+"/"+file+query, ""); got.status != want || strings.Contains(got.body, "hush") != (want == 200) {
						t.Errorf("%s reads %s of %s: %d %s", c.who, file+query, c.name, got.status, got.body)
					}
				}
			}
		}
	})
}
