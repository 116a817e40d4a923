package member_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/member"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// local is an API that tells that it was asked.
var local = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	_, _ = io.WriteString(w, "local")
})

// follower runs a member that believes that address leads.
func follower(t *testing.T, address string, o member.Options) string {
	t.Helper()
	view := &leader.View{Leader: address}
	o.View, o.Self = func() *leader.View { return view }, "follower:1"
	if o.Local == nil {
		o.Local = local
	}
	s := httptest.NewServer(member.Rolling(member.New(o), time.Minute))
	t.Cleanup(s.Close)
	return s.URL
}

// raw sends a request as it is written and returns the answer.
func raw(t *testing.T, base, request string) (*http.Response, string) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	method, _, _ := strings.Cut(request, " ")
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

// TestPassedOnUnchanged: method, path as escaped, query as written, headers and
// body come to the leader as they came here.
func TestPassedOnUnchanged(t *testing.T) {
	t.Parallel()
	got := make(chan string, 1)
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- fmt.Sprintf("%s %s host=%s type=%s x=%q for=%s hop=%s ae=%q ua=%q body=%s", r.Method, r.RequestURI, r.Host, r.Header.Get("Content-Type"),
			r.Header.Values("X-Own"), r.Header.Get("X-Forwarded-For"), r.Header.Get(member.HopHeader), r.Header.Get("Accept-Encoding"), r.Header.Get("User-Agent"), body)
	}))
	t.Cleanup(lead.Close)
	base := follower(t, strings.TrimPrefix(lead.URL, "http://"), member.Options{})
	for _, target := range []string{
		"/scheduler/jobs", "/scheduler/job/a%2Fb%20c", "/scheduler/job/..", "/scheduler/job/%2e%2E/x", "/v1/scheduler/job/x%3A?arguments=a;b&&%zz=1", "/api//jobs?",
		"/api/jobs?q=%41+b", "/scheduler/job/%41%7e~", "/scheduler/job/a;b=c,d", "/x",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
			body := ""
			if method != "GET" {
				body = "{\"x\": 1}"
			}
			raw(t, base, fmt.Sprintf("%s %s HTTP/1.1\r\nHost: hora.example:80\r\nContent-Type: application/json\r\nX-Own: 1\r\nX-Own: 2\r\nX-Forwarded-For: 9.9.9.9\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s", method, target, len(body), body))
			want := fmt.Sprintf("%s %s host=hora.example:80 type=application/json x=[\"1\" \"2\"] for=9.9.9.9, 127.0.0.1 hop=follower:1 ae=\"\" ua=\"\" body=%s", method, target, body)
			if is := <-got; is != want {
				t.Errorf("the leader got\n%s, want\n%s", is, want)
			}
		}
	}
}

// TestPassedBackUnchanged: status, headers and body come back as the leader sent them, errors too.
func TestPassedBackUnchanged(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("0123456789", 1<<20)
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Add("X-Own", "1")
		w.Header().Add("X-Own", "2")
		w.Header().Set("Retry-After", "7")
		switch r.URL.Path {
		case "/large":
			_, _ = io.WriteString(w, large)
		case "/gzip":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write([]byte{0x1f, 0x8b, 1, 2, 3})
		case "/none":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusNoContent)
		case "/away":
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		default:
			var status int
			_, _ = fmt.Sscanf(r.URL.Path, "/%d", &status)
			w.WriteHeader(status)
			_, _ = fmt.Fprintf(w, "requirement failed: %d", status)
		}
	}))
	t.Cleanup(lead.Close)
	base := follower(t, lead.URL, member.Options{})
	for _, c := range []struct {
		method, path, body string
		status             int
	}{
		{"GET", "/large", large, 200}, {"GET", "/gzip", "\x1f\x8b\x01\x02\x03", 200}, {"DELETE", "/none", "", 204}, {"POST", "/away", "", 307},
		{"POST", "/400", "requirement failed: 400", 400}, {"GET", "/404", "requirement failed: 404", 404}, {"PUT", "/500", "requirement failed: 500", 500},
		{"GET", "/503", "requirement failed: 503", 503}, {"HEAD", "/400", "", 400},
	} {
		resp, body := raw(t, base, c.method+" "+c.path+" HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		if resp.StatusCode != c.status || body != c.body {
			t.Errorf("%s %s: %d with %d bytes %.60q, want %d", c.method, c.path, resp.StatusCode, len(body), body, c.status)
		}
		if x := resp.Header.Values("X-Own"); len(x) != 2 || resp.Header.Get("Retry-After") != "7" {
			t.Errorf("%s %s: headers %v", c.method, c.path, resp.Header)
		}
	}
}

