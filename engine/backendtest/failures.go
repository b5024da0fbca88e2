package backendtest

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
)

// testFailures runs a sequence that fails in the first layer beside one that
// does not.
func (s Subject) testFailures(t *testing.T) {
	const bad, at = 50, 20
	b, want := s.tiny(t, enginetest.Options{FailToken: bad})
	clean := func(p []backend.Token) []backend.Token {
		for i := range p {
			if p[i] == bad {
				p[i]++
			}
		}
		return p
	}
	good, before := clean(prompt(30, 4)), clean(prompt(30, 3))
	failing := slices.Clone(before)
	failing[at], failing[at+5] = bad, bad
	for _, w := range []backend.Want{backend.State, backend.Likeliest, everything} {
		p, q := ask(b.NewCache(), failing, len(failing), w), ask(b.NewCache(), good, 2, w)
		if err := try(b, p, q); err != nil {
			t.Fatal(err)
		}
		var failed *backend.FailedError
		if !errors.As(p.Err, &failed) || failed.Position != at || failed.Layer != 1 || p.Ran != at || p.Cache.Len() != at {
			t.Fatalf("got %v, %d results, %d positions, want a failure at %d", p.Err, p.Ran, p.Cache.Len(), at)
		}
		p.checkRan(t, want.run(t, before))
		q.check(t, want.run(t, good))
		rest := ask(p.Cache, before[at:], len(before)-at, w)
		step(t, b, rest) // the positions before the failure are as good as any
		rest.check(t, want.run(t, before))
		p.Cache.Release()
		q.Cache.Release()
	}
}

// testNotFinite has a last norm so large that all states are finite, and the
// logits of some positions are not.
func (s Subject) testNotFinite(t *testing.T) {
	o := enginetest.Options{Float32: true, Untied: true}
	wide := func(norm float32) func(x *gguf.Tensor) {
		return func(x *gguf.Tensor) {
			switch x.Name {
			case "output.weight":
				x.Data = times(x.Data, 1024)
			case "output_norm.weight":
				x.Data = times(x.Data, norm)
			}
		}
	}
	_, plain := s.open(t, s.rewrite(t, o, wide(1)))
	tokens, most := growing(t, plain)
	b, want := s.open(t, s.rewrite(t, o, wide(math.MaxFloat32/most)))
	all := want.run(t, tokens)
	at := slices.IndexFunc(all, func(r backend.Result) bool { return r.Likeliest < 0 })
	if at < 1 || !arith.Finite(all[at].State) {
		t.Fatalf("logits fail first at %d, want a position above 0 with a state that does not", at)
	}
	for w := backend.State; w <= everything; w++ {
		a := ask(b.NewCache(), tokens, len(tokens), w)
		if err := try(b, a); err != nil {
			t.Fatal(err)
		}
		if w == backend.State {
			a.check(t, all)
		} else {
			var failed *backend.FailedError
			if !errors.As(a.Err, &failed) || failed.Position != at || failed.Layer != 0 || a.Ran != at {
				t.Fatalf("%03b: got %v and %d results, want a failure at %d", w, a.Err, a.Ran, at)
			}
			a.checkRan(t, all)
		}
		if a.Cache.Len() != len(tokens) { // its keys and values are finite: it may go on
			t.Errorf("%03b: %d positions", w, a.Cache.Len())
		}
		a.Cache.Release()
	}
}

// growing is a prompt of which a later position has larger logits than the
// first, and a number between the largest of both.
func growing(t *testing.T, o *oracle) (tokens []backend.Token, between float32) {
	t.Helper()
	for seed := range 20 {
		tokens, most := prompt(30, seed), float32(0)
		all := o.run(t, tokens)
		for _, r := range all {
			most = max(most, largest(r.Logits))
		}
		if first := largest(all[0].Logits); most > 1.1*first {
			return tokens, 1.05 * first
		}
	}
	t.Fatal("no prompt's logits grow")
	return nil, 0
}

// times multiplies binary32 numbers.
func times(data []byte, by float32) []byte {
	out := make([]byte, 0, len(data))
	for at := 0; at < len(data); at += 4 {
		x := math.Float32frombits(binary.LittleEndian.Uint32(data[at:])) * by
		out = binary.LittleEndian.AppendUint32(out, math.Float32bits(x))
	}
	return out
}

// largest is the largest magnitude.
func largest(x []float32) float32 {
	most := float32(0)
	for _, f := range x {
		most = max(most, float32(math.Abs(float64(f))))
	}
	return most
}

func (s Subject) testBadPieces(t *testing.T) {
	b, want := s.tiny(t, enginetest.Options{Context: 20})
	good := prompt(5, 1)
	all := want.run(t, good)
	for _, w := range []backend.Want{backend.State, everything} {
		fine := ask(b.NewCache(), good, 5, w)
		long := ask(b.NewCache(), prompt(21, 1), 1, w)
		above := ask(b.NewCache(), []backend.Token{20, backend.Token(want.Vocab)}, 1, w)
		below := ask(b.NewCache(), []backend.Token{-1}, 1, w)
		if err := try(b, long, above, fine, below); err != nil {
			t.Fatal(err)
		}
		fine.check(t, all)
		if !errors.Is(long.Err, backend.ErrContext) || !errors.Is(above.Err, backend.ErrToken) || !errors.Is(below.Err, backend.ErrToken) {
			t.Errorf("got %v, %v, %v", long.Err, above.Err, below.Err)
		}
		for _, a := range []*asked{long, above, below} {
			if a.Ran != 0 || a.told[0] != 0 || a.Cache.Len() != 0 {
				t.Errorf("%v: %d ran, %d positions", a.Err, a.Ran, a.Cache.Len())
			}
			a.Cache.Release()
		}
		fine.Cache.Release()
	}
}

// testLoss loses the backend between two steps.
func (s Subject) testLoss(t *testing.T) {
	path := enginetest.Tiny(t, s.layered(enginetest.Options{Type: gguf.Q8_0, Width: 256, FFN: 512}))
	b, _ := s.open(t, path)
	if err := b.Check(); err != nil {
		t.Fatal(err)
	}
	c, other := b.NewCache(), b.NewCache()
	step(t, b, ask(c, prompt(20, 1), 1, everything), ask(other, prompt(3, 2), 1, backend.State))
	if err := s.Break(path); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		p, q := ask(c, prompt(20, 3), 20, everything), ask(other, prompt(1, 4), 1, backend.Likeliest)
		if err := try(b, p, q); !errors.Is(err, s.Lost) {
			t.Fatalf("a step: got %v, want %v", err, s.Lost)
		}
		if c.Len() < 20 || other.Len() < 3 {
			t.Errorf("a step that failed took positions away: %d and %d are left", c.Len(), other.Len())
		}
		if err := b.Check(); !errors.Is(err, s.Lost) {
			t.Errorf("the check says %v, want %v", err, s.Lost)
		}
	}
	fork := c.Fork(7)
	c.Release()
	b.Close()
	fork.Release()
	other.Release()
}
