package mesos

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

const (
	// mediaType must be sent byte by byte like this (Mesos contract 1.1, row 6).
	mediaType = "application/x-protobuf"
	// userAgent must not begin with libprocess/ (Mesos contract 1.2).
	userAgent    = "hora"
	streamHeader = "Mesos-Stream-Id"

	maxAnswer = 64 << 10 // bytes of an answer that is not a stream
	maxText   = 500      // of them in an error
)

// dial connects to a master.
func (c *Client) dial(ctx context.Context, base *url.URL) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, c.config.Timeout)
	defer cancel()
	port := base.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[base.Scheme]
	}
	conn, err := c.config.Dial(ctx, "tcp", net.JoinHostPort(base.Hostname(), port))
	if err != nil || base.Scheme == "http" {
		return conn, err
	}
	conf := c.config.TLS
	if conf.ServerName == "" {
		conf = conf.Clone()
		conf.ServerName = base.Hostname()
	}
	secure := tls.Client(conn, conf)
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return secure, nil
}

// head returns what all requests on a connection begin with, up to the value
// of Content-Length.
func (c *Client) head(base *url.URL, streamID string) string {
	var b strings.Builder
	header := func(name, value string) {
		if value != "" {
			b.WriteString(name + ": " + value + "\r\n")
		}
	}
	b.WriteString("POST " + base.EscapedPath() + apiPath + " HTTP/1.1\r\n")
	header("Host", base.Host)
	header("User-Agent", userAgent)
	header("Content-Type", mediaType)
	header("Accept", mediaType)
	header("Authorization", c.authorization)
	header(streamHeader, streamID)
	b.WriteString("Content-Length: ")
	return b.String()
}

// appendRequest appends a request with call as its body.
func appendRequest(dst []byte, head string, call *scheduler.Call) ([]byte, error) {
	n := call.Size()
	dst = append(dst, head...)
	dst = strconv.AppendInt(dst, int64(n), 10)
	dst = append(dst, "\r\n\r\n"...)
	start := len(dst)
	if cap(dst)-start < n {
		dst = append(make([]byte, 0, 2*cap(dst)+n), dst...)
	}
	m, err := call.MarshalTo(dst[start : start+n])
	if err != nil {
		return dst, fmt.Errorf("%w: %s: %w", ErrBadCall, call.Type, err)
	}
	if m != n {
		return dst, fmt.Errorf("%w: %s: encoded to %d bytes, expected %d", ErrBadCall, call.Type, m, n)
	}
	return dst[:start+n], nil
}

// post tells ReadResponse that an answer may have a body.
var post = &http.Request{Method: http.MethodPost}

// readResponse reads an answer up to its body, and passes by provisional ones.
func readResponse(r *bufio.Reader) (*http.Response, error) {
	for {
		resp, err := http.ReadResponse(r, post)
		if err != nil {
			return nil, err
		}
		if resp.StatusCode >= 200 || resp.StatusCode == http.StatusSwitchingProtocols {
			return resp, nil
		}
	}
}

// answer is a whole answer.
type answer struct {
	status int
	text   string
	last   bool // on its connection
}

// readAnswer reads the body of an answer that is not a stream.
func readAnswer(resp *http.Response) (answer, error) {
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return answer{}, err
	}
	text := strings.ToValidUTF8(string(body[:min(len(body), maxText)]), "�")
	text = strings.Join(strings.Fields(text), " ")
	// The rest of too long an answer is not waited for.
	return answer{resp.StatusCode, text, resp.Close || len(body) > maxAnswer}, nil
}

// watched is a connection whose reads fail after a time without any byte. Only
// the time that is spent in a read counts: a slow user is no silent master.
type watched struct {
	net.Conn
	silence time.Duration
}

// Read implements net.Conn.
func (w *watched) Read(p []byte) (int, error) {
	if err := w.SetReadDeadline(time.Now().Add(w.silence)); err != nil {
		return 0, err
	}
	return w.Conn.Read(p)
}
