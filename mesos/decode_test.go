package mesos

import (
	"bytes"
	"fmt"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
)

// FuzzDecode holds that no record is worse than undecodable.
func FuzzDecode(f *testing.F) {
	for _, r := range golden(f, "task_f*_pb") {
		for _, st := range r.Steps {
			for _, ev := range st.Events {
				_, payload, _ := bytes.Cut(ev.Raw, []byte("\n"))
				f.Add(payload)
			}
		}
	}
	f.Add([]byte("\x08\x02\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))
	f.Fuzz(func(t *testing.T, record []byte) {
		ev, err := decode(record)
		if (ev == nil) == (err == nil) {
			t.Fatalf("got %v and %v", ev, err)
		}
		if err == nil && !hasBody(ev) {
			t.Fatalf("%s has no body", ev.Type)
		}
	})
}

func record(b *testing.B, ev *scheduler.Event) []byte {
	b.Helper()
	payload, err := ev.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	return payload
}

func BenchmarkDecodeUpdate(b *testing.B) {
	ev := updateEvent("ct:1700000000000:0:nightly-report:5d41402a")
	st := &ev.Update.Status
	message, at := "Command exited with status 0", 1.7e9
	st.AgentID, st.ExecutorID = &mesosv1.AgentID{Value: "6f1c7c2e-S17"}, &mesosv1.ExecutorID{Value: st.TaskID.Value}
	st.Message, st.Timestamp, st.Source = &message, &at, mesosv1.SOURCE_EXECUTOR.Enum()
	payload := record(b, ev)
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if _, err := decode(payload); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkDecodeOffers1000(b *testing.B) {
	ev := &scheduler.Event{Type: scheduler.Event_OFFERS, Offers: &scheduler.Event_Offers{}}
	scalar := func(name string, v float64) mesosv1.Resource {
		return mesosv1.Resource{Name: name, Type: mesosv1.SCALAR.Enum(), Scalar: &mesosv1.Value_Scalar{Value: v}}
	}
	for i := range 1000 {
		ev.Offers.Offers = append(ev.Offers.Offers, mesosv1.Offer{
			ID: mesosv1.OfferID{Value: fmt.Sprintf("6f1c7c2e-5f0e-4f9e-9d55-1f0a3f1e8c55-O%d", i)}, FrameworkID: mesosv1.FrameworkID{Value: testFramework},
			AgentID: mesosv1.AgentID{Value: fmt.Sprintf("6f1c7c2e-5f0e-4f9e-9d55-1f0a3f1e8c55-S%d", i)}, Hostname: fmt.Sprintf("agent-%d.example", i),
			Resources: []mesosv1.Resource{scalar("cpus", 7.9), scalar("mem", 14862), scalar("disk", 1e5), {
				Name: "ports", Type: mesosv1.RANGES.Enum(), Ranges: &mesosv1.Value_Ranges{Range: []mesosv1.Value_Range{{Begin: 31000, End: 32000}}},
			}},
			Attributes: []mesosv1.Attribute{{Name: "rack", Type: mesosv1.TEXT, Text: &mesosv1.Value_Text{Value: "r1"}}},
		})
	}
	payload := record(b, ev)
	b.ReportAllocs()
	b.SetBytes(int64(len(payload)))
	for b.Loop() {
		if _, err := decode(payload); err != nil {
			b.Fatal(err)
		}
	}
}
