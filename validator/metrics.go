package validator

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/ledger"
	"github.com/assaynet/assay/protocol/wire"
	"github.com/assaynet/assay/validator/record"
)

type metrics struct {
	messages, judgements *prometheus.CounterVec
	falseCards, errors   prometheus.Counter
	falseSets, left      prometheus.Counter
	jailed, jailUntil    prometheus.Gauge
	trials               *prometheus.CounterVec
	held                 prometheus.Gauge
	broken               prometheus.Counter
}

// newMetrics registers with r, or counts unseen where r is nil.
func newMetrics(r prometheus.Registerer) *metrics {
	if r == nil {
		r = prometheus.NewRegistry()
	}
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "assay", Subsystem: "validator", Name: name, Help: help}
	}
	m := &metrics{
		messages:   prometheus.NewCounterVec(opts("messages_total", "Answers, cards, pairs and evidence looked at, by what became of them."), []string{"topic", "reason"}),
		judgements: prometheus.NewCounterVec(opts("judgements_total", "Answers judged by an own run or check, by kind and finding."), []string{"kind", "finding"}),
		falseCards: prometheus.NewCounter(opts("false_cards_total", "Other judges' cards that own runs showed to be false.")),
		falseSets:  prometheus.NewCounter(opts("false_sets_total", "Other setters' pairs that own runs showed not to follow from their link.")),
		left:       prometheus.NewCounter(opts("duties_left_total", "Drawn answers that were not judged when findings were sealed.")),
		errors:     prometheus.NewCounter(opts("errors_total", "Steps and jobs that met an error.")),
		jailed:     prometheus.NewGauge(prometheus.GaugeOpts(opts("jailed", "1 while the own seat is jailed: for silence, or, which is 2, for what its key signed twice or for plants that it found right."))),
		jailUntil:  prometheus.NewGauge(prometheus.GaugeOpts(opts("jail_ends_epoch", "First epoch in which the own seat may have a permit again, 0 while it is not jailed."))),
	}
	m.trials = prometheus.NewCounterVec(opts("trials_total", "What this process did of challenges: challenge for one posted, vote for a vote opened, forfeit for an epoch whose duties one of these cost, or a vote that was not given."), []string{"act"})
	m.held = prometheus.NewGauge(prometheus.GaugeOpts(opts("held", "Base units of the own seat that verdicts took and that are held, to be burned unless an appeal frees them.")))
	m.broken = prometheus.NewCounter(opts("reference_disagrees_total", "Answers that the engine found wrong and the reference did not find so: the engine is broken, and nothing is said of them."))
	r.MustRegister(m.trials, m.held, m.broken, m.messages, m.judgements, m.falseCards, m.falseSets, m.left, m.errors, m.jailed, m.jailUntil)
	return m
}

// message counts what became of a message, by a word that stands in code.
func (m *metrics) message(topic string, err error) {
	m.messages.WithLabelValues(topic, reasonOf(err)).Inc()
}

// jail shows whether the own seat is jailed.
func (m *metrics) jail(j *ledger.Jail) {
	kind, until := 0.0, 0.0
	if j.Held {
		kind, until = 1, float64(j.Free())
		if j.Lied {
			kind = 2
		}
	}
	m.jailed.Set(kind)
	m.jailUntil.Set(until)
}

func (m *metrics) judged(k protocol.Kind, f wire.Finding) {
	m.judgements.WithLabelValues(string(k), string(f)).Inc()
}

// reasonOf returns the word under which an error is counted, as gossip counts it.
func reasonOf(err error) string {
	if err == nil {
		return "ok"
	}
	if r, ok := errors.AsType[Reason](err); ok {
		return r.Word()
	}
	if word, ok := wire.Word(err); ok {
		return word
	}
	if errors.Is(err, record.ErrStore) {
		return "store"
	}
	return "other"
}
