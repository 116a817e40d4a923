package wire

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	mesos "github.com/mesos/mesos-go/api/v1/lib"
	"github.com/mesos/mesos-go/api/v1/lib/scheduler"
	"pgregory.net/rapid"
)

func TestFloats(t *testing.T) {
	t.Parallel()
	for f, want := range map[float64]string{
		0: "0.0", 4: "4.0", 0.1: "0.1", 3.9: "3.9", 10000: "10000.0", -1.5: "-1.5",
		1795463617.12279: "1795463617.12279", 1795463571.896: "1795463571.896",
		0.1 + 0.2: "0.3", 1.0 / 3: "0.333333333333333", 999999: "999999.0", 1e9: "1000000000.0",
		math.Inf(1): `"Infinity"`,
	} {
		if got := string(AppendFloat(nil, f)); got != want {
			t.Errorf("%v: got %s, want %s", f, got, want)
		}
	}
}

func TestEncode(t *testing.T) {
	t.Parallel()
	ev := &scheduler.Event{
		Type: scheduler.Event_UPDATE,
		Update: &scheduler.Event_Update{Status: mesos.TaskStatus{
			TaskID: mesos.TaskID{Value: "a/b\"\n\x01é"}, State: mesos.TASK_RUNNING.Enum(), UUID: []byte{0xff, 0xff},
		}},
	}
	want := `{"type":"UPDATE","update":{"status":{"state":"TASK_RUNNING","task_id":{"value":"a\/b\"\n\u0001é"},"uuid":"\/\/8="}}}`
	if got := string(AppendJSON(nil, ev)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := string(AppendRecord(nil, []byte("{}"))); got != "2\n{}" {
		t.Errorf("record %q", got)
	}
}

// TestErrors holds the texts of the recordings and of each version's rules; the
// many others are replayed in package cluster.
func TestErrors(t *testing.T) {
	t.Parallel()
	old := Rules{}
	later := Rules{DropUnknownEnums: true, NumericStrings: true, Maps: true}
	for _, x := range []struct {
		rules Rules
		text  string
		want  string // the error, "" for none
	}{
		{old, ``, "syntax error at line 1 near: "},
		{old, "{\n\"a\":}", "syntax error at line 2 near: }"},
		{old, `{}x`, "Parsed JSON included non-whitespace trailing characters: x"},
		{old, `[]`, "Expecting a JSON object"},
		{old, `{"type":1}`, "Not expecting a JSON number for field 'type'"},
		{old, `{"type":"X"}`, "Failed to find enum for 'X'"},
		{later, `{"type":"X"}`, ""},
		{old, `{"kill":{}}`, "Missing required fields: kill.task_id"},
		{old, `{"kill":{"task_id":{}}}`, "Missing required fields: kill.task_id.value"},
		{old, `{"acknowledge":{}}`, "Missing required fields: acknowledge.agent_id, acknowledge.task_id, acknowledge.uuid"},
		{old, `{"acknowledge":{"uuid":"!"}}`, "Failed to base64 decode bytes field 'uuid': Invalid character '!'"},
		{old, `{"decline":{"offer_ids":[],"filters":{"refuse_seconds":"5"}}}`, "Not expecting a JSON string for field 'refuse_seconds'"},
		{later, `{"decline":{"offer_ids":[],"filters":{"refuse_seconds":"5"}}}`, ""},
		{old, `{"reconcile":{"tasks":{}}}`, "Not expecting a JSON object for field 'tasks'"},
		{old, `{"unknown":{"a":[1]},"kill":null}`, ""},
		{old, strings.Repeat("[", 100000), "syntax error at line 1 near: "},
	} {
		_, err := Convert([]byte(x.text), &scheduler.Call{}, x.rules)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if got != x.want && !(len(x.text) > 1000 && strings.HasPrefix(got, x.want)) {
			t.Errorf("%.60s: got %q, want %q", x.text, got, x.want)
		}
	}
}

// TestRoundTrip writes a call and reads it again.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.String()
		value := text.Draw(t, "value")
		call := &scheduler.Call{
			Type:        scheduler.Call_ACCEPT,
			FrameworkID: &mesos.FrameworkID{Value: text.Draw(t, "framework")},
			Accept: &scheduler.Call_Accept{Operations: []mesos.Offer_Operation{{
				Type: mesos.Offer_Operation_LAUNCH,
				Launch: &mesos.Offer_Operation_Launch{TaskInfos: []mesos.TaskInfo{{
					Name: text.Draw(t, "name"), TaskID: mesos.TaskID{Value: text.Draw(t, "task")}, AgentID: mesos.AgentID{Value: "S"},
					Command: &mesos.CommandInfo{Value: &value}, Data: append([]byte{1}, rapid.SliceOf(rapid.Byte()).Draw(t, "data")...),
					Limits: map[string]mesos.Value_Scalar{"cpus": {Value: float64(rapid.IntRange(0, 1e6).Draw(t, "limit")) / 1000}},
				}}},
			}}},
		}
		var back scheduler.Call
		out := AppendJSON(nil, call)
		if _, err := Convert(out, &back, Rules{Maps: true}); err != nil {
			t.Fatalf("%s: %v", out, err)
		}
		a, err1 := call.Marshal()
		b, err2 := back.Marshal()
		if err1 != nil || err2 != nil || string(a) != string(b) {
			t.Fatalf("%s: %v %v\n%x\n%x", out, err1, err2, a, b)
		}
	})
}

func TestHasVarint(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		msg  string
		want bool
	}{
		{"", false},
		{"\x10\x00", true},
		{"\x0a\x03abc\x10\x01", true},
		{"\x0a\x03ab", false},
		{"\x08\x01", false},
		{"\x09\x00\x00\x00\x00\x00\x00\x00\x00\x10\x01", true},
		{"\xff", false},
	} {
		if got := HasVarint([]byte(x.msg), 2); got != x.want {
			t.Errorf("%x: %v", x.msg, got)
		}
	}
}

// FuzzConvert compares what is JSON with what the standard library takes, and
// looks for panics.
func FuzzConvert(f *testing.F) {
	for _, s := range []string{`{"type":"SUBSCRIBE"}`, `{"a":"\ud83d\ude00","b":[1e3,-0.5,true,null]}`, `{"kill":{"task_id":{"value":"x"}}}`, `{"a":"\q"}`, "{"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		_, err := Convert(in, &scheduler.Call{}, Rules{DropUnknownEnums: true, NumericStrings: true, Maps: true})
		var syntax *ParseError
		if json.Valid(in) && errors.As(err, &syntax) && !strings.Contains(string(in), `\u`) && strings.Count(string(in), "[")+strings.Count(string(in), "{") < maxDepth {
			t.Errorf("%q is JSON: %v", in, err)
		}
	})
}
