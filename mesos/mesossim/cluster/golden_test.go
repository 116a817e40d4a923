package cluster

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// recording is a file of recorded talk with a real master.
type recording struct {
	Name    string
	Profile string
	Cluster struct{ Masters []string }
	Steps   []*step
	Symbols []struct{ Kind, Value string }
}

type step struct {
	At         float64 `json:"at_ms"`
	Connection string
	Note       string
	Action     string
	To         string
	Request    *recordedRequest
	Response   *recordedResponse
	Events     []recordedEvent
	End        *struct {
		At  float64 `json:"at_ms"`
		How string
	}
}

type recordedRequest struct {
	Method, Path, Body string
	Headers            [][2]string
	BodyBase64         string `json:"body_base64"`
	Decoded            json.RawMessage
}

type recordedResponse struct {
	At      float64 `json:"at_ms"`
	Status  int
	Headers [][2]string
	Body    string
	Packed  []byte `json:"body_base64"`
}

type recordedEvent struct {
	At      float64 `json:"at_ms"`
	Raw     string
	Decoded json.RawMessage
	text    string // what json returned
}

// event is the event's JSON in the master's own form.
func (e *recordedEvent) json(t *testing.T) string {
	if e.text != "" {
		return e.text
	}
	if e.Raw != "" {
		_, e.text, _ = strings.Cut(e.Raw, "\n")
		return e.text
	}
	ev := &scheduler.Event{}
	if _, err := wire.Convert(e.Decoded, ev, wire.Rules{NumericStrings: true}); err != nil {
		t.Fatalf("recorded event %s: %v", e.Decoded, err)
	}
	e.text = string(wire.AppendJSON(nil, ev))
	return e.text
}

func ms(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }

func load(t *testing.T, name string) *recording {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "golden", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{}
	if err := json.Unmarshal(text, r); err != nil {
		t.Fatal(err)
	}
	sort.SliceStable(r.Steps, func(i, j int) bool { return r.Steps[i].At < r.Steps[j].At })
	return r
}

// replay is one run of a recording against the handler, in virtual time.
type replay struct {
	t       *testing.T
	rec     *recording
	start   time.Time
	core    *core
	masters *masters
	script  *script
	mu      sync.Mutex
	names   map[string]string // recorded id → ours
	words   *strings.Replacer // of names; nil when they have changed
	conns   []*replayedStream
	detect  time.Duration // until the masters see their leader
}

// seenEvent is an event that the handler sent.
type seenEvent struct {
	at   time.Duration
	text string
}

type replayedStream struct {
	step   *step
	mu     sync.Mutex
	events []seenEvent
	clean  bool
	over   bool
	client net.Conn

	// What learn knows.
	learnt  int                    // events that it has looked at
	counted int                    // of them, those that await waits for
	lengths map[string]int         // of the lanes so far
	want    map[string][]seenEvent // recorded lanes
	due     []float64              // when the events came that await waits for
}

// expect prepares a stream for learn.
func (r *replay) expect(s *step, client net.Conn) *replayedStream {
	c := &replayedStream{step: s, client: client, lengths: map[string]int{}, want: lanes(r.recorded(s))}
	for i := range s.Events {
		if r.counts(s.Events[i].json(r.t)) {
			c.due = append(c.due, s.Events[i].At)
		}
	}
	return c
}

