package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"
)

// TestExplain: the command says what a job waits for, and why there is nothing to say.
func TestExplain(t *testing.T) {
	t.Parallel()
	d := startDev(t, t.TempDir())
	d.post(jobSpec{"name": "A", "command": "true", "schedule": "R/2100-01-01T00:00:00Z/PT1H"})
	d.post(jobSpec{"name": "B", "command": "true", "schedule": "R/2100-01-01T00:00:00Z/PT1H"})
	d.post(jobSpec{"name": "A-and-B", "command": "true", "parents": []string{"A", "B"}})
	d.post(jobSpec{"name": "big", "command": "true", "schedule": "R1//PT1H", "cpus": 1e6})
	d.call("PUT", "/v1/scheduler/job/A", nil, nil)
	until(func() bool { return len(d.history("A")) > 0 })
	until(func() bool { // until an offer has come
		var x struct{ Reasons []struct{ Text string } }
		d.call("GET", "/api/jobs/big/explain", nil, &x)
		return len(x.Reasons) > 0 && strings.Contains(x.Reasons[0].Text, "most free")
	})
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"A"}, 0, `(?s)next-slot +in \d+d +the next slot comes\nlast decisions\n  succeeded +hand of 20`},
		{[]string{"B"}, 0, `next-slot +in \d+d +the next slot comes`},
		{[]string{"A-and-B"}, 0, `(?s)parent .*"A" has succeeded \(1 not spent\).*waits for parent "B" alone`},
		{[]string{"big"}, 0, `no-offer .*too few cpus \(want 1e\+06, most free`},
		{[]string{"-o", "json", "B"}, 0, `"code": "next-slot",\n`},
		{[]string{"nothing"}, 1, `hora: there is no job "nothing"`},
		{[]string{"-o", "xml", "B"}, 2, `hora: --output xml: want text or json`},
		{[]string{"--server", "nowhere", "B"}, 2, `hora: --server nowhere: want a URL such as`},
		{[]string{"--server", "http://127.0.0.1:1", "B"}, 1, `hora: .*connection refused`},
	} {
		var out bytes.Buffer
		code := run(context.Background(), append([]string{"explain", "--server", d.base}, c.args...), &out, &out)
		if code != c.code || !regexp.MustCompile(c.want).Match(out.Bytes()) {
			t.Errorf("hora explain %q exits with %d, want %d, and says, which does not match %s:\n%s", c.args, code, c.code, c.want, out.String())
		}
	}
}
