package main

import (
	"os"
	"testing"
)

// referenceHead begins docs/flags.md.
const referenceHead = `# Settings of hora serve

Each setting can be given as a flag (` + "`--http_port 4400`" + `), in the environment (` + "`HORA_HTTP_PORT=4400`" + `) and as a line of the file that
` + "`--config`" + ` names (` + "`http_port = 4400`" + `; ` + "`#`" + ` begins a comment). A flag counts before the environment, that before the file, and that before the
default. Names, units and meanings are Chronos' where it has the setting. What is wrong is told with its place and what was expected,
and ends hora with 2 before it has done anything. This page is written by a test (` + "`UPDATE=1 go test -run TestFlagsReference ./cmd/hora`" + `).
`

// TestFlagsReference: docs/flags.md holds what the binary takes.
func TestFlagsReference(t *testing.T) {
	t.Parallel()
	const name = "../../docs/flags.md"
	want := referenceHead + new(serveOptions).set().Reference()
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	is, err := os.ReadFile(name)
	if err != nil || string(is) != want {
		t.Errorf("docs/flags.md is not what the binary takes (%v): UPDATE=1 go test -run TestFlagsReference ./cmd/hora writes it", err)
	}
}
