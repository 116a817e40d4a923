package notify

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"net/url"
	"path"
	"strings"
	"time"
)

// sentry reports to Sentry by its store endpoint, which every release of
// Sentry since the days of Chronos has.
type sentry struct {
	target *url.URL
	auth   string
}

// NewSentry returns a sink for a DSN (--raven_dsn): https://KEY[:SECRET]@HOST[/PATH]/PROJECT.
func NewSentry(dsn string) (Sink, error) {
	wrong := errors.New("is no DSN, want https://KEY@HOST/PROJECT as Sentry shows it")
	u, err := parseURL(dsn)
	if err != nil || u.User == nil || u.User.Username() == "" {
		return nil, wrong
	}
	project := path.Base(u.Path)
	if project == "/" || project == "." {
		return nil, wrong
	}
	auth := "Sentry sentry_version=7, sentry_client=hora/1.0, sentry_key=" + u.User.Username()
	if secret, ok := u.User.Password(); ok {
		auth += ", sentry_secret=" + secret
	}
	target := *u
	target.User, target.RawQuery, target.Fragment = nil, "", ""
	target.Path = strings.TrimSuffix(path.Dir(u.Path), "/") + "/api/" + project + "/store/"
	return &sentry{&target, auth}, nil
}

func (s *sentry) Name() string   { return "sentry" }
func (s *sentry) Personal() bool { return false }

// sentryTags are the fields that Chronos sends as tags, beside the owner; the
// others are extras (contracts/chronos.md 8.2).
var sentryTags = map[string]bool{"job": true, "command": true}

// maxTag is how long the value of a tag may be for Sentry.
const maxTag = 200

// Send reports one message.
func (s *sentry) Send(ctx context.Context, m Message) error {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // it never fails
	tags, extra := map[string]string{"event": m.Event}, map[string]string{"taskId": m.TaskID}
	if m.To != "" {
		tags["owner"] = m.To
	}
	for _, f := range m.Fields {
		if !sentryTags[f.Name] {
			extra[f.Name] = f.Value
		} else if tag := strings.Join(strings.Fields(f.Value), " "); tag != "" {
			tags[f.Name] = strings.ToValidUTF8(tag[:min(len(tag), maxTag)], "")
		}
	}
	event := map[string]any{
		"event_id": hex.EncodeToString(id), "timestamp": time.Now().UTC().Format("2006-01-02T15:04:05"), "platform": "other",
		"level": s.level(m.Event), "logger": "hora", "message": strings.TrimSpace(m.Subject + "\n\n" + strings.TrimSpace(m.Text)),
		"fingerprint": []string{"hora", m.Event, m.Job}, "tags": tags, "extra": extra,
	}
	header := jsonHeader()
	header.Set("X-Sentry-Auth", s.auth)
	return post(ctx, s.target, encode(event), header)
}

// level is error as in Chronos, but for what is no bad news.
func (s *sentry) level(event string) string {
	switch event {
	case "succeeded", "recovered", "test":
		return "info"
	case "late", "skipped":
		return "warning"
	}
	return "error"
}
