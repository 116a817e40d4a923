// Package access decides who may do what: who somebody is by their password,
// token, certificate or session, and whether they may do to a job what they
// ask for.
//
// All of it follows from one text, the access file, which is the same on every
// process; there is no other place where users, tokens or sessions are kept.
// The package is pure: it is told the time, opens no file, and makes no secrets.
package access

import (
	"crypto/sha256"
	"slices"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
)

// Role says what somebody may do at all. Each role may do what the one before it may.
type Role uint8

// Roles.
const (
	Nobody   Role = iota // what needs no login
	Viewer               // may see everything
	Operator             // may change the jobs that a rule allows
	Admin                // may change every job, and the process itself
)

var roleNames = [...]string{Nobody: "nobody", Viewer: "viewer", Operator: "operator", Admin: "admin"}

// String is the role's name in the access file.
func (r Role) String() string { return roleNames[r] }

// ParseRole reads viewer, operator or admin.
func ParseRole(text string) (Role, bool) {
	i := slices.Index(roleNames[:], text)
	return Role(max(i, 0)), i > int(Nobody)
}

// Principal is somebody whom the policy knows: a person, a client with a token
// or one with a certificate.
type Principal struct {
	Name    string
	Role    Role
	Kind    Kind
	Expires time.Time // of a token; zero: never
	secret  string    // hash of the password or the token; "" for a certificate
}

// Kind says how a principal proves who they are.
type Kind uint8

// Kinds of principals.
const (
	User Kind = iota
	Token
	Certificate
)

var kindNames = [...]string{User: "user", Token: "token", Certificate: "certificate"}

// String is the kind's name.
func (k Kind) String() string { return kindNames[k] }

// valid tells whether the principal has not expired.
func (p *Principal) valid(now time.Time) bool { return p.Expires.IsZero() || now.Before(p.Expires) }

// rule lets some principals change some jobs.
type rule struct {
	role       Role     // Nobody: any role that may change jobs
	principals []string // names; empty: all of the role
	names      []string // patterns of the job's name; empty: any
	owners     []string // patterns, one of which one of the job's owners matches; empty: any
	users      []string // patterns of runAsUser
	anyUser    bool     // users was not given: any but root
}

// Policy is what an access file says. It is never changed, only replaced.
type Policy struct {
	principals map[string]*Principal // by name
	tokens     map[string]*Principal // by hash
	subjects   map[string]*Principal // of certificates
	rules      []rule
	key        [sha256.Size]byte // of vouchers
	forms      bool              // somebody can log in by a form
	costs      []int             // of the users' hashes
}

// Principals lists all, by name.
func (p *Policy) Principals() []*Principal {
	var out []*Principal
	for _, x := range p.principals {
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b *Principal) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// Forms tells whether people log in by a form, so that the page itself must
// not ask for a password.
func (p *Policy) Forms() bool { return p.forms }

// Denied says why somebody may not do something.
type Denied struct {
	Field string // of the definition; "": it is not about one
	Text  message.Message
}

// Error says why.
func (d *Denied) Error() string {
	if d.Field != "" {
		return d.Field + ": " + d.Text.String()
	}
	return d.Text.String()
}

// Said implements message.Sayer.
func (d *Denied) Said() message.Message {
	if d.Field != "" {
		return message.Of("%s: %v", d.Field, d.Text)
	}
	return d.Text
}

// Reach tells whether a role is enough for what needs another one.
func (p *Principal) Reach(need Role) error {
	if p.Role >= need {
		return nil
	}
	return &Denied{Text: message.Of("%s has the role %s; this needs %s", p.Name, p.Role, need)}
}

// Act tells whether somebody may pause, run, kill or delete a job.
func (p *Policy) Act(who *Principal, j *job.Job) error {
	if err := who.Reach(Operator); err != nil {
		return err
	}
	if who.Role == Admin || slices.ContainsFunc(p.rules, func(r rule) bool { return r.covers(who, j) }) {
		return nil
	}
	owner := message.Of("no owner")
	if j.Owner != "" {
		owner = message.Of("the owner %s", j.Owner)
	}
	return &Denied{Text: message.Of("no rule lets %s change the job %q, which has %v", who.Name, j.Name, owner)}
}

// Command tells whether somebody may say what a job does: they must be allowed to
// act on it, and to use the user that it runs as. Where a container could do on
// the agent what root can, they must be allowed to use root.
func (p *Policy) Command(who *Principal, j *job.Job) error {
	if err := p.Act(who, j); err != nil {
		return err
	}
	if err := p.use(who, j, j.RunAsUser); err != nil {
		return err
	}
	if why, is := mighty(j); is && p.use(who, j, root) != nil {
		return &Denied{Field: "container", Text: message.Of("%v, which is as good as root on the agent, and no rule lets %s use root for the job %q", why, who.Name, j.Name)}
	}
	return nil
}

// Define tells whether somebody may replace a definition by another one; old is
// nil for a new job.
func (p *Policy) Define(who *Principal, old, j *job.Job) error {
	if old != nil {
		if err := p.Act(who, old); err != nil {
			return err
		}
	}
	return p.Command(who, j)
}

// root has to be named in a rule: no pattern means it.
const root = "root"

func (p *Policy) use(who *Principal, j *job.Job, user string) error {
	if user == "" {
		user = root
	}
	if who.Role == Admin && user != root {
		return nil
	}
	if slices.ContainsFunc(p.rules, func(r rule) bool { return r.covers(who, j) && r.uses(user) }) {
		return nil
	}
	return &Denied{Field: "runAsUser", Text: message.Of("no rule lets %s use %q for the job %q", who.Name, user, j.Name)}
}

// mighty says what in a definition gives the task power over the agent whatever its user is.
func mighty(j *job.Job) (why message.Message, is bool) {
	c := j.Container
	if c == nil || !strings.EqualFold(c.Type, "DOCKER") {
		return message.Message{}, false
	}
	if len(c.Parameters) > 0 {
		return message.Of("it passes parameters to docker run"), true
	}
	if slices.ContainsFunc(c.Volumes, func(v job.Volume) bool { return v.HostPath != "" }) {
		return message.Of("it mounts a folder of the agent"), true
	}
	return message.Message{}, false
}

// covers tells whether the rule lets somebody act on a job.
func (r *rule) covers(who *Principal, j *job.Job) bool {
	return (r.role == Nobody || r.role == who.Role) &&
		(len(r.principals) == 0 || slices.Contains(r.principals, who.Name)) &&
		(len(r.names) == 0 || matchesOne(r.names, j.Name)) &&
		(len(r.owners) == 0 || slices.ContainsFunc(strings.Split(j.Owner, ","), func(o string) bool {
			return matchesOne(r.owners, strings.ToLower(strings.TrimSpace(o)))
		}))
}

// uses tells whether the rule lets a job run as a user.
func (r *rule) uses(user string) bool {
	if user == root {
		return slices.Contains(r.users, root)
	}
	return r.anyUser || matchesOne(r.users, user)
}

func matchesOne(patterns []string, text string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return match(p, text) })
}

// match tells whether a text is as a pattern says, in which * stands for any
// characters, or none.
func match(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	if len(parts) == 1 {
		return pattern == text
	}
	rest, ok := strings.CutPrefix(text, parts[0])
	if !ok {
		return false
	}
	last := len(parts) - 1
	for _, part := range parts[1:last] {
		_, after, found := strings.Cut(rest, part)
		if !found {
			return false
		}
		rest = after
	}
	return strings.HasSuffix(rest, parts[last])
}
