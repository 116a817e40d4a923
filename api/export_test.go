package api

import "strings"

// OwnRoutes lists the routes below /api, as "METHOD /path".
func OwnRoutes() []string {
	var out []string
	for _, r := range ours {
		if strings.HasPrefix(r.path, "/api/") {
			out = append(out, r.method+" "+r.path)
		}
	}
	return out
}
