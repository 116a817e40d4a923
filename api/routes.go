package api

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gorilla/mux"
)

// dialect says whose language is spoken on a path.
type dialect uint8

const (
	own dialect = iota // hora's own: errors are RFC 9457 problems
	v24                // Chronos 2.4.0
	v30                // Chronos 3.0.2
)

// roots are where the paths of a dialect begin.
var roots = [...]string{own: "", v24: "/scheduler", v30: "/v1/scheduler"}

// media says what a path gives or takes.
type media uint8

const (
	anything media = iota
	jsonOnly       // application/json
	jsonAny        // text/json and so on as well
	plainText
)

// route is one method of one path.
type route struct {
	method string
	path   string // below the root; {x} is one segment
	takes  media  // Content-Type, if the request has one; with a body it must
	gives  media  // Accept must allow it
	handle func(*server, call) (response, error)
	timer  string // under which name Chronos' metrics count it
}

// both are the paths that 2.4.0 and 3.0.2 have in common (Chronos contract 1.2).
var both = []route{
	{"GET", "/jobs", jsonOnly, jsonOnly, (*server).listJobs, "JobManagementResource.list"},
	{"GET", "/jobs/search", jsonOnly, jsonOnly, (*server).searchJobs, "JobManagementResource.search"},
	{"DELETE", "/job/{name}", jsonOnly, jsonOnly, (*server).deleteJob, "JobManagementResource.delete"},
	{"PUT", "/job/{name}", jsonOnly, jsonOnly, (*server).runJob, "JobManagementResource.trigger"},
	{"GET", "/job/stat/{name}", jsonOnly, jsonOnly, (*server).jobStat, ""},
	{"POST", "/job/{name}/task/{task}/progress", jsonOnly, jsonOnly, (*server).taskProgress, ""},
	{"POST", "/iso8601", jsonOnly, jsonOnly, (*server).postScheduled, "Iso8601JobResource.post"},
	{"POST", "/dependency", jsonAny, jsonOnly, (*server).postDependent, "DependentJobResource.post"},
	{"GET", "/stats/{percentile}", jsonOnly, jsonOnly, (*server).stats, "StatsResource.getPerf"},
	{"DELETE", "/task/kill/{name}", jsonOnly, jsonOnly, (*server).killJob, ""},
	{"GET", "/graph/dot", jsonOnly, plainText, (*server).graphDot, "GraphManagementResource.dotGraph"},
	{"GET", "/graph/csv", jsonOnly, plainText, (*server).graphCSV, "GraphManagementResource.jsonGraph"},
}

// only24 are paths that 3.0.2 does not have.
var only24 = []route{
	{"PUT", "/iso8601", jsonOnly, jsonOnly, (*server).postScheduled, "Iso8601JobResource.put"},
	{"PUT", "/dependency", jsonAny, jsonOnly, (*server).postDependent, "DependentJobResource.put"},
	{"PUT", "/task/{task}", jsonOnly, jsonOnly, (*server).reportTask, "TaskManagementResource.updateStatus"},
	{"DELETE", "/task/all", jsonOnly, jsonOnly, (*server).purge, "TaskManagementResource.purge"},
}

// only30 are paths that 2.4.0 does not have.
var only30 = []route{
	{"GET", "/jobs/summary", jsonOnly, jsonOnly, (*server).summary, "JobManagementResource.getSummary"},
	{"GET", "/job/{name}", jsonOnly, jsonOnly, (*server).getJob, "JobManagementResource.trigger"},
	{"PUT", "/job/success/{name}", jsonOnly, jsonOnly, (*server).markSuccess, "JobManagementResource.markJobSuccessful"},
	{"GET", "/leader", jsonOnly, jsonOnly, (*server).leader, ""},
}

