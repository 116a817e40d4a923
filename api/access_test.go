package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/api"
	proxying "github.com/hora-scheduler/hora/member"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// accessFile has somebody of each role. Tokens are t- and the name.
func accessFile(t *testing.T) string {
	t.Helper()
	const b = "$2a$10$jefMUWkl8pnr.Hn/c29nnO6FxfWkamZAkSriEWbsqJUyry0.ehkjW" // of s3cret12
	var out strings.Builder
	fmt.Fprintf(&out, "users:\n  - {name: anna, role: operator, password: %q}\ntokens:\n", b)
	for _, x := range [][2]string{{"viewer", "viewer"}, {"operator", "operator"}, {"admin", "admin"}, {"superuser", "admin"}} {
		fmt.Fprintf(&out, "  - {name: %s, role: %s, hash: %q}\n", x[0], x[1], access.HashToken("t-"+x[0]))
	}
	out.WriteString(`certificates:
  - {name: deploy, role: operator, subject: "CN=deploy"}
rules:
  - {role: operator, names: ["mine*"], runAsUser: [etl]}
  - {users: [superuser], runAsUser: [root]}
`)
	return out.String()
}

func policy(t *testing.T, text string) *access.Policy {
	t.Helper()
	p, err := access.Read("access.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// gated is a world behind a gate.
type gated struct {
	*world
	gate *api.Gate
	api  http.Handler
	log  bytes.Buffer
}

func guarded(t *testing.T, f func(w *gated)) {
	t.Helper()
	text := accessFile(t)
	bubble(t, func(w *world) {
		g := &gated{world: w}
		g.gate = api.NewGate(policy(t, text), "hora", slog.New(slog.NewTextHandler(&g.log, nil)))
		g.api = api.New(api.Options{Scheduler: w.leader, Gate: g.gate})
		w.handler = g.gate.Handler(g.api)
		f(g)
	})
}

// as sends JSON with somebody's token; "" is nobody.
func (w *gated) as(name, method, target, body string) answer {
	w.t.Helper()
	h := map[string]string{"Content-Type": "application/json"}
	if name != "" {
		h["Authorization"] = "Bearer t-" + name
	}
	return w.call(method, target, body, h)
}

// want fails unless the answer has this status and contains a text.
func (a answer) want(t *testing.T, what string, status int, text string) {
	t.Helper()
	if a.status != status || !strings.Contains(a.body, text) {
		t.Errorf("%s: %d %s, want %d %s", what, a.status, a.body, status, text)
	}
}

// ordersOfTheirs are bodies of orders about the job theirs, where an order needs one.
var ordersOfTheirs = map[string]string{
	"POST /iso8601":                         `{"name":"theirs","command":"x","schedule":"R/2030-01-01T00:00:00Z/P1D","epsilon":"PT1M","runAsUser":"etl"}`,
	"POST /dependency":                      `{"name":"theirs","command":"x","parents":["parent"],"epsilon":"PT1M","runAsUser":"etl"}`,
	"PUT /task/{task}":                      `{"statusCode":0}`,
	"POST /job/{name}/task/{task}/progress": `{"numAdditionalElementsProcessed":1}`,
	"PUT /api/jobs/{name}":                  `{"command":"x","schedule":"@yearly","runAsUser":"etl"}`,
	"PATCH /api/jobs/{name}":                `{"retries":1}`,
	"POST /api/jobs/{name}/backfill":        `{"from":"1999-01-01T00:00:00Z"}`,
	"POST /api/spread/moves":                `{"moves":[{"job":"theirs","revision":1,"minutes":1}]}`,
	"POST /api/jobs/bulk":                   `{"filter":"name:theirs","action":"pause","expect":1}`,
}

// withoutRule tells what a route does for an operator whom no rule lets change the
// job, which is there, has run, and waits for another run.
func (w *gated) withoutRule(r [3]string) string {
	w.t.Helper()
	for _, name := range []string{"parent", "theirs"} {
		if got := w.as("superuser", "PUT", "/api/jobs/"+name, `{"command":"x","schedule":"@yearly","runAsUser":"etl","dataProcessingJobType":true}`); got.status/100 != 2 {
			w.t.Fatalf("%s: %d %s", name, got.status, got.body)
		}
	}
	var made api.Made
	if err := json.Unmarshal([]byte(w.as("superuser", "POST", "/api/jobs/theirs/run", "").body), &made); err != nil || made.Run == "" {
		w.t.Fatal(err, made)
	}
	if r[2] != "POST /api/runs/{run}/kill" { // the others are about a run that is over
		w.as("superuser", "POST", "/api/runs/"+made.Run+"/kill", "").want(w.t, "kill", 204, "")
	}
	path := strings.NewReplacer("{name}", "theirs", "{run}", made.Run, "{task}", "ct:1:0:theirs:", "{attempt}", "0", "{file}", "f", "{revision}", "1", "{percentile}", "mean").Replace(r[1])
	body := ordersOfTheirs[strings.Replace(r[2], "PUT /iso", "POST /iso", 1)]
	if body == "" {
		body = ordersOfTheirs[strings.Replace(r[2], "PUT /dep", "POST /dep", 1)]
	}
	got := w.as("operator", r[0], path, body)
	switch {
	case got.status == http.StatusForbidden:
		return "403"
	case got.status == http.StatusOK && strings.Contains(got.body, `"done":0,"failed":[{"name":"theirs","detail":"no rule lets operator`):
		return "one-by-one"
	}
	return "yes"
}

// TestAuthorizationMatrix: who may use which route, of all of them, with a rule that
// lets operators change the job and without one, is what testdata/access.txt says
// (go test -update writes it anew; read what changes).
func TestAuthorizationMatrix(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	seen := map[string]bool{}
	guarded(t, func(w *gated) {
		for _, r := range api.AllRoutes() {
			seen[r[2]] = true
			if _, there := api.Needs[r[2]]; !there {
				t.Errorf("%s: no role is said to be needed", r[2])
			}
			path := strings.NewReplacer("{name}", "mine", "{run}", "zzz-1", "{task}", "x", "{attempt}", "0", "{file}", "f", "{revision}", "1", "{percentile}", "99thPercentile").Replace(r[1])
			fmt.Fprintf(&out, "%-6s %-55s", r[0], r[1])
			for _, who := range []string{"", "viewer", "operator", "admin"} {
				body := "{}"
				switch {
				case r[0] == "GET":
					body = ""
				case r[2] == "PUT /api/jobs/{name}":
					body = `{"runAsUser":"etl"}` // without, it would be root
				}
				got := w.as(who, r[0], path, body)
				word := "yes"
				switch {
				case got.status == http.StatusUnauthorized && (path != "/api/login" || strings.Contains(got.body, "are needed")):
					word = "401"
				case got.status == http.StatusForbidden:
					word = "403"
				}
				if who == "" {
					who = "nobody"
				}
				fmt.Fprintf(&out, " %s:%s", who, word)
			}
			fmt.Fprintf(&out, " no-rule:%s\n", w.withoutRule(r))
		}
	})
	for key := range api.Needs {
		if !seen[key] {
			t.Errorf("%s: a role is needed, and there is no such route", key)
		}
	}
	const file = "testdata/access.txt"
	if *update {
		if err := os.WriteFile(file, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != out.String() {
		t.Errorf("%s is not what is so (%v):\n%s", file, err, out.String())
	}
}

// TestJobRules: what somebody may do to which job, on every way that leads there.
func TestJobRules(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		def := func(user string) string { return `{"command":"x","schedule":"@yearly","runAsUser":"` + user + `"}` }
		old := func(name, user string) string {
			return `{"name":"` + name + `","command":"x","schedule":"R/2030-01-01T00:00:00Z/P1D","runAsUser":"` + user + `"}`
		}
		const no = "no rule lets operator"
		for _, c := range []struct {
			who, method, path, body string
			status                  int
			text                    string
		}{
			{"operator", "PUT", "/api/jobs/theirs", def("etl"), 403, no + ` change the job`},
			{"operator", "PUT", "/api/jobs/mine", def("root"), 403, `"field":"runAsUser"`},
			{"operator", "PUT", "/api/jobs/mine", `{"command":"x","schedule":"@yearly"}`, 403, `use \"root\"`}, // root is what it would get
			{"operator", "PUT", "/api/jobs/mine", def("etl"), 201, ""},
			{"admin", "PUT", "/api/jobs/theirs", def("root"), 403, `"field":"runAsUser"`},
			{"superuser", "PUT", "/api/jobs/theirs", def("root"), 201, ""},
			{"superuser", "PUT", "/api/jobs/mine-root", def("root"), 201, ""},
			{"operator", "PATCH", "/api/jobs/mine", `{"runAsUser":"www"}`, 403, no + ` use \"www\"`},
			{"operator", "PATCH", "/api/jobs/mine", `{"retries":1}`, 200, ""},
			{"operator", "PATCH", "/api/jobs/mine-root", `{"command":"evil"}`, 403, no + ` use \"root\"`},
			{"operator", "PUT", "/api/jobs/mine?dryRun", def("root"), 200, `"field":"runAsUser"`},
			{"operator", "PUT", "/api/jobs/theirs?dryRun", def("etl"), 403, no}, {"operator", "PUT", "/api/jobs/not-there?dryRun", def("etl"), 200, `"errors":[{"field":"name","detail":"` + no},
			{"operator", "PUT", "/api/jobs/mine?dryRun", def("etl"), 200, `"valid":true`},
			{"operator", "POST", "/api/jobs/mine-root/run", ``, 202, ""},
			{"operator", "POST", "/api/jobs/mine-root/run", `{"arguments":["evil"]}`, 403, no + ` use \"root\"`},
			{"operator", "POST", "/api/jobs/mine-root/run", `{"environment":[{"name":"LD_PRELOAD","value":"x"}]}`, 403, no + ` use \"root\"`},
			{"operator", "PUT", "/scheduler/job/mine-root?arguments=evil", ``, 403, no + ` use \"root\"`},
			{"operator", "PUT", "/v1/scheduler/job/mine?arguments=good", ``, 204, ""},
			{"operator", "POST", "/api/jobs/mine/revisions/1/revert", ``, 200, ""},
			{"operator", "POST", "/api/jobs/theirs/pause", ``, 403, no}, {"operator", "POST", "/api/jobs/theirs/resume", ``, 403, no},
			{"operator", "POST", "/api/jobs/theirs/run", ``, 403, no}, {"operator", "POST", "/api/jobs/theirs/kill", ``, 403, no},
			{"operator", "POST", "/api/jobs/theirs/success", ``, 403, no}, {"operator", "POST", "/api/jobs/theirs/skipNext", ``, 403, no},
			{"operator", "DELETE", "/api/jobs/theirs/skipNext", ``, 403, no}, {"operator", "POST", "/api/jobs/theirs/backfill", `{"from":"1999-01-01T00:00:00Z"}`, 403, no},
			{"operator", "DELETE", "/api/jobs/theirs/backfill", ``, 403, no}, {"operator", "DELETE", "/api/jobs/theirs", ``, 403, no},
			{"operator", "POST", "/api/jobs/theirs/revisions/1/revert", ``, 403, no},
			{"operator", "DELETE", "/scheduler/job/theirs", ``, 403, `{"message":"` + no}, {"operator", "DELETE", "/v1/scheduler/task/kill/theirs", ``, 403, no},
			{"operator", "PUT", "/v1/scheduler/job/success/theirs", ``, 403, no}, {"operator", "PUT", "/scheduler/job/theirs", ``, 403, no},
			{"operator", "POST", "/scheduler/iso8601", old("theirs", "etl"), 403, no}, {"operator", "POST", "/v1/scheduler/iso8601", old("mine2", "root"), 403, no},
			{"operator", "POST", "/scheduler/iso8601", old("mine2", "etl"), 204, ""},
			{"operator", "PUT", "/scheduler/task/ct:1:0:theirs:", `{"statusCode":0}`, 403, no},
			{"operator", "POST", "/api/jobs/mine/pause", ``, 204, ""}, {"operator", "POST", "/api/jobs/nobody/pause", ``, 404, ""},
			{"viewer", "POST", "/api/jobs/mine/pause", ``, 403, "viewer has the role viewer; this needs operator"},
			{"operator", "POST", "/api/jobs/bulk", `{"filter":"","action":"pause","expect":4}`, 200, `"done":3,"failed":[{"name":"theirs","detail":"` + no},
			{"operator", "DELETE", "/scheduler/task/all", ``, 403, "needs admin"}, {"admin", "DELETE", "/scheduler/task/all", ``, 204, ""},
			{"operator", "DELETE", "/api/jobs/mine2", ``, 204, ""}, {"admin", "DELETE", "/api/jobs/theirs", ``, 204, ""},
		} {
			w.as(c.who, c.method, c.path, c.body).want(t, c.who+" "+c.method+" "+c.path+" "+c.body, c.status, c.text)
		}
		// A run of somebody else's job, by its id.
		w.as("superuser", "PUT", "/api/jobs/other", def("root")).want(t, "other", 201, "")
		var made api.Made
		if err := json.Unmarshal([]byte(w.as("admin", "POST", "/api/jobs/other/run", "").body), &made); err != nil || made.Run == "" {
			t.Fatal(err, made)
		}
		w.as("operator", "POST", "/api/runs/"+made.Run+"/kill", "").want(t, "kill", 403, no)
		w.as("admin", "POST", "/api/runs/"+made.Run+"/kill", "").want(t, "kill", 204, "")
		w.as("operator", "POST", "/api/runs/"+made.Run+"/retry", "").want(t, "retry", 403, no)
		w.as("operator", "POST", "/api/runs/"+made.Run+"/success", "").want(t, "success", 403, no)
		w.as("viewer", "GET", "/api/audit?by=operator&action=create", "").want(t, "audit", 200, `"by":"operator","from":"192.0.2.1","action":"create","job":"mine2"`)
		w.as("viewer", "GET", "/api/audit?by=viewer", "").want(t, "audit", 200, `"entries":[]`)
	})
}

// TestWithoutGate: an API that is to be guarded does nothing for requests that no gate has seen.
func TestWithoutGate(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		w.handler = w.api
		w.as("admin", "GET", "/api/jobs", "").want(t, "jobs", 401, "are needed")
		w.as("admin", "POST", "/scheduler/iso8601", "{}").want(t, "post", 401, `{"message":`)
		w.as("admin", "POST", "/api/login", `{"token":"t-admin"}`).want(t, "login", 503, "not set up")
	})
}

