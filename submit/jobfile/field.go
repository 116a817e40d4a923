// Package jobfile reads, writes and formats job files: YAML, JSON as Chronos
// writes it, and HOCON, with defaults, profiles, includes and variables. One
// table says which fields there are; the decoder, the JSON Schema and the
// reference of the file are made from it.
//
// It talks to no server and does not know what became of a job.
package jobfile

import (
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/job"
)

// Kind says how a field is written.
type Kind uint8

// Kinds of fields.
const (
	Text Kind = iota
	Boolean
	Integer
	Decimal
	Duration    // 90s, 2h30m or ISO 8601
	Choice      // one of Field.Words
	Texts       // a list; one text stands for a list of one
	Variables   // NAME: value, or a list of {name, value}
	Constraints // a list of [attribute, operator, value], or of texts "attribute OPERATOR value"
	Fetches     // a list of {uri, output_file, executable, cache, extract}, or of texts
	Container   // {type, image, network, …}
)

var kindWords = [...]string{
	"text", "true or false", "whole number", "number", "duration", "word", "list of texts", "NAME: value", "list of constraints", "list of files", "object",
}

// Field is one thing that can be said about a job.
type Field struct {
	Name    string // as in Chronos' JSON
	Kind    Kind
	Meaning string
	Default string   // in words; "" is empty
	Only    string   // "": hora and both releases of Chronos; "2.4", "3.0": hora and that one; "hora"
	Words   []string // of a Choice

	at func(*job.Job) any // the address of the field's value
}

