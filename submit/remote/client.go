// Package remote speaks with the server that jobs are sent to: hora, or a real
// Chronos 2.4.0 or 3.0.2. It finds out which one it is, reads the jobs that are
// there, writes definitions, and repeats what may be repeated.
//
// It decides nothing about jobs; package submit does.
package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Limits of the talk with a server.
const (
	maxAnswer    = 512 << 20              // bytes of an answer
	maxAttempts  = 6                      // of a request that may be repeated
	firstPause   = 100 * time.Millisecond // between two attempts, doubled each time
	longestPause = 5 * time.Second
	longestAsked = 30 * time.Second // a server's Retry-After counts up to that
)

// Client sends requests to one server.
type Client struct {
	base     *url.URL
	http     *http.Client
	login    Login
	attempts int
	pause    time.Duration // before the second attempt
}

// Login is who a client is. The zero Login is nobody.
type Login struct{ User, Password, Token string }

// StatusError is an answer that says no.
type StatusError struct {
	Code    int
	Message string // for people
	Field   string // of a definition, if the server names one
}

// Error is the server's message, or what the status means.
func (e *StatusError) Error() string {
	switch {
	case e.Message != "":
		return e.Message
	case e.Code == http.StatusUnauthorized:
		return "the server wants to know who you are: give user and password, or a token"
	}
	return fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code))
}

// Is makes errors.Is(err, ErrConflict) and the like hold.
func (e *StatusError) Is(target error) bool {
	return target == ErrConflict && (e.Code == http.StatusPreconditionFailed || e.Code == http.StatusConflict) ||
		target == ErrNotFound && e.Code == http.StatusNotFound
}

// Errors that callers tell apart.
var (
	ErrConflict = errors.New("somebody else has changed the job meanwhile")
	ErrNotFound = errors.New("there is no such thing")
	ErrUnknown  = errors.New("neither hora nor Chronos answers there")
)

// NewClient returns a client of the server at that URL. A transport of nil is the usual one.
func NewClient(server string, login Login, transport http.RoundTripper) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("want a URL such as http://127.0.0.1:4400")
	}
	if u.User != nil && login == (Login{}) {
		login.User = u.User.Username()
		login.Password, _ = u.User.Password()
	}
	u.User, u.Path, u.RawQuery, u.Fragment = nil, strings.TrimSuffix(u.Path, "/"), "", ""
	if transport == nil {
		t := http.DefaultTransport.(*http.Transport).Clone()
		t.MaxIdleConnsPerHost = 64
		transport = t
	}
	return &Client{base: u, http: &http.Client{Transport: transport, Timeout: 2 * time.Minute}, login: login, attempts: maxAttempts, pause: firstPause}, nil
}

// Server is the server's URL, without who one is.
func (c *Client) Server() string { return c.base.String() }

// Path joins segments to a path, each of them escaped.
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	return b.String()
}

// Request is what is asked of a server.
type Request struct {
	Method string
	Path   string // escaped, from the root of the server
	Query  url.Values
	Body   []byte
	Header map[string]string
	Once   bool // it must not be repeated, as it would take effect twice
}

// Answer is what a server said, with a status of 2xx.
type Answer struct {
	Code     int
	Header   http.Header
	Body     []byte
	Attempts int // more than 1: an earlier one may have taken effect
}

