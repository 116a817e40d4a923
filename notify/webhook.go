package notify

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"
)

// webhook posts all that is known of the job to an address of the user's.
type webhook struct {
	target        *url.URL
	authorization string
}

// NewHTTP returns a sink that posts to an address (--http_notification_url),
// with credentials "user:password" if there are any (--http_notification_credentials).
func NewHTTP(address, credentials string) (Sink, error) {
	u, err := parseURL(address)
	if err != nil {
		return nil, err
	}
	w := &webhook{target: u}
	if u.User != nil && credentials == "" {
		password, _ := u.User.Password()
		credentials = u.User.Username() + ":" + password
	}
	u.User = nil
	if credentials != "" {
		if user, _, ok := strings.Cut(credentials, ":"); !ok || user == "" {
			return nil, errors.New("credentials: want user:password")
		}
		w.authorization = "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
	}
	return w, nil
}

func (w *webhook) Name() string   { return "http" }
func (w *webhook) Personal() bool { return true }

// Send posts one flat object of texts in Chronos' order (contracts/chronos.md
// 8.2). At its end stands what Chronos does not send: which event it is and of
// which task.
func (w *webhook) Send(ctx context.Context, m Message) error {
	body := []byte{'{'}
	add := func(name, value string) {
		if len(body) > 1 {
			body = append(body, ',')
		}
		body = append(append(append(body, encode(name)...), ':'), encode(value)...)
	}
	for _, f := range []Field{{"subject", m.Subject}, {"message", m.Text}, {"to", m.To}} {
		if f.Value != "" {
			add(f.Name, f.Value)
		}
	}
	for _, f := range m.Fields {
		add(f.Name, f.Value)
	}
	add("event", m.Event)
	add("taskId", m.TaskID)
	header := jsonHeader()
	if w.authorization != "" {
		header.Set("Authorization", w.authorization)
	}
	return post(ctx, w.target, append(body, '}'), header)
}
