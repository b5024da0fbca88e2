package gossip

import (
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/protocol/door"
)

// metrics are what a host counts. Labels have a fixed set of values each:
// nothing that a peer sends becomes one.
type metrics struct {
	messages  *prometheus.CounterVec // topic, verdict, reason
	published *prometheus.CounterVec // topic
	dropped   *prometheus.CounterVec // reason
	served    *prometheus.CounterVec // stream, outcome
	requested *prometheus.CounterVec // stream, outcome
	dials     *prometheus.CounterVec // outcome
	bans      prometheus.Counter
	foreign   prometheus.Counter
	renewed   prometheus.Counter
	full      prometheus.Counter
	peers     prometheus.Gauge
	outbound  prometheus.Gauge
	table     prometheus.Gauge
	found     prometheus.Counter
	reach     *prometheus.GaugeVec // state
	relayed   prometheus.Gauge
	reserved  prometheus.Gauge
	mesh      *prometheus.GaugeVec // topic
}

// newMetrics makes the metrics.
func newMetrics() *metrics {
	vec := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "assay", Subsystem: "gossip", Name: name, Help: help}, labels)
	}
	one := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Namespace: "assay", Subsystem: "gossip", Name: name, Help: help})
	}
	m := &metrics{
		messages:  vec("messages_total", "Messages received and judged.", "topic", "verdict", "reason"),
		published: vec("published_total", "Own messages sent.", "topic"),
		dropped:   vec("dropped_total", "Messages dropped before they were judged, and on their way to slow peers.", "reason"),
		served:    vec("served_total", "Requests of peers, by outcome.", "stream", "outcome"),
		requested: vec("requested_total", "Requests to peers, by outcome.", "stream", "outcome"),
		dials:     vec("dials_total", "Attempts to connect, by outcome.", "outcome"),
		bans:      one("bans_total", "Peers cut off for false messages."),
		foreign:   one("other_chain_total", "Peers let go because they are of another chain."),
		renewed:   one("renewed_total", "Peers let go and dialled again because they were connected and not heard."),
		full:      one("full_total", "Peers that dialled and were sent away, for there was no place for another of their kind."),
		peers:     prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "gossip", Name: "peers", Help: "Connected peers."}),
		outbound:  prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "gossip", Name: "outbound_peers", Help: "Connected peers that this node dialled."}),
		table:     prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "gossip", Name: "table_peers", Help: "Peers in the hash table that peers are found by."}),
		found:     one("found_total", "Peers named by the hash table, again and again included."),
		relayed:   prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "gossip", Name: "relayed_peers", Help: "Peers that a relay alone connects; they are none of assay_gossip_peers."}),
		reserved:  prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "gossip", Name: "relay_places", Help: "Relays at which this node keeps a place, for nobody can dial it."}),
		reach: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "assay", Subsystem: "gossip", Name: "reachability", Help: "1 for what is known of whether peers can dial this node.",
		}, []string{"state"}),
		mesh: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Namespace: "assay", Subsystem: "gossip", Name: "mesh_peers", Help: "Peers that messages are passed on to; without any, a topic is deaf.",
		}, []string{"topic"}),
	}
	return m
}

// register gives the metrics to r, and what the door counts, unless r is nil.
func (m *metrics) register(r prometheus.Registerer, d *door.Door) error {
	if r == nil {
		return nil
	}
	all := []prometheus.Collector{m.messages, m.published, m.dropped, m.served, m.requested, m.dials, m.bans, m.foreign, m.renewed, m.full, m.peers, m.outbound, m.table, m.found, m.reach, m.relayed, m.reserved, m.mesh}
	for _, c := range append(all, d.Collectors("gossip")...) {
		if err := r.Register(c); err != nil {
			return fmt.Errorf("register metrics of gossip: %w", err)
		}
	}
	return nil
}
