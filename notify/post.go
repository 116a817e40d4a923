package notify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// poster sends POSTs. It follows no redirect: an address that is a secret, and
// credentials, are for nobody else.
var poster = &http.Client{
	Timeout:       sendTime,
	CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: sendTime,
		MaxIdleConnsPerHost: workers, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true,
	},
}

// post sends a body and says what the answer means. The error never holds the
// address, which may be a secret.
func post(ctx context.Context, target *url.URL, body []byte, header http.Header) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target.String(), bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: the address cannot be used", ErrRefused)
	}
	req.Header = header
	req.Header.Set("User-Agent", "hora")
	resp, err := poster.Do(req)
	if err != nil {
		var inner *url.Error
		if errors.As(err, &inner) {
			err = inner.Err
		}
		return fmt.Errorf("post to %s: %w", target.Host, err)
	}
	defer resp.Body.Close()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, 200)) // what cannot be read says nothing
	if resp.StatusCode/100 == 2 {
		return nil
	}
	err = fmt.Errorf("%s answers %d %s", target.Host, resp.StatusCode, http.StatusText(resp.StatusCode))
	if text := strings.TrimSpace(strings.ToValidUTF8(string(said), "")); text != "" {
		err = fmt.Errorf("%w: %q", err, text)
	}
	switch {
	case resp.StatusCode == http.StatusRequestTimeout, resp.StatusCode == http.StatusTooManyRequests, resp.StatusCode >= 500:
		return err
	}
	return fmt.Errorf("%w: %w", ErrRefused, err)
}

// parseURL reads the address of a sink. The error does not hold it.
func parseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, errors.New("is no address, want for example https://example.com/hook")
	}
	return u, nil
}

func jsonHeader() http.Header {
	return http.Header{"Content-Type": {"application/json; charset=utf-8"}}
}
