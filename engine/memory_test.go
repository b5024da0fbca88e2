package engine_test

import (
	"context"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
)

// TestKeysAndValuesNeverTakeMoreThanTheirLimit lets many sequences come, share
// beginnings, be cancelled and go: what they leave serves the next, and Close
// leaves nothing.
func TestKeysAndValuesNeverTakeMoreThanTheirLimit(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{})
	for _, cfg := range backends()[1:] {
		const page = 16384
		cfg.KVBytes, cfg.PrefixCache, cfg.MaxBatch = 20*page, 8*page, 6
		var m *engine.Model
		var most atomic.Int64
		cfg.Observer = &eachStep{do: func(int) { most.Store(max(most.Load(), m.CacheBytes())) }}
		m = open(t, path, cfg)
		var wg sync.WaitGroup
		for caller := range 10 {
			r := rand.New(rand.NewPCG(uint64(caller), 1))
			wg.Go(func() {
				for range 15 {
					ctx, cancel := context.WithCancel(context.Background())
					give := r.IntN(20)
					prompt := append(tinyPrompt(150, r.IntN(3))[:r.IntN(151)], tinyPrompt(1+r.IntN(60), 10+r.IntN(4))...)
					_, err := m.Generate(ctx, request(prompt, 1+r.IntN(40)), func(engine.Token) {
						if give--; give == 0 {
							cancel()
						}
					})
					if cancel(); err != nil && ctx.Err() == nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		x := m.Stats()
		if x.KVLimit != 20*page || most.Load() < 10*page || most.Load() > x.KVLimit {
			t.Errorf("%s: at most %d bytes, of %d", cfg.ISA, most.Load(), x.KVLimit)
		}
		if x.KVBytes != x.KVKept || x.KVKept > cfg.PrefixCache {
			t.Errorf("%s: at rest %+v", cfg.ISA, x)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
		if left := m.CacheBytes(); left != 0 {
			t.Errorf("%s: Close leaves %d bytes", cfg.ISA, left)
		}
	}
}

// TestKeysAndValuesAreNotGosGarbage makes sequences one after another: Go's
// heap does not see their pages.
func TestKeysAndValuesAreNotGosGarbage(t *testing.T) {
	path := enginetest.Tiny(t, enginetest.Options{Arch: "qwen3", Head: 256, Layers: 8})
	for _, cfg := range backends()[1:] {
		if cfg.PrefixCache = -1; cfg.ISA == native.AMXEmulated.String() {
			continue // as slow as it is like the others
		}
		m := open(t, path, cfg)
		r := request(tinyPrompt(130, 1), 1)
		generate(t, m, r)
		pages := m.CacheBytes() // three, of a MiB
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range 10 {
			generate(t, m, r)
		}
		runtime.ReadMemStats(&after)
		if got := after.TotalAlloc - before.TotalAlloc; pages < 3<<20 || m.CacheBytes() != pages || got > 10*uint64(pages)/4 {
			t.Errorf("%s: %d bytes of Go's and %d of C's for 10 sequences of %d", cfg.ISA, got, m.CacheBytes(), pages)
		}
	}
}

func TestARefusalForMemorySaysHowMuchThereIs(t *testing.T) {
	for _, cfg := range backends() {
		cfg.KVBytes = 1 << 16
		m := open(t, enginetest.Tiny(t, enginetest.Options{}), cfg)
		_, err := m.Generate(context.Background(), request(tinyPrompt(400, 1), 101), nil)
		if err == nil || !strings.Contains(err.Error(), "up to 500 positions take ") || !strings.Contains(err.Error(), ", of 65536") {
			t.Errorf("%s: got %v", cfg.ISA, err)
		}
	}
}
