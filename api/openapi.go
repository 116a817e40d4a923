package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/access"
)

// operation says in the OpenAPI document what a route of hora's own does. Types
// become schemas by their JSON tags.
type operation struct {
	summary string
	query   string // parameters of the query: "name: meaning; …"
	takes   any    // of the type of the body; nil: none
	gives   any    // of the type of the answer; nil: 204
	status  int    // of the answer, if not 200 or 204
	media   string // of the answer, if not JSON
	headers string // request headers that count
	refuses []int  // statuses of problems, besides 400, 401, 403, 404 and 503
}

// definitionDoc stands for a definition (see definitionSchema).
type definitionDoc map[string]any

const (
	ifMatch   = "If-Match"
	pageQuery = "limit: items on a page, 1 to 1000, 100 if it is missing"
	dryQuery  = "dryRun: true: tell what would happen, and do nothing"
)

// operations are what the OpenAPI document says of each route below /api.
var operations = map[string]operation{
	"GET /api/jobs": {summary: "A page of jobs, by filter, in an order", gives: JobPage{},
		query: "q: filter, such as state:failing owner:etl* next<1h; sort: name, next, last, state, owner, failures or duration, - before it for the other way; " + pageQuery +
			"; offset: rows to pass over; cursor: next of the page before; fields: names of fields, separated by commas; facets: state, kind, owner, user, zone, host, priority, disabled: values to be counted"},
	"GET /api/jobs/{name}":                                {summary: "A job: its definition, what it does, what it waits for", gives: JobDocument{}},
	"PUT /api/jobs/{name}":                                {summary: "Make a job, or replace its definition", query: dryQuery, takes: definitionDoc{}, gives: JobDocument{}, headers: "If-Match, If-None-Match", refuses: []int{412, 413, 415}},
	"PATCH /api/jobs/{name}":                              {summary: "Change some fields of a definition (merge patch, RFC 7396)", query: dryQuery, takes: definitionDoc{}, gives: JobDocument{}, headers: ifMatch, refuses: []int{412, 413, 415}},
	"DELETE /api/jobs/{name}":                             {summary: "Delete a job; its tasks are killed, its children re-linked", query: dryQuery, headers: ifMatch, refuses: []int{409, 412}},
	"POST /api/jobs/bulk":                                 {summary: "Do one thing to all jobs that a filter means, or to those that are named", takes: BulkRequest{}, gives: BulkAnswer{}, refuses: []int{409}},
	"POST /api/jobs/{name}/pause":                         {summary: "Start no more runs of the job", takes: PauseRequest{}},
	"POST /api/jobs/{name}/resume":                        {summary: "Start runs again; slots that passed are recorded as skipped"},
	"POST /api/jobs/{name}/run":                           {summary: "Run the job now", takes: RunRequest{}, gives: Made{}, status: http.StatusAccepted, refuses: []int{429}},
	"POST /api/jobs/{name}/kill":                          {summary: "Kill all tasks of the job"},
	"POST /api/jobs/{name}/success":                       {summary: "Count a success without a run, for the children"},
	"POST /api/jobs/{name}/skipNext":                      {summary: "Let the next slot pass", gives: SlotAnswer{}, refuses: []int{409}},
	"DELETE /api/jobs/{name}/skipNext":                    {summary: "Let it run after all"},
	"POST /api/jobs/{name}/backfill":                      {summary: "Run the slots of a range again", takes: BackfillRequest{}, gives: BackfillAnswer{}, status: http.StatusAccepted, refuses: []int{409}},
	"DELETE /api/jobs/{name}/backfill":                    {summary: "Make no more runs of the backfill"},
	"GET /api/jobs/{name}/revisions":                      {summary: "Definitions of the job that are kept, newest first", gives: RevisionList{}},
	"GET /api/jobs/{name}/revisions/{revision}":           {summary: "One of them", gives: Revision{}},
	"POST /api/jobs/{name}/revisions/{revision}/revert":   {summary: "Put an earlier definition into force again", gives: JobDocument{}, refuses: []int{409, 412}},
	"GET /api/jobs/{name}/explain":                        {summary: "Why the job is where it is", gives: Explanation{}},
	"GET /api/jobs/{name}/calendar":                       {summary: "What the job came to, day by day (UTC), for longer than its runs are kept", gives: CalendarPage{}},
	"GET /api/jobs/{name}/history":                        {summary: "Runs and decisions that are over, newest first", query: "limit: entries, 50 if it is missing", gives: []HistoryEntry{}},
	"GET /api/defaults":                                   {summary: "What the server takes for fields that a definition does not have", gives: DefaultValues{}},
	"GET /api/definitions":                                {summary: "All definitions, and what the server gives to jobs that do not say", gives: map[string]any{}},
	"GET /api/runs":                                       {summary: "Runs, those in progress first, then the newest", query: "job: of this job alone; state: waiting, queued, deferred, retrying, staging, running, ending, ended, separated by commas; outcome: of ended runs; from: RFC 3339; to: RFC 3339; limit: 1 to 1000", gives: RunPage{}},
	"GET /api/runs/{run}":                                 {summary: "A run with its attempts", gives: RunDocument{}},
	"POST /api/runs/{run}/kill":                           {summary: "End a run"},
	"POST /api/runs/{run}/retry":                          {summary: "Run an ended run again: the same slot, the same arguments", gives: Made{}, status: http.StatusAccepted, refuses: []int{409, 429}},
	"POST /api/runs/{run}/success":                        {summary: "Count a run that failed as a success, for the children", refuses: []int{409}},
	"GET /api/runs/{run}/attempts/{attempt}/files":        {summary: "Files in the sandbox of an attempt", gives: []File{}, refuses: []int{410, 501, 502}},
	"GET /api/runs/{run}/attempts/{attempt}/files/{file}": {summary: "A part of a file, or all of it", query: "offset: where to begin, below 0 from the end; limit: bytes, at most 65536; download: the whole file; follow: go on until the attempt ends", gives: "", media: "text/plain", refuses: []int{410, 501, 502}},
	"GET /api/graph":                                      {summary: "Who depends on whom", query: "job: around this job; depth: steps each way, 2 if it is missing; q: filter", gives: Network{}},
	"POST /api/schedule/preview":                          {summary: "What a schedule means", takes: PreviewRequest{}, gives: Preview{}},
	"POST /api/spread":                                    {summary: "How jobs that are due at one minute of the day could come at several: nothing is changed", takes: SpreadRequest{}, gives: SpreadProposal{}},
	"POST /api/spread/moves":                              {summary: "Move jobs to later minutes, each by a change of its definition", takes: SpreadMoves{}, gives: SpreadDone{}},
	"GET /api/cluster":                                    {summary: "Leader, Mesos, agents, offers, and what waits", gives: ClusterState{}},
	"GET /api/now":                                        {summary: "What goes on, what should and does not, what comes", gives: Now{}},
	"GET /api/events":                                     {summary: "What happens, as it happens (Server-Sent Events; data: EventData)", gives: EventData{}, media: "text/event-stream", headers: "Last-Event-ID", refuses: []int{501}},
	"GET /api/audit":                                      {summary: "Who ordered what, newest first", query: "job: of this job; by: of this person; action: create, update, …; limit: 1 to 1000; cursor: next of the page before", gives: AuditPage{}},
	"GET /api/status":                                     {summary: "Who leads", gives: Status{}},
	"GET /api/me":                                         {summary: "Who one is, and what one may do", gives: Me{}},
	"POST /api/login":                                     {summary: "Log in from a browser: the answer sets a cookie", takes: LoginRequest{}, gives: Me{}, refuses: []int{409, 415, 429}},
	"POST /api/logout":                                    {summary: "Have the browser forget who one is"},
	"GET /api/openapi.json":                               {summary: "This document", gives: map[string]any{}},
}

