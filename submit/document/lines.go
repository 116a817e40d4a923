package document

import (
	"sort"
	"unicode/utf8"
)

// lines finds the line and column of a byte quickly.
type lines struct {
	text   []byte
	starts []int
}

func newLines(text []byte) lines {
	l := lines{text, []int{0}}
	for i, c := range text {
		if c == '\n' {
			l.starts = append(l.starts, i+1)
		}
	}
	return l
}

func (l lines) at(name string, offset int) Pos {
	line := sort.SearchInts(l.starts, offset+1)
	start := l.starts[line-1]
	return Pos{name, line, utf8.RuneCount(l.text[start:min(offset, len(l.text))]) + 1}
}
