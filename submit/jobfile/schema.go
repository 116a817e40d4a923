package jobfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
)

// SchemaID is where the schema is published.
const SchemaID = "https://hora-scheduler.github.io/hora/jobfile.schema.json"

type schema = map[string]any

// Schema is the JSON Schema (2020-12) of job files, for editors: they complete
// and check by it. A text that holds a variable will do for any scalar.
func Schema() ([]byte, error) {
	root := schema{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"$id":     SchemaID,
		"title":   "hora job file",
		"oneOf": []any{
			ref("file"), ref("job"),
			schema{"type": "array", "items": ref("job")},
		},
		"$defs": schema{
			"variable": schema{"type": "string", "pattern": `\$\{\{`},
			"variables": schema{
				"description": "NAME: value, or a list of name and value", "oneOf": []any{
					schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "number", "boolean"}}},
					schema{"type": "array", "items": keys(schema{"name": scalarText(), "value": scalarText()}, "name", "value")},
				},
			},
			"pairs": schema{"oneOf": []any{
				schema{"type": "object", "additionalProperties": schema{"type": []string{"string", "number", "boolean"}}},
				schema{"type": "array", "items": keys(schema{"key": scalarText(), "value": scalarText()}, "key", "value")},
			}},
			"fetch":     fetchSchema(),
			"container": containerSchema(),
			"fields":    schema{"type": "object", "properties": properties(false), "additionalProperties": false},
			"job":       schema{"type": "object", "properties": properties(true), "additionalProperties": false},
			"file": schema{
				"type": "object", "additionalProperties": false,
				"anyOf": []any{
					schema{"required": []string{jobsKey}}, schema{"required": []string{profilesKey}}, schema{"required": []string{defaultsKey}},
					schema{"required": []string{includeKey}}, schema{"required": []string{variablesKey}},
				},
				"properties":        fileProperties(),
				"patternProperties": schema{"^" + freePrefix: schema{"description": "the author's: for anchors and substitutions"}},
			},
		},
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(root)
	return out.Bytes(), err
}

func ref(name string) schema { return schema{"$ref": "#/$defs/" + name} }

func scalarText() schema { return schema{"type": []string{"string", "number", "boolean"}} }

