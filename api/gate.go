package api

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
)

// Limits of logins that fail. Who is beyond them is told to wait; whom the
// server knows by a token, a session or a password that it has just checked is not.
const (
	failuresOfAddress = 20 // at once, then one every 3 seconds
	failuresOfUser    = 50 // from everywhere together; then one every 3 seconds
	failureEvery      = 3 * time.Second
	throttled         = 10000 // addresses and users remembered
	rememberedLogins  = 1000  // passwords that were right, kept as codes in memory until the access file changes
	hashing           = 2     // passwords checked at once
	maxLogin          = 4096  // bytes of the body of a login: 413
)

// Names in requests and answers.
const (
	sessionCookie = "hora_session"
	csrfHeader    = "Hora-CSRF"
	// VoucherHeader is what a process that passes a request on says of the client.
	VoucherHeader = "Hora-Voucher"
)

// Gate asks everybody who they are, before anything else is done for them.
type Gate struct {
	realm string
	log   *slog.Logger
	key   [32]byte      // of the codes of passwords
	turns chan struct{} // of who has a password checked

	mu        sync.Mutex
	policy    *access.Policy
	logins    map[[sha256.Size]byte]*login
	addresses access.Throttle
	users     access.Throttle
	met       map[string]bool // users and the addresses from which they have logged in
}

// login is a name and password that is being checked, or was right.
type login struct {
	done chan struct{}
	who  *access.Principal // nil: it was wrong
}

// NewGate returns a gate that knows who is in the policy. The realm is what
// browsers name when they ask for a password.
func NewGate(p *access.Policy, realm string, log *slog.Logger) *Gate {
	g := &Gate{realm: realm, log: log, turns: make(chan struct{}, hashing), met: make(map[string]bool)}
	_, _ = rand.Read(g.key[:]) // it never fails
	g.addresses = access.Throttle{Burst: failuresOfAddress, Every: failureEvery, Keys: throttled}
	g.users = access.Throttle{Burst: failuresOfUser, Every: failureEvery, Keys: throttled}
	g.Replace(p)
	return g
}

// Replace has another policy count from now on.
func (g *Gate) Replace(p *access.Policy) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.policy, g.logins = p, make(map[[sha256.Size]byte]*login)
}

func (g *Gate) current() *access.Policy {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.policy
}

// caller is who sends a request, as far as it is known.
type caller struct {
	actor   scheduler.Actor
	policy  *access.Policy    // nil: nobody is asked who they are
	who     *access.Principal // nil: they did not say
	session string            // the cookie by which they are known
	subject string            // of the certificate by which they are known
}

// callerKey is under what a request's context keeps its caller.
type callerKey struct{}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

func (c caller) in(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), callerKey{}, c))
}

// Handler puts the gate before a handler.
func (g *Gate) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := caller{actor: scheduler.Actor{Address: peer(r)}, policy: g.current()}
		vouched, believed := c.policy.Vouched(r.Header.Get(VoucherHeader), target(r), time.Now())
		if believed {
			c.actor.Address = vouched.Address
		}
		if open(r.URL.Path, c.policy) {
			next.ServeHTTP(w, c.in(r))
			return
		}
		if wait := g.identify(r, &c, vouched.Subject); wait > 0 {
			c.refuse(w, r, tooManyLogins(wait))
			return
		}
		if c.who == nil {
			if !hasForm(r) {
				w.Header().Set("WWW-Authenticate", `Basic realm="`+strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(g.realm)+`", charset="UTF-8"`)
			}
			c.refuse(w, r, &failure{status: http.StatusUnauthorized, said: unknownCaller(r)})
			return
		}
		if c.session != "" && !safe(r.Method) && !access.CheckCSRF(c.who, c.session, r.Header.Get(csrfHeader)) {
			c.refuse(w, r, fault(http.StatusForbidden, "a change under a session needs the header %s with the token of GET /api/me", csrfHeader))
			return
		}
		w.Header().Set("Cache-Control", "no-store") // it is for this caller alone, unless the handler knows better
		next.ServeHTTP(w, c.in(r))
	})
}

