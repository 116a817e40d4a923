package cluster

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
)

// patience is how long a test waits for what must come; it is no measure of
// speed.
const patience = 30 * time.Second

// framework is a plain client of the scheduler API, in protobuf.
type framework struct {
	t      testing.TB
	url    string
	id     *mesos.FrameworkID
	stream string
	events chan *scheduler.Event // closed at the stream's end
	cancel context.CancelFunc
	end    error
	offers []mesos.Offer
}

func start(t *testing.T, config Config) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func subscribe(t testing.TB, url string, info *mesos.FrameworkInfo) *framework {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	call := &scheduler.Call{Type: scheduler.Call_SUBSCRIBE, FrameworkID: info.ID, Subscribe: &scheduler.Call_Subscribe{FrameworkInfo: info}}
	body, err := call.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url+"/api/v1/scheduler", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaProtobuf)
	req.Header.Set("Accept", mediaProtobuf)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		t.Fatalf("SUBSCRIBE: %s %s", resp.Status, text)
	}
	f := &framework{t: t, url: url, stream: resp.Header.Get(streamHeader), events: make(chan *scheduler.Event, 10000), cancel: cancel}
	go f.read(resp.Body)
	f.id = f.wait(scheduler.Event_SUBSCRIBED).Subscribed.FrameworkID
	return f
}

func (f *framework) read(body io.Reader) {
	defer close(f.events)
	in := bufio.NewReader(body)
	for {
		var n int
		if _, err := fmt.Fscanf(in, "%d\n", &n); err != nil {
			f.end = err
			return
		}
		payload := make([]byte, n)
		if _, err := io.ReadFull(in, payload); err != nil {
			f.end = err
			return
		}
		ev := &scheduler.Event{}
		if err := ev.Unmarshal(payload); err != nil {
			f.end = err
			return
		}
		f.events <- ev
	}
}

// next returns the next event; nil at the end of the stream.
func (f *framework) next() *scheduler.Event {
	f.t.Helper()
	select {
	case ev := <-f.events:
		if ev != nil && ev.Offers != nil {
			f.offers = append(f.offers, ev.Offers.Offers...)
		}
		return ev
	case <-time.After(patience):
		f.t.Fatal("no event came")
		return nil
	}
}

func (f *framework) wait(kind scheduler.Event_Type) *scheduler.Event {
	f.t.Helper()
	for {
		ev := f.next()
		switch {
		case ev == nil:
			f.t.Fatalf("stream ended (%v) before %s", f.end, kind)
		case ev.Type == kind:
			return ev
		}
	}
}

// status waits for the next update and acknowledges it.
func (f *framework) status() *mesos.TaskStatus {
	f.t.Helper()
	st := &f.wait(scheduler.Event_UPDATE).Update.Status
	f.ack(st)
	return st
}

func (f *framework) ack(st *mesos.TaskStatus) {
	if st.UUID != nil {
		f.call(&scheduler.Call{Type: scheduler.Call_ACKNOWLEDGE, Acknowledge: &scheduler.Call_Acknowledge{
			AgentID: *st.AgentID, TaskID: st.TaskID, UUID: st.UUID,
		}})
	}
}

// call sends a call that must be answered with 202.
func (f *framework) call(c *scheduler.Call) {
	f.t.Helper()
	if status, text := f.try(c); status != http.StatusAccepted {
		f.t.Fatalf("%s: %d %s", c.Type, status, text)
	}
}

func (f *framework) try(c *scheduler.Call) (int, string) {
	f.t.Helper()
	c.FrameworkID = f.id
	body, err := c.Marshal()
	if err != nil {
		f.t.Fatal(err)
	}
	req, err := http.NewRequest(http.MethodPost, f.url+"/api/v1/scheduler", bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	req.Header.Set("Content-Type", mediaProtobuf)
	req.Header.Set(streamHeader, f.stream)
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

// offer waits until there is an offer and takes it.
func (f *framework) offer() mesos.Offer {
	f.t.Helper()
	for len(f.offers) == 0 {
		f.wait(scheduler.Event_OFFERS)
	}
	o := f.offers[0]
	f.offers = f.offers[1:]
	return o
}

func scalar(name string, v float64) mesos.Resource {
	return mesos.Resource{Name: name, Type: mesos.SCALAR.Enum(), Scalar: &mesos.Value_Scalar{Value: v}}
}

func taskOf(id string, c *mesos.CommandInfo) mesos.TaskInfo {
	return mesos.TaskInfo{
		Name: id, TaskID: mesos.TaskID{Value: id}, Command: c,
		Resources: []mesos.Resource{scalar("cpus", 0.001), scalar("mem", 1)},
	}
}

func shell(text string) *mesos.CommandInfo { return &mesos.CommandInfo{Value: &text} }

// launch accepts an offer with tasks.
func (f *framework) launch(tasks ...mesos.TaskInfo) mesos.Offer {
	f.t.Helper()
	o := f.offer()
	for i := range tasks {
		tasks[i].AgentID = o.AgentID
	}
	refuse := 0.0
	f.call(&scheduler.Call{Type: scheduler.Call_ACCEPT, Accept: &scheduler.Call_Accept{
		OfferIDs: []mesos.OfferID{o.ID},
		Operations: []mesos.Offer_Operation{{
			Type: mesos.Offer_Operation_LAUNCH, Launch: &mesos.Offer_Operation_Launch{TaskInfos: tasks},
		}},
		Filters: &mesos.Filters{RefuseSeconds: &refuse},
	}})
	return o
}

// ends waits for the terminal status of each task, in any order.
func (f *framework) ends(n int) map[string]*mesos.TaskStatus {
	f.t.Helper()
	out := map[string]*mesos.TaskStatus{}
	for len(out) < n {
		if st := f.status(); mesossim.Terminal(*st.State) {
			out[st.TaskID.Value] = st
		}
	}
	return out
}

func info(name string) *mesos.FrameworkInfo {
	timeout := 60.0
	return &mesos.FrameworkInfo{User: "", Name: name, FailoverTimeout: &timeout}
}
