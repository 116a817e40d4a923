package notify

import (
	"bytes"
	"context"
	"encoding/json"
	"net/url"
	"strings"
)

// chat posts into a channel by an incoming webhook.
type chat struct {
	name   string
	target *url.URL
	escape func(string) string
}

// NewSlack returns a sink for Slack's incoming webhook at that address (--slack_url).
func NewSlack(address string) (Sink, error) {
	u, err := parseURL(address)
	// Slack takes these three for its own marks, such as <!channel>.
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace
	return &chat{"slack", u, escape}, err
}

// NewMattermost returns a sink for Mattermost's incoming webhook at that address (--mattermost_url).
func NewMattermost(address string) (Sink, error) {
	u, err := parseURL(address)
	return &chat{"mattermost", u, func(s string) string { return s }}, err
}

func (c *chat) Name() string   { return c.name }
func (c *chat) Personal() bool { return false }

// Send posts subject and text as one (contracts/chronos.md 8.2).
func (c *chat) Send(ctx context.Context, m Message) error {
	text := m.Subject
	if m.Text != "" {
		text += ": " + m.Text
	}
	return post(ctx, c.target, encode(map[string]string{"text": c.escape(text)}), jsonHeader())
}

// encode writes JSON as it is, without escapes for HTML.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		panic("notify: a message cannot be encoded: " + err.Error()) // texts and maps of texts always can
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
