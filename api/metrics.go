package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/hora-scheduler/hora/scheduler"
)

// apiPackage is before the names of Chronos' timers.
const apiPackage = "org.apache.mesos.chronos.scheduler.api."

// samples is how many durations a timer remembers.
const samples = 1028

// timer measures calls of one kind as Dropwizard's timers do, with the latest
// calls as its sample.
type timer struct {
	count  int64
	recent []time.Duration // a ring
	began  time.Time
	rates  [3]float64 // calls a second, over 1, 5 and 15 minutes
	unseen int64      // calls since the last tick
	ticked time.Time
}

// timers are those of the calls of the API.
type timers struct {
	mu    sync.Mutex
	named map[string]*timer
}

// newTimers knows the timers of both releases from the start.
func newTimers() *timers {
	t := &timers{named: make(map[string]*timer)}
	now := time.Now()
	for _, r := range slices.Concat(both, only24, only30) {
		if r.timer != "" {
			t.named[r.timer] = &timer{began: now, ticked: now}
		}
	}
	return t
}

func (t *timers) observe(_ dialect, name string, took time.Duration) {
	if name == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.named[name]
	x.tick(time.Now())
	if len(x.recent) < samples {
		x.recent = append(x.recent, took)
	} else {
		x.recent[x.count%samples] = took
	}
	x.count++
	x.unseen++
}

// tickTime is how often rates are brought up to date.
const tickTime = 5 * time.Second

// tick moves the rates on.
func (x *timer) tick(now time.Time) {
	n := int64(now.Sub(x.ticked) / tickTime)
	if n <= 0 {
		return
	}
	x.ticked = x.ticked.Add(time.Duration(n) * tickTime)
	rate := float64(x.unseen) / tickTime.Seconds()
	x.unseen = 0
	for i, minutes := range [3]float64{1, 5, 15} {
		alpha := 1 - math.Exp(-tickTime.Seconds()/60/minutes)
		x.rates[i] += alpha * (rate - x.rates[i])
		x.rates[i] *= math.Pow(1-alpha, float64(n-1)) // ticks without a call
	}
}

// distribution is how Dropwizard writes values.
type distribution struct {
	Count  int64   `json:"count"`
	Max    float64 `json:"max"`
	Mean   float64 `json:"mean"`
	Min    float64 `json:"min"`
	P50    float64 `json:"p50"`
	P75    float64 `json:"p75"`
	P95    float64 `json:"p95"`
	P98    float64 `json:"p98"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p999"`
	StdDev float64 `json:"stddev"`
}

// meterJSON is a timer as Dropwizard writes it.
type meterJSON struct {
	distribution
	M15   float64 `json:"m15_rate"`
	M1    float64 `json:"m1_rate"`
	M5    float64 `json:"m5_rate"`
	Mean  float64 `json:"mean_rate"`
	Units string  `json:"duration_units"`
	Rate  string  `json:"rate_units"`
}

// distribute describes values; count is how many there were in all.
func distribute(values []float64, count int64) distribution {
	d := distribution{Count: count}
	if len(values) == 0 {
		return d
	}
	sorted := slices.Sorted(slices.Values(values))
	sum := 0.0
	for _, v := range sorted {
		sum += v
	}
	d.Min, d.Max, d.Mean = sorted[0], sorted[len(sorted)-1], sum/float64(len(sorted))
	for _, v := range sorted {
		d.StdDev += (v - d.Mean) * (v - d.Mean)
	}
	if len(sorted) > 1 {
		d.StdDev = math.Sqrt(d.StdDev / float64(len(sorted)-1))
	} else {
		d.StdDev = 0
	}
	d.P50, d.P75, d.P95 = quantile(sorted, .5), quantile(sorted, .75), quantile(sorted, .95)
	d.P98, d.P99, d.P999 = quantile(sorted, .98), quantile(sorted, .99), quantile(sorted, .999)
	return d
}

// quantile interpolates between the two nearest values, as Dropwizard does.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	pos := q * float64(len(sorted)+1)
	i := int(pos)
	switch {
	case i < 1:
		return sorted[0]
	case i >= len(sorted):
		return sorted[len(sorted)-1]
	}
	return sorted[i-1] + (pos-float64(i))*(sorted[i]-sorted[i-1])
}

