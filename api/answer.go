package api

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// response is what a handler gives. The zero response is 204 No Content.
type response struct {
	status int    // 0: 200 if there is a body, else 204
	kind   string // Content-Type; "" is application/json
	body   []byte
	stream func(io.Writer) error // instead of body
	header map[string]string
	as     http.Handler // instead of everything: it answers by itself
}

const jsonType = "application/json"

func jsonBody(b []byte) response { return response{body: b} }

// failure is an error with the status that tells of it.
type failure struct {
	status int
	said   message.Message // it may say nothing: no body on Chronos' paths
	after  int             // seconds, for Retry-After; 0 is the usual
}

func (e *failure) Error() string { return e.said.String() }

// Said implements message.Sayer.
func (e *failure) Said() message.Message { return e.said }

func fault(status int, format string, args ...any) error {
	if false {
		_ = fmt.Sprintf(format, args...) // has vet check the calls
	}
	return &failure{status: status, said: message.Message{Format: format, Args: args}}
}

func badRequest(format string, args ...any) error {
	return fault(http.StatusBadRequest, format, args...)
}

// sentence is an error for which Chronos has words of its own, which clients
// may know. They are sent as they are; the cause goes into a header.
type sentence struct {
	text  string // as 2.4.0 sends it
	plain bool   // 3.0.2 sends it as it is, not as an exception's first line
	cause error
}

func (e *sentence) Error() string { return e.text }
func (e *sentence) Unwrap() error { return e.cause }

// reasonHeader carries what was wrong where Chronos' words do not say it.
const reasonHeader = "Hora-Reason"

// endpoint serves the methods of one path.
func (s *server) endpoint(d dialect, methods []route) http.Handler {
	allow := allowed(methods)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := call{r, d}
		method := r.Method
		if method == http.MethodHead {
			method = http.MethodGet
		}
		if method == http.MethodOptions {
			resp := response{status: http.StatusOK, header: map[string]string{"Allow": allow}}
			if d != own {
				resp.kind, resp.body = wadlType, describe(c, methods)
			}
			s.write(w, c, resp, nil)
			return
		}
		i := slices.IndexFunc(methods, func(x route) bool { return x.method == method })
		if i < 0 {
			w.Header().Set("Allow", allow)
			if d == own && !strings.HasPrefix(r.URL.Path, "/api/") {
				s.notFound(http.StatusMethodNotAllowed).ServeHTTP(w, r)
				return
			}
			s.write(w, c, response{}, wrongMethod(c, allow))
			return
		}
		began := time.Now()
		resp, err := s.run(c, methods[i])
		s.write(w, c, resp, err)
		s.timers.observe(d, methods[i].timer, time.Since(began))
	})
}

// wrongMethod is empty on Chronos' paths.
func wrongMethod(c call, allow string) error {
	f := &failure{status: http.StatusMethodNotAllowed}
	if c.dialect == own {
		f.said = message.Of("%s is not allowed, want one of %s", c.Method, allow)
	}
	return f
}

// allowed is the Allow header of a path.
func allowed(methods []route) string {
	names := []string{http.MethodOptions}
	for _, m := range methods {
		names = append(names, m.method)
		if m.method == http.MethodGet {
			names = append(names, http.MethodHead)
		}
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ",")
}

// run checks what the request brings and wants, then handles it.
func (s *server) run(c call, r route) (response, error) {
	if err := s.admit(c, r); err != nil {
		return response{}, err
	}
	if err := c.checkContentType(r); err != nil {
		return response{}, err
	}
	if !c.accepts(r.gives) {
		return response{}, &failure{status: http.StatusNotAcceptable}
	}
	ctx, cancel := context.WithTimeout(c.Context(), patient)
	defer cancel()
	c.Request = c.WithContext(ctx)
	return r.handle(s, c)
}

// checkContentType follows Jersey: a type that is there must fit, also where no
// body is wanted; a body needs one.
func (c call) checkContentType(r route) error {
	values, there := c.Header["Content-Type"]
	if r.takes == anything {
		return nil
	}
	unsupported := &failure{status: http.StatusUnsupportedMediaType}
	if !there {
		if r.method == http.MethodPost || c.ContentLength > 0 {
			return unsupported
		}
		return nil
	}
	value, _, _ := strings.Cut(values[0], ";")
	main, sub, ok := strings.Cut(strings.ToLower(strings.TrimSpace(value)), "/")
	switch {
	case value == "" && c.dialect == v30:
		return unsupported
	case !ok:
		return badRequest("Content-Type: %.60q is not a media type, want application/json", values[0])
	case main == "application" && sub == "json", r.takes == jsonAny && (sub == "json" || strings.HasSuffix(sub, "+json")):
		return nil
	}
	return unsupported
}

