package access

import "time"

// Throttle bounds how often something may be tried under a key: so many times at
// once, and then once in each interval. It remembers a bounded number of keys,
// each as one instant: when the last of its tries will have been forgotten.
// It is not for use by several goroutines at once.
type Throttle struct {
	Burst int
	Every time.Duration
	Keys  int // how many are remembered

	until map[string]time.Time
}

// Take counts a try. If it was one too many it is not counted, and wait is how
// long until the next one.
func (t *Throttle) Take(key string, now time.Time) (wait time.Duration, ok bool) {
	at := t.until[key]
	if at.Before(now) {
		at = now
	}
	next := at.Add(t.Every)
	if over := next.Sub(now) - time.Duration(t.Burst)*t.Every; over > 0 {
		return over, false
	}
	if t.until == nil {
		t.until = make(map[string]time.Time)
	}
	if _, there := t.until[key]; !there && len(t.until) >= t.Keys {
		t.forget(now)
	}
	t.until[key] = next
	return 0, true
}

// Return takes a try back.
func (t *Throttle) Return(key string) {
	if at, there := t.until[key]; there {
		t.until[key] = at.Add(-t.Every)
	}
}

// forget makes room: what has been forgiven goes, and if that is nothing, whatever comes first.
func (t *Throttle) forget(now time.Time) {
	for key, at := range t.until {
		if !at.After(now) {
			delete(t.until, key)
		}
	}
	for key := range t.until {
		if len(t.until) < t.Keys {
			return
		}
		delete(t.until, key)
	}
}
