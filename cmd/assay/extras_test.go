package main

import (
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/dashboard"
	"github.com/assaynet/assay/protocol/api"
	"github.com/assaynet/assay/protocol/api/apitest"
)

// metricsOf are the metrics of a node, with the labels of each.
func metricsOf(t *testing.T, change func(*apitest.Network, *api.Config)) string {
	t.Helper()
	n, err := apitest.New()
	if err != nil {
		t.Fatal(err)
	}
	cfg := n.Config()
	cfg.Registry = prometheus.NewRegistry()
	cfg.Registry.MustRegister(daemon.NewHomeMetrics(t.TempDir())...)
	change(n, &cfg)
	h, err := api.NewHandler(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "http://localhost/metrics", nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Body.String()
}

// TestDashboardsAndAlertsAskForWhatThereIs: each metric that they name is one that
// a validator or a miner tells, with the labels that they pick.
func TestDashboardsAndAlertsAskForWhatThereIs(t *testing.T) {
	t.Parallel()
	told := metricsOf(t, func(*apitest.Network, *api.Config) {}) + metricsOf(t, func(n *apitest.Network, c *api.Config) {
		n.Node.S.Seat = &api.SeatStatus{Pays: []api.SeatPay{{}}}
		c.Source = api.Source{Node: n.Node}
	})
	picked := regexp.MustCompile(`(assay_[a-z_]+)(?:\{([a-z]+)="([a-z-]+)"\})?`)
	names := 0
	for _, q := range dashboard.NodeQueries() {
		for _, m := range picked.FindAllStringSubmatch(q, -1) {
			want := "\n" + m[1]
			if names++; m[2] != "" {
				want += `{` + m[2] + `="` + m[3] + `"}`
			}
			if !strings.Contains(told, want+" ") && !strings.Contains(told, want+"{") {
				t.Errorf("%s asks for %s, which no node tells", q, strings.TrimSpace(want))
			}
		}
	}
	if names < 30 {
		t.Errorf("only %d metrics are asked for", names)
	}
	for _, name := range regexp.MustCompile(`\nassay_(?:node|seat|home)_[a-z_]+`).FindAllString(told, -1) {
		name = strings.TrimSpace(name)
		if name != "assay_seat_uid" && name != "assay_node_info" && !strings.Contains(strings.Join(dashboard.NodeQueries(), " ")+" assay_node_epoch assay_node_reasons assay_node_started_seconds assay_seat_collateral_tokens", name) {
			t.Errorf("neither a panel nor an alert has %s", name)
		}
	}
}