// accepts follows Jersey, which takes no notice of q=0.
func (c call) accepts(m media) bool {
	values := c.Header.Values("Accept")
	if m == anything || len(values) == 0 {
		return true
	}
	main, sub := "application", "json"
	if m == plainText {
		main, sub = "text", "plain"
	}
	for part := range strings.SplitSeq(strings.Join(values, ","), ",") {
		value, _, _ := strings.Cut(part, ";")
		a, b, _ := strings.Cut(strings.ToLower(strings.TrimSpace(value)), "/")
		if a == "*" && b == "*" || a == main && (b == sub || b == "*") || a == "application" && b == "problem+json" && c.dialect == own {
			return true
		}
	}
	return false
}

// body reads the request's body.
func (c call) body() ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(nil, c.Body, MaxBody))
	if err != nil {
		var tooLong *http.MaxBytesError
		if errors.As(err, &tooLong) {
			return nil, err
		}
		return nil, badRequest("the body cannot be read: %v", err)
	}
	return body, nil
}

// write is where every answer leaves, and where errors become statuses.
func (s *server) write(w http.ResponseWriter, c call, resp response, err error) {
	if err != nil {
		resp = s.refuse(c, err)
	}
	if resp.as != nil {
		resp.as.ServeHTTP(w, c.Request)
		return
	}
	h := w.Header()
	for name, value := range resp.header {
		h.Set(name, value)
	}
	if resp.status == 0 {
		resp.status = http.StatusOK
		if resp.body == nil && resp.stream == nil {
			resp.status = http.StatusNoContent
		}
	}
	hasBody := resp.body != nil || resp.stream != nil
	if resp.kind == "" && (hasBody || resp.status == http.StatusNoContent) {
		resp.kind = jsonType
	}
	if resp.kind != "" {
		h.Set("Content-Type", resp.kind)
	}
	c.tellLanguage(h)
	if !hasBody {
		w.WriteHeader(resp.status)
		return
	}
	compress := false
	if c.dialect == v30 && resp.status == http.StatusOK && c.Method != http.MethodOptions {
		h.Set("Vary", "Accept-Encoding, User-Agent")
		if compress = wantsGzip(c.Header.Get("Accept-Encoding")); compress {
			h.Set("Content-Encoding", "gzip")
		}
	}
	if resp.stream == nil && !compress {
		h.Set("Content-Length", strconv.Itoa(len(resp.body)))
	}
	w.WriteHeader(resp.status)
	if err := resp.send(w, compress); err != nil {
		s.Log.Debug("an answer was not sent to its end", "path", c.URL.Path, "error", err)
	}
}

// chunk is how much of a list is written at once.
const chunk = 64 << 10

// send writes the body.
func (resp response) send(w io.Writer, compress bool) error {
	var zip *gzip.Writer
	if compress {
		zip = gzip.NewWriter(w)
		w = zip
	}
	var err error
	if resp.stream != nil {
		buffered := bufio.NewWriterSize(w, chunk)
		err = errors.Join(resp.stream(buffered), buffered.Flush())
	} else {
		_, err = w.Write(resp.body)
	}
	if zip != nil {
		err = errors.Join(err, zip.Close())
	}
	return err
}

// wantsGzip looks for gzip with a q other than 0. A star does not count, as in Jetty.
func wantsGzip(accept string) bool {
	for part := range strings.SplitSeq(accept, ",") {
		name, q, _ := strings.Cut(part, ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			weight, found := strings.CutPrefix(strings.ReplaceAll(q, " ", ""), "q=")
			v, err := strconv.ParseFloat(weight, 64)
			return !found || err != nil || v > 0
		}
	}
	return false
}

// refuse turns an error into an answer. Mistakes of the client are 4xx; what is
// not known here is logged, and the client is told nothing of it.
func (s *server) refuse(c call, err error) response {
	status, said := s.classify(c, err)
	resp := response{status: status, header: map[string]string{}}
	switch status {
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		resp.header["Retry-After"] = "1"
	}
	var known *failure
	if errors.As(err, &known) && known.after > 0 {
		resp.header["Retry-After"] = strconv.Itoa(known.after)
	}
	text := c.say(said)
	if text == "" {
		if c.dialect != own {
			return resp
		}
		text = c.say(unanswered(status))
	}
	var words *sentence
	if errors.As(err, &words) && c.dialect != own {
		if words.cause != nil {
			resp.header[reasonHeader] = headerText(words.cause.Error())
		}
		if c.dialect == v24 {
			resp.body = []byte(words.text)
			return resp
		}
		if !words.plain {
			text = "java.lang.IllegalArgumentException: " + words.text
		}
	}
	var w writer
	w.open('{')
	if c.dialect == own {
		resp.kind = "application/problem+json"
		w.key("type").text("about:blank")
		w.key("title").text(http.StatusText(status))
		w.key("status").int(int64(status))
		w.key("detail").text(text)
		var field *job.FieldError
		if errors.As(err, &field) {
			w.key("field").text(field.Field)
		}
		var denied *access.Denied
		if errors.As(err, &denied) && denied.Field != "" {
			w.key("field").text(denied.Field)
		}
	} else {
		w.key("message").text(text)
		w.key("status").text(http.StatusText(status))
	}
	w.close('}')
	resp.body = w.buf
	return resp
}

