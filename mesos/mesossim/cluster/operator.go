package cluster

import (
	"io"
	"net/http"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/maintenance"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// plan is the operator's plan of maintenance.
func (h *handler) plan(w http.ResponseWriter, r *http.Request) {
	if h.mode.answered(w, r, "/master/maintenance/schedule") {
		return
	}
	if r.Method != http.MethodPost {
		h.core.mu.Lock()
		plan := h.core.plan
		h.core.mu.Unlock()
		d := &document{}
		d.out = wire.AppendJSON(d.out, &plan)
		d.write(w, r)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	var plan maintenance.Schedule
	if _, err := wire.Convert(body, &plan, h.rules); err != nil {
		plain(w, http.StatusBadRequest, err.Error())
		return
	}
	h.core.do(func(m *mesossim.Model, now time.Time) {
		h.core.plan = plan
		m.Schedule(now, &plan)
	})
	plain(w, http.StatusOK, "")
}

// planStatus tells what frameworks said to the plan.
func (h *handler) planStatus(w http.ResponseWriter, r *http.Request) {
	if h.mode.answered(w, r, "/master/maintenance/status") {
		return
	}
	var list []mesossim.MaintenanceView
	h.core.view(func(m *mesossim.Model) { list = m.Maintenance() })
	d := &document{}
	d.object(func() {
		if len(list) == 0 {
			return
		}
		d.key("draining_machines")
		d.array(func() {
			for _, v := range list {
				d.object(func() {
					d.key("id")
					d.object(func() {
						d.text("hostname", v.Hostname)
						d.text("ip", v.IP)
					})
					d.answers(v.Answers)
				})
			}
		})
	})
	d.write(w, r)
}

func (d *document) answers(list []mesossim.AnswerView) {
	if len(list) == 0 {
		return
	}
	d.key("statuses")
	d.array(func() {
		for _, a := range list {
			d.object(func() {
				d.key("framework_id")
				d.object(func() { d.text("value", a.FrameworkID) })
				d.text("status", a.Status)
				d.key("timestamp")
				d.object(func() { d.integer("nanoseconds", a.At.UnixNano()) })
			})
		}
	})
}

// metrics are the few of the master's figures that a framework's operators look at.
func (h *handler) metrics(w http.ResponseWriter, r *http.Request) {
	var v mesossim.MasterView
	h.core.view(func(m *mesossim.Model) { v = m.Master() })
	elected := 0.0
	if !h.mode.aside() {
		elected = 1
	} else {
		v = mesossim.MasterView{}
	}
	d := &document{}
	d.object(func() {
		d.number("master/elected", elected)
		d.number("master/slaves_active", float64(v.Active))
		d.number("master/slaves_connected", float64(v.Active))
		d.number("master/slaves_unreachable", float64(v.Lost))
		connected, offers := 0, 0
		counts := map[string]int{}
		for i := range v.Framework {
			f := &v.Framework[i]
			offers += len(f.Offers)
			if f.Connected {
				connected++
			}
			for _, list := range [][]mesossim.TaskView{f.Tasks, f.Unreachable, f.Done} {
				for _, t := range list {
					counts[t.State.String()]++
				}
			}
		}
		d.number("master/frameworks_active", float64(connected))
		d.number("master/frameworks_connected", float64(connected))
		d.number("master/frameworks_disconnected", float64(len(v.Framework)-connected))
		d.number("master/outstanding_offers", float64(offers))
		for _, s := range states {
			name := strings.ToLower(strings.TrimPrefix(s.String(), "TASK_"))
			d.number("master/tasks_"+name, float64(counts[s.String()]))
		}
		for _, name := range []string{"cpus", "mem", "disk", "gpus"} {
			var total, used float64
			for i := range v.Agents {
				total += sum(v.Agents[i].Spec.Resources, name)
				used += sum(v.Agents[i].Used, name)
			}
			d.number("master/"+name+"_total", total)
			d.number("master/"+name+"_used", used)
			d.number("master/"+name+"_percent", used/max(total, 1e-9))
		}
	})
	d.write(w, r)
}

// sum adds up a scalar.
func sum(list []mesos.Resource, name string) (total float64) {
	for i := range list {
		if list[i].Name == name {
			total += list[i].GetScalar().GetValue()
		}
	}
	return total
}
