package api

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/scheduler/leader"
)

// writer writes JSON on one line, as Jackson does: members in the order they
// are given, doubles with a point, and no more escapes than needed.
type writer struct {
	buf  []byte
	next bool // a comma is due
}

// drain hands on what was written.
func (w *writer) drain(out io.Writer) error {
	_, err := out.Write(w.buf)
	w.buf = w.buf[:0]
	return err
}

func (w *writer) comma() {
	if w.next {
		w.buf = append(w.buf, ',')
	}
	w.next = true
}

func (w *writer) open(c byte) {
	w.comma()
	w.buf = append(w.buf, c)
	w.next = false
}

func (w *writer) close(c byte) {
	w.buf = append(w.buf, c)
	w.next = true
}

// key begins a member; its value comes without a comma.
func (w *writer) key(name string) *writer {
	w.comma()
	w.buf = append(appendText(w.buf, name), ':')
	w.next = false
	return w
}

func (w *writer) text(s string) {
	w.comma()
	w.buf = appendText(w.buf, s)
}

func (w *writer) bool(b bool) {
	w.comma()
	w.buf = strconv.AppendBool(w.buf, b)
}

func (w *writer) int(n int64) {
	w.comma()
	w.buf = strconv.AppendInt(w.buf, n, 10)
}

func (w *writer) double(f float64) {
	w.comma()
	w.buf = appendDouble(w.buf, f)
}

func (w *writer) texts(list []string) {
	w.open('[')
	for _, s := range list {
		w.text(s)
	}
	w.close(']')
}

func (w *writer) pairs(list []job.Variable, key, value string) {
	w.open('[')
	for _, v := range list {
		w.open('{')
		w.key(key).text(v.Name)
		w.key(value).text(v.Value)
		w.close('}')
	}
	w.close(']')
}

const hexDigits = "0123456789ABCDEF"

// appendText writes a text in quotes with Jackson's escapes.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			_, n := utf8.DecodeRuneInString(s[i:])
			b = append(b, s[i:i+n]...)
			i += n
			continue
		}
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if c < ' ' {
				b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
			} else {
				b = append(b, c)
			}
		}
		i++
	}
	return append(b, '"')
}

// appendDouble writes a number as Java's Double.toString: 0.1, 128.0, 1.0E7.
func appendDouble(b []byte, f float64) []byte {
	if abs := max(f, -f); abs != 0 && (abs >= 1e7 || abs < 1e-3) {
		mantissa, exponent, _ := strings.Cut(strconv.FormatFloat(f, 'E', -1, 64), "E")
		b = append(b, mantissa...)
		if !strings.Contains(mantissa, ".") {
			b = append(b, ".0"...)
		}
		n, _ := strconv.Atoi(exponent)
		return strconv.AppendInt(append(b, 'E'), int64(n), 10)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	for _, c := range b[start:] {
		if c == '.' {
			return b
		}
	}
	return append(b, ".0"...)
}

// timeText is a time as Chronos shows it, "" for none.
func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z")
}

// job writes a job in the order of the fields of Chronos (contract 2.2), then
// hora's own fields where they are set. when is its schedule as it is shown.
// On hora's own paths the counters are no part of a definition.
func (w *writer) job(j *leader.Job, d dialect, when string) {
	def, st := j.Job, j.State
	w.open('{')
	w.key("name").text(def.Name)
	w.key("command").text(def.Command)
	w.key("shell").bool(def.Shell)
	if d == v24 {
		w.key("epsilon").text(def.Epsilon)
	}
	w.key("executor").text(def.Executor)
	w.key("executorFlags").text(def.ExecutorFlags)
	if d != v24 {
		w.key("taskInfoData").text(def.TaskInfoData)
	}
	w.key("retries").int(int64(def.Retries))
	w.key("owner").text(def.Owner)
	w.key("ownerName").text(def.OwnerName)
	w.key("description").text(def.Description)
	if d == v24 {
		w.key("async").bool(def.Async)
	}
	if d != own {
		w.key("successCount").int(st.SuccessCount)
		w.key("errorCount").int(st.ErrorCount)
		w.key("lastSuccess").text(timeText(st.LastSuccess))
		w.key("lastError").text(timeText(st.LastError))
	}
	w.key("cpus").double(def.CPUs)
	w.key("disk").double(def.Disk)
	w.key("mem").double(def.Mem)
	w.key("disabled").bool(def.Disabled)
	w.key("softError").bool(def.SoftError)
	w.key("dataProcessingJobType").bool(def.DataJob)
	if d != own {
		w.key("errorsSinceLastSuccess").int(st.ErrorsSinceLastSuccess)
	}
	w.work(def, d)
	switch {
	case def.Schedule != "":
		w.key("schedule").text(when)
		w.key("scheduleTimeZone").text(def.Zone)
	case d != own || def.Trigger == "":
		w.key("parents").texts(def.Parents)
	}
	w.own(def, d)
	w.close('}')
}