// openAPI is the OpenAPI document, made once.
var openAPI = sync.OnceValue(func() []byte {
	g := generator{schemas: map[string]any{}}
	paths := map[string]map[string]any{}
	for key, op := range operations {
		method, path, _ := strings.Cut(key, " ")
		if paths[path] == nil {
			paths[path] = map[string]any{}
		}
		paths[path][strings.ToLower(method)] = g.operation(method, path, op)
	}
	g.ref(reflect.TypeFor[problem]())
	b, err := json.MarshalIndent(map[string]any{
		"openapi": "3.1.0",
		"info": map[string]any{
			"title": "hora", "version": "1", "license": map[string]any{"name": "Apache-2.0", "identifier": "Apache-2.0"},
			"description": "hora's own API. Times are RFC 3339 in UTC; errors are problems (RFC 9457). Texts for people are in the language of Accept-Language: en, or zh; those of events are in English. Chronos' paths are described in docs/compatibility.md.",
		},
		"servers": []any{map[string]any{"url": "/"}},
		"paths":   paths,
		"components": map[string]any{"schemas": g.schemas, "securitySchemes": map[string]any{
			"basic":       map[string]any{"type": "http", "scheme": "basic"},
			"token":       map[string]any{"type": "http", "scheme": "bearer", "description": "of hora token create"},
			"certificate": map[string]any{"type": "mutualTLS", "description": "one that --tls_client_ca has certified"},
			"session":     map[string]any{"type": "apiKey", "in": "cookie", "name": sessionCookie, "description": "of POST /api/login; changes need the header " + csrfHeader + ", too"},
		}},
		"security": []any{map[string]any{}, map[string]any{"basic": []string{}}, map[string]any{"token": []string{}}, map[string]any{"certificate": []string{}}, map[string]any{"session": []string{}}},
	}, "", " ")
	if err != nil {
		panic("api: the OpenAPI document cannot be written: " + err.Error()) // it is made of maps and texts
	}
	return append(b, '\n')
})

