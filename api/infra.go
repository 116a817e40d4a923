package api

import (
	"html"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// noCache is what Chronos sends with what changes all the time.
const noCache = "must-revalidate,no-cache,no-store"

// ping answers that the process lives. It echoes the Origin, as Chronos did.
func (s *server) ping(c call) (response, error) {
	h := map[string]string{"Cache-Control": noCache, "Access-Control-Allow-Credentials": "true"}
	if origin := c.Header.Get("Origin"); origin != "" {
		h["Access-Control-Allow-Origin"] = origin
	}
	kind := "text/plain;charset=ISO-8859-1"
	if c.Method == http.MethodHead {
		kind = "text/plain"
	}
	return response{kind: kind, body: []byte("pong\n"), header: h}, nil
}

// metrics gives Prometheus its text, and whoever accepts JSON and no text what
// Chronos gave.
func (s *server) metrics(c call) (response, error) {
	if wantsJSON(c.Header.Values("Accept")) {
		return s.chronosMetrics(c)
	}
	return response{as: promhttp.HandlerFor(s.Gatherer, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelError)})}, nil
}

func wantsJSON(accept []string) bool {
	for part := range strings.SplitSeq(strings.Join(accept, ","), ",") {
		kind, _, err := mime.ParseMediaType(part)
		if err == nil && kind == jsonType {
			return true
		}
		if err == nil && (strings.HasPrefix(kind, "text/") || kind == "*/*" || kind == "application/openmetrics-text") {
			return false
		}
	}
	return false
}

// levels are the words of /logging, and what they mean here. OFF is above all
// that is logged; TRACE and ALL are the same as DEBUG.
var levels = []struct {
	word  string
	level slog.Level
}{
	{"OFF", slog.LevelError + 100}, {"ERROR", slog.LevelError}, {"WARN", slog.LevelWarn}, {"INFO", slog.LevelInfo},
	{"DEBUG", slog.LevelDebug}, {"TRACE", slog.LevelDebug}, {"ALL", slog.LevelDebug},
}

// logging shows the level of the log. There is one logger, ROOT.
func (s *server) logging(call) (response, error) {
	current := "not adjustable"
	var b strings.Builder
	b.WriteString("<html><head><title>Logging</title></head><body>\n")
	if s.Level != nil {
		current = s.Level.Level().String()
		b.WriteString(`<form method="POST" action="/logging"><input name="logger" value="ROOT" /><select name="level">`)
		for _, l := range levels {
			b.WriteString("<option>" + l.word + "</option>")
		}
		b.WriteString(`</select><input type="submit" value="Change" /></form>` + "\n")
	}
	b.WriteString("<table><tr><th>Logger</th><th>Level</th></tr><tr><td>ROOT</td><td>" + html.EscapeString(current) + "</td></tr></table>\n</body></html>\n")
	return response{kind: "text/html;charset=ISO-8859-1", body: []byte(b.String())}, nil
}

// setLogging changes the level of the log.
func (s *server) setLogging(c call) (response, error) {
	if s.Level == nil {
		return response{}, fault(http.StatusConflict, "the level of the log cannot be changed while it runs")
	}
	if site := c.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return response{}, fault(http.StatusForbidden, "the form of another site is not taken")
	}
	c.Body = http.MaxBytesReader(nil, c.Body, 4<<10)
	if err := c.ParseForm(); err != nil {
		return response{}, badRequest("the body is not a form: %v", err)
	}
	if logger := c.PostForm.Get("logger"); logger != "" && !strings.EqualFold(logger, "root") {
		return response{}, badRequest("logger: %.60q is unknown, want ROOT", logger)
	}
	word := c.PostForm.Get("level")
	i := slices.IndexFunc(levels, func(l struct {
		word  string
		level slog.Level
	}) bool {
		return l.word == word
	})
	if i < 0 {
		return response{}, badRequest("level: %.60q is unknown, want OFF, ERROR, WARN, INFO, DEBUG, TRACE or ALL", word)
	}
	s.Level.Set(levels[i].level)
	s.Log.Info("the level of the log was changed", "level", word)
	return s.logging(c)
}

const wadlType = "application/vnd.sun.wadl+xml"

// describe is what OPTIONS gives: the methods of one path, in WADL.
func describe(c call, methods []route) []byte {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><application xmlns="http://wadl.dev.java.net/2009/02"><resources><resource path="` + html.EscapeString(c.URL.EscapedPath()) + `">`)
	for _, m := range methods {
		b.WriteString(`<method name="` + m.method + `"/>`)
	}
	b.WriteString("</resource></resources></application>")
	return []byte(b.String())
}

// wadl describes all paths of a release.
func (s *server) wadl(d dialect) http.Handler {
	var b strings.Builder
	b.WriteString(`<?xml version="1.0" encoding="UTF-8" standalone="yes"?><application xmlns="http://wadl.dev.java.net/2009/02"><resources base="` + roots[d] + `">`)
	all := routesOf(d)
	for _, path := range paths(all) {
		b.WriteString(`<resource path="` + path + `">`)
		for _, r := range all {
			if r.path == path {
				b.WriteString(`<method name="` + r.method + `"/>`)
			}
		}
		b.WriteString("</resource>")
	}
	b.WriteString("</resources></application>")
	text := []byte(b.String())
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{r, d}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			s.write(w, c, response{status: http.StatusMethodNotAllowed, header: map[string]string{"Allow": "GET,HEAD,OPTIONS"}}, nil)
			return
		}
		s.write(w, c, response{kind: wadlType, body: text}, nil)
	})
}
