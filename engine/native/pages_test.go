//go:build cgo

package native_test

import (
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/native"
)

// ran is a cache that holds tokens.
func ran(t *testing.T, n *native.Model, c *native.Cache, tokens []int32) [][]float32 {
	t.Helper()
	p := &native.Piece{Cache: c, Tokens: tokens, Keep: len(tokens)}
	if err := errors.Join(n.Forward([]*native.Piece{p})); err != nil || p.Err != nil {
		t.Fatal(err, p.Err)
	}
	return p.States
}

// TestPagesThatNobodyHoldsAreUsedAgain fills them with the largest numbers
// before: what was there changes no bit.
func TestPagesThatNobodyHoldsAreUsedAgain(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{}))
	tokens := tinyTokens(130, 5)
	want, _ := reference(t, m, tokens)
	forEachLevel(t, func(t *testing.T, l native.Level) {
		n := open(t, m, l, 2)
		first := n.NewCache()
		ran(t, n, first, tokens)
		size := first.PageBytes()
		if got := n.CacheBytes(); got != 3*size || first.Bytes() != got {
			t.Fatalf("got %d bytes for three pages of %d", got, size)
		}
		fork := first.Fork(70) // one page shared, one copied
		first.Release()
		first.Release()
		if got := n.CacheBytes(); got != 4*size {
			t.Errorf("got %d bytes, want four pages of %d", got, size)
		}
		n.SpoilFreePages()
		second := n.NewCache()
		for _, c := range []*native.Cache{fork, second} {
			at := c.Len()
			for i, s := range ran(t, n, c, tokens[at:]) {
				if !same(s, want[at+i]) {
					t.Fatalf("the state at %d differs", at+i)
				}
			}
		}
		if got := n.CacheBytes(); got != 6*size {
			t.Errorf("got %d bytes, want six pages of %d: three for each", got, size)
		}
		fork.Release()
		third := n.NewCache()
		if ran(t, n, third, tokens); n.CacheBytes() != 6*size {
			t.Errorf("got %d bytes after one in the place of another", n.CacheBytes())
		}
		runtime.KeepAlive(second) // a cache that nobody can reach gives its pages back
		runtime.KeepAlive(third)
	})
}

func TestAFailedPieceKeepsNoPageTooMany(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{FailToken: 200}))
	n := open(t, m, native.Levels()[0], 1)
	c := n.NewCache()
	tokens := append(tinyTokens(60, 1), 200)
	tokens = append(tokens, tinyTokens(100, 2)...)
	p := &native.Piece{Cache: c, Tokens: tokens, Keep: 1}
	if err := n.Forward([]*native.Piece{p}); err != nil || !errors.Is(p.Err, backend.ErrNotFinite) {
		t.Fatal(err, p.Err)
	}
	if c.Len() != 60 || c.Bytes() != c.PageBytes() {
		t.Errorf("%d positions in %d bytes", c.Len(), c.Bytes())
	}
}

func TestForgottenCachesAreCollected(t *testing.T) {
	n := open(t, load(t, enginetest.Tiny(t, enginetest.Options{})), native.Levels()[0], 1)
	func() {
		c := n.NewCache()
		ran(t, n, c, tinyTokens(100, 1))
		c.Fork(90)
	}()
	for end := time.Now().Add(2 * time.Minute); n.CacheBytes() > 0 && time.Now().Before(end); {
		runtime.GC()
		runtime.Gosched()
	}
	if got := n.CacheBytes(); got != 0 {
		t.Errorf("%d bytes are left", got)
	}
}

func TestCachesOutliveTheirModel(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{}))
	n, err := native.New(m, native.Config{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	free, kept := n.NewCache(), n.NewCache()
	ran(t, n, free, tinyTokens(100, 1))
	ran(t, n, kept, tinyTokens(70, 1))
	free.Release()
	n.Close()
	if got := n.CacheBytes(); got != 2*kept.PageBytes() {
		t.Errorf("got %d bytes, want two pages of %d", got, kept.PageBytes())
	}
	fork := kept.Fork(66)
	kept.Release()
	fork.Release()
	if got := n.CacheBytes(); got != 0 {
		t.Errorf("got %d bytes after the last", got)
	}
}