// TestSessions: a browser logs in, changes something with its token, and logs out.
func TestSessions(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		w.as("", "GET", "/api/me", "").want(t, "nobody", 401, `"status":401`)
		in := w.as("", "POST", "/api/login", `{"user":"anna","password":"s3cret12"}`)
		var me api.Me
		if err := json.Unmarshal([]byte(in.body), &me); err != nil || in.status != 200 || me.Name != "anna" || me.Role != "operator" || me.By != "user" || me.CSRF == "" || me.Expires == nil {
			t.Fatalf("%d %s", in.status, in.body)
		}
		set := in.header.Get("Set-Cookie")
		if !regexp.MustCompile(`^hora_session=[\w.-]+; Max-Age=43200; HttpOnly; SameSite=Strict$`).MatchString(set) || in.header.Get("Cache-Control") != "no-store" {
			t.Errorf("cookie %q", set)
		}
		cookie, _, _ := strings.Cut(set, ";")
		send := func(method, path, csrf string, more ...string) answer {
			h := map[string]string{"Cookie": cookie, "Content-Type": "application/json"}
			if csrf != "" {
				h["Hora-CSRF"] = csrf
			}
			for i := 0; i < len(more); i += 2 {
				h[more[i]] = more[i+1]
			}
			body := ""
			if method == "PUT" {
				body = `{"command":"x","schedule":"@yearly","runAsUser":"etl"}`
			}
			return w.call(method, path, body, h)
		}
		send("GET", "/api/me", "").want(t, "me", 200, `"csrf":"`+me.CSRF+`"`)
		for _, path := range []string{"/api/jobs", "/scheduler/jobs", "/api/audit"} { // what a cache kept would be shown to others
			if got := send("GET", path, "").header.Get("Cache-Control"); got != "no-store" {
				t.Errorf("%s: Cache-Control %q", path, got)
			}
		}
		send("PUT", "/api/jobs/mine", "").want(t, "without token", 403, "Hora-CSRF")
		send("PUT", "/api/jobs/mine", "wrong").want(t, "wrong token", 403, "Hora-CSRF")
		send("PUT", "/api/jobs/mine", me.CSRF, "Origin", "http://evil.example").want(t, "another site", 403, "may not change anything")
		send("PUT", "/api/jobs/mine", me.CSRF, "Sec-Fetch-Site", "cross-site").want(t, "another site", 403, "may not change anything")
		send("PUT", "/api/jobs/mine", me.CSRF, "Origin", "http://hora.example", "X-Forwarded-Host", "hora.example").want(t, "behind a proxy", 201, "")
		send("PUT", "/api/jobs/mine", me.CSRF, "Origin", "http://example.com").want(t, "the page itself", 200, "")
		send("PUT", "/api/jobs/theirs", me.CSRF).want(t, "no rule", 403, "no rule lets anna")
		out := send("POST", "/api/logout", me.CSRF)
		if out.status != 204 || !strings.HasPrefix(out.header.Get("Set-Cookie"), "hora_session=; Max-Age=0; HttpOnly") {
			t.Errorf("%d %q", out.status, out.header.Get("Set-Cookie"))
		}
		if again := w.call("POST", "/api/login", `{"token":"t-viewer"}`, map[string]string{"Content-Type": "application/json", "X-Forwarded-Proto": "https"}); again.status != 200 || !strings.Contains(again.header.Get("Set-Cookie"), "Secure") {
			t.Errorf("%d %s %q", again.status, again.body, again.header.Get("Set-Cookie"))
		}
		for _, bad := range []string{`{"user":"anna"}`, `{}`, `[]`, `{"user":"anna","password":"s3cret12","token":"t-admin"}`, `{"password":"hush`, ``} {
			got := w.as("", "POST", "/api/login", bad)
			got.want(t, bad, 400, "want a JSON object")
			if strings.Contains(got.body, "hush") {
				t.Errorf("a secret is answered: %s", got.body)
			}
		}
		w.as("", "POST", "/api/login", `{"token":"`+strings.Repeat("x", 5000)+`"}`).want(t, "a long login", 413, "more than 4096 bytes")
		time.Sleep(access.SessionTime)
		synctest.Wait()
		send("GET", "/api/me", "").want(t, "later", 401, "")
	})
}

