package devnet_test

import (
	"errors"
	"testing"

	"github.com/assaynet/assay/cmd/internal/devnet"
)

func TestSpeedsAreReadFromPrometheusText(t *testing.T) {
	f, err := devnet.ReadFigures([]byte(`# HELP assay_engine_compute_seconds_total Time.
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
	want := devnet.NewFigures("native", "avx2", "1", devnet.NewRate(300, 0.5), devnet.NewRate(100, 2.5), devnet.NewRate(4, 0.5))
	if *f != want {
		t.Errorf("got %+v, want %+v", *f, want)
	}
	if got, want := f.Words(), [3]string{"600.0", "40.0", "125ms"}; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := new(devnet.Figures).Words(), [3]string{"–", "–", "–"}; got != want {
		t.Errorf("of nothing: %q, want %q", got, want)
	}
}

func TestMetricsWithoutAnEngineAreNoSpeed(t *testing.T) {
	if _, err := devnet.ReadFigures([]byte("assay_miner_tokens_total 104\n")); !errors.Is(err, devnet.ErrNoEngine) {
		t.Errorf("got %v", err)
	}
	if _, err := devnet.ReadFigures([]byte("assay_engine_info{backend=\"native\"} one\n")); err == nil {
		t.Error("a value that is no number was read")
	}
}
