package backendtest

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// models are tiny models of every type and family, with odd widths, windows
// that cut pages, and numbers that few files have.
func models() []enginetest.Options {
	list := []enginetest.Options{
		{Float32: true, Biases: true},
		{Type: gguf.Q4_1, Untied: true, Width: 288, Heads: 9, KVHeads: 3, FFN: 320},
		{Type: gguf.Q8_0, Width: 256, Heads: 1, KVHeads: 1, FFN: 64, Layers: 1},
		{Type: gguf.Q4_0, Width: 64, Heads: 8, KVHeads: 1, FFN: 32, Rot: 4},
		{Type: gguf.Q8_0, Factors: true, Scale: 4},
		{Arch: "qwen2", Type: gguf.Q5_0},
		{Arch: "qwen3", Type: gguf.Q5_1, Head: 32},
		{Arch: "gemma3", Type: gguf.Q8_0, Head: 32, Layers: 6, Window: 33, LogitCap: 3, Scale: 8},
		{Arch: "phi3", Type: gguf.Q4_K, Width: 256, FFN: 256, Factors: true},
	}
	for _, kind := range []gguf.Type{gguf.F16, gguf.BF16, gguf.Q5_K, gguf.Q6_K} {
		list = append(list, enginetest.Options{Type: kind, Width: 256, FFN: 256})
	}
	return list
}

// families are one small model of each.
func families() []enginetest.Options {
	return []enginetest.Options{
		{Type: gguf.Q8_0, Biases: true, Untied: true},
		{Arch: "qwen2", Type: gguf.Q5_0},
		{Arch: "qwen3", Type: gguf.Q5_1, Head: 32},
		{Arch: "gemma3", Type: gguf.Q8_0, Head: 32, Window: 33, LogitCap: 3},
		{Arch: "phi3", Type: gguf.Q4_0, Factors: true},
	}
}

func (s Subject) testBits(t *testing.T) {
	list, sizes := models(), []int{1, 7, 64, 100}
	if s.Parts > 0 {
		list, sizes = families(), []int{9, 80}
	}
	for _, o := range list {
		t.Run(fmt.Sprintf("%s %s", o.Arch, o.Type), func(t *testing.T) {
			b, want := s.tiny(t, o)
			tokens := prompt(100, 1)
			all := want.run(t, tokens)
			for _, size := range sizes {
				c := b.NewCache()
				for c.Len() < len(tokens) {
					n := min(size, len(tokens)-c.Len(), b.Budget())
					a := ask(c, tokens[c.Len():c.Len()+n], n, everything)
					step(t, b, a)
					a.check(t, all)
				}
				c.Release()
			}
		})
	}
}

func (s Subject) testWants(t *testing.T) {
	b, want := s.tiny(t, enginetest.Options{Type: gguf.Q4_1, Untied: true})
	tokens := prompt(70, 2)
	all := want.run(t, tokens)
	var list []*asked
	keeps := []int{0, 1, 32}
	if s.Parts > 0 {
		keeps = keeps[2:]
	}
	for w := backend.State; w <= everything; w++ {
		for _, keep := range keeps {
			c := b.NewCache()
			for c.Len() < 38 {
				step(t, b, ask(c, tokens[c.Len():min(38, c.Len()+b.Budget())], 0, 0))
			}
			a := ask(c, tokens[38:], keep, w)
			step(t, b, a) // alone
			a.check(t, all)
			half := c.Fork(38)
			c.Release()
			list = append(list, ask(half, tokens[38:], keep, w))
		}
	}
	step(t, b, list...) // beside those that want something else
	for _, a := range list {
		a.check(t, all)
		a.Cache.Release()
	}
}

// testTies has a vocabulary that repeats itself: whatever is likeliest has
// equals, far and near.
func (s Subject) testTies(t *testing.T) {
	const period = 20
	path := s.rewrite(t, enginetest.Options{Type: gguf.Q8_0}, func(x *gguf.Tensor) {
		if x.Name == "token_embd.weight" {
			row := len(x.Data) / int(x.Dims[1])
			x.Data = slices.Clone(x.Data)
			for at := period * row; at < len(x.Data); at += row {
				copy(x.Data[at:at+row], x.Data[at%(period*row):])
			}
		}
	})
	b, want := s.open(t, path)
	tokens := prompt(60, 3)
	all := want.run(t, tokens)
	c := b.NewCache()
	defer c.Release()
	for c.Len() < len(tokens) {
		n := min(b.Budget(), len(tokens)-c.Len())
		a := ask(c, tokens[c.Len():c.Len()+n], n, backend.Likeliest)
		step(t, b, a)
		a.check(t, all)
		for _, r := range a.got {
			if r.Likeliest < 0 || r.Likeliest >= period {
				t.Fatalf("the likeliest is %d, which has equals below %d", r.Likeliest, period)
			}
		}
	}
}