// TestFailedLogins: who guesses is told to wait, and nobody else; nothing secret is logged.
func TestFailedLogins(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		basic := func(user, password string) answer {
			r := httptest.NewRequest("GET", "/api/jobs", nil)
			r.SetBasicAuth(user, password)
			return w.call("GET", "/api/jobs", "", map[string]string{"Authorization": r.Header.Get("Authorization")})
		}
		got := basic("anna", "s3cret12")
		got.want(t, "right", 200, "")
		for i := range 20 {
			if i%2 == 0 {
				basic("hush1", "hush2").want(t, fmt.Sprint("guess ", i), 401, "not known")
			} else {
				w.as("hush3", "GET", "/api/jobs", "").want(t, fmt.Sprint("guess ", i), 401, "not known")
			}
		}
		late := basic("someone", "wrong")
		late.want(t, "one too many", 429, "too many logins have failed; try again in 3 s")
		if late.header.Get("Retry-After") != "3" {
			t.Errorf("Retry-After %q", late.header.Get("Retry-After"))
		}
		w.as("hush3", "GET", "/scheduler/jobs", "").want(t, "a token", 429, `{"message":"too many`)
		w.as("", "POST", "/api/login", `{"user":"someone","password":"wrong"}`).want(t, "the form", 429, `"status":429`)
		basic("anna", "s3cret12").want(t, "who is known", 200, "")
		w.as("viewer", "GET", "/api/jobs", "").want(t, "a token", 200, "")
		time.Sleep(3 * time.Second)
		basic("someone", "wrong").want(t, "later", 401, "")
		basic("someone", "wrong").want(t, "later", 429, "")
		basic("anna", "wrong").want(t, "who has been here before is counted for themselves", 401, "")
		if log := w.log.String(); !strings.Contains(log, `user=anna address=192.0.2.1`) || !strings.Contains(log, "user=(unknown)") || strings.Contains(log, "hush") || strings.Contains(log, "wrong") {
			t.Errorf("log:\n%s", log)
		}
		// A changed file counts at once, for passwords that were right before, too.
		w.gate.Replace(policy(t, "tokens:\n  - {name: viewer, role: admin, hash: \""+access.HashToken("t-viewer")+"\"}\n"))
		time.Sleep(time.Minute)
		basic("anna", "s3cret12").want(t, "gone", 401, "")
		basic(strings.Repeat("a", 5000), "s3cret12").want(t, "a long name", 401, "")
		w.as("viewer", "GET", "/api/me", "").want(t, "another role", 200, `"role":"admin"`)
	})
}

