// Package language says messages in the language of who asks. English is what
// messages are written in; the others are catalogs: a sentence for each English one.
package language

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"strings"

	"golang.org/x/text/language"

	"github.com/hora-scheduler/hora/message"
)

// Language is one that hora speaks. The zero Language is English.
type Language uint8

// Languages.
const (
	English Language = iota
	Chinese          // simplified, as on the mainland
)

var (
	tags    = [...]language.Tag{English: language.English, Chinese: language.SimplifiedChinese}
	matcher = language.NewMatcher(tags[:])
)

// maxHeader bounds what is read of a header; who sends more is answered in English.
const maxHeader = 1000

// Preferred chooses by a header Accept-Language (RFC 9110, 12.5.4). Without one,
// or if none of its languages is spoken, it is English.
func Preferred(header string) Language {
	if header == "" || len(header) > maxHeader {
		return English
	}
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return English
	}
	_, i, confidence := matcher.Match(wanted...)
	if confidence == language.No {
		return English
	}
	return Language(i)
}

// String is the language's tag (RFC 5646).
func (l Language) String() string {
	if l == Chinese {
		return "zh"
	}
	return "en"
}

// Say writes a message, an error, or a text of a record.
func (l Language) Say(said any) string {
	text, isText := said.(message.Text)
	switch {
	case l == English && isText:
		return string(text)
	case l == English:
		return fmt.Sprint(said)
	}
	switch said := said.(type) {
	case message.Sayer:
		return l.sentence(said.Said())
	case message.List:
		return l.join(said, "，")
	case message.Series:
		return l.join(said, "、")
	case message.Names:
		return strings.Join(said, "、")
	case message.Text:
		return l.recall(string(said))
	case error:
		return l.failure(said)
	}
	return fmt.Sprint(said)
}

// sentence looks the format up and says what stands in it.
func (l Language) sentence(m message.Message) string {
	format, known := chinese[m.Format]
	if !known {
		if format, known = foreignChinese[m.Format]; !known { // a test holds that there is none such
			return m.String()
		}
	}
	args := make([]any, len(m.Args))
	for i, a := range m.Args {
		args[i] = a
		switch a.(type) {
		case message.Sayer, message.List, message.Series, message.Names, message.Text, error:
			args[i] = l.Say(a)
		}
	}
	return fmt.Sprintf(format, args...)
}

func (l Language) join(list []message.Message, comma string) string {
	texts := make([]string, len(list))
	for i, m := range list {
		texts[i] = l.sentence(m)
	}
	return strings.Join(texts, comma)
}

// failure says an error of others: of the libraries that read what people write.
func (l Language) failure(err error) string {
	var said message.Sayer
	var pattern *syntax.Error
	switch {
	case errors.As(err, &said):
		return l.sentence(said.Said())
	case errors.As(err, &pattern):
		return l.sentence(message.Message{Format: string(pattern.Code) + ": %q", Args: []any{pattern.Expr}})
	}
	return l.recall(err.Error())
}
