package job

import (
	"errors"
	"slices"
	"strings"

	"github.com/hora-scheduler/hora/message"
)

// NotifyEvents is a set of things that people are told about a job.
type NotifyEvents uint16

// What people may be told. Chronos tells of Failed, Disabled and Deleted
// (contracts/chronos.md 8.1).
const (
	NotifyFailed    NotifyEvents = 1 << iota // a run failed for good
	NotifySucceeded                          // a run succeeded
	NotifyRecovered                          // a run succeeded, the last one that counted had failed
	NotifyMissed                             // slots were not run for want of a leader or of offers
	NotifySkipped                            // slots were not run by a policy
	NotifyLate                               // a run is not over within expectedDuration
	NotifyDisabled                           // the scheduler disabled the job
	NotifyDeleted                            // the job was deleted
)

var notifyNames = [...]string{"failed", "succeeded", "recovered", "missed", "skipped", "late", "disabled", "deleted"}

// String lists the events in the words of ParseNotify.
func (e NotifyEvents) String() string {
	var out []string
	for i, name := range notifyNames {
		if e&(1<<i) != 0 {
			out = append(out, name)
		}
	}
	return strings.Join(out, ",")
}

// NotifySinks are the ways to tell somebody.
var NotifySinks = []string{"mail", "slack", "mattermost", "http", "sentry"}

// NotifyRule says who is told of some events.
type NotifyRule struct {
	Events    NotifyEvents
	Sinks     []string // who the sinks' messages go to is the job's owner; empty with no Addresses: all that are configured
	Addresses []string // mail addresses, instead of or beside the owner's
}

// maxNotifyRules bounds one text.
const maxNotifyRules = 20

// ParseNotify reads who is told of what:
//
//	text    = "none" | rule { ";" rule }
//	rule    = events [ "to" targets ]
//	events  = event { "," event }     failed, succeeded, recovered, missed, skipped, late, disabled, deleted, all
//	targets = target { "," target }   mail, slack, mattermost, http, sentry, or a mail address
//
// "failed, late to mail, slack; recovered to ops@example.com". Without targets
// a rule is for all sinks that are configured. An empty text has no rules, as
// "none" has.
func ParseNotify(text string) ([]NotifyRule, error) {
	text = strings.TrimSpace(text)
	if text == "" || text == "none" {
		return nil, nil
	}
	var rules []NotifyRule
	for part := range strings.SplitSeq(text, ";") {
		rule, err := parseNotifyRule(part)
		if err != nil {
			return nil, err
		}
		if rules = append(rules, rule); len(rules) > maxNotifyRules {
			return nil, message.Errorf("has more than %d rules", maxNotifyRules)
		}
	}
	return rules, nil
}

func parseNotifyRule(text string) (NotifyRule, error) {
	var rule NotifyRule
	words := strings.Fields(text)
	events, targets := text, ""
	if i := slices.Index(words, "to"); i >= 0 {
		events, targets = strings.Join(words[:i], " "), strings.Join(words[i+1:], " ")
		if targets == "" {
			return rule, message.Errorf("%.80q names nobody after to, want %s or a mail address", strings.TrimSpace(text), message.Names(NotifySinks))
		}
	}
	for name := range strings.SplitSeq(events, ",") {
		name = strings.TrimSpace(name)
		i := slices.Index(notifyNames[:], name)
		switch {
		case name == "all":
			rule.Events |= 1<<len(notifyNames) - 1
		case i >= 0:
			rule.Events |= 1 << i
		case name == "":
			return rule, message.Errorf("%.80q lacks an event, want for example %q", strings.TrimSpace(text), "failed, recovered to mail")
		default:
			return rule, message.Errorf("event %.80q is unknown, want all, none or some of %s", name, message.Names(notifyNames[:]))
		}
	}
	if targets == "" {
		return rule, nil
	}
	for name := range strings.SplitSeq(targets, ",") {
		switch name = strings.TrimSpace(name); {
		case slices.Contains(NotifySinks, name):
			rule.Sinks = append(rule.Sinks, name)
		case strings.Contains(name, "@"):
			if err := checkAddress(name); err != nil {
				return rule, err
			}
			rule.Addresses = append(rule.Addresses, name)
		default:
			return rule, message.Errorf("target %.80q is unknown, want %s or a mail address", name, message.Names(NotifySinks))
		}
	}
	return rule, nil
}

// checkAddress refuses what cannot be a mail address, and what could be more
// than one, or a header.
func checkAddress(address string) error {
	local, domain, _ := strings.Cut(address, "@")
	if local == "" || domain == "" || strings.ContainsAny(address, " \t\r\n<>\"(),:;\\") || strings.Contains(domain, "@") {
		return message.Errorf("%.80q is no mail address, want for example ops@example.com", address)
	}
	return nil
}

// Owners splits the owner's mail addresses at commas (contracts/chronos.md 8.1).
// The error tells of the first that is none; the others are returned all the same.
func Owners(owner string) ([]string, error) {
	var out []string
	var wrong error
	for address := range strings.SplitSeq(owner, ",") {
		address = strings.TrimSpace(address)
		if address == "" || slices.Contains(out, address) {
			continue
		}
		if err := checkAddress(address); err != nil {
			wrong = errors.Join(wrong, err)
			continue
		}
		out = append(out, address)
	}
	return out, wrong
}