// ours are the paths of hora, and those that Chronos has beside its REST root.
var ours = []route{
	{"GET", "/api/jobs", anything, jsonOnly, (*server).apiJobs, ""},
	{"GET", "/api/jobs/{name}", anything, jsonOnly, (*server).apiJob, ""},
	{"PUT", "/api/jobs/{name}", jsonAny, jsonOnly, (*server).apiPutJob, ""},
	{"PATCH", "/api/jobs/{name}", jsonAny, jsonOnly, (*server).apiPatchJob, ""},
	{"DELETE", "/api/jobs/{name}", anything, jsonOnly, (*server).apiDeleteJob, ""},
	{"POST", "/api/jobs/bulk", jsonAny, jsonOnly, (*server).apiBulk, ""},
	{"POST", "/api/jobs/{name}/pause", anything, jsonOnly, (*server).apiPauseJob, ""},
	{"POST", "/api/jobs/{name}/resume", anything, jsonOnly, (*server).apiResumeJob, ""},
	{"POST", "/api/jobs/{name}/run", anything, jsonOnly, (*server).apiRunJob, ""},
	{"POST", "/api/jobs/{name}/kill", anything, jsonOnly, (*server).apiKillJob, ""},
	{"POST", "/api/jobs/{name}/success", anything, jsonOnly, (*server).apiSucceedJob, ""},
	{"POST", "/api/jobs/{name}/skipNext", anything, jsonOnly, (*server).apiSkipNext, ""},
	{"DELETE", "/api/jobs/{name}/skipNext", anything, jsonOnly, (*server).apiUnskip, ""},
	{"POST", "/api/jobs/{name}/backfill", anything, jsonOnly, (*server).apiBackfill, ""},
	{"DELETE", "/api/jobs/{name}/backfill", anything, jsonOnly, (*server).apiCancelBackfill, ""},
	{"GET", "/api/jobs/{name}/revisions", anything, jsonOnly, (*server).apiRevisions, ""},
	{"GET", "/api/jobs/{name}/revisions/{revision}", anything, jsonOnly, (*server).apiRevision, ""},
	{"POST", "/api/jobs/{name}/revisions/{revision}/revert", anything, jsonOnly, (*server).apiRevert, ""},
	{"GET", "/api/runs", anything, jsonOnly, (*server).apiRuns, ""},
	{"GET", "/api/runs/{run}", anything, jsonOnly, (*server).apiRun, ""},
	{"POST", "/api/runs/{run}/kill", anything, jsonOnly, (*server).apiKillRun, ""},
	{"POST", "/api/runs/{run}/retry", anything, jsonOnly, (*server).apiRetryRun, ""},
	{"POST", "/api/runs/{run}/success", anything, jsonOnly, (*server).apiSucceedRun, ""},
	{"GET", "/api/runs/{run}/attempts/{attempt}/files", anything, jsonOnly, (*server).apiFiles, ""},
	{"GET", "/api/runs/{run}/attempts/{attempt}/files/{file}", anything, anything, (*server).apiFile, ""},
	{"GET", "/api/graph", anything, jsonOnly, (*server).apiGraph, ""},
	{"POST", "/api/schedule/preview", jsonAny, jsonOnly, (*server).apiPreview, ""},
	{"POST", "/api/spread", jsonAny, jsonOnly, (*server).apiSpread, ""},
	{"POST", "/api/spread/moves", jsonAny, jsonOnly, (*server).apiSpreadMoves, ""},
	{"GET", "/api/cluster", anything, jsonOnly, (*server).apiCluster, ""},
	{"GET", "/api/now", anything, jsonOnly, (*server).apiNow, ""},
	{"GET", "/api/events", anything, anything, (*server).apiEvents, ""},
	{"GET", "/api/audit", anything, jsonOnly, (*server).apiAudit, ""},
	{"GET", "/api/defaults", anything, jsonOnly, (*server).apiDefaults, ""},
	{"GET", "/api/definitions", anything, jsonOnly, (*server).apiDefinitions, ""},
	{"GET", "/api/jobs/{name}/explain", anything, jsonOnly, (*server).apiExplain, ""},
	{"GET", "/api/jobs/{name}/calendar", anything, jsonOnly, (*server).apiCalendar, ""},
	{"GET", "/api/jobs/{name}/history", anything, jsonOnly, (*server).apiHistory, ""},
	{"GET", "/api/me", anything, jsonOnly, (*server).apiMe, ""},
	{"POST", "/api/login", jsonAny, jsonOnly, (*server).apiLogin, ""},
	{"POST", "/api/logout", anything, jsonOnly, (*server).apiLogout, ""},
	{"GET", "/api/openapi.json", anything, jsonOnly, (*server).apiOpenAPI, ""},
	{"GET", "/api/status", anything, jsonOnly, (*server).apiStatus, ""},
	{"GET", "/ping", anything, anything, (*server).ping, ""},
	{"GET", "/metrics", anything, anything, (*server).metrics, ""},
	{"GET", "/logging", anything, anything, (*server).logging, ""},
	{"POST", "/logging", anything, anything, (*server).setLogging, ""},
}

