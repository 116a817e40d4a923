package api_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/api"
	"github.com/hora-scheduler/hora/scheduler"
)

// instant is a cluster on which every task succeeds at once.
type instant struct {
	launched chan scheduler.Launch
	revived  chan struct{}
}

func (x *instant) Run(ctx context.Context, _ string, deliver func(scheduler.Event)) error {
	x.launched, x.revived = make(chan scheduler.Launch, 100), make(chan struct{}, 100) // of this bubble
	deliver(scheduler.Subscribed{FrameworkID: "f"})
	for n := 0; ; n++ {
		offer := scheduler.Offer{ID: fmt.Sprint(n), AgentID: "a", Hostname: "h"}
		for _, name := range []string{"cpus", "mem", "disk"} {
			offer.Resources = append(offer.Resources, scheduler.Resource{Name: name, Milli: 9_000_000})
		}
		deliver(scheduler.Offers{Offers: []scheduler.Offer{offer}})
		select {
		case <-ctx.Done():
			return nil
		case <-x.revived:
		case l := <-x.launched:
			deliver(scheduler.Update{Status: scheduler.Status{TaskID: l.TaskID, AgentID: "a", State: scheduler.TaskFinished, UUID: "u"}})
		}
	}
}

func (x *instant) Perform(_ context.Context, e scheduler.Effect) error {
	switch e := e.(type) {
	case scheduler.Accept:
		for _, l := range e.Launches {
			x.launched <- l
		}
	case scheduler.Revive:
		x.revived <- struct{}{}
	}
	return nil
}

// TestLineage: a run knows whose ends released it, and whom its end has released.
func TestLineage(t *testing.T) {
	t.Parallel()
	run(t, &instant{}, func(w *world) {
		for name, body := range map[string]string{"a": `"schedule":"@yearly"`, "b": `"schedule":"@yearly"`} {
			w.ask("PUT", "/api/jobs/"+name, `{"command":"true",`+body+`}`, http.StatusCreated, nil)
		}
		w.ask("PUT", "/api/jobs/both", `{"command":"true","parents":["a","b"]}`, http.StatusCreated, nil)
		w.ask("PUT", "/api/jobs/last", `{"command":"true","parents":["both"]}`, http.StatusCreated, nil)
		ids := map[string]string{}
		for _, name := range []string{"a", "b"} {
			var made api.Made
			w.ask("POST", "/api/jobs/"+name+"/run", "", http.StatusAccepted, &made)
			ids[name] = made.Run
		}
		w.pass(time.Minute)
		of := func(id string) (d api.RunDocument) {
			w.ask("GET", "/api/runs/"+id, "", http.StatusOK, &d)
			return d
		}
		a := of(ids["a"])
		if len(a.Parents) != 0 || len(a.Children) != 1 || a.Children[0].Job != "both" || a.Children[0].State != "succeeded" {
			t.Fatalf("%+v %+v", a.Parents, a.Children)
		}
		both := of(a.Children[0].Run)
		if want := fmt.Sprintf("[{%s a succeeded} {%s b succeeded}]", ids["a"], ids["b"]); fmt.Sprint(both.Parents) != want || len(both.Children) != 1 || both.Children[0].Job != "last" {
			t.Errorf("%+v, want %s; %+v", both.Parents, want, both.Children)
		}
		w.ask("DELETE", "/api/jobs/b", "", http.StatusNoContent, nil)
		if both = of(both.ID); both.Parents[1] != (api.RunLink{Run: ids["b"]}) {
			t.Errorf("%+v", both.Parents)
		}
		w.ask("POST", "/api/jobs/a/success", "", http.StatusNoContent, nil)
		w.pass(time.Minute)
		var runs api.RunPage
		w.ask("GET", "/api/runs?job=both", "", http.StatusOK, &runs)
		if d := of(runs.Runs[0].ID); len(runs.Runs) != 2 || d.Kind != "release" || len(d.Parents) != 0 {
			t.Errorf("%d runs, %+v", len(runs.Runs), d.Parents)
		}
	})
}
