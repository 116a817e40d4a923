package remote_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/submit/chronostest"
	"github.com/hora-scheduler/hora/submit/jobfile"
	"github.com/hora-scheduler/hora/submit/remote"
)

// handler makes a transport of a handler: no sockets, so that bubbles work.
type handler struct{ http.Handler }

func (h handler) RoundTrip(r *http.Request) (*http.Response, error) {
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, r)
	return rec.Result(), nil
}

func client(t *testing.T, h http.Handler) *remote.Client {
	t.Helper()
	c, err := remote.NewClient("http://server.example/base", remote.Login{User: "u", Password: "p"}, handler{http.StripPrefix("/base", h)})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func scheduled(name string) *job.Job {
	j := jobfile.Blank()
	j.Name, j.Command, j.Schedule = name, "true", "R/2030-01-01T00:00:00Z/PT1H"
	return j
}

// TestChronos: both releases are found by asking, take jobs, keep figures and show jobs.
func TestChronos(t *testing.T) {
	t.Parallel()
	for release, v24 := range map[api.Release]bool{api.Chronos24: true, api.Chronos30: false} {
		synctest.Test(t, func(t *testing.T) {
			fake := &chronostest.Server{V24: v24, Lag: 3}
			s, err := client(t, fake).Connect(t.Context())
			if err != nil || s.Release() != release {
				t.Fatalf("%v, %v", s, err)
			}
			a, b := scheduled("a"), jobfile.Blank()
			b.Name, b.Command, b.Parents = "b", "true", []string{"a"}
			for _, j := range []*job.Job{a, b} {
				if err := s.Put(t.Context(), j, nil, true); err != nil {
					t.Fatal(err)
				}
				if err := s.Settle(t.Context(), []string{j.Name}); err != nil {
					t.Fatal(err)
				}
			}
			if fake.Field("a", "runAsUser") != "root" || fake.Field("a", "cpus") != .1 || v24 && fake.Field("a", "epsilon") != "PT60S" {
				t.Errorf("what was not said is not what the server makes of it: %v %v %v", fake.Field("a", "runAsUser"), fake.Field("a", "cpus"), fake.Field("a", "epsilon"))
			}
			fake.Set("a", "successCount", 7.)
			known, err := s.Jobs(t.Context())
			if err != nil || len(known.Jobs) != 2 || known.Jobs["b"].Job.Parents[0] != "a" {
				t.Fatalf("%+v, %v", known, err)
			}
			a.Command = "false"
			if err := s.Put(t.Context(), a, known.Jobs["a"], true); err != nil || fake.Field("a", "successCount") != 7. || fake.Field("a", "command") != "false" {
				t.Errorf("%v: figures are lost: %v", err, fake.Field("a", "successCount"))
			}
			if err := s.Delete(t.Context(), known.Jobs["b"], true); err != nil {
				t.Error(err)
			}
			var status *remote.StatusError
			a.Schedule = "soon"
			if err := s.Put(t.Context(), a, nil, true); !errors.As(err, &status) || status.Code != 400 || !v24 && !strings.HasPrefix(status.Message, "Cannot parse schedule 'soon'") {
				t.Errorf("%v", err)
			}
			bad := scheduled("a/b")
			if err := s.Put(t.Context(), bad, nil, true); err == nil || !strings.HasPrefix(err.Error(), "the job's name is invalid. Allowed names: '") || strings.Contains(err.Error(), "\n") {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestConnectSaysWhatIsWrong: no server, a server that wants a login, something else.
func TestConnectSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		if _, err := client(t, http.NotFoundHandler()).Connect(t.Context()); !errors.Is(err, remote.ErrUnknown) {
			t.Errorf("%v", err)
		}
		locked := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) })
		if _, err := client(t, locked).Connect(t.Context()); err == nil || !strings.Contains(err.Error(), "who you are") {
			t.Errorf("%v", err)
		}
		web := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "<html>hello</html>") })
		if _, err := client(t, web).Connect(t.Context()); !errors.Is(err, remote.ErrUnknown) {
			t.Errorf("%v", err)
		}
	})
	for _, server := range []string{"", "x", "ftp://x", "http://"} {
		if _, err := remote.NewClient(server, remote.Login{}, nil); err == nil {
			t.Errorf("%q is taken", server)
		}
	}
}

