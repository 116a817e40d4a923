package access

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
	"pgregory.net/rapid"

	"github.com/hora-scheduler/hora/job"
)

// secretHash is the hash of "secret12", another is that of another password.
const (
	secretHash  = "$2a$10$IlQB2wr/PqCvarH6wTd87.LFrvZyu9j4H/4sQkdlv/li0A/oOT8US"
	anotherHash = "$2a$10$WflU3qC7QRBKb3cV9HeoFO0EJ3wE3./QdJSbzXX7dHTY7hn/Mdcdm"
)

// file is an access file in which everything occurs.
func file(t *testing.T) string {
	t.Helper()
	return fmt.Sprintf(`
users:
  - {name: anna, role: admin, password: "%[1]s"}
  - {name: otto, role: operator, password: "%[1]s"}
  - {name: olga, role: operator, password: "%[1]s"}
  - {name: vera, role: viewer, password: "%[1]s"}
tokens:
  - {name: ci, role: operator, hash: "%[2]s", expires: 2026-12-31}
  - {name: prometheus, role: viewer, hash: "%[3]s"}
certificates:
  - {name: deploy, role: operator, subject: "CN=deploy,O=Example"}
rules:
  - {role: operator, owners: ["*@data.example.com"]}
  - {users: [otto], names: [etl-*, exact], runAsUser: [etl, "www-*"]}
  - {users: [ci], names: ["*"], runAsUser: [root]}
  - {users: [deploy], names: [look-*], runAsUser: []}
  - {role: admin, names: [sys-*], runAsUser: [root]}
`, secretHash, HashToken("t-ci"), HashToken("t-prometheus"))
}

