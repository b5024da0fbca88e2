package main

import (
	"math/rand/v2"

	"github.com/assaynet/assay/engine/gguf"
)

// The spread of random weights: with it no token is so much likelier than all
// others that every seed draws it, and attention counts.
const (
	spreadIn   = 1
	spreadOut  = 0.3
	spreadPart = 0.1
)

// random writes a model of random weights that reads and writes as another does:
// by its tokens, and by its template unless there is one in its place. Equal
// arguments make equal files.
func random(w *gguf.Writer, kinds []int32, positions uint32) {
	tokens := len(kinds)
	w.AddString("general.name", "random")
	hyper(w, tokens, positions)
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // weights, no secret
	matrix := func(name string, columns, rows int, spread float64) {
		x := make([]float32, columns*rows)
		for i := range x {
			x[i] = float32(spread * r.NormFloat64())
		}
		for id, kind := range kinds {
			if name == "output.weight" && kind == control { // an answer goes on until it has its length
				clear(x[id*columns : (id+1)*columns])
			}
		}
		addMatrix(w, name, columns, rows, x)
	}
	matrix("token_embd.weight", width, tokens, spreadIn)
	matrix("output.weight", width, tokens, spreadOut)
	addNorm(w, "output_norm.weight")
	addNorm(w, "blk.0.attn_norm.weight")
	addNorm(w, "blk.0.ffn_norm.weight")
	for _, part := range []string{"attn_q", "attn_k", "attn_v", "attn_output"} {
		matrix("blk.0."+part+".weight", width, width, spreadPart)
	}
	matrix("blk.0.ffn_gate.weight", width, ffn, spreadPart)
	matrix("blk.0.ffn_up.weight", width, ffn, spreadPart)
	matrix("blk.0.ffn_down.weight", ffn, width, spreadPart)
}
