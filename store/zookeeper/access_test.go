package zookeeper

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/zookeepertest"
)

func auth(credentials string) func(*Options) { return func(o *Options) { o.Auth = credentials } }

// buffer is a log.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// With credentials, all that is made is for them alone: also entries and pages
// that come later.
func TestDigest(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	const secret = "s3cr3t:with:colons"
	var log buffer
	p := f.proxy()
	b := f.open(through(p), auth("hora:"+secret), func(o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	b.limits = limits{entries: 3, minBytes: 1 << 20, maxBytes: 1 << 20, page: 64, batch: 1 << 10, window: 2}
	term := f.lead(b)
	for _, key := range []string{"a", "b", "c", "d"} {
		f.commit(b, term, key, strings.Repeat(key, 60))
	}
	f.eventually("the journal to be folded", func() bool {
		b.term.mu.Lock()
		defer b.term.mu.Unlock()
		return b.term.folding == nil && len(b.term.dir.starts) > 1
	})
	p.Reset() // the credentials are told again
	f.eventually("an answer", func() bool { _, err := loadAll(t.Context(), b); return err == nil })
	f.commit(b, term, "e", "5")
	term.Resign()
	for name, change := range map[string]func(*Options){"none": auth(""), "wrong": auth("hora:wrong"), "other user": auth("x:" + secret)} {
		other := f.open(change)
		_, err := other.Campaign(t.Context(), "x", nil)
		f.wantErr("Campaign with credentials: "+name, err, zk.ErrNoAuth)
		if err != nil && (!strings.Contains(err.Error(), f.at.marker()) || !strings.Contains(err.Error(), "credentials")) {
			t.Errorf("error %q does not name the znode and what to check", err)
		}
		_, err = loadAll(t.Context(), other)
		f.wantErr("Load with credentials: "+name, err, zk.ErrNoAuth)
	}
	if err := f.admin.AddAuth("digest", []byte("hora:"+secret)); err != nil {
		t.Fatal(err)
	}
	for path := range f.tree(f.path) {
		acl, _, err := f.admin.GetACL(path)
		if err != nil || len(acl) != 1 || acl[0].Scheme != "digest" || !strings.HasPrefix(acl[0].ID, "hora:") || acl[0].Perms != zk.PermAll {
			t.Errorf("%s is for %v, %v", path, acl, err)
		}
	}
	f.wantRecords(f.open(auth("hora:"+secret)), "a", strings.Repeat("a", 60), "b", strings.Repeat("b", 60), "c", strings.Repeat("c", 60), "d", strings.Repeat("d", 60), "e", "5")
	if strings.Contains(log.String(), "s3cr3t") {
		t.Errorf("the log tells the password: %s", &log)
	}
	if !strings.Contains(log.String(), "made a new store") {
		t.Errorf("the log does not tell that a store was made: %s", &log)
	}
}

// Connections are encrypted, and the server is checked.
func TestTLS(t *testing.T) {
	t.Parallel()
	server, ca := zookeepertest.StartTLS(t)
	f := &fixture{T: t, addr: server.SecureAddr(), path: zookeepertest.Path(), admin: connect(t, server.Addr())}
	f.at = layout{f.path}
	encrypted := func(o *Options) { o.TLS = &tls.Config{RootCAs: ca} }
	f.leadAndCommit(f.open(encrypted))
	for name, change := range map[string]func(*Options){
		"unknown authority": func(o *Options) { o.TLS = &tls.Config{} },
		"other name":        func(o *Options) { o.TLS = &tls.Config{RootCAs: ca, ServerName: "example.org"} },
		"not encrypted":     func(*Options) {},
		"encrypted to a plain port": func(o *Options) {
			o.TLS, o.Servers = &tls.Config{RootCAs: ca}, []string{server.Addr()}
		},
	} {
		_, err := f.open(change, timeout(short)).Campaign(t.Context(), "x", nil)
		if err == nil {
			t.Errorf("Campaign succeeds: %s", name)
		}
		var verification *tls.CertificateVerificationError
		if name != "not encrypted" && name != "encrypted to a plain port" && !errors.As(err, &verification) {
			t.Errorf("%s: error %v does not say what is wrong with the certificate", name, err)
		}
	}
}

// ZooKeeper may grant a longer or a shorter session than was asked for. What it
// grants counts.
func TestGrantedTimeout(t *testing.T) {
	t.Parallel()
	server := zookeepertest.Start(t, zookeepertest.Config{Settings: []string{"minSessionTimeout=20000", "maxSessionTimeout=40000"}})
	f := fixtureOn(t, server)
	for asked, granted := range map[time.Duration]time.Duration{5 * time.Second: 20 * time.Second, 30 * time.Second: 30 * time.Second, time.Hour: 40 * time.Second} {
		b := f.open(timeout(asked))
		f.lead(b).Resign()
		if got := b.term.session.timeout(); got != granted {
			t.Errorf("asked for %v, granted %v, noticed %v", asked, granted, got)
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	good := Options{Servers: []string{"h"}, Path: "/hora"}
	for name, tt := range map[string]struct {
		change func(*Options)
		want   string // part of the error; "" for none
	}{
		"least":            {func(*Options) {}, ""},
		"port":             {func(o *Options) { o.Servers = []string{"h:1", "[::1]:2", "::1"} }, ""},
		"deep":             {func(o *Options) { o.Path = "/a/b-c/d.e" }, ""},
		"auth":             {func(o *Options) { o.Auth = "u:p:q" }, ""},
		"no servers":       {func(o *Options) { o.Servers = nil }, "no servers"},
		"empty server":     {func(o *Options) { o.Servers = []string{"h", ""} }, `server ""`},
		"url":              {func(o *Options) { o.Servers = []string{"zk://h:1/x"} }, "zk://h:1/x"},
		"no path":          {func(o *Options) { o.Path = "" }, `path ""`},
		"root":             {func(o *Options) { o.Path = "/" }, `path "/"`},
		"relative":         {func(o *Options) { o.Path = "hora" }, `path "hora"`},
		"slash at the end": {func(o *Options) { o.Path = "/hora/" }, `path "/hora/"`},
		"dots":             {func(o *Options) { o.Path = "/a/../b" }, `path "/a/../b"`},
		"NUL":              {func(o *Options) { o.Path = "/a\x00" }, "printable"},
		"ZooKeeper's":      {func(o *Options) { o.Path = "/zookeeper/x" }, "/zookeeper"},
		"long":             {func(o *Options) { o.Path = "/" + strings.Repeat("x", 300) }, "path"},
		"time-out":         {func(o *Options) { o.SessionTimeout = time.Millisecond }, "1ms"},
		"negative":         {func(o *Options) { o.SessionTimeout = -time.Second }, "-1s"},
		"no password":      {func(o *Options) { o.Auth = "s3cr3t" }, "user:password"},
		"empty user":       {func(o *Options) { o.Auth = ":s3cr3t" }, "user:password"},
	} {
		o := good
		tt.change(&o)
		b, err := Open(o)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("%s: error %v", name, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: error %v, want one about %s", name, err, tt.want)
		case err != nil && strings.Contains(err.Error(), "s3cr3t"):
			t.Errorf("%s: the error tells the password: %v", name, err)
		}
		if b != nil {
			b.Close()
		}
	}
	b, err := Open(Options{Servers: []string{"h", "::1", "[::2]:3"}, Path: "/x"})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(b.opts.Servers, " "); got != "h:2181 [::1]:2181 [::2]:3" {
		t.Errorf("servers are %s", got)
	}
	if b.opts.SessionTimeout != DefaultSessionTimeout {
		t.Errorf("session time-out is %v", b.opts.SessionTimeout)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if err := b.Commit(t.Context(), nil, nil); !errors.Is(err, store.ErrClosed) {
		t.Errorf("Commit after Close: %v", err)
	}
}
