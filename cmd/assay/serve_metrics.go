package main

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/engine/server"
)

// serverMetrics are of the server itself; those of each model are beside them.
type serverMetrics struct {
	requests *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
}

func newServerMetrics() *serverMetrics {
	return &serverMetrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Namespace: "assay", Subsystem: "server", Name: "requests_total", Help: "Requests that were answered, by what was asked and the status.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "assay", Subsystem: "server", Name: "request_seconds", Help: "Time until an answer was whole, by what was asked.",
			Buckets: prometheus.ExponentialBuckets(0.005, 2.5, 12),
		}, []string{"route"}),
	}
}

func (m *serverMetrics) observe(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}

// register gives the metrics to r, with the gauges of a server.
func (m *serverMetrics) register(r prometheus.Registerer, s *server.Server) {
	r.MustRegister(m.requests, m.seconds, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "assay", Subsystem: "server", Name: "answers", Help: "Answers in the making, or waiting for it.",
	}, func() float64 { return float64(s.Answers()) }))
}
