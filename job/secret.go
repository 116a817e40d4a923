package job

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// Hidden stands in what somebody is shown for a value that they may not see. A
// definition that holds it is refused (CheckHidden), so that it never takes the
// place of the value.
const Hidden = "(hidden-by-hora)"

// HideSecrets returns the definition without what is secret in it: the values of
// environment variables, also those that docker run is given as parameters, and
// the user and password in a URI. It is j itself if it holds nothing of the kind.
func (j *Job) HideSecrets() *Job {
	if len(j.Environment) == 0 && len(j.URIs) == 0 && len(j.Fetch) == 0 && (j.Container == nil || len(j.Container.Parameters) == 0) {
		return j
	}
	out := j.Clone()
	out.Environment = HideValues(out.Environment)
	hideURIs(out.URIs)
	hideFetch(out.Fetch)
	if out.Container != nil {
		hideParameters(out.Container.Parameters)
	}
	return out
}

// HideValues returns the variables without their values.
func HideValues(list []Variable) []Variable {
	list = slices.Clone(list)
	for i := range list {
		list[i].Value = Hidden
	}
	return list
}

// HideURI takes user and password out of a URI (RFC 3986, 3.2.1).
func HideURI(uri string) string {
	scheme, rest, found := strings.Cut(uri, "://")
	if !found {
		return uri
	}
	end := strings.IndexAny(rest, "/?#")
	if end < 0 {
		end = len(rest)
	}
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return uri
	}
	return scheme + "://" + Hidden + rest[at:]
}

func hideURIs(list []string) {
	for i := range list {
		list[i] = HideURI(list[i])
	}
}

func hideFetch(list []Fetch) {
	for i := range list {
		list[i].URI = HideURI(list[i].URI)
	}
}

// hideParameters hides the values of docker run --env NAME=value.
func hideParameters(list []Variable) {
	for i, p := range list {
		if name, _, found := strings.Cut(p.Value, "="); found && (p.Name == "env" || p.Name == "e") {
			list[i].Value = name + "=" + Hidden
		}
	}
}

// HideSecrets returns the difference without what is secret in it. A text that
// was cut, and cannot be read any more, is hidden as a whole.
func (d Difference) HideSecrets() Difference {
	var hide func(text string) (any, error)
	switch d.Field {
	case "environmentVariables":
		hide = func(text string) (any, error) {
			list, err := decode[[]Variable](text)
			return HideValues(list), err
		}
	case "uris":
		hide = func(text string) (any, error) {
			list, err := decode[[]string](text)
			hideURIs(list)
			return list, err
		}
	case "fetch":
		hide = func(text string) (any, error) {
			list, err := decode[[]Fetch](text)
			hideFetch(list)
			return list, err
		}
	case "container":
		hide = func(text string) (any, error) {
			k, err := decode[Container](text)
			hideParameters(k.Parameters)
			return k, err
		}
	default:
		return d
	}
	for _, text := range []*string{&d.Before, &d.After} {
		if *text == "" {
			continue
		}
		v, err := hide(*text)
		if err != nil {
			*text = Hidden
			continue
		}
		b, err := json.Marshal(v)
		if err != nil {
			panic("job: a difference cannot be written: " + err.Error()) // it was read from JSON
		}
		*text = string(b)
	}
	return d
}

func decode[T any](text string) (out T, err error) {
	err = json.Unmarshal([]byte(text), &out)
	return out, err
}

// CheckHidden refuses a definition with a value that is not one, but what was
// shown instead of it. The error is a FieldError.
func (j *Job) CheckHidden() error {
	if err := CheckHiddenValues("environmentVariables", j.Environment); err != nil {
		return err
	}
	for _, uri := range j.URIs {
		if strings.Contains(uri, Hidden) {
			return hiddenError("uris", uri)
		}
	}
	for _, f := range j.Fetch {
		if strings.Contains(f.URI, Hidden) {
			return hiddenError("fetch", f.URI)
		}
	}
	if j.Container != nil {
		return CheckHiddenValues("container.parameters", j.Container.Parameters)
	}
	return nil
}

// CheckHiddenValues is CheckHidden for the variables of a field.
func CheckHiddenValues(field string, list []Variable) error {
	for _, v := range list {
		if strings.Contains(v.Value, Hidden) {
			return hiddenError(field, v.Name)
		}
	}
	return nil
}

func hiddenError(field, what string) error {
	return &FieldError{Field: field, Err: message.Errorf("%.200q holds %q, which stands for what you may not see; want the value itself", what, Hidden)}
}
