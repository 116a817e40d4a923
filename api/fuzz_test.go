package api

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// FuzzPost: no body makes the decoder fall, what is refused is refused with
// words and a status of the client's, and a job that is taken and can be run
// is read back the same from what is shown of it.
func FuzzPost(f *testing.F) {
	for _, body := range []string{
		`{"name":"a","command":"true","schedule":"R/2030-01-01T00:00:00Z/P1D"}`,
		`{"name":"a","command":"true","parents":["b","c","b"],"parentsMode":"each","softError":"true","retries":"3"}`,
		`{"name":"a","command":"c","trigger":"b && failed(\"x y\")","timeout":90.5,"retryOn":["1-63"],"retryJitter":0.25,"maxConcurrent":3,"overlap":"replace"}`,
		`{"name":"a","schedule":"@daily","cpus":0.1,"mem":"128","disk":1e3,"gpus":1,"ports":2,"constraints":[["rack","LIKE","r[12]"]],"concurrent":true}`,
		`{"name":"a","command":"x","schedule":"* * * * *","container":{"type":"mesos","image":"i","network":"bridge","volumes":[{"hostPath":"/h","containerPath":"/c","mode":"RO"}],"parameters":[{"key":"k","value":"v"}],"forcePullImage":true}}`,
		`{"name":"a","command":"x","schedule":"* * * * *","environmentVariables":[{"name":"N","value":"\u00e9\u2028\u0000"}],"uris":["u"],"fetch":[{"uri":"u","cache":true}],"arguments":["-x"]}`,
		`{"name":"a","command":"x","lastSuccess":"2026-01-01T00:00:00.000Z","successCount":7,"errorsSinceLastSuccess":-1,"epsilon":"PT60S","notAfter":"2026-01-01T00:00:00Z"}`,
		"\xff\xfe{\x00}\x00", `[[[[`, `{"name":null}`, `{"name":{"a":1}}`, `nul`, ``, `{"cpus":1e999}`, `{"name":"a","name":"b"}`,
	} {
		f.Add([]byte(body), false)
		f.Add([]byte(body), true)
	}
	f.Fuzz(func(t *testing.T, body []byte, old bool) {
		d := v30
		if old {
			d = v24
		}
		def := Defaults{CPUs: .1, Mem: 128, Disk: 256, User: "root", Epsilon: time.Minute}
		p, err := decode(body, d, def)
		if err != nil {
			if status, text := (&server{}).classify(call{dialect: d}, err); status < 400 || status > 499 || text == "" {
				t.Fatalf("%q: %d %q for %v", body, status, text, err)
			}
			return
		}
		if d == v24 || p.once { // 2.4 does not show all that there is; a job without schedule is shown with one
			return
		}
		c, err := job.Compile(p.job, time.Unix(0, 0), job.Defaults{})
		if err != nil {
			var field *job.FieldError
			if !errors.As(err, &field) || field.Field == "" {
				t.Fatalf("%q is refused without a field: %v", body, err)
			}
			return
		}
		var w writer
		w.job(&leader.Job{JobRecord: &scheduler.JobRecord{Job: c.Job}, State: &scheduler.JobState{}}, d, c.Schedule)
		again, err := decode(w.buf, d, Defaults{})
		if err != nil {
			t.Fatalf("%q is shown as %s, which cannot be read: %v", body, w.buf, err)
		}
		if got, want := plainly(t, again.job), plainly(t, p.job); got != want {
			t.Fatalf("%q is shown as %s, which is read as\n%s, want\n%s", body, w.buf, got, want)
		}
	})
}

func decode(body []byte, d dialect, def Defaults) (posted, error) {
	tree, err := parse(body)
	if err != nil {
		return posted{}, err
	}
	return decodeJob(tree, d, def)
}

// plainly writes a definition out; lists that are empty are the same as none.
func plainly(t *testing.T, j *job.Job) string {
	text, err := json.Marshal(j)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(text), "[]", "null")
}
