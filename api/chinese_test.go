package api_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/language/languagetest"
)

// spoken are the members of answers that hold what hora says, and not what
// somebody wrote.
var spoken = map[string]bool{"detail": true, "text": true, "words": true, "whyNot": true, "effects": true, "agentsError": true}

// remarks collects what an answer says.
func remarks(v any, name string, out *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			remarks(x, k, out)
		}
	case []any:
		for _, x := range v {
			remarks(x, name, out)
		}
	case string:
		if spoken[name] || name == "reason" {
			*out = append(*out, v)
		}
	}
}

// inChinese fails if an answer's texts are not Chinese, and returns them.
func (w *world) inChinese(what string, got answer) []string {
	w.t.Helper()
	var v any
	if err := json.Unmarshal([]byte(got.body), &v); err != nil {
		w.t.Errorf("%s: %v: %.200s", what, err, got.body)
	}
	var texts []string
	remarks(v, "", &texts)
	for _, text := range texts {
		if rest := languagetest.Rest(text); rest != "" {
			w.t.Errorf("%s: %q has English: %q", what, text, rest)
		}
	}
	if got.header.Get("Content-Language") != "zh" || !strings.Contains(strings.Join(got.header.Values("Vary"), ","), "Accept-Language") {
		w.t.Errorf("%s: headers are %v", what, got.header)
	}
	return texts
}

// zh asks in Chinese.
func (w *world) zh(method, path, body string, header map[string]string) answer {
	w.t.Helper()
	with := map[string]string{"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}
	if body != "" {
		with["Content-Type"] = "application/json"
	}
	for k, v := range header {
		with[k] = v
	}
	return w.call(method, path, body, with)
}

// TestBadInputsInChinese: what is wrong is said in Chinese on hora's own paths,
// and byte by byte as before on Chronos'.
func TestBadInputsInChinese(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.must(scheduled, `{"name":"base","command":"true","schedule":"R/2030-01-01T00:00:00Z/P1D"}`)
		w.must(dependent, `{"name":"child","command":"true","parents":["base"]}`)
		refused := 0
		for _, b := range append(badInputs, ownBadInputs...) {
			method := b.method
			if method == "" {
				method = http.MethodPost
			}
			if strings.HasPrefix(b.path, "/api/") {
				got := w.zh(method, b.path, b.body, b.header)
				if texts := w.inChinese(b.name, got); len(texts) == 0 || got.status < 400 {
					t.Errorf("%s: %d, and nothing is said: %s", b.name, got.status, got.body)
				}
				continue
			}
			plain, zh := w.call(method, b.path, b.body, headerFor(b, "")), w.call(method, b.path, b.body, headerFor(b, "zh"))
			if plain.body != zh.body || plain.header.Get("Hora-Reason") != zh.header.Get("Hora-Reason") || zh.header.Get("Content-Language") != "" {
				t.Errorf("%s: Chronos' answer depends on the language: %q, %q", b.name, plain.body, zh.body)
			}
			if method != http.MethodPost || b.body == "" {
				continue
			}
			got := w.zh(http.MethodPut, "/api/jobs/x?dryRun", b.body, b.header)
			if texts := w.inChinese(b.name, got); len(texts) > 0 {
				refused++
			}
		}
		if refused < 60 {
			t.Errorf("%d mistakes are told on hora's own path", refused)
		}
	})
}

func headerFor(b bad, language string) map[string]string {
	header := map[string]string{}
	for k, v := range b.header {
		header[k] = v
	}
	if b.header == nil {
		header["Content-Type"] = "application/json"
	}
	if language != "" {
		header["Accept-Language"] = language
	}
	return header
}

