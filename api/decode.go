package api

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hora-scheduler/hora/job"
	"github.com/hora-scheduler/hora/message"
	"github.com/hora-scheduler/hora/schedule"
	"github.com/hora-scheduler/hora/scheduler"
)

// defaultRetries are Chronos' (contract 2.2).
const defaultRetries = 2

// posted is what the body of a POST says.
type posted struct {
	job       *job.Job
	counters  *scheduler.Counters // nil: it says nothing of them
	dependent bool                // parents or trigger stand in it, be they empty
	once      bool                // it does not say when: once, now
}

// decodeJob reads a job as the release of Chronos that d stands for reads it
// (Chronos contract 2.1 to 2.4), and hora's own fields. Members of unknown name
// are passed over, but on hora's own paths; a member of a wrong shape is refused
// with its name.
func decodeJob(n node, d dialect, def Defaults) (posted, error) {
	if n.kind != object {
		return posted{}, badRequest("the body is %v, want a JSON object", kindNames[n.kind])
	}
	r := &reader{node: &n}
	if d == own {
		r.asked = make(map[string]bool)
	}
	p := posted{job: &job.Job{}}
	p.readAll(r, d, def)
	if d == own {
		r.strangers()
	}
	if r.err != nil {
		return posted{}, r.err
	}
	return p, checkStored(p.job)
}

func (p *posted) readAll(r *reader, d dialect, def Defaults) {
	readIdentity(r, p.job, d)
	readWork(r, p.job, d, def)
	readResources(r, p.job, def)
	readWhen(r, p)
	readPolicies(r, p.job, d, def)
	p.counters = readCounters(r)
	p.job.Container = readContainer(r, d)
}

func readIdentity(r *reader, j *job.Job, d dialect) {
	j.Name = r.required("name")
	j.Command = r.text("command", "")
	if _, ok := r.member("command"); !ok && d == v24 {
		r.fail("command", "is missing")
	}
	j.Description = r.text("description", "")
	j.Owner = r.text("owner", "")
	j.OwnerName = r.text("ownerName", "")
}

func readWork(r *reader, j *job.Job, d dialect, def Defaults) {
	j.Shell = r.bool("shell", true)
	j.Arguments = r.texts("arguments")
	j.Environment = r.pairs("environmentVariables", "name", "value")
	j.URIs = r.texts("uris")
	j.RunAsUser = r.optional("runAsUser", def.User)
	j.Executor = r.text("executor", "")
	j.ExecutorFlags = r.text("executorFlags", "")
	if d == v24 {
		return // fetch and taskInfoData came later
	}
	j.TaskInfoData = r.text("taskInfoData", "")
	r.objects("fetch", func(in *reader) {
		j.Fetch = append(j.Fetch, job.Fetch{
			URI: in.text("uri", ""), OutputFile: in.text("output_file", ""),
			Executable: in.bool("executable", false), Cache: in.bool("cache", false), Extract: in.bool("extract", true),
		})
	})
}

func readResources(r *reader, j *job.Job, def Defaults) {
	for _, f := range []struct {
		name    string
		to      *float64
		missing float64
	}{{"cpus", &j.CPUs, def.CPUs}, {"mem", &j.Mem, def.Mem}, {"disk", &j.Disk, def.Disk}} {
		if *f.to = r.float(f.name); *f.to == 0 {
			*f.to = f.missing
		}
	}
	j.GPUs = r.small("gpus", 0)
	j.Ports = r.small("ports", 0)
	for i, n := range r.list("constraints") {
		in := &reader{node: &n}
		if n.kind != list || len(n.items) != 3 {
			r.fail("constraints", "item %d is %v, want [attribute, operator, value]", i, in.quoted())
			return
		}
		var parts [3]string
		for k := range parts {
			s, err := n.items[k].asText()
			if err != nil {
				r.fail("constraints", "item %d: %w", i, err)
			}
			parts[k] = s
		}
		j.Constraints = append(j.Constraints, job.Constraint{Attribute: parts[0], Operator: parts[1], Value: parts[2]})
	}
	j.HighPriority = r.bool("highPriority", false)
}

// readWhen reads what says when the job runs.
func readWhen(r *reader, p *posted) {
	j := p.job
	_, hasParents := r.member("parents")
	_, hasSchedule := r.member("schedule")
	for _, name := range r.texts("parents") {
		if !slices.Contains(j.Parents, name) {
			j.Parents = append(j.Parents, name)
		}
	}
	j.Trigger = r.own("trigger")
	j.ParentsMode = r.own("parentsMode")
	j.Schedule = r.text("schedule", "")
	j.Zone = r.optional("scheduleTimeZone", "")
	p.dependent = hasParents || j.Trigger != ""
	p.once = !hasSchedule && !p.dependent
	if !p.dependent {
		return
	}
	if !r.has("schedule") {
		j.Schedule = ""
	}
	if j.Schedule != "" && (len(j.Parents) > 0 || j.Trigger != "") {
		r.fail("schedule", "stands beside parents or trigger, a job has one of them")
	}
	if len(j.Parents) > 0 && j.Trigger != "" {
		r.fail("trigger", "stands beside parents, a job has one of them")
	}
	if j.Schedule == "" {
		j.Zone = "" // it says nothing without a schedule, and is not shown
	}
}

