package crontab

import (
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/job"
)

// nameOf gives the job its name: the one in a comment above, # name: load, or
// one made of its command and of a hash of all that makes the line what it is.
// Neither the line's number nor its neighbours nor the options count, so names stay when a
// crontab is edited elsewhere; of equal lines the later ones have a number.
func (t *table) nameOf(j *Job, entry string) bool {
	if t.name != "" {
		if err := job.CheckName(t.name); err != nil {
			t.refuse(0, "its name, given in line %d, %v", t.nameAt, err)
			return false
		}
		if at := t.names[t.name]; at != 0 {
			t.refuse(0, "its name %q, given in line %d, is the one of line %d, too", t.name, t.nameAt, at)
			return false
		}
		j.Name = t.name
		return true
	}
	h, user := fnv.New32a(), ""
	if t.options.System {
		user = j.RunAsUser
	}
	fmt.Fprintf(h, "%s\x00%s\x00%s\x00%s", j.Schedule, t.variable("CRON_TZ"), user, strings.TrimRight(entry, " \t"))
	base := fmt.Sprintf("%s%s-%08x", t.options.Prefix, slug(entry), h.Sum32())
	j.Name = base
	for t.names[j.Name] != 0 {
		t.again[base]++
		j.Name = fmt.Sprintf("%s-%d", base, t.again[base]+1)
	}
	if err := job.CheckName(j.Name); err != nil {
		t.refuse(0, "its name, %s, %v", j.Name, err)
		return false
	}
	return true
}

var (
	separators = regexp.MustCompile(`&&|\|\||[;|(){}%]|>+\s*\S+|<\s*\S+`)
	assignment = regexp.MustCompile(`^\w+=`)
	odd        = regexp.MustCompile(`[^A-Za-z0-9_]+`)

	preparing = strings.Fields("test [ [[ cd sleep export set umask source . if while for true echo")
	wrappers  = strings.Fields("sudo nice ionice env exec time timeout nohup chronic command flock bash sh /bin/sh /bin/bash -c then do")
)

// slug makes a short word that people recognise of a command: the names of its
// program and of its first arguments. It has at least one character.
func slug(command string) string {
	var words []string
	for _, simple := range separators.Split(command, -1) {
		f := strings.Fields(strings.Map(unquoted, simple))
		if len(f) == 0 || slices.Contains(preparing, f[0]) {
			continue
		}
		for _, w := range f {
			if len(words) == 3 {
				break
			}
			if w[0] == '-' || assignment.MatchString(w) || slices.Contains(wrappers, w[strings.LastIndexByte(w, '/')+1:]) {
				continue
			}
			w = strings.TrimRight(w, "/")
			w = strings.Trim(odd.ReplaceAllString(w[strings.LastIndexByte(w, '/')+1:], "-"), "-")
			if w != "" && w != "1" && w != "dev-null" {
				words = append(words, w)
			}
		}
		if len(words) > 0 {
			break
		}
	}
	text := strings.Join(words, "-")
	const most = 40
	if len(text) > most {
		text = strings.Trim(text[:most], "-")
	}
	if text == "" {
		return "job"
	}
	return text
}

func unquoted(r rune) rune {
	if r == '"' || r == '\'' || r == '`' || r == '$' {
		return -1
	}
	return r
}
