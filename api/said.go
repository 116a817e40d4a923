package api

import (
	"net/http"
	"strings"

	"github.com/hora-scheduler/hora/language"
	"github.com/hora-scheduler/hora/message"
)

// language is the one that the request asks for. Chronos' clients know English
// texts, and some read them: only hora's own API has other languages.
func (c call) language() language.Language {
	if !c.speaks() {
		return language.English
	}
	return language.Preferred(strings.Join(c.Header.Values("Accept-Language"), ","))
}

// speaks tells whether the request is one to hora's own API.
func (c call) speaks() bool { return c.dialect == own && strings.HasPrefix(c.URL.Path, "/api/") }

// say writes a message or an error in the language of the request.
func (c call) say(said any) string { return c.language().Say(said) }

// recall writes a text of a record in the language of the request.
func (c call) recall(text string) string { return c.say(message.Text(text)) }

// tellLanguage says in which language an answer of hora's own API is, and that
// others may be had.
func (c call) tellLanguage(h http.Header) {
	if c.speaks() {
		h.Set("Content-Language", c.language().String())
		h.Add("Vary", "Accept-Language")
	}
}

// sayAll writes each of several messages.
func (c call) sayAll(list message.List) []string {
	var out []string
	for _, m := range list {
		out = append(out, c.say(m))
	}
	return out
}

// translate says the texts of runs in the language of the request.
func (c call) translate(runs []Run) {
	if in := c.language(); in != language.English {
		for i := range runs {
			runs[i].Reason = in.Say(message.Text(runs[i].Reason))
			translateAttempts(runs[i].Attempts, in)
		}
	}
}

// translateHistory says the texts of a history in the language of the request.
func (c call) translateHistory(entries []HistoryEntry) {
	if in := c.language(); in != language.English {
		for i := range entries {
			entries[i].Reason = in.Say(message.Text(entries[i].Reason))
			translateAttempts(entries[i].Attempts, in)
		}
	}
}

func translateAttempts(list []Attempt, in language.Language) {
	for i := range list {
		list[i].Message = in.Say(message.Text(list[i].Message))
	}
}