// problem is the form of errors (RFC 9457).
type problem struct {
	Type   string `json:"type"`
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
}

func (s *server) apiOpenAPI(call) (response, error) { return jsonBody(openAPI()), nil }

// generator makes schemas of types.
type generator struct{ schemas map[string]any }

func (g *generator) operation(method, path string, op operation) map[string]any {
	out := map[string]any{"operationId": operationID(method, path), "summary": op.summary, "responses": g.responses(op)}
	if need := needs[method+" "+path]; need == access.Nobody {
		out["security"] = []any{}
	} else {
		out["description"] = "Needs the role " + need.String() + "."
	}
	var parameters []any
	for _, part := range strings.Split(path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is {
			parameters = append(parameters, map[string]any{"name": strings.TrimSuffix(name, "}"), "in": "path", "required": true, "schema": map[string]any{"type": "string"}})
		}
	}
	for part := range strings.SplitSeq(op.query, "; ") {
		if name, meaning, is := strings.Cut(part, ": "); is {
			parameters = append(parameters, map[string]any{"name": name, "in": "query", "description": meaning, "schema": parameterShape(name)})
		}
	}
	for name := range strings.SplitSeq(op.headers, ", ") {
		if name != "" {
			parameters = append(parameters, map[string]any{"name": name, "in": "header", "schema": map[string]any{"type": "string"}})
		}
	}
	if parameters != nil {
		out["parameters"] = parameters
	}
	if op.takes != nil {
		out["requestBody"] = map[string]any{"content": map[string]any{jsonType: map[string]any{"schema": g.schema(reflect.TypeOf(op.takes))}}}
	}
	return out
}

