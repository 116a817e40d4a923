package api

import (
	"errors"
	"fmt"
	"time"

	"github.com/hora-scheduler/hora/job"
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
	Name       string     `json:"name,omitempty"` // hashed for H
	From       *time.Time `json:"from,omitempty"` // now
	N          int        `json:"n,omitempty"`    // 10
}

// Preview tells what a schedule means.
type Preview struct {
	Valid bool     `json:"valid"`
	Error *Mistake `json:"error,omitempty"`
	Kind  string   `json:"kind,omitempty"`
	Words string   `json:"words,omitempty"`
	Next  []Slot   `json:"next"`
	ISO   []string `json:"iso,omitempty"`  // the same as intervals, if there are such
	Cron  string   `json:"cron,omitempty"` // the same as an expression, if there is one
}

// Slot is an instant of a schedule.
type Slot struct {
	At    time.Time `json:"at"`
	Local string    `json:"local"`         // in the schedule's zone, with its offset
	DST   string    `json:"dst,omitempty"` // gap: it is put off by the change; first, second: of two that the clock shows alike
}

// maxPreview bounds the slots of one preview.
const maxPreview = 1000

// apiPreview reads a schedule and shows its next instants.
func (s *server) apiPreview(c call) (response, error) {
	in := PreviewRequest{N: shownSlots}
	if err := c.read(&in); err != nil {
		return response{}, err
	}
	if in.N < 1 || in.N > maxPreview {
		return response{}, &job.FieldError{Field: "n", Err: fmt.Errorf("%d is not from 1 to %d", in.N, maxPreview)}
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
		return marshal(Preview{Next: []Slot{}, Error: &Mistake{field.Field, field.Err.Error()}})
	case err != nil:
		return response{}, err
	case when == nil:
		return marshal(Preview{Next: []Slot{}, Error: &Mistake{"schedule", "is empty"}})
	}
	out := Preview{Valid: true, Kind: kindISO, Words: when.Words().String(), Next: []Slot{}}
	if when.Kind() == schedule.Cron {
		out.Kind = kindCron
	}
	for _, at := range schedule.Upcoming(when, from.Add(-1), in.N) {
		out.Next = append(out.Next, slotJSON(at, when.Location()))
	}
	return marshal(out)
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
