package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// side is what one side's texts are normalised with: the recorded one or ours.
type side struct {
	vars *placeholders
	host string
}

// member is a member of an ordered object.
type member struct {
	name  string
	value any
}

// ordered is a JSON object with its members in order. The values of JSON texts
// here are ordered, []any, string, json.Number, bool and nil.
type ordered []member

func (o ordered) get(name string) (any, bool) {
	for _, m := range o {
		if m.name == name {
			return m.value, true
		}
	}
	return nil, false
}

// readJSON reads one JSON text whole.
func readJSON(text string) (any, error) {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := readValue(d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("more than one value")
	}
	return v, nil
}

func readValue(d *json.Decoder) (any, error) {
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	delim, isDelim := t.(json.Delim)
	if !isDelim {
		return t, nil
	}
	list, object := []any{}, ordered{}
	for d.More() {
		name := ""
		if delim == '{' {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			name, _ = k.(string)
		}
		v, err := readValue(d)
		if err != nil {
			return nil, err
		}
		list, object = append(list, v), append(object, member{name, v})
	}
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	if delim == '{' {
		return object, nil
	}
	return list, nil
}

var pathToken = regexp.MustCompile(`\.\.[\w%-]+|\.[\w%-]+|\[\*\]|\[\d+\]|\['[^']*'\]`)

// edit returns a value with f applied at every place that matches the path:
// $ .name [*] [n] ..name ['a.b'].
func edit(path string, v any, f func(any) any) any {
	return editAt(pathToken.FindAllString(strings.TrimPrefix(path, "$"), -1), v, f)
}

func editAt(tokens []string, v any, f func(any) any) any {
	if len(tokens) == 0 {
		return f(v)
	}
	t, rest := tokens[0], tokens[1:]
	switch x := v.(type) {
	case ordered:
		out := slices.Clone(x)
		for i, m := range out {
			switch deep, isDeep := strings.CutPrefix(t, ".."); {
			case isDeep:
				if m.name == deep {
					out[i].value = editAt(rest, m.value, f)
				}
				out[i].value = editAt(tokens, out[i].value, f)
			case t == "[*]" || t == "."+m.name || t == "['"+m.name+"']":
				out[i].value = editAt(rest, m.value, f)
			}
		}
		return out
	case []any:
		out := slices.Clone(x)
		for i := range out {
			switch {
			case strings.HasPrefix(t, ".."):
				out[i] = editAt(tokens, out[i], f)
			case t == "[*]" || t == "["+strconv.Itoa(i)+"]":
				out[i] = editAt(rest, out[i], f)
			}
		}
		return out
	}
	return v
}

// pick returns what is at a path: the value if there is one, else a list, nil for none.
func pick(path string, v any) any {
	var got []any
	edit(path, v, func(x any) any { got = append(got, x); return x })
	switch len(got) {
	case 0:
		return nil
	case 1:
		return got[0]
	}
	return got
}

// mapTexts applies f to every text in a value.
func mapTexts(v any, f func(string) string) any {
	switch x := v.(type) {
	case string:
		return f(x)
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = mapTexts(x[i], f)
		}
		return out
	case ordered:
		out := slices.Clone(x)
		for i := range out {
			out[i].value = mapTexts(out[i].value, f)
		}
		return out
	}
	return v
}

var backReference = regexp.MustCompile(`\\(\d)`)

// replace is re.sub of Python.
func (r rule) replace(s string) string {
	return regexp.MustCompile(r.Regex).ReplaceAllString(s, backReference.ReplaceAllString(strings.ReplaceAll(r.To, "$", "$$"), "$${$1}"))
}

func (x side) text(s string, rules []rule) string {
	s = x.vars.fold(s)
	for _, r := range rules {
		if r.Path == "" {
			s = r.replace(s)
		}
	}
	if x.host != "" {
		s = strings.ReplaceAll(s, x.host, "<BASE>")
	}
	return s
}