// TestStreams: what the leader sends bit by bit arrives bit by bit.
func TestStreams(t *testing.T) {
	t.Parallel()
	next := make(chan bool)
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		w.(http.Flusher).Flush()
		for range next {
			_, _ = io.WriteString(w, "data: x\n\n")
			w.(http.Flusher).Flush()
		}
	}))
	t.Cleanup(lead.Close)
	resp, err := http.Get(follower(t, lead.URL, member.Options{}) + "/api/events")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	lines := bufio.NewReader(resp.Body)
	for range 3 {
		next <- true
		if line, err := lines.ReadString('\n'); err != nil || line != "data: x\n" {
			t.Fatalf("%q, %v", line, err)
		}
		_, _ = lines.ReadString('\n')
	}
	close(next)
	if rest, err := io.ReadAll(lines); err != nil || len(rest) != 0 {
		t.Errorf("at the end: %q, %v", rest, err)
	}
}

// TestLeaderBreaks: what is known of a request that got no answer is told.
func TestLeaderBreaks(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(local)
	gone.Close()
	dies := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(dies.Close)
	for _, c := range []struct {
		name, leader, method, path string
		status                     int
		want                       string
	}{
		{"gone", gone.URL, "POST", "/scheduler/iso8601", 503, `{"message":"the leader .* can't be reached`},
		{"gone", gone.URL, "POST", "/api/jobs", 503, `"detail":"the leader .* can't be reached`},
		{"dies", dies.URL, "POST", "/v1/scheduler/iso8601", 502, `"message":"the connection .* broke: whether it has taken effect is not known","status":"Bad Gateway"`},
		{"dies", dies.URL, "GET", "/v1/scheduler/jobs", 503, `has not answered`},
		{"odd", "ftp://x:1", "GET", "/v1/scheduler/jobs", 503, `can't be used`},
	} {
		resp, body := raw(t, follower(t, c.leader, member.Options{}), c.method+" "+c.path+" HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
		if resp.StatusCode != c.status || !json.Valid([]byte(body)) || !matches(c.want, body) {
			t.Errorf("%s: %s %s: %d %s, want %d %s", c.name, c.method, c.path, resp.StatusCode, body, c.status, c.want)
		}
		if again := resp.Header.Get("Retry-After"); (again != "") != (c.status == 503) {
			t.Errorf("%s: Retry-After %q", c.name, again)
		}
	}
	// In the midst of an answer: the client must not take it for whole.
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, `[{"name":`)
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}))
	t.Cleanup(half.Close)
	resp, err := http.Get(follower(t, half.URL, member.Options{}) + "/scheduler/jobs")
	if err == nil {
		_, err = io.ReadAll(resp.Body)
		resp.Body.Close()
	}
	if err == nil {
		t.Error("half an answer was passed back as a whole one")
	}
}

