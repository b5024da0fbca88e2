package daemon_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/assaynet/assay/cmd/internal/daemon"
	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
)

// observed opens a tiny model whose metrics are in a registry.
func observed(t *testing.T) (*engine.Model, *prometheus.Registry) {
	t.Helper()
	metrics := daemon.NewEngineMetrics()
	m, err := engine.Open(context.Background(), enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1, Observer: metrics})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	registry := prometheus.NewRegistry()
	if err := metrics.Register(registry, "tiny", m); err != nil {
		t.Fatal(err)
	}
	if err := daemon.NewEngineMetrics().Register(registry, "tiny", m); err != nil {
		t.Errorf("a second model of that name: %v", err)
	}
	if err := daemon.NewEngineMetrics().Register(registry, "other", m); err != nil {
		t.Error(err)
	}
	return m, registry
}

// gather returns the metrics of the model tiny: values of counters and gauges,
// counts of histograms.
func gather(t *testing.T, registry *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		for _, x := range f.GetMetric() {
			name, tiny := f.GetName(), false
			for _, l := range x.GetLabel() {
				switch l.GetName() {
				case "kind", "backend", "isa", "device", "state":
					if f.GetName() == "assay_engine_info" && l.GetName() == "device" {
						continue
					}
					name += " " + l.GetValue()
				case "model":
					tiny = l.GetValue() == "tiny"
				}
			}
			if !tiny {
				continue
			}
			got[name] = x.GetCounter().GetValue() + x.GetGauge().GetValue() + float64(x.GetHistogram().GetSampleCount())
			if x.GetHistogram() != nil {
				got[name+" sum"] = x.GetHistogram().GetSampleSum()
			}
		}
	}
	return got
}

func TestAModelTellsPrometheusWhatItDoes(t *testing.T) {
	m, registry := observed(t)
	run, err := m.Generate(context.Background(), engine.Request{Prompt: []engine.Token{30, 31, 32}, Settings: engine.Settings{MaxTokens: 6}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	got := gather(t, registry)
	steps := float64(len(run.Output)) - float64(m.Stats().Accepted)
	for name, want := range map[string]float64{
		"assay_engine_info " + m.Info().Backend + " " + m.Info().ISA: 1,

		"assay_engine_batch_size":                  steps,
		"assay_engine_batch_size sum":              steps,
		"assay_engine_step_seconds":                steps,
		"assay_engine_time_to_first_token_seconds": 1,
		"assay_engine_tokens_total prompt":         3,
		"assay_engine_tokens_total generated":      float64(len(run.Output) - 1),
		"assay_engine_tokens_total shared":         0,
		"assay_engine_drafted_total":               float64(m.Stats().Drafted),
		"assay_engine_drafts_accepted_total":       float64(m.Stats().Accepted),
		"assay_engine_refused_total":               0,
		"assay_engine_running":                     0,
		"assay_engine_queued":                      0,
		"assay_engine_kv_bytes":                    float64(m.Stats().KVKept),
		"assay_engine_kv_kept_bytes":               float64(m.Stats().KVKept),
		"assay_engine_kv_limit_bytes":              1 << 30,
	} {
		if x, ok := got[name]; !ok || x != want {
			t.Errorf("%s: got %v, %v, want %v", name, x, ok, want)
		}
	}
	prompt, generated := got["assay_engine_compute_seconds_total prompt"], got["assay_engine_compute_seconds_total generated"]
	all := got["assay_engine_step_seconds sum"]
	if prompt <= 0 || generated <= 0 || prompt >= all || generated >= all {
		t.Errorf("computed prompts for %v s and answers for %v s, of %v s", prompt, generated, all)
	}
	if first := got["assay_engine_time_to_first_token_seconds sum"]; first < prompt {
		t.Errorf("the first token took %v s, its prompt alone %v s", first, prompt)
	}
	if len(got) != 20 {
		t.Errorf("%d metrics: %v", len(got), got)
	}
}

func TestATokenOfAMixedStepTakesItsShareOfTheTime(t *testing.T) {
	m, registry := observed(t)
	metrics := daemon.NewEngineMetrics()
	again := prometheus.NewRegistry()
	if err := metrics.Register(again, "tiny", m); err != nil {
		t.Fatal(err)
	}
	metrics.Stepped(engine.Step{Sequences: 3, Prompt: 6, Continued: 2, Took: 4 * time.Second})
	metrics.Stepped(engine.Step{Sequences: 3}) // it failed before it began
	got := gather(t, again)
	if p, g := got["assay_engine_compute_seconds_total prompt"], got["assay_engine_compute_seconds_total generated"]; p != 3 || g != 1 {
		t.Errorf("got %v and %v, want 3 and 1 of four seconds", p, g)
	}
	if p := gather(t, registry)["assay_engine_compute_seconds_total prompt"]; p != 0 {
		t.Errorf("another model was charged %v s", p)
	}
}

// TestGPUsTellWhatTheyDo: of two, one has sensors, the other was taken out of
// service. The values are handed in: the tests of the engine have the devices.
func TestGPUsTellWhatTheyDo(t *testing.T) {
	m, _ := observed(t)
	metrics, registry := daemon.NewEngineMetrics(), prometheus.NewRegistry()
	if err := metrics.Register(registry, "tiny", m); err != nil {
		t.Fatal(err)
	}
	metrics.See([]engine.DeviceStats{
		{Name: "cuda:0", State: "in_service", Used: 3 << 30, Memory: 24 << 30, Sequences: 5, Tokens: 700, Celsius: 61, Watts: 312.5},
		{Name: "cuda:1", State: "wrong_bits", Used: 1 << 30, Memory: 16 << 30, Tokens: 700},
	})
	got := map[string]float64{}
	for name, x := range gather(t, registry) {
		if rest, is := strings.CutPrefix(name, "assay_engine_device_"); is {
			got[rest] = x
		}
	}
	want := map[string]float64{
		"memory_bytes cuda:0": 3 << 30, "memory_limit_bytes cuda:0": 24 << 30, "batch_size cuda:0": 5, "tokens_total cuda:0": 700,
		"temperature_celsius cuda:0": 61, "power_watts cuda:0": 312.5,
		"state cuda:0 in_service": 1, "state cuda:0 wrong_bits": 0, "state cuda:0 failed": 0,
		"memory_bytes cuda:1": 1 << 30, "memory_limit_bytes cuda:1": 16 << 30, "batch_size cuda:1": 0, "tokens_total cuda:1": 700,
		"state cuda:1 in_service": 0, "state cuda:1 wrong_bits": 1, "state cuda:1 failed": 0,
	}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestMetricsOfTheEngineAreNamedAsPrometheusAsks(t *testing.T) {
	m, registry := observed(t)
	gpu := daemon.NewEngineMetrics()
	if err := gpu.Register(registry, "gpu", m); err != nil {
		t.Fatal(err)
	}
	gpu.See([]engine.DeviceStats{{Name: "cuda:0", State: "in_service", Celsius: 61, Watts: 312.5}})
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	for _, f := range families {
		if len(f.GetHelp()) < 20 {
			t.Errorf("%s has the help text %q", f.GetName(), f.GetHelp())
		}
	}
}
