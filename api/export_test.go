package api

import (
	"net/http"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
)

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

// Needs lists which role each route needs, as "METHOD /path" without Chronos' roots.
var Needs = needs

// AllRoutes lists the routes of all dialects, each with its root, as METHOD and
// path, and without it as Needs has it.
func AllRoutes() (out [][3]string) {
	for _, d := range []dialect{v24, v30, own} {
		for _, r := range routesOf(d) {
			out = append(out, [3]string{r.method, roots[d] + r.path, r.method + " " + r.path})
		}
	}
	return out
}

// CallerText tells who sends a request, and from where.
func CallerText(r *http.Request) string {
	c := callerOf(r.Context())
	return c.actor.Name + " " + c.actor.Address
}

// DefinitionMembers lists the members of a definition that the OpenAPI document
// has, and those that a definition is read by.
func DefinitionMembers() (described, read map[string]bool) {
	described, read = map[string]bool{}, map[string]bool{}
	for name := range definitionSchema()["properties"].(map[string]any) {
		described[name] = true
	}
	r := &reader{node: &node{kind: object}, asked: read}
	p := posted{job: &job.Job{}}
	p.readAll(r, own, Defaults{})
	return described, read
}

// Try counts a login, which is not made, and tells how long to wait if it was one too many.
func (g *Gate) Try(user, address string) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, wait := g.take(user, address, time.Now())
	return wait
}
