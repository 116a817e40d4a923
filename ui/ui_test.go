package ui

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// fetch asks a handler for a path.
func fetch(t *testing.T, h http.Handler, path, encoding string) (*http.Response, []byte) {
	t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", path, nil)
	if encoding != "" {
		r.Header.Set("Accept-Encoding", encoding)
	}
	h.ServeHTTP(w, r)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), body
}

var linked = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

// TestPage: the page and everything it refers to is there, below any prefix,
// and nothing in it needs another server or an inline script.
func TestPage(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "/hora", "/tools/hora"} {
		h := http.StripPrefix(prefix, Handler())
		resp, body := fetch(t, h, prefix+"/", "")
		if resp.StatusCode != 200 || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			t.Fatalf("%s/: %d %s", prefix, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
		if csp := resp.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "script-src 'self'") || strings.Contains(csp, "unsafe") {
			t.Errorf("policy %q", csp)
		}
		if got := resp.Header.Get("Cache-Control"); got != "no-cache" {
			t.Errorf("the page is kept: %q", got)
		}
		links := linked.FindAllStringSubmatch(string(body), -1)
		if len(links) < 3 {
			t.Fatalf("found %d links in the page", len(links))
		}
		for _, link := range links {
			name, relative := strings.CutPrefix(link[1], "./")
			if !relative {
				t.Errorf("%s does not work below a path prefix or without a network", link[1])
			}
			resp, _ := fetch(t, h, prefix+"/"+name, "")
			if resp.StatusCode != 200 || resp.Header.Get("Content-Type") == "" {
				t.Errorf("%s: %d %s", link[1], resp.StatusCode, resp.Header.Get("Content-Type"))
			}
			if got := resp.Header.Get("Cache-Control"); hashed(name) && got != forever {
				t.Errorf("%s is not kept: %q", name, got)
			}
		}
		if regexp.MustCompile(`<script[^>]*>[^<]|<[^>]* on\w+=|style="`).Match(body) {
			t.Error("the page has inline scripts or styles, which its policy forbids")
		}
	}
	for _, path := range []string{"/assets/nothing.js", "/assets/../ui.go", "/assets/", "/dist/index.html"} {
		if resp, _ := fetch(t, Handler(), path, ""); resp.StatusCode != 404 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
	}
}

// firstLoad is what the first page may weigh, compressed.
const firstLoad = 350_000

// TestWeight: what a browser loads first is small enough, and comes compressed.
func TestWeight(t *testing.T) {
	t.Parallel()
	h := Handler()
	_, body := fetch(t, h, "/", "")
	total := 0
	names := []string{"/"}
	for _, link := range linked.FindAllStringSubmatch(string(body), -1) {
		names = append(names, strings.TrimPrefix(link[1], "."))
	}
	for _, name := range names {
		resp, plain := fetch(t, h, name, "")
		zipped, small := fetch(t, h, name, "gzip, br")
		if resp.Header.Get("Content-Encoding") != "" || zipped.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("%s: encodings %q and %q", name, resp.Header.Get("Content-Encoding"), zipped.Header.Get("Content-Encoding"))
		}
		z, err := gzip.NewReader(bytes.NewReader(small))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(z); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("%s is another file when it is compressed: %v", name, err)
		}
		total += len(small)
	}
	t.Logf("%d files, %d bytes", len(names), total)
	if total > firstLoad {
		t.Errorf("the first load is %d bytes, at most %d are allowed", total, firstLoad)
	}
}
