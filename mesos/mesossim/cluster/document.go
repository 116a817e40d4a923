package cluster

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// document builds a JSON text with members in a chosen order, as the read-only
// endpoints have them.
type document struct {
	out   []byte
	comma bool
}

func (d *document) sep() {
	if d.comma {
		d.out = append(d.out, ',')
	}
	d.comma = true
}

func (d *document) key(name string) {
	d.sep()
	d.out = append(wire.AppendString(d.out, name), ':')
	d.comma = false
}

func (d *document) object(f func()) { d.nest('{', '}', f) }
func (d *document) array(f func())  { d.nest('[', ']', f) }

func (d *document) nest(begin, end byte, f func()) {
	d.sep()
	d.out = append(d.out, begin)
	d.comma = false
	f()
	d.out = append(d.out, end)
	d.comma = true
}

func (d *document) text(name, v string) {
	d.key(name)
	d.out = wire.AppendString(d.out, v)
	d.comma = true
}

func (d *document) number(name string, v float64) {
	d.key(name)
	d.out = wire.AppendFloat(d.out, v)
	d.comma = true
}

func (d *document) integer(name string, v int64) {
	d.key(name)
	d.out = strconv.AppendInt(d.out, v, 10)
	d.comma = true
}

func (d *document) flag(name string, v bool) {
	d.key(name)
	d.out = strconv.AppendBool(d.out, v)
	d.comma = true
}

// message adds a member that is a protobuf message.
func (d *document) message(name string, msg any) {
	d.key(name)
	d.out = wire.AppendJSON(d.out, msg)
	d.comma = true
}

func (d *document) time(name string, t time.Time) {
	v := 0.0
	if !t.IsZero() {
		v = float64(t.UnixMicro()) / 1e6
	}
	d.number(name, v)
}

// resources adds the flat form: every scalar as a number, ranges as text; the
// four standard scalars are always there.
func (d *document) resources(name string, list []mesos.Resource) {
	sums := map[string]float64{"disk": 0, "mem": 0, "gpus": 0, "cpus": 0}
	order := []string{"disk", "mem", "gpus", "cpus"}
	ranges := map[string]string{}
	for i := range list {
		r := &list[i]
		if r.Ranges != nil {
			ranges[r.Name] = rangesText(r.Ranges)
			order = append(order, r.Name)
			continue
		}
		if _, known := sums[r.Name]; !known {
			order = append(order, r.Name)
		}
		sums[r.Name] += r.GetScalar().GetValue()
	}
	d.key(name)
	d.object(func() {
		for _, n := range order {
			if text, ok := ranges[n]; ok {
				d.text(n, text)
				continue
			}
			d.number(n, sums[n])
		}
	})
}

func rangesText(r *mesos.Value_Ranges) string {
	var parts []string
	for _, x := range r.Range {
		parts = append(parts, strconv.FormatUint(x.Begin, 10)+"-"+strconv.FormatUint(x.End, 10))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

func (d *document) attributes(list []mesos.Attribute) {
	d.key("attributes")
	d.object(func() {
		for i := range list {
			switch a := &list[i]; {
			case a.Scalar != nil:
				d.number(a.Name, a.Scalar.Value)
			case a.Ranges != nil:
				d.text(a.Name, rangesText(a.Ranges))
			default:
				d.text(a.Name, a.GetText().GetValue())
			}
		}
	})
}

// task adds an element in the shape of /tasks.
func (d *document) task(t *mesossim.TaskView) {
	d.object(func() {
		d.text("id", t.Info.TaskID.Value)
		d.text("name", t.Info.Name)
		d.text("framework_id", t.FrameworkID)
		d.text("executor_id", "")
		d.text("slave_id", t.AgentID)
		d.text("state", t.State.String())
		d.resources("resources", t.Info.Resources)
		d.text("role", t.Role)
		d.key("statuses")
		d.array(func() {
			for _, st := range t.Statuses {
				d.status(st)
			}
		})
		if l := t.Info.Labels; l != nil {
			d.key("labels")
			d.array(func() {
				for i := range l.Labels {
					d.sep()
					d.out = wire.AppendJSON(d.out, &l.Labels[i])
				}
			})
		}
	})
}

func (d *document) status(st *mesos.TaskStatus) {
	d.object(func() {
		d.text("state", st.State.String())
		d.number("timestamp", st.GetTimestamp())
		if c := st.ContainerStatus; c != nil {
			short := *c
			short.ExecutorPID = nil
			d.message("container_status", &short)
		}
		if st.Healthy != nil {
			d.flag("healthy", *st.Healthy)
		}
	})
}

func (d *document) tasks(name string, list []mesossim.TaskView) {
	d.key(name)
	d.array(func() {
		for i := range list {
			d.task(&list[i])
		}
	})
}

var callback = regexp.MustCompile(`^[A-Za-z0-9_$.]+$`)

// write sends a document, as a script if jsonp asks for one.
func (d *document) write(w http.ResponseWriter, r *http.Request) {
	body := d.out
	h := w.Header()
	h.Set("Content-Type", mediaJSON)
	if cb := r.URL.Query().Get("jsonp"); callback.MatchString(cb) {
		h.Set("Content-Type", "text/javascript")
		body = append(append([]byte(cb+"("), body...), ");"...)
	}
	if len(body) >= minGzip && strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var packed bytes.Buffer
		z := gzip.NewWriter(&packed)
		_, _ = z.Write(body) // into memory, which does not fail
		_ = z.Close()
		h.Set("Content-Encoding", "gzip")
		body = packed.Bytes()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	_, _ = w.Write(body)
}

// minGzip is from how many bytes on an answer is packed (Mesos contract 1.2).
const minGzip = 1024
