package door

import "github.com/prometheus/client_golang/prometheus"

// Collectors returns what the door counts as assay_SUBSYSTEM_door_…
func (d *Door) Collectors(subsystem string) []prometheus.Collector {
	opts := func(name, help string) prometheus.Opts {
		return prometheus.Opts{Namespace: "assay", Subsystem: subsystem, Name: "door_" + name, Help: help}
	}
	gauge := func(name, help string, of func(Stats) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts(opts(name, help)), func() float64 { return float64(of(d.Stats())) })
	}
	count := func(name, help string, of func(Stats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts(opts(name, help)), func() float64 { return float64(of(d.Stats())) })
	}
	return []prometheus.Collector{
		gauge("waiting", "Connections in their handshake.", func(s Stats) int { return s.Waiting }),
		gauge("through", "Connections through their handshake.", func(s Stats) int { return s.Through }),
		count("came_total", "Connections that came.", func(s Stats) uint64 { return s.Came }),
		count("refused_total", "Connections refused for too many of their address are through.", func(s Stats) uint64 { return s.Refused }),
		count("displaced_total", "Connections closed in their handshake for a newer one.", func(s Stats) uint64 { return s.Displaced }),
		count("late_total", "Connections closed because their handshake took too long.", func(s Stats) uint64 { return s.Late }),
	}
}
