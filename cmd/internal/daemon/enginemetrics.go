package daemon

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/engine"
)

// EngineMetrics tells prometheus what a model does. Make it, open the model
// with it as the Observer, then Register it.
type EngineMetrics struct {
	stats func() engine.Stats
	info  prometheus.Gauge

	batch, step, first prometheus.Histogram
	seconds            *prometheus.CounterVec // kind
	figures            []figure
	devices            func() []engine.DeviceStats
	instruments        []instrument
}

// The kinds of tokens that are computed.
const (
	kindPrompt    = "prompt"
	kindGenerated = "generated"
)

// figure is a metric that is read from the model's statistics.
type figure struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	label []string
	value func(engine.Stats) float64
}

// instrument is a metric of each GPU that a model lies on.
type instrument struct {
	desc  *prometheus.Desc
	kind  prometheus.ValueType
	value func(engine.DeviceStats) float64
	// known tells that somebody says what the value is; nil for always.
	known func(engine.DeviceStats) bool
	state string // that the value is of; or empty
}

// instruments are all of them.
func instruments() (all []instrument) {
	add := func(name, help string, kind prometheus.ValueType, value func(engine.DeviceStats) float64, known func(engine.DeviceStats) bool) {
		all = append(all, instrument{desc: prometheus.NewDesc("assay_engine_device_"+name, help, []string{"device"}, nil), kind: kind, value: value, known: known})
	}
	gauge := prometheus.GaugeValue
	add("memory_bytes", "Memory of the device that the model and its keys and values take.", gauge, func(d engine.DeviceStats) float64 { return float64(d.Used) }, nil)
	add("memory_limit_bytes", "Memory that the device has.", gauge, func(d engine.DeviceStats) float64 { return float64(d.Memory) }, nil)
	add("batch_size", "Sequences of the device's last step.", gauge, func(d engine.DeviceStats) float64 { return float64(d.Sequences) }, nil)
	add("tokens_total", "Tokens that the device has computed its layers for.", prometheus.CounterValue, func(d engine.DeviceStats) float64 { return float64(d.Tokens) }, nil)
	add("temperature_celsius", "The device's temperature, where NVIDIA's management library says it.", gauge,
		func(d engine.DeviceStats) float64 { return d.Celsius }, func(d engine.DeviceStats) bool { return d.Celsius != 0 })
	add("power_watts", "The power that the device draws, where NVIDIA's management library says it.", gauge,
		func(d engine.DeviceStats) float64 { return d.Watts }, func(d engine.DeviceStats) bool { return d.Watts != 0 })
	state := prometheus.NewDesc("assay_engine_device_state",
		"One where the device is so, else zero: in_service; wrong_bits, taken out of service by its self-test; failed.", []string{"device", "state"}, nil)
	for _, s := range engine.DeviceStates() {
		all = append(all, instrument{desc: state, kind: gauge, state: s, value: func(d engine.DeviceStats) float64 {
			if d.State == s {
				return 1
			}
			return 0
		}})
	}
	return all
}

var _ engine.Observer = (*EngineMetrics)(nil)

// NewEngineMetrics makes the metrics of one model.
func NewEngineMetrics() *EngineMetrics {
	histogram := func(name, help string, buckets []float64) prometheus.Histogram {
		return prometheus.NewHistogram(prometheus.HistogramOpts{
			Namespace: "assay", Subsystem: "engine", Name: name, Help: help, Buckets: buckets,
		})
	}
	m := &EngineMetrics{
		batch: histogram("batch_size", "Sequences that a step of the model computes together.", prometheus.ExponentialBuckets(1, 2, 9)),
		step:  histogram("step_seconds", "Time that a step of the model takes.", prometheus.ExponentialBuckets(0.001, 2, 12)),
		first: histogram("time_to_first_token_seconds", "Time from a request to its first token.", prometheus.ExponentialBuckets(0.004, 2, 15)),
		seconds: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "assay", Subsystem: "engine", Name: "compute_seconds_total",
			Help: "Time of the model's steps, shared out among their tokens, by kind: tokens_total by this is a speed.",
		}, []string{"kind"}),
	}
	m.seconds.WithLabelValues(kindPrompt)
	m.seconds.WithLabelValues(kindGenerated)
	tokens := prometheus.NewDesc("assay_engine_tokens_total",
		"Tokens by kind: prompt, computed of given text, answers to verify included; generated, computed to continue an answer; "+
			"shared, of given text and not computed, for another sequence had begun alike.", []string{"kind"}, nil)
	add := func(d *prometheus.Desc, kind prometheus.ValueType, value func(engine.Stats) float64, label ...string) {
		m.figures = append(m.figures, figure{d, kind, label, value})
	}
	add(tokens, prometheus.CounterValue, func(s engine.Stats) float64 { return float64(s.Prompt) }, kindPrompt)
	add(tokens, prometheus.CounterValue, func(s engine.Stats) float64 { return float64(s.Continued) }, kindGenerated)
	add(tokens, prometheus.CounterValue, func(s engine.Stats) float64 { return float64(s.Shared) }, "shared")
	one := func(name, help string, kind prometheus.ValueType, value func(engine.Stats) float64) {
		add(prometheus.NewDesc("assay_engine_"+name, help, nil, nil), kind, value)
	}
	one("drafted_total", "Guesses of tokens that were tried, right or not.", prometheus.CounterValue, func(s engine.Stats) float64 { return float64(s.Drafted) })
	one("drafts_accepted_total", "Guesses that were right: tokens of kind generated that took no step of their own.", prometheus.CounterValue, func(s engine.Stats) float64 { return float64(s.Accepted) })
	one("refused_total", "Requests that came while the queue was full.", prometheus.CounterValue, func(s engine.Stats) float64 { return float64(s.Refused) })
	one("running", "Sequences that are being computed.", prometheus.GaugeValue, func(s engine.Stats) float64 { return float64(s.Running) })
	one("queued", "Sequences that wait for a place or memory.", prometheus.GaugeValue, func(s engine.Stats) float64 { return float64(s.Queued) })
	one("kv_bytes", "Memory of keys and values, held or set aside.", prometheus.GaugeValue, func(s engine.Stats) float64 { return float64(s.KVBytes) })
	one("kv_kept_bytes", "Part of kv_bytes that past sequences hold.", prometheus.GaugeValue, func(s engine.Stats) float64 { return float64(s.KVKept) })
	one("kv_limit_bytes", "The most that kv_bytes may be.", prometheus.GaugeValue, func(s engine.Stats) float64 { return float64(s.KVLimit) })
	m.instruments = instruments()
	return m
}

