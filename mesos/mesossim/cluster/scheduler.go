package cluster

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/mesos/mesos-go/api/v1/lib/scheduler"

	"github.com/hora-scheduler/hora/mesos/mesossim"
	"github.com/hora-scheduler/hora/mesos/mesossim/wire"
)

// Media types of the scheduler API.
const (
	mediaJSON     = "application/json"
	mediaProtobuf = "application/x-protobuf"
	streamHeader  = "Mesos-Stream-Id"
)

// handler answers HTTP requests to the master and the agents.
type handler struct {
	core        *core
	config      Config
	profile     mesossim.Profile
	rules       wire.Rules
	mode        *mode
	faults      *Faults
	credentials map[string]string
	address     string   // of the master, host:port
	addresses   []string // of the agents
}

func newHandler(c *core, p mesossim.Profile, config Config) *handler {
	return &handler{
		core: c, config: config, profile: p, credentials: config.Credentials, mode: &mode{}, faults: newFaults(),
		rules: wire.Rules{
			DropUnknownEnums: p >= 5, NumericStrings: p >= 6, Maps: p >= 6,
			KnownEnum: p.KnowsEnum, KnownField: p.KnowsField,
		},
	}
}

// plain writes a short answer with the master's headers.
func plain(w http.ResponseWriter, status int, body string) {
	h := w.Header()
	if body != "" {
		h.Set("Content-Type", "text/plain; charset=utf-8")
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// scheduler is the v1 scheduler API; the order of the checks is that of Mesos
// contract 1.1.
func (h *handler) scheduler(w http.ResponseWriter, r *http.Request) {
	h.faults.linger(r.Context().Done())
	principal, ok := h.authenticate(r)
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="mesos-master-scheduler"`)
		plain(w, http.StatusUnauthorized, "")
		return
	}
	if h.mode.answered(w, r, "/master/api/v1/scheduler") {
		return
	}
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", "POST")
		plain(w, http.StatusMethodNotAllowed, "Expecting one of { 'POST' }, but received '"+r.Method+"'")
		return
	}
	call, refusal := h.read(r, principal)
	if refusal != nil {
		plain(w, refusal.Status, refusal.Body)
		return
	}
	if call.Type == scheduler.Call_SUBSCRIBE {
		h.subscribe(w, r, call, principal)
		return
	}
	h.core.do(func(m *mesossim.Model, now time.Time) {
		if refusal = m.Admit(call, r.Header.Get(streamHeader), principal); refusal == nil {
			refusal = m.Call(now, call)
		}
	})
	switch {
	case refusal != nil:
		plain(w, refusal.Status, refusal.Body)
	case call.Type == scheduler.Call_UPDATE_FRAMEWORK:
		plain(w, http.StatusOK, "")
	default:
		plain(w, http.StatusAccepted, "")
	}
}

// authenticate checks basic authentication, if it is on.
func (h *handler) authenticate(r *http.Request) (principal string, ok bool) {
	if len(h.credentials) == 0 {
		return "", true
	}
	encoded, found := strings.CutPrefix(r.Header.Get("Authorization"), "Basic ")
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if !found || err != nil {
		return "", false
	}
	parts := strings.Split(string(raw), ":")
	if len(parts) != 2 {
		return "", false // a secret with a colon can't be given (contract 1.2)
	}
	secret, known := h.credentials[parts[0]]
	return parts[0], known && secret == parts[1]
}

// read makes a Call of a request, checks 5 to 8.
func (h *handler) read(r *http.Request, principal string) (*scheduler.Call, *mesossim.Refusal) {
	bad := func(status int, body string) (*scheduler.Call, *mesossim.Refusal) {
		return nil, &mesossim.Refusal{Status: status, Body: body}
	}
	body, err := readBody(r)
	if err != nil {
		return bad(http.StatusInternalServerError, "failed to decode body")
	}
	types, present := r.Header["Content-Type"]
	if !present {
		return bad(http.StatusBadRequest, "Expecting 'Content-Type' to be present")
	}
	call := &scheduler.Call{}
	var typed bool
	switch types[0] {
	case mediaJSON:
		object, err := wire.Convert(body, call, h.rules)
		var syntax *wire.ParseError
		if errors.As(err, &syntax) {
			return bad(http.StatusBadRequest, "Failed to parse body into JSON: "+err.Error())
		}
		if err != nil {
			return bad(http.StatusBadRequest, "Failed to convert JSON into Call protobuf: "+err.Error())
		}
		_, known := scheduler.Call_Type_name[int32(call.Type)]
		typed = object.Has("type") && known && (call.Type != scheduler.Call_UNKNOWN || object.Text("type") == "UNKNOWN")
	case mediaProtobuf:
		if err := call.Unmarshal(body); err != nil {
			return bad(http.StatusBadRequest, "Failed to parse body into Call protobuf")
		}
		typed = call.Type != scheduler.Call_UNKNOWN || wire.HasVarint(body, 2)
	default:
		return bad(http.StatusUnsupportedMediaType, "Expecting 'Content-Type' of application/json or application/x-protobuf")
	}
	var refusal *mesossim.Refusal
	h.core.view(func(m *mesossim.Model) { refusal = m.Validate(call, typed, principal) })
	return call, refusal
}

// readBody reads a request's body, unpacked if it is labelled gzip.
func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "gzip" {
		return body, err
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// accepts tells whether an Accept header allows a media type. Quality values are
// not weighed, but q=0 forbids; an empty header allows nothing (OBSERVATIONS 2.20).
func accepts(header []string, media string) bool {
	if header == nil {
		return true
	}
	main, _, _ := strings.Cut(media, "/")
	for item := range strings.SplitSeq(strings.Join(header, ","), ",") {
		name, params, _ := strings.Cut(item, ";")
		name = strings.TrimSpace(name)
		if name != media && name != main+"/*" && name != "*/*" {
			continue
		}
		q := 1.0
		for p := range strings.SplitSeq(params, ";") {
			if v, ok := strings.CutPrefix(strings.TrimSpace(p), "q="); ok {
				if f, err := strconv.ParseFloat(v, 64); err == nil {
					q = f
				}
			}
		}
		if q > 0 {
			return true
		}
	}
	return false
}

// subscribe answers SUBSCRIBE with a stream, checks 9 to 11.
func (h *handler) subscribe(w http.ResponseWriter, r *http.Request, call *scheduler.Call, principal string) {
	accept := r.Header["Accept"]
	media := mediaJSON
	if !accepts(accept, mediaJSON) {
		media = mediaProtobuf
		if !accepts(accept, mediaProtobuf) {
			plain(w, http.StatusNotAcceptable, "Expecting 'Accept' to allow 'application/x-protobuf' or 'application/json'")
			return
		}
	}
	if _, present := r.Header[streamHeader]; present {
		plain(w, http.StatusBadRequest, "Subscribe calls should not include the 'Mesos-Stream-Id' header")
		return
	}
	conn, buf, err := http.NewResponseController(w).Hijack()
	if err != nil {
		plain(w, http.StatusInternalServerError, err.Error())
		return
	}
	s := newStream(conn)
	h.core.do(func(m *mesossim.Model, now time.Time) {
		s.id = m.Subscribe(now, call, principal)
		h.core.streams[s.id] = s
	})
	pump{h: h, stream: s, in: buf.Reader, media: media}.run()
}