func (t *timers) json(now time.Time) map[string]meterJSON {
	t.mu.Lock()
	defer t.mu.Unlock()
	out := make(map[string]meterJSON, len(t.named))
	for name, x := range t.named {
		x.tick(now)
		values := make([]float64, len(x.recent))
		for i, v := range x.recent {
			values[i] = v.Seconds()
		}
		m := meterJSON{distribution: distribute(values, x.count), M1: x.rates[0], M5: x.rates[1], M15: x.rates[2], Units: "seconds", Rate: "calls/second"}
		if age := now.Sub(x.began).Seconds(); age > 0 {
			m.Mean = float64(x.count) / age
		}
		out[apiPackage+name] = m
	}
	return out
}

// gaugeJSON and counterJSON are as Dropwizard writes them.
type (
	gaugeJSON struct {
		Value any `json:"value"`
	}
	counterJSON struct {
		Count int64 `json:"count"`
	}
)

// metricsJSON is /metrics of Chronos (contract 10).
type metricsJSON struct {
	Version    string                  `json:"version"`
	Gauges     map[string]gaugeJSON    `json:"gauges"`
	Counters   map[string]counterJSON  `json:"counters"`
	Histograms map[string]distribution `json:"histograms"`
	Meters     map[string]any          `json:"meters"`
	Timers     map[string]meterJSON    `json:"timers"`
}

// chronosMetrics gives the figures of Chronos that hora has, under their names.
func (s *server) chronosMetrics(c call) (response, error) {
	out := metricsJSON{
		Version: "3.0.0", Counters: map[string]counterJSON{}, Histograms: map[string]distribution{}, Meters: map[string]any{},
		Timers: s.timers.json(time.Now()),
	}
	now := time.Now()
	var queued, high int64
	v := s.Scheduler.View()
	for j := range v.Jobs() {
		_, n := doing(j, now)
		if j.Job.HighPriority {
			high += int64(n)
		} else {
			queued += int64(n)
		}
		if j.State.SuccessCount != 0 || j.State.ErrorCount != 0 {
			out.Counters["jobs.run.success."+j.Job.Name] = counterJSON{j.State.SuccessCount}
			out.Counters["jobs.run.failure."+j.Job.Name] = counterJSON{j.State.ErrorCount}
		}
		if j.State.Entries == 0 {
			continue
		}
		times, err := runTimes(c, v, j)
		if err != nil {
			return response{}, err
		}
		if len(times) > 0 {
			out.Histograms["jobs.run.time."+j.Job.Name] = distribute(times, int64(len(times)))
		}
	}
	const manager = "org.apache.mesos.chronos.scheduler.jobs.TaskManager."
	out.Gauges = map[string]gaugeJSON{manager + "queueSize": {queued}, manager + "highQueueSize": {high}}
	if err := s.mesosCounters(out.Counters); err != nil {
		return response{}, err
	}
	b, err := json.Marshal(out)
	if err == nil && c.URL.Query().Get("pretty") == "true" {
		var pretty bytes.Buffer
		err = json.Indent(&pretty, b, "", "  ")
		b = pretty.Bytes()
	}
	return response{body: b, header: map[string]string{"Cache-Control": noCache}}, err
}

// mesosCounters takes over what Chronos counts of its calls to Mesos.
func (s *server) mesosCounters(to map[string]counterJSON) error {
	const reviver = "org.apache.mesos.chronos.scheduler.mesos.MesosOfferReviver."
	revives := int64(0)
	families, err := s.Gatherer.Gather()
	if err != nil {
		return err
	}
	for _, f := range families {
		if f.GetName() != "hora_mesos_calls_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetName() == "type" && (l.GetValue() == "revive" || l.GetValue() == "REVIVE") {
					revives += int64(m.GetCounter().GetValue())
				}
			}
		}
	}
	maps.Copy(to, map[string]counterJSON{reviver + "reviveOffersCount": {revives}, reviver + "reviveOffersRequestCount": {revives}})
	return nil
}

// took is how long a run took from its slot until its end, in milliseconds, as
// Chronos measures (contract 1.9); false if it was not a success.
func took(e *scheduler.Entry) (float64, bool) {
	if e.Outcome != scheduler.Succeeded {
		return 0, false
	}
	return float64(e.Ended.Sub(e.Slot).Milliseconds()), true
}