// TestNobodyIsLockedOut: whoever guesses somebody's password from many addresses, or
// anybody's from what looks like the same one, does not keep them out of where they
// have been before.
func TestNobodyIsLockedOut(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		login := func(name, password string) int {
			r := httptest.NewRequest("GET", "/api/me", nil) // from 192.0.2.1
			r.SetBasicAuth(name, password)
			rec := httptest.NewRecorder()
			w.handler.ServeHTTP(rec, r)
			return rec.Code
		}
		if code := login("anna", "s3cret12"); code != 200 {
			t.Fatal(code)
		}
		w.gate.Replace(policy(t, accessFile(t))) // nothing is remembered of passwords that were right
		for i := range 50 {
			if w.gate.Try("anna", fmt.Sprintf("203.0.113.%d", i/10)) > 0 {
				t.Fatalf("guess %d is one too many", i)
			}
		}
		for i := range 20 {
			if w.gate.Try("somebody", "192.0.2.1") > 0 {
				t.Fatalf("guess %d is one too many", i)
			}
		}
		if w.gate.Try("anna", "203.0.113.99") == 0 || login("olga", "guess") != 429 {
			t.Error("who guesses may go on")
		}
		if code := login("anna", "s3cret12"); code != 200 {
			t.Errorf("anna herself: %d", code)
		}
		w.gate.Replace(policy(t, accessFile(t)))
		for range 20 {
			w.gate.Try("anna", "192.0.2.1")
		}
		if code := login("anna", "s3cret12"); code != 429 {
			t.Errorf("where it is anna's own address that guesses: %d", code)
		}
	})
}

