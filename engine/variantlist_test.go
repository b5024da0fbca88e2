package engine_test

import (
	"math"
	"strings"

	"github.com/assaynet/assay/engine"
	"github.com/assaynet/assay/engine/gguf"
)

// edgeSeed draws, at position 5, x = 2²⁴ of C = 2²⁵: exactly the weight of the
// first of two equal candidates, which it passes.
const edgeSeed = "1650940100000000000000000000000000000000000000000000000000000000"

// variantModels are models that together use each rule of AC1 for the llama
// family that SmolLM2 leaves alone, by name.
func variantModels() map[string]variantModel {
	small := variantModel{
		vocab: 40, width: 32, heads: 2, kv: 1, head: 16, ffn: 64, layers: 2, context: 256, types: []gguf.Type{gguf.Q8_0}, vectorType: gguf.F32,
	}
	models := map[string]variantModel{}
	add := func(name string, v variantModel, runs ...variantRun) {
		v.runs = runs
		models[name] = v
	}

	// Pages of attention, four query heads on one key head, Q4_0 everywhere.
	v := small
	v.heads, v.kv, v.head, v.layers, v.types = 4, 1, 8, 1, []gguf.Type{gguf.Q4_0}
	add("pages-q4_0", v,
		variantRequest(letters(129, 1, 40), 6, 1.25, 7, 60000), variantRequest(letters(62, 2, 40), 8, 0, 40, 65536))

	// Matrices of floats, which become Q8_0, and vectors of floats of 16 bits;
	// chunks of 256 with a short one after it.
	v = small
	v.width, v.heads, v.kv, v.ffn, v.layers, v.untied = 288, 6, 3, 320, 1, true
	v.head, v.types, v.vectorType = 48, []gguf.Type{gguf.F32, gguf.F16, gguf.BF16}, gguf.BF16
	add("floats", v, variantRequest(letters(6, 3, 40), 5, 0.9, 20, 65000))
	v.types, v.vectorType, v.bias = []gguf.Type{gguf.Q4_1, gguf.Q4_0, gguf.Q8_0, gguf.F16, gguf.BF16}, gguf.F16, true
	add("mixed-bias", v, variantRequest(letters(5, 4, 40), 5, 0, 1, 1))

	// Heads of another size than width / heads, of which a part is turned;
	// factors, and a scale of positions besides.
	v = small
	v.heads, v.kv, v.head, v.types = 3, 3, 24, []gguf.Type{gguf.Q4_1}
	v.numbers = map[string]uint32{"attention.key_length": 24, "attention.value_length": 24, "rope.dimension_count": 10}
	v.heads, v.kv, v.width, v.head = 4, 2, 32, 24
	v.floats = map[string]float32{"rope.freq_base": 500000, "rope.scaling.factor": 3}
	v.text = map[string]string{"rope.scaling.type": "linear"}
	v.vectors = map[string][]float32{"rope_freqs.weight": {1, 1.5, 3, 7, 8}}
	add("rope", v, variantRequest(letters(70, 5, 40), 4, 1, 40, 65536))

	// The limits of sampling: more candidates than tokens, one candidate, the
	// least share, the least and a vast temperature.
	v = small
	v.layers, v.untied, v.change = 1, true, tie
	prompt := letters(4, 6, 40)
	edge := variantRequest(letters(6, 9, 40), 1, 1, 2, 65536)
	edge.Seed = edgeSeed
	add("sampling", v, edge,
		variantRequest(prompt, 6, 3, 256, 65536), variantRequest(prompt, 6, 3, 1, 65536), variantRequest(prompt, 6, 3, 256, 1),
		variantRequest(prompt, 6, math.SmallestNonzeroFloat32, 256, 65536), variantRequest(prompt, 12, math.MaxFloat32, 256, 65536),
		variantRequest(prompt, 12, 20, 13, 32768), variantRequest(letters(5, 7, 40), 6, 0, 40, 65536),
		variantRequest(letters(9, 8, 40), 12, math.MaxFloat32, 256, 65535), variantRequest(letters(11, 9, 40), 12, 100, 4, 49152),
		variantRequest(letters(6, 9, 40), 10, 1, 2, 32768), variantRequest(letters(7, 9, 40), 10, 1, 4, 16384))
	v.vocab = 300
	add("wide-sampling", v, variantRequest(letters(4, 6, 300), 4, 50, 256, 65536), variantRequest(letters(5, 6, 300), 4, 50, 255, 64000))

	// Scores so far apart that weights vanish, blocks of zeros and of subnormal
	// numbers, and activations that silu flattens.
	v = small
	v.types, v.change = []gguf.Type{gguf.F32, gguf.Q4_1, gguf.Q8_0}, extreme
	add("extreme", v, variantRequest(letters(66, 10, 40), 4, 2, 30, 65536))

	// Final-normed states of which one block is below the least that is
	// quantised and the other is above, or both are.
	v = small
	v.width, v.head, v.layers, v.untied = 64, 32, 1, true
	v.change = func(name string, x []float32) {
		if name == "output_norm.weight" {
			scale(x[:32], 0x1p-103)
			scale(x[32:], 0x1p-100)
		}
	}
	add("least", v, variantRequest(letters(5, 14, 40), 8, 0, 1, 1))
	v.change = func(name string, x []float32) {
		if name == "output_norm.weight" {
			scale(x, 0x1p-103)
		}
	}
	add("less", v, variantRequest(letters(5, 14, 40), 8, 0, 1, 1))

	// The context's last position, and a judge's choices past a lie.
	v = small
	v.layers, v.context = 1, 20
	lie := variantRequest(letters(8, 11, 40), 6, 1, 40, 65536)
	lie.Answer = []engine.Token{9, 30, 12, 13, 8, 25}
	add("context", v, variantRequest(letters(15, 11, 40), 6, 0, 40, 65536), lie)

	failing(small, add)
	return models
}

