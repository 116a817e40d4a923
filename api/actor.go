package api

import (
	"context"
	"net/http"
	"net/url"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler"
)

// withCaller notes where a request came from, unless the gate has done it.
func withCaller(r *http.Request) *http.Request {
	if _, known := r.Context().Value(callerKey{}).(caller); known {
		return r
	}
	return caller{actor: scheduler.Actor{Address: peer(r)}}.in(r)
}

// signed puts the name of who ordered it under every event that changes
// something, once they may order it.
type signed struct {
	Scheduler
	guarded bool // there is a gate
}

// Do implements Scheduler.
func (s signed) Do(ctx context.Context, ev scheduler.Event) error {
	c := callerOf(ctx)
	if s.guarded {
		if err := c.may(s.View(), ev); err != nil {
			return err
		}
	}
	if err := checkHidden(ev); err != nil {
		return err
	}
	switch ev.(type) {
	case scheduler.Explain, scheduler.Inspect, scheduler.CheckJob:
		return s.Scheduler.Do(ctx, ev)
	}
	return s.Scheduler.Do(ctx, scheduler.By{Actor: c.actor, Event: ev})
}

// checkHidden refuses what would be stored with the mark of a hidden value.
func checkHidden(ev scheduler.Event) error {
	switch ev := ev.(type) {
	case scheduler.PutJob:
		return ev.Job.CheckHidden()
	case scheduler.CheckJob:
		return ev.Job.CheckHidden()
	case scheduler.RunJob:
		return job.CheckHiddenValues("environment", ev.Environment)
	}
	return nil
}

// sameSite refuses changes that a browser sends for a page of another server,
// which may use who is logged in here, or reach a server that only this machine
// can. Clients that are no browsers send no Origin.
func sameSite(r *http.Request) error {
	err := new(http.CrossOriginProtection).Check(r)
	if err == nil {
		return nil
	}
	origin, parsed := url.Parse(r.Header.Get("Origin"))
	if parsed == nil && origin.Host != "" && origin.Host == r.Header.Get("X-Forwarded-Host") {
		return nil // no page can send that header elsewhere without being asked for its leave
	}
	return fault(http.StatusForbidden, "a page of %.100q may not change anything at %.100q; a proxy in front has to pass Host or X-Forwarded-Host on", r.Header.Get("Origin"), r.Host)
}