func keys(properties schema, required ...string) schema {
	return schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// fileProperties are the keys of a file, and those of a job: a file with one
// job may have both.
func fileProperties() schema {
	p := properties(true)
	p[includeKey] = schema{"description": "files whose variables, defaults, profiles and jobs are taken over, relative to this one", "oneOf": []any{schema{"type": "string"}, schema{"type": "array", "items": schema{"type": "string"}}}}
	p[variablesKey] = schema{"description": "variables of this file: ${{ NAME }}", "$ref": "#/$defs/variables"}
	p[defaultsKey] = schema{"description": "what jobs of this file say that do not say otherwise", "$ref": "#/$defs/fields"}
	p[profilesKey] = schema{"description": "named parts that jobs take over", "type": "object", "additionalProperties": ref("fields")}
	p[jobsKey] = schema{"description": "the jobs, as a list or by name", "oneOf": []any{
		schema{"type": "array", "items": ref("job")},
		schema{"type": "object", "additionalProperties": ref("job")},
	}}
	return p
}

func properties(isJob bool) schema {
	p := schema{}
	for i := range Fields {
		f := &Fields[i]
		if f.Name == "name" && !isJob {
			continue
		}
		p[f.Name] = f.schema()
	}
	for _, a := range aliases {
		p[a.name] = schema{"description": a.meaning, "type": []string{"boolean", "number", "string"}}
	}
	for _, name := range ignored {
		p[name] = schema{"description": "told by servers; not part of a definition, read and passed over"}
	}
	if isJob {
		p[profileKey] = schema{"type": "string", "description": "name of the profile that the job takes over"}
	}
	return p
}

func (f *Field) schema() schema {
	s := schema{"description": f.Describe()}
	typed := func(kind any, more ...any) {
		s["anyOf"] = append([]any{kind}, append(more, ref("variable"))...)
	}
	switch f.Kind {
	case Text:
		s["type"] = []string{"string", "number", "boolean"}
	case Boolean:
		typed(schema{"type": "boolean"})
	case Integer:
		typed(schema{"type": "integer"})
	case Decimal:
		typed(schema{"type": "number"})
	case Duration:
		typed(schema{"type": "number", "minimum": 0}, schema{"type": "string", "pattern": `^([Pp].*|\s*([0-9.]+\s*(w|d|h|m|s|ms)?\s*)*)$`})
	case Choice:
		typed(schema{"enum": f.Words})
	case Texts:
		typed(scalarText(), schema{"type": "array", "items": scalarText()})
	case Variables:
		s["$ref"] = "#/$defs/variables"
	case Constraints:
		operator := schema{"enum": []string{"EQUALS", "LIKE", "UNLIKE"}}
		s["oneOf"] = []any{schema{"type": "string"}, schema{"type": "array", "items": schema{"anyOf": []any{
			schema{"type": "string"},
			schema{"type": "array", "prefixItems": []any{scalarText(), schema{"anyOf": []any{operator, ref("variable")}}, scalarText()}, "minItems": 3, "maxItems": 3},
		}}}}
	case Fetches:
		s["type"], s["items"] = "array", schema{"anyOf": []any{schema{"type": "string"}, ref("fetch")}}
	case Container:
		s["anyOf"] = []any{schema{"type": "string"}, ref("container"), schema{"type": "null"}}
	}
	return s
}

// Describe is the field's meaning with its default and who knows it.
func (f *Field) Describe() string {
	text := f.Meaning
	if f.Default != "" {
		text += "; default: " + f.Default
	}
	switch f.Only {
	case "":
	case "hora":
		text += " (hora's own)"
	default:
		text += fmt.Sprintf(" (hora and Chronos %s)", f.Only)
	}
	return strings.ReplaceAll(text, "`", "")
}

func flag() schema { return schema{"anyOf": []any{schema{"type": "boolean"}, ref("variable")}} }

func fetchSchema() schema {
	return keys(schema{"uri": schema{"type": "string"}, "output_file": schema{"type": "string"}, "executable": flag(), "cache": flag(), "extract": flag()}, "uri")
}

func containerSchema() schema {
	text := schema{"type": "string"}
	port := schema{"type": []string{"integer", "string"}}
	external := keys(schema{"name": text, "provider": text, "options": ref("pairs")}, "name", "provider")
	return keys(schema{
		"type": text, "image": text, "network": schema{"enum": []string{"HOST", "BRIDGE", "USER"}}, "networkName": text, "forcePullImage": flag(), "parameters": ref("pairs"),
		"volumes": schema{"type": "array", "items": keys(schema{"hostPath": text, "containerPath": text, "mode": text, "external": external}, "containerPath")},
		"networkInfos": schema{"type": "array", "items": keys(schema{
			"name": text, "protocol": schema{"enum": []string{"IPv4", "IPv6"}}, "labels": ref("pairs"),
			"portMappings": schema{"type": "array", "items": keys(schema{"hostPort": port, "containerPort": port, "protocol": text}, "hostPort", "containerPort")},
		}, "name")},
	}, "image")
}

// Reference is the table of fields of docs/jobfile.md, in Markdown.
func Reference() string {
	var b strings.Builder
	b.WriteString("| field | written as | meaning | default | known to |\n|---|---|---|---|---|\n")
	cell := func(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
	for _, f := range Fields {
		kind, by := kindWords[f.Kind], "all"
		if f.Kind == Choice {
			kind = "`" + strings.Join(f.Words, "`, `") + "`"
		}
		switch f.Only {
		case "":
		case "hora":
			by = "hora"
		default:
			by = "hora, Chronos " + f.Only
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", f.Name, kind, cell(f.Meaning), cell(f.Default), by)
	}
	for _, a := range aliases {
		fmt.Fprintf(&b, "| `%s` | | %s | | |\n", a.name, a.meaning)
	}
	return b.String()
}
