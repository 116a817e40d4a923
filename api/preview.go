package api

import (
	"errors"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/language"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
)

// PreviewRequest is POST /api/schedule/preview.
type PreviewRequest struct {
	Schedule   string     `json:"schedule"`
	TimeZone   string     `json:"scheduleTimeZone,omitempty"`
	DSTGap     string     `json:"dstGap,omitempty"`
	DSTOverlap string     `json:"dstOverlap,omitempty"`
	NotBefore  string     `json:"notBefore,omitempty"`
	NotAfter   string     `json:"notAfter,omitempty"`
	Name       string     `json:"name,omitempty"`  // hashed for H
	From       *time.Time `json:"from,omitempty"`  // now
	N          int        `json:"n,omitempty"`     // 10
	Forms      bool       `json:"forms,omitempty"` // tell iso or cron, or whyNot
}

// Preview tells what a schedule means.
type Preview struct {
	Valid bool     `json:"valid"`
	Error *Mistake `json:"error,omitempty"`
	Kind  string   `json:"kind,omitempty"`
	Words string   `json:"words,omitempty"`
	Next  []Slot   `json:"next"`
	ISO   []string `json:"iso,omitempty"`  // of cron: the intervals that have together exactly its slots, if there are such
	Cron  []string `json:"cron,omitempty"` // of an interval: so the expressions
	// Of an interval that begins later than now its expressions are exact from
	// then on; cron can't say that, notBefore can.
	Begins *time.Time `json:"begins,omitempty"`
	WhyNot string     `json:"whyNot,omitempty"` // there is no other form
}

// Slot is an instant of a schedule.
type Slot struct {
	At    time.Time `json:"at"`
	Local string    `json:"local"`         // in the schedule's zone, with its offset
	DST   string    `json:"dst,omitempty"` // gap: it is put off by the change; first, second: of two that the clock shows alike
}

// Bounds of one preview: its slots, and the schedules of another form.
const (
	maxPreview = 1000
	maxForms   = 24
)

// apiPreview reads a schedule and shows its next instants.
func (s *server) apiPreview(c call) (response, error) {
	in := PreviewRequest{N: shownSlots}
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	if in.N < 1 || in.N > maxPreview {
		return response{}, &job.FieldError{Field: "n", Err: message.Errorf("%d is not from 1 to %d", in.N, maxPreview)}
	}
	from := time.Now()
	if in.From != nil {
		from = *in.From
	}
	j := &job.Job{
		Name: in.Name, Schedule: in.Schedule, Zone: in.TimeZone, DSTGap: in.DSTGap, DSTOverlap: in.DSTOverlap, NotBefore: in.NotBefore, NotAfter: in.NotAfter,
	}
	when, err := job.ReadSchedule(j, from, nil)
	var field *job.FieldError
	switch {
	case errors.As(err, &field):
		return marshal(Preview{Next: []Slot{}, Error: &Mistake{field.Field, c.say(field.Err)}})
	case err != nil:
		return response{}, err
	case when == nil:
		return marshal(Preview{Next: []Slot{}, Error: &Mistake{"schedule", c.say(message.Of("is empty"))}})
	}
	out := Preview{Valid: true, Kind: kindISO, Words: c.say(when.Words()), Next: []Slot{}}
	if when.Kind() == schedule.Cron {
		out.Kind = kindCron
	}
	for _, at := range schedule.Upcoming(when, from.Add(-1), in.N) {
		out.Next = append(out.Next, slotJSON(at, when.Location()))
	}
	if in.Forms {
		if err := out.convert(j, from, c.language()); err != nil {
			return response{}, err
		}
	}
	return marshal(out)
}

// convert puts in the other form of a schedule that is valid: from now on, and
// nothing that is not exact.
func (p *Preview) convert(j *job.Job, from time.Time, in language.Language) error {
	o, err := job.ScheduleOptions(j, from, nil)
	if err != nil {
		return err
	}
	turn, to := schedule.Intervals, &p.ISO
	if p.Kind == kindISO {
		turn, to = schedule.Expressions, &p.Cron
	}
	k, err := turn(j.Schedule, o, maxForms)
	switch {
	case err != nil:
		return &job.FieldError{Field: "schedule", Err: err}
	case !k.Exact:
		p.WhyNot = in.Say(k.Reason)
	default:
		*to, p.Begins = k.Texts, moment(k.Begins)
	}
	return nil
}

// slotJSON writes an instant with what the change of clocks has to do with it.
func slotJSON(at time.Time, loc *time.Location) Slot {
	local := at.In(loc)
	return Slot{At: at.UTC(), Local: local.Format("2006-01-02T15:04:05Z07:00"), DST: changeOf(local)}
}

// changeOf says where a local time stands to a change of clocks: just behind a
// gap, or at a time that comes twice.
func changeOf(local time.Time) string {
	_, offset := local.Zone()
	const most = 3 * time.Hour // no clock was ever changed by more and shown the same day
	if _, before := local.Add(-time.Second).Zone(); before < offset {
		return "gap"
	}
	if _, later := local.Add(most).Zone(); later < offset {
		again := local.Add(time.Duration(offset-later) * time.Second)
		if _, o := again.Zone(); o == later {
			return "first"
		}
	}
	if _, earlier := local.Add(-most).Zone(); earlier > offset {
		before := local.Add(-time.Duration(earlier-offset) * time.Second)
		if _, o := before.Zone(); o == earlier {
			return "second"
		}
	}
	return ""
}
