package access

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/crypto/bcrypt"

	"github.com/hora-scheduler/hora/submit/document"
)

// Limits of an access file. Beyond them it is refused.
const (
	MaxFile    = 1 << 20 // bytes
	MaxEntries = 1000    // users, tokens, certificates or rules, each
	MaxName    = 100     // bytes of a principal's name
	minCost    = 10      // of a bcrypt hash: what is cheaper is guessed too quickly
	maxCost    = 14      // what is dearer keeps the server busy for seconds
)

// tokenHash is how the hash of a token begins.
const tokenHash = "sha256:"

// Read reads an access file; the ending of its name says whether it is YAML, JSON
// or HOCON. Errors name the place.
func Read(name string, text []byte) (*Policy, error) {
	if len(text) > MaxFile {
		return nil, document.Errorf(document.Pos{File: name}, "has %d bytes, at most %d are read", len(text), MaxFile)
	}
	docs, err := document.Reader{}.Read(name, text)
	if err != nil {
		return nil, err
	}
	if len(docs) != 1 {
		return nil, document.Errorf(document.Pos{File: name}, "has %d documents, want one", len(docs))
	}
	p := newPolicy()
	p.key = sha256.Sum256(append([]byte("hora access\x00"), text...))
	if err := p.read(docs[0]); err != nil {
		return nil, err
	}
	if len(p.principals) == 0 {
		return nil, document.Errorf(docs[0].Pos, "names nobody: nobody could log in")
	}
	return p, nil
}

func newPolicy() *Policy {
	return &Policy{principals: map[string]*Principal{}, tokens: map[string]*Principal{}, subjects: map[string]*Principal{}}
}

// read takes in all sections.
func (p *Policy) read(root *document.Node) error {
	if err := members(root, "users", "tokens", "certificates", "rules"); err != nil {
		return err
	}
	for _, section := range []struct {
		key  string
		take func(*document.Node) error
	}{{"users", p.readUser}, {"tokens", p.readToken}, {"certificates", p.readCertificate}, {"rules", p.readRule}} {
		list := root.Get(section.key)
		if list == nil || list.Kind == document.Null {
			continue
		}
		if list.Kind != document.List {
			return document.Errorf(list.Pos, "%s: is %s, want a list", section.key, list.Kind)
		}
		if len(list.Items) > MaxEntries {
			return document.Errorf(list.Pos, "%s: has %d entries, at most %d are allowed", section.key, len(list.Items), MaxEntries)
		}
		for _, n := range list.Items {
			if err := section.take(n); err != nil {
				return err
			}
		}
	}
	return nil
}

// members refuses what is no object, and members that mean nothing.
func members(n *document.Node, allowed ...string) error {
	if n.Kind != document.Object {
		return document.Errorf(n.Pos, "is %s, want an object with some of: %s", n.Kind, strings.Join(allowed, ", "))
	}
	for _, m := range n.Members {
		if !slices.Contains(allowed, m.Key) {
			return document.Errorf(m.Pos, "%q is unknown, want some of: %s", m.Key, strings.Join(allowed, ", "))
		}
	}
	return nil
}

// text reads a member that has to be there.
func text(n *document.Node, key, want string) (string, error) {
	v := n.Get(key)
	if v == nil {
		return "", document.Errorf(n.Pos, "%s: is missing, want %s", key, want)
	}
	if v.Kind != document.Text && v.Kind != document.Number || v.Text == "" {
		return "", document.Errorf(v.Pos, "%s: want %s", key, want)
	}
	return v.Text, nil
}

// role reads a member with a role.
func role(n *document.Node) (Role, error) {
	name, err := text(n, "role", "viewer, operator or admin")
	if err != nil {
		return Nobody, err
	}
	r, ok := ParseRole(name)
	if !ok {
		return Nobody, document.Errorf(n.Get("role").Pos, "role: is %.40q, want viewer, operator or admin", name)
	}
	return r, nil
}

// principal reads what all principals have, and takes them in.
func (p *Policy) principal(n *document.Node, kind Kind) (*Principal, error) {
	name, err := text(n, "name", "a name")
	if err != nil {
		return nil, err
	}
	if err := CheckName(name); err != nil {
		return nil, document.Errorf(n.Get("name").Pos, "name: %v", err)
	}
	r, err := role(n)
	if err != nil {
		return nil, err
	}
	if p.principals[name] != nil {
		return nil, document.Errorf(n.Get("name").Pos, "name: %q is there twice; names stand in the audit log, and mean one each", name)
	}
	x := &Principal{Name: name, Role: r, Kind: kind}
	p.principals[name] = x
	return x, nil
}

// CheckName tells whether somebody may have this name.
func CheckName(name string) error {
	switch {
	case name == "" || len(name) > MaxName:
		return errors.New("want 1 to 100 bytes")
	case !utf8.ValidString(name), strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r == ':' || r == 0x7f }):
		return errors.New("want no blanks, colons or control characters")
	}
	return nil
}