func readPolicies(r *reader, j *job.Job, d dialect, def Defaults) {
	j.Retries = r.small("retries", defaultRetries)
	j.Disabled = r.bool("disabled", false)
	j.SoftError = r.bool("softError", false)
	j.DataJob = r.bool("dataProcessingJobType", false)
	j.Async = r.bool("async", false)
	readEpsilon(r, j, d, def)
	for name, to := range map[string]*string{
		"catchUp": &j.CatchUp, "overlap": &j.Overlap, "retryInterval": &j.RetryInterval, "retryBackoff": &j.RetryBackoff,
		"retryMaxInterval": &j.RetryMaxInterval, "jitter": &j.Jitter, "dstGap": &j.DSTGap, "dstOverlap": &j.DSTOverlap,
		"notBefore": &j.NotBefore, "notAfter": &j.NotAfter, "expectedDuration": &j.ExpectedDuration, "notify": &j.Notify, "managedBy": &j.ManagedBy,
	} {
		*to = r.own(name)
	}
	if d != v24 && r.bool("concurrent", false) {
		if j.Overlap != "" && j.Overlap != "allow" {
			r.fail("overlap", "is %q, but concurrent is true, which is overlap allow", j.Overlap)
		}
		j.Overlap = "allow"
	}
	j.MaxConcurrent = r.small("maxConcurrent", 0)
	j.RetryJitter = r.float("retryJitter")
	j.RetryOn = r.texts("retryOn")
	j.Timeout = readTimeout(r)
}

// readEpsilon reads the start deadline. 2.4 has one for every job.
func readEpsilon(r *reader, j *job.Job, d dialect, def Defaults) {
	n, ok := r.member("epsilon")
	switch {
	case !ok && d == v24:
		if def.Epsilon > 0 {
			j.Epsilon = fmt.Sprintf("PT%dS", int64(def.Epsilon/time.Second))
		}
	case ok && n.kind == null && d == v24:
		r.fail("epsilon", "is null, want an ISO 8601 duration such as PT30M")
	case ok && n.kind != null:
		if j.Epsilon = r.text("epsilon", ""); j.Epsilon == "" {
			return
		}
		period, err := schedule.ParseDuration(j.Epsilon)
		if err != nil {
			r.fail("epsilon", "%w", err)
			return
		}
		j.Epsilon = period.String()
	}
}

// own reads a text of one of hora's own fields: nothing else will do.
func (r *reader) own(name string) string {
	n, ok := r.member(name)
	if !ok || n.kind == null {
		return ""
	}
	if n.kind != text {
		r.fail(name, "is %v, want a text", kindNames[n.kind])
	}
	return n.text
}

// readTimeout reads timeout, or Chronos' later name for it, maxCompletionTime:
// a number of seconds or an ISO 8601 duration.
func readTimeout(r *reader) string {
	one, two := r.seconds("timeout"), r.seconds("maxCompletionTime")
	if one != "" && two != "" && one != two {
		r.fail("timeout", "is %s, but maxCompletionTime, which means the same, is %s", one, two)
	}
	if one == "" {
		return two
	}
	return one
}

func (r *reader) seconds(name string) string {
	n, ok := r.member(name)
	if !ok || n.kind == null {
		return ""
	}
	if n.kind != text && n.kind != number {
		r.fail(name, "is %v, want a number of seconds or an ISO 8601 duration", kindNames[n.kind])
		return ""
	}
	v, err := strconv.ParseFloat(strings.TrimSpace(n.text), 64)
	switch {
	case err != nil && n.kind == text:
		return n.text // a duration; the core reads it
	case v == 0:
		return ""
	case err != nil || !(v > 0 && v <= math.MaxInt32):
		r.fail(name, "%v seconds are out of range, want a number above 0, or 0 for none", n.quoted())
		return ""
	}
	return "PT" + strconv.FormatFloat(v, 'f', -1, 64) + "S"
}

// readCounters reads Chronos' figures. A body that has one of them sets all.
func readCounters(r *reader) *scheduler.Counters {
	var c scheduler.Counters
	any := false
	for _, f := range []struct {
		name string
		to   *int64
	}{{"successCount", &c.SuccessCount}, {"errorCount", &c.ErrorCount}, {"errorsSinceLastSuccess", &c.ErrorsSinceLastSuccess}} {
		if _, ok := r.member(f.name); ok {
			any = true
		}
		*f.to = r.integer(f.name, 0)
	}
	for _, f := range []struct {
		name string
		to   *time.Time
	}{{"lastSuccess", &c.LastSuccess}, {"lastError", &c.LastError}} {
		if _, ok := r.member(f.name); ok {
			any = true
		}
		var err error
		if *f.to, err = readTime(r.optional(f.name, "")); err != nil {
			r.fail(f.name, "%w", err)
		}
	}
	if !any {
		return nil
	}
	return &c
}

