// Package member is the HTTP side of one process of several, of which one
// leads. What concerns the process itself it answers: /health, /ready, /leader,
// and the paths that its own handler serves wherever it runs. All else belongs
// to the leader: if another process leads, the request is passed on to it and
// its answer passed back, both unchanged.
//
// It keeps nothing but connections, and knows who leads from the view alone.
package member

import (
	"crypto/tls"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/scheduler/leader"
)

// Options say what a member works with. View and Local are required.
type Options struct {
	View    func() *leader.View
	Self    string       // our own address, as the view names the leader's
	Local   http.Handler // the API; it answers 503 where it does not lead and has nothing to show
	TLS     *tls.Config  // towards a leader whose address begins with https://
	Log     *slog.Logger // nil: none
	Version string
	// Vouch writes into a request that is passed on what the leader cannot see: who
	// sent it. nil: nothing.
	Vouch func(in *http.Request, out http.Header)
	// Broken says why this process cannot lead though it could be its turn; nil: it can.
	Broken func() error
}

// Headers of ours.
const (
	// HopHeader names the member that has passed a request on. It is passed on once.
	HopHeader = "Hora-Forwarded-By"
	// StaleHeader comes with what is read while the store is away. It tells when that was true.
	StaleHeader = "Hora-Stale-Since"
)

// retryAfter is what Retry-After says, in seconds, if there is no leader: about
// as long as it takes until there is one.
const retryAfter = "1"

// here are the paths that each member answers for itself: they tell of this
// process, or are the same everywhere. Chronos passed them on, too, so that its
// /ping proved nothing about the node that was asked (Chronos contract 1.11).
var here = []string{"/ping", "/metrics", "/logging", "/", "/index.html"}

// member is the handler.
type member struct {
	Options
	transport *http.Transport
	proxy     *httputil.ReverseProxy
	began     time.Time
}

// New returns the handler of all paths.
func New(o Options) http.Handler {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Broken == nil {
		o.Broken = func() error { return nil }
	}
	if o.Vouch == nil {
		o.Vouch = func(*http.Request, http.Header) {}
	}
	m := &member{Options: o, began: time.Now()}
	m.transport = &http.Transport{
		DialContext:           (&net.Dialer{Timeout: dialTime, KeepAlive: 15 * time.Second}).DialContext,
		TLSClientConfig:       o.TLS,
		TLSHandshakeTimeout:   dialTime,
		ResponseHeaderTimeout: answerTime,
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       time.Minute, // less than that of the server, so that it is us who hang up
		MaxIdleConnsPerHost:   64,
		DisableCompression:    true, // what the client did not ask for is not unpacked either
	}
	m.proxy = &httputil.ReverseProxy{
		Rewrite: m.rewrite, Transport: m.transport, ErrorHandler: m.failed,
		ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
	}
	return m
}

// ServeHTTP implements http.Handler.
func (m *member) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case path == "/health" || path == "/ready" || path == "/leader":
		m.own(w, r)
		return
	case slices.Contains(here, path) || strings.HasPrefix(path, "/assets/"):
		m.Local.ServeHTTP(w, r)
		return
	}
	v := m.View()
	switch {
	case v.Leading:
		m.Local.ServeHTTP(w, r)
	case v.Leader == "" || v.Leader == m.Self:
		if v.Leader == "" && v.Term != 0 {
			w.Header().Set(StaleHeader, v.At.UTC().Format(time.RFC3339))
		}
		m.Local.ServeHTTP(w, r)
	case r.Header.Get(HopHeader) != "":
		// Leadership has just changed, or two members have the same address.
		refuse(w, r, http.StatusServiceUnavailable, "passed on by "+clean(r.Header.Get(HopHeader))+", but this process does not lead either: "+v.Leader+" does")
	default:
		m.pass(w, r, v.Leader)
	}
}

// own answers what is asked of this process.
func (m *member) own(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, r, http.StatusMethodNotAllowed, r.Method+" is not allowed, want GET")
		return
	}
	switch v := m.View(); r.URL.Path {
	case "/health":
		answer(w, http.StatusOK, map[string]any{"status": "ok", "version": m.Version, "uptimeSeconds": int64(time.Since(m.began).Seconds())})
	case "/ready":
		m.ready(w, r, v)
	default:
		answer(w, http.StatusOK, map[string]any{"leader": v.Leader, "leading": v.Leading, "term": v.Term, "self": m.Self})
	}
}

// ready tells whether requests to this member will be answered: because it
// leads, or because it can reach who does.
func (m *member) ready(w http.ResponseWriter, r *http.Request, v *leader.View) {
	body := map[string]any{"leading": v.Leading, "leader": v.Leader}
	reason := ""
	switch {
	case v.Leading:
		body["term"], body["subscribed"] = v.Term, v.Subscribed
	case v.Leader == m.Self:
		reason = "this process is about to lead"
	case v.Leader == "":
		reason = "no leader is known"
	case r.Header.Get(HopHeader) != "": // another one asks whether this process leads
		reason = "this process does not lead: " + v.Leader + " does"
	default:
		if err := m.probe(r, v.Leader); err != nil {
			reason = "the leader " + v.Leader + " is of no use: " + err.Error()
		}
	}
	if err := m.Broken(); err != nil {
		body["broken"] = err.Error()
	}
	status := http.StatusOK
	if reason != "" {
		status = http.StatusServiceUnavailable
		body["reason"] = reason
		w.Header().Set("Retry-After", retryAfter)
	}
	body["ready"] = reason == ""
	answer(w, status, body)
}

func answer(w http.ResponseWriter, status int, v any) {
	text, err := json.Marshal(v)
	if err != nil {
		panic("member: an answer cannot be encoded: " + err.Error()) // maps of texts and numbers
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(text, '\n'))
}

// refuse answers in the form that is usual on the path: Chronos' or a problem (RFC 9457).
func refuse(w http.ResponseWriter, r *http.Request, status int, text string) {
	body := map[string]any{"type": "about:blank", "title": http.StatusText(status), "status": status, "detail": text}
	kind := "application/problem+json"
	if strings.HasPrefix(r.URL.Path, "/scheduler/") || strings.HasPrefix(r.URL.Path, "/v1/scheduler/") {
		body, kind = map[string]any{"message": text, "status": http.StatusText(status)}, "application/json"
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		panic("member: an answer cannot be encoded: " + err.Error())
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", retryAfter)
	}
	w.WriteHeader(status)
	_, _ = w.Write(encoded)
}

// clean makes what came in a header fit for a message.
func clean(text string) string {
	if len(text) > 200 {
		text = text[:200]
	}
	return strings.ToValidUTF8(text, "?")
}
