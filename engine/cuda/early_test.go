package cuda_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/cuda"
	"github.com/assaynet/assay/engine/cuda/internal/ptx"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// TestKernelsThatBeginEarlyHaveTheSameBits compares tiny models with the
// reference where kernels begin before those before them have, where some of their
// blocks do, and where none does though all may.
func TestKernelsThatBeginEarlyHaveTheSameBits(t *testing.T) {
	for name, o := range map[string]enginetest.Options{
		"llama":  {Type: gguf.Q8_0, Width: 288, Heads: 6, KVHeads: 2, FFN: 96, Layers: 2},
		"qwen2":  {Arch: "qwen2", Type: gguf.Q4_K, Width: 256, Heads: 4, KVHeads: 2, FFN: 256, Layers: 1},
		"gemma3": {Arch: "gemma3", Type: gguf.Q4_0, Head: 32, Layers: 2, Window: 33, LogitCap: 3},
	} {
		t.Run(name, func(t *testing.T) {
			w, d := tiny(t, o), early(ptx.Schedule{Early: true})
			if !slices.EqualFunc(all(t, w, d), oracle(t, w), equal) {
				t.Error("other numbers than the reference's")
			}
			run := func(s ptx.Schedule) ([][]float32, int) {
				d := early(s)
				b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
				if err != nil {
					t.Fatal(err)
				}
				defer b.Close()
				return continued(t, b, []int{1, 1, 2, 1}), d.Opened.Early()
			}
			want, began := run(ptx.Schedule{})
			if began != 0 {
				t.Errorf("%d kernels began early, and none was to", began)
			}
			for _, s := range []ptx.Schedule{{Early: true, Races: true}, {Early: true, Random: true, Races: true, Seed: 5}} {
				got, began := run(s)
				if !slices.EqualFunc(got, want, slices.Equal[[]float32]) || began == 0 {
					t.Errorf("%+v: other numbers, or of the kernels none began early: %d", s, began)
				}
			}
		})
	}
}

// TestWhoBeginsEarly: from compute capability 9.0 and CUDA 12.3 on, and where it
// is not forbidden.
func TestWhoBeginsEarly(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q4_1, Layers: 1})
	for _, c := range []struct {
		major, version int
		plain, want    bool
	}{{8, 12030, false, false}, {9, 12020, false, false}, {9, 12030, true, false}, {9, 12030, false, true}, {12, 13000, false, true}} {
		d := early(ptx.Schedule{Early: true})
		d.Info.Major, d.Info.Version = c.major, c.version
		b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1, Plain: c.plain})
		if err != nil {
			t.Fatal(err)
		}
		continued(t, b, []int{1, 1, 2})
		b.Close()
		d.Opened.Leaks(t)
		if got := d.Opened.Early() > 0; got != c.want {
			t.Errorf("%+v: %d kernels began early", c, d.Opened.Early())
		}
	}
}

// TestAKernelThatDoesNotWaitIsFound takes the wait out of one kernel after the
// other: bits may be right all the same, and that it is no order is said.
func TestAKernelThatDoesNotWaitIsFound(t *testing.T) {
	w := tiny(t, enginetest.Options{Type: gguf.Q8_0, Width: 64, Heads: 2, KVHeads: 1, FFN: 96, Layers: 1})
	for name, module := range map[string]string{
		"norm_quantise": "norm", "linear_q8_0_1": "single", "gated_q8_0": "single", "place": "rope", "attention": "attention",
	} {
		text, err := cuda.Modules.ReadFile("ptx/sm_90/" + module + ".ptx")
		if err != nil {
			t.Fatal(err)
		}
		hasty, err := ptx.Parse(strings.ReplaceAll(string(text), "griddepcontrol.wait;", ""))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []ptx.Schedule{{}, {Early: true}} {
			d := early(s)
			d.Instead = map[string]*ptx.Kernel{name: hasty.Kernels[name]}
			b, err := cuda.Open(w, cuda.Config{Driver: d, Check: -1})
			if err != nil {
				t.Fatal(err)
			}
			c := b.NewCache()
			err = b.Step([]*backend.Piece{{
				Cache: c, Tokens: []backend.Token{30}, Keep: 1, Want: backend.State | backend.Likeliest, Each: func(int, backend.Result) {},
			}})
			if !errors.Is(err, ptx.ErrRace) && !errors.Is(err, ptx.ErrEarly) && !errors.Is(err, ptx.ErrUndefined) {
				t.Errorf("%s, %+v: got %v", name, s, err)
			}
			c.Release()
			b.Close()
		}
	}
}
