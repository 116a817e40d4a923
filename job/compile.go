package job

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/jobgraph"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/retry"
	"github.com/hora-scheduler/hora/schedule"
)

// Overlap says what happens when a run comes up while another of the same job is not over.
type Overlap uint8

// Overlap policies (DESIGN section 3).
const (
	Queue   Overlap = iota // one waits, the newest
	Skip                   // the new one is skipped
	Allow                  // both run
	Replace                // the old one is killed, then the new one starts
)

// CatchUp says what happens to slots that were missed.
type CatchUp uint8

// Catch-up policies.
const (
	Latest CatchUp = iota // the newest runs
	Every                 // each runs, oldest first
	None                  // none runs
)

// Compiled is a definition that has been read: every text checked and turned
// into what it means. It is immutable.
type Compiled struct {
	*Job
	When      *schedule.Schedule // nil without a schedule
	Gate      *jobgraph.Trigger  // nil without parents
	Each      bool               // parentsMode each
	Overlap   Overlap
	CatchUp   CatchUp
	Epsilon   time.Duration // 0: no start deadline
	Jitter    time.Duration
	Timeout   time.Duration // 0: none
	Expected  time.Duration // 0: nothing is expected
	Retry     retry.Policy
	Matchers  []Matcher
	Signature string // equal for jobs that fit the same offers
}

// Defaults are what the scheduler's flags say about fields left out.
type Defaults struct {
	RetryInterval time.Duration   // --failure_retry
	Zones         *schedule.Zones // time zones loaded so far; may be nil
}

// FieldError says which field of a job is wrong and what was expected.
type FieldError struct {
	Field string // Chronos' name of the field, as in JSON
	Err   error
}

// Error is "field: what is wrong".
func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Said implements message.Sayer.
func (e *FieldError) Said() message.Message { return message.Of("%s: %v", e.Field, e.Err) }

// Unwrap returns the reason.
func (e *FieldError) Unwrap() error { return e.Err }

// ErrNoRun says that a definition does not tell when to run.
var ErrNoRun = message.Errorf("a job needs a schedule, parents or a trigger")

// Limits of a definition.
const (
	MaxNameBytes    = 200
	MaxCommandBytes = 256 << 10
	MaxTextBytes    = 64 << 10 // of each other text
	MaxListItems    = 1000     // of each list
	MaxRetries      = 10000
	MaxConcurrent   = 100 // runs of one job that are not over
	MaxTotalBytes   = 512 << 10
)

// Compile checks the definition and reads its texts. anchor is when the job
// was created: schedules without a start count from it. The first mistake found
// is returned as a *FieldError.
func Compile(j *Job, anchor time.Time, d Defaults) (*Compiled, error) {
	c := &Compiled{Job: j}
	for _, step := range []func(*Compiled) error{checkName, checkTexts, checkResources, checkPlace, checkContainer} {
		if err := step(c); err != nil {
			return nil, err
		}
	}
	if err := c.readWhen(anchor, d); err != nil {
		return nil, err
	}
	if err := c.readPolicies(); err != nil {
		return nil, err
	}
	if err := c.readRetry(d); err != nil {
		return nil, err
	}
	c.Signature = signature(j)
	return c, nil
}

// field wraps an error with the field's name; nil stays nil.
func field(name string, err error) error {
	if err == nil {
		return nil
	}
	return &FieldError{name, err}
}

// ReadSchedule reads the schedule of a definition; nil if it has none. An error
// is a *FieldError.
func ReadSchedule(j *Job, anchor time.Time, zones *schedule.Zones) (*schedule.Schedule, error) {
	c := &Compiled{Job: j}
	err := c.readSchedule(anchor, zones)
	return c.When, err
}

func (c *Compiled) readSchedule(anchor time.Time, zones *schedule.Zones) error {
	if c.Schedule == "" {
		return nil
	}
	o, err := ScheduleOptions(c.Job, anchor, zones)
	if err != nil {
		return err
	}
	if c.When, err = schedule.Parse(c.Schedule, o); err != nil {
		if errors.Is(err, schedule.ErrZone) {
			return field("scheduleTimeZone", err)
		}
		return field("schedule", err)
	}
	return nil
}

// ScheduleOptions is with what the schedule of a job is read. anchor and errors
// are those of ReadSchedule.
func ScheduleOptions(j *Job, anchor time.Time, zones *schedule.Zones) (schedule.Options, error) {
	o := schedule.Options{Zone: j.Zone, Name: j.Name, Anchor: anchor, Zones: zones}
	var err error
	if o.NotBefore, err = instant("notBefore", j.NotBefore); err != nil {
		return o, err
	}
	if o.NotAfter, err = instant("notAfter", j.NotAfter); err != nil {
		return o, err
	}
	if o.Gap, err = choose("dstGap", j.DSTGap, map[string]schedule.Gap{"": schedule.GapDefault, "run": schedule.GapRun, "skip": schedule.GapSkip}); err != nil {
		return o, err
	}
	o.Overlap, err = choose("dstOverlap", j.DSTOverlap, map[string]schedule.Overlap{"": schedule.OverlapDefault, "first": schedule.OverlapFirst, "both": schedule.OverlapBoth})
	return o, err
}

