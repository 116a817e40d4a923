package job_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/hora-scheduler/hora/job"
)

func TestParseNotify(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]job.NotifyRule{
		"":       nil,
		" none ": nil,
		"failed": {{Events: job.NotifyFailed}},
		"all":    {{Events: 1<<8 - 1}},
		"failed,late to mail, slack; recovered to ops@example.com": {
			{Events: job.NotifyFailed | job.NotifyLate, Sinks: []string{"mail", "slack"}},
			{Events: job.NotifyRecovered, Addresses: []string{"ops@example.com"}},
		},
	} {
		got, err := job.ParseNotify(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v; want %+v", text, got, err, want)
		}
	}
	for text, says := range map[string]string{
		"failing":                      "failing",
		"failed;":                      "lacks an event",
		"failed to":                    "nobody after to",
		"failed to pager":              "pager",
		"none, failed":                 "none",
		"failed to @":                  "mail address",
		"failed to a@b@c":              "mail address",
		"failed to a@b\r\nBcc: x@y":    "mail address",
		strings.Repeat("failed;", 30):  "more than 20",
		"failed to mail slack":         "mail slack",
		"failed recovered to mail":     "failed recovered",
		"failed to \"x\"@example.com,": "mail address",
	} {
		if rules, err := job.ParseNotify(text); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %+v, %v; want an error with %q", text, rules, err, says)
		}
	}
	if got := (job.NotifyFailed | job.NotifyDeleted).String(); got != "failed,deleted" {
		t.Errorf("the set is written %q", got)
	}
}

func TestOwners(t *testing.T) {
	t.Parallel()
	got, err := job.Owners(" a@example.com ,,b@example.com, a@example.com,nobody")
	if want := []string{"a@example.com", "b@example.com"}; !reflect.DeepEqual(got, want) || err == nil || !strings.Contains(err.Error(), "nobody") {
		t.Errorf("%q, %v; want %q and a word on nobody", got, err, want)
	}
	if got, err := job.Owners(""); got != nil || err != nil {
		t.Errorf("no owner: %q, %v", got, err)
	}
}