// Fields are all fields, in the order in which files are written.
var Fields = []Field{
	{"name", Text, "unique: letters, digits, blanks and any of _ - . #; Chronos 2.4 has no dot, 3.0 no blank and no #", "", "", nil, func(j *job.Job) any { return &j.Name }},
	{"description", Text, "for people", "", "", nil, func(j *job.Job) any { return &j.Description }},
	{"owner", Text, "mail addresses, with commas between them", "", "", nil, func(j *job.Job) any { return &j.Owner }},
	{"ownerName", Text, "the owner's name", "", "", nil, func(j *job.Job) any { return &j.OwnerName }},

	{"schedule", Text, "cron (5 fields, 6 with seconds, `@daily` …, `@every 90s`) or ISO 8601 `R[n]/[start]/period`", "", "", nil, func(j *job.Job) any { return &j.Schedule }},
	{"scheduleTimeZone", Text, "IANA zone of the schedule", "UTC", "", nil, func(j *job.Job) any { return &j.Zone }},
	{"notBefore", Text, "RFC 3339: slots before it do not exist", "", "hora", nil, func(j *job.Job) any { return &j.NotBefore }},
	{"notAfter", Text, "RFC 3339: slots after it do not exist", "", "hora", nil, func(j *job.Job) any { return &j.NotAfter }},
	{"dstGap", Choice, "fixed times that the clock skips", "run; wildcards follow elapsed time", "hora", []string{"run", "skip"}, func(j *job.Job) any { return &j.DSTGap }},
	{"dstOverlap", Choice, "fixed times that come twice", "first; wildcards follow elapsed time", "hora", []string{"first", "both"}, func(j *job.Job) any { return &j.DSTOverlap }},
	{"jitter", Duration, "starts are put off by up to that much, by a hash", "", "hora", nil, func(j *job.Job) any { return &j.Jitter }},

	{"parents", Texts, "instead of a schedule: all of them must have succeeded (A && B)", "", "", nil, func(j *job.Job) any { return &j.Parents }},
	{"parentsMode", Choice, "whether a run spends all successes seen so far, or one of each parent", "latest", "hora", []string{"latest", "each"}, func(j *job.Job) any { return &j.ParentsMode }},
	{"trigger", Text, "instead of parents: `A && (B || failed(C))`, with succeeded(), failed(), done()", "", "hora", nil, func(j *job.Job) any { return &j.Trigger }},

	{"catchUp", Choice, "which missed slots run: the newest, each or none", "latest", "hora", []string{"latest", "all", "none"}, func(j *job.Job) any { return &j.CatchUp }},
	{"epsilon", Duration, "start deadline of a slot", "none; 60 s in Chronos 2.4", "2.4", nil, func(j *job.Job) any { return &j.Epsilon }},
	{"overlap", Choice, "what happens when another run is not over", "queue", "hora", []string{"queue", "skip", "allow", "replace"}, func(j *job.Job) any { return &j.Overlap }},
	{"maxConcurrent", Integer, "how many runs at once, with overlap allow; 0 is 100", "0", "hora", nil, func(j *job.Job) any { return &j.MaxConcurrent }},

	{"command", Text, "what is run; may have several lines", "", "", nil, func(j *job.Job) any { return &j.Command }},
	{"shell", Boolean, "whether /bin/sh runs the command; otherwise it is a program's path", "true", "", nil, func(j *job.Job) any { return &j.Shell }},
	{"arguments", Texts, "arguments of the program, or appended to the command", "", "", nil, func(j *job.Job) any { return &j.Arguments }},
	{"environmentVariables", Variables, "environment of the task", "", "", nil, func(j *job.Job) any { return &j.Environment }},
	{"runAsUser", Text, "the task's user on the agent", "what the server says, root in Chronos", "", nil, func(j *job.Job) any { return &j.RunAsUser }},
	{"uris", Texts, "files fetched into the sandbox", "", "", nil, func(j *job.Job) any { return &j.URIs }},
	{"fetch", Fetches, "the same, with more to say about each", "", "3.0", nil, func(j *job.Job) any { return &j.Fetch }},
	{"container", Container, "the container that the task runs in", "none", "", nil, func(j *job.Job) any { return &j.Container }},
	{"executor", Text, "command of a custom executor", "", "", nil, func(j *job.Job) any { return &j.Executor }},
	{"executorFlags", Text, "flags of the custom executor", "", "", nil, func(j *job.Job) any { return &j.ExecutorFlags }},
	{"taskInfoData", Text, "data for the custom executor", "", "3.0", nil, func(j *job.Job) any { return &j.TaskInfoData }},

	{"cpus", Decimal, "cores", "what the server says, 0.1", "", nil, func(j *job.Job) any { return &j.CPUs }},
	{"mem", Decimal, "memory in MiB", "what the server says, 128", "", nil, func(j *job.Job) any { return &j.Mem }},
	{"disk", Decimal, "disk in MiB", "what the server says, 256", "", nil, func(j *job.Job) any { return &j.Disk }},
	{"gpus", Integer, "whole GPUs", "0", "hora", nil, func(j *job.Job) any { return &j.GPUs }},
	{"ports", Integer, "how many ports of the host the task gets", "0", "hora", nil, func(j *job.Job) any { return &j.Ports }},
	{"constraints", Constraints, "which agents will do: EQUALS, LIKE, UNLIKE on attributes and `hostname`", "", "", nil, func(j *job.Job) any { return &j.Constraints }},
	{"highPriority", Boolean, "runs before others", "false", "", nil, func(j *job.Job) any { return &j.HighPriority }},

	{"retries", Integer, "attempts after a failed one", "2", "", nil, func(j *job.Job) any { return &j.Retries }},
	{"retryInterval", Duration, "how long after a failed attempt the next one comes", "what the server says, 60 s", "hora", nil, func(j *job.Job) any { return &j.RetryInterval }},
	{"retryBackoff", Choice, "whether the interval stays or doubles", "fixed", "hora", []string{"fixed", "exponential"}, func(j *job.Job) any { return &j.RetryBackoff }},
	{"retryMaxInterval", Duration, "bound of the interval that doubles", "", "hora", nil, func(j *job.Job) any { return &j.RetryMaxInterval }},
	{"retryJitter", Decimal, "part of the interval by which it varies, 0 to 1", "0", "hora", nil, func(j *job.Job) any { return &j.RetryJitter }},
	{"retryOn", Texts, "exit codes that are worth a retry: `75`, `1-63`", "all", "hora", nil, func(j *job.Job) any { return &j.RetryOn }},
	{"timeout", Duration, "ends an attempt that takes longer", "none", "hora", nil, func(j *job.Job) any { return &j.Timeout }},
	{"expectedDuration", Duration, "a run that takes longer is told of", "", "hora", nil, func(j *job.Job) any { return &j.ExpectedDuration }},

	{"notify", Text, "who is told of what", "what the server says", "hora", nil, func(j *job.Job) any { return &j.Notify }},
	{"disabled", Boolean, "whether the job is paused; left out, it stays as it is on the server", "false for a new job", "", nil, func(j *job.Job) any { return &j.Disabled }},
	{"softError", Boolean, "whether a final failure counts as a success for the children", "false", "", nil, func(j *job.Job) any { return &j.SoftError }},
	{"async", Boolean, "whether a client reports the result, not the end of the task", "false", "2.4", nil, func(j *job.Job) any { return &j.Async }},
	{"dataProcessingJobType", Boolean, "whether the job counts elements", "false", "", nil, func(j *job.Job) any { return &j.DataJob }},
}

