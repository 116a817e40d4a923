package access

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// SessionTime is how long somebody who has logged in by the form stays so.
const SessionTime = 12 * time.Hour

// MaxPassword is how many bytes of a password bcrypt looks at; longer ones are refused.
const MaxPassword = 72

// nobodyHash is compared with where there is no such user, so that the time
// that an answer takes does not tell whom there is. It is of no password.
const nobodyHash = "$2a$10$7EqJtq98hPqEX7fNZaFWoOhi3u7dL3M7uT2tr0B1v1J1o0pZ8p1e."

// plainHash stands for a password that is given to the server as it is.
func plainHash(credentials string) string {
	sum := sha256.Sum256([]byte("hora credentials\x00" + credentials))
	return "plain:" + hex.EncodeToString(sum[:])
}

// Password returns who has this name and password, nil if nobody has. It takes
// about a tenth of a second, on purpose.
func (p *Policy) Password(name, password string) *Principal {
	x := p.principals[name]
	if x == nil || x.Kind != User {
		p.waste(name, password)
		return nil
	}
	if strings.HasPrefix(x.secret, "plain:") {
		p.waste(name, password)
		if subtle.ConstantTimeCompare([]byte(x.secret), []byte(plainHash(name+":"+password))) == 1 {
			return x
		}
		return nil
	}
	if bcrypt.CompareHashAndPassword([]byte(x.secret), []byte(password[:min(len(password), MaxPassword)])) != nil || len(password) > MaxPassword {
		return nil
	}
	return x
}

// waste takes as long as checking the password of a user.
func (p *Policy) waste(name, password string) {
	_ = bcrypt.CompareHashAndPassword(p.decoy(name), []byte(password[:min(len(password), MaxPassword)]))
}

// decoy is the hash that is compared with for a name that nobody has: as dear as
// that of one of the users, always the same one for a name.
func (p *Policy) decoy(name string) []byte {
	if len(p.costs) == 0 {
		return []byte(nobodyHash)
	}
	sum := sha256.Sum256([]byte(name))
	return fmt.Appendf(nil, "$2a$%02d%s", p.costs[int(sum[0])%len(p.costs)], nobodyHash[6:])
}

// HashPassword makes the hash of a password for the access file.
func HashPassword(password []byte) (string, error) {
	hash, err := bcrypt.GenerateFromPassword(password, minCost)
	return string(hash), err
}

// tokenPrefix is how a token begins, so that it is recognised where it should not be.
const tokenPrefix = "hora_"

// NewToken makes a token of 32 random bytes.
func NewToken(random [32]byte) string {
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(random[:])
}

// HashToken makes the hash of a token for the access file. A token is random,
// so that a quick hash is as good as a slow one.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return tokenHash + hex.EncodeToString(sum[:])
}

// Token returns whose token it is, nil if it is nobody's or has expired. Looking
// a hash up tells nobody anything about the token by the time that it takes.
func (p *Policy) Token(token string, now time.Time) *Principal {
	if x := p.tokens[HashToken(token)]; x != nil && x.valid(now) {
		return x
	}
	return nil
}

// Certificate returns who has a certificate with this subject (RFC 2253), nil if
// nobody has. That it is genuine has been checked before.
func (p *Policy) Certificate(subject string) *Principal { return p.subjects[subject] }

// sign makes a code that only who knows the principal's hash can make.
func (x *Principal) sign(purpose, text string) string {
	return mac([]byte(x.secret), purpose, text)
}

func mac(key []byte, purpose, text string) string {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("hora " + purpose + "\x00" + text))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// NewSession makes the value of a cookie that says who somebody is until it
// expires. It is good at every process with the same access file, and no longer
// once the password or the token is another one.
func NewSession(x *Principal, now time.Time) (value string, expires time.Time) {
	expires = now.Add(SessionTime)
	if !x.Expires.IsZero() && x.Expires.Before(expires) {
		expires = x.Expires
	}
	text := base64.RawURLEncoding.EncodeToString([]byte(x.Name)) + "." + strconv.FormatInt(expires.Unix(), 36)
	return text + "." + x.sign("session", text), expires
}

// Session returns whose session a cookie is, nil if it is none or is over.
func (p *Policy) Session(value string, now time.Time) *Principal {
	i := strings.LastIndexByte(value, '.')
	if i < 0 || len(value) > 1000 {
		return nil
	}
	text, code := value[:i], value[i+1:]
	name64, until, _ := strings.Cut(text, ".")
	name, err1 := base64.RawURLEncoding.DecodeString(name64)
	end, err2 := strconv.ParseInt(until, 36, 64)
	x := p.principals[string(name)]
	if err1 != nil || err2 != nil || x == nil || x.secret == "" || !same(code, x.sign("session", text)) {
		return nil
	}
	if !now.Before(time.Unix(end, 0)) || !x.valid(now) {
		return nil
	}
	return x
}

// CSRF makes the token that a page sends with each change under a session. Pages
// of other servers cannot read it.
func CSRF(x *Principal, session string) string { return x.sign("csrf", session) }

// CheckCSRF tells whether a token belongs to a session.
func CheckCSRF(x *Principal, session, token string) bool { return same(token, CSRF(x, session)) }

// Voucher is what a process that passes a request on says of it to the leader,
// which does not see the connection.
type Voucher struct {
	At      time.Time
	Address string // of the client
	Subject string // of the client's certificate; "" if it has shown none
	Request string // method and path, so that it is good for no other
}

// voucherTime is how far the clocks of two processes may be apart.
const voucherTime = time.Minute

type voucherText struct{ A, S string }

// Vouch writes a voucher. Only processes with the same access file can.
func (p *Policy) Vouch(v Voucher) string {
	b, err := json.Marshal(voucherText{v.Address, v.Subject})
	if err != nil {
		panic("access: a voucher cannot be written: " + err.Error()) // it is made of texts
	}
	text := base64.RawURLEncoding.EncodeToString(b) + "." + strconv.FormatInt(v.At.Unix(), 36)
	return text + "." + mac(p.key[:], "voucher", text+"\x00"+v.Request)
}

// Vouched reads a voucher for a request. It is believed if it was written with the
// same access file, for this request, less than a minute ago.
func (p *Policy) Vouched(value, request string, now time.Time) (Voucher, bool) {
	i := strings.LastIndexByte(value, '.')
	if i < 0 || !same(value[i+1:], mac(p.key[:], "voucher", value[:i]+"\x00"+request)) {
		return Voucher{}, false
	}
	body, when, _ := strings.Cut(value[:i], ".")
	at, err1 := strconv.ParseInt(when, 36, 64)
	b, err2 := base64.RawURLEncoding.DecodeString(body)
	var t voucherText
	if err1 != nil || err2 != nil || json.Unmarshal(b, &t) != nil {
		return Voucher{}, false
	}
	v := Voucher{time.Unix(at, 0), t.A, t.S, request}
	return v, now.Sub(v.At).Abs() <= voucherTime
}
