package export_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/cmd/internal/export"
	"github.com/assaynet/assay/protocol"
	"github.com/assaynet/assay/protocol/goldentest"
)

// TestRecordedDataSetsAreWrittenAgain: one small data set of each kind is in
// testdata, byte for byte, for other programs to read: make peers loads them with
// Python's packages, and trains on one. UPDATE_GOLDEN=1 writes them anew.
func TestRecordedDataSetsAreWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	set := func(kind string, about export.About) export.Config {
		return export.Config{Dir: filepath.Join(dir, kind), ChainID: "assay-test", Kind: kind, From: 7, To: 8, Card: export.Card(about)}
	}
	_, errA := export.Write(t.Context(), set("inference", export.AboutInference()), source(8, new([]protocol.Epoch)))
	_, errB := export.Write(t.Context(), set("synthetic", export.AboutSynthetic()), func(_ context.Context, e protocol.Epoch, yield func(*export.Record) error) (int64, error) {
		for i := range 8 {
			r := &export.Record{
				Prompt: fmt.Sprintf("What is %d + %d?", i, e), Response: fmt.Sprintf("%d", i+int(e)), Family: "arithmetic", Passed: 2, Failed: []string{}, Novelty: 1 << 15, Alike: int32(i), Diversity: 1 << 16,
				Checks: []export.Finding{{Check: "number", Pass: true}, {Check: "answer", Pass: i != 3}}, Provenance: run(e, i).Provenance,
			}
			if i == 3 {
				r.Response, r.Failed = "I do not know.", []string{"checks"}
			}
			if err := yield(r); err != nil {
				return 0, err
			}
		}
		return 1, nil
	})
	_, errC := export.Write(t.Context(), set("preference", export.AboutPreference()), export.Preferences(func(_ context.Context, e protocol.Epoch, yield func(*export.Pair) error) error {
		for i := range 24 {
			p := pair(fmt.Sprintf("%d.%d", e, i), int32(i%5/4), int32(i%2*2-1), int32(i%2*2-1), int32(i%3)-1)
			p.Origin.Epoch, p.Origin.Round, p.Origin.Root = int64(e), int64(e)*4, fmt.Sprintf("%064x", e)
			p.Sides[i%2] = fmt.Sprintf("It is %d, for %d and %d make that.", 2*i, i, i)
			if err := yield(&p); err != nil {
				return err
			}
		}
		return nil
	}))
	_, errD := export.Write(t.Context(), set("judgement", export.AboutJudgement()), func(_ context.Context, e protocol.Epoch, yield func(*export.Judgement) error) (int64, error) {
		for i := range 8 {
			// Binary32 numbers, which no decimal of a few digits is.
			logits := []export.Logits{{Chosen: float64(float32(i) + 0.1), Rejected: float64(float32(-0.3))}, {Chosen: 1.5, Rejected: float64(float32(e) / 3)}}
			r := &export.Judgement{
				Prompt: fmt.Sprintf("What is %d + %d?", i, e), Chosen: fmt.Sprintf("%d", i+int(e)), Rejected: "I do not know.", Lane: "engine", Passed: 2,
				Margin: float64(float32(i) + 0.7), Logits: logits, Provenance: run(e, i).Provenance,
			}
			if err := yield(r); err != nil {
				return 0, err
			}
		}
		return 1, nil
	})
	if err := errors.Join(errA, errB, errC, errD); err != nil {
		t.Fatal(err)
	}
	for name, content := range files(t, dir) {
		path := filepath.Join("testdata/sets", name)
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		goldentest.Text(t, path, []byte(content))
	}
}
