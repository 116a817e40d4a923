package detector

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseGroup(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text    string
		servers string
		path    string
		secret  string
		bad     string
	}{
		{text: "zk://z1:2181/mesos", servers: "z1:2181", path: "/mesos"},
		{text: "zk://z1:2181,z2:2182,z3/mesos", servers: "z1:2181 z2:2182 z3:2181", path: "/mesos"},
		{text: "zk://z1", servers: "z1:2181", path: "/"},
		{text: "zk://z1/", servers: "z1:2181", path: "/"},
		{text: "zk://z1/a/b/", servers: "z1:2181", path: "/a/b"},
		{text: "zk://u:s3cr3t@z1,z2/mesos", servers: "z1:2181 z2:2181", path: "/mesos", secret: "u:s3cr3t"},
		{text: "zk://u:s3@cr3t:x@z1/mesos", servers: "z1:2181", path: "/mesos", secret: "u:s3@cr3t:x"},
		{text: "zk://[::1]:2181,[::2]/mesos", servers: "[::1]:2181 [::2]:2181", path: "/mesos"},
		{text: "zk://", bad: "no ZooKeeper server"},
		{text: "zk:///mesos", bad: "no ZooKeeper server"},
		{text: "zk://z1,/mesos", bad: `"" is no ZooKeeper server`},
		{text: "zk://z1:0/mesos", bad: "no ZooKeeper server"},
		{text: "zk://z1:99999/mesos", bad: "no ZooKeeper server"},
		{text: "zk://z1:a/mesos", bad: "no ZooKeeper server"},
		{text: "zk://z1//mesos", bad: "the ZooKeeper path is none"},
		{text: "zk://z1/a?b", bad: "the ZooKeeper path is none"},
		{text: "zk://u@z1/mesos", bad: "not user:password"},
		{text: "zk://:s3cr3t@z1/mesos", bad: "not user:password"},
		{text: "zk://u:s3/cr3t@z1/mesos", bad: "the ZooKeeper path is none"},
	} {
		g, err := parseGroup(c.text)
		if (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%s: got %v, want %q", c.text, err, c.bad)
		}
		if strings.Contains(fmt.Sprint(err), "cr3t") || strings.Contains(fmt.Sprintf("%v %+v %#v", g, g, g), "cr3t") {
			t.Errorf("%s: the secret shows: %v %+v", c.text, err, g)
		}
		if err == nil && (strings.Join(g.servers, " ") != c.servers || g.path != c.path || string(g.Credentials) != c.secret) {
			t.Errorf("%s: got %q, path %s, credentials %q", c.text, g.servers, g.path, string(g.Credentials))
		}
	}
}

func TestParseLists(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return "file://" + path
	}
	for _, c := range []struct {
		text, scheme string
		want         []string // in the order in which they are tried
		bad          string
	}{
		{text: "m1:5050", want: []string{"http://m1:5050"}},
		{text: "m1:5050", scheme: "https", want: []string{"https://m1:5050"}},
		{text: "http://m1:5050, m2:5050,https://m3:5050/mesos", want: []string{"http://m1:5050", "http://m2:5050", "https://m3:5050/mesos"}},
		{text: file("list", "m1:5050,m2:5050\n"), want: []string{"http://m1:5050", "http://m2:5050"}},
		{text: file("loop", file("list2", "m1")), bad: "names another file"},
		{text: "file:///does/not/exist", bad: "no such file"},
		{text: "", bad: "expected zk://"},
		{text: "m1,,m2", bad: "expected zk://"},
		{text: "ftp://m1", bad: `scheme is "ftp"`},
		{text: "http://u:s3cr3t@m1", bad: "credentials do not belong"},
		{text: "m1", scheme: "ftp", bad: "expected http or https"},
		{text: file("zk", "zk://u@z1/mesos"), bad: "not user:password"},
	} {
		d, err := Parse(c.text, Options{Scheme: c.scheme})
		if (err == nil) != (c.bad == "") || err != nil && !strings.Contains(err.Error(), c.bad) {
			t.Errorf("%q: got %v, want %q", c.text, err, c.bad)
		}
		if strings.Contains(fmt.Sprint(err), "cr3t") {
			t.Errorf("%q: the secret shows: %v", c.text, err)
		}
		if err != nil {
			continue
		}
		var got []string
		for range c.want {
			last := ""
			if n := len(got); n > 0 {
				last = got[n-1]
			}
			base, err := d.Detect(t.Context(), last)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, base)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: tried %q, want %q", c.text, got, c.want)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestParseConnects holds that the detector of a group lives in the background
// and tells a log where it looks, but no secret.
func TestParseConnects(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	d, err := Parse("zk://u:s3cr3t@127.0.0.1:1/mesos", Options{Logger: slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	z := d.(*ZooKeeper)
	z.mu.Lock()
	credentials := z.group.Credentials
	z.mu.Unlock()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if _, err := d.Detect(t.Context(), ""); err == nil {
		t.Error("a closed detector detects")
	}
	if string(credentials) != "u:s3cr3t" || strings.Contains(out.String(), "cr3t") {
		t.Errorf("credentials %q; the log says: %s", string(credentials), out.String())
	}
}
