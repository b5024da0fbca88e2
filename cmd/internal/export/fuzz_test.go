package export_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
)

// FuzzManifest: what is read names only files of a data set.
func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"format":"assay-dataset/1","chain_id":"c","kind":"k","epochs":[{"epoch":1,"rows":1,"dropped":0,"jsonl":{"name":"data/epoch-00000001.jsonl","bytes":1},"parquet":{"name":"data/epoch-00000001.parquet","bytes":1}}]}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		if err := os.WriteFile(filepath.Join(dir, "manifest.json"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		m, err := export.ReadManifest(dir)
		if err != nil {
			return
		}
		for _, e := range m.Epochs {
			if !filepath.IsLocal(e.JSONL.Name) || !filepath.IsLocal(e.Parquet.Name) || e.Rows < 0 {
				t.Errorf("got %+v", e)
			}
		}
	})
}

// FuzzFiles: any bytes for files end in a report, without a panic.
func FuzzFiles(f *testing.F) {
	dir := f.TempDir()
	if _, err := export.Write(f.Context(), config(dir, 1, 1), source(3, new([]protocol.Epoch))); err != nil {
		f.Fatal(err)
	}
	m, err := export.ReadManifest(dir)
	if err != nil {
		f.Fatal(err)
	}
	names := []string{filepath.Join(dir, m.Epochs[0].JSONL.Name), filepath.Join(dir, m.Epochs[0].Parquet.Name)}
	var good [2][]byte
	for i, name := range names {
		if good[i], err = os.ReadFile(name); err != nil {
			f.Fatal(err)
		}
	}
	f.Add(good[0], good[1])
	f.Fuzz(func(t *testing.T, jsonl, parquet []byte) {
		for i, b := range [][]byte{jsonl, parquet} {
			if err := os.WriteFile(names[i], b, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		rep, err := export.Verify[export.Run](t.Context(), dir, m, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		same := string(jsonl) == string(good[0]) && string(parquet) == string(good[1])
		if same != (len(rep.Wrong) == 0) {
			t.Errorf("the same: %v, and %v", same, rep.Wrong)
		}
	})
}
