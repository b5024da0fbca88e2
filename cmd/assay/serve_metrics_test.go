package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/cmd/internal/dashboard"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/server"
)

// servedMetrics are what dashboards of assay serve stand on: none goes, and none
// changes its name.
const servedMetrics = `
assay_engine_batch_size
assay_engine_compute_seconds_total
assay_engine_drafted_total
assay_engine_drafts_accepted_total
assay_engine_info
assay_engine_kv_bytes
assay_engine_kv_kept_bytes
assay_engine_kv_limit_bytes
assay_engine_queued
assay_engine_refused_total
assay_engine_running
assay_engine_step_seconds
assay_engine_time_to_first_token_seconds
assay_engine_tokens_total
assay_server_answers
assay_server_request_seconds
assay_server_requests_total
`

// checkDashboard holds each query of the dashboard to metrics, and to labels of
// theirs, that exist; and each metric of the list but the information is shown.
func checkDashboard(t *testing.T, families []*dto.MetricFamily) {
	t.Helper()
	labels := map[string][]string{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			for _, l := range x.GetLabel() {
				labels[f.GetName()] = append(labels[f.GetName()], l.GetName())
			}
		}
		if labels[f.GetName()] == nil {
			labels[f.GetName()] = []string{}
		}
	}
	shown := map[string]bool{"assay_engine_info": true}
	grouped := regexp.MustCompile(`by \(([a-z_, ]+)\)`)
	for _, q := range dashboard.Queries() {
		for _, name := range regexp.MustCompile(`assay_[a-z_]+`).FindAllString(q, -1) {
			name = strings.TrimSuffix(name, "_bucket")
			if shown[name] = true; labels[name] == nil {
				t.Errorf("%s asks for %s, which is not there", q, name)
			}
			for _, group := range grouped.FindAllStringSubmatch(q, -1) {
				for label := range strings.SplitSeq(group[1], ", ") {
					if label != "le" && !slices.Contains(labels[name], label) {
						t.Errorf("%s asks for the label %s of %s, which has %q", q, label, name, labels[name])
					}
				}
			}
		}
	}
	for name := range strings.FieldsSeq(servedMetrics) {
		if !shown[name] {
			t.Errorf("no panel shows %s", name)
		}
	}
	if !json.Valid(dashboard.JSON()) || !bytes.Equal(dashboard.JSON(), dashboard.JSON()) {
		t.Error("the dashboard is no JSON, or not the same twice")
	}
}

// TestMetricsOfTheServer are those of the list, and count what was asked.
func TestMetricsOfTheServer(t *testing.T) {
	engineMetrics, metrics, registry := daemon.NewEngineMetrics(), newServerMetrics(), prometheus.NewRegistry()
	m, err := engine.Open(t.Context(), enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1, Observer: engineMetrics})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	if err := engineMetrics.Register(registry, "tiny", m); err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Config{Models: []server.Model{{Name: "tiny", Engine: m, Opened: time.Unix(1, 0)}}, Observe: metrics.observe})
	if err != nil {
		t.Fatal(err)
	}
	metrics.register(registry, s)
	for _, x := range []struct{ path, body string }{
		{"/v1/completions", `{"prompt": "a", "max_tokens": 2}`}, {"/v1/completions", `{"surprise": 1}`}, {"/nowhere/secret-prompt", `{}`},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "http://localhost"+x.path, strings.NewReader(x.body))
		s.ServeHTTP(httptest.NewRecorder(), r)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var names, counted []string
	for _, f := range families {
		names = append(names, f.GetName())
		for _, x := range f.GetMetric() {
			if f.GetName() != "assay_server_requests_total" {
				continue
			}
			line := ""
			for _, l := range x.GetLabel() {
				line += l.GetValue() + " "
			}
			counted = append(counted, line)
		}
	}
	checkDashboard(t, families)
	for want := range strings.FieldsSeq(servedMetrics) {
		if !slices.Contains(names, want) {
			t.Errorf("%s is not there, but %v", want, names)
		}
	}
	if want := []string{"POST /v1/completions 200 ", "POST /v1/completions 400 ", "other 404 "}; !slices.Equal(counted, want) {
		t.Errorf("counted %q, want %q", counted, want)
	}
}