// ownBadInputs are mistakes that only hora's own paths know.
var ownBadInputs = []bad{
	{name: "no such job", method: "GET", path: "/api/jobs/nobody"},
	{name: "no such run", method: "GET", path: "/api/runs/9-9"},
	{name: "no run at all", method: "GET", path: "/api/runs/-"},
	{name: "no such revision", method: "GET", path: "/api/jobs/base/revisions/77"},
	{name: "unknown parameter", method: "GET", path: "/api/jobs?colour=red"},
	{name: "unknown order", method: "GET", path: "/api/jobs?sort=colour"},
	{name: "unknown facet", method: "GET", path: "/api/jobs?facets=colour"},
	{name: "unknown column", method: "GET", path: "/api/jobs?fields=colour"},
	{name: "cursor of nobody", method: "GET", path: "/api/jobs?cursor=!"},
	{name: "filter with an open quote", method: "GET", path: "/api/jobs?q=%22a"},
	{name: "filter with an unknown field", method: "GET", path: "/api/jobs?q=colour:red"},
	{name: "filter with no value", method: "GET", path: "/api/jobs?q=state:"},
	{name: "filter with a bad number", method: "GET", path: "/api/jobs?q=failures%3Ex"},
	{name: "filter with a bad span", method: "GET", path: "/api/jobs?q=next%3Csoon"},
	{name: "filter with a text that is compared", method: "GET", path: "/api/jobs?q=owner%3Ea"},
	{name: "filter too long", method: "GET", path: "/api/jobs?q=" + strings.Repeat("x", 1001)},
	{name: "runs from nowhere", method: "GET", path: "/api/runs?from=then"},
	{name: "runs of nobody", method: "GET", path: "/api/runs?job=nobody"},
	{name: "audit of no cursor", method: "GET", path: "/api/audit?cursor=x"},
	{name: "graph too deep", method: "GET", path: "/api/graph?job=base&depth=x"},
	{name: "body that is a list", path: "/api/jobs/base/pause", body: `[]`},
	{name: "body with an unknown member", path: "/api/jobs/base/pause", body: `{"colour":"red"}`},
	{name: "body with a wrong type", path: "/api/jobs/base/pause", body: `{"reason":7}`},
	{name: "body that ends", path: "/api/jobs/base/pause", body: `{"reason":`},
	{name: "reason too long", path: "/api/jobs/base/pause", body: `{"reason":"` + strings.Repeat("x", 2000) + `"}`},
	{name: "backfill of nothing", path: "/api/jobs/base/backfill", body: `{}`},
	{name: "backfill of what is not past", path: "/api/jobs/base/backfill", body: `{"from":"2030-01-01T00:00:00Z","to":"2031-01-01T00:00:00Z"}`},
	{name: "backfill that ends before", path: "/api/jobs/base/backfill", body: `{"from":"2030-01-02T00:00:00Z","to":"2030-01-01T00:00:00Z"}`},
	{name: "backfill too wide", path: "/api/jobs/base/backfill", body: `{"from":"1999-01-01T00:00:00Z","parallelism":1000}`},
	{name: "backfill without a schedule", path: "/api/jobs/child/backfill", body: `{"from":"1999-01-01T00:00:00Z"}`},
	{name: "skip without a schedule", path: "/api/jobs/child/skipNext"},
	{name: "variable without a name", path: "/api/jobs/base/run", body: `{"environment":[{"name":"","value":"x"}]}`},
	{name: "arguments too long", path: "/api/jobs/base/run", body: `{"arguments":["` + strings.Repeat("x", 17<<10) + `"]}`},
	{name: "bulk of nothing", path: "/api/jobs/bulk", body: `{"action":"paint"}`},
	{name: "bulk without a number", path: "/api/jobs/bulk", body: `{"action":"pause","filter":"base"}`},
	{name: "bulk with another number", path: "/api/jobs/bulk", body: `{"action":"pause","filter":"base","expect":70}`},
	{name: "preview of too many", path: "/api/schedule/preview", body: `{"schedule":"@daily","n":100000}`},
	{name: "tag that is none", method: "PUT", path: "/api/jobs/base", body: `{"command":"true"}`, header: map[string]string{"If-Match": "x"}},
	{name: "tag of another revision", method: "PUT", path: "/api/jobs/base", body: `{"command":"true","schedule":"@daily"}`, header: map[string]string{"If-Match": `"1-63"`}},
	{name: "dry run that is neither", method: "DELETE", path: "/api/jobs/base?dryRun=maybe"},
	{name: "another name", method: "PUT", path: "/api/jobs/base", body: `{"name":"other","command":"true","schedule":"@daily"}`},
	{name: "misspelt field", method: "PATCH", path: "/api/jobs/base", body: `{"Command":"true"}`},
	{name: "unknown field", method: "PATCH", path: "/api/jobs/base", body: `{"colour":"red"}`},
	{name: "method that is not there", method: "PATCH", path: "/api/jobs"},
	{name: "path that is not there", method: "GET", path: "/api/jos"},
	{name: "type that is not known", method: "PUT", path: "/api/jobs/x", body: `{}`, header: map[string]string{"Content-Type": "text/plain"}},
	{name: "form that is not had", method: "GET", path: "/api/jobs", header: map[string]string{"Accept": "text/html"}},
	{name: "events of nobody", method: "GET", path: "/api/events"},
	{name: "login where there is none", path: "/api/login", body: `{"user":"a","password":"b"}`},
	{name: "page of another site", path: "/api/jobs/base/pause", header: map[string]string{"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}},
}

// TestAnswersInChinese: reasons, effects, schedules in words and what the
// records say are Chinese where that is asked for, and English else.
func TestAnswersInChinese(t *testing.T) {
	t.Parallel()
	bubble(t, func(w *world) {
		w.must(scheduled, `{"name":"base","command":"true","schedule":"0 2 * * *","epsilon":"PT1H"}`)
		w.must(scheduled, `{"name":"often","command":"true","schedule":"*/5 * * * * *","runAsUser":"root"}`)
		w.must(dependent, `{"name":"child","command":"true","parents":["base","often"]}`)
		w.must(dependent, `{"name":"grandchild","command":"true","parents":["child"]}`)
		time.Sleep(48 * time.Hour) // slots pass, and no offer comes
		synctest.Wait()
		w.call("POST", "/api/jobs/often/pause", `{}`, jsonHeader)
		w.call("POST", "/api/jobs/often/resume", "", nil)
		w.call("POST", "/api/jobs/base/backfill", `{"from":"2000-01-01T00:00:00Z","parallelism":2}`, jsonHeader)
		w.call("DELETE", "/scheduler/task/all", "", nil)
		for _, tt := range []struct {
			name, method, path, body string
			says                     string
		}{
			{"why a job waits", "GET", "/api/jobs/base/explain", "", "等待资源邀约，但尚未连接 Mesos master"},
			{"why a child waits", "GET", "/api/jobs/child/explain", "", `等待父作业 "base"`},
			{"its history", "GET", "/api/jobs/base/history", "", "在启动期限内没有收到资源邀约"},
			{"runs", "GET", "/api/runs?job=base", "", "没有收到资源邀约"},
			{"now", "GET", "/api/now", "", "没有收到资源邀约"},
			{"the audit log", "GET", "/api/audit", "", "个计划时刻，并行数 2"},
			{"a deletion", "DELETE", "/api/jobs/child?dryRun", "", "grandchild 将改为依赖 base、often"},
			{"the last parent goes", "DELETE", "/api/jobs/base?dryRun", "", "child 将只依赖 often"},
			{"a change", "PATCH", "/api/jobs/often?dryRun", `{"schedule":"0 0 1 * *"}`, "每月 1 日 00:00"},
			{"no change", "PATCH", "/api/jobs/often?dryRun", `{}`, "没有任何改动"},
			{"a warning", "PATCH", "/api/jobs/often?dryRun", `{"disabled":true}`, "作业以 root 身份运行"},
			{"a new job", "PUT", "/api/jobs/new?dryRun", `{"command":"true","schedule":"@daily"}`, "新建作业"},
			{"a preview", "POST", "/api/schedule/preview", `{"schedule":"*/15 9-17 * * 1-5","scheduleTimeZone":"Asia/Shanghai"}`, "每周一至周五 09 至 17 点，每 15 分钟（Asia/Shanghai 时间）"},
			{"a form that is not exact", "POST", "/api/schedule/preview", `{"schedule":"0 0 13 * FRI","forms":true}`, "两个间隔会有相同的计划时刻"},
			{"a bad preview", "POST", "/api/schedule/preview", `{"schedule":"61 * * * *"}`, "分钟 61 大于上限 59"},
		} {
			got := w.zh(tt.method, tt.path, tt.body, nil)
			if texts := w.inChinese(tt.name, got); got.status != http.StatusOK || !strings.Contains(strings.Join(texts, "\n"), tt.says) {
				t.Errorf("%s: %d %q, want %q", tt.name, got.status, texts, tt.says)
			}
			english := w.call(tt.method, tt.path, tt.body, map[string]string{"Content-Type": "application/json", "Accept-Language": "en"})
			if strings.ContainsRune(english.body, '，') || english.header.Get("Content-Language") != "en" {
				t.Errorf("%s: the English answer is %s", tt.name, english.body)
			}
			if plain := w.call(tt.method, tt.path, tt.body, jsonHeader); tt.name != "now" && len(plain.body) != len(english.body) {
				t.Errorf("%s: without a language it is\n%s\nand not\n%s", tt.name, plain.body, english.body)
			}
		}
	})
}