// TestLoop: a request is passed on once.
func TestLoop(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	view := &leader.View{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		member.New(member.Options{View: func() *leader.View { return view }, Self: "me", Local: local}).ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	view = &leader.View{Leader: s.URL} // itself, under another name
	resp, body := raw(t, s.URL, "GET /scheduler/jobs HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "passed on by me") || asked.Load() != 2 {
		t.Errorf("%d after %d requests: %s", resp.StatusCode, asked.Load(), body)
	}
}

// TestHere: what each member answers for itself, and what is answered without a leader.
func TestHere(t *testing.T) {
	t.Parallel()
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "leader") }))
	t.Cleanup(lead.Close)
	at := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	self := "me:1"
	for name, c := range map[string]struct {
		view   leader.View
		path   string
		status int
		want   string
		stale  string
	}{
		"ping":              {leader.View{Leader: lead.URL}, "/ping", 200, "^local$", ""},
		"metrics":           {leader.View{Leader: lead.URL}, "/metrics", 200, "^local$", ""},
		"logging":           {leader.View{Leader: lead.URL}, "/logging", 200, "^local$", ""},
		"page":              {leader.View{Leader: lead.URL}, "/", 200, "^local$", ""},
		"assets":            {leader.View{Leader: lead.URL}, "/assets/x.js", 200, "^local$", ""},
		"jobs":              {leader.View{Leader: lead.URL}, "/scheduler/jobs", 200, "^leader$", ""},
		"status":            {leader.View{Leader: lead.URL}, "/api/status", 200, "^leader$", ""},
		"leading":           {leader.View{Leader: self, Leading: true}, "/scheduler/jobs", 200, "^local$", ""},
		"about to lead":     {leader.View{Leader: self}, "/scheduler/jobs", 200, "^local$", ""},
		"none, never led":   {leader.View{}, "/scheduler/jobs", 200, "^local$", ""},
		"none, has led":     {leader.View{Term: 3, At: at}, "/scheduler/jobs", 200, "^local$", "2026-01-02T03:04:05Z"},
		"health":            {leader.View{}, "/health", 200, `"status":"ok".*"version":"v9"`, ""},
		"leader":            {leader.View{Leader: "x:1", Term: 3}, "/leader", 200, `"leader":"x:1","leading":false,"self":"me:1","term":3`, ""},
		"ready: leads":      {leader.View{Leader: self, Leading: true, Term: 4}, "/ready", 200, `"leading":true,"ready":true,"subscribed":false,"term":4`, ""},
		"ready: follows":    {leader.View{Leader: "HEALTHY"}, "/ready", 200, `"ready":true`, ""},
		"ready: about to":   {leader.View{Leader: self}, "/ready", 503, `"ready":false,"reason":"this process is about to lead"`, ""},
		"ready: none":       {leader.View{}, "/ready", 503, `"broken":"written by a later release".*"reason":"no leader is known"`, ""},
		"ready: not there":  {leader.View{Leader: "127.0.0.1:1"}, "/ready", 503, `"reason":"the leader 127.0.0.1:1 is of no use: `, ""},
		"ready: not health": {leader.View{Leader: "SICK"}, "/ready", 503, `"reason":"the leader .* is of no use: it answers 500`, ""},
		"ready: led once":   {leader.View{Leader: "IDLE"}, "/ready", 503, `"reason":"the leader .* is of no use: it says that it does not lead`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			healthy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case r.URL.Path != "/ready" || r.Header.Get(member.HopHeader) != self || c.view.Leader == "SICK":
					w.WriteHeader(500)
				case c.view.Leader == "IDLE":
					w.WriteHeader(503)
					_, _ = io.WriteString(w, `{"leading":false}`)
				default:
					_, _ = io.WriteString(w, `{"leading":true}`)
				}
			}))
			defer healthy.Close()
			view := c.view
			if strings.ToUpper(view.Leader) == view.Leader && strings.Trim(view.Leader, "0123456789.:") != "" {
				view.Leader = healthy.URL
			}
			h := member.New(member.Options{
				View: func() *leader.View { return &view }, Self: self, Local: local, Version: "v9",
				Broken: func() error {
					if name == "ready: none" {
						return errors.New("written by a later release")
					}
					return nil
				},
			})
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequest("GET", c.path, nil))
			if w.Code != c.status || !matches(c.want, w.Body.String()) || w.Header().Get(member.StaleHeader) != c.stale || (w.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("%d %s %v, want %d %s, stale %q", w.Code, w.Body, w.Header(), c.status, c.want, c.stale)
			}
		})
	}
	// Who is asked by another one asks nobody: two that name each other do not ask forever.
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "/ready", nil)
	r.Header.Set(member.HopHeader, "you:1")
	member.New(member.Options{View: func() *leader.View { return &leader.View{Leader: "127.0.0.1:1"} }, Local: local}).ServeHTTP(w, r)
	if w.Code != 503 || !strings.Contains(w.Body.String(), "this process does not lead: 127.0.0.1:1 does") {
		t.Errorf("/ready, asked by another one: %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	member.New(member.Options{View: func() *leader.View { return &leader.View{} }, Local: local}).ServeHTTP(w, httptest.NewRequest("POST", "/ready", nil))
	if w.Code != 405 || w.Header().Get("Allow") != "GET, HEAD" {
		t.Errorf("POST /ready: %d %v", w.Code, w.Header())
	}
}

// TestTLS: a leader that speaks https is asked so, and must be who it says.
func TestTLS(t *testing.T) {
	t.Parallel()
	lead := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Header.Get("X-Forwarded-Proto")+" "+r.Header.Get("X-Forwarded-Host"))
	}))
	t.Cleanup(lead.Close)
	trusting := lead.Client().Transport.(*http.Transport).TLSClientConfig
	resp, body := raw(t, follower(t, lead.URL, member.Options{TLS: trusting}), "GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
	if resp.StatusCode != 200 || body != "http h" {
		t.Errorf("%d %q", resp.StatusCode, body)
	}
	resp, body = raw(t, follower(t, lead.URL, member.Options{TLS: trusting}), "GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: hora.example\r\nConnection: close\r\n\r\n")
	if resp.StatusCode != 200 || body != "https hora.example" {
		t.Errorf("behind a proxy: %d %q", resp.StatusCode, body)
	}
	resp, body = raw(t, follower(t, lead.URL, member.Options{TLS: &tls.Config{}}), "POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
	if resp.StatusCode != 502 {
		t.Errorf("a leader that is not trusted: %d %q", resp.StatusCode, body)
	}
}

// TestBase: what an address may be.
func TestBase(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"host:80": "http://host:80", "https://host:8443": "https://host:8443", "[::1]:80": "http://[::1]:80", "http://h:1/": "http://h:1",
		"host": "", "": "", "ftp://h:1": "", "http://u:p@h:1": "", "http://h:1/path": "", "http://h:1?q": "", "http://:1": "", "\x00": "",
	} {
		u, err := member.Base(address)
		if want == "" != (err != nil) || err == nil && u.String() != want {
			t.Errorf("%q: %v, %v, want %q", address, u, err, want)
		}
	}
}

// TestManyAtOnce: many requests with bodies at once all come through whole.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	lead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		_, _ = w.Write(text)
	}))
	t.Cleanup(lead.Close)
	base := follower(t, lead.URL, member.Options{})
	done := make(chan error, 32)
	for i := range 32 {
		go func() {
			text := bytes.Repeat([]byte{byte('a' + i%26)}, 100_000+i)
			resp, err := http.Post(base+"/x?"+url.QueryEscape(fmt.Sprint(i)), "text/plain", bytes.NewReader(text))
			if err == nil {
				var got []byte
				got, err = io.ReadAll(resp.Body)
				resp.Body.Close()
				if err == nil && !bytes.Equal(got, text) {
					err = fmt.Errorf("%d: %d bytes came back of %d", i, len(got), len(text))
				}
			}
			done <- err
		}()
	}
	for range 32 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
