package engine_test

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

func TestACallEndsWithItsContext(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 1})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	seen := 0
	r := request(tinyPrompt(9, 1), 400)
	r.Settings.Temperature = 0
	run, err := m.Generate(ctx, r, func(engine.Token) {
		if seen++; seen == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || len(run.Output) != 3 || run.Fingerprint != [32]byte{} {
		t.Errorf("got %v after %d tokens", err, len(run.Output))
	}
	if _, err := m.Verify(ctx, engine.Run{Prompt: r.Prompt, Output: run.Output, Settings: engine.Settings{MaxTokens: 3}}); !errors.Is(err, context.Canceled) {
		t.Errorf("verify: got %v", err)
	}
	if _, err := engine.Open(ctx, enginetest.Tiny(t, enginetest.Options{}), engine.Config{}); !errors.Is(err, context.Canceled) {
		t.Errorf("open: got %v", err)
	}
}

func TestCloseEndsCallsInProgress(t *testing.T) {
	m, err := engine.Open(context.Background(), enginetest.Tiny(t, enginetest.Options{}), engine.Config{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	started := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			first := true
			for {
				_, err := m.Generate(context.Background(), request(tinyPrompt(9, i), 400), func(engine.Token) {
					if first {
						started <- struct{}{}
						first = false
					}
				})
				if err != nil {
					if !errors.Is(err, engine.ErrClosed) {
						t.Errorf("got %v, want ErrClosed", err)
					}
					return
				}
			}
		})
	}
	for range 4 {
		<-started
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
	wg.Wait()
	if err := m.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if _, err := m.Generate(context.Background(), request(tinyPrompt(9, 1), 4), nil); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
	if _, err := m.Verify(context.Background(), engine.Run{Prompt: tinyPrompt(2, 1), Settings: engine.Settings{MaxTokens: 1}}); !errors.Is(err, engine.ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	for _, cfg := range backends() {
		before := runtime.NumGoroutine()
		cfg.Threads, cfg.Nice = 3, 1
		m, err := engine.Open(context.Background(), enginetest.Tiny(t, enginetest.Options{}), cfg)
		if err != nil {
			t.Fatal(err)
		}
		var wg sync.WaitGroup
		for i := range 8 {
			wg.Go(func() {
				_, err := m.Generate(context.Background(), request(tinyPrompt(9, i), 400), nil)
				if err != nil && !errors.Is(err, engine.ErrClosed) {
					t.Error(err)
				}
			})
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
		// A goroutine that has told its end may still be there for a moment.
		for end := time.Now().Add(2 * time.Minute); runtime.NumGoroutine() > before && time.Now().Before(end); {
			runtime.Gosched()
		}
		if n := runtime.NumGoroutine(); n > before {
			t.Errorf("%s: %d goroutines more than before", cfg.ISA, n-before)
		}
	}
}

func TestRequestsThatNoModelCanAnswerAreRefused(t *testing.T) {
	m := open(t, enginetest.Tiny(t, enginetest.Options{}), engine.Config{})
	for name, c := range map[string]struct {
		change func(*engine.Request)
		want   error
	}{
		"empty prompt":       {func(r *engine.Request) { r.Prompt = nil }, engine.ErrRequest},
		"no answer":          {func(r *engine.Request) { r.Settings.MaxTokens = 0 }, engine.ErrRequest},
		"negative token":     {func(r *engine.Request) { r.Prompt[1] = -1 }, engine.ErrToken},
		"token out of range": {func(r *engine.Request) { r.Prompt[1] = 1 << 30 }, engine.ErrToken},
		"NaN":                {func(r *engine.Request) { r.Settings.Temperature = float32(math.NaN()) }, engine.ErrRequest},
		"infinite":           {func(r *engine.Request) { r.Settings.Temperature = float32(math.Inf(1)) }, engine.ErrRequest},
		"below zero":         {func(r *engine.Request) { r.Settings.Temperature = -1 }, engine.ErrRequest},
		"top-k 0":            {func(r *engine.Request) { r.Settings.TopK = 0 }, engine.ErrRequest},
		"top-k 257":          {func(r *engine.Request) { r.Settings.TopK = 257 }, engine.ErrRequest},
		"top-p 0":            {func(r *engine.Request) { r.Settings.TopP = 0 }, engine.ErrRequest},
		"top-p 65537":        {func(r *engine.Request) { r.Settings.TopP = 65537 }, engine.ErrRequest},
		"too long":           {func(r *engine.Request) { r.Settings.MaxTokens = 505 }, engine.ErrContext},
		"far too long":       {func(r *engine.Request) { r.Settings.MaxTokens = math.MaxInt }, engine.ErrContext},
	} {
		r := request(tinyPrompt(9, 1), 5)
		c.change(&r)
		if _, err := m.Generate(context.Background(), r, nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	r := request(tinyPrompt(9, 1), 504)
	r.Settings.Temperature = 0
	if _, err := m.Generate(context.Background(), r, nil); err != nil {
		t.Errorf("a run that just fits: %v", err)
	}
}

func TestConfigsThatContradictAreRefused(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	for _, c := range []engine.Config{{Threads: -1}, {Threads: 1 << 20}, {Nice: 20}, {Nice: -1}} {
		if m, err := engine.Open(context.Background(), path, c); !errors.Is(err, engine.ErrRequest) {
			t.Errorf("%+v: got %v, %v", c, m, err)
		}
	}
}

func TestFilesThatAreNoModelAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*gguf.Writer)
		want   error
	}{
		"architecture": {func(w *gguf.Writer) {
			*w = gguf.Writer{}
			w.AddString("general.architecture", "mamba")
		}, engine.ErrUnsupported},
		"yarn":                         {func(w *gguf.Writer) { w.AddString("llama.rope.scaling.type", "yarn") }, engine.ErrUnsupported},
		"experts":                      {func(w *gguf.Writer) { w.AddUint32("llama.expert_count", 8) }, engine.ErrUnsupported},
		"linear scaling below nothing": {func(w *gguf.Writer) { w.AddFloat32("llama.rope.scaling.factor", -4) }, engine.ErrWeights},
		"a key of another graph":       {func(w *gguf.Writer) { w.AddFloat32("llama.logit_scale", 0.125) }, engine.ErrUnsupported},
		"unknown tensor":               {func(w *gguf.Writer) { w.AddTensor(vector("blk.0.odd.weight", 64, 1)) }, engine.ErrUnsupported},
		"NaN in a norm":                {func(w *gguf.Writer) { replace(w, vector("output_norm.weight", 64, float32(math.NaN()))) }, engine.ErrWeights},
		"short norm":                   {func(w *gguf.Writer) { replace(w, vector("output_norm.weight", 32, 1)) }, engine.ErrWeights},
		"infinite bias":                {func(w *gguf.Writer) { w.AddTensor(vector("blk.0.attn_q.bias", 64, float32(math.Inf(1)))) }, engine.ErrWeights},
		"zero RoPE factor":             {func(w *gguf.Writer) { w.AddTensor(vector("rope_freqs.weight", 8, 0)) }, engine.ErrWeights},
		"NaN scale":                    {func(w *gguf.Writer) { replace(w, matrix("blk.1.ffn_down.weight", 96, 64, 0x7e00)) }, engine.ErrWeights},
		"wrong shape":                  {func(w *gguf.Writer) { replace(w, matrix("blk.1.ffn_down.weight", 64, 96, 0x3c00)) }, engine.ErrWeights},
		"a type of tensor": {func(w *gguf.Writer) {
			t := matrix("blk.1.ffn_down.weight", 96, 64, 0x3c00)
			t.Type, t.Data = gguf.Q8_1, make([]byte, 96*64/32*36)
			replace(w, t)
		}, engine.ErrUnsupported},
	} {
		w, err := enginetest.Build(enginetest.Options{Type: gguf.Q4_0})
		if err != nil {
			t.Fatal(err)
		}
		c.change(w)
		path := filepath.Join(t.TempDir(), "m.gguf")
		if err := w.WriteFile(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if m, err := engine.Open(context.Background(), path, engine.Config{}); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, m, err, c.want)
		}
	}
	if _, err := engine.Open(context.Background(), filepath.Join(t.TempDir(), "none"), engine.Config{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

// vector is a tensor of n equal elements.
func vector(name string, n int, x float32) gguf.Tensor {
	t := gguf.Tensor{Name: name, Dims: []uint64{uint64(n)}, Type: gguf.F32}
	for range n {
		t.Data = binary.LittleEndian.AppendUint32(t.Data, math.Float32bits(x))
	}
	return t
}

// matrix is a Q4_0 tensor of equal scales, given by their bits, and zeros.
func matrix(name string, cols, rows int, scale uint16) gguf.Tensor {
	t := gguf.Tensor{Name: name, Dims: []uint64{uint64(cols), uint64(rows)}, Type: gguf.Q4_0}
	for range cols * rows / 32 {
		t.Data = binary.LittleEndian.AppendUint16(t.Data, scale)
		t.Data = append(t.Data, make([]byte, 16)...)
	}
	return t
}

func replace(w *gguf.Writer, t gguf.Tensor) {
	if !w.ReplaceTensor(t.Name, t) {
		panic("the model has no tensor " + t.Name)
	}
}