func (p *Policy) readUser(n *document.Node) error {
	if err := members(n, "name", "role", "password"); err != nil {
		return err
	}
	x, err := p.principal(n, User)
	if err != nil {
		return err
	}
	const want = "a bcrypt hash, as hora password or htpasswd -nB make it"
	if x.secret, err = text(n, "password", want); err != nil {
		return err
	}
	cost, err := bcrypt.Cost([]byte(x.secret))
	if err != nil || len(x.secret) != 60 {
		return document.Errorf(n.Get("password").Pos, "password: want %s", want)
	}
	if cost < minCost || cost > maxCost {
		return document.Errorf(n.Get("password").Pos, "password: the hash has cost %d, want %d to %d", cost, minCost, maxCost)
	}
	p.forms, p.costs = true, append(p.costs, cost)
	return nil
}

func (p *Policy) readToken(n *document.Node) error {
	if err := members(n, "name", "role", "hash", "expires"); err != nil {
		return err
	}
	x, err := p.principal(n, Token)
	if err != nil {
		return err
	}
	const want = "sha256: and 64 hexadecimal digits, as hora token create makes it"
	if x.secret, err = text(n, "hash", want); err != nil {
		return err
	}
	x.secret = strings.ToLower(x.secret)
	sum, ok := strings.CutPrefix(x.secret, tokenHash)
	if b, err := hex.DecodeString(sum); !ok || err != nil || len(b) != sha256.Size {
		return document.Errorf(n.Get("hash").Pos, "hash: want %s", want)
	}
	if p.tokens[x.secret] != nil {
		return document.Errorf(n.Get("hash").Pos, "hash: is there twice")
	}
	if v := n.Get("expires"); v != nil {
		if x.Expires, err = ParseExpiry(v.Text); err != nil {
			return document.Errorf(v.Pos, "expires: %v", err)
		}
	}
	p.tokens[x.secret], p.forms = x, true
	return nil
}

// ParseExpiry reads a date, which is over at its end in UTC, or an instant.
func ParseExpiry(text string) (time.Time, error) {
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, 1), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, errors.New("want a date such as 2027-12-31, or an instant such as 2027-12-31T12:00:00Z")
	}
	return at, nil
}

func (p *Policy) readCertificate(n *document.Node) error {
	if err := members(n, "name", "role", "subject"); err != nil {
		return err
	}
	x, err := p.principal(n, Certificate)
	if err != nil {
		return err
	}
	subject, err := text(n, "subject", "the subject of the certificate, such as CN=deploy,O=Example")
	if err != nil {
		return err
	}
	if p.subjects[subject] != nil {
		return document.Errorf(n.Get("subject").Pos, "subject: is there twice")
	}
	p.subjects[subject] = x
	return nil
}

func (p *Policy) readRule(n *document.Node) error {
	if err := members(n, "role", "users", "names", "owners", "runAsUser"); err != nil {
		return err
	}
	var r rule
	var err error
	if n.Get("role") != nil {
		if r.role, err = role(n); err != nil {
			return err
		}
	}
	if r.role == Viewer {
		return document.Errorf(n.Get("role").Pos, "role: a viewer changes nothing, and needs no rule; want operator or admin")
	}
	for _, l := range []struct {
		key string
		to  *[]string
	}{{"users", &r.principals}, {"names", &r.names}, {"owners", &r.owners}, {"runAsUser", &r.users}} {
		if *l.to, err = texts(n, l.key); err != nil {
			return err
		}
	}
	if r.role == Nobody && len(r.principals) == 0 {
		return document.Errorf(n.Pos, "whom does the rule concern? want role, or users, or both")
	}
	for _, name := range r.principals {
		if p.principals[name] == nil {
			return document.Errorf(n.Get("users").Pos, "users: there is nobody of the name %.60q", name)
		}
	}
	for i, o := range r.owners {
		r.owners[i] = strings.ToLower(o)
	}
	r.anyUser = n.Get("runAsUser") == nil
	p.rules = append(p.rules, r)
	return nil
}

// texts reads a list of texts that may be missing. But for runAsUser it may not
// be empty: nobody could tell whether that means all or none.
func texts(n *document.Node, key string) ([]string, error) {
	v := n.Get(key)
	if v == nil {
		return nil, nil
	}
	if v.Kind != document.List || len(v.Items) == 0 && key != "runAsUser" || len(v.Items) > MaxEntries {
		return nil, document.Errorf(v.Pos, "%s: want a list of 1 to %d texts", key, MaxEntries)
	}
	var out []string
	for _, item := range v.Items {
		if !item.Scalar() || item.Kind == document.Null || item.Text == "" {
			return nil, document.Errorf(item.Pos, "%s: want a list of texts", key)
		}
		out = append(out, item.Text)
	}
	return out, nil
}

// WithAdmin returns the policy with one more user, an admin who may use root: the
// one of Chronos' --http_credentials, user:password. A nil policy knows nobody else.
func (p *Policy) WithAdmin(credentials string) (*Policy, error) {
	out := newPolicy()
	if p != nil {
		*out = *p
	}
	name, _, _ := strings.Cut(credentials, ":")
	if out.principals[name] != nil {
		return nil, errors.New("the user is in the access file, too")
	}
	out.principals = make(map[string]*Principal, len(out.principals)+1)
	if p != nil {
		for k, v := range p.principals {
			out.principals[k] = v
		}
	}
	out.principals[name] = &Principal{Name: name, Role: Admin, Kind: User, secret: plainHash(credentials)}
	out.rules = append(slices.Clone(out.rules), rule{role: Admin, principals: []string{name}, users: []string{"*", root}})
	out.key = sha256.Sum256(append(out.key[:], credentials...))
	return out, nil
}