// hasForm tells whether a page sends the request that has a form of its own, and
// does not want the browser to ask for a password. A stream of events cannot have
// headers but is known by what it accepts.
func hasForm(r *http.Request) bool {
	return r.Header.Get("X-Requested-With") != "" || strings.HasPrefix(r.Header.Get("Accept"), "text/event-stream")
}

func unknownCaller(r *http.Request) message.Message {
	switch {
	case r.Header.Get("Authorization") != "":
		return message.Of("user and password, or token, are not known here, or have expired")
	case r.TLS != nil && len(r.TLS.PeerCertificates) > 0:
		return message.Of("the certificate is not known here, or this process cannot vouch for it; user and password, or a token, are needed")
	}
	return message.Of("user and password, or a token, are needed")
}

// open tells whether a path needs no login: what tells of the health of the
// process, the login itself, and the page, unless the browser has to ask for it.
func open(path string, p *access.Policy) bool {
	switch path {
	case "/health", "/ready", "/api/login":
		return true
	case "/", "/index.html":
		return p.Forms()
	}
	return p.Forms() && strings.HasPrefix(path, "/assets/")
}

func safe(method string) bool {
	return method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// target is what a voucher is good for.
func target(r *http.Request) string { return r.Method + " " + r.URL.EscapedPath() }

// peer is the address at the other end of the connection.
func peer(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// network is what is taken for one client: an address, or of IPv6 the /64 that
// one machine may have all of.
func network(address string) string {
	ip := net.ParseIP(address)
	if ip == nil || ip.To4() != nil {
		return address
	}
	return ip.Mask(net.CIDRMask(64, 128)).String()
}

// identify finds out who sends the request: by a password or token if there is
// one, else by a certificate, else by a session. wait is above 0 for who has
// failed too often.
func (g *Gate) identify(r *http.Request, c *caller, vouched string) (wait time.Duration) {
	now := time.Now()
	if value := r.Header.Get("Authorization"); value != "" {
		c.who, wait = g.authorization(r, c, now)
	} else {
		subject := vouched
		if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
			subject = r.TLS.VerifiedChains[0][0].Subject.String()
		}
		if subject != "" {
			if c.who = c.policy.Certificate(subject); c.who != nil {
				c.subject = subject
			}
		}
		if cookie, err := r.Cookie(sessionCookie); c.who == nil && err == nil {
			if c.who = c.policy.Session(cookie.Value, now); c.who != nil {
				c.session = cookie.Value
			}
		}
	}
	if c.who != nil {
		c.actor.Name = c.who.Name
	}
	return wait
}

// authorization reads the header of that name (RFC 7617, RFC 6750).
func (g *Gate) authorization(r *http.Request, c *caller, now time.Time) (*access.Principal, time.Duration) {
	if user, password, ok := r.BasicAuth(); ok {
		return g.password(r.Context(), c, user, password)
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return nil, 0
	}
	return g.token(c, strings.TrimSpace(token), now)
}

// token finds out whose token it is. It cannot be guessed, but who tries is slowed down.
func (g *Gate) token(c *caller, token string, now time.Time) (*access.Principal, time.Duration) {
	if who := c.policy.Token(token, now); who != nil {
		return who, 0
	}
	g.mu.Lock()
	wait, ok := g.addresses.Take(network(c.actor.Address), now)
	g.mu.Unlock()
	if ok {
		g.failed("token", "", c.actor.Address)
	}
	return nil, wait
}

// password finds out whose name and password it is. What was right is
// remembered, as checking it costs a tenth of a second; requests that come with
// the same one at once wait for one check.
func (g *Gate) password(ctx context.Context, c *caller, user, password string) (*access.Principal, time.Duration) {
	code := g.code(user, password)
	if len(user) > access.MaxName {
		user, password = "", "" // nobody's, and no key to be remembered
	}
	now, address := time.Now(), network(c.actor.Address)
	g.mu.Lock()
	if l := g.logins[code]; l != nil && g.policy == c.policy {
		g.mu.Unlock()
		select {
		case <-l.done:
			return l.who, 0
		case <-ctx.Done():
			return nil, time.Second
		}
	}
	back, wait := g.take(user, address, now)
	if wait > 0 {
		g.mu.Unlock()
		return nil, wait
	}
	l := &login{done: make(chan struct{})}
	logins := g.logins
	if g.policy != c.policy { // replaced meanwhile: what the old one says is not to be remembered
		logins = map[[sha256.Size]byte]*login{}
	}
	if len(logins) >= rememberedLogins {
		for old := range logins {
			delete(logins, old)
			break
		}
	}
	logins[code] = l
	g.mu.Unlock()

	g.turns <- struct{}{}
	who := c.policy.Password(user, password)
	<-g.turns

	g.mu.Lock()
	if l.who = who; who == nil {
		delete(logins, code)
	} else {
		back()
		g.meet(user, address)
	}
	g.mu.Unlock()
	close(l.done)
	if who == nil {
		g.failed("password", user, c.actor.Address)
	}
	return who, 0
}

// take counts a try; back takes it back, and wait is above 0 if it was one too many.
// A user at an address from which they have logged in before is counted for
// themselves, so that nobody is locked out by others who guess: neither from
// elsewhere nor, behind a proxy or NAT, from what looks like the same address.
// g.mu is held.
func (g *Gate) take(user, address string, now time.Time) (back func(), wait time.Duration) {
	if pair := user + "\x00" + address; g.met[pair] {
		if wait, ok := g.addresses.Take(pair, now); !ok {
			return nil, wait
		}
		return func() { g.addresses.Return(pair) }, 0
	}
	wait, ok := g.addresses.Take(address, now)
	if !ok {
		return nil, wait
	}
	if wait, ok = g.users.Take(user, now); !ok {
		g.addresses.Return(address)
		return nil, wait
	}
	return func() { g.addresses.Return(address); g.users.Return(user) }, 0
}

// meet remembers from where a user has logged in. g.mu is held.
func (g *Gate) meet(user, address string) {
	if len(g.met) >= throttled {
		clear(g.met)
	}
	g.met[user+"\x00"+address] = true
}

// code stands for a name and password in memory.
func (g *Gate) code(user, password string) (out [sha256.Size]byte) {
	m := hmac.New(sha256.New, g.key[:])
	m.Write([]byte(strconv.Itoa(len(user)) + ":" + user + password))
	m.Sum(out[:0])
	return out
}

// failed notes a login that failed. The name may be a password that was typed
// into the wrong field, and is not logged unless it is somebody's.
func (g *Gate) failed(by, user, address string) {
	known := false
	for _, p := range g.current().Principals() {
		known = known || p.Name == user
	}
	if !known {
		user = "(unknown)"
	}
	g.log.Warn("a login failed", "by", by, "user", user, "address", address)
}

// tooManyLogins is the answer to who has failed too often.
func tooManyLogins(wait time.Duration) error {
	seconds := int(math.Ceil(wait.Seconds()))
	return &failure{status: http.StatusTooManyRequests, said: message.Of("too many logins have failed; try again in %d s", seconds), after: seconds}
}

// refuse answers before any handler is reached, in the form that is usual on the path.
func (c caller) refuse(w http.ResponseWriter, r *http.Request, err error) {
	s := &server{Options: Options{Log: slog.New(slog.DiscardHandler)}}
	w.Header().Set("Cache-Control", "no-store")
	s.write(w, call{r, dialectOf(r)}, response{}, err)
}

// dialectOf is whose language is spoken on a path.
func dialectOf(r *http.Request) dialect {
	for _, d := range []dialect{v24, v30} {
		if strings.HasPrefix(r.URL.Path, roots[d]+"/") {
			return d
		}
	}
	return own
}

// Vouch says in a request that is passed on to the leader who sent it.
func (g *Gate) Vouch(in *http.Request, out http.Header) {
	c := callerOf(in.Context())
	if c.policy == nil {
		return
	}
	out.Set(VoucherHeader, c.policy.Vouch(access.Voucher{At: time.Now(), Address: c.actor.Address, Subject: c.subject, Request: target(in)}))
}

// Me is GET /api/me.
type Me struct {
	Name    string     `json:"name"`
	Role    string     `json:"role"`
	By      string     `json:"by"`                // none, user, token, certificate
	CSRF    string     `json:"csrf,omitempty"`    // what changes under this session need in the header Hora-CSRF
	Expires *time.Time `json:"expires,omitempty"` // of a session that was just made
}

// LoginRequest is POST /api/login: user and password, or a token.
type LoginRequest struct {
	User     string `json:"user,omitempty"`
	Password string `json:"password,omitempty"`
	Token    string `json:"token,omitempty"`
}

// apiMe tells who one is. Where nobody is asked, everybody may do everything.
func (s *server) apiMe(c call) (response, error) {
	who := callerOf(c.Context())
	resp, err := marshal(me(who))
	resp.header = map[string]string{"Cache-Control": "no-store"}
	return resp, err
}

func me(c caller) Me {
	if c.policy == nil {
		return Me{Role: access.Admin.String(), By: "none"}
	}
	m := Me{Name: c.who.Name, Role: c.who.Role.String(), By: c.who.Kind.String()}
	if c.session != "" {
		m.CSRF = access.CSRF(c.who, c.session)
	}
	return m
}

// apiLogin makes a session.
func (s *server) apiLogin(c call) (response, error) {
	if s.Gate == nil {
		return response{}, fault(http.StatusConflict, "nobody is asked who they are here")
	}
	var in LoginRequest
	if err := c.readSecret(&in); err != nil {
		return response{}, err
	}
	who := callerOf(c.Context())
	if who.policy == nil {
		return response{}, fault(http.StatusServiceUnavailable, "the server is not set up to make sessions")
	}
	now := time.Now()
	var wait time.Duration
	if in.Token != "" {
		who.who, wait = s.Gate.token(&who, in.Token, now)
	} else {
		who.who, wait = s.Gate.password(c.Context(), &who, in.User, in.Password)
	}
	switch {
	case wait > 0:
		return response{}, tooManyLogins(wait)
	case who.who == nil:
		return response{}, fault(http.StatusUnauthorized, "user and password, or token, are not known here, or have expired")
	}
	value, expires := access.NewSession(who.who, now)
	who.session = value
	m := me(who)
	m.Expires = moment(expires)
	resp, err := marshal(m)
	resp.header = map[string]string{"Set-Cookie": cookie(c, value, expires.Sub(now)), "Cache-Control": "no-store"}
	return resp, err
}

// apiLogout has the browser forget its session.
func (s *server) apiLogout(c call) (response, error) {
	return response{header: map[string]string{"Set-Cookie": cookie(c, "", -1), "Cache-Control": "no-store"}}, nil
}

// cookie writes the session's cookie: no script reads it, no other site sends
// it, and what came by https goes by https alone. It has no path, which is then the
// folder of the request (RFC 6265, 5.1.4): /api below whatever prefix a proxy has put
// before it, so that neither other services of the host get it nor another hora.
func cookie(c call, value string, life time.Duration) string {
	secure := c.TLS != nil || c.Header.Get("X-Forwarded-Proto") == "https"
	x := http.Cookie{Name: sessionCookie, Value: value, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: secure, MaxAge: int(life / time.Second)}
	if life < 0 {
		x.MaxAge = -1
	}
	return x.String()
}

// readSecret reads a body without quoting anything of it in an error.
func (c call) readSecret(into *LoginRequest) error {
	c.Body = http.MaxBytesReader(nil, c.Body, maxLogin) // anybody may send it
	body, err := c.body()
	if err != nil {
		return err
	}
	if json.Unmarshal(body, into) != nil || (into.Token == "") == (into.User == "" || into.Password == "") {
		return badRequest("want a JSON object with user and password, or with token")
	}
	return nil
}