// work writes what stands in the middle of a job.
func (w *writer) work(def *job.Job, d dialect) {
	if d != v24 {
		w.key("fetch").fetch(def.Fetch)
	}
	w.key("uris").texts(def.URIs)
	w.key("environmentVariables").pairs(def.Environment, "name", "value")
	w.key("arguments").texts(def.Arguments)
	w.key("highPriority").bool(def.HighPriority)
	w.key("runAsUser").text(def.RunAsUser)
	if d == v30 {
		w.key("concurrent").bool(def.Overlap == "allow")
	}
	if def.Container != nil {
		w.key("container").container(def.Container, d)
	}
	w.key("constraints").open('[')
	for _, c := range def.Constraints {
		w.texts([]string{c.Attribute, c.Operator, c.Value})
	}
	w.close(']')
}

// own writes the fields that Chronos does not have, or this release of it.
func (w *writer) own(def *job.Job, d dialect) {
	overlap := def.Overlap
	if d != v24 {
		if def.Epsilon != "" {
			w.key("epsilon").text(def.Epsilon)
		}
		if def.Async {
			w.key("async").bool(true)
		}
		if overlap == "allow" && d == v30 {
			overlap = "" // concurrent says it
		}
	}
	for _, f := range []struct{ name, text string }{
		{"trigger", def.Trigger}, {"parentsMode", def.ParentsMode}, {"catchUp", def.CatchUp}, {"overlap", overlap},
	} {
		if f.text != "" {
			w.key(f.name).text(f.text)
		}
	}
	if def.MaxConcurrent != 0 {
		w.key("maxConcurrent").int(int64(def.MaxConcurrent))
	}
	for _, f := range []struct{ name, text string }{
		{"retryInterval", def.RetryInterval}, {"retryBackoff", def.RetryBackoff}, {"retryMaxInterval", def.RetryMaxInterval},
	} {
		if f.text != "" {
			w.key(f.name).text(f.text)
		}
	}
	if def.RetryJitter != 0 {
		w.key("retryJitter").double(def.RetryJitter)
	}
	if len(def.RetryOn) > 0 {
		w.key("retryOn").texts(def.RetryOn)
	}
	if def.Timeout != "" {
		w.key("timeout").text(def.Timeout)
	}
	if def.GPUs != 0 {
		w.key("gpus").int(int64(def.GPUs))
	}
	if def.Ports != 0 {
		w.key("ports").int(int64(def.Ports))
	}
	for _, f := range []struct{ name, text string }{{"jitter", def.Jitter}, {"dstGap", def.DSTGap}, {"dstOverlap", def.DSTOverlap}, {"notBefore", def.NotBefore}, {"notAfter", def.NotAfter}, {"expectedDuration", def.ExpectedDuration}, {"notify", def.Notify}, {"managedBy", def.ManagedBy}} {
		if f.text != "" {
			w.key(f.name).text(f.text)
		}
	}
}

func (w *writer) fetch(list []job.Fetch) {
	w.open('[')
	for _, f := range list {
		w.open('{')
		w.key("uri").text(f.URI)
		w.key("executable").bool(f.Executable)
		w.key("cache").bool(f.Cache)
		w.key("extract").bool(f.Extract)
		if f.OutputFile != "" {
			w.key("output_file").text(f.OutputFile)
		}
		w.close('}')
	}
	w.close(']')
}

func (w *writer) container(k *job.Container, d dialect) {
	w.open('{')
	if d == v24 {
		w.key("type").text(strings.ToLower(k.Type))
	} else {
		w.key("type").text(k.Type)
	}
	w.key("image").text(k.Image)
	w.key("network").text(k.Network)
	if d != v24 {
		if k.NetworkName != "" {
			w.key("networkName").text(k.NetworkName)
		}
		w.key("networkInfos").networks(k.NetworkInfos)
	}
	w.key("volumes").volumes(k.Volumes, d)
	w.key("forcePullImage").bool(k.ForcePullImage)
	if d != v24 {
		w.key("parameters").pairs(k.Parameters, "key", "value")
	}
	w.close('}')
}

func (w *writer) networks(list []job.NetworkInfo) {
	w.open('[')
	for _, i := range list {
		w.open('{')
		w.key("name").text(i.Name)
		if i.Protocol != "" {
			w.key("protocol").text(i.Protocol)
		}
		w.key("labels").pairs(i.Labels, "key", "value")
		w.key("portMappings").open('[')
		for _, p := range i.PortMappings {
			w.open('{')
			w.key("hostPort").text(strconv.Itoa(p.HostPort))
			w.key("containerPort").text(strconv.Itoa(p.ContainerPort))
			if p.Protocol != "" {
				w.key("protocol").text(p.Protocol)
			}
			w.close('}')
		}
		w.close(']')
		w.close('}')
	}
	w.close(']')
}

func (w *writer) volumes(list []job.Volume, d dialect) {
	w.open('[')
	for _, v := range list {
		w.open('{')
		if v.HostPath != "" {
			w.key("hostPath").text(v.HostPath)
		}
		w.key("containerPath").text(v.ContainerPath)
		if v.Mode != "" {
			w.key("mode").text(v.Mode)
		}
		if v.External != nil && d != v24 {
			w.key("external").open('{')
			w.key("name").text(v.External.Name)
			w.key("provider").text(v.External.Provider)
			w.key("options").pairs(v.External.Options, "key", "value")
			w.close('}')
		}
		w.close('}')
	}
	w.close(']')
}