// TestManyLoginsAtOnce: requests with one password at once cost one check, and none is refused.
func TestManyLoginsAtOnce(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		statuses := make(chan int, 100)
		for range 100 {
			go func() {
				r := httptest.NewRequest("GET", "/api/status", nil)
				r.SetBasicAuth("anna", "s3cret12")
				rec := httptest.NewRecorder()
				w.handler.ServeHTTP(rec, r)
				statuses <- rec.Code
			}()
		}
		for range 100 {
			if code := <-statuses; code != 200 {
				t.Fatalf("status %d", code)
			}
		}
	})
}

// TestOpenPaths: what needs no login is the health of the process and the page with its form.
func TestOpenPaths(t *testing.T) {
	t.Parallel()
	text := accessFile(t)
	h := api.NewGate(policy(t, text), `a "realm"`, slog.New(slog.DiscardHandler)).Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }))
	for path, want := range map[string]int{"/": 204, "/index.html": 204, "/assets/x.js": 204, "/health": 204, "/ready": 204, "/api/login": 204,
		"/leader": 401, "/ping": 401, "/metrics": 401, "/health/x": 401, "/api": 401, "/api/": 401, "/api/login/": 401, "//": 401, "/assets": 401, "/x": 401, "/scheduler/jobs": 401} {
		for _, page := range []bool{false, true} {
			r := httptest.NewRequest("GET", "http://h"+path, nil)
			if page {
				r.Header.Set("X-Requested-With", "hora")
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			challenge := w.Header().Get("WWW-Authenticate")
			if page {
				r.Header = http.Header{"Accept": {"text/event-stream"}}
				stream := httptest.NewRecorder()
				h.ServeHTTP(stream, r)
				if stream.Code != want || stream.Header().Get("WWW-Authenticate") != "" {
					t.Errorf("a stream of %s: %d %q", path, stream.Code, stream.Header().Get("WWW-Authenticate"))
				}
			}
			if w.Code != want || (challenge == `Basic realm="a \"realm\"", charset="UTF-8"`) != (want == 401 && !page) {
				t.Errorf("%s: %d %q", path, w.Code, challenge)
			}
		}
	}
}