// alias is another name for a field that is read.
type alias struct{ name, field, meaning string }

// Aliases are read as the field that they name.
var aliases = []alias{
	{"maxCompletionTime", "timeout", "Chronos' later name for timeout, in seconds"},
	{"concurrent", "overlap", "of Chronos 3.0: `true` is `overlap: allow`"},
}

// ignored are what servers tell of a job that is not part of its definition.
// Files that were saved from a server may have them.
var ignored = []string{"successCount", "errorCount", "lastSuccess", "lastError", "errorsSinceLastSuccess", "disabledReason", "managedBy"}

// when are the fields of which a job has one: it inherits none if it has one itself.
var when = []string{"schedule", "parents", "trigger"}

// ByName finds a field, nil if there is none.
func ByName(name string) *Field {
	if i := slices.IndexFunc(Fields, func(f Field) bool { return f.Name == name }); i >= 0 {
		return &Fields[i]
	}
	return nil
}

// place is where a field stands in the order of a file; those of unknown name come last.
func place(name string) int {
	for _, a := range aliases {
		if a.name == name {
			name = a.field
		}
	}
	switch name {
	case "name":
		return -2
	case profileKey:
		return -1
	}
	if i := slices.IndexFunc(Fields, func(f Field) bool { return f.Name == name }); i >= 0 {
		return i
	}
	return len(Fields)
}

// Blank is a job that says nothing: what the server decides is zero.
func Blank() *job.Job { return &job.Job{Shell: true, Retries: 2} }

// words are what people write instead of a field's name.
var words = map[string]string{
	"cmd": "command", "script": "command", "run": "command", "env": "environmentVariables", "environment": "environmentVariables",
	"cron": "schedule", "interval": "schedule", "tz": "scheduleTimeZone", "timezone": "scheduleTimeZone", "zone": "scheduleTimeZone",
	"user": "runAsUser", "memory": "mem", "cpu": "cpus", "gpu": "gpus", "dependson": "parents", "depends_on": "parents", "needs": "parents",
	"after": "parents", "image": "container", "docker": "container", "args": "arguments", "retry": "retries", "email": "owner", "mailto": "owner",
	"dependencies": "parents", "maxduration": "timeout", "paused": "disabled", "enabled": "disabled", "id": "name",
}

// Nearest finds the known word that was probably meant, "" if none is near.
func Nearest(word string, known []string) string {
	lower := strings.ToLower(word)
	if meant := words[lower]; meant != "" && slices.Contains(known, meant) {
		return meant
	}
	best, distance := "", max(1, len(word)/3)+1
	for _, k := range known {
		if d := editDistance(lower, strings.ToLower(k)); d < distance {
			best, distance = k, d
		}
	}
	return best
}

// editDistance counts the letters to insert, delete, replace or swap with
// their neighbour (Damerau-Levenshtein, restricted).
func editDistance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for k := range rows[0] {
		rows[0][k] = k
	}
	for i := 1; i <= len(a); i++ {
		for k := 1; k <= len(b); k++ {
			cost := 1
			if a[i-1] == b[k-1] {
				cost = 0
			}
			rows[i][k] = min(rows[i-1][k]+1, rows[i][k-1]+1, rows[i-1][k-1]+cost)
			if i > 1 && k > 1 && a[i-1] == b[k-2] && a[i-2] == b[k-1] {
				rows[i][k] = min(rows[i][k], rows[i-2][k-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
