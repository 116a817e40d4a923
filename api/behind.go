package api

import (
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Behind takes the word of proxies for whom they pass a request on: the client is
// the last address of X-Forwarded-For that is none of theirs, and everybody who
// guesses passwords is counted for themselves. From nobody else is that header
// believed.
func Behind(next http.Handler, proxies []netip.Prefix) http.Handler {
	if len(proxies) == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if client := behind(r, proxies); client != "" {
			forwarded := *r
			forwarded.RemoteAddr = net.JoinHostPort(client, "0")
			r = &forwarded
		}
		next.ServeHTTP(w, r)
	})
}

// behind returns the client that proxies name, "" if the request comes from no proxy or names none.
func behind(r *http.Request, proxies []netip.Prefix) string {
	trusted := func(text string) (netip.Addr, bool) {
		ip, err := netip.ParseAddr(strings.TrimSpace(text))
		ip = ip.Unmap().WithZone("")
		return ip, err == nil && slices.ContainsFunc(proxies, func(p netip.Prefix) bool { return p.Contains(ip) })
	}
	if _, ok := trusted(peer(r)); !ok {
		return ""
	}
	client := ""
	for _, text := range slices.Backward(strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")) {
		ip, ours := trusted(text)
		if !ip.IsValid() {
			break // what is before it was written by who knows whom
		}
		if client = ip.String(); !ours {
			break
		}
	}
	return client
}
