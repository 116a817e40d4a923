package mesos

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Detector knows where the leading master is.
type Detector interface {
	// Detect returns the base URL of the master that leads, or of one that
	// knows who does, such as http://10.0.0.1:5050. It may wait for one until
	// ctx ends. not is an earlier answer that led to no working subscription,
	// "" if there is none; it is given again only if there is no other.
	Detect(ctx context.Context, not string) (base string, err error)
}

// Watcher is a detector that notices by itself when another master leads. A
// session at a master that leads no more then ends at once, not with its
// silence, and Run waits no longer than until there is another.
type Watcher interface {
	Detector
	// Await waits until a master other than not is known to lead, and returns
	// its base URL, as Detect would.
	Await(ctx context.Context, not string) (base string, err error)
}

// Masters returns a detector that tries the masters at these URLs in turn. A
// URL is scheme, host and port, with a path if there is a proxy in front; without
// a scheme it is http. Any master will do: those that do not lead redirect.
func Masters(urls ...string) Detector {
	var m masterList
	for _, u := range urls {
		if !slices.Contains(m, u) { // its place in the list tells how far we are
			m = append(m, u)
		}
	}
	return m
}

type masterList []string

// Detect implements Detector.
func (m masterList) Detect(_ context.Context, not string) (string, error) {
	if err := m.check(); err != nil {
		return "", err
	}
	return m[(slices.Index(m, not)+1)%len(m)], nil
}

// check finds what is wrong with the list.
func (m masterList) check() error {
	if len(m) == 0 {
		return errors.New("no URL of a master given")
	}
	for _, s := range m {
		if _, err := parseBase(s); err != nil {
			return err
		}
	}
	return nil
}

const (
	apiPath   = "/api/v1/scheduler"
	aliasPath = "/master" // of everything that a master serves
)

// parseBase reads the base URL of a master.
func parseBase(text string) (*url.URL, error) {
	full := text
	if !strings.Contains(text, "://") {
		full = "http://" + text
	}
	u, err := url.Parse(full)
	switch {
	case err != nil:
		// What is wrong is told without the text: it may hold a password.
		return nil, errors.New("master: not a URL, expected one such as http://10.0.0.1:5050")
	case u.User != nil:
		return nil, fmt.Errorf("master %q: credentials do not belong into the URL", u.Redacted())
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, fmt.Errorf("master %q: the scheme is %q, expected http or https", text, u.Scheme)
	case u.Hostname() == "":
		return nil, fmt.Errorf("master %q: no host, expected a URL such as http://10.0.0.1:5050", text)
	case u.Port() != "" && !isPort(u.Port()):
		return nil, fmt.Errorf("master %q: the port is %s, expected 1 to 65535", text, u.Port())
	case u.RawQuery != "" || u.Fragment != "":
		return nil, fmt.Errorf("master %q: a URL of a master has no query and no fragment", text)
	}
	return trimBase(u), nil
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// trimBase cuts u to what stands before the paths of the API.
func trimBase(u *url.URL) *url.URL {
	path := strings.TrimSuffix(strings.TrimRight(u.Path, "/"), apiPath)
	return &url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimSuffix(path, aliasPath)}
}

// redirected returns the base that a Location means: //host:port/master/api/v1/scheduler,
// //host:port/api/v1/scheduler, //host:port or an absolute URL (Mesos contract
// 1.4, recording standby_redirect).
func redirected(from *url.URL, location string) (*url.URL, error) {
	to, err := from.Parse(location)
	switch {
	case location == "" || err != nil:
		return nil, fmt.Errorf("%w: redirected to %q, which is no URL", ErrUnavailable, location)
	case to.Hostname() == "" || to.Scheme != "http" && to.Scheme != "https":
		return nil, fmt.Errorf("%w: redirected to %q, which is not HTTP", ErrUnavailable, to.Redacted())
	case from.Scheme == "https" && to.Scheme == "http":
		// The credentials would follow in the clear.
		return nil, fmt.Errorf("%w: redirected from https to %q", ErrRefused, to.Redacted())
	}
	return trimBase(to), nil
}
