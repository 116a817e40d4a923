package notify_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/notify"
)

// received is a request that a server of a test got.
type received struct {
	path   string
	header http.Header
	body   string
}

// server answers with a status and keeps what it was sent.
func server(t *testing.T, status int) (string, chan received) {
	t.Helper()
	got := make(chan received, 10)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		got <- received{r.URL.RequestURI(), r.Header, string(body)}
		if status/100 == 3 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, "no_such_hook")
	}))
	t.Cleanup(s.Close)
	return s.URL, got
}

func message() notify.Message {
	return notify.Message{
		Event: "failed", Subject: "[c] [Chronos] job 'ä' failed!", Text: "\n'now'. <b> & \"日本\"\n", To: "a@example.com", Job: "ä", TaskID: "ct:1:0:ä:",
		Fields: []notify.Field{{"job", "ä"}, {"command", "echo 'ü € 日本'"}, {"cpus", "0.1"}, {"softError", "false"}, {"uris", ""}},
	}
}

func send(t *testing.T, s notify.Sink, err error, m notify.Message) error {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return s.Send(t.Context(), m)
}

// TestChat: subject and text are one text, whole in UTF-8; without a text the
// subject is there (Chronos sends {} then).
func TestChat(t *testing.T) {
	t.Parallel()
	url, got := server(t, 200)
	for _, c := range []struct {
		make func(string) (notify.Sink, error)
		want string
	}{
		{notify.NewSlack, `{"text":"[c] [Chronos] job 'ä' failed!: \n'now'. &lt;b&gt; &amp; \"日本\"\n"}`},
		{notify.NewMattermost, `{"text":"[c] [Chronos] job 'ä' failed!: \n'now'. <b> & \"日本\"\n"}`},
	} {
		s, err := c.make(url + "/services/T/B/secret")
		if err := send(t, s, err, message()); err != nil {
			t.Fatal(err)
		}
		r := <-got
		if r.body != c.want || r.path != "/services/T/B/secret" || r.header.Get("Content-Type") != "application/json; charset=utf-8" {
			t.Errorf("%s: %s %q\n%s\nwant\n%s", s.Name(), r.path, r.header, r.body, c.want)
		}
		if err := s.Send(t.Context(), notify.Message{Subject: "gone"}); err != nil {
			t.Fatal(err)
		}
		if r := <-got; r.body != `{"text":"gone"}` {
			t.Errorf("%s without a text: %s", s.Name(), r.body)
		}
	}
}

// TestHTTP: one flat object of texts in Chronos' order.
func TestHTTP(t *testing.T) {
	t.Parallel()
	url, got := server(t, 204)
	s, err := notify.NewHTTP(url+"/hook?a=b", "user:pass:word")
	if err := send(t, s, err, message()); err != nil {
		t.Fatal(err)
	}
	r := <-got
	want := `{"subject":"[c] [Chronos] job 'ä' failed!","message":"\n'now'. <b> & \"日本\"\n","to":"a@example.com",` +
		`"job":"ä","command":"echo 'ü € 日本'","cpus":"0.1","softError":"false","uris":"","event":"failed","taskId":"ct:1:0:ä:"}`
	if r.body != want || r.path != "/hook?a=b" || r.header.Get("Authorization") != "Basic dXNlcjpwYXNzOndvcmQ=" {
		t.Errorf("%s %q\n%s\nwant\n%s", r.path, r.header, r.body, want)
	}
	if err := s.Send(t.Context(), notify.Message{Event: "deleted", Subject: "s"}); err != nil {
		t.Fatal(err)
	}
	if r := <-got; r.body != `{"subject":"s","event":"deleted","taskId":""}` {
		t.Errorf("without text and recipient: %s", r.body)
	}
}

// TestSentry: the event goes to the project's store, with the key.
func TestSentry(t *testing.T) {
	t.Parallel()
	url, got := server(t, 200)
	s, err := notify.NewSentry(strings.Replace(url, "://", "://key:hush@", 1) + "/sub/42")
	if err := send(t, s, err, message()); err != nil {
		t.Fatal(err)
	}
	r := <-got
	var e struct {
		ID      string `json:"event_id"`
		Level   string
		Message string
		Tags    map[string]string
		Extra   map[string]string
	}
	if err := json.Unmarshal([]byte(r.body), &e); err != nil {
		t.Fatal(err)
	}
	auth := r.header.Get("X-Sentry-Auth")
	if r.path != "/sub/api/42/store/" || !strings.Contains(auth, "sentry_key=key,") || !strings.HasSuffix(auth, "sentry_secret=hush") || !strings.HasPrefix(auth, "Sentry sentry_version=7") {
		t.Errorf("%s, auth %q", r.path, auth)
	}
	if len(e.ID) != 32 || e.Level != "error" || e.Message != "[c] [Chronos] job 'ä' failed!\n\n'now'. <b> & \"日本\"" {
		t.Errorf("%+v", e)
	}
	if e.Tags["job"] != "ä" || e.Tags["owner"] != "a@example.com" || e.Tags["command"] != "echo 'ü € 日本'" || e.Extra["cpus"] != "0.1" {
		t.Errorf("tags %v, extra %v", e.Tags, e.Extra)
	}
}

// TestAnswers: what the answer means, and that no error shows the address.
func TestAnswers(t *testing.T) {
	t.Parallel()
	for status, refused := range map[int]bool{400: true, 401: true, 404: true, 302: true, 408: false, 429: false, 500: false, 503: false} {
		url, _ := server(t, status)
		s, err := notify.NewSlack(url + "/services/secret")
		err = send(t, s, err, message())
		if err == nil || errors.Is(err, notify.ErrRefused) != refused || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "no_such_hook") {
			t.Errorf("%d: %v", status, err)
		}
	}
	gone := httptest.NewServer(nil)
	gone.Close()
	s, err := notify.NewSlack(gone.URL + "/services/secret")
	if err := send(t, s, err, message()); err == nil || errors.Is(err, notify.ErrRefused) || strings.Contains(err.Error(), "secret") {
		t.Errorf("nobody there: %v", err)
	}
}

// TestSlowServer: a server that never answers costs the time that is given, no more.
func TestSlowServer(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	slow := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	t.Cleanup(func() { close(release); slow.Close() })
	s, err := notify.NewMattermost(slow.URL)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := s.Send(ctx, message()); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

// TestWrongAddresses: what cannot be an address is refused at once, and not shown.
func TestWrongAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "hush", "ftp://hush/x", "http://", "://hush"} {
		for name, err := range map[string]error{
			"slack": second(notify.NewSlack(address)), "mattermost": second(notify.NewMattermost(address)),
			"http": second(notify.NewHTTP(address, "")), "sentry": second(notify.NewSentry(address)),
		} {
			if err == nil || strings.Contains(err.Error(), "hush") {
				t.Errorf("%s %q: %v", name, address, err)
			}
		}
	}
	for _, dsn := range []string{"https://example.com/1", "https://key@example.com/", "https://key@example.com"} {
		if err := second(notify.NewSentry(dsn)); err == nil {
			t.Errorf("%q is taken for a DSN", dsn)
		}
	}
	if err := second(notify.NewHTTP("https://example.com", "nocolon")); err == nil || strings.Contains(err.Error(), "nocolon") {
		t.Errorf("credentials without a colon: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
