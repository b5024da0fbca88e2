package export_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
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

// TestEachByteIsWrittenAsItMust: wherever it stands among others.
func TestEachByteIsWrittenAsItMust(t *testing.T) {
	for c := range 256 {
		for place := range 17 {
			s := strings.Repeat("x", place) + string([]byte{byte(c)}) + strings.Repeat("~", 16-place)
			run := export.Run{Prompt: s + "é", Response: s + s}
			got, err := export.Line(&run)
			want, werr := export.Line(run) // by package encoding/json
			if err != nil || werr != nil || !bytes.Equal(got, want) {
				t.Fatalf("%q: got %s, %v, want %s, %v", s, got, err, want, werr)
			}
		}
	}
}

// FuzzLine: rows that write their own lines write those of package encoding/json,
// whatever stands in them.
func FuzzLine(f *testing.F) {
	f.Add("tea", "\u2028\u2029 <b>&amp;</b> \\ \"said\"", "\x00\x1f\b\f\n\r\t\x7f", int64(-1), true, uint8(2))
	f.Add("\xff\xc0\xaf", "\ufffd é 日 \U0001f600 \xe2\x80", "", int64(1<<62), false, uint8(0))
	f.Fuzz(func(t *testing.T, a, b, c string, n int64, pass bool, many uint8) {
		p := export.Provenance{Task: a, Model: b, Seed: c, Miner: a, UID: int32(n), Slot: -int32(n), Epoch: n, Round: -n, Block: n >> 1, Root: b, Answer: c}
		run := export.Run{System: a, Prompt: b, Response: c, Finish: a, Passed: int32(n), Provenance: p}
		record := export.Record{Prompt: c, Response: a, Family: b, Novelty: int32(n), Alike: 1, Diversity: -int32(n), Passed: 2, Provenance: p}
		rated := export.Preference{
			Prompt: b, Chosen: a, Rejected: c, Agreement: float64(many) / 1e4, Confidence: float64(uint64(n)%10001) / 1e4, Lane: a,
			Provenance: export.Origin{Pair: c, Root: a, Setter: b, Gold: int32(n), Epoch: -n, Round: n},
		}
		for i := range int(many % 4) { // of none, a list is null
			run.Tokens = append(run.Tokens, int32(n)>>i)
			record.Checks = append(record.Checks, export.Finding{Check: b, Pass: pass})
			record.Failed = append(record.Failed, c)
			rated.Raters = append(rated.Raters, export.Vote{Rater: b, Choice: int32(n) >> i})
		}
		if many > 128 {
			run.Tokens, record.Failed = []int32{}, []string{}
		}
		for own, plain := range map[any]any{&run: run, &record: record, &rated: rated} {
			got, err := export.Line(own)
			want, werr := export.Line(plain)
			if err != nil || werr != nil || !bytes.Equal(got, want) {
				t.Errorf("got %s, %v, want %s, %v", got, err, want, werr)
			}
		}
	})
}
