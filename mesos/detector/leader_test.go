package detector

import (
	"encoding/json"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	mesosv1 "github.com/mesos/mesos-go/api/v1/lib"
)

func TestCandidates(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ children, want string }{
		{"", ""},
		{"log_replicas", ""},
		{"json.info_0000000010 log_replicas json.info_0000000008 json.info_0000000009", "json.info_0000000008 json.info_0000000009 json.info_0000000010"},
		{"json.info_0000000009 info_0000000002 0000000001", "0000000001 info_0000000002 json.info_0000000009"},
		{"json.info_10000000000 json.info_9999999999", "json.info_9999999999 json.info_10000000000"},
		{"json.info_0000000000 json.info_-2147483648", "json.info_-2147483648 json.info_0000000000"}, // after an overflow
		{"json.info_ json.info_x other_0000000001 json.info", ""},
	} {
		var got []string
		for _, x := range candidates(strings.Fields(c.children)) {
			got = append(got, x.name)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %q, want %s", c.children, got, c.want)
		}
	}
}

func TestParseMaster(t *testing.T) {
	t.Parallel()
	ip, port, host, pid := "10.0.0.9", int32(5051), "m9", "master@10.0.0.8:5052"
	binary := func(info mesosv1.MasterInfo) string {
		number := uint32(5050)
		info.ID, info.Port = "m", &number
		data, err := info.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	for _, c := range []struct{ name, label, data, http, https string }{
		{"contract 1.4", labelJSON, `{"address":{"hostname":"m1.example","ip":"10.0.0.1","port":5050},"capabilities":[{"type":"AGENT_UPDATE"}],
			"domain":{"fault_domain":{"region":{"name":"eu"},"zone":{"name":"a"}}},"hostname":"m1.example","id":"6f3c","ip":16777226,
			"pid":"master@10.0.0.1:5050","port":5050,"version":"1.11.0"}`, "http://10.0.0.1:5050", "https://m1.example:5050"},
		{"without address", labelJSON, `{"hostname":"m1","ip":16777226,"port":5050}`, "http://10.0.0.1:5050", "https://m1:5050"},
		{"pid only", labelJSON, `{"pid":"master@10.0.0.1:5051"}`, "http://10.0.0.1:5051", "https://10.0.0.1:5051"},
		{"name only", labelJSON, `{"hostname":"m1","port":5050}`, "http://m1:5050", "https://m1:5050"},
		{"IPv6", labelJSON, `{"address":{"ip":"::1","port":5050}}`, "http://[::1]:5050", "https://[::1]:5050"},
		{"no port", labelJSON, `{"hostname":"m1"}`, "", ""},
		{"port too large", labelJSON, `{"hostname":"m1","port":70000}`, "", ""},
		{"nobody", labelJSON, `{"port":5050}`, "", ""},
		{"no JSON", labelJSON, `master@10.0.0.1:5050`, "", ""},
		{"empty", labelJSON, ``, "", ""},
		{"cut off", labelJSON, `{"hostname":"m1","po`, "", ""},
		{"pid", labelPID, "master@10.0.0.1:5050", "http://10.0.0.1:5050", "https://10.0.0.1:5050"},
		{"pid without address", labelPID, "master@", "", ""},
		{"pid without name", labelPID, "10.0.0.1:5050", "", ""},
		{"pid with an odd port", labelPID, "master@10.0.0.1:http", "", ""},
		{"protobuf", labelInfo, binary(mesosv1.MasterInfo{Address: &mesosv1.Address{Hostname: &host, IP: &ip, Port: port}}), "http://10.0.0.9:5051", "https://m9:5051"},
		{"old protobuf", labelInfo, binary(mesosv1.MasterInfo{IP: 16777226, PID: &pid}), "http://10.0.0.1:5050", "https://10.0.0.1:5050"},
		{"no protobuf", labelInfo, "\xff\xff", "", ""},
		{"overflow", labelInfo, "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f", "", ""},
	} {
		m, err := parseMaster(c.label, []byte(c.data))
		if (err == nil) != (c.http != "") {
			t.Errorf("%s: %v", c.name, err)
		}
		if err == nil && (m.base("http") != c.http || m.base("https") != c.https) {
			t.Errorf("%s: got %s and %s, want %s and %s", c.name, m.base("http"), m.base("https"), c.http, c.https)
		}
	}
}

// FuzzParseMaster holds that no node is worse than unreadable.
func FuzzParseMaster(f *testing.F) {
	f.Add("json.info", []byte(`{"address":{"hostname":"m1","ip":"10.0.0.1","port":5050}}`))
	f.Add("info", []byte("\x0a\x01m\x10\x8a\x80\x80\x08\x18\xba\x27"))
	f.Add("", []byte("master@10.0.0.1:5050"))
	f.Fuzz(func(t *testing.T, label string, data []byte) {
		if m, err := parseMaster(label, data); err == nil && m.check() != nil {
			t.Errorf("%q is taken for %+v", data, m)
		}
	})
}

// znode is a recorded node.
type znode struct{ Path, Body string }

// recorded returns the nodes of a group as a real ensemble had them, by moment,
// and the port of the master that led then, 0 for none.
func recorded(t *testing.T) (moments [][]znode, leaders []int) {
	t.Helper()
	text, err := os.ReadFile("testdata/zookeeper_nodes.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Steps []struct {
			Znodes []znode
			Leader int `json:"leader_by_metrics"`
		}
	}
	if err := json.Unmarshal(text, &r); err != nil {
		t.Fatal(err)
	}
	for _, s := range r.Steps {
		if s.Znodes != nil {
			moments, leaders = append(moments, s.Znodes), append(leaders, s.Leader)
		}
	}
	if len(moments) < 4 {
		t.Fatalf("only %d moments were recorded", len(moments))
	}
	return moments, leaders
}

// TestRecordedNodes holds that the recorded leader is found. Just after it was
// stopped its node is still there, though no master leads.
func TestRecordedNodes(t *testing.T) {
	t.Parallel()
	moments, leaders := recorded(t)
	for i, nodes := range moments {
		var children []string
		for _, n := range nodes {
			if path.Dir(n.Path) == "/mesos-golden" {
				children = append(children, path.Base(n.Path))
			}
		}
		list := candidates(children)
		if len(list) < 2 {
			t.Fatalf("moment %d: candidates %v among %q", i, list, children)
		}
		at := slices.IndexFunc(nodes, func(n znode) bool { return path.Base(n.Path) == list[0].name })
		m, err := parseMaster(list[0].label, []byte(nodes[at].Body))
		if err != nil {
			t.Fatal(err)
		}
		if leaders[i] != 0 && m.port != leaders[i] || m.ip != "127.0.0.1" {
			t.Errorf("moment %d: found %+v, want port %d", i, m, leaders[i])
		}
	}
}
