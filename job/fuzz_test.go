package job

import (
	"errors"
	"reflect"
	"regexp"
	"testing"
	"time"
)

// FuzzCompile: no definition makes Compile fall; what is refused is refused
// with the name of a field; what is taken means the same when it is read again.
func FuzzCompile(f *testing.F) {
	f.Add("load", "R/2026-01-01T00:00:00Z/P1D", "Europe/Berlin", "", "PT5M", "75", "queue", 2, .5)
	f.Add("a b", "H/15 * * * *", "", "", "P1DT0.5S", "1-63", "replace", -1, 2.0)
	f.Add("c", "", "", `done("a b") && (x || failed(y))`, "-PT1S", "256", "", 1<<40, -1.0)
	f.Add("d/e", "@every 1s", "Mars", "&&", "", "", "allow", 0, 0.0)
	f.Fuzz(func(t *testing.T, name, when, zone, trigger, duration, codes, word string, number int, real float64) {
		j := &Job{
			Name: name, Command: "true", Shell: true, CPUs: .1, Mem: 32, Schedule: when, Zone: zone, Trigger: trigger, Retries: number,
			RetryInterval: duration, RetryMaxInterval: duration, Epsilon: duration, Timeout: duration, Jitter: duration, RetryJitter: real,
			Overlap: word, MaxConcurrent: number, RetryOn: []string{codes},
		}
		before := *j
		c, err := Compile(j, time.Unix(1e9, 0), Defaults{RetryInterval: time.Minute})
		if !reflect.DeepEqual(*j, before) {
			t.Fatalf("the definition was changed to %+v", j)
		}
		if err != nil {
			var field *FieldError
			if !errors.As(err, &field) || field.Field == "" {
				t.Fatalf("%+v is refused without a field: %v", j, err)
			}
			return
		}
		if (c.When == nil) == (c.Gate == nil) {
			t.Fatalf("%+v has the schedule %v and the trigger %v, want one of them", j, c.When, c.Gate)
		}
		if c.Epsilon < 0 || c.Timeout < 0 || c.Jitter < 0 || c.Retry.Interval < 0 || c.Retry.MaxInterval < 0 || c.Retry.Retries < 0 || c.MaxConcurrent < 0 {
			t.Fatalf("%+v is taken with a negative bound: %+v", j, c)
		}
		again, err := Compile(c.Job, time.Unix(1e9, 0), Defaults{RetryInterval: time.Minute})
		if err != nil || again.Signature != c.Signature || !reflect.DeepEqual(again.Retry, c.Retry) {
			t.Fatalf("%+v means something else when it is read again: %+v, %v, want %+v", j, again, err, c)
		}
	})
}

// FuzzConstraint: a pattern matches the whole of an attribute or nothing, LIKE
// and UNLIKE are opposites, and EQUALS compares.
func FuzzConstraint(f *testing.F) {
	f.Add("r[12]", "r1")
	f.Add("a)|(b", "b")
	f.Add("", "")
	f.Add("(?m)a$", "a\nb")
	f.Add("a|b", "ab")
	f.Fuzz(func(t *testing.T, pattern, value string) {
		agent := []Attribute{{Name: "rack", Text: value}}
		equals, err := compileConstraint(Constraint{"rack", Equals, pattern})
		if err != nil || equals.Match(agent, "") != (pattern == value) {
			t.Fatalf("%q EQUALS %q: %v, %v", value, pattern, equals.Match(agent, ""), err)
		}
		like, err := compileConstraint(Constraint{"rack", Like, pattern})
		unlike, err2 := compileConstraint(Constraint{"rack", Unlike, pattern})
		re, err3 := regexp.Compile(pattern)
		if (err == nil) != (err2 == nil) || (err == nil) != (err3 == nil) {
			t.Fatalf("%q: %v, %v, %v", pattern, err, err2, err3)
		}
		if err != nil {
			return
		}
		re.Longest()
		whole := false
		if at := re.FindStringIndex(value); at != nil {
			whole = at[0] == 0 && at[1] == len(value)
		}
		got := like.Match(agent, "")
		if whole && !got {
			t.Fatalf("%q matches the whole of %q, but not with LIKE", pattern, value)
		}
		if got && !re.MatchString(value) {
			t.Fatalf("%q matches %q nowhere, but with LIKE", pattern, value)
		}
		if got == unlike.Match(agent, "") {
			t.Fatalf("%q LIKE %q and UNLIKE are both %v", value, pattern, got)
		}
	})
}
