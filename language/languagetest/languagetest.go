// Package languagetest finds what is left of English where another language was asked for.
package languagetest

import (
	"regexp"
	"strings"
	"unicode"
)

var (
	quoted   = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|“[^”]*”|'[^']*'")
	sentence = regexp.MustCompile(`[A-Za-z][A-Za-z'’]*(?: [A-Za-z][A-Za-z'’]*){2,}`)
	terms    = strings.NewReplacer("GET /api/me", "", "Go struct field", "") // names that have blanks
)

// Rest returns what a Chinese text has of English: three words in a row that are
// not quoted, or all of it if no character of it is Chinese. "" is as it should be.
func Rest(text string) string {
	bare := terms.Replace(quoted.ReplaceAllString(text, "…"))
	if !strings.ContainsFunc(text, func(r rune) bool { return unicode.Is(unicode.Han, r) }) {
		return text
	}
	return sentence.FindString(bare)
}
