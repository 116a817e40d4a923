package api

import (
	"context"
	"net"
	"net/http"

	"github.com/hora-scheduler/hora/scheduler"
)

// actorKey is under what a request's context keeps who sent it.
type actorKey struct{}

// withActor notes where a request came from.
func withActor(r *http.Request) *http.Request {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a := scheduler.Actor{Address: host}
	return r.WithContext(context.WithValue(r.Context(), actorKey{}, a))
}

// signed puts the name of who ordered it under every event that changes something.
type signed struct{ Scheduler }

// Do implements Scheduler.
func (s signed) Do(ctx context.Context, ev scheduler.Event) error {
	switch ev.(type) {
	case scheduler.Explain, scheduler.Inspect, scheduler.CheckJob:
		return s.Scheduler.Do(ctx, ev)
	}
	actor, _ := ctx.Value(actorKey{}).(scheduler.Actor)
	return s.Scheduler.Do(ctx, scheduler.By{Actor: actor, Event: ev})
}
