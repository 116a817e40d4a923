package language

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/hora-scheduler/hora/message"
)

// A recalled is a sentence whose English text can be recognised: one that hora
// keeps in its records, or one of Mesos or a library.
type recalled struct {
	start   string         // how each such text begins
	pattern *regexp.Regexp // with a group for each argument
	format  string         // in Chinese, all arguments being texts
}

// verb is a verb of package fmt, with its index, flags and precision.
var verb = regexp.MustCompile(`%(\[\d+\])?[-+# 0]*\d*(?:\.\d+)?([a-zA-Z%])`)

// shapes are the texts that verbs write.
var shapes = map[string]string{"d": `(-?\d+)`, "q": `("(?:[^"\\]|\\.)*")`, "s": `((?s:.+?))`, "v": `((?s:.+?))`}

// recallable returns the sentences that can be recognised.
var recallable = sync.OnceValue(func() []recalled {
	var out []recalled
	for _, table := range []map[string]string{keptChinese, foreignChinese} {
		for format, said := range table {
			if verb.MatchString(format) && strings.Trim(verb.ReplaceAllString(format, ""), " ") != "" {
				out = append(out, newRecalled(format, said))
			}
		}
	}
	slices.SortFunc(out, func(a, b recalled) int { return strings.Compare(b.pattern.String(), a.pattern.String()) }) // the longer of two that begin alike comes first
	return out
})

func newRecalled(format, said string) recalled {
	var pattern strings.Builder
	at := 0
	for _, m := range verb.FindAllStringSubmatchIndex(format, -1) {
		pattern.WriteString(regexp.QuoteMeta(format[at:m[0]]))
		pattern.WriteString(shapes[format[m[4]:m[5]]])
		at = m[1]
	}
	pattern.WriteString(regexp.QuoteMeta(format[at:]))
	start, _, _ := strings.Cut(format, "%")
	return recalled{start, regexp.MustCompile("^" + pattern.String() + "$"), verb.ReplaceAllString(said, "%${1}s")}
}

// recall says a text that was written in English, if it is known. Texts of people
// and of programs stay as they are.
func (l Language) recall(text string) string {
	if said, known := keptChinese[text]; known {
		return said
	}
	if said, known := foreignChinese[text]; known {
		return said
	}
	for _, r := range recallable() {
		if !strings.HasPrefix(text, r.start) {
			continue
		}
		if parts := r.pattern.FindStringSubmatch(text); parts != nil {
			args := make([]any, len(parts)-1)
			for i, part := range parts[1:] {
				args[i] = l.Say(message.Text(part))
			}
			return fmt.Sprintf(r.format, args...)
		}
	}
	return text
}