func read(t *testing.T) *Policy {
	t.Helper()
	p, err := Read("access.yaml", []byte(file(t)))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestMay: who may do what to which job.
func TestMay(t *testing.T) {
	t.Parallel()
	p := read(t)
	docker := &job.Container{Type: "DOCKER", Image: "x"}
	mount := &job.Container{Type: "docker", Volumes: []job.Volume{{HostPath: "/etc", ContainerPath: "/x"}}}
	flags := &job.Container{Type: "DOCKER", Parameters: []job.Variable{{Name: "privileged", Value: "true"}}}
	for _, c := range []struct {
		who          string
		j            job.Job
		act, command bool
	}{
		{"vera", job.Job{Name: "etl-1", RunAsUser: "etl"}, false, false},
		{"prometheus", job.Job{Name: "etl-1", RunAsUser: "etl"}, false, false},
		{"otto", job.Job{Name: "etl-1", RunAsUser: "etl"}, true, true},
		{"otto", job.Job{Name: "etl-1", RunAsUser: "www-data"}, true, true},
		{"otto", job.Job{Name: "etl-1", RunAsUser: "root"}, true, false},
		{"otto", job.Job{Name: "etl-1", RunAsUser: ""}, true, false},
		{"otto", job.Job{Name: "etl-1", RunAsUser: "anna"}, true, false},
		{"otto", job.Job{Name: "exact", RunAsUser: "etl"}, true, true},
		{"otto", job.Job{Name: "exact-not", RunAsUser: "etl"}, false, false},
		{"otto", job.Job{Name: "x", Owner: "a@elsewhere.com, B@Data.Example.Com", RunAsUser: "anybody"}, true, true},
		{"otto", job.Job{Name: "x", Owner: "a@elsewhere.com", RunAsUser: "etl"}, false, false},
		{"olga", job.Job{Name: "etl-1", RunAsUser: "etl"}, false, false},
		{"olga", job.Job{Name: "etl-1", Owner: "a@data.example.com", RunAsUser: "etl"}, true, true},
		{"olga", job.Job{Name: "etl-1", Owner: "a@data.example.com", RunAsUser: "root"}, true, false},
		{"ci", job.Job{Name: "any", RunAsUser: "root"}, true, true},
		{"ci", job.Job{Name: "any", RunAsUser: "etl"}, true, false},
		{"deploy", job.Job{Name: "look-1", RunAsUser: "etl"}, true, false},
		{"anna", job.Job{Name: "any", RunAsUser: "etl"}, true, true},
		{"anna", job.Job{Name: "any", RunAsUser: "root"}, true, false},
		{"anna", job.Job{Name: "sys-1", RunAsUser: "root"}, true, true},
		{"anna", job.Job{Name: "any", RunAsUser: ""}, true, false},
		{"olga", job.Job{Name: "x", Owner: "a@data.example.com", RunAsUser: "etl", Container: docker}, true, true},
		{"olga", job.Job{Name: "x", Owner: "a@data.example.com", RunAsUser: "etl", Container: mount}, true, false},
		{"olga", job.Job{Name: "x", Owner: "a@data.example.com", RunAsUser: "etl", Container: flags}, true, false},
		{"anna", job.Job{Name: "any", RunAsUser: "etl", Container: mount}, true, false},
		{"anna", job.Job{Name: "sys-2", RunAsUser: "root", Container: mount}, true, true},
	} {
		who := p.principals[c.who]
		if err := p.Act(who, &c.j); (err == nil) != c.act {
			t.Errorf("%s acts on %+v: %v", c.who, c.j, err)
		}
		if err := p.Command(who, &c.j); (err == nil) != c.command {
			t.Errorf("%s says what %+v does: %v", c.who, c.j, err)
		}
		if err := p.Define(who, nil, &c.j); (err == nil) != c.command {
			t.Errorf("%s makes %+v: %v", c.who, c.j, err)
		}
	}
}

// TestDefine: neither somebody else's job can be taken over, nor one's own given away.
func TestDefine(t *testing.T) {
	t.Parallel()
	p := read(t)
	mine := &job.Job{Name: "x", Owner: "a@data.example.com", RunAsUser: "etl"}
	theirs := &job.Job{Name: "x", Owner: "b@elsewhere.com", RunAsUser: "etl"}
	olga := p.principals["olga"]
	for _, c := range []struct {
		old, j *job.Job
		ok     bool
	}{{mine, mine, true}, {theirs, mine, false}, {mine, theirs, false}, {theirs, theirs, false}, {nil, mine, true}, {nil, theirs, false}} {
		if err := p.Define(olga, c.old, c.j); (err == nil) != c.ok {
			t.Errorf("%+v to %+v: %v", c.old, c.j, err)
		}
	}
	var denied *Denied
	err := p.Command(olga, &job.Job{Name: "x", Owner: "a@data.example.com", RunAsUser: "root"})
	if denied, _ = err.(*Denied); denied == nil || denied.Field != "runAsUser" || !strings.Contains(denied.Text.String(), `no rule lets olga use "root" for the job "x"`) {
		t.Errorf("%v", err)
	}
}

// TestProofs: passwords, tokens and certificates.
func TestProofs(t *testing.T) {
	t.Parallel()
	p := read(t)
	name := func(x *Principal) string {
		if x == nil {
			return ""
		}
		return x.Name
	}
	for _, c := range [][3]string{{"anna", "secret12", "anna"}, {"anna", "wrong", ""}, {"anna", "", ""}, {"nobody", "secret12", ""}, {"ci", "t-ci", ""}, {"deploy", "", ""}, {"anna", "secret12" + strings.Repeat("x", 100), ""}} {
		if got := name(p.Password(c[0], c[1])); got != c[2] {
			t.Errorf("%q %q: %q", c[0], c[1], got)
		}
	}
	last := time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC)
	for _, c := range []struct {
		token string
		at    time.Time
		want  string
	}{{"t-ci", last, "ci"}, {"t-ci", last.Add(time.Second), ""}, {"t-prometheus", last.AddDate(9, 0, 0), "prometheus"}, {"", last, ""}, {"x", last, ""}, {HashToken("t-ci"), last, ""}} {
		if got := name(p.Token(c.token, c.at)); got != c.want {
			t.Errorf("%q at %s: %q", c.token, c.at, got)
		}
	}
	if name(p.Certificate("CN=deploy,O=Example")) != "deploy" || p.Certificate("CN=deploy") != nil || p.Certificate("") != nil {
		t.Error("certificates")
	}
	if cost, err := bcrypt.Cost([]byte(nobodyHash)); cost != bcrypt.DefaultCost || err != nil {
		t.Errorf("whom there is can be told by the time: %d, %v", cost, err)
	}
	dear, err := Read("access.yaml", []byte("users:\n  - {name: x, role: admin, password: \"$2a$12"+nobodyHash[6:]+"\"}"))
	if err != nil {
		t.Fatal(err)
	}
	if cost, err := bcrypt.Cost(dear.decoy("nobody")); cost != 12 || err != nil {
		t.Errorf("whom there is can be told by the time: %d, %v", cost, err)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(nobodyHash), []byte("x")); err != bcrypt.ErrMismatchedHashAndPassword {
		t.Errorf("nobody's hash is not compared: %v", err)
	}
}

