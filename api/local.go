package api

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// Local guards a server that asks nobody who they are because only its own machine
// reaches it. Browsers of this machine reach it, too, for whichever page they show:
// so it answers none that was found by a name that somebody else may point at this
// machine (DNS rebinding), and no page of another server. names are those by which
// it may be asked for besides localhost and addresses of loopback. What sends no
// Origin, as clients that are no browsers, is asked for its Host alone.
func Local(next http.Handler, names []string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		err := knownHost(r.Host, names)
		if err == nil {
			err = sameOrigin(r)
		}
		if err != nil {
			caller{}.refuse(w, r, err)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// knownHost refuses a Host that does not mean this machine for certain.
func knownHost(host string, names []string) error {
	name := hostName(host)
	if name == "" || name == "localhost" || strings.HasSuffix(name, ".localhost") { // RFC 6761, 6.3
		return nil
	}
	if ip, err := netip.ParseAddr(name); err == nil && ip.Unmap().IsLoopback() {
		return nil
	}
	if slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) }) {
		return nil
	}
	return fault(http.StatusMisdirectedRequest,
		"this server has no access control and is for its own machine: it does not answer for the host %.100q, which anybody may point here. Ask for localhost, or start it with --allowed_hosts %s if the name is yours",
		name, name)
}

// hostName is the host of a Host header, without its port.
func hostName(host string) string {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// sameOrigin refuses what a browser sends for a page of another server, also if it
// only reads.
func sameOrigin(r *http.Request) error {
	if err := sameSite(r); err != nil {
		return err
	}
	text := r.Header.Get("Origin")
	if text == "" {
		return nil
	}
	origin, err := url.Parse(text)
	if err == nil && origin.Host != "" && (origin.Host == r.Host || origin.Host == r.Header.Get("X-Forwarded-Host")) {
		return nil
	}
	return fault(http.StatusForbidden, "a page of %.100q may read nothing at %.100q: this server has no access control and is for its own machine", text, r.Host)
}
