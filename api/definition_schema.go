package api

import (
	"maps"
	"slices"
	"strings"
)

// member is what the OpenAPI document says of a member of a definition.
type member struct {
	name    string
	schema  map[string]any
	meaning string
}

// Shapes of members.
var (
	textShape    = map[string]any{"type": "string"}
	flagShape    = map[string]any{"type": "boolean"}
	numberShape  = map[string]any{"type": "number"}
	wholeShape   = map[string]any{"type": "integer"}
	textsShape   = map[string]any{"type": "array", "items": textShape}
	secondsShape = map[string]any{"type": []string{"string", "number"}}
	portShape    = map[string]any{"type": []string{"string", "integer"}, "description": "0 to 65535; answers have texts, as Chronos"}
)

// oneOf is a text that is one of these words.
func oneOf(words string) map[string]any {
	return map[string]any{"type": "string", "enum": strings.Fields(words)}
}

// listOf is a list of objects with these members.
func listOf(required string, members ...member) map[string]any {
	return map[string]any{"type": "array", "items": objectOf(required, members...)}
}

// objectOf is an object with these members and no other ones.
func objectOf(required string, members ...member) map[string]any {
	properties := make(map[string]any, len(members))
	for _, m := range members {
		schema := maps.Clone(m.schema)
		if m.meaning != "" {
			schema["description"] = m.meaning
		}
		properties[m.name] = schema
	}
	out := map[string]any{"type": "object", "properties": properties, "additionalProperties": false}
	if required != "" {
		out["required"] = strings.Fields(required)
	}
	return out
}

// definitionSchema describes a definition, as hora's own paths read and write it.
func definitionSchema() map[string]any {
	out := objectOf("", slices.Concat(identityMembers, workMembers, placeMembers, whenMembers, retryMembers, policyMembers, counterMembers)...)
	out["description"] = "A definition. What is missing has its default; docs/jobfile.md explains each field. In a merge patch null stands for the default."
	return out
}

var identityMembers = []member{
	{"name", textShape, "may be missing where the path has it"},
	{"description", textShape, ""},
	{"owner", textShape, "mail addresses, separated by commas"},
	{"ownerName", textShape, ""},
	{"managedBy", textShape, "the set of job files that the job comes from"},
}

var workMembers = []member{
	{"command", textShape, "what is run"},
	{"shell", flagShape, "true: command is for /bin/sh -c; false: it is the path of a program"},
	{"arguments", textsShape, ""},
	{"environmentVariables", pairsShape("name"), ""},
	{"uris", textsShape, "fetched into the sandbox, archives are unpacked"},
	{"fetch", listOf("", member{"uri", textShape, ""}, member{"output_file", textShape, ""}, member{"executable", flagShape, ""},
		member{"cache", flagShape, ""}, member{"extract", flagShape, ""}), "as uris, with more to say of each"},
	{"runAsUser", textShape, "the user of the task on the agent"},
	{"executor", textShape, "the command of a custom executor"},
	{"executorFlags", textShape, ""},
	{"taskInfoData", textShape, "handed to the executor"},
	{"container", containerShape(), ""},
}

func pairsShape(key string) map[string]any {
	return listOf(key+" value", member{key, textShape, ""}, member{"value", textShape, ""})
}

func containerShape() map[string]any {
	return objectOf("image",
		member{"type", oneOf("DOCKER MESOS"), ""}, member{"image", textShape, ""}, member{"forcePullImage", flagShape, ""},
		member{"network", oneOf("HOST BRIDGE USER"), ""}, member{"networkName", textShape, "of a network of the type USER"},
		member{"networkInfos", listOf("name", member{"name", textShape, ""}, member{"protocol", oneOf("IPv4 IPv6"), ""}, member{"labels", pairsShape("key"), ""},
			member{"portMappings", listOf("hostPort containerPort", member{"hostPort", portShape, ""}, member{"containerPort", portShape, ""}, member{"protocol", textShape, ""}), ""}), ""},
		member{"volumes", listOf("containerPath", member{"containerPath", textShape, ""}, member{"hostPath", textShape, ""}, member{"mode", oneOf("RW RO"), ""},
			member{"external", objectOf("name provider", member{"name", textShape, ""}, member{"provider", textShape, ""}, member{"options", pairsShape("key"), ""}), ""}), ""},
		member{"parameters", pairsShape("key"), "of docker run"})
}

var placeMembers = []member{
	{"cpus", numberShape, "cores"},
	{"mem", numberShape, "MiB"},
	{"disk", numberShape, "MiB"},
	{"gpus", wholeShape, ""},
	{"ports", wholeShape, "how many; the task finds them in PORT0 and so on"},
	{"constraints", map[string]any{"type": "array", "items": map[string]any{"type": "array", "items": textShape, "minItems": 3, "maxItems": 3}}, "attribute, operator (EQUALS, LIKE, UNLIKE, …), value"},
	{"highPriority", flagShape, "offers are tried for this job before others"},
}

var whenMembers = []member{
	{"schedule", textShape, "cron, or R[n]/start/period (ISO 8601)"},
	{"scheduleTimeZone", textShape, "IANA name; UTC if it is missing"},
	{"parents", textsShape, "runs after all of these, instead of a schedule"},
	{"parentsMode", oneOf("latest each"), "what several successes of one parent count"},
	{"trigger", textShape, "an expression over jobs, such as succeeded(a) && failed(b), instead of parents"},
	{"notBefore", textShape, "RFC 3339"},
	{"notAfter", textShape, "RFC 3339"},
	{"dstGap", oneOf("run skip"), "what becomes of a slot at a time that clocks pass over"},
	{"dstOverlap", oneOf("first both"), "what becomes of a slot at a time that clocks show twice"},
	{"jitter", textShape, "ISO 8601 duration over which starts are spread"},
}

var retryMembers = []member{
	{"retries", wholeShape, "attempts after the first one"},
	{"retryInterval", textShape, "ISO 8601 duration"},
	{"retryBackoff", oneOf("fixed exponential"), ""},
	{"retryMaxInterval", textShape, "ISO 8601 duration"},
	{"retryJitter", numberShape, "0 to 1, the part of the interval that is left to chance"},
	{"retryOn", textsShape, "exit codes that are tried again: 75, 1-63; if missing, all"},
	{"softError", flagShape, "a final failure counts as a success for children"},
	{"notify", textShape, "who is told of what"},
}

var policyMembers = []member{
	{"disabled", flagShape, "true: paused"},
	{"overlap", oneOf("queue skip allow replace"), "what becomes of a run while another one is not over"},
	{"maxConcurrent", wholeShape, "with overlap allow"},
	{"concurrent", flagShape, "Chronos' word for overlap allow"},
	{"catchUp", oneOf("latest all none"), "which slots run that passed while nobody led"},
	{"epsilon", textShape, "how late a slot may still start; ISO 8601 duration"},
	{"timeout", secondsShape, "how long an attempt may take; ISO 8601 duration or seconds"},
	{"maxCompletionTime", secondsShape, "Chronos' word for timeout"},
	{"expectedDuration", textShape, "ISO 8601 duration; a run that takes longer is told of"},
	{"async", flagShape, "the end of the task says nothing, a client reports the result"},
	{"dataProcessingJobType", flagShape, "Chronos': without effect"},
}

var counterMembers = []member{
	{"successCount", wholeShape, "a job that moves here brings its figures; answers have them outside of the definition"},
	{"errorCount", wholeShape, ""},
	{"errorsSinceLastSuccess", wholeShape, ""},
	{"lastSuccess", textShape, "RFC 3339"},
	{"lastError", textShape, "RFC 3339"},
}