// replayRecording plays a recording and compares every answer and every event.
func replayRecording(t *testing.T, name string) {
	rec := load(t, name)
	synctest.Test(t, func(t *testing.T) {
		r := &replay{t: t, rec: rec, start: time.Now(), names: map[string]string{}}
		r.setUp()
		for i, s := range rec.Steps {
			time.Sleep(ms(s.At) - time.Since(r.start))
			synctest.Wait()
			r.learn()
			if s.Action != "" {
				r.act(i, s)
				synctest.Wait()
				continue
			}
			if skipped(s) {
				continue
			}
			r.await(s)
			r.request(s)
			synctest.Wait()
			r.learn()
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		for _, c := range r.conns {
			r.compare(c)
		}
		r.masters.close()
		r.core.close()
		for _, c := range r.conns {
			c.client.Close()
		}
		synctest.Wait()
	})
}

// await lets the events arrive that the recorder had seen before a step: it may
// be their consequence.
func (r *replay) await(s *step) {
	for range int(tolerance / time.Millisecond) {
		missing := false
		for _, c := range r.conns {
			missing = missing || c.counted < sort.SearchFloat64s(c.due, s.At)
		}
		if !missing {
			return
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		r.learn()
	}
}

// counts tells whether an event is waited for.
func (r *replay) counts(text string) bool {
	return text != heartbeat && !(overloaded(r.rec.Name) && strings.HasSuffix(text, `"type":"OFFERS"}`))
}

const heartbeat = `{"type":"HEARTBEAT"}`

func (r *replay) setUp() {
	o := mesossim.Options{Profile: mesossim.Mesos1_3, Seed: 1}
	config := Config{}
	switch r.rec.Profile {
	case "ping":
		o.PingTimeout = 2500 * time.Millisecond
	case "offertimeout":
		o.OfferTimeout = 2 * time.Second
	case "auth":
		config.Credentials = map[string]string{"golden": "golden-secret", "other": "other-secret"}
	}
	// The allocator's ticks fall as they fell in the recording.
	phase, interval := r.ticks()
	o.AllocationInterval = interval
	r.core = newCore(o)
	epoch := time.Now()
	r.startMasters(config)
	time.Sleep(r.detect)
	time.Sleep(interval - phase - time.Since(epoch)%interval)
	r.start = time.Now()
	r.script = newScript(r)
	r.core.commands = r.script.do
	for i := range 2 {
		resources, _ := mesossim.ParseResources(DefaultResources)
		resources[3].Ranges.Range[0].End = 31999
		attributes, err := mesossim.ParseAttributes(fmt.Sprintf("rack:%d;hostgroup:%c", i+1, 'a'+rune(i)))
		if err != nil {
			r.t.Fatal(err)
		}
		spec := mesossim.AgentSpec{Hostname: fmt.Sprintf("agent%d", i+1), Port: 6051 + i, Resources: resources, Attributes: attributes}
		if err := r.core.addAgent(spec); err != nil {
			r.t.Fatal(err)
		}
	}
}

// ticks finds when the allocator of the recording ran first, and how often: the
// real one's second has a few milliseconds more. Its runs show as OFFERS events
// that no SUBSCRIBE, REVIVE or agent brought about.
func (r *replay) ticks() (phase, interval time.Duration) {
	var free []float64
	for _, s := range r.rec.Steps {
		for i := range s.Events {
			e := &s.Events[i]
			if strings.Contains(e.json(r.t), `"type":"OFFERS"`) && !r.caused(e.At) {
				free = append(free, e.At)
			}
		}
	}
	if len(free) == 0 {
		return 500 * time.Millisecond, time.Second
	}
	sort.Float64s(free)
	first, last := free[0], free[len(free)-1]
	interval = time.Second
	if n := math.Round((last - first) / 1000); n > 0 && drifting[r.rec.Name] {
		interval = ms((last - first) / n)
	}
	return ms(first) % interval, interval
}

// caused tells whether an OFFERS event of a time has another cause than a tick.
func (r *replay) caused(at float64) bool {
	for _, x := range r.rec.Steps {
		if at < x.At {
			continue
		}
		if at-x.At < 25 && (x.Connection == "subscribe" || strings.Contains(x.body(), "REVIVE")) || x.Action != "" {
			return true
		}
	}
	return false
}

func (s *step) body() string {
	if s.Request == nil {
		return ""
	}
	if s.Request.Decoded != nil {
		return string(s.Request.Decoded)
	}
	return s.Request.Body
}

// translate replaces recorded ids by ours.
func (r *replay) translate(text string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.words == nil {
		r.words = r.replacer()
	}
	return r.words.Replace(text)
}

func (r *replay) replacer() *strings.Replacer {
	keys := make([]string, 0, len(r.names))
	for k := range r.names {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool { return len(keys[i]) > len(keys[j]) })
	var pairs []string
	for _, k := range keys {
		pairs = append(pairs, k, r.names[k])
	}
	return strings.NewReplacer(pairs...)
}

func (r *replay) httpRequest(s *step) *http.Request {
	q := s.Request
	body := []byte(r.translate(q.Body))
	for _, h := range q.Headers {
		if h[0] == "Transfer-Encoding" { // the body was recorded with its chunks
			raw, err := io.ReadAll(httputil.NewChunkedReader(strings.NewReader(q.Body)))
			if err != nil {
				r.t.Fatal(err)
			}
			body = raw
		}
	}
	if q.BodyBase64 != "" {
		raw, err := base64.StdEncoding.DecodeString(q.BodyBase64)
		if err != nil {
			r.t.Fatal(err)
		}
		body = raw
	}
	if q.Decoded != nil {
		call := &scheduler.Call{}
		if _, err := wire.Convert([]byte(r.translate(string(q.Decoded))), call, wire.Rules{NumericStrings: true}); err != nil {
			r.t.Fatalf("recorded call %s: %v", q.Decoded, err)
		}
		raw, err := call.Marshal()
		if err != nil {
			r.t.Fatal(err)
		}
		body = raw
	}
	if overloaded(r.rec.Name) {
		body = r.freely(s, body)
	}
	req := httptest.NewRequest(q.Method, "http://"+s.To+"/", bytes.NewReader(body))
	req.RequestURI = ""
	path, query, _ := strings.Cut(q.Path, "?")
	req.URL.Path, req.URL.RawQuery = path, r.translate(query)
	req.Header = http.Header{}
	for _, h := range q.Headers {
		req.Header.Add(h[0], r.translate(h[1]))
	}
	return req
}

// freely lets an ACCEPT take what there is.
func (r *replay) freely(s *step, body []byte) []byte {
	call := &scheduler.Call{}
	if s.Request.Decoded == nil {
		if _, err := wire.Convert(body, call, wire.Rules{NumericStrings: true}); err != nil {
			r.t.Fatal(err)
		}
		r.takeAll(call)
		return wire.AppendJSON(nil, call)
	}
	if err := call.Unmarshal(body); err != nil {
		r.t.Fatal(err)
	}
	r.takeAll(call)
	raw, err := call.Marshal()
	if err != nil {
		r.t.Fatal(err)
	}
	return raw
}

// hijacker is a ResponseWriter whose connection can be taken over.
type hijacker struct {
	*httptest.ResponseRecorder
	conn net.Conn
}

func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}

// request sends a step's request and compares the answer.
func (r *replay) request(s *step) {
	server, client := net.Pipe()
	w := &hijacker{httptest.NewRecorder(), server}
	done := make(chan struct{})
	go func() {
		defer close(done)
		r.routes(s).ServeHTTP(w, r.httpRequest(s))
	}()
	head := make(chan *http.Response, 1)
	go func() {
		resp, err := http.ReadResponse(bufio.NewReader(client), nil)
		if err == nil {
			head <- resp
		}
	}()
	synctest.Wait()
	select {
	case <-done:
		r.checkAnswer(s, w.Result())
		client.Close()
		server.Close()
	case resp := <-head:
		r.checkAnswer(s, resp)
		c := r.expect(s, client)
		r.conns = append(r.conns, c)
		go c.read(resp.Body, r.start)
		if s.End != nil && s.End.How == "client closed" {
			time.AfterFunc(ms(s.End.At)-time.Since(r.start), func() { client.Close() })
		}
	}
}

func (c *replayedStream) read(body io.Reader, start time.Time) {
	in := bufio.NewReader(body)
	for {
		var n int
		_, err := fmt.Fscanf(in, "%d\n", &n)
		payload := make([]byte, n)
		if err == nil {
			_, err = io.ReadFull(in, payload)
		}
		c.mu.Lock()
		if err != nil {
			c.over, c.clean = true, err == io.EOF
			c.mu.Unlock()
			return
		}
		text := string(payload)
		if payload[0] != '{' {
			ev := &scheduler.Event{}
			if err := ev.Unmarshal(payload); err == nil {
				text = string(wire.AppendJSON(nil, ev))
			}
		}
		c.events = append(c.events, seenEvent{time.Since(start), text})
		c.mu.Unlock()
	}
}

// headers that are compared.
var compared = []string{"Content-Type", "Content-Encoding", "Allow", "Location", "Www-Authenticate"}

func (r *replay) checkAnswer(s *step, got *http.Response) {
	where := fmt.Sprintf("%.1f ms: %s %s %.200s (%s)", s.At, s.Request.Method, s.Request.Path, s.body(), s.Note)
	want := s.Response
	if want == nil {
		return
	}
	if got.StatusCode != want.Status {
		var body []byte
		if got.StatusCode != http.StatusOK { // a stream would not end
			body, _ = io.ReadAll(got.Body)
		}
		r.t.Errorf("%s:\n got status %d %s\nwant %d %s", where, got.StatusCode, body, want.Status, want.Body)
		return
	}
	header := http.Header{}
	for _, h := range want.Headers {
		header.Add(h[0], h[1])
	}
	if id := header.Get(streamHeader); id != "" {
		r.set(id, got.Header.Get(streamHeader))
	}
	for _, name := range compared {
		if g, w := got.Header.Get(name), r.translate(header.Get(name)); g != w && s.Request.Method != http.MethodHead {
			r.t.Errorf("%s:\n got header %s: %s\nwant %s", where, name, g, w)
		}
	}
	if want.Status == http.StatusOK && s.Events == nil {
		body, _ := io.ReadAll(got.Body)
		r.compareBody(s, where, string(body))
	}
	if want.Status != http.StatusOK {
		body, _ := io.ReadAll(got.Body)
		if w := r.translate(want.Body); string(body) != w {
			r.t.Errorf("%s:\n got body %s\nwant %s", where, body, w)
		}
	}
}

// compareBody compares the body of a good answer.
func (r *replay) compareBody(s *step, where, got string) {
	want := s.Response.Body
	if len(s.Response.Packed) > 0 {
		want, got = unpacked(r.t, s.Response.Packed), unpacked(r.t, []byte(got))
	}
	switch {
	case s.Request.Method == http.MethodHead || strings.HasPrefix(s.Request.Path, "/metrics/"):
		// The real one sends a body (OBSERVATIONS 2.4), and more figures.
	case want == "" || want[0] != '{' && want[0] != '[' && !strings.HasPrefix(want, "cb("):
		if got != r.translate(want) {
			r.t.Errorf("%s:\n got body %.300s\nwant %.300s", where, got, want)
		}
	default:
		r.compareRead(where, want, got)
	}
}

func unpacked(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	out, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}
