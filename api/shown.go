package api

import (
	"strings"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// schedules reads the schedules of jobs for showing them.
type schedules struct {
	mu    sync.Mutex
	zones schedule.Zones // read once each
}

func newSchedules() *schedules { return &schedules{} }

// of reads a job's schedule; nil if it has none.
func (k *schedules) of(j *leader.Job) *schedule.Schedule {
	if j.Job.Schedule == "" {
		return nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	s, err := job.ReadSchedule(j.Job, j.Anchor, &k.zones)
	if err != nil {
		return nil // what is stored has been read before
	}
	return s
}

// text is a job's schedule as Chronos shows it: as it was given until a slot of
// it is used, then what remains of it (Chronos contract 3.1).
func (k *schedules) text(j *leader.Job) string {
	if !strings.HasPrefix(j.Job.Schedule, "R") {
		return j.Job.Schedule // cron: nothing is used up
	}
	s := k.of(j)
	if s == nil || !used(s, j) {
		return j.Job.Schedule
	}
	return s.Remaining(j.State.Decided)
}

// used tells whether a slot of the schedule has been decided since the schedule
// came. Slots from before count as decided, too, but for those that were only
// just past, of which the decision is exactly the slot.
func used(s *schedule.Schedule, j *leader.Job) bool {
	decided := j.State.Decided
	if decided.After(j.Anchor) {
		return true
	}
	_, n := s.Range(decided.Add(-1), decided)
	return n > 0
}

// next is a job's next slot, zero if there is none.
func (k *schedules) next(j *leader.Job) time.Time {
	if j.Job.Disabled {
		return time.Time{}
	}
	s := k.of(j)
	if s == nil {
		return time.Time{}
	}
	return s.Next(j.State.Decided)
}
