package miner

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/wire"
)

type metrics struct {
	openings, errors                        prometheus.Counter
	answers, seconds, failed, rounds, cards *prometheus.CounterVec
	trials                                  *prometheus.CounterVec
	held                                    prometheus.Gauge
}

// newMetrics registers with r, or counts unseen where r is nil.
func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	counter := func(name, help string) prometheus.Counter { return counter(r, name, help) }
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "assay", Subsystem: "miner", Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	held := prometheus.NewGauge(prometheus.GaugeOpts{
		Namespace: "assay", Subsystem: "miner", Name: "held",
		Help: "Base units of the own collateral that verdicts took and that are held, to be burned unless an appeal frees them.",
	})
	r.MustRegister(held)
	return &metrics{
		held:     held,
		trials:   vec("trials_total", "Challenges of own answers, by the stages that they came to.", "stage"),
		answers:  vec("answers_total", "Tasks answered, by kind.", "kind"),
		seconds:  vec("generate_seconds_total", "Time spent on answers, by kind.", "kind"),
		failed:   vec("failed_total", "Tasks that no worker could answer, by kind.", "kind"),
		openings: counter("openings_total", "Openings published, repetitions included."),
		errors:   counter("errors_total", "Steps that met an error."),
		rounds:   vec("rounds_total", "Rounds that asked the seat, by outcome.", "outcome"),
		cards:    vec("cards_total", "Judges' cards about own answers, by kind and finding.", "kind", "finding"),
	}
}

// counter returns a counter of the miner's that is registered with r, or counts
// unseen where r is nil.
func counter(r prometheus.Registerer, name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "assay", Subsystem: "miner", Name: name, Help: help})
	if r != nil {
		r.MustRegister(c)
	}
	return c
}

func (m *metrics) answered(k protocol.Kind, took time.Duration) {
	m.answers.WithLabelValues(string(k)).Inc()
	m.seconds.WithLabelValues(string(k)).Add(took.Seconds())
}

func (m *metrics) fail(k protocol.Kind) { m.failed.WithLabelValues(string(k)).Inc() }

func (m *metrics) round(committed bool) {
	outcome := "late"
	if committed {
		outcome = "committed"
	}
	m.rounds.WithLabelValues(outcome).Inc()
}

func (m *metrics) judged(k protocol.Kind, f wire.Finding) {
	m.cards.WithLabelValues(string(k), string(f)).Inc()
}