// operationID names an operation: GET /api/jobs/{name}/history is getJobHistory.
func operationID(method, path string) string {
	id := strings.ToLower(method)
	parts := strings.Split(strings.TrimPrefix(path, "/api/"), "/")
	for i, part := range parts {
		if strings.HasPrefix(part, "{") {
			continue
		}
		if i+1 < len(parts) && strings.HasPrefix(parts[i+1], "{") {
			part = strings.TrimSuffix(part, "s")
		}
		part, _, _ = strings.Cut(part, ".")
		id += strings.ToUpper(part[:1]) + part[1:]
	}
	return id
}

// parameterShape is the type of a parameter of the query.
func parameterShape(name string) map[string]any {
	switch name {
	case "limit", "offset", "depth":
		return wholeShape
	case "dryRun", "download", "follow":
		return flagShape
	}
	return textShape
}

func (g *generator) responses(op operation) map[string]any {
	out := map[string]any{}
	media := op.media
	if media == "" {
		media = jsonType
	}
	switch {
	case op.gives == nil:
		out["204"] = map[string]any{"description": "done"}
		if strings.Contains(op.query, "dryRun") {
			out["200"] = map[string]any{"description": "what would happen", "content": map[string]any{jsonType: map[string]any{"schema": g.ref(reflect.TypeFor[Trial]())}}}
		}
	default:
		schema := g.schema(reflect.TypeOf(op.gives))
		if strings.Contains(op.query, "dryRun") {
			schema = map[string]any{"anyOf": []any{schema, g.ref(reflect.TypeFor[Trial]())}}
		}
		answer := map[string]any{"description": "the answer", "content": map[string]any{media: map[string]any{"schema": schema}}}
		code := http.StatusOK
		if op.status != 0 {
			code = op.status
		}
		out[strconv.Itoa(code)] = answer
		if _, makes := op.takes.(definitionDoc); makes {
			out["201"] = answer
		}
	}
	for _, code := range append([]int{400, 401, 403, 404, 503}, op.refuses...) {
		out[strconv.Itoa(code)] = map[string]any{"description": http.StatusText(code), "content": map[string]any{"application/problem+json": map[string]any{"schema": g.ref(reflect.TypeFor[problem]())}}}
	}
	return out
}

// schema describes a type.
func (g *generator) schema(t reflect.Type) map[string]any {
	switch t {
	case reflect.TypeFor[time.Time]():
		return map[string]any{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage](), reflect.TypeFor[definitionDoc]():
		g.schemas["Definition"] = definitionSchema()
		return map[string]any{"$ref": "#/components/schemas/Definition"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return g.schema(t.Elem())
	case reflect.Bool:
		return map[string]any{"type": "boolean"}
	case reflect.String:
		return map[string]any{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return map[string]any{"type": "number"}
	case reflect.Slice:
		return map[string]any{"type": "array", "items": g.schema(t.Elem())}
	case reflect.Map:
		return map[string]any{"type": "object", "additionalProperties": g.schema(t.Elem())}
	case reflect.Interface:
		return map[string]any{}
	case reflect.Struct:
		return g.ref(t)
	}
	return map[string]any{"type": "integer"}
}

// ref describes a struct once, under its name.
func (g *generator) ref(t reflect.Type) map[string]any {
	name := strings.ToUpper(t.Name()[:1]) + t.Name()[1:]
	if _, there := g.schemas[name]; !there {
		g.schemas[name] = nil // so that a type may contain itself
		properties, required := map[string]any{}, []string{}
		g.fields(t, properties, &required)
		slices.Sort(required)
		schema := map[string]any{"type": "object", "properties": properties}
		if len(required) > 0 {
			schema["required"] = required
		}
		g.schemas[name] = schema
	}
	return map[string]any{"$ref": "#/components/schemas/" + name}
}

func (g *generator) fields(t reflect.Type, properties map[string]any, required *[]string) {
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Anonymous {
			g.fields(f.Type, properties, required)
			continue
		}
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		properties[name] = g.schema(f.Type)
		if !strings.Contains(options, "omitempty") && !strings.Contains(options, "omitzero") {
			*required = append(*required, name)
		}
	}
}
