package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxAnswer bounds what a client reads of an answer.
const maxAnswer = 256 << 20

// Client asks a hora server. Its methods fail with a *StatusError if the
// server refuses, and with the error of the connection if there is no answer.
type Client struct {
	base *url.URL
	http *http.Client
}

// StatusError is an answer that says no.
type StatusError struct {
	Code    int    // HTTP status
	Message string // what the server says, for people
}

// Error is the server's message, or what the status means.
func (e *StatusError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("the server answers %d %s", e.Code, http.StatusText(e.Code))
	}
	return e.Message
}

// NewClient returns a client of the server at that URL, such as http://127.0.0.1:4400.
func NewClient(server string) (*Client, error) {
	u, err := url.Parse(server)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("want a URL such as http://127.0.0.1:4400")
	}
	u.Path = strings.TrimSuffix(u.Path, "/")
	return &Client{u, &http.Client{Timeout: time.Minute}}, nil
}

// Explain asks why a job is where it is.
func (c *Client) Explain(ctx context.Context, job string) (*Explanation, error) {
	var x Explanation
	return &x, c.get(ctx, &x, "api", "jobs", job, "explain")
}

// get reads the JSON that a path gives.
func (c *Client) get(ctx context.Context, into any, segments ...string) error {
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	// Not JoinPath, which takes a job called ".." for a step up.
	target := c.base.Scheme + "://" + c.base.Host + c.base.EscapedPath() + "/" + strings.Join(segments, "/")
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return err
	}
	req.Header.Set("Accept", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		var problem struct{ Detail, Title, Message string }
		_ = json.Unmarshal(body, &problem) // what is no JSON says nothing
		for _, text := range []string{problem.Detail, problem.Message, problem.Title} {
			if text != "" {
				return &StatusError{resp.StatusCode, text}
			}
		}
		return &StatusError{Code: resp.StatusCode}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("the answer of %s can't be read: %w", c.base.Redacted(), err)
	}
	return nil
}