// Do sends a request, again where that is safe: after errors of the
// connection, 429, 502, 503 and 504, with pauses that grow, or as long as the
// server says. It fails with a *StatusError if the server says no.
func (c *Client) Do(ctx context.Context, r Request) (*Answer, error) {
	for attempt := 1; ; attempt++ {
		a, pause, err := c.once(ctx, r)
		if err == nil {
			a.Attempts = attempt
			return a, nil
		}
		var status *StatusError
		answered := errors.As(err, &status)
		again := !answered && !r.Once || answered && repeatable(status.Code, r.Once)
		if !again || attempt >= c.attempts || ctx.Err() != nil {
			if answered && attempt > 1 {
				return &Answer{Attempts: attempt}, err
			}
			return nil, err
		}
		if pause == 0 {
			pause = min(c.pause<<(attempt-1), longestPause)
			pause = pause/2 + rand.N(pause/2+1)
		}
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// repeatable tells whether a status means that a later attempt may do. With 429
// nothing has been done; of the others that is not known.
func repeatable(code int, once bool) bool {
	switch code {
	case http.StatusTooManyRequests:
		return true
	case http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return !once
	}
	return false
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (c *Client) once(ctx context.Context, r Request) (*Answer, time.Duration, error) {
	resp, err := c.send(ctx, r)
	if err != nil {
		return nil, 0, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, 0, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, retryAfter(resp.Header.Get("Retry-After")), refusal(resp, body)
	}
	return &Answer{Code: resp.StatusCode, Header: resp.Header, Body: body}, 0, nil
}

func (c *Client) send(ctx context.Context, r Request) (*http.Response, error) {
	target := c.base.Scheme + "://" + c.base.Host + c.base.EscapedPath() + r.Path
	if len(r.Query) > 0 {
		target += "?" + r.Query.Encode()
	}
	var body io.Reader
	if r.Body != nil {
		body = bytes.NewReader(r.Body)
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, target, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", "application/json, text/plain;q=0.5, */*;q=0.1")
	if r.Body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	for k, v := range r.Header {
		req.Header.Set(k, v)
	}
	switch {
	case c.login.Token != "":
		req.Header.Set("Authorization", "Bearer "+c.login.Token)
	case c.login.User != "":
		req.SetBasicAuth(c.login.User, c.login.Password)
	}
	return c.http.Do(req)
}

// Stream sends a request once and hands over the body of the answer, which has
// to be closed. Only ctx bounds how long it may take.
func (c *Client) Stream(ctx context.Context, r Request) (io.ReadCloser, error) {
	patient := *c
	patient.http = &http.Client{Transport: c.http.Transport}
	resp, err := patient.send(ctx, r)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		defer resp.Body.Close()
		body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
		return nil, errors.Join(refusal(resp, body), err)
	}
	return resp.Body, nil
}

func retryAfter(text string) time.Duration {
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return min(time.Duration(seconds)*time.Second, longestAsked)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), longestAsked)
	}
	return 0
}

// refusal reads what a server says: a problem of hora, a message of Chronos
// 3.0.2, of which the first line counts, or the raw text of 2.4.0.
func refusal(resp *http.Response, body []byte) error {
	e := &StatusError{Code: resp.StatusCode}
	var problem struct{ Detail, Title, Message, Field string }
	kind := resp.Header.Get("Content-Type")
	switch {
	case json.Unmarshal(body, &problem) == nil:
		e.Field = problem.Field
		for _, text := range []string{problem.Detail, problem.Message, problem.Title} {
			if e.Message == "" {
				e.Message = text
			}
		}
	case strings.HasPrefix(kind, "application/json") || strings.HasPrefix(kind, "text/plain"):
		e.Message = string(body)
	}
	if reason := resp.Header.Get("Hora-Reason"); reason != "" {
		e.Message = reason
	}
	e.Message, _, _ = strings.Cut(strings.TrimSpace(e.Message), "\n")
	for _, prefix := range []string{"java.lang.IllegalArgumentException: ", "requirement failed: "} {
		e.Message = strings.TrimPrefix(e.Message, prefix)
	}
	if len(e.Message) > 2000 {
		e.Message = e.Message[:2000] + "…"
	}
	return e
}

// getJSON reads the JSON that a path gives.
func (c *Client) getJSON(ctx context.Context, into any, path string) error {
	a, err := c.Do(ctx, Request{Method: http.MethodGet, Path: path})
	if err != nil {
		return err
	}
	if err := json.Unmarshal(a.Body, into); err != nil {
		return fmt.Errorf("the answer of %s%s can't be read: %w", c.Server(), path, err)
	}
	return nil
}