func (c *Compiled) readWhen(anchor time.Time, d Defaults) error {
	j := c.Job
	if err := c.readSchedule(anchor, d.Zones); err != nil {
		return err
	}
	if c.When == nil && j.NotBefore+j.NotAfter != "" {
		return field("notBefore", message.Errorf("notBefore and notAfter are bounds of a schedule, and the job has none"))
	}
	switch {
	case j.Trigger != "" && len(j.Parents) > 0:
		return field("trigger", message.Errorf("a job has parents or a trigger, not both"))
	case j.Trigger != "":
		t, err := jobgraph.ParseTrigger(j.Trigger)
		if err != nil {
			return field("trigger", err)
		}
		c.Gate = t
	case len(j.Parents) > 0:
		c.Gate = jobgraph.All(j.Parents)
	}
	if c.When != nil && c.Gate != nil {
		return field("schedule", message.Errorf("a job has a schedule or parents, not both"))
	}
	if c.When == nil && c.Gate == nil && !j.Disabled {
		return field("schedule", ErrNoRun)
	}
	mode, err := choose("parentsMode", j.ParentsMode, map[string]bool{"": false, "latest": false, "each": true})
	c.Each = mode
	return err
}

// instant reads a bound of a schedule; no text is no bound.
func instant(name, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || t.IsZero() {
		return t, field(name, message.Errorf("%q is no instant, want RFC 3339 such as 2026-01-31T08:00:00Z", text))
	}
	return t, nil
}

// choose looks a word up; the error lists the words that are known.
func choose[T any](name, word string, known map[string]T) (T, error) {
	v, ok := known[word]
	if !ok {
		return v, field(name, message.Errorf("%q is unknown, want %s", word, list(known)))
	}
	return v, nil
}

func (c *Compiled) readPolicies() (err error) {
	j := c.Job
	if c.CatchUp, err = choose("catchUp", j.CatchUp, map[string]CatchUp{"": Latest, "latest": Latest, "all": Every, "none": None}); err != nil {
		return err
	}
	if c.Overlap, err = choose("overlap", j.Overlap, map[string]Overlap{"": Queue, "queue": Queue, "skip": Skip, "allow": Allow, "replace": Replace}); err != nil {
		return err
	}
	if j.MaxConcurrent < 0 || j.MaxConcurrent > MaxConcurrent {
		return field("maxConcurrent", message.Errorf("%d is out of range, want 0 to %d", j.MaxConcurrent, MaxConcurrent))
	}
	if c.Epsilon, err = duration("epsilon", j.Epsilon); err != nil {
		return err
	}
	if c.Jitter, err = duration("jitter", j.Jitter); err != nil {
		return err
	}
	if c.Timeout, err = duration("timeout", j.Timeout); err != nil {
		return err
	}
	if c.Expected, err = duration("expectedDuration", j.ExpectedDuration); err != nil {
		return err
	}
	_, err = ParseNotify(j.Notify)
	return field("notify", err)
}

func (c *Compiled) readRetry(d Defaults) (err error) {
	j, p := c.Job, &c.Retry
	if j.Retries > MaxRetries {
		return field("retries", message.Errorf("%d is out of range, want 0 to %d", j.Retries, MaxRetries))
	}
	p.Retries = max(0, j.Retries) // Chronos takes a negative number for none
	p.Interval = d.RetryInterval
	if j.RetryInterval != "" {
		if p.Interval, err = duration("retryInterval", j.RetryInterval); err != nil {
			return err
		}
	}
	if p.MaxInterval, err = duration("retryMaxInterval", j.RetryMaxInterval); err != nil {
		return err
	}
	if p.Backoff, err = choose("retryBackoff", j.RetryBackoff, map[string]retry.Backoff{"": retry.Fixed, "fixed": retry.Fixed, "exponential": retry.Exponential}); err != nil {
		return err
	}
	if !(j.RetryJitter >= 0 && j.RetryJitter <= 1) {
		return field("retryJitter", message.Errorf("%v is out of range, want 0 to 1", j.RetryJitter))
	}
	p.Jitter = j.RetryJitter
	for _, text := range j.RetryOn {
		codes, err := retry.ParseCodes(text)
		if err != nil {
			return field("retryOn", err)
		}
		p.On = append(p.On, codes)
	}
	return nil
}

// duration reads an ISO 8601 duration of fixed length that is not negative; "" is 0.
func duration(name, text string) (time.Duration, error) {
	if text == "" {
		return 0, nil
	}
	p, err := schedule.ParseDuration(text)
	if err != nil {
		return 0, field(name, err)
	}
	d, fixed := p.Fixed()
	switch {
	case !fixed:
		return 0, field(name, message.Errorf("%q has months or years, whose length varies; want days or less, for example P1D or PT90S", text))
	case d < 0:
		return 0, field(name, message.Errorf("%q is negative, want for example PT30S", text))
	case d > maxDuration:
		return 0, field(name, message.Errorf("%q is too long, want at most P366D", text))
	}
	return d, nil
}

const maxDuration = 366 * 24 * time.Hour

// signature joins all that decides on which offers a job fits.
func signature(j *Job) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d|%d|%d|%d|%d", Milli(j.CPUs), Milli(j.Mem), Milli(j.Disk), j.GPUs, j.Ports)
	for _, c := range j.Constraints {
		fmt.Fprintf(&b, "|%q %s %q", c.Attribute, c.Operator, c.Value)
	}
	if j.Timeout != "" {
		b.WriteString("|" + j.Timeout) // an agent that is to be taken away may do for a short job
	}
	return b.String()
}
