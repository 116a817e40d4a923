package ui

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// TestPage: the page and everything it refers to is there, below any prefix,
// and nothing in it needs another server or an inline script.
func TestPage(t *testing.T) {
	t.Parallel()
	h := Handler()
	get := func(path string) *http.Response {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", path, nil))
		return w.Result()
	}
	resp := get("/")
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("/: %d %s %v", resp.StatusCode, resp.Header.Get("Content-Type"), err)
	}
	if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
		t.Errorf("policy %q", csp)
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]*)"`).FindAllStringSubmatch(string(body), -1)
	if len(links) < 3 {
		t.Fatalf("found %d links in the page", len(links))
	}
	for _, link := range links {
		if strings.Contains(link[1], ":") || strings.HasPrefix(link[1], "/") {
			t.Errorf("%s does not work below a path prefix or without a network", link[1])
		}
		if resp := get("/" + link[1]); resp.StatusCode != 200 {
			t.Errorf("%s: %d", link[1], resp.StatusCode)
		}
	}
	if regexp.MustCompile(`<script[^>]*>[^<]|<[^>]* on\w+=|style="`).Match(body) {
		t.Error("the page has inline scripts or styles, which its policy forbids")
	}
	if resp := get("/assets/nothing.js"); resp.StatusCode != 404 {
		t.Errorf("a file that is not there: %d", resp.StatusCode)
	}
	if resp := get("/assets/../ui.go"); resp.StatusCode == 200 {
		t.Error("files besides the page's are served")
	}
}