// Stepped counts a step; it is part of engine.Observer.
func (m *EngineMetrics) Stepped(s engine.Step) {
	m.batch.Observe(float64(s.Sequences))
	m.step.Observe(s.Took.Seconds())
	if n := s.Prompt + s.Continued; n > 0 {
		each := s.Took.Seconds() / float64(n)
		m.seconds.WithLabelValues(kindPrompt).Add(each * float64(s.Prompt))
		m.seconds.WithLabelValues(kindGenerated).Add(each * float64(s.Continued))
	}
}

// First counts a first token; it is part of engine.Observer.
func (m *EngineMetrics) First(after time.Duration) { m.first.Observe(after.Seconds()) }

// Register gives the metrics of an open model to r, with its name as a label. A
// second model of that name is not counted.
func (m *EngineMetrics) Register(r prometheus.Registerer, name string, model *engine.Model) error {
	info := model.Info()
	m.stats, m.devices = model.Stats, model.Devices
	m.info = prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "assay", Subsystem: "engine", Name: "info",
		Help:        "One, with what computes: the device, the backend, its instructions, its threads.",
		ConstLabels: prometheus.Labels{"device": info.Device, "backend": info.Backend, "isa": info.ISA, "threads": strconv.Itoa(info.Threads)},
	})
	m.info.Set(1)
	err := prometheus.WrapRegistererWith(prometheus.Labels{"model": name}, r).Register(m)
	var there prometheus.AlreadyRegisteredError
	if err != nil && !errors.As(err, &there) {
		return fmt.Errorf("register metrics of model %s: %w", name, err)
	}
	return nil
}

// Unregister takes them away again, when the model is closed.
func (m *EngineMetrics) Unregister(r prometheus.Registerer, name string) {
	prometheus.WrapRegistererWith(prometheus.Labels{"model": name}, r).Unregister(m)
}

// collectors are the metrics that keep their own state.
func (m *EngineMetrics) collectors() []prometheus.Collector {
	return []prometheus.Collector{m.info, m.batch, m.step, m.first, m.seconds}
}

// Describe is part of prometheus.Collector.
func (m *EngineMetrics) Describe(c chan<- *prometheus.Desc) {
	for _, x := range m.collectors() {
		x.Describe(c)
	}
	for _, f := range m.figures {
		c <- f.desc
	}
	for _, x := range m.instruments {
		c <- x.desc
	}
}

// Collect is part of prometheus.Collector.
func (m *EngineMetrics) Collect(c chan<- prometheus.Metric) {
	for _, x := range m.collectors() {
		x.Collect(c)
	}
	s := m.stats()
	for _, f := range m.figures {
		c <- prometheus.MustNewConstMetric(f.desc, f.kind, f.value(s), f.label...)
	}
	for _, d := range m.devices() {
		for _, x := range m.instruments {
			if x.known != nil && !x.known(d) {
				continue
			}
			labels := []string{d.Name}
			if x.state != "" {
				labels = append(labels, x.state)
			}
			c <- prometheus.MustNewConstMetric(x.desc, x.kind, x.value(d), labels...)
		}
	}
}
