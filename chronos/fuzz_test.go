package chronos_test

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/hora-scheduler/hora/chronos"
	"github.com/hora-scheduler/hora/scheduler"
)

// FuzzEntry: no content of a znode does harm, and what is read is written alike.
func FuzzEntry(f *testing.F) {
	for _, version := range []string{"2.4.0", "3.0.2"} {
		for _, data := range recorded(f, version).at(f, 1).data {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := chronos.ParseEntry(data)
		if err != nil {
			return
		}
		out, err := e.Encode()
		if err != nil {
			if len(e.Name)+len(e.Value) < chronos.MaxEntryBytes-100 {
				t.Fatal(err)
			}
			return
		}
		if back, err := chronos.ParseEntry(out); err != nil || back.Name != e.Name || !bytes.Equal(back.Value, e.Value) || bytes.Equal(back.UUID, e.UUID) {
			t.Errorf("%+v was written as %+v, %v", e, back, err)
		}
	})
}

// FuzzState: whatever a job's and a task's node hold, reading and importing them
// ends in a plan that says something of each.
func FuzzState(f *testing.F) {
	n := recorded(f, "2.4.0").at(f, 0)
	for name, data := range n.data {
		if e, err := chronos.ParseEntry(data); err == nil {
			f.Add(name, e.Value, "T_ct:1795468814844:0:zk-failure:")
		}
	}
	f.Fuzz(func(t *testing.T, node string, value []byte, task string) {
		n := newNodes()
		n.put(t, node, string(value))
		n.put(t, task, "{}")
		snap, err := chronos.Read(context.Background(), n, defaults)
		if err != nil {
			return // an id of a framework that cannot be read
		}
		state, err := scheduler.New(scheduler.DefaultConfig(), scheduler.Records{})
		if err != nil {
			t.Fatal(err)
		}
		plan, err := (&chronos.Importer{State: state, Now: time.Date(2026, 11, 23, 22, 0, 0, 0, time.UTC)}).Import(snap)
		if err != nil || len(plan.Items) != len(snap.Jobs) {
			t.Fatalf("%d items of %d jobs, %v", len(plan.Items), len(snap.Jobs), err)
		}
		for _, it := range plan.Items {
			if it.Verdict == "" || it.Verdict == chronos.Refused && it.Reason == "" {
				t.Errorf("%+v", it)
			}
		}
	})
}