// unanswered is what is said of a status that says all.
func unanswered(status int) message.Message {
	switch status {
	case http.StatusNotAcceptable:
		return message.Of("the request cannot be answered in a form that it accepts")
	case http.StatusUnsupportedMediaType:
		return message.Of("the body's media type is not known here, want application/json")
	}
	return message.Of("the request cannot be answered (%d)", status)
}

// classify finds the status for an error, and what is said of it.
func (s *server) classify(c call, err error) (int, any) {
	var (
		known   *failure
		words   *sentence
		field   *job.FieldError
		tooLong *http.MaxBytesError
		denied  *access.Denied
	)
	switch {
	case errors.As(err, &known):
		return known.status, known.said
	case errors.As(err, &denied):
		return http.StatusForbidden, err
	case errors.As(err, &words):
		return http.StatusBadRequest, words.text
	case errors.As(err, &field):
		return http.StatusBadRequest, err
	case errors.As(err, &tooLong):
		return http.StatusRequestEntityTooLarge, message.Of("the body has more than %d bytes", tooLong.Limit)
	case errors.Is(err, scheduler.ErrNoJob):
		if c.dialect == own {
			return http.StatusNotFound, err
		}
		return http.StatusBadRequest, err
	case errors.Is(err, scheduler.ErrTooManyRuns):
		return http.StatusTooManyRequests, err
	case errors.Is(err, scheduler.ErrNoRun):
		return http.StatusNotFound, err
	case errors.Is(err, scheduler.ErrTooBig), errors.Is(err, scheduler.ErrNoSlot), errors.Is(err, scheduler.ErrBackfill), errors.Is(err, scheduler.ErrTooLate):
		return http.StatusConflict, err
	case errors.Is(err, scheduler.ErrRevision):
		return http.StatusPreconditionFailed, err
	case errors.Is(err, leader.ErrNotLeader), errors.Is(err, leader.ErrUncertain):
		return http.StatusServiceUnavailable, err
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable, message.Of("no answer in time: whether it has taken effect is not known")
	}
	s.Log.Error("a request failed", "method", c.Method, "path", c.URL.Path, slog.Any("error", err))
	return http.StatusInternalServerError, message.Of("internal error; the log of the server says more")
}

// headerText makes a text fit for a header.
func headerText(s string) string {
	if len(s) > 500 {
		s = s[:500] + "..."
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return '?'
		}
		return r
	}, s)
}

// nothing answers below a root where no path is: the Chronos paths with an empty body.
func (s *server) nothing(d dialect) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := &failure{status: http.StatusNotFound}
		if d == own {
			f.said = message.Of("there is nothing at %s", r.URL.Path)
		}
		s.write(w, call{r, d}, response{}, f)
	})
}

// notFound answers people who look for a page that is not there.
func (s *server) notFound(status int) http.Handler {
	page := "<html><head><title>" + http.StatusText(status) + "</title></head><body><p>" + http.StatusText(status) + "</p></body></html>\n"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.write(w, call{r, own}, response{status: status, kind: "text/html;charset=ISO-8859-1", body: []byte(page)}, nil)
	})
}

// outermost refuses addresses that are too long, and adds the header that 3.0.2
// sends with every answer.
func (s *server) outermost(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") { // whatever is in an answer, a browser shall not run it
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'; sandbox")
		}
		if len(r.RequestURI) > MaxURL || len(r.URL.Path)+len(r.URL.RawQuery) > MaxURL {
			f := &failure{status: http.StatusRequestURITooLong}
			if strings.HasPrefix(r.URL.Path, "/api") {
				f.said = message.Of("the address has more than %d bytes", MaxURL)
			}
			s.write(w, call{r, dialectOf(r)}, response{}, f)
			return
		}
		if err := sameSite(r); err != nil && (s.Gate != nil || dialectOf(r) == own) { // Chronos let every page in
			s.write(w, call{r, dialectOf(r)}, response{}, err)
			return
		}
		if strings.HasPrefix(r.URL.Path, roots[v30]+"/") {
			w.Header().Set("Access-Control-Allow-Origin", "*")
		}
		next.ServeHTTP(w, withCaller(r))
	})
}