// rewrite writes a tiny model with each tensor changed, and returns its path.
func (s Subject) rewrite(t *testing.T, o enginetest.Options, change func(x *gguf.Tensor)) string {
	t.Helper()
	f := enginetest.Open(t, enginetest.Tiny(t, s.layered(o)))
	w := &gguf.Writer{}
	for _, kv := range f.Metadata() {
		w.AddRaw(kv.Key, kv.Type, kv.Raw)
	}
	for _, x := range f.Tensors() {
		change(&x)
		w.AddTensor(x)
	}
	path := filepath.Join(t.TempDir(), "changed.gguf")
	if err := w.WriteFile(path); err != nil {
		t.Fatal(err)
	}
	return path
}

// testTruncate tries tokens that are wrong, or fail, behind some that are right,
// across the border of a page, and takes them back.
func (s Subject) testTruncate(t *testing.T) {
	const bad = 50
	b, want := s.tiny(t, enginetest.Options{Type: gguf.Q4_1, FailToken: bad})
	tokens := prompt(backend.PageLen+20, 1)
	for i := range tokens {
		if tokens[i] == bad {
			tokens[i]++
		}
	}
	all := want.run(t, tokens)
	c := b.NewCache()
	for k := 0; c.Len() < len(tokens); k++ {
		at := c.Len()
		right := min([]int{1, 3, 8}[k%3], len(tokens)-at)
		tried := append(slices.Clone(tokens[at:at+right]), prompt(k%9, 70+k)...)
		if k%4 == 3 {
			tried = append(tried, bad)
		}
		a, plain := ask(c, tried, len(tried), everything), ask(b.NewCache(), tokens[:5], 1, everything)
		if err := try(b, a, plain); err != nil {
			t.Fatal(err)
		}
		if a.Ran < right {
			t.Fatalf("%d of %d rows, of which %d are right: %v", a.Ran, len(tried), right, a.Err)
		}
		for i, r := range a.got[:right] {
			if !equal(r, all[at+i]) {
				t.Errorf("position %d is another beside tokens that are wrong", at+i)
			}
		}
		plain.check(t, all[:5])
		plain.Cache.Release()
		c.Truncate(at + right)
		if c.Len() != at+right || !slices.Equal(c.Tokens(), tokens[:c.Len()]) {
			t.Fatalf("%d positions with %v, want %d", c.Len(), c.Tokens(), at+right)
		}
		if k%5 == 4 {
			fork := c.Fork(c.Len())
			c.Release()
			c = fork
		}
	}
	c.Release()
}

// testCompany runs sequences side by side in random batches, which begin alike
// and share pages, and fork and end in between.
func (s Subject) testCompany(t *testing.T) {
	b, want := s.tiny(t, enginetest.Options{Type: gguf.Q4_1, Width: 96, Heads: 3, KVHeads: 1, FFN: 96})
	r := rand.New(rand.NewPCG(11, 12))
	const common = 70
	count := 12
	if s.Parts > 0 {
		count = 4
	}
	tokens, all := make([][]backend.Token, count), make([][]backend.Result, count)
	for i := range tokens {
		tokens[i] = prompt(20+i*13, i)
		copy(tokens[i][:min(common, len(tokens[i]))], prompt(common, 99))
		all[i] = want.run(t, tokens[i])
	}
	first := b.NewCache()
	for first.Len() < common {
		step(t, b, ask(first, prompt(common, 99)[first.Len():min(common, first.Len()+b.Budget())], 0, 0))
	}
	caches := make([]backend.Cache, count)
	for i := range caches {
		caches[i] = first.Fork(min(r.IntN(common+1), len(tokens[i])-1))
	}
	first.Release()
	for left := count; left > 0; {
		var list []*asked
		var owners []int
		for i, c := range caches {
			most := 0
			if c != nil {
				most = min(len(tokens[i])-c.Len(), b.Budget())
			}
			if most == 0 || r.IntN(3) == 0 {
				continue
			}
			n := 1 + r.IntN(min(most, []int{1, 1, 5, 100}[r.IntN(4)]))
			list = append(list, ask(c, tokens[i][c.Len():c.Len()+n], r.IntN(n+1), 1+backend.Want(r.IntN(int(everything)))))
			owners = append(owners, i)
		}
		step(t, b, list...)
		for k, a := range list {
			i := owners[k]
			a.check(t, all[i])
			if a.Cache.Len() == len(tokens[i]) {
				a.Cache.Release()
				caches[i] = nil
				left--
			} else if r.IntN(5) == 0 { // goes on as another, from somewhere before
				caches[i] = a.Cache.Fork(1 + r.IntN(a.Cache.Len()))
				a.Cache.Release()
			}
		}
	}
}
