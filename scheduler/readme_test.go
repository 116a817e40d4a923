package scheduler_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// The examples of policies in the README are conversations, too. They tell of
// runs, history and kills alone.
var example = regexp.MustCompile("(?ms)^```conversation\n(.*?)^```$")

func TestReadmeExamples(t *testing.T) {
	const file = "../README.md"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var policies strings.Builder
	got := example.ReplaceAllStringFunc(string(text), func(block string) string {
		said := example.FindStringSubmatch(block)[1]
		policies.WriteString(said)
		k := newTalk(t)
		k.brief = true
		return "```conversation\n" + k.hold(said) + "```"
	})
	for _, policy := range []string{
		"catchUp=latest", "catchUp=all", "catchUp=none", "epsilon=", "overlap=queue", "overlap=skip", "overlap=allow", "overlap=replace",
		"parents=", "mode=each", "trigger=", "softError=", "retries=", "backoff=exponential", "retryJitter=", "maxConcurrent=", "retryOn=", "timeout=", "jitter=", "notAfter=",
	} {
		if !strings.Contains(policies.String(), policy) {
			t.Errorf("the README has no example of %s", policy)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if got != string(text) {
		t.Errorf("%s says otherwise now (go test -update rewrites it):\n%s", file, diff(string(text), got))
	}
}

// briefly keeps what an operator would see.
func briefly(heard string) string {
	var out strings.Builder
	for line := range strings.Lines(heard) {
		for _, kind := range []string{"write run ", "history of ", "error ", "then kill ", "notice: "} {
			if strings.HasPrefix(line, kind) {
				out.WriteString(strings.TrimPrefix(line, "write "))
			}
		}
	}
	return out.String()
}