func (x side) json(v any, rules []rule, unordered []string) any {
	for _, r := range rules {
		if r.Path == "" {
			continue
		}
		v = edit(r.Path, v, func(v any) any {
			s, isText := v.(string)
			switch {
			case r.Regex != "" && isText:
				return r.replace(s)
			case r.Regex != "" || v == nil || isText && s == "":
				return v
			}
			return r.To
		})
	}
	v = mapTexts(v, func(s string) string { return x.text(s, rules) })
	paths := slices.Clone(unordered)
	slices.SortStableFunc(paths, func(a, b string) int { return len(b) - len(a) })
	for _, p := range paths {
		v = edit(p, v, func(v any) any {
			list, isList := v.([]any)
			if !isList {
				return v
			}
			list = slices.Clone(list)
			slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(canonical(a), canonical(b)) })
			return list
		})
	}
	return v
}

// exact normalises a text that is compared as it is.
func (x side) exact(s string, rules []rule) string {
	for _, r := range rules {
		name, deep := strings.CutPrefix(r.Path, "$..")
		if !deep || !regexp.MustCompile(`^\w+$`).MatchString(name) {
			continue
		}
		form := regexp.MustCompile(`("` + name + `":)"([^"]+)"`)
		s = form.ReplaceAllStringFunc(s, func(m string) string {
			parts := form.FindStringSubmatch(m)
			to := r.To
			if r.Regex != "" {
				to = r.replace(parts[2])
			}
			return parts[1] + `"` + to + `"`
		})
	}
	return x.text(s, rules)
}

// canonical is a value as a text with sorted members.
func canonical(v any) string {
	switch x := v.(type) {
	case ordered:
		sorted := slices.Clone(x)
		slices.SortStableFunc(sorted, func(a, b member) int { return strings.Compare(a.name, b.name) })
		var b strings.Builder
		for _, m := range sorted {
			b.WriteString(strconv.Quote(m.name) + ":" + canonical(m.value) + ",")
		}
		return "{" + b.String() + "}"
	case []any:
		var b strings.Builder
		for _, v := range x {
			b.WriteString(canonical(v) + ",")
		}
		return "[" + b.String() + "]"
	}
	return short(v)
}

// short is a value for messages, at most 100 characters.
func short(v any) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(plain(v)); err != nil {
		return err.Error()
	}
	r := []rune(strings.TrimSpace(b.String()))
	if len(r) > 100 {
		return string(r[:100]) + "…"
	}
	return string(r)
}

// plain is a value that encoding/json writes.
func plain(v any) any {
	switch x := v.(type) {
	case ordered:
		out := make(map[string]any, len(x))
		for _, m := range x {
			out[m.name] = plain(m.value)
		}
		return out
	case []any:
		out := make([]any, len(x))
		for i := range x {
			out[i] = plain(x[i])
		}
		return out
	}
	return v
}

// memberDiffs tells of all members that differ.
func memberDiffs(x, y ordered, at string) string {
	var out []string
	for _, m := range x {
		got, there := y.get(m.name)
		if !there {
			out = append(out, at+"."+m.name+": missing (want "+short(m.value)+")")
		} else if d := firstDiff(m.value, got, at+"."+m.name); d != "" {
			out = append(out, d)
		}
	}
	for _, m := range y {
		if _, there := x.get(m.name); !there {
			out = append(out, at+"."+m.name+": unexpected "+short(m.value))
		}
	}
	return strings.Join(out, ", ")
}

// firstDiff tells where two values differ, "" for nowhere: of lists the first
// place, of objects all. 1 equals 1.0.
func firstDiff(a, b any, at string) string {
	differ := at + ": want " + short(a) + ", got " + short(b)
	switch x := a.(type) {
	case ordered:
		y, same := b.(ordered)
		if !same {
			return differ
		}
		return memberDiffs(x, y, at)
	case []any:
		y, same := b.([]any)
		if !same {
			return differ
		}
		for i := range min(len(x), len(y)) {
			if d := firstDiff(x[i], y[i], at+"["+strconv.Itoa(i)+"]"); d != "" {
				return d
			}
		}
		if len(x) != len(y) {
			return fmt.Sprintf("%s: want %d elements, got %d", at, len(x), len(y))
		}
		return ""
	case json.Number:
		if y, same := b.(json.Number); same && sameNumber(x, y) {
			return ""
		}
		return differ
	}
	switch b.(type) {
	case ordered, []any:
		return differ
	}
	if a != b {
		return differ
	}
	return ""
}

