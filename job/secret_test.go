package job

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// secretive is a definition with a secret, hush, wherever one may stand.
func secretive() *Job {
	return &Job{
		Name: "x", Command: "echo", Environment: []Variable{{"PASSWORD", "hush1"}, {"EMPTY", ""}},
		URIs:      []string{"https://me:hush2@h:1/x@y", "hdfs://nn/x", "https://hush3@h", "/tmp/a:b@c"},
		Fetch:     []Fetch{{URI: "ftp://me:hu:sh4@x@h/y?z", OutputFile: "o"}},
		Container: &Container{Image: "i", Parameters: []Variable{{"env", "A=hush5=hush"}, {"e", "B=hush6"}, {"env", "FROM_AGENT"}, {"memory", "a=1"}}},
	}
}

// TestHideSecrets: nothing secret is left, all else is, and the definition itself stays as it is.
func TestHideSecrets(t *testing.T) {
	t.Parallel()
	j := secretive()
	got := j.HideSecrets()
	if !reflect.DeepEqual(j, secretive()) {
		t.Errorf("the definition has become %+v", j)
	}
	want := secretive()
	want.Environment = []Variable{{"PASSWORD", Hidden}, {"EMPTY", Hidden}}
	want.URIs = []string{"https://" + Hidden + "@h:1/x@y", "hdfs://nn/x", "https://" + Hidden + "@h", "/tmp/a:b@c"}
	want.Fetch[0].URI = "ftp://" + Hidden + "@h/y?z"
	want.Container.Parameters = []Variable{{"env", "A=" + Hidden}, {"e", "B=" + Hidden}, {"env", "FROM_AGENT"}, {"memory", "a=1"}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	if plain := (&Job{Name: "x", Container: &Container{}}); plain.HideSecrets() != plain {
		t.Error("a definition without secrets was copied")
	}
}

// TestHideSecretsOfDifferences: nor is anything left in what was changed, be it cut or not.
func TestHideSecretsOfDifferences(t *testing.T) {
	t.Parallel()
	whole := Compare(&Job{Name: "x", Command: "true"}, secretive())
	for _, d := range whole {
		got := d.HideSecrets()
		if text := fmt.Sprint(got); strings.Contains(text, "hush") || strings.Contains(text, "hu:sh") {
			t.Errorf("%s", text)
		}
		if d.Field == "command" && got != d {
			t.Errorf("%+v", got)
		}
		if d.Field == "container" && !strings.Contains(got.After, `"Image":"i"`) {
			t.Errorf("%+v", got)
		}
		if i := strings.Index(d.After, "hush"); i >= 0 {
			d.Before, d.After = d.After[:i+3]+"…", "" // the audit log cuts what is long
			if got := d.HideSecrets(); got.Before != Hidden || got.After != "" {
				t.Errorf("%+v", got)
			}
		}
	}
}

// TestCheckHidden: the mark is no value, wherever it stands in for one.
func TestCheckHidden(t *testing.T) {
	t.Parallel()
	if err := secretive().CheckHidden(); err != nil {
		t.Error(err)
	}
	for field, change := range map[string]func(j, hidden *Job){
		"environmentVariables": func(j, h *Job) { j.Environment = h.Environment },
		"uris":                 func(j, h *Job) { j.URIs = h.URIs },
		"fetch":                func(j, h *Job) { j.Fetch = h.Fetch },
		"container.parameters": func(j, h *Job) { j.Container = h.Container },
	} {
		j := secretive()
		change(j, j.HideSecrets())
		var err *FieldError
		if !errors.As(j.CheckHidden(), &err) || err.Field != field || !strings.Contains(err.Error(), Hidden) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
