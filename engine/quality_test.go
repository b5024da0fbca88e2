package engine_test

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/tokenizer"
)

const (
	// quickWindows of each text are scored by default; ASSAY_QUALITY=all scores
	// every one.
	quickWindows = 3
	// worstPerplexity and leastTop1 are how far the arithmetic may be from
	// llama.cpp's: two builds of that differ by up to 0.3 % and agree at 95 %
	// of the positions.
	worstPerplexity = 0.01
	leastTop1       = 0.93
)

func TestQualityIsThatOfTheOracle(t *testing.T) {
	m := open(t, enginetest.Real(t), engine.Config{PrefixCache: -1})
	checkQuality(t, m, "testdata/nll-smollm2-135m-q4_1.json", quickWindows)
}

// checkQuality scores windows of the texts that a file of testdata tells of,
// all where ASSAY_QUALITY says so.
func checkQuality(t *testing.T, m *engine.Model, file string, windows int) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var o struct {
		Docs []struct {
			File   string
			Window int
			BOS    *engine.Token
			Tokens int
			NLLs   []float64
			Top1   []engine.Token
		}
	}
	if err := json.Unmarshal(data, &o); err != nil {
		t.Fatal(err)
	}
	for _, d := range o.Docs {
		text, err := os.ReadFile(filepath.Join("testdata", d.File))
		if err != nil {
			t.Fatal(err)
		}
		ids, err := m.Tokenizer().Encode(string(text), tokenizer.Options{})
		if err != nil || len(ids) != d.Tokens {
			t.Fatalf("%s: got %d tokens, want %d; %v", d.File, len(ids), d.Tokens, err)
		}
		if os.Getenv("ASSAY_QUALITY") != "all" {
			ids = ids[:min(len(ids), windows*d.Window)]
		}
		bos := engine.Token(-1)
		if d.BOS != nil {
			bos = *d.BOS
		}
		p, err := m.Perplexity(context.Background(), ids, d.Window, bos)
		if err != nil {
			t.Fatal(err)
		}
		want, equal := 0.0, 0
		for i := range p.Scored {
			want += d.NLLs[i] / float64(p.Scored)
			if p.Top1[i] == d.Top1[i] {
				equal++
			}
		}
		off := p.Perplexity/math.Exp(want) - 1
		top1 := float64(equal) / float64(p.Scored)
		t.Logf("%s: %d scored, perplexity %.3f, oracle %.3f (%+.2f %%), likeliest token equal at %.2f %%",
			d.File, p.Scored, p.Perplexity, math.Exp(want), 100*off, 100*top1)
		if math.Abs(off) > worstPerplexity || top1 < leastTop1 {
			t.Errorf("%s: too far from the oracle", d.File)
		}
	}
}
