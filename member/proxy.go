package member

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"time"
)

// How long the leader is waited for. Its own API gives up after 30 seconds.
const (
	dialTime   = 3 * time.Second
	answerTime = 45 * time.Second // for the first byte; what streams may take as long as it likes
	probeTime  = time.Second
)

// leaderKey is where the address of the leader is in the context of a request.
type leaderKey struct{}

// pass hands the request to the leader, and the answer back.
func (m *member) pass(w http.ResponseWriter, r *http.Request, address string) {
	target, err := Base(address)
	if err != nil {
		m.Log.Error("the address of the leader is unusable", "leader", address, "error", err)
		refuse(w, r, http.StatusServiceUnavailable, "the address of the leader can't be used: "+err.Error())
		return
	}
	m.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), leaderKey{}, target)))
}

// Base is the URL of a member, of the address that it advertises: host:port, as
// Chronos writes it (Chronos contract 7.4), or a URL.
func Base(address string) (*url.URL, error) {
	if !strings.Contains(address, "://") {
		address = "http://" + address
	}
	u, err := url.Parse(address)
	switch {
	case err != nil:
		return nil, err
	case u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.Port() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "":
		return nil, fmt.Errorf("%q is not host:port, http://host:port or https://host:port", address)
	}
	u.Path = ""
	return u, nil
}

// rewrite makes the request to the leader: the same path, escaped as it came,
// the same query, even if it cannot be read, the same Host and headers.
func (m *member) rewrite(p *httputil.ProxyRequest) {
	target, _ := p.In.Context().Value(leaderKey{}).(*url.URL)
	p.Out.URL.Scheme, p.Out.URL.Host = target.Scheme, target.Host
	p.Out.URL.RawQuery = p.In.URL.RawQuery
	if before := p.In.Header["X-Forwarded-For"]; len(before) > 0 {
		p.Out.Header["X-Forwarded-For"] = before
	}
	host, proto := p.In.Header.Get("X-Forwarded-Host"), p.In.Header.Get("X-Forwarded-Proto")
	p.SetXForwarded()
	if host != "" { // a proxy before this process knows what the client has asked for
		p.Out.Header.Set("X-Forwarded-Host", host)
	}
	if proto != "" {
		p.Out.Header.Set("X-Forwarded-Proto", proto)
	}
	p.Out.Header.Set(HopHeader, m.Self)
	m.Vouch(p.In, p.Out.Header)
}

// failed answers when the leader does not. Try again, says a 503: nothing was
// done. A 502 and a 504 say that it is not known.
func (m *member) failed(w http.ResponseWriter, r *http.Request, err error) {
	target, _ := r.Context().Value(leaderKey{}).(*url.URL)
	if r.Context().Err() != nil {
		w.WriteHeader(http.StatusBadGateway) // nobody listens any more
		return
	}
	m.Log.Warn("a request was not passed on", "leader", target.Host, "method", r.Method, "path", r.URL.Path, "error", err)
	var op *net.OpError
	var timeout net.Error
	var tooLong *http.MaxBytesError
	switch {
	case errors.As(err, &tooLong):
		refuse(w, r, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body has more than %d bytes", tooLong.Limit))
	case errors.As(err, &op) && op.Op == "dial":
		refuse(w, r, http.StatusServiceUnavailable, "the leader "+target.Host+" can't be reached: another one is elected if it is gone")
	case r.Method == http.MethodGet || r.Method == http.MethodHead:
		refuse(w, r, http.StatusServiceUnavailable, "the leader "+target.Host+" has not answered")
	case errors.As(err, &timeout) && timeout.Timeout():
		refuse(w, r, http.StatusGatewayTimeout, "the leader "+target.Host+" has not answered in time: whether it has taken effect is not known")
	default:
		refuse(w, r, http.StatusBadGateway, "the connection to the leader "+target.Host+" broke: whether it has taken effect is not known")
	}
}

// probe asks the leader whether it leads. That it lives is not enough: while the
// store is away, nobody does, and who led last is all that is known.
func (m *member) probe(r *http.Request, address string) error {
	target, err := Base(address)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), probeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target.String()+"/ready", nil)
	if err != nil {
		return err
	}
	req.Header.Set(HopHeader, m.Self)
	resp, err := m.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var is struct{ Leading bool }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxProbe)).Decode(&is); err != nil {
		return fmt.Errorf("it answers %s", resp.Status)
	}
	if !is.Leading {
		return errNotLeading
	}
	return nil
}

// maxProbe is how much is read of what a leader says of itself, in bytes.
const maxProbe = 64 << 10

var errNotLeading = errors.New("it says that it does not lead")

// Rolling gives each write of an answer so much time, instead of all of it
// together: what streams may last, but not to a client that does not read.
func Rolling(next http.Handler, each time.Duration) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(&rolling{w, http.NewResponseController(w), each}, r)
	})
}

type rolling struct {
	http.ResponseWriter
	control *http.ResponseController
	each    time.Duration
}

// Write implements http.ResponseWriter.
func (w *rolling) Write(b []byte) (int, error) {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.each)) // recorders have none
	return w.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController looks for.
func (w *rolling) FlushError() error {
	_ = w.control.SetWriteDeadline(time.Now().Add(w.each))
	return w.control.Flush()
}

// Unwrap is what http.ResponseController looks for.
func (w *rolling) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Flush implements http.Flusher.
func (w *rolling) Flush() { _ = w.FlushError() }
