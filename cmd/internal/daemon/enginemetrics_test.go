package daemon_test

import (
	"context"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

func TestAModelTellsPrometheusWhatItDoes(t *testing.T) {
	metrics := daemon.NewEngineMetrics()
	m, err := engine.Open(context.Background(), enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1, Observer: metrics})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	registry := prometheus.NewRegistry()
	if err := metrics.Register(registry, "tiny", m.Stats); err != nil {
		t.Fatal(err)
	}
	if err := daemon.NewEngineMetrics().Register(registry, "tiny", m.Stats); err != nil {
		t.Errorf("a second model of that name: %v", err)
	}
	if err := daemon.NewEngineMetrics().Register(registry, "other", m.Stats); err != nil {
		t.Error(err)
	}
	run, err := m.Generate(context.Background(), engine.Request{Prompt: []engine.Token{30, 31, 32}, Settings: engine.Settings{MaxTokens: 6}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			name, tiny := f.GetName(), false
			for _, l := range x.GetLabel() {
				if l.GetName() == "kind" {
					name += " " + l.GetValue()
				}
				tiny = tiny || l.GetName() == "model" && l.GetValue() == "tiny"
			}
			if tiny {
				got[name] = x.GetCounter().GetValue() + x.GetGauge().GetValue() + float64(x.GetHistogram().GetSampleCount())
			}
		}
	}
	steps := float64(len(run.Output))
	for name, want := range map[string]float64{
		"assay_engine_batch_size":             steps,
		"assay_engine_step_seconds":           steps,
		"assay_engine_first_token_seconds":    1,
		"assay_engine_tokens_total prompt":    3,
		"assay_engine_tokens_total continued": steps - 1,
		"assay_engine_tokens_total shared":    0,
		"assay_engine_refused_total":          0,
		"assay_engine_running":                0,
		"assay_engine_queued":                 0,
		"assay_engine_kv_bytes":               float64(m.Stats().KVKept),
		"assay_engine_kv_kept_bytes":          float64(m.Stats().KVKept),
		"assay_engine_kv_limit_bytes":         1 << 30,
	} {
		if x, ok := got[name]; !ok || x != want {
			t.Errorf("%s: got %v, %v, want %v", name, x, ok, want)
		}
	}
	if len(got) != 12 {
		t.Errorf("got %v", got)
	}
}
