package zookeeper

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/hora-scheduler/hora/faultproxy"
	"github.com/hora-scheduler/hora/store"
	"github.com/hora-scheduler/hora/zookeepertest"
)

// patience is after how long a test gives up waiting for what must happen.
const patience = 2 * time.Minute

// short is a session time-out for tests in which a session has to expire.
const short = 3 * time.Second

// fixture is a path on a server.
type fixture struct {
	*testing.T
	addr  string
	path  string
	at    layout
	admin *zk.Conn
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return fixtureOn(t, zookeepertest.Shared(t))
}

func fixtureOn(t *testing.T, s *zookeepertest.Server) *fixture {
	t.Helper()
	path := zookeepertest.Path()
	return &fixture{t, s.Addr(), path, layout{path}, connect(t, s.Addr())}
}

// open opens a handle that is closed with the test.
func (f *fixture) open(change ...func(*Options)) *Backend {
	f.Helper()
	o := Options{Servers: []string{f.addr}, Path: f.path, SessionTimeout: long}
	for _, c := range change {
		c(&o)
	}
	b, err := Open(o)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := b.Close(); err != nil {
			f.Errorf("Close: %v", err)
		}
	})
	return b
}

func through(p *faultproxy.Proxy) func(*Options) {
	return func(o *Options) { o.Servers = []string{p.Addr()} }
}

func timeout(d time.Duration) func(*Options) { return func(o *Options) { o.SessionTimeout = d } }

func (f *fixture) proxy() *faultproxy.Proxy {
	f.Helper()
	p, err := faultproxy.Listen(f.addr)
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { p.Close() })
	return p
}

// lead campaigns until it wins: on a busy machine a session that is short may
// be lost at any time.
func (f *fixture) lead(b *Backend) *store.Term {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), patience)
	defer cancel()
	for {
		term, err := b.Campaign(ctx, "self:1", nil)
		if err == nil {
			return term
		}
		if ctx.Err() != nil || errors.Is(err, ErrForgotten) || errors.Is(err, store.ErrClosed) {
			f.Fatalf("Campaign: %v", err)
		}
	}
}

func (f *fixture) commit(b *Backend, term *store.Term, pairs ...string) {
	f.Helper()
	if err := b.Commit(f.Context(), term, ops(pairs...)); err != nil {
		f.Fatalf("Commit: %v", err)
	}
}

// ops sets keys to values: key, value, key, value, …
func ops(pairs ...string) (out []store.Op) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, store.Op{Key: pairs[i], Value: []byte(pairs[i+1])})
	}
	return out
}

func loadAll(ctx context.Context, b *Backend) (map[string]string, error) {
	records := map[string]string{}
	err := b.Load(ctx, "", func(key string, value []byte) error {
		records[key] = string(value)
		return nil
	})
	return records, err
}

func (f *fixture) wantRecords(b *Backend, pairs ...string) {
	f.Helper()
	want := map[string]string{}
	for i := 0; i < len(pairs); i += 2 {
		want[pairs[i]] = pairs[i+1]
	}
	got, err := loadAll(f.Context(), b)
	if err != nil {
		f.Fatalf("Load: %v", err)
	}
	if !maps.Equal(got, want) {
		f.Fatalf("records are %.200v, want %.200v", got, want)
	}
}

// latest is what the node of the term says.
func (f *fixture) latest() (now termV1) {
	f.Helper()
	if err := json.Unmarshal(f.data(f.at.term()), &now); err != nil {
		f.Fatal(err)
	}
	return now
}

func (f *fixture) data(path string) []byte {
	f.Helper()
	data, _, err := f.admin.Get(path)
	if err != nil {
		f.Fatalf("%s: %v", path, err)
	}
	return data
}

func (f *fixture) set(path string, data []byte) {
	f.Helper()
	if _, err := f.admin.Set(path, data, anyVersion); err != nil {
		f.Fatalf("%s: %v", path, err)
	}
}

func (f *fixture) make(path string, data []byte) {
	f.Helper()
	if _, err := f.admin.Create(path, data, 0, zk.WorldACL(zk.PermAll)); err != nil {
		f.Fatalf("%s: %v", path, err)
	}
}

func (f *fixture) remove(path string) {
	f.Helper()
	if err := f.admin.Delete(path, anyVersion); err != nil {
		f.Fatalf("%s: %v", path, err)
	}
}

func (f *fixture) children(path string) []string {
	f.Helper()
	names, _, err := f.admin.Children(path)
	if err != nil {
		f.Fatalf("%s: %v", path, err)
	}
	slices.Sort(names)
	return names
}

// depose deletes the node of the leader.
func (f *fixture) depose() {
	f.Helper()
	f.remove(f.at.candidate(f.latest().Candidate))
}

// eventually waits until something holds.
func (f *fixture) eventually(what string, holds func() bool) {
	f.Helper()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for !holds() {
		select {
		case <-again.C:
		case <-deadline.C:
			f.Fatalf("waited %v for %s", patience, what)
		}
	}
}

// wait receives from a channel.
func wait[T any](f *fixture, c <-chan T, what string) T {
	f.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v := <-c:
		return v
	case <-timer.C:
		f.Fatalf("waited %v for %s", patience, what)
		panic("unreachable")
	}
}

func (f *fixture) wantErr(what string, err, want error) {
	f.Helper()
	if !errors.Is(err, want) {
		f.Fatalf("%s: error %v, want %v", what, err, want)
	}
}

// background does something and returns what comes of it later.
func background[T any](do func() T) <-chan T {
	c := make(chan T, 1)
	go func() { c <- do() }()
	return c
}

func isOver(term *store.Term) bool {
	select {
	case <-term.Lost:
		return true
	default:
		return false
	}
}