// TestSession: a session is good everywhere, until it ends, the password changes or somebody goes.
func TestSession(t *testing.T) {
	t.Parallel()
	text := file(t)
	read := func(text string) *Policy {
		p, err := Read("access.yaml", []byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	p := read(text)
	value, expires := NewSession(p.principals["otto"], now)
	if !expires.Equal(now.Add(SessionTime)) {
		t.Errorf("expires %s", expires)
	}
	elsewhere := read(text + "  - {role: admin, names: [y]}\n")
	for _, q := range []*Policy{p, elsewhere} {
		if x := q.Session(value, expires.Add(-time.Second)); x == nil || x.Name != "otto" {
			t.Errorf("%+v", x)
		}
	}
	if p.Session(value, expires) != nil {
		t.Error("it does not end")
	}
	annas := strings.Replace(value, value[:strings.Index(value, ".")], "YW5uYQ", 1)
	later := strings.Replace(value, ".", ".z", 1)
	for _, bad := range []string{annas, later, "", ".", "..", "a.b.c", value + "x", value[:len(value)-1], strings.Repeat("x", 5000)} {
		if x := p.Session(bad, now); x != nil {
			t.Errorf("%q is a session of %s", bad, x.Name)
		}
	}
	if gone := read(strings.Replace(text, "name: otto", "name: oscar", 1)[:strings.Index(text, "rules:")+1]); gone.Session(value, now) != nil {
		t.Error("somebody who is gone has a session")
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.Contains(l, "name: otto") {
			lines[i] = fmt.Sprintf(`  - {name: otto, role: operator, password: "%s"}`, anotherHash)
		}
	}
	if read(strings.Join(lines, "\n")).Session(value, now) != nil {
		t.Error("a session outlives a password")
	}
	// Of a token: no longer than the token.
	_, end := NewSession(p.principals["ci"], p.principals["ci"].Expires.Add(-time.Minute))
	if !end.Equal(p.principals["ci"].Expires) {
		t.Errorf("ends %s", end)
	}
	// Its token against forgery.
	otto := p.principals["otto"]
	csrf := CSRF(otto, value)
	if !CheckCSRF(otto, value, csrf) || CheckCSRF(otto, value, "") || CheckCSRF(otto, value+"x", csrf) || CheckCSRF(p.principals["ci"], value, csrf) || strings.Contains(value, csrf) {
		t.Error("csrf")
	}
}

// TestVoucher: only who has the same file can vouch, for one request, for a minute.
func TestVoucher(t *testing.T) {
	t.Parallel()
	text := file(t)
	p, err1 := Read("access.yaml", []byte(text))
	q, err2 := Read("access.yaml", []byte(text+"\n# another\n"))
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	now := time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)
	v := Voucher{now, "192.0.2.1", "CN=deploy,O=Example", "PUT /x"}
	value := p.Vouch(v)
	if got, ok := p.Vouched(value, "PUT /x", now.Add(voucherTime)); !ok || got.Address != v.Address || got.Subject != v.Subject {
		t.Errorf("%+v %v", got, ok)
	}
	for _, c := range []struct {
		p       *Policy
		value   string
		request string
		at      time.Time
	}{{q, value, "PUT /x", now}, {p, value, "PUT /y", now}, {p, value, "PUT /x", now.Add(voucherTime + time.Second)}, {p, value, "PUT /x", now.Add(-voucherTime - time.Second)}, {p, "", "PUT /x", now}, {p, "x" + value, "PUT /x", now}, {p, "..", "PUT /x", now}} {
		if _, ok := c.p.Vouched(c.value, c.request, c.at); ok {
			t.Errorf("%+v is believed", c)
		}
	}
}

// TestRefusedFiles: what is wrong is told with its place, and no hash is shown.
func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                                       "a.yaml: has 0 documents",
		"users: []":                              "names nobody",
		"user: []":                               `a.yaml:1:1: "user" is unknown, want some of: users, tokens, certificates, rules`,
		"users: {}":                              "users: is an object, want a list",
		"users: [x]":                             "a.yaml:1:9: is a text, want an object",
		"users:\n  - {name: x, role: boss}":      `a.yaml:2:21: role: is "boss", want viewer, operator or admin`,
		"users:\n  - {name: x, role: nobody}":    "want viewer, operator or admin",
		"users:\n  - {role: admin}":              "a.yaml:2:5: name: is missing",
		"users:\n  - {name: 'a b', role: admin}": "name: want no blanks",
		"users:\n  - {name: x, role: admin}":     "password: is missing, want a bcrypt hash",
		"users:\n  - {name: x, role: admin, password: hush}":                                                                                  "password: want a bcrypt hash",
		"users:\n  - {name: x, role: admin, password: \"$2a$04" + nobodyHash[6:] + "\"}":                                                      "the hash has cost 4, want 10 to 14",
		"users:\n  - {name: x, role: admin, password: \"$2a$31" + nobodyHash[6:] + "\"}":                                                      "the hash has cost 31, want 10 to 14",
		"tokens:\n  - {name: x, role: admin, hash: hush}":                                                                                     "hash: want sha256:",
		"tokens:\n  - {name: x, role: admin, hash: \"sha256:abcd\"}":                                                                          "hash: want sha256:",
		"tokens:\n  - {name: x, role: admin, hash: \"" + HashToken("x") + "\", expires: soon}":                                                "expires: want a date",
		"tokens:\n  - {name: x, role: admin, hash: \"" + HashToken("x") + "\"}\n  - {name: x, role: admin, hash: \"" + HashToken("y") + "\"}": `a.yaml:3:12: name: "x" is there twice`,
		"tokens:\n  - {name: x, role: admin, hash: \"" + HashToken("x") + "\"}\n  - {name: y, role: admin, hash: \"" + HashToken("x") + "\"}": "hash: is there twice",
		"certificates:\n  - {name: x, role: admin}":                                                                                           "subject: is missing",
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {}":                                                            "whom does the rule concern",
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {role: viewer}":                                                "a viewer changes nothing",
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {users: [y]}":                                                  `there is nobody of the name "y"`,
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {users: [x], names: []}":                                       "names: want a list of 1 to",
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {users: [x], names: x}":                                        "names: want a list",
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {users: [x], names: [[x]]}":                                    "names: want a list of texts",
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\nrules:\n  - {users: [x], name: [x]}":                                       `"name" is unknown`,
		"certificates:\n  - {name: x, role: admin, subject: CN=x}\n  - {name: y, role: admin, subject: CN=x}":                                 "subject: is there twice",
		"certificates: [" + strings.Repeat("x,", MaxEntries+1) + "]":                                                                          "at most 1000",
		strings.Repeat("#", MaxFile+1): "at most 1048576 are read",
	} {
		_, err := Read("a.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%.200s\n%v, want %s", text, err, want)
		}
	}
}