// TestVouching: the leader knows by the process that passes a request on who has
// sent it, and believes nobody else.
func TestVouching(t *testing.T) {
	t.Parallel()
	text := accessFile(t)
	report := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, api.CallerText(r)) })
	gate := func(text string) *api.Gate {
		return api.NewGate(policy(t, text), "hora", slog.New(slog.DiscardHandler))
	}
	lead := httptest.NewServer(gate(text).Handler(report))
	t.Cleanup(lead.Close)
	send := func(g *api.Gate, header ...string) string {
		m := proxying.New(proxying.Options{View: func() *leader.View { return &leader.View{Leader: lead.URL} }, Self: "me:1", Local: http.NotFoundHandler(), Vouch: g.Vouch})
		r := httptest.NewRequest("GET", "/api/jobs?x=%zz", nil)
		r.RemoteAddr = "203.0.113.9:1"
		for i := 0; i < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		w := httptest.NewRecorder()
		g.Handler(m).ServeHTTP(w, r)
		return fmt.Sprint(w.Code, " ", w.Body.String())
	}
	same, other := gate(text), gate(text+"\n# another\n")
	if got := send(same, "Authorization", "Bearer t-viewer", "X-Forwarded-For", "198.51.100.1"); got != "200 viewer 203.0.113.9" {
		t.Error(got)
	}
	if got := send(other, "Authorization", "Bearer t-viewer"); got != "200 viewer 127.0.0.1" {
		t.Error("another file is believed: ", got)
	}
	// A client that speaks to the leader itself is at its own address, whatever it says.
	forged := policy(t, text+"\n# another\n").Vouch(access.Voucher{At: time.Now(), Address: "198.51.100.1", Subject: "CN=deploy", Request: "GET /api/jobs"})
	req, err := http.NewRequestWithContext(context.Background(), "GET", lead.URL+"/api/jobs", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set(api.VoucherHeader, forged)
	req.Header.Set("X-Forwarded-For", "198.51.100.1")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("a forged voucher: %d", resp.StatusCode)
	}
}

