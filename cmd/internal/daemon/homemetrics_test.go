package daemon_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/assaynet/assay/cmd/internal/daemon"
)

// TestTheDatabaseIsAsLargeAsItsFiles, those of its directories too.
func TestTheDatabaseIsAsLargeAsItsFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "wal"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, size := range map[string]int{"a": 10, "wal/b": 20} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := prometheus.NewRegistry()
	r.MustRegister(daemon.NewHomeMetrics(dir)...)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		got[f.GetName()] = f.GetMetric()[0].GetGauge().GetValue()
	}
	if got["assay_home_database_bytes"] != 30 || got["assay_home_disk_free_bytes"] <= 0 {
		t.Errorf("got %v", got)
	}
}
