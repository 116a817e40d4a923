package api_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"testing"

	"github.com/hora-scheduler/hora/api"
)

// TestBehind: who the client is, is believed of the proxies that are named and of nobody else.
func TestBehind(t *testing.T) {
	t.Parallel()
	proxies := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("::1/128")}
	h := api.Behind(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, r.RemoteAddr) }), proxies)
	for _, c := range []struct {
		remote string
		header []string
		want   string
	}{
		{"10.0.0.1:5", []string{"203.0.113.1"}, "203.0.113.1:0"}, {"[::1]:5", []string{"2001:db8::1"}, "[2001:db8::1]:0"}, {"[::ffff:10.0.0.1]:5", []string{"203.0.113.1"}, "203.0.113.1:0"},
		{"10.0.0.1:5", nil, "10.0.0.1:5"}, {"192.0.2.1:5", []string{"203.0.113.1"}, "192.0.2.1:5"}, {"10.0.1.1:5", []string{"203.0.113.1"}, "10.0.1.1:5"},
		{"10.0.0.1:5", []string{"198.51.100.9, 203.0.113.1, 10.0.0.2"}, "203.0.113.1:0"}, // what the client itself has written does not count
		{"10.0.0.1:5", []string{"198.51.100.9", "203.0.113.1"}, "203.0.113.1:0"}, {"10.0.0.1:5", []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3:0"},
		{"10.0.0.1:5", []string{"203.0.113.1, nonsense"}, "10.0.0.1:5"}, {"10.0.0.1:5", []string{"nonsense, 10.0.0.2"}, "10.0.0.2:0"}, {"10.0.0.1:5", []string{""}, "10.0.0.1:5"}, {"@", []string{"203.0.113.1"}, "@"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		r.Header["X-Forwarded-For"] = c.header
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Body.String() != c.want {
			t.Errorf("%s %q: %s, want %s", c.remote, c.header, w.Body, c.want)
		}
	}
}
