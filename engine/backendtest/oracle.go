package backendtest

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/assaynet/assay/engine/arith"
	"github.com/assaynet/assay/engine/backend"
	"github.com/assaynet/assay/engine/weights"
)

// oracle is a model as the specification runs it.
type oracle struct{ *arith.Model }

func newOracle(w *weights.Model) *oracle { return &oracle{arith.New(w)} }

// run returns everything of every position of tokens, none of which fails in a
// layer. Logits that are not finite are there, and have no likeliest token: it
// is -1.
func (o *oracle) run(t *testing.T, tokens []backend.Token) []backend.Result {
	t.Helper()
	var w arith.Workspace
	var all []backend.Result
	c := o.NewCache()
	for c.Len() < len(tokens) {
		piece := tokens[c.Len():min(c.Len()+arith.MaxPiece, len(tokens))]
		states, err := o.Forward(arith.Serial, &w, c, piece, len(piece))
		if err != nil {
			t.Fatal(err)
		}
		states = cloned(states)
		for _, s := range states {
			r := backend.Result{State: s, Likeliest: -1}
			if logits, err := o.Logits(arith.Serial, &w, [][]float32{s}); err == nil {
				r.Logits, r.Likeliest = logits[0], arith.Choose(logits[0], arith.Sampling{}, 0)
			} else if !errors.Is(err, backend.ErrNotFinite) {
				t.Fatal(err)
			}
			all = append(all, r)
		}
	}
	return all
}

// continued returns the n likeliest tokens that follow tokens, one after the other.
func (o *oracle) continued(t *testing.T, tokens []backend.Token, n int) (made []backend.Token) {
	t.Helper()
	var w arith.Workspace
	c := o.NewCache()
	tokens = slices.Clone(tokens)
	for len(made) < n {
		states, err := o.Forward(arith.Serial, &w, c, tokens[c.Len():min(len(tokens), c.Len()+arith.MaxPiece)], 1)
		if err != nil {
			t.Fatal(err)
		}
		if c.Len() < len(tokens) {
			continue
		}
		logits, err := o.Logits(arith.Serial, &w, states)
		if err != nil {
			t.Fatal(err)
		}
		made = append(made, arith.Choose(logits[0], arith.Sampling{}, 0))
		tokens = append(tokens, made[len(made)-1])
	}
	return made
}

func cloned(x [][]float32) [][]float32 {
	y := make([][]float32, len(x))
	for i := range x {
		y[i] = slices.Clone(x[i])
	}
	return y
}

// part is r without what is not wanted.
func part(r backend.Result, want backend.Want) (x backend.Result) {
	if want&backend.State != 0 {
		x.State = r.State
	}
	if want&backend.Likeliest != 0 {
		x.Likeliest = r.Likeliest
	}
	if want&backend.Logits != 0 {
		x.Logits = r.Logits
	}
	return x
}

// equal compares bits.
func equal(a, b backend.Result) bool {
	return same(a.State, b.State) && a.Likeliest == b.Likeliest && same(a.Logits, b.Logits)
}

func same(a, b []float32) bool {
	return (a == nil) == (b == nil) && slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// everything is all that can be wanted.
const everything = backend.State | backend.Likeliest | backend.Logits

// asked is a piece whose results are kept.
type asked struct {
	backend.Piece
	mu  sync.Mutex
	got []backend.Result // guarded by mu; of the last Keep tokens
	// told counts the calls of Each for every one of them; guarded by mu.
	told []int
	// misled counts results with another hash than their state's; guarded by mu.
	misled int
}

// hashOf is what a caller makes of a state.
func hashOf(state []float32) [32]byte {
	var data []byte
	for _, x := range state {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(x))
	}
	return sha256.Sum256(data)
}

// ask makes a piece.
func ask(c backend.Cache, tokens []backend.Token, keep int, want backend.Want) *asked {
	a := &asked{got: make([]backend.Result, keep), told: make([]int, keep)}
	a.Piece = backend.Piece{Cache: c, Tokens: tokens, Keep: keep, Want: want, Each: a.each, Hash: hashOf}
	return a
}

func (a *asked) each(i int, r backend.Result) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.told[i]++
	if r.Hashed && r.Hash != hashOf(r.State) {
		a.misled++
	}
	a.got[i] = backend.Result{State: slices.Clone(r.State), Likeliest: r.Likeliest, Logits: slices.Clone(r.Logits)}
}

// step runs pieces, of which none may fail.
func step(t *testing.T, b backend.Backend, list ...*asked) {
	t.Helper()
	if err := try(b, list...); err != nil {
		t.Fatal(err)
	}
	for _, a := range list {
		if a.Err != nil {
			t.Fatal(a.Err)
		}
	}
}

func try(b backend.Backend, list ...*asked) error {
	pieces := make([]*backend.Piece, len(list))
	for i, a := range list {
		pieces[i] = &a.Piece
	}
	return b.Step(pieces)
}

// check compares what a piece was given with what its positions have: all is of
// the whole sequence, and the piece's cache ends where the piece does.
func (a *asked) check(t *testing.T, all []backend.Result) {
	t.Helper()
	if a.Ran != a.Keep {
		t.Fatalf("%d of %d positions: %v", a.Ran, a.Keep, a.Err)
	}
	a.checkRan(t, all[a.Cache.Len()-a.Keep:])
}

// checkRan compares what there is with the results from the first wanted
// position on.
func (a *asked) checkRan(t *testing.T, want []backend.Result) {
	t.Helper()
	if a.misled != 0 {
		t.Fatalf("%d of %d results have another hash than their state", a.misled, a.Keep)
	}
	for i := range a.Keep {
		switch {
		case i >= a.Ran && a.told[i] != 0:
			t.Fatalf("number %d was given, of %d that ran", i, a.Ran)
		case i >= a.Ran:
		case a.told[i] != 1:
			t.Fatalf("number %d was given %d times", i, a.told[i])
		case !equal(a.got[i], part(want[i], a.Want)):
			t.Fatalf("number %d of %d differs, of what %03b wants", i, a.Keep, a.Want)
		}
	}
}

// prompt is n ordinary tokens.
func prompt(n, seed int) []backend.Token {
	p := make([]backend.Token, n)
	for i := range p {
		p[i] = backend.Token(20 + (i*i*7+i*13+seed*31)%200)
	}
	return p
}
