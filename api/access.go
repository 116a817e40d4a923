package api

import (
	"net/http"

	"github.com/hora-scheduler/hora/access"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/scheduler"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// needs says which role each route needs at least; Chronos' routes without their
// root. What is not here needs an admin. Which jobs somebody may change is
// decided where the order is known (caller.may).
var needs = map[string]access.Role{
	// Chronos
	"GET /jobs":                             access.Viewer,
	"GET /jobs/search":                      access.Viewer,
	"GET /jobs/summary":                     access.Viewer,
	"GET /job/{name}":                       access.Viewer,
	"DELETE /job/{name}":                    access.Operator,
	"PUT /job/{name}":                       access.Operator,
	"PUT /job/success/{name}":               access.Operator,
	"GET /job/stat/{name}":                  access.Viewer,
	"POST /job/{name}/task/{task}/progress": access.Operator,
	"POST /iso8601":                         access.Operator,
	"PUT /iso8601":                          access.Operator,
	"POST /dependency":                      access.Operator,
	"PUT /dependency":                       access.Operator,
	"GET /stats/{percentile}":               access.Viewer,
	"DELETE /task/kill/{name}":              access.Operator,
	"PUT /task/{task}":                      access.Operator,
	"DELETE /task/all":                      access.Admin, // of all jobs, whosever they are
	"GET /graph/dot":                        access.Viewer,
	"GET /graph/csv":                        access.Viewer,
	"GET /leader":                           access.Viewer,

	// hora
	"GET /api/jobs":                                       access.Viewer,
	"GET /api/jobs/{name}":                                access.Viewer,
	"PUT /api/jobs/{name}":                                access.Operator,
	"PATCH /api/jobs/{name}":                              access.Operator,
	"DELETE /api/jobs/{name}":                             access.Operator,
	"POST /api/jobs/bulk":                                 access.Operator,
	"POST /api/jobs/{name}/pause":                         access.Operator,
	"POST /api/jobs/{name}/resume":                        access.Operator,
	"POST /api/jobs/{name}/run":                           access.Operator,
	"POST /api/jobs/{name}/kill":                          access.Operator,
	"POST /api/jobs/{name}/success":                       access.Operator,
	"POST /api/jobs/{name}/skipNext":                      access.Operator,
	"DELETE /api/jobs/{name}/skipNext":                    access.Operator,
	"POST /api/jobs/{name}/backfill":                      access.Operator,
	"DELETE /api/jobs/{name}/backfill":                    access.Operator,
	"GET /api/jobs/{name}/revisions":                      access.Viewer,
	"GET /api/jobs/{name}/revisions/{revision}":           access.Viewer,
	"POST /api/jobs/{name}/revisions/{revision}/revert":   access.Operator,
	"GET /api/jobs/{name}/explain":                        access.Viewer,
	"GET /api/jobs/{name}/calendar":                       access.Viewer,
	"GET /api/jobs/{name}/history":                        access.Viewer,
	"GET /api/defaults":                                   access.Viewer,
	"GET /api/definitions":                                access.Viewer,
	"GET /api/runs":                                       access.Viewer,
	"GET /api/runs/{run}":                                 access.Viewer,
	"POST /api/runs/{run}/kill":                           access.Operator,
	"POST /api/runs/{run}/retry":                          access.Operator,
	"POST /api/runs/{run}/success":                        access.Operator,
	"GET /api/runs/{run}/attempts/{attempt}/files":        access.Viewer,
	"GET /api/runs/{run}/attempts/{attempt}/files/{file}": access.Viewer,
	"GET /api/graph":                                      access.Viewer,
	"POST /api/schedule/preview":                          access.Viewer,
	"POST /api/spread":                                    access.Viewer, // it proposes
	"POST /api/spread/moves":                              access.Operator,
	"GET /api/cluster":                                    access.Viewer,
	"GET /api/now":                                        access.Viewer,
	"GET /api/events":                                     access.Viewer,
	"GET /api/audit":                                      access.Viewer,
	"GET /api/status":                                     access.Viewer,
	"GET /api/openapi.json":                               access.Viewer,
	"GET /api/me":                                         access.Viewer,
	"POST /api/login":                                     access.Nobody,
	"POST /api/logout":                                    access.Viewer,

	// the process
	"GET /ping":     access.Viewer,
	"GET /metrics":  access.Viewer,
	"GET /logging":  access.Viewer,
	"POST /logging": access.Admin,
}

// admit tells whether the caller may use a route at all.
func (s *server) admit(c call, r route) error {
	if s.Gate == nil {
		return nil
	}
	need, there := needs[r.method+" "+r.path]
	if !there {
		need = access.Admin
	}
	who := callerOf(c.Context()).who
	switch {
	case need == access.Nobody:
		return nil
	case who == nil:
		return fault(http.StatusUnauthorized, "user and password, or a token, are needed")
	}
	return who.Reach(need)
}

// may tells whether the caller may give an order, by the jobs that it is about.
// Every order passes here, whichever path it came on. An order about a job that is
// not there is left to the scheduler, who says so.
func (c caller) may(v *leader.View, ev scheduler.Event) error {
	if c.who == nil {
		return &access.Denied{Text: message.Of("nobody has given the order")}
	}
	switch ev := ev.(type) {
	case scheduler.Explain, scheduler.Inspect:
		return nil
	case scheduler.CheckJob:
		return c.define(v, ev.PutJob)
	case scheduler.PutJob:
		return c.define(v, ev)
	case scheduler.RunJob:
		if j := v.Job(ev.Name); j != nil && ev.Override { // arguments and environment are as good as another command
			return c.policy.Command(c.who, j.Job)
		}
		return c.act(v.Job(ev.Name))
	case scheduler.DeleteJob:
		return c.act(v.Job(ev.Name))
	case scheduler.SetDisabled:
		return c.act(v.Job(ev.Name))
	case scheduler.KillJob:
		return c.act(v.Job(ev.Name))
	case scheduler.KillRun:
		return c.act(v.JobByUID(ev.Run.UID))
	case scheduler.MarkSuccess:
		return c.act(v.Job(ev.Name))
	case scheduler.SkipNext:
		return c.act(v.Job(ev.Name))
	case scheduler.StartBackfill:
		return c.act(v.Job(ev.Name))
	case scheduler.CancelBackfill:
		return c.act(v.Job(ev.Name))
	case scheduler.DropQueued:
		return c.act(v.Job(ev.Name))
	case scheduler.ReportResult:
		return c.report(v, ev.TaskID)
	case scheduler.ReportProgress:
		return c.report(v, ev.TaskID)
	}
	return &access.Denied{Text: message.Of("nobody may order %T", ev)}
}

func (c caller) define(v *leader.View, ev scheduler.PutJob) error {
	if old := v.Job(ev.Job.Name); old != nil {
		return c.policy.Define(c.who, old.Job, ev.Job)
	}
	return c.policy.Define(c.who, nil, ev.Job)
}

func (c caller) act(j *leader.Job) error {
	if j == nil {
		return nil
	}
	return c.policy.Act(c.who, j.Job)
}

// report is about the job whose name is in the id of the task.
func (c caller) report(v *leader.View, task string) error {
	_, _, name, ok := scheduler.ParseTaskID(task)
	if !ok {
		return nil // there is no such task
	}
	return c.act(v.Job(name))
}