func sameNumber(a, b json.Number) bool {
	x, ok1 := new(big.Rat).SetString(string(a))
	y, ok2 := new(big.Rat).SetString(string(b))
	return ok1 && ok2 && x.Cmp(y) == 0
}

func textDiff(a, b string) string {
	if a == b {
		return ""
	}
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	cut := func(s string) string { return short(strings.ToValidUTF8(s[max(0, n-20):min(len(s), n+60)], "?")) }
	return fmt.Sprintf("body at %d: want %s, got %s", n, cut(a), cut(b))
}

// keyOrder is what remains of a value when only its keys count.
func keyOrder(v any) string {
	switch x := v.(type) {
	case ordered:
		var b strings.Builder
		for _, m := range x {
			b.WriteString(strconv.Quote(m.name) + ":" + keyOrder(m.value) + ",")
		}
		return "{" + b.String() + "}"
	case []any:
		var b strings.Builder
		for _, v := range x {
			b.WriteString(keyOrder(v) + ",")
		}
		return "[" + b.String() + "]"
	}
	return "0"
}

// shapeOf names the types of the members of an object, as Python does.
func shapeOf(v any) any {
	name := func(v any) string {
		switch x := v.(type) {
		case ordered:
			return "dict"
		case []any:
			return "list"
		case string:
			return "str"
		case bool:
			return "bool"
		case json.Number:
			if strings.ContainsAny(string(x), ".eE") {
				return "float"
			}
			return "int"
		}
		return "NoneType"
	}
	o, isObject := v.(ordered)
	if !isObject {
		return name(v)
	}
	out := ordered{}
	for _, m := range o {
		out = append(out, member{m.name, name(m.value)})
	}
	return out
}

func mediaType(headers map[string]string) string {
	return strings.ToLower(strings.TrimSpace(regexp.MustCompile(`\s*;\s*`).ReplaceAllString(headers["content-type"], ";")))
}

// compared is one answer beside the recorded one.
type compared struct {
	version   string
	step      step
	rules     []rule // of the scenario
	want, got side
}

// answer compares answers; "" if they are the same as far as the step is strict.
func (c compared) answer(got recorded) string {
	want, how := *c.step.Response, c.step.Compare
	switch {
	case want.Error != "" && got.Error != "":
		return ""
	case want.Error != "" || got.Error != "":
		return fmt.Sprintf("want %s%d, got %s%d", want.Error, want.Status, got.Error, got.Status)
	case want.Status != got.Status && strings.HasPrefix(mediaType(got.Headers), "text/html"):
		return fmt.Sprintf("status: want %d, got %d and a page", want.Status, got.Status)
	case want.Status != got.Status:
		return fmt.Sprintf("status: want %d, got %d %s", want.Status, got.Status, short(c.got.text(got.Body, c.rules)))
	case mediaType(want.Headers) != mediaType(got.Headers) && !how.IgnoreContentType:
		return fmt.Sprintf("content-type: want %q, got %q", mediaType(want.Headers), mediaType(got.Headers))
	}
	for _, name := range how.Headers {
		a, b := want.Headers[name], got.Headers[name]
		if name == "allow" {
			a, b = sortedList(a), sortedList(b)
		}
		if a != b {
			return fmt.Sprintf("%s: want %q, got %q", name, a, b)
		}
	}
	return c.body(want, got)
}

func sortedList(s string) string {
	parts := strings.Split(strings.ReplaceAll(s, " ", ""), ",")
	slices.Sort(parts)
	return strings.Join(parts, ",")
}