// timeLayouts are the forms of a time that clients send; Chronos sends the first.
var timeLayouts = [...]string{"2006-01-02T15:04:05.999999999Z07:00", "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04Z07:00", "2006-01-02"}

// readTime reads a time, "" is the zero time.
func readTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range timeLayouts {
		if t, err := time.Parse(layout, text); err == nil && t.Year() >= 1 && t.Year() <= 9999 {
			return t.UTC(), nil
		}
	}
	return time.Time{}, message.Errorf("%.60q is not a time, want for example 2026-01-02T03:04:05.678Z", text)
}

// checkStored refuses what becomes too long for a store when it is written as
// JSON there: control characters and < > & take six bytes each.
func checkStored(j *job.Job) error {
	if n := storedBytes(j); n > maxStored && len(j.Command) <= job.MaxCommandBytes {
		return &job.FieldError{Field: "job", Err: message.Errorf("takes %d bytes when stored, at most %d are allowed", n, maxStored)}
	}
	return nil
}

// maxStored leaves room for what else is in a record and in a commit.
const maxStored = 560 << 10

func storedBytes(j *job.Job) int {
	sum := 0
	add := func(list ...string) {
		for _, s := range list {
			sum += len(s) + 20
			for i := range len(s) {
				switch c := s[i]; {
				case c < ' ', c == '<', c == '>', c == '&', c == 0xe2: // U+2028 begins with 0xe2
					sum += 5
				case c == '"', c == '\\':
					sum++
				}
			}
		}
	}
	add(j.Name, j.Description, j.Owner, j.OwnerName, j.Command, j.RunAsUser, j.Executor, j.ExecutorFlags, j.TaskInfoData)
	add(j.Schedule, j.Zone, j.Trigger, j.Timeout, j.Jitter, j.RetryInterval, j.RetryMaxInterval, j.Notify, j.ManagedBy)
	add(j.Arguments...)
	add(j.URIs...)
	add(j.Parents...)
	add(j.RetryOn...)
	for _, v := range j.Environment {
		add(v.Name, v.Value)
	}
	for _, f := range j.Fetch {
		add(f.URI, f.OutputFile)
	}
	for _, c := range j.Constraints {
		add(c.Attribute, c.Operator, c.Value)
	}
	if k := j.Container; k != nil {
		sum += containerBytes(k, add)
	}
	return sum
}

func containerBytes(k *job.Container, add func(...string)) int {
	n := 0
	pairs := func(list []job.Variable) {
		for _, v := range list {
			add(v.Name, v.Value)
		}
	}
	add(k.Image, k.NetworkName)
	pairs(k.Parameters)
	for _, v := range k.Volumes {
		add(v.HostPath, v.ContainerPath)
		if v.External != nil {
			add(v.External.Name, v.External.Provider)
			pairs(v.External.Options)
		}
	}
	for _, i := range k.NetworkInfos {
		add(i.Name)
		pairs(i.Labels)
		for _, p := range i.PortMappings {
			add(p.Protocol)
			n += 60
		}
	}
	return n
}

// keep fills in what a client of 2.4 cannot know of a job that is there, so that
// saving the job does not lose it.
func (p *posted) keep(old *job.Job) {
	j := p.job
	j.Fetch, j.TaskInfoData = old.Fetch, old.TaskInfoData
	if k, was := j.Container, old.Container; k != nil && was != nil && k.Image == was.Image {
		k.Type, k.NetworkName, k.NetworkInfos, k.Parameters = was.Type, was.NetworkName, was.NetworkInfos, was.Parameters
		for i := range k.Volumes {
			if i < len(was.Volumes) && was.Volumes[i].ContainerPath == k.Volumes[i].ContainerPath {
				k.Volumes[i].External = was.Volumes[i].External
			}
		}
	}
}

var errBothFetch = errors.New("uris and fetch name different files")

// untangle makes one of uris and fetch out of both, if they say the same: so
// the list of jobs shows them. Else it is an error.
func untangle(j, old *job.Job) error {
	if len(j.URIs) == 0 || len(j.Fetch) == 0 {
		return nil
	}
	plain := true
	for i, f := range j.Fetch {
		if i >= len(j.URIs) || f.URI != j.URIs[i] {
			return errBothFetch
		}
		plain = plain && f == job.Fetch{URI: f.URI, Extract: true}
	}
	if len(j.URIs) != len(j.Fetch) {
		return errBothFetch
	}
	if plain && (old == nil || len(old.Fetch) == 0) {
		j.Fetch = nil
	} else {
		j.URIs = nil
	}
	return nil
}