func scale(x []float32, f float32) {
	for i := range x {
		x[i] *= f
	}
}

// tie makes rows of the output matrix equal, so that logits are.
func tie(name string, x []float32) {
	if name != "output" {
		return
	}
	for r := 15; r < len(x)/32; r++ { // each letter's row three times or more
		copy(x[r*32:(r+1)*32], x[((r-3)%12+3)*32:])
	}
}

// extreme stretches weights to the ends of what finite numbers allow.
func extreme(name string, x []float32) {
	switch {
	case strings.HasSuffix(name, "attn_q"), strings.HasSuffix(name, "attn_k"):
		scale(x, 40)
	case strings.HasSuffix(name, "ffn_gate"):
		scale(x, 200)
	case name == "blk.1.ffn_norm.weight":
		scale(x, 0x1p-105) // no block is quantised
	case name == "blk.0.ffn_norm.weight":
		x[3], x[4], x[5] = 0x1p-140, -0x1p-149, 0
	case strings.HasSuffix(name, "attn_v"):
		scale(x[:64], 0x1p-18) // values that binary16 holds as subnormal numbers, and scales that are
	case strings.HasSuffix(name, "attn_output"):
		clear(x[:96])
	}
}

// failing adds models that fail at the token 7: by a value beyond binary16, by
// one in a later layer than another token's, and by a final state that is not
// finite, which matters only where a token is chosen.
func failing(v variantModel, add func(string, variantModel, ...variantRun)) {
	const bad, worse = 7, 8
	lonely := func(x []float32) { // the two tokens own an element of the embedding each
		for r := range len(x) / 32 {
			x[r*32], x[r*32+1] = 0, 0
		}
		for i := range 32 {
			x[bad*32+i], x[worse*32+i] = 0, 0
		}
		x[bad*32], x[worse*32+1] = 1, 1
	}
	without := func(n, seed int) []engine.Token {
		p := letters(n, seed, 40)
		for i := range p {
			if p[i] == bad || p[i] == worse {
				p[i] = 20
			}
		}
		return p
	}
	with := func(p []engine.Token, places map[int]engine.Token) []engine.Token {
		for at, id := range places {
			p[at] = id
		}
		return p
	}
	spared := func(name string, x []float32) { // no layer writes to those elements
		switch {
		case strings.HasSuffix(name, "attn_output"):
			clear(x[:2*32])
		case strings.HasSuffix(name, "ffn_down"):
			clear(x[:2*64])
		}
	}
	v.change = func(name string, x []float32) {
		spared(name, x)
		switch name {
		case "token_embd":
			lonely(x)
		case "blk.1.attn_norm.weight":
			x[0] = 0x1p24 // bad fails in the second layer,
		case "blk.0.attn_norm.weight":
			x[1] = 0x1p24 // worse in the first
		}
	}
	judged := variantRequest(without(5, 12), 4, 0, 1, 1)
	judged.Answer = []engine.Token{10, bad, 11, 12}
	add("failing-value", v,
		variantRequest(with(without(40, 12), map[int]engine.Token{35: bad, 36: worse}), 3, 0, 1, 1),
		variantRequest(with(without(40, 12), map[int]engine.Token{33: bad, 30: worse}), 3, 0, 1, 1), judged)

	v.change = func(name string, x []float32) {
		spared(name, x)
		switch name {
		case "token_embd":
			lonely(x)
		case "blk.1.ffn_norm.weight":
			x[0] = 0x1p80 // the last layer's activations overflow, after its keys and values
		}
	}
	last := variantRequest(without(5, 13), 2, 0, 1, 1)
	last.Answer = []engine.Token{10, bad}
	choosing := variantRequest(without(5, 13), 4, 0, 1, 1)
	choosing.Answer = []engine.Token{10, bad, 11, 12}
	add("failing-state", v,
		variantRequest(with(without(6, 13), map[int]engine.Token{2: bad}), 3, 0, 1, 1),
		variantRequest(with(without(6, 13), map[int]engine.Token{5: bad}), 3, 0, 1, 1), last, choosing)
}