func (c compared) body(want, got recorded) string {
	how := c.step.Compare
	rules := slices.Concat(how.Normalize, c.rules)
	switch {
	case how.Body == "ignore", want.Omitted != nil && want.Omitted != false && how.Body != "shape" && how.Body != "pick":
		return ""
	case how.Body == "exact":
		return textDiff(c.want.exact(want.Body, rules), c.got.exact(got.Body, rules))
	}
	doc, err := readJSON(got.Body)
	switch how.Body {
	case "shape", "pick":
		if err != nil {
			return "the body is not JSON: " + short(got.Body)
		}
		if how.Body == "shape" {
			shape, _ := readJSON(string(want.Shape))
			return firstDiff(shape, shapeOf(doc), "shape")
		}
		for path, value := range want.Picked {
			text, _ := json.Marshal(value)
			wanted, _ := readJSON(string(text))
			if d := firstDiff(wanted, pick(c.got.vars.fill(path), doc), "picked "+path); d != "" {
				return d
			}
		}
		return ""
	}
	wanted, wantErr := readJSON(want.Body)
	if wantErr != nil || !strings.Contains(mediaType(want.Headers), "json") {
		a, b := c.want.text(want.Body, rules), c.got.text(got.Body, rules)
		if how.UnorderedLines {
			return lineDiff(a, b)
		}
		return textDiff(a, b)
	}
	if err != nil {
		return "the body is not JSON: " + short(got.Body)
	}
	if how.KeyOrder && len(how.Unordered) == 0 {
		if d := textDiff(keyOrder(wanted), keyOrder(doc)); d != "" {
			return "order of keys: " + d
		}
	}
	return jobsDiff(c.want.json(wanted, rules, how.Unordered), c.got.json(doc, rules, how.Unordered))
}

// jobsDiff is firstDiff, but of lists of jobs it tells which are missing, which
// are too many, and how those differ that both have: nothing hides behind the first.
func jobsDiff(a, b any) string {
	first := firstDiff(a, b, "$")
	x, ok1 := byName(a)
	y, ok2 := byName(b)
	if first == "" || !ok1 || !ok2 {
		return first
	}
	out := []string{}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		if _, there := y[name]; !there {
			out = append(out, name+" is missing")
		} else if d := firstDiff(x[name], y[name], name); d != "" {
			out = append(out, d)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(y)) {
		if _, there := x[name]; !there {
			out = append(out, name+" is too many")
		}
	}
	if len(out) == 0 {
		return first
	}
	return strings.Join(out, "; ")
}

// byName finds the jobs of a list.
func byName(v any) (map[string]any, bool) {
	list, isList := v.([]any)
	out := map[string]any{}
	for _, x := range list {
		o, _ := x.(ordered)
		name, _ := o.get("name")
		text, isText := name.(string)
		if !isText {
			return nil, false
		}
		out[text] = x
	}
	return out, isList
}

// lineDiff compares sets of lines.
func lineDiff(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	out := []string{}
	for _, only := range []struct {
		in, notIn []string
		what      string
	}{{x, y, "missing"}, {y, x, "too many"}} {
		lines := slices.DeleteFunc(slices.Clone(only.in), func(l string) bool { return slices.Contains(only.notIn, l) })
		slices.Sort(lines)
		for _, l := range lines {
			out = append(out, only.what+" "+short(l))
		}
	}
	if len(out) == 0 && len(x) != len(y) {
		return "lines stand there more than once"
	}
	return strings.Join(out, "; ")
}

// observed compares what Mesos saw.
func (c compared) observed(got any) string {
	how := c.step.Compare
	rules := slices.Concat(how.Normalize, c.rules)
	want, err := readJSON(string(c.step.Result))
	if err != nil {
		return err.Error()
	}
	a, b := side{c.want.vars, ""}, side{c.got.vars, ""}
	return firstDiff(
		mapTexts(a.json(want, rules, how.Unordered), func(s string) string { return c.sameID(chronosID, s) }),
		mapTexts(b.json(got, rules, how.Unordered), func(s string) string { return c.sameID(ourID, s) }), "$")
}

// Ids of tasks. In ours the run stands where the arguments stand in Chronos',
// everywhere, and all attempts have the time of the slot; docs/compatibility.md
// says so. In 3.0.2 the time is that of the launch, and in 2.4.0 that of a retry.
var (
	chronosID = regexp.MustCompile(`^ct:([^:]+):(\d+):([^:]+):.*$`)
	ourID     = regexp.MustCompile(`^ct:([^:]+):(\d+):([^:]+):[0-9a-z]+-[0-9a-z]+$`)
)

func (c compared) sameID(form *regexp.Regexp, s string) string {
	parts := form.FindStringSubmatch(s)
	switch {
	case parts == nil:
		return s
	case c.version == "3.0.2" || parts[2] != "0":
		parts[1] = "<DUE>"
	}
	return "ct:" + parts[1] + ":" + parts[2] + ":" + parts[3] + ":<SUFFIX>"
}
