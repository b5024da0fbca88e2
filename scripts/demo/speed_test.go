package main

import (
	"errors"
	"testing"
)

func TestSpeedsAreReadFromPrometheusText(t *testing.T) {
	f, err := readFigures([]byte(`# HELP assay_engine_compute_seconds_total Time.
# TYPE assay_engine_compute_seconds_total counter
assay_engine_compute_seconds_total{kind="generated",model="m {1}.gguf"} 2.5
assay_engine_compute_seconds_total{kind="prompt",model="m {1}.gguf"} 0.5
assay_engine_info{backend="native",isa="avx2",model="m {1}.gguf",threads="1"} 1
assay_engine_queued{model="m {1}.gguf"} 7
assay_engine_time_to_first_token_seconds_bucket{model="m {1}.gguf",le="+Inf"} 4
assay_engine_time_to_first_token_seconds_sum{model="m {1}.gguf"} 0.5
assay_engine_time_to_first_token_seconds_count{model="m {1}.gguf"} 4
assay_engine_tokens_total{kind="generated",model="m {1}.gguf"} 1e+02
assay_engine_tokens_total{kind="prompt",model="m {1}.gguf"} 300
assay_engine_tokens_total{kind="shared",model="m {1}.gguf"} 50
assay_miner_tokens_total 104
`))
	if err != nil {
		t.Fatal(err)
	}
	want := figures{backend: "native", isa: "avx2", threads: "1", prompt: rate{300, 0.5}, generated: rate{100, 2.5}, first: rate{4, 0.5}}
	if *f != want {
		t.Errorf("got %+v, want %+v", *f, want)
	}
	if a, b, c := f.prompt.perSecond(), f.generated.perSecond(), f.first.each(); a != "600.0" || b != "40.0" || c != "125ms" {
		t.Errorf("got %s, %s, %s", a, b, c)
	}
	if a, b := (rate{}).perSecond(), (rate{}).each(); a != "–" || b != "–" {
		t.Errorf("of nothing: %s, %s", a, b)
	}
}

func TestMetricsWithoutAnEngineAreNoSpeed(t *testing.T) {
	if _, err := readFigures([]byte("assay_miner_tokens_total 104\n")); !errors.Is(err, errNoEngine) {
		t.Errorf("got %v", err)
	}
	if _, err := readFigures([]byte("assay_engine_info{backend=\"native\"} one\n")); err == nil {
		t.Error("a value that is no number was read")
	}
}
