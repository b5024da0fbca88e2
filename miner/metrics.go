package miner

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol/wire"
)

type metrics struct {
	answers, seconds, failed, openings, errors prometheus.Counter
	rounds, cards                              *prometheus.CounterVec
}

// newMetrics registers with r, or counts unseen where r is nil.
func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	counter := func(name, help string) prometheus.Counter { return counter(r, name, help) }
	vec := func(name, help, label string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "assay", Subsystem: "miner", Name: name, Help: help}, []string{label})
		r.MustRegister(c)
		return c
	}
	return &metrics{
		answers:  counter("answers_total", "Tasks answered."),
		seconds:  counter("generate_seconds_total", "Time spent on answers."),
		failed:   counter("failed_total", "Tasks that no worker could answer."),
		openings: counter("openings_total", "Openings published, repetitions included."),
		errors:   counter("errors_total", "Steps that met an error."),
		rounds:   vec("rounds_total", "Rounds that asked the seat, by outcome.", "outcome"),
		cards:    vec("cards_total", "Judges' cards about own answers, by finding.", "finding"),
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

func (m *metrics) answered(took time.Duration) {
	m.answers.Inc()
	m.seconds.Add(took.Seconds())
}

func (m *metrics) round(committed bool) {
	outcome := "late"
	if committed {
		outcome = "committed"
	}
	m.rounds.WithLabelValues(outcome).Inc()
}

func (m *metrics) judged(f wire.Finding) { m.cards.WithLabelValues(string(f)).Inc() }