// script answers with one status after the other, 0 is a broken connection.
type script struct {
	mu     sync.Mutex
	steps  []int
	after  string
	at     []time.Duration
	began  time.Time
	bodies []string
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.began.IsZero() {
		s.began = time.Now()
	}
	s.at = append(s.at, time.Since(s.began))
	if r.Body != nil {
		b, _ := io.ReadAll(r.Body)
		s.bodies = append(s.bodies, string(b))
	}
	code := 200
	if len(s.steps) > 0 {
		code, s.steps = s.steps[0], s.steps[1:]
	}
	if code == 0 {
		return nil, errors.New("connection reset")
	}
	rec := httptest.NewRecorder()
	if code == 503 && s.after != "" {
		rec.Header().Set("Retry-After", s.after)
	}
	rec.WriteHeader(code)
	return rec.Result(), nil
}

// TestRepeats: what is safe is sent again, with growing pauses or as long as
// the server says; what is not, is not.
func TestRepeats(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name     string
		steps    []int
		after    string
		once     bool
		attempts int
		fails    bool
		atLeast  time.Duration
	}{
		{"at once", nil, "", false, 1, false, 0},
		{"after a broken connection", []int{0, 0}, "", false, 3, false, 100 * time.Millisecond},
		{"after 503", []int{503}, "", false, 2, false, 50 * time.Millisecond},
		{"as long as the server says", []int{503}, "7", false, 2, false, 7 * time.Second},
		{"not for ever", []int{503}, "7000", false, 2, false, 30 * time.Second},
		{"never after 400", []int{400}, "", false, 1, true, 0},
		{"nor after 500", []int{500}, "", false, 1, true, 0},
		{"an end", []int{0, 0, 0, 0, 0, 0, 0, 0}, "", false, 6, true, 0},
		{"a run is not ordered twice", []int{0}, "", true, 1, true, 0},
		{"nor after 503", []int{503}, "", true, 1, true, 0},
		{"but after 429", []int{429}, "", true, 2, false, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := &script{steps: c.steps, after: c.after}
			client, err := remote.NewClient("http://x", remote.Login{}, s)
			if err != nil {
				t.Fatal(err)
			}
			_, err = client.Do(t.Context(), remote.Request{Method: "POST", Path: "/x", Body: []byte("body"), Once: c.once})
			if (err != nil) != c.fails || len(s.at) != c.attempts || s.at[len(s.at)-1] < c.atLeast {
				t.Errorf("%s: %v after %d attempts at %v", c.name, err, len(s.at), s.at)
			}
			for _, b := range s.bodies {
				if b != "body" {
					t.Errorf("%s: an attempt sent %q", c.name, b)
				}
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		client, _ := remote.NewClient("http://x", remote.Login{}, &script{steps: []int{0, 0, 0}})
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		if _, err := client.Do(ctx, remote.Request{Method: "GET", Path: "/x"}); !errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			t.Errorf("%v", err)
		}
	})
}

// TestLogin: it goes along, and not to where errors are told.
func TestLogin(t *testing.T) {
	t.Parallel()
	var seen string
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { seen = r.Header.Get("Authorization") })
	c, err := remote.NewClient("http://me:secret@host/", remote.Login{}, handler{h})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Do(t.Context(), remote.Request{Method: "GET", Path: "/"}); err != nil || seen != "Basic bWU6c2VjcmV0" || strings.Contains(c.Server(), "secret") {
		t.Errorf("%v %q %q", err, seen, c.Server())
	}
	c, _ = remote.NewClient("http://host", remote.Login{Token: "t"}, handler{h})
	if _, err := c.Do(t.Context(), remote.Request{Method: "GET", Path: "/"}); err != nil || seen != "Bearer t" {
		t.Errorf("%v %q", err, seen)
	}
}