// TestMatch against the obvious way to do it.
func TestMatch(t *testing.T) {
	t.Parallel()
	var slow func(p, s string) bool
	slow = func(p, s string) bool {
		switch {
		case p == "":
			return s == ""
		case p[0] == '*':
			return slow(p[1:], s) || s != "" && slow(p, s[1:])
		}
		return s != "" && s[0] == p[0] && slow(p[1:], s[1:])
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.StringMatching(`[ab*]{0,8}`).Draw(t, "pattern")
		s := rapid.StringMatching(`[ab]{0,10}`).Draw(t, "text")
		if match(p, s) != slow(p, s) {
			t.Fatalf("match(%q, %q) is %v", p, s, match(p, s))
		}
	})
}

// TestThrottle: a burst, then one in each interval; keys are bounded.
func TestThrottle(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	h := Throttle{Burst: 3, Every: time.Second, Keys: 5}
	for i := range 3 {
		if wait, ok := h.Take("a", now); !ok {
			t.Fatalf("%d: %s", i, wait)
		}
	}
	if wait, ok := h.Take("a", now); ok || wait != time.Second {
		t.Errorf("%v %s", ok, wait)
	}
	if _, ok := h.Take("b", now); !ok {
		t.Error("one key stops another")
	}
	if _, ok := h.Take("a", now.Add(time.Second)); !ok {
		t.Error("it is never forgiven")
	}
	h.Return("a")
	if _, ok := h.Take("a", now.Add(time.Second)); !ok {
		t.Error("what was returned counts")
	}
	for i := range 100 {
		h.Take(fmt.Sprint(i), now)
		if len(h.until) > 5 {
			t.Fatalf("%d keys", len(h.until))
		}
	}
}

// TestWithAdmin: Chronos' user and password is an admin who may use root.
func TestWithAdmin(t *testing.T) {
	t.Parallel()
	var none *Policy
	p, err := none.WithAdmin("me:a:b")
	if err != nil || p.Forms() {
		t.Fatal(err)
	}
	x := p.Password("me", "a:b")
	if x == nil || p.Password("me", "a") != nil || p.Password("me", "") != nil {
		t.Fatalf("%+v", x)
	}
	if err := p.Command(x, &job.Job{Name: "x", RunAsUser: "root"}); err != nil {
		t.Error(err)
	}
	q, err := read(t).WithAdmin("me:x")
	if err != nil || q.Password("me", "x") == nil || q.Password("anna", "secret12") == nil {
		t.Error(err)
	}
	if q.Command(q.principals["anna"], &job.Job{Name: "x", RunAsUser: "root"}) == nil {
		t.Error("another admin got its rule")
	}
	if _, err := read(t).WithAdmin("anna:x"); err == nil {
		t.Error("a name twice")
	}
}