// folders are the REST roots' inner paths, which Chronos knows but has no
// method for: 405 instead of 404.
var folders = []string{"/", "/graph", "/task"}

// routesOf lists the routes of a dialect.
func routesOf(d dialect) []route {
	switch d {
	case v24:
		return slices.Concat(both, only24)
	case v30:
		return slices.Concat(both, only30)
	}
	return ours
}

// router serves every path.
func (s *server) router() http.Handler {
	m := mux.NewRouter().SkipClean(true).UseEncodedPath()
	for _, d := range []dialect{v24, v30, own} {
		all := routesOf(d)
		for _, path := range paths(all) {
			var here []route
			for _, r := range all {
				if r.path == path {
					here = append(here, r)
				}
			}
			m.Handle(roots[d]+pattern(path, d), s.endpoint(d, here))
		}
		if d == own {
			continue
		}
		for _, f := range folders {
			m.Handle(roots[d]+pattern(f, d), s.endpoint(d, nil))
		}
		m.Handle(roots[d]+"/application.wadl", s.wadl(d))
		m.PathPrefix(roots[d] + "/").Handler(s.nothing(d))
	}
	m.PathPrefix("/api/").Handler(s.nothing(own))
	m.Path("/").Methods("GET", "HEAD").Handler(s.Page)
	m.Path("/index.html").Methods("GET", "HEAD").Handler(atRoot(s.Page)) // where 2.4.0 had its page, too
	m.PathPrefix("/assets/").Methods("GET", "HEAD").Handler(s.Page)
	m.NotFoundHandler = s.notFound(http.StatusNotFound)
	m.MethodNotAllowedHandler = s.notFound(http.StatusMethodNotAllowed)
	return s.outermost(m)
}

// atRoot serves what the handler has at /.
func atRoot(h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = "/", ""
		h.ServeHTTP(w, r)
	})
}

// paths lists the paths of routes, those with fewer variables first, so that
// task/all is not a task called all.
func paths(all []route) []string {
	var out []string
	for _, r := range all {
		if !slices.Contains(out, r.path) {
			out = append(out, r.path)
		}
	}
	slices.SortStableFunc(out, func(a, b string) int { return strings.Count(a, "{") - strings.Count(b, "{") })
	return out
}

// pattern is a path for the router. Chronos' paths may end with a slash.
func pattern(path string, d dialect) string {
	if d == own || path == "/" {
		return path
	}
	return path + "{slash:/?}"
}

// call is a request on its way through a handler.
type call struct {
	*http.Request
	dialect dialect
}

// segment returns a variable of the path, decoded.
func (c call) segment(name string) string {
	raw := mux.Vars(c.Request)[name]
	decoded, err := url.PathUnescape(raw)
	if err != nil {
		return raw
	}
	return decoded
}
