package api

import (
	"fmt"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the handler counts. Labels have a fixed set of values each:
// nothing that a client sends becomes one.
type metrics struct {
	requests *prometheus.CounterVec   // route, status
	problems *prometheus.CounterVec   // route, problem
	seconds  *prometheus.HistogramVec // route
	panics   prometheus.Counter
	open     prometheus.Gauge
	vitals   *vitals
}

func newMetrics(r prometheus.Registerer) (*metrics, error) {
	opts := func(name, help string) prometheus.CounterOpts {
		return prometheus.CounterOpts{Namespace: "assay", Subsystem: "http", Name: name, Help: help}
	}
	m := &metrics{
		requests: prometheus.NewCounterVec(opts("requests_total", "Requests answered."), []string{"route", "status"}),
		problems: prometheus.NewCounterVec(opts("problems_total", "Requests answered by a problem document."), []string{"route", "problem"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "assay", Subsystem: "http", Name: "seconds", Help: "Time to an answer.",
			Buckets: []float64{.001, .01, .1, 1, 10},
		}, []string{"route"}),
		panics: prometheus.NewCounter(opts("panics_total", "Requests that met a mistake of the program.")),
		open:   prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "assay", Subsystem: "http", Name: "open_requests", Help: "Requests in progress."}),
		vitals: &vitals{},
	}
	for _, c := range []prometheus.Collector{m.requests, m.problems, m.seconds, m.panics, m.open, m.vitals} {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of http: %w", err)
		}
	}
	return m, nil
}

func (m *metrics) answered(route string, status int, took time.Duration) {
	m.requests.WithLabelValues(route, strconv.Itoa(status)).Inc()
	m.seconds.WithLabelValues(route).Observe(took.Seconds())
}
