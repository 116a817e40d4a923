package chronostest

import (
	"cmp"
	"encoding/json"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// TestRecordings replays what the real servers answered.
func TestRecordings(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("testdata/*.json")
	if err != nil || len(names) < 20 {
		t.Fatalf("%d recordings, %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".json"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			var scenario struct {
				Steps []struct {
					Method, Path string
					Body         *string
					Headers      map[string]string
					Status       int
					Answer       string
				}
			}
			if err := json.Unmarshal(text, &scenario); err != nil {
				t.Fatal(err)
			}
			s := &Server{V24: strings.HasPrefix(filepath.Base(name), "2.4")}
			for i, step := range scenario.Steps {
				body := ""
				if step.Body != nil {
					body = *step.Body
				}
				req := httptest.NewRequest(step.Method, step.Path, strings.NewReader(body))
				for k, v := range step.Headers {
					req.Header.Set(k, v)
				}
				rec := httptest.NewRecorder()
				s.ServeHTTP(rec, req)
				got := rec.Body.String()
				if strings.HasPrefix(got, "<") {
					got = ""
				}
				if before, _, cut := strings.Cut(got, `\n\tat`); cut {
					got = before + "…"
				}
				step.Answer = strings.ReplaceAll(step.Answer, `\uD83D\uDE00`, "😀") // how Jackson writes it
				if rec.Code != step.Status || !same(got, step.Answer) {
					t.Errorf("step %d, %s %s %s:\n%d %s\nwant\n%d %s", i, step.Method, step.Path, body, rec.Code, got, step.Status, step.Answer)
				}
			}
		})
	}
}

// same compares JSON by what it says, lists of jobs in any order, other texts as they are.
func same(a, b string) bool {
	var x, y any
	if json.Unmarshal([]byte(a), &x) != nil || json.Unmarshal([]byte(b), &y) != nil {
		return strings.TrimSpace(a) == strings.TrimSpace(b)
	}
	for _, v := range []any{x, y} {
		if list, ok := v.([]any); ok {
			slices.SortFunc(list, func(p, q any) int {
				m, _ := p.(map[string]any)
				n, _ := q.(map[string]any)
				s, _ := m["name"].(string)
				t, _ := n["name"].(string)
				return cmp.Compare(s, t)
			})
		}
	}
	return reflect.DeepEqual(x, y)
}
