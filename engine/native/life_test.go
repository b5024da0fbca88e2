//go:build cgo

package native_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/enginetest"
	"github.com/assaynet/assay/engine/gguf"
	"github.com/assaynet/assay/engine/native"
)

func TestAMissingLevelIsAnErrorThatListsTheOthers(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{}))
	have := native.Levels()
	for _, name := range []string{"quantum", "scalar ", native.AVX2.String(), native.NEON.String()} {
		if slices.ContainsFunc(have, func(l native.Level) bool { return l.String() == name }) {
			continue
		}
		_, err := native.New(m, native.Config{Threads: 1, Level: name})
		if !errors.Is(err, native.ErrLevel) {
			t.Fatalf("%q: got %v", name, err)
		}
		for _, l := range have {
			if !strings.Contains(err.Error(), l.String()) {
				t.Errorf("%v does not name %v", err, l)
			}
		}
	}
}

func TestClosedModelsRefuseWork(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{}))
	n, err := native.New(m, native.Config{Threads: 3})
	if err != nil {
		t.Fatal(err)
	}
	p := &native.Piece{Cache: n.NewCache(), Tokens: tinyTokens(5, 1), Keep: 1}
	if err := n.Forward([]*native.Piece{p}); err != nil || p.Err != nil {
		t.Fatal(err, p.Err)
	}
	n.Close()
	n.Close()
	if err := n.Forward([]*native.Piece{p}); !errors.Is(err, native.ErrClosed) {
		t.Errorf("forward: got %v", err)
	}
	if _, _, err := n.Logits(p.States, new([]float32)); !errors.Is(err, native.ErrClosed) {
		t.Errorf("logits: got %v", err)
	}
}

func TestBadPiecesHarmNoOther(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Context: 64}))
	n := open(t, m, native.Levels()[0], 1)
	good := &native.Piece{Cache: n.NewCache(), Tokens: tinyTokens(5, 1), Keep: 5}
	long := &native.Piece{Cache: n.NewCache(), Tokens: tinyTokens(65, 1), Keep: 1}
	beyond := &native.Piece{Cache: n.NewCache(), Tokens: []int32{int32(m.Vocab)}, Keep: 1}
	below := &native.Piece{Cache: n.NewCache(), Tokens: []int32{-1}, Keep: 1}
	empty := &native.Piece{Cache: n.NewCache()}
	if err := n.Forward([]*native.Piece{long, good, beyond, below, empty}); err != nil {
		t.Fatal(err)
	}
	states, _ := reference(t, m, good.Tokens)
	for i := range states {
		if !same(good.States[i], states[i]) {
			t.Errorf("the state at %d differs", i)
		}
	}
	if !errors.Is(long.Err, backend.ErrContext) || !errors.Is(beyond.Err, backend.ErrToken) || !errors.Is(below.Err, backend.ErrToken) || empty.Err != nil {
		t.Errorf("got %v, %v, %v, %v", long.Err, beyond.Err, below.Err, empty.Err)
	}
}

// TestModelsSideBySide runs more models and threads than there are processors:
// none may wait for another's threads for ever.
func TestModelsSideBySide(t *testing.T) {
	m := load(t, enginetest.Tiny(t, enginetest.Options{Type: gguf.Q8_0}))
	tokens := tinyTokens(70, 5)
	states, _ := reference(t, m, tokens)
	var wg sync.WaitGroup
	for range 4 {
		n := open(t, m, native.Levels()[0], 5)
		wg.Go(func() {
			for range 5 {
				p := &native.Piece{Cache: n.NewCache(), Tokens: tokens, Keep: 1}
				if err := n.Forward([]*native.Piece{p}); err != nil || p.Err != nil || !same(p.States[0], states[len(tokens)-1]) {
					t.Error("differs", err, p.Err)
				}
			}
		})
	}
	wg.Wait()
}
