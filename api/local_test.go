package api_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/api"
)

// TestLocal: a server without access control on loopback answers for its own
// machine, and neither for names that others may point there nor for their pages.
func TestLocal(t *testing.T) {
	t.Parallel()
	h := api.Local(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(204) }), []string{"mine.example", "box"})
	for _, c := range []struct {
		method, host, path string
		header             string // name: value
		want               int
	}{
		{"GET", "127.0.0.1:4400", "/api/jobs", "", 204}, {"GET", "localhost:1", "/", "", 204}, {"GET", "LOCALHOST.", "/", "", 204}, {"GET", "hora.localhost:4400", "/", "", 204},
		{"GET", "[::1]:4400", "/", "", 204}, {"GET", "[::1]", "/", "", 204}, {"GET", "127.9.9.9", "/", "", 204}, {"GET", "", "/", "", 204}, {"GET", "[::ffff:127.0.0.1]:1", "/", "", 204},
		{"PUT", "mine.example:80", "/api/jobs/x", "", 204}, {"GET", "Box", "/", "", 204},
		{"GET", "evil.example", "/", "", 421}, {"GET", "evil.example:4400", "/api/jobs", "", 421}, {"PUT", "evil.example:4400", "/api/jobs/x", "Origin: http://evil.example:4400", 421},
		{"GET", "localhost.evil.example", "/", "", 421}, {"GET", "192.168.1.1:4400", "/", "", 421}, {"GET", "127.0.0.1.evil.example", "/", "", 421}, {"GET", "evil.example", "/scheduler/jobs", "", 421},
		{"GET", "10.0.0.1", "/health", "", 421},
		{"GET", "127.0.0.1:4400", "/v1/scheduler/jobs", "Origin: http://evil.example", 403}, {"GET", "127.0.0.1:4400", "/api/jobs", "Origin: null", 403},
		{"POST", "127.0.0.1:4400", "/scheduler/iso8601", "Origin: http://evil.example", 403}, {"DELETE", "127.0.0.1:4400", "/scheduler/job/x", "Sec-Fetch-Site: cross-site", 403},
		{"POST", "127.0.0.1:4400", "/api/jobs/x/run", "Origin: http://127.0.0.1:4400", 204}, {"GET", "127.0.0.1:4400", "/api/jobs", "Origin: http://127.0.0.1:4400", 204},
		{"GET", "127.0.0.1:4400", "/", "Sec-Fetch-Site: cross-site", 204}, // somebody follows a link
	} {
		r := httptest.NewRequest(c.method, "http://h"+c.path, nil)
		r.Host = c.host
		if name, value, there := strings.Cut(c.header, ": "); there {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.want {
			t.Errorf("%+v: %d %s", c, w.Code, w.Body)
		}
		if w.Code == 421 && !strings.Contains(w.Body.String(), "--allowed_hosts") {
			t.Errorf("%+v does not say what to do: %s", c, w.Body)
		}
	}
}