// TestProblems: whatever goes wrong below /api is told as a problem (RFC 9457).
func TestProblems(t *testing.T) {
	t.Parallel()
	guarded(t, func(w *gated) {
		statuses := map[int]bool{}
		check := func(method, path, body string, header map[string]string) {
			w.t.Helper()
			got := w.call(method, path, body, header)
			if got.status < 400 {
				return
			}
			var p struct {
				Type, Title, Detail string
				Status              int
			}
			err := json.Unmarshal([]byte(got.body), &p)
			if headers := got.header; got.status != 401 && (headers.Get("X-Content-Type-Options") != "nosniff" || !strings.HasPrefix(headers.Get("Content-Security-Policy"), "default-src 'none'")) {
				t.Errorf("%s %.100s: headers %v", method, path, headers)
			}
			if err != nil || got.header.Get("Content-Type") != "application/problem+json" || p.Status != got.status || p.Title != http.StatusText(got.status) || p.Detail == "" || p.Type == "" {
				t.Errorf("%s %.100s: %d %s %s", method, path, got.status, got.header.Get("Content-Type"), got.body)
			}
			statuses[got.status] = true
		}
		admin := map[string]string{"Authorization": "Bearer t-superuser", "Content-Type": "application/json"}
		with := func(name, value string) map[string]string {
			return map[string]string{"Authorization": "Bearer t-superuser", "Content-Type": "application/json", name: value}
		}
		for _, r := range api.AllRoutes() {
			if !strings.HasPrefix(r[1], "/api/") {
				continue
			}
			path := strings.NewReplacer("{name}", "nobody", "{run}", "1-1", "{attempt}", "0", "{file}", "f", "{revision}", "1").Replace(r[1])
			for _, body := range []string{"", "{}", "[", `{"x":1}`, strings.Repeat("x", api.MaxBody+1)} {
				check(r[0], path, body, admin)
			}
			check(r[0], path, "", nil)
			check(r[0], path, "", map[string]string{"Authorization": "Bearer t-viewer"})
			check(r[0], path, "{}", with("Accept", "image/png"))
			check(r[0], path, "{}", with("Content-Type", "text/plain"))
			check(r[0], path+"?nonsense=1", "{}", admin)
			check(r[0], path+"?x="+strings.Repeat("x", api.MaxURL), "{}", admin)
			check("TRACE", path, "", admin)
			check(r[0], path+"/", "", admin)
			check(r[0], path, "{}", with("Origin", "http://evil.example"))
		}
		check("POST", "/api/jobs/bulk", `{"filter":"","action":"pause","expect":5}`, admin)
		for _, s := range []api.Scheduler{leader.New(leader.Options{Self: "me"}), failing{w.leader}} { // one that does not lead, and one that is broken
			w.handler = w.gate.Handler(api.New(api.Options{Scheduler: s, Gate: w.gate}))
			check("GET", "/api/jobs", "", admin)
			check("PUT", "/api/jobs/x", `{"command":"x","schedule":"@yearly"}`, admin)
		}
		for _, want := range []int{500, 503, 400, 401, 403, 404, 405, 406, 409, 413, 414, 415, 501} {
			if !statuses[want] {
				t.Errorf("%d was never answered", want)
			}
		}
	})
}

// failing is a scheduler that does not work.
type failing struct{ *leader.Leader }

func (failing) Do(context.Context, scheduler.Event) error { return errors.New("out of order") }
